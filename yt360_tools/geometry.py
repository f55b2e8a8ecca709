"""The conventions in code: directions, rotations, and pixels <-> rays. Radians throughout; numpy alone.

Frame: right-handed, +x front, +y left, +z up. Azimuth counter-clockwise seen from above (left is
positive), elevation up positive. Rotations are active: ``v' = R v``. docs/conventions.md tells the rest.
"""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ray_from_angles(azimuth: Array | float, elevation: Array | float) -> Array:
    """Unit rays (..., 3) of directions given by azimuth and elevation (...), in radians."""
    azimuth, elevation = np.broadcast_arrays(np.asarray(azimuth, float), np.asarray(elevation, float))
    cos_el = np.cos(elevation)
    return np.stack([cos_el * np.cos(azimuth), cos_el * np.sin(azimuth), np.sin(elevation)], axis=-1)


def angles_from_ray(rays: Array) -> tuple[Array, Array]:
    """Azimuth in (-pi, pi] and elevation in [-pi/2, pi/2] of rays (..., 3) of any length but zero."""
    rays = np.asarray(rays, float)
    x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
    return np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))


def angle_between(a: Array, b: Array) -> Array:
    """Angle in radians between rays (..., 3); exact for small angles too, unlike an arc cosine."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1))


def rotation_x(angle: float) -> Array:
    """Right-handed turn about +x: takes +y to (0, cos, sin)."""
    c, s = cos(angle), sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def rotation_y(angle: float) -> Array:
    """Right-handed turn about +y: takes +z to (sin, 0, cos), so a positive angle lowers the front."""
    c, s = cos(angle), sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def rotation_z(angle: float) -> Array:
    """Right-handed turn about +z: takes +x to (cos, sin, 0)."""
    c, s = cos(angle), sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def view_from_world(yaw: float, pitch: float, roll: float = 0.0) -> Array:
    """The rotation (3, 3) that makes a view's axis the front: ``Rx(-roll) Ry(+pitch) Rz(-yaw)``.

    Yaw is undone first; the order matters as soon as two of the angles are not zero.
    """
    return rotation_x(-roll) @ rotation_y(pitch) @ rotation_z(-yaw)


@dataclass(frozen=True)
class Direction:
    """Where a view looks, in degrees: yaw left positive, pitch up positive, roll clockwise for its owner."""

    yaw_deg: float
    pitch_deg: float = 0.0
    roll_deg: float = 0.0

    @property
    def view_from_world(self) -> Array:
        """The rotation (3, 3) that takes this direction to the front."""
        return view_from_world(radians(self.yaw_deg), radians(self.pitch_deg), radians(self.roll_deg))

    @property
    def ray(self) -> Array:
        """The unit ray (3,) of the optical axis."""
        return ray_from_angles(radians(self.yaw_deg), radians(self.pitch_deg))


FRONT = Direction(0.0)
"""Straight ahead, upright."""

CUBE_FACES: tuple[tuple[str, Direction], ...] = (
    ("F", Direction(0.0, 0.0)),
    ("R", Direction(-90.0, 0.0)),
    ("B", Direction(180.0, 0.0)),
    ("L", Direction(90.0, 0.0)),
    ("U", Direction(0.0, 90.0)),
    ("D", Direction(0.0, -90.0)),
)
"""The six faces of a cube, each a viewport of 90°, in the project's order."""


def er_pixels_from_rays(rays: Array, width: float, height: float) -> tuple[Array, Array]:
    """Columns and rows (pixel centres at whole numbers) where rays (..., 3) meet an equirectangular picture.

    Columns lie in [-0.5, width - 0.5): the left and right edges are the same meridian.
    """
    rays = np.asarray(rays, float)
    x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
    # As `angles_from_ray`, in place and without np.hypot, which guards against numbers that no ray has: tables of
    # views that never come again are made by this.
    column, row = np.arctan2(y, x), np.arctan2(z, np.sqrt(x * x + y * y))
    column *= width / (-2 * np.pi)
    column += width / 2 - 0.5
    row *= height / -np.pi
    row += height / 2 - 0.5
    if np.max(column, initial=-0.5) >= width - 0.5:
        column = np.where(column >= width - 0.5, column - width, column)
    return column, row


def er_rays(width: int, height: int) -> Array:
    """Rays (height, width, 3) of the pixel centres of an equirectangular picture."""
    azimuth = (0.5 - (np.arange(width) + 0.5) / width) * 2 * np.pi
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    return ray_from_angles(azimuth[None, :], elevation[:, None])


def vertical_fov(hfov: float, width: int, height: int) -> float:
    """The vertical opening angle of a pinhole view with square pixels (radians)."""
    return float(2 * np.arctan(np.tan(hfov / 2) * height / width))


def viewport_rays(
    yaw: float, pitch: float, roll: float, hfov: float, width: int, height: int, vfov: float | None = None
) -> Array:
    """World rays (height, width, 3), not normalised, through the pixel centres of a pinhole view.

    ``hfov`` is the true horizontal opening angle; pixels are square unless ``vfov`` is given.
    """
    half_width = np.tan(hfov / 2)
    half_height = half_width * height / width if vfov is None else np.tan(vfov / 2)
    left = half_width * (1 - 2 * (np.arange(width) + 0.5) / width)
    up = half_height * (1 - 2 * (np.arange(height) + 0.5) / height)
    ahead, to_left, to_up = view_from_world(yaw, pitch, roll)[:, :, None]
    # One component after the other lies in memory: all that follows works on them one by one.
    return ((ahead + to_up * up)[:, :, None] + (to_left * left)[:, None, :]).transpose(1, 2, 0)


def fibonacci_sphere(n: int) -> Array:
    """`n` rays (n, 3) spread evenly over the sphere (golden-angle spiral)."""
    index = np.arange(n) + 0.5
    azimuth = np.pi * (1 + 5**0.5) * index
    return ray_from_angles(np.mod(azimuth + np.pi, 2 * np.pi) - np.pi, np.arcsin(1 - 2 * index / n))
