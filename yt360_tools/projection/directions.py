"""Sets of directions to look in."""

from collections.abc import Sequence

import numpy as np

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, Direction, angle_between, angles_from_ray, fibonacci_sphere, ray_from_angles

_PLACEMENTS, _DRAWS = 100, 400
"""How often random directions are placed anew, and from how many draws: the first ones may leave no room."""


def ring_directions(count: int) -> tuple[Direction, ...]:
    """`count` directions on the horizon, the first in front, going left."""
    return tuple(Direction(float((360 * k / count + 180) % 360 - 180)) for k in range(count))


def fibonacci_directions(count: int) -> tuple[Direction, ...]:
    """`count` directions spread evenly over the sphere, from the top down, in whole thousandths of a degree."""
    return tuple(direction_of(ray) for ray in fibonacci_sphere(count))


def direction_of(ray: Array) -> Direction:
    """The upright direction of a ray (3,), in whole thousandths of a degree: last bits differ between processors."""
    azimuth, elevation = angles_from_ray(ray)
    yaw_deg, pitch_deg = (round(float(np.degrees(angle)), 3) + 0.0 for angle in (azimuth, elevation))  # no -0.0
    return Direction(yaw_deg, pitch_deg)


def filled_up(rays: Sequence[Array], count: int, *, max_pitch_deg: float) -> tuple[Direction, ...]:
    """The directions of the first `count` unit rays (3,); where there are fewer, more that look where none looks yet.

    Args:
        max_pitch_deg: what is added looks at most so far above or below the horizon; of no rays the first is front.
    """
    found = list(rays)[:count]
    candidates = fibonacci_sphere(512)
    candidates = candidates[np.abs(candidates[:, 2]) <= np.sin(np.radians(max_pitch_deg)) + 1e-9]
    candidates = np.concatenate([[[1.0, 0.0, 0.0]], candidates])
    while len(found) < count:
        gaps = [angle_between(candidates, ray) for ray in found]
        found.append(candidates[int(np.argmax(np.min(gaps, axis=0)))] if gaps else candidates[0])
    return tuple(direction_of(ray) for ray in found)


def random_directions(
    count: int,
    rng: np.random.Generator,
    *,
    min_separation_deg: float,
    max_pitch_deg: float,
    given: Sequence[Direction] = (),
) -> tuple[Direction, ...]:
    """`count` directions, yaw uniform, pitch uniform within +-`max_pitch_deg`, at least so far apart.

    Args:
        given: directions that come first and are part of the count; the others keep away from them.

    Raises:
        UsageError: they find no place with that separation.
    """
    nearest_cosine = np.cos(np.radians(min_separation_deg))
    first = [direction.yaw_deg for direction in given], [direction.pitch_deg for direction in given]
    for _ in range(_PLACEMENTS):
        yaws = np.concatenate([first[0], rng.uniform(-180, 180, _DRAWS)])
        pitches = np.concatenate([first[1], rng.uniform(-max_pitch_deg, max_pitch_deg, _DRAWS)])
        rays = ray_from_angles(np.radians(yaws), np.radians(pitches))
        kept: list[int] = []
        for index, ray in enumerate(rays):
            if all(np.einsum("ki,i->k", rays[kept], ray, optimize=False) <= nearest_cosine):
                kept.append(index)
            if len(kept) == count:
                break
        if len(kept) == count:
            return tuple(Direction(float(yaws[index]), float(pitches[index])) for index in kept)
    raise UsageError(
        f"{count} directions within {max_pitch_deg:g}° of the horizon do not fit {min_separation_deg:g}° apart; "
        "ask for fewer, or a smaller min_separation_deg"
    )
