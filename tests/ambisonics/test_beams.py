"""Virtual microphones: their patterns against the formulas and the criteria that define them."""

from itertools import product

import numpy as np
import pytest
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import eval_legendre, roots_legendre
from worlds.heard_scenes import ray
from worlds.sound_fields import GENERIC, facing, of_rays

from yt360_tools.ambisonics import (
    BEAM_PATTERNS,
    beam,
    beam_channels,
    beam_gain,
    beam_weights,
    directivity_index_db,
    encode,
    front_back_ratio_db,
    half_power_width_deg,
    rotate,
)
from yt360_tools.errors import UsageError

Values = NDArray[np.float64]

ORDERS = range(8)
FIRST_ORDER = {
    "omni": 1.0, "cardioid": 0.5, "supercardioid": 0.37, "hypercardioid": 0.25, "max-di": 0.25, "basic": 0.25,
}  # fmt: skip
ANGLES = np.radians([0, 17, 30, 64, 90, 135, 171, 180])


def plane_wave(direction: Values, order: int = 1) -> Values:
    return of_rays(direction, order)[:, None] * np.ones(2)


def random_scene(seed: int, order: int = 1) -> Values:
    return np.random.default_rng(seed).normal(size=((order + 1) ** 2, 40))


def off_axis(axis: Values, angle: float) -> Values:
    aside = np.cross(axis, [0.2, -0.5, 0.7])
    return np.cos(angle) * axis + np.sin(angle) * aside / np.linalg.norm(aside)


class TestBeam:
    @pytest.mark.parametrize(("pattern", "omni"), FIRST_ORDER.items())
    @pytest.mark.parametrize("off_axis_deg", [0, 30, 90, 135, 180])
    def test_gain_by_angle_at_first_order(self, pattern: str, omni: float, off_axis_deg: float) -> None:
        axis, angle = ray(50, -20), np.radians(off_axis_deg)
        gain = beam(plane_wave(off_axis(axis, angle)), axis, pattern)
        assert gain == pytest.approx(np.full(2, omni + (1 - omni) * np.cos(angle)))

    @pytest.mark.parametrize(("pattern", "order"), [*product(BEAM_PATTERNS, ORDERS)])
    def test_hears_a_plane_wave_with_its_patterns_gain(self, pattern: str, order: int) -> None:
        axis = ray(-141, 52)
        for angle in ANGLES:
            wanted = beam_gain(pattern, order, angle)
            assert beam(plane_wave(off_axis(axis, angle), order), axis, pattern) == pytest.approx(np.full(2, wanted))

    def test_a_cardioid_is_the_default_and_deaf_behind(self) -> None:
        assert beam(plane_wave(ray(20, 30)), ray(20, 30)) == pytest.approx([1, 1])
        assert beam(plane_wave(ray(-160, -30)), ray(20, 30)) == pytest.approx([0, 0], abs=1e-12)
        assert beam(plane_wave(ray(110, 0)), ray(20, 0)) == pytest.approx([0.5, 0.5])

    @pytest.mark.parametrize("look", GENERIC, ids=str)
    @pytest.mark.parametrize("order", [1, 2, 7])
    def test_along_an_axis_equals_along_the_front_of_the_turned_scene(
        self, look: tuple[float, float, float], order: int
    ) -> None:
        sound = random_scene(10, order)
        turned = rotate(sound, facing(look))
        for pattern in BEAM_PATTERNS:
            assert beam(sound, ray(*look[:2]), pattern) == pytest.approx(beam(turned, np.array([1.0, 0, 0]), pattern))

    @pytest.mark.parametrize("pattern", ["omni", "cardioid", "supercardioid", "hypercardioid"])
    @pytest.mark.parametrize("precision", [np.float32, np.float64])
    def test_is_the_same_sum_on_every_machine(self, pattern: str, precision: type) -> None:
        """Beams are stored and hashed: a matrix product's last bits hang on processor, threads and length."""
        foa = np.random.default_rng(17).normal(size=(4, 100_001)).astype(precision)
        axis, omni = ray(37, -24), FIRST_ORDER[pattern]
        w, y, z, x = np.array([omni, (1 - omni) * axis[1], (1 - omni) * axis[2], (1 - omni) * axis[0]], precision)
        found = beam(foa, axis, pattern)
        assert found.dtype == precision
        assert found.tobytes() == (((w * foa[0] + y * foa[1]) + z * foa[2]) + x * foa[3]).tobytes()
        assert (beam(foa[:, 77:1000], axis, pattern) == found[77:1000]).all()

    def test_at_higher_orders_too(self) -> None:
        sound = random_scene(18, 3).astype(np.float32)
        weights = beam_channels(ray(37, -24), "max-re", 3).astype(np.float32)
        wanted = weights[0] * sound[0]
        for k in range(1, 16):
            wanted = wanted + weights[k] * sound[k]
        assert beam(sound, ray(37, -24), "max-re").tobytes() == wanted.tobytes()

    @pytest.mark.parametrize(
        ("pattern", "hint"), [("shotgun", "cardioid"), ("cardiod", "mean 'cardioid'"), ("max-rE", "mean 'max-re'")]
    )
    def test_an_unknown_pattern_is_refused(self, pattern: str, hint: str) -> None:
        for call in (
            lambda: beam(random_scene(0), ray(0, 0), pattern),
            lambda: beam_weights(pattern, 2),
            lambda: beam_gain(pattern, 2, 0.0),
        ):
            with pytest.raises(UsageError, match=f"'{pattern}'.*{hint}.*max-re"):
                call()

    @pytest.mark.parametrize(
        "axis", [np.zeros(3), np.ones(3), np.array([np.nan, 0, 0]), np.eye(3), np.ones(2)], ids=str
    )
    def test_what_is_no_unit_ray_is_refused(self, axis: Values) -> None:
        with pytest.raises(UsageError, match=r"length 1|one ray \(3,\)"):
            beam(random_scene(0), axis)

    @pytest.mark.parametrize("order", [-1, 8])
    def test_an_unknown_order_is_refused(self, order: int) -> None:
        with pytest.raises(UsageError, match="0 to 7"):
            beam_weights("cardioid", order)

    def test_encoded_and_heard_along_its_ray_is_the_signal(self) -> None:
        signal = np.random.default_rng(3).normal(size=9)
        for pattern, order in product(BEAM_PATTERNS, ORDERS):
            assert beam(encode(signal, ray(163, 13), order), ray(163, 13), pattern) == pytest.approx(signal)


class TestPatterns:
    @pytest.mark.parametrize(("pattern", "order"), [*product(BEAM_PATTERNS, ORDERS)])
    def test_gain_is_1_on_the_axis_and_nowhere_greater(self, pattern: str, order: int) -> None:
        gains = beam_gain(pattern, order, np.linspace(0, np.pi, 721))
        assert gains[0] == pytest.approx(1, abs=1e-11)
        assert np.abs(gains).max() < 1 + 1e-11
        assert beam_weights(pattern, order).shape == (order + 1,)

    @pytest.mark.parametrize("order", ORDERS)
    def test_weights_are_legendre_coefficients(self, order: int) -> None:
        for pattern in BEAM_PATTERNS:
            summed = sum(
                weight * eval_legendre(n, np.cos(ANGLES)) for n, weight in enumerate(beam_weights(pattern, order))
            )
            assert beam_gain(pattern, order, ANGLES) == pytest.approx(summed, abs=1e-14)

    def test_first_order(self) -> None:
        for pattern, omni in FIRST_ORDER.items():
            assert BEAM_PATTERNS[pattern] == omni
            assert beam_weights(pattern, 1).tolist() == [omni, 1 - omni]
        assert BEAM_PATTERNS["max-re"] == pytest.approx(0.367, abs=5e-4)

    @pytest.mark.parametrize("order", ORDERS)
    def test_an_omni_hears_all_alike(self, order: int) -> None:
        assert (beam_gain("omni", order, ANGLES) == 1).all()

    @pytest.mark.parametrize("order", ORDERS)
    def test_a_cardioid_is_a_power_of_the_first(self, order: int) -> None:
        assert beam_gain("cardioid", order, ANGLES) == pytest.approx(((1 + np.cos(ANGLES)) / 2) ** order, abs=1e-12)

    @pytest.mark.parametrize("order", ORDERS)
    def test_no_pattern_is_more_directive_than_the_hypercardioid(self, order: int) -> None:
        """Which is basic and max-di by other names, and whose index is 20 log10(N + 1)."""
        best = directivity_index_db("hypercardioid", order)
        assert best == pytest.approx(20 * np.log10(order + 1))
        assert (beam_weights("basic", order) == beam_weights("hypercardioid", order)).all()
        assert (beam_weights("max-di", order) == beam_weights("hypercardioid", order)).all()
        for change in np.random.default_rng(order).normal(size=(100, order + 1)):
            weights = beam_weights("hypercardioid", order) + 0.01 * (change - change.mean())
            assert -10 * np.log10(np.sum(weights**2 / (2 * np.arange(order + 1) + 1))) <= best + 1e-12
        assert all(directivity_index_db(pattern, order) <= best + 1e-12 for pattern in BEAM_PATTERNS)

    @pytest.mark.parametrize("order", range(2, 8))
    def test_a_supercardioid_has_the_most_power_in_front(self, order: int) -> None:
        """The eigenproblem of front over back, solved as it stands; at high orders it has few digits."""
        nodes, weights = roots_legendre(order + 1)
        scaled = np.sqrt(2 * np.arange(order + 1) + 1)
        front, back = (legendre.legvander(side * (1 + nodes) / 2, order) * scaled for side in (1, -1))
        total = (front.T * weights) @ front + (back.T * weights) @ back
        best = eigh((front.T * weights) @ front, total)[1][:, -1] * scaled
        assert beam_weights("supercardioid", order) == pytest.approx(best / best.sum(), abs=1e-8)

    @pytest.mark.parametrize(
        ("order", "orthonormal"),
        [
            (2, [0.8372, 0.9591, 0.4680]),
            (3, [0.6267, 0.7861, 0.5021, 0.1641]),
            (4, [0.5013, 0.6674, 0.4942, 0.2314, 0.0569]),
        ],
    )
    def test_published_supercardioids(self, order: int, orthonormal: list[float]) -> None:
        """Elko's (2004), as Politis tabulates them for orthonormal harmonics; their fourth digit is not exact."""
        published = np.array(orthonormal) * np.sqrt((2 * np.arange(order + 1) + 1) / (4 * np.pi))
        assert beam_weights("supercardioid", order) == pytest.approx(published, abs=1e-4)

    def test_the_supercardioid_of_stored_beams_is_that_of_first_order_in_two_digits(self) -> None:
        assert round((np.sqrt(3) - 1) / 2, 2) == BEAM_PATTERNS["supercardioid"]

    @pytest.mark.parametrize("order", range(1, 8))
    def test_max_re_has_all_but_the_longest_energy_vector(self, order: int) -> None:
        """The longest possible is the greatest root of the next Legendre polynomial (Daniel 2001); the formula used
        comes near it without a search for roots."""
        longest = roots_legendre(order + 1)[0].max()
        assert longest - 3e-5 < energy_vector("max-re", order) <= longest
        others = [pattern for pattern in BEAM_PATTERNS if pattern != "max-re"]
        assert all(energy_vector(pattern, order) < energy_vector("max-re", order) for pattern in others)


def energy_vector(pattern: str, order: int) -> float:
    """The mean direction of what a beam takes of a diffuse field, by its power: its length."""
    nodes, weights = roots_legendre(order + 2)
    power = weights * beam_gain(pattern, order, np.arccos(nodes)) ** 2
    return float(np.sum(power * nodes) / np.sum(power))


class TestSharpness:
    @pytest.mark.parametrize(
        ("pattern", "order"), [*product(["cardioid", "supercardioid", "hypercardioid", "max-re"], (1, 2, 5))]
    )
    def test_figures_by_a_plain_sum_over_the_sphere(self, pattern: str, order: int) -> None:
        angles = (np.arange(20_000) + 0.5) * np.pi / 20_000
        power = beam_gain(pattern, order, angles) ** 2 * np.sin(angles)
        mean = power.sum() / np.sin(angles).sum()
        assert directivity_index_db(pattern, order) == pytest.approx(-10 * np.log10(mean), abs=1e-5)
        ratio = power[angles < np.pi / 2].sum() / power[angles > np.pi / 2].sum()
        assert front_back_ratio_db(pattern, order) == pytest.approx(10 * np.log10(ratio), abs=1e-3)
        edge = np.radians(half_power_width_deg(pattern, order) / 2)
        assert beam_gain(pattern, order, edge) ** 2 == pytest.approx(0.5)
        assert (beam_gain(pattern, order, np.linspace(0, edge - 1e-9, 500)) ** 2 > 0.5).all()

    def test_by_hand(self) -> None:
        """``(1 + cos t) / 2 = sqrt(1 / 2)`` at 65.53 degrees."""
        assert half_power_width_deg("cardioid", 1) == pytest.approx(131.06, abs=0.01)
        assert directivity_index_db("cardioid", 1) == pytest.approx(10 * np.log10(3))
        assert front_back_ratio_db("cardioid", 1) == pytest.approx(10 * np.log10(7))
        assert half_power_width_deg("omni", 3) == 360
        assert directivity_index_db("omni", 3) == front_back_ratio_db("omni", 3) == 0
