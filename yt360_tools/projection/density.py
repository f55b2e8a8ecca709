"""How large a source must be for a view to be cut from it without loss."""

import numpy as np

from yt360_tools.projection.faces import parse_faces
from yt360_tools.records import View

_OVERSAMPLING = 1.5
"""Source pixels kept at least for each target pixel at a view's centre."""


def sufficient_width(view: View, projection: str) -> int:
    """The width in pixels (a multiple of 12) to which a source may be scaled before a view is cut from it.

    A pinhole view of half the opening angle h has the least pixels a degree at its centre, 1 / cos(h)^2 times as
    many at its edge. The source gets 1 / cos(h) times the centre's: the centre then skips as many of its pixels as
    the edge invents (aliasing here, blur there: twice each at 120 degrees), and that is always more than the
    view's mean, tan(h) / h. Up to 96 degrees 1.5 times the centre's is more, and is kept. The corners, denser yet,
    are left to blur. Width and height each ask for their own; a view may be rolled, so both directions of the
    source serve the greater one. A cubemap's face counts as a view, a panorama and an equi-angular face as evenly
    dense.

    Args:
        projection: the source's, ``er`` or ``eac``. (A plain face has half its width a radian in its middle.)
    """
    if view.projection == "viewport":
        per_radian = max(_wanted_density(view.width, view.hfov_deg), _wanted_density(view.height, view.vfov_deg))
    elif view.projection == "er":
        per_radian = _OVERSAMPLING * max(view.width, 2 * view.height) / (2 * np.pi)
    elif view.projection == "eac":
        per_radian = _OVERSAMPLING * max(view.width / 3, view.height / 2) / (np.pi / 2)
    else:
        grid = parse_faces(view.faces)
        per_radian = _wanted_density(max(view.width / grid.columns, view.height / grid.rows), 90.0)
    turn_share = 1.0 if projection == "er" else 0.75
    return int(np.ceil(2 * np.pi * per_radian * turn_share / 12)) * 12


def sufficient_height(width: int, projection: str) -> int:
    """The height at which a whole frame `width` wide (a multiple of 12) has as many pixels a degree both ways.

    An equirectangular frame is twice as wide as high; an equi-angular cubemap has three faces by two.
    """
    return width // 2 if projection == "er" else width // 3 * 2


def _wanted_density(pixels: float, opening_deg: float) -> float:
    """Source pixels a radian for a side of a pinhole view, see `sufficient_width`."""
    half = np.radians(opening_deg) / 2
    return float(pixels / (2 * np.tan(half)) * max(_OVERSAMPLING, 1 / np.cos(half)))
