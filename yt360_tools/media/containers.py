"""Opening a media file safely, and the clock of its streams: the seam to PyAV that this room shares."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yt360_tools.errors import MediaError
from yt360_tools.media.kept_layouts import kept_layout

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,wav,w64,rf64,flac,avi,mpegts,caf,aiff,mp3,aac,nut"
"""Containers that are opened. No playlist is among them: one could name other files and addresses."""

_KINDS = {
    "video": ("picture", "unreadable_video", "no_picture"),
    "audio": ("sound", "unreadable_sound", "no_sound"),
}


def safe_name(path: Path) -> str:
    """`path` as a name that ffmpeg takes for a file, whatever it begins with and whether it has a ``:``."""
    return f"file:{os.path.abspath(path)}"


INPUT_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
"""Options for opening an input, for PyAV as they are and for the command line as ``-key value``."""


@contextmanager
def foreign_errors(path: Path, reason: str, doing: str) -> Iterator[None]:
    """Turn what PyAV raises inside the block into a MediaError with `reason`."""
    import av

    try:
        yield
    except (av.error.FFmpegError, ValueError, IndexError, OverflowError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise MediaError(reason, f"{path.name}: {doing} failed ({text}); is the file damaged?") from error


@contextmanager
def opened(path: Path, kind: str) -> Iterator[tuple[Any, Any]]:
    """The open PyAV container of `path` and its stream of `kind`: the first ``video``, or the ``audio`` that counts.

    Cameras write a mono or stereo track before the spatial one: the first with four channels or more counts, and
    without such a one the first.

    Raises:
        MediaError: ``empty_file``; ``unreadable_video``, ``no_picture``; ``unreadable_sound``, ``no_sound``.
    """
    import av

    what, unreadable, absent = _KINDS[kind]
    if not path.is_file() or path.stat().st_size == 0:
        seen = "is empty" if path.is_file() else "is not there"
        raise MediaError("empty_file", f"{path.name} {seen}; a media file with {what} was expected")
    with foreign_errors(path, unreadable, "opening it"):
        container = av.open(safe_name(path), options=INPUT_OPTIONS)
    try:
        streams = [stream for stream in container.streams if stream.type == kind]
        if not streams:
            kinds = ", ".join(stream.type for stream in container.streams) or "nothing"
            raise MediaError(absent, f"{path.name} has no {what}: its streams are {kinds}")
        spatial = [stream for stream in streams if kind == "audio" and _channels(stream) >= 4]
        stream = (spatial or streams)[0]
        if stream.codec_context is None:
            raise MediaError(unreadable, f"{path.name}: there is no decoder for its {what}")
        yield container, stream
    finally:
        container.close()


def _channels(stream: Any) -> int:
    return 0 if stream.codec_context is None else int(kept_layout(stream.codec_context).nb_channels)


def start_of(stream: Any) -> float:
    """When the stream begins, in seconds on the source's clock; 0 when the file does not say."""
    return 0.0 if stream.start_time is None else float(stream.start_time * stream.time_base)


def announced_end(container: Any, stream: Any) -> float | None:
    """When the stream ends by its own header (not the container's), in seconds; None when that is silent.

    Matroska's headers are: ffmpeg gives its streams the length of the whole file.
    """
    if "matroska" in container.format.name or not stream.duration or stream.duration < 0:
        return None
    return start_of(stream) + float(stream.duration * stream.time_base)


def container_end(container: Any) -> float | None:
    """When the last of all streams ends by the container's header, in seconds; None when it is silent.

    Matroska counts its duration from zero, also when the first picture comes later.
    """
    if not container.duration or container.duration < 0:
        return None
    counts_from_zero = "matroska" in container.format.name
    start = 0 if counts_from_zero else container.start_time or 0
    return float((start + container.duration) / 1_000_000)


def last_packet_end(container: Any, streams: Sequence[Any], near_s: float | None) -> float | None:
    """When the last packet of `streams` that is in the file ends; None when there are no packets.

    Looks at the tail first (around `near_s`), and at the whole file only when there is nothing.
    """
    import av

    for back_s in (5.0, 60.0, None):
        if back_s is None:
            target = None
        elif near_s is None or near_s <= back_s:
            continue
        else:
            target = near_s - back_s
        try:
            container.seek(0 if target is None else int(target * 1_000_000))
        except av.error.FFmpegError:
            if target is not None:
                continue
        end = _latest(container, streams)
        if end is not None:
            return end
    return None


def _latest(container: Any, streams: Sequence[Any]) -> float | None:
    import av

    end = None
    try:
        for packet in container.demux(*streams):
            if packet.pts is not None and packet.size:
                packet_end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                end = packet_end if end is None else max(end, packet_end)
    except av.error.FFmpegError:
        return end
    return end
