"""What else a file says of its picture and its sound: clocks, how its frames come, rotation, colours, samples."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import atan2, degrees
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.containers import (
    announced_end,
    container_end,
    foreign_errors,
    last_packet_end,
    opened,
    start_of,
)
from yt360_tools.media.picture_packets import Packets, read_packets

_FIRST_PACKETS = 32
"""So many are tried for a first frame: H.264 and HEVC hold back 16 at most."""

# ITU-T H.273, tables 2 to 4.
_RANGES = {1: "limited", 2: "full"}
_SPACES = {
    0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    11: "smpte431", 12: "smpte432",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 11: "iec61966-2-4",
    13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 18: "arib-std-b67",
}  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """A stream's times, in seconds on the source's clock.

    Attributes:
        tick: the unit that its timestamps count, in seconds.
        start_s: where it begins by its header.
        announced_end_s: where it ends by its own header; None where that is silent.
        container_end_s: where the longest stream ends by the container's header; None where that is silent.
        last_packet_end_s: where its last packet ends; None without one.
    """

    tick: Fraction
    start_s: float
    announced_end_s: float | None
    container_end_s: float | None
    last_packet_end_s: float | None


@dataclass(frozen=True)
class Colours:
    """How a picture's values count as colours, in ffmpeg's words; empty where the file does not say.

    Attributes:
        pixel_format: such as ``yuv420p``.
        bits: of each value; 0 where no frame decodes.
        range: ``limited`` or ``full``.
        space, primaries, transfer: ITU-T H.273.
    """

    pixel_format: str
    bits: int
    range: str
    space: str
    primaries: str
    transfer: str


@dataclass(frozen=True)
class PictureDetails:
    """More of a file's first picture stream than `probe_video` tells.

    Attributes:
        streams: how many there are of each kind, such as ``video``, ``audio`` and ``data``.
        frames: packets that hold something.
        mean_fps: of all frames, by their times; 0 with less than two.
        usual_interval_s: the median of the times from one frame to the next; 0 with less than two.
        uneven_share: the share of these times that is off by more than half of it.
        went_back_s: by how much decoding times ran backwards at most, in the order of the file; 0 for never.
        rotation_deg: by how much players are asked to turn the picture counter-clockwise, 0 to 359.
        is_mirrored: whether they are asked to mirror it left to right, before they turn it.
    """

    streams: Mapping[str, int]
    clock: Clock
    frames: int
    mean_fps: float
    usual_interval_s: float
    uneven_share: float
    went_back_s: float
    rotation_deg: int
    is_mirrored: bool
    colours: Colours


@dataclass(frozen=True)
class SoundDetails:
    """More of a file's sound stream than `probe_sound` tells.

    Attributes:
        sample_format: as it is decoded, such as ``fltp`` or ``s16``.
        bits: of each sample.
    """

    streams: Mapping[str, int]
    clock: Clock
    sample_format: str
    bits: int


def picture_details(path: Path, packets: Packets | None = None) -> PictureDetails:
    """The details of a file's picture: one frame is decoded, and where `packets` are not given, all are read.

    Raises:
        MediaError: ``empty_file``, ``unreadable_video`` or ``no_picture``.
    """
    packets = packets or read_packets(path)
    with opened(path, "video") as (container, stream), foreign_errors(path, "unreadable_video", "probing it"):
        frame = _first_frame(container, stream)
        mean_fps, usual_s, uneven = _rate(packets.times_s)
        rotation_deg, is_mirrored = _orientation(frame)
        return PictureDetails(
            streams=_kinds(container),
            clock=_clock(container, stream, packets.end_s),
            frames=len(packets.times_s),
            mean_fps=mean_fps,
            usual_interval_s=usual_s,
            uneven_share=uneven,
            went_back_s=packets.went_back_s,
            rotation_deg=rotation_deg,
            is_mirrored=is_mirrored,
            colours=_colours(stream.codec_context, frame),
        )


def sound_details(path: Path) -> SoundDetails:
    """The details of a file's sound; only its last packets are read.

    Raises:
        MediaError: ``empty_file``, ``unreadable_sound`` or ``no_sound``.
    """
    with opened(path, "audio") as (container, stream), foreign_errors(path, "unreadable_sound", "probing it"):
        end_s = last_packet_end(container, [stream], container_end(container))
        kind = stream.codec_context.format
        return SoundDetails(
            streams=_kinds(container),
            clock=_clock(container, stream, end_s),
            sample_format="" if kind is None else kind.name,
            bits=0 if kind is None else int(kind.bits),
        )


def _kinds(container: Any) -> dict[str, int]:
    return dict(sorted(Counter(str(stream.type) for stream in container.streams).items()))


def _clock(container: Any, stream: Any, last_packet_end_s: float | None) -> Clock:
    return Clock(
        tick=Fraction(stream.time_base or 0),
        start_s=start_of(stream),
        announced_end_s=announced_end(container, stream),
        container_end_s=container_end(container),
        last_packet_end_s=last_packet_end_s,
    )


def _first_frame(container: Any, stream: Any) -> Any:
    """The first frame that decodes among the first packets; None where none does."""
    import av

    stream.codec_context.thread_count = 1
    try:
        container.seek(0)
        for tried, packet in enumerate(container.demux(stream)):
            found = next(iter(packet.decode()), None)
            if found is not None or tried >= _FIRST_PACKETS:
                return found
    except av.error.FFmpegError:
        return None
    return None


def _rate(times_s: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean rate (Hz), usual interval (s) and the share of uneven intervals."""
    intervals = np.diff(times_s)
    length_s = float(intervals.sum())
    if length_s <= 0:
        return 0.0, 0.0, 0.0
    usual_s = float(np.median(intervals))
    uneven = float(np.mean(np.abs(intervals - usual_s) > 0.5 * usual_s))
    return intervals.size / length_s, usual_s, uneven


def _orientation(frame: Any) -> tuple[int, bool]:
    """Degrees counter-clockwise, 0 to 359, and whether it is mirrored left to right first (ISO/IEC 14496-12, 6.2.2)."""
    data = next((one for one in getattr(frame, "side_data", None) or () if one.type.name == "DISPLAYMATRIX"), None)
    values = memoryview(bytes(data)).cast("i").tolist() if data is not None and len(bytes(data)) == 36 else []
    if not values:
        return 0, False
    a, b, c, d = values[0], values[1], values[3], values[4]
    is_mirrored = a * d - b * c < 0
    across = -1 if is_mirrored else 1
    return round(-degrees(atan2(b * across, a * across))) % 360, is_mirrored


def _colours(codec: Any, frame: Any) -> Colours:
    kind = codec.format if frame is None else frame.format
    return Colours(
        pixel_format="" if kind is None else kind.name,
        bits=0 if kind is None else max((one.bits for one in kind.components), default=0),
        range=_RANGES.get(_code(frame, codec, "color_range"), ""),
        space=_SPACES.get(_code(frame, codec, "colorspace"), ""),
        primaries=_PRIMARIES.get(_code(frame, codec, "color_primaries"), ""),
        transfer=_TRANSFERS.get(_code(frame, codec, "color_trc"), ""),
    )


def _code(frame: Any, codec: Any, name: str) -> int:
    """A number of H.273, by the frame, or else by the stream; -1 where neither has it."""
    for one in (frame, codec):
        value = getattr(one, name, None)
        if value is not None:
            return int(value)
    return -1
