"""Photographs wrapped on a sphere, and shown in every layout: pictures that look real, drawn without the package.

A set is a few frames of one film. Its sphere is a belt of photographs that meets itself at the back, with other ones
above and below; or photographs all around, each on its own plane.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from worlds.layouts import YOUTUBE_ORDER, YOUTUBE_TURNS, Cube, Globe

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]

BELT = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
    "cell.png",
    "camera.png",
    "coins.png",
)
ABOVE = ("hubble_deep_field.jpg", "moon.png", "rocket.jpg", "cell.png", "retina.jpg")
BELOW = ("gravel.png", "grass.png", "brick.png", "ihc.png", "coffee.png")


@lru_cache(maxsize=16)
def photo(name: str) -> Picture:
    """A photograph of scikit-image's, RGB."""
    import skimage

    found = cv2.imread(str(Path(skimage.__file__).parent / "data" / name), cv2.IMREAD_COLOR)
    assert found is not None, name
    return np.ascontiguousarray(found[:, :, ::-1])


def _mirrored(picture: Picture, across: Values, down: Values) -> Values:
    """A photograph at positions in units of its sides, repeated as in mirrors."""
    height, width = picture.shape[:2]
    x = np.abs((across + 1) % 2 - 1) * (width - 1)
    y = np.abs((down + 1) % 2 - 1) * (height - 1)
    return np.asarray(
        cv2.remap(picture.astype(np.float32), x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR), float
    )


def _on_plane(picture: Picture, rays: Values, axes: Values, size: float) -> Values:
    depth = np.maximum(rays @ axes[0], 0.05)
    return _mirrored(picture, 0.37 + rays @ axes[1] / depth / size, 0.61 + rays @ axes[2] / depth / size)


def _axes(rng: np.random.Generator) -> Values:
    return np.asarray(np.linalg.qr(rng.normal(size=(3, 3)))[0].T)


def _belt(rays: Values, rng: np.random.Generator) -> Values:
    """Photographs around, sky above, ground below, blended within some degrees."""
    azimuth, elevation = np.arctan2(rays[..., 1], rays[..., 0]), np.arcsin(np.clip(rays[..., 2], -1, 1))
    names = [str(name) for name in rng.choice(BELT, 2, replace=False)]
    turns = (
        (azimuth + rng.uniform(-np.pi, np.pi)) / np.pi * rng.choice([1, 3])
    )  # whole mirrored pairs around; an even number would make halves that meet
    low, high = rng.uniform(-0.9, -0.5), rng.uniform(0.5, 0.9)
    down = (high - elevation) / (high - low)
    first, second = (_mirrored(photo(name), turns + shift, down) for name, shift in zip(names, (0.0, 0.7), strict=True))
    share = np.clip(0.5 + 3 * np.sin(azimuth + rng.uniform(0, 6)), 0, 1)[..., None]
    belt = first * share + second * (1 - share)
    for sign, limit, choice in ((1, high, ABOVE), (-1, low, BELOW)):
        axes = np.array([[0, 0, sign], [1, 0, 0], [0, 1, 0]], float)
        cap = _on_plane(photo(str(rng.choice(choice))), rays, axes, rng.uniform(0.8, 2.5))
        weight = np.clip(sign * (elevation - limit) / rng.uniform(0.02, 0.2) + 0.5, 0, 1)[..., None]
        belt = belt * (1 - weight) + cap * weight
    return np.asarray(belt)


def _mosaic(rays: Values, rng: np.random.Generator) -> Values:
    """Ten photographs, each seen on a plane of its own, blended where they meet."""
    total, weights = np.zeros(rays.shape), np.zeros(rays.shape[:-1])
    for _ in range(10):
        axes = _axes(rng)
        weight = np.exp(30 * (rays @ axes[0]))
        total += weight[..., None] * _on_plane(
            photo(str(rng.choice(BELT + ABOVE + BELOW))), rays, axes, rng.uniform(0.8, 2.0)
        )
        weights += weight
    return np.asarray(total / weights[..., None])


def _skyline(azimuth: Values, rng: np.random.Generator) -> Values:
    waves = sum(np.sin(count * azimuth + rng.uniform(0, 6)) / count**0.5 for count in (1, 2, 3, 5, 8))
    return np.asarray(0.15 + 0.08 * waves)


def _landscape(rays: Values, rng: np.random.Generator) -> Values:
    """A smooth sky with little in it over a ground of one texture, and a belt of photographs between."""
    up = rays[..., 2:]
    sky = rng.uniform(90, 180, 3) + rng.uniform(20, 70, 3) * (1 - np.clip(up, 0, 1)) ** 2
    axes = np.array([[0, 0, -1], [1, 0, 0], [0, 1, 0]], float)
    ground = _on_plane(photo(str(rng.choice(BELOW))), rays, axes, rng.uniform(1.0, 4.0))
    far = np.exp(-np.maximum(-up, 0) * 6)
    picture = np.where(up > 0, sky, ground * (1 - far) + ground.mean(axis=(0, 1)) * far)
    belt = _belt(rays, rng)
    skyline = _skyline(np.arctan2(rays[..., 1], rays[..., 0]), rng)[..., None]
    return np.where((up > -0.1) & (up < skyline), belt, picture)


_KINDS: dict[str, Callable[[Values, np.random.Generator], Values]] = {
    "belt": _belt,
    "mosaic": _mosaic,
    "landscape": _landscape,
}
KINDS = tuple(_KINDS)


@lru_cache(maxsize=4)
def panorama(seed: int, kind: str, width: int = 1536) -> Picture:
    """An equirectangular picture (width / 2, width, 3)."""
    large = Globe(2 * width, width).rays(*np.meshgrid(np.arange(2 * width), np.arange(width)))
    drawn = _KINDS[kind](large, np.random.default_rng([seed, KINDS.index(kind)]))
    return np.asarray(
        cv2.resize(np.clip(drawn, 0, 255).astype(np.uint8), (width, width // 2), interpolation=cv2.INTER_AREA)
    )


@dataclass(frozen=True)
class Frames:
    """Some frames of a film: what a whole equirectangular picture shows at a few moments, for each eye."""

    left: tuple[Picture, ...]
    right: tuple[Picture, ...]


def moments(
    ground: Picture, seed: int, *, turn_deg: float = 0.0, light: float = 1.0, noise: float = 2.0, count: int = 4
) -> Frames:
    """Moments in which things pass by, from a camera that turns by `turn_deg` between two of them."""
    rng = np.random.default_rng([seed, 99])
    height, width = ground.shape[:2]
    field = np.cos(np.linspace(-np.pi / 2, np.pi / 2, height))[:, None] * (
        0.3 + 0.5 * (1 + np.sin(np.linspace(0, 2 * np.pi, width) * rng.integers(1, 4) + rng.uniform(0, 6)))[None]
    )
    shift = rng.uniform(0.2, 0.8) * field / 360 * width
    eyes = tuple(_warped(ground, sign * shift) for sign in (-1, 1))
    things = [
        (rng.uniform(0, 1), rng.uniform(0.3, 0.6), rng.uniform(0.01, 0.05), rng.integers(0, 256, 3)) for _ in range(3)
    ]
    shown: tuple[list[Picture], list[Picture]] = ([], [])
    for number in range(count):
        for eye, sign in ((0, -1), (1, 1)):
            frame = np.roll(eyes[eye], round(number * turn_deg / 360 * width), axis=1).copy()
            for across, down, size, colour in things:
                x = ((across + 0.09 * number) % 1) * width + sign * width * 0.001
                for wrap in (-width, 0, width):
                    cv2.circle(
                        frame,
                        (round(x + wrap), round(down * height)),
                        round(size * height),
                        tuple(int(c) for c in colour),
                        -1,
                    )
            grained = frame * light + rng.normal(0, noise, frame.shape)
            shown[eye].append(np.clip(grained, 0, 255).astype(np.uint8))
    return Frames(tuple(shown[0]), tuple(shown[1]))


def _warped(ground: Picture, shift: Values) -> Picture:
    height, width = ground.shape[:2]
    x = (np.arange(width)[None] + shift).astype(np.float32)
    y = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], x.shape)
    return np.asarray(cv2.remap(ground, x, np.ascontiguousarray(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def shown_as(sphere: Picture, place: Cube | Globe) -> Picture:
    """An equirectangular picture in another place, twice as fine and made smaller."""
    fine = 2
    rays = place.rays(
        *np.meshgrid(
            (np.arange(place.width * fine) + 0.5) / fine - 0.5, (np.arange(place.height * fine) + 0.5) / fine - 0.5
        )
    )
    height, width = sphere.shape[:2]
    x, y = Globe(width, height).pixels(rays)
    padded = cv2.copyMakeBorder(sphere, 1, 1, 0, 0, cv2.BORDER_REPLICATE)
    padded = np.concatenate([padded[:, -1:], padded, padded[:, :1]], axis=1)
    large = cv2.remap(padded, (x + 1).astype(np.float32), (y + 1).astype(np.float32), cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(large, (place.width, place.height), interpolation=cv2.INTER_AREA))


def as_er(sphere: Picture, width: int) -> Picture:
    return np.asarray(cv2.resize(sphere, (width, width // 2), interpolation=cv2.INTER_AREA))


def as_eac(sphere: Picture, width: int, shape: float = 16 / 9) -> Picture:
    height = round(width / shape / 4) * 4
    border = 2 * min(1.0, width / 3840)
    return shown_as(sphere, Cube(width, height, 3, YOUTUBE_ORDER, YOUTUBE_TURNS, True, (border, border)))
