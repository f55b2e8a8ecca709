"""Levels: what decibels of full scale mean."""

import numpy as np
import pytest

from yt360_tools.report.levels import levels_dbfs


def test_levels_are_rms_in_decibels_of_full_scale() -> None:
    signals = np.stack([np.full(40, 0.1), np.zeros(40)])
    assert levels_dbfs(signals, 10)[0] == pytest.approx([-20.0] * 4, abs=1e-6)
    assert np.all(levels_dbfs(signals, 10)[1] == -120)
