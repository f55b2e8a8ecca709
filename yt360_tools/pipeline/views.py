"""From a build's options to the views of one clip."""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import BEAM_PATTERNS, loudest_directions
from yt360_tools.config import BuildConfig
from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import CUBE_FACES, Direction, angle_between, angles_from_ray, fibonacci_sphere
from yt360_tools.projection import panorama, random_directions, ring_directions, viewport
from yt360_tools.records import View

_VIEW_SETS = ("ring", "random", "sound")
_MOST_VIEWS = 64


def clip_views(config: BuildConfig, clip_id: str, foa: NDArray[np.float32]) -> tuple[View, ...]:
    """The views of a clip; only ``sound:K`` depends on its sound (4, samples), only ``random:K`` on its id.

    Raises:
        UsageError: the options do not make views; `check_view_options` finds that out before any work.
    """
    if config.layout == "panorama":
        return (panorama(config.width),)
    width, height = parse_size(config.size)
    if config.layout == "cube":
        if width != height:
            raise UsageError(f"a cube's faces are square; got --size {width}x{height}")
        return tuple(viewport(direction, 90.0, width, height) for _, direction in CUBE_FACES)
    if config.view:
        looks = [parse_view(text, config.hfov) for text in config.view]
        return tuple(viewport(direction, hfov, width, height) for direction, hfov in looks)
    return tuple(viewport(look, config.hfov, width, height) for look in _directions(config, clip_id, foa))


def check_view_options(config: BuildConfig) -> int:
    """How many views a clip gets.

    Raises:
        UsageError: an option does not serve, or the views do not fit.
    """
    if config.beam not in BEAM_PATTERNS:
        raise UsageError(f"unknown beam pattern {config.beam!r}{nearest(config.beam, BEAM_PATTERNS)}")
    return len(clip_views(config, "a clip", np.zeros((4, config.sample_rate), np.float32)))


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``S`` or ``WIDTHxHEIGHT`` pixels."""
    match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", text)
    if not match or int(match[1]) < 1 or int(match[2] or 1) < 1:
        raise UsageError(f"a size is S or WIDTHxHEIGHT in pixels, such as 224 or 320x240; got {text!r}")
    return int(match[1]), int(match[2] or match[1])


def parse_view(text: str, hfov_deg: float) -> tuple[Direction, float]:
    """Direction and opening angle of ``YAW,PITCH[,ROLL[,HFOV]]`` in degrees."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 2 <= len(numbers) <= 4 or not np.isfinite(numbers).all():
        raise UsageError(f"a view is YAW,PITCH[,ROLL[,HFOV]] in degrees, such as 30,-10 or 30,-10,0,75; got {text!r}")
    if not -90 <= numbers[1] <= 90:
        raise UsageError(f"a view's pitch lies between -90 and 90 degrees; got {text!r}")
    hfov = numbers[3] if len(numbers) == 4 else hfov_deg
    return Direction(numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 0.0), hfov


def parse_view_set(text: str) -> tuple[str, int]:
    """Kind and number of views of ``ring:N``, ``random:K`` or ``sound:K``."""
    kind, _, number = text.partition(":")
    if kind not in _VIEW_SETS or not number.isdecimal() or not 1 <= int(number) <= _MOST_VIEWS:
        raise UsageError(
            f"views are ring:N, random:K or sound:K with 1 to {_MOST_VIEWS} views; "
            f"got {text!r}{'' if kind in _VIEW_SETS else nearest(kind, _VIEW_SETS)}"
        )
    return kind, int(number)


def _directions(config: BuildConfig, clip_id: str, foa: NDArray[np.float32]) -> tuple[Direction, ...]:
    kind, count = parse_view_set(config.views)
    if kind == "ring":
        return ring_directions(count)
    if kind == "random":
        rng = np.random.default_rng([config.seed, *hashlib.sha256(clip_id.encode()).digest()])
        return random_directions(
            count, rng, min_separation_deg=config.min_separation_deg, max_pitch_deg=config.max_pitch_deg
        )
    return sound_directions(foa, count, config)


def sound_directions(foa: NDArray[np.float32], count: int, config: BuildConfig) -> tuple[Direction, ...]:
    """The `count` loudest directions, loudest first; where fewer sound, the rest look where no view looks yet."""
    rays = list(
        loudest_directions(
            foa,
            count,
            sample_rate_hz=config.sample_rate,
            min_separation=float(np.radians(config.min_separation_deg)),
        )
    )
    candidates = fibonacci_sphere(512)
    candidates = candidates[np.abs(candidates[:, 2]) <= np.sin(np.radians(config.max_pitch_deg)) + 1e-9]
    candidates = np.concatenate([[[1.0, 0.0, 0.0]], candidates])
    while len(rays) < count:
        gaps = [angle_between(candidates, ray) for ray in rays]
        rays.append(candidates[int(np.argmax(np.min(gaps, axis=0)))] if gaps else candidates[0])
    directions = []
    for ray in rays:
        azimuth, elevation = angles_from_ray(ray)
        # Whole thousandths of a degree, and no -0.0: the last bits differ between processors.
        yaw_deg, pitch_deg = (round(float(np.degrees(angle)), 3) + 0.0 for angle in (azimuth, elevation))
        directions.append(Direction(yaw_deg, pitch_deg))
    return tuple(directions)
