"""How the sphere seems to lie in some frames: every layout with a score, by what was measured in the frames alone.

Each measurement speaks for some layouts and against others, in natural log-odds; sums of them become scores that add
up to 1. Where nothing can be measured (fog, darkness), a whole equirectangular picture is the likeliest, and no score
is near 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Hypothesis
from yt360_tools.examine.layout_evidence import LayoutEvidence, gather_evidence, stacked
from yt360_tools.examine.layout_faces import best_cube
from yt360_tools.examine.layout_weights import cube_fit, eac_fit, eyes_fit, log_weights
from yt360_tools.thresholds import PictureThresholds

LEAST_SIDE = 32
"""Pixels of a side below which frames tell nothing."""


_MAY = 0.6
"""Seams whose odds are no further from even are said to meet perhaps."""


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
    weights = log_weights(evidence, thresholds)
    highest = max(weights.values())
    scores = {name: float(np.exp(weight - highest)) for name, weight in weights.items()}
    total = sum(scores.values())
    words = _words(evidence, thresholds)
    found = [Hypothesis(name, score / total, words.get(name, ())) for name, score in scores.items()]
    return tuple(sorted(found, key=lambda one: -one.score))


def faces_of(frames: Sequence[NDArray[np.uint8]]) -> str:
    """The arrangement of faces that fits frames of a plain cubemap best."""
    return best_cube(stacked(frames)).faces


def _words(seen: LayoutEvidence, limits: PictureThresholds) -> dict[str, tuple[str, ...]]:
    """What speaks for or against each layout, for a person."""
    wrap = f"left and right edge {_meet(seen.wrap, limits.seam_meets_from)}, what crosses them is alike to "
    wrap += f"{seen.likeness:.2f}"
    first, last = (float(np.exp(pole.evenness)) for pole in seen.poles)
    poles = f"the first and the last row are {first:.2f} and {last:.2f} times as rough as rows near them"
    above = f"upper and lower half agree to {seen.top_bottom:.2f}"
    beside = f"left and right half agree to {seen.left_right:.2f}"
    halves = f"each half's edges {_meet(seen.wrap_halves, limits.seam_meets_from)}"
    bars = "bars at left, right, top, bottom: " + ", ".join(
        f"{100 * share:.0f} %" for share in (seen.bars.left, seen.bars.right, seen.bars.top, seen.bars.bottom)
    )
    inside = f"between them the edges {_meet(seen.wrap_inside, limits.seam_meets_from)}"
    eac = f"the edges of EAC's faces {_meet(eac_fit(seen), limits.seam_eac_from)}"
    eyes = f"the edges of two eyes' EAC faces {_meet(eyes_fit(seen), limits.seam_eac_from)}"
    fits = f" ({seen.faces})" if seen.faces else ""
    cube = f"the edges of a cubemap's faces{fits} {_meet(cube_fit(seen), limits.seam_cubemap_from)}"
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
        "flat_in_sphere": (bars, inside),
    }


def _meet(odds: float, even: float) -> str:
    """Log-odds above `even` are for."""
    off = odds - even
    return f"{'meet' if off > _MAY else 'do not meet' if off < -_MAY else 'may meet'} (log-odds {off:+.1f})"
