"""Against spaudiopy at orders 1 to 4: encoding, rotation, beams and formats.

Its harmonics are orthonormal, which it calls N3D; directions are azimuth and zenith angle; sound is (samples, channels)
when it is turned; yaw, pitch and roll are left-handed turns of the scene.
"""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.heard_scenes import ray
from worlds.sound_fields import GENERIC

from yt360_tools.ambisonics import beam, beam_gain, beam_weights, channel_matrix, convert, encode, harmonics, rotate
from yt360_tools.geometry import Direction, view_from_world

Values = NDArray[np.float64]

ORDERS = (1, 2, 3, 4)
MODAL = {
    "cardioid": "cardioid_modal_weights",
    "hypercardioid": "hypercardioid_modal_weights",
    "max-re": "maxre_modal_weights",
}
"""What its patterns are called that it has in common with ours."""

pytestmark = pytest.mark.filterwarnings("ignore:.*sph_harm:DeprecationWarning")


@pytest.fixture(scope="module")
def spaudiopy() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of missing sound cards
        import spaudiopy

    return spaudiopy


def scene(order: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).normal(size=((order + 1) ** 2, 40))


def directions(count: int, seed: int) -> Values:
    """Azimuth and elevation in degrees (count, 2), the poles and the seam among them."""
    special = [(0, 90), (0, -90), (180, 0), (-180, 20), (90, 0)]
    return np.concatenate([special, np.random.default_rng(seed).uniform([-180, -90], [180, 90], (count, 2))])


@pytest.mark.parametrize("order", ORDERS)
class TestEncoding:
    def test_of_a_source(self, order: int, spaudiopy: Any) -> None:
        signal = np.random.default_rng(1).normal(size=7)
        for azimuth, elevation in directions(30, 2):
            theirs = spaudiopy.sph.src_to_sh(signal, np.radians(azimuth), np.radians(90 - elevation), order)
            ours = convert(encode(signal, ray(azimuth, elevation), order), "sn3d", "orthonormal")
            assert np.abs(ours - theirs).max() < 1e-6

    def test_harmonics_and_formats(self, order: int, spaudiopy: Any) -> None:
        where = directions(60, 3)
        theirs = spaudiopy.sph.sh_matrix(order, np.radians(where[:, 0]), np.radians(90 - where[:, 1])).T
        ours = harmonics(np.array([ray(*one) for one in where]), order).T
        assert np.abs(convert(ours, "sn3d", "orthonormal") - theirs).max() < 1e-6
        assert np.abs(convert(ours, "sn3d", "n3d") - theirs * np.sqrt(4 * np.pi)).max() < 1e-6
        assert np.abs(ours - convert(theirs, "orthonormal", "sn3d")).max() < 1e-6
        assert np.abs(convert(ours, "sn3d", "n3d") - spaudiopy.sph.sn3d_to_n3d(ours)).max() < 1e-6
        assert np.abs(ours - spaudiopy.sph.n3d_to_sn3d(convert(ours, "sn3d", "n3d"))).max() < 1e-6

    def test_furse_malham_of_first_order(self, order: int, spaudiopy: Any) -> None:
        sound = scene(order)[:4]
        theirs = spaudiopy.sph.sh_to_b(convert(sound, "sn3d", "orthonormal"), W_weight=np.sqrt(0.5))
        assert np.abs(convert(sound, "sn3d", "fuma") - theirs).max() < 1e-6


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("look", GENERIC, ids=str)
class TestRotation:
    """spaudiopy turns by Rz(-yaw) Ry(-pitch) Rx(-roll) in right-handed matrices, roll first.

    So `view_from_world` is its inverse for (-yaw, pitch, -roll), and its turn for those angles undoes ours.
    """

    def test_undoes_ours(self, order: int, look: tuple[float, float, float], spaudiopy: Any) -> None:
        yaw, pitch, roll = np.radians(look)
        sound = scene(order)
        for turned in (rotate(sound, view_from_world(yaw, pitch, roll)), rotate(sound, Direction(*look))):
            undone = spaudiopy.sph.rotate_sh(turned.T, -yaw, pitch, -roll).T
            assert np.abs(undone - sound).max() < 1e-6
        theirs = spaudiopy.sph.sh_rotation_matrix(order, -yaw, pitch, -roll)
        assert np.abs(theirs.T - channel_matrix(Direction(*look), order=order)).max() < 1e-6

    def test_its_own_angles(self, order: int, look: tuple[float, float, float], spaudiopy: Any) -> None:
        c, s = np.cos(np.radians(look)), np.sin(np.radians(look))
        turn_z = np.array([[c[0], s[0], 0], [-s[0], c[0], 0], [0, 0, 1]])
        turn_y = np.array([[c[1], 0, -s[1]], [0, 1, 0], [s[1], 0, c[1]]])
        turn_x = np.array([[1, 0, 0], [0, c[2], s[2]], [0, -s[2], c[2]]])
        sound = scene(order)
        theirs = spaudiopy.sph.rotate_sh(sound.T, *np.radians(look)).T
        assert np.abs(rotate(sound, turn_z @ turn_y @ turn_x) - theirs).max() < 1e-6


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("pattern", MODAL)
class TestBeams:
    def test_signals(self, order: int, pattern: str, spaudiopy: Any) -> None:
        weights = getattr(spaudiopy.sph, MODAL[pattern])(order)
        sound = scene(order, 4)
        for azimuth, elevation in directions(10, 5):
            azi, zen = np.radians([azimuth, 90 - elevation])
            steering = spaudiopy.sph.repeat_per_order(weights) * spaudiopy.sph.sh_matrix(order, azi, zen)[0]
            theirs = steering @ convert(sound, "sn3d", "orthonormal")
            theirs /= spaudiopy.sph.bandlimited_dirac(
                order, 0, weights
            )  # some of its weights are 1 on the axis, some not
            assert np.abs(beam(sound, ray(azimuth, elevation), pattern) - theirs).max() < 1e-6

    def test_patterns(self, order: int, pattern: str, spaudiopy: Any) -> None:
        weights = getattr(spaudiopy.sph, MODAL[pattern])(order)
        angles = np.linspace(0, np.pi, 50)
        theirs = np.array([spaudiopy.sph.bandlimited_dirac(order, angle, weights) for angle in angles])
        assert np.abs(beam_gain(pattern, order, angles) - theirs.ravel() / theirs.ravel()[0]).max() < 1e-6
        legendre = np.asarray(weights) * (2 * np.arange(order + 1) + 1)
        assert np.abs(beam_weights(pattern, order) - legendre / legendre.sum()).max() < 1e-6
