"""What `yt360 rebuild` costs above bare decoding: ``python -m benchmarks.rebuild``, or ``make bench``.

Twenty clips of ten seconds (1920x960, 30 fps, H.264, four-channel Opus) become panoramas of 448x224 at 16 fps.
The yardstick is ffmpeg's own command line that decodes and scales the same pictures in one thread and keeps
nothing. What counts is CPU time, user and system, of all processes; both run in turn, and the medians are compared.
Nothing is asserted: a person reads the table.
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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import encode
from yt360_tools.demo.encode import encode_sound, encode_video
from yt360_tools.demo.spherical import with_spherical_metadata
from yt360_tools.geometry import ray_from_angles
from yt360_tools.media.ffmpeg import ffmpeg_version, run_ffmpeg

WIDTH, HEIGHT, FPS, SECONDS, CLIPS = 1920, 960, 30, 10, 20
SOUND_RATE_HZ = 48000
PANORAMA_WIDTH, PANORAMA_FPS = 448, 16
MOST_TIMES_BARE, MOST_HELP_S = 2.0, 0.3

_MEDIA_VERSION = 1
"""Goes up when the media are made differently, so that an old set is made anew."""


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


def video_id(index: int) -> str:
    return f"bench-{index:02d}"


def make_media(folder: Path, clips: int) -> None:
    """Make the first `clips` videos into `folder`, unless they are there from before."""
    missing = [index for index in range(clips) if not _video_path(folder, index).exists()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    print(f"making {len(missing)} videos in {folder} (once)", file=sys.stderr)
    with ProcessPoolExecutor() as pool:
        for done, _ in enumerate(pool.map(partial(_make_video, folder), missing), start=1):
            print(f"  {done} of {len(missing)}", file=sys.stderr)


def _video_path(folder: Path, index: int) -> Path:
    return folder / f"{video_id(index)}.video.mp4"


def _make_video(folder: Path, index: int) -> None:
    """Sound first, picture last: a picture that bears its name means that both are whole."""
    rng = np.random.default_rng([_MEDIA_VERSION, index])
    encode_sound(_sound(rng), folder / f"{video_id(index)}.audio.webm", codec="opus")
    path = _video_path(folder, index)
    partial_path = path.with_suffix(f".{os.getpid()}.tmp")
    encode_video(_frames(rng), partial_path, codec="h264", width=WIDTH, height=HEIGHT, frame_rate=Fraction(FPS))
    described = with_spherical_metadata(partial_path.read_bytes(), "mp4", projection="er", stereo="mono")
    partial_path.write_bytes(described)
    os.replace(partial_path, path)


def _sound(rng: np.random.Generator) -> NDArray[np.float32]:
    """A murmur from everywhere, and a louder noise that walks around the listener."""
    samples = SECONDS * SOUND_RATE_HZ
    azimuth = np.linspace(0, 2 * np.pi, samples) + rng.uniform(0, 2 * np.pi)
    walker = encode(0.1 * rng.standard_normal(samples), ray_from_angles(azimuth, 0.2).T)
    murmur = 0.01 * rng.standard_normal((4, samples))
    return np.asarray(walker + murmur, np.float32)


def _frames(rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """A hand-held camera that pans over a textured world in which a dozen things move, with a film's grain."""
    world = _texture(rng, WIDTH, HEIGHT, 60)
    things = [
        (_texture(rng, 160, 160, 90), rng.uniform(0, [WIDTH, HEIGHT - 160]), rng.normal(0, 4, 2)) for _ in range(12)
    ]
    grain = rng.integers(-2, 3, (4, HEIGHT, WIDTH, 1), np.int16)
    pan = rng.normal(0, 3)
    shake = np.cumsum(rng.normal(0, 0.4, (FPS * SECONDS, 2)), axis=0)
    for number in range(FPS * SECONDS):
        picture = np.roll(world, np.rint([shake[number, 1], pan * number + shake[number, 0]]).astype(int), axis=(0, 1))
        for thing, start, speed in things:
            column, row = np.rint(start + speed * number).astype(int) % [WIDTH - 160, HEIGHT - 160]
            picture[row : row + 160, column : column + 160] = thing
        yield np.clip(picture + grain[number % 4], 0, 255).astype(np.uint8)


def _texture(rng: np.random.Generator, width: int, height: int, contrast: float) -> NDArray[np.int16]:
    """A picture (height, width, 3) whose detail falls with its fineness as in photographs; its edges meet."""
    across, down = np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    fall = 1 / np.maximum(np.hypot(across, down), 1 / max(width, height)) ** 1.4
    layers = []
    for _ in range(3):
        field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) * fall, (height, width))
        layers.append(field / field.std())
    mixed = np.stack(layers, axis=-1) @ np.array([[0.9, 0.8, 0.7], [0.3, -0.1, -0.3], [0.1, -0.3, 0.4]])
    return np.clip(rng.uniform(90, 150) + contrast * mixed, 0, 255).astype(np.int16)


def write_manifest(path: Path, clips: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["clip_id", "video_id", "start_s", "end_s", "split"])
        table.writerows([f"{video_id(index)}-0", video_id(index), 0, SECONDS, "train"] for index in range(clips))


def measured(work: Callable[[], None]) -> Cost:
    """What all the processes cost that `work` starts and waits for."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s)


def scale_bare(media: Path, clips: int) -> None:
    """Decode and scale every picture with ffmpeg alone, in one thread, one file after the other."""
    height = PANORAMA_WIDTH * HEIGHT // WIDTH
    for index in range(clips):
        scaled = ["-vf", f"scale={PANORAMA_WIDTH}:{height}", "-f", "null", "-"]
        done = run_ffmpeg(["-threads", "1", "-i", _video_path(media, index), *scaled])
        if done.returncode:
            raise SystemExit(f"ffmpeg failed on {_video_path(media, index)}: {done.stderr.decode()}")


def rebuild(media: Path, clips: int, workers: int) -> None:
    """Run the whole line into a workspace that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="rebuild-", dir=media) as scratch:
        manifest = Path(scratch) / "manifest.csv"
        write_manifest(manifest, clips)
        looks = ["--width", PANORAMA_WIDTH, "--fps", PANORAMA_FPS, "--codec", "jpeg", "--workers", workers]
        places = ["--media", media, "--workspace", Path(scratch) / "work"]
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


def run_rebuilds(media: Path, clips: int, repeats: int) -> list[Row]:
    """CPU seconds with one and with two workers against bare decoding, each round in that order."""
    runs: dict[str, list[Cost]] = {"bare": [], "1 worker": [], "2 workers": []}
    for number in range(repeats):
        runs["bare"].append(measured(lambda: scale_bare(media, clips)))
        for workers, name in ((1, "1 worker"), (2, "2 workers")):
            runs[name].append(measured(lambda workers=workers: rebuild(media, clips, workers)))
        latest = ", ".join(f"{name} {costs[-1].cpu_s:.1f} s" for name, costs in runs.items())
        print(f"round {number + 1} of {repeats}: {latest} of CPU time", file=sys.stderr)
    cpu = {name: median(cost.cpu_s for cost in costs) for name, costs in runs.items()}
    wall = {name: median(cost.wall_s for cost in costs) for name, costs in runs.items()}
    rows = [
        _row(f"rebuild, {name}", "CPU s", cpu[name], cpu["bare"], MOST_TIMES_BARE) for name in ("1 worker", "2 workers")
    ]
    return rows + [
        _row(f"rebuild, {name}", "clock s", wall[name], wall["bare"], None) for name in ("1 worker", "2 workers")
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
    lines = [f"{'':<20}{'unit':<9}{'ours':>8}{'baseline':>10}{'ratio':>8}  target"]
    for row in rows:
        what = "at most" if row.ratio is not None else "under"
        unit = "x" if row.ratio is not None else " s"
        target = "" if row.limit is None else f"{what} {row.limit:g}{unit}: {'met' if row.is_met else 'MISSED'}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        baseline = "" if row.baseline is None else f"{row.baseline:.2f}"
        lines.append(f"{row.name:<20}{row.unit:<9}{row.ours:>8.2f}{baseline:>10}{ratio:>8}  {target}".rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three clips, once: does it run at all?")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, of which medians are taken (default: 3)")
    parser.add_argument("--media", type=Path, default=Path("build/bench-media"), help="where the videos are kept")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    options = parser.parse_args()
    clips, repeats = (3, 1) if options.quick else (CLIPS, max(1, options.repeats))
    media = options.media.resolve()
    make_media(media, clips)
    facts = machine_facts()
    rows = [*run_rebuilds(media, clips, repeats), run_help()]
    if options.quick:  # what starts once weighs too much on three clips to be held against the target
        rows = [replace(row, limit=None, is_met=None) for row in rows]
    if options.json:
        rates = {"clips": clips, "seconds": SECONDS, "repeats": repeats, "machine": facts}
        print(json.dumps({**rates, "rows": [asdict(row) for row in rows]}, indent=2))
        return
    print(f"{clips} clips of {SECONDS} s, {WIDTH}x{HEIGHT} at {FPS} fps -> {PANORAMA_WIDTH} at {PANORAMA_FPS} fps; "
          f"medians of {repeats}")  # fmt: skip
    print(facts)
    print(table(rows))
    print("baseline: ffmpeg decodes and scales the same pictures in one thread; for --help, a Python that does nothing")


if __name__ == "__main__":
    main()
