"""Where a picture may stand still, before anything is decoded in between.

By its packets: a coder that predicts sends a few bytes for frames that are like others; one that does not sends the
same frame again, in just as many bytes. And by the sampled frames: two neighbours that show the same. Both are
suspicions and no more: a tripod in an empty room is quiet too, so what decodes has the last word.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Span
from yt360_tools.media.picture_packets import Packets
from yt360_tools.thresholds import PictureThresholds

_BLOCK_PX = 256
"""Pixels of a coder's block of 16 x 16."""

_LEFT_OUT = 3
"""A frame that is shown for so many times as long as others stands for some that were left out."""

_SHARE = 0.25
"""So many of a second's packets are small where nothing moves: coders go on to refine a still with others."""

_MOST_WINDOWS = 1_000_000
"""Eleven days, of windows of a second."""


def quiet_spans(packets: Packets, pixels: int, thresholds: PictureThresholds) -> tuple[Span, ...]:
    """Spans of whole windows of ``frozen_least_s`` in which hardly anything is sent, or nothing.

    Args:
        pixels: of a frame.
    """
    times_s = packets.times_s
    if times_s.size < 3:
        return ()
    small = _small_packets(packets, pixels, thresholds)
    says = ~packets.is_key if not packets.is_key.all() else np.ones(times_s.size, bool)
    window_s, begin_s = thresholds.frozen_least_s, float(times_s[0])
    count = int((times_s[-1] - begin_s) / window_s) + 1
    if count > _MOST_WINDOWS:  # times that jump so far are another finding
        return ()
    place = np.minimum(((times_s - begin_s) / window_s).astype(int), count - 1)
    total = np.bincount(place, weights=says, minlength=count)
    quiet = np.bincount(place, weights=small & says, minlength=count) >= _SHARE * np.maximum(total, 1)
    end_s = float(times_s[-1] + np.median(np.diff(times_s)))
    sent = [(begin_s + first * window_s, min(end_s, begin_s + (last + 1) * window_s)) for first, last in runs(quiet)]
    return (*sent, *held_spans(packets, thresholds))


def held_spans(packets: Packets, thresholds: PictureThresholds) -> list[Span]:
    """Where one frame is shown for ``frozen_least_s`` and more, and much longer than others."""
    intervals = np.diff(packets.times_s)
    is_long = (intervals >= thresholds.frozen_least_s) & (intervals > _LEFT_OUT * np.median(intervals))
    return [(float(packets.times_s[n]), float(packets.times_s[n + 1])) for n in np.flatnonzero(is_long)]


def _small_packets(packets: Packets, pixels: int, thresholds: PictureThresholds) -> NDArray[np.bool_]:
    if packets.is_key.all():  # each frame on its own: the same one takes just as many bytes
        sizes = packets.sizes.astype(np.float64)
        change = np.abs(np.diff(sizes)) / np.maximum(sizes[1:], 1)
        return np.append(False, change <= thresholds.frozen_intra_change)
    most = thresholds.frozen_frame_bytes + thresholds.frozen_block_bytes * pixels / _BLOCK_PX
    return np.asarray((packets.sizes <= most) & ~packets.is_key)


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans by time, those that touch or overlap as one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1e-6:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def runs(wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]
