"""A shard's file read by places: no lock, no moving position; any number of threads and processes at once."""

import os
from pathlib import Path


class ShardFile:
    """An open file. It closes when nothing uses it any more, so that a thread that is reading can finish.

    Attributes:
        identity: device, inode, size and time of change: another file under the same name has another one.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self.identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.identity[2]

    def read(self, address: int, count: int) -> bytes:
        """So many bytes from there.

        Raises:
            ValueError: the file ends before.
            OSError: the disk fails.
        """
        if address < 0 or count < 0 or address + count > self.size:
            raise ValueError(f"bytes {address} to {address + count} lie beyond its end, {self.size}")
        data = os.pread(self._descriptor, count, address)
        if len(data) < count:
            data += self._rest(address, data, count)
        return data

    def _rest(self, address: int, data: bytes, count: int) -> bytes:
        """A system hands out some two gigabytes at most at a time."""
        parts, had = [], len(data)
        while had < count:
            part = os.pread(self._descriptor, count - had, address + had)
            if not part:
                raise ValueError("it was cut short while it was read")
            parts.append(part)
            had += len(part)
        return b"".join(parts)

    def __del__(self) -> None:
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None:
            os.close(descriptor)
