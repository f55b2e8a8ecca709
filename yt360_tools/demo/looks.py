"""How the classes look: a shape, two colours and a texture each, drawn once an object as a small picture.

Points of a look are (p, q): p to the right and q up as the listener sees it, the object's cap the unit disc.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Array

SPRITE_EXTENT = 1.1
"""A sprite spans p and q from -1.1 to 1.1: its rim is empty, so its edge can be interpolated."""

_OVERSAMPLING = 4
_TILT = 0.35
_OUTLINE = 1.13

Inside = Callable[[Array, Array], NDArray[np.bool_]]
Texture = Callable[[Array, Array], NDArray[np.bool_]]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """A class's appearance: where it is, where it has its second colour, and the two colours (RGB)."""

    inside: Inside
    texture: Texture
    first: Colour
    second: Colour


def _polygon(corners: int, turn: float = 0.0) -> Inside:
    def inside(p: Array, q: Array) -> NDArray[np.bool_]:
        angle = np.mod(np.arctan2(p, q) + turn, 2 * np.pi / corners) - np.pi / corners
        return np.asarray(np.hypot(p, q) * np.cos(angle) < np.cos(np.pi / corners))

    return inside


def _star(points: int, depth: float) -> Inside:
    def inside(p: Array, q: Array) -> NDArray[np.bool_]:
        ramp = np.abs(np.mod(np.arctan2(p, q) * points / (2 * np.pi), 1.0) - 0.5) * 2
        return np.asarray(np.hypot(p, q) < 1 - depth * (1 - ramp))

    return inside


def _lobes(count: int) -> Inside:
    def inside(p: Array, q: Array) -> NDArray[np.bool_]:
        return np.asarray(np.hypot(p, q) < 0.76 + 0.24 * np.cos(count * np.arctan2(p, q)))

    return inside


def _disc(p: Array, q: Array) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(p, q) < 1)


def _ring(p: Array, q: Array) -> NDArray[np.bool_]:
    distance = np.hypot(p, q)
    return np.asarray((distance < 1) & (distance > 0.45))


def _cross(p: Array, q: Array) -> NDArray[np.bool_]:
    long, short = np.maximum(np.abs(p), np.abs(q)), np.minimum(np.abs(p), np.abs(q))
    return np.asarray((long < 0.93) & (short < 0.36))


def _crescent(p: Array, q: Array) -> NDArray[np.bool_]:
    return np.asarray((np.hypot(p, q) < 1) & (np.hypot(p - 0.5, q - 0.25) > 0.68))


def _stripes(p_weight: float, q_weight: float) -> Texture:
    return lambda p, q: np.sin(p_weight * p + q_weight * q) > 0


def _rings(p: Array, q: Array) -> NDArray[np.bool_]:
    return np.asarray(np.sin(11 * np.hypot(p, q) + 1.2) > 0)


def _spokes(count: int) -> Texture:
    return lambda p, q: np.sin(count * np.arctan2(q, p)) > 0


def _checks(p: Array, q: Array) -> NDArray[np.bool_]:
    return np.asarray(np.sin(6 * p) * np.sin(6 * q) > 0)


def _dots(p: Array, q: Array) -> NDArray[np.bool_]:
    return np.asarray(np.cos(9 * p) + np.cos(9 * q) > 0.7)


def _core(p: Array, q: Array) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(p, q) < 0.42)


LOOKS: dict[str, Look] = {
    "bell": Look(_polygon(3), _stripes(0, 9), (247, 200, 40), (176, 104, 16)),
    "buzz": Look(_polygon(6), _stripes(9, 0), (250, 226, 60), (36, 30, 30)),
    "chirp": Look(_star(5, 0.52), _core, (84, 206, 70), (246, 250, 160)),
    "crackle": Look(_star(11, 0.36), _core, (255, 128, 24), (255, 244, 214)),
    "drone": Look(_disc, _rings, (200, 34, 52), (246, 178, 178)),
    "flute": Look(_crescent, _dots, (152, 84, 226), (236, 212, 255)),
    "growl": Look(_lobes(3), _dots, (38, 110, 66), (158, 214, 116)),
    "hiss": Look(_ring, _spokes(7), (72, 208, 226), (232, 250, 255)),
    "knock": Look(_polygon(4, np.pi / 4), _checks, (150, 92, 52), (238, 206, 160)),
    "siren": Look(_cross, _stripes(7, 7), (44, 86, 232), (240, 66, 84)),
}


def _coloured(look: Look, p: Array, q: Array, shade: float) -> Array:
    """RGBA in 0..1, alpha not yet multiplied in: body, shading from the upper left, dark outline."""
    first, second = (np.asarray(colour, np.float32) / 255 for colour in (look.first, look.second))
    colour = np.where(look.texture(p, q)[..., None], second, first)
    light = shade * (0.88 + 0.26 * q - 0.14 * p)
    colour = colour * light[..., None] + 0.35 * np.exp(-((p + 0.35) ** 2 + (q - 0.4) ** 2) / 0.06)[..., None]
    is_body = look.inside(p * _OUTLINE, q * _OUTLINE)
    colour = np.where(is_body[..., None], colour, 0.07)
    return np.concatenate([np.clip(colour, 0, 1), look.inside(p, q)[..., None]], axis=-1)


def draw_sprite(class_name: str, seed: int, size: int) -> NDArray[np.uint8]:
    """The object's picture, uint8 RGBA (size, size, 4), alpha multiplied in, its rim transparent.

    Instances of a class differ by a small tilt and in brightness.
    """
    rng = np.random.default_rng(seed)
    tilt, shade = rng.uniform(-_TILT, _TILT), rng.uniform(0.85, 1.1)
    steps = (np.arange(size * _OVERSAMPLING, dtype=np.float32) + 0.5) / (size * _OVERSAMPLING)
    right, up = np.meshgrid((2 * steps - 1) * SPRITE_EXTENT, (1 - 2 * steps) * SPRITE_EXTENT)
    cosine, sine = math.cos(tilt), math.sin(tilt)
    p, q = cosine * right + sine * up, cosine * up - sine * right
    rgba = _coloured(LOOKS[class_name], p, q, shade)
    rgba[..., :3] *= rgba[..., 3:]
    small = cv2.resize(rgba, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(small * 255), np.uint8)
