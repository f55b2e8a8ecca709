"""What is heard: a scene's first-order ambisonics, from where its objects are at every sample."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from yt360_tools.ambisonics import encode
from yt360_tools.demo.paths import Path
from yt360_tools.demo.scene import SAMPLE_RATE_HZ, Arrangement, Scene, SceneObject
from yt360_tools.demo.timbres import synthesise
from yt360_tools.geometry import Array

FADE_S = 0.015
_OCTAVE_DB = 20 * math.log10(2)


def _amplitude(level_dbfs: float) -> float:
    return float(10 ** (level_dbfs / 20))


def _fades(samples: int) -> Array:
    """Raised-cosine ramps at both ends, so that a cut does not click."""
    length = min(round(FADE_S * SAMPLE_RATE_HZ), samples // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)
    fades = np.ones(samples)
    fades[: ramp.size] = ramp
    fades[samples - ramp.size :] = ramp[::-1]
    return fades


def diffuse_noise(rng: Generator, samples: int, *, tilt_db: float) -> Array:
    """Isotropic noise (4, samples) of rms 1 in W: SN3D gives each of Y, Z and X a third of W's power.

    `tilt_db` is how much it falls an octave above 100 Hz.
    """
    spectrum = fft.rfft(rng.standard_normal((4, samples), dtype=np.float32))
    above = np.maximum(fft.rfftfreq(samples, 100 / SAMPLE_RATE_HZ), 1.0)
    shaped = fft.irfft(spectrum * (above ** (-tilt_db / _OCTAVE_DB)).astype(np.float32), samples)
    power = np.array([1.0, 1 / 3, 1 / 3, 1 / 3])
    scale = np.sqrt(power / np.mean(shaped.astype(float) ** 2, axis=1))
    return np.asarray(shaped * scale.astype(np.float32)[:, None])


def object_sound(source: SceneObject, times_s: Array) -> Array:
    """One sounding object (4, samples) at the times `times_s`, moving with its picture, not yet faded."""
    if source.level_dbfs is None:
        raise ValueError(f"a distractor makes no sound: {source.class_name}")
    wave = _amplitude(source.level_dbfs) * synthesise(source.class_name, times_s.size, source.sound_seed)
    return np.asarray(encode(wave, _rays_between(source.path, times_s)))


def _rays_between(path: Path, times_s: Array) -> Array:
    """Rays (3, samples): exact every millisecond and straight between, at most 0.02 degrees off where a path bends."""
    known = np.linspace(times_s[0], times_s[-1], 2 + times_s.size * 1000 // SAMPLE_RATE_HZ)
    return np.stack([np.interp(times_s, known, axis) for axis in path.rays_at(known).T])


def _arrangement_sound(arrangement: Arrangement, first_sample: int, samples: int) -> Array:
    if arrangement.noise_dbfs is None:
        return np.zeros((4, samples))
    times = (first_sample + np.arange(samples)) / SAMPLE_RATE_HZ
    rng = np.random.default_rng(arrangement.noise_seed)
    mix = _amplitude(arrangement.noise_dbfs) * diffuse_noise(rng, samples, tilt_db=arrangement.noise_tilt_db)
    for source in arrangement.objects:
        if source.is_sounding:
            mix = mix + object_sound(source, times)
    return np.asarray(mix * _fades(samples))


def sample_at(frame: int, scene: Scene) -> int:
    """The sound sample at which a frame begins."""
    return round(frame / scene.frame_rate * SAMPLE_RATE_HZ)


def render_sound(scene: Scene) -> NDArray[np.float32]:
    """The whole video's sound (4, samples), W, Y, Z, X at 48 kHz, within full scale."""
    foa = np.zeros((4, sample_at(scene.frames, scene)), np.float32)
    for arrangement in scene.arrangements:
        first = sample_at(arrangement.first_frame, scene)
        end = sample_at(arrangement.end_frame, scene)
        foa[:, first:end] = _arrangement_sound(arrangement, first, end - first)
    return foa
