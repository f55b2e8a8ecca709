"""First-order ambisonics as AmbiX: channels W, Y, Z, X (ACN), SN3D, arrays (4, samples).

Every function takes and gives that layout. Directions and rotations are those of `geometry`.
"""

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, angle_between, fibonacci_sphere

Sound = NDArray[np.floating]

_XYZ = [3, 1, 2]
"""Where X, Y and Z stand among the channels W, Y, Z, X."""

BEAM_PATTERNS: dict[str, float] = {"omni": 1.0, "cardioid": 0.5, "supercardioid": 0.37, "hypercardioid": 0.25}
"""A pattern's omnidirectional share a: its gain is ``a + (1 - a) cos(angle)``, 1 on the axis."""


def _check_foa(foa: Sound) -> None:
    if foa.ndim != 2 or foa.shape[0] != 4:
        raise UsageError(f"first-order ambisonics are (4, samples) in the order W, Y, Z, X; got {foa.shape}")


def encode(signal: Sound, ray: Array) -> Sound:
    """A plane wave of `signal` (samples,) from the unit `ray` (3,): sound (4, samples)."""
    x, y, z = ray
    return np.stack([signal, signal * y, signal * z, signal * x])


def rotate(foa: Sound, rotation: Array) -> Sound:
    """The scene turned by `rotation` (3, 3): a source from v then comes from ``rotation @ v``."""
    _check_foa(foa)
    matrix = np.eye(4)
    matrix[np.ix_(_XYZ, _XYZ)] = rotation
    return np.asarray(matrix.astype(foa.dtype) @ foa)


def mirror(foa: Sound) -> Sound:
    """The scene flipped left to right: channels of negative degree m (Y) change their sign."""
    _check_foa(foa)
    mirrored = foa.copy()
    mirrored[1] *= -1
    return mirrored


def beam(foa: Sound, ray: Array, pattern: str = "cardioid") -> Sound:
    """A virtual microphone (samples,) along the unit `ray`, with gain 1 on its axis."""
    _check_foa(foa)
    if pattern not in BEAM_PATTERNS:
        raise UsageError(f"unknown beam pattern {pattern!r}; known: {', '.join(BEAM_PATTERNS)}")
    omni = BEAM_PATTERNS[pattern]
    x, y, z = ray
    weights = np.array([omni, (1 - omni) * y, (1 - omni) * z, (1 - omni) * x], dtype=foa.dtype)
    return np.asarray(weights @ foa)


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

    Each window votes for its own direction of arrival with its directional energy; votes are smoothed on
    a grid and its local maxima are taken greedily. Sources that sound at different times stay apart, which
    no map of the whole clip's energy could do at first order. Silence gives no direction: fewer rays.
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
    votes = np.exp((grid @ rays.T - 1) / spread**2) @ power
    near = grid @ grid.T > np.cos(spread)
    peaks = np.flatnonzero((votes >= np.where(near, votes, 0).max(axis=1)) & (votes > 1e-2 * votes.max()))
    found: list[Array] = []
    for index in peaks[np.argsort(votes[peaks])[::-1]]:
        if len(found) < count and all(angle_between(grid[index], other) >= min_separation for other in found):
            found.append(grid[index])
    return np.asarray(found).reshape(-1, 3)
