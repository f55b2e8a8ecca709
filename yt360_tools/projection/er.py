"""The equirectangular picture, whole or cropped: rays to pixels and back."""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, er_pixels_from_rays, ray_from_angles

Bounds = tuple[float, float, float, float]
"""Missing shares of the whole picture: of its height at the top and the bottom, of its width at the left and right."""

UNCROPPED: Bounds = (0.0, 0.0, 0.0, 0.0)

_EDGE_PX = 1e-6
"""A ray this far beyond a cropped picture's edge still meets it: what rounding does."""

_SPARE_PX, _SPARE_SHARE = 8.0, 0.01
"""How far from 2:1 a picture may be: codecs like sides that are multiples of 16."""


def er_pixels(
    rays: Array, width: float, height: float, bounds: Bounds = UNCROPPED
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Of rays (..., 3) the columns, the rows (pixel centres at whole numbers) and whether the picture reaches there.

    Args:
        width, height: pixels of the picture, of the part that is there when it is cropped.
    """
    top, _, left, _ = bounds
    whole_width, whole_height = whole_size(width, height, bounds)
    column, row = er_pixels_from_rays(rays, whole_width, whole_height)
    if bounds == UNCROPPED:
        return column, row, np.ones(column.shape, bool)
    column, row = column - left * whole_width, row - top * whole_height
    near = 0.5 + _EDGE_PX
    inside = (column >= -near) & (column <= width - 1 + near) & (row >= -near) & (row <= height - 1 + near)
    return column, row, inside


def er_position_rays(columns: Array, rows: Array, width: float, height: float, bounds: Bounds = UNCROPPED) -> Array:
    """Unit rays (..., 3) of positions in a picture (pixel centres at whole numbers).

    Positions beyond the edges go on: around the sphere, and over a pole to the opposite meridian.
    """
    top, _, left, _ = bounds
    whole_width, whole_height = whole_size(width, height, bounds)
    azimuth = (0.5 - (np.asarray(columns, float) + 0.5) / whole_width - left) * 2 * np.pi
    elevation = (0.5 - (np.asarray(rows, float) + 0.5) / whole_height - top) * np.pi
    return ray_from_angles(azimuth, elevation)


def whole_size(width: float, height: float, bounds: Bounds) -> tuple[float, float]:
    """Width and height that a cropped picture would have if nothing were missing.

    Raises:
        UsageError: a share is negative, or nothing is left.
    """
    top, bottom, left, right = bounds
    if not (all(0 <= share < 1 for share in bounds) and top + bottom < 1 and left + right < 1):
        raise UsageError(
            "bounds are the shares missing at top, bottom, left and right, each at least 0, "
            f"and opposite ones together less than 1; got {bounds}"
        )
    return width / (1 - left - right), height / (1 - top - bottom)


def check_er_shape(
    width: int, height: int, bounds: Bounds = UNCROPPED, *, stereo: str = "mono", on_purpose: str = ""
) -> None:
    """Refuse a picture that cannot be an undistorted equirectangular one: twice as wide as high when whole.

    For whoever takes a file in: frames that the pipeline itself has scaled unevenly are none of this check's.
    A few pixels more or less are allowed. Of a stereo picture each eye may be whole, or squashed to half a frame.

    Args:
        width, height: pixels of the whole frame, both eyes.
        on_purpose: how the caller's user says that the picture is stretched on purpose, such as ``--stretched``.

    Raises:
        UsageError: what was seen and what is allowed.
    """
    across = 2 if stereo in ("left-right", "right-left") else 1
    down = 2 if stereo in ("top-bottom", "bottom-top") else 1
    shapes = {(width / across, height / down), (width, height)}
    if any(_is_twice_as_wide(*whole_size(*shape, bounds)) for shape in shapes):
        return
    seen = f"{width} x {height}"
    if bounds != UNCROPPED:
        whole = whole_size(width, height, bounds)
        seen += f", {whole[0]:.0f} x {whole[1]:.0f} with the missing parts (bounds {bounds})"
    eyes = "" if stereo == "mono" else f" (each eye of a {stereo} picture, or the whole frame)"
    remedy = f"; if it is stretched on purpose: {on_purpose}" if on_purpose else ""
    raise UsageError(
        f"an equirectangular picture is twice as wide as high{eyes}, to within {_SPARE_PX:g} pixels or "
        f"{_SPARE_SHARE:.0%}; got {seen}. Name its projection if it is another, or its bounds if it is cropped{remedy}"
    )


def _is_twice_as_wide(width: float, height: float) -> bool:
    return abs(width - 2 * height) <= max(_SPARE_PX, _SPARE_SHARE * width)
