"""``yt360``, ended at a chosen point: what a power cut, an impatient user or the system may do at any moment.

    KILL_AT='after yt360_tools.pipeline.ledger:Ledger.record 2' KILL_COUNTER=calls python killing_driver.py ARGUMENTS

kills the whole process group, this script's session, after the second call in any of its processes (or
``before`` it). Words that follow restrict the calls counted to those whose arguments show them all. KILL_WITH
names another signal than SIGKILL. The file KILL_COUNTER grows by a byte a call; beside it, ``<file>.fired``
appears just before the signal is sent: a witness that the point was reached.

Worker processes that are started afresh import this file as their main module, so what stands at its top
level holds in them too. Production code knows nothing of it.
"""

import functools
import importlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any


def _count_call(counter: str) -> int:
    """The number of this call among those of all processes: where an appended byte came to lie."""
    file = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, b".")
        return os.lseek(file, 0, os.SEEK_CUR)
    finally:
        os.close(file)


def _fire(counter: str) -> None:
    os.close(os.open(f"{counter}.fired", os.O_WRONLY | os.O_CREAT, 0o644))
    os.killpg(os.getpgrp(), signal.Signals[os.environ.get("KILL_WITH", "SIGKILL")])


def _deadly(function: Callable[..., Any], moment: str, number: int, words: list[str], counter: str) -> Any:
    @functools.wraps(function)
    def counted(*arguments: Any, **options: Any) -> Any:
        seen = [list(value) if isinstance(value, Iterator) else value for value in arguments]
        shown = repr((seen, options))
        is_due = all(word in shown for word in words) and _count_call(counter) == number
        if is_due and moment == "before":
            _fire(counter)
        result = function(*seen, **options)
        if is_due and moment == "after":
            _fire(counter)
        return result

    return counted


def _arm(kill_at: str, counter: str) -> None:
    moment, target, number, *words = kill_at.split()
    module, _, path = target.partition(":")
    *holders, name = path.split(".")
    holder: Any = functools.reduce(getattr, holders, importlib.import_module(module))
    setattr(holder, name, _deadly(getattr(holder, name), moment, int(number), words, counter))


if os.environ.get("KILL_AT"):
    _arm(os.environ["KILL_AT"], os.environ["KILL_COUNTER"])

if __name__ == "__main__":
    from yt360_tools.cli import main

    main()
