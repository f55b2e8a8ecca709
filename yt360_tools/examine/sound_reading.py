"""One way to read a sound's channels as W, Y, Z, X, and what a sound field read so would look like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.sound_field import FieldNumbers
from yt360_tools.thresholds.sound import SoundThresholds

Array = NDArray[np.float64]

_TINY = 1e-20
_CELL = 24


@dataclass(frozen=True)
class Reading:
    """Four channels read as W, Y, Z, X.

    Attributes:
        ratio_db: of the energies of Y, Z and X together over W's: 0 for plane waves in SN3D, 3.01 in FuMa, 4.77 in N3D.
        spread_db: by how much third octaves differ in that ratio (1.48 times the median deviation).
        wander_db: by how much cells differ in it, of a third octave and `_CELL` audible blocks each, likewise.
        block_ratios_db: the ratio in each audible block.
        loudness: the blocks' amplitudes: the square roots of their energies.
        directness: how far each is one source's: 1 for a lone plane wave, about 0.2 for a diffuse field.
        is_one_wave: whether all four channels of a block are one signal, each in phase or upside down.
        directed_share: of the audible blocks.
        directions: (blocks, 3), unit vectors (x, y, z) of the directed blocks; none where they are few.
        band_directions: (bands, 3), the mean of these in each third octave that has enough of them.
        axes_db: energies of Y, Z, X relative to their mean.
    """

    ratio_db: float
    spread_db: float
    wander_db: float
    block_ratios_db: Array
    loudness: Array
    directness: Array
    is_one_wave: NDArray[np.bool_]
    directed_share: float
    directions: Array
    band_directions: Array
    axes_db: tuple[float, float, float]

    @property
    def is_told(self) -> bool:
        """Whether there was anything to measure."""
        return bool(self.block_ratios_db.size)


def read_channels(numbers: FieldNumbers, places: tuple[int, int, int, int], thresholds: SoundThresholds) -> Reading:
    """The reading in which the channels at `places` are W, Y, Z, X."""
    w, vector = places[0], list(places[1:])
    if not numbers.blocks.shape[0]:
        none, rays, level = np.zeros(0), np.zeros((0, 3)), (0.0, 0.0, 0.0)
        return Reading(0.0, 0.0, 0.0, none, none, none, none.astype(np.bool_), 0.0, rays, rays, level)
    energies = np.einsum("bii->bi", numbers.blocks).real.astype(np.float64)
    first_order = energies[:, vector].sum(axis=1)
    ratios = _db(first_order, energies[:, w])
    intensity = numbers.blocks[:, w, vector].real.astype(np.float64)
    strength = np.linalg.norm(intensity, axis=1)
    directness = strength / np.sqrt(energies[:, w] * first_order + _TINY)
    is_directed = directness > thresholds.directed
    is_one_wave = _one_wave(numbers.blocks[:, list(places)][:, :, list(places)], thresholds)
    bands = np.einsum("bii->bi", numbers.bands).real
    sounding = bands.sum(axis=1) > 1e-6 * bands.sum(axis=1).max()
    band_ratios = _db(bands[sounding][:, vector].sum(axis=1), bands[sounding][:, w])
    middle = float(np.median(band_ratios))
    spread = 1.48 * float(np.median(np.abs(band_ratios - middle)))
    directions, by_band = np.zeros((0, 3)), np.zeros((0, 3))
    if is_directed.sum() >= thresholds.least_directed:
        middle = float(np.median(ratios[is_directed]))
        y, z, x = (intensity[is_directed] / strength[is_directed, None]).T
        directions = np.stack([x, y, z], axis=1)
        by_band = _by_band(directions, numbers.block_bands[is_directed], thresholds.least_band_directed)
    axes = bands[:, vector].sum(axis=0)
    levels = _db(axes, np.full(3, axes.mean()))
    share = float(is_directed.mean())
    return Reading(
        middle,
        spread,
        _wander(energies[:, w], first_order, numbers.block_bands),
        ratios,
        np.sqrt(energies[:, w] + first_order),
        directness,
        is_one_wave,
        share,
        directions,
        by_band,
        (float(levels[0]), float(levels[1]), float(levels[2])),
    )


def _wander(w: Array, first_order: Array, bands: NDArray[np.int64]) -> float:
    """Notes in a room meet few of its modes at a time; a microphone is off by the same all the time."""
    loudness = w + first_order + _TINY
    cells = [np.zeros(0)]
    for band in np.unique(bands):
        inside = np.flatnonzero(bands == band)
        starts = np.arange(0, inside.size - _CELL // 2, _CELL)
        if starts.size:
            above, below = (np.add.reduceat((part / loudness)[inside], starts) for part in (first_order, w))
            cells.append(_db(above, below))
    ratios = np.concatenate(cells)
    return 1.48 * float(np.median(np.abs(ratios - np.median(ratios)))) if ratios.size else 0.0


def _one_wave(blocks: NDArray[np.complex64], thresholds: SoundThresholds) -> NDArray[np.bool_]:
    """Of one signal the covariance has rank 1; where it comes at one time to all channels, it is real."""
    squares = np.square(np.abs(blocks)).sum(axis=(1, 2)) + _TINY
    energies = np.einsum("bii->b", blocks).real + _TINY
    imaginary = np.sqrt(np.square(blocks.imag).sum(axis=(1, 2)) / squares)
    return np.asarray((squares > thresholds.one_wave * energies**2) & (imaginary < thresholds.in_phase))


def _by_band(directions: Array, bands: NDArray[np.int64], least: int) -> Array:
    means = [directions[bands == band].mean(axis=0) for band in np.unique(bands) if (bands == band).sum() >= least]
    return np.asarray(means).reshape(-1, 3)


def _db(above: Array, below: Array) -> Array:
    return np.asarray(np.clip(10 * np.log10((above + _TINY) / (below + _TINY)), -99, 99))
