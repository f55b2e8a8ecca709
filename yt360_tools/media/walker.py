"""Walking through the boxes of an MP4 and the elements of a Matroska file, whatever bytes they hold.

A walker looks at a bounded number of boxes and reads a bounded number of bytes: a hostile file costs little and
raises nothing. Nothing here calls itself: how deep boxes are nested does not matter, only the paths that are asked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MAX_BOXES = 20_000
_MAX_READ = 2 * 1024 * 1024
_MAX_READ_IN_ALL = 4 * 1024 * 1024
_SEGMENT, _TRACKS = 0x18538067, 0x1654AE6B
_EBML = b"\x1aE\xdf\xa3"


@dataclass(frozen=True, slots=True)
class Box:
    """A box or element: its type, and where its payload begins and ends in the file."""

    kind: bytes | int
    start: int
    end: int


class Walker:
    """Reads boxes and elements of a file: at most `_MAX_BOXES`, and `_MAX_READ_IN_ALL` bytes of what is in them."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._boxes_left = _MAX_BOXES
        self._bytes_left = _MAX_READ_IN_ALL
        self.size = size

    @property
    def file(self) -> Box:
        """All of the file, as the parent of its outermost boxes."""
        return Box(b"", 0, self.size)

    def is_matroska(self) -> bool:
        """Whether the file begins as an EBML file does."""
        return self._read(0, 4) == _EBML

    def payload(self, box: Box, most: int = _MAX_READ, *, skip: int = 0) -> bytes:
        """The first `most` bytes in a box (2 MiB at the most), those after the first `skip`."""
        wanted = min(box.end - box.start - skip, most, _MAX_READ, self._bytes_left)
        if wanted <= 0:
            return b""
        self._bytes_left -= wanted
        return self._read(box.start + skip, wanted)

    def boxes(self, start: int, end: int) -> Iterator[Box]:
        """ISO-BMFF boxes between two offsets; stops at the first one that does not fit."""
        while start + 8 <= end and self._take():
            head = self._read(start, 16)
            if len(head) < 8:
                return
            size, header = int.from_bytes(head[:4], "big"), 8
            if size == 1 and len(head) == 16:
                size, header = int.from_bytes(head[8:], "big"), 16
            elif size == 0:
                size = end - start
            if size < header or start + size > end:
                return
            yield Box(head[4:8], start + header, start + size)
            start += size

    def boxes_in(self, parent: Box, *kinds: bytes, skip: int = 0) -> Iterator[Box]:
        """The boxes of some kinds right inside another, behind the first `skip` bytes of its payload.

        They come one by one: who has found what it sought does not walk through the rest.
        """
        return (box for box in self.boxes(parent.start + skip, parent.end) if box.kind in kinds)

    def boxes_at(self, parent: Box, *path: bytes) -> Iterator[Box]:
        """The boxes at the end of a path, such as ``minf``, ``stbl``, ``stsd``, inside another."""
        if not path:
            yield parent
            return
        for box in self.boxes_in(parent, path[0]):
            yield from self.boxes_at(box, *path[1:])

    def elements(self, start: int, end: int) -> Iterator[Box]:
        """EBML elements between two offsets; one of unknown size reaches to the end."""
        while start + 2 <= end and self._take():
            head = self._read(start, 12)
            kind, kind_length = _vint(head, keep_marker=True)
            size, size_length = _vint(head[kind_length:], keep_marker=False)
            if not 0 < kind_length <= 4 or not size_length:
                return
            payload = start + kind_length + size_length
            unknown = size == (1 << (7 * size_length)) - 1
            stop = end if unknown else payload + size
            if stop > end:
                if kind not in (_SEGMENT, _TRACKS):
                    return
                stop = end  # cut short: what is there may still tell
            yield Box(kind, payload, stop)
            start = stop

    def elements_in(self, parent: Box, *kinds: int) -> Iterator[Box]:
        """The elements of some kinds right inside another, one by one."""
        return (box for box in self.elements(parent.start, parent.end) if box.kind in kinds)

    def _take(self) -> bool:
        self._boxes_left -= 1
        return self._boxes_left >= 0

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(count)


@contextmanager
def open_walker(path: Path) -> Iterator[Walker]:
    """A walker through the file at `path`.

    Raises:
        OSError: it cannot be read, or is no plain file: opening a named pipe would wait for a writer.
    """
    if not path.is_file():
        raise OSError(f"{path} is no file")
    with path.open("rb", buffering=0) as file:
        yield Walker(file, path.stat().st_size)


def _vint(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number and its length in bytes; length 0 when `data` holds none."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if length > len(data):
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value & ((1 << (7 * length)) - 1)), length
