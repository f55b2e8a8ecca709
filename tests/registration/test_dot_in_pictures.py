"""The test that decides, in pictures: coloured dots in every layout, cut out, found again, held against their sound.

A dot is a soft spot whose middle lies between pixels; its middle in a picture is the mean direction of its light, each
pixel counted with its share of the sphere. Frames are coarse, 0.7° to 0.9° a pixel (1.2° where they are squeezed), and
what is found lies within a tenth of a degree of where the dot is all the same. Scenes are drawn without the project.
"""

import functools
from dataclasses import replace

import numpy as np
import pytest
from dot_cases import INPUTS, LOOKS, OUTPUTS, Input, Output, Values
from numpy.typing import NDArray
from worlds.layouts import Dots, Picture, Pinhole, camera_axes, ray_at, seen_by, unit
from worlds.plane_waves import encoded

from yt360_tools.ambisonics import XYZ_CHANNELS, channel_matrix
from yt360_tools.geometry import Direction
from yt360_tools.projection import sampler, viewport, whole_sphere

MOST_DEG = 0.1
DOT_DEG = 1.5
APART_DEG = 33.0
DOTS = 16
HFOV_DEG, WIDTH, HEIGHT = 34.0, 51, 39

HARD = ((0, 90), (0, -90), (180, 0), (180, 40), (45, 35.26), (-90, 45), (-45, 0), (0, 0), (-135, -35.26), (90, -45))
"""Poles, the seam, corners and edges of cubes: the first dots, as far as they have room."""

COLOURS = np.array([(250, 60, 0), (0, 220, 90), (70, 90, 250), (220, 210, 0), (0, 200, 220), (230, 0, 210)], float)

each_input = pytest.mark.parametrize("source_of", INPUTS, ids=lambda case: case.name)


@functools.cache
def world(eye: str) -> Dots:
    """What an eye sees: dots far apart, the other eye's in other places and of other colours."""
    hard = np.array(HARD if eye == "left" else HARD[:2], float)
    return _dots(hard, DOTS, APART_DEG, DOT_DEG, seed={"left": 11, "right": 12}[eye])


def _dots(hard: Values, count: int, apart_deg: float, size_deg: float, seed: int) -> Dots:
    """Dots at the directions given, as far as there is room, and then anywhere."""
    found: list[Values] = []
    for ray in np.concatenate([ray_at(*hard.T), unit(np.random.default_rng(seed).normal(size=(4000, 3)))]):
        if len(found) < count and all(ray @ other < np.cos(np.radians(apart_deg)) for other in found):
            found.append(ray)
    colours = COLOURS[(np.arange(len(found)) * 5 + seed) % len(COLOURS)]
    return Dots(np.array(found), colours, np.full(len(found), size_deg))


@functools.cache
def drawn(number: int) -> NDArray[np.uint8]:
    """An input's frame; both eyes of a single picture see the left one's world."""
    case = INPUTS[number]
    return case.frame.drawn({"left": world("left"), "right": world(case.eyes[-1])})


def pixel_sizes(picture: Picture) -> tuple[Values, Values]:
    """The unit vectors (height, width, 3) of a picture's pixels, and how much of the sphere each covers.

    Nothing where a border shows again what has its place elsewhere.
    """
    columns, rows = np.meshgrid(np.arange(picture.width, dtype=float), np.arange(picture.height, dtype=float))
    step = 1e-4
    across = picture.rays(columns + step, rows) - picture.rays(columns - step, rows)
    down = picture.rays(columns, rows + step) - picture.rays(columns, rows - step)
    rays = picture.rays(columns, rows)
    place = picture.pixels(rays)
    once = np.hypot(place[0] - columns, place[1] - rows) < 0.5
    return rays, np.where(once, np.linalg.norm(np.cross(across, down), axis=-1), 0.0)


def middle_of(seen: NDArray[np.uint8], colour: Values, rays: Values, sizes: Values) -> tuple[Values, float]:
    """The mean direction (3,) of a dot's light, and how far its colour is from the wanted one (0 to 1)."""
    light = seen.astype(float) * sizes[..., None]
    total = light.reshape(-1, 3).sum(axis=0)
    off = np.abs(total / max(total.max(), 1e-12) - colour / colour.max()).max()
    return unit((light.sum(axis=-1)[..., None] * rays).reshape(-1, 3).sum(axis=0) + 1e-12), float(off)


def degrees_between(a: Values, b: Values) -> float:
    return float(np.degrees(2 * np.arcsin(min(1.0, float(np.linalg.norm(a - b)) / 2))))


def heard_from(look: Direction, ray: Values, mirrored: bool) -> Values:
    """Where the sound of a dot comes from in the picture that looks there: (X, Y, Z) over W."""
    sound = channel_matrix(look, mirrored=mirrored) @ encoded(ray, 1)
    return np.asarray(sound[list(XYZ_CHANNELS)] / sound[0])


@each_input
@pytest.mark.parametrize(("width", "height", "antialias"), [(WIDTH, HEIGHT, False), (17, 13, True)])
def test_each_dot_is_seen_where_it_is_and_heard_where_it_is_seen(
    source_of: Input, width: int, height: int, antialias: bool
) -> None:
    """A view that looks a little aside of each dot, rolled; as it is, and flipped. Once it is as fine as the source,
    once so coarse (2 degrees a pixel) that areas of the source are averaged.
    """
    half = np.tan(np.radians(HFOV_DEG / 2)) * height / width
    camera = Pinhole(width, height, HFOV_DEG, float(2 * np.degrees(np.arctan(half))))
    own, sizes = pixel_sizes(camera)
    frame = drawn(INPUTS.index(source_of))
    rng = np.random.default_rng(13)
    tried = 0
    for eye in source_of.eyes:
        for ray, colour in zip(world(eye).directions, world(eye).colours, strict=True):
            azimuth, elevation = np.degrees([np.arctan2(ray[1], ray[0]), np.arcsin(np.clip(ray[2], -1, 1))])
            aside = rng.uniform(-5, 5, 2) if tried % 2 else (0.0, 0.0)
            look = (azimuth + aside[0], float(np.clip(elevation + aside[1], -90, 90)), rng.uniform(-180, 180))
            if not _is_all_there(source_of, eye, ray):
                continue
            tried += 1
            view = viewport(Direction(*look), HFOV_DEG, width, height)
            crop = sampler(view, source_of.source(eye), antialias=antialias)(frame)
            there = seen_by(camera_axes(look), ray)
            for mirrored in (False, True):
                found, off = middle_of(crop[:, ::-1] if mirrored else crop, colour, own, sizes)
                wanted = there * [1, -1, 1] if mirrored else there
                assert off < 0.05, (eye, look)
                assert degrees_between(found, wanted) < MOST_DEG, (eye, look)
                assert degrees_between(found, heard_from(view.direction, ray, mirrored)) < MOST_DEG, (eye, look)
    assert tried >= 8 * len(source_of.eyes)


def _is_all_there(source_of: Input, eye: str, ray: Values) -> bool:
    """Whether a cropped picture holds all of a dot."""
    around = ray + np.radians(5 * DOT_DEG) * np.vstack([np.eye(3), -np.eye(3)])
    return bool(np.isfinite(source_of.frame.pixels(unit(around), eye)[0]).all())


WHOLE_SIZES = {"er": (320, 160), "eac": (304, 204), "cubemap": (480, 80)}


@each_input
@pytest.mark.parametrize("output", [case for case in OUTPUTS if case.name in WHOLE_SIZES], ids=lambda case: case.name)
def test_each_dot_is_where_it_belongs_in_a_whole_sphere(source_of: Input, output: Output) -> None:
    """One picture of the sphere, turned and rolled: every dot is at its place, and its sound comes from there."""
    width, height = WHOLE_SIZES[output.name]
    look = LOOKS[INPUTS.index(source_of) % len(LOOKS)]
    view = whole_sphere(output.name, width, height, direction=Direction(*look), faces=output.view(Direction(0)).faces)
    own, sizes = _whole(output.name, width, height)
    for eye in source_of.eyes:
        picture = sampler(view, source_of.source(eye))(drawn(INPUTS.index(source_of)))
        for ray, colour in zip(world(eye).directions, world(eye).colours, strict=True):
            if not _is_all_there(source_of, eye, ray):
                continue
            there = seen_by(camera_axes(look), ray)
            for mirrored in (False, True) if output.flips else (False,):
                wanted = there * [1, -1, 1] if mirrored else there
                near = own @ wanted > np.cos(np.radians(5 * DOT_DEG))
                found, off = middle_of(
                    (picture[:, ::-1] if mirrored else picture)[near], colour, own[near], sizes[near]
                )
                assert off < 0.05, eye
                assert degrees_between(found, wanted) < MOST_DEG, eye
                assert degrees_between(found, heard_from(view.direction, ray, mirrored)) < MOST_DEG, eye


@pytest.mark.parametrize(
    "source_of", [case for case in INPUTS if not any(case.layout.bounds)], ids=lambda case: case.name
)
def test_a_dot_stays_where_it_is_when_the_picture_becomes_eight_times_smaller(source_of: Input) -> None:
    """Large dots in a panorama of 64 x 32, whose pixels are averages: to a thirtieth of its pixels of 5.6 degrees.

    Half a pixel of the source would be twice as much.
    """
    scene = _dots(np.array([(0, 90), (180, 3), (-45, 0)], float), count=6, apart_deg=62, size_deg=6, seed=3)
    frame = source_of.frame.drawn({"left": scene, "right": scene})
    own, sizes = _whole("er", 64, 32)
    look = LOOKS[0]
    picture = sampler(
        whole_sphere("er", 64, 32, direction=Direction(*look)), source_of.source(source_of.eyes[-1]), antialias=True
    )(frame)
    for ray, colour in zip(scene.directions, scene.colours, strict=True):
        there = seen_by(camera_axes(look), ray)
        near = own @ there > np.cos(np.radians(30))
        found, _ = middle_of(picture[near], colour, own[near], sizes[near])
        assert degrees_between(found, there) < 360 / 64 / 30


@functools.cache
def _whole(name: str, width: int, height: int) -> tuple[Values, Values]:
    picture = next(case.picture for case in OUTPUTS if case.name == name)
    return pixel_sizes(replace(picture, width=width, height=height))


def test_a_flipped_panorama_is_looked_at_with_yaw_and_roll_negated() -> None:
    frame = drawn(0)
    source = INPUTS[0].source("left")
    for ray in world("left").directions[::3]:
        yaw, pitch, roll = np.degrees(np.arctan2(ray[1], ray[0])) + 4, 0.9 * np.degrees(np.arcsin(ray[2])), 57.0
        plain = sampler(viewport(Direction(yaw, pitch, roll), HFOV_DEG, WIDTH, HEIGHT), source)(frame)
        other = sampler(viewport(Direction(-yaw, pitch, -roll), HFOV_DEG, WIDTH, HEIGHT), source)
        assert np.abs(other(np.ascontiguousarray(frame[:, ::-1])).astype(int) - plain[:, ::-1]).max() <= 2
        assert plain.max() > 100
