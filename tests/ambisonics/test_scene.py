"""Making a sound field, turning it and mirroring it, against polynomials written out by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from worlds.heard_scenes import ray
from worlds.plane_waves import LEFT_RIGHT, encoded
from worlds.sound_fields import GENERIC, facing, of_rays, random_rays, random_rotations

from yt360_tools.ambisonics import beam, encode, mirror, rotate
from yt360_tools.errors import UsageError
from yt360_tools.geometry import view_from_world

Values = NDArray[np.float64]

FRONT = np.array([1.0, 0, 0])


def scene(seed: int, order: int = 1) -> Values:
    return np.random.default_rng(seed).normal(size=((order + 1) ** 2, 40))


def plane_wave(signal: Values, direction: Values, order: int = 1) -> Values:
    return encoded(direction, order)[:, None] * signal


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

    @pytest.mark.parametrize("order", range(8))
    def test_each_channel_is_the_signal_times_its_harmonic(self, order: int) -> None:
        signal = np.random.default_rng(0).normal(size=5)
        for direction in random_rays(20, 1):
            found = encode(signal, direction, order)
            assert found == pytest.approx(of_rays(direction, order)[:, None] * signal, abs=1e-12)

    @pytest.mark.parametrize("order", [1, 3])
    def test_a_source_that_moves_has_a_ray_for_each_sample(self, order: int) -> None:
        rays, signal = random_rays(30, 2), np.random.default_rng(3).normal(size=30)
        assert encode(signal, rays.T, order) == pytest.approx(encoded(rays, order).T * signal)

    def test_is_the_same_to_the_last_bit_at_first_order(self) -> None:
        """What the demo's worlds are made of."""
        signal = np.random.default_rng(4).normal(size=30)
        x, y, z = random_rays(30, 5).T
        assert (
            encode(signal, np.array([x, y, z])).tobytes()
            == np.stack([signal, signal * y, signal * z, signal * x]).tobytes()
        )
        assert (
            encode(signal, np.array([x[0], y[0], z[0]])).tobytes()
            == np.stack([signal, signal * y[0], signal * z[0], signal * x[0]]).tobytes()
        )

    @pytest.mark.parametrize("shape", [(2,), (4,), (30, 3), (3, 29), (3, 30, 1), ()])
    def test_other_shapes_of_rays_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(UsageError, match=r"\(3,\), or \(3, samples\)"):
            encode(np.ones(30), np.zeros(shape))

    @pytest.mark.parametrize("direction", [(0, 0, 0), (1, 1, 0), (np.nan, 0, 1)], ids=str)
    def test_a_ray_of_another_length_is_refused(self, direction: tuple[float, ...]) -> None:
        with pytest.raises(UsageError, match="length 1"):
            encode(np.ones(30), np.array(direction))


class TestRotate:
    @pytest.mark.parametrize("order", [1, 2, 3])
    def test_turning_a_scene_is_turning_its_sources(self, order: int) -> None:
        signal = np.random.default_rng(2).normal(size=8)
        for turn, direction in zip(random_rotations(300, 3), random_rays(300, 4), strict=True):
            turned = rotate(plane_wave(signal, direction, order), turn)
            assert np.abs(turned - plane_wave(signal, turn @ direction, order)).max() < 1e-12

    @pytest.mark.parametrize("order", range(8))
    def test_turning_before_encoding_is_turning_after(self, order: int) -> None:
        signal = np.random.default_rng(5).normal(size=3)
        for turn, direction in zip(random_rotations(30, 6), random_rays(30, 7), strict=True):
            assert (
                np.abs(rotate(encode(signal, direction, order), turn) - encode(signal, turn @ direction, order)).max()
                < 1e-12
            )

    @pytest.mark.parametrize("look", GENERIC, ids=str)
    @pytest.mark.parametrize("order", [1, 3])
    def test_a_source_on_a_views_axis_comes_from_the_front(self, look: tuple[float, float, float], order: int) -> None:
        turned = rotate(plane_wave(np.ones(1), ray(*look[:2]), order), view_from_world(*np.radians(look)))
        assert turned[:, 0] == pytest.approx(encoded(FRONT, order), abs=1e-12)

    def test_what_is_at_a_crops_left_edge_has_positive_y(self) -> None:
        turned = rotate(plane_wave(np.ones(1), ray(30 + 40, 0)), view_from_world(np.radians(30), 0, 0))
        assert turned[1, 0] == pytest.approx(np.sin(np.radians(40)))

    @pytest.mark.parametrize("look", GENERIC, ids=str)
    @pytest.mark.parametrize("order", [0, 1, 2, 7])
    def test_inverse_and_energy(self, look: tuple[float, float, float], order: int) -> None:
        sound, turn = scene(4, order), facing(look)
        turned = rotate(sound, turn)
        assert rotate(turned, turn.T) == pytest.approx(sound)
        assert (turned[0] == sound[0]).all()
        for n in range(order + 1):
            of_degree = slice(n * n, (n + 1) ** 2)
            assert (turned[of_degree] ** 2).sum() == pytest.approx((sound[of_degree] ** 2).sum())

    @pytest.mark.parametrize("order", [1, 3])
    def test_two_turns_are_their_product(self, order: int) -> None:
        first, second = random_rotations(2, seed=5)
        sound = scene(6, order)
        assert rotate(rotate(sound, first), second) == pytest.approx(rotate(sound, second @ first))

    @pytest.mark.parametrize("order", [0, 1, 2])
    @pytest.mark.parametrize("precision", [np.float32, np.float64])
    def test_keeps_the_precision_and_its_argument(self, order: int, precision: Any) -> None:
        sound = scene(7, order).astype(precision)
        before = sound.copy()
        turned = rotate(sound, facing(GENERIC[0]))
        assert turned.dtype == precision
        assert not np.shares_memory(turned, sound)
        assert (sound == before).all()


class TestMirror:
    @given(azimuth=st.floats(-180, 180), elevation=st.floats(-90, 90))
    def test_left_becomes_right(self, azimuth: float, elevation: float) -> None:
        mirrored = mirror(plane_wave(np.ones(3), ray(azimuth, elevation), 3))
        assert mirrored == pytest.approx(plane_wave(np.ones(3), ray(-azimuth, elevation), 3), abs=1e-12)

    @pytest.mark.parametrize("order", range(8))
    def test_of_any_order(self, order: int) -> None:
        rays = random_rays(100, 8)
        assert mirror(of_rays(rays, order).T) == pytest.approx(of_rays(rays * [1, -1, 1], order).T, abs=1e-12)

    def test_changes_the_sign_of_what_is_odd_from_left_to_right(self) -> None:
        sound = scene(9, 3)
        changed = np.flatnonzero((mirror(sound) == -sound).all(axis=1))
        assert tuple(changed) == LEFT_RIGHT
        kept = np.setdiff1d(np.arange(16), changed)
        assert (mirror(sound)[kept] == sound[kept]).all()

    @pytest.mark.parametrize("order", [0, 1, 7])
    def test_twice_is_nothing_and_the_argument_is_not_touched(self, order: int) -> None:
        sound = scene(8, order)
        before = sound.copy()
        assert (mirror(mirror(sound)) == sound).all()
        assert (sound == before).all()

    @pytest.mark.parametrize("look", GENERIC, ids=str)
    @pytest.mark.parametrize("order", [1, 3])
    def test_a_mirrored_panorama_is_looked_at_with_yaw_and_roll_negated(
        self, look: tuple[float, float, float], order: int
    ) -> None:
        sound = scene(9, order)
        yaw, pitch, roll = np.radians(look)
        turned_then_mirrored = mirror(rotate(sound, view_from_world(yaw, pitch, roll)))
        assert rotate(mirror(sound), view_from_world(-yaw, pitch, -roll)) == pytest.approx(turned_then_mirrored)


CALLS: dict[str, Callable[[Values], object]] = {
    "rotate": lambda sound: rotate(sound, np.eye(3)),
    "mirror": mirror,
    "beam": lambda sound: beam(sound, FRONT),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
class TestWhatIsNoAmbisonics:
    @pytest.mark.parametrize(
        "shape", [(2, 10), (3, 10), (5, 10), (6, 10), (81, 10), (0, 10), (4,), (1, 4, 10)], ids=str
    )
    def test_is_refused_by_its_shape(self, call: Callable[[Values], object], shape: tuple[int, ...]) -> None:
        with pytest.raises(UsageError, match=r"W, Y, Z, X") as caught:
            call(np.zeros(shape))
        assert str(shape) in str(caught.value)
        assert "1, 4, 9, 16, 25, 36, 49 or 64" in str(caught.value)

    def test_samples_by_channels_are_told_from_it(self, call: Callable[[Values], object]) -> None:
        with pytest.raises(UsageError, match=r"\(10, 4\) \(is it \(samples, channels\)\?\)"):
            call(np.zeros((10, 4)))

    @pytest.mark.parametrize("kind", [np.int16, np.int64, np.complex128, bool])
    def test_is_refused_when_it_is_no_floating_point(self, call: Callable[[Values], object], kind: Any) -> None:
        """Whole numbers would take the weights with them to 0."""
        with pytest.raises(UsageError, match=np.dtype(kind).name):
            call(np.zeros((4, 10), kind))
