"""Sampling tables, and applying them to frames.

A target's pixels become rays once, the rays become pixels of the source once: one resampling, whatever the source.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import er_pixels_from_rays
from yt360_tools.projection.layouts import EAC_BORDER_PX, eac_pixels_from_rays
from yt360_tools.projection.views import view_rays
from yt360_tools.records import PROJECTIONS, View

Frame = NDArray[np.uint8]

_PADDING = 2
"""Pixels by which an equirectangular frame is continued over its edges, so that interpolation wraps."""

_KEPT_SAMPLERS = 12
"""Tables kept: two cubes' faces. A table has 6 bytes a pixel, and views that change with the clip never come again."""

_RAY_DECIMALS, _PIXEL_STEPS = 12, 2.0**20
"""To what rays, and parts of a pixel, are rounded: last bits differ between processors, and must not decide which
face an edge belongs to, or which way half a step of a table falls."""


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
