"""Whether a sound was clipped, also if it was encoded with loss since: its waves run straight into a ceiling.

In PCM the ceiling is one value, and waves stay at it for several samples. A lossy codec leaves no two samples alike:
what is left then is that long tops are all as high, that hardly anything is above them, and that a wave comes up to
them as steeply as ever. Saturation bends a wave before it is at its top, and a limiter moves no single wave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.sound_stretches import Stretch
from yt360_tools.thresholds.sound import SoundThresholds

Array = NDArray[np.float64]

_FOOT, _KNEE, _TOP = 0.5, 0.75, 0.93
"""Of the ceiling. A straight rise needs 0.72 as long from the knee to the top as from the foot to the knee, a sine that
just comes to the ceiling 1.07, and one that a hyperbolic tangent holds there 1.6."""
_ABOVE_PEAK, _ABOVE_LOW_PEAK = 2e-4, 1e-2
"""The share of the samples above what counts as a channel's peak: lossy codecs overshoot, the more the more is cut."""
_LOWEST, _HIGHEST, _STEP = 0.6, 1.3, 0.01
"""Where a ceiling is looked for, relative to the peak, and how finely."""
_BENT = 1.5
"""How much longer a top is than a parabola of its height and slope, where it may be a flat one."""
_LEAST_RUN, _WIDEST = 4, 400
_LEAST_STUCK, _SAME = 3, 1e-6


@dataclass(frozen=True)
class Ceiling:
    """What speaks for a ceiling that a channel's waves run into.

    Attributes:
        stuck_share: of the samples, those that stay at exactly the greatest or the least value for some samples, where
            hardly any come just below it; 0 where the PCM is too coarse to say so.
        tops: how many tops stay near the ceiling for much longer than it takes to come there.
        sample_share: of the samples, those that lie in them.
        rise_ratio: how long their waves take from three quarters of the ceiling to the top relative to how long they
            take from half to three quarters; the median.
        spread: by how much their heights differ, relative to the ceiling (1.48 times the median deviation).
        heap: how many samples there are around the ceiling relative to as wide a span 16 % below it.
        above: and 16 % above it.
    """

    stuck_share: float = 0.0
    tops: float = 0.0
    sample_share: float = 0.0
    rise_ratio: float = 9.0
    spread: float = 1.0
    heap: float = 0.0
    above: float = 1.0


def find_ceiling(stretches: Sequence[Stretch], channel: int, thresholds: SoundThresholds) -> Ceiling:
    """A channel's ceiling, as far as there is one."""
    signal = [stretch.samples[channel].astype(np.float64) for stretch in stretches]
    high = np.abs(np.concatenate(signal)) if signal else np.zeros(0)
    if not high.size or high.max() <= 0:
        return Ceiling()
    stuck = sum(_stuck([side * part for part in signal], thresholds) for side in (1, -1)) / high.size
    found = _at_level(signal, high, _quantile(high, _ABOVE_PEAK), stuck, thresholds)
    if clipped_share(found, thresholds):
        return found
    low_peak = _quantile(high, _ABOVE_LOW_PEAK)
    if _fullest(high, low_peak) < thresholds.much_clipped:
        return found
    lower = _at_level(signal, high, low_peak, stuck, thresholds)
    return lower if lower.sample_share >= thresholds.much_clipped else found


def _at_level(signal: Sequence[Array], high: Array, peak: float, stuck: float, thresholds: SoundThresholds) -> Ceiling:
    level = _level(signal, peak, thresholds)
    if level is None:
        return Ceiling(stuck)
    both_ways = [side * part[::step] for part in signal for side in (1, -1) for step in (1, -1)]
    early, late, stay, height = np.concatenate([_rises(part, level) for part in both_ways], axis=1)
    is_long = (stay > thresholds.long_top * (early + late)) & (stay > _LEAST_RUN) & (early > 0.5)
    tops = float(is_long.sum()) / 2
    if tops < thresholds.least_tops:
        return Ceiling(stuck, tops)
    heights = height[is_long]
    at_ceiling = _density(high, 0.96 * level, 1.04 * level)
    return Ceiling(
        stuck,
        tops,
        float(stay[is_long].sum()) / 2 / high.size,
        float(np.median(late[is_long] / early[is_long])),
        1.48 * float(np.median(np.abs(heights - np.median(heights)))),
        at_ceiling / max(_density(high, 0.80 * level, 0.88 * level), 1.0),
        _density(high, 1.12 * level, 1.20 * level) / max(at_ceiling, 1.0),
    )


def clipped_share(ceiling: Ceiling, thresholds: SoundThresholds) -> float:
    """The share of a channel's samples that were clipped; 0 where it was not."""
    if ceiling.stuck_share >= thresholds.stuck_share:
        return ceiling.stuck_share
    is_clipped = (
        ceiling.sample_share >= thresholds.clipped_share
        and ceiling.rise_ratio < thresholds.straight_rise
        and ceiling.spread < thresholds.ceiling_spread
        and ceiling.heap > thresholds.ceiling_heap
        and ceiling.above < thresholds.above_ceiling
    )
    return ceiling.sample_share if is_clipped else 0.0


def _stuck(signal: Sequence[Array], thresholds: SoundThresholds) -> int:
    """How many samples stay at the greatest value; 0 where as many come just below it, as a sine's do."""
    top = max(float(part.max(initial=0.0)) for part in signal)
    near = np.concatenate([part[part > 0.95 * top] for part in signal])
    values = np.unique(near)
    if values.size < 2 or np.diff(values).min() > thresholds.finest_step * top:
        return 0
    stuck = 0
    for part in signal:
        first, last = _runs(part >= top * (1 - _SAME))
        length = last - first
        stuck += int(length[length >= _LEAST_STUCK].sum())
    just_below = int(((near > 0.99 * top) & (near < top * (1 - _SAME))).sum())
    return stuck if stuck > just_below else 0


def _level(signal: Sequence[Array], peak: float, thresholds: SoundThresholds) -> float | None:
    """Where most samples of flat tops lie; None where too few tops are flat."""
    found = [_flat_tops(side * part, _LOWEST * peak) for part in signal for side in (1, -1)]
    height, length = (np.concatenate(every) for every in zip(*found, strict=True))
    if height.size < thresholds.least_tops / 2:
        return None
    bins = np.arange(_LOWEST, _HIGHEST, _STEP)
    heap = np.convolve(np.histogram(height / peak, bins, weights=length)[0], np.ones(5), "same")
    return (_LOWEST + _STEP * (int(heap.argmax()) + 0.5)) * peak


def _flat_tops(signal: Array, level: float) -> tuple[Array, Array]:
    """Mean height of the inner half, and length, of each top above a level that is longer than a parabola.

    A parabola's slope where it enters, times its length, is six times its mean height above the level.
    """
    first, last = _runs(signal > level)
    length = last - first
    inside = (length >= _LEAST_RUN) & (length < _WIDEST) & (first > 0) & (last < signal.size)
    first, last, length = first[inside], last[inside], length[inside]
    if not first.size:
        return np.zeros(0), np.zeros(0)
    sums = np.concatenate([[0.0], np.cumsum(signal)])
    mean = np.maximum((sums[last] - sums[first]) / length - level, 1e-9)
    slope = (signal[first] - signal[first - 1] + signal[last - 1] - signal[last]) / 2
    edge = np.maximum(1, length // 4)
    height = (sums[last - edge] - sums[first + edge]) / (length - 2 * edge)
    is_flat = slope * length > 6 * _BENT * mean
    return height[is_flat], length[is_flat].astype(np.float64)


def _rises(signal: Array, level: float) -> Array:
    """(4, tops): samples from foot to knee, and from knee to top; how long a top lasts; its mean height over `level`.

    A top counts from where the signal comes above the knee until it falls below it, if it comes to the top at all.
    """
    foot, knee, top = (_upward(signal, share * level) for share in (_FOOT, _KNEE, _TOP))
    fall, leave = (signal.size - 1 - _upward(signal[::-1], share * level)[::-1] for share in (_KNEE, _TOP))
    if not all(every.size for every in (foot, knee, top, fall, leave)):
        return np.zeros((4, 0))
    end = np.searchsorted(fall, knee)
    is_whole = end < fall.size
    knee, ends = knee[is_whole], fall[end[is_whole]]
    before, at, until = np.searchsorted(foot, knee) - 1, np.searchsorted(top, knee), np.searchsorted(leave, ends) - 1
    inside = (before >= 0) & (at < top.size) & (until >= 0)
    knee, ends, begin = knee[inside], ends[inside], foot[before[inside]]
    come, go = top[at[inside]], leave[until[inside]]
    inside = (come < ends) & (go > come)
    begin, knee, come, go = begin[inside], knee[inside], come[inside], go[inside]
    sums = np.concatenate([[0.0], np.cumsum(signal)])
    first, last = np.ceil(come).astype(int), np.floor(go).astype(int) + 1
    height = (sums[last] - sums[first]) / np.maximum(last - first, 1) / level
    return np.array([knee - begin, come - knee, go - come, height])


def _upward(signal: Array, level: float) -> Array:
    """When a signal passes a level upwards, in samples, straight between two."""
    place = np.flatnonzero((signal[:-1] <= level) & (signal[1:] > level))
    return np.asarray(place + (level - signal[place]) / (signal[place + 1] - signal[place]))


def _runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where runs of true begin, and where they end (exclusive)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2]


def _quantile(high: Array, above: float) -> float:
    """The value that a share `above` of all exceed."""
    place = max(0, high.size - 1 - int(high.size * above))
    return float(np.partition(high, place)[place])


def _fullest(high: Array, peak: float) -> float:
    """The greatest share of all that lies within a tenth of the peak of one value, where a ceiling may be."""
    bins = np.histogram(high, np.arange(0.9 * _LOWEST, 1.1 * _HIGHEST, _STEP) * peak)[0]
    return float(np.convolve(bins, np.ones(round(0.2 / _STEP))).max()) / high.size


def _density(high: Array, low: float, up: float) -> float:
    """How many lie between."""
    return float(((high > low) & (high <= up)).sum())
