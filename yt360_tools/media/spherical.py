"""What a file's header says about its sphere: Google's spherical metadata (v1, v2) and Matroska's.

https://github.com/google/spatial-media/tree/master/docs and https://www.rfc-editor.org/rfc/rfc9559. The
parsers walk fixed paths to a fixed depth, look at a bounded number of boxes and read a bounded number of
bytes: a hostile file costs little and raises nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

_MAX_BOXES = 20_000
_MAX_TEXT = 256 * 1024
_V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
_VISUAL_ENTRY = 78  # bytes of a VisualSampleEntry before its own boxes
_MP4_PROJECTIONS = {b"equi": "equirectangular", b"cbmp": "cubemap", b"mshp": "mesh"}
# Which eye comes first does not move the halves: the swapped orders (right-left, bottom-top) count as theirs.
_ST3D = {0: "mono", 1: "top-bottom", 2: "left-right", 4: "left-right"}
_MATROSKA_STEREO = {0: "mono", 1: "left-right", 2: "top-bottom", 3: "top-bottom", 11: "left-right"}
_MATROSKA_PROJECTIONS = {1: "equirectangular", 2: "cubemap", 3: "mesh"}
_SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_STEREO_MODE, _PROJECTION, _PROJECTION_TYPE = 0x53B8, 0x7670, 0x7671


@dataclass(frozen=True)
class SphericalMetadata:
    """What a picture's header says.

    Attributes:
        projection: ``equirectangular``, ``cubemap``, ``mesh`` (YouTube's word for EAC), or None when silent.
        stereo: ``mono``, ``top-bottom``, ``left-right``, or None when silent.
        source: where it stood: ``sv3d`` (v2 boxes), ``uuid`` (v1 XML) or ``matroska``.
    """

    projection: str | None
    stereo: str | None
    source: str


def read_spherical(path: Path) -> SphericalMetadata | None:
    """The spherical metadata of the first picture track that has some; None when there is none.

    Damage is not an error here: what cannot be understood counts as absent.
    """
    try:
        with path.open("rb") as file:
            walker = _Walker(file, path.stat().st_size)
            if file.read(4) == b"\x1aE\xdf\xa3":
                return _read_matroska(walker)
            return _read_mp4(walker)
    except OSError:
        return None


@dataclass(frozen=True)
class _Box:
    """A box or element: its type, and where its payload begins and ends in the file."""

    kind: bytes | int
    start: int
    end: int


class _Walker:
    """Reads boxes and elements of a file, at most `_MAX_BOXES` in all."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = _MAX_BOXES
        self.size = size

    def read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(max(0, min(count, _MAX_TEXT)))

    def boxes(self, start: int, end: int) -> Iterator[_Box]:
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
            yield _Box(head[4:8], start + header, start + size)
            start += size

    def elements(self, start: int, end: int) -> Iterator[_Box]:
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
            yield _Box(kind, payload, stop)
            start = stop

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


def _read_mp4(walker: _Walker) -> SphericalMetadata | None:
    for moov in _children(walker, _Box(b"", 0, walker.size), b"moov"):
        for trak in _children(walker, moov, b"trak"):
            found = _read_trak(walker, trak)
            if found:
                return found
    return None


def _children(walker: _Walker, parent: _Box, *kinds: bytes) -> list[_Box]:
    return [box for box in walker.boxes(parent.start, parent.end) if box.kind in kinds]


def _read_trak(walker: _Walker, trak: _Box) -> SphericalMetadata | None:
    """v2 boxes win over v1: a file that carries both was labelled anew."""
    version_1 = None
    version_2 = SphericalMetadata(None, None, "sv3d")
    for box in _children(walker, trak, b"mdia", b"uuid"):
        if box.kind == b"uuid":
            version_1 = version_1 or _read_uuid(walker.read(box.start, box.end - box.start))
            continue
        if not any(walker.read(h.start + 8, 4) == b"vide" for h in _children(walker, box, b"hdlr")):
            return None
        for entry_child in _sample_entry_boxes(walker, box):
            if entry_child.kind == b"st3d":
                mode = walker.read(entry_child.start + 4, 1)
                version_2 = replace(version_2, stereo=_ST3D.get(mode[0]) if mode else None)
            else:
                for proj in _children(walker, entry_child, b"proj"):
                    for shape in _children(walker, proj, *_MP4_PROJECTIONS):
                        version_2 = replace(version_2, projection=_MP4_PROJECTIONS[bytes(shape.kind)])
    return version_2 if version_2.projection or version_2.stereo else version_1


def _sample_entry_boxes(walker: _Walker, mdia: _Box) -> Iterator[_Box]:
    for minf in _children(walker, mdia, b"minf"):
        for stbl in _children(walker, minf, b"stbl"):
            for stsd in _children(walker, stbl, b"stsd"):
                for entry in walker.boxes(stsd.start + 8, stsd.end):
                    yield from _children(
                        walker, _Box(entry.kind, entry.start + _VISUAL_ENTRY, entry.end), b"st3d", b"sv3d"
                    )


def _read_uuid(payload: bytes) -> SphericalMetadata | None:
    """The v1 XML, read for two values by pattern: no parser whose entities could be turned against us."""
    if payload[:16] != _V1_UUID:
        return None
    text = payload[16:].decode("utf-8", "replace")
    projection = _v1_value(text, "ProjectionType")
    stereo = _v1_value(text, "StereoMode")
    found = SphericalMetadata(
        projection if projection in ("equirectangular", "cubemap", "mesh") else None,
        stereo if stereo in ("mono", "top-bottom", "left-right") else None,
        "uuid",
    )
    return found if found.projection or found.stereo else None


def _v1_value(text: str, name: str) -> str | None:
    match = re.search(rf"GSpherical:{name}\s*>\s*([A-Za-z-]{{1,40}})\s*<", text)
    return match.group(1).lower() if match else None


def _read_matroska(walker: _Walker) -> SphericalMetadata | None:
    for segment in _elements(walker, _Box(0, 0, walker.size), _SEGMENT):
        for tracks in _elements(walker, segment, _TRACKS):
            for track in _elements(walker, tracks, _TRACK):
                for video in _elements(walker, track, _VIDEO):
                    found = _read_video(walker, video)
                    if found:
                        return found
    return None


def _elements(walker: _Walker, parent: _Box, *kinds: int) -> Iterator[_Box]:
    return (box for box in walker.elements(parent.start, parent.end) if box.kind in kinds)


def _read_video(walker: _Walker, video: _Box) -> SphericalMetadata | None:
    found = SphericalMetadata(None, None, "matroska")
    for box in _elements(walker, video, _STEREO_MODE, _PROJECTION):
        if box.kind == _STEREO_MODE:
            found = replace(found, stereo=_MATROSKA_STEREO.get(_number(walker, box)))
        else:
            for kind in _elements(walker, box, _PROJECTION_TYPE):
                found = replace(found, projection=_MATROSKA_PROJECTIONS.get(_number(walker, kind)))
    return found if found.projection or found.stereo else None


def _number(walker: _Walker, box: _Box) -> int:
    return int.from_bytes(walker.read(box.start, min(8, box.end - box.start)), "big")
