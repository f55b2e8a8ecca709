"""The harmonics against polynomials written out by hand, and against scipy's Legendre functions."""

import numpy as np
import pytest
from scipy.special import eval_legendre
from worlds.plane_waves import encoded
from worlds.sound_fields import of_rays, random_rays

from yt360_tools.ambisonics import MAX_ORDER, channel_degrees, harmonics
from yt360_tools.errors import UsageError

POLES_AND_AXES = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float)


@pytest.mark.parametrize("order", range(4))
def test_equals_the_polynomials(order: int) -> None:
    rays = np.concatenate([random_rays(500, 0), POLES_AND_AXES])
    assert np.abs(harmonics(rays, order) - encoded(rays, order)).max() < 1e-14


@pytest.mark.parametrize("order", range(MAX_ORDER + 1))
def test_equals_the_legendre_functions(order: int) -> None:
    rays = np.concatenate([random_rays(500, 1), POLES_AND_AXES])
    assert np.abs(harmonics(rays, order) - of_rays(rays, order)).max() < 1e-12


def test_first_order_is_the_ray_itself_to_the_last_bit() -> None:
    """Beams are stored and hashed."""
    rays = np.concatenate([random_rays(200, 2), POLES_AND_AXES, -POLES_AND_AXES])
    found = harmonics(rays, 1)
    assert found.tobytes() == np.stack([np.ones(len(rays)), rays[:, 1], rays[:, 2], rays[:, 0]], axis=-1).tobytes()


@pytest.mark.parametrize("up", [1, -1])
def test_is_exact_at_the_poles(up: int) -> None:
    """What goes around the axis vanishes there, and what does not is 1, or -1 where it is odd."""
    found = harmonics(np.array([0.0, 0.0, up]), MAX_ORDER)
    for n in range(MAX_ORDER + 1):
        wanted = np.zeros(2 * n + 1)
        wanted[n] = up**n
        assert (found[n * n : (n + 1) ** 2] == wanted).all()


def test_two_directions_meet_in_the_legendre_polynomial_of_their_cosine() -> None:
    a, b = random_rays(300, 3), random_rays(300, 4)
    products = harmonics(a, MAX_ORDER) * harmonics(b, MAX_ORDER)
    for n in range(MAX_ORDER + 1):
        found = products[:, channel_degrees(MAX_ORDER) == n].sum(axis=1)
        assert np.abs(found - eval_legendre(n, np.sum(a * b, axis=1))).max() < 1e-13


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_shapes(shape: tuple[int, ...], order: int) -> None:
    rays = np.broadcast_to([0.6, 0.0, -0.8], shape)
    assert harmonics(rays, order).shape == (*shape[:-1], (order + 1) ** 2)


def test_a_higher_order_begins_with_the_lower() -> None:
    rays = random_rays(20, 5)
    for order in range(MAX_ORDER):
        assert (harmonics(rays, MAX_ORDER)[:, : (order + 1) ** 2] == harmonics(rays, order)).all()


@pytest.mark.parametrize("order", [-1, 8, 1.0, True, "1"])
def test_orders_other_than_0_to_7_are_refused(order: int) -> None:
    with pytest.raises(UsageError, match=r"0 to 7; got"):
        harmonics(np.array([1.0, 0, 0]), order)


@pytest.mark.parametrize(
    ("rays", "said"),
    [
        (np.zeros((3, 5)), r"\(\.\.\., 3\).*\(3, 5\)"),
        (np.array(1.0), r"\(\.\.\., 3\)"),
        (np.array([1.0, 0.2, 0]), r"length 1.*1 of 1 are not.*0\.2"),
        (np.array([[1.0, 0, 0], [0, 2.0, 0]]), r"1 of 2 are not, the first \[0\.0, 2\.0"),
        (np.array([np.nan, 0, 1]), "nan"),
        (np.array([np.inf, 0, 1]), "inf"),
    ],
    ids=str,
)
def test_what_is_no_unit_ray_is_refused(rays: np.ndarray, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        harmonics(rays, 2)


def test_rays_of_single_precision_are_unit_rays() -> None:
    rays = random_rays(100, 6)
    assert np.abs(harmonics(rays.astype(np.float32), 7) - harmonics(rays, 7)).max() < 1e-5
