"""What ffmpeg is told to make of frames and samples, and what becomes of its complaints."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import EnvironmentMissing, TransientError, Yt360Error
from yt360_tools.media.carriers import SOUND_CODECS, VIDEO_CODECS
from yt360_tools.media.ffmpeg import open_ffmpeg

TITLE_PLACEHOLDER = "x" * 240
"""A track title that `labelling` turns into projection metadata; ffmpeg cannot write those into a WebM."""

BARE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""No dates and no tool versions: the same bytes on every run."""

_FORMATS: dict[str, str] = {"mp4": "mp4", "webm": "webm", "m4a": "mp4", "ogg": "ogg"}
"""What ffmpeg calls the containers of single tracks."""
_ONE_THREAD = ("-threads", "1", "-filter_threads", "1")
_MACHINE_COMPLAINTS = (
    "No space left",
    "Disk quota",
    "Read-only file system",
    "Permission denied",
    "Unknown encoder",
)


def _complaint(text: str, path: Path) -> Yt360Error:
    lines = [line for line in text.splitlines() if line.strip()] or ["it said nothing"]
    for known in _MACHINE_COMPLAINTS:
        if known.lower() in text.lower():
            line = next(line for line in lines if known.lower() in line.lower())
            return EnvironmentMissing(f"ffmpeg could not write {path}: {line.strip()}")
    return TransientError("ffmpeg_failed", f"ffmpeg could not write {path}: {lines[0].strip()}")


@contextmanager
def fed_ffmpeg(arguments: list[str], path: Path) -> Iterator[IO[bytes]]:
    """The standard input of an ffmpeg that has ended well when the block is left; no process stays behind.

    Raises:
        EnvironmentMissing: no space, no permission, or an ffmpeg without that encoder.
        TransientError: ffmpeg failed otherwise, or stopped reading; what it said first is told: the cause.
    """
    with tempfile.TemporaryFile() as log:
        process = open_ffmpeg(arguments, stderr=log)
        assert process.stdin is not None
        stopped_reading = False
        try:
            try:
                with process.stdin as pipe:
                    yield pipe
            except BrokenPipeError:
                stopped_reading = True  # ffmpeg has gone; its log says why
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code != 0:
            log.seek(0)
            raise _complaint(log.read().decode(errors="replace"), path)
    if stopped_reading:
        raise TransientError("ffmpeg_failed", f"ffmpeg stopped reading before the end of {path}, and gave no reason")


def _feed(arguments: list[str], chunks: Iterable[NDArray[Any]], path: Path) -> None:
    with fed_ffmpeg(arguments, path) as pipe:
        for chunk in chunks:
            pipe.write(np.ascontiguousarray(chunk).data)


def encode_video(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    *,
    codec: str,
    width: int,
    height: int,
    frame_rate: Fraction,
) -> None:
    """Write RGB frames (height, width, 3) as H.264 in MP4 or VP9 in WebM, 4:2:0, BT.709; the same bytes on every run.

    Quickly: sizes and qualities are those of a synthetic world. `codec` is one of `VIDEO_CODECS` with an `alone_in`.

    Raises:
        EnvironmentMissing: no space, no permission, or an ffmpeg without that encoder.
        TransientError: ffmpeg failed otherwise.
    """
    container = VIDEO_CODECS[codec].alone_in
    title = ("-metadata:s:v", f"title={TITLE_PLACEHOLDER}") if container == "webm" else ()
    arguments = [
        *("-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}"),
        *("-framerate", f"{frame_rate.numerator}/{frame_rate.denominator}", "-i", "pipe:0"),
        *VIDEO_CODECS[codec].arguments(is_quick=True),
        *("-g", str(round(5 * frame_rate))),
        *BARE,
        *_ONE_THREAD,
        *title,
        *("-f", _FORMATS[container], str(path.absolute())),
    ]
    _feed(arguments, frames, path)


def encode_sound(foa: NDArray[np.float32], path: Path, *, codec: str, sample_rate_hz: int) -> None:
    """Write ambisonics (4, samples) as four plain channels, in their order, without any mix.

    Quickly, as `encode_video`. `codec` is one of `SOUND_CODECS` with an `alone_in`, its container.

    Raises:
        EnvironmentMissing: no space, no permission, or an ffmpeg without that encoder.
        TransientError: ffmpeg failed otherwise.
    """
    # "quad" is the one label under which all three encoders leave four channels as they are.
    arguments = [
        *("-y", "-f", "f32le", "-ar", str(sample_rate_hz), "-channel_layout", "quad", "-i", "pipe:0"),
        *SOUND_CODECS[codec].arguments(len(foa), is_quick=True),
        *BARE,
        *_ONE_THREAD,
        *("-f", _FORMATS[SOUND_CODECS[codec].alone_in], str(path.absolute())),
    ]
    _feed(arguments, [foa.T.astype("<f4")], path)
