"""The mean direction of arrival and the energy map of a whole sound, on known scenes."""

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.heard_scenes import ray
from worlds.plane_waves import encoded

from yt360_tools.ambisonics import beam, direction_of_arrival, energy_map
from yt360_tools.errors import UsageError
from yt360_tools.geometry import fibonacci_sphere

Values = NDArray[np.float64]

RATE_HZ = 8000


def plane_wave(signal: Values, direction: Values) -> Values:
    return encoded(direction, 1)[:, None] * signal


def noise(seconds: float, seed: int) -> Values:
    return 0.1 * np.random.default_rng(seed).normal(size=round(seconds * RATE_HZ))


def degrees_between(a: Values, b: Values) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def random_scene(seed: int) -> Values:
    return np.random.default_rng(seed).normal(size=(4, 40))


class TestDirectionOfArrival:
    @pytest.mark.parametrize("source", [(0, 0), (75, 20), (-130, -55), (180, 0), (10, 90)])
    def test_of_a_plane_wave_is_its_ray(self, source: tuple[float, float]) -> None:
        found = direction_of_arrival(plane_wave(noise(0.2, 0), ray(*source)).astype(np.float32))
        assert found == pytest.approx(ray(*source), abs=1e-6)

    def test_of_two_equal_sources_points_between_and_is_shorter(self) -> None:
        foa = plane_wave(noise(2, 1), ray(60, 0)) + plane_wave(noise(2, 2), ray(-60, 0))
        found = direction_of_arrival(foa)
        assert found == pytest.approx([0.5, 0, 0], abs=0.05)

    def test_of_silence_and_of_opposite_waves_has_no_length(self) -> None:
        assert direction_of_arrival(np.zeros((4, 10))) == pytest.approx(np.zeros(3))
        foa = plane_wave(noise(2, 3), ray(40, 10)) + plane_wave(noise(2, 4), ray(-140, -10))
        assert np.linalg.norm(direction_of_arrival(foa)) < 0.05


class TestEnergyMap:
    @pytest.mark.parametrize("pattern", ["cardioid", "supercardioid", "hypercardioid"])
    def test_peaks_at_the_source(self, pattern: str) -> None:
        rays = fibonacci_sphere(2000)
        power = energy_map(plane_wave(noise(0.5, 5), ray(-75, 35)), rays, pattern)
        assert degrees_between(rays[power.argmax()], ray(-75, 35)) < 4

    def test_is_the_mean_power_of_the_beam(self) -> None:
        foa = random_scene(11)
        rays = np.array([[ray(10, 20), ray(-100, 5)], [ray(150, -60), ray(0, 90)]])
        power = energy_map(foa, rays, "cardioid")
        assert power.shape == (2, 2)
        for index in np.ndindex(2, 2):
            assert power[index] == pytest.approx(np.mean(beam(foa, rays[index], "cardioid") ** 2))


@pytest.mark.parametrize("shape", [(2, 10), (3, 10), (10, 4), (4,), (1, 4, 10)], ids=str)
def test_what_is_no_ambisonics_is_refused(shape: tuple[int, ...]) -> None:
    for call in (direction_of_arrival, lambda sound: energy_map(sound, np.array([1.0, 0, 0]))):
        with pytest.raises(UsageError, match="W, Y, Z, X"):
            call(np.zeros(shape))
