"""What a clip's sound is like over time, for whoever chooses clips by it."""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import arrivals
from yt360_tools.shards import Measured
from yt360_tools.shards.schema import MEASURED_HOP_S

_NOTHING_DBFS = -120.0


def measured_sound(foa: NDArray[np.float32], sample_rate_hz: int) -> Measured | None:
    """Level and direction of ambisonics (4, samples) in steps; None where they are no numbers, or none at all.

    Rounded to hundredths, so that a processor's last bit does not change a shard.
    """
    if not foa.shape[1] or not np.isfinite(foa).all():
        return None
    found = arrivals(foa, sample_rate_hz=sample_rate_hz, window_s=MEASURED_HOP_S)
    level = np.maximum(found.level_dbfs[:, 0], _NOTHING_DBFS)
    arrival = np.stack([found.azimuth_deg[:, 0], found.elevation_deg[:, 0], found.diffuseness[:, 0]], axis=1)
    return Measured(np.round(level, 2).astype(np.float32), np.round(arrival, 2).astype(np.float32))
