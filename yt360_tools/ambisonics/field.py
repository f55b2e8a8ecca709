"""From where energy comes: its mean direction, and a map of it."""

import numpy as np

from yt360_tools.ambisonics.beams import BEAM_PATTERNS
from yt360_tools.ambisonics.channels import XYZ_CHANNELS, Sound, check_foa
from yt360_tools.geometry import Array

_XYZ = list(XYZ_CHANNELS)


def direction_of_arrival(foa: Sound) -> Array:
    """The mean direction (3,) from which energy flows, its length 0 (diffuse) to 1 (one plane wave).

    The time-averaged active intensity ``W (X, Y, Z)`` over the energy density (Merimaa & Pulkki, 2004).
    """
    check_foa(foa)
    exact = foa.astype(np.float64)
    energy = 0.5 * np.sum(exact**2)
    if energy == 0:
        return np.zeros(3)
    return np.asarray(exact[_XYZ] @ exact[0] / energy)


def energy_map(foa: Sound, rays: Array, pattern: str = "hypercardioid") -> Array:
    """The mean power (...) that a beam receives from each of the unit `rays` (..., 3)."""
    check_foa(foa)
    exact = foa.astype(np.float64)
    covariance = exact @ exact.T / max(exact.shape[1], 1)
    omni = BEAM_PATTERNS[pattern]
    weights = np.concatenate([np.full((*rays.shape[:-1], 1), omni), (1 - omni) * rays[..., [1, 2, 0]]], axis=-1)
    return np.asarray(np.einsum("...i,ij,...j->...", weights, covariance, weights))
