"""What a guarded process is told to do in tests: to work, to hang, to hog, to crash."""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from yt360_tools.errors import MediaError, TransientError
from yt360_tools.media.guarded import Guard, run_guarded

_LEFT: list[bytes] = []
ENOUGH = {"timeout_s": 60, "memory_mib": 1000}


def add(first: float, second: float) -> float:
    return first + second


def own_pid() -> int:
    return os.getpid()


def zeros(count: int) -> bytes:
    return bytes(count)


def hang(noted: Path | None = None) -> None:
    if noted is not None:
        noted.write_text(str(os.getpid()))
    time.sleep(600)


def hang_holding_the_interpreter(_: Path) -> None:
    ctypes.PyDLL(None).sleep(600)


def hog_at_once(mib: int) -> int:
    import numpy as np

    return int(np.ones(mib * 1024 * 1024, np.uint8).sum())


def leave_behind(mib: int) -> int:
    """Take memory, and never give it back."""
    _LEFT.append(b"x" * (mib << 20))
    return len(_LEFT)


def hog_by_and_by(_: Path) -> None:
    kept = []
    while True:
        kept.append(b"x" * (1 << 22))
        time.sleep(0.001)


def hog_in_a_child(noted: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import time; kept = b'x' * (300 << 20); time.sleep(600)"], start_new_session=True
    ) as child:
        noted.write_text(str(child.pid))


def ask_for_a_petabyte() -> None:
    import numpy as np

    try:
        np.ones(1 << 50, np.uint8)
    except MemoryError as error:
        raise MediaError("unreadable_video", "a decoder failed") from error


def own_limits() -> list[int]:
    import resource

    return [resource.getrlimit(limit)[0] for limit in (resource.RLIMIT_DATA, resource.RLIMIT_CPU)]


def crash(kind: str) -> None:
    if kind == "segmentation fault":
        ctypes.string_at(0)
    elif kind == "abort":
        os.abort()
    elif kind == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.Signals[kind])


def refuse(reason: str) -> None:
    if reason == "transient":
        error = TransientError("slow", "it is slow")
        error.retry_after_s = 2.5
        raise error
    raise MediaError(reason, "it is not what it should be")


class Unpicklable(Exception):
    def __init__(self, first: object, second: object) -> None:
        super().__init__("no way back")


def raise_other(kind: str) -> None:
    if kind == "unpicklable":
        raise Unpicklable(1, 2)
    if kind == "exit":
        raise SystemExit(7)
    raise KeyError(kind)


def unpicklable_result() -> Any:
    return lambda: None


def guarded_from_here(number: int) -> tuple[int, str]:
    """What a worker process does: one that works, one that crashes."""
    result = run_guarded(add, number, 1, **ENOUGH)
    try:
        run_guarded(crash, "abort", **ENOUGH)
    except MediaError as error:
        return int(result), error.reason
    return int(result), "nothing"


def pids_before_and_in_a_fork() -> tuple[int, int, int]:
    """A guard's process: before, in a fork that holds the same guard, and after that fork has ended."""
    with Guard() as guard:
        before = guard.run(own_pid, **ENOUGH)
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        fork = context.Process(target=lambda: answers.put(guard.run(own_pid, **ENOUGH)))
        fork.start()
        inside = answers.get()
        fork.join()
        return before, inside, guard.run(own_pid, **ENOUGH)


if __name__ == "__main__":  # a program that waits for a guarded function that hangs
    from worlds.guarded_functions import hang as importable_hang

    run_guarded(importable_hang, Path(sys.argv[1]), timeout_s=600, memory_mib=1000)
