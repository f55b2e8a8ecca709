"""From ambisonics to what the audio net sees, for many views at once.

Log-mel energies and acoustic intensity are quadratic in the channels' spectra, and turning a scene mixes the
channels by a real matrix. So the mel-weighted covariance of the channels is taken once a sample; what a view
hears is a rotation of that covariance, exactly, and needs no transform of its own.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import XYZ_CHANNELS
from yt360_tools.errors import UsageError, nearest

Floats = NDArray[np.float32]

FEATURE_CHANNELS: dict[str, int] = {"logmel": 4, "logmel+iv": 7}
"""The front ends, and how many channels each gives: log-mel of W, Y, Z, X; with the intensity's x, y and z behind."""

FLOOR = 1e-8
"""The least mean power of a band: -80 dB re a full-scale sine."""

CENTRE_DB, SPREAD_DB = -50.0, 20.0
"""About the mean and the deviation of bands of sounding clips, so that the net sees values around 0."""


@dataclass(frozen=True)
class FeatureConfig:
    """The front end.

    Attributes:
        kind: one of `FEATURE_CHANNELS`.
        n_fft: the window's length (Hann) in samples.
        hop: samples from one window to the next.
        mels: bands.
        low_hz: where the lowest band begins.
        high_hz: where the highest band ends; at most half the sample rate.
    """

    kind: str = "logmel+iv"
    n_fft: int = 512
    hop: int = 240
    mels: int = 128
    low_hz: float = 50.0
    high_hz: float = 12000.0

    def __post_init__(self) -> None:
        if self.kind not in FEATURE_CHANNELS:
            known = ", ".join(FEATURE_CHANNELS)
            raise UsageError(f"features.kind {self.kind!r} is unknown{nearest(self.kind, FEATURE_CHANNELS)}; {known}")
        if not 1 <= self.hop <= self.n_fft:
            raise UsageError(f"features.hop {self.hop} must be from 1 to features.n_fft, {self.n_fft}")

    @property
    def channels(self) -> int:
        """How many channels the audio net sees."""
        return FEATURE_CHANNELS[self.kind]

    def steps(self, samples: int) -> int:
        """How many time steps `samples` of sound give: one a hop, the windows centred on them.

        Raises:
            UsageError: not one.
        """
        if samples < self.hop:
            raise UsageError(f"{samples} samples of sound (moment.audio_s) are less than a features.hop of {self.hop}")
        return samples // self.hop


@functools.lru_cache(maxsize=4)
def mel_filters(mels: int, n_fft: int, sample_rate_hz: int, low_hz: float, high_hz: float) -> Floats:
    """Triangular bands (n_fft // 2 + 1, mels), evenly spaced on O'Shaughnessy's mel scale, each of sum 1.

    A band narrower than a bin takes the bin nearest its centre, so that none is empty.
    """
    if not 0 <= low_hz < high_hz <= sample_rate_hz / 2:
        raise UsageError(
            f"features.low_hz {low_hz:g} and high_hz {high_hz:g} must rise and stay within half the sample rate, "
            f"{sample_rate_hz / 2:g}"
        )
    low, high = (2595 * np.log10(1 + f / 700) for f in (low_hz, high_hz))
    edges = 700 * (10 ** (np.linspace(low, high, mels + 2) / 2595) - 1)
    bins = np.arange(n_fft // 2 + 1)[:, None] * sample_rate_hz / n_fft
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0, np.minimum(rising, falling))
    empty = bands.sum(axis=0) == 0
    centre = np.round(edges[1:-1] * n_fft / sample_rate_hz).astype(int)
    bands[centre[empty], np.flatnonzero(empty)] = 1.0
    return np.asarray(bands / bands.sum(axis=0), np.float32)


def spectra(foa: Floats, config: FeatureConfig) -> NDArray[np.complex64]:
    """The short-time transform (4, steps, n_fft // 2 + 1) of ambisonics (4, samples).

    A Hann window around every hop's middle, the sound continued with silence; a full-scale sine has magnitude 1.
    """
    from scipy import fft

    n_fft, hop = config.n_fft, config.hop
    steps = config.steps(foa.shape[1])
    lead = n_fft // 2 - hop // 2
    padded = np.zeros((4, (steps - 1) * hop + n_fft + lead), np.float32)
    kept = foa[:, : padded.shape[1] - lead]
    padded[:, lead : lead + kept.shape[1]] = kept
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, : (steps - 1) * hop + 1 : hop]
    window = _window(n_fft)
    return np.asarray(fft.rfft(frames * window, axis=-1), np.complex64)


@functools.lru_cache(maxsize=4)
def _window(n_fft: int) -> Floats:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return np.asarray(window / (window.sum() / 2), np.float32)


def mel_covariance(foa: Floats, config: FeatureConfig, sample_rate_hz: int) -> Floats:
    """The channels' covariance in each band and step, (4, 4, steps, mels), of ambisonics (4, samples).

    Entry i, j is the band's mean of ``Re(S_i conj(S_j))`` over its bins, S the short-time spectra.
    """
    bands = mel_filters(config.mels, config.n_fft, sample_rate_hz, config.low_hz, config.high_hz)
    parts = spectra(foa, config)
    rows, columns = np.triu_indices(4)
    real, imaginary = parts.real, parts.imag
    products = real[rows] * real[columns] + imaginary[rows] * imaginary[columns]
    means = products @ bands
    covariance = np.empty((4, 4, *means.shape[1:]), np.float32)
    covariance[rows, columns] = means
    covariance[columns, rows] = means
    return covariance


def view_features(covariance: Floats, mixings: Sequence[NDArray[np.float64]], config: FeatureConfig) -> Floats:
    """What each view's audio net sees, (views, channels, steps, mels), from `mel_covariance` and each `channel_matrix`.

    Log-mel: W, Y, Z, X turned to the view, in dB, shifted and scaled to values around 0. Intensity (kind
    ``logmel+iv``): the band's active intensity over its energy density, x, y and z from -1 to 1; a plane wave
    from the view's axis has (1, 0, 0). The sign tells front from back and left from right, which no magnitude
    can (as in Cao et al., DCASE 2019).
    """
    steps, mels = covariance.shape[2:]
    flat = covariance.reshape(16, steps * mels)
    out = np.empty((len(mixings), config.channels, steps, mels), np.float32)
    energy = None
    for seen, mixing in zip(out, mixings, strict=True):
        powers = np.einsum("ci,cj->cij", mixing, mixing).reshape(4, 16).astype(np.float32) @ flat
        np.maximum(powers, FLOOR, out=powers)
        decibels = np.log10(powers, out=powers)
        seen[:4] = ((10 * decibels - CENTRE_DB) / SPREAD_DB).reshape(4, steps, mels)
        if config.kind == "logmel+iv":
            if energy is None:
                energy = 0.5 * np.einsum("iitm->tm", covariance) + FLOOR
            flows = np.einsum("i,cj->cij", mixing[0], mixing[list(XYZ_CHANNELS)]).reshape(3, 16)
            seen[4:] = (flows.astype(np.float32) @ flat).reshape(3, steps, mels) / energy
    return out


def draw_sounding_ray(
    covariance: Floats, first: int, last: int, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Where it sounds at one of the steps `first` to `last` (exclusive), drawn by loudness: a unit ray (3,), or None.

    The direction of the intensity, summed over the bands; None where nothing sounds.
    """
    flow = covariance[0, list(XYZ_CHANNELS), first:last].sum(axis=2, dtype=np.float64)
    strength = np.linalg.norm(flow, axis=0)
    if strength.sum() < FLOOR:
        return None
    step = rng.choice(strength.size, p=strength / strength.sum())
    return np.asarray(flow[:, step] / strength[step])
