"""A real HTTP server on 127.0.0.1 that does what servers do to those who fetch a lot, and counts what it is asked.

Each path has a script: what it answers the first time it is asked, the second, and so on; the last act is repeated.

    with serving() as server:
        server.add("/v.mp4", Status(503), Serve(body))
        ...
        assert server.count("/v.mp4") == 2
"""

import hashlib
import http.server
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_BLOCK = 8192


@dataclass(frozen=True)
class Asked:
    """One request: its path, and the headers that matter here."""

    path: str
    range: str | None
    if_range: str | None


@dataclass(frozen=True)
class Act:
    """What an answer does, for all kinds of answers.

    Attributes:
        body: what there is under the path.
        etag: the file's mark; ``""`` sends none, None makes one of the body.
        ranges: whether a part of it can be asked for.
    """

    body: bytes = b""
    etag: str | None = None
    ranges: bool = True


@dataclass(frozen=True)
class Serve(Act):
    """All of it, or the range that is asked for.

    Attributes:
        length: the Content-Length that is claimed, when it is another one; -1 claims none.
    """

    length: int | None = None


@dataclass(frozen=True)
class Status:
    """An error."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page in place of media, with the status of success."""


@dataclass(frozen=True)
class Break(Act):
    """The announced bytes up to `after` of what was asked for, then: a reset, an orderly end, or silence.

    Attributes:
        how: ``reset``, ``end``, ``stall``, or ``less``: an end that was announced as such, of a file that is longer.
    """

    after: int = 0
    how: str = "reset"


class HostileServer:
    """The scripts, and what was asked.

    Attributes:
        fuse_bytes: after so many bytes of whole answers `at_its_end` is called, once; None for never.
    """

    def __init__(self) -> None:
        self.scripts: dict[str, tuple[object, ...]] = {}
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self.port = 0
        self.fuse_bytes: int | None = None
        self.at_its_end: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, path: str, *acts: object) -> None:
        self.scripts[path] = acts

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked.path == path for asked in self.asked)

    def burn(self, sent: int) -> None:
        """Count bytes that were sent."""
        with self._lock:
            if self.fuse_bytes is None:
                return
            self.fuse_bytes -= sent
            if self.fuse_bytes > 0:
                return
            self.fuse_bytes = None
        self.at_its_end()

    def next_act(self, asked: Asked) -> object:
        with self._lock:
            number = self.count(asked.path)
            self.asked.append(asked)
        script = self.scripts.get(asked.path, (Status(404),))
        return script[min(number, len(script) - 1)]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = Asked(self.path, self.headers.get("Range"), self.headers.get("If-Range"))
        act = self.server.hostile.next_act(asked)
        self.close_connection = True
        with suppress(BrokenPipeError, ConnectionResetError):
            if isinstance(act, Status):
                self._head(act.code, {"Content-Length": "0", **act.headers})
            elif isinstance(act, Page):
                page = b"<!DOCTYPE html><html><title>Too busy</title></html>"
                self._head(200, {"Content-Type": "text/html", "Content-Length": str(len(page))})
                self.wfile.write(page)
            elif isinstance(act, Act):
                self._bytes(act, asked)

    def _bytes(self, act: Act, asked: Asked) -> None:
        etag = act.etag if act.etag is not None else f'"{hashlib.sha256(act.body).hexdigest()[:12]}"'
        begin = int(asked.range.removeprefix("bytes=").partition("-")[0]) if asked.range and act.ranges else 0
        if asked.if_range and asked.if_range != etag:
            begin = 0
        if begin and begin >= len(act.body):
            self._head(416, {"Content-Range": f"bytes */{len(act.body)}", "Content-Length": "0"})
            return
        body = act.body[begin:]
        if isinstance(act, Break) and act.how == "less":
            body = body[: act.after]
        headers = {"Content-Type": "video/mp4", **({"ETag": etag} if etag else {})}
        length = act.length if isinstance(act, Serve) and act.length is not None else len(body)
        headers |= {"Content-Length": str(length)} if length >= 0 else {}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{begin + len(body) - 1}/{len(act.body)}"
        self._head(206 if begin else 200, headers)
        if not isinstance(act, Break):
            for at in range(0, len(body), _BLOCK):
                self.wfile.write(body[at : at + _BLOCK])
                self.server.hostile.burn(len(body[at : at + _BLOCK]))
            return
        self.wfile.write(body[: act.after])
        self.wfile.flush()
        if act.how == "stall":
            self.server.hostile.over.wait(60)
        elif act.how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    hostile: HostileServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was reset on purpose is no news."""


@contextmanager
def serving() -> Iterator[HostileServer]:
    """A server that runs until the block ends."""
    hostile = HostileServer()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.hostile = hostile
        hostile.port = server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield hostile
        finally:
            hostile.over.set()
            server.shutdown()
