"""Making a sound field, turning it, and mirroring it."""

import numpy as np

from yt360_tools.ambisonics.channels import XYZ_CHANNELS, Sound, check_foa
from yt360_tools.geometry import Array

_XYZ = list(XYZ_CHANNELS)


def encode(signal: Sound, ray: Array) -> Sound:
    """A plane wave of `signal` (samples,) from the unit `ray` (3,): sound (4, samples)."""
    x, y, z = ray
    return np.stack([signal, signal * y, signal * z, signal * x])


def channel_matrix(rotation: Array, *, mirrored: bool = False) -> Array:
    """What turning a scene by `rotation` (3, 3), then flipping it left to right if `mirrored`, does to W, Y, Z, X.

    A matrix (4, 4) for sound (4, samples), or for anything linear in it, such as spectra.
    """
    matrix = np.eye(4)
    matrix[np.ix_(_XYZ, _XYZ)] = rotation
    if mirrored:
        matrix[1] *= -1
    return matrix


def rotate(foa: Sound, rotation: Array) -> Sound:
    """The scene turned by `rotation` (3, 3): a source from v then comes from ``rotation @ v``."""
    check_foa(foa)
    return np.asarray(channel_matrix(rotation).astype(foa.dtype) @ foa)


def mirror(foa: Sound) -> Sound:
    """The scene flipped left to right: channels of negative degree m (Y) change their sign."""
    check_foa(foa)
    mirrored = foa.copy()
    mirrored[1] *= -1
    return mirrored
