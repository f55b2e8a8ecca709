"""From where a whole sound's energy comes: its mean direction, and a map of it."""

import numpy as np

from yt360_tools.ambisonics.channels import XYZ_CHANNELS, Sound, sound_order
from yt360_tools.ambisonics.maps import MAP_PATTERN, beam_power
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array

_XYZ = list(XYZ_CHANNELS)


def direction_of_arrival(sound: Sound) -> Array:
    """The mean direction (3,) from which energy flows, its length 0 (diffuse) to 1 (one plane wave).

    The time-averaged active intensity ``W (X, Y, Z)`` over the energy density (Merimaa & Pulkki, 2004). Of sound of any
    order from 1 to 7, W and the channels of first order are what counts.
    """
    first_order = check_directional(sound)
    exact = first_order.astype(np.float64)
    energy = 0.5 * np.sum(exact**2)
    if energy == 0:
        return np.zeros(3)
    return np.asarray(exact[_XYZ] @ exact[0] / energy)


def energy_map(sound: Sound, rays: Array, pattern: str = MAP_PATTERN) -> Array:
    """The mean power (...) that a beam receives from each of the unit `rays` (..., 3); sound of any order."""
    sound_order(sound)
    exact = sound.astype(np.float64)
    return beam_power(exact @ exact.T / max(exact.shape[1], 1), rays, pattern)


def check_directional(sound: Sound) -> Sound:
    """W, Y, Z and X of sound ((N + 1)^2, samples); that of order 0 has no direction, and is refused."""
    if sound_order(sound) < 1:
        raise UsageError("a direction needs first order or higher, four channels or more (W, Y, Z, X); got one channel")
    return sound[:4]
