"""The whole line once, on a world made on the spot: what `make demo` runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import Overrides
from yt360_tools.demo.options import DemoOptions, scene_of
from yt360_tools.demo.world import DemoWorld, make_world
from yt360_tools.errors import EXIT_OK, ShardError
from yt360_tools.manifest import read_manifest, write_manifest
from yt360_tools.pipeline.rebuild import opened_line
from yt360_tools.shards import open_shards, verify_shards
from yt360_tools.shards.summary import summarise_shards

_CROPPED_VIDEOS = 6
"""Viewports are for looking at here, so few will do; the first of a world are of every kind."""

_VIEWPORT: Overrides = {"build": {"layout": "viewport", "views": "sound:2", "size": "160"}}
_PANORAMA: Overrides = {"build": {"layout": "panorama"}}
_SEGMENT: Overrides = {"segment": {"most_silent_s": 0.0}}
"""Videos of a small world are short, and each has a silence: all that sounds somewhere is taken."""


@dataclass(frozen=True)
class Stop:
    """What one part of the tour made, where it is, and how long it took."""

    what: str
    how_much: str
    where: Path
    seconds: float


@dataclass(frozen=True)
class Tour:
    """What was made; `sheet` is the contact sheet, `exit_code` not 0 when a clip of the world is missing."""

    stops: tuple[Stop, ...]
    sheet: Path
    exit_code: int


def run_tour(out: Path, options: DemoOptions, *, workers: int, say: Callable[[str], None]) -> Tour:
    """Render a world, build panoramas of it and viewports of its first videos, verify them, draw a contact sheet.

    Raises:
        ShardError: a shard that was just built does not have its checksums.
    """
    from yt360_tools.report.contact_sheet import draw_contact_sheet

    stops: list[Stop] = []
    exit_code = EXIT_OK
    began = time.monotonic()

    def note(what: str, how_much: str, where: Path) -> None:
        nonlocal began
        stops.append(Stop(what, how_much, where, time.monotonic() - began))
        began = time.monotonic()

    say(f"rendering {options.videos} videos of {options.seconds:g} s")
    world = make_world(options, out / "world", workers=workers)
    note("world", f"{world.videos} videos, {world.hours * 60:.1f} min", world.manifest.parent)
    first = _first_videos(world, options, out / "viewport.csv")
    for name, manifest, overrides in (("panorama", world.manifest, _PANORAMA), ("viewport", first, _VIEWPORT)):
        say(f"building {name} shards")
        workspace = out / name
        local: Overrides = {**overrides, **_SEGMENT, "download": {"media": str(world.media)}}
        with opened_line(manifest, workspace, local, workers=workers) as line:
            report = line.run()
        for problem in (problem for stage in report.stages for problem in stage.problems):
            say(f"{problem.state} {problem.item}: {problem.reason}: {problem.detail}")
        exit_code = max(exit_code, report.exit_code(strict=True))
        with open_shards(workspace) as shards:
            _, damage = verify_shards(shards.paths)
            if damage:
                raise ShardError(damage[0].message)
            summary = summarise_shards(shards)
        size = f"{summary['clips']} clips, {summary['bytes'] / 1e6:.0f} MB, verified"
        note(f"{name} shards", size, workspace / "shards")
    sheet = out / "contact-sheet.png"
    with open_shards(out / "panorama") as panoramas, open_shards(out / "viewport") as crops:
        drawn = draw_contact_sheet(panoramas, sheet, crops=crops, count=4)
    note("contact sheet", f"{drawn} clips", sheet)
    return Tour(tuple(stops), sheet, exit_code)


def _first_videos(world: DemoWorld, options: DemoOptions, path: Path) -> Path:
    """A manifest of the world's first videos; the same ones when the world grows."""
    first = {scene_of(options, index).video_id for index in range(min(_CROPPED_VIDEOS, options.videos))}
    rows = (row for row in read_manifest(world.manifest).rows if row.video_id in first)
    write_manifest(path, rows, keep_order=True)
    return path
