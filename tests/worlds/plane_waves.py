"""Plane waves as ambisonics to third order, written out one polynomial a channel: ACN, SN3D.

Nothing here imports the package under test, and no angle, recursion or table of factors is in it.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEFT_RIGHT = (1, 4, 5, 9, 10, 11)
"""The channels up to third order that change their sign when left and right change places: those odd in y."""


def encoded(rays: Values, order: int) -> Values:
    """What each channel takes of a wave from the unit vectors (..., 3): (..., (order + 1)^2), order at most 3."""
    x, y, z = np.moveaxis(np.asarray(rays, float), -1, 0)
    root = np.sqrt
    channels = (
        np.ones_like(x),
        y, z, x,
        root(3) * x * y, root(3) * y * z, (3 * z**2 - 1) / 2, root(3) * x * z, root(3) / 2 * (x**2 - y**2),
        root(5 / 8) * y * (3 * x**2 - y**2), root(15) * x * y * z, root(3 / 8) * y * (5 * z**2 - 1),
        z * (5 * z**2 - 3) / 2,
        root(3 / 8) * x * (5 * z**2 - 1), root(15) / 2 * z * (x**2 - y**2), root(5 / 8) * x * (x**2 - 3 * y**2),
    )  # fmt: skip
    return np.stack(channels[: (order + 1) ** 2], axis=-1)
