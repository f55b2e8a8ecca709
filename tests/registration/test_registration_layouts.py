"""The dot and its sound through the whole line, in every layout that a file's header or a manifest can tell.

Scenes are drawn by `worlds.layouts`, their headers written by `worlds.boxes`, and what the shards hold is measured by
`worlds.dot_finder`: none of them knows the package. Each eye of a stereo scene has a dot of its own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import boxes, dot
from worlds.dot_finder import find_dot, is_well_inside, sound_direction, view_axes
from worlds.layouts import (
    Cube,
    Dots,
    Frame,
    Globe,
    OnItsSide,
    camera_axes,
    one,
    posed,
    seen_by,
    two,
    youtube_cube,
)

# yaw, pitch, roll, hfov: generic angles, so that no two errors of sign or order cancel.
VIEWS = ((40, 20, 0, 90), (-75, -25, 30, 80), (160, 15, 25, 85), (-140, -40, -30, 90), (100, -10, 10, 80))
# Azimuth and elevation of each clip's dot. Each of them lies in one of VIEWS, and so does the other eye's.
DOTS = ((50, 28), (-66, -20), (168, 20), (-150, -50))
CROPPED_DOTS = ((50, 28), (-66, -20), (30, 8), (75, -12))
POSED_CROPPED_DOTS = ((-69, -34), (-93, -22), (15, 26), (111, -10))
FPS, RATE_HZ = 2, 8_000
FINE_SIZE, COARSE_SIZE = 160, 48
"""Pixels of a crop that ask for all of a source's, and for so few that it is scaled down on its way."""
DOT_SIZE_DEG, DOT_RGB = 2.5, (235, 20, 235)

POSE = (37.0, -24.0, 41.0)
MISSING = (0.1, 0.05, 0.2, 0.15)
TURNED_FACES = "6x1:BLUFDR:013202"
FINE_DEG, COARSE_DEG = 0.1, 0.6
"""A source's pixel is 0.56 to 0.75 degrees; a coarse crop's 1.9, and scaling moves colours by half a source's pixel."""
SOUND_DEG = 2.0


@dataclass(frozen=True)
class Case:
    """A video of a layout.

    Attributes:
        frame: what lies where in it; the sound is in the frame of the world.
        header: boxes for its file.
        eyes_in_header: makes the file Matroska, with this word of ffmpeg's for how the eyes lie.
        told: the manifest's columns.
        pose_deg: of a camera whose microphone turns with it; the sound is recorded so.
        as_stored: what a shard should tell of it.
    """

    video_id: str
    frame: Frame
    header: tuple[bytes, ...] = ()
    eyes_in_header: str = ""
    told: dict[str, str] = field(default_factory=dict)
    pose_deg: tuple[float, float, float] | None = None
    dots: tuple[tuple[float, float], ...] = DOTS
    as_stored: dict[str, Any] = field(default_factory=dict)

    @property
    def is_stereo(self) -> bool:
        return self.frame.eyes["left"] != self.frame.eyes["right"]


_EAC = youtube_cube(660, 440)
CASES = (
    Case(
        "cropped",
        one(Globe(480, 272, MISSING)),
        (boxes.equi(MISSING),),
        dots=CROPPED_DOTS,
        as_stored={"projection": "er", "bounds": pytest.approx(MISSING), "eye": ""},
    ),
    Case(
        "stereo-eac",
        two(OnItsSide(_EAC), "left-right"),
        (boxes.st3d(2), boxes.mshp()),
        as_stored={"projection": "eac", "stereo": "left-right"},
    ),
    Case(
        "swapped-eac",
        two(OnItsSide(_EAC), "right-left"),
        told={"projection": "eac", "stereo": "right-left"},
        as_stored={"projection": "eac", "stereo": "right-left", "decided_by": "manifest"},
    ),
    Case(
        "cubemap",
        one(Cube(480, 320, 3, "RLUDFB", "002200")),
        (boxes.cbmp(),),
        as_stored={"projection": "cubemap", "faces": "3x2:RLUDFB:002200", "decided_by": "metadata"},
    ),
    Case(
        "strip",
        one(Cube(960, 160, 6, "BLUFDR", "013202")),
        told={"projection": "cubemap", "faces": TURNED_FACES},
        as_stored={"projection": "cubemap", "faces": TURNED_FACES, "decided_by": "manifest"},
    ),
    Case(
        "top-bottom",
        two(Globe(640, 320), "top-bottom"),
        (boxes.st3d(1), boxes.equi()),
        as_stored={"projection": "er", "stereo": "top-bottom"},
    ),
    Case(
        "bottom-top",
        two(Globe(640, 240), "bottom-top"),
        eyes_in_header="bottom_top",
        as_stored={"projection": "er", "stereo": "bottom-top"},
    ),
    Case(
        "right-left",
        two(Globe(480, 400), "right-left"),
        (boxes.st3d(4), boxes.equi()),
        as_stored={"projection": "er", "stereo": "right-left"},
    ),
    Case(
        "posed",
        posed(one(Globe(640, 320)), POSE),
        (boxes.equi(pose_deg=POSE),),
        as_stored={"projection": "er", "pose_deg": list(POSE), "sound_turned": False},
    ),
    Case(
        "posed-cropped",
        posed(two(Globe(480, 272, MISSING), "left-right"), POSE),
        (boxes.st3d(2), boxes.equi(MISSING, POSE)),
        dots=POSED_CROPPED_DOTS,
        as_stored={"stereo": "left-right", "bounds": pytest.approx(MISSING), "pose_deg": list(POSE)},
    ),
)
SCALED = tuple(case for case in CASES if case.video_id in ("cropped", "stereo-eac", "cubemap", "right-left"))
FIXED_MICROPHONE = Case(
    "fixed-microphone",
    posed(one(_EAC), POSE),
    (boxes.mshp(POSE),),
    pose_deg=POSE,
    as_stored={"projection": "eac", "pose_deg": list(POSE), "sound_turned": True},
)


def other_eye(ray: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the other eye's dot is: 8 degrees further left and 6 down, far beyond any error of these tests."""
    azimuth, elevation = np.degrees([np.arctan2(ray[1], ray[0]), np.arcsin(ray[2])])
    return dot.unit_vector(azimuth + 8, elevation - 6)


def truth(case: Case, clip: int, eye: str) -> NDArray[np.float64]:
    """The unit vector to the dot that an eye sees in a clip; the sound is where the left eye's is."""
    ray = dot.unit_vector(*case.dots[clip])
    return other_eye(ray) if eye == "right" and case.is_stereo else ray


def write_case(media: Path, case: Case) -> None:
    """One second a clip, and a tail of half a second."""
    media.mkdir(parents=True, exist_ok=True)
    frames, sounds = [], []
    rng = np.random.default_rng(len(case.video_id))
    clips = len(case.dots)
    for clip in range(clips):
        eyes = {
            eye: Dots(truth(case, clip, eye)[None], np.array([DOT_RGB], float), np.array([DOT_SIZE_DEG]))
            for eye in ("left", "right")
        }
        last = clip == clips - 1
        frames += [case.frame.drawn(eyes)] * (FPS + (FPS // 2 if last else 0))
        samples = RATE_HZ + (RATE_HZ // 2 if last else 0)
        heard = truth(case, clip, "left")
        if case.pose_deg:
            heard = seen_by(camera_axes(case.pose_deg), heard)
        azimuth, elevation = np.degrees([np.arctan2(heard[1], heard[0]), np.arcsin(heard[2])])
        signal = 0.1 * dot.band_noise(samples, RATE_HZ, rng)
        sounds.append(dot.encode_source(signal, float(azimuth), float(elevation)))
    path = media / f"{case.video_id}.video.mp4"
    dot.write_video(path, frames, (case.frame.width, case.frame.height), FPS, "libx264")
    if case.header:
        boxes.put_into_mp4(path, *case.header)
    if case.eyes_in_header:
        eyes = ("-c", "copy", "-metadata:s:v:0", f"stereo_mode={case.eyes_in_header}")
        dot.run_ffmpeg(["-i", path, *eyes, path.with_suffix(".mkv")])
        path.unlink()
    sound = np.concatenate(sounds, axis=1).T.astype(np.float32)
    dot.write_sound(media / f"{case.video_id}.audio.flac", sound, RATE_HZ, "flac")


def clip_ids(case: Case) -> list[str]:
    return [f"{case.video_id}-{start_s}" for start_s in range(len(case.dots))]


def write_manifest(path: Path, cases: tuple[Case, ...]) -> None:
    columns = ("projection", "stereo", "faces")
    rows = [",".join(("clip_id", "video_id", "start_s", "end_s", "split", *columns))]
    for case in cases:
        told = ",".join(case.told.get(column, "") for column in columns)
        rows += [f"{name},{case.video_id},{at},{at + 1},train,{told}" for at, name in enumerate(clip_ids(case))]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layouts") / "media"
    for case in (*CASES, FIXED_MICROPHONE):
        write_case(folder, case)
    return folder


@pytest.fixture(scope="module")
def rebuild(
    tmp_path_factory: pytest.TempPathFactory, media: Path, run_yt360: Any, extract: Any
) -> Callable[..., dict[str, Any]]:
    """From cases to extracted clips by id: ``rebuild(cases, *options)``."""

    def run(cases: tuple[Case, ...], *options: str, size: int = FINE_SIZE) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("rebuilt")
        write_manifest(folder / "manifest.csv", cases)
        views = [f"--view={','.join(map(str, view))}" for view in VIEWS]
        numbers = ("--size", size, "--fps", FPS, "--sample-rate", RATE_HZ, "--codec", "raw", "--workers", 1)
        where = ("--workspace", folder / "workspace", "--media", media, *dot.TOLERATED)
        run_yt360("rebuild", folder / "manifest.csv", *where, "--layout", "viewport", *views, *numbers, *options)
        return extract(folder / "workspace", [name for case in cases for name in clip_ids(case)], folder / "clips")

    return run


@pytest.fixture(scope="module")
def left(rebuild: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return rebuild(CASES)


@pytest.fixture(scope="module")
def coarse(rebuild: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return rebuild(SCALED, size=COARSE_SIZE)


@pytest.fixture(scope="module")
def right(rebuild: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return rebuild(tuple(case for case in CASES if case.is_stereo), "--eye", "right")


def picture_errors_deg(case: Case, clips: dict[str, Any], eye: str) -> list[float]:
    """How far from the truth the dot is, in each view that has it well inside; 180 where there is none."""
    errors = []
    for at, name in enumerate(clip_ids(case)):
        ray = truth(case, at, eye)
        for view in clips[name].views:
            if is_well_inside(view, ray, radii=3):
                found = find_dot(clips[name].picture(view["index"], -1), view)
                errors.append(float(dot.angle_deg(found.world_ray, ray)) if found else 180.0)
    return errors


def sound_errors_deg(case: Case, clips: dict[str, Any]) -> list[float]:
    """How far the sound of each view comes from where the view sees the left eye's dot."""
    return [
        float(
            dot.angle_deg(
                sound_direction(clips[name].sound(f"view{view['index']}")),
                view_axes(view) @ truth(case, at, "left"),
            )
        )
        for at, name in enumerate(clip_ids(case))
        for view in clips[name].views
    ]


def check(case: Case, clips: dict[str, Any], eye: str, worst_deg: float = FINE_DEG) -> None:
    picture, sound = picture_errors_deg(case, clips, eye), sound_errors_deg(case, clips)
    assert len(picture) >= len(case.dots)
    assert max(picture) < worst_deg, np.round(picture, 2)
    assert max(sound) < SOUND_DEG, np.round(sound, 1)
    for name in clip_ids(case):
        source = clips[name].facts["source"]
        expected = {"stereo": "mono", "eye": eye if case.is_stereo else "", "sound_turned": False, **case.as_stored}
        assert {key: source[key] for key in expected} == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.video_id)
def test_dot_and_sound_are_where_truth_says(case: Case, left: dict[str, Any]) -> None:
    check(case, left, "left")


@pytest.mark.parametrize("case", SCALED, ids=lambda case: case.video_id)
def test_they_are_when_the_source_is_scaled_down_too(case: Case, coarse: dict[str, Any]) -> None:
    check(case, coarse, "left", COARSE_DEG)


@pytest.mark.parametrize("case", [case for case in CASES if case.is_stereo], ids=lambda case: case.video_id)
def test_the_right_eye_is_the_right_one(case: Case, right: dict[str, Any]) -> None:
    check(case, right, "right")


def test_a_microphone_that_is_fixed_to_the_camera(rebuild: Callable[..., dict[str, Any]]) -> None:
    clips = rebuild((FIXED_MICROPHONE,), "--turn-sound-with-pose")
    check(FIXED_MICROPHONE, clips, "left")
    for at, name in enumerate(clip_ids(FIXED_MICROPHONE)):
        stored = sound_direction(clips[name].sound("ambisonics"))
        assert dot.angle_deg(stored, truth(FIXED_MICROPHONE, at, "left")) < SOUND_DEG


def test_all_that_a_shard_tells_of_its_source_is_explained(left: dict[str, Any]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "shard-format.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+)`", page.partition("## What `source` tells")[2].partition("\n## ")[0]))
    told = {key for clip in left.values() for key in clip.facts["source"]}
    assert told
    assert told <= explained
