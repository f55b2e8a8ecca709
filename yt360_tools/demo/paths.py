"""Where an object is at a time: keyframes on the sphere, great circles between them."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from yt360_tools.geometry import Array, angle_between, angles_from_ray, ray_from_angles

MOTIONS: tuple[str, ...] = ("rest", "arc", "wander")
_MOTION_SHARES = (0.35, 0.4, 0.25)
_SPEED_DEG_S = (8.0, 50.0)
_KEY_SPACING_S = 0.8


@dataclass(frozen=True)
class Path:
    """Keyframes in seconds and degrees; between two of them the object moves evenly along a great circle.

    Neighbouring keyframes are less than 180° apart, so there is one shortest arc between them.
    """

    times_s: tuple[float, ...]
    azimuth_deg: tuple[float, ...]
    elevation_deg: tuple[float, ...]

    @property
    def is_resting(self) -> bool:
        return len(set(zip(self.azimuth_deg, self.elevation_deg, strict=True))) == 1

    def rays_at(self, times_s: Array) -> Array:
        """Unit rays (n, 3) at `times_s` (n,); it stands still before and after the keyframes."""
        keys = ray_from_angles(np.radians(self.azimuth_deg), np.radians(self.elevation_deg))
        if self.is_resting:
            return np.broadcast_to(keys[0], (len(times_s), 3))
        known = np.asarray(self.times_s)
        times = np.clip(times_s, known[0], known[-1])
        start = np.clip(np.searchsorted(known, times, side="right") - 1, 0, len(known) - 2)
        share = (times - known[start]) / (known[start + 1] - known[start])
        # Not quite 0, so that the weights tend to what they are where two keyframes are alike.
        arcs = np.maximum(angle_between(keys[:-1], keys[1:]), 1e-9)
        arc, whole = arcs[start], np.sin(arcs)[start]
        to_start, to_end = np.sin((1 - share) * arc) / whole, np.sin(share * arc) / whole
        return np.asarray(to_start[:, None] * keys[start] + to_end[:, None] * keys[start + 1])


def draw_path(rng: Generator, start_s: float, end_s: float) -> Path:
    """A random path: it starts anywhere on the sphere, evenly, and rests, moves evenly, or wanders."""
    motion = MOTIONS[int(rng.choice(len(MOTIONS), p=_MOTION_SHARES))]
    ray = rng.standard_normal(3)
    ray /= np.linalg.norm(ray)
    heading = np.cross(ray, rng.standard_normal(3))
    heading /= np.linalg.norm(heading)
    speed = 0.0 if motion == "rest" else np.radians(rng.uniform(*_SPEED_DEG_S))
    duration = end_s - start_s
    steps = 1 if motion == "rest" else max(1, round(duration / _KEY_SPACING_S))
    step = speed * duration / steps
    rays = [ray]
    for _ in range(steps):
        if motion == "wander":
            bend = rng.uniform(-1.2, 1.2)
            heading = np.cos(bend) * heading + np.sin(bend) * np.cross(ray, heading)
        ray, heading = (
            np.cos(step) * ray + np.sin(step) * heading,
            np.cos(step) * heading - np.sin(step) * ray,
        )
        rays.append(ray)
    azimuth, elevation = angles_from_ray(np.asarray(rays))
    # Rounded before anything is drawn or heard: what truth.json says is exactly what was rendered.
    return Path(
        tuple(float(start_s + duration * i / steps) for i in range(steps + 1)),
        tuple(float(round(v, 3)) for v in np.degrees(azimuth)),
        tuple(float(round(v, 3)) for v in np.degrees(elevation)),
    )
