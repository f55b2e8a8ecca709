"""Directions of arrival over time: which way each band of each short block of sound comes from.

In every short block of sound each band of frequencies votes for the direction from which its energy flows, with the
energy that has a direction at all (DirAC's analysis: Pulkki, 2007). Sources that differ in their spectra or in time
stay apart, which no beam of first order could do.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import direction_of_arrival
from yt360_tools.geometry import Array, Direction, angle_between, angles_from_ray, er_rays

_PEAK_RANGE_DB = 12.0
_PEAK_SEPARATION = math.radians(40)


@dataclass(frozen=True)
class Votes:
    """Directions of arrival over time: one a block and band that has energy.

    Attributes:
        times_s: the blocks' middles, (n,).
        rays: unit rays, (n, 3).
        energy: mean power of the directional part, (n,).
    """

    times_s: Array
    rays: Array
    energy: Array

    def near(self, time_s: float, window_s: float) -> "Votes":
        """Those within half of `window_s` of a moment."""
        inside = np.abs(self.times_s - time_s) <= window_s / 2
        return Votes(self.times_s[inside], self.rays[inside], self.energy[inside])

    def density(self, rays: Array, spread: float = math.radians(9)) -> Array:
        """The votes' energy around each of the unit `rays` (..., 3), smoothed over `spread` radians."""
        kernel = np.exp((rays.reshape(-1, 3) @ self.rays.T - 1) / spread**2)
        return np.asarray(kernel @ self.energy).reshape(rays.shape[:-1])


def arrival_votes(foa: NDArray[np.floating], sample_rate_hz: int, *, block_s: float = 0.04) -> Votes:
    """The directions of arrival in sound (4, samples), of third octaves in blocks that overlap by half.

    A vote counts for as much of its energy as has a direction, and less the more diffuse it is.
    """
    size = max(16, round(block_s * sample_rate_hz))
    window = np.hanning(size)
    edges_hz = 100 * 2 ** (np.arange(0, 3 * math.log2(sample_rate_hz / 200)) / 3)
    edges = np.unique(np.rint(np.append(edges_hz, sample_rate_hz / 2) * size / sample_rate_hz).astype(int))
    times, rays, energies = [], [], []
    for start in range(0, foa.shape[1] - size + 1, max(1, size // 2)):
        spectrum = np.fft.rfft(foa[:, start : start + size] * window, axis=1) / size
        # Power adds over real and imaginary parts, so they may stand as the samples of a real signal.
        parts = np.stack([spectrum.real, spectrum.imag], axis=2)
        for low, high in pairwise(edges):
            band = parts[:, low:high].reshape(4, -1)
            arrival = direction_of_arrival(band)
            directness = float(np.linalg.norm(arrival))
            energy = float(np.sum(band**2)) * directness**3
            if energy > 1e-12:
                times.append((start + size / 2) / sample_rate_hz)
                rays.append(arrival / directness)
                energies.append(energy)
    return Votes(np.array(times), np.array(rays).reshape(-1, 3), np.array(energies))


def brightest(votes: Votes, count: int) -> list[Direction]:
    """Up to `count` directions where the votes' density peaks, the densest first.

    They lie 40° apart or more, and none is 12 dB or more below the first.
    """
    grid = er_rays(120, 60).reshape(-1, 3)
    density = votes.density(grid)
    found: list[Direction] = []
    floor = density.max(initial=0.0) * 10 ** (-_PEAK_RANGE_DB / 10)
    while len(found) < count and density.max(initial=0.0) > floor:
        ray = grid[int(np.argmax(density))]
        azimuth, elevation = np.degrees(angles_from_ray(ray))
        found.append(Direction(float(azimuth), float(elevation)))
        density = np.where(angle_between(grid, ray) < _PEAK_SEPARATION, 0, density)
    return found
