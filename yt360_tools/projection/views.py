"""Views of the sphere, and the world rays through their pixel centres."""

import numpy as np

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, Direction, er_rays, vertical_fov, viewport_rays
from yt360_tools.records import View


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
