"""Media headers that somebody has tampered with, and what their readers may answer all the same."""

import math
import random
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from worlds import boxes
from worlds.boxes import box, cbmp, element, equi, matroska, mp4, mshp, projection_elements, st3d, stereo_mode, trak, v1
from worlds.dot import run_ffmpeg
from worlds.sound_boxes import put_into_sound, sa3d, sound_trak

from yt360_tools.media.sa3d import Sa3d, read_sa3d
from yt360_tools.media.spherical import read_spherical
from yt360_tools.media.spherical_fields import SphericalMetadata

POSE, MISSING = (37.25, -21.5, 113.0625), (0.125, 0.0625, 0.3125, 0.03125)
TELLING = [
    0, 1, 7, 8, 15, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1,
    2**63, 2**64 - 1,
]  # fmt: skip
"""Numbers at which readers of sizes and counts go wrong."""
KINDS = [
    b"ftyp", b"moov", b"trak", b"mdia", b"hdlr", b"minf", b"stbl", b"stsd", b"avc1", b"mp4a", b"sv3d", b"proj", b"prhd",
    b"equi", b"cbmp", b"mshp", b"mesh", b"st3d", b"SA3D", b"wave", b"uuid", b"udta", b"moof", b"mdat", b"\0\0\0\0",
]  # fmt: skip


def drawn_headers() -> list[bytes]:
    """Small headers with every box and element that is read."""
    video = (stereo_mode(1), projection_elements(1, boxes.equi_payload(MISSING), POSE))
    mesh = projection_elements(3, boxes.mshp_payload(box("mesh", bytes(12))), POSE)
    crop = {"FullPanoWidthPixels": 40, "CroppedAreaImageWidthPixels": 30, "PoseHeadingDegrees": 7}
    return [
        mp4(trak(st3d(1), equi(MISSING, POSE), extra=v1()), sound_trak(sa3d())),
        mp4(
            sound_trak(box("wave", box("esds", bytes(9)), sa3d((2, 3, 4, 5, 0, 1), kind=0x80)), version=1), trak(mshp())
        ),
        mp4(trak(cbmp(0, 3, POSE)), sound_trak(sa3d(tuple(range(16)), order=3), version=2), mdat_first=True),
        mp4(trak(), box("udta", v1(**crop))),
        matroska(*video),
        matroska(*video, unknown_sizes=True),
        matroska(mesh),
    ]


def real_files() -> list[bytes]:
    """Short films as ffmpeg writes them, with the boxes put into them: MP4, fragmented MP4, MOV, WebM, MKV."""
    picture = ["-f", "lavfi", "-i", "testsrc2=s=64x32:d=0.2:r=10"]
    sound = ["-f", "lavfi", "-i", "aevalsrc=exprs=sin(900*t)|sin(700*t)|0|0:c=4.0:d=0.2:s=48000"]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        run_ffmpeg([*picture, *sound, "-c:v", "libx264", "-c:a", "aac", film])
        boxes.put_into_mp4(film, st3d(2), equi(MISSING, POSE))
        put_into_sound(film, sa3d())
        for name, options in (
            ("fragments.mp4", ["-movflags", "frag_keyframe+empty_moov"]),
            ("film.mov", []),
            ("film.mkv", []),
            ("film.webm", ["-c:v", "libvpx-vp9", "-c:a", "libopus", "-mapping_family", "255"]),
        ):
            path = Path(folder, name)
            run_ffmpeg(["-i", film, "-c", "copy", *options, "-strict", "unofficial", path])
            found.append(path.read_bytes())
        return [film.read_bytes(), *found]


def mutated(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """A header, changed in a few places."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        rng.choice(_CHANGES)(changed, rng, others)
        if not changed:
            break
    return bytes(changed)


def _flip(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _put_number(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    length = rng.choice([1, 2, 4, 4, 4, 8])
    at = rng.randrange(max(1, len(data) - length))
    data[at : at + length] = (rng.choice(TELLING) & ((1 << 8 * length) - 1)).to_bytes(length, "big")


def _resize_box(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Give a box another size, near its own or absurd."""
    at = data.find(rng.choice(KINDS), rng.randrange(len(data)))
    if at >= 4:
        (size,) = struct.unpack_from(">I", data, at - 4)
        size = rng.choice([size + rng.randrange(-20, 21), rng.choice(TELLING)]) & 0xFFFFFFFF
        struct.pack_into(">I", data, at - 4, size)


def _rename_box(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    at = data.find(rng.choice(KINDS), rng.randrange(len(data)))
    if at >= 0:
        data[at : at + 4] = rng.choice(KINDS)


def _cut(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 65)]


def _repeat(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    at, length = rng.randrange(len(data)), rng.randrange(1, 129)
    data[at:at] = bytes(data[at : at + length]) * min(rng.choice([1, 2, 50]), 1 + 50_000 // len(data))


def _splice(data: bytearray, rng: random.Random, others: list[bytes]) -> None:
    other = rng.choice(others)
    start = rng.randrange(len(other))
    at = rng.randrange(len(data))
    data[at:at] = other[start : start + rng.randrange(1, 400)]


def _noise(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    at = rng.randrange(len(data))
    data[at : at + 16] = rng.randbytes(rng.randrange(17))


_CHANGES: list[Callable[[bytearray, random.Random, list[bytes]], None]] = [
    _flip, _flip, _put_number, _put_number, _put_number, _resize_box, _resize_box, _rename_box, _cut, _remove, _repeat,
    _splice, _noise,
]  # fmt: skip


def check_answers(path: Path) -> tuple[SphericalMetadata | None, Sa3d | None]:
    """What both readers say of a file; an AssertionError when it is not of the kind that they promise."""
    sphere, sound = read_spherical(path), read_sa3d(path)
    if sphere is not None:
        assert sphere.source in ("sv3d", "uuid", "matroska")
        assert sphere.projection in (None, "equirectangular", "cubemap", "mesh", "fisheye")
        top, bottom, left, right = sphere.bounds
        assert min(sphere.bounds) >= 0
        assert max(top + bottom, left + right) < 1
        assert all(abs(angle) <= 180 for angle in sphere.pose_deg)
        assert len(sphere.doubts) < 10
        assert all(len(doubt) < 200 for doubt in sphere.doubts)
    if sound is not None:
        assert (sound.channel_map is None) == bool(sound.doubts)
        assert len(sound.map) <= 1024
        assert sum(map(len, sound.doubts)) < 500
        if sound.channel_map is not None:
            assert len(set(sound.channel_map)) == 4
            assert max(sound.channel_map) < sound.channels
    return sphere, sound


def giants(size: int) -> dict[str, Callable[[], bytes]]:
    """What makes headers of about `size` bytes that make a reader work, by what they try."""
    described = box("hdlr", bytes(8), b"vide", bytes(13))
    heard = box("hdlr", bytes(8), b"soun", bytes(13))

    def stsd(handler: bytes, *entries: bytes) -> bytes:
        inside = box("minf", box("stbl", box("stsd", bytes(8), *entries)))
        return mp4(box("trak", box("mdia", handler, inside)))

    def bomb() -> bytes:
        """A mesh that unpacks to many times `size`."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = b"".join(packer.compress(bytes(size)) for _ in range(50)) + packer.flush()
        return boxes.sv3d(box("mshp", boxes.mshp_payload(packed, b"dfl8")))

    def deep() -> bytes:
        inside = b""
        for level in range(1000):
            inside = box("moov", box("trak", inside) if level % 3 else inside)
        return inside

    def endless_lists() -> bytes:
        count = min(size, 1_900_000) // 6
        lists = struct.pack(">III", 0, 0, count) + bytes(6 * count)
        return boxes.sv3d(box("mshp", boxes.mshp_payload(box("mesh", lists))))

    def many(one: bytes) -> bytes:
        return one * (size // len(one))

    return {
        "tiny boxes": lambda: many(b"\0\0\0\x08free"),
        "tiny boxes in moov": lambda: box("moov", many(b"\0\0\0\x08free")),
        "tiny tracks": lambda: mp4(many(b"\0\0\0\x08trak")),
        "tracks": lambda: mp4(many(trak())),
        "tiny media": lambda: mp4(box("trak", many(b"\0\0\0\x08mdia"))),
        "handlers": lambda: mp4(box("trak", box("mdia", many(box("hdlr", bytes(12)))))),
        "tiny tables": lambda: mp4(box("trak", box("mdia", described, box("minf", many(b"\0\0\0\x08stbl"))))),
        "sample entries": lambda: stsd(described, many(box("avc1", bytes(78)))),
        "sound entries": lambda: stsd(heard, many(box("mp4a", bytes(28)))),
        "waves": lambda: stsd(heard, box("mp4a", bytes(28), many(box("wave", box("esds"))))),
        "short SA3Ds": lambda: stsd(heard, box("mp4a", bytes(28), many(box("SA3D", bytes(11))))),
        "a long SA3D": lambda: stsd(heard, box("mp4a", bytes(28), sa3d(range(size // 4)))),
        "spheres": lambda: mp4(trak(st3d(1), many(boxes.sv3d(b"", boxes.prhd((999.0, 0.0, 0.0)))))),
        "poses": lambda: mp4(trak(st3d(1), boxes.sv3d(many(boxes.prhd((999.0, 0.0, 0.0)))))),
        "projections": lambda: mp4(trak(boxes.sv3d(many(box("equi", bytes(9)))))),
        "a mesh that unpacks to a giant": lambda: mp4(trak(bomb())),
        "many such meshes": lambda: mp4(trak(bomb() * 200)),
        "a mesh of endless lists": lambda: mp4(trak(endless_lists())),
        "a mesh of noise": lambda: mp4(trak(boxes.sv3d(box("mshp", random.Random(1).randbytes(size))))),
        "an endless xml": lambda: mp4(trak(extra=box("uuid", boxes.V1_UUID, many(b"GSpherical:ProjectionType \n>")))),
        "an xml of spaces": lambda: mp4(
            trak(extra=box("uuid", boxes.V1_UUID, b"GSpherical:ProjectionType>", b" " * size, b"<"))
        ),
        "many xmls": lambda: mp4(many(trak(extra=box("uuid", boxes.V1_UUID, b"GSpherical:ProjectionType>" * 400)))),
        "user data": lambda: mp4(many(box("udta", box("uuid", bytes(16))))),
        "nested deep": deep,
        "fragments": lambda: mp4(trak(), sound_trak()) + many(box("moof", bytes(40)) + box("mdat", bytes(40))),
        "tiny elements": lambda: element(0x1A45DFA3) + element(0x18538067, b"\xec\x80" * (size // 2), size_bytes=8),
        "tiny matroska tracks": lambda: element(0x1A45DFA3)
        + element(0x18538067, element(0x1654AE6B, b"\xae\x80" * (size // 2), size_bytes=8), size_bytes=8),
        "unknown sizes in each other": lambda: element(0x1A45DFA3)
        + many(bytes.fromhex("18538067ff 1654ae6bff aeff e0ff 7670ff")),
        "matroska spheres": lambda: matroska(stereo_mode(1), many(projection_elements(0, None, (math.nan, 0.0, 0.0)))),
        "matroska meshes": lambda: matroska(many(projection_elements(3, bomb()[-3000:]))),
    }  # fmt: skip
