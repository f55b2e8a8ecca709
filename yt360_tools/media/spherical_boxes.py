"""What a file says of its sphere, as bytes: Spherical Video V2 and SA3D for MP4, Projection for Matroska.

https://github.com/google/spatial-media/tree/master/docs and RFC 9559. ffmpeg reads them and writes none from its
command line; `labelling` puts them into its files.
"""

import struct
from dataclasses import dataclass

_MP4_STEREO = {"mono": 0, "top-bottom": 1, "left-right": 2, "right-left": 4}
_MATROSKA_STEREO = {"mono": 0, "left-right": 1, "bottom-top": 2, "top-bottom": 3, "right-left": 11}
_MATROSKA_KIND = {b"equi": 1, b"cbmp": 2, b"mshp": 3}
_TOOL = b"yt360-tools\0"


@dataclass(frozen=True)
class PictureLabel:
    """What a picture track says.

    Attributes:
        kind: ``equi``, ``cbmp`` or ``mshp``: the box of its projection.
        contents: that box's contents, version and flags first.
        stereo: where two eyes lie, the left one's place first, or ``mono``.
    """

    kind: bytes
    contents: bytes
    stereo: str = "mono"


def box(kind: bytes, *parts: bytes) -> bytes:
    """An ISO-BMFF box."""
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def element(name: str, contents: bytes) -> bytes:
    """An EBML element, its name in hex, whose size is written in eight bytes, whatever it is."""
    return bytes.fromhex(name) + ((1 << 56) | len(contents)).to_bytes(8, "big") + contents


def void(length: int) -> bytes:
    """An EBML element of exactly `length` bytes, nine or more, that readers pass over."""
    return element("ec", bytes(length - 9))


def packed_bits(fields: list[tuple[int, int]]) -> bytes:
    """(value, bits) after each other, filled up with zeros to a whole byte."""
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def equirectangular_label(stereo: str = "mono") -> PictureLabel:
    """A whole equirectangular picture: no part of the sphere is cut off."""
    return PictureLabel(b"equi", bytes(4 + 4 * 4), stereo)


SPECIFIED_FACES = "3x2:RLUDFB:002200"
"""The one arrangement of a cubemap that a header can name (layout 0): right, left, up; down, front, back, upright but
that the top of the up face is front and the top of the down face is back."""


def cubemap_label(stereo: str = "mono") -> PictureLabel:
    """A cubemap in the arrangement `SPECIFIED_FACES`, without padding."""
    return PictureLabel(b"cbmp", bytes(4) + struct.pack(">II", 0, 0), stereo)


def mp4_picture_boxes(label: PictureLabel) -> bytes:
    """What goes to the end of a visual sample entry."""
    pose = box(b"prhd", bytes(4), struct.pack(">3i", 0, 0, 0))
    eyes = box(b"st3d", bytes(4), bytes([_MP4_STEREO[label.stereo]]))
    return eyes + box(b"sv3d", box(b"svhd", bytes(4), _TOOL), box(b"proj", pose, box(label.kind, label.contents)))


def matroska_elements(label: PictureLabel) -> bytes:
    """What goes to the end of a picture track's Video element."""
    pose = b"".join(element(name, struct.pack(">f", 0.0)) for name in ("7673", "7674", "7675"))
    described = element("7671", bytes([_MATROSKA_KIND[label.kind]])) + element("7672", label.contents) + pose
    eyes = element("53b8", bytes([_MATROSKA_STEREO[label.stereo]])) if label.stereo != "mono" else b""
    return eyes + element("7670", described)


def mp4_sound_box(channels: int) -> bytes:
    """SA3D, for the end of an audio sample entry: periphonic ambisonics, ACN, SN3D, each channel in its place.

    `channels` is a square number; the order follows from it.
    """
    order = round(channels**0.5) - 1
    head = struct.pack(">BBIBBI", 0, 0, order, 0, 0, channels)
    return box(b"SA3D", head, struct.pack(f">{channels}I", *range(channels)))
