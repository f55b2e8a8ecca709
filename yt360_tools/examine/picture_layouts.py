"""How the sphere seems to lie in some frames: every layout with a score, by what was measured in the frames alone.

Each measurement speaks for some layouts and against others, in natural log-odds; sums of them become scores that add
up to 1. Where nothing can be measured (fog, darkness), a whole equirectangular picture is the likeliest, and no score
is near 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Hypothesis
from yt360_tools.examine.layout_evidence import Bars, LayoutEvidence, Pole, gather_evidence
from yt360_tools.examine.layout_faces import KNOWN_FACES
from yt360_tools.thresholds import PictureThresholds

LEAST_SIDE = 32
"""Pixels of a side below which frames tell nothing."""

_NAMES = (
    "er mono", "er top-bottom", "er left-right", "eac mono", "eac left-right", "cubemap mono", "half mono",
    "half left-right", "flat", "flat_in_sphere",
)  # fmt: skip
_NEVER = -12.0
_FITS = 0.4
"""Where, of all arrangements, the best one is one that is in use: what that is worth, in odds of its seams."""

_MEASURED = ("wrap", "poles", "halves", "above", "beside", "eac", "eyes", "cube")
_CLAIMS = {
    "er mono": (1, 1, 0, -1, -1, -1, -1, -1),
    "er top-bottom": (1, 1, 0, 1, -1, -1, -1, -1),
    "er left-right": (1, 1, 1, -1, 1, -1, -1, -1),
    "eac mono": (-1, 0, 0, -1, -1, 1, -1, 0),
    "eac left-right": (-1, 0, -1, -1, 1, -1, 1, -1),
    "cubemap mono": (-1, 0, 0, -1, -1, -1, -1, 1),
    "half left-right": (-1, 1, -1, -1, 1, -1, -1, -1),
    "flat": (-1, -1, 0, -1, -1, -1, -1, -1),
}
"""What each layout says of what is measured (`_MEASURED`): that it is so, 1, or is not, -1."""

_PRIORS = {
    "er mono": -1.5, "er top-bottom": -1.0, "er left-right": -1.5, "eac mono": -0.5, "eac left-right": -1.0,
    "cubemap mono": -1.0, "half left-right": -3.0, "flat": -1.0,
}  # fmt: skip
_STRIP_PRIORS = {**_PRIORS, "er mono": -3.0, "eac mono": -4.0, "eac left-right": -4.0, "flat": -4.0}
_DOUBLE_PRIORS = {
    "er mono": 0.0, "er top-bottom": -1.5, "er left-right": -1.5, "eac mono": -2.0, "eac left-right": -3.0,
    "cubemap mono": -2.5, "half left-right": -1.0, "flat": -2.0,
}  # fmt: skip
"""The logarithm of how often layouts come, among frames that are twice as wide as high."""


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
    """The logarithm of each layout's weight, up to a constant.

    What is measured becomes log-odds; each layout adds up those that it claims, and takes off those that it denies.
    """
    bars = seen.bars
    is_boxed = _are_bars(bars.left, bars.right, limits.bars_least_share)
    is_letter = not is_boxed and _are_bars(bars.top, bars.bottom, limits.bars_least_share)
    inside = _meeting(seen.wrap_inside, seen.likeness_inside, limits)
    measured = {
        "wrap": 0.0 if is_boxed else inside if is_letter else _meeting(seen.wrap, seen.likeness, limits),
        "poles": 0.0 if is_letter else _poles(seen.poles, limits),
        "halves": _meeting(seen.wrap_halves, seen.likeness_halves, limits),
        "above": _eyes(seen.top_bottom, limits),
        "beside": _eyes(seen.left_right, limits),
        "eac": _odds(_eac_fit(seen), limits.seam_eac_from, 4.0, 6.0),
        "eyes": _odds(seen.eac_eyes + _FITS, limits.seam_eac_from, 4.0, 6.0),
        "cube": _odds(seen.cubemap + _FITS * (seen.faces in KNOWN_FACES), limits.seam_cubemap_from, 4.0, 6.0),
    }
    odds = np.array([measured[what] for what in _MEASURED])
    weights = {name: float(np.dot(claims, odds)) / 2 for name, claims in _CLAIMS.items()}
    for name, prior in _priors(seen.aspect).items():
        weights[name] += prior
    no_sphere = float(np.dot(_CLAIMS["flat"], np.where(np.isin(_MEASURED, ("wrap", "poles")), 0, odds))) / 2
    weights["half mono"] = weights["flat_in_sphere"] = _NEVER
    if _is_half(seen):
        weights["half mono"] = no_sphere + _odds(bars.beside_end, limits.bars_end_from, 15.0, 6.0)
    elif is_boxed:
        sharp = _odds(bars.beside_end, limits.bars_end_from, 15.0, 5.0)
        weights["flat_in_sphere"] = no_sphere + sharp - _poles(seen.poles_inside, limits)
    elif is_letter:
        sharp = _odds(bars.above_end, limits.bars_end_from, 15.0, 2.0)
        weights["flat_in_sphere"] = no_sphere - measured["wrap"] / 2 + sharp
        weights["flat"] -= 2.0
    return weights


def _eac_fit(seen: LayoutEvidence) -> float:
    """How well the seams of EAC meet; less where another cube's meet better, more where none of all does."""
    worse = seen.cubemap - seen.eac
    return seen.eac - worse if worse > 1e-3 else seen.eac + _FITS


def _priors(aspect: float) -> dict[str, float]:
    if abs(aspect - 2) < 0.06:
        return _DOUBLE_PRIORS
    return _STRIP_PRIORS if aspect > 3 or aspect < 0.5 else _PRIORS


def _meeting(wrap: float, likeness: float, limits: PictureThresholds) -> float:
    """The odds that edges meet.

    Fine structure that goes on makes up for a stitch that moves or brightens it; that none does says less, since there
    may be none.
    """
    alike = max(_odds(likeness, limits.seam_alike_from, 12.0, 4.0), -1.5)
    return float(np.clip(_odds(wrap, limits.seam_meets_from, 2.0, 4.0) + alike, -4.0, 4.0))


def _eyes(likeness: float, limits: PictureThresholds) -> float:
    """The odds that two halves are two eyes; halves that differ much never are."""
    return min(_odds(likeness, limits.halves_alike_from, 40.0, 8.0), 4.0)


def _poles(poles: tuple[Pole, Pole], limits: PictureThresholds) -> float:
    """The odds that the first and the last row are poles; the evener one counts, and none without details near it."""
    return max(
        _odds(-pole.evenness, -limits.pole_even_below, 5.0, 3.0) * float(np.clip((pole.near - 1.5) / 4, 0, 1))
        for pole in poles
    )


def _odds(value: float, even: float, steep: float, most: float) -> float:
    return float(np.clip(steep * (value - even), -most, most))


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
    crossing = f"odds {seen.wrap:+.1f}; what crosses them is alike to {seen.likeness:.2f}"
    wrap = f"left and right edge {_meet(seen.wrap)} ({crossing})"
    first, last = (float(np.exp(pole.evenness)) for pole in seen.poles)
    poles = f"the first and the last row are {first:.2f} and {last:.2f} times as rough as rows near them"
    above = f"upper and lower half agree to {seen.top_bottom:.2f}"
    beside = f"left and right half agree to {seen.left_right:.2f}"
    halves = f"each half's edges {_meet(seen.wrap_halves)} (odds {seen.wrap_halves:+.1f})"
    bars = "bars at left, right, top, bottom: " + ", ".join(
        f"{100 * share:.0f} %" for share in (seen.bars.left, seen.bars.right, seen.bars.top, seen.bars.bottom)
    )
    eac = f"the edges of EAC's faces {_meet(seen.eac)} (odds {seen.eac:+.1f})"
    eyes = f"the edges of two eyes' EAC faces {_meet(seen.eac_eyes)} (odds {seen.eac_eyes:+.1f})"
    fits = f" ({seen.faces})" if seen.faces else ""
    cube = f"the edges of a cubemap's faces{fits} {_meet(seen.cubemap - 1)} (odds {seen.cubemap:+.1f})"
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
        "flat_in_sphere": (bars, f"between them the edges {_meet(seen.wrap_inside)} (odds {seen.wrap_inside:+.1f})"),
    }


def _meet(odds: float) -> str:
    return "meet" if odds > 0.6 else "do not meet" if odds < -0.6 else "may meet"
