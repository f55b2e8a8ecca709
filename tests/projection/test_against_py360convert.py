"""Pictures against py360convert: its yaw is positive to the right, its in-plane turn has the sign of our roll.

Where it puts pixels is not where we do, by half a pixel at most; the last class measures that.
"""

from collections.abc import Callable

import numpy as np
import py360convert
import pytest
from drawn_waves import LOOKS, Picture, Values, Waves, differ, panorama_rays, some_waves
from worlds import layouts

from yt360_tools.geometry import CUBE_FACES, Direction
from yt360_tools.projection import Source, cube_views, sampler, viewport, whole_sphere
from yt360_tools.records import SourceLayout, View

ER = Source(SourceLayout("er"), 320, 160)  # coarse on purpose: half a pixel must show
FACES_IN_A_ROW = "6x1:FRBLUD"
CUBE = Source(SourceLayout("cubemap", faces=FACES_IN_A_ROW), 1920, 320)
OURS_OF_THE_CUBE = layouts.Cube(CUBE.width, CUBE.height, 6, "FRBLUD")


@pytest.fixture(scope="module")
def waves() -> Waves:
    return some_waves()


@pytest.fixture(scope="module")
def er(waves: Waves) -> Picture:
    return waves.drawn_on(panorama_rays(ER.width))


@pytest.fixture(scope="module")
def cube(waves: Waves) -> Picture:
    columns, rows = np.meshgrid(np.arange(CUBE.width), np.arange(CUBE.height))
    return waves.drawn_on(OURS_OF_THE_CUBE.rays(columns, rows))


def cut(frame: Picture, view: View, source: Source) -> Values:
    return sampler(view, source)(frame).astype(float)


class TestPanoramaToViewport:
    @pytest.mark.parametrize("look", LOOKS)
    def test_agrees(self, look: tuple[float, float, float], er: Picture) -> None:
        view = viewport(Direction(*look), 75, 96, 72)
        other = py360convert.e2p(er, (75, view.vfov_deg), -look[0], look[1], (72, 96), in_rot_deg=look[2])
        assert differ(cut(er, view, ER), other) <= 1

    @pytest.mark.parametrize("wrong", [(10, 0, 0), (0, 10, 0), (0, 0, 10)], ids=["yaw", "pitch", "roll"])
    @pytest.mark.parametrize("look", LOOKS)
    def test_notices_another_look(
        self, look: tuple[float, float, float], wrong: tuple[float, float, float], er: Picture
    ) -> None:
        view = viewport(Direction(*look), 75, 96, 72)
        yaw, pitch, roll = np.add(look, wrong)
        other = py360convert.e2p(er, (75, view.vfov_deg), -yaw, pitch, (72, 96), in_rot_deg=roll)
        assert differ(cut(er, view, ER), other) > 5

    def test_a_vertical_opening_of_its_own(self, er: Picture) -> None:
        view = viewport(Direction(*LOOKS[1]), 75, 96, 72, vfov_deg=80)
        yaw, pitch, roll = LOOKS[1]
        other = py360convert.e2p(er, (75, 80), -yaw, pitch, (72, 96), in_rot_deg=roll)
        assert differ(cut(er, view, ER), other) <= 1


class TestPanoramaToCube:
    def test_faces_agree(self, er: Picture) -> None:
        faces = py360convert.e2c(er, face_w=64, cube_format="dict")
        for (name, _), view in zip(CUBE_FACES, cube_views(64), strict=True):
            assert differ(cut(er, view, ER), faces[name]) <= 1, name

    @pytest.mark.parametrize("flip", [np.fliplr, np.flipud, np.rot90], ids=lambda flip: flip.__name__)
    def test_no_face_agrees_when_it_is_turned(self, flip: Callable[[Values], Values], er: Picture) -> None:
        faces = py360convert.e2c(er, face_w=64, cube_format="dict")
        for (name, _), view in zip(CUBE_FACES, cube_views(64), strict=True):
            assert differ(flip(cut(er, view, ER)), faces[name]) > 5, name

    def test_all_in_one_picture(self, er: Picture) -> None:
        faces = py360convert.e2c(er, face_w=64, cube_format="dict")
        theirs = np.concatenate([faces[name] for name in "FRBLUD"], axis=1)
        assert differ(cut(er, whole_sphere("cubemap", 384, 64, faces=FACES_IN_A_ROW), ER), theirs) <= 1


def their_panorama(cube: Picture, width: int) -> Picture:
    faces = dict(zip("FRBLUD", np.split(cube, 6, axis=1), strict=True))
    return py360convert.c2e(faces, width // 2, width, cube_format="dict")


class TestCubeToPanorama:
    def test_agrees(self, cube: Picture) -> None:
        ours = cut(cube, whole_sphere("er", 480, 240), CUBE)
        theirs = their_panorama(cube, 480)
        assert differ(ours, theirs) <= 1
        for flip in (np.fliplr, np.flipud):
            assert differ(flip(ours), theirs) > 5

    @pytest.mark.parametrize("look", LOOKS)
    def test_a_view_agrees_with_theirs_through_a_panorama(
        self, look: tuple[float, float, float], cube: Picture
    ) -> None:
        """They have no single step from a cube to a view."""
        view = viewport(Direction(*look), 75, 96, 72)
        between = their_panorama(cube, 960)
        theirs = py360convert.e2p(between, (75, view.vfov_deg), -look[0], look[1], (72, 96), in_rot_deg=look[2])
        assert differ(cut(cube, view, CUBE), theirs) <= 1


class TestTheirHalfPixel:
    """In what it draws, the centres of the outermost pixels lie on the edges: half a pixel outside of ours.

    A panorama is read at our places. The faces of a cube are read half a pixel too far to the right and down.
    """

    @pytest.mark.parametrize("look", LOOKS)
    def test_a_viewport_is_ours_with_an_opening_of_one_pixel_more(
        self, look: tuple[float, float, float], er: Picture
    ) -> None:
        width, height, hfov_deg, vfov_deg = 96, 72, 75.0, 60.0
        theirs = py360convert.e2p(er, (hfov_deg, vfov_deg), -look[0], look[1], (height, width), in_rot_deg=look[2])
        hfov_edges, vfov_edges = opened_to_edges(hfov_deg, width), opened_to_edges(vfov_deg, height)
        same = differ(cut(er, viewport(Direction(*look), hfov_edges, width, height, vfov_edges), ER), theirs)
        assert same < 0.1
        assert differ(cut(er, viewport(Direction(*look), hfov_deg, width, height, vfov_deg), ER), theirs) > 2 * same

    def test_so_is_a_cubes_face(self, er: Picture) -> None:
        faces = py360convert.e2c(er, face_w=64, cube_format="dict")
        for name, direction in CUBE_FACES:
            ours = viewport(direction, opened_to_edges(90, 64), 64, 64)
            assert differ(cut(er, ours, ER), faces[name]) < 0.1, name

    def test_a_panorama_of_a_cube(self, cube: Picture, waves: Waves) -> None:
        """Drawn from the truth at the places said above; rounding alone costs a quarter of a grey level."""
        width = 480
        azimuth, elevation = np.linspace(180, -180, width), np.linspace(90, -90, width // 2)[:, None]
        rays = layouts.ray_at(azimuth + 0 * elevation, elevation + 0 * azimuth)
        columns, rows = OURS_OF_THE_CUBE.pixels(rays)
        read_at = OURS_OF_THE_CUBE.rays(columns + 0.5, rows + 0.5)
        theirs = their_panorama(cube, width)
        assert differ(waves.at(read_at), theirs) < 0.3
        assert differ(waves.at(rays), theirs) > 0.4
        assert differ(waves.at(panorama_rays(width)), theirs) > 0.5


def opened_to_edges(opening_deg: float, pixels: int) -> float:
    """The opening at whose edge the outermost pixel ends that is centred on the edge of `opening_deg`."""
    return float(np.degrees(2 * np.arctan(np.tan(np.radians(opening_deg) / 2) * pixels / (pixels - 1))))
