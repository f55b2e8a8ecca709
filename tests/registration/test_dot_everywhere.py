"""The test that decides, at the level of rays: a dot and a sound in one direction, through every layout to every view.

The dot's place in the source's frame, and its direction in the picture that is made, are `worlds.layouts`'; its sound
before and after is `worlds.plane_waves`'. Neither imports the project. 1,000 directions a pair of layouts, each met to
a millionth of a pixel, its sound to 1e-6; `test_dot_in_pictures` shows the same in pictures.
"""

import functools

import numpy as np
import pytest
from dot_cases import FACES, INPUTS, LOOKS, OUTPUTS, Input, Look, Output, Values, scattered
from worlds.layouts import Frame, Pinhole, camera_axes, ray_at, seen_by, unit
from worlds.plane_waves import LEFT_RIGHT, encoded

from yt360_tools.ambisonics import channel_matrix, mirror, rotate
from yt360_tools.geometry import Direction
from yt360_tools.projection import Source, SourcePixels, cube_views, source_pixels, view_rays, viewport

COUNT = 1000
MOST_PX = 1e-6
MOST_SOUND = 1e-6
ORDERS = (1, 2, 3)

each_input = pytest.mark.parametrize("source_of", INPUTS, ids=lambda case: case.name)
each_look = pytest.mark.parametrize("look", LOOKS, ids=str)
each_output = pytest.mark.parametrize(
    ("output", "mirrored"),
    [(output, mirrored) for output in OUTPUTS for mirrored in (False, True) if output.flips or not mirrored],
    ids=lambda case: case.name if isinstance(case, Output) else ("mirrored" if case else "as it is"),
)


def apart_px(found: SourcePixels, frame: Frame, wanted: Values, eye: str) -> Values:
    """How many pixels lie between unit vectors (n, 3) and what the frame was drawn with at the found positions.

    Told on the sphere, so that a seam, a pole or an edge, where one direction is drawn in several places, is no
    exception. Pixels are those of the picture's densest degree at least. Beyond the eye's picture is infinitely far. On
    the line between two faces of a frame that are no neighbours, either side may be meant.
    """
    picture = frame.eyes[eye][0]
    apart = np.full(found.columns.shape, np.inf)
    for beside in _BESIDE_PX:
        drawn = frame.seen_at(found.columns + beside[0], found.rows + beside[1], eye)
        degrees = np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(drawn - wanted, axis=-1) / 2, 0, 1)))
        apart = np.fmin(apart, degrees * max(picture.width, picture.height) / 90)
    return apart


_BESIDE_PX = [(0.0, 0.0), *((across, down) for across in (-1e-7, 1e-7) for down in (-1e-7, 1e-7))]


class TestDotInTheMiddle:
    """1,000 viewports, each with its own yaw, pitch, roll, opening and aspect, look at 1,000 dots."""

    @each_input
    def test_is_read_where_it_was_drawn(self, source_of: Input) -> None:
        middles = np.array([ray for _, ray in _middles()])
        wanted = np.array([camera_axes(look)[0] for look, _ in _middles()])
        for eye in source_of.eyes:
            found = source_pixels(middles, source_of.source(eye))
            there = np.isfinite(source_of.frame.pixels(wanted, eye)[0])
            assert (found.inside[40:] == there[40:]).all(), "the first ones lie on edges"
            assert there.sum() > 500
            assert apart_px(found, source_of.frame, wanted, eye)[found.inside].max() < MOST_PX

    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("mirrored", [False, True])
    def test_comes_from_the_front(self, order: int, mirrored: bool) -> None:
        """W and X are the source, Y and Z nothing; higher orders as a wave from the front has them."""
        front = encoded(np.array([1.0, 0, 0]), order)
        for look, _ in _middles():
            matrix = channel_matrix(Direction(*look), mirrored=mirrored, order=order)
            heard = matrix @ encoded(camera_axes(look)[0], order)
            assert np.abs(heard - front).max() < MOST_SOUND


@functools.cache
def _middles() -> list[tuple[Look, Values]]:
    """Where each view looks, and the ray of its middle pixel."""
    rng = np.random.default_rng(3)
    found = []
    for yaw, pitch in scattered(COUNT, seed=4):
        look = (float(yaw), float(pitch), float(rng.uniform(-180, 180)))
        width, height = (int(side) for side in 2 * rng.integers(1, 4, 2) + 1)
        view = viewport(Direction(*look), float(rng.uniform(20, 120)), width, height)
        found.append((look, view_rays(view)[height // 2, width // 2]))
    return found


@each_output
class TestDotAnywhere:
    """1,000 dots at places all over a picture that looks in a generic direction, rolled; three such directions."""

    @each_input
    def test_is_read_where_it_was_drawn(self, source_of: Input, output: Output, mirrored: bool) -> None:
        for look in LOOKS:
            _, world, rays = _places(output, look, mirrored)
            for eye in source_of.eyes:
                found = source_pixels(rays, source_of.source(eye))
                there = np.isfinite(source_of.frame.pixels(world, eye)[0])
                assert (found.inside == there).all()
                assert apart_px(found, source_of.frame, world, eye)[there].max() < MOST_PX

    @pytest.mark.parametrize("order", ORDERS)
    def test_is_heard_where_it_is_seen(self, order: int, output: Output, mirrored: bool) -> None:
        for look in LOOKS:
            shown, world, _ = _places(output, look, mirrored)
            matrix = channel_matrix(output.view(Direction(*look)).direction, mirrored=mirrored, order=order)
            assert np.abs(encoded(world, order) @ matrix.T - encoded(shown, order)).max() < MOST_SOUND


@functools.cache
def _places(output: Output, look: Look, mirrored: bool) -> tuple[Values, Values, Values]:
    """1,000 pixels of a picture: where the picture's owner sees a dot there, where in the world it is, and the rays
    that the project gives the pixels.

    A mirrored picture is the other one flipped: a dot seen on its left is on the right of who looks.
    """
    picture = output.picture
    rng = np.random.default_rng(5)
    columns, rows = rng.integers(0, picture.width, COUNT), rng.integers(0, picture.height, COUNT)
    rays = view_rays(output.view(Direction(*look)))
    assert rays.shape == (picture.height, picture.width, 3)
    seen = picture.rays(columns, rows)
    world = unit((seen * [1, -1, 1] if mirrored else seen) @ camera_axes(look))
    return seen, world, (rays[:, ::-1] if mirrored else rays)[rows, columns]


@each_input
def test_every_face_of_a_cube_shows_its_side(source_of: Input) -> None:
    rows, columns = np.mgrid[:17, :17]
    shown = Pinhole(17, 17, 90, 90).rays(columns, rows).reshape(-1, 3)
    for view, (name, direction) in zip(cube_views(17), FACES.items(), strict=True):
        world = shown @ camera_axes((direction.yaw_deg, direction.pitch_deg, 0))
        found = source_pixels(view_rays(view).reshape(-1, 3), source_of.source("left"))
        apart = apart_px(found, source_of.frame, world, "left")
        assert apart[found.inside].max() < MOST_PX, name


def test_each_eye_of_two_sees_its_own_picture() -> None:
    """No direction is read in the other eye's half, and the halves are those that the layout names."""
    rays = ray_at(*scattered(COUNT, seed=6)[40:].T)  # the first ones lie on edges
    for case in INPUTS:
        if case.layout.stereo == "mono":
            continue
        axis, size = ("columns", case.frame.width) if "left" in case.layout.stereo else ("rows", case.frame.height)
        first = case.layout.stereo.split("-")[0] in ("left", "top")
        for eye in case.eyes:
            at = getattr(source_pixels(rays, case.source(eye)), axis)
            assert ((at < size / 2 - 0.5) == (first == (eye == "left"))).all(), (case.name, eye)


@each_look
class TestMirroredPanorama:
    """Flipping a whole panorama left to right mirrors the scene, and negates yaw and roll of what looks at it."""

    def test_picture(self, look: Look) -> None:
        width, height = 360, 180
        source = Source(INPUTS[0].layout, width, height)
        yaw, pitch, roll = look
        rays = view_rays(viewport(Direction(*look), 71, 24, 18))
        there = source_pixels(rays[:, ::-1], source)  # the mirrored crop of the scene as it is
        here = source_pixels(view_rays(viewport(Direction(-yaw, pitch, -roll), 71, 24, 18)), source)
        flipped = width - 1 - here.columns  # the mirrored panorama's columns
        aside = np.abs(flipped - there.columns)
        assert np.minimum(aside, width - aside).max() < MOST_PX
        assert np.abs(here.rows - there.rows).max() < MOST_PX

    @pytest.mark.parametrize("order", ORDERS)
    def test_sound(self, look: Look, order: int) -> None:
        yaw, pitch, roll = look
        rays = ray_at(*scattered(COUNT, seed=7).T)
        scene = encoded(rays, order).T
        of_the_mirrored = rotate(mirror(scene), Direction(-yaw, pitch, -roll))
        seen = seen_by(camera_axes(look), rays) * [1, -1, 1]
        assert np.abs(of_the_mirrored - encoded(seen, order).T).max() < MOST_SOUND

    def test_one_negated_without_the_other_is_wrong(self, look: Look) -> None:
        yaw, pitch, roll = look
        scene = encoded(ray_at(*scattered(50, seed=8).T), 1).T
        wanted = mirror(rotate(scene, Direction(*look)))
        for wrong in ((-yaw, pitch, roll), (yaw, pitch, -roll), (-yaw, -pitch, -roll)):
            assert np.abs(rotate(mirror(scene), Direction(*wrong)) - wanted).max() > 0.1


@pytest.mark.parametrize("order", ORDERS)
def test_a_mirror_negates_what_is_odd_in_left_and_right(order: int) -> None:
    rays = ray_at(*scattered(COUNT, seed=9).T)
    mirrored = mirror(encoded(rays, order).T)
    assert np.abs(mirrored - encoded(rays * [1, -1, 1], order).T).max() < 1e-12
    negated = [channel for channel in LEFT_RIGHT if channel < (order + 1) ** 2]
    assert np.flatnonzero((mirror(np.ones(((order + 1) ** 2, 1))) < 0)[:, 0]).tolist() == negated


def test_the_vertical_opening_is_the_true_one() -> None:
    """Half a pixel above the first row's centre the view ends, `vfov` from where it ends below."""
    for width, height, hfov, vfov in ((31, 45, 38.0, 104.0), (45, 31, 100.0, None), (20, 20, 90.0, None)):
        view = viewport(Direction(0.0), hfov, width, height, vfov)
        rays = view_rays(view)
        up = rays[:, width // 2, 2] / rays[:, width // 2, 0]
        edge = up[0] + (up[0] - up[1]) / 2
        assert 2 * np.degrees(np.arctan(edge)) == pytest.approx(view.vfov_deg)
        if vfov is None:  # square pixels: as many a unit of the image plane both ways
            left = rays[height // 2, :, 1] / rays[height // 2, :, 0]
            assert up[0] - up[1] == pytest.approx(left[0] - left[1])
        else:
            assert view.vfov_deg == vfov
