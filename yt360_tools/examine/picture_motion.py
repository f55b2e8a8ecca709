"""Whether anything moves in a picture: stills, slideshows, black and frozen spans, and how its frames come."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from yt360_tools.examine.findings import Finding, Span
from yt360_tools.examine.motion_frames import Small, are_alike, changed_share, is_even, small_frame
from yt360_tools.examine.motion_stands import Stand, find_stands
from yt360_tools.examine.picture_samples import PictureSamples
from yt360_tools.media.picture_packets import Packets
from yt360_tools.thresholds import PictureThresholds

_HARDLY_MORE = 1.05
"""Times are rounded by containers."""


def motion_findings(path: Path, samples: PictureSamples, thresholds: PictureThresholds) -> tuple[Finding, ...]:
    """What of ``one_frame``, ``still``, ``slideshow``, ``black``, ``frozen`` and their spans, ``variable_rate`` it is.

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
    stands = find_stands(path, samples, thresholds)
    return (*_standing(samples, stands, float(times_s[-1] - times_s[0]) + usual_s, thresholds), *rate)


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
    if samples.frames and all(is_even(frame, limits.black_most_levels) for frame in samples.frames):
        said = f"all of {len(samples.frames)} frames that were looked at are of one colour"
        return (Finding("black", "reject", said, {"frames": float(len(samples.frames))}),)
    black = tuple((one.start_s, one.end_s) for one in stands if one.is_black)
    frozen = [one for one in stands if not one.is_black]
    return (
        *_share_finding("black", black, length_s, limits.black_most_share, "reject"),
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
    return _share_finding("frozen", spans, length_s, limits.frozen_most_share, severity)


def _share_finding(
    word: str, spans: tuple[Span, ...], length_s: float, most: float, severity: str
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
    return (Finding(f"{word}_spans", "note", f"{said}; no clip is made of that", {"share": share}, spans),)


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
