"""Real spherical harmonics as AmbiX has them: ACN order, SN3D, without the Condon-Shortley phase."""

from math import sqrt

import numpy as np

from yt360_tools.ambisonics.channels import channels_of
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array

_UNIT_TOLERANCE = 1e-5


def harmonics(rays: Array, order: int) -> Array:
    """What each channel takes of a plane wave from the unit `rays` (..., 3): (..., (order + 1)^2), order 0 to 7.

    At first order (1, y, z, x). Two directions meet in ``sum over m of Y_nm(a) Y_nm(b) = P_n(a . b)``, so that on
    average over the sphere ``Y_nm^2`` is ``1 / (2n + 1)``. Exact at the poles: no angle and no division is in it.
    """
    rays = np.asarray(rays, np.float64)
    check_unit(rays)
    return np.asarray(np.moveaxis(channel_gains(rays[..., 0], rays[..., 1], rays[..., 2], order), 0, -1))


def check_unit(rays: Array) -> None:
    """Refuse what is not unit rays (..., 3): another length would scale each degree otherwise; NaN has none."""
    if rays.ndim == 0 or rays.shape[-1] != 3:
        raise UsageError(f"rays are (..., 3), as x, y, z; got the shape {rays.shape}")
    squared = np.einsum("...i,...i->...", rays, rays)
    wrong = ~(np.abs(squared - 1) <= 2 * _UNIT_TOLERANCE)
    if wrong.any():
        first = rays[wrong][0] if rays.ndim > 1 else rays
        raise UsageError(
            f"rays must be of length 1 within {_UNIT_TOLERANCE}; {int(wrong.sum())} of {wrong.size} are not, "
            f"the first {first.tolist()}"
        )


def channel_gains(x: Array, y: Array, z: Array, order: int) -> Array:
    """`harmonics`, channels first, of rays given as their components (...), unchecked: ((order + 1)^2, ...).

    For each m >= 0 the polynomial in z that remains of the Schmidt-normalised Legendre function when sin^m of the
    polar angle is taken out goes from degree to degree by

        sqrt(n^2 - m^2) Q_n = (2n - 1) z Q_(n-1) - sqrt((n - 1)^2 - m^2) Q_(n-2)

    (DLMF 14.10.3 with the factors of SN3D put in), from ``Q_m = prod over k = 2..m of sqrt((2k - 1) / (2k))``. What
    was taken out joins the azimuth: ``sin^m (cos m phi, sin m phi)`` are the real and the imaginary part of
    ``(x + i y)^m``, for m and for -m (Sloan, "Efficient spherical harmonic evaluation", JCGT 2013).
    """
    gains = np.empty((channels_of(order), *np.shape(z)))
    sectoral = 1.0
    cosine, sine = x, y
    for m in range(order + 1):
        if m > 1:
            sectoral *= sqrt((2 * m - 1) / (2 * m))
            cosine, sine = x * cosine - y * sine, x * sine + y * cosine
        before: Array | float = 0.0
        here: Array | float = sectoral
        for n in range(m, order + 1):
            if n > m:
                after = ((2 * n - 1) * z * here - sqrt((n - 1) ** 2 - m**2) * before) / sqrt(n**2 - m**2)
                before, here = here, after
            middle = n * n + n
            if m == 0:
                gains[middle] = here
            else:
                gains[middle + m] = here * cosine
                gains[middle - m] = here * sine
    return gains
