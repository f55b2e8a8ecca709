"""How the sphere lies in a frame: who has the last word, and what the look of the frames tells."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.geometry import er_rays, fibonacci_sphere
from yt360_tools.media import layout
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.layout import LayoutError, decide_layout, turned_pose
from yt360_tools.media.look import look_of
from yt360_tools.media.spherical_fields import SphericalMetadata
from yt360_tools.records import SourceLayout

WIDTH, HEIGHT = 512, 256


def scene(seed: int, *, sky: float = 40.0, detail: float = 30.0) -> np.ndarray:
    """A panorama (HEIGHT, WIDTH) of gray levels: bright above, dark below, things of all sizes all around."""
    rng = np.random.default_rng(seed)
    rays = er_rays(WIDTH, HEIGHT)
    picture = 110 + sky * np.tanh(3 * rays[..., 2])
    for frequency in (2, 4, 8, 16, 32):
        axes = fibonacci_sphere(12) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        waves = np.sin(frequency * rays @ axes.T * 1.7 + rng.uniform(0, 6.28, 12))
        picture += detail * (waves @ rng.normal(size=12)) / np.sqrt(12) / frequency**0.5
    return np.clip(picture, 0, 255).astype(np.uint8)


def write_film(path: Path, picture: np.ndarray, *filters: str, seconds: float = 2.0) -> Path:
    raw = path.with_suffix(".gray")
    raw.write_bytes(picture.tobytes())
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{picture.shape[1]}x{picture.shape[0]}", "-i", str(raw)]
    loop = f"loop=loop={int(5 * seconds)}:size=1,fps=5"
    options = ["-c:v", "libx264", "-crf", "20", "-g", "2", "-pix_fmt", "yuv420p"]
    done = run_ffmpeg(["-y", "-r", "5", *source, "-vf", ",".join([*filters, loop]), *options, str(path)])
    assert done.returncode == 0, done.stderr.decode()
    return path


def squeeze(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    height, width = picture.shape
    return picture.reshape(height // rows, rows, width // columns, columns).mean(axis=(1, 3)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_an_er_film_is_seen_as_er(tmp_path: Path, seed: int) -> None:
    film = write_film(tmp_path / "er.mp4", scene(seed))
    assert decide_layout(film) == SourceLayout("er", "mono", "content")


@pytest.mark.parametrize("size", ["960x640", "960x540", "768x512"])
@pytest.mark.parametrize("seed", range(4))
def test_an_eac_film_is_seen_as_eac(tmp_path: Path, seed: int, size: str) -> None:
    width, height = size.split("x")
    film = write_film(tmp_path / "eac.mp4", scene(seed), f"v360=e:eac:w={width}:h={height}")
    assert decide_layout(film) == SourceLayout("eac", "mono", "content")


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("faces", ["frblud", "rludfb"])
def test_a_plain_cubemap_is_not_seen_as_eac(tmp_path: Path, seed: int, faces: str) -> None:
    film = write_film(tmp_path / "cube.mp4", scene(seed), f"v360=e:c3x2:w=960:h=640:out_forder={faces}")
    with pytest.raises(LayoutError) as caught:
        decide_layout(film)
    assert caught.value.reason == "not_equirectangular"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shrink", [1, 2])
def test_two_eyes_of_er(tmp_path: Path, seed: int, shrink: int) -> None:
    """Eyes at full size (1:1 and 4:1 frames) and squeezed into 2:1; the right one is turned a little."""
    left = scene(seed)
    right = np.roll(left, 2, axis=1)
    above = np.vstack([squeeze(left, shrink, 1), squeeze(right, shrink, 1)])
    beside = np.hstack([squeeze(left, 1, shrink), squeeze(right, 1, shrink)])
    for stereo, picture in (("top-bottom", above), ("left-right", beside)):
        film = write_film(tmp_path / f"{stereo}.mp4", picture)
        assert decide_layout(film) == SourceLayout("er", stereo, "content")


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((HEIGHT, WIDTH)),
        np.full((HEIGHT, WIDTH), 128.0),
        np.random.default_rng(0).normal(20, 2, (HEIGHT, WIDTH)),
        np.random.default_rng(0).uniform(0, 255, (HEIGHT, WIDTH)),
    ],
    ids=["black", "gray", "dark-noise", "noise"],
)
def test_pictures_that_tell_nothing_are_never_eac_nor_stereo(picture: np.ndarray) -> None:
    found = look_of([picture.astype(np.float32)])
    assert (found.projection, found.stereo) == ("er", "mono")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (8, 15)])
def test_a_tiny_picture_tells_nothing(shape: tuple[int, int]) -> None:
    assert look_of([np.arange(np.prod(shape), dtype=np.float32).reshape(shape)]).decided_by == "default"


def test_a_picture_whose_borders_do_not_meet_is_not_surely_er() -> None:
    ramp = np.linspace(-60, 60, WIDTH)
    found = look_of([np.clip(scene(0) * 0.5 + 64 + ramp, 0, 255).astype(np.float32)])
    assert found == SourceLayout("er", "mono", "default")


def test_a_plain_film_is_er_by_default(tmp_path: Path) -> None:
    film = write_film(tmp_path / "black.mp4", np.full((HEIGHT, WIDTH), 16, np.uint8))
    assert decide_layout(film) == SourceLayout("er", "mono", "default")


@pytest.mark.parametrize("seed", range(6))
def test_a_landscape_is_not_two_eyes_because_its_sky_is_everywhere(seed: int) -> None:
    found = look_of([scene(seed, sky=100.0, detail=12.0).astype(np.float32)])
    assert found.stereo == "mono"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "er.mp4", scene(0))


def test_the_manifest_has_the_first_word(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "read_spherical", lambda path: SphericalMetadata("equirectangular", "mono", "sv3d"))
    assert decide_layout(film, declared=("eac", "mono")) == SourceLayout("eac", "mono", "manifest")
    assert decide_layout(film, declared=("er", "top-bottom")) == SourceLayout("er", "top-bottom", "manifest")
    assert decide_layout(film, declared=(None, "left-right")) == SourceLayout("er", "left-right", "metadata")


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [
        (SphericalMetadata("equirectangular", None, "uuid"), SourceLayout("er", "mono", "metadata")),
        (SphericalMetadata("equirectangular", "top-bottom", "sv3d"), SourceLayout("er", "top-bottom", "metadata")),
        (SphericalMetadata("mesh", None, "matroska"), SourceLayout("eac", "mono", "metadata")),
        (SphericalMetadata(None, "left-right", "sv3d"), SourceLayout("er", "left-right", "content")),
        (None, SourceLayout("er", "mono", "content")),
    ],
)
def test_the_header_has_the_second(
    film: Path, monkeypatch: pytest.MonkeyPatch, metadata: SphericalMetadata | None, wanted: SourceLayout
) -> None:
    monkeypatch.setattr(layout, "read_spherical", lambda path: metadata)
    assert decide_layout(film) == wanted


UNSUPPORTED = {
    "padded cubemap": (
        SphericalMetadata("cubemap", None, "sv3d", cube_layout=0, cube_padding_px=4),
        "4 pixels of padding",
    ),
    "EAC over EAC": (SphericalMetadata("mesh", "top-bottom", "sv3d"), r"EAC in stereo \(top-bottom\).*left-right"),
    "fisheye": (
        SphericalMetadata("fisheye", None, "uuid"),
        "its header says fisheye; equirectangular, cubemap and mesh",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_is_not_supported_is_refused(film: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    metadata, says = UNSUPPORTED[case]
    monkeypatch.setattr(layout, "read_spherical", lambda path: metadata)
    with pytest.raises(MediaError, match=f"er.mp4: .*{says}") as caught:
        decide_layout(film)
    assert caught.value.reason == "unsupported_projection"


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_a_finding_is_told_apart_from_the_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Whatever words the file's name has; and both outlive the way from a worker process."""
    film = tmp_path / "Who knows. If so. Declare it.mp4"
    film.symlink_to(write_film(tmp_path / "er.mp4", scene(0)))
    metadata, says = UNSUPPORTED[case]
    monkeypatch.setattr(layout, "read_spherical", lambda path: metadata)
    with pytest.raises(LayoutError) as caught:
        decide_layout(film)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert re.match(f"{re.escape(film.name)}: .*{says}", error.finding)
        assert error.advice.startswith("If the header is wrong, ") == (case != "EAC over EAC")
        assert str(error) == (f"{error.finding}. {error.advice}" if error.advice else error.finding)


def test_unknown_words_are_refused_with_the_known_ones(film: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean 'eac'.*er, eac"):
        decide_layout(film, declared=("eacc", None))
    with pytest.raises(UsageError, match="mono, top-bottom, left-right"):
        decide_layout(film, declared=(None, "both"))
    with pytest.raises(
        UsageError, match=r"'dual-fisheye' is unknown; fisheye pictures are out of scope.*er, eac, cubemap"
    ):
        decide_layout(film, declared=("dual-fisheye", None))
    with pytest.raises(UsageError, match=r"faces are ARRANGEMENT:ORDER.*'3x2:FRBLUU'"):
        decide_layout(film, declared=("cubemap", None), faces="3x2:FRBLUU")


class TestStereo:
    """Two eyes, by the header."""

    @pytest.mark.parametrize("stereo", ["left-right", "right-left"])
    def test_of_eac_lie_side_by_side(self, film: Path, monkeypatch: pytest.MonkeyPatch, stereo: str) -> None:
        monkeypatch.setattr(layout, "read_spherical", lambda path: SphericalMetadata("mesh", stereo, "sv3d"))
        assert decide_layout(film) == SourceLayout("eac", stereo, "metadata")

    def test_with_a_mesh_each_are_the_only_eac_that_is_known(self, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layout, "read_spherical", lambda path: SphericalMetadata("mesh", "custom", "sv3d"))
        assert decide_layout(film) == SourceLayout("eac", "left-right", "metadata")

    def test_in_places_of_their_own_are_looked_for_elsewhere(self, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            layout, "read_spherical", lambda path: SphericalMetadata("equirectangular", "custom", "sv3d")
        )
        assert decide_layout(film) == SourceLayout("er", "mono", "metadata")

    def test_of_eac_are_seen(self, tmp_path: Path) -> None:
        """Each eye is turned counter-clockwise by a quarter, and squeezed into half a frame."""
        eye = write_film(tmp_path / "eye.mp4", scene(1), "v360=e:eac:w=960:h=640")
        both = tmp_path / "both.mp4"
        graph = "transpose=cclock,split[a][b];[a][b]hstack"
        assert (
            run_ffmpeg(["-y", "-i", str(eye), "-vf", graph, "-c:v", "libx264", "-crf", "20", str(both)]).returncode == 0
        )
        assert decide_layout(both) == SourceLayout("eac", "left-right", "content")


class TestCubemap:
    LAYOUT_0 = "3x2:RLUDFB:002200"  # up has the front at its top, down the back: half a turn from ours

    def test_of_layout_0(self, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        metadata = SphericalMetadata("cubemap", "top-bottom", "sv3d", cube_layout=0)
        monkeypatch.setattr(layout, "read_spherical", lambda path: metadata)
        assert decide_layout(film) == SourceLayout("cubemap", "top-bottom", "metadata", self.LAYOUT_0)

    @pytest.mark.parametrize("cube_layout", [None, 1, 2**32 - 1])
    def test_of_another_layout_needs_its_faces(
        self, film: Path, monkeypatch: pytest.MonkeyPatch, cube_layout: int | None
    ) -> None:
        metadata = SphericalMetadata("cubemap", None, "matroska", cube_layout=cube_layout)
        monkeypatch.setattr(layout, "read_spherical", lambda path: metadata)
        says = "nothing" if cube_layout is None else f"layout {cube_layout}"
        with pytest.raises(MediaError, match=f"says {says} of where the faces lie.*--faces.*column faces") as caught:
            decide_layout(film)
        assert caught.value.reason == "unknown_faces"
        assert decide_layout(film, faces="6x1:FRBLUD").faces == "6x1:FRBLUD"

    def test_declared(self, film: Path) -> None:
        with pytest.raises(MediaError, match="says nothing of where the faces lie"):
            decide_layout(film, declared=("cubemap", "mono"))
        found = decide_layout(film, declared=("cubemap", "mono"), faces="1x6:FRBLUD:010203")
        assert found == SourceLayout("cubemap", "mono", "manifest", "1x6:FRBLUD:010203")

    def test_faces_say_nothing_of_other_pictures(self, film: Path) -> None:
        assert decide_layout(film, faces="6x1:FRBLUD") == SourceLayout("er", "mono", "content")


class TestBoundsAndPose:
    CROPPED = SphericalMetadata("equirectangular", None, "sv3d", (30.0, -20.0, 10.0), (0.1, 0.2, 0.3, 0.05))

    def test_come_from_the_header(self, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layout, "read_spherical", lambda path: self.CROPPED)
        wanted = SourceLayout("er", "mono", "metadata", "", (0.1, 0.2, 0.3, 0.05), (30.0, -20.0, 10.0))
        assert decide_layout(film) == wanted
        assert decide_layout(film, declared=("er", "mono")).bounds == (0.1, 0.2, 0.3, 0.05)

    def test_bounds_are_those_of_an_er_picture(self, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layout, "read_spherical", lambda path: self.CROPPED)
        found = decide_layout(film, declared=("eac", "mono"))
        assert found == SourceLayout("eac", "mono", "manifest", pose_deg=(30.0, -20.0, 10.0))

    def test_a_pose_is_ignored_when_asked(self, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layout, "read_spherical", lambda path: self.CROPPED)
        assert decide_layout(film, pose="ignore").pose_deg == (0.0, 0.0, 0.0)
        assert decide_layout(film, pose_signs="-++").pose_deg == (-30.0, -20.0, 10.0)

    def test_each_sign_is_a_setting(self) -> None:
        assert turned_pose((10.0, 20.0, 30.0), signs="--+") == (-10.0, -20.0, 30.0)
        assert turned_pose((10.0, 20.0, 30.0), signs="++-") == (10.0, 20.0, -30.0)
        assert [str(angle) for angle in turned_pose((0.0, 0.0, 0.0), signs="---")] == ["0.0"] * 3


def flat_film(path: Path, width: int, height: int) -> Path:
    """A picture of no sphere: its borders do not meet."""
    ramp = np.linspace(20, 230, width)[None, :] + 20 * np.sin(np.arange(height) / 5)[:, None]
    return write_film(path, np.clip(ramp, 0, 255).astype(np.uint8))


class TestShape:
    @pytest.mark.parametrize(("width", "height"), [(640, 360), (640, 480), (480, 480), (480, 640)])
    def test_a_flat_film_is_no_er(self, tmp_path: Path, width: int, height: int) -> None:
        film = flat_film(tmp_path / "flat.mp4", width, height)
        with pytest.raises(MediaError, match=f"flat.mp4: .*{width} x {height}.*--projection er") as caught:
            decide_layout(film)
        assert caught.value.reason == "not_equirectangular"

    def test_unless_somebody_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        film = flat_film(tmp_path / "flat.mp4", 640, 360)
        assert decide_layout(film, declared=("er", "mono")) == SourceLayout("er", "mono", "manifest")
        assert decide_layout(film, declared=("er", None)) == SourceLayout("er", "mono", "manifest")
        assert decide_layout(film, declared=(None, "top-bottom")) == SourceLayout("er", "top-bottom", "default")
        monkeypatch.setattr(layout, "read_spherical", lambda path: SphericalMetadata("equirectangular", None, "uuid"))
        assert decide_layout(film) == SourceLayout("er", "mono", "metadata")

    def test_or_its_borders_meet(self, tmp_path: Path) -> None:
        """An ER picture squeezed to 16:9, as YouTube has many."""
        film = write_film(tmp_path / "squeezed.mp4", scene(0), "scale=640:360")
        assert decide_layout(film) == SourceLayout("er", "mono", "content")

    def test_one_of_two_to_one_may_be(self, tmp_path: Path) -> None:
        film = flat_film(tmp_path / "stitched.mp4", 640, 320)
        assert decide_layout(film) == SourceLayout("er", "mono", "default")
