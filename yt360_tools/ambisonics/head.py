"""What two ears hear of a plane wave from each direction: a head's impulse responses (HRIRs).

Measured heads come as SOFA files and can't come along with the project. Its own head is a rigid sphere with ears on its
sides, whose response is known exactly: with the differences in time and level by which left and right are told apart,
and without the pinna's colouring, which tells above from below.
"""

import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, fibonacci_sphere, ray_from_angles

RADIUS_M = 0.0875
EAR_AZIMUTH_DEG = 100.0
"""Ears lie a little behind the middle (Duda & Martens, 1998)."""

_SPEED_M_S = 343.0
_DELAY_S = 0.0006
"""The head's middle hears so late that the ear before it is not early by more than there is room for."""
_DIRECTIONS = 120
"""On the sphere, and as many again that mirror them, so that both ears are treated alike."""


@dataclass(frozen=True)
class Head:
    """Impulse responses of both ears.

    Attributes:
        rays: the directions of the sources, unit rays (directions, 3).
        responses: left and right ear, (2, directions, taps).
    """

    rays: Array
    responses: Array


def sphere_head(sample_rate_hz: int) -> Head:
    """The rigid sphere's: `RADIUS_M`, ears at `EAR_AZIMUTH_DEG` on either side, 0.6 ms of delay.

    Its pressure for a plane wave at the angle t from the ear, with ``k a`` for the wave number times the radius, is
    ``1 / (k a)^2 sum over m of (2m + 1) i^(m - 1) P_m(cos t) / h_m'(k a)``, with the spherical Hankel functions of
    the second kind (Duda & Martens, "Range dependence of the response of a spherical head model", JASA 104, 1998, for a
    source far away).
    """
    from numpy.polynomial import legendre
    from scipy.special import spherical_jn, spherical_yn

    # So long that spaudiopy's transform, as long as they are, resolves its turning point at 600 Hz.
    taps = max(128, 2 * round((0.006 if sample_rate_hz > 90_000 else 0.0027) * sample_rate_hz))
    half = fibonacci_sphere(_DIRECTIONS)
    rays = np.concatenate([half, half * [1, -1, 1]])
    ears = ray_from_angles(np.radians([EAR_AZIMUTH_DEG, -EAR_AZIMUTH_DEG]), 0.0)
    cosines = ears @ rays.T
    frequencies = np.fft.rfftfreq(taps, 1 / sample_rate_hz)
    size = 2 * np.pi * frequencies[1:, None] * RADIUS_M / _SPEED_M_S
    degrees = np.arange(int(size[-1, 0] * 1.2) + 20)
    with np.errstate(all="ignore"):  # of high degrees at low frequencies the functions are infinite, their shares 0
        hankel = spherical_jn(degrees, size, derivative=True) - 1j * spherical_yn(degrees, size, derivative=True)
        shares = (2 * degrees + 1) * 1j ** (degrees - 1) / hankel / size**2
    shares[~np.isfinite(shares)] = 0
    polynomials = legendre.legvander(cosines, degrees[-1])
    pressure = np.ones((2, len(rays), len(frequencies)), complex)
    pressure[..., 1:] = polynomials @ shares.T
    pressure *= np.exp(-2j * np.pi * frequencies * _DELAY_S)
    return Head(rays, np.fft.irfft(pressure, taps))


def sofa_head(path: Path, sample_rate_hz: int) -> Head:
    """The head in a SOFA file, such as a measured one, at `sample_rate_hz`.

    Raises:
        UsageError: the file is none that spaudiopy reads as HRIRs.
    """
    spaudiopy = load_spaudiopy()
    try:
        found = spaudiopy.io.load_sofa_hrirs(str(path))
    except (OSError, KeyError, IndexError, ValueError, TypeError, AssertionError) as error:
        what = f"cannot be read as such ({error})" if path.is_file() else "is not there"
        raise UsageError(
            f"a SOFA file with a head's impulse responses, all from one distance, is needed; {path} {what}"
        ) from error
    responses = np.stack([found.left, found.right]).astype(float)
    if responses.shape[1] < 4 or not np.isfinite(responses).all():
        raise UsageError(f"{path}: its impulse responses are of shape {responses.shape}, or not finite")
    if found.fs != sample_rate_hz:
        from scipy.signal import resample_poly

        responses = resample_poly(responses, sample_rate_hz, found.fs, axis=2) * (found.fs / sample_rate_hz)
    return Head(ray_from_angles(found.azi, np.pi / 2 - found.zen), responses)


def load_spaudiopy() -> Any:
    """The package spaudiopy, which tells of missing sound cards on its way, also on stdout."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        import spaudiopy

    return spaudiopy
