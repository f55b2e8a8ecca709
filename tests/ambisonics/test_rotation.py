"""Turning a scene, channel by channel: orders 0 to 7."""

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.sound_fields import GENERIC, facing, of_rays, random_rays, random_rotations

from yt360_tools.ambisonics import MAX_ORDER, channel_matrix, mirror, rotate, rotation_matrix
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction, view_from_world

Values = NDArray[np.float64]

ORDERS = range(MAX_ORDER + 1)


def scene(order: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).normal(size=((order + 1) ** 2, 40))


@pytest.mark.parametrize("order", ORDERS)
def test_turned_and_encoded_equals_encoded_and_turned(order: int) -> None:
    """1,000 random directions, each with a random rotation of its own."""
    rays, turns = random_rays(1000, 10 + order), random_rotations(1000, 20 + order)
    turned = np.stack(
        [rotation_matrix(turn, order) @ waves for turn, waves in zip(turns, of_rays(rays, order), strict=True)]
    )
    assert np.abs(turned - of_rays(np.einsum("kij,kj->ki", turns, rays), order)).max() < 1e-12


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("look", GENERIC, ids=str)
def test_equals_a_fit_to_many_directions(order: int, look: tuple[float, float, float]) -> None:
    """The matrix that takes each of 200 encoded directions to the turned one, found by least squares."""
    rays, turn = random_rays(200, 1), facing(look)
    fitted = np.linalg.lstsq(of_rays(rays, order), of_rays(rays @ turn.T, order), rcond=None)[0].T
    assert np.abs(rotation_matrix(turn, order) - fitted).max() < 1e-11


@pytest.mark.parametrize("order", ORDERS)
def test_is_orthogonal_and_turns_each_degree_by_itself(order: int) -> None:
    same = np.repeat(np.arange(order + 1), 2 * np.arange(order + 1) + 1)
    for turn in random_rotations(50, 2):
        matrix = rotation_matrix(turn, order)
        assert np.abs(matrix @ matrix.T - np.eye(same.size)).max() < 1e-13
        assert np.linalg.det(matrix) == pytest.approx(1)
        assert (matrix[same[:, None] != same] == 0).all()


@pytest.mark.parametrize("order", ORDERS)
def test_composition_and_inverse(order: int) -> None:
    for first, second in zip(random_rotations(30, 3), random_rotations(30, 4), strict=True):
        both = rotation_matrix(second, order) @ rotation_matrix(first, order)
        assert np.abs(rotation_matrix(second @ first, order) - both).max() < 1e-13
        back = rotation_matrix(first.T, order)
        assert np.abs(back @ rotation_matrix(first, order) - np.eye(len(back))).max() < 1e-13
        assert np.abs(back - rotation_matrix(first, order).T).max() < 1e-13
    assert np.abs(rotation_matrix(np.eye(3), order) - np.eye((order + 1) ** 2)).max() < 1e-14


def test_first_order_is_the_rotation_to_the_last_bit() -> None:
    for turn in random_rotations(20, 5):
        for order in (1, 2, 7):
            matrix = rotation_matrix(turn, order)[:4, :4]
            assert (matrix[np.ix_([3, 1, 2], [3, 1, 2])] == turn).all()
            assert (matrix[0] == [1, 0, 0, 0]).all()
            assert (matrix[:, 0] == [1, 0, 0, 0]).all()


@pytest.mark.parametrize("angle", [0.3, -2.0])
def test_a_turn_about_the_vertical_by_hand(angle: float) -> None:
    """``cos m(phi + a) = cos m phi cos m a - sin m phi sin m a``, so m and -m turn as a pair, m times as far."""
    c, s = np.cos(angle), np.sin(angle)
    wanted = np.zeros((64, 64))
    for n in ORDERS:
        for m in range(-n, n + 1):
            row = n * n + n + m
            wanted[row, row] = np.cos(m * angle)
            wanted[row, n * n + n - m] = -np.sin(m * angle) if m else 1
    found = rotation_matrix(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]), MAX_ORDER)
    assert np.abs(found - wanted).max() < 1e-13


@pytest.mark.parametrize("look", GENERIC, ids=str)
@pytest.mark.parametrize("order", [1, 3])
def test_a_direction_stands_for_turning_it_to_the_front(look: tuple[float, float, float], order: int) -> None:
    sound, direction = scene(order), Direction(*look)
    assert np.abs(rotation_matrix(direction, order) - rotation_matrix(facing(look), order)).max() < 1e-14
    assert (rotate(sound, direction) == rotate(sound, direction.view_from_world)).all()
    assert (channel_matrix(direction, order=order) == channel_matrix(direction.view_from_world, order=order)).all()
    heard = rotate(of_rays(direction.ray, order)[:, None], direction)[:, 0]
    assert heard == pytest.approx(of_rays(np.array([1.0, 0, 0]), order), abs=1e-12)


REFUSED = {
    "mirroring": (np.diag([1.0, -1.0, 1.0]), "mirrors.*determinant"),
    "all turned over": (-np.eye(3), "mirrors"),
    "too long": (1.01 * np.eye(3), "not orthonormal"),
    "a long third row": (np.diag([1.0, 1.0, 1.1]), "not orthonormal"),
    "skew": (np.array([[1.0, 0, 0], [0.1, 1, 0], [0, 0, 1]]), "not orthonormal"),
    "zero": (np.zeros((3, 3)), "not orthonormal"),
    "nan": (np.full((3, 3), np.nan), "not finite"),
    "one nan": (np.diag([1.0, 1.0, np.nan]), "not finite"),
    "inf": (np.diag([1.0, np.inf, 1.0]), "not finite"),
    "4 x 4": (np.eye(4), r"\(3, 3\).*\(4, 4\)"),
    "angles": (np.array([0.1, 0.2, 0.3]), r"\(3, 3\) or a Direction.*\(3,\)"),
}


@pytest.mark.parametrize(("turn", "said"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_what_is_no_rotation_is_refused(turn: Values, said: str, order: int) -> None:
    for call in (
        lambda: rotation_matrix(turn, order),
        lambda: channel_matrix(turn, order=order),
        lambda: rotate(scene(order), turn),
    ):
        with pytest.raises(UsageError, match=said):
            call()


def test_single_precision_rotations_are_rotations() -> None:
    turn = random_rotations(1, 6)[0]
    assert np.abs(rotation_matrix(turn.astype(np.float32), 3) - rotation_matrix(turn, 3)).max() < 1e-5


class TestChannelMatrix:
    def test_a_quarter_turn_by_hand(self) -> None:
        """A view to the left: what was in front is then on its right, what was on the left in front."""
        turned = [[1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0], [0, 1, 0, 0]]
        to_the_left = view_from_world(np.radians(90), 0, 0)
        assert channel_matrix(to_the_left) == pytest.approx(np.array(turned, float), abs=1e-12)
        flipped = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
        assert channel_matrix(to_the_left, mirrored=True) == pytest.approx(np.array(flipped, float), abs=1e-12)

    @pytest.mark.parametrize("look", GENERIC, ids=str)
    @pytest.mark.parametrize("order", [0, 1, 2, 7])
    def test_is_turning_and_then_mirroring(self, look: tuple[float, float, float], order: int) -> None:
        sound, turn = scene(order, 18), facing(look)
        assert channel_matrix(turn, order=order) @ sound == pytest.approx(rotate(sound, turn))
        assert channel_matrix(turn, mirrored=True, order=order) @ sound == pytest.approx(mirror(rotate(sound, turn)))
        if order:
            other_way = rotate(mirror(sound), turn)
            assert np.abs(channel_matrix(turn, mirrored=True, order=order) @ sound - other_way).max() > 0.1

    @pytest.mark.parametrize("look", GENERIC, ids=str)
    def test_goes_for_spectra_as_for_sound(self, look: tuple[float, float, float]) -> None:
        foa, turn = scene(1, 19), facing(look)
        assert channel_matrix(turn) @ np.fft.rfft(foa) == pytest.approx(np.fft.rfft(rotate(foa, turn)))

    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("order", [1, 2, 3, 7])
    def test_keeps_energy_and_leaves_w(self, mirrored: bool, order: int) -> None:
        changing_sign = order * (order + 1) // 2
        for turn in random_rotations(20, seed=20):
            matrix = channel_matrix(turn, mirrored=mirrored, order=order)
            assert matrix @ matrix.T == pytest.approx(np.eye(len(matrix)), abs=1e-12)
            assert np.linalg.det(matrix) == pytest.approx((-1) ** changing_sign if mirrored else 1)
            assert (matrix[0] == [1] + [0] * (len(matrix) - 1)).all()
