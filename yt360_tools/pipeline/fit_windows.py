"""The threshold by which a list of windows may have been made: the one whose windows agree with it best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from yt360_tools.config import SegmentConfig
from yt360_tools.geometry import Array
from yt360_tools.pipeline.compare_windows import Agreement, agreement_of, found_windows, total_of
from yt360_tools.pipeline.window_lists import Window
from yt360_tools.pipeline.windows import FREE, Candidates

STEP_DB = 0.25
"""Thresholds are tried so far apart."""

_MARGIN_DB = 1.0
_LOWEST_DB = -120.0
_CLEARLY_BETTER = 0.01
"""By so much more F1 a threshold relative to the track is worth being named instead of the absolute one."""

ABSOLUTE, RELATIVE = "min_level_dbfs", "most_below_track_db"


@dataclass(frozen=True)
class Fit:
    """How well each threshold agrees with a list, the other options being what they are.

    Attributes:
        option: of the section ``segment``: `ABSOLUTE` or `RELATIVE`.
        best: the middle of the thresholds that agree best, or their stricter end where the list does not tell how much
            milder it could be.
        least, greatest: the range of thresholds that agree as well.
        is_open: whether they reach to the mildest that was tried, which leaves nothing out.
        thresholds, f1, precision, recall: the curve, from the mildest threshold to the strictest; precision is NaN
            where nothing was found.
        agreement: with `best`, over all videos.
    """

    option: str
    best: float
    least: float
    greatest: float
    is_open: bool
    thresholds: tuple[float, ...]
    f1: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    agreement: Agreement

    def applied_to(self, config: SegmentConfig) -> SegmentConfig:
        """The options with the best threshold."""
        return _with(config, self.option, self.best)


def fit_threshold(
    option: str,
    candidates: Mapping[str, Candidates | None],
    listed: Mapping[str, Sequence[Window]],
    config: SegmentConfig,
    tolerance_s: float,
) -> Fit:
    """The best value of one threshold.

    Args:
        option: `ABSOLUTE` or `RELATIVE`.
        candidates: of each video; None where no window fits into one.
        listed: the list's windows of the same videos.
    """
    levels = {video_id: _levels(one, option) for video_id, one in candidates.items() if one is not None}
    tried = _thresholds(levels.values(), option)
    found, matched = np.zeros(tried.size, int), np.zeros(tried.size, int)
    for video_id, of_video in levels.items():
        one = candidates[video_id]
        assert one is not None
        for places in _alike(of_video, tried):
            windows = found_windows(one, _with(config, option, _value(option, tried[places[0]])))
            agreement = agreement_of(listed[video_id], windows, tolerance_s)
            found[places] += agreement.found
            matched[places] += agreement.matched
    total = sum(len(windows) for windows in listed.values())
    f1 = 2 * matched / (total + found)
    first, last = _widest_best(f1)
    is_open = first == 0
    best = _value(option, tried[last] if is_open else (tried[first] + tried[last]) / 2)
    ends = sorted([_value(option, tried[first]), _value(option, tried[last])])
    applied = _with(config, option, best)
    agreements = {
        video_id: agreement_of(listed[video_id], found_windows(one, applied) if one else (), tolerance_s)
        for video_id, one in candidates.items()
    }
    with np.errstate(invalid="ignore"):
        precision = matched / found
    return Fit(
        option=option,
        best=best,
        least=ends[0],
        greatest=ends[1],
        is_open=is_open,
        thresholds=tuple(_value(option, level) for level in tried),
        f1=tuple(f1.tolist()),
        precision=tuple(precision.tolist()),
        recall=tuple((matched / total).tolist()),
        agreement=total_of(agreements),
    )


def better_of(absolute: Fit, relative: Fit) -> Fit:
    """The one to name: the absolute threshold, unless the relative one is clearly better."""
    return relative if relative.agreement.f1 > absolute.agreement.f1 + _CLEARLY_BETTER else absolute


def _with(config: SegmentConfig, option: str, value: float) -> SegmentConfig:
    return replace(config, min_level_dbfs=value) if option == ABSOLUTE else replace(config, most_below_track_db=value)


def _value(option: str, level: float) -> float:
    """The option's value for a level as `_levels` counts: that below the track's loud level is written as positive."""
    return round(float(level if option == ABSOLUTE else -level), 3)


def _levels(candidates: Candidates, option: str) -> Array:
    """The levels of a video's free windows that the option is held against, sorted."""
    levels = candidates.levels_dbfs[candidates.against == FREE]
    return np.sort(levels if option == ABSOLUTE else levels - candidates.loud_dbfs)


def _thresholds(levels: "Sequence[Array] | object", option: str) -> Array:
    """What is tried, from one that leaves nothing out to one that leaves nearly all out."""
    every = np.concatenate([np.empty(0), *levels])  # type: ignore[misc]
    every = every[every > _LOWEST_DB]
    if not every.size:
        every = np.array([-60.0])
    lowest = np.floor(every.min() - _MARGIN_DB)
    count = int((np.ceil(every.max() + _MARGIN_DB) - lowest) / STEP_DB) + 1
    tried = lowest + STEP_DB * np.arange(count)
    # What is relative to the track is written as how far below it: 0 would not ask at all.
    return tried if option == ABSOLUTE else tried[tried < 0]


def _alike(levels: Array, tried: Array) -> list[NDArray[np.intp]]:
    """The places of the thresholds that leave the same windows, group by group."""
    left = levels.size - np.searchsorted(levels, tried)
    return [np.array([place for place, _ in of]) for _, of in groupby(enumerate(left), key=lambda pair: pair[1])]


def _widest_best(f1: Array) -> tuple[int, int]:
    """The first and the last place of the longest stretch of the greatest values; of equally long ones the first."""
    is_best = np.concatenate([[False], f1 >= f1.max() - 1e-12, [False]])
    firsts, ends = np.flatnonzero(np.diff(is_best.astype(np.int8))).reshape(-1, 2).T
    widest = int(np.argmax(ends - firsts))
    return int(firsts[widest]), int(ends[widest]) - 1
