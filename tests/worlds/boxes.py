"""Spherical metadata as bytes, and put into real files, written without the package under test.

MP4: https://github.com/google/spatial-media/blob/master/docs/spherical-video-v2-rfc.md; Matroska: RFC 9559.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
FLAT = (0.0, 0.0, 0.0)
WHOLE = (0.0, 0.0, 0.0, 0.0)
ST3D = {"mono": 0, "top-bottom": 1, "left-right": 2, "custom": 3, "right-left": 4}


def box(kind: str, *parts: bytes, large: bool = False) -> bytes:
    payload = b"".join(parts)
    if large:
        return struct.pack(">I4sQ", 1, kind.encode(), 16 + len(payload)) + payload
    return struct.pack(">I4s", 8 + len(payload), kind.encode()) + payload


def st3d(mode: int) -> bytes:
    return box("st3d", bytes(4), bytes([mode]))


def prhd(pose_deg: Sequence[float] = FLAT) -> bytes:
    """Yaw, pitch and roll in degrees, as 16.16 fixed-point numbers."""
    return box("prhd", bytes(4), struct.pack(">3i", *(round(angle * 65536) for angle in pose_deg)))


def equi_payload(missing: Sequence[float] = WHOLE) -> bytes:
    """The shares missing at top, bottom, left and right, as 0.32 fixed-point numbers."""
    return bytes(4) + struct.pack(">4I", *(round(share * 2**32) for share in missing))


def cbmp_payload(layout: int = 0, padding: int = 0) -> bytes:
    return struct.pack(">III", 0, layout, padding)


def sv3d(shape: bytes, pose: bytes | None = None) -> bytes:
    """The box of a projection, such as ``box("equi", equi_payload())``, with its header."""
    proj = box("proj", prhd() if pose is None else pose, shape)
    return box("sv3d", box("svhd", bytes(4), b"maker\0"), proj)


def equi(missing: Sequence[float] = WHOLE, pose_deg: Sequence[float] = FLAT) -> bytes:
    return sv3d(box("equi", equi_payload(missing)), prhd(pose_deg))


def cbmp(layout: int = 0, padding: int = 0, pose_deg: Sequence[float] = FLAT) -> bytes:
    return sv3d(box("cbmp", cbmp_payload(layout, padding)), prhd(pose_deg))


def mshp(pose_deg: Sequence[float] = FLAT) -> bytes:
    """A mesh of no vertices: only its name tells."""
    return sv3d(box("mshp", mshp_payload(box("mesh", bytes(12)))), prhd(pose_deg))


def mshp_payload(meshes: bytes, coding: bytes = b"raw ") -> bytes:
    return struct.pack(">II", 0, zlib.crc32(coding + meshes)) + coding + meshes


def v1(projection: str = "equirectangular", stereo: str = "", **fields: object) -> bytes:
    """The ``uuid`` box of version 1; `fields` are other elements of its XML."""
    said = {"StereoMode": stereo} if stereo else {}
    elements = {"Spherical": "true", "ProjectionType": projection, **said, **fields}
    inside = "".join(f"<GSpherical:{name}>{value}</GSpherical:{name}>\n" for name, value in elements.items())
    xml = (
        '<?xml version="1.0"?><rdf:SphericalVideo xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/">'
        f"{inside}</rdf:SphericalVideo>"
    )
    return box("uuid", V1_UUID, xml.encode())


def trak(*entry_boxes: bytes, handler: str = "vide", extra: bytes = b"") -> bytes:
    entry = box("avc1", bytes(78), box("avcC", bytes(9)), *entry_boxes)
    stsd = box("stsd", struct.pack(">II", 0, 1), entry)
    hdlr = box("hdlr", bytes(8), handler.encode(), bytes(13))
    mdia = box("mdia", box("mdhd", bytes(24)), hdlr, box("minf", box("vmhd", bytes(12)), box("stbl", stsd)))
    return box("trak", box("tkhd", bytes(84)), mdia, extra)


def mp4(*traks: bytes, mdat_first: bool = False) -> bytes:
    """The bones of an MP4 file."""
    moov = box("moov", box("mvhd", bytes(100)), *traks)
    mdat = box("mdat", bytes(5000), large=True)
    return box("ftyp", b"isom", bytes(4)) + (mdat + moov if mdat_first else moov + mdat)


def element(kind: int, *parts: bytes, size_bytes: int = 4, unknown: bool = False) -> bytes:
    payload = b"".join(parts)
    size = (1 << (7 * size_bytes)) - 1 if unknown else len(payload)
    head = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return head + (size | 1 << (7 * size_bytes)).to_bytes(size_bytes, "big") + payload


def projection_elements(
    kind: int, private: bytes | None = None, pose_deg: Sequence[float] = FLAT, *, double: bool = False
) -> bytes:
    """Matroska's Projection: its type (1 equirectangular, 2 cubemap, 3 mesh), contents and pose."""
    pose = [element(0x7673 + at, struct.pack(">d" if double else ">f", angle)) for at, angle in enumerate(pose_deg)]
    contents = [] if private is None else [element(0x7672, private)]
    return element(0x7670, *pose, element(0x7671, bytes([kind])), *contents)


def stereo_mode(number: int) -> bytes:
    return element(0x53B8, bytes([number]))


def matroska(*video: bytes, unknown_sizes: bool = False) -> bytes:
    """The bones of a Matroska file, with elements in its picture track's Video."""
    sound = element(0xAE, element(0xD7, b"\x01"), element(0xE1, bytes(8)))
    picture = element(0xAE, element(0xD7, b"\x02"), element(0xE0, element(0xB0, b"\x07\x80"), *video))
    tracks = element(0x1654AE6B, sound, picture)
    head = element(0x1A45DFA3, element(0x4282, b"webm"))
    cluster = element(0x1F43B675, bytes(2000), unknown=unknown_sizes)
    return head + element(0x18538067, tracks, cluster, size_bytes=8, unknown=unknown_sizes)


def put_into_mp4(path: Path, *entry_boxes: bytes) -> None:
    """Add boxes to the picture's sample entry of an MP4 file as ffmpeg writes it, with its index at the end."""
    data = path.read_bytes()
    parts = list(_parts(data))
    assert parts[-1][0] == b"moov", "an index in front would move the media behind it"
    grown = b"".join(_grown(kind, whole, b"".join(entry_boxes)) for kind, whole in parts)
    path.write_bytes(grown)


def _parts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of `data`, each with its type and its bytes."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size == 1:
            (size,) = struct.unpack(">Q", data[at + 8 : at + 16])
        yield kind, data[at : at + size]
        at += size


def _grown(kind: bytes, whole: bytes, addition: bytes) -> bytes:
    """A box with the addition in the picture's sample entry, if that is in it."""
    heads = {b"moov": 8, b"trak": 8, b"mdia": 8, b"minf": 8, b"stbl": 8, b"stsd": 16}
    if kind in (b"avc1", b"vp09"):
        return struct.pack(">I", len(whole) + len(addition)) + whole[4:] + addition
    if kind not in heads:
        return whole
    head = heads[kind]
    inside = b"".join(_grown(*part, addition) for part in _parts(whole[head:]))
    return struct.pack(">I", head + len(inside)) + whole[4:head] + inside
