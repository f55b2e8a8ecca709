"""Virtual microphones."""

import numpy as np

from yt360_tools.ambisonics.channels import Sound, check_foa
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array

BEAM_PATTERNS: dict[str, float] = {"omni": 1.0, "cardioid": 0.5, "supercardioid": 0.37, "hypercardioid": 0.25}
"""A pattern's omnidirectional share a: its gain is ``a + (1 - a) cos(angle)``, 1 on the axis."""


def beam(foa: Sound, ray: Array, pattern: str = "cardioid") -> Sound:
    """A virtual microphone (samples,) along the unit `ray`, with gain 1 on its axis.

    A sum in a fixed order, not a matrix product: BLAS rounds otherwise on each processor and number of threads,
    and beams are stored.
    """
    check_foa(foa)
    if pattern not in BEAM_PATTERNS:
        raise UsageError(f"unknown beam pattern {pattern!r}; known: {', '.join(BEAM_PATTERNS)}")
    omni = BEAM_PATTERNS[pattern]
    x, y, z = ray
    weights = np.array([omni, (1 - omni) * y, (1 - omni) * z, (1 - omni) * x], dtype=foa.dtype)
    total = weights[0] * foa[0]
    for weight, channel in zip(weights[1:], foa[1:], strict=True):
        total += weight * channel
    return np.asarray(total)
