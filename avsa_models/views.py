"""Viewpoints of a panorama, drawn and cut while training: where they look, their pictures, how their sound turns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import channel_matrix
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, angles_from_ray
from yt360_tools.projection import Sampler, Source, random_directions, sufficient_width
from yt360_tools.records import Direction, SourceLayout, View

Frames = NDArray[np.uint8]

_MIDDLE_PART = 0.8
"""How much of a view's opening a sound that it was drawn towards may lie in."""

EVENLY_BY = ("angle", "area")
"""How opening angles may be spread over their range."""

_LUMA = np.array([0.299, 0.587, 0.114])

_LEVELS = (1.0, 0.75, 0.5, 0.375, 0.25)
"""Widths, as parts of the stored one, to which a panorama is scaled before a coarser view is cut: no aliasing."""


@dataclass(frozen=True)
class ViewConfig:
    """How viewpoints are drawn.

    Attributes:
        size: a crop's width and height in pixels.
        hfov_deg: the true horizontal opening angle is drawn from this range.
        hfov_evenly_by: one of `EVENLY_BY`. By ``angle``, as published, more than half of the views of 25 to 90 degrees
            see less than a third of what the widest sees, and mostly nothing that sounds; by ``area`` of the image
            plane three in ten do.
        aspect: a crop's width over its height on the image plane, drawn evenly on a log scale from this range;
            it is then sampled at `size` x `size` pixels.
        max_pitch_deg: the axes lie within so much of the horizon.
        min_separation_deg: the axes are at least so far apart.
        toward_sound: the share of samples whose first viewpoint is drawn where it sounds, somewhere in its middle part.
        mirror: the share of samples that are flipped left to right, picture and sound together.
        brightness, contrast, saturation: factors are drawn from 1 +- this.
        hue_deg: the hue turns by up to so much.
    """

    size: int = 112
    hfov_deg: tuple[float, float] = (25.0, 90.0)
    hfov_evenly_by: str = "angle"
    aspect: tuple[float, float] = (0.75, 4 / 3)
    max_pitch_deg: float = 30.0
    min_separation_deg: float = 45.0
    toward_sound: float = 0.0
    mirror: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue_deg: float = 10.0

    def __post_init__(self) -> None:
        require_openings("views", self.hfov_deg, self.aspect)
        if self.hfov_evenly_by not in EVENLY_BY:
            known = ", ".join(EVENLY_BY)
            raise UsageError(f"views.hfov_evenly_by must be one of {known}; got {self.hfov_evenly_by!r}")
        if self.size < 1:
            raise UsageError(f"views.size {self.size} must be 1 or more")
        for name in ("toward_sound", "mirror", "brightness", "contrast", "saturation"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"views.{name} {getattr(self, name)} must be from 0 to 1")


def require_openings(section: str, hfov_deg: tuple[float, float], aspect: tuple[float, float]) -> None:
    """Refuse ranges that no opening can be drawn from, with the name that they have in a section."""
    for name, (low, high) in (("hfov_deg", hfov_deg), ("aspect", aspect)):
        if not 0 < low <= high or (name == "hfov_deg" and high >= 180):
            raise UsageError(f"{section}.{name} {[low, high]} must rise from above 0 (opening angles: below 180)")


@dataclass(frozen=True)
class Viewpoint:
    """One crop of a sample.

    Attributes:
        view: where it looks in the panorama, its opening angles and its size.
        mirrored: picture and sound are flipped left to right, after turning to the view.
        colour: (3, 4), an affine map of RGB in 0 to 255.
    """

    view: View
    mirrored: bool
    colour: NDArray[np.float64]

    @property
    def channel_matrix(self) -> NDArray[np.float64]:
        """What becomes of W, Y, Z, X: (4, 4)."""
        return channel_matrix(self.view.direction.view_from_world, mirrored=self.mirrored)


def draw_viewpoints(
    rng: np.random.Generator, config: ViewConfig, count: int, *, sounding: Array | None = None
) -> tuple[Viewpoint, ...]:
    """The `count` viewpoints of one sample: directions apart, each with its own opening; flipped and coloured alike.

    Args:
        sounding: a ray (3,) where it sounds, for `ViewConfig.toward_sound`; None looks nowhere in particular.

    Raises:
        UsageError: so many directions do not fit so far apart.
    """
    openings = [_draw_opening(rng, config) for _ in range(count)]
    given: tuple[Direction, ...] = ()
    if sounding is not None and rng.random() < config.toward_sound:
        given = _looking_at(sounding, rng, openings[0], config.max_pitch_deg)
    directions = random_directions(
        count,
        rng,
        min_separation_deg=config.min_separation_deg,
        max_pitch_deg=config.max_pitch_deg,
        given=given,
    )
    mirrored = bool(rng.random() < config.mirror)
    colour = _draw_colour(rng, config)
    size = config.size
    return tuple(
        Viewpoint(View("viewport", direction, hfov_deg, vfov_deg, size, size), mirrored, colour)
        for direction, (hfov_deg, vfov_deg) in zip(directions, openings, strict=True)
    )


def _draw_opening(rng: np.random.Generator, config: ViewConfig) -> tuple[float, float]:
    """A view's true horizontal and vertical opening angle in degrees."""
    if config.hfov_evenly_by == "angle":
        hfov_deg = float(rng.uniform(*config.hfov_deg))
    else:
        area = rng.uniform(*np.tan(np.radians(config.hfov_deg) / 2) ** 2)
        hfov_deg = float(np.degrees(2 * np.arctan(np.sqrt(area))))
    aspect = float(np.exp(rng.uniform(*np.log(config.aspect))))
    return hfov_deg, float(np.degrees(2 * np.arctan(np.tan(np.radians(hfov_deg) / 2) / aspect)))


def _looking_at(
    ray: Array, rng: np.random.Generator, opening: tuple[float, float], max_pitch_deg: float
) -> tuple[Direction, ...]:
    """A direction with `ray` in the middle part of its view; none where `max_pitch_deg` does not let it see the ray."""
    azimuth, elevation = np.degrees(angles_from_ray(ray))
    aside, above = rng.uniform(-_MIDDLE_PART / 2, _MIDDLE_PART / 2, 2) * opening
    pitch = float(np.clip(elevation - above, -max_pitch_deg, max_pitch_deg))
    if abs(elevation - pitch) > opening[1] / 2:
        return ()
    # Meridians close up towards the poles: the same angle aside is more of azimuth there.
    yaw = azimuth - aside / max(np.cos(np.radians(elevation)), 0.5)
    return (Direction(float((yaw + 180) % 360 - 180), pitch),)


def _draw_colour(rng: np.random.Generator, config: ViewConfig) -> NDArray[np.float64]:
    """A random affine map (3, 4) of RGB: hue, saturation, contrast, brightness, in this order."""
    turn = np.radians(rng.uniform(-config.hue_deg, config.hue_deg))
    saturation, contrast, brightness = (
        rng.uniform(1 - spread, 1 + spread) for spread in (config.saturation, config.contrast, config.brightness)
    )
    # A turn about the grey axis (Rodrigues' formula with the axis (1, 1, 1) / sqrt(3)).
    cross = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / np.sqrt(3)
    hue = np.cos(turn) * np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) / 3
    vividness = saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1))
    linear = brightness * contrast * vividness @ hue
    return np.column_stack([linear, np.full(3, brightness * (1 - contrast) * 127.5)])


def cut_crops(frames: Frames, viewpoints: Sequence[Viewpoint]) -> Frames:
    """The crops (views, frames, size, size, 3) of equirectangular `frames` (frames, height, width, 3)."""
    import cv2

    levels: dict[int, list[Frames]] = {}
    first = viewpoints[0].view
    crops = np.empty((len(viewpoints), len(frames), first.height, first.width, 3), np.uint8)
    for seen, viewpoint in zip(crops, viewpoints, strict=True):
        width, height = level_for(viewpoint.view, frames.shape[2], frames.shape[1])
        if width not in levels:
            whole, size = width == frames.shape[2], (width, height)
            levels[width] = [f if whole else cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames]
        cut = Sampler(viewpoint.view, Source(SourceLayout("er"), width, height))
        for crop, frame in zip(seen, levels[width], strict=True):
            picture = cv2.transform(cut(frame), viewpoint.colour)
            crop[...] = picture[:, ::-1] if viewpoint.mirrored else picture
    return crops


def level_for(view: View, width: int, height: int) -> tuple[int, int]:
    """Width and height of the smallest of a panorama's scaled sizes that is fine enough for a view."""
    wanted = sufficient_width(view, "er")
    part = min((part for part in _LEVELS if part * width >= wanted), default=1.0)
    return round(part * width), round(part * height)


def normalised(crops: Frames) -> NDArray[np.float32]:
    """Crops (views, frames, size, size, 3) as the video net takes them: float32 (views, 3, frames, size, size)."""
    scaled = crops.transpose(0, 4, 1, 2, 3).astype(np.float32)
    scaled /= 255
    scaled -= 0.45
    scaled /= 0.225
    return scaled
