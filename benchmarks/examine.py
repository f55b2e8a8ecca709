"""What it costs to examine ten minutes of video: ``python benchmarks/examine.py``, or ``make bench``.

The videos are 1920 x 960 at 30 frames a second, with four channels of sound: a texture that moves all over, as H.264
and as VP9, and what takes the most looking at, a camera that stands, with noise and one small thing that moves. Half a
minute of each is coded by ffmpeg and repeated without coding it again; beside them stands what ffmpeg takes to decode
all of the same file on one core. Each line is a process of its own, so that starting it and importing what it needs
count as well; the peak of resident memory is that of the process. On a machine that others use at the same time, CPU
seconds (of all threads, and of what the process starts) say more than those on the clock. Nothing is asserted: a person
reads the table.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from yt360_tools.media.ffmpeg import find_ffmpeg, run_ffmpeg

SECONDS, PART_S = 600, 30
SIZE, RATE = "1920x960", 30
MOST_CPU_S, MOST_MIB = 8.0, 500.0
MOST_PICTURE_CPU_S, MOST_PICTURE_MIB = 4.0, 300.0

_TEXTURE = f"mandelbrot=size={SIZE}:rate={RATE}:end_scale=0.01:end_pts=1500,noise=alls=6:allf=t,format=yuv420p"
_STANDING = (
    f"mandelbrot=size={SIZE}:rate={RATE},trim=end_frame=1,loop=-1:1,setpts=N/{RATE}/TB,noise=alls=5:allf=t[a];"
    f"color=white:size=12x12:rate={RATE}[b];[a][b]overlay=x='mod(40*t,1900)':y=600,format=yuv420p"
)
_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "26")
_VP9 = ("-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "36", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1")
_SOUND = "aevalsrc='" + "|".join(f"0.1*sin({tone}*t)*sin(t)+0.05*(random({tone})-0.5)" for tone in (800, 1300)) + "'"


@dataclass(frozen=True)
class Film:
    """A picture, as ffmpeg's filters draw it, and how picture and sound are coded."""

    name: str
    suffix: str
    drawn: str
    picture: tuple[str, ...]
    sound: tuple[str, ...]


_OPUS = ("-c:a", "libopus", "-mapping_family", "255", "-b:a", "256k")
FILMS = (
    Film("H.264", ".mp4", _TEXTURE, _H264, ("-c:a", "aac", "-b:a", "256k")),
    Film("VP9", ".webm", _TEXTURE, _VP9, _OPUS),
    Film("H.264, standing", ".mp4", _STANDING, _H264, ("-c:a", "aac", "-b:a", "256k")),
)


@dataclass(frozen=True)
class Row:
    """A line of the table: seconds on the clock, CPU seconds, MiB, and what is allowed."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mib: float
    most_cpu_s: float | None = None
    most_mib: float | None = None


def make_film(folder: Path, film: Film, seconds: int) -> Path:
    """The file of a film; it stays where it is there already.

    Raises:
        SystemExit: ffmpeg cannot make it.
    """
    name = "".join(letter for letter in film.name.lower() if letter.isalnum())
    path, part = folder / f"{name}-{seconds}{film.suffix}", folder / f"{name}-part{film.suffix}"
    if path.exists():
        return path
    picture = ("-filter_complex", f"{film.drawn}[v]", "-map", "[v]", "-g", str(5 * RATE))
    sound = ("-filter_complex", f"{_SOUND}:s=48000,pan=quad|FL=c0|FR=c1|BL=c1-c0|BR=c0+c1[s]", "-map", "[s]")
    unfinished = folder / f"unfinished{film.suffix}"
    for arguments in (
        [*picture, *sound, *film.picture, *film.sound, "-t", str(PART_S), part],
        ["-stream_loop", str(-(-seconds // PART_S) - 1), "-i", part, "-c", "copy", "-t", str(seconds), unfinished],
    ):
        done = run_ffmpeg(["-y", *arguments])
        if done.returncode:
            raise SystemExit(f"ffmpeg cannot make {path.name}: {done.stderr.decode(errors='replace')}")
    part.unlink()
    return unfinished.rename(path)


def _probe(path: Path) -> object:
    from yt360_tools.media.probe import probe_video

    return probe_video(path)


def _packets(path: Path) -> object:
    from yt360_tools.media.picture_packets import read_packets

    return read_packets(path)


def _frames(path: Path) -> object:
    from yt360_tools.examine.picture_samples import sample_picture

    return sample_picture(path)


def _motion(path: Path) -> object:
    from yt360_tools.examine.picture_motion import motion_findings
    from yt360_tools.examine.picture_samples import sample_picture
    from yt360_tools.thresholds import PictureThresholds

    return motion_findings(path, sample_picture(path), PictureThresholds())


def _whole(path: Path) -> object:
    from yt360_tools.config import Config
    from yt360_tools.examine.files import examine_files

    return examine_files(path, path, Config())


STEPS: dict[str, tuple[Callable[[Path], object], float | None, float | None]] = {
    "probe": (_probe, None, None),
    "packets": (_packets, None, None),
    "packets, twelve frames": (_frames, None, None),
    "packets, frames, motion": (_motion, MOST_PICTURE_CPU_S, MOST_PICTURE_MIB),
    "the whole examination": (_whole, MOST_CPU_S, MOST_MIB),
}
"""By name, what is done with a file, and the CPU seconds and MiB that it may take."""


def _spawned(command: list[str]) -> tuple[float, float, float]:
    """Seconds on the clock, CPU seconds and peak MiB of a process; what it prints goes nowhere."""
    began = time.perf_counter()
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, {**os.environ, "OMP_NUM_THREADS": "1"}, file_actions=nowhere)
    _, status, used = os.wait4(process, 0)
    wall_s = time.perf_counter() - began
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(path: Path, film: str) -> list[Row]:
    """The lines of one film."""
    rows = []
    for name, (_, most_cpu_s, most_mib) in STEPS.items():
        taken = _spawned([sys.executable, __file__, "--step", name, "--file", str(path)])
        rows.append(Row(f"{film}: {name}", *taken, most_cpu_s, most_mib))
    decode = [find_ffmpeg(), "-v", "error", "-nostdin", "-threads", "1", "-i", str(path), "-f", "null", "-"]
    rows.append(Row(f"{film}: ffmpeg decodes all", *_spawned(decode)))
    return rows


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=SECONDS, help="length of the videos")
    parser.add_argument("--folder", type=Path, help="where the videos are made and kept; among temporary files else")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        STEPS[options.step][0](options.file)
        return
    folder = options.folder or Path(tempfile.gettempdir()) / "yt360-examine"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [make_film(folder, film, options.seconds) for film in FILMS]
    lines = [row for path, film in zip(paths, FILMS, strict=True) for row in measure(path, film.name)]
    if options.json:
        print(json.dumps({"seconds": options.seconds, "lines": [asdict(line) for line in lines]}, indent=2))
        return
    print(f"examining {options.seconds} s of {SIZE} at {RATE} fps; wanted: at most these CPU seconds and MiB\n")
    print(f"{'':<42}{'seconds':>9}{'CPU s':>9}{'wanted':>9}{'peak MiB':>10}{'wanted':>9}")
    for line in lines:
        print(_told(line))


def _told(line: Row) -> str:
    wanted_s, wanted_mib = ("-" if most is None else f"{most:g}" for most in (line.most_cpu_s, line.most_mib))
    is_met = line.cpu_s <= (line.most_cpu_s or line.cpu_s) and line.peak_mib <= (line.most_mib or line.peak_mib)
    measured = f"{line.wall_s:>9.2f}{line.cpu_s:>9.2f}{wanted_s:>9}{line.peak_mib:>10.0f}{wanted_mib:>9}"
    return f"{line.name:<42}{measured}{'' if is_met else '  not met'}"


if __name__ == "__main__":
    main()
