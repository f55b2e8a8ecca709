"""Whether a sound was clipped, also if it was encoded with loss since: the tops of its waves are flat."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.sound_stretches import Stretch

Array = NDArray[np.float64]

_LEVEL = 0.9
_LEAST_RUN = 4
_LEAST_PEAK = 0.003
"""Below -50 dBFS a coarse PCM is flat of itself."""
_FLAT = 1.8
_LEAST_HEIGHT = 0.5
"""Of what lies between the level and the greatest value: a ragged wave that just passes the level is no flat top."""
_WIDEST = 400
_LEAST_TOPS = 20
_PEAKS_ABOVE = (1e-4, 2e-3)
"""Which share of the samples the level of the tops may leave above: lossy codecs overshoot now and then."""


@dataclass(frozen=True)
class FlatTops:
    """How flat a channel's highest tops are.

    Attributes:
        flat_share: of its high tops, those that are flat.
        sample_share: of its samples, those that lie in flat tops.
        tops: how many there were to judge by.
        stuck_share: of its samples, those at exactly its greatest value, where these stand out.
    """

    flat_share: float = 0.0
    sample_share: float = 0.0
    tops: int = 0
    stuck_share: float = 0.0


def flat_tops(stretches: Sequence[Stretch], channel: int) -> FlatTops:
    """How flat a channel's tops are.

    A top is a run of samples above `_LEVEL` of the greatest value. A smooth one is a parabola: its slope where it
    enters, times its length, is six times its mean height above that level; with a flat one it is more, since it comes
    steeply and stays.
    """
    signal = [stretch.samples[channel] for stretch in stretches]
    high = np.abs(np.concatenate(signal))
    if not high.size or high.max() < _LEAST_PEAK:
        return FlatTops()
    found = [_judged(signal, _quantile(high, above), high.size) for above in _PEAKS_ABOVE]
    best = max(found, key=lambda one: (one.flat_share if one.tops >= _LEAST_TOPS else 0.0, one.tops))
    return dataclasses.replace(best, stuck_share=_stuck_share(high))


def _judged(signal: Sequence[NDArray[np.float32]], peak: float, count: int) -> FlatTops:
    parts = [_tops(part, _LEVEL * peak) for part in signal]
    corner, height, length = (np.concatenate(every) for every in zip(*parts, strict=True))
    if not corner.size:
        return FlatTops()
    is_flat = (corner > _FLAT) & (height > _LEAST_HEIGHT * (1 - _LEVEL) * peak)
    return FlatTops(float(is_flat.mean()), float(length[is_flat].sum() / count), int(corner.size))


def _quantile(high: NDArray[np.float32], above: float) -> float:
    """The value that a share `above` of all exceed."""
    place = max(0, high.size - 1 - int(high.size * above))
    return float(np.partition(high, place)[place])


def _stuck_share(high: NDArray[np.float32]) -> float:
    """0 where as many come just below: a sine stays near its top, and does not stick to one value."""
    top = float(high.max())
    near = high[high > 0.95 * top]
    at = int((near >= top * (1 - 1e-6)).sum())
    return at / high.size if at >= _LEAST_TOPS and at > near.size - at else 0.0


def _tops(signal: NDArray[np.float32], level: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """Of each top: slope times length over six times the mean height, the mean height above the level, the length."""
    corners, heights, lengths = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, np.int64)]
    for side in (signal, -signal):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], side > level, [0]])))
        first, last = edges[::2], edges[1::2]
        inside = (last - first >= _LEAST_RUN) & (last - first < _WIDEST) & (first > 0) & (last < side.size)
        first, last = first[inside], last[inside]
        if not first.size:
            continue
        sums = np.concatenate([[0.0], np.cumsum(side, dtype=np.float64)])
        length = last - first
        height = np.maximum((sums[last] - sums[first]) / length - level, 1e-9)
        slope = (side[first] - side[first - 1] + side[last - 1] - side[last]) / 2
        corners.append(slope * length / (6 * height))
        heights.append(height)
        lengths.append(length)
    return np.concatenate(corners), np.concatenate(heights), np.concatenate(lengths)
