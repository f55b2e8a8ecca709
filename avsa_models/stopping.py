"""Asking a training to stop: Ctrl-C, or SIGTERM from the system."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM)
"""The signals that ask."""


class StopRequest:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.was_made = False


@contextmanager
def listening_for_stop() -> Iterator[StopRequest]:
    """Within the block the first signal is noted only; Ctrl-C after it interrupts at once.

    SIGTERM after it changes nothing: who sends it sends it twice, perhaps (to the process and to its group), and has
    SIGKILL for what doesn't end.
    """
    request = StopRequest()

    def note(number: int, _: object) -> None:
        if request.was_made and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.was_made = True

    before = {number: signal.signal(number, note) for number in STOPS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
