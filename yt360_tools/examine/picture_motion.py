"""Whether anything moves in a picture: stills, slideshows, black and frozen spans, and how its frames come."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Finding, Span
from yt360_tools.examine.motion_frames import Small, are_alike, changed_share, is_even, small_frame
from yt360_tools.examine.motion_stands import Stand, find_stands
from yt360_tools.examine.picture_samples import PictureSamples
from yt360_tools.media.picture_packets import Packets
from yt360_tools.thresholds import PictureThresholds

_MUCH_MORE = 10
"""Times the usual distance of frames: a clock that jumps."""

_HARDLY_MORE = 1.05
"""Times are rounded by containers."""


def motion_findings(
    path: Path, samples: PictureSamples, thresholds: PictureThresholds, *, most_gap_s: float = np.inf
) -> tuple[Finding, ...]:
    """What of ``one_frame``, ``still``, ``slideshow``, ``black``, ``frozen`` and their spans, ``variable_rate`` it is.

    Args:
        most_gap_s: timestamps that jump farther, and much farther than usual, are a clock's fault: in the time between
            nothing stands.

    Raises:
        MediaError: the file does not open.
    """
    times_s = samples.packets.times_s
    if times_s.size <= 1:
        return (Finding("one_frame", "reject", "its picture is a single frame", {"frames": float(times_s.size)}),)
    rate = _rate_findings(samples.packets, thresholds)
    usual_s = float(np.median(np.diff(times_s)))
    if usual_s > _HARDLY_MORE * thresholds.frozen_least_s and (slides := _slow_slides(samples, usual_s, thresholds)):
        return (slides, *rate)
    jumps = _jumps(times_s, max(most_gap_s, _MUCH_MORE * usual_s))
    stands = [part for one in find_stands(path, samples, thresholds) for part in _between_jumps(one, jumps, thresholds)]
    length_s = float(times_s[-1] - times_s[0]) + usual_s - sum(last - first for first, last in jumps)
    return (*_standing(samples, stands, length_s, thresholds), *rate)


def _jumps(times_s: NDArray[np.float64], least_s: float) -> list[Span]:
    places = np.flatnonzero(np.diff(times_s) > least_s)
    return [(float(times_s[place]), float(times_s[place + 1])) for place in places]


def _between_jumps(stand: Stand, jumps: list[Span], limits: PictureThresholds) -> list[Stand]:
    """What is left of a stand without jumps of the clock, where that is long enough."""
    ends = [stand.start_s]
    for first, last in jumps:
        if first < stand.end_s and last > stand.start_s:
            ends += [max(stand.start_s, first), min(stand.end_s, last)]
    ends.append(stand.end_s)
    if len(ends) == 2:
        return [stand]
    parts = zip(ends[::2], ends[1::2], strict=True)
    return [replace(stand, start_s=first, end_s=last) for first, last in parts if last - first >= limits.frozen_least_s]


def _slow_slides(samples: PictureSamples, usual_s: float, limits: PictureThresholds) -> Finding | None:
    """A slideshow whose every frame is shown for seconds; it may be a time lapse, and is doubted."""
    pictures = _different([small_frame(frame) for frame in samples.frames], limits)
    if pictures < limits.slideshow_least_pictures:
        return None
    said = f"each of its frames is shown for {usual_s:.1f} s: a slideshow, or a time lapse"
    return Finding("slideshow", "doubt", said, {"interval_s": usual_s, "pictures": float(pictures)})


def _standing(
    samples: PictureSamples, stands: Sequence[Stand], length_s: float, limits: PictureThresholds
) -> tuple[Finding, ...]:
    seen_s = samples.times_s[-1] - float(samples.packets.times_s[0]) if samples.frames else 0.0
    all_over = seen_s >= limits.black_most_share * length_s  # few key frames: only the beginning is looked at
    if all_over and all(is_even(frame, limits.black_most_levels) for frame in samples.frames):
        said = f"all of {len(samples.frames)} frames that were looked at are of one colour"
        return (Finding("black", "reject", said, {"frames": float(len(samples.frames))}),)
    black = tuple((one.start_s, one.end_s) for one in stands if one.is_black)
    frozen = [one for one in stands if not one.is_black]
    return (
        *_share_finding("black", black, length_s, limits.black_most_share, "reject", limits.unusable_least_s),
        *_frozen_findings(samples, frozen, length_s, limits),
    )


def _frozen_findings(
    samples: PictureSamples,
    frozen: Sequence[Stand],
    length_s: float,
    limits: PictureThresholds,
) -> tuple[Finding, ...]:
    """Where frames do not repeat exactly it is a doubt: it may be a tripod, and its noise lost in coding."""
    spans = tuple((one.start_s, one.end_s) for one in frozen)
    share = sum(last - first for first, last in spans) / length_s
    pictures = _different([one.picture for one in frozen], limits)
    sure = sum(one.end_s - one.start_s for one in frozen if one.is_sure) / length_s
    numbers = {"share": share, "sure_share": sure, "pictures": float(pictures)}
    if pictures == 1 and share >= limits.still_least_share and _are_alike(samples, limits.still_most_change):
        return (
            Finding(
                "still",
                "reject" if sure >= limits.still_sure_share else "doubt",
                f"nothing moves in {100 * share:.0f} % of it: it is one picture",
                numbers,
            ),
        )
    if pictures >= limits.slideshow_least_pictures and share >= limits.slideshow_least_share:
        said = f"it stands still for {100 * share:.0f} % of the time, on {pictures} different pictures: a slideshow"
        severity = "reject" if sure >= limits.frozen_most_share else "doubt"
        return (Finding("slideshow", severity, said, numbers, spans),)
    severity = "reject" if sure >= limits.still_least_share else "doubt"
    return _share_finding("frozen", spans, length_s, limits.frozen_most_share, severity, limits.unusable_least_s)


def _share_finding(
    word: str, spans: tuple[Span, ...], length_s: float, most: float, severity: str, unusable_least_s: float
) -> tuple[Finding, ...]:
    """``black`` or ``frozen`` where too much of a picture is, else the spans as a note."""
    if not spans:
        return ()
    share = sum(last - first for first, last in spans) / length_s
    doing = "is of one colour" if word == "black" else "stands still"
    told = ", ".join(f"{first:.1f} to {last:.1f} s" for first, last in spans[:4]) + (" ..." if len(spans) > 4 else "")
    said = f"its picture {doing} for {100 * share:.0f} % of the time ({told})"
    if share >= most:
        return (Finding(word, severity, said, {"share": share}, spans),)
    is_long = [last - first >= unusable_least_s for first, last in spans]
    if all(is_long):
        then = "no clip is made of that"
    elif any(is_long):
        then = f"no clip is made of what lasts {unusable_least_s:g} s or longer"
    else:
        then = f"clips may hold it: it lasts less than {unusable_least_s:g} s"
    return (Finding(f"{word}_spans", "note", f"{said}; {then}", {"share": share}, spans),)


def _different(pictures: Sequence[Small], limits: PictureThresholds) -> int:
    """How many pictures there are that differ in much of their area: a tripod's differ where somebody walked."""
    kept: list[Small] = []
    for picture in pictures:
        shares = [changed_share(picture, other, limits.still_most_change) for other in kept]
        if all(share >= limits.slideshow_least_change for share in shares):
            kept.append(picture)
    return len(kept)


def _are_alike(samples: PictureSamples, most_change: float) -> bool:
    small = [small_frame(frame) for frame in samples.frames]
    return all(are_alike(small[0], other, most_change) for other in small[1:])


def _rate_findings(packets: Packets, limits: PictureThresholds) -> tuple[Finding, ...]:
    intervals = np.diff(packets.times_s)
    usual = float(np.median(intervals))
    if usual <= 0:
        return ()
    uneven = float((np.abs(intervals - usual) > 0.5 * usual).mean())
    if uneven < limits.rate_uneven_share:
        return ()
    said = (
        f"its frames come at uneven distances: {100 * uneven:.0f} % of them are off by more than half of the usual one"
    )
    return (Finding("variable_rate", "note", said, {"uneven_share": uneven}),)
