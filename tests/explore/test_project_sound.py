"""Which channels are the ambisonics, and turning them while they sound."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.layouts import camera_axes
from worlds.plane_waves import encoded

from yt360_tools.errors import UsageError
from yt360_tools.explore.ambisonic_channels import Ambisonics, choose_channels
from yt360_tools.explore.project_sound import turned, turned_along
from yt360_tools.media.ambisonic_channels import parse_channel_map

RATE_HZ = 16_000
PLACE = np.array([0.48, -0.6, 0.64])


def tone(seconds: float, order: int = 1) -> NDArray[np.float32]:
    """A sine of 500 Hz from one place."""
    wave = np.sin(2 * np.pi * 500 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    return (encoded(PLACE, order)[:, None] * wave).astype(np.float32)


def in_blocks(sound: NDArray[np.float32], *lengths: int) -> Iterator[NDArray[np.float32]]:
    return iter(np.split(sound, np.cumsum(lengths), axis=1))


@pytest.mark.parametrize("order", [1, 3])
def test_a_still_turn(order: int) -> None:
    axes = camera_axes((52.0, -14.0, 33.0))
    sound = tone(0.2, order)
    heard = np.concatenate(list(turned(in_blocks(sound, 100, 1, 999), axes)), axis=1)
    wave = sound[0] / encoded(PLACE, order)[0]
    assert np.abs(heard - encoded(axes @ PLACE, order)[:, None] * wave).max() < 1e-6


def moving(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """A camera that turns by 100 degrees a second about all of its axes at once."""
    return np.stack([camera_axes((100 * t - 20, 60 * t - 30, 80 * t)) for t in times_s])


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("lengths", [(), (1, 1, 700, 3), (159, 160, 161)])
def test_a_moving_turn_is_right_at_every_sample(order: int, lengths: tuple[int, ...]) -> None:
    """Whatever the blocks; the bound is what fading between two directions 1.4 degrees apart strays."""
    sound = tone(0.3, order)
    heard = np.concatenate(list(turned_along(in_blocks(sound, *lengths), moving, RATE_HZ)), axis=1)
    assert heard.shape == sound.shape
    times_s = np.arange(sound.shape[1]) / RATE_HZ
    wave = sound[0] / encoded(PLACE, order)[0]
    exact = np.stack([encoded(axes @ PLACE, order) for axes in moving(times_s)], axis=1) * wave
    assert np.abs(heard - exact).max() < 5e-4


def test_a_moving_turn_does_not_click() -> None:
    """A step at the edges of blocks or steps would be a jump of a channel that is otherwise smooth."""
    steady = np.ones((4, 4000), np.float32) * encoded(PLACE, 1)[:, None].astype(np.float32)
    heard = np.concatenate(list(turned_along(in_blocks(steady, 1000, 1234), moving, RATE_HZ)), axis=1)
    assert np.abs(np.diff(heard, axis=1)).max() < 3e-4


def test_a_cut_is_a_short_fade() -> None:
    def rotations(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([camera_axes((0.0 if t < 0.1 else 140.0, 0.0, 0.0)) for t in times_s])

    sound = tone(0.2)
    heard = np.concatenate(list(turned_along([sound], rotations, RATE_HZ)), axis=1)
    wave = sound[0]
    fade = slice(round(0.09 * RATE_HZ), round(0.1 * RATE_HZ))
    for part, yaw_deg in ((slice(None, fade.start), 0.0), (slice(fade.stop, None), 140.0)):
        exact = encoded(camera_axes((yaw_deg, 0.0, 0.0)) @ PLACE, 1)[:, None] * wave[part]
        assert np.abs(heard[:, part] - exact).max() < 1e-6


def test_nothing_to_turn() -> None:
    assert list(turned_along([], moving, RATE_HZ)) == []
    assert list(turned_along([np.zeros((4, 0), np.float32)], moving, RATE_HZ)) == []


def chosen(channels: int, layout: str, wanted: str, *, ways_out: str = "") -> Ambisonics:
    named = parse_channel_map(wanted, "--channel-map")
    return choose_channels("a.mp4", channels, layout, named, ways_out=ways_out)


@pytest.mark.parametrize(
    ("channels", "layout", "wanted", "found"),
    [
        (4, "quad", "auto", Ambisonics((0, 1, 2, 3))),
        (16, "16 channels", "auto", Ambisonics(tuple(range(16)))),
        (64, "64 channels", "auto", Ambisonics(tuple(range(64)))),
        (6, "ambisonic 1+stereo", "auto", Ambisonics((0, 1, 2, 3), left_out=2)),
        (11, "ambisonic 2+stereo", "auto", Ambisonics(tuple(range(9)), left_out=2)),
        (6, "5.1", "2,1,4,0", Ambisonics((2, 1, 4, 0))),
        (8, "7.1", "7, 1, 2, 3", Ambisonics((7, 1, 2, 3))),
    ],
)
def test_channels_that_are_ambisonics(channels: int, layout: str, wanted: str, found: Ambisonics) -> None:
    assert chosen(channels, layout, wanted) == found


@pytest.mark.parametrize(
    ("channels", "wanted", "says"),
    [
        (1, "auto", "has 1 channel .*told from fewer; --no-sound leaves it out$"),
        (2, "auto", r"a\.mp4: its sound has 2 channels \(some\), and .* have 4, 9, 16, 25, 36, 49 or 64"),
        (5, "auto", "has 5 channels .*--channel-map: 0,1,2,3 for the first of them; --no-sound"),
        (6, "auto", "2,1,4,0 for first order that YouTube packed as 5.1"),
        (81, "auto", "has 81 channels"),
        (6, "2,1,4", "names 3 channels, and .*4, 9, 16"),
        (6, "2,1,4,4", "each once, such as 2,1,4,0; got '2,1,4,4'"),
        (6, "w,y,z,x", "counted from 0"),
        (6, "2,1,4,6", "numbered 0 to 5; --channel-map names 6"),
        (6, "-1,1,2,3", "counted from 0"),
    ],
)
def test_channels_that_are_not(channels: int, wanted: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        chosen(channels, "some", wanted, ways_out="--no-sound leaves it out")
