"""Hard-edged shapes on the sphere, seen by a coarse view of a fine panorama; drawn without the package under test."""

from dataclasses import dataclass

import cv2
import numpy as np
from drawn_waves import Picture, Values, camera_rays

SIDE, HFOV_DEG = 96, 60.0
"""The view: pixels a side, opening."""

_SAMPLES = 4


@dataclass(frozen=True)
class Shapes:
    """Dark and light patches: where a few waves in space add up to more than nothing. No edge has a width."""

    vectors: Values
    phases: Values
    dark: int = 37
    light: int = 220

    def at(self, rays: Values) -> Picture:
        unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        waves = sum(np.sin(unit @ vector + phase) for vector, phase in zip(self.vectors, self.phases, strict=True))
        return np.where(waves > 0, self.light, self.dark).astype(np.uint8)


def some_shapes(seed: int = 5) -> Shapes:
    """Shapes about 16 of the view's pixels wide."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(6, 3))
    wide = 16 * 2 * np.tan(np.radians(HFOV_DEG) / 2) / SIDE
    vectors *= rng.uniform(0.6, 1.4, (6, 1)) * np.pi / wide / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Shapes(vectors, rng.uniform(0, 2 * np.pi, 6))


@dataclass(frozen=True)
class Minified:
    """A view that is some times coarser than the panorama it is cut from.

    Attributes:
        frame: the panorama (height, width), one sample a pixel; drawn where the view looks.
        of_scene: the view (SIDE, SIDE), each pixel the mean of 4 x 4 samples of the scene.
        of_source: each pixel the mean of 4 x 4 places at which the panorama is read bilinearly.
        naive: the panorama read bilinearly at each pixel's centre.
    """

    frame: Picture
    of_scene: Values
    of_source: Values
    naive: Picture


def minified(times: int, look: tuple[float, float, float], shapes: Shapes) -> Minified:
    width = int(2 * np.pi * SIDE / 2 / np.tan(np.radians(HFOV_DEG) / 2) * times) // 16 * 16
    fine = camera_rays(look, HFOV_DEG, _SAMPLES * SIDE, _SAMPLES * SIDE)
    columns, rows = _places(fine, width)
    first, last = max(0, int(rows.min()) - 40), min(width // 2, int(rows.max()) + 40)
    frame = np.zeros((width // 2, width), np.uint8)
    frame[first:last] = shapes.at(_panorama_rays(width, first, last))
    around = cv2.copyMakeBorder(frame, 0, 0, 2, 2, cv2.BORDER_WRAP)
    read = cv2.remap(around, (columns + 2).astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
    column, row = _places(camera_rays(look, HFOV_DEG, SIDE, SIDE), width)
    naive = cv2.remap(around, (column + 2).astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
    return Minified(frame, _means(shapes.at(fine)), _means(read), naive)


def psnr(seen: Picture | Values, truth: Values) -> float:
    """Decibels of 255 over the difference."""
    return float(10 * np.log10(255**2 / np.mean((np.asarray(seen, float) - truth) ** 2)))


def _means(fine: Picture) -> Values:
    return fine.reshape(SIDE, _SAMPLES, SIDE, _SAMPLES).mean(axis=(1, 3))


def _places(rays: Values, width: int) -> tuple[Values, Values]:
    """Columns and rows of an equirectangular picture, after the convention page."""
    azimuth = np.arctan2(rays[..., 1], rays[..., 0])
    elevation = np.arcsin(rays[..., 2] / np.linalg.norm(rays, axis=-1))
    return (0.5 - azimuth / (2 * np.pi)) * width - 0.5, (0.5 - elevation / np.pi) * width / 2 - 0.5


def _panorama_rays(width: int, first: int, last: int) -> Values:
    azimuth = np.pi - (np.arange(width) + 0.5) * 2 * np.pi / width
    elevation = (np.pi / 2 - (np.arange(first, last) + 0.5) * 2 * np.pi / width)[:, None]
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation) + 0 * azimuth], axis=-1)
