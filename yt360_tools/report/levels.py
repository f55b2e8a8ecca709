"""How loud a signal is over time, in decibels of full scale."""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Array

SILENT_DBFS = -80.0
"""What is no louder than this counts as silence."""


def levels_dbfs(signals: NDArray[np.floating], hop: int) -> Array:
    """RMS levels (channels, blocks) of signals (channels, samples) in blocks of `hop`, in dB of full scale."""
    blocks = signals.shape[1] // hop
    if not blocks:
        return np.full((signals.shape[0], 1), -120.0)
    cut = signals[:, : blocks * hop].astype(np.float64).reshape(signals.shape[0], blocks, hop)
    return np.asarray(10 * np.log10(np.mean(cut**2, axis=2) + 1e-12))


def level_near(signal: NDArray[np.floating], time_s: float, window_s: float, sample_rate_hz: int) -> float:
    """The RMS level of a signal (samples,) within half of `window_s` of a moment, in dB of full scale."""
    first, last = (max(0, round((time_s + sign * window_s / 2) * sample_rate_hz)) for sign in (-1, 1))
    return float(levels_dbfs(signal[None, first:last], max(1, signal[first:last].size))[0, 0])
