"""One way to read a sound's channels as W, Y, Z, X, and what a sound field read so would look like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.sound_field import FieldNumbers

Array = NDArray[np.float64]

DIRECTED = 0.75
"""From this directness on, a block counts as one source's: 1 for a lone plane wave, about 0.2 for a diffuse field."""
_LEAST_DIRECTED = 60
_LEAST_BAND = 15
_TINY = 1e-20


@dataclass(frozen=True)
class Reading:
    """Four channels read as W, Y, Z, X.

    Attributes:
        ratio_db: of the energies of Y, Z and X together over W's: 0 for plane waves in SN3D, 3.01 in FuMa, 4.77 in N3D.
        spread_db: by how much third octaves differ in that ratio (1.48 times the median deviation).
        block_ratios_db: the ratio in each audible block.
        directed_share: of the audible blocks.
        directions: (blocks, 3), unit vectors (x, y, z) of the directed blocks; none where they are few.
        band_directions: (bands, 3), the mean of these in each third octave that has enough of them.
        axes_db: energies of Y, Z, X relative to their mean.
    """

    ratio_db: float
    spread_db: float
    block_ratios_db: Array
    directed_share: float
    directions: Array
    band_directions: Array
    axes_db: tuple[float, float, float]

    @property
    def is_told(self) -> bool:
        """Whether there was anything to measure."""
        return bool(self.block_ratios_db.size)


def read_channels(numbers: FieldNumbers, places: tuple[int, int, int, int]) -> Reading:
    """The reading in which the channels at `places` are W, Y, Z, X."""
    w, vector = places[0], list(places[1:])
    if not numbers.blocks.shape[0]:
        return Reading(0.0, 0.0, np.zeros(0), 0.0, np.zeros((0, 3)), np.zeros((0, 3)), (0.0, 0.0, 0.0))
    energies = np.einsum("bii->bi", numbers.blocks).real.astype(np.float64)
    first_order = energies[:, vector].sum(axis=1)
    ratios = _db(first_order, energies[:, w])
    intensity = numbers.blocks[:, w, vector].real.astype(np.float64)
    strength = np.linalg.norm(intensity, axis=1)
    directness = strength / np.sqrt(energies[:, w] * first_order + _TINY)
    is_directed = directness > DIRECTED
    bands = np.einsum("bii->bi", numbers.bands).real
    sounding = bands.sum(axis=1) > 1e-6 * bands.sum(axis=1).max()
    band_ratios = _db(bands[sounding][:, vector].sum(axis=1), bands[sounding][:, w])
    middle = float(np.median(band_ratios))
    spread = 1.48 * float(np.median(np.abs(band_ratios - middle)))
    directions, by_band = np.zeros((0, 3)), np.zeros((0, 3))
    if is_directed.sum() >= _LEAST_DIRECTED:
        middle = float(np.median(ratios[is_directed]))
        y, z, x = (intensity[is_directed] / strength[is_directed, None]).T
        directions = np.stack([x, y, z], axis=1)
        by_band = _by_band(directions, numbers.block_bands[is_directed])
    axes = bands[:, vector].sum(axis=0)
    levels = _db(axes, np.full(3, axes.mean()))
    share = float(is_directed.mean())
    return Reading(
        middle, spread, ratios, share, directions, by_band, (float(levels[0]), float(levels[1]), float(levels[2]))
    )


def _by_band(directions: Array, bands: NDArray[np.int64]) -> Array:
    means = [
        directions[bands == band].mean(axis=0) for band in np.unique(bands) if (bands == band).sum() >= _LEAST_BAND
    ]
    return np.asarray(means).reshape(-1, 3)


def _db(above: Array, below: Array) -> Array:
    return np.asarray(np.clip(10 * np.log10((above + _TINY) / (below + _TINY)), -99, 99))
