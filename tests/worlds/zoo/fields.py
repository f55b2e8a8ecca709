"""Sound fields by plain numpy: sources and diffuse sound, first order, as W, Y, Z, X (ACN, SN3D)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from worlds.sound_fields import of_rays, random_rays

Values = NDArray[np.float64]
RATE_HZ = 48000


@dataclass(frozen=True)
class Sound:
    """Samples (channels, samples), full scale 1."""

    samples: Values
    rate_hz: int = RATE_HZ

    @property
    def seconds(self) -> float:
        return self.samples.shape[1] / self.rate_hz

    def at(self, dbfs: float) -> "Sound":
        """With its first channel at an RMS level."""
        return Sound(self.samples * 10 ** (dbfs / 20) / rms(self.samples[0]), self.rate_hz)


def rms(samples: Values) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def _noise(rng: np.random.Generator, count: int, low_hz: float, high_hz: float, rate_hz: int) -> Values:
    high_hz = min(high_hz, 0.45 * rate_hz)
    band = signal.butter(2, [low_hz, high_hz], btype="bandpass", fs=rate_hz, output="sos")
    return np.asarray(signal.sosfilt(band, rng.standard_normal(count)))


def speech(rng: np.random.Generator, count: int, rate_hz: int = RATE_HZ) -> Values:
    """Syllables: a buzz through two formants, with pauses between words."""
    t = np.arange(count) / rate_hz
    pitch = rng.uniform(95, 210) * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * t + rng.uniform(0, 6)))
    voice = signal.sawtooth(2 * np.pi * np.cumsum(pitch) / rate_hz) + 0.1 * rng.standard_normal(count)
    sound = np.zeros(count)
    for centre in rng.uniform([350, 1000, 2200], [750, 1900, 3000]):
        ring = signal.butter(1, [0.85 * centre, 1.15 * centre], btype="bandpass", fs=rate_hz, output="sos")
        sound += signal.sosfilt(ring, voice)
    knots = np.arange(0, t[-1] + 0.2, 0.12)
    gate = np.interp(t, knots, rng.uniform(0.05, 1, knots.size) * (rng.random(knots.size) > 0.25))
    return np.asarray(sound * gate)


def music(rng: np.random.Generator, count: int, rate_hz: int = RATE_HZ) -> Values:
    """Plucked chords."""
    since = np.arange(2 * rate_hz) / rate_hz
    gate = np.exp(-since * 3) * np.clip(since * 200, 0, 1)
    sound = np.zeros(count + since.size)
    for start in range(0, count, rate_hz // 2):
        for note in rng.choice([220, 247.5, 275, 330, 366.7, 440, 495, 660], 3, replace=False):
            for partial in range(1, 5):
                tone = gate * np.sin(2 * np.pi * note * partial * since + partial) / partial**1.3
                sound[start : start + since.size] += tone
    return sound[:count]


def rain(rng: np.random.Generator, count: int, rate_hz: int = RATE_HZ) -> Values:
    """Drops, so many that they hiss."""
    drops = np.where(rng.random(count) < 900 / rate_hz, rng.standard_normal(count), 0)
    return np.asarray(signal.lfilter([1, -1], [1, -0.6], drops) + 0.02 * rng.standard_normal(count))


def traffic(rng: np.random.Generator, count: int, rate_hz: int = RATE_HZ) -> Values:
    """Low, and swelling."""
    t = np.arange(count) / rate_hz
    return _noise(rng, count, 60, 900, rate_hz) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.2 * t + rng.uniform(0, 6)))


def birds(rng: np.random.Generator, count: int, rate_hz: int = RATE_HZ) -> Values:
    """Chirps with pauses."""
    t = np.arange(count) / rate_hz
    beat = np.mod(t * rng.uniform(2, 4) + rng.random(), 1)
    gate = np.where(beat < 0.4, np.sin(np.pi * beat / 0.4) ** 2, 0)
    return np.asarray(gate * np.sin(2 * np.pi * np.cumsum(rng.uniform(1800, 2800) * (1 + 0.4 * beat)) / rate_hz))


SIGNALS = (speech, music, traffic, birds)


def encoded(mono: Values, azimuth_deg: Values | float, elevation_deg: Values | float = 0.0) -> Values:
    """One plane wave (4, samples) from where it comes, which may move."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    level = np.cos(elevation)
    flat = np.ones_like(mono)
    gains = (flat, np.sin(azimuth) * level * flat, np.sin(elevation) * flat, np.cos(azimuth) * level * flat)
    return np.stack(gains) * mono


def diffuse(rng: np.random.Generator, count: int, *, waves: int = 24, tilt: float = 0.9) -> Values:
    """Independent noises from directions all around, the stronger the lower (`tilt` 0 is white); RMS 1 in W."""
    rays = random_rays(waves, int(rng.integers(2**31)))
    noises = signal.lfilter([1 - tilt], [1, -tilt], rng.standard_normal((waves, count)))
    field = of_rays(rays, 1).T @ noises
    return np.asarray(field / rms(field[0]))


@lru_cache(maxsize=6)
def scene(
    seed: int,
    seconds: float = 6.0,
    *,
    sources: int = 3,
    ambience: float = 0.3,
    rate_hz: int = RATE_HZ,
    moving: bool = True,
) -> Sound:
    """Some sources that go around, and a diffuse ground of `ambience` times their level; W at -20 dBFS."""
    rng = np.random.default_rng([seed, 21])
    count = round(seconds * rate_hz)
    t = np.arange(count) / rate_hz
    field = np.zeros((4, count))
    for number in range(sources):
        make = SIGNALS[(seed + number) % len(SIGNALS)]
        mono = make(rng, count, rate_hz)
        azimuth = rng.uniform(-180, 180) + (rng.uniform(-40, 40) * t if moving else 0)
        elevation = rng.uniform(-20, 35) + (10 * np.sin(t) if moving else 0)
        field += encoded(mono / rms(mono), azimuth, elevation)
    if ambience:
        field += ambience * max(1, sources**0.5) * diffuse(rng, count)
    return Sound(field, rate_hz).at(-20)


def reverberant(seed: int, seconds: float = 6.0) -> Sound:
    """Music in a hall, whose answer comes from everywhere and is louder than what comes from the two players."""
    rng = np.random.default_rng([seed, 22])
    count = round(seconds * RATE_HZ)
    length = round(1.6 * RATE_HZ)
    decay = np.exp(-np.arange(length) / RATE_HZ * 6.9 / 1.6)
    field = np.zeros((4, count))
    for azimuth in rng.uniform(-70, 70, 2):
        mono = music(rng, count)
        echo = rng.standard_normal((4, length)) * decay * np.sqrt([[1], [1 / 3], [1 / 3], [1 / 3]])
        echo *= 2.0 / np.sqrt(np.sum(echo[0] ** 2))
        field += encoded(mono, azimuth) + signal.oaconvolve(mono[None], echo, axes=1)[:, :count]
    return Sound(field).at(-18)


def rainfall(seed: int, seconds: float = 6.0) -> Sound:
    """Rain from all of the upper half and less from below, and nothing else."""
    rng = np.random.default_rng([seed, 23])
    count = round(seconds * RATE_HZ)
    rays = random_rays(30, seed)
    rays[:20, 2] = np.abs(rays[:20, 2])
    return Sound(of_rays(rays, 1).T @ np.stack([rain(rng, count) for _ in rays])).at(-28)


def higher_order(seed: int, order: int, seconds: float = 4.0) -> Sound:
    """Two sources and a diffuse ground in an order above the first, by scipy's Legendre functions."""
    rng = np.random.default_rng([seed, 24])
    count = round(seconds * RATE_HZ)
    rays = random_rays(14, seed)
    waves = 0.12 * rng.standard_normal((14, count))
    waves[0], waves[1] = speech(rng, count), music(rng, count)
    waves[:2] /= np.sqrt(np.mean(waves[:2] ** 2, axis=1, keepdims=True))
    return Sound(of_rays(rays, order).T @ waves).at(-20)


def low_passed(sound: Sound, hz: float) -> Sound:
    band = signal.butter(4, hz, fs=sound.rate_hz, output="sos")
    return Sound(signal.sosfilt(band, sound.samples, axis=1), sound.rate_hz)


def picked(sound: Sound, channels: Sequence[int], gains: Sequence[float]) -> Sound:
    """Channels in another order, each by its factor."""
    return Sound(sound.samples[list(channels)] * np.asarray(gains)[:, None], sound.rate_hz)
