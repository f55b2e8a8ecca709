"""Running a function in a process of its own, with a limit of time and of memory.

Decoders hang, ask for gigabytes and crash on hostile files. In another process none of it matters: it is killed, and
the file has its verdict. `subprocess` starts it, not `multiprocessing`: a daemonic worker may not have children of the
latter kind. `guarded_child` is the other end.
"""

import pickle
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from yt360_tools.errors import MediaError, TransientError
from yt360_tools.media.guarded_child import ChildTraceback
from yt360_tools.media.guarded_process import GuardedProcess, ProcessOver

Result = TypeVar("Result")

_LIMITED = "too_long_to_examine"
_ENDED_BY_SYSTEM = {signal.SIGXCPU: "took more of a processor's time than it may"}


def run_guarded(
    function: Callable[..., Result],
    *arguments: object,
    timeout_s: float,
    memory_mib: float,
    crashed: str = "unreadable_video",
) -> Result:
    """What ``function(*arguments)`` returns, from a process that is started for it; see `Guard.run`."""
    with Guard() as guard:
        return guard.run(function, *arguments, timeout_s=timeout_s, memory_mib=memory_mib, crashed=crashed)


class Guard:
    """A process that runs one function after another, and is started afresh after it had to be killed.

    It starts with the first function. Threads may share a guard: their functions wait for each other. It ends with its
    `with` block, with this process (however that ends), and when nobody holds it any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: GuardedProcess | None = None

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; another function would start another one."""
        with self._lock:
            self._drop()

    def run(
        self,
        function: Callable[..., Result],
        *arguments: object,
        timeout_s: float,
        memory_mib: float,
        crashed: str = "unreadable_video",
    ) -> Result:
        """What ``function(*arguments)`` returns.

        The function must be importable by its name (no lambda, nothing of ``__main__``), and arguments and result must
        pickle. Errors that it raises come through, with where they were raised as their cause.

        Args:
            timeout_s: seconds that it may run; starting the process and importing the function's module do not count.
            memory_mib: MiB that the process, and what it starts, may hold in memory, with their libraries.
            crashed: the reason to give when the process dies.

        Raises:
            MediaError: ``too_long_to_examine`` beyond a limit, or `crashed` when the process died.
            TransientError: ``unchecked``: the process did not start, or was killed from outside.
        """
        call = pickle.dumps((function, arguments, timeout_s, memory_mib))
        name = _name_of(function, arguments)
        with self._lock:
            answer = self._ask(call, name, timeout_s, memory_mib, crashed)
        kind, value, where = pickle.loads(answer)
        if kind == "result":
            return value
        if kind == "memory":
            raise MediaError(_LIMITED, f"{name}: examining it took more than {memory_mib:g} MiB of memory")
        raise value from ChildTraceback(where)

    def _ask(self, call: bytes, name: str, timeout_s: float, memory_mib: float, crashed: str) -> bytes:
        if self._process is not None and not self._process.is_ours_and_alive():
            self._drop()
        was_idle = self._process is not None
        try:
            self._process = self._process or GuardedProcess()
            answer = self._process.ask(call, timeout_s, memory_mib)
            if self._process.resident_mib() > memory_mib / 2:
                self._drop()  # what this function left behind should not count against the next one
            return answer
        except ProcessOver as error:
            status = self._drop()
            if was_idle and not error.has_begun:  # somebody ended it while it had nothing to do
                return self._ask(call, name, timeout_s, memory_mib, crashed)
            raise _named(error, name, status, crashed) from None
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> int:
        process, self._process = self._process, None
        return process.end() if process is not None else 0


def _named(error: ProcessOver, name: str, status: int, crashed: str) -> MediaError | TransientError:
    """Why there is no answer, as an error of ours."""
    if not error.has_begun:
        why = error.limit or f"ended with the code {status}"
        return TransientError("unchecked", f"{name}: the process that should examine it did not start: it {why}")
    if error.limit:
        return MediaError(_LIMITED, f"{name}: examining it {error.limit}")
    if -status == signal.SIGKILL:  # nobody here did it: whether the file or its neighbours took the memory is not known
        why = "the system does so for want of memory; run again, with more of it"
        return TransientError("unchecked", f"{name}: the process that examined it was killed: {why}")
    if -status in _ENDED_BY_SYSTEM:
        return MediaError(_LIMITED, f"{name}: examining it {_ENDED_BY_SYSTEM[signal.Signals(-status)]}")
    by = f"by {_signal_name(-status)}" if status < 0 else f"with the code {status}"
    return MediaError(crashed, f"{name}: the process that examined it was ended {by}; the file crashes a decoder")


def _name_of(function: Callable[..., Any], arguments: tuple[object, ...]) -> str:
    """What to call it in a message: the file, where there is one."""
    path = next((argument for argument in arguments if isinstance(argument, Path)), None)
    return path.name if path is not None else getattr(function, "__name__", "a function")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
