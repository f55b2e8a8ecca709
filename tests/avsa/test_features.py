"""What the audio net sees: from one transform, what turning the sound itself and transforming it anew would give."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import dot

from avsa_models.features import (
    FEATURE_CHANNELS,
    FeatureConfig,
    draw_sounding_ray,
    mel_covariance,
    mel_filters,
    spectra,
    view_features,
)
from yt360_tools.ambisonics import channel_matrix, mirror, rotate
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction

Array = NDArray[np.float64]

RATE_HZ = 24_000
LOOKS = ((37.0, -24.0), (-141.0, 28.0), (163.0, 13.0))
"""Yaw and pitch in degrees: generic, so that no two errors cancel."""


@pytest.fixture(scope="module")
def spaudiopy() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of missing sound cards
        import spaudiopy

    return spaudiopy


def scene(samples: int = 2400) -> NDArray[np.float32]:
    """Two sources and noise in every channel, float32 (4, samples)."""
    rng = np.random.default_rng(0)
    sources = [
        dot.encode_source(0.1 * dot.band_noise(samples, RATE_HZ, rng), *place) for place in ((50, -20), (-110, 35))
    ]
    return np.asarray(sum(sources) + 0.02 * rng.normal(size=(4, samples)), np.float32)


def plane_wave(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float32]:
    signal = 0.3 * np.random.default_rng(1).normal(size=4800)
    return np.asarray(dot.encode_source(signal, azimuth_deg, elevation_deg), np.float32)


def features_of(foa: NDArray[np.float32], config: FeatureConfig, mixing: Array | None = None) -> NDArray[np.float32]:
    """The features of one view, unturned unless told."""
    return view_features(mel_covariance(foa, config, RATE_HZ), [np.eye(4) if mixing is None else mixing], config)[0]


# --- Plainly: every view's sound turned, transformed and weighted by itself


def mel(hz: float) -> float:
    return 2595 * np.log10(1 + hz / 700)


def plain_bands(config: FeatureConfig) -> Array:
    """Triangles between three neighbours of evenly spaced mels, (bands, bins), each of sum 1."""
    edges = [
        700 * (10 ** (at / 2595) - 1) for at in np.linspace(mel(config.low_hz), mel(config.high_hz), config.mels + 2)
    ]
    bands = np.zeros((config.mels, config.n_fft // 2 + 1))
    for band, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        for number in range(bands.shape[1]):
            hz = number * RATE_HZ / config.n_fft
            if low < hz <= centre:
                bands[band, number] = (hz - low) / (centre - low)
            elif centre < hz < high:
                bands[band, number] = (high - hz) / (high - centre)
        if not bands[band].any():
            bands[band, round(centre * config.n_fft / RATE_HZ)] = 1
        bands[band] /= bands[band].sum()
    return bands


def plain_features(foa: Array, config: FeatureConfig) -> Array:
    """Step by step and band by band, from sound that is turned already."""
    padded = np.pad(np.asarray(foa, np.float64), ((0, 0), (config.n_fft, config.n_fft)))
    hann = np.sin(np.pi * np.arange(config.n_fft) / config.n_fft) ** 2
    bands = plain_bands(config)
    seen = np.empty((config.channels, foa.shape[1] // config.hop, config.mels))
    for step in range(seen.shape[1]):
        begin = config.n_fft + round((step + 0.5) * config.hop) - config.n_fft // 2
        w, y, z, x = np.fft.rfft(padded[:, begin : begin + config.n_fft] * hann / (hann.sum() / 2))
        powers = [bands @ np.abs(channel) ** 2 for channel in (w, y, z, x)]
        for channel, power in enumerate(powers):
            seen[channel, step] = (10 * np.log10(np.maximum(power, 1e-8)) + 50) / 20
        if config.kind == "logmel+iv":
            energy = 0.5 * sum(powers) + 1e-8
            for channel, axis in enumerate((x, y, z)):
                seen[4 + channel, step] = bands @ (w * axis.conj()).real / energy
    return seen


def turned_by_spaudiopy(spaudiopy: Any, foa: Array, yaw_deg: float, pitch_deg: float) -> Array:
    """Its turns are left-handed: yaw as it is, then pitch with the other sign (see test_against_spaudiopy.py)."""
    level = spaudiopy.sph.rotate_sh(foa.T.astype(np.float64), np.radians(yaw_deg), 0, 0)
    return spaudiopy.sph.rotate_sh(level, 0, -np.radians(pitch_deg), 0).T


@pytest.mark.parametrize("kind", FEATURE_CHANNELS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_views_hear_what_turning_the_sound_itself_would_give(kind: str, mirrored: bool, spaudiopy: Any) -> None:
    config, foa = FeatureConfig(kind), scene()
    turns = [Direction(*look).view_from_world for look in LOOKS]
    mixings = [channel_matrix(turn, mirrored=mirrored) for turn in turns]
    seen = view_features(mel_covariance(foa, config, RATE_HZ), mixings, config)
    assert seen.shape == (3, FEATURE_CHANNELS[kind], 10, 128)
    assert seen.dtype == np.float32
    for found, look, turn in zip(seen, LOOKS, turns, strict=True):
        for sound in (rotate(foa, turn), turned_by_spaudiopy(spaudiopy, foa, *look)):
            wanted = plain_features(mirror(sound) if mirrored else sound, config)
            assert found[:4] == pytest.approx(wanted[:4], abs=2e-3)  # 0.04 dB, where a channel all but vanishes
            assert np.median(np.abs(found[:4] - wanted[:4])) < 1e-6
            assert found[4:] == pytest.approx(wanted[4:], abs=1e-5)


@pytest.mark.parametrize(
    "config", [FeatureConfig(n_fft=400, hop=160, mels=40, high_hz=8000), FeatureConfig(n_fft=1024, hop=480, mels=64)]
)
def test_other_settings_too(config: FeatureConfig) -> None:
    foa, turn = scene(), Direction(*LOOKS[0]).view_from_world
    found = features_of(foa, config, channel_matrix(turn))
    wanted = plain_features(rotate(foa, turn), config)
    assert found.shape == wanted.shape
    assert found == pytest.approx(wanted, abs=2e-3)


def test_one_transform_serves_all_views(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import fft

    transform, sizes = fft.rfft, []

    def counted(frames: Any, **options: Any) -> Any:
        sizes.append(frames.shape)
        return transform(frames, **options)

    monkeypatch.setattr(fft, "rfft", counted)
    config = FeatureConfig()
    mixings = [channel_matrix(Direction(10.0 * k).view_from_world) for k in range(8)]
    view_features(mel_covariance(scene(), config, RATE_HZ), mixings, config)
    assert sizes == [(4, 10, 512)]


# --- Direction


@pytest.mark.parametrize(("azimuth", "elevation"), LOOKS)
def test_a_plane_waves_intensity_is_its_direction(azimuth: float, elevation: float) -> None:
    found = features_of(plane_wave(azimuth, elevation), FeatureConfig())
    loud = found[0] > 0  # -50 dB, 30 dB above the floor
    assert loud.mean() > 0.95
    for channel, wanted in zip(found[4:], dot.unit_vector(azimuth, elevation), strict=True):
        assert channel[loud] == pytest.approx(np.full(loud.sum(), wanted), abs=2e-3)


@pytest.mark.parametrize("look", LOOKS)
def test_what_a_view_looks_at_sounds_in_front_of_it(look: tuple[float, float]) -> None:
    found = features_of(plane_wave(*look), FeatureConfig(), channel_matrix(Direction(*look).view_from_world))
    loud = found[0] > 0.6
    w, y, z, x = found[:4, loud]
    assert x == pytest.approx(w, abs=1e-3)
    assert (np.maximum(y, z) < w - 2).all()  # 40 dB below
    assert np.abs(found[4:, loud] - [[1], [0], [0]]).max() < 2e-3


def test_magnitudes_do_not_tell_left_from_right_and_intensity_does() -> None:
    """Why the intensity is there: mirror images have the same log-mel spectra."""
    config = FeatureConfig()
    left, right = (features_of(plane_wave(azimuth, 20), config) for azimuth in (55, -55))
    assert left[:4] == pytest.approx(right[:4], abs=1e-4)
    assert (features_of(plane_wave(55, 20), FeatureConfig("logmel")) == left[:4]).all()
    assert np.median(left[5] - right[5]) == pytest.approx(2 * dot.unit_vector(55, 20)[1], abs=1e-3)
    assert left[[4, 6]] == pytest.approx(right[[4, 6]], abs=1e-4)


def test_diffuse_sound_has_a_short_intensity() -> None:
    """Channels of equal energy density without relation: W as strong as X, Y and Z together."""
    rng = np.random.default_rng(2)
    foa = 0.1 * rng.normal(size=(4, RATE_HZ)) * np.array([1, 3**-0.5, 3**-0.5, 3**-0.5])[:, None]
    intensity = features_of(np.asarray(foa, np.float32), FeatureConfig(n_fft=4096, mels=16))[4:]
    assert np.abs(intensity.mean(axis=(1, 2))).max() < 0.03
    assert np.abs(intensity).max() <= 1 + 1e-5


# --- Where it sounds


def sounding(foa: Array, first: int, last: int, seed: int = 0) -> Array | None:
    means = mel_covariance(np.asarray(foa, np.float32), FeatureConfig(), RATE_HZ)
    return draw_sounding_ray(means, first, last, np.random.default_rng(seed))


@pytest.mark.parametrize("look", LOOKS)
def test_it_sounds_where_a_plane_wave_comes_from(look: tuple[float, float]) -> None:
    found = sounding(plane_wave(*look), 0, 20)
    assert dot.angle_deg(found, dot.unit_vector(*look)) < 0.01


def test_it_sounds_where_it_is_loud_within_the_steps_asked_for() -> None:
    """From three places in turn, 4800 samples each: the second three times as loud, with nine times the energy."""
    foa = np.concatenate([gain * plane_wave(*look) for gain, look in zip((1, 3, 1), LOOKS, strict=True)], axis=1)
    truths = [dot.unit_vector(*look) for look in LOOKS]

    def places(first: int, last: int) -> list[int]:
        found = [sounding(foa, first, last, seed) for seed in range(60)]
        return [int(np.argmin([dot.angle_deg(ray, truth) for truth in truths])) for ray in found]

    assert set(places(0, 19)) == {0}
    assert set(places(21, 39)) == {1}
    assert set(places(41, 60)) == {2}
    drawn = places(0, 60)
    assert set(drawn) == {0, 1, 2}
    assert drawn.count(1) == pytest.approx(60 * 9 / 11, abs=10)


def test_it_sounds_nowhere_in_silence() -> None:
    assert sounding(np.zeros((4, 2400)), 0, 10) is None
    foa = np.concatenate([np.zeros((4, 4800)), plane_wave(*LOOKS[0])], axis=1)
    assert sounding(foa, 0, 18) is None
    assert sounding(foa, 0, 30) is not None


# --- Scale and time


@pytest.mark.parametrize("amplitude_db", [0.0, -40.0])
def test_a_full_scale_sine_has_0_db(amplitude_db: float) -> None:
    hz = 100 * RATE_HZ / 512  # the middle of a bin
    signal = 10 ** (amplitude_db / 20) * np.sin(2 * np.pi * hz * np.arange(4800) / RATE_HZ)
    parts = spectra(np.outer([1, 0, 0, 0], signal).astype(np.float32), FeatureConfig())
    decibels = 20 * np.log10(np.abs(parts[0, 2:-2]).max(axis=-1))
    assert decibels == pytest.approx(np.full(decibels.shape, amplitude_db), abs=1e-3)
    assert not parts[1:].any()


@pytest.mark.parametrize(("n_fft", "hop"), [(512, 240), (400, 160), (256, 256)])
def test_windows_are_centred_on_the_middle_of_each_hop(n_fft: int, hop: int) -> None:
    """A click there is heard at the window's peak by this step, and alike by the steps before and after."""
    config, samples = FeatureConfig(n_fft=n_fft, hop=hop), 10 * hop
    for step in range(10):
        click = np.zeros((4, samples), np.float32)
        click[0, step * hop + hop // 2] = 1
        heard = np.abs(spectra(click, config)[0]).mean(axis=-1)
        assert heard.shape == (10,)
        assert heard[step] == pytest.approx(1 / (n_fft / 4))  # the peak of a Hann window over half its sum
        assert heard.argmax() == step
        if 0 < step < 9:
            assert heard[step - 1] == pytest.approx(heard[step + 1], abs=1e-7)


@pytest.mark.parametrize("samples", [2400, 2401, 2639])
def test_there_is_a_step_for_every_whole_hop(samples: int) -> None:
    config, foa = FeatureConfig(), scene(2640)
    assert config.steps(samples) == 10
    assert spectra(foa[:, :samples], config).shape == (4, 10, 257)


def test_silence_and_full_scale_give_finite_values() -> None:
    config = FeatureConfig()
    silence = features_of(np.zeros((4, 2400), np.float32), config)
    assert silence[:4] == pytest.approx(np.full((4, 10, 128), -1.5))  # the floor, -80 dB
    assert (silence[4:] == 0).all()
    noise = np.sign(np.random.default_rng(3).normal(size=(4, 2400))).astype(np.float32)
    for foa in (np.ones((4, 2400), np.float32), noise, 1e-20 * noise):
        seen = features_of(foa, config)
        assert np.isfinite(seen).all()
        assert np.abs(seen).max() < 5


# --- Bands


@pytest.mark.parametrize(("mels", "n_fft"), [(128, 512), (64, 512), (40, 1024), (128, 256)])
def test_every_band_is_a_mean_over_bins(mels: int, n_fft: int) -> None:
    bands = mel_filters(mels, n_fft, RATE_HZ, 50, 12_000)
    assert bands.shape == (n_fft // 2 + 1, mels)
    assert bands.min() == 0
    assert bands.sum(axis=0) == pytest.approx(np.ones(mels), abs=1e-6)  # none is empty
    centres = bands.T @ np.arange(n_fft // 2 + 1)
    assert (np.diff(centres) >= 0).all()


def test_bands_equal_triangles_drawn_one_by_one() -> None:
    config = FeatureConfig()
    found = mel_filters(config.mels, config.n_fft, RATE_HZ, config.low_hz, config.high_hz)
    wanted = plain_bands(config).T
    assert found == pytest.approx(wanted, abs=1e-6)


def test_bands_end_at_their_edges() -> None:
    bands = mel_filters(20, 2048, RATE_HZ, 1000, 5000)
    heard_hz = np.flatnonzero(bands.any(axis=1)) * RATE_HZ / 2048
    assert heard_hz.min() == pytest.approx(1000, abs=RATE_HZ / 2048)
    assert heard_hz.max() == pytest.approx(5000, abs=RATE_HZ / 2048)
    assert heard_hz.min() > 1000
    assert heard_hz.max() < 5000


@pytest.mark.parametrize(("low_hz", "high_hz"), [(50, 12_001), (500, 500), (-1, 8000)])
def test_bands_beyond_half_the_sample_rate_are_refused(low_hz: float, high_hz: float) -> None:
    with pytest.raises(UsageError, match=rf"low_hz {low_hz} and high_hz {high_hz} .* half the sample rate, 12000"):
        mel_filters(128, 512, RATE_HZ, low_hz, high_hz)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'logmel\+vi' is unknown; did you mean 'logmel\+iv'"):
        FeatureConfig("logmel+vi")


@pytest.mark.parametrize("hop", [0, 513])
def test_a_hop_that_skips_sound_is_refused(hop: int) -> None:
    with pytest.raises(UsageError, match=r"features\.hop"):
        FeatureConfig(n_fft=512, hop=hop)


def test_sound_shorter_than_a_hop_is_refused() -> None:
    with pytest.raises(UsageError, match=r"less than a features\.hop of 240"):
        mel_covariance(np.zeros((4, 239), np.float32), FeatureConfig(), 24_000)
