"""Sets of viewports by name, such as ``cube``, ``ring:4``, ``random:8`` or ``cube+ring:4``, and views one by one."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import CUBE_FACES, Array, Direction, angle_between
from yt360_tools.projection.directions import fibonacci_directions, filled_up, random_directions, ring_directions
from yt360_tools.projection.views import cube_views, viewport
from yt360_tools.records import View

VIEW_SETS = ("cube", "fibonacci", "ring", "random", "sound")
MOST_VIEWS = 64
_ROUNDED_DEG = 0.002
"""Directions are whole thousandths of a degree."""

Loudest = Callable[[int, float], Array]
"""Up to so many unit rays (k, 3) where it is loudest, loudest first, at least so far apart (radians)."""


@dataclass(frozen=True)
class ViewSettings:
    """What a set's name leaves open.

    Attributes:
        width, height: pixels of each view.
        hfov_deg: true horizontal opening angle of each view but a cube's faces.
        hfov_range_deg: of ``random:K``, the least and the greatest opening angle, drawn evenly by angle instead of
            `hfov_deg` (the paper's: 25 to 90).
        aspect_range: of ``random:K``, the least and the greatest width of what a view sees over its height, drawn
            evenly by its logarithm (the paper's: 3/4 to 4/3); None keeps pixels square.
        min_separation_deg: least angle between ``random:K`` or ``sound:K`` views.
        max_pitch_deg: ``random:K``, and what fills up ``sound:K``, look at most so far above or below the horizon.
        seed: of ``random:K``, together with the name of what is looked at.
    """

    width: int
    height: int
    hfov_deg: float = 90.0
    hfov_range_deg: tuple[float, float] | None = None
    aspect_range: tuple[float, float] | None = None
    min_separation_deg: float = 30.0
    max_pitch_deg: float = 30.0
    seed: int = 0


def make_views(
    text: str, settings: ViewSettings, *, name: str = "", loudest: Loudest | None = None
) -> tuple[View, ...]:
    """The views of a set given by its name, or of several, such as ``cube+ring:8``, one set behind the other.

    Args:
        name: of what is looked at, such as a clip's id: ``random:K`` draws others for another name.
        loudest: for ``sound:K``, where it is loudest; where fewer sound than asked for, the rest look where no view
            looks yet, which beside sounds in awkward places may be nearer than `min_separation_deg`.

    Raises:
        UsageError: no such set, settings that make no view, or views that do not fit so far apart.
    """
    sets = [(part, *parse_view_set(part)) for part in text.split("+")]
    if sum(count for _, _, count in sets) > MOST_VIEWS:
        raise UsageError(f"a clip may have {MOST_VIEWS} views; {text!r} are {sum(count for _, _, count in sets)}")
    if (settings.hfov_range_deg or settings.aspect_range) and not any(kind == "random" for _, kind, _ in sets):
        raise UsageError(f"a range of hfov or aspects is what random:K draws from; the views are {text!r}")
    return tuple(view for part, kind, count in sets for view in _one_set(part, kind, count, settings, name, loudest))


def _one_set(
    text: str, kind: str, count: int, settings: ViewSettings, name: str, loudest: Loudest | None
) -> tuple[View, ...]:
    width, height = settings.width, settings.height
    if kind == "random":
        return _random_views(count, settings, name)
    if kind == "cube":
        if width != height:
            raise UsageError(f"a cube's faces are square; got --size {width}x{height}")
        return cube_views(width)
    if kind == "ring":
        directions = ring_directions(count)
    elif kind == "fibonacci":
        directions = fibonacci_directions(count)
    else:
        if loudest is None:
            raise UsageError(f"{text} looks where it is loudest, and there is no sound here")
        rays = loudest(count, float(np.radians(settings.min_separation_deg)))
        directions = filled_up(list(rays), count, max_pitch_deg=settings.max_pitch_deg)
        if not len(rays):
            _check_separation(text, directions, settings)
    return tuple(viewport(direction, settings.hfov_deg, width, height) for direction in directions)


def _check_separation(text: str, directions: tuple[Direction, ...], settings: ViewSettings) -> None:
    """Refuse ``sound:K`` when not even the even directions of a silent clip are as far apart as was asked for."""
    rays = np.array([direction.ray for direction in directions])
    gaps = [float(np.degrees(angle_between(rays[:k], rays[k]).min())) for k in range(1, len(rays))]
    if min(gaps, default=360.0) < settings.min_separation_deg - _ROUNDED_DEG:
        raise UsageError(
            f"{text}: {len(rays)} directions, those that fill up within {settings.max_pitch_deg:g}° of the horizon, do "
            f"not fit {settings.min_separation_deg:g}° apart ({min(gaps):.1f}° do); ask for fewer, or a smaller "
            "min_separation_deg"
        )


def _random_views(count: int, settings: ViewSettings, name: str) -> tuple[View, ...]:
    rng = np.random.default_rng([settings.seed, *hashlib.sha256(name.encode()).digest()])
    directions = random_directions(
        count, rng, min_separation_deg=settings.min_separation_deg, max_pitch_deg=settings.max_pitch_deg
    )
    openings = [_draw_opening(rng, settings) for _ in directions]  # after the directions, which stay what they were
    return tuple(
        viewport(direction, hfov_deg, settings.width, settings.height, vfov_deg)
        for direction, (hfov_deg, vfov_deg) in zip(directions, openings, strict=True)
    )


def _draw_opening(rng: np.random.Generator, settings: ViewSettings) -> tuple[float, float | None]:
    """A view's true horizontal and vertical opening angle in degrees; None where pixels are square."""
    hfov_deg = settings.hfov_deg
    if settings.hfov_range_deg is not None:
        low, high = settings.hfov_range_deg
        if not 0 < low <= high < 180:
            raise UsageError(
                f"a range of hfov is two angles between 0 and 180 degrees, the lesser first; got {low:g}, {high:g}"
            )
        hfov_deg = float(rng.uniform(low, high))
    if settings.aspect_range is None:
        return hfov_deg, None
    low, high = settings.aspect_range
    if not 0 < low <= high < np.inf:
        raise UsageError(f"a range of aspects is two positive numbers, the lesser first; got {low:g}, {high:g}")
    aspect = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return hfov_deg, float(np.degrees(2 * np.arctan(np.tan(np.radians(hfov_deg) / 2) / aspect)))


def parse_view_set(text: str) -> tuple[str, int]:
    """Kind and number of views of a set's name, such as ``ring:4``; a ``cube`` has six."""
    kind, colon, number = text.partition(":")
    if kind == "cube" and not colon:
        return kind, len(CUBE_FACES)
    if kind not in VIEW_SETS or kind == "cube" or not number.isdecimal() or not 1 <= int(number) <= MOST_VIEWS:
        raise UsageError(
            f"views are cube, fibonacci:N, ring:N, random:K or sound:K with 1 to {MOST_VIEWS} views, or some of them "
            f"joined by +; "
            f"got {text!r}{'' if kind in VIEW_SETS else nearest(kind, VIEW_SETS)}"
        )
    return kind, int(number)


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


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``S`` or ``WIDTHxHEIGHT`` pixels."""
    match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", text)
    if not match or int(match[1]) < 1 or int(match[2] or 1) < 1:
        raise UsageError(f"a size is S or WIDTHxHEIGHT in pixels, such as 224 or 320x240; got {text!r}")
    return int(match[1]), int(match[2] or match[1])
