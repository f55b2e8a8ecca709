"""The loudest directions of a sound, on known scenes."""

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.heard_scenes import ray
from worlds.plane_waves import encoded

from yt360_tools.ambisonics import loudest_directions
from yt360_tools.errors import UsageError
from yt360_tools.geometry import angle_between, angles_from_ray

Values = NDArray[np.float64]

RATE_HZ = 8000


def plane_wave(signal: Values, direction: Values) -> Values:
    return encoded(direction, 1)[:, None] * signal


def noise(seconds: float, seed: int) -> Values:
    return 0.1 * np.random.default_rng(seed).normal(size=round(seconds * RATE_HZ))


def degrees_between(a: Values, b: Values) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


class TestLoudestDirections:
    def find(self, foa: Values, count: int = 2, separation_deg: float = 30) -> Values:
        return loudest_directions(
            foa.astype(np.float32), count, sample_rate_hz=RATE_HZ, min_separation=np.radians(separation_deg)
        )

    @pytest.mark.parametrize(("loud", "soft"), [((60, 10), (-80, -25)), ((170, 0), (-150, 40)), ((20, 85), (0, -80))])
    def test_sources_that_take_turns_are_both_found_the_louder_first(
        self, loud: tuple[float, float], soft: tuple[float, float]
    ) -> None:
        turns = np.floor(np.arange(4 * RATE_HZ) / RATE_HZ / 0.25) % 2
        foa = plane_wave(noise(4, 6) * turns, ray(*loud)) + plane_wave(0.5 * noise(4, 7) * (1 - turns), ray(*soft))
        found = self.find(foa)
        assert found.shape == (2, 3)
        assert degrees_between(found[0], ray(*loud)) < 5
        assert degrees_between(found[1], ray(*soft)) < 5

    def test_sources_that_overlap_for_a_third_of_the_time_are_both_found(self) -> None:
        third = np.arange(6 * RATE_HZ) // (2 * RATE_HZ)  # one, both, the other
        foa = plane_wave(noise(6, 8) * (third < 2), ray(70, 0)) + plane_wave(noise(6, 9) * (third > 0), ray(-70, 0))
        found = self.find(foa)
        assert sorted(round(min(degrees_between(one, ray(side, 0)) for one in found)) for side in (70, -70))[-1] < 8

    def test_equal_sources_at_the_same_time_are_one_direction_between_them(self) -> None:
        """A limit of the first order, kept in mind here: no map of four channels tells these two apart."""
        foa = plane_wave(noise(4, 10), ray(60, 0)) + plane_wave(noise(4, 11), ray(-60, 0))
        found = self.find(foa)
        assert len(found) == 1
        assert degrees_between(found[0], ray(0, 0)) < 8

    def test_the_least_separation_holds(self) -> None:
        turns = np.arange(6 * RATE_HZ) // (2 * RATE_HZ)
        foa = sum(
            plane_wave(noise(6, 12 + k) * (turns == k), ray(azimuth, 0)) for k, azimuth in enumerate((-35, 0, 35))
        )
        assert len(self.find(foa, count=3, separation_deg=20)) == 3
        apart = self.find(foa, count=3, separation_deg=50)
        assert 1 <= len(apart) < 3
        gaps = [degrees_between(a, b) for i, a in enumerate(apart) for b in apart[i + 1 :]]
        assert all(gap >= 50 for gap in gaps)

    def test_no_more_than_asked_for_and_of_unit_length(self) -> None:
        found = self.find(plane_wave(noise(2, 15), ray(5, 5)), count=1)
        assert found.shape == (1, 3)
        assert np.linalg.norm(found[0]) == pytest.approx(1)

    def test_a_plane_wave_is_found_to_a_hundredth_of_a_degree(self) -> None:
        """Not to the next point of a grid, which may be four degrees away."""
        rng = np.random.default_rng(18)
        sources = [*rng.normal(size=(60, 3)), ray(180, 0), ray(0, 90), ray(0, -90), ray(-90, 0)]
        for source in sources:
            unit = source / np.linalg.norm(source)
            found = self.find(plane_wave(noise(0.5, 19), unit), count=1)
            assert np.degrees(angle_between(found[0], unit)) < 0.01

    def test_among_as_much_diffuse_noise_it_is_found_to_a_degree(self) -> None:
        rng = np.random.default_rng(20)
        diffuse = 0.1 * rng.normal(size=(4, 4 * RATE_HZ)) * np.sqrt([[1], [1 / 3], [1 / 3], [1 / 3]])
        found = self.find(plane_wave(noise(4, 21), ray(-61, 17)) + diffuse, count=1)
        assert degrees_between(found[0], ray(-61, 17)) < 1

    @pytest.mark.parametrize("apart_deg", [45, 60, 90])
    def test_neighbours_do_not_pull_each_other_together(self, apart_deg: float) -> None:
        """They change places every quarter of a second: one window in five of a tenth of a second has both."""
        turns = np.floor(np.arange(5 * RATE_HZ) / RATE_HZ / 0.25) % 2
        loud, soft = ray(31, 12), ray(31 + apart_deg, 12)
        foa = plane_wave(noise(5, 22) * turns, loud) + plane_wave(0.7 * noise(5, 23) * (1 - turns), soft)
        found = self.find(foa)
        assert degrees_between(found[0], loud) < 0.7
        assert degrees_between(found[1], soft) < 0.7

    @pytest.mark.parametrize("seed", range(8))
    def test_the_least_separation_holds_for_the_refined_directions(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        turns = np.arange(6 * RATE_HZ) // RATE_HZ
        foa = sum(
            plane_wave(noise(6, 30 + k) * (turns == k), ray(rng.uniform(-180, 180), rng.uniform(-60, 60)))
            for k in range(6)
        )
        found = self.find(foa, count=6, separation_deg=1)
        gaps = sorted(degrees_between(a, b) for i, a in enumerate(found) for b in found[i + 1 :])
        middle = gaps[len(gaps) // 2]
        kept = self.find(foa, count=6, separation_deg=middle)
        assert len(kept) < len(found)
        assert all(degrees_between(a, b) >= middle - 1e-6 for i, a in enumerate(kept) for b in kept[i + 1 :])

    def test_a_duplicate_is_no_second_direction(self) -> None:
        rng = np.random.default_rng(24)
        for source in rng.normal(size=(40, 3)):
            foa = plane_wave(noise(0.5, 25), source / np.linalg.norm(source))
            assert len(self.find(foa, separation_deg=0)) == 1

    def test_last_bits_of_the_sound_do_not_show(self) -> None:
        """Directions end in shards: they are whole thousandths of a degree, and 0 is +0."""
        turns = np.floor(np.arange(2 * RATE_HZ) / RATE_HZ / 0.5) % 2
        for loud, soft in [((60, 10), (-80, -25)), ((0, 0), (180, 0)), ((-90, 0), (0, 90)), ((13.3, 1), (-160.7, -4))]:
            foa = plane_wave(noise(2, 26) * turns, ray(*loud)) + plane_wave(noise(2, 26) * (1 - turns), ray(*soft))
            wanted = self.find(foa)
            assert len(wanted) == 2
            azimuth_deg, elevation_deg = np.degrees(angles_from_ray(wanted))
            for angles in (azimuth_deg, elevation_deg):
                assert np.abs(angles - np.round(angles, 3)).max() < 1e-11
                assert not (np.signbit(angles) & (angles == 0)).any()
            for seed in range(5):
                nearly = foa * (1 + 1e-9 * np.random.default_rng(seed).normal(size=foa.shape))
                assert (
                    loudest_directions(nearly, 2, sample_rate_hz=RATE_HZ, min_separation=np.radians(30)) == wanted
                ).all()

    @pytest.mark.parametrize("samples", [2 * RATE_HZ, 10, 0])
    def test_silence_and_the_too_short_give_none(self, samples: int) -> None:
        assert self.find(np.zeros((4, samples))).shape == (0, 3)

    def test_a_signal_shorter_than_a_window_gives_none(self) -> None:
        assert self.find(plane_wave(noise(0.05, 16), ray(5, 5))).shape == (0, 3)


@pytest.mark.parametrize("shape", [(2, 10), (3, 10), (10, 4), (4,), (1, 4, 10)], ids=str)
def test_what_is_no_ambisonics_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="W, Y, Z, X"):
        loudest_directions(np.zeros(shape), 1, sample_rate_hz=RATE_HZ, min_separation=0.5)
