"""How the sphere lies in a frame: who has the last word, and what the look of the frames tells."""

from pathlib import Path

import numpy as np
import pytest

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.geometry import er_rays, fibonacci_sphere
from yt360_tools.media import layout
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.layout import decide_layout, look_of
from yt360_tools.media.spherical import SphericalMetadata
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


@pytest.mark.parametrize(
    "metadata",
    [SphericalMetadata("cubemap", None, "sv3d"), SphericalMetadata("mesh", "left-right", "sv3d")],
)
def test_what_is_not_supported_is_refused(
    film: Path, monkeypatch: pytest.MonkeyPatch, metadata: SphericalMetadata
) -> None:
    monkeypatch.setattr(layout, "read_spherical", lambda path: metadata)
    with pytest.raises(MediaError, match="supported") as caught:
        decide_layout(film)
    assert caught.value.reason == "unsupported_projection"


def test_unknown_words_are_refused_with_the_known_ones(film: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean 'eac'.*er, eac"):
        decide_layout(film, declared=("eacc", None))
    with pytest.raises(UsageError, match="mono, top-bottom, left-right"):
        decide_layout(film, declared=(None, "both"))
