"""Where rays meet a source's frame, in each layout that a source may have."""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Array

EAC_BORDER_PX = 2.0
"""YouTube's EAC frames carry this border left and right, and above and below each row of faces."""


def eac_pixels_from_rays(
    rays: Array, width: int, height: int, border_px: float | tuple[float, float] = EAC_BORDER_PX
) -> tuple[Array, Array]:
    """Columns and rows (pixel centres at whole numbers) where rays (..., 3) meet YouTube's EAC frame.

    The top row is left, front, right, upright; the bottom row is down, back, up, turned by -90, +90 and
    -90 degrees (clockwise positive). Inside a face the coordinate grows with the angle, not its tangent.
    Rows never reach over the middle line, where pictures meet that are no neighbours on the sphere.

    Args:
        border_px: one for both, or the border (left and right, above and below) of a frame scaled unevenly.
    """
    border_x, border_y = border_px if isinstance(border_px, tuple) else (border_px, border_px)
    rays = np.asarray(rays, float)
    x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
    longest = np.max(np.abs(rays), axis=-1)
    top = np.zeros(rays.shape[:-1], bool)
    face = np.zeros(rays.shape[:-1])
    right, down = np.zeros(rays.shape[:-1]), np.zeros(rays.shape[:-1])

    def put(where: NDArray[np.bool_], in_top: bool, index: int, to_right: Array, to_down: Array) -> None:
        top[where], face[where] = in_top, index
        scale = longest[where]
        right[where], down[where] = to_right[where] / scale, to_down[where] / scale

    put(x == longest, True, 1, -y, -z)
    put(y == longest, True, 0, x, -z)
    put(-y == longest, True, 2, -x, -z)
    # Turned clockwise, what was to the right lies below; turned counter-clockwise, above.
    put(-x == longest, False, 1, z, y)
    put(z == longest, False, 2, x, y)
    put(-z == longest, False, 0, -x, y)

    u = 2 / np.pi * np.arctan(right) + 0.5
    v = 2 / np.pi * np.arctan(down) + 0.5
    row_height = height / 2
    column = border_x + (face + u) * (width - 2 * border_x) / 3 - 0.5
    row = np.clip(border_y + v * (row_height - 2 * border_y) - 0.5, 0, row_height - 1)
    return column, row + np.where(top, 0, row_height)
