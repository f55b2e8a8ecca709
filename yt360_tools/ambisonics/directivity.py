"""How sharp a beam is, in the figures that microphones are told apart by."""

from math import degrees, log10, pi, sqrt

import numpy as np
from numpy.polynomial import legendre

from yt360_tools.ambisonics.beams import beam_gain, beam_weights

_HALF_POWER = sqrt(0.5)


def directivity_index_db(pattern: str, order: int) -> float:
    """How much more power a beam takes from its axis than on average from everywhere, in decibels.

    The Legendre polynomials are orthogonal, with ``1 / (2n + 1)`` for the mean of ``P_n^2`` over the sphere.
    """
    weights = beam_weights(pattern, order)
    return 10 * log10(1 / float(np.sum(weights**2 / (2 * np.arange(order + 1) + 1))))


def half_power_width_deg(pattern: str, order: int) -> float:
    """The angle across the main lobe within which a beam takes half or more of the axis' power; 360 for an omni."""
    angles = np.linspace(0, pi, 1801)
    below = np.flatnonzero(beam_gain(pattern, order, angles) < _HALF_POWER)
    if below.size == 0:
        return 360.0
    inside, outside = angles[below[0] - 1], angles[below[0]]
    for _ in range(40):
        middle = (inside + outside) / 2
        if beam_gain(pattern, order, middle) < _HALF_POWER:
            outside = middle
        else:
            inside = middle
    return degrees(inside + outside)


def front_back_ratio_db(pattern: str, order: int) -> float:
    """The power that a beam takes from the half of the sphere in front of it over that from behind, in decibels."""
    nodes, weights = legendre.leggauss(order + 1)  # over a half each: exact for the square of a pattern
    front = np.sum(weights * beam_gain(pattern, order, np.arccos((1 + nodes) / 2)) ** 2)
    back = np.sum(weights * beam_gain(pattern, order, np.arccos((nodes - 1) / 2)) ** 2)
    return 10 * log10(float(front / back))
