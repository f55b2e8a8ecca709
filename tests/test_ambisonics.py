"""First-order ambisonics against spaudiopy, against formulas written out here, and against known scenes."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from yt360_tools.ambisonics import (
    BEAM_PATTERNS,
    beam,
    channel_matrix,
    direction_of_arrival,
    encode,
    energy_map,
    loudest_directions,
    mirror,
    rotate,
)
from yt360_tools.errors import UsageError
from yt360_tools.geometry import angle_between, angles_from_ray, fibonacci_sphere, view_from_world

Values = NDArray[np.float64]

RATE_HZ = 8000
GENERIC = ((37.0, -24.0, 11.0), (-141.0, 52.0, -68.0), (163.0, 13.0, 124.0))  # yaw, pitch, roll in degrees


@pytest.fixture(scope="module")
def spaudiopy() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of missing sound cards
        import spaudiopy

    return spaudiopy


def ray(azimuth_deg: float, elevation_deg: float) -> Values:
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])


def plane_wave(signal: Values, direction: Values) -> Values:
    """W, Y, Z, X in SN3D, as the convention page has it."""
    x, y, z = direction
    return np.array([signal, y * signal, z * signal, x * signal])


def noise(seconds: float, seed: int) -> Values:
    return 0.1 * np.random.default_rng(seed).normal(size=round(seconds * RATE_HZ))


def degrees_between(a: Values, b: Values) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def random_scene(seed: int) -> Values:
    return np.random.default_rng(seed).normal(size=(4, 40))


def random_rotations(count: int, seed: int) -> list[Values]:
    """Proper rotations from the QR decomposition of random matrices: no angles, so no order of angles."""
    rotations = []
    for matrix in np.random.default_rng(seed).normal(size=(count, 3, 3)):
        turn = np.linalg.qr(matrix)[0]
        rotations.append(turn * np.linalg.det(turn))
    return rotations


class TestEncode:
    @pytest.mark.parametrize(
        ("azimuth", "elevation", "wyzx"),
        [
            (0, 0, (1, 0, 0, 1)),
            (90, 0, (1, 1, 0, 0)),
            (-90, 0, (1, -1, 0, 0)),
            (180, 0, (1, 0, 0, -1)),
            (0, 90, (1, 0, 1, 0)),
            (30, 0, (1, 0.5, 0, 0.8660254)),
            (45, 45, (1, 0.5, 0.7071068, 0.5)),
            (-120, -30, (1, -0.75, -0.5, -0.4330127)),
        ],
    )
    def test_gains_by_hand(self, azimuth: float, elevation: float, wyzx: tuple[float, ...]) -> None:
        assert encode(np.ones(1), ray(azimuth, elevation))[:, 0] == pytest.approx(wyzx, abs=1e-6)

    @pytest.mark.filterwarnings("ignore:.*sph_harm:DeprecationWarning")
    def test_equals_spaudiopys(self, spaudiopy: Any) -> None:
        """Its real harmonics are N3D with a further 1 / sqrt(4 pi); zenith is counted from above."""
        for azimuth, elevation in np.random.default_rng(0).uniform([-180, -90], [180, 90], (50, 2)):
            n3d = spaudiopy.sph.sh_matrix(1, np.radians(azimuth), np.radians(90 - elevation))[0]
            sn3d = np.sqrt(4 * np.pi) * n3d / np.sqrt([1, 3, 3, 3])
            assert encode(np.ones(1), ray(azimuth, elevation))[:, 0] == pytest.approx(sn3d, abs=1e-6)


class TestRotate:
    @pytest.mark.parametrize("look", GENERIC)
    def test_equals_spaudiopys(self, look: tuple[float, float, float], spaudiopy: Any) -> None:
        """spaudiopy turns by Rz(-yaw) Ry(-pitch) Rx(-roll), all left-handed, roll first.

        So `view_from_world` is its inverse for (-yaw, pitch, -roll), and its turn for those angles undoes ours.
        """
        yaw, pitch, roll = np.radians(look)
        foa = random_scene(1)
        undone = spaudiopy.sph.rotate_sh(rotate(foa, view_from_world(yaw, pitch, roll)).T, -yaw, pitch, -roll).T
        assert undone == pytest.approx(foa, abs=1e-9)
        theirs = spaudiopy.sph.rotate_sh(foa.T, yaw, pitch, roll).T
        c, s = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
        turn_z = np.array([[c[0], s[0], 0], [-s[0], c[0], 0], [0, 0, 1]])
        turn_y = np.array([[c[1], 0, -s[1]], [0, 1, 0], [s[1], 0, c[1]]])
        turn_x = np.array([[1, 0, 0], [0, c[2], s[2]], [0, -s[2], c[2]]])
        assert rotate(foa, turn_z @ turn_y @ turn_x) == pytest.approx(theirs, abs=1e-9)

    def test_turning_a_scene_is_turning_its_sources(self) -> None:
        rng = np.random.default_rng(2)
        signal = rng.normal(size=8)
        for turn in random_rotations(300, seed=3):
            direction = rng.normal(size=3)
            direction /= np.linalg.norm(direction)
            turned = rotate(plane_wave(signal, direction), turn)
            assert turned == pytest.approx(plane_wave(signal, turn @ direction), abs=1e-12)

    @pytest.mark.parametrize("look", GENERIC)
    def test_a_source_on_a_views_axis_comes_from_the_front(self, look: tuple[float, float, float]) -> None:
        yaw, pitch, roll = look
        turned = rotate(plane_wave(np.ones(1), ray(yaw, pitch)), view_from_world(*np.radians([yaw, pitch, roll])))
        assert turned[:, 0] == pytest.approx([1, 0, 0, 1], abs=1e-12)

    def test_what_is_at_a_crops_left_edge_has_positive_y(self) -> None:
        turned = rotate(plane_wave(np.ones(1), ray(30 + 40, 0)), view_from_world(np.radians(30), 0, 0))
        assert turned[1, 0] == pytest.approx(np.sin(np.radians(40)))

    @pytest.mark.parametrize("look", GENERIC)
    def test_inverse_and_energy(self, look: tuple[float, float, float]) -> None:
        foa, turn = random_scene(4), view_from_world(*np.radians(look))
        turned = rotate(foa, turn)
        assert rotate(turned, turn.T) == pytest.approx(foa)
        assert (turned[0] == foa[0]).all()
        assert (turned[1:] ** 2).sum() == pytest.approx((foa[1:] ** 2).sum())

    def test_two_turns_are_their_product(self) -> None:
        first, second = random_rotations(2, seed=5)
        foa = random_scene(6)
        assert rotate(rotate(foa, first), second) == pytest.approx(rotate(foa, second @ first))

    def test_keeps_float32(self) -> None:
        assert rotate(random_scene(7).astype(np.float32), np.eye(3)).dtype == np.float32


class TestMirror:
    @given(azimuth=st.floats(-180, 180), elevation=st.floats(-90, 90))
    def test_left_becomes_right(self, azimuth: float, elevation: float) -> None:
        mirrored = mirror(plane_wave(np.ones(3), ray(azimuth, elevation)))
        assert mirrored == pytest.approx(plane_wave(np.ones(3), ray(-azimuth, elevation)), abs=1e-12)

    def test_twice_is_nothing_and_the_argument_is_not_touched(self) -> None:
        foa = random_scene(8)
        before = foa.copy()
        assert (mirror(mirror(foa)) == foa).all()
        assert (foa == before).all()

    @pytest.mark.parametrize("look", GENERIC)
    def test_a_mirrored_panorama_is_looked_at_with_yaw_and_roll_negated(self, look: tuple[float, float, float]) -> None:
        foa = random_scene(9)
        yaw, pitch, roll = np.radians(look)
        turned_then_mirrored = mirror(rotate(foa, view_from_world(yaw, pitch, roll)))
        assert rotate(mirror(foa), view_from_world(-yaw, pitch, -roll)) == pytest.approx(turned_then_mirrored)


class TestChannelMatrix:
    def test_a_quarter_turn_by_hand(self) -> None:
        """A view to the left: what was in front is then on its right, what was on the left in front."""
        turned = [[1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0], [0, 1, 0, 0]]
        to_the_left = view_from_world(np.radians(90), 0, 0)
        assert channel_matrix(to_the_left) == pytest.approx(np.array(turned, float), abs=1e-12)
        flipped = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
        assert channel_matrix(to_the_left, mirrored=True) == pytest.approx(np.array(flipped, float), abs=1e-12)

    @pytest.mark.parametrize("look", GENERIC)
    def test_is_turning_and_then_mirroring(self, look: tuple[float, float, float]) -> None:
        foa, turn = random_scene(18), view_from_world(*np.radians(look))
        assert channel_matrix(turn) @ foa == pytest.approx(rotate(foa, turn))
        assert channel_matrix(turn, mirrored=True) @ foa == pytest.approx(mirror(rotate(foa, turn)))
        assert np.abs(channel_matrix(turn, mirrored=True) @ foa - rotate(mirror(foa), turn)).max() > 0.1

    @pytest.mark.parametrize("look", GENERIC)
    def test_goes_for_spectra_as_for_sound(self, look: tuple[float, float, float]) -> None:
        foa, turn = random_scene(19), view_from_world(*np.radians(look))
        assert channel_matrix(turn) @ np.fft.rfft(foa) == pytest.approx(np.fft.rfft(rotate(foa, turn)))

    @pytest.mark.parametrize("mirrored", [False, True])
    def test_keeps_energy_and_leaves_w(self, mirrored: bool) -> None:
        for turn in random_rotations(20, seed=20):
            matrix = channel_matrix(turn, mirrored=mirrored)
            assert matrix @ matrix.T == pytest.approx(np.eye(4))
            assert np.linalg.det(matrix) == pytest.approx(-1 if mirrored else 1)
            assert (matrix[0] == [1, 0, 0, 0]).all()


class TestBeam:
    @pytest.mark.parametrize(("pattern", "omni"), BEAM_PATTERNS.items())
    @pytest.mark.parametrize("off_axis_deg", [0, 30, 90, 135, 180])
    def test_gain_by_angle(self, pattern: str, omni: float, off_axis_deg: float) -> None:
        axis = ray(50, -20)
        aside = np.cross(axis, [0.2, -0.5, 0.7])
        aside /= np.linalg.norm(aside)
        angle = np.radians(off_axis_deg)
        source = np.cos(angle) * axis + np.sin(angle) * aside
        gain = beam(plane_wave(np.ones(2), source), axis, pattern)
        assert gain == pytest.approx(np.full(2, omni + (1 - omni) * np.cos(angle)))

    def test_a_cardioid_is_the_default_and_deaf_behind(self) -> None:
        assert beam(plane_wave(np.ones(1), ray(20, 30)), ray(20, 30)) == pytest.approx([1])
        assert beam(plane_wave(np.ones(1), ray(-160, -30)), ray(20, 30)) == pytest.approx([0], abs=1e-12)
        assert beam(plane_wave(np.ones(1), ray(110, 0)), ray(20, 0)) == pytest.approx([0.5])

    @pytest.mark.parametrize("look", GENERIC)
    def test_along_an_axis_equals_along_the_front_of_the_turned_scene(self, look: tuple[float, float, float]) -> None:
        foa = random_scene(10)
        turned = rotate(foa, view_from_world(*np.radians(look)))
        assert beam(foa, ray(*look[:2])) == pytest.approx(beam(turned, np.array([1.0, 0, 0])))

    def test_is_the_same_sum_on_every_machine(self) -> None:
        """Beams are stored and hashed: a matrix product's last bits hang on processor, threads and length."""
        foa = np.random.default_rng(17).normal(size=(4, 100_001)).astype(np.float32)
        axis = ray(37, -24)
        w, y, z, x = np.array([0.5, 0.5 * axis[1], 0.5 * axis[2], 0.5 * axis[0]], np.float32)
        found = beam(foa, axis)
        assert found.dtype == np.float32
        assert (found == ((w * foa[0] + y * foa[1]) + z * foa[2]) + x * foa[3]).all()
        assert (beam(foa[:, 77:1000], axis) == found[77:1000]).all()

    def test_an_unknown_pattern_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"'shotgun'.*cardioid"):
            beam(random_scene(0), ray(0, 0), "shotgun")


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


@pytest.mark.parametrize("shape", [(3, 10), (16, 10), (10, 4), (4,), (1, 4, 10)])
def test_anything_but_four_channels_is_refused(shape: tuple[int, ...]) -> None:
    foa, front = np.zeros(shape), np.array([1.0, 0, 0])
    calls = (
        lambda: rotate(foa, np.eye(3)),
        lambda: mirror(foa),
        lambda: beam(foa, front),
        lambda: direction_of_arrival(foa),
        lambda: energy_map(foa, front),
        lambda: loudest_directions(foa, 1, sample_rate_hz=RATE_HZ, min_separation=0.5),
    )
    for call in calls:
        with pytest.raises(UsageError, match="W, Y, Z, X"):
            call()
