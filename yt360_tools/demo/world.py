"""A world of videos: its options, its files, and the order in which they appear.

OUT/demo.json       the options, written first: a world remembers them
OUT/media/          <video_id>.video.mp4|webm and <video_id>.audio.webm|m4a|ogg, each appears complete
OUT/truth.json      what is where, when; written when all media are there
OUT/manifest.csv    a row a video; written last
"""

import csv
import io
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from yt360_tools.demo.files import write_text
from yt360_tools.demo.options import DemoOptions, require, scene_of, split_of
from yt360_tools.demo.scene import Scene
from yt360_tools.demo.truth import CONVENTIONS, truth_of
from yt360_tools.demo.video import file_names, picture_size
from yt360_tools.demo.workers import render_videos
from yt360_tools.errors import EnvironmentMissing, TransientError, UsageError
from yt360_tools.files import disk_errors

GENERATION = 2
"""Raised when the same options no longer give the same world."""


@dataclass(frozen=True)
class DemoWorld:
    """A finished world: where it lies and what was done for it."""

    manifest: Path
    media: Path
    truth: Path
    videos: int
    rendered: int
    hours: float


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
    write_text(record, json.dumps(new, indent=2) + "\n")


def _truth_text(options: DemoOptions, scenes: list[Scene]) -> str:
    videos = []
    for scene in scenes:
        width, height = picture_size(scene, options.width)
        video, audio = file_names(scene)
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
    require(workers >= 1, "workers", workers, "1 or more")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give a folder")
    with disk_errors(out):
        _remember(options, out)
        rendered = 0
        progress = tqdm(total=options.videos, desc="render", unit="video", disable=None)
        with progress:
            for outcome in render_videos(options, out / "media", min(workers, options.videos)):
                if outcome.state == "failed":
                    message = f"video {outcome.item}: {outcome.detail}"
                    if outcome.reason == "environment":
                        raise EnvironmentMissing(message)
                    raise TransientError(outcome.reason, message)
                rendered += outcome.state == "done"
                progress.update()
        scenes = sorted((scene_of(options, i) for i in range(options.videos)), key=lambda s: s.video_id)
        write_text(out / "truth.json", _truth_text(options, scenes))
        write_text(out / "manifest.csv", _manifest_text(options, scenes))
    hours = sum(scene.duration_s for scene in scenes) / 3600
    return DemoWorld(out / "manifest.csv", out / "media", out / "truth.json", options.videos, rendered, hours)
