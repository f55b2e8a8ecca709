"""Panoramas drawn by plain numpy: rooms, streets, forests, on the sphere itself; and what moves in them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from worlds.dot import er_rays

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Film:
    """RGB frames (frames, height, width, 3) at `fps` a second."""

    frames: Picture
    fps: float

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.fps


def grain(rays: Values, rng: np.random.Generator, frequencies: tuple[float, ...] = (3, 7, 15, 31)) -> Values:
    """Noise in space, looked at along rays (..., 3): coarse and fine, about 0, of unit size."""
    total = np.zeros(rays.shape[:-1])
    for frequency in frequencies:
        lattice = rng.standard_normal((16, 16, 16))
        at = np.moveaxis(rays, -1, 0) * frequency + rng.uniform(0, 16, (3, *([1] * (rays.ndim - 1))))
        total += map_coordinates(lattice, at, order=1, mode="grid-wrap") * 4 / frequency**0.5
    return np.asarray(total / total.std())


def _room(rays: Values, rng: np.random.Generator) -> Values:
    """A box: papered walls with windows and pictures, a tiled floor, a ceiling with lamps."""
    size = np.array([rng.uniform(2.5, 5), rng.uniform(2, 4), 1.4])
    reach = size / np.maximum(np.abs(rays), 1e-6)
    wall = reach.argmin(axis=-1)
    hit = rays * reach.min(axis=-1)[..., None]
    across = np.where(wall == 0, hit[..., 1], hit[..., 0])
    colours = rng.uniform(70, 190, (3, 2, 3))
    side = (np.take_along_axis(rays, wall[..., None], -1)[..., 0] > 0).astype(int)
    picture = colours[wall, side]
    paper = 1 + 0.12 * np.sign(np.sin(across * rng.uniform(15, 30)))
    picture = picture * np.where(wall < 2, paper, 1)[..., None]
    tiles = np.sign(np.sin(hit[..., 0] * 7)) * np.sign(np.sin(hit[..., 1] * 7))
    picture = np.where(((wall == 2) & (side == 0))[..., None], picture * (1 + 0.25 * tiles[..., None]), picture)
    for _ in range(14):
        which, where, height = rng.integers(0, 4), rng.uniform(-3, 3), rng.uniform(-0.7, 0.9)
        near = (np.abs(across - where) < rng.uniform(0.15, 0.6)) & (
            np.abs(hit[..., 2] - height) < rng.uniform(0.15, 0.4)
        )
        picture[near & (wall == which // 2) & (side == which % 2)] = rng.uniform(10, 250, 3)
    lamp = (wall == 2) & (side == 1) & (np.hypot(hit[..., 0] - rng.normal(), hit[..., 1] - rng.normal()) < 0.35)
    picture[lamp] = 250
    return np.asarray(picture * (1 + 0.08 * grain(rays, rng))[..., None])


def _street(rays: Values, rng: np.random.Generator) -> Values:
    """A paved square under a sky with clouds, houses with windows around it."""
    azimuth, up = np.arctan2(rays[..., 1], rays[..., 0]), rays[..., 2]
    sky = np.array([110, 150, 215]) + np.array([110, 80, 30]) * (1 - np.clip(up, 0, 1))[..., None] ** 2
    cloud = np.clip(grain(rays * [1, 1, 2.5], rng, (2, 5, 11)) - 0.2, 0, 1.5)[..., None] / 1.5
    picture = sky * (1 - cloud) + 240 * cloud
    reach = 1.6 / np.maximum(-up, 1e-3)
    ground = rays[..., :2] * reach[..., None]
    slabs = np.sign(np.sin(ground[..., 0] * 2.1)) * np.sign(np.sin(ground[..., 1] * 2.1)) * np.exp(-reach / 12)
    paved = np.array(rng.uniform(80, 140, 3)) * (1 + 0.2 * slabs + 0.1 * grain(rays, rng, (9, 23, 41)))[..., None]
    picture = np.where((up < 0)[..., None], paved, picture)
    edges = np.sort(rng.uniform(-np.pi, np.pi, 11))
    house = np.searchsorted(edges, azimuth) % 11
    heights, colours = rng.uniform(0.1, 0.9, 11), rng.uniform(50, 210, (11, 3))
    slope = up / np.maximum(np.hypot(rays[..., 0], rays[..., 1]), 1e-6)
    built = (slope > -0.12) & (slope < heights[house])
    window = (np.sin(azimuth * 60 + house) > 0.2) & (np.sin(slope * 55) > 0.1)
    walls = colours[house] * np.where(window, 0.45, 1.0)[..., None] * (1 + 0.06 * grain(rays, rng))[..., None]
    return np.where(built[..., None], walls, picture)


def _forest(rays: Values, rng: np.random.Generator) -> Values:
    """Leaves over a floor of earth, and trunks."""
    azimuth, up = np.arctan2(rays[..., 1], rays[..., 0]), rays[..., 2]
    leaves = grain(rays, rng, (3, 9, 17, 37))
    picture = np.array([70, 115, 50]) + leaves[..., None] * np.array([38, 40, 26])
    light = np.clip(grain(rays, rng, (5, 13)) - 1.0, 0, 1)[..., None] * np.clip(up, 0, 1)[..., None]
    picture = picture * (1 - light) + np.array([225, 235, 245]) * light
    earth = np.array([95, 78, 58]) * (1 + 0.22 * grain(rays, rng, (7, 19, 43)))[..., None]
    picture = np.where((up < -0.18 + 0.04 * leaves)[..., None], earth, picture)
    for _ in range(12):
        where, width = rng.uniform(-np.pi, np.pi), rng.uniform(0.01, 0.06)
        apart = np.abs(np.angle(np.exp(1j * (azimuth - where))))
        trunk = (apart < width) & (up > -0.3) & (up < rng.uniform(0.4, 0.85))
        picture[trunk] = np.array([62, 48, 36]) * rng.uniform(0.6, 1.4)
    return np.asarray(picture)


def _sea(rays: Values, rng: np.random.Generator) -> Values:
    """A wide horizon: little is there to see but sky, waves and a sun."""
    up = rays[..., 2]
    picture = np.array([90, 130, 190]) + np.array([150, 90, 20]) * np.exp(-np.abs(up) * 5)[..., None]
    waves = np.array([30, 70, 95]) * (1 + 0.3 * grain(rays * [1, 1, 6], rng, (7, 19)))[..., None]
    picture = np.where((up < 0)[..., None], waves, picture + 6 * grain(rays, rng, (2, 5))[..., None])
    sun = np.array([np.cos(0.3), 0.0, np.sin(0.3)])
    turn = rng.uniform(0, 2 * np.pi)
    sun = np.array([sun[0] * np.cos(turn), sun[0] * np.sin(turn), sun[2]])
    return np.asarray(picture + 120 * np.exp((rays @ sun - 1) * 200)[..., None])


def _night(rays: Values, rng: np.random.Generator) -> Values:
    """The street, almost without light; a few lamps."""
    picture = _street(rays, rng) * 0.10 + 2
    for _ in range(5):
        turn, up = rng.uniform(-np.pi, np.pi), rng.uniform(0.02, 0.3)
        lamp = np.array([np.cos(turn) * np.cos(up), np.sin(turn) * np.cos(up), np.sin(up)])
        near = rays @ lamp - 1
        picture = picture + (170 * np.exp(near * 4000) + 26 * np.exp(near * 60))[..., None] * np.array([1, 0.8, 0.5])
    return np.asarray(picture)


_STYLES: dict[str, Callable[[Values, np.random.Generator], Values]] = {
    "room": _room, "street": _street, "forest": _forest, "sea": _sea, "night": _night,
}  # fmt: skip
STYLES = tuple(_STYLES)


@lru_cache(maxsize=16)
def panorama(style: str, seed: int, width: int) -> Picture:
    """An equirectangular picture (width / 2, width, 3), drawn finer and made smaller."""
    large = _STYLES[style](er_rays(3 * width // 2, 3 * width // 4), np.random.default_rng([seed, STYLES.index(style)]))
    picture = np.clip(large, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(picture, (width, width // 2), interpolation=cv2.INTER_AREA))


@dataclass(frozen=True)
class Walker:
    """A disc that goes around: degrees, and degrees a second."""

    azimuth_deg: float
    elevation_deg: float
    radius_deg: float
    speed_deg_s: float
    colour: tuple[int, int, int]


def walkers(rng: np.random.Generator, count: int, largest_deg: float, light: float) -> tuple[Walker, ...]:
    return tuple(
        Walker(
            float(rng.uniform(-180, 180)),
            float(rng.uniform(-30, 15)),
            float(rng.uniform(0.4, 1.0) * largest_deg),
            float(rng.uniform(8, 40) * rng.choice([-1, 1])),
            tuple(int(value * light) for value in rng.integers(0, 256, 3)),
        )
        for _ in range(count)
    )


def draw_walkers(picture: Picture, shown: tuple[Walker, ...], time_s: float, shift_deg: float = 0.0) -> None:
    """Into an equirectangular picture, in place; `shift_deg` is an eye's parallax to the left."""
    height, width = picture.shape[:2]
    around = np.linspace(0, 2 * np.pi, 25)
    for one in shown:
        azimuth = one.azimuth_deg + one.speed_deg_s * time_s + shift_deg
        elevation = one.elevation_deg + 6 * np.sin(time_s * 2 + one.azimuth_deg)
        wide = one.radius_deg / np.cos(np.radians(elevation))
        across = (0.5 - ((azimuth + 180) % 360 - 180 + wide * np.cos(around)) / 360) * width
        down = (0.5 - (elevation + one.radius_deg * np.sin(around)) / 180) * height
        for turn in (-width, 0, width):
            points = np.rint(np.stack([across + turn, down], axis=-1) * 16).astype(np.int32)
            cv2.fillPoly(picture, [points], one.colour, cv2.LINE_AA, 4)


@lru_cache(maxsize=6)
def film(
    seed: int,
    style: str = "street",
    *,
    width: int = 384,
    seconds: float = 6.0,
    fps: float = 8.0,
    turn_deg_s: float = 0.0,
    moving: int = 4,
    largest_deg: float = 12.0,
    noise: float = 2.0,
    eye: int = 0,
) -> Film:
    """A panorama in which discs go around, from a camera that may turn, with a sensor's noise.

    Args:
        eye: -1 for the left eye, 1 for the right one, 0 for a single one: what is near moves aside.
    """
    ground = panorama(style, seed, width)
    if eye:
        ground = _from_eye(ground, eye)
    rng = np.random.default_rng([seed, 7])
    shown = walkers(rng, moving, largest_deg, 0.15 if style == "night" else 1.0)
    grains = np.random.default_rng([seed, 8 + eye]).normal(0, max(noise, 1e-6), (2, *ground.shape)).astype(np.float32)
    frames = []
    for number in range(round(seconds * fps)):
        time_s = number / fps
        picture = np.roll(ground, -round(turn_deg_s * time_s / 360 * width), axis=1)
        draw_walkers(picture, shown, time_s, -0.8 * eye)
        if noise:
            moved = np.roll(grains[number % 2], (number * 37, number * 91), axis=(0, 1))
            picture = np.clip(picture + moved, 0, 255).astype(np.uint8)
        frames.append(picture)
    return Film(np.stack(frames), fps)


def _from_eye(ground: Picture, eye: int) -> Picture:
    """The panorama with a disparity that grows towards the ground under the camera, as of a plane."""
    height, width = ground.shape[:2]
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    near = np.clip(-np.sin(elevation), 0, 1) * np.cos(elevation)
    across = np.arange(width)[None] + eye * (0.2 + 2.4 * near[:, None]) / 360 * width
    down = np.broadcast_to(np.arange(height)[:, None], (height, width))
    return np.asarray(
        cv2.remap(
            ground, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
    )


def turned(whole: Film, deg_s: float) -> Film:
    """An equirectangular film from a camera that turns besides."""
    width = whole.frames.shape[2]
    steps = [round(deg_s * number / whole.fps / 360 * width) for number in range(len(whole.frames))]
    return Film(
        np.stack([np.roll(one, step, axis=1) for one, step in zip(whole.frames, steps, strict=True)]), whole.fps
    )


def with_logos(whole: Film, reach_deg: float, colour: tuple[int, int, int] = (20, 20, 24)) -> Film:
    """Both poles covered as stitching programs do: a disc of one colour, with a ring of rays in it."""
    frames = whole.frames.copy()
    height, width = frames.shape[1:3]
    rows = round(reach_deg / 180 * height)
    rays = np.sin(np.arange(width) / width * 2 * np.pi * 8) > 0.4
    frames[:, -rows:] = colour
    frames[:, -rows * 2 // 3 : -rows // 3] = np.where(rays[None, None, :, None], 235, np.asarray(colour))
    frames[:, : rows // 2] = colour
    return Film(frames.astype(np.uint8), whole.fps)
