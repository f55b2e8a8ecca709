"""Over the edges of a frame's parts: what is mixed are neighbours on the sphere, in every layout."""

import numpy as np
import pytest
from drawn_sources import CASES, POSE
from drawn_waves import Picture, Values, camera_rays, panorama_rays, some_waves
from worlds.layouts import camera_axes, ray_at, unit

from yt360_tools.geometry import Direction
from yt360_tools.projection import Sampler, Source, sampler, viewport
from yt360_tools.records import SourceLayout

HARD_LOOKS = ((180.0, 3.0), (45.0, 35.3), (-135.0, -35.3), (0.0, 90.0), (10.0, -88.0), (-45.0, 2.0), (90.0, 45.0))
"""The seam, corners and edges of cubes, both poles; in the picture's own directions."""


def drawn(name: str) -> Values:
    """The waves in every pixel of a case's frame (height, width, 3), whatever its layout."""
    frame = CASES[name].frame
    columns, rows = np.meshgrid(np.arange(frame.width, dtype=float), np.arange(frame.height, dtype=float))
    return some_waves().at(frame.seen_at(columns, rows))


def posed_looks() -> list[tuple[float, float, float]]:
    """Cameras that look at the places above, in a world in which the picture is posed."""
    looks = []
    for look in HARD_LOOKS:
        x, y, z = ray_at(*map(np.asarray, look)) @ camera_axes(POSE)
        looks.append((float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arcsin(z))), 25.0))
    return looks


class TestEverySource:
    @pytest.mark.parametrize("interpolation", ["linear", "cubic", "lanczos"])
    @pytest.mark.parametrize("name", [name for name in CASES if "cropped" not in name])
    def test_shows_no_edge(self, name: str, interpolation: str) -> None:
        """Pixels are up to 1.5 degrees wide, and the waves' steepest slope is some 4 grey levels a degree."""
        frame = drawn(name)
        for look in posed_looks():
            view = viewport(Direction(*look), 30, 40, 30)
            seen = Sampler(view, CASES[name].source, interpolation=interpolation)(frame)
            error = np.abs(seen - some_waves().at(camera_rays(look, 30, 40, 30)))
            assert error.max() < {"linear": 0.6, "cubic": 1.1, "lanczos": 0.6}[interpolation]

    @pytest.mark.parametrize("name", [name for name in CASES if "cropped" not in name])
    def test_shows_none_when_averaged(self, name: str) -> None:
        frame = drawn(name)
        for look in posed_looks():
            seen = Sampler(viewport(Direction(*look), 60, 10, 8), CASES[name].source, antialias=True)(frame)
            truth = some_waves().at(camera_rays(look, 60, 80, 64)).reshape(8, 8, 10, 8, 3).mean(axis=(1, 3))
            assert np.abs(seen - truth).max() < 3.5
            assert np.abs(seen - truth).mean() < 0.7


class TestSeam:
    @pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "lanczos"])
    def test_a_panorama_rolled_on_is_seen_alike_by_a_camera_turned_as_far(self, interpolation: str) -> None:
        frame = np.random.default_rng(1).integers(0, 256, (64, 128, 3), np.uint8)
        source = Source(SourceLayout("er"), 128, 64)
        for yaw, pitch in ((180.0, 10.0), (171.3, -78.0), (-140.0, 62.0)):
            here, there = (
                Sampler(viewport(Direction(at, pitch, 17.0), 80, 40, 30), source, interpolation=interpolation)
                for at in (yaw, yaw - 37 * 360 / 128)
            )
            same = here(frame) == there(np.roll(frame, 37, axis=1))
            assert same.mean() > 0.999  # the last bit of a place may fall otherwise

    @pytest.mark.parametrize("layout", [SourceLayout("er", "top-bottom"), SourceLayout("er", "right-left")])
    def test_the_other_eye_is_never_seen(self, layout: SourceLayout) -> None:
        width, height = (128, 128) if layout.stereo == "top-bottom" else (256, 64)
        for eye in ("left", "right"):
            source = Source(layout, width, height, eye=eye)
            frame = np.full((height, width), 200, np.uint8)
            mine = frame[:64, :128] if (eye == "left") == (layout.stereo == "top-bottom") else frame[-64:, -128:]
            mine[...] = 50
            for look in ((180.0, 0.0), (0.0, 90.0), (30.0, -89.0), (0.0, 0.0)):
                for interpolation in ("linear", "lanczos"):
                    for antialias in (False, True):
                        view = viewport(Direction(*look), 70, 12, 12)
                        cut = Sampler(view, source, interpolation=interpolation, antialias=antialias)
                        assert (cut(frame) == 50).all()

    def test_an_uneven_panoramas_pole_lies_between_two_pixels(self) -> None:
        """Half a turn of 65 columns is 32 and a half: what lies over the pole is the mean of two."""
        azimuth = np.radians(180 - (np.arange(65) + 0.5) * 360 / 65)
        frame = np.tile(128 + 100 * np.cos(azimuth), (33, 1))
        seen = Sampler(viewport(Direction(0, 90), 4, 20, 20), Source(SourceLayout("er"), 65, 33))(frame)
        assert seen.mean() == pytest.approx(128, abs=1)
        assert (seen[0] < seen[-1]).all()  # looking up, the lower edge is towards the front


class TestCroppedPicture:
    BOUNDS = (0.25, 0.25, 0.0, 0.0)

    def source(self) -> Source:
        return Source(SourceLayout("er", bounds=self.BOUNDS), 128, 32)

    def test_has_a_colour_of_its_own_where_nothing_is(self) -> None:
        frame = np.full((32, 128), 90, np.uint8)
        view = viewport(Direction(20.0, 45.0), 90, 40, 40)
        elevation_deg = np.degrees(np.arcsin(unit(camera_rays((20.0, 45.0, 0.0), 90, 40, 40))[..., 2]))
        for antialias in (False, True):
            seen = Sampler(view, self.source(), fill=7, antialias=antialias)(frame)
            assert (seen[elevation_deg > 45.1] == 7).all()
            assert (seen[elevation_deg < 44.9] == 90).all()
        assert Sampler(view, self.source())(frame).min() == 0

    def test_wraps_at_the_seam_all_the_same(self) -> None:
        azimuth = np.radians(180 - (np.arange(128) + 0.5) * 360 / 128)
        frame = np.tile(128 + 100 * np.cos(azimuth), (32, 1))
        view = viewport(Direction(180.0), 12, 60, 20)
        rays = camera_rays((180.0, 0.0, 0.0), 12, 60, 20)
        truth = 128 + 100 * rays[..., 0] / np.hypot(rays[..., 0], rays[..., 1])
        for interpolation in ("linear", "cubic"):
            seen = Sampler(view, self.source(), interpolation=interpolation)(frame)
            assert np.abs(seen - truth).max() < 0.2


class TestLabels:
    def labels(self, rays: Values) -> Picture:
        """One for each of the sphere's eight octants."""
        return ((rays > 0) @ np.array([1, 2, 4])).astype(np.uint8)

    def test_are_the_nearest_pixels(self) -> None:
        width = 256
        frame = self.labels(panorama_rays(width))
        source = Source(SourceLayout("er"), width, width // 2)
        for look in ((30.0, 20.0, 40.0), (178.0, -60.0, 0.0), (0.0, 90.0, 5.0)):
            view = viewport(Direction(*look), 80, 50, 40)
            rays = unit(camera_rays(look, 80, 50, 40))
            seen = sampler(view, source, interpolation="nearest")(frame)
            assert set(np.unique(seen)) <= set(range(8))
            inside = np.abs(rays).min(axis=-1) > np.radians(0.71 * 360 / width)  # farther from a border than a pixel
            assert (seen == self.labels(rays))[inside].all()

    def test_are_never_averaged(self) -> None:
        frame = np.random.default_rng(0).integers(0, 2, (128, 256)).astype(bool)
        source = Source(SourceLayout("er"), 256, 128)
        view = viewport(Direction(12.0, 3.0), 90, 16, 16)
        taken = [Sampler(view, source, interpolation="nearest", antialias=on)(frame) for on in (True, False)]
        assert (taken[0] == taken[1]).all()
