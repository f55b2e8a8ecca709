"""Virtual microphones of any order.

A beam along a ray sums the channels, each with its harmonic in that direction and with its degree's weight:
``sum over n of w_n sum over m of Y_nm(ray) sound_nm``. In SN3D the weights are the pattern's Legendre coefficients:
a plane wave at an angle t from the axis has the gain ``sum over n of w_n P_n(cos t)``, and gain 1 on the axis means
that the weights' sum is 1. Patterns and formulas: Politis, "Microphone array processing for parametric spatial
audio techniques", 2016; Zotter & Frank, "Ambisonics", 2019; docs/sound-field.md draws and measures them.
"""

from collections.abc import Callable
from functools import lru_cache
from math import cos, factorial, radians

import numpy as np
from numpy.polynomial import legendre

from yt360_tools.ambisonics.channels import Sound, channel_degrees, channels_of, sound_order
from yt360_tools.ambisonics.harmonics import harmonics
from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array


def _omni(order: int) -> Array:
    return np.eye(order + 1)[0]


def _cardioid(order: int) -> Array:
    """The Legendre coefficients of ``((1 + cos t) / 2)^N``, which has no lobe but the one in front."""
    shares = [factorial(order) ** 2 / factorial(order + n + 1) / factorial(order - n) for n in range(order + 1)]
    return (2 * np.arange(order + 1) + 1) * np.array(shares)


def _supercardioid(order: int) -> Array:
    """The pattern with most of its power in the front half of the sphere.

    Its weights solve an eigenproblem of which all the best values crowd below 1, so that at order 7 only nine digits
    are left. A tridiagonal matrix with values well apart has the same vectors (Gruenbaum, Longhi & Perlstadt 1982;
    Simons, Dahlen & Wieczorek, "Spatiospectral concentration on a sphere", SIAM Review 48, 2006, here for a cap of 90
    degrees and m = 0). Rounded, so that every processor has the same.
    """
    n = np.arange(order)
    beside = (n * (n + 2) - order * (order + 2)) * (n + 1) / np.sqrt((2 * n + 1) * (2 * n + 3))
    _, vectors = np.linalg.eigh(np.diag(beside, 1) + np.diag(beside, -1))
    weights = vectors[:, 0] * np.sqrt(2 * np.arange(order + 1) + 1)
    return np.round(weights / weights.sum(), 12)


def _hypercardioid(order: int) -> Array:
    """All channels alike, as a plane wave excites them: no pattern of its order has a greater directivity."""
    return (2 * np.arange(order + 1) + 1) / (order + 1) ** 2


def _max_re(order: int) -> Array:
    """The longest energy vector: Zotter & Frank, "All-round ambisonic panning and decoding", 2012, eq. 10."""
    degrees = np.arange(order + 1)
    tapers = legendre.legval(cos(radians(137.9) / (order + 1.51)), np.eye(order + 1))
    weights = (2 * degrees + 1) * tapers
    return np.asarray(weights / weights.sum())


_WEIGHTS: dict[str, Callable[[int], Array]] = {
    "omni": _omni,
    "cardioid": _cardioid,
    "supercardioid": _supercardioid,
    "hypercardioid": _hypercardioid,
    "max-di": _hypercardioid,
    "basic": _hypercardioid,
    "max-re": _max_re,
}

BEAM_PATTERNS: dict[str, float] = {
    **{pattern: float(weights(1)[0]) for pattern, weights in _WEIGHTS.items()},
    "supercardioid": 0.37,
}
"""The patterns, each with its omnidirectional share a at first order, where its gain is ``a + (1 - a) cos(angle)``.

That of the supercardioid is (sqrt(3) - 1) / 2 = 0.366, in the two digits that stored beams were made with.
"""


@lru_cache(maxsize=64)
def beam_weights(pattern: str, order: int) -> Array:
    """A weight for each degree (order + 1,), their sum 1 (read-only): the Legendre coefficients of `beam_gain`."""
    if pattern not in BEAM_PATTERNS:
        known = ", ".join(BEAM_PATTERNS)
        raise UsageError(f"unknown beam pattern {pattern!r}{nearest(pattern.lower(), BEAM_PATTERNS)}; known: {known}")
    channels_of(order)
    omni = BEAM_PATTERNS[pattern]
    weights = np.array([omni, 1 - omni]) if order == 1 else _WEIGHTS[pattern](order)
    weights.flags.writeable = False
    return weights


def beam_gain(pattern: str, order: int, angle: Array | float) -> Array:
    """The gain (...) for a plane wave at `angle` (...) from the axis, in radians: 1 at 0, negative in a back lobe."""
    return np.asarray(legendre.legval(np.cos(angle), beam_weights(pattern, order)))


def beam_channels(rays: Array, pattern: str, order: int) -> Array:
    """What a beam along each of the unit `rays` (..., 3) takes of each channel: (..., (order + 1)^2)."""
    return np.asarray(harmonics(rays, order) * beam_weights(pattern, order)[channel_degrees(order)])


def beam(sound: Sound, ray: Array, pattern: str = "cardioid") -> Sound:
    """A virtual microphone (samples,) along the unit `ray`, with gain 1 on its axis, of the order of `sound`.

    A sum in a fixed order, not a matrix product: BLAS rounds otherwise on each processor and number of threads,
    and beams are stored.
    """
    order = sound_order(sound)
    if np.shape(ray) != (3,):
        raise UsageError(f"a beam looks along one ray (3,); got the shape {np.shape(ray)}")
    weights = beam_channels(ray, pattern, order).astype(sound.dtype)
    total = weights[0] * sound[0]
    for weight, channel in zip(weights[1:], sound[1:], strict=True):
        total += weight * channel
    return np.asarray(total)
