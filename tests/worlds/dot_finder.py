"""Where a dot is in a picture and where a sound comes from, found without the package under test.

The camera is built here from its own axes, not from three rotation matrices: the optical axis, the camera's
left and the camera's up as vectors of the world. A view's frame is (along the axis, to its left, to its up).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from worlds.dot import DOT_RADIUS_DEG, er_rays, unit_vector

# min(red, blue) - green: over 200 inside the dot, below 0 everywhere in the background.
COLOUR_THRESHOLD = 60.0


@dataclass(frozen=True)
class FoundDot:
    """A dot in a picture.

    Attributes:
        column: of its centroid in pixels; 0 is the centre of the leftmost pixel.
        row: likewise; 0 is the centre of the topmost pixel.
        view_ray: the unit vector to its middle in the view's frame.
        world_ray: the same in the world's frame.
    """

    column: float
    row: float
    view_ray: NDArray[np.float64]
    world_ray: NDArray[np.float64]


def view_axes(view: dict[str, Any]) -> NDArray[np.float64]:
    """The camera's axis, left and up as rows in the world's frame; ``axes @ world`` is in the view's."""
    if view["projection"] == "er":
        return np.eye(3)
    axis = unit_vector(view["yaw_deg"], view["pitch_deg"])
    level_left = unit_vector(view["yaw_deg"] + 90, 0)
    level_up = np.cross(axis, level_left)
    roll = np.radians(view["roll_deg"])
    # Clockwise as its owner sees it: the camera's up sinks to its right.
    up = np.cos(roll) * level_up - np.sin(roll) * level_left
    left = np.cos(roll) * level_left + np.sin(roll) * level_up
    return np.stack([axis, left, up])


def pixel_rays(view: dict[str, Any], width: int, height: int) -> NDArray[np.float64]:
    """The unit vector of each pixel's centre in the view's frame, (height, width, 3)."""
    if view["projection"] == "er":
        return er_rays(width, height)
    left, up = np.meshgrid(
        np.tan(np.radians(view["hfov_deg"]) / 2) * (1 - 2 * (np.arange(width) + 0.5) / width),
        np.tan(np.radians(view["vfov_deg"]) / 2) * (1 - 2 * (np.arange(height) + 0.5) / height),
    )
    rays = np.stack([np.ones_like(left), left, up], axis=-1)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _solid_angles(view: dict[str, Any], rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of the sphere each pixel covers, up to a factor, for a mean over the sphere."""
    if view["projection"] == "er":
        return np.hypot(rays[..., 0], rays[..., 1])
    return rays[..., 0] ** 3


def dot_cover(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much each pixel of an RGB picture has of the dot's colour; zero in the background."""
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    return np.maximum(np.minimum(red, blue) - green - COLOUR_THRESHOLD, 0)


def find_dot(picture: NDArray[np.uint8], view: dict[str, Any]) -> FoundDot | None:
    """The dot in a picture of a view (``projection``, ``yaw_deg``, ... as clip.json has them), or None."""
    cover = dot_cover(picture)
    if cover.sum() < 255:
        return None
    height, width = cover.shape
    rays = pixel_rays(view, width, height)
    weight = cover * _solid_angles(view, rays)
    mean = (weight[..., None] * rays).sum(axis=(0, 1))
    view_ray = mean / np.linalg.norm(mean)
    return FoundDot(
        column=float((cover.sum(axis=0) * np.arange(width)).sum() / cover.sum()),
        row=float((cover.sum(axis=1) * np.arange(height)).sum() / cover.sum()),
        view_ray=view_ray,
        world_ray=view_axes(view).T @ view_ray,
    )


def is_well_inside(view: dict[str, Any], world_ray: NDArray[np.float64], *, radii: float = 1.5) -> bool:
    """Whether the dot's middle lies inside the view by more than so many of the dot's radii; truth decides.

    Inside means by angle from the four planes through the camera and the crop's edges. A panorama holds
    every dot, but at the poles the dot is a stripe of a few rows, which says nothing about left and right.
    """
    margin_deg = radii * DOT_RADIUS_DEG
    if view["projection"] == "er":
        return bool(abs(np.degrees(np.arcsin(world_ray[2]))) < 90 - 2 * margin_deg)
    front, left, up = view_axes(view) @ world_ray
    if front <= 0:
        return False
    inside_deg = []
    for across, opening_deg in ((left, view["hfov_deg"]), (up, view["vfov_deg"])):
        half = np.radians(opening_deg) / 2
        # The edge's plane has the normal (sin half, ∓cos half) in (front, across).
        inside_deg.append(np.degrees(np.arcsin(front * np.sin(half) - abs(across) * np.cos(half))))
    return min(inside_deg) > margin_deg


def sound_intensity(channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of W times (X, Y, Z) over the mean of W squared, from AmbiX (4, samples).

    For one plane wave in SN3D it is the unit vector to its source; with N3D's gains it would be 1.7 long.
    """
    w, y, z, x = np.asarray(channels, np.float64)
    return np.array([np.mean(w * x), np.mean(w * y), np.mean(w * z)]) / np.mean(w * w)


def sound_direction(channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector to where the sound comes from, in the frame of the channels."""
    intensity = sound_intensity(channels)
    return intensity / np.linalg.norm(intensity)
