"""How the sphere seems to lie in some frames: every layout with a score, by what was measured in the frames alone.

Each measurement speaks for some layouts and against others, in natural log-odds; sums of them become scores that add
up to 1. Where nothing can be measured (fog, darkness), a whole equirectangular picture is the likeliest, and no score
is near 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Hypothesis
from yt360_tools.examine.layout_evidence import Bars, LayoutEvidence, gather_evidence
from yt360_tools.thresholds import PictureThresholds

LEAST_SIDE = 32
"""Pixels of a side below which frames tell nothing."""

_NAMES = (
    "er mono", "er top-bottom", "er left-right", "eac mono", "eac left-right", "cubemap mono", "half mono",
    "half left-right", "flat", "flat_in_sphere",
)  # fmt: skip
_NEVER = -12.0


def layout_hypotheses(frames: Sequence[NDArray[np.uint8]], thresholds: PictureThresholds) -> tuple[Hypothesis, ...]:
    """What the frames may be, the likeliest first; none for frames too small to tell.

    Args:
        frames: RGB (height, width, 3), all of one size, from moments that lie apart.

    Returns:
        ``er``, ``eac`` and ``cubemap`` with ``mono``, ``top-bottom`` or ``left-right``; ``half`` a sphere; ``flat``, a
        film whose edges do not meet; ``flat_in_sphere``, one with bars around it. Scores sum to 1.
    """
    if not frames or min(frames[0].shape[:2]) < LEAST_SIDE:
        return ()
    evidence = gather_evidence(frames)
    weights = _log_weights(evidence, thresholds)
    highest = max(weights.values())
    scores = {name: float(np.exp(weight - highest)) for name, weight in weights.items()}
    total = sum(scores.values())
    words = _words(evidence)
    found = [Hypothesis(name, score / total, words.get(name, ())) for name, score in scores.items()]
    return tuple(sorted(found, key=lambda one: -one.score))


def faces_of(frames: Sequence[NDArray[np.uint8]]) -> str:
    """The arrangement of faces that fits frames of a plain cubemap best."""
    return gather_evidence(frames).faces


def _log_weights(seen: LayoutEvidence, limits: PictureThresholds) -> dict[str, float]:
    """The logarithm of each layout's weight, up to a constant."""
    is_boxed = _are_bars(seen.bars.left, seen.bars.right, limits.bars_least_share)
    is_letter = _are_bars(seen.bars.top, seen.bars.bottom, limits.bars_least_share)
    wrap = 0.0 if is_boxed else _seam(seen.wrap_inside if is_letter else seen.wrap, limits)
    halves = _seam(seen.wrap_halves, limits)
    poles = _odds(limits.pole_uneven_from - seen.pole_rows, 0.0, 4.0, 1.5)
    eac = _odds(seen.eac, limits.seam_eac_from, 4.0, 6.0)
    eyes = _odds(seen.eac_eyes, limits.seam_eac_from, 4.0, 6.0)
    cube = _odds(seen.cubemap, limits.seam_cubemap_from, 3.0, 6.0)
    above, beside = (_odds(one, limits.halves_alike_from, 20.0, 6.0) for one in (seen.top_bottom, seen.left_right))
    others = sum(max(one, 0.0) for one in (eac, eyes, cube, above, beside))
    is_double = abs(seen.aspect - 2) < 0.06
    return {
        "er mono": wrap + poles - max(above, 0.0) - max(beside + min(halves, 0.0), 0.0) - (4.0 if is_boxed else 0.0),
        "er top-bottom": above + wrap + poles - 1.0,
        "er left-right": beside + halves + poles - 1.0,
        "eac mono": eac - max(beside, 0.0) - (1.5 if is_double else 0.5),
        "eac left-right": eyes + 0.5 * beside - 1.0,
        "cubemap mono": cube - 1.0,
        "half mono": 5.0 if _is_half(seen) else _NEVER,
        "half left-right": beside
        - min(halves, 0.0) / 2
        - max(halves, 0.0)
        - max(eyes, 0.0)
        - (1.5 if is_double else 4.0),
        "flat": -0.8 * wrap - poles - others - (2.0 if is_double else 0.5) - (4.0 if is_boxed or is_letter else 0.0),
        "flat_in_sphere": _boxed_weight(seen, is_boxed=is_boxed, is_letter=is_letter, wrap=wrap) - others,
    }


def _boxed_weight(seen: LayoutEvidence, *, is_boxed: bool, is_letter: bool, wrap: float) -> float:
    if is_boxed:
        return _NEVER if _is_half(seen) else 4.0
    return -0.8 * wrap + 0.5 if is_letter else _NEVER


def _odds(value: float, even: float, steep: float, most: float) -> float:
    return float(np.clip(steep * (value - even), -most, most))


def _seam(odds: float, limits: PictureThresholds) -> float:
    """What a seam says for its edges to meet: much above the threshold, little just below it, much further down."""
    above = odds - limits.seam_meets_from
    if above >= 0:
        return min(3.0 * above, 4.0)
    return max(0.8 * above if odds > limits.seam_parts_below else 1.8 * above + 1.6, -4.0)


def _are_bars(one: float, other: float, least: float) -> bool:
    """Whether there are bars at both ends, about as wide as each other, with a picture between them."""
    return min(one, other) >= least and abs(one - other) <= 0.03 and one + other < 0.9


def _is_half(seen: LayoutEvidence) -> bool:
    """Whether a frame shows a square in its middle, and nothing behind."""
    bars: Bars = seen.bars
    inside = seen.aspect * (1 - bars.left - bars.right) / max(1 - bars.top - bars.bottom, 0.01)
    return abs(bars.left - 0.25) < 0.04 and abs(bars.right - 0.25) < 0.04 and abs(inside - 1) < 0.15


def _words(seen: LayoutEvidence) -> dict[str, tuple[str, ...]]:
    """What speaks for or against each layout, for a person; odds above 0 are for."""
    wrap = f"left and right edge {_meet(seen.wrap)} (odds {seen.wrap:+.1f})"
    poles = f"the evener of the first and last row varies {seen.pole_rows:.2f} times as much as those between"
    above = f"upper and lower half agree to {seen.top_bottom:.2f}"
    beside = f"left and right half agree to {seen.left_right:.2f}"
    halves = f"each half's edges {_meet(seen.wrap_halves)} ({seen.wrap_halves:+.1f})"
    bars = "bars at left, right, top, bottom: " + ", ".join(
        f"{100 * share:.0f} %" for share in (seen.bars.left, seen.bars.right, seen.bars.top, seen.bars.bottom)
    )
    eac = f"the edges of EAC's faces {_meet(seen.eac)} (odds {seen.eac:+.1f})"
    eyes = f"the edges of two eyes' EAC faces {_meet(seen.eac_eyes)} ({seen.eac_eyes:+.1f})"
    cube = f"the edges of a cubemap's faces ({seen.faces}) {_meet(seen.cubemap - 1)} ({seen.cubemap:+.1f})"
    return {
        "er mono": (wrap, poles, above, beside),
        "er top-bottom": (above, wrap, poles),
        "er left-right": (beside, halves, poles),
        "eac mono": (eac, wrap),
        "eac left-right": (eyes, beside),
        "cubemap mono": (cube, eac),
        "half mono": (bars,),
        "half left-right": (beside, halves),
        "flat": (wrap, poles, eac, cube),
        "flat_in_sphere": (bars, f"between them the edges {_meet(seen.wrap_inside)} ({seen.wrap_inside:+.1f})"),
    }


def _meet(odds: float) -> str:
    return "meet" if odds > 0.6 else "do not meet" if odds < -0.6 else "may meet"
