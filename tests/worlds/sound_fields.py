"""Sound fields of any order worked out by scipy's Legendre functions, rotations without angles, rays.

Nothing here imports the package under test.
"""

from collections.abc import Sequence
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.special import lpmv

Values = NDArray[np.float64]

GENERIC = ((37.0, -24.0, 11.0), (-141.0, 52.0, -68.0), (163.0, 13.0, 124.0))
"""Yaw, pitch and roll in degrees, none of them special."""


def by_angles(azimuth: Values, elevation: Values, order: int) -> Values:
    """SN3D harmonics of directions (...) in radians: (..., (order + 1)^2).

    From cosines and sines of the azimuth, and scipy's associated Legendre functions. Those have the Condon-Shortley
    phase, which ambisonics have not: the factor ``(-1)^m`` takes it out.
    """
    channels = []
    for n in range(order + 1):
        for m in range(-n, n + 1):
            k = abs(m)
            scale = np.sqrt((1 if m == 0 else 2) * factorial(n - k) / factorial(n + k))
            around = np.sin(k * azimuth) if m < 0 else np.cos(k * azimuth)
            channels.append((-1) ** k * scale * lpmv(k, n, np.sin(elevation)) * around)
    return np.stack(channels, axis=-1)


def of_rays(rays: Values, order: int) -> Values:
    """`by_angles` of unit vectors (..., 3)."""
    return by_angles(np.arctan2(rays[..., 1], rays[..., 0]), np.arcsin(np.clip(rays[..., 2], -1, 1)), order)


def random_rays(count: int, seed: int) -> Values:
    rays = np.random.default_rng(seed).normal(size=(count, 3))
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def random_rotations(count: int, seed: int) -> Values:
    """Proper rotations from the QR decomposition of random matrices: no angles, so no order of angles."""
    turns = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, 3, 3)))[0]
    return turns * np.linalg.det(turns)[:, None, None]


def facing(look: Sequence[float]) -> Values:
    """The rotation (3, 3) that brings what a camera sees in its middle to the front, and what it sees above upwards.

    Its rows are the camera's axes in the world: ahead, to its left, upwards; then rolled clockwise for its owner.
    """
    yaw, pitch, roll = np.radians(look)
    ahead = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])
    left = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    up = np.cross(ahead, left)
    return np.stack([ahead, np.cos(roll) * left + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * left])
