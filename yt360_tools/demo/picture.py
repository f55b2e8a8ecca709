"""What is seen: a scene's frames in any projection, from the ray of every pixel alone.

The frame is cut into small tiles, each with a middle and a radius on the sphere. An object is drawn into the
tiles that its cap may touch and nowhere else, so the same few lines serve every projection, seam and pole.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from yt360_tools.demo.backgrounds import draw_background
from yt360_tools.demo.eac import eac_rays
from yt360_tools.demo.looks import SPRITE_EXTENT, draw_sprite
from yt360_tools.demo.scene import Arrangement, Scene, SceneObject
from yt360_tools.geometry import Array, er_rays, rotation_z

Picture = NDArray[np.uint8]

_TILE = 16
_PARALLAX_DEG = 0.4
_SPRITE_DENSITY = 1.15


def frame_size(projection: str, width: int) -> tuple[int, int]:
    """Width and height of one eye's picture: 2:1 for er, 16:9 for eac with rows of an even height."""
    return width, width // 2 if projection == "er" else 4 * round(width * 9 / 64)


@dataclass(frozen=True)
class Canvas:
    """The tiles of a picture.

    Attributes:
        rays: float32 (3, height * width), the unit ray of every pixel.
        pixels: (tiles, pixels a tile), the flat indices of a tile's pixels.
        tile_rays: float32 (3, tiles, pixels a tile).
        middles: (tiles, 3), a tile's middle ray.
        radii: (tiles,), the largest angle in a tile from its middle, in radians.
    """

    width: int
    height: int
    rays: NDArray[np.float32]
    pixels: NDArray[np.intp]
    tile_rays: NDArray[np.float32]
    middles: Array
    radii: Array


@functools.lru_cache(maxsize=2)
def make_canvas(projection: str, width: int) -> Canvas:
    """The canvas of one eye's picture in the projection ``er`` or ``eac``; kept, to be read only."""
    width, height = frame_size(projection, width)
    rays = er_rays(width, height) if projection == "er" else eac_rays(width, height)
    # Tiles at the right and lower edge may repeat pixels: drawn twice on the same ground, they stay the same.
    rows = np.minimum(np.arange(math.ceil(height / _TILE) * _TILE), height - 1).reshape(-1, _TILE)
    columns = np.minimum(np.arange(math.ceil(width / _TILE) * _TILE), width - 1).reshape(-1, _TILE)
    pixels = (rows[:, None, :, None] * width + columns[None, :, None, :]).reshape(-1, _TILE * _TILE)
    tiles = rays.reshape(-1, 3)[pixels]
    middles = tiles.mean(axis=1)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    cosines = np.clip(np.einsum("tpi,ti->tp", tiles, middles).min(axis=1), -1, 1)
    flat = np.ascontiguousarray(rays.reshape(-1, 3).T, np.float32)
    tile_rays = np.ascontiguousarray(tiles.transpose(2, 0, 1), np.float32)
    return Canvas(width, height, flat, pixels, tile_rays, middles, np.arccos(cosines))


def _tangent_frame(centre: Array) -> tuple[Array, Array]:
    """The listener's right and up at a direction: a picture's own right and up, wherever it is."""
    azimuth = math.atan2(centre[1], centre[0])
    x, y = math.sin(azimuth), -math.cos(azimuth)
    up = np.array([y * centre[2], -x * centre[2], x * centre[1] - y * centre[0]])
    return np.array([x, y, 0.0]), up


def _along(rays: NDArray[np.float32], axis: Array) -> NDArray[np.float32]:
    # Written out, not a matrix product: its rounding must not depend on how many threads a BLAS uses.
    x, y, z = axis.astype(np.float32)
    return np.asarray(x * rays[0] + y * rays[1] + z * rays[2])


def draw_object(picture: Picture, canvas: Canvas, sprite: Picture, centre: Array, radius: float) -> None:
    """Draw a sprite into `picture` (height, width, 3), in place, as a cap of `radius` around `centre`."""
    reach = np.minimum(canvas.radii + radius * SPRITE_EXTENT, np.pi)
    touched = np.flatnonzero(np.einsum("ti,i->t", canvas.middles, centre) > np.cos(reach))
    rays = canvas.tile_rays[:, touched]
    right, up = _tangent_frame(centre)
    scale = sprite.shape[0] / (2 * SPRITE_EXTENT * math.sin(radius))
    middle = np.float32(sprite.shape[0] / 2 - 0.5)
    column = middle + _along(rays, right * scale)
    row = middle - _along(rays, up * scale)
    column[_along(rays, centre) < 0] = -9  # the far side of the sphere has the same right and up
    drawn = cv2.remap(sprite, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    drawn = drawn.reshape(-1, 4)
    seen = np.flatnonzero(drawn[:, 3])
    where = canvas.pixels[touched].reshape(-1)[seen]
    flat = picture.reshape(-1, 3)
    front = drawn[seen].astype(np.uint16)
    flat[where] = front[:, :3] + (flat[where] * (255 - front[:, 3:]) + 127) // 255


def _sprite_of(shown: SceneObject, canvas: Canvas) -> Picture:
    """Its sprite, about as fine as the canvas, so that plain interpolation does not alias."""
    pixels = canvas.height / math.pi * 2 * math.radians(shown.radius_deg) * SPRITE_EXTENT
    return draw_sprite(shown.class_name, shown.look_seed, max(12, round(pixels * _SPRITE_DENSITY)))


def _arrangement_frames(
    arrangement: Arrangement, canvas: Canvas, eyes: tuple[float, ...], frame_rate: float
) -> Iterator[Picture]:
    background = draw_background(canvas.rays, arrangement.background_seed)
    ground = np.tile(background.reshape(1, canvas.height, canvas.width, 3), (len(eyes), 1, 1, 1))
    times = np.arange(arrangement.first_frame, arrangement.end_frame) / frame_rate
    moving = []
    turns = [rotation_z(math.radians(eye)) for eye in eyes]
    for shown in arrangement.objects:
        sprite, radius = _sprite_of(shown, canvas), math.radians(shown.radius_deg)
        centres = shown.path.rays_at(times)
        if not shown.path.is_resting:
            moving.append((sprite, radius, centres))
            continue
        for eye, turn in enumerate(turns):
            draw_object(ground[eye], canvas, sprite, turn @ centres[0], radius)
    for i in range(times.size):
        frame = ground.copy()
        for sprite, radius, centres in moving:
            for eye, turn in enumerate(turns):
                draw_object(frame[eye], canvas, sprite, turn @ centres[i], radius)
        yield frame.reshape(-1, canvas.width, 3)


def render_frames(scene: Scene, width: int) -> Iterator[Picture]:
    """The scene's frames in order, RGB (height, width, 3); with stereo the left eye's on top of the right's.

    The eyes differ by a parallax of the objects in azimuth, half of it to each side of the truth: the left
    eye sees near things further right.
    """
    canvas = make_canvas(scene.delivery.projection, width)
    half = _PARALLAX_DEG / 2
    eyes = (-half, half) if scene.delivery.stereo == "top-bottom" else (0.0,)
    for arrangement in scene.arrangements:
        yield from _arrangement_frames(arrangement, canvas, eyes, float(scene.frame_rate))
