"""A world of videos: its options, its files, and the order in which they appear.

OUT/demo.json       the options, written first: a world remembers them
OUT/media/          <video_id>.video.mp4|webm and <video_id>.audio.webm|m4a|ogg, each appears complete
OUT/truth.json      what is where, when; written when all media are there
OUT/manifest.csv    a row a video; written last
"""

import csv
import errno
import io
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from yt360_tools.demo.encode import AUDIO_CONTAINERS, VIDEO_CONTAINERS, encode_sound, encode_video
from yt360_tools.demo.picture import frame_size, render_frames
from yt360_tools.demo.scene import Scene, draw_scene
from yt360_tools.demo.sound import render_sound
from yt360_tools.demo.spherical import with_spherical_metadata
from yt360_tools.demo.truth import CONVENTIONS, truth_of
from yt360_tools.errors import EnvironmentMissing, TransientError, UsageError, Yt360Error
from yt360_tools.records import Outcome

PROJECTIONS: tuple[str, ...] = ("mix", "er", "eac")
GENERATION = 1
"""Raised when the same options no longer give the same world."""

_MACHINE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


def _require(holds: bool, option: str, value: object, allowed: str) -> None:
    if not holds:
        raise UsageError(f"--{option} {value}: must be {allowed}")


@dataclass(frozen=True)
class DemoOptions:
    """What a world is a function of.

    Attributes:
        videos: how many; a larger world of the same other options begins with the smaller one's videos.
        seconds: the length of each, rounded to whole frames.
        projection: ``er``, ``eac``, or ``mix``: both, and stereo.
        width: the picture's width in pixels; er is 2:1 (an eye), eac 16:9.
        fps: frames a second; 23.976, 29.97 and 59.94 mean the exact NTSC rates.
        test_share: how much of the videos is the split ``test``; the second video is, unless it is 0.
    """

    videos: int = 8
    seconds: float = 24.0
    seed: int = 0
    projection: str = "mix"
    width: int = 960
    fps: float = 24.0
    test_share: float = 0.25

    def __post_init__(self) -> None:
        _require(1 <= self.videos <= 100_000, "videos", self.videos, "from 1 to 100000")
        _require(1 <= self.seconds <= 600, "seconds", self.seconds, "from 1 to 600")
        _require(0 <= self.seed < 2**63, "seed", self.seed, "a whole number, 0 or more")
        known = ", ".join(PROJECTIONS)
        _require(self.projection in PROJECTIONS, "projection", self.projection, f"one of {known}")
        allowed = "a multiple of 8 from 64 to 8192, so that each half of the picture has even sides"
        _require(64 <= self.width <= 8192 and self.width % 8 == 0, "width", self.width, allowed)
        _require(5 <= self.fps <= 120, "fps", self.fps, "from 5 to 120")
        _require(0 <= self.test_share <= 1, "test-share", self.test_share, "from 0 to 1")

    @property
    def frame_rate(self) -> Fraction:
        """The exact frame rate."""
        for ntsc in (24, 30, 48, 60, 120):
            if abs(self.fps - ntsc / 1.001) < 0.005:
                return Fraction(ntsc * 1000, 1001)
        return Fraction(str(self.fps)).limit_denominator(1001)


@dataclass(frozen=True)
class DemoWorld:
    """A finished world: where it lies and what was done for it."""

    manifest: Path
    media: Path
    truth: Path
    videos: int
    rendered: int
    hours: float


def split_of(index: int, test_share: float) -> str:
    """The split of the video number `index`: evenly spread, whatever else the world holds."""
    share = Fraction(str(test_share)).limit_denominator(10_000)
    if share <= 0:
        return "train"
    ahead = index + -(-share.denominator // share.numerator) - 1
    return "test" if ahead * share // 1 > (ahead - 1) * share // 1 else "train"


def scene_of(options: DemoOptions, index: int) -> Scene:
    """The decisions of the video number `index`."""
    return draw_scene(
        options.seed,
        index,
        seconds=options.seconds,
        frame_rate=options.frame_rate,
        projection=options.projection,
    )


def _picture_size(scene: Scene, width: int) -> tuple[int, int]:
    width, height = frame_size(scene.delivery.projection, width)
    return width, height * 2 if scene.delivery.stereo == "top-bottom" else height


def _file_names(scene: Scene) -> tuple[str, str]:
    video = VIDEO_CONTAINERS[scene.delivery.video_codec]
    audio = AUDIO_CONTAINERS[scene.delivery.audio_codec]
    return f"{scene.video_id}.video.{video}", f"{scene.video_id}.audio.{audio}"


@contextmanager
def _complete_file(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; `path` appears when the block ends well, and else nothing stays."""
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _write_text(path: Path, text: str) -> None:
    with _complete_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"cannot write {error.filename or path}: {error.strerror or error}"
        if error.errno in _MACHINE_ERRNOS:
            raise EnvironmentMissing(f"{what}; make room or choose another folder, then run again") from error
        raise TransientError("disk", what) from error


def _render(options: DemoOptions, scene: Scene, media: Path) -> None:
    video_name, audio_name = _file_names(scene)
    width, height = _picture_size(scene, options.width)
    with _complete_file(media / audio_name) as partial:
        encode_sound(render_sound(scene), partial, codec=scene.delivery.audio_codec)
    with _complete_file(media / video_name) as partial:
        encode_video(
            render_frames(scene, options.width),
            partial,
            codec=scene.delivery.video_codec,
            width=width,
            height=height,
            frame_rate=scene.frame_rate,
        )
        described = with_spherical_metadata(
            partial.read_bytes(),
            VIDEO_CONTAINERS[scene.delivery.video_codec],
            projection=scene.delivery.projection,
            stereo=scene.delivery.stereo,
        )
        partial.write_bytes(described)


def render_video(options: DemoOptions, index: int, media: Path) -> Outcome:
    """Write one video's two files, unless both are there; how it went, never an expected exception."""
    scene = scene_of(options, index)
    if all((media / name).exists() for name in _file_names(scene)):
        return Outcome(scene.video_id, "demo", "skipped")
    try:
        with _disk_errors(media):
            _render(options, scene, media)
    except Yt360Error as error:
        is_machine = isinstance(error, EnvironmentMissing)
        reason = "environment" if is_machine else getattr(error, "reason", "render")
        return Outcome(scene.video_id, "demo", "failed", reason, str(error))
    return Outcome(scene.video_id, "demo", "done")


def _outcomes(options: DemoOptions, media: Path, workers: int) -> Iterator[Outcome]:
    if workers == 1:
        yield from (render_video(options, index, media) for index in range(options.videos))
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        # No more are handed over than run: what waits in the pool's own queue could not be interrupted.
        todo = iter(range(options.videos))
        running = {pool.submit(render_video, options, index, media) for index in islice(todo, workers)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
                running |= {pool.submit(render_video, options, i, media) for i in islice(todo, len(done))}
        except BrokenProcessPool as error:
            message = "a worker process was ended from outside (out of memory?); give fewer --workers"
            raise TransientError("worker_lost", message) from error


def _remember(options: DemoOptions, out: Path) -> None:
    """Write the options into a new world, or compare them with what an old one was made of."""
    record = out / "demo.json"
    new = {"generation": GENERATION, **asdict(options)}
    if record.exists():
        try:
            old = json.loads(record.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UsageError(f"{record} is damaged ({error}); choose another folder") from error
        if not isinstance(old, dict) or old.get("generation") != GENERATION:
            raise UsageError(f"{out} holds a world of another version of this program; choose another folder")
        for name, value in new.items():
            grows = name == "videos" and isinstance(old.get(name), int) and old[name] <= options.videos
            if old.get(name) != value and not grows:
                more = " (it may only grow)" if name == "videos" else ""
                raise UsageError(
                    f"{out} holds a world of --{name.replace('_', '-')} {old.get(name)}, not {value}{more}; "
                    "give the same options or another folder"
                )
    elif out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty and holds no demo world (no demo.json); choose another folder")
    (out / "media").mkdir(parents=True, exist_ok=True)
    _write_text(record, json.dumps(new, indent=2) + "\n")


def _truth_text(options: DemoOptions, scenes: list[Scene]) -> str:
    videos = []
    for scene in scenes:
        width, height = _picture_size(scene, options.width)
        video, audio = _file_names(scene)
        split = split_of(scene.index, options.test_share)
        videos.append(truth_of(scene, split=split, width=width, height=height, video=video, audio=audio))
    top: dict[str, Any] = {
        "generation": GENERATION,
        "seed": options.seed,
        "options": asdict(options),
        "conventions": CONVENTIONS,
        "videos": videos,
    }
    return json.dumps(top, indent=1) + "\n"


def _manifest_text(options: DemoOptions, scenes: list[Scene]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["clip_id", "video_id", "start_s", "end_s", "split"])
    for scene in scenes:
        rows.writerow([scene.video_id, scene.video_id, "", "", split_of(scene.index, options.test_share)])
    return text.getvalue()


def make_world(options: DemoOptions, out: Path, *, workers: int | None = None) -> DemoWorld:
    """Render the world of `options` into the folder `out`, or finish one that was interrupted there.

    Its files are a function of the options alone, and do not depend on `workers` (default: all processors).

    Raises:
        UsageError: `out` holds something else, or a world of other options.
        EnvironmentMissing: no space, no permission, or no ffmpeg with the encoders.
        TransientError: a video could not be made; running again tries it again.
    """
    workers = workers if workers is not None else os.cpu_count() or 1
    _require(workers >= 1, "workers", workers, "1 or more")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give a folder")
    with _disk_errors(out):
        _remember(options, out)
        rendered = 0
        progress = tqdm(total=options.videos, unit="video", disable=None)
        with progress:
            for outcome in _outcomes(options, out / "media", min(workers, options.videos)):
                if outcome.state == "failed":
                    message = f"video {outcome.item}: {outcome.detail}"
                    if outcome.reason == "environment":
                        raise EnvironmentMissing(message)
                    raise TransientError(outcome.reason, message)
                rendered += outcome.state == "done"
                progress.update()
        scenes = sorted((scene_of(options, i) for i in range(options.videos)), key=lambda s: s.video_id)
        _write_text(out / "truth.json", _truth_text(options, scenes))
        _write_text(out / "manifest.csv", _manifest_text(options, scenes))
    hours = sum(scene.duration_s for scene in scenes) / 3600
    return DemoWorld(out / "manifest.csv", out / "media", out / "truth.json", options.videos, rendered, hours)
