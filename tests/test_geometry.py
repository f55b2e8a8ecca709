"""The convention page, checked: every number here was worked out by hand, not by the code it checks."""

from math import cos, isclose, pi, radians, sin, sqrt, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yt360_tools.geometry import (
    CUBE_FACES,
    Direction,
    angle_between,
    angles_from_ray,
    er_pixels_from_rays,
    er_rays,
    fibonacci_sphere,
    ray_from_angles,
    rotation_x,
    rotation_y,
    rotation_z,
    vertical_fov,
    view_from_world,
    viewport_rays,
)

ROOT3 = sqrt(3)
RAYS = (  # azimuth, elevation in degrees; x front, y left, z up
    (0, 0, (1, 0, 0)),
    (90, 0, (0, 1, 0)),
    (-90, 0, (0, -1, 0)),
    (180, 0, (-1, 0, 0)),
    (0, 90, (0, 0, 1)),
    (0, -90, (0, 0, -1)),
    (30, 0, (ROOT3 / 2, 1 / 2, 0)),
    (0, 30, (ROOT3 / 2, 0, 1 / 2)),
    (45, 45, (1 / 2, 1 / 2, sqrt(2) / 2)),
    (-120, -30, (-ROOT3 / 4, -3 / 4, -1 / 2)),
)
PIXELS = (  # azimuth, elevation in degrees; column, row in a picture of 8 x 4
    (0, 0, 3.5, 1.5),  # front: the middle, between four pixels
    (22.5, 22.5, 3, 1),
    (-22.5, -22.5, 4, 2),
    (90, 0, 1.5, 1.5),  # left: a quarter from the left edge (W / 4), in terms of centres 1.5
    (-90, 0, 5.5, 1.5),
    (157.5, 67.5, 0, 0),  # the centre of the first pixel
    (-157.5, -67.5, 7, 3),  # and of the last one
    (180, 0, -0.5, 1.5),  # the seam is the left edge
    (-179.99, 0, 7.49978, 1.5),  # and just beyond it the right one
)
GENERIC = ((37.0, -24.0, 11.0), (-141.0, 52.0, -68.0), (163.0, 13.0, 124.0))  # yaw, pitch, roll in degrees

angle = st.floats(-2 * pi, 2 * pi, allow_nan=False)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    return view_from_world(*np.radians([yaw, pitch, roll]))


@pytest.mark.parametrize(("azimuth", "elevation", "ray"), RAYS)
def test_ray_of_a_direction(azimuth: float, elevation: float, ray: tuple[float, ...]) -> None:
    assert ray_from_angles(radians(azimuth), radians(elevation)) == pytest.approx(np.array(ray), abs=1e-12)
    assert Direction(azimuth, elevation).ray == pytest.approx(np.array(ray), abs=1e-12)


@pytest.mark.parametrize(("azimuth", "elevation", "ray"), RAYS)
def test_direction_of_a_ray_of_any_length(azimuth: float, elevation: float, ray: tuple[float, ...]) -> None:
    found = np.degrees(angles_from_ray(3.7 * np.array(ray, float)))
    assert found[1] == pytest.approx(elevation)
    if abs(elevation) != 90:  # at a pole every azimuth is right
        assert found[0] == pytest.approx(azimuth)


def test_directions_of_many_rays_keep_their_shape() -> None:
    azimuth, elevation = np.meshgrid(np.linspace(-3, 3, 5), np.linspace(-1.5, 1.5, 4))
    rays = ray_from_angles(azimuth, elevation)
    assert rays.shape == (4, 5, 3)
    assert np.linalg.norm(rays, axis=-1) == pytest.approx(np.ones((4, 5)))
    for found, wanted in zip(angles_from_ray(rays), (azimuth, elevation), strict=True):
        assert found == pytest.approx(wanted)


def test_angle_between_is_exact_for_tiny_and_for_straight_angles() -> None:
    front = np.array([1.0, 0.0, 0.0])
    assert angle_between(front, np.array([1.0, 1e-9, 0.0])) == pytest.approx(1e-9, rel=1e-6)
    assert angle_between(front, np.array([-5.0, 0.0, 0.0])) == pytest.approx(pi)
    assert angle_between(2 * front, np.array([0.0, 0.0, 3.0])) == pytest.approx(pi / 2)


def test_rotations_are_right_handed() -> None:
    c, s = cos(0.3), sin(0.3)
    assert rotation_x(0.3) @ [0, 1, 0] == pytest.approx(np.array([0, c, s]))
    assert rotation_y(0.3) @ [0, 0, 1] == pytest.approx(np.array([s, 0, c]))
    assert rotation_z(0.3) @ [1, 0, 0] == pytest.approx(np.array([c, s, 0]))


def test_a_positive_turn_about_y_lowers_the_front() -> None:
    assert (rotation_y(0.3) @ [1, 0, 0])[2] < 0


@given(yaw=angle, pitch=angle, roll=angle)
def test_every_rotation_is_orthonormal_with_determinant_one(yaw: float, pitch: float, roll: float) -> None:
    turn = view_from_world(yaw, pitch, roll)
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert isclose(np.linalg.det(turn), 1, abs_tol=1e-12)


@given(yaw=angle, pitch=angle, roll=angle)
def test_the_inverse_undoes_roll_first_and_yaw_last(yaw: float, pitch: float, roll: float) -> None:
    back = rotation_z(yaw) @ rotation_y(-pitch) @ rotation_x(roll)
    assert back @ view_from_world(yaw, pitch, roll) == pytest.approx(np.eye(3), abs=1e-12)


@given(azimuth=st.floats(-3.14, 3.14), elevation=st.floats(-1.57, 1.57), length=st.floats(0.1, 10))
def test_angles_and_rays_are_inverse(azimuth: float, elevation: float, length: float) -> None:
    found = angles_from_ray(length * ray_from_angles(azimuth, elevation))
    assert found == pytest.approx((azimuth, elevation), abs=1e-9)


@pytest.mark.parametrize("look", GENERIC)
def test_a_view_takes_its_axis_to_the_front(look: tuple[float, float, float]) -> None:
    yaw, pitch, _ = np.radians(look)
    axis = [cos(pitch) * cos(yaw), cos(pitch) * sin(yaw), sin(pitch)]
    assert rotation(*look) @ axis == pytest.approx(np.array([1, 0, 0]), abs=1e-12)
    assert Direction(*look).view_from_world @ axis == pytest.approx(np.array([1, 0, 0]), abs=1e-12)


@pytest.mark.parametrize("look", GENERIC)
def test_without_roll_up_in_the_view_is_up_in_the_world(look: tuple[float, float, float]) -> None:
    front, left, up = rotation(look[0], look[1], 0) @ [0, 0, 1]
    assert left == pytest.approx(0, abs=1e-12)
    assert up == pytest.approx(cos(radians(look[1])))
    assert front == pytest.approx(sin(radians(look[1])))


@pytest.mark.parametrize("look", GENERIC)
def test_the_order_of_the_three_turns_matters(look: tuple[float, float, float]) -> None:
    yaw, pitch, roll = np.radians(look)
    axis = ray_from_angles(yaw, pitch)
    pitch_undone_first = rotation_x(-roll) @ rotation_z(-yaw) @ rotation_y(pitch)
    assert np.degrees(angle_between(pitch_undone_first @ axis, np.array([1.0, 0, 0]))) > 5
    pitch_mirrored = rotation_x(-roll) @ rotation_y(-pitch) @ rotation_z(-yaw)
    assert np.degrees(angle_between(pitch_mirrored @ axis, np.array([1.0, 0, 0]))) > 5


def test_a_camera_rolled_clockwise_sees_what_was_above_on_its_left() -> None:
    """The camera's up falls over to the right, so what is above in the world stands to the left of it."""
    above = np.array([1.0, 0.0, 0.1])
    assert rotation(0, 0, 90) @ above == pytest.approx(np.array([1, 0.1, 0]))
    assert rotation(0, 0, 30) @ above == pytest.approx(np.array([1, 0.1 * 0.5, 0.1 * ROOT3 / 2]))
    assert rotation(0, 0, -90) @ above == pytest.approx(np.array([1, -0.1, 0]))


@pytest.mark.parametrize(("azimuth", "elevation", "column", "row"), PIXELS)
def test_pixel_of_a_direction(azimuth: float, elevation: float, column: float, row: float) -> None:
    ray = ray_from_angles(radians(azimuth), radians(elevation))
    assert er_pixels_from_rays(ray, 8, 4) == pytest.approx((column, row), abs=1e-4)


@pytest.mark.parametrize(("sign", "row"), [(1, -0.5), (-1, 3.5)])
def test_poles_lie_on_the_edges(sign: int, row: float) -> None:
    assert er_pixels_from_rays(np.array([0.0, 0.0, float(sign)]), 8, 4)[1] == pytest.approx(row)


def test_both_sides_of_the_seam_give_the_left_edge() -> None:
    """-180 and +180 degrees are one meridian: no ray gives a column of width - 0.5 or more."""
    azimuth = np.array([-pi, pi, np.nextafter(-pi, 0), np.nextafter(pi, 0)])
    columns, _ = er_pixels_from_rays(ray_from_angles(azimuth, 0.0), 360, 180)
    assert (columns >= -0.5).all()
    assert (columns < 359.5).all()
    assert columns[:2] == pytest.approx([-0.5, -0.5])


def test_pixel_centres_and_rays_are_inverse() -> None:
    column, row = er_pixels_from_rays(er_rays(24, 12), 24, 12)
    assert column == pytest.approx(np.broadcast_to(np.arange(24), (12, 24)), abs=1e-9)
    assert row == pytest.approx(np.broadcast_to(np.arange(12)[:, None], (12, 24)), abs=1e-9)


def test_the_left_half_of_a_panorama_is_the_listeners_left_and_its_top_is_up() -> None:
    rays = er_rays(16, 8)
    assert (rays[:, :8, 1] > 0).all()
    assert (rays[:, 8:, 1] < 0).all()
    assert (rays[:4, :, 2] > 0).all()
    assert (rays[:, 4:12, 0] > 0).all()


TOP_LEFT = (  # yaw, pitch, roll in degrees; the ray through the first of 2 x 2 pixels that open 90 degrees
    ((0, 0, 0), (1, 0.5, 0.5)),
    ((90, 0, 0), (-0.5, 1, 0.5)),  # looking left, its left is the back
    ((-90, 0, 0), (0.5, -1, 0.5)),
    ((180, 0, 0), (-1, -0.5, 0.5)),
    ((0, 90, 0), (-0.5, 0.5, 1)),  # looking up, its upper edge is towards the back
    ((0, -90, 0), (0.5, 0.5, -1)),
    ((0, 0, 90), (1, -0.5, 0.5)),  # rolled clockwise, its up is the right, its left is up
    ((0, 0, 180), (1, -0.5, -0.5)),
)


@pytest.mark.parametrize(("look", "ray"), TOP_LEFT)
def test_first_ray_of_a_viewport(look: tuple[float, float, float], ray: tuple[float, float, float]) -> None:
    rays = viewport_rays(*np.radians(look), pi / 2, 2, 2)
    assert rays.shape == (2, 2, 3)
    assert rays[0, 0] == pytest.approx(np.array(ray), abs=1e-12)
    axis = rays.mean(axis=(0, 1))
    assert rays[1, 1] == pytest.approx(2 * axis - ray, abs=1e-12)


def test_a_viewports_pixels_are_square_unless_its_height_is_given() -> None:
    wide = viewport_rays(0, 0, 0, pi / 2, 4, 2)
    assert wide[0, :, 1] == pytest.approx([0.75, 0.25, -0.25, -0.75])
    assert wide[:, 0, 2] == pytest.approx([0.25, -0.25])
    tall = viewport_rays(0, 0, 0, pi / 2, 4, 2, vfov=2 * np.arctan(2))
    assert tall[:, 0, 2] == pytest.approx([1, -1])


def test_hfov_is_the_true_opening_angle_between_the_outer_edges() -> None:
    """Pixel centres lie half a pixel inside: the edges of the picture are 75 degrees apart, not its centres."""
    rays = viewport_rays(0, 0, 0, radians(75), 101, 101)
    half_pixel = (rays[50, 0, 1] - rays[50, 1, 1]) / 2
    assert rays[50, 0, 1] + half_pixel == pytest.approx(tan(radians(37.5)))
    assert rays[50, 50] == pytest.approx(np.array([1, 0, 0]), abs=1e-12)


def test_vertical_opening_angle_follows_from_the_aspect() -> None:
    assert vertical_fov(radians(90), 200, 200) == pytest.approx(radians(90))
    assert vertical_fov(radians(90), 200, 100) == pytest.approx(2 * np.arctan(0.5))
    assert vertical_fov(radians(60), 100, 300) == pytest.approx(radians(120))  # 3 tan 30 = tan 60


def test_cube_faces_in_order() -> None:
    assert [name for name, _ in CUBE_FACES] == ["F", "R", "B", "L", "U", "D"]
    axes = [(1, 0, 0), (0, -1, 0), (-1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, -1)]
    assert np.array([face.ray for _, face in CUBE_FACES]) == pytest.approx(np.array(axes, float), abs=1e-12)


def test_fibonacci_rays_are_spread_evenly() -> None:
    n = 500
    rays = fibonacci_sphere(n)
    assert rays.shape == (n, 3)
    assert np.linalg.norm(rays, axis=1) == pytest.approx(np.ones(n))
    assert np.abs(rays.mean(axis=0)).max() < 0.01
    assert rays.T @ rays / n == pytest.approx(np.eye(3) / 3, abs=0.01)
    closeness = rays @ rays.T - 2 * np.eye(n)
    nearest = np.arccos(closeness.max(axis=1))
    even = sqrt(4 * pi / n)  # the side of a square with each ray's share of the sphere
    assert nearest.min() > 0.7 * even
    assert nearest.max() < 1.2 * even
