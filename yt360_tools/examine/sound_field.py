"""What the channels of a sound have to do with each other, in bands and over time: what formats are told by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.sound_stretches import Stretch

Array = NDArray[np.float64]

_LOW_HZ, _HIGH_HZ = 200.0, 4000.0
"""Where microphones of a few centimetres behave like the theory; below rooms and wind rule, above their size does."""
_BIN_HZ = 48.0
_FRAMES, _BINS = 4, 4
"""A block is so many half overlapping frames times so many bins, 50 ms and 190 Hz: mostly one source or none."""
_LAG_S = 0.085
_NEAR_LAG_S = 0.0012
_LOUD_DB = 50.0
"""Blocks so far below the loudest are left out: lossy codecs draw them as they like."""


@dataclass(frozen=True)
class FieldNumbers:
    """Covariances of n channels.

    Attributes:
        bands: complex (bands, n, n), third octaves from 200 Hz to 4 kHz, summed over the stretches.
        blocks: complex (blocks, n, n), the audible ones in time and frequency.
        block_bands: (blocks,), the third octave of each.
        total: (n, n), of all samples from 60 Hz up, in the mean (so its diagonal is mean squares).
        lags: (n, n), how much more alike two channels are at another time than at the same: whitened correlation at
            its greatest beyond 1.2 ms less that within.
    """

    bands: NDArray[np.complex128]
    blocks: NDArray[np.complex64]
    block_bands: NDArray[np.int64]
    total: Array
    lags: Array


def field_numbers(stretches: Sequence[Stretch], rate_hz: int) -> FieldNumbers:
    """The covariances of what was kept of a track; stretches too short for a frame are left out."""
    channels = stretches[0].samples.shape[0]
    size = 1 << max(4, round(np.log2(rate_hz / _BIN_HZ)))
    freqs = np.fft.rfftfreq(size, 1 / rate_hz)
    used = np.flatnonzero((freqs >= _LOW_HZ) & (freqs <= min(_HIGH_HZ, 0.45 * rate_hz)))
    used = used[: max(_BINS, used.size // _BINS * _BINS)]
    middles = np.maximum(freqs[used].reshape(-1, _BINS).mean(axis=1), 1)
    third = np.unique(np.floor(3 * np.log2(middles / _LOW_HZ)), return_inverse=True)[1]
    bands = np.zeros((int(third.max()) + 1, channels, channels), np.complex128)
    blocks: list[NDArray[np.complex64]] = []
    total, frames = np.zeros((channels, channels)), 0
    for stretch in stretches:
        spectra = _spectra(stretch.samples, size)
        if spectra.shape[1] < _FRAMES:
            continue
        wide = spectra[:, :, freqs >= 60].reshape(channels, -1)
        total += np.real(wide @ wide.conj().T)
        frames += spectra.shape[1]
        cut = spectra[:, : spectra.shape[1] // _FRAMES * _FRAMES, used]
        parts = _block_covariances(cut)
        blocks.append(parts.reshape(-1, channels, channels))
        np.add.at(bands, third, parts.sum(axis=0))
    scale = 2.0 / (max(frames, 1) * size * (0.375 * size))
    every = np.concatenate(blocks) if blocks else np.zeros((0, channels, channels), np.complex64)
    audible = _audible(every)
    places = np.tile(third, every.shape[0] // third.size)[audible]
    return FieldNumbers(bands, every[audible], places, total * scale, _lags(stretches, rate_hz))


def _spectra(samples: NDArray[np.float32], size: int) -> NDArray[np.complex64]:
    """(channels, frames, bins) of half overlapping Hann windows."""
    if samples.shape[1] < size:
        return np.zeros((samples.shape[0], 0, size // 2 + 1), np.complex64)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size, axis=1)[:, :: size // 2]
    return np.fft.rfft(frames * window, axis=2).astype(np.complex64)


def _block_covariances(spectra: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """(blocks in time, blocks in frequency, n, n)."""
    channels, frames, bins = spectra.shape
    cut = spectra.reshape(channels, frames // _FRAMES, _FRAMES, bins // _BINS, _BINS)
    cells = cut.transpose(1, 3, 0, 2, 4).reshape(frames // _FRAMES, bins // _BINS, channels, _FRAMES * _BINS)
    return np.asarray(cells @ cells.conj().swapaxes(-1, -2), np.complex64)


def _audible(blocks: NDArray[np.complex64]) -> NDArray[np.bool_]:
    """The louder half of the blocks, if not too far below the loudest."""
    energy = np.trace(blocks, axis1=1, axis2=2).real
    if not energy.size or energy.max() <= 0:
        return np.zeros(energy.shape, np.bool_)
    return np.asarray(energy >= max(float(np.median(energy)), float(energy.max()) * 10 ** (-_LOUD_DB / 10)))


def _lags(stretches: Sequence[Stretch], rate_hz: int) -> Array:
    channels = stretches[0].samples.shape[0]
    size = 1 << max(6, round(np.log2(rate_hz * _LAG_S)))
    cross = np.zeros((size // 2 + 1, channels, channels), np.complex128)
    for stretch in stretches:
        spectra = _spectra(stretch.samples, size).transpose(2, 0, 1)
        cross += spectra @ spectra.conj().swapaxes(-1, -2)
    power = np.einsum("fii->fi", cross).real
    floor = 1e-6 * power.max(axis=0, initial=0.0) + 1e-20
    cross[:, :, :] /= np.sqrt((power + floor)[:, :, None] * (power + floor)[:, None, :])
    freqs = np.fft.rfftfreq(size, 1 / rate_hz)
    inside = (freqs >= _LOW_HZ) & (freqs <= min(2 * _HIGH_HZ, 0.45 * rate_hz))
    cross[~inside] = 0
    alike = np.abs(np.fft.irfft(cross, axis=0)) * (size / 2 / max(1, int(inside.sum())))
    near = max(1, round(_NEAR_LAG_S * rate_hz))
    at_once = np.concatenate([alike[: near + 1], alike[-near:]]).max(axis=0)
    apart = alike[near + 1 : -near].max(axis=0)
    return np.asarray(apart - at_once)
