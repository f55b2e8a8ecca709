"""Sampling tables between the projections of the sphere, and applying them to frames.

A target's pixels become rays once, the rays become pixels of the source once: one resampling, whatever
the source. Sources are equirectangular (``er``) or YouTube's equi-angular cubemap (``eac``).
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import (
    Array,
    Direction,
    er_pixels_from_rays,
    er_rays,
    ray_from_angles,
    vertical_fov,
    viewport_rays,
)
from yt360_tools.records import PROJECTIONS, View

Frame = NDArray[np.uint8]

EAC_BORDER_PX = 2.0
"""YouTube's EAC frames carry this border left and right, and above and below each row of faces."""

_PADDING = 2
"""Pixels by which an equirectangular frame is continued over its edges, so that interpolation wraps."""

_KEPT_SAMPLERS = 12
"""Tables kept: two cubes' faces. A table has 6 bytes a pixel, and views that change with the clip never come again."""

_PLACEMENTS, _DRAWS = 100, 400
"""How often random directions are placed anew, and from how many draws: the first ones may leave no room."""

_OVERSAMPLING = 1.5
"""Source pixels kept at least for each target pixel at a view's centre."""

_RAY_DECIMALS, _PIXEL_STEPS = 12, 2.0**20
"""To what rays, and parts of a pixel, are rounded: last bits differ between processors, and must not decide which
face an edge belongs to, or which way half a step of a table falls."""


def viewport(direction: Direction, hfov_deg: float, width: int, height: int) -> View:
    """A pinhole view with square pixels.

    Raises:
        UsageError: the opening angle is not inside (0, 180) degrees, or a side has no pixel.
    """
    if not 0 < hfov_deg < 180:
        raise UsageError(f"a viewport's hfov must lie between 0 and 180 degrees, both excluded; got {hfov_deg:g}")
    if width < 1 or height < 1:
        raise UsageError(f"a viewport needs at least 1 x 1 pixels; got {width} x {height}")
    vfov_deg = float(np.degrees(vertical_fov(np.radians(hfov_deg), width, height)))
    return View("viewport", direction, float(hfov_deg), vfov_deg, width, height)


def panorama(width: int) -> View:
    """A whole, unrotated equirectangular view, twice as wide as high."""
    if width < 4 or width % 4:
        raise UsageError(f"a panorama's width must be a positive multiple of 4; got {width}")
    return View("er", Direction(0.0), 360.0, 180.0, width, width // 2)


def view_rays(view: View) -> Array:
    """World rays (height, width, 3) through a view's pixel centres."""
    if view.projection == "er":
        return er_rays(view.width, view.height)
    yaw, pitch, roll, hfov = np.radians(
        [view.direction.yaw_deg, view.direction.pitch_deg, view.direction.roll_deg, view.hfov_deg]
    )
    return viewport_rays(yaw, pitch, roll, hfov, view.width, view.height, np.radians(view.vfov_deg))


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


class Sampler:
    """Cuts one view out of frames of one size and projection, with a table that is made once.

    Call it with a uint8 frame (source height, source width, 3); it gives (view height, view width, 3).
    """

    def __init__(
        self, view: View, projection: str, width: int, height: int, border_px: float | tuple[float, float]
    ) -> None:
        import cv2

        if projection not in PROJECTIONS:
            raise UsageError(f"unknown projection {projection!r}; known: {', '.join(PROJECTIONS)}")
        self.shape = (height, width)
        self._pads = projection == "er"
        rays = np.round(view_rays(view), _RAY_DECIMALS) + 0.0  # no -0.0, which lies on the seam's other side
        if self._pads:
            column, row = er_pixels_from_rays(rays, width, height)
            column, row = column + _PADDING, row + _PADDING
        else:
            column, row = eac_pixels_from_rays(rays, width, height, border_px)
        columns, rows = ((np.round(at * _PIXEL_STEPS) / _PIXEL_STEPS).astype(np.float32) for at in (column, row))
        self._table: tuple[Any, Any] = cv2.convertMaps(columns, rows, cv2.CV_16SC2)

    def __call__(self, frame: Frame) -> Frame:
        import cv2

        if frame.shape[:2] != self.shape:
            raise UsageError(f"this table is for frames of {self.shape} (height, width); got {frame.shape[:2]}")
        source = _continued_over_edges(frame) if self._pads else frame
        cut = cv2.remap(source, *self._table, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)


@functools.lru_cache(maxsize=_KEPT_SAMPLERS)
def sampler(
    view: View, projection: str, width: int, height: int, border_px: float | tuple[float, float] = EAC_BORDER_PX
) -> Sampler:
    """The cached `Sampler` of a view for sources of a projection and size (pixels)."""
    return Sampler(view, projection, width, height, border_px)


def _continued_over_edges(frame: Frame) -> Frame:
    """An equirectangular frame with `_PADDING` more pixels: around the seam, and across the poles."""
    height, width = frame.shape[:2]
    pad = _PADDING
    wide = np.empty((height + 2 * pad, width + 2 * pad, *frame.shape[2:]), frame.dtype)
    core = wide[:, pad : pad + width]
    core[pad : pad + height] = frame
    opposite = np.roll(frame[[*range(pad - 1, -1, -1), *range(height - 1, height - 1 - pad, -1)]], width // 2, axis=1)
    core[:pad], core[pad + height :] = opposite[:pad], opposite[pad:]
    wide[:, :pad], wide[:, pad + width :] = core[:, -pad:], core[:, :pad]
    return wide


def sufficient_width(view: View, projection: str) -> int:
    """The width in pixels (a multiple of 12) to which a source may be scaled before a view is cut from it.

    A pinhole view of half the opening angle h has the least pixels a degree at its centre, 1 / cos(h)^2 times as
    many at its edge. The source gets 1 / cos(h) times the centre's: the centre then skips as many of its pixels as
    the edge invents (aliasing here, blur there: twice each at 120 degrees), and that is always more than the
    view's mean, tan(h) / h. Up to 96 degrees 1.5 times the centre's is more, and is kept. The corners, denser yet,
    are left to blur. Width and height each ask for their own; a view may be rolled, so both directions of the
    source serve the greater one.
    """
    if view.projection == "er":
        per_radian = _OVERSAMPLING * view.width / (2 * np.pi)
    else:
        per_radian = max(_wanted_density(view.width, view.hfov_deg), _wanted_density(view.height, view.vfov_deg))
    turn_share = 1.0 if projection == "er" else 0.75
    return int(np.ceil(2 * np.pi * per_radian * turn_share / 12)) * 12


def sufficient_height(width: int, projection: str) -> int:
    """The height at which a whole frame `width` wide (a multiple of 12) has as many pixels a degree both ways.

    An equirectangular frame is twice as wide as high; an equi-angular cubemap has three faces by two.
    """
    return width // 2 if projection == "er" else width // 3 * 2


def _wanted_density(pixels: int, opening_deg: float) -> float:
    """Source pixels a radian for a side of a pinhole view, see `sufficient_width`."""
    half = np.radians(opening_deg) / 2
    return float(pixels / (2 * np.tan(half)) * max(_OVERSAMPLING, 1 / np.cos(half)))


def ring_directions(count: int) -> tuple[Direction, ...]:
    """`count` directions on the horizon, the first in front, going left."""
    return tuple(Direction(float((360 * k / count + 180) % 360 - 180)) for k in range(count))


def random_directions(
    count: int,
    rng: np.random.Generator,
    *,
    min_separation_deg: float,
    max_pitch_deg: float,
    given: Sequence[Direction] = (),
) -> tuple[Direction, ...]:
    """`count` directions, yaw uniform, pitch uniform within +-`max_pitch_deg`, at least so far apart.

    Args:
        given: directions that come first and are part of the count; the others keep away from them.

    Raises:
        UsageError: they find no place with that separation.
    """
    nearest_cosine = np.cos(np.radians(min_separation_deg))
    first = [direction.yaw_deg for direction in given], [direction.pitch_deg for direction in given]
    for _ in range(_PLACEMENTS):
        yaws = np.concatenate([first[0], rng.uniform(-180, 180, _DRAWS)])
        pitches = np.concatenate([first[1], rng.uniform(-max_pitch_deg, max_pitch_deg, _DRAWS)])
        rays = ray_from_angles(np.radians(yaws), np.radians(pitches))
        kept: list[int] = []
        for index, ray in enumerate(rays):
            if all(np.einsum("ki,i->k", rays[kept], ray, optimize=False) <= nearest_cosine):
                kept.append(index)
            if len(kept) == count:
                break
        if len(kept) == count:
            return tuple(Direction(float(yaws[index]), float(pitches[index])) for index in kept)
    raise UsageError(
        f"{count} directions within {max_pitch_deg:g}° of the horizon do not fit {min_separation_deg:g}° apart; "
        "ask for fewer, or a smaller min_separation_deg"
    )
