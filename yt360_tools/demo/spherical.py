"""Saying in a file that its picture is a sphere: Spherical Video V2 for MP4 and WebM.

The specification: https://github.com/google/spatial-media/blob/master/docs/spherical-video-v2-rfc.md and, for
WebM, Projection in RFC 9559. ffmpeg reads both and writes neither from its command line.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from yt360_tools.errors import MediaError

_TOP_BOTTOM = {"mp4": 1, "webm": 3}
_TOOL = b"yt360-tools\0"


def _bits(fields: list[tuple[int, int]]) -> bytes:
    """(value, bits) after each other, filled up with zeros to a whole byte."""
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _box(kind: bytes, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def _mesh_contents() -> bytes:
    """What is in an ``mshp`` box: the smallest valid mesh, one triangle.

    YouTube's EAC files carry the cube's faces as a mesh of thousands of triangles, and say "EAC" nowhere.
    A reader can only tell that there is a mesh, and so it can here; nobody should draw with this one.
    """
    coordinates = struct.pack(">I2f", 2, 0.0, 1.0)
    # Three vertices (x, y, z, u, v), each number the zigzag-coded step of an index into the coordinates.
    steps = [2, 0, 0, 0, 0, 1, 2, 0, 2, 0, 0, 1, 2, 1, 2]
    vertices = struct.pack(">I", 3) + _bits([(step, 2) for step in steps])
    one_list = struct.pack(">IBBI", 1, 0, 0, 3) + _bits([(0, 3), (2, 3), (2, 3)])
    coded = b"raw " + _box(b"mesh", coordinates, vertices, one_list)
    return struct.pack(">II", 0, zlib.crc32(coded)) + coded


def _equirectangular_contents() -> bytes:
    """What is in an ``equi`` box: version, flags, and no part of the sphere cut off."""
    return bytes(4 + 4 * 4)


def _mp4_boxes(projection: str, stereo: str) -> bytes:
    picture = _box(b"equi", _equirectangular_contents()) if projection == "er" else _box(b"mshp", _mesh_contents())
    pose = _box(b"prhd", bytes(4), struct.pack(">3i", 0, 0, 0))
    eyes = _box(b"st3d", bytes(4), bytes([_TOP_BOTTOM["mp4"] if stereo == "top-bottom" else 0]))
    return eyes + _box(b"sv3d", _box(b"svhd", bytes(4), _TOOL), _box(b"proj", pose, picture))


class _Part(NamedTuple):
    """A box or element inside a file: its name, where it starts, where its contents start, where it ends."""

    name: bytes
    start: int
    inside: int
    end: int


def _read_boxes(data: bytes, start: int, end: int) -> Iterator[_Part]:
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
        if size < header or start + size > end:
            raise MediaError("damaged_container", f"box {name!r} at byte {start} has the size {size}")
        yield _Part(name, start, start + header, start + size)
        start += size


def _spherical_mp4(data: bytes, boxes: bytes) -> bytes:
    """`data` with `boxes` at the end of its video sample entry; moov must come last (so no offset moves)."""
    top = list(_read_boxes(data, 0, len(data)))
    if not top or top[-1].name != b"moov":
        raise MediaError("damaged_container", "expected an MP4 whose moov box comes last")
    chain = [top[-1]]
    for track in _read_boxes(data, chain[0].inside, chain[0].end):
        if track.name == b"trak" and b"vmhd" in data[track.start : track.end]:
            chain.append(track)
            break
    for name in (b"mdia", b"minf", b"stbl", b"stsd"):
        inside = _read_boxes(data, chain[-1].inside, chain[-1].end)
        found = next((part for part in inside if part.name == name), None)
        if len(chain) == 1 or found is None:
            raise MediaError("damaged_container", f"no {name.decode()} box in a video track")
        chain.append(found)
    chain.append(next(_read_boxes(data, chain[-1].inside + 8, chain[-1].end)))
    grown = bytearray(data)
    for part in chain:
        struct.pack_into(">I", grown, part.start, part.end - part.start + len(boxes))
    grown[chain[-1].end : chain[-1].end] = boxes
    return bytes(grown)


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number of variable length at `at`, and where it ends; an ID keeps its length marker."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return value if keep_marker else value & ((1 << (7 * length)) - 1), at + length


def _read_elements(data: bytes, start: int, end: int) -> Iterator[_Part]:
    while start < end:
        _, after_name = _number(data, start, keep_marker=True)
        size, inside = _number(data, after_name, keep_marker=False)
        if inside + size > end:
            raise MediaError("damaged_container", f"the element at byte {start} reaches beyond its parent")
        yield _Part(data[start:after_name], start, inside, inside + size)
        start = inside + size


def _element(name: str, contents: bytes) -> bytes:
    """An element whose size is written in eight bytes, whatever it is."""
    return bytes.fromhex(name) + ((1 << 56) | len(contents)).to_bytes(8, "big") + contents


def _void(length: int) -> bytes:
    """An element of exactly `length` bytes, nine or more, that readers pass over."""
    return _element("ec", bytes(length - 9))


def _webm_elements(projection: str, stereo: str) -> bytes:
    kind, contents = (1, _equirectangular_contents()) if projection == "er" else (3, _mesh_contents())
    pose = b"".join(_element(name, struct.pack(">f", 0.0)) for name in ("7673", "7674", "7675"))
    described = _element("7671", bytes([kind])) + _element("7672", contents) + pose
    eyes = _element("53b8", bytes([_TOP_BOTTOM["webm"]])) if stereo == "top-bottom" else b""
    return eyes + _element("7670", described)


def _child(data: bytes, parent: _Part, name: str) -> _Part:
    for part in _read_elements(data, parent.inside, parent.end):
        if part.name == bytes.fromhex(name):
            return part
    raise MediaError("damaged_container", f"no element {name} where a WebM file has one")


def _spherical_webm(data: bytes, elements: bytes) -> bytes:
    """`data` with `elements` inside its first track's Video, in the room that the track's Name took.

    The file keeps its length and everything outside the track its place: seek tables stay right.
    """
    segment = _child(data, _Part(b"", 0, 0, len(data)), "18538067")
    track = _child(data, _child(data, segment, "1654ae6b"), "ae")
    name, video = _child(data, track, "536e"), _child(data, track, "e0")
    kept = data[video.inside : video.end] + elements
    room = (video.end - video.start) + (name.end - name.start) - len(_element("e0", kept))
    if room < 9:
        raise MediaError("damaged_container", f"the track's name is {9 - room} bytes too short to replace")
    new_video = _element("e0", kept + _void(room))
    first, second = sorted([(name, b""), (video, new_video)])
    return b"".join(
        [
            data[: first[0].start],
            first[1],
            data[first[0].end : second[0].start],
            second[1],
            data[second[0].end :],
        ]
    )


def with_spherical_metadata(data: bytes, container: str, *, projection: str, stereo: str) -> bytes:
    """The file `data` (``mp4`` or ``webm``, as `encode.encode_video` writes it) that says what it shows.

    Args:
        projection: ``er`` becomes equirectangular, ``eac`` becomes a mesh, as YouTube labels it.
        stereo: ``mono`` or ``top-bottom``.

    Raises:
        MediaError: the container is not built as expected.
    """
    if container == "mp4":
        return _spherical_mp4(data, _mp4_boxes(projection, stereo))
    return _spherical_webm(data, _webm_elements(projection, stereo))
