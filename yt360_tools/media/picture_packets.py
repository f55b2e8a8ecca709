"""The packets of a picture track: their times, sizes and key frames, read and not decoded."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.containers import foreign_errors, opened

_MOST_PACKETS = 4_000_000


@dataclass(frozen=True)
class Packets:
    """A picture track's packets in the order of their times.

    Attributes:
        times_s: when each one's frame is shown, in seconds on the source's clock.
        sizes: bytes.
        is_key: whether it can be decoded without others.
        went_back_s: by how much decoding times ran backwards at most, in the order of the file; 0 for never.
        end_s: where the one ends that ends last; None without any.
    """

    times_s: NDArray[np.float64]
    sizes: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    went_back_s: float = 0.0
    end_s: float | None = None


def read_packets(path: Path) -> Packets:
    """The packets of a file's first picture track, up to four millions and as far as they can be read.

    Raises:
        MediaError: ``empty_file``, ``unreadable_video`` or ``no_picture``.
    """
    import av

    times: list[int] = []
    sizes: list[int] = []
    keys: list[bool] = []
    last_dts, back, end = None, 0, None
    with opened(path, "video") as (container, stream), foreign_errors(path, "unreadable_video", "reading its packets"):
        tick_s = float(stream.time_base or 0)
        try:
            for packet in container.demux(stream):
                dts = packet.dts
                if dts is not None:
                    if last_dts is not None and dts < last_dts:
                        back = max(back, last_dts - dts)
                    last_dts = dts
                time = packet.pts if packet.pts is not None else dts
                if time is None or not packet.size:
                    continue
                if len(times) >= _MOST_PACKETS:
                    break
                times.append(time)
                sizes.append(packet.size)
                keys.append(bool(packet.is_keyframe))
                behind = time + max(packet.duration or 0, 0)
                end = behind if end is None else max(end, behind)
        except av.error.FFmpegError:
            pass  # what is behind the damage is another check's affair
    order = np.argsort(np.asarray(times, np.int64), kind="stable")
    return Packets(
        np.asarray(times, np.float64)[order] * tick_s,
        np.asarray(sizes, np.int64)[order],
        np.asarray(keys, np.bool_)[order],
        back * tick_s,
        None if end is None else end * tick_s,
    )
