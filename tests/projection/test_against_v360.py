"""Pictures against ffmpeg's v360, whose yaw is positive to the right; pitch and roll have our signs.

Its cubemaps' faces lie as ``RLUDFB`` upright, and its EAC is YouTube's with a border of two pixels.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_waves import LOOKS, Picture, Values, Waves, camera_rays, differ, panorama_rays, some_waves, v360
from worlds import layouts

from yt360_tools.geometry import CUBE_FACES, Direction
from yt360_tools.projection import Source, panorama, sampler, viewport, whole_sphere
from yt360_tools.records import SourceLayout, View

ER = Source(SourceLayout("er"), 640, 320)
EAC_SIZE = (384, 256)
THEIR_CUBES = {"c3x2": "3x2:RLUDFB", "c6x1": "6x1:RLUDFB", "c1x6": "1x6:RLUDFB"}
SIZES = {"c3x2": (240, 160), "c6x1": (480, 80), "c1x6": (80, 480), "eac": EAC_SIZE}


@pytest.fixture(scope="module")
def waves() -> Waves:
    return some_waves()


@pytest.fixture(scope="module")
def er(waves: Waves) -> Picture:
    return waves.drawn_on(panorama_rays(ER.width))


@pytest.fixture(scope="module")
def eac(waves: Waves, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """The picture as ffmpeg lays it down in YouTube's equi-angular cubemap."""
    fine = waves.drawn_on(panorama_rays(960))
    return v360(fine, "input=e:output=eac", *EAC_SIZE, tmp_path_factory.mktemp("eac"))


def their_turn(look: tuple[float, float, float]) -> str:
    return f"yaw={-look[0]}:pitch={look[1]}:roll={look[2]}"


def target(name: str, look: tuple[float, float, float]) -> View:
    """Our name for a whole sphere of theirs, turned."""
    projection = "eac" if name == "eac" else "cubemap"
    return whole_sphere(projection, *SIZES[name], direction=Direction(*look), faces=THEIR_CUBES.get(name, ""))


def drawn(name: str, waves: Waves) -> tuple[Picture, Source]:
    """The picture drawn in one of their layouts by the tests' own, and our name for that."""
    width, height = SIZES[name]
    if name == "eac":
        picture, layout = layouts.youtube_cube(width, height), SourceLayout("eac")
    else:
        picture = layouts.Cube(width, height, int(name[1]), "RLUDFB")
        layout = SourceLayout("cubemap", faces=THEIR_CUBES[name])
    rays = picture.rays(*np.meshgrid(np.arange(width), np.arange(height)))
    return waves.drawn_on(rays), Source(layout, width, height)


def cut(frame: Picture, view: View, source: Source) -> Values:
    return sampler(view, source)(frame).astype(float)


def eac_of(frame: Picture, border_px: tuple[float, float] = (2.0, 2.0)) -> Source:
    return Source(SourceLayout("eac"), frame.shape[1], frame.shape[0], border_px)


class TestFromPanoramas:
    @pytest.mark.parametrize("look", LOOKS)
    def test_viewports(self, look: tuple[float, float, float], er: Picture, tmp_path: Path) -> None:
        view = viewport(Direction(*look), 75, 96, 72)
        options = f"input=e:output=flat:{their_turn(look)}:h_fov=75:v_fov={view.vfov_deg}"
        theirs = v360(er, options, 96, 72, tmp_path)
        assert differ(cut(er, view, ER), theirs) <= 1
        for aside in ((10, 0, 0), (0, 10, 0), (0, 0, 10)):
            other = viewport(Direction(*np.add(look, aside)), 75, 96, 72)
            assert differ(cut(er, other, ER), theirs) > 5

    @pytest.mark.parametrize("name", SIZES)
    @pytest.mark.parametrize("look", [(0.0, 0.0, 0.0), *LOOKS[1:]])
    def test_whole_spheres(self, look: tuple[float, float, float], name: str, er: Picture, tmp_path: Path) -> None:
        theirs = v360(er, f"input=e:output={name}:{their_turn(look)}", *SIZES[name], tmp_path)
        inner = (slice(2, -2), slice(2, -2))
        assert differ(cut(er, target(name, look), ER)[inner], theirs[inner]) <= 1
        other = target(name, (look[0] + 10, look[1], look[2]))
        assert differ(cut(er, other, ER)[inner], theirs[inner]) > 5


class TestFromCubes:
    @pytest.mark.parametrize("name", SIZES)
    @pytest.mark.parametrize("look", [(0.0, 0.0, 0.0), *LOOKS[1:]])
    def test_panoramas(self, look: tuple[float, float, float], name: str, waves: Waves, tmp_path: Path) -> None:
        frame, source = drawn(name, waves)
        theirs = v360(frame, f"input={name}:output=e:{their_turn(look)}", 240, 120, tmp_path)
        ours = whole_sphere("er", 240, 120, direction=Direction(*look))
        assert differ(cut(frame, ours, source), theirs) <= 1
        other = whole_sphere("er", 240, 120, direction=Direction(look[0], look[1], look[2] + 10))
        assert differ(cut(frame, other, source), theirs) > 5

    @pytest.mark.parametrize("name", SIZES)
    def test_viewports(self, name: str, waves: Waves, tmp_path: Path) -> None:
        frame, source = drawn(name, waves)
        view = viewport(Direction(*LOOKS[1]), 75, 96, 72)
        options = f"input={name}:output=flat:{their_turn(LOOKS[1])}:h_fov=75:v_fov={view.vfov_deg}"
        assert differ(cut(frame, view, source), v360(frame, options, 96, 72, tmp_path)) <= 1


class TestTheirHalfPixel:
    """v360 reads a panorama as if its outermost pixel centres were its edges.

    A place x of n pixels, counted from the edge, is read at x (n - 1) / n from the first centre: half a pixel too far
    right (or down) at the first edge, nowhere off in the middle, half a pixel too far left (or up) at the last edge.
    What it writes, and the faces of cubes that it reads, have their pixels where ours are.
    """

    TOOTH, STEP = 8, 30  # gray levels rise by so many a pixel and start again

    @pytest.mark.parametrize("axis", [1, 0], ids=["columns", "rows"])
    def test_is_half_a_pixel_at_the_edges_of_what_it_reads(self, axis: int, tmp_path: Path) -> None:
        theirs = self.displacement(axis, lambda frame: v360(frame, "input=e:output=e", 256, 128, tmp_path))
        size = theirs.size
        edge = (np.arange(size) + 0.5) / size
        usable = np.isfinite(theirs)
        assert np.abs(theirs - (0.5 - edge))[usable].max() < 0.06
        assert theirs[usable][0] > 0.45
        assert theirs[usable][-1] < -0.45

    @pytest.mark.parametrize("axis", [1, 0], ids=["columns", "rows"])
    def test_is_nothing_in_ours(self, axis: int) -> None:
        ours = self.displacement(
            axis, lambda frame: sampler(panorama(256), Source(SourceLayout("er"), 256, 128))(frame)
        )
        assert np.nanmax(np.abs(ours)) < 1e-9

    def displacement(self, axis: int, through: Callable[[Picture], Picture]) -> Values:
        """By how many pixels each column (or row) of a panorama of 256 x 128 is read from further right (or down).

        The gray level tells the place within a tooth; nan beside a tooth's end, where two levels mix.
        """
        size = (128, 256)[axis]
        level = np.arange(size) % self.TOOTH * self.STEP
        frame = np.broadcast_to(level if axis else level[:, None], (128, 256))[..., None].repeat(3, axis=2)
        seen = through(frame.astype(np.uint8))[..., 0].astype(float)
        along = np.median(seen, axis=1 - axis)
        is_inside = (np.arange(size) % self.TOOTH > 0) & (np.arange(size) % self.TOOTH < self.TOOTH - 1)
        return np.where(is_inside, (along - level) / self.STEP, np.nan)


class TestEquiAngularCubemapThatTheyDrew:
    def test_a_panorama_from_it_agrees_with_theirs(self, eac: Picture, tmp_path: Path) -> None:
        theirs = v360(eac, "input=eac:output=e", 240, 120, tmp_path)
        borders = (0.0, 1.0, 2.0, 3.0)
        ours = {px: differ(cut(eac, panorama(240), eac_of(eac, (px, px))), theirs) for px in borders}
        assert min(ours, key=lambda border: ours[border]) == 2
        assert ours[2] <= 1
        assert max(ours.values()) > 1

    @pytest.mark.parametrize("look", LOOKS)
    def test_a_view_equals_the_picture_at_its_rays(
        self, look: tuple[float, float, float], eac: Picture, waves: Waves
    ) -> None:
        truth = waves.at(camera_rays(look, 75, 96, 72))
        view = viewport(Direction(*look), 75, 96, 72)
        errors = {px: differ(cut(eac, view, eac_of(eac, (px, px))), truth) for px in (0.0, 1.0, 2.0, 3.0)}
        assert min(errors, key=lambda border: errors[border]) == 2
        assert errors[2] <= 1

    @pytest.mark.parametrize("face", CUBE_FACES, ids=lambda face: face[0])
    def test_each_face_is_upright(self, face: tuple[str, Direction], eac: Picture, waves: Waves) -> None:
        direction = face[1]
        truth = waves.at(camera_rays((direction.yaw_deg, direction.pitch_deg, 0), 90, 64, 64))
        assert differ(cut(eac, viewport(direction, 90, 64, 64), eac_of(eac)), truth) <= 1

    @pytest.mark.parametrize("face", CUBE_FACES, ids=lambda face: face[0])
    def test_no_face_is_displaced(self, face: tuple[str, Direction], eac: Picture, waves: Waves) -> None:
        """A camera that looks 0.3 degrees aside (half a pixel here is 0.35) fits worse, whichever side."""
        direction = face[1]
        seen = cut(eac, viewport(direction, 90, 64, 64), eac_of(eac))
        errors = {}
        for aside in ((0, 0), (0.3, 0), (-0.3, 0), (0, 0.3), (0, -0.3)):
            look = (direction.yaw_deg + aside[0], direction.pitch_deg + aside[1], 0)
            errors[aside] = differ(seen, waves.at(camera_rays(look, 90, 64, 64)))
        assert min(errors, key=lambda aside: errors[aside]) == (0, 0)

    def test_a_frame_scaled_unevenly_has_two_borders(self, eac: Picture, waves: Waves) -> None:
        """Half as high: two pixels of border at the sides, one above and below."""
        squashed = cv2.resize(eac, (EAC_SIZE[0], EAC_SIZE[1] // 2), interpolation=cv2.INTER_AREA)
        truth = waves.at(camera_rays(LOOKS[0], 75, 96, 72))
        view = viewport(Direction(*LOOKS[0]), 75, 96, 72)
        errors = {
            borders: differ(cut(squashed, view, eac_of(squashed, borders)), truth)
            for borders in ((2.0, 1.0), (2.0, 2.0), (1.0, 1.0), (1.0, 2.0))
        }
        assert min(errors, key=lambda borders: errors[borders]) == (2.0, 1.0)
