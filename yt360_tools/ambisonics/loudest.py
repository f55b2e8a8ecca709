"""The directions in which it is loudest."""

import numpy as np

from yt360_tools.ambisonics.channels import XYZ_CHANNELS, Sound
from yt360_tools.ambisonics.field import check_directional
from yt360_tools.geometry import Array, angle_between, angles_from_ray, fibonacci_sphere, ray_from_angles

_XYZ = list(XYZ_CHANNELS)

_CLIMBS = 40
"""Steps from a grid point to its peak: always as many, since a test for "near enough" would hang on rounding."""


def loudest_directions(
    sound: Sound,
    count: int,
    *,
    sample_rate_hz: int,
    min_separation: float,
    window_s: float = 0.1,
    grid_size: int = 1024,
    spread: float = np.radians(12),
) -> Array:
    """Up to `count` unit rays (k, 3) where it is loudest, loudest first, `min_separation` radians apart.

    Each window votes for its own direction of arrival with its directional energy, and `peaks_of_votes` takes it from
    there. Sources that sound at different times stay apart, which no map of the whole clip's energy could do at first
    order. Silence gives no direction: fewer rays. Of sound ((N + 1)^2, samples), N from 1 to 7, W and the channels of
    first order are what counts.
    """
    foa = check_directional(sound)
    window = max(1, round(window_s * sample_rate_hz))
    blocks = foa.shape[1] // window
    if blocks == 0:
        return np.zeros((0, 3))
    cut = foa[:, : blocks * window].astype(np.float64).reshape(4, blocks, window)
    intensity = np.einsum("ibt,bt->bi", cut[_XYZ], cut[0])
    power = np.linalg.norm(intensity, axis=1)
    loud = power > 1e-3 * power.max(initial=0.0)
    if not loud.any() or power.max() / window < 1e-10:
        return np.zeros((0, 3))
    rays, power = intensity[loud] / power[loud, None], power[loud]
    return peaks_of_votes(rays, power, count, min_separation=min_separation, grid_size=grid_size, spread=spread)


def peaks_of_votes(
    rays: Array,
    power: Array,
    count: int,
    *,
    min_separation: float,
    grid_size: int = 1024,
    spread: float = np.radians(12),
) -> Array:
    """Up to `count` unit rays (k, 3) on which unit `rays` (n, 3), each with its `power` (n,), agree best.

    Votes are smoothed over `spread` (radians), and a grid's local maxima are climbed to the peaks beside them: of those
    votes, then of votes smoothed half as wide, on which windows with two sources (they vote for a place between) weigh
    less. The peaks are taken greedily, the greatest first, `min_separation` (radians) apart; those nearer than `spread`
    are one. Without votes there are no peaks.

    The rays are those of whole thousandths of a degree, so that what processors round otherwise vanishes.
    """
    if not len(rays):
        return np.zeros((0, 3))
    grid = fibonacci_sphere(grid_size)
    votes = _votes(grid, rays, power, spread).sum(axis=1)
    near = _cosines(grid, grid) > np.cos(spread)
    peaks = grid[(votes >= np.where(near, votes, 0).max(axis=1)) & (votes > 1e-2 * votes.max())]
    for sharp in (spread, spread / 2):
        for _ in range(_CLIMBS):
            means = np.einsum("pw,wi->pi", _votes(peaks, rays, power, sharp), rays, optimize=False)
            peaks = means / np.linalg.norm(means, axis=1, keepdims=True)
    votes = _votes(peaks, rays, power, spread).sum(axis=1)
    apart = max(min_separation, spread)
    found: list[Array] = []
    # Equally loud but for rounding: the grid's order decides.
    for index in np.argsort(-np.round(votes / votes.max(), 9), kind="stable"):
        peak = _on_thousandths(peaks[index])
        if len(found) < count and all(angle_between(peak, other) >= apart for other in found):
            found.append(peak)
    return np.asarray(found).reshape(-1, 3)


def _cosines(a: Array, b: Array) -> Array:
    """Of the angles between unit rays (m, 3) and (n, 3): (m, n), without BLAS."""
    return np.einsum("ai,bi->ab", a, b, optimize=False)


def _votes(places: Array, rays: Array, power: Array, spread: float) -> Array:
    """What each of `rays` (n, 3) adds with its `power` (n,) to the smoothed votes at unit `places` (m, 3): (m, n).

    Their sum is greatest where the gradient along the sphere vanishes: where the mean of `rays`, so weighted,
    points to the place itself. Going from any place to that mean goes uphill (mean shift).
    """
    return np.exp((_cosines(places, rays) - 1) / spread**2) * power


def _on_thousandths(ray: Array) -> Array:
    """The unit ray (3,) whose azimuth, in (-180, 180], and elevation are the nearest thousandths of a degree."""
    azimuth, elevation = angles_from_ray(ray)
    azimuth_deg, elevation_deg = np.round(np.degrees([azimuth, elevation]), 3) + 0.0  # no -0.0: its bytes differ
    if azimuth_deg == -180:
        azimuth_deg = 180.0
    if abs(elevation_deg) == 90:
        azimuth_deg = 0.0
    return ray_from_angles(np.radians(azimuth_deg), np.radians(elevation_deg))
