"""The sound before it is encoded: levels, spectra, and noise from everywhere alike."""

from fractions import Fraction

import numpy as np
import pytest

from yt360_tools.ambisonics import direction_of_arrival
from yt360_tools.demo.classes import CLASS_NAMES
from yt360_tools.demo.paths import Path
from yt360_tools.demo.scene import SAMPLE_RATE_HZ, SceneObject, draw_scene
from yt360_tools.demo.sound import diffuse_noise, object_sound, render_sound
from yt360_tools.demo.timbres import CREST, synthesise
from yt360_tools.geometry import Array, angle_between


@pytest.fixture(scope="module")
def waves() -> dict[str, Array]:
    return {name: synthesise(name, 2 * SAMPLE_RATE_HZ, seed=11) for name in CLASS_NAMES}


def test_timbres_have_rms_one_and_a_bounded_peak(waves: dict[str, Array]) -> None:
    for name, wave in waves.items():
        assert np.sqrt(np.mean(wave**2)) == pytest.approx(1.0), name
        assert np.abs(wave).max() <= CREST, name


def test_timbres_are_heard_in_any_half_second(waves: dict[str, Array]) -> None:
    for name, wave in waves.items():
        energy = np.concatenate([[0.0], np.cumsum(wave**2)])
        assert (energy[24_000:] - energy[:-24_000]).min() / 24_000 > 0.4, name


def _signature(wave: Array) -> Array:
    """The spectrum's shape in third octaves up to 12 kHz beside the envelope's, each of unit length."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    edges = 62.5 * 2 ** (np.arange(24) / 3)
    bands = np.add.reduceat(power, np.searchsorted(np.fft.rfftfreq(wave.size, 1 / SAMPLE_RATE_HZ), edges))[:-1]
    envelope = np.abs(np.fft.rfft(np.square(wave).reshape(-1, 480).mean(axis=1)))[1:80]
    return np.concatenate([np.sqrt(bands / bands.sum()), 0.5 * envelope / np.linalg.norm(envelope)])


def test_an_instance_sounds_more_like_its_class_than_like_any_other(waves: dict[str, Array]) -> None:
    known = {name: _signature(wave) for name, wave in waves.items()}
    for name in CLASS_NAMES:
        other = _signature(synthesise(name, 2 * SAMPLE_RATE_HZ, seed=99))
        assert min(known, key=lambda known_name: np.linalg.norm(known[known_name] - other)) == name


def test_diffuse_noise_has_the_sn3d_powers_and_no_direction() -> None:
    noise = diffuse_noise(np.random.default_rng(4), 200_000, tilt_db=2.0)
    covariance = noise @ noise.T / noise.shape[1]
    np.testing.assert_allclose(np.diag(covariance), [1, 1 / 3, 1 / 3, 1 / 3], rtol=1e-5)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.02
    assert np.linalg.norm(direction_of_arrival(noise)) < 0.05


def test_a_moving_object_is_heard_where_it_is() -> None:
    path = Path((2.0, 4.0), (-30.0, 80.0), (-60.0, 50.0))
    source = SceneObject("hiss", path, 8.0, -15.0, 0, 0)
    times = 2.0 + np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    foa = object_sound(source, times)
    assert 10 * np.log10(np.mean(foa[0] ** 2)) == pytest.approx(-15.0, abs=0.01)
    for start in range(0, times.size, 4800):
        heard = direction_of_arrival(foa[:, start : start + 4800])
        expected = path.rays_at(times[start + 2400 : start + 2401])[0]
        assert np.degrees(angle_between(heard, expected)) < 2.0


def test_a_video_stays_within_full_scale_and_its_silence_is_digital() -> None:
    silent = 0
    for index in range(4):
        scene = draw_scene(9, index, seconds=12, frame_rate=Fraction(24), projection="mix")
        foa = render_sound(scene)
        assert foa.shape == (4, 12 * SAMPLE_RATE_HZ)
        assert 0.05 < np.abs(foa).max() < 1.0
        for part in scene.arrangements:
            chunk = foa[:, round(part.start_s * SAMPLE_RATE_HZ) : round(part.end_s * SAMPLE_RATE_HZ)]
            assert bool(np.any(chunk)) is not part.is_silent
            silent += part.is_silent
    assert silent == 4
