"""Spherical metadata, read from boxes and elements that are written here by hand."""

import random
import struct
from pathlib import Path

import pytest

from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.spherical import SphericalMetadata, read_spherical

V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")


def box(kind: str, *parts: bytes, large: bool = False) -> bytes:
    payload = b"".join(parts)
    if large:
        return struct.pack(">I4sQ", 1, kind.encode(), 16 + len(payload)) + payload
    return struct.pack(">I4s", 8 + len(payload), kind.encode()) + payload


def trak(*entry_boxes: bytes, handler: str = "vide", extra: bytes = b"") -> bytes:
    entry = box("avc1", bytes(78), box("avcC", bytes(9)), *entry_boxes)
    stsd = box("stsd", struct.pack(">II", 0, 1), entry)
    hdlr = box("hdlr", bytes(8), handler.encode(), bytes(13))
    mdia = box("mdia", box("mdhd", bytes(24)), hdlr, box("minf", box("vmhd", bytes(12)), box("stbl", stsd)))
    return box("trak", box("tkhd", bytes(84)), mdia, extra)


def mp4(*traks: bytes, mdat_first: bool = False) -> bytes:
    moov = box("moov", box("mvhd", bytes(100)), *traks)
    mdat = box("mdat", bytes(5000), large=True)
    return box("ftyp", b"isom", bytes(4)) + (mdat + moov if mdat_first else moov + mdat)


def st3d(mode: int) -> bytes:
    return box("st3d", bytes(4), bytes([mode]))


def sv3d(projection: str) -> bytes:
    return box(
        "sv3d",
        box("svhd", bytes(4), b"maker\0"),
        box("proj", box("prhd", bytes(16)), box(projection, bytes(20))),
    )


def v1(projection: str = "equirectangular", stereo: str = "") -> bytes:
    stereo = f"<GSpherical:StereoMode>{stereo}</GSpherical:StereoMode>" if stereo else ""
    xml = (
        '<?xml version="1.0"?><rdf:SphericalVideo xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/">'
        f"<GSpherical:Spherical>true</GSpherical:Spherical>"
        f"<GSpherical:ProjectionType>{projection}</GSpherical:ProjectionType>{stereo}</rdf:SphericalVideo>"
    )
    return box("uuid", V1_UUID, xml.encode())


def element(kind: int, *parts: bytes, size_bytes: int = 4, unknown: bool = False) -> bytes:
    payload = b"".join(parts)
    size = (1 << (7 * size_bytes)) - 1 if unknown else len(payload)
    head = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return head + (size | 1 << (7 * size_bytes)).to_bytes(size_bytes, "big") + payload


def matroska(*video: bytes, unknown_sizes: bool = False) -> bytes:
    sound = element(0xAE, element(0xD7, b"\x01"), element(0xE1, bytes(8)))
    picture = element(0xAE, element(0xD7, b"\x02"), element(0xE0, element(0xB0, b"\x07\x80"), *video))
    tracks = element(0x1654AE6B, sound, picture)
    head = element(0x1A45DFA3, element(0x4282, b"webm"))
    cluster = element(0x1F43B675, bytes(2000), unknown=unknown_sizes)
    return head + element(0x18538067, tracks, cluster, size_bytes=8, unknown=unknown_sizes)


def read(tmp_path: Path, data: bytes) -> SphericalMetadata | None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    return read_spherical(path)


@pytest.mark.parametrize("mdat_first", [False, True])
@pytest.mark.parametrize(
    ("boxes", "projection", "stereo"),
    [
        ((sv3d("equi"),), "equirectangular", None),
        ((st3d(0), sv3d("equi")), "equirectangular", "mono"),
        ((st3d(1), sv3d("equi")), "equirectangular", "top-bottom"),
        ((sv3d("equi"), st3d(2)), "equirectangular", "left-right"),
        ((st3d(3), sv3d("mshp")), "mesh", None),
        ((st3d(4), sv3d("equi")), "equirectangular", "left-right"),
        ((sv3d("cbmp"),), "cubemap", None),
        ((st3d(1),), None, "top-bottom"),
    ],
)
def test_version_2_boxes(
    tmp_path: Path, boxes: tuple[bytes, ...], projection: str | None, stereo: str | None, mdat_first: bool
) -> None:
    sound = trak(handler="soun")
    assert read(tmp_path, mp4(sound, trak(*boxes), mdat_first=mdat_first)) == SphericalMetadata(
        projection, stereo, "sv3d"
    )


@pytest.mark.parametrize("stereo", ["", "mono", "top-bottom", "left-right"])
def test_version_1_xml(tmp_path: Path, stereo: str) -> None:
    found = read(tmp_path, mp4(trak(extra=v1(stereo=stereo))))
    assert found == SphericalMetadata("equirectangular", stereo or None, "uuid")


def test_version_2_wins_over_version_1(tmp_path: Path) -> None:
    found = read(tmp_path, mp4(trak(sv3d("mshp"), extra=v1())))
    assert found == SphericalMetadata("mesh", None, "sv3d")


def test_a_uuid_of_something_else_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, mp4(trak(extra=box("uuid", bytes(16), v1()[24:])))) is None


@pytest.mark.parametrize("unknown_sizes", [False, True])
@pytest.mark.parametrize(("kind", "projection"), [(0, None), (1, "equirectangular"), (2, "cubemap"), (3, "mesh")])
@pytest.mark.parametrize(("mode", "stereo"), [(0, "mono"), (1, "left-right"), (3, "top-bottom")])
def test_matroska(
    tmp_path: Path, kind: int, projection: str | None, mode: int, stereo: str, unknown_sizes: bool
) -> None:
    video = (element(0x53B8, bytes([mode])), element(0x7670, element(0x7671, bytes([kind]))))
    found = read(tmp_path, matroska(*video, unknown_sizes=unknown_sizes))
    assert found == SphericalMetadata(projection, stereo, "matroska")


def test_a_plain_film_has_none(tmp_path: Path) -> None:
    for name in ("plain.mp4", "fragments.mp4", "plain.mkv"):
        flags = ["-movflags", "frag_keyframe+empty_moov"] if name.startswith("frag") else []
        source = ["-f", "lavfi", "-i", "testsrc2=s=64x32:d=0.2", "-c:v", "libx264"]
        assert run_ffmpeg([*source, *flags, str(tmp_path / name)]).returncode == 0
        assert read_spherical(tmp_path / name) is None
    assert read_spherical(tmp_path / "absent.mp4") is None


def test_garbage_is_no_metadata_and_no_error(tmp_path: Path) -> None:
    """Flipped bytes, cuts, absurd sizes, noise: never an exception, and never for long."""
    rng = random.Random(0)
    video = (element(0x53B8, b"\x01"), element(0x7670, element(0x7671, b"\x01")))
    seeds = [
        mp4(trak(st3d(1), sv3d("equi"), extra=v1())),
        matroska(*video),
        matroska(*video, unknown_sizes=True),
    ]
    known = {None, "sv3d", "uuid", "matroska"}
    for turn in range(1500):
        data = bytearray(seeds[turn % 3])
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(min(len(data), 900))] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
        found = read(tmp_path, bytes(data[: rng.randrange(len(data)) if turn % 5 == 0 else None]))
        assert (found.source if found else None) in known
    for head in (
        b"",
        b"\x1aE\xdf\xa3",
        b"\0\0\0\x08moov",
        struct.pack(">I4sQ", 1, b"moov", 2**63),
        b"\xff" * 64,
    ):
        assert read(tmp_path, head + rng.randbytes(4000)) is None
    assert read(tmp_path, box("free") * 100_000) is None, "a hundred thousand boxes are not walked"
    deep = b""
    for _ in range(3000):
        deep = box("moov", deep)
    assert read(tmp_path, deep) is None
