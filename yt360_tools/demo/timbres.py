"""How the classes sound: one function a class, each from time and a generator to a signal of any level.

A class keeps its spectrum and envelope; an instance varies in pitch, rate and phase. Every timbre is
heard within any half second, for a training sample sees no more than that.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from scipy import signal

from yt360_tools.demo.scene import SAMPLE_RATE_HZ
from yt360_tools.geometry import Array

Timbre = Callable[[Array, Generator], Array]

CREST = 3.3
"""No timbre's peak is higher than this many times its rms: two at their loudest stay below full scale."""
_KNEE = 2.4


def _band_noise(rng: Generator, samples: int, low_hz: float, high_hz: float) -> Array:
    band = signal.butter(2, [low_hz, high_hz], btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(band, rng.standard_normal(samples)))


def _strokes(t: Array, rate_hz: float, phase: float, decay_s: float) -> Array:
    """An envelope that is struck `rate_hz` times a second and dies away."""
    since = np.mod(t * rate_hz + phase, 1.0) / rate_hz
    return np.asarray(np.exp(-since / decay_s) * np.minimum(1.0, since / 0.002))


def _swept(frequency_hz: Array) -> Array:
    """The phase in radians of a tone with this frequency at every sample."""
    return np.asarray(2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE_HZ)


def _bell(t: Array, rng: Generator) -> Array:
    base, rate, phase = rng.uniform(520, 660), rng.uniform(2.8, 3.6), rng.random()
    partials = zip((1.0, 2.76, 5.40, 8.93), (1.0, 0.7, 0.5, 0.3), strict=True)
    tone = sum((gain * np.sin(2 * np.pi * base * ratio * t) for ratio, gain in partials), np.zeros_like(t))
    return _strokes(t, rate, phase, 0.14) * tone


def _buzz(t: Array, rng: Generator) -> Array:
    pitch, rough = rng.uniform(210, 250), rng.uniform(24, 30)
    wave = np.zeros_like(t)
    for harmonic in range(5, 14):
        wave += np.sin(2 * np.pi * (pitch * harmonic * t + rng.random()))
    return np.asarray(wave * (0.6 + 0.4 * np.sin(2 * np.pi * rough * t)))


def _chirp(t: Array, rng: Generator) -> Array:
    rate, phase, low = rng.uniform(4.5, 5.5), rng.random(), rng.uniform(1400, 1700)
    rise = np.mod(t * rate + phase, 1.0)
    envelope = np.sin(np.pi * np.minimum(1.0, rise / 0.75)) ** 0.5
    return np.asarray(envelope * np.sin(_swept(low * (1 + 1.7 * rise))))


def _crackle(t: Array, rng: Generator) -> Array:
    sparks = np.where(rng.random(t.size) < 90 / SAMPLE_RATE_HZ, rng.uniform(0.5, 1.0, t.size), 0.0)
    band = signal.butter(2, [1800, 6000], btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    grain = np.exp(-np.arange(400) / 90) * rng.standard_normal(400)
    return np.asarray(signal.sosfilt(band, signal.oaconvolve(sparks, grain)[: t.size]))


def _drone(t: Array, rng: Generator) -> Array:
    pitch, slow = rng.uniform(85, 110), rng.uniform(1.5, 2.5)
    tone = sum((np.sin(2 * np.pi * pitch * k * t + k * k) / k for k in range(1, 7)), np.zeros_like(t))
    return np.asarray(tone * (0.8 + 0.2 * np.sin(2 * np.pi * slow * t)))


def _flute(t: Array, rng: Generator) -> Array:
    scale = np.array([1, 9 / 8, 5 / 4, 3 / 2, 5 / 3]) * rng.uniform(1250, 1400)
    notes = scale[rng.integers(len(scale), size=int(t.size / SAMPLE_RATE_HZ * 4) + 2)]
    pitch = notes[(t * 4).astype(int)] * (1 + 0.006 * np.sin(2 * np.pi * 5.5 * t))
    phase = _swept(pitch)
    return np.asarray(np.sin(phase) + 0.15 * np.sin(2 * phase))


def _growl(t: Array, rng: Generator) -> Array:
    pulses = signal.sawtooth(2 * np.pi * rng.uniform(60, 75) * t) + 0.5 * rng.standard_normal(t.size)
    sway = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(2, 3) * t)
    open_vowel = signal.butter(2, [550, 1200], btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    close_vowel = signal.butter(2, [220, 420], btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sway * signal.sosfilt(open_vowel, pulses) + (1 - sway) * signal.sosfilt(close_vowel, pulses))


def _hiss(t: Array, rng: Generator) -> Array:
    tremolo = 0.65 + 0.35 * np.sin(2 * np.pi * rng.uniform(7, 9) * t)
    return _band_noise(rng, t.size, 5000, 9000) * tremolo


def _knock(t: Array, rng: Generator) -> Array:
    rate, phase = rng.uniform(5.0, 7.0), rng.random()
    thud = _band_noise(rng, t.size, 220, 420) * 3 + 0.2 * _band_noise(rng, t.size, 1000, 2000)
    return _strokes(t, rate, phase, 0.035) * thud


def _siren(t: Array, rng: Generator) -> Array:
    middle, rate, phase = rng.uniform(400, 460), rng.uniform(1.3, 1.7), rng.uniform(0, 2 * np.pi)
    turns = _swept(middle * (1 + 0.35 * np.sin(2 * np.pi * rate * t + phase)))
    return np.asarray(sum((np.sin(k * turns + k * k) / k**0.7 for k in range(1, 6)), np.zeros_like(t)))


TIMBRES: dict[str, Timbre] = {
    "bell": _bell,
    "buzz": _buzz,
    "chirp": _chirp,
    "crackle": _crackle,
    "drone": _drone,
    "flute": _flute,
    "growl": _growl,
    "hiss": _hiss,
    "knock": _knock,
    "siren": _siren,
}


def synthesise(class_name: str, samples: int, seed: int) -> Array:
    """A signal (samples,) of that class at 48 kHz, of rms 1 and a peak of at most `CREST`."""
    rng = np.random.default_rng(seed)
    lead = SAMPLE_RATE_HZ // 20
    # The filters' first transient is left out: it would be a click that all classes share.
    wave = TIMBRES[class_name](np.arange(samples + lead) / SAMPLE_RATE_HZ, rng)[lead:]
    for _ in range(3):
        wave = np.tanh(wave / np.sqrt(np.mean(wave**2)) / _KNEE)
    return np.asarray(wave / np.sqrt(np.mean(wave**2)))
