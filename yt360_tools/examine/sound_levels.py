"""How loud each channel of a sound is, and what is wrong with its samples by themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Finding, Span
from yt360_tools.examine.sound_clipping import Ceiling, clipped_share, find_ceiling
from yt360_tools.media.sound_stretches import HOP_S, SoundStretches
from yt360_tools.thresholds.sound import SoundThresholds

Array = NDArray[np.float64]

_FLOOR_DBFS = -120.0
"""What stands for no level at all: the least of 20 bits."""


@dataclass(frozen=True)
class Levels:
    """Levels in dB relative to full scale (a value of 1), without a constant offset.

    Attributes:
        levels_dbfs: (channels,), RMS over the track.
        hops_dbfs: (channels, hops).
        dead: channels with nothing in them.
        is_silent: whether there is nothing in any.
    """

    levels_dbfs: Array
    hops_dbfs: Array
    dead: frozenset[int]
    is_silent: bool


def measure_levels(sound: SoundStretches, thresholds: SoundThresholds) -> Levels:
    """The levels of a track's channels."""
    power = np.maximum(sound.powers - np.square(sound.means)[:, None], 0.0)
    levels, hops = _dbfs(power.mean(axis=1)), _dbfs(power)
    least = max(float(levels.max()) - thresholds.dead_below_db, thresholds.dead_dbfs)
    dead = frozenset(int(place) for place in np.flatnonzero(levels < least))
    return Levels(levels, hops, dead, bool(hops.max() < thresholds.silent_dbfs))


def fault_findings(sound: SoundStretches, levels: Levels, thresholds: SoundThresholds) -> tuple[Finding, ...]:
    """``bad_samples``, ``silent``, ``silent_spans``, ``dc_offset``, ``clipping`` and ``low_rate``."""
    found = [_bad(sound, levels, thresholds), _low_rate(sound, thresholds)]
    if levels.is_silent:
        loudest = float(levels.hops_dbfs.max())
        looked_at = "" if sound.is_whole else " that was listened to"
        said = f"no moment of its sound{looked_at} is louder than {loudest:.0f} dBFS: it is silent"
        found.append(Finding("silent", "reject" if sound.is_whole else "doubt", said, {"loudest_dbfs": loudest}))
    else:
        found += [_silent_spans(sound, levels, thresholds), _clipping(sound, levels, thresholds)]
    found.append(_offset(sound, levels, thresholds))
    return tuple(finding for finding in found if finding is not None)


def _bad(sound: SoundStretches, levels: Levels, thresholds: SoundThresholds) -> Finding | None:
    if sound.bad_s is None:
        return None
    said = f"its sound has values that are no finite numbers, or absurd ones, the first at {sound.bad_s:.3f} s"
    is_useless = levels.is_silent or sound.bad_share >= thresholds.most_bad
    if is_useless:
        said += f", and {100 * sound.bad_share:.0f} % of its seconds hold one"
    else:
        said += "; no clip is made of what holds one"
    severity = "reject" if is_useless else "doubt"
    return Finding("bad_samples", severity, said, {"first_s": sound.bad_s}, ((sound.bad_s, sound.bad_s + HOP_S),))


def _low_rate(sound: SoundStretches, thresholds: SoundThresholds) -> Finding | None:
    rate = sound.sample_rate_hz
    if rate >= thresholds.least_rate_hz:
        return None
    said = f"its sample rate is {rate} Hz: it hears nothing above {rate // 2} Hz"
    return Finding("low_rate", "doubt", said, {"rate_hz": float(rate)})


def _silent_spans(sound: SoundStretches, levels: Levels, thresholds: SoundThresholds) -> Finding | None:
    is_quiet = levels.hops_dbfs.max(axis=0) < thresholds.silent_dbfs
    spans = tuple(
        span for span in true_spans(is_quiet, sound.times_s) if span[1] - span[0] >= thresholds.least_silence_s
    )
    if not spans:
        return None
    share = sum(last - first for first, last in spans) / (HOP_S * is_quiet.size)
    severity = "doubt" if share > thresholds.most_silence else "note"
    told = ", ".join(f"{first:.1f} to {last:.1f} s" for first, last in spans[:4]) + (" ..." if len(spans) > 4 else "")
    said = f"{100 * share:.0f} % of its sound is silent ({told})"
    return Finding("silent_spans", severity, said, {"silent_share": share, "spans": float(len(spans))}, spans)


def true_spans(flags: NDArray[np.bool_], times_s: Array) -> tuple[Span, ...]:
    """From where to where each run of true hops lasts; hops that do not follow on each other part a run."""
    parted = np.concatenate([[False], np.diff(times_s) > 1.5 * HOP_S, [False]])
    edges: list[Span] = []
    first: float | None = None
    for index, flag in enumerate(flags):
        if first is not None and (parted[index] or not flag):
            edges.append((first, float(times_s[index - 1]) + HOP_S))
            first = None
        if flag and first is None:
            first = float(times_s[index])
    if first is not None:
        edges.append((first, float(times_s[-1]) + HOP_S))
    return tuple((round(begin, 3), round(end, 3)) for begin, end in edges)


def _clipping(sound: SoundStretches, levels: Levels, thresholds: SoundThresholds) -> Finding | None:
    worst: tuple[float, int, Ceiling] | None = None
    for channel in range(sound.stretches[0].samples.shape[0] if sound.stretches else 0):
        if channel in levels.dead:
            continue
        ceiling = find_ceiling(sound.stretches, channel, thresholds)
        share = clipped_share(ceiling, thresholds)
        if share > 0 and (worst is None or share > worst[0]):
            worst = (share, channel, ceiling)
    if worst is None:
        return None
    share, channel, ceiling = worst
    numbers = {"clipped_share": share, "channel": float(channel), "stuck_share": ceiling.stuck_share}
    if ceiling.tops >= thresholds.least_tops:
        numbers |= {"rise_ratio": ceiling.rise_ratio, "heap": ceiling.heap}
    said = f"{100 * share:.2f} % of the samples of its channel {channel} lie on flat tops: it is clipped"
    return Finding("clipping", "doubt", said, numbers)


def _offset(sound: SoundStretches, levels: Levels, thresholds: SoundThresholds) -> Finding | None:
    place = int(np.argmax(np.abs(sound.means)))
    offset = float(sound.means[place])
    if abs(offset) < thresholds.least_offset:
        return None
    over_db = 20 * float(np.log10(abs(offset))) - float(levels.levels_dbfs[place])
    severity = "doubt" if abs(offset) >= thresholds.most_offset else "note"
    others = [str(k) for k, mean in enumerate(sound.means) if k != place and abs(mean) >= thresholds.least_offset]
    said = f"its channel {place} has a constant offset of {offset:+.4f} of full scale, {over_db:+.0f} dB to its sound"
    if others:
        said += f"; there is one in {', '.join(others)}, too"
    return Finding("dc_offset", severity, said, {"offset": offset, "channel": float(place), "over_sound_db": over_db})


def empty_findings(
    sound: SoundStretches, levels: Levels, places: tuple[int, ...], thresholds: SoundThresholds
) -> tuple[Finding, ...]:
    """``dead_w``, ``empty_z``, ``dead_channels`` and ``mono_upmixed``, for channels read as W, Y, Z, X."""
    if levels.is_silent:
        return ()
    names = dict(zip(places, "WYZX", strict=True))
    empty = [names[place] for place in places if place in levels.dead]
    numbers = {f"{name.lower()}_dbfs": float(levels.levels_dbfs[place]) for place, name in names.items()}
    if "W" in empty:
        said = "its channel W is empty: there is no sound field without it"
        return (Finding("dead_w", "reject", said, numbers),)
    if len(empty) == 3:
        return (Finding("mono_upmixed", "reject", "its sound is in W alone: it is mono", numbers),)
    found = [_w_missing(sound, levels, places, thresholds)]
    if empty == ["Z"]:
        said = "its channel Z is empty: it hears no heights, as many recorders"
        found.append(Finding("empty_z", "note", said, numbers))
    elif empty:
        said = f"its channels {' and '.join(empty)} are empty: it hears no directions there"
        found.append(Finding("dead_channels", "doubt", said, numbers))
    return tuple(finding for finding in found if finding is not None)


def _w_missing(
    sound: SoundStretches, levels: Levels, places: tuple[int, ...], thresholds: SoundThresholds
) -> Finding | None:
    """W gone for a time in which others sound."""
    others = levels.hops_dbfs[list(places[1:])].max(axis=0)
    gone = (levels.hops_dbfs[places[0]] < others - thresholds.dead_below_db) & (others > thresholds.w_gone_dbfs)
    spans = tuple(span for span in true_spans(gone, sound.times_s) if span[1] - span[0] >= thresholds.least_silence_s)
    if not spans:
        return None
    gone_s = sum(last - first for first, last in spans)
    said = f"its channel W is empty for {gone_s:.1f} s while others sound"
    return Finding("dead_w", "doubt", said, {"gone_s": gone_s}, spans)


def _dbfs(power: Array) -> Array:
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DBFS / 10))))
