"""Finding an ffmpeg and running it: the only place in the project that starts a process."""

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from yt360_tools.errors import EnvironmentMissing, TransientError

SETTING = "YT360_FFMPEG"
_ITS_OWN_FAULTS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS)
"""Signals with which ffmpeg ends over a hostile file: that is the file's affair."""

_running: "set[subprocess.Popen[bytes]]" = set()
_stops = 0
"""How often `stop_ffmpeg` was called: what was being started then is not among those that run."""

_PROBE = (
    "-skip_frame", "noref", "-f", "lavfi", "-i", "color=size=16x16:duration=0.1", "-map", "0:v:0",
    "-fps_mode", "passthrough", "-c:v", "wrapped_avframe", "-f", "framecrc", "-",
)  # fmt: skip
"""What the project asks of an ffmpeg, in small: versions before 5.1 do not know all of it."""


@functools.cache
def find_ffmpeg() -> str:
    """The ffmpeg to use: the setting ``YT360_FFMPEG``, else PATH, else the imageio-ffmpeg wheel's binary.

    One on PATH that is too old or broken is passed over.

    Raises:
        EnvironmentMissing: the setting names no program that works, or there is none at all.
    """
    setting = os.environ.get(SETTING)
    if setting:
        found = shutil.which(setting)
        if not found:
            raise EnvironmentMissing(
                f"{SETTING} is set to {setting!r}, and no program is there; set it to an ffmpeg or unset it"
            )
        if trouble := _trouble(found):
            raise EnvironmentMissing(
                f"{SETTING} is set to {found}, which does not do what is needed ({trouble}); "
                "set it to an ffmpeg of version 5.1 or newer, or unset it"
            )
        return found
    on_path = shutil.which("ffmpeg")
    if on_path and not _trouble(on_path):
        return on_path
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        seen = f"{on_path} is too old or broken" if on_path else "none is on PATH"
        raise EnvironmentMissing(
            f"no ffmpeg: {seen}, and the imageio-ffmpeg package carries none for this machine; "
            f"install ffmpeg 5.1 or newer, or 'pip install imageio-ffmpeg', or set {SETTING} to a binary"
        ) from error


def _trouble(program: str) -> str:
    """What is wrong with a program that should be an ffmpeg; empty when nothing is."""
    try:
        done = subprocess.run(
            [program, "-hide_banner", "-nostdin", "-v", "error", *_PROBE], capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode or b"\n0," not in done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"it ends with {done.returncode}"
    return ""


def ffmpeg_version() -> str:
    """The first line of ``ffmpeg -version``, such as ``ffmpeg version 7.1 ...``."""
    done = subprocess.run([find_ffmpeg(), "-version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]


def run_ffmpeg(
    arguments: Sequence[str | Path], *, timeout_s: float | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run ffmpeg quietly to its end; stdout and stderr are captured, the return code is the caller's to read.

    It has a session of its own: Ctrl-C is the caller's affair, and must not look like a file that does not decode.
    Whoever is interrupted calls `stop_ffmpeg`; behind a caller that was killed it ends when it writes.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout_s`; the process is gone by then.
        TransientError: ``unchecked``: somebody killed it (the system, for want of memory, does so).
    """
    command = [find_ffmpeg(), "-hide_banner", "-nostdin", "-v", "error", *map(str, arguments)]
    stops = _stops
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        _running.add(process)
        try:
            if _stops != stops:  # while it was started
                process.kill()
            stdout, stderr = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            raise
        finally:
            _running.discard(process)
    if process.returncode < 0 and -process.returncode not in _ITS_OWN_FAULTS:
        name = signal.Signals(-process.returncode).name
        raise TransientError("unchecked", f"ffmpeg was ended by {name} while it decoded; run again, with more memory")
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def stop_ffmpeg() -> None:
    """End what `run_ffmpeg` has started in this process's threads and what still runs."""
    global _stops
    _stops += 1
    for process in tuple(_running):
        process.kill()


def open_ffmpeg(arguments: Sequence[str | Path], *, stderr: IO[bytes] | int) -> "subprocess.Popen[Any]":
    """Start ffmpeg with a pipe to its standard input, for frames or samples that are made on the way."""
    command = [find_ffmpeg(), "-hide_banner", "-v", "error", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr)


def ffmpeg_encoders() -> frozenset[str]:
    """The names of the encoders that this ffmpeg has."""
    done = subprocess.run([find_ffmpeg(), "-hide_banner", "-encoders"], capture_output=True, text=True, check=False)
    words = (line.split() for line in done.stdout.splitlines())
    return frozenset(line[1] for line in words if len(line) > 1)
