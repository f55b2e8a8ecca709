"""The picture: what is drawn stands where the truth says, in each projection; ffmpeg is the EAC's oracle."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from yt360_tools.demo.backgrounds import STYLES, draw_background, style_of
from yt360_tools.demo.classes import CLASS_NAMES
from yt360_tools.demo.eac import eac_rays
from yt360_tools.demo.looks import draw_sprite
from yt360_tools.demo.paths import Path as ObjectPath
from yt360_tools.demo.picture import Canvas, Picture, draw_object, make_canvas, render_frames
from yt360_tools.demo.scene import Arrangement, Delivery, Scene, SceneObject, draw_scene
from yt360_tools.geometry import Array, angle_between, er_rays, ray_from_angles
from yt360_tools.media.ffmpeg import run_ffmpeg

WIDTH = 480
RADIUS = np.radians(9.0)
DIRECTIONS = [
    (0, 0),
    (37, 21),
    (-143, -34),
    (179.6, 12),
    (-45, 35.26),
    (135, -40),
    (64, 89.5),
    (-20, -88),
    (90, 45),
]


def _er_from_eac(frames: list[Picture], folder: Path) -> list[Picture]:
    """The frames as ffmpeg's v360 reads them, equirectangular, WIDTH wide."""
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"eac{number:03d}.png"), frame[..., ::-1])
    graph = f"v360=input=eac:output=e:w={WIDTH}:h={WIDTH // 2}"
    done = run_ffmpeg(["-y", "-i", folder / "eac%03d.png", "-vf", graph, folder / "er%03d.png"])
    assert done.returncode == 0, done.stderr.decode()
    read = [cv2.imread(str(folder / f"er{number + 1:03d}.png")) for number in range(len(frames))]
    return [np.asarray(picture)[..., ::-1] for picture in read]


def _drawn(canvas: Canvas, azimuth_deg: float, elevation_deg: float) -> Picture:
    """A black frame with one round object on it."""
    picture = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    centre = ray_from_angles(np.radians(azimuth_deg), np.radians(elevation_deg))
    draw_object(picture, canvas, draw_sprite("drone", 1, 64), centre, float(RADIUS))
    return picture


def _found(picture: Picture) -> tuple[Array, float]:
    """The middle ray of what is not black in an equirectangular picture, and its angular radius."""
    rays = er_rays(picture.shape[1], picture.shape[0])
    weight = (picture.max(axis=2) > 30) * np.sqrt(1 - rays[..., 2] ** 2)
    middle = np.einsum("hw,hwi->i", weight, rays)
    solid_angle = weight.sum() * (2 * np.pi / picture.shape[1]) * (np.pi / picture.shape[0])
    return middle / np.linalg.norm(middle), float(np.arccos(1 - solid_angle / (2 * np.pi)))


def test_an_object_is_at_its_direction_in_er() -> None:
    canvas = make_canvas("er", WIDTH)
    for direction in DIRECTIONS:
        middle, radius = _found(_drawn(canvas, *direction))
        expected = ray_from_angles(*np.radians(direction))
        assert np.degrees(angle_between(middle, expected)) < 0.4, direction
        assert radius == pytest.approx(RADIUS, rel=0.15), direction


def test_an_object_is_at_its_direction_in_eac_as_ffmpeg_reads_it(tmp_path: Path) -> None:
    canvas = make_canvas("eac", WIDTH)
    pictures = _er_from_eac([_drawn(canvas, *direction) for direction in DIRECTIONS], tmp_path)
    for direction, picture in zip(DIRECTIONS, pictures, strict=True):
        middle, radius = _found(picture)
        expected = ray_from_angles(*np.radians(direction))
        assert np.degrees(angle_between(middle, expected)) < 0.5, direction
        assert radius == pytest.approx(RADIUS, rel=0.15), direction


def test_every_pixel_of_the_eac_is_where_ffmpeg_reads_it(tmp_path: Path) -> None:
    """Smooth colours come back within a few levels; half a degree off, or a face elsewhere, would be more."""

    def colours(rays: Array) -> Picture:
        return np.asarray(np.rint(127.5 + 120 * np.sin(rays * [5.0, 4.6, 5.4] + [0.1, -0.2, 0.3])), np.uint8)

    (read,) = _er_from_eac([colours(eac_rays(1024, 576))], tmp_path)
    difference = np.abs(read.astype(int) - colours(er_rays(WIDTH, WIDTH // 2)))
    assert difference.max() <= 3
    assert difference.mean() < 0.8


def test_objects_are_upright_and_not_mirrored() -> None:
    """The crescent's horns point to the listener's right: its missing part is on the right, its body left."""
    canvas = make_canvas("er", WIDTH)
    picture = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    draw_object(picture, canvas, draw_sprite("flute", 3, 64), np.array([1.0, 0, 0]), float(RADIUS))
    columns = np.nonzero(picture.max(axis=2) > 30)[1]
    assert columns.mean() < WIDTH / 2 - 1.5
    picture[:] = 0
    draw_object(picture, canvas, draw_sprite("bell", 3, 64), np.array([1.0, 0, 0]), float(RADIUS))
    widths = (picture.max(axis=2) > 30).sum(axis=1)
    rows = np.flatnonzero(widths)
    assert widths[rows[-5:]].mean() > 1.5 * widths[rows[:5]].mean()  # a triangle stands on its base


def test_classes_look_different() -> None:
    sprites = [draw_sprite(name, 0, 48).astype(float) for name in CLASS_NAMES]
    for i in range(len(sprites)):
        for j in range(i):
            assert np.abs(sprites[i] - sprites[j]).mean() > 18, (CLASS_NAMES[i], CLASS_NAMES[j])


def test_backgrounds_have_no_seam_and_no_pinch() -> None:
    """Neighbours across ±180° differ no more than any neighbours do; a pole's rows are of one colour."""
    assert {style_of(seed) for seed in range(40)} == set(STYLES)
    rays = er_rays(WIDTH, WIDTH // 2)
    for seed in range(12):
        flat = np.ascontiguousarray(rays.reshape(-1, 3).T, np.float32)
        picture = draw_background(flat, seed).reshape(WIDTH // 2, WIDTH, 3).astype(int)
        steps = np.abs(np.diff(picture, axis=1)).mean(axis=(0, 2))
        seam = np.abs(picture[:, 0] - picture[:, -1]).mean()
        assert seam <= steps.max() * 1.2 + 0.2
        assert np.ptp(picture[0], axis=0).max() < 30
        assert picture.std() > 4


def _one_object_scene(stereo: str) -> Scene:
    path = ObjectPath((0.0, 1.0), (10.0, -50.0), (-5.0, 40.0))
    shown = SceneObject("drone", path, 9.0, -20.0, 1, 1)
    part = Arrangement(0, 12, 0.0, 1.0, 7, -50.0, 1.0, 1, (shown,))
    return Scene(0, "x" * 11, Delivery("er", stereo, "h264", "opus"), Fraction(12), 12, (part,))


def test_frame_i_shows_the_object_where_it_is_at_i_over_fps() -> None:
    scene = _one_object_scene("mono")
    ground = draw_background(make_canvas("er", WIDTH).rays, 7).reshape(WIDTH // 2, WIDTH, 3)
    path = scene.arrangements[0].objects[0].path
    for number, frame in enumerate(render_frames(scene, WIDTH)):
        change = np.abs(frame.astype(int) - ground).astype(np.uint8)
        middle, _ = _found(np.where(change > 40, 255, 0).astype(np.uint8))
        assert np.degrees(angle_between(middle, path.rays_at(np.array([number / 12]))[0])) < 1.0


def test_in_stereo_the_left_eye_is_on_top_and_sees_near_things_further_right() -> None:
    frame = next(render_frames(_one_object_scene("top-bottom"), 960))
    assert frame.shape == (960, 960, 3)
    left, right = frame[:480].astype(int), frame[480:].astype(int)
    ground = draw_background(make_canvas("er", 960).rays, 7).reshape(480, 960, 3)
    columns = [np.nonzero(np.abs(eye - ground).max(axis=2) > 40)[1].mean() for eye in (left, right)]
    assert 0.5 < columns[0] - columns[1] < 2.0


def test_an_eac_scene_shows_what_its_er_twin_shows(tmp_path: Path) -> None:
    """The same scene, drawn in both projections: ffmpeg turns the one into the other."""
    options: dict[str, Any] = {"seconds": 1.5, "frame_rate": Fraction(8)}
    er = draw_scene(2, 1, projection="er", **options)
    eac = draw_scene(2, 1, projection="eac", **options)
    assert er.arrangements == eac.arrangements
    frames = list(render_frames(eac, 2 * WIDTH))[::4]
    expected = [cv2.resize(f, (WIDTH, WIDTH // 2), interpolation=cv2.INTER_AREA) for f in render_frames(er, 960)]
    for read, wanted in zip(_er_from_eac(frames, tmp_path), expected[::4], strict=True):
        assert np.abs(read.astype(int) - wanted).mean() < 2.5
