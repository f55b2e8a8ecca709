"""Walking through the boxes of an MP4 and the elements of a Matroska file, whatever bytes they hold.

A walker looks at a bounded number of boxes and reads a bounded number of bytes at a time: a hostile file costs
little and raises nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MAX_BOXES = 20_000
_MAX_READ = 256 * 1024
_SEGMENT, _TRACKS = 0x18538067, 0x1654AE6B


@dataclass(frozen=True)
class Box:
    """A box or element: its type, and where its payload begins and ends in the file."""

    kind: bytes | int
    start: int
    end: int


class Walker:
    """Reads boxes and elements of a file, at most `_MAX_BOXES` in all."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = _MAX_BOXES
        self.size = size

    def read(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from `start`, and never more than 256 KiB."""
        self._file.seek(start)
        return self._file.read(max(0, min(count, _MAX_READ)))

    def payload(self, box: Box) -> bytes:
        """What is in a box, see `read`."""
        return self.read(box.start, box.end - box.start)

    def boxes(self, start: int, end: int) -> Iterator[Box]:
        """ISO-BMFF boxes between two offsets; stops at the first one that does not fit."""
        while start + 8 <= end and self._take():
            head = self.read(start, 16)
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

    def boxes_in(self, parent: Box, *kinds: bytes) -> list[Box]:
        """The boxes of some kinds right inside another."""
        return [box for box in self.boxes(parent.start, parent.end) if box.kind in kinds]

    def elements(self, start: int, end: int) -> Iterator[Box]:
        """EBML elements between two offsets; one of unknown size reaches to the end."""
        while start + 2 <= end and self._take():
            head = self.read(start, 12)
            kind, kind_length = _vint(head, keep_marker=True)
            size, size_length = _vint(head[kind_length:], keep_marker=False)
            if not kind_length or not size_length:
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
        """The elements of some kinds right inside another."""
        return (box for box in self.elements(parent.start, parent.end) if box.kind in kinds)

    def _take(self) -> bool:
        self._left -= 1
        return self._left >= 0


def _vint(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number and its length in bytes; length 0 when `data` holds none."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if length > len(data):
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value & ((1 << (7 * length)) - 1)), length
