"""What was measured in frames, weighed: each layout adds up what speaks for it and takes off what speaks against it.

Weights are natural logarithms of odds. Where each measurement tells nothing is a threshold (``[picture]``); how fast
its odds rise from there, and how often layouts come, stand here.
"""

import numpy as np

from yt360_tools.examine.layout_evidence import Bars, LayoutEvidence, Pole
from yt360_tools.examine.layout_faces import KNOWN_FACES
from yt360_tools.thresholds import PictureThresholds

_SCALES = {
    "wrap": (2.0, 4.0), "likeness": (12.0, 4.0), "eyes": (40.0, 8.0), "faces": (4.0, 6.0), "poles": (5.0, 3.0),
    "bars": (15.0, 5.0), "letter": (15.0, 2.0),
}  # fmt: skip
"""How fast log-odds rise by unit of what is measured, and where they end.

Fitted to where the thresholds' origins say that layouts lie: beyond the tails on both sides they reach their ends. What
a stitch, a logo or a black cap can do to a sphere ends lower.
"""

_MOST_EYES = 4.0
"""Halves that are alike speak for two eyes less than halves that are not speak against them."""

_MOST_UNLIKE = -1.5
"""What it says at most that no fine structure goes on over a seam: there may be none."""

_FITS = 0.4
"""Where no arrangement fits better, or the one that fits is in use: what that is worth, in odds of its seams."""

_TELLING_ROWS = (1.5, 5.5)
"""A pole says nothing where rows near it are less rough than the first, in levels; from the second on, all it can."""

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

_NO_SPHERE = tuple(
    0 if what in ("wrap", "poles") else claim for what, claim in zip(_MEASURED, _CLAIMS["flat"], strict=True)
)
_NEVER = -12.0

_PRIORS = {
    "er mono": -1.5, "er top-bottom": -1.0, "er left-right": -1.5, "eac mono": -0.5, "eac left-right": -1.0,
    "cubemap mono": -1.0, "half left-right": -3.0, "flat": -1.0,
}  # fmt: skip
_STRIP_PRIORS = {**_PRIORS, "er mono": -3.0, "eac mono": -4.0, "eac left-right": -4.0, "flat": -4.0}
_DOUBLE_PRIORS = {
    "er mono": 0.0, "er top-bottom": -1.5, "er left-right": -1.5, "eac mono": -2.0, "eac left-right": -3.0,
    "cubemap mono": -2.5, "half left-right": -1.0, "flat": -2.0,
}  # fmt: skip
"""The logarithm of how often layouts come, as a guess: among all frames, long strips, and frames of 2:1."""


def log_weights(seen: LayoutEvidence, limits: PictureThresholds) -> dict[str, float]:
    """The logarithm of each layout's weight, up to a constant.

    Bars are ends of a picture that no sphere has: behind them a flat film or half a sphere is looked for.
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
        "eac": _odds("faces", eac_fit(seen), limits.seam_eac_from),
        "eyes": _odds("faces", eyes_fit(seen), limits.seam_eac_from),
        "cube": _odds("faces", cube_fit(seen), limits.seam_cubemap_from),
    }
    odds = np.array([measured[what] for what in _MEASURED])
    priors = _priors(seen.aspect)
    weights = {name: float(np.dot(claims, odds)) / 2 + priors[name] for name, claims in _CLAIMS.items()}
    weights["half mono"] = weights["flat_in_sphere"] = _NEVER
    no_sphere = float(np.dot(_NO_SPHERE, odds)) / 2
    if _is_half(seen):
        weights["half mono"] = no_sphere + _odds("bars", bars.beside_end, limits.bars_end_from)
    elif is_boxed:
        sharp = _odds("bars", bars.beside_end, limits.bars_end_from)
        weights["flat_in_sphere"] = no_sphere + sharp - _poles(seen.poles_inside, limits)
    elif is_letter:
        sharp = _odds("letter", bars.above_end, limits.bars_end_from)
        weights["flat_in_sphere"] = no_sphere - inside / 2 + sharp
        weights["flat"] -= 2.0  # it has bars
    return weights


def eac_fit(seen: LayoutEvidence) -> float:
    """How well the seams of EAC meet; less where another cube's meet better, more where none of all does."""
    worse = seen.cubemap - seen.eac
    return seen.eac - worse if worse > 1e-3 else seen.eac + _FITS


def eyes_fit(seen: LayoutEvidence) -> float:
    """How well the seams of two eyes' EAC meet; no other arrangement of two eyes is looked for."""
    return seen.eac_eyes + _FITS


def cube_fit(seen: LayoutEvidence) -> float:
    """How well the seams of the best cube meet; more where its arrangement is in use."""
    return seen.cubemap + _FITS * (seen.faces in KNOWN_FACES)


def _meeting(wrap: float, likeness: float, limits: PictureThresholds) -> float:
    """The odds that edges meet; fine structure that goes on makes up for a stitch that moves or brightens it."""
    most = _SCALES["wrap"][1]
    alike = max(_odds("likeness", likeness, limits.seam_alike_from), _MOST_UNLIKE)
    return float(np.clip(_odds("wrap", wrap, limits.seam_meets_from) + alike, -most, most))


def _eyes(likeness: float, limits: PictureThresholds) -> float:
    """The odds that two halves are two eyes."""
    return min(_odds("eyes", likeness, limits.halves_alike_from), _MOST_EYES)


def _poles(poles: tuple[Pole, Pole], limits: PictureThresholds) -> float:
    """The odds that the first and the last row are poles; the evener one counts, and none without details near it."""
    return max(
        _odds("poles", -pole.evenness, -limits.pole_even_below) * float(np.interp(pole.near, _TELLING_ROWS, (0, 1)))
        for pole in poles
    )


def _odds(scale: str, value: float, even: float) -> float:
    steep, most = _SCALES[scale]
    return float(np.clip(steep * (value - even), -most, most))


def _priors(aspect: float) -> dict[str, float]:
    if abs(aspect - 2) < 0.06:
        return _DOUBLE_PRIORS
    return _STRIP_PRIORS if aspect > 3 or aspect < 0.5 else _PRIORS


def _are_bars(one: float, other: float, least: float) -> bool:
    """Whether there are bars at both ends, about as wide as each other, with a picture between them."""
    return min(one, other) >= least and abs(one - other) <= 0.03 and one + other < 0.9


def _is_half(seen: LayoutEvidence) -> bool:
    """Whether a frame shows a square in its middle, and nothing behind."""
    bars: Bars = seen.bars
    inside = seen.aspect * (1 - bars.left - bars.right) / max(1 - bars.top - bars.bottom, 0.01)
    return abs(bars.left - 0.25) < 0.04 and abs(bars.right - 0.25) < 0.04 and abs(inside - 1) < 0.15
