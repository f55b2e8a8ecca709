"""What `yt360 rebuild` costs above bare decoding: ``python -m benchmarks.rebuild``, or ``make bench``.

Clips of ten seconds, one a video or ten in a row (see `benchmarks.rebuild_media`), become panoramas of 448x224 at 16
fps, or four sets of views at once. The yardstick is ffmpeg's own command line that decodes and scales the same pictures
in one thread and keeps nothing. What counts is CPU time, user and system, of all processes; all run in turn, and the
medians are compared. A rebuild is the whole line, from a folder of media to shards; without examining, videos are taken
as their headers say. Nothing is asserted: a person reads the table.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.rebuild_media import (
    CLIPS_A_VIDEO,
    EAC_HEIGHT,
    EAC_WIDTH,
    FPS,
    HEIGHT,
    SECONDS,
    WIDTH,
    make_media,
    video_id,
    video_path,
)
from yt360_tools.media.ffmpeg import ffmpeg_version, run_ffmpeg

CLIPS = 20
PANORAMA_WIDTH, PANORAMA_FPS = 448, 16
MOST_TIMES_BARE, MOST_TIMES_BARE_OF_SETS, MOST_HELP_S = 1.25, 1.6, 0.3
SETS = "cube+ring:4+fibonacci:8+random:4"
SIDE_PX = 112

KINDS = {
    "er": f"H.264 ER {WIDTH}x{HEIGHT}",
    "er-long": f"H.264 ER {WIDTH}x{HEIGHT}, long",
    "eac": f"VP9 EAC {EAC_WIDTH}x{EAC_HEIGHT}",
}
PANORAMA = ("--width", PANORAMA_WIDTH)
WAYS: dict[str, tuple[int, tuple[object, ...], float]] = {
    "1 worker": (1, PANORAMA, MOST_TIMES_BARE),
    "2 workers": (2, PANORAMA, MOST_TIMES_BARE),
    "not examined": (1, (*PANORAMA, "--no-examine"), MOST_TIMES_BARE),
    "four sets": (1, ("--layout", "viewport", "--views", SETS, "--size", SIDE_PX), MOST_TIMES_BARE_OF_SETS),
}
"""What is rebuilt: with so many workers, into what, and how many times bare decoding it may cost."""


@dataclass(frozen=True)
class Cost:
    """What a run took: CPU seconds of it and its children, and seconds on the clock."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Row:
    """A line of the table; `baseline`, `ratio` and `target` are None where there is none.

    Attributes:
        ours, baseline: seconds (medians), of CPU time or on the clock as `unit` says.
        limit: what `judged` (the ratio, or ours) should not exceed.
    """

    name: str
    unit: str
    ours: float
    baseline: float | None
    ratio: float | None
    limit: float | None
    is_met: bool | None


def write_manifest(path: Path, kind: str, clips: int) -> None:
    each = CLIPS_A_VIDEO[kind]
    rows = [(video_id(index // each), index % each * SECONDS) for index in range(clips)]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["clip_id", "video_id", "start_s", "end_s", "split"])
        table.writerows([f"{video}-{start_s}", video, start_s, start_s + SECONDS, "train"] for video, start_s in rows)


def measured(work: Callable[[], None]) -> Cost:
    """What all the processes cost that `work` starts and waits for."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s)


def scale_bare(media: Path, kind: str, videos: int) -> None:
    """Decode and scale every picture with ffmpeg alone, in one thread, one file after the other."""
    for index in range(videos):
        path = video_path(media, kind, index)
        scaled = ["-vf", f"scale={PANORAMA_WIDTH}:{PANORAMA_WIDTH // 2}", "-f", "null", "-"]
        done = run_ffmpeg(["-threads", "1", "-i", path, *scaled])
        if done.returncode:
            raise SystemExit(f"ffmpeg failed on {path}: {done.stderr.decode()}")


def rebuild(media: Path, kind: str, clips: int, workers: int, options: Sequence[object]) -> None:
    """Run the whole line into a workspace that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="rebuild-", dir=media) as scratch:
        manifest = Path(scratch) / "manifest.csv"
        write_manifest(manifest, kind, clips)
        looks = [*options, "--fps", PANORAMA_FPS, "--codec", "jpeg", "--workers", workers]
        places = ["--media", media / kind, "--workspace", Path(scratch) / "work"]
        report = json.loads(_output([*_yt360(), "rebuild", manifest, *places, *looks, "--json"]))
    built = next(stage["done"] for stage in report["stages"] if stage["stage"] == "build")
    if built != clips:
        raise SystemExit(f"{clips} clips were to be built, and {built} were: the numbers would mean nothing")


def show_help() -> None:
    _output([*_yt360(), "--help"])


def start_python() -> None:
    _output([sys.executable, "-c", "pass"])


def _yt360() -> list[str | Path]:
    """The installed command of the Python that runs this."""
    script = Path(sys.executable).with_name("yt360")
    return [script] if script.exists() else [sys.executable, "-m", "yt360_tools.cli"]


def _output(command: Sequence[object]) -> str:
    """A command's stdout; the end of everything, with its messages, when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_rebuilds(media: Path, kind: str, clips: int, repeats: int) -> list[Row]:
    """CPU seconds of each way against bare decoding, each round in that order; the media are made before."""
    videos = make_media(media, kind, clips)
    runs: dict[str, list[Cost]] = {"bare": [], **{name: [] for name in WAYS}}
    for number in range(repeats):
        runs["bare"].append(measured(lambda: scale_bare(media, kind, videos)))
        for name, (workers, options, _) in WAYS.items():
            runs[name].append(
                measured(lambda workers=workers, options=options: rebuild(media, kind, clips, workers, options))
            )
        latest = ", ".join(f"{name} {costs[-1].cpu_s:.1f} s" for name, costs in runs.items())
        print(f"{KINDS[kind]}, round {number + 1} of {repeats}: {latest} of CPU time", file=sys.stderr)
    cpu = {name: median(cost.cpu_s for cost in costs) for name, costs in runs.items()}
    wall = {name: median(cost.wall_s for cost in costs) for name, costs in runs.items()}
    rows = [_row(f"{KINDS[kind]}, {name}", "CPU s", cpu[name], cpu["bare"], WAYS[name][2]) for name in WAYS]
    return rows + [
        _row(f"{KINDS[kind]}, {name}", "clock s", wall[name], wall["bare"], None) for name in ("1 worker", "2 workers")
    ]


def run_help(repeats: int = 5) -> Row:
    """How long `yt360 --help` takes on the clock, beside a Python that does nothing; one warm-up each."""
    took: dict[str, float] = {}
    for name, work in (("python", start_python), ("help", show_help)):
        work()
        took[name] = median(measured(work).wall_s for _ in range(repeats))
    return Row("yt360 --help", "clock s", took["help"], took["python"], None, MOST_HELP_S, took["help"] < MOST_HELP_S)


def _row(name: str, unit: str, ours: float, baseline: float, limit: float | None) -> Row:
    ratio = ours / baseline
    return Row(name, unit, ours, baseline, ratio, limit, None if limit is None else ratio <= limit)


def machine_facts() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    ffmpeg = ffmpeg_version().partition(" Copyright")[0]
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{cores} cores (load {load} before), Python {python}, {ffmpeg}"


def table(rows: Sequence[Row]) -> str:
    """The rows for a person, in columns."""
    lines = [f"{'':<40}{'unit':<9}{'ours':>8}{'baseline':>10}{'ratio':>8}  target"]
    for row in rows:
        what = "at most" if row.ratio is not None else "under"
        unit = "x" if row.ratio is not None else " s"
        target = "" if row.limit is None else f"{what} {row.limit:g}{unit}: {'met' if row.is_met else 'MISSED'}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        baseline = "" if row.baseline is None else f"{row.baseline:.2f}"
        lines.append(f"{row.name:<40}{row.unit:<9}{row.ours:>8.2f}{baseline:>10}{ratio:>8}  {target}".rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three clips, once: does it run at all?")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, of which medians are taken (default: 3)")
    parser.add_argument("--clips", type=int, default=CLIPS, help=f"how many, one a video (default: {CLIPS})")
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=list(KINDS), help="of which videos")
    parser.add_argument("--media", type=Path, default=Path("build/bench-media"), help="where the videos are kept")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    options = parser.parse_args()
    clips, repeats = (3, 1) if options.quick else (options.clips, max(1, options.repeats))
    media = options.media.resolve()
    facts = machine_facts()
    rows = [row for kind in options.kinds for row in run_rebuilds(media, kind, clips, repeats)] + [run_help()]
    if options.quick:  # what starts once weighs too much on three clips to be held against the target
        rows = [replace(row, limit=None, is_met=None) for row in rows]
    if options.json:
        rates = {"clips": clips, "seconds": SECONDS, "repeats": repeats, "machine": facts}
        print(json.dumps({**rates, "rows": [asdict(row) for row in rows]}, indent=2))
        return
    print(f"{clips} clips of {SECONDS} s at {FPS} fps, one a video (long: ten); medians of {repeats}")
    print(f"to panoramas {PANORAMA_WIDTH} wide, or to {SETS} of {SIDE_PX} x {SIDE_PX}, at {PANORAMA_FPS} fps")
    print(facts)
    print(table(rows))
    print("baseline: ffmpeg decodes and scales the same pictures in one thread; for --help, a Python that does nothing")


if __name__ == "__main__":
    main()
