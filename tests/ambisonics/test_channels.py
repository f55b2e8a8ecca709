"""Which channels ambisonics have, and what comes in as such and is not."""

import numpy as np
import pytest

from yt360_tools.ambisonics import MAX_ORDER, channel_degrees, channels_of, check_finite, order_of, sound_order
from yt360_tools.ambisonics.channels import left_right_channels
from yt360_tools.errors import UsageError


def test_orders_and_their_channels() -> None:
    assert [channels_of(order) for order in range(MAX_ORDER + 1)] == [1, 4, 9, 16, 25, 36, 49, 64]
    assert [order_of(channels) for channels in (1, 4, 9, 16, 25, 36, 49, 64)] == list(range(8))
    assert [sound_order(np.zeros((channels, 5), np.float32)) for channels in (1, 4, 64)] == [0, 1, 7]


@pytest.mark.parametrize("channels", [-4, -1, 0, 2, 3, 5, 6, 8, 63, 81, 100])
def test_other_counts_are_refused(channels: int) -> None:
    with pytest.raises(UsageError, match=f"{channels} channels are not ambisonics.*1, 4, 9, 16, 25, 36, 49 or 64"):
        order_of(channels)


def test_degrees_and_the_mirrors_channels() -> None:
    assert channel_degrees(2).tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert left_right_channels(0).tolist() == []
    assert left_right_channels(3).tolist() == [1, 4, 5, 9, 10, 11]


class TestFinite:
    def test_finite_sound_passes_and_so_does_none(self) -> None:
        check_finite(np.full((4, 10), -3e38, np.float32))
        check_finite(np.zeros((4, 0)))

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_the_first_bad_sample_is_named(self, bad: float) -> None:
        sound = np.zeros((4, 100), np.float32)
        sound[2, 7] = sound[3, 1] = bad
        with pytest.raises(UsageError, match=rf"2 of 400 .* {bad} in channel 2 at sample 7"):
            check_finite(sound)
