"""Views that are coarser than their source: what they lose, they lose without aliasing, and nothing moves."""

from functools import cache

import numpy as np
import pytest
from drawn_edges import HFOV_DEG, SIDE, Minified, minified, psnr, some_shapes
from drawn_waves import LOOKS, Picture, camera_rays, differ, panorama_rays, some_waves

from yt360_tools.geometry import Direction
from yt360_tools.projection import Sampler, Source, cube_views, viewport
from yt360_tools.records import SourceLayout, View

Look = tuple[float, float, float]

EDGE_LOOKS: tuple[Look, ...] = ((-141.0, 22.0, -35.0), (170.0, 13.0, 100.0))
"""The second sees the panorama's seam."""


@cache
def edges(times: int, look: Look) -> Minified:
    return minified(times, look, some_shapes())


@cache
def waves_on(width: int) -> Picture:
    return some_waves().drawn_on(panorama_rays(width))


def panorama_of(width: int, height: int | None = None) -> Source:
    return Source(SourceLayout("er"), width, height or width // 2)


def cut(frame: Picture, view: View, *, antialias: bool = True, interpolation: str = "linear") -> Picture:
    source = panorama_of(frame.shape[1], frame.shape[0])
    return Sampler(view, source, antialias=antialias, interpolation=interpolation)(frame)


class TestHardEdges:
    @pytest.mark.parametrize("look", EDGE_LOOKS)
    @pytest.mark.parametrize("times", [2, 4, 8])
    def test_come_near_sixteen_readings_a_pixel(self, times: int, look: Look) -> None:
        scene = edges(times, look)
        assert psnr(scene.naive, scene.of_source) <= 33.1
        assert psnr(cut(scene.frame, viewport(Direction(*look), HFOV_DEG, SIDE, SIDE)), scene.of_source) >= 38

    @pytest.mark.parametrize("look", EDGE_LOOKS)
    @pytest.mark.parametrize("times", [4, 8])
    def test_come_near_the_scene_itself(self, times: int, look: Look) -> None:
        scene = edges(times, look)
        assert psnr(scene.naive, scene.of_scene) <= 33
        assert psnr(cut(scene.frame, viewport(Direction(*look), HFOV_DEG, SIDE, SIDE)), scene.of_scene) >= 38

    @pytest.mark.parametrize("look", EDGE_LOOKS)
    def test_at_twice_the_scene_is_better_seen_too(self, look: Look) -> None:
        """The source has only four samples a pixel of the view: no more can be had of it than some 4 decibels."""
        scene = edges(2, look)
        seen = cut(scene.frame, viewport(Direction(*look), HFOV_DEG, SIDE, SIDE))
        assert psnr(seen, scene.of_scene) >= psnr(scene.naive, scene.of_scene) + 2.5

    def test_beside_a_pole_where_columns_are_denser_than_rows(self) -> None:
        look = (37.0, -52.0, 15.0)
        scene = edges(4, look)
        seen = cut(scene.frame, viewport(Direction(*look), HFOV_DEG, SIDE, SIDE))
        assert psnr(seen, scene.of_source) >= psnr(scene.naive, scene.of_source) + 7

    @pytest.mark.parametrize("interpolation", ["cubic", "lanczos"])
    def test_other_interpolations_read_the_averaged_picture_too(self, interpolation: str) -> None:
        scene = edges(4, EDGE_LOOKS[0])
        view = viewport(Direction(*EDGE_LOOKS[0]), HFOV_DEG, SIDE, SIDE)
        seen = cut(scene.frame, view, interpolation=interpolation)
        assert psnr(seen, scene.of_source) >= psnr(scene.naive, scene.of_source) + 5


class TestFinePatterns:
    @pytest.mark.parametrize("width", [512, 640, 1024, 2048])
    def test_become_their_mean(self, width: int) -> None:
        """A checkerboard of single pixels: what reads it as it is sees any pattern but grey."""
        rows, columns = np.indices((width // 2, width))
        board = ((rows + columns) % 2 * 255).astype(np.uint8)
        for look in LOOKS:
            view = viewport(Direction(*look), 60, 40, 30)
            assert cut(board, view, antialias=False).std() > 20
            assert np.abs(cut(board, view).astype(float) - 127.5).max() < 25
            assert cut(board, view).mean() == pytest.approx(127.5, abs=1.5)


class TestSmoothPictures:
    @pytest.mark.parametrize("width", [320, 500, 642, 1280, 2000])
    @pytest.mark.parametrize("look", [*LOOKS, (180.0, 0.0, 0.0), (20.0, 90.0, 0.0), (-75.0, -88.0, 40.0)])
    def test_do_not_move_and_have_no_seam(self, look: Look, width: int) -> None:
        """Half a pixel of the coarsest source is 0.56 degrees, and costs 2 grey levels in the mean."""
        seen = cut(waves_on(width), viewport(Direction(*look), 75, 64, 48)).astype(float)
        error = np.abs(seen - some_waves().at(camera_rays(look, 75, 64, 48)))
        assert error.mean() < 0.8
        assert error.max() < 4

    @pytest.mark.parametrize("kind", [np.float32, np.uint16])
    def test_of_other_types_are_averaged_alike(self, kind: type) -> None:
        frame = waves_on(640)
        view = viewport(Direction(*LOOKS[0]), 75, 48, 36)
        assert np.abs(cut(frame.astype(kind), view).astype(float) - cut(frame, view)).max() <= 1.6

    def test_as_fine_as_the_view_are_read_as_they_are(self) -> None:
        frame = waves_on(320)
        view = viewport(Direction(*LOOKS[0]), 75, 128, 96)
        assert (cut(frame, view) == cut(frame, view, antialias=False)).all()

    @pytest.mark.parametrize("turn", [8, 64, 200])
    def test_rolled_on_look_the_same(self, turn: int) -> None:
        """Every pixel and every average knows its neighbours over the panorama's ends."""
        frame = np.random.default_rng(1).integers(0, 256, (256, 512), np.uint8)
        looks = (180.0, 12.0, 20.0), (176.0, -75.0, 0.0)
        for yaw, pitch, roll in looks:
            there = viewport(Direction(yaw - turn * 360 / 512, pitch, roll), 70, 32, 24)
            here = viewport(Direction(yaw, pitch, roll), 70, 32, 24)
            apart = np.abs(cut(np.roll(frame, turn, axis=1), there).astype(int) - cut(frame, here))
            assert apart.max() <= 3  # a 32nd of a pixel may be rounded otherwise
            assert apart.mean() < 0.05


class TestEverySource:
    @pytest.mark.parametrize(
        ("layout", "size"),
        [
            (SourceLayout("eac"), (768, 512)),
            (SourceLayout("eac", "left-right"), (1024, 768)),
            (SourceLayout("cubemap", faces="3x2:RLUDFB:012301"), (768, 512)),
            (SourceLayout("cubemap", faces="6x1:FRBLUD"), (1530, 255)),
            (SourceLayout("er", "top-bottom"), (768, 768)),
            (SourceLayout("er", "left-right"), (1010, 300)),
            (SourceLayout("er", bounds=(0.1, 0.0, 0.0, 0.2), pose_deg=(30.0, 10.0, -20.0)), (768, 400)),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_is_averaged_within_its_patches_and_over_their_edges(
        self, layout: SourceLayout, size: tuple[int, int]
    ) -> None:
        """Of one colour a sphere stays one colour, whatever lies between and beside its patches."""
        source = Source(layout, *size)
        frame, noise = np.full((size[1], size[0]), 90, np.uint8), 90 + np.random.default_rng(0).normal(size=size[::-1])
        for view in (*cube_views(32), viewport(Direction(45.0, 35.0, 10.0), 100, 24, 24)):
            taken = Sampler(view, source, antialias=True, fill=90)
            assert (taken(frame) == 90).all()
            assert taken(noise).std() < 0.8 * Sampler(view, source, fill=90)(noise).std()


class TestSeveralViews:
    def test_are_cut_together(self) -> None:
        frame = waves_on(640)
        views = cube_views(40)
        together = Sampler(views, panorama_of(640), antialias=True)(frame)
        assert together.shape == (6, 40, 40, 3)
        for seen, view in zip(together, views, strict=True):
            assert differ(seen, cut(frame, view)) < 0.5

    def test_of_a_batch_come_frame_by_frame(self) -> None:
        frames = np.random.default_rng(0).integers(0, 256, (2, 64, 128, 3), np.uint8)
        views = [viewport(Direction(yaw), 70, 20, 10) for yaw in (10.0, -170.0, 95.0)]
        seen = Sampler(views, panorama_of(128))(frames)
        assert seen.shape == (2, 3, 10, 20, 3)
        assert (seen[1, 2] == cut(frames[1], views[2], antialias=False)).all()
