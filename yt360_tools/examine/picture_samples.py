"""What a picture is judged by: at most twelve decoded frames, and the sizes and times of all its packets."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.containers import announced_end, container_end, foreign_errors, opened, start_of
from yt360_tools.media.picture_packets import Packets, read_packets

Picture = NDArray[np.uint8]

MOST_FRAMES = 12
_WIDTH = 1024
_FEW_KEYS, _MOST_DECODED = 3, 300
"""A file with fewer key frames is decoded from its beginning, up to so many frames."""


@dataclass(frozen=True)
class PictureSamples:
    """Some frames, and all packets.

    Attributes:
        frames: uint8 RGB (height, width, 3), at most `_WIDTH` wide, scaled by area; key frames, unless there are fewer
            than three.
        times_s: of the frames, rising, in seconds on the source's clock.
        width, height: the picture's pixels as they are in the file.
        sizes: (width, height) of the frames that were met; those of another size than the first are left out.
    """

    frames: tuple[Picture, ...]
    times_s: tuple[float, ...]
    width: int
    height: int
    packets: Packets
    sizes: tuple[tuple[int, int], ...] = ()


def sample_picture(path: Path) -> PictureSamples:
    """Frames spread over a file's picture, and its packets.

    Raises:
        MediaError: ``empty_file``, ``unreadable_video`` or ``no_picture``.
    """
    packets = read_packets(path)
    with (
        opened(path, "video") as (container, stream),
        foreign_errors(path, "unreadable_video", "looking at it"),
    ):
        stream.codec_context.thread_count = 1
        codec = stream.codec_context
        start_s = start_of(stream)
        end_s = announced_end(container, stream) or container_end(container) or start_s
        if packets.times_s.size:
            start_s, end_s = float(packets.times_s[0]), float(packets.times_s[-1])
        frames: list[Picture] = []
        times: list[float] = []
        sizes: dict[tuple[int, int], None] = {}
        looks: Iterable[tuple[float, Any] | None]
        if packets.is_key.sum() < _FEW_KEYS and packets.times_s.size > 1:
            end_s = float(packets.times_s[: _MOST_DECODED - 1][-1])
            wanted = _evenly(start_s, end_s)
            looks = _frames_from_the_start(container, stream, wanted)
        else:
            wanted = _evenly(start_s, end_s)
            looks = (_frame_before(container, stream, wanted_s) for wanted_s in wanted)
        for found in looks:
            if found is None or (times and found[0] <= times[-1]):
                continue
            size = (found[1].width, found[1].height)
            sizes.setdefault(size)
            if size != next(iter(sizes)):
                continue
            times.append(found[0])
            frames.append(_small(found[1]))
        return PictureSamples(tuple(frames), tuple(times), codec.width, codec.height, packets, tuple(sizes))


def _evenly(start_s: float, end_s: float) -> list[float]:
    return [start_s + (end_s - start_s) * (part + 0.5) / MOST_FRAMES for part in range(MOST_FRAMES)]


def _frames_from_the_start(container: Any, stream: Any, wanted: list[float]) -> Iterator[tuple[float, Any]]:
    """The first frame, and one seen at each wanted moment but the first, or just before; with their times."""
    import av

    stream.codec_context.skip_frame = "NONREF"  # the others, half of most films, are not needed for those that stay
    held, left = None, wanted[1:]
    try:
        for frame in itertools.islice(container.decode(stream), _MOST_DECODED):
            if frame.time is None:
                continue
            time_s = float(frame.time)
            if held is None:
                yield time_s, frame
            while held is not None and left and time_s > left[0]:
                left.pop(0)
                yield held
            held = (time_s, frame)
    except av.error.FFmpegError:
        return
    if held is not None and left:
        yield held


def _frame_before(container: Any, stream: Any, wanted_s: float) -> tuple[float, Any] | None:
    """The key frame before a moment, and its time; the next one where the container's search ends between two.

    Without the key frame a decoder may give grey with what moves: transport streams have no index to go by.
    """
    import av

    try:
        container.seek(int(wanted_s / stream.time_base), stream=stream, backward=True)
        packets = itertools.dropwhile(lambda packet: not packet.is_keyframe, container.demux(stream))
        frame = next(itertools.chain.from_iterable(packet.decode() for packet in packets), None)
    except av.error.FFmpegError:
        return None
    return None if frame is None or frame.time is None else (float(frame.time), frame)


def _small(frame: Any) -> Picture:
    width = min(_WIDTH, frame.width)
    height = max(1, round(width * frame.height / frame.width))
    if frame.width >= 32 and frame.height >= 32:
        small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    else:
        small = frame.reformat(format="rgb24")
    return np.ascontiguousarray(small.to_ndarray(format="rgb24"))
