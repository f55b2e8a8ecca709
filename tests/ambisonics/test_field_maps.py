"""Energy maps and directions of arrival, by window and band, on scenes that are written out channel by channel."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.heard_scenes import ray
from worlds.plane_waves import encoded

from yt360_tools.ambisonics import (
    arrivals,
    beam,
    beam_power,
    direction_of_arrival,
    energy_map,
    energy_maps,
    loudest_directions,
    rotate,
)
from yt360_tools.errors import UsageError

Values = NDArray[np.float64]

RATE_HZ = 16_000
GENERIC = ((37.0, -24.0), (-141.0, 52.0), (163.0, 13.0))
BANDS = ((0.0, 1000.0), (1000.0, 8000.0))


def grid(step_deg: float = 3.0) -> Values:
    """Rays (elevations, azimuths, 3), written out here."""
    azimuths, elevations = np.arange(-180, 180, step_deg), np.arange(-90 + step_deg / 2, 90, step_deg)
    return np.array([[ray(azimuth, elevation) for azimuth in azimuths] for elevation in elevations])


def noise(seconds: float, seed: int, band: tuple[float, float] = (0, 8000)) -> Values:
    """Noise of rms 0.1 that has nothing outside of `band`."""
    samples = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    frequency = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    spectrum[(frequency < band[0]) | (frequency > band[1])] = 0
    signal = np.fft.irfft(spectrum, samples)
    return 0.1 * signal / np.sqrt(np.mean(signal**2))


def plane_wave(signal: Values, where: tuple[float, float], order: int = 1) -> Values:
    return encoded(ray(*where), order)[:, None] * signal


def diffuse(seconds: float, order: int = 1, seed: int = 0) -> Values:
    """As much from each of many directions, all of it uncorrelated."""
    rng = np.random.default_rng(seed)
    rays = rng.normal(size=(100, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return encoded(np.concatenate([rays, -rays]), order).T @ rng.normal(size=(200, round(seconds * RATE_HZ))) / 140


def degrees_between(a: Values, b: Values) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


class TestMaps:
    @pytest.mark.parametrize("where", GENERIC)
    @pytest.mark.parametrize("order", [1, 2, 3])
    @pytest.mark.parametrize("pattern", ["cardioid", "supercardioid", "hypercardioid", "max-re"])
    def test_peak_where_the_source_is_with_the_sources_power(
        self, where: tuple[float, float], order: int, pattern: str
    ) -> None:
        rays = grid()
        sound = plane_wave(noise(0.5, 1), where, order)
        found = energy_maps(sound, rays, sample_rate_hz=RATE_HZ, window_s=0.25, pattern=pattern)
        assert found.power.shape == (2, 1, *rays.shape[:-1])
        for power in found.power[:, 0]:
            peak = rays[np.unravel_index(power.argmax(), power.shape)]
            assert degrees_between(peak, ray(*where)) < 2.2
        exactly = energy_maps(sound, ray(*where), sample_rate_hz=RATE_HZ, window_s=0.5, pattern=pattern)
        assert exactly.power == pytest.approx(0.01, rel=1e-6)

    def test_are_what_a_beam_hears(self) -> None:
        sound = np.random.default_rng(2).normal(size=(9, RATE_HZ))
        rays = grid(45)
        power = energy_map(sound, rays, "max-re")
        over_time = energy_maps(sound, rays, sample_rate_hz=RATE_HZ, window_s=1.0, pattern="max-re").power[0, 0]
        assert over_time == pytest.approx(power, rel=1e-9)
        for index in np.ndindex(rays.shape[:-1]):
            assert power[index] == pytest.approx(np.mean(beam(sound, rays[index], "max-re") ** 2))

    def test_add_up_over_bands_to_everything(self) -> None:
        sound = np.random.default_rng(3).normal(size=(4, RATE_HZ))
        rays = grid(20)
        options: dict[str, Any] = {"sample_rate_hz": RATE_HZ, "window_s": 0.2, "hop_s": 0.1}
        by_band = energy_maps(sound, rays, bands_hz=BANDS, **options)
        assert np.allclose(by_band.power.sum(axis=1), energy_maps(sound, rays, **options).power[:, 0], rtol=1e-9)

    def test_of_two_sources_in_two_bands(self) -> None:
        low, high = GENERIC[:2]
        sound = plane_wave(noise(1, 4, (100, 900)), low) + plane_wave(noise(1, 5, (1200, 7000)), high)
        rays = grid()
        found = energy_maps(sound, rays, sample_rate_hz=RATE_HZ, window_s=0.5, bands_hz=BANDS)
        for band, where in enumerate((low, high)):
            for power in found.power[:, band]:
                assert degrees_between(rays[np.unravel_index(power.argmax(), power.shape)], ray(*where)) < 3

    def test_a_higher_order_parts_what_the_first_does_not(self) -> None:
        left, right = (35.0, 0.0), (-35.0, 0.0)
        rays = np.array([ray(azimuth, 0) for azimuth in range(-90, 91)])

        def peaks(order: int) -> list[int]:
            sound = plane_wave(noise(1, 6), left, order) + plane_wave(noise(1, 7), right, order)
            power = energy_maps(sound, rays, sample_rate_hz=RATE_HZ, window_s=1.0).power[0, 0]
            return [i - 90 for i in range(1, 180) if power[i - 1] < power[i] > power[i + 1]]

        assert len(peaks(1)) == 1
        assert peaks(3) == pytest.approx([-35, 35], abs=4)

    def test_silence_has_no_power(self) -> None:
        found = energy_maps(np.zeros((4, RATE_HZ)), grid(30), sample_rate_hz=RATE_HZ, window_s=0.5)
        assert (found.power == 0).all()

    def test_of_many_windows_equal_those_of_one_at_a_time(self) -> None:
        matrices = np.random.default_rng(8).normal(size=(7, 3, 16, 16))
        rays = grid(4)
        found = beam_power(matrices, rays, "max-re")
        for index in np.ndindex(7, 3):
            assert np.allclose(found[index], beam_power(matrices[index], rays, "max-re"), rtol=1e-9)

    def test_an_unknown_pattern_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"'max-er'.*did you mean 'max-re'"):
            energy_maps(np.zeros((4, 9000)), grid(30), sample_rate_hz=RATE_HZ, window_s=0.5, pattern="max-er")


class TestArrivals:
    @pytest.mark.parametrize("where", GENERIC)
    @pytest.mark.parametrize("order", [1, 3])
    def test_of_one_source(self, where: tuple[float, float], order: int) -> None:
        sound = plane_wave(noise(1, 10), where, order).astype(np.float32)
        found = arrivals(sound, sample_rate_hz=RATE_HZ, window_s=0.25, bands_hz=BANDS)
        assert found.azimuth_deg == pytest.approx(np.full((4, 2), where[0]), abs=1e-3)
        assert found.elevation_deg == pytest.approx(np.full((4, 2), where[1]), abs=1e-3)
        assert found.diffuseness == pytest.approx(np.zeros((4, 2)), abs=1e-5)
        together = 10 * np.log10((10 ** (found.level_dbfs / 10)).sum(axis=1))
        assert together == pytest.approx(np.full(4, -20), abs=0.3)

    def test_of_a_turned_scene_are_turned(self) -> None:
        """A quarter to the left, by hand: what was in front is on the left."""
        sound = plane_wave(noise(0.5, 11), (20, 30), 2)
        to_the_left = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
        found = arrivals(rotate(sound, to_the_left), sample_rate_hz=RATE_HZ, window_s=0.5)
        assert (found.azimuth_deg[0, 0], found.elevation_deg[0, 0]) == pytest.approx((110, 30), abs=1e-6)

    def test_of_two_sources_in_two_bands(self) -> None:
        low, high = GENERIC[1:]
        sound = plane_wave(noise(1, 12, (100, 900)), low) + plane_wave(noise(1, 13, (1200, 7000)), high)
        found = arrivals(sound, sample_rate_hz=RATE_HZ, window_s=0.5, bands_hz=BANDS)
        for band, where in enumerate((low, high)):
            assert found.azimuth_deg[:, band] == pytest.approx(where[0], abs=0.5)
            assert found.elevation_deg[:, band] == pytest.approx(where[1], abs=0.5)
        assert found.diffuseness.max() < 0.01
        assert found.level_dbfs == pytest.approx(np.full((2, 2), -20), abs=0.5)

    def test_of_diffuse_noise_is_everywhere(self) -> None:
        found = arrivals(diffuse(2), sample_rate_hz=RATE_HZ, window_s=1.0, bands_hz=BANDS)
        assert found.diffuseness.min() > 0.93
        flat = energy_maps(diffuse(2), grid(10), sample_rate_hz=RATE_HZ, window_s=2.0).power
        assert 10 * np.log10(flat.max() / flat.min()) < 1

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
    def test_diffuseness_is_the_diffuse_share_of_the_energy(self, share: float) -> None:
        around = diffuse(3)
        around *= 0.1 * np.sqrt(share / np.mean(around[0] ** 2))
        sound = np.sqrt(1 - share) * plane_wave(noise(3, 14), GENERIC[0]) + around
        found = arrivals(sound, sample_rate_hz=RATE_HZ, window_s=3.0)
        assert found.diffuseness[0, 0] == pytest.approx(share, abs=0.04)
        assert found.azimuth_deg[0, 0] == pytest.approx(GENERIC[0][0], abs=3)

    def test_silence_has_no_direction_and_neither_has_a_recorders_last_bit(self) -> None:
        sound = np.zeros((4, 2 * RATE_HZ))
        sound[:, RATE_HZ:] = np.random.default_rng(15).uniform(-1, 1, (4, RATE_HZ)) / 32768
        found = arrivals(sound, sample_rate_hz=RATE_HZ, window_s=0.5)
        assert np.isneginf(found.level_dbfs[0, 0])
        assert found.level_dbfs[-1, 0] == pytest.approx(-95, abs=1)
        for values in (found.azimuth_deg, found.elevation_deg, found.diffuseness):
            assert np.isnan(values).all()
        shown = arrivals(sound, sample_rate_hz=RATE_HZ, window_s=0.5, silence_dbfs=-100)
        assert np.isfinite(shown.azimuth_deg[-1, 0])
        assert np.isnan(shown.azimuth_deg[0, 0])

    def test_opposite_waves_are_diffuse_and_not_nowhere(self) -> None:
        signal = noise(1, 16)
        sound = plane_wave(signal, (30, 0)) + plane_wave(signal, (-150, 0))
        found = arrivals(sound, sample_rate_hz=RATE_HZ, window_s=1.0)
        assert found.diffuseness[0, 0] == pytest.approx(1)
        assert np.isnan(found.azimuth_deg[0, 0])

    def test_without_sound_there_are_no_windows(self) -> None:
        found = arrivals(np.zeros((4, 0)), sample_rate_hz=RATE_HZ, window_s=1.0)
        assert found.azimuth_deg.shape == (0, 1)


class TestAnyOrder:
    """W and the first order tell the direction, whatever else is there; of order 0 there is none."""

    @pytest.mark.parametrize("order", [1, 2, 3])
    def test_direction_and_loudest_directions(self, order: int) -> None:
        sound = plane_wave(noise(1, 17), GENERIC[0], order)
        assert direction_of_arrival(sound) == pytest.approx(ray(*GENERIC[0]), abs=1e-6)
        (found,) = loudest_directions(sound, 2, sample_rate_hz=RATE_HZ, min_separation=0.5)
        assert degrees_between(found, ray(*GENERIC[0])) < 0.01

    @pytest.mark.parametrize("channels", [2, 5, 6])
    def test_other_numbers_of_channels_are_refused(self, channels: int) -> None:
        sound = np.zeros((channels, RATE_HZ))
        for call in (
            lambda: direction_of_arrival(sound),
            lambda: energy_map(sound, grid(30)),
            lambda: loudest_directions(sound, 1, sample_rate_hz=RATE_HZ, min_separation=0.5),
            lambda: arrivals(sound, sample_rate_hz=RATE_HZ, window_s=1.0),
            lambda: energy_maps(sound, grid(30), sample_rate_hz=RATE_HZ, window_s=1.0),
        ):
            with pytest.raises(UsageError, match=rf"{channels} channels.*1, 4, 9, 16"):
                call()

    def test_one_channel_has_no_direction(self) -> None:
        omni = np.ones((1, RATE_HZ))
        for call in (
            lambda: direction_of_arrival(omni),
            lambda: loudest_directions(omni, 1, sample_rate_hz=RATE_HZ, min_separation=0.5),
            lambda: arrivals(omni, sample_rate_hz=RATE_HZ, window_s=1.0),
        ):
            with pytest.raises(UsageError, match="first order"):
                call()
        assert energy_map(omni, grid(30), "omni") == pytest.approx(np.ones((6, 12)))
