"""The scenes that the proofs stand on, held against positions worked out by hand from the conventions page."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from dot_cases import INPUTS, OUTPUTS, Input, scattered
from worlds.layouts import Cube, Globe, OnItsSide, Picture, Pinhole, Posed, camera_axes, one, ray_at, two, youtube_cube
from worlds.plane_waves import encoded

EAC = youtube_cube(304, 208)  # border 2: faces 100 wide and 100 high
CBMP = Cube(300, 200, 3, "RLUDFB", "002200")
HALF = 22.5
"""A quarter of an equi-angular face from its middle."""


@pytest.mark.parametrize(
    ("picture", "azimuth", "elevation", "column", "row"),
    [
        (Globe(8, 4), 0, 0, 3.5, 1.5),
        (Globe(8, 4), 90, 0, 1.5, 1.5),
        (Globe(8, 4), 157.5, 67.5, 0, 0),
        (Globe(8, 4), -157.5, -67.5, 7, 3),
        (Globe(60, 70, (0.25, 0.05, 0.15, 0.25)), 0, 0, 34.5, 24.5),  # of 100 x 100, 15 and 25 of them missing
        (Globe(60, 70, (0.25, 0.05, 0.15, 0.25)), 126, 45, -0.5, -0.5),  # its upper left corner
        (EAC, 90, 0, 51.5, 51.5),
        (EAC, 0, 0, 151.5, 51.5),
        (EAC, -90, 0, 251.5, 51.5),
        (EAC, HALF, 0, 126.5, 51.5),
        (EAC, 0, HALF, 151.5, 26.5),
        (EAC, 60, -90, 51.5, 155.5),
        (EAC, 0, -90 + HALF, 26.5, 155.5),  # down: its top, the front, is turned to the left
        (EAC, 90, -90 + HALF, 51.5, 180.5),  # and its left to the bottom
        (EAC, 180, 0, 151.5, 155.5),
        (EAC, 180, HALF, 176.5, 155.5),  # back: its top is turned to the right
        (EAC, 180 - HALF, 0, 151.5, 180.5),  # and its right, our left, to the bottom
        (EAC, 0, 90, 251.5, 155.5),
        (EAC, 0, 90 - HALF, 276.5, 155.5),  # up: its bottom, the front, is turned to the right
        (EAC, 90, 90 - HALF, 251.5, 180.5),
        (OnItsSide(EAC), 0, HALF, 26.5, 151.5),  # turned counter-clockwise, up is to the left
        (OnItsSide(EAC), 90, 0, 51.5, 251.5),  # and the left at the bottom
        (CBMP, -90, 0, 49.5, 49.5),
        (CBMP, 0, 89, 249.5, 48.62725),  # the top of up is front: 50 tan(1 degree) above its middle
        (CBMP, 180, -89, 49.5, 148.62725),  # the top of down is back
        (Cube(600, 100, 6, "FRBLUD", "010000"), -90, 26.565051177, 174.5, 49.5),  # right's top is turned to the right
        (Pinhole(100, 50, 90, 53.130102354), 26.565051177, 0, 24.5, 24.5),  # tan 26.57 = 1 / 2
        (Pinhole(100, 50, 90, 53.130102354), 0, 14.036243468, 49.5, 12.0),
        (Posed(Globe(8, 4), (90, 0, 0)), 90, 0, 3.5, 1.5),
        (Posed(Globe(8, 4), (0, 45, 0)), 0, 45, 3.5, 1.5),
        (Posed(Globe(8, 4), (0, 0, 90)), 0, 45, 2.5, 1.5),  # rolled clockwise, what is above is seen on the left
    ],
)
def test_positions(picture: Picture, azimuth: float, elevation: float, column: float, row: float) -> None:
    ray = ray_at(azimuth, elevation)
    assert tuple(map(float, picture.pixels(ray))) == pytest.approx((column, row), abs=1e-5)
    assert picture.rays(np.array(column), np.array(row)) == pytest.approx(ray, abs=1e-6)


@pytest.mark.parametrize("picture", [output.picture for output in OUTPUTS], ids=[output.name for output in OUTPUTS])
def test_positions_and_rays_are_inverse(picture: Picture) -> None:
    columns, rows = np.meshgrid(np.arange(picture.width, dtype=float), np.arange(picture.height, dtype=float))
    rays = picture.rays(columns, rows)
    found = picture.pixels(rays)
    seen = np.isfinite(found[0])
    again = np.linalg.norm(picture.rays(found[0], found[1]) - rays, axis=-1)
    assert again[seen].max() < 1e-9
    assert seen.all()
    assert np.linalg.norm(rays, axis=-1) == pytest.approx(np.ones(rays.shape[:2]))


@pytest.mark.parametrize("case", INPUTS, ids=[case.name for case in INPUTS])
def test_every_direction_of_a_frame_is_where_it_is_drawn(case: Input) -> None:
    rays = ray_at(*scattered(500, seed=1)[40:].T)
    for eye in case.eyes:
        columns, rows = case.frame.pixels(rays, eye)
        there = np.isfinite(columns)
        assert np.linalg.norm(case.frame.seen_at(columns, rows, eye) - rays, axis=-1)[there].max() < 1e-9
        assert there.all() == (not any(case.layout.bounds))


def test_axes_of_a_camera() -> None:
    front, left, up = camera_axes((37.0, -24.0, 0.0))
    assert left[2] == pytest.approx(0)
    assert np.cross(front, left) == pytest.approx(up)
    rolled = camera_axes((37.0, -24.0, 90.0))
    assert rolled[2] == pytest.approx(-left)  # clockwise: its up falls to the right
    assert rolled[1] == pytest.approx(up)


def test_two_eyes_lie_where_their_name_says() -> None:
    places = {
        "left-right": ((0, 0), (8, 0)),
        "right-left": ((8, 0), (0, 0)),
        "top-bottom": ((0, 0), (0, 4)),
        "bottom-top": ((0, 4), (0, 0)),
    }
    for name, (left, right) in places.items():
        frame = two(Globe(8, 4), name)
        assert (frame.eyes["left"][1:], frame.eyes["right"][1:]) == (left, right), name
    assert (one(Globe(8, 4)).width, two(Globe(8, 4), "left-right").width) == (8, 16)


@pytest.mark.filterwarnings("ignore:.*sph_harm:DeprecationWarning")
def test_plane_waves_are_spaudiopys_in_sn3d() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import spaudiopy
    degree = np.repeat(np.arange(4), 2 * np.arange(4) + 1)
    azimuth, elevation = scattered(200, seed=2).T
    theirs = spaudiopy.sph.sh_matrix(3, np.radians(azimuth), np.radians(90 - elevation))
    assert encoded(ray_at(azimuth, elevation), 3) == pytest.approx(
        theirs * np.sqrt(4 * np.pi / (2 * degree + 1)), abs=1e-9
    )


def test_the_scenes_do_not_know_the_project() -> None:
    for name in ("layouts", "plane_waves"):
        assert "yt360_tools" not in (Path(__file__).parents[1] / "worlds" / f"{name}.py").read_text()
