"""The process that a guard keeps: starting it, asking it within limits, ending it."""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
import weakref

from yt360_tools.media.process_tree import kill_processes, resident_mib

_LENGTH = struct.Struct(">Q")
_CHUNK = 1 << 20
_WATCH_S = 0.02
_START_S = 120.0
_DYING_S = 2.0
_MAIN = "import sys; sys.path[:] = sys.argv[2:]; from yt360_tools.media.guarded_child import main; main()"


class ProcessOver(Exception):
    """There will be no answer.

    Attributes:
        limit: the limit that was passed, as words behind "it"; empty when the process ended by itself.
        has_begun: whether the function had begun.
    """

    def __init__(self, limit: str = "", *, has_begun: bool = True) -> None:
        super().__init__(limit, has_begun)
        self.limit = limit
        self.has_begun = has_begun


class GuardedProcess:
    """A process that answers calls, and the socket to it.

    It leads a session of its own: Ctrl-C is its owner's affair.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(theirs.fileno()), *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _end, self._process, self._socket, self._owner)
        self._socket.settimeout(_WATCH_S)

    def is_ours_and_alive(self) -> bool:
        """Whether it still runs, and is this process's: a fork has its parent's in its memory."""
        return self._owner == os.getpid() and self._process.poll() is None

    def resident_mib(self) -> float:
        """MiB that it and what it has started hold in memory; 0 where the system does not tell."""
        return resident_mib(self._process.pid)

    def ask(self, call: bytes, timeout_s: float, memory_mib: float) -> bytes:
        """The answer to a pickled call.

        Raises:
            ProcessOver: it passed a limit and has to be ended, or ended by itself.
        """
        starting = _Limits(self, _START_S, None)
        try:
            self._send(_LENGTH.pack(len(call)) + call, starting)
            self._receive(_LENGTH.size, starting)  # the function is there, and begins now
        except ProcessOver as error:
            error.has_begun = False
            raise
        limits = _Limits(self, timeout_s, memory_mib)
        (length,) = _LENGTH.unpack(self._receive(_LENGTH.size, limits))
        return self._receive(length, limits)

    def end(self) -> int:
        """Kill it and what it has started; its return code, its own if it was dying by itself."""
        self._finalizer()
        return self._process.returncode or 0

    def _send(self, data: bytes, limits: "_Limits") -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view[:_CHUNK]) :]
            except TimeoutError:
                limits.check()
            except OSError as error:
                raise self._over() from error

    def _receive(self, length: int, limits: "_Limits") -> bytes:
        data = bytearray()
        while len(data) < length:
            limits.check()
            try:
                part = self._socket.recv(min(_CHUNK, length - len(data)))
            except TimeoutError:
                continue
            except OSError as error:
                raise self._over() from error
            if not part:
                raise self._over()
            data += part
        return bytes(data)

    def _over(self) -> ProcessOver:
        """It closed its end: it is dying, and its code tells of what."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_S)
        return ProcessOver()


class _Limits:
    """The limits of one step."""

    def __init__(self, process: GuardedProcess, timeout_s: float, memory_mib: float | None) -> None:
        self._process, self._timeout_s, self._memory_mib = process, timeout_s, memory_mib
        self._begun_s = self._looked_s = time.monotonic()

    def check(self) -> None:
        now_s = time.monotonic()
        if now_s - self._begun_s > self._timeout_s:
            raise ProcessOver(f"took longer than {self._timeout_s:g} s")
        if self._memory_mib is None or now_s - self._looked_s < _WATCH_S:
            return
        self._looked_s = now_s
        if self._process.resident_mib() > self._memory_mib:
            raise ProcessOver(f"took more than {self._memory_mib:g} MiB of memory")


def _end(process: "subprocess.Popen[bytes]", ours: socket.socket, owner: int) -> None:
    """End a process and what it has started, and take note of its end, that nothing stays behind."""
    ours.close()
    if os.getpid() != owner:
        return
    if process.poll() is None:
        kill_processes(process.pid)
    process.wait()
