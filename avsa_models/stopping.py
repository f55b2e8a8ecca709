"""Asking a training to stop: Ctrl-C, or SIGTERM from the system."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.was_made = False


@contextmanager
def listening_for_stop() -> Iterator[StopRequest]:
    """Within the block the first signal is noted only; a second one interrupts at once."""
    request = StopRequest()

    def note(*_: object) -> None:
        if request.was_made:
            raise KeyboardInterrupt
        request.was_made = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
