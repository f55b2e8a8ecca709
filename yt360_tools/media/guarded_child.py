"""The process behind a guard: it runs what it is told, one function after the other, until nobody listens.

Both ways go a length (8 bytes, big endian) and so many bytes of pickle; before its answer, 8 bytes say that the
function was found and begins.
"""

import contextlib
import os
import pickle
import select
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from yt360_tools.media.process_tree import kill_processes

_LENGTH = struct.Struct(">Q")
_BEGINS = bytes(_LENGTH.size)
_MIB = 1024 * 1024
_SLACK_MIB, _SLACK_MIB_A_CORE = 512, 64
"""Memory that libraries, threads' stacks and heaps reserve and need not use."""
_SLACK_S = 10


class ChildTraceback(Exception):
    """Where in the other process an error was raised: the cause of what comes through."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def main() -> None:
    """Serve the socket whose number is the first argument."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with socket.socket(fileno=int(sys.argv[1])) as ours:
        ours.set_inheritable(False)
        serve(ours)


def serve(ours: socket.socket) -> None:
    """Run what comes, until the other end is closed."""
    threading.Thread(target=_end_with, args=(ours.fileno(),), daemon=True).start()
    while head := _receive(ours, _LENGTH.size):
        call = _receive(ours, _LENGTH.unpack(head)[0])
        answer = _answer(call, lambda: ours.sendall(_BEGINS))
        ours.sendall(_LENGTH.pack(len(answer)))
        ours.sendall(answer)


def _answer(call: bytes, begin: Callable[[], None]) -> bytes:
    """A pickle of: ``result``, ``error`` or ``memory``; the result or the error; the traceback."""
    try:
        function, arguments, timeout_s, memory_mib = pickle.loads(call)
    except BaseException as error:
        begin()
        return _pickled(error)
    try:
        with _limited(timeout_s, memory_mib):
            begin()
            return pickle.dumps(("result", function(*arguments), ""), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        return _pickled(error)


def _pickled(error: BaseException) -> bytes:
    """The error as an answer; want of memory is another one, under whatever error it comes."""
    if _is_memory(error):
        return pickle.dumps(("memory", None, ""))
    text = "".join(traceback.format_exception(error))
    try:
        data = pickle.dumps(("error", error, text))
        pickle.loads(data)
    except Exception:
        data = b""
    if data and isinstance(error, Exception):
        return data
    # What does not come back from a pickle; and an exit here is not one of who asked.
    return pickle.dumps(("error", RuntimeError(f"{type(error).__name__}: {error}"), text))


def _is_memory(error: BaseException | None) -> bool:
    """Whether it is, or comes from, memory that was not there."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def _limited(timeout_s: float, memory_mib: float) -> Iterator[None]:
    """The system's own limits while a function runs: coarser than what the parent watches, but nothing slips past.

    Memory is what can be written to (RLIMIT_DATA): of the mere address space (RLIMIT_AS) libraries reserve far more
    than they use.
    """
    limits: dict[int, tuple[int, int]] = {}
    with contextlib.suppress(ImportError):
        import resource

        cores = os.cpu_count() or 1
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime + timeout_s * cores) + _SLACK_S
        data_mib = 2 * memory_mib + _SLACK_MIB + _SLACK_MIB_A_CORE * cores
        for limit, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, int(data_mib * _MIB))):
            limits[limit] = soft, hard = resource.getrlimit(limit)
            bounds = [bound for bound in (most, soft, hard) if bound != resource.RLIM_INFINITY]
            resource.setrlimit(limit, (min(bounds), hard))
    try:
        yield
    finally:
        for limit, old in limits.items():
            resource.setrlimit(limit, old)


def _receive(ours: socket.socket, length: int) -> bytes:
    """So many bytes; none when the other end was closed."""
    data = bytearray()
    while len(data) < length:
        part = ours.recv(min(length - len(data), _MIB))
        if not part:
            return b""
        data += part
    return bytes(data)


def _end_with(descriptor: int) -> None:
    """End as soon as nobody listens, and take along what was started here."""
    poll: Any = select.poll()
    poll.register(descriptor, 0)  # that the other end was closed is always told
    poll.poll()
    kill_processes(os.getpid())
