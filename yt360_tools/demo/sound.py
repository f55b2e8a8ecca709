"""What is heard: a scene's first-order ambisonics, from where its objects are at every sample."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from yt360_tools.ambisonics import encode
from yt360_tools.demo.scene import SAMPLE_RATE_HZ, Arrangement, Scene, SceneObject
from yt360_tools.demo.timbres import synthesise
from yt360_tools.geometry import Array

FADE_S = 0.015


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
    spectrum = np.fft.rfft(rng.standard_normal((4, samples)), axis=1)
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ), 100.0)
    shaped = np.fft.irfft(spectrum * 10 ** (-tilt_db * np.log2(frequency / 100.0) / 20), samples, axis=1)
    power = np.array([1.0, 1 / 3, 1 / 3, 1 / 3])[:, None]
    return np.asarray(shaped * np.sqrt(power / np.mean(shaped**2, axis=1, keepdims=True)))


def object_sound(source: SceneObject, times_s: Array) -> Array:
    """One sounding object (4, samples) at the times `times_s`, moving with its picture, not yet faded."""
    if source.level_dbfs is None:
        raise ValueError(f"a distractor makes no sound: {source.class_name}")
    wave = _amplitude(source.level_dbfs) * synthesise(source.class_name, times_s.size, source.sound_seed)
    return np.asarray(encode(wave, source.path.rays_at(times_s).T))


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
