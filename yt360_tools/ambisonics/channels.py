"""What the channels of ambisonics are: AmbiX, W, Y, Z, X (ACN), SN3D, arrays (4, samples)."""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError

Sound = NDArray[np.floating]

XYZ_CHANNELS = (3, 1, 2)
"""Where X, Y and Z stand among the channels W, Y, Z, X."""


def check_foa(foa: Sound) -> None:
    """Refuse what is not first-order ambisonics."""
    if foa.ndim != 2 or foa.shape[0] != 4:
        raise UsageError(f"first-order ambisonics are (4, samples) in the order W, Y, Z, X; got {foa.shape}")
