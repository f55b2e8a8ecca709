"""The command as a user runs it in an environment of his own, and the smallest media that it takes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from worlds import dot

YT360 = (sys.executable, "-m", "yt360_tools.cli")
RATE_HZ = 16_000
SMALL = ("--width", "64", "--fps", "4", "--sample-rate", "8000", "--clip-s", "2", "--workers", "1")
"""Options under which a clip of two seconds takes milliseconds and about 0.17 MB of a shard's plan."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def complaints(self) -> list[str]:
        """The lines of stderr, but for notes."""
        return [line for line in self.stderr.splitlines() if line.strip() and not line.startswith("note: ")]

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.stdout[-3000:]}\n{self.stderr[-3000:]}"


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with one thread a library, and with `changes`."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one_thread, **(changes or {})}


def run(
    arguments: Iterable[object],
    *,
    command: Sequence[str] = YT360,
    changes: Mapping[str, str] | None = None,
    preexec_fn: Callable[[], object] | None = None,
    timeout_s: float = 120,
) -> Ended:
    """The end of a command in a process group of its own: it has ended only when its workers have, too.

    Every worker holds the pipes of stdout and stderr; they are read until nobody does. What still runs when
    the time is over is killed with its group.
    """
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(changes),
        start_new_session=True,
        preexec_fn=preexec_fn,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        stdout, stderr = process.communicate()
        raise AssertionError(f"still running after {timeout_s} s: {arguments}\n{stderr.decode()}") from None
    return Ended(process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"))


def sound_of(seconds: float, *, channels: int = 4, seed: int = 0) -> Any:
    """Noise (samples, channels) in float32 at RATE_HZ: four channels are AmbiX, heard from five directions."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    if channels != 4:
        return (0.1 * rng.standard_normal((count, channels))).astype(np.float32)
    azimuth, elevation = rng.uniform(-np.pi, np.pi, 5), rng.uniform(-0.5, 0.5, 5)
    gains = [np.ones(5), np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    return (0.05 * rng.standard_normal((count, 5)) @ np.array(gains).T).astype(np.float32)


def write_picture(path: Path, seconds: float, *, width: int = 128) -> None:
    """A moving test picture of 8 frames a second, beside its mirror image: so its left and right edge meet."""
    half = f"testsrc2=s={width // 2}x{width // 2}:r=8:d={seconds:g}"
    source = f"{half},split[a][b];[b]hflip[c];[a][c]hstack"
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "8", "-threads", "1", "-pix_fmt", "yuv420p")
    dot.run_ffmpeg(["-f", "lavfi", "-i", source, *encoder, f"file:{path}"])


def write_media(folder: Path, video_id: str, seconds: float = 6.0, *, seed: int = 0, width: int = 128) -> None:
    """``<video_id>.video.mp4`` and ``<video_id>.audio.wav``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_picture(folder / f"{video_id}.video.mp4", seconds, width=width)
    soundfile.write(folder / f"{video_id}.audio.wav", sound_of(seconds, seed=seed), RATE_HZ, subtype="PCM_16")


def interrupted_after(stage: str) -> tuple[str, ...]:
    """The command, to which Ctrl-C comes when a stage has ended."""
    return (
        sys.executable,
        "-c",
        "import signal\n"
        "from yt360_tools.cli import main\n"
        "from yt360_tools.pipeline import rebuild\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"run = rebuild._RUN[{stage!r}]\n"
        "def run_and_interrupt(line):\n"
        "    run(line)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        f"rebuild._RUN[{stage!r}] = run_and_interrupt\n"
        "if __name__ == '__main__':\n"
        "    main()\n",
    )


def write_rows(path: Path, *rows: str, header: str = "clip_id,video_id,start_s,end_s,split") -> Path:
    """A manifest of lines as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
