"""Spherical metadata, read from boxes and elements that are written by hand, and as ffmpeg understands them."""

import math
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds import boxes, dot
from worlds.boxes import box, cbmp, element, equi, matroska, mp4, mshp, projection_elements, st3d, stereo_mode, trak, v1

from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.spherical import read_spherical
from yt360_tools.media.spherical_fields import SphericalMetadata

POSE = (37.25, -21.5, 113.0625)  # generic, and whole in 16.16 fixed point
MISSING = (0.125, 0.0625, 0.3125, 0.03125)
CUBE = {"cube_layout": 0}


def read(tmp_path: Path, data: bytes) -> SphericalMetadata | None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    return read_spherical(path)


@pytest.mark.parametrize("mdat_first", [False, True])
@pytest.mark.parametrize(
    ("inside", "projection", "stereo"),
    [
        ((equi(),), "equirectangular", None),
        ((st3d(0), equi()), "equirectangular", "mono"),
        ((st3d(1), equi()), "equirectangular", "top-bottom"),
        ((equi(), st3d(2)), "equirectangular", "left-right"),
        ((st3d(3), mshp()), "mesh", "custom"),
        ((st3d(4), equi()), "equirectangular", "right-left"),
        ((st3d(5), equi()), "equirectangular", None),
        ((st3d(1),), None, "top-bottom"),
    ],
)
def test_version_2_boxes(
    tmp_path: Path, inside: tuple[bytes, ...], projection: str | None, stereo: str | None, mdat_first: bool
) -> None:
    sound = trak(handler="soun")
    assert read(tmp_path, mp4(sound, trak(*inside), mdat_first=mdat_first)) == SphericalMetadata(
        projection, stereo, "sv3d"
    )


@pytest.mark.parametrize("stereo", ["", "mono", "top-bottom", "left-right"])
def test_version_1_xml(tmp_path: Path, stereo: str) -> None:
    found = read(tmp_path, mp4(trak(extra=v1(stereo=stereo))))
    assert found == SphericalMetadata("equirectangular", stereo or None, "uuid")


def test_version_2_wins_over_version_1(tmp_path: Path) -> None:
    found = read(tmp_path, mp4(trak(mshp(), extra=v1())))
    assert found == SphericalMetadata("mesh", None, "sv3d")


def test_a_uuid_of_something_else_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, mp4(trak(extra=box("uuid", bytes(16), v1()[24:])))) is None


@pytest.mark.parametrize("unknown_sizes", [False, True])
@pytest.mark.parametrize(("kind", "projection"), [(0, None), (1, "equirectangular"), (2, "cubemap"), (3, "mesh")])
@pytest.mark.parametrize(
    ("mode", "stereo"),
    [(0, "mono"), (1, "left-right"), (2, "bottom-top"), (3, "top-bottom"), (11, "right-left"), (15, "custom")],
)
def test_matroska(
    tmp_path: Path, kind: int, projection: str | None, mode: int, stereo: str, unknown_sizes: bool
) -> None:
    video = (stereo_mode(mode), projection_elements(kind))
    found = read(tmp_path, matroska(*video, unknown_sizes=unknown_sizes))
    assert found == SphericalMetadata(projection, stereo, "matroska")


class TestFields:
    """What stands beside the projection's name."""

    @pytest.mark.parametrize("shape", [equi, cbmp, mshp])
    def test_a_pose(self, tmp_path: Path, shape: Callable[..., bytes]) -> None:
        found = read(tmp_path, mp4(trak(shape(pose_deg=POSE))))
        assert found is not None
        assert found.pose_deg == POSE

    def test_bounds(self, tmp_path: Path) -> None:
        found = read(tmp_path, mp4(trak(equi(MISSING))))
        assert found == SphericalMetadata("equirectangular", None, "sv3d", bounds=MISSING)

    @pytest.mark.parametrize(("layout", "padding"), [(0, 0), (0, 7), (200, 0)])
    def test_a_cubemap(self, tmp_path: Path, layout: int, padding: int) -> None:
        found = read(tmp_path, mp4(trak(cbmp(layout, padding))))
        assert found == SphericalMetadata("cubemap", None, "sv3d", cube_layout=layout, cube_padding_px=padding)

    @pytest.mark.parametrize("double", [False, True])
    def test_matroska_says_the_same(self, tmp_path: Path, double: bool) -> None:
        cropped = projection_elements(1, boxes.equi_payload(MISSING), POSE, double=double)
        found = read(tmp_path, matroska(stereo_mode(11), cropped))
        wanted = SphericalMetadata("equirectangular", "right-left", "matroska", pose_deg=POSE, bounds=MISSING)
        assert found == wanted
        found = read(tmp_path, matroska(projection_elements(2, boxes.cbmp_payload(0, 3), POSE)))
        assert found == SphericalMetadata("cubemap", None, "matroska", pose_deg=POSE, cube_layout=0, cube_padding_px=3)

    def test_version_1_says_it_in_pixels_and_by_compass(self, tmp_path: Path) -> None:
        fields = {
            "FullPanoWidthPixels": 4000,
            "FullPanoHeightPixels": 2000,
            "CroppedAreaImageWidthPixels": 2500,
            "CroppedAreaImageHeightPixels": 1500,
            "CroppedAreaLeftPixels": "\n    1200\n  ",
            "CroppedAreaTopPixels": 100,
            "PoseHeadingDegrees": 30.5,
            "PosePitchDegrees": -12,
            "PoseRollDegrees": "4.25",
        }
        found = read(tmp_path, mp4(trak(extra=v1(**fields))))
        wanted = SphericalMetadata("equirectangular", None, "uuid", (-30.5, -12.0, 4.25), (0.05, 0.2, 0.3, 0.075))
        assert found == wanted

    def test_a_whole_picture_of_version_1_is_whole(self, tmp_path: Path) -> None:
        """A pixel of rounding is no crop beyond the edge."""
        for kept in (1920, 1921):
            fields = {"FullPanoWidthPixels": 1920, "CroppedAreaImageWidthPixels": kept, "CroppedAreaLeftPixels": 0}
            assert read(tmp_path, mp4(trak(extra=v1(**fields)))) == SphericalMetadata("equirectangular", None, "uuid")

    @pytest.mark.parametrize("name", ["fisheye", "Dual-Fisheye"])
    def test_a_fisheye_is_called_by_its_name(self, tmp_path: Path, name: str) -> None:
        assert read(tmp_path, mp4(trak(extra=v1(name)))) == SphericalMetadata("fisheye", None, "uuid")


NONSENSE = {
    "a pose of two turns": (mp4(trak(equi(pose_deg=(0.0, 720.0, 0.0)))), "a pose of 0, 720, 0 degrees"),
    "half a pose": (
        mp4(trak(boxes.sv3d(box("equi", boxes.equi_payload()), box("prhd", bytes(9))))),
        "a pose of 9 bytes",
    ),
    "nothing left of the width": (mp4(trak(equi((0, 0, 0.5, 0.5)))), "bounds of 0, 0, 0.5, 0.5"),
    "less than nothing left": (mp4(trak(equi((0.75, 0.5, 0, 0)))), "bounds of 0.75, 0.5, 0, 0"),
    "half the bounds": (mp4(trak(boxes.sv3d(box("equi", bytes(12))))), "a projection's box of 12 bytes"),
    "nan in Matroska": (matroska(projection_elements(1, None, (0, math.nan, 0))), "a pose of 0, nan, 0 degrees"),
    "an infinite turn": (matroska(projection_elements(1, None, (math.inf, 0, 0), double=True)), "a pose of inf, 0, 0"),
    "a float of three bytes": (
        matroska(element(0x7670, element(0x7671, b"\x01"), element(0x7675, bytes(3)))),
        "a pose of 0, 0, nan degrees",
    ),
    "a crop larger than the whole": (
        mp4(trak(extra=v1(FullPanoWidthPixels=1900, CroppedAreaImageWidthPixels=1920, CroppedAreaLeftPixels=15))),
        "bounds of 0, 0, 0.00789",
    ),
    "a whole of nothing": (
        mp4(trak(extra=v1(FullPanoHeightPixels=0, CroppedAreaImageHeightPixels=9))),
        "bounds of nan, nan, 0, 0",
    ),
    "a crop in words": (
        mp4(trak(extra=v1(FullPanoHeightPixels="many", CroppedAreaImageHeightPixels=9))),
        "bounds of nan, nan, 0, 0",
    ),
    "a heading in words": (mp4(trak(extra=v1(PoseHeadingDegrees="north"))), "a pose of nan, 0, 0 degrees"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_counts_as_absent_and_is_said(tmp_path: Path, case: str) -> None:
    data, says = NONSENSE[case]
    found = read(tmp_path, data)
    assert found is not None
    assert (found.projection, found.pose_deg, found.bounds) == ("equirectangular", boxes.FLAT, boxes.WHOLE)
    (doubt,) = found.doubts
    assert doubt.startswith(says)


def test_a_whole_turn_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, mp4(trak(equi(pose_deg=(360.0, 0.0, -270.0)))))
    assert found is not None
    assert (found.pose_deg, found.doubts) == ((0.0, 0.0, 90.0), ())


class TestAsFfmpegUnderstandsIt:
    """ffmpeg reads what is written here, and writes what is read here."""

    @pytest.fixture
    def film(self, tmp_path: Path) -> Path:
        path = tmp_path / "film.mp4"
        dot.run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=64x32:d=0.2", "-c:v", "libx264", path])
        return path

    @staticmethod
    def described(path: Path) -> str:
        return run_ffmpeg(["-loglevel", "info", "-i", str(path)]).stderr.decode()

    def test_a_pose_and_two_eyes(self, film: Path) -> None:
        boxes.put_into_mp4(film, st3d(2), equi(pose_deg=POSE))
        for path in (film, self.copied(film, "mkv")):
            found = read_spherical(path)
            assert found is not None
            assert (found.projection, found.stereo, found.pose_deg) == ("equirectangular", "left-right", POSE)
            seen = self.described(path)
            assert re.search(r"(?i)spherical.*: equirectangular \(37\.25\d*/-21\.5\d*/113\.06\d*\)", seen), seen
            assert re.search(r"(?i)stereo.*: side by side", seen), seen

    @pytest.mark.parametrize("container", ["mp4", "mkv"])
    def test_a_cropped_picture(self, film: Path, container: str) -> None:
        boxes.put_into_mp4(film, equi(MISSING))
        for path in (film, self.copied(film, container)):
            found = read_spherical(path)
            assert found is not None
            assert found.bounds == pytest.approx(MISSING, abs=0.02)  # ffmpeg counts them in pixels of a picture
            assert "tiled equirectangular" in self.described(path)

    @pytest.mark.parametrize("container", ["mp4", "mkv"])
    def test_a_padded_cubemap(self, film: Path, container: str) -> None:
        boxes.put_into_mp4(film, cbmp(0, 5))
        for path in (film, self.copied(film, container)):
            found = read_spherical(path)
            assert found is not None
            assert (found.projection, found.cube_layout, found.cube_padding_px) == ("cubemap", 0, 5)
            assert "cubemap [pad 5]" in self.described(path)

    @pytest.mark.parametrize(
        ("word", "stereo"),
        [
            ("mono", "mono"),
            ("left_right", "left-right"),
            ("right_left", "right-left"),
            ("top_bottom", "top-bottom"),
            ("bottom_top", "bottom-top"),
        ],
    )
    def test_the_eyes_of_matroska(self, film: Path, tmp_path: Path, word: str, stereo: str) -> None:
        path = tmp_path / "eyes.mkv"
        dot.run_ffmpeg(["-i", film, "-c", "copy", "-metadata:s:v:0", f"stereo_mode={word}", path])
        found = read_spherical(path)
        assert found is not None
        assert found.stereo == stereo

    @staticmethod
    def copied(film: Path, container: str) -> Path:
        path = film.with_name(f"copy.{container}")
        dot.run_ffmpeg(["-i", film, "-c", "copy", "-strict", "unofficial", path])
        return path


def test_a_plain_film_has_none(tmp_path: Path) -> None:
    for name in ("plain.mp4", "fragments.mp4", "plain.mkv"):
        flags = ["-movflags", "frag_keyframe+empty_moov"] if name.startswith("frag") else []
        source = ["-f", "lavfi", "-i", "testsrc2=s=64x32:d=0.2", "-c:v", "libx264"]
        assert run_ffmpeg([*source, *flags, str(tmp_path / name)]).returncode == 0
        assert read_spherical(tmp_path / name) is None
    assert read_spherical(tmp_path / "absent.mp4") is None


def test_garbage_is_no_metadata_and_no_error(tmp_path: Path) -> None:
    """Flipped bytes, cuts, absurd sizes, noise: never an exception, never for long, and never a number that is none."""
    rng = random.Random(0)
    video = (stereo_mode(1), projection_elements(1, boxes.equi_payload(MISSING), POSE))
    crop = {"FullPanoWidthPixels": 40, "CroppedAreaImageWidthPixels": 30, "PoseHeadingDegrees": 7}
    seeds = [
        mp4(trak(st3d(1), equi(MISSING, POSE), extra=v1())),
        matroska(*video),
        matroska(*video, unknown_sizes=True),
        mp4(trak(extra=v1(**crop))),
        mp4(trak(cbmp(0, 3, POSE))),
    ]
    known = {None, "sv3d", "uuid", "matroska"}
    for turn in range(1500):
        data = bytearray(seeds[turn % len(seeds)])
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(min(len(data), 900))] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
        found = read(tmp_path, bytes(data[: rng.randrange(len(data)) if turn % 7 == 0 else None]))
        assert (found.source if found else None) in known
        if found:
            top, bottom, left, right = found.bounds
            assert min(found.bounds) >= 0
            assert max(top + bottom, left + right) < 1
            assert all(abs(angle) <= 180 for angle in found.pose_deg)
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


def test_every_cut_of_a_file_is_read_without_an_error(tmp_path: Path) -> None:
    for whole in (mp4(trak(equi(MISSING, POSE), extra=v1())), matroska(projection_elements(2, boxes.cbmp_payload()))):
        for length in range(0, min(len(whole), 1100), 7):
            read(tmp_path, whole[:length])
