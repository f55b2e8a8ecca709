"""Sound fields whose truth is known, as files: sources at generic directions, each in a band of its own.

Nothing here imports the package under test.
"""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from worlds.plane_waves import encoded

Values = NDArray[np.float64]

RATE_HZ = 16_000
LOW, HIGH = (52.0, -18.0), (-131.0, 33.0)
"""Azimuth and elevation in degrees of the sources below and above 1 kHz."""

SPLIT_HZ = 1000
LOW_RMS, HIGH_RMS = 0.1, 0.05


def ray(azimuth_deg: float, elevation_deg: float) -> Values:
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])


def noise(seconds: float, rms: float, band_hz: tuple[float, float], seed: int, rate_hz: int = RATE_HZ) -> Values:
    samples = round(seconds * rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    frequency = np.fft.rfftfreq(samples, 1 / rate_hz)
    spectrum[(frequency < band_hz[0]) | (frequency > band_hz[1])] = 0
    signal = np.fft.irfft(spectrum, samples)
    return rms * signal / np.sqrt(np.mean(signal**2))


def two_sources(seconds: float = 3.0, order: int = 1) -> Values:
    """`LOW` below and `HIGH` above `SPLIT_HZ`, AmbiX ((order + 1)^2, samples)."""
    low = noise(seconds, LOW_RMS, (150, 900), 1)
    high = noise(seconds, HIGH_RMS, (1200, 7000), 2)
    return encoded(ray(*LOW), order)[:, None] * low + encoded(ray(*HIGH), order)[:, None] * high


def as_fuma(sound: Values) -> Values:
    """First-order AmbiX as Furse-Malham: W, X, Y, Z, and W at -3 dB."""
    w, y, z, x = sound
    return np.array([w / np.sqrt(2), x, y, z])


def as_n3d(sound: Values) -> Values:
    """AmbiX of any order as N3D."""
    degrees = np.floor(np.sqrt(np.arange(len(sound))))
    return sound * np.sqrt(2 * degrees + 1)[:, None]


def write(path: Path, sound: Values, rate_hz: int = RATE_HZ) -> Path:
    """A float WAV of sound (channels, samples)."""
    soundfile.write(path, sound.T, rate_hz, subtype="FLOAT")
    return path


def read(path: Path) -> Values:
    """The samples of a WAV (channels, samples)."""
    return soundfile.read(path, always_2d=True)[0].T


def difference(found: NDArray[np.floating], wanted: NDArray[np.floating]) -> float:
    """The largest one between two sounds of one shape; pytest's approx would take seconds for it."""
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max(initial=0.0))
