"""What is drawn: viewports and whole spheres, and the rays through their pixels."""

import numpy as np
import pytest
from drawn_waves import LOOKS, Values, camera_rays
from worlds import layouts
from worlds.layouts import unit

from yt360_tools.errors import UsageError
from yt360_tools.geometry import CUBE_FACES, Direction
from yt360_tools.projection import (
    as_source,
    check_er_shape,
    cube_views,
    panorama,
    source_pixels,
    view_rays,
    viewport,
    whole_sphere,
)

LOOK = (-141.0, 52.0, -35.0)
TURNED = Direction(*LOOK)


def pixel_grid(width: int, height: int) -> tuple[Values, Values]:
    return np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))


class TestViewports:
    @pytest.mark.parametrize("hfov_deg", [0, 180, -10, 360, float("nan")])
    def test_an_impossible_opening_angle_is_refused(self, hfov_deg: float) -> None:
        with pytest.raises(UsageError, match=f"hfov must lie between 0 and 180.*got {hfov_deg:g}"):
            viewport(Direction(0), hfov_deg, 16, 16)
        with pytest.raises(UsageError, match="vfov must lie between 0 and 180"):
            viewport(Direction(0), 90, 16, 16, hfov_deg)

    @pytest.mark.parametrize("size", [(0, 16), (16, 0)])
    def test_a_view_without_pixels_is_refused(self, size: tuple[int, int]) -> None:
        with pytest.raises(UsageError, match="pixel"):
            viewport(Direction(0), 90, *size)

    def test_a_direction_is_of_numbers(self) -> None:
        with pytest.raises(UsageError, match="finite"):
            viewport(Direction(0, float("nan")), 90, 16, 16)
        with pytest.raises(UsageError, match="finite"):
            whole_sphere("er", 32, 16, direction=Direction(float("inf")))

    def test_a_viewports_height_opens_as_its_aspect_says(self) -> None:
        assert viewport(Direction(0), 90, 200, 100).vfov_deg == pytest.approx(53.130102)

    def test_or_as_it_is_told(self) -> None:
        """A pixel less than the half of 64 rows above the middle: 31.5 / 32 of the tangent of 20 degrees."""
        view = viewport(Direction(0), 90, 200, 64, vfov_deg=40)
        top = view_rays(view)[0, 100]
        assert view.vfov_deg == 40
        assert top[2] / top[0] == pytest.approx(31.5 / 32 * np.tan(np.radians(20)))

    @pytest.mark.parametrize("look", LOOKS)
    def test_rays_are_those_of_a_camera(self, look: tuple[float, float, float]) -> None:
        rays = view_rays(viewport(Direction(*look), 75, 12, 8))
        assert rays == pytest.approx(camera_rays(look, 75, 12, 8), abs=1e-9)

    def test_a_cube_is_six_of_them(self) -> None:
        assert cube_views(32) == tuple(viewport(direction, 90, 32, 32) for _, direction in CUBE_FACES)


class TestPanoramas:
    @pytest.mark.parametrize("width", [0, -4, 2, 447, 450])
    def test_a_panoramas_width_is_a_multiple_of_four(self, width: int) -> None:
        with pytest.raises(UsageError, match=f"got {width}"):
            panorama(width)

    def test_a_panorama_is_twice_as_wide_as_high(self) -> None:
        view = panorama(448)
        assert (view.projection, view.width, view.height, view.hfov_deg, view.vfov_deg) == ("er", 448, 224, 360, 180)
        assert view == whole_sphere("er", 448, 224)


class TestWholeSpheres:
    @pytest.mark.parametrize(
        ("projection", "faces", "picture"),
        [
            ("er", "", layouts.Globe(90, 31)),
            ("eac", "", layouts.youtube_cube(130, 84)),
            ("cubemap", "", layouts.Cube(96, 64, 3, "FRBLUD")),
            ("cubemap", "3x2:RLUDFB:012301", layouts.Cube(96, 64, 3, "RLUDFB", "012301")),
            ("cubemap", "6x1:FRBLUD", layouts.Cube(96, 20, 6, "FRBLUD")),
            ("cubemap", "1x6:UFRBLD:300000", layouts.Cube(16, 96, 1, "UFRBLD", "300000")),
        ],
    )
    def test_rays_are_those_of_the_tests_own_layouts(
        self, projection: str, faces: str, picture: layouts.Picture
    ) -> None:
        view = whole_sphere(projection, picture.width, picture.height, direction=TURNED, faces=faces)
        wanted = layouts.Posed(picture, LOOK).rays(*pixel_grid(picture.width, picture.height))
        assert np.abs(unit(view_rays(view)) - wanted).max() < 1e-9
        level = whole_sphere(projection, picture.width, picture.height, faces=faces)
        assert np.abs(unit(view_rays(level)) - picture.rays(*pixel_grid(picture.width, picture.height))).max() < 1e-9

    @pytest.mark.parametrize("projection", ["er", "cubemap"])
    def test_what_is_drawn_is_read_at_its_pixels(self, projection: str) -> None:
        view = whole_sphere(projection, 96, 64, direction=TURNED)
        found = source_pixels(view_rays(view), as_source(view))
        columns, rows = pixel_grid(96, 64)
        assert np.abs(found.columns - columns).max() < 1e-6
        assert np.abs(found.rows - rows).max() < 1e-6

    def test_around_an_equi_angular_cubemap_the_faces_go_on(self) -> None:
        """In the border, two pixels wide, no ray of the faces is seen again, and no step is larger than inside."""
        rays = unit(view_rays(whole_sphere("eac", 124, 84)))
        for row in (0, 42):
            down = np.linalg.norm(np.diff(rays[row : row + 42], axis=0), axis=-1)
            along = np.linalg.norm(np.diff(rays[row : row + 42], axis=1), axis=-1)
            for steps in (down, along.T):
                assert steps.max() < 1.1 * steps[2:-2].max()
                assert steps.min() > 0.5 * steps[2:-2].min()
        found = source_pixels(rays, as_source(whole_sphere("eac", 124, 84)))
        rows = np.arange(84)
        border = np.isin(rows % 42, (0, 1, 40, 41))
        assert np.abs(found.rows[:, 2:-2] - rows[:, None])[~border].max() < 1e-6
        assert (np.abs(found.rows - rows[:, None])[border] > 1).all()

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (("mesh", 96, 64), r"'mesh'.*er, eac, cubemap"),
            (("er", 0, 64), "got 0 x 64"),
            (("cubemap", 97, 64), r"3 x 2 faces.*got 97 x 64"),
            (("cubemap", 96, 65), r"got 96 x 65"),
            (("eac", 96, 65), r"even height; got 96 x 65"),
            (("eac", 96, 8), "leaves no face a whole pixel"),
        ],
    )
    def test_that_cannot_be(self, given: tuple[str, int, int], said: str) -> None:
        with pytest.raises(UsageError, match=said):
            whole_sphere(*given)

    def test_faces_are_a_cubemaps(self) -> None:
        with pytest.raises(UsageError, match="faces belong to a cubemap"):
            whole_sphere("eac", 96, 64, faces="3x2:FRBLUD")
        with pytest.raises(UsageError, match=r"once each.*'3x2:FRONT'"):
            whole_sphere("cubemap", 96, 64, faces="3x2:FRONT")


class TestShapesOfEquirectangularFiles:
    @pytest.mark.parametrize(
        ("width", "height", "more"),
        [
            (3840, 1920, {}),
            (1440, 720, {}),
            (1432, 720, {}),  # a few pixels
            (3840, 1936, {}),
            (3840, 1440, {"bounds": (0.125, 0.125, 0.0, 0.0)}),
            (1920, 1920, {"bounds": (0.0, 0.0, 0.25, 0.25)}),
            (3840, 3840, {"stereo": "top-bottom"}),
            (3840, 1920, {"stereo": "top-bottom"}),  # each eye squashed
            (3840, 960, {"stereo": "right-left"}),
        ],
    )
    def test_are_twice_as_wide_as_high(self, width: int, height: int, more: dict[str, object]) -> None:
        check_er_shape(width, height, **more)

    @pytest.mark.parametrize(
        ("width", "height", "more", "said"),
        [
            (1920, 1080, {}, "got 1920 x 1080"),
            (3840, 2560, {}, r"twice as wide as high.*got 3840 x 2560"),
            (3840, 1920, {"bounds": (0.125, 0.125, 0.0, 0.0)}, r"3840 x 2560 with the missing parts"),
            (1920, 1920, {"stereo": "left-right"}, "each eye of a left-right picture"),
            (1920, 1920, {}, "bounds if it is cropped"),
        ],
    )
    def test_others_are_refused(self, width: int, height: int, more: dict[str, object], said: str) -> None:
        with pytest.raises(UsageError, match=said):
            check_er_shape(width, height, **more)

    def test_the_way_out_is_said(self) -> None:
        with pytest.raises(UsageError, match=r"stretched on purpose: --stretched$"):
            check_er_shape(1920, 1080, on_purpose="--stretched")
