"""A demo video in EAC with its sound, turned to a viewport that follows what sounds; the truth is in truth.json.

Where the object is at a time is computed here from the truth's own words (great circles, evenly), not by the package.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from worlds.dot import angle_deg, run_ffmpeg, unit_vector

from yt360_tools.cli import yt360

RATE_HZ = 48_000
HFOV_DEG, WIDTH, HEIGHT = 60.0, 240, 180
ROLL_DEG = 25.0


@dataclass(frozen=True)
class World:
    """A demo video's files and what its truth says."""

    video: Path
    audio: Path
    truth: dict[str, Any]

    def followed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The last arrangement and the one object that sounds in it; it moves."""
        arrangement = self.truth["arrangements"][-1]
        (found,) = [one for one in arrangement["objects"] if one["role"] == "sounding"]
        path = found["path"]
        assert len(set(zip(path["azimuth_deg"], path["elevation_deg"], strict=True))) > 2
        return arrangement, found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    out = tmp_path_factory.mktemp("demo") / "world"
    words = [str(out), "--videos=1", "--seconds=6", "--width=640", "--fps=12", "--projection=eac", "--seed=5"]
    assert CliRunner().invoke(yt360, ["demo", *words, "--workers=1"]).exit_code == 0
    (truth,) = json.loads((out / "truth.json").read_text(encoding="utf-8"))["videos"]
    assert truth["projection"] == "eac"
    return World(out / "media" / truth["video_file"], out / "media" / truth["audio_file"], truth)


def place_at(path: dict[str, list[float]], time_s: float) -> NDArray[np.float64]:
    """The unit vector to an object: between two keyframes evenly along the great circle (Rodrigues)."""
    last = len(path["times_s"]) - 2
    key = min(max(int(np.searchsorted(path["times_s"], time_s, side="right")) - 1, 0), last)
    here, there = (unit_vector(path["azimuth_deg"][at], path["elevation_deg"][at]) for at in (key, key + 1))
    share = (time_s - path["times_s"][key]) / (path["times_s"][key + 1] - path["times_s"][key])
    axis = np.cross(here, there)
    if np.linalg.norm(axis) < 1e-12:
        return here
    angle = np.clip(share, 0, 1) * np.arctan2(np.linalg.norm(axis), here @ there)
    axis /= np.linalg.norm(axis)
    return here * np.cos(angle) + np.cross(axis, here) * np.sin(angle)


def write_keyframes(file: Path, path: dict[str, list[float]], roll_deg: float | None = None) -> Path:
    rows = zip(path["times_s"], path["azimuth_deg"], path["elevation_deg"], strict=True)
    more = ("", "") if roll_deg is None else (",roll_deg", f",{roll_deg}")
    lines = [f"time_s,yaw_deg,pitch_deg{more[0]}", *(f"{t},{yaw},{pitch}{more[1]}" for t, yaw, pitch in rows)]
    file.write_text("\n".join(lines) + "\n")
    return file


@dataclass(frozen=True)
class Followed:
    """A written crop: times on the source's clock, RGB frames, and the sound (4, samples)."""

    start_s: float
    times_s: NDArray[np.float64]
    frames: NDArray[np.uint8]
    sound: NDArray[np.float64]

    def arrival(self, time_s: float, reach_s: float = 0.08) -> NDArray[np.float64]:
        middle = time_s - self.start_s
        w, y, z, x = self.sound[:, round((middle - reach_s) * RATE_HZ) : round((middle + reach_s) * RATE_HZ)]
        mean = np.array([np.mean(w * x), np.mean(w * y), np.mean(w * z)]) / np.mean(w * w)
        assert np.linalg.norm(mean) > 0.9, "nothing else sounds there"
        return mean / np.linalg.norm(mean)


def crop(world: World, folder: Path, start_s: float, end_s: float, roll_deg: float | None = None) -> Followed:
    keys = write_keyframes(folder / "path.csv", world.followed()[1]["path"], roll_deg)
    out = folder / "out.mp4"
    words = ["project", world.video, "--sound", world.audio, "-o", out, "--to", "viewport", "--path", keys]
    words += ["--hfov", HFOV_DEG, "--size", f"{WIDTH}x{HEIGHT}", "--start", start_s, "--end", end_s, "--quality", 10]
    done = CliRunner().invoke(yt360, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with av.open(str(out)) as container:  # all of it decodes
        decoded = list(container.decode(video=0))
    with av.open(str(out)) as container:
        assert container.streams.audio[0].codec_context.channels == 4
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    raw = run_ffmpeg(["-i", out, "-map", "0:v", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
    frames = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    assert len(frames) == len(decoded)
    times_s = np.array([float(frame.pts * frame.time_base) for frame in decoded]) + start_s
    return Followed(start_s, times_s, frames, sound.astype(float))


def offset_from_middle_deg(frames: NDArray[np.uint8], radius_deg: float) -> float:
    """How far from the middle the nearest thing lies that is the object's size and stays as it is while all moves."""
    change = cv2.GaussianBlur(frames.astype(np.float32).std(axis=0).mean(axis=-1), (0, 0), 2)
    still = (change < 0.3 * np.median(change)).astype(np.uint8)
    _, _, sizes, middles = cv2.connectedComponentsWithStats(still)
    per_px = np.degrees(np.tan(np.radians(HFOV_DEG / 2)) * 2 / WIDTH)
    share = sizes[1:, cv2.CC_STAT_AREA] * per_px**2 / (np.pi * radius_deg**2)
    things = middles[1:][(share > 0.2) & (share < 1.5)]
    assert len(things), "nothing of its size stays as it is"
    off = np.linalg.norm(things - [(WIDTH - 1) / 2, (HEIGHT - 1) / 2], axis=1)
    return float(off.min() * per_px)


@pytest.fixture(scope="module")
def seen(world: World, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """The crop that follows, over the whole of the last arrangement."""
    arrangement, _ = world.followed()
    return crop(world, tmp_path_factory.mktemp("followed"), arrangement["start_s"], arrangement["end_s"])


def test_what_is_followed_stays_in_the_middle_and_in_front(world: World, seen: Followed) -> None:
    arrangement, followed = world.followed()
    start_s, end_s = arrangement["start_s"], arrangement["end_s"]
    assert seen.times_s == pytest.approx(start_s + np.arange(len(seen.frames)) / world.truth["fps"], abs=1e-6)
    assert len(seen.frames) == round((end_s - start_s) * world.truth["fps"])
    assert offset_from_middle_deg(seen.frames[1:-1], followed["angular_radius_deg"]) < 1.5
    places = []
    for time_s in np.linspace(start_s + 0.2, end_s - 0.2, 9):
        places.append(place_at(followed["path"], time_s))
        assert angle_deg(seen.arrival(time_s), np.array([1.0, 0.0, 0.0])) < 1.5, f"at {time_s:.2f} s"
    assert max(angle_deg(places[0], place) for place in places) > 25, "it has gone far in between"


def around(frame: NDArray[np.uint8], ray: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean colour of 7 x 7 pixels about where a camera sees a ray (front, left, up)."""
    scale = WIDTH / 2 / np.tan(np.radians(HFOV_DEG / 2))
    column = round((WIDTH - 1) / 2 - scale * ray[1] / ray[0])
    row = round((HEIGHT - 1) / 2 - scale * ray[2] / ray[0])
    return frame[row - 3 : row + 4, column - 3 : column + 4].reshape(-1, 3).mean(axis=0)


def test_what_is_looked_past_is_seen_and_heard_beside_the_middle(world: World, seen: Followed, tmp_path: Path) -> None:
    """The view, rolled, is a second behind: the object is where a camera of these axes has it, off the middle, so
    that the order and the signs of the angles count."""
    arrangement, followed = world.followed()
    path = followed["path"]
    lagging = {**path, "times_s": [time_s + 1.0 for time_s in path["times_s"]]}
    behind = World(
        world.video,
        world.audio,
        {**world.truth, "arrangements": [{**arrangement, "objects": [{**followed, "path": lagging}]}]},
    )
    beside = crop(behind, tmp_path, arrangement["start_s"] + 1.0, arrangement["end_s"], ROLL_DEG)
    colour = around(seen.frames[len(seen.frames) // 2], np.array([1.0, 0.0, 0.0]))
    for number in range(3, len(beside.frames) - 3, 3):
        time_s = beside.times_s[number]
        look, place = place_at(lagging, time_s), place_at(path, time_s)
        yaw_deg = np.degrees(np.arctan2(look[1], look[0]))
        level_left = unit_vector(yaw_deg + 90, 0.0)
        level_up = np.cross(look, level_left)
        cosine, sine = np.cos(np.radians(ROLL_DEG)), np.sin(np.radians(ROLL_DEG))
        there = np.stack([look, cosine * level_left + sine * level_up, cosine * level_up - sine * level_left]) @ place
        assert angle_deg(look, place) > 10
        assert angle_deg(beside.arrival(time_s, 0.03), there) < 1.5, f"the sound at {time_s:.2f} s"
        assert np.abs(around(beside.frames[number], there) - colour).max() < 30, f"the picture at {time_s:.2f} s"
        assert np.abs(around(beside.frames[number], there * [1, -1, -1]) - colour).max() > 60
