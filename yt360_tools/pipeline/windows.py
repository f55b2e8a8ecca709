"""The rule by which a whole video is cut into windows: from its level over time to where clips begin.

A window lasts `clip_s` and begins at a whole second:

    seconds     0         10        20        30        40
    W           ~~~~~~~~~~~~~~~~~~..........~~~~~~~~~~~~~~
    windows     |---------|                |---------|        clip_s = 10: none fits from 10 s to the silence

One is free where no silent span of `most_silent_s`, no span that validation has marked and no cut of the picture lies
in it. Of those that are free and loud enough the first is taken, then the first that does not overlap it, and so on:
no other choice has more of them.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.config import SegmentConfig
from yt360_tools.errors import MediaError
from yt360_tools.geometry import Array

HOP_S = 0.01
"""The level of W is known over each so many seconds."""

_RING_S, _RING_DB = 0.15, 20.0
"""So long before W is seen to be silent a silence may have begun, where W has fallen by so much already: Opus rings
on. Behind 60 hard cuts from noise of -45 to -8 dBFS it stayed above -60 dBFS for up to 0.125 s (half of them: 0.014 s),
21 dB and more below the noise from the second hop on; behind AAC, Vorbis and FLAC silence is seen within a hop."""

_LOUD_PERCENTILE = 95.0
"""A track's loud level is what W exceeds for the rest of the time: some loud events do not make a track loud, and
long silences do not make it quiet."""

_TOUCH_S = 1e-3
"""Spans that overlap by less only touch: times are rounded to a millisecond in Matroska."""

_NO_POWER = 1e-20

FREE, SILENCE, MARKED, CUT = range(4)
"""What stands against a window, whatever its level."""

RULE = (
    "Windows of clip_s seconds begin at whole seconds of the source's clock and do not overlap. One is left out whose "
    "W (RMS over the window) is below min_level_dbfs, or, where most_below_track_db is not 0, more than that below the "
    f"level that W (RMS each {HOP_S:g} s) exceeds for {100 - _LOUD_PERCENTILE:g} % of the time. So is one with a span "
    "of most_silent_s seconds or more (0: no matter) in which W stays below silent_dbfs, one that reaches into a span "
    "that validation marks as black or frozen, and, where scene_cuts is true, one with a cut inside (scene_threshold "
    "says what is one). Of the others the first is taken, then the first that does not overlap it, and so on. Of more "
    "than max_clips_per_video (0: no limit), cap_takes says which stay."
)
"""The rule in words, as it is laid down beside its result."""


@dataclass(frozen=True)
class Material:
    """What the rule looks at of a video; all times are seconds on the source's clock.

    Attributes:
        start_s, end_s: where both tracks have begun, and where the first of them ends.
        levels_start_s: where the first of the levels begins.
        levels: RMS of W in full scale, one each `HOP_S` seconds.
        marked: spans that no clip should be made of, with the word for what was found there.
        cuts_s: where the picture changes to another scene, sorted.
    """

    video_id: str
    start_s: float
    end_s: float
    levels_start_s: float
    levels: Array
    marked: tuple[tuple[float, float, str], ...] = ()
    cuts_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """All windows of a video that begin at whole seconds, one after the other.

    Attributes:
        starts_s: where they begin, each a second after the one before; float64 (windows,).
        levels_dbfs: RMS of W over each; -200 for digital silence.
        against: `FREE`, or what stands against each; uint8 (windows,).
        loud_dbfs: the track's loud level.
    """

    video_id: str
    starts_s: Array
    levels_dbfs: Array
    against: NDArray[np.uint8]
    loud_dbfs: float


def candidates_of(material: Material, config: SegmentConfig) -> Candidates:
    """The windows of a video's whole seconds, before any is chosen.

    Raises:
        MediaError: ``too_short``: not one fits.
    """
    clip_s = config.clip_s
    first = math.ceil(material.start_s)
    count = math.floor(material.end_s - clip_s + _TOUCH_S) - first + 1
    if count < 1:
        raise MediaError(
            "too_short",
            f"{material.video_id}: lasts {material.end_s - material.start_s:.2f} s; a clip takes {clip_s:g} s "
            "(--clip-s takes other lengths, in a new workspace)",
        )
    starts_s = first + np.arange(count, dtype=float)
    against = np.full(count, FREE, np.uint8)
    for cut_s in material.cuts_s:
        against[(starts_s + _TOUCH_S < cut_s) & (cut_s < starts_s + clip_s - _TOUCH_S)] = CUT
    for from_s, to_s, _ in material.marked:
        against[_overlap(starts_s, clip_s, from_s, to_s) > _TOUCH_S] = MARKED
    for from_s, to_s in _silences(material, config):
        against[_overlap(starts_s, clip_s, from_s, to_s) >= config.most_silent_s - 1e-9] = SILENCE
    return Candidates(
        material.video_id, starts_s, _window_levels(material, starts_s, clip_s), against, _loud_dbfs(material)
    )


def chosen_starts(
    candidates: Candidates,
    config: SegmentConfig,
    *,
    min_level_dbfs: float | None = None,
    most_below_track_db: float | None = None,
) -> Array:
    """Where the windows begin that are taken; `min_level_dbfs` and `most_below_track_db` stand in for the options'."""
    threshold_dbfs = config.min_level_dbfs if min_level_dbfs is None else min_level_dbfs
    below_db = config.most_below_track_db if most_below_track_db is None else most_below_track_db
    if below_db:
        threshold_dbfs = max(threshold_dbfs, candidates.loud_dbfs - below_db)
    allowed = np.flatnonzero((candidates.against == FREE) & (candidates.levels_dbfs >= threshold_dbfs))
    step = math.ceil(config.clip_s)
    taken: list[int] = []
    place = 0
    while place < allowed.size:
        taken.append(int(allowed[place]))
        place = int(np.searchsorted(allowed, taken[-1] + step))
    return candidates.starts_s[_capped(taken, config)]


def why_none(candidates: Candidates, config: SegmentConfig) -> MediaError:
    """The error for a video of which no window is taken: the reason is what stands against the most windows."""
    free = candidates.against == FREE
    name, length = candidates.video_id, f"{config.clip_s:g} s"
    if free.any():
        loudest = float(candidates.levels_dbfs[free].max())
        if loudest < config.min_level_dbfs:
            return MediaError(
                "silent",
                f"{name}: no window of {length} reaches {config.min_level_dbfs:g} dBFS (the loudest has {loudest:.1f})",
            )
        return MediaError(
            "silent",
            f"{name}: no window of {length} comes within {config.most_below_track_db:g} dB of the track's loud level, "
            f"{candidates.loud_dbfs:.1f} dBFS (the loudest has {loudest:.1f})",
        )
    silent, marked, cut = (int((candidates.against == kind).sum()) for kind in (SILENCE, MARKED, CUT))
    if (candidates.levels_dbfs < config.min_level_dbfs).all():
        return MediaError("silent", f"{name}: no window of {length} reaches {config.min_level_dbfs:g} dBFS")
    parts = [
        (silent, f"{silent} hold {config.most_silent_s:g} s of silence or more (below {config.silent_dbfs:g} dBFS)"),
        (marked, f"{marked} reach into what validation marks"),
        (cut, f"{cut} have a cut inside"),
    ]
    said = ", ".join(text for count, text in parts if count)
    reason = "silent" if silent >= max(marked, cut) else "no_usable_window"
    return MediaError(reason, f"{name}: none of {candidates.starts_s.size} windows of {length} can be used: {said}")


def _overlap(starts_s: Array, clip_s: float, from_s: float, to_s: float) -> Array:
    """By how many seconds each window reaches into a span."""
    return np.minimum(starts_s + clip_s, to_s) - np.maximum(starts_s, from_s)


def _silences(material: Material, config: SegmentConfig) -> list[tuple[float, float]]:
    """The spans in which W is silent that may stand against a window.

    One after the other, never joined: what sounds for a moment between two of them ends a silence. Each is taken a hop
    wider on either side: where it begins and ends within a hop is not known.
    """
    if not config.most_silent_s:
        return []
    start_s = material.levels_start_s
    is_silent = material.levels < 10 ** (config.silent_dbfs / 20)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_silent, [False]]).astype(np.int8)))
    runs = [
        (_begin_of(int(first), material.levels) - 1, int(end) + 1)
        for first, end in edges.reshape(-1, 2)
        if (end - first + 2) * HOP_S + _RING_S >= config.most_silent_s
    ]
    found = [(start_s + first * HOP_S, start_s + end * HOP_S) for first, end in runs]
    return [(from_s, to_s) for from_s, to_s in found if to_s - from_s >= config.most_silent_s]


def _begin_of(first: int, levels: Array) -> int:
    """The hop at which a silence began that is seen from the hop `first` on: what only rings on belongs to it."""
    earliest = max(0, first - round(_RING_S / HOP_S))
    before = levels[max(0, earliest - round(_RING_S / HOP_S)) : first]
    if not before.size:
        return first
    limit = float(before.max()) * 10 ** (-_RING_DB / 20)
    while first > earliest and levels[first - 1] < limit:
        first -= 1
    return first


def _window_levels(material: Material, starts_s: Array, clip_s: float) -> Array:
    """RMS of W over each window, in dB; what lies outside of the levels is silence."""
    power = np.concatenate([[0.0], np.cumsum(material.levels**2)])
    edges = np.round((np.stack([starts_s, starts_s + clip_s]) - material.levels_start_s) / HOP_S).astype(int)
    first, last = np.clip(edges, 0, material.levels.size)
    mean = (power[last] - power[first]) / np.maximum(edges[1] - edges[0], 1)
    return np.asarray(10 * np.log10(np.maximum(mean, 0) + _NO_POWER))


def _loud_dbfs(material: Material) -> float:
    if not material.levels.size:
        return 10 * math.log10(_NO_POWER)
    return 20 * math.log10(float(np.percentile(material.levels, _LOUD_PERCENTILE)) + math.sqrt(_NO_POWER))


def _capped(taken: list[int], config: SegmentConfig) -> list[int]:
    """Of more than the cap's windows the first ones, or those in the middle of as many equal shares."""
    cap = config.max_clips_per_video
    if not cap or len(taken) <= cap:
        return taken
    if config.cap_takes == "first":
        return taken[:cap]
    return [taken[(2 * place + 1) * len(taken) // (2 * cap)] for place in range(cap)]
