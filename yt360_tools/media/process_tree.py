"""A process and what it has started: how much memory they hold, and ending them all.

Reads Linux's /proc; on other systems only the process itself is known, and not its memory.
"""

import contextlib
import os
import signal
from pathlib import Path

_MIB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def processes_of(pid: int) -> list[int]:
    """A process and all that it has started, directly or not, and that still runs."""
    found = [pid]
    for parent in found:
        for thread in _threads(parent):
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{parent}/task/{thread}/children").read_text()
                found += [int(word) for word in children.split() if int(word) not in found]
    return found


def _threads(pid: int) -> list[str]:
    """None of a process that has just ended."""
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def resident_mib(pid: int) -> float:
    """MiB that a process and all that it has started hold in memory; 0 where the system does not tell."""
    return sum(_resident_pages(one) for one in processes_of(pid)) * _PAGE / _MIB


def kill_processes(pid: int) -> None:
    """Kill a process, and all that it has started; itself last, for it may be this one."""
    for one in reversed(processes_of(pid)):
        with contextlib.suppress(OSError):
            os.kill(one, signal.SIGKILL)


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError):
        return 0
