"""A file system for DuckDB that holds one file, and cannot write: what a query over a Parquet file may see.

DuckDB's ``allowed_paths`` opens a path for reading and for writing alike. Behind this file system a statement that
slipped through every other check would still find nothing to write to, and no second name to read.
"""

import os
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from yt360_tools.errors import EnvironmentMissing

ADDRESS = "manifest://clips.parquet"
"""What the one file is called, whatever its name on the disk."""


def register(database: Any, path: Path) -> None:
    """Let a DuckDB read `path` as `ADDRESS`.

    Raises:
        EnvironmentMissing: it cannot be opened.
    """
    from fsspec import AbstractFileSystem

    try:
        path.open("rb").close()
    except OSError as error:
        raise EnvironmentMissing(f"manifest {path} cannot be read: {error.strerror}") from error

    class OneFile(AbstractFileSystem):
        protocol = "manifest"
        cachable = False

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path

        def info(self, address: str, **_: Any) -> dict[str, Any]:
            return {"name": address, "size": path.stat().st_size, "type": "file"}

        def glob(self, address: str, **_: Any) -> list[str]:
            return [address] if address == ADDRESS else []

        def exists(self, address: str, **_: Any) -> bool:
            return address == ADDRESS

        def isfile(self, address: str) -> bool:
            return address == ADDRESS

        def modified(self, address: str) -> datetime:
            return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)

        def open(self, address: str, mode: str = "rb", **_: Any) -> "_SharedReader":
            if mode != "rb" or address != ADDRESS:
                raise PermissionError(f"{address} cannot be opened with mode {mode!r}")
            return _SharedReader(path)

    database.register_filesystem(OneFile())


class _SharedReader:
    """A file that DuckDB's threads share: each seeks and reads at a place of its own."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._places: dict[int, int] = {}

    def seek(self, place: int) -> int:
        self._places[threading.get_ident()] = place
        return place

    def tell(self) -> int:
        return self._places.get(threading.get_ident(), 0)

    def read(self, count: int) -> bytes:
        place = self.tell()
        found = os.pread(self._handle, count, place)
        self._places[threading.get_ident()] = place + len(found)
        return found

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
