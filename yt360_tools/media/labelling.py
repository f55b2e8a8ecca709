"""Putting spherical metadata into files that ffmpeg has just written, without reading them whole.

An MP4's moov box must come last: it grows there, and no offset moves. A Matroska file keeps its length: the metadata
take the room of the picture track's Name, which was filled for that.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import MediaError
from yt360_tools.media.spherical_boxes import (
    PictureLabel,
    element,
    matroska_elements,
    mp4_picture_boxes,
    mp4_sound_box,
    void,
)

_PICTURE_TRACK, _SOUND_TRACK = b"vmhd", b"smhd"
Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Patch:
    """New bytes for those of a file from `start` to `end`."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class _Part:
    """A box or element inside a file: its name, where it starts, where its contents start, where it ends."""

    name: bytes
    start: int
    inside: int
    end: int


def label_patch(data: Bytes, container: str, picture: PictureLabel | None, ambisonic_channels: int = 0) -> Patch:
    """What makes the file `data` say what it holds.

    Args:
        container: ``mp4`` (mov too) or ``matroska``.
        ambisonic_channels: of its sound; 0 when that is none. Matroska has no words for it.

    Raises:
        MediaError: the container is not built as expected.
    """
    if container == "mp4":
        return _mp4_patch(data, picture, ambisonic_channels)
    return _matroska_patch(data, picture) if picture else Patch(0, 0, b"")


def label_file(path: Path, container: str, picture: PictureLabel | None, ambisonic_channels: int = 0) -> None:
    """Patch a file in place as `label_patch` says."""
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            patch = label_patch(data, container, picture, ambisonic_channels)
            is_tail = patch.end == len(data)
        if not is_tail and len(patch.new) != patch.end - patch.start:
            raise MediaError("damaged_container", "a patch inside a file may not change its length")
        file.seek(patch.start)
        file.write(patch.new)


def _read_boxes(data: Bytes, start: int, end: int) -> Iterator[_Part]:
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
        if size < header or start + size > end:
            raise MediaError("damaged_container", f"box {name!r} at byte {start} has the size {size}")
        yield _Part(name, start, start + header, start + size)
        start += size


def _mp4_patch(data: Bytes, picture: PictureLabel | None, ambisonic_channels: int) -> Patch:
    top = list(_read_boxes(data, 0, len(data)))
    if not top or top[-1].name != b"moov":
        raise MediaError("damaged_container", "expected an MP4 whose moov box comes last")
    moov = bytes(data[top[-1].start : top[-1].end])
    if picture:
        moov = _with_entry_boxes(moov, _PICTURE_TRACK, mp4_picture_boxes(picture))
    if ambisonic_channels:
        moov = _with_entry_boxes(moov, _SOUND_TRACK, mp4_sound_box(ambisonic_channels))
    return Patch(top[-1].start, top[-1].end, moov)


def _with_entry_boxes(moov: bytes, track_kind: bytes, boxes: bytes) -> bytes:
    """A moov box with `boxes` at the end of the first sample entry of its first track of a kind."""
    chain = list(_read_boxes(moov, 0, len(moov)))
    for track in _read_boxes(moov, chain[0].inside, chain[0].end):
        if track.name == b"trak" and track_kind in moov[track.start : track.end]:
            chain.append(track)
            break
    for name in (b"mdia", b"minf", b"stbl", b"stsd"):
        inside = _read_boxes(moov, chain[-1].inside, chain[-1].end)
        found = next((part for part in inside if part.name == name), None)
        if len(chain) == 1 or found is None:
            what = "video" if track_kind == _PICTURE_TRACK else "sound"
            raise MediaError("damaged_container", f"no {name.decode()} box in a {what} track")
        chain.append(found)
    chain.append(next(_read_boxes(moov, chain[-1].inside + 8, chain[-1].end)))
    grown = bytearray(moov)
    for part in chain:
        struct.pack_into(">I", grown, part.start, part.end - part.start + len(boxes))
    grown[chain[-1].end : chain[-1].end] = boxes
    return bytes(grown)


def _number(data: Bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number of variable length at `at`, and where it ends; an ID keeps its length marker."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return value if keep_marker else value & ((1 << (7 * length)) - 1), at + length


def _read_elements(data: Bytes, start: int, end: int) -> Iterator[_Part]:
    while start < end:
        _, after_name = _number(data, start, keep_marker=True)
        size, inside = _number(data, after_name, keep_marker=False)
        if inside + size > end:
            raise MediaError("damaged_container", f"the element at byte {start} reaches beyond its parent")
        yield _Part(data[start:after_name], start, inside, inside + size)
        start = inside + size


def _child(data: Bytes, parent: _Part, name: str) -> _Part:
    for part in _read_elements(data, parent.inside, parent.end):
        if part.name == bytes.fromhex(name):
            return part
    raise MediaError("damaged_container", f"no element {name} where a Matroska file has one")


def _matroska_patch(data: Bytes, picture: PictureLabel) -> Patch:
    """New bytes for its first track's Name and Video; the track keeps its length, and seek tables stay right."""
    segment = _child(data, _Part(b"", 0, 0, len(data)), "18538067")
    track = _child(data, _child(data, segment, "1654ae6b"), "ae")
    name, video = _child(data, track, "536e"), _child(data, track, "e0")
    kept = data[video.inside : video.end] + matroska_elements(picture)
    room = (video.end - video.start) + (name.end - name.start) - len(element("e0", kept))
    if room < 9:
        raise MediaError("damaged_container", f"the track's name is {9 - room} bytes too short to replace")
    new_video = element("e0", kept + void(room))
    first, second = sorted([(name, b""), (video, new_video)], key=lambda part: part[0].start)
    between = data[first[0].end : second[0].start]
    return Patch(first[0].start, second[0].end, first[1] + between + second[1])
