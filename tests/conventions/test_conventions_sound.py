"""The table of signs in docs/conventions.md, the rows about sound and about the paper's code, measured."""

import warnings
from typing import Any

import numpy as np
import pytest
from table_of_signs import here
from worlds.layouts import Globe, camera_axes, ray_at, seen_by
from worlds.plane_waves import encoded

LOOKS = ((37.0, -24.0, 11.0), (-141.0, 52.0, -68.0), (163.0, 13.0, 124.0))
WIDTH, HEIGHT = 512, 256


@pytest.fixture(scope="module")
def spaudiopy() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of missing sound cards
        import spaudiopy

    return spaudiopy


@pytest.mark.filterwarnings("ignore:.*sph_harm:DeprecationWarning")
class TestSpaudiopy:
    SOURCE = 37.0, -24.0

    def test_directions_and_harmonics(self, spaudiopy: Any) -> None:
        for azimuth, elevation, _ in LOOKS:
            azi, zen = np.radians([azimuth, 90 - elevation])
            direction = here("spaudiopy: direction", azi=azi, zen=zen)
            theirs = spaudiopy.sph.src_to_sh(np.ones(1), azi, zen, 3)
            ours = here("spaudiopy: harmonics", sound=theirs)
            assert np.abs(ours[:, 0] - encoded(ray_at(direction.yaw_deg, direction.pitch_deg), 3)).max() < 1e-9
            assert np.abs(theirs - ours).max() > 0.1

    @pytest.mark.parametrize("look", LOOKS, ids=str)
    def test_rotation(self, look: tuple[float, float, float], spaudiopy: Any) -> None:
        yaw, pitch, roll = np.radians(look)
        turn = spaudiopy.sph.sh_rotation_matrix
        matrix = here("spaudiopy: rotate_sh", sh_rotation_matrix=turn, order=3, yaw=yaw, pitch=pitch, roll=roll)
        source = ray_at(-120.0, 33.0)
        assert np.abs(matrix @ encoded(source, 3) - encoded(seen_by(camera_axes(look), source), 3)).max() < 1e-9
        plain = turn(3, yaw, pitch, roll)
        assert (
            spaudiopy.sph.rotate_sh(encoded(source, 3)[None], yaw, pitch, roll) == encoded(source, 3) @ plain.T
        ).all()
        assert np.abs(plain - matrix).max() > 0.1

    @pytest.mark.parametrize(
        ("angles", "look"), [((1, 0, 0), (1, 0, 0)), ((0, 1, 0), (0, -1, 0)), ((0, 0, 1), (0, 0, 1))]
    )
    def test_one_angle_alone(self, angles: tuple[int, ...], look: tuple[int, ...], spaudiopy: Any) -> None:
        """Yaw and roll as a listener's here, pitch the other way: the row's words."""
        matrix = spaudiopy.sph.sh_rotation_matrix(1, *np.radians(25.0 * np.array(angles)))
        axes = camera_axes(tuple(25.0 * np.array(look)))
        source = ray_at(-120.0, 33.0)
        assert np.abs(matrix @ encoded(source, 1) - encoded(seen_by(axes, source), 1)).max() < 1e-9

    def test_b_format(self, spaudiopy: Any) -> None:
        azi, zen = np.radians([self.SOURCE[0], 90 - self.SOURCE[1]])
        wanted = encoded(ray_at(*self.SOURCE), 1)[:, None]
        for theirs in (
            spaudiopy.sph.src_to_b(np.ones(1), azi, zen),
            spaudiopy.sph.sh_to_b(spaudiopy.sph.src_to_sh(np.ones(1), azi, zen, 1)),
        ):
            assert here("spaudiopy: B-format", sound=theirs) == pytest.approx(wanted)


class TestRecordings:
    """The formats as their definitions have them, worked out by this file."""

    def test_fuma(self) -> None:
        """Each harmonic's greatest value is 1, but W's 1 / sqrt(2); the letters' order is that of Furse and Malham."""
        acn_of_letters = [0, 3, 1, 2, 6, 7, 5, 8, 4, 12, 13, 11, 14, 10, 15, 9]
        azimuth, elevation = np.meshgrid(np.arange(-180, 180, 0.5), np.arange(-90, 90.1, 0.5))
        greatest = np.abs(encoded(ray_at(azimuth, elevation), 3)).max(axis=(0, 1))
        source = encoded(ray_at(37.0, -24.0), 3)
        greatest[0] = np.sqrt(2)
        for order in (1, 2, 3):
            fuma = (source / greatest)[acn_of_letters[: (order + 1) ** 2]][:, None]
            found = here("FuMa recordings", sound=fuma)
            assert np.abs(found[:, 0] - encoded(ray_at(37.0, -24.0), order)).max() < 1e-4

    def test_n3d(self) -> None:
        """Over the sphere each channel has the mean power 1."""
        rng = np.random.default_rng(0)
        rays = rng.normal(size=(200_000, 3))
        wave = encoded(rays / np.linalg.norm(rays, axis=1, keepdims=True), 3)
        scale = 1 / np.sqrt((wave**2).mean(axis=0))
        source = encoded(ray_at(37.0, -24.0), 3)
        found = here("N3D recordings", sound=(source * scale)[:, None])
        assert np.abs(found[:, 0] - source).max() < 0.02


class TestThePapersCode:
    """Its formulas as facts: what they are here, and how far off they are."""

    def test_directions(self) -> None:
        for x, y in ((0.1, 0.4), (0.5, 0.5), (0.83, 0.61)):
            direction = here("The paper's code: direction", x=x, y=y)
            columns, rows = Globe(WIDTH, HEIGHT).pixels(ray_at(direction.yaw_deg, direction.pitch_deg))
            assert (float(columns) + 0.5, float(rows) + 0.5) == pytest.approx((x * WIDTH, y * HEIGHT))

    def test_opening(self) -> None:
        assert here("The paper's code: opening", nominal_deg=90.0) == pytest.approx(76.292, abs=0.001)
        for nominal_deg in (25.0, 60.0, 90.0):
            half_plane = np.radians(nominal_deg) / 2
            left, right = (np.array([1, side * half_plane, 0]) / np.hypot(1, half_plane) for side in (1, -1))
            opening = np.degrees(np.arccos(left @ right))
            assert here("The paper's code: opening", nominal_deg=nominal_deg) == pytest.approx(opening)

    def test_sound_misses_the_middle(self) -> None:
        """Yaw anywhere, the pitch between rows 0.33 and 0.66 of the picture, as its crops are drawn."""

        def missed(x: float, y: float) -> float:
            look = here("The paper's code: direction", x=x, y=y)
            turn = here("The paper's code: sound", yaw=np.radians(look.yaw_deg), pitch=np.radians(look.pitch_deg))
            front, left, up = turn @ ray_at(look.yaw_deg, look.pitch_deg)
            return float(np.degrees(np.arctan2(np.hypot(left, up), front)))

        share = (np.arange(40) + 0.5) / 40
        assert np.mean([missed(x, 0.33 + 0.33 * y) for x in share for y in share]) == pytest.approx(15, abs=0.3)
        assert max(missed(x, y) for x in (0, 0.25, 0.5) for y in (0.33, 0.66)) == pytest.approx(61, abs=0.5)

    def test_one_angle_alone_shows_nothing(self) -> None:
        for yaw, pitch in ((40.0, 0.0), (0.0, 25.0)):
            turn = here("The paper's code: sound", yaw=np.radians(yaw), pitch=np.radians(pitch))
            assert turn @ ray_at(yaw, pitch) == pytest.approx([1, 0, 0], abs=1e-12)

    def test_a_flipped_crop_needs_a_flipped_sound(self) -> None:
        sound = encoded(ray_at(40.0, 20.0), 1)[:, None]
        assert here("The paper's code: flipped crops", sound=sound)[:, 0] == pytest.approx(
            encoded(ray_at(-40.0, 20.0), 1)
        )
