"""First-order ambisonics as AmbiX: channels W, Y, Z, X (ACN), SN3D, arrays (4, samples).

Every function takes and gives that layout. Directions and rotations are those of `geometry`.
"""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, angle_between, angles_from_ray, fibonacci_sphere, ray_from_angles

Sound = NDArray[np.floating]

XYZ_CHANNELS = (3, 1, 2)
"""Where X, Y and Z stand among the channels W, Y, Z, X."""

_XYZ = list(XYZ_CHANNELS)

_CLIMBS = 40
"""Steps from a grid point to its peak: always as many, since a test for "near enough" would hang on rounding."""

BEAM_PATTERNS: dict[str, float] = {"omni": 1.0, "cardioid": 0.5, "supercardioid": 0.37, "hypercardioid": 0.25}
"""A pattern's omnidirectional share a: its gain is ``a + (1 - a) cos(angle)``, 1 on the axis."""


def _check_foa(foa: Sound) -> None:
    if foa.ndim != 2 or foa.shape[0] != 4:
        raise UsageError(f"first-order ambisonics are (4, samples) in the order W, Y, Z, X; got {foa.shape}")


def encode(signal: Sound, ray: Array) -> Sound:
    """A plane wave of `signal` (samples,) from the unit `ray` (3,): sound (4, samples)."""
    x, y, z = ray
    return np.stack([signal, signal * y, signal * z, signal * x])


def channel_matrix(rotation: Array, *, mirrored: bool = False) -> Array:
    """What turning a scene by `rotation` (3, 3), then flipping it left to right if `mirrored`, does to W, Y, Z, X.

    A matrix (4, 4) for sound (4, samples), or for anything linear in it, such as spectra.
    """
    matrix = np.eye(4)
    matrix[np.ix_(_XYZ, _XYZ)] = rotation
    if mirrored:
        matrix[1] *= -1
    return matrix


def rotate(foa: Sound, rotation: Array) -> Sound:
    """The scene turned by `rotation` (3, 3): a source from v then comes from ``rotation @ v``."""
    _check_foa(foa)
    return np.asarray(channel_matrix(rotation).astype(foa.dtype) @ foa)


def mirror(foa: Sound) -> Sound:
    """The scene flipped left to right: channels of negative degree m (Y) change their sign."""
    _check_foa(foa)
    mirrored = foa.copy()
    mirrored[1] *= -1
    return mirrored


def beam(foa: Sound, ray: Array, pattern: str = "cardioid") -> Sound:
    """A virtual microphone (samples,) along the unit `ray`, with gain 1 on its axis.

    A sum in a fixed order, not a matrix product: BLAS rounds otherwise on each processor and number of threads,
    and beams are stored.
    """
    _check_foa(foa)
    if pattern not in BEAM_PATTERNS:
        raise UsageError(f"unknown beam pattern {pattern!r}; known: {', '.join(BEAM_PATTERNS)}")
    omni = BEAM_PATTERNS[pattern]
    x, y, z = ray
    weights = np.array([omni, (1 - omni) * y, (1 - omni) * z, (1 - omni) * x], dtype=foa.dtype)
    total = weights[0] * foa[0]
    for weight, channel in zip(weights[1:], foa[1:], strict=True):
        total += weight * channel
    return np.asarray(total)


def direction_of_arrival(foa: Sound) -> Array:
    """The mean direction (3,) from which energy flows, its length 0 (diffuse) to 1 (one plane wave).

    The time-averaged active intensity ``W (X, Y, Z)`` over the energy density (Merimaa & Pulkki, 2004).
    """
    _check_foa(foa)
    exact = foa.astype(np.float64)
    energy = 0.5 * np.sum(exact**2)
    if energy == 0:
        return np.zeros(3)
    return np.asarray(exact[_XYZ] @ exact[0] / energy)


def energy_map(foa: Sound, rays: Array, pattern: str = "hypercardioid") -> Array:
    """The mean power (...) that a beam receives from each of the unit `rays` (..., 3)."""
    _check_foa(foa)
    exact = foa.astype(np.float64)
    covariance = exact @ exact.T / max(exact.shape[1], 1)
    omni = BEAM_PATTERNS[pattern]
    weights = np.concatenate([np.full((*rays.shape[:-1], 1), omni), (1 - omni) * rays[..., [1, 2, 0]]], axis=-1)
    return np.asarray(np.einsum("...i,ij,...j->...", weights, covariance, weights))


def loudest_directions(
    foa: Sound,
    count: int,
    *,
    sample_rate_hz: int,
    min_separation: float,
    window_s: float = 0.1,
    grid_size: int = 1024,
    spread: float = np.radians(12),
) -> Array:
    """Up to `count` unit rays (k, 3) where it is loudest, loudest first, `min_separation` radians apart.

    Each window votes for its own direction of arrival with its directional energy; votes are smoothed over
    `spread` (radians), and a grid's local maxima are climbed to the peaks beside them: of those votes, then of
    votes smoothed half as wide, on which windows with two sources (they vote for a place between) weigh less. The
    peaks are taken greedily. Sources that sound at different times stay apart, which no map of the whole clip's
    energy could do at first order. Peaks nearer than `spread` are one. Silence gives no direction: fewer rays.

    The rays are those of whole thousandths of a degree, so that what processors round otherwise vanishes.
    """
    _check_foa(foa)
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
