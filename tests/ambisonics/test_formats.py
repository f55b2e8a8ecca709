"""Formats of ambisonics, each against harmonics with the greatest or the mean power that its scaling stands for."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.plane_waves import encoded
from worlds.sound_fields import by_angles, facing, random_rays

from yt360_tools.ambisonics import FORMATS, convert, rotate
from yt360_tools.errors import UsageError

Values = NDArray[np.float64]


def scene(order: int, precision: Any = np.float64) -> Values:
    return np.random.default_rng(order).normal(size=((order + 1) ** 2, 50)).astype(precision)


def mean_powers(order: int) -> Values:
    """Of each SN3D harmonic over the sphere, by sums over a grid with Gauss' heights."""
    heights, weights = np.polynomial.legendre.leggauss(12)
    azimuth, elevation = np.meshgrid(np.arange(24) * np.pi / 12, np.arcsin(heights))
    values = by_angles(azimuth, elevation, order)
    return np.einsum("e,eac->c", weights, values**2) / 48


def test_first_order_fuma_by_hand() -> None:
    """W at -3 dB, then X, Y, Z: from the left and a little above."""
    w, y, z, x = 1.0, 0.8, 0.6, 0.0
    found = convert(np.array([[w], [y], [z], [x]]), "sn3d", "fuma")[:, 0]
    assert found == pytest.approx([0.70710678, 0.0, 0.8, 0.6])
    assert convert(found[:, None], "fuma", "sn3d")[:, 0] == pytest.approx([w, y, z, x])


def test_fuma_of_third_order_by_its_published_formulas() -> None:
    """Each channel's polynomial as Malham has it (2003), W to Q in the order of the letters."""
    rays = random_rays(60, 1)
    x, y, z = rays.T
    wanted = np.stack([
        np.full_like(x, np.sqrt(0.5)), x, y, z,
        (3 * z**2 - 1) / 2, 2 * z * x, 2 * y * z, x**2 - y**2, 2 * x * y,
        z * (5 * z**2 - 3) / 2,
        np.sqrt(135 / 256) * x * (5 * z**2 - 1), np.sqrt(135 / 256) * y * (5 * z**2 - 1),
        np.sqrt(27 / 4) * z * (x**2 - y**2), np.sqrt(27) * x * y * z,
        x * (x**2 - 3 * y**2), y * (3 * x**2 - y**2),
    ])  # fmt: skip
    for order in range(4):
        channels = (order + 1) ** 2
        assert convert(encoded(rays, order).T, "sn3d", "fuma") == pytest.approx(wanted[:channels], abs=1e-12)


def test_no_harmonic_of_fuma_is_greater_than_1() -> None:
    azimuth, elevation = np.meshgrid(np.radians(np.arange(0, 360, 1.0)), np.radians(np.arange(-90, 91, 0.5)))
    found = convert(by_angles(azimuth, elevation, 3).reshape(-1, 16).T, "sn3d", "fuma")
    assert np.abs(found).max(axis=1) == pytest.approx([np.sqrt(0.5)] + [1.0] * 15, abs=1e-4)


@pytest.mark.parametrize("order", range(8))
def test_n3d_has_mean_power_1_and_orthonormal_has_integral_1(order: int) -> None:
    sn3d = mean_powers(order)
    n3d = convert(np.sqrt(sn3d)[:, None], "sn3d", "n3d")[:, 0]
    assert n3d**2 == pytest.approx(np.ones(sn3d.size))
    orthonormal = convert(np.sqrt(sn3d)[:, None], "sn3d", "orthonormal")[:, 0]
    assert 4 * np.pi * orthonormal**2 == pytest.approx(np.ones(sn3d.size))


@pytest.mark.parametrize(("source", "target"), [*product(FORMATS, FORMATS)])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_there_and_back_is_nothing(source: str, target: str, precision: Any) -> None:
    for order in range(4 if "fuma" in (source, target) else 8):
        sound = scene(order, precision)
        back = convert(convert(sound, source, target), target, source)
        assert back.dtype == precision
        assert np.abs(back - sound).max() <= 2 * np.finfo(precision).eps * np.abs(sound).max()


@pytest.mark.parametrize(("source", "target"), [*product(FORMATS, FORMATS)])
def test_by_way_of_sn3d_is_the_same(source: str, target: str) -> None:
    sound = scene(3)
    assert convert(sound, source, target) == pytest.approx(convert(convert(sound, source, "sn3d"), "sn3d", target))


@pytest.mark.parametrize("name", FORMATS)
def test_to_itself_is_a_copy(name: str) -> None:
    sound = scene(2, np.float32)
    found = convert(sound, name, name)
    assert (found == sound).all()
    assert not np.shares_memory(found, sound)


@pytest.mark.parametrize("order", [1, 3, 7])
def test_a_turn_is_the_same_in_every_scaling_of_acn(order: int) -> None:
    sound, turn = scene(order), facing((37.0, -24.0, 11.0))
    for name in ("n3d", "orthonormal"):
        assert rotate(convert(sound, "sn3d", name), turn) == pytest.approx(convert(rotate(sound, turn), "sn3d", name))


@pytest.mark.parametrize(("name", "said"), [("fumo", "mean 'fuma'"), ("N3D", "mean 'n3d'"), ("ambix", r"sn3d \(AmbiX")])
def test_an_unknown_format_is_refused_on_either_side(name: str, said: str) -> None:
    for source, target in ((name, "sn3d"), ("sn3d", name)):
        with pytest.raises(UsageError, match=f"'{name}'.*{said}"):
            convert(scene(1), source, target)


@pytest.mark.parametrize("order", [4, 7])
def test_fuma_above_third_order_is_refused(order: int) -> None:
    for source, target in (("fuma", "sn3d"), ("sn3d", "fuma"), ("fuma", "fuma")):
        with pytest.raises(UsageError, match=rf"FuMa is defined up to order 3 \(16 channels\); got order {order}"):
            convert(scene(order), source, target)


@pytest.mark.parametrize("channels", [2, 3, 5, 6])
def test_what_is_no_ambisonics_is_refused(channels: int) -> None:
    """FuMa's horizontal sets of 3, 5 and 7 channels too."""
    with pytest.raises(UsageError, match=f"{channels} channels are not ambisonics"):
        convert(np.zeros((channels, 9)), "fuma", "sn3d")
