"""What is behind the objects: textures on the sphere itself, without a seam or a pinch in any projection."""

import colorsys

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

STYLES: tuple[str, ...] = ("clouds", "marble", "cells", "bands", "hills")

_BLOCK_PIXELS = 1 << 15

Rays = NDArray[np.float32]


def _waves(rays: Rays, rng: Generator, *, count: int, frequency: float) -> Rays:
    """A smooth random field over `rays` (3, n) around 0, of about unit size: a sum of waves through space."""
    total = np.zeros(rays.shape[1], np.float32)
    for _ in range(count):
        x, y, z = (rng.standard_normal(3) * frequency).astype(np.float32)
        total += np.sin(x * rays[0] + y * rays[1] + z * rays[2] + np.float32(rng.uniform(0, 6.28)))
    return total * np.float32((2 / count) ** 0.5)


def _cells(rays: Rays, rng: Generator, count: int) -> Rays:
    """The closeness to the nearest of `count` random points, over `rays` (3, n): rounded cells."""
    nearest = np.full(rays.shape[1], -1, np.float32)
    for _ in range(count):
        point = rng.standard_normal(3)
        x, y, z = (point / np.linalg.norm(point)).astype(np.float32)
        np.maximum(nearest, x * rays[0] + y * rays[1] + z * rays[2], out=nearest)
    return np.sqrt(np.maximum(0, 1 - nearest)) * 5 - 1


def _field(style: str, rays: Rays, rng: Generator) -> Rays:
    if style == "clouds":
        return _waves(rays, rng, count=12, frequency=2.2) + 0.5 * _waves(rays, rng, count=16, frequency=7.0)
    if style == "marble":
        bend = _waves(rays, rng, count=12, frequency=2.5)
        return np.asarray(np.sin(4 * bend + 5 * rays[2]) * np.float32(1.2))
    if style == "cells":
        return _cells(rays, rng, 40)
    if style == "hills":
        skyline = np.float32(0.22) * _waves(rays, rng, count=12, frequency=4.0)
        slope = np.float32(0.5) * _waves(rays, rng, count=12, frequency=6.0)
        above = rays[2] - skyline
        return np.tanh(above * 14) * np.float32(0.9) + np.where(above > 0, rays[2], slope)
    tilt = rng.standard_normal(3)
    x, y, z = (tilt / np.linalg.norm(tilt) * rng.uniform(6, 14)).astype(np.float32)
    return np.asarray(np.sin(x * rays[0] + y * rays[1] + z * rays[2]) * np.float32(1.2))


def _palette(rng: Generator) -> NDArray[np.float32]:
    """Two muted colours (2, 3) in 0..255: no object is as bright or as saturated."""
    hue = rng.random()
    colours = []
    for value in (rng.uniform(0.22, 0.4), rng.uniform(0.45, 0.7)):
        near_hue = (hue + rng.normal(0, 0.12)) % 1
        colours.append(colorsys.hsv_to_rgb(near_hue, rng.uniform(0.15, 0.5), value))
    if rng.random() < 0.5:
        colours.reverse()
    return np.asarray(colours, np.float32) * 255


def style_of(seed: int) -> str:
    """Which of the styles a background's seed means."""
    return STYLES[int(np.random.default_rng(seed).integers(len(STYLES)))]


def draw_background(rays: Rays, seed: int) -> NDArray[np.uint8]:
    """RGB (n, 3) at the unit `rays` (3, n), float32."""
    picture = np.empty((rays.shape[1], 3), np.uint8)
    # Block by block, so that the intermediate fields stay in the processor's cache.
    for start in range(0, rays.shape[1], _BLOCK_PIXELS):
        block = rays[:, start : start + _BLOCK_PIXELS]
        rng = np.random.default_rng(seed)
        style = STYLES[int(rng.integers(len(STYLES)))]
        palette = _palette(rng)
        grain = 1 + np.float32(0.05) * _waves(block, rng, count=24, frequency=22.0)
        share = np.clip(0.5 + 0.42 * _field(style, block, rng), 0, 1) * grain
        colour = palette[0] * grain[:, None] + (palette[1] - palette[0]) * share[:, None]
        picture[start : start + block.shape[1]] = np.clip(colour, 0, 255)
    return picture
