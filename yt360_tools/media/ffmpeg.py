"""Finding an ffmpeg and running it: the only place in the project that starts a process."""

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from yt360_tools.errors import EnvironmentMissing

SETTING = "YT360_FFMPEG"


@functools.cache
def find_ffmpeg() -> str:
    """The ffmpeg to use: the setting ``YT360_FFMPEG``, else PATH, else the imageio-ffmpeg wheel's binary.

    Raises:
        EnvironmentMissing: the setting names no program, or there is no ffmpeg at all.
    """
    setting = os.environ.get(SETTING)
    if setting:
        found = shutil.which(setting)
        if not found:
            raise EnvironmentMissing(
                f"{SETTING} is set to {setting!r}, and no program is there; set it to an ffmpeg or unset it"
            )
        return found
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise EnvironmentMissing(
            "no ffmpeg: none is on PATH, and the imageio-ffmpeg package carries none for this machine; "
            f"install ffmpeg, or 'pip install imageio-ffmpeg', or set {SETTING} to a binary"
        ) from error


def ffmpeg_version() -> str:
    """The first line of ``ffmpeg -version``, such as ``ffmpeg version 7.1 ...``."""
    done = subprocess.run([find_ffmpeg(), "-version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]


def run_ffmpeg(
    arguments: Sequence[str | Path], *, timeout_s: float | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run ffmpeg quietly to its end; stdout and stderr are captured, the return code is the caller's to read.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout_s`; the process is gone by then.
    """
    command = [find_ffmpeg(), "-hide_banner", "-nostdin", "-v", "error", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)


def open_ffmpeg(arguments: Sequence[str | Path], *, stderr: IO[bytes] | int) -> "subprocess.Popen[Any]":
    """Start ffmpeg with a pipe to its standard input, for frames or samples that are made on the way."""
    command = [find_ffmpeg(), "-hide_banner", "-v", "error", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr)


def ffmpeg_encoders() -> frozenset[str]:
    """The names of the encoders that this ffmpeg has."""
    done = subprocess.run([find_ffmpeg(), "-hide_banner", "-encoders"], capture_output=True, text=True, check=False)
    words = (line.split() for line in done.stdout.splitlines())
    return frozenset(line[1] for line in words if len(line) > 1)
