"""A picture that is taken as a whole sphere and has not the shape of one: squashed, cropped, or between bars.

The spheres are drawn with plain numpy: waves over the unit sphere, seen at each pixel's direction.
"""

from pathlib import Path

import numpy as np
import pytest

from yt360_tools.config import Config, resolve
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.findings import Finding
from yt360_tools.examine.picture import examine_picture
from yt360_tools.media.ffmpeg import run_ffmpeg

WIDTH, HEIGHT, FRAMES = 640, 320, 24


def sphere(top: float = 0.0, bottom: float = 0.0, height: int = HEIGHT) -> np.ndarray:
    """Frames of a sphere from which shares of the rows are left out above and below, (frames, height, width, 3)."""
    rng = np.random.default_rng(4)
    latitude = np.pi * (0.5 - (top + (1 - top - bottom) * (np.arange(height) + 0.5) / height))[:, None]
    longitude = 2 * np.pi * (np.arange(WIDTH) + 0.5)[None, :] / WIDTH
    rays = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude) + 0 * longitude],
        axis=-1,
    )
    ways, phases = rng.normal(0, 14, (40, 3)), rng.uniform(0, 6, (40, 3))
    weights = 25 / (1 + np.linalg.norm(ways, axis=1) / 10)
    still = rays @ ways.T
    frames = [
        128 + np.stack([np.sin(still + phases[:, c] + 0.2 * number) @ weights for c in range(3)], axis=-1)
        for number in range(FRAMES)
    ]
    return np.clip(frames, 0, 255).astype(np.uint8)


def film(path: Path, frames: np.ndarray, *options: str) -> Path:
    raw = path.with_suffix(".raw")
    raw.write_bytes(frames.tobytes())
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    come_in = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "12", "-i", raw]
    done = run_ffmpeg(["-y", *come_in, *options, "-c:v", "libx264", "-crf", "16", "-g", "6", "-threads", "1", path])
    assert not done.returncode, done.stderr.decode()
    raw.unlink()
    return path


def findings(path: Path, **declared: str) -> dict[str, Finding]:
    found = examine_picture(path, Config(), Declared(**declared)).findings  # type: ignore[arg-type]
    return {finding.code: finding for finding in found}


def test_a_whole_sphere_is_not_spoken_of(tmp_path: Path) -> None:
    assert not {"odd_shape", "letterboxed"} & {*findings(film(tmp_path / "a.mp4", sphere()))}


@pytest.mark.parametrize(("cut", "error_deg"), [(0.1, 18.0), (0.1875, 33.75)])
def test_rows_that_were_cut_off(tmp_path: Path, cut: float, error_deg: float) -> None:
    """The sentence tells by how much directions are wrong at the edge: the rows that are gone."""
    path = film(tmp_path / "a.mp4", sphere(cut, cut, round(HEIGHT * (1 - 2 * cut))))
    odd = findings(path)["odd_shape"]
    assert odd.severity == "doubt"
    assert f"up to {error_deg:.0f} degrees" in odd.text
    assert findings(path, projection="er")["odd_shape"].severity == "note"


def test_a_squashed_sphere_is_whole(tmp_path: Path) -> None:
    """What was 2:1 in a file of 16:9, as some cameras write it: both poles are there."""
    odd = findings(film(tmp_path / "a.mp4", sphere(), "-vf", "scale=640:360"))["odd_shape"]
    assert (odd.severity, "poles" in odd.text) == ("note", True)


@pytest.mark.parametrize("header", [False, True])
def test_bars_above_and_below_are_none_of_a_sphere(tmp_path: Path, *, header: bool) -> None:
    path = film(tmp_path / "a.mp4", sphere(), "-vf", "pad=640:360:0:20")
    said = {"projection": "er"} if header else {}
    boxed = findings(path, **said)["letterboxed"]
    assert (boxed.severity, "crop=640:320:0:20" in boxed.text) == ("note" if header else "doubt", True)
    assert "not_equirectangular" not in findings(path, **said)


def test_how_much_is_odd_is_a_threshold(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", sphere(0.1, 0.1, 256))
    config = resolve({"picture": {"shape_most_off": 0.5}})
    assert not [one for one in examine_picture(path, config, Declared()).findings if one.code == "odd_shape"]
