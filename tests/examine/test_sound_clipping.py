"""What was cut off at a ceiling is told from what only comes near it: limited, saturated, or tones of one height."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from worlds import heard_fields as draw

from yt360_tools.demo.timbres import TIMBRES, synthesise
from yt360_tools.examine.sound import examine_sound
from yt360_tools.media.probe import probe_sound
from yt360_tools.thresholds import SoundThresholds

RATE_HZ = 48000
LENGTH = 3 * RATE_HZ

Values = NDArray[np.float64]


def is_doubted(tmp_path: Path, field: Values, codec: str) -> bool:
    path = draw.write_sound(tmp_path / "sound", 0.7 * field / np.abs(field).max(), RATE_HZ, codec)
    seen = examine_sound(path, probe_sound(path), declared_map=None, thresholds=SoundThresholds())
    return any(one.code == "clipping" for one in seen.findings)


def moving(signal: Values) -> Values:
    return draw.at(signal, np.linspace(20, 140, signal.size), 5)


def voices(seed: int) -> Values:
    rng = np.random.default_rng(seed)
    return np.asarray(sum(draw.at(draw.voice(rng, LENGTH, RATE_HZ), angle, 3) for angle in (10, 80, -150, 175)))


def notes(seed: int) -> Values:
    rng = np.random.default_rng(seed)
    return draw.in_room(rng, draw.notes(rng, LENGTH, RATE_HZ), RATE_HZ, -50, 2.5, 0.9)


def engine(seed: int) -> Values:
    return moving(draw.engine(np.random.default_rng(seed), LENGTH, RATE_HZ))


def limited(field: Values) -> Values:
    """Three times as loud, by a gain that looks ahead: nothing is bent."""
    loud = 3 * np.abs(field[0]) / np.abs(field[0]).max()
    gain = np.minimum(1, 1 / np.maximum(ndimage.maximum_filter1d(loud, 960), 1e-9))
    return np.asarray(field * ndimage.uniform_filter1d(gain, 960))


def saturated(field: Values) -> Values:
    """As a tube does it: half as high as its RMS is where it begins to bend."""
    return np.asarray(np.tanh(0.5 * field / np.sqrt(np.mean(field[0] ** 2))))


def clipped(field: Values, share: float) -> Values:
    level = np.quantile(np.abs(field[0]), 1 - share)
    return np.asarray(np.clip(field, -level, level))


@pytest.mark.parametrize("codec", ["s16", "opus", "aac"])
@pytest.mark.parametrize("timbre", TIMBRES)
def test_the_demo_worlds_saturated_sources_are_not_clipped(timbre: str, codec: str, tmp_path: Path) -> None:
    assert not is_doubted(tmp_path, moving(synthesise(timbre, LENGTH, 3)), codec)


@pytest.mark.parametrize("codec", ["s16", "opus", "opus_low", "aac", "vorbis"])
@pytest.mark.parametrize("bent", [limited, saturated])
@pytest.mark.parametrize("field", [voices, notes, engine])
def test_what_is_limited_is_not_clipped(field, bent, codec: str, tmp_path: Path) -> None:
    assert not is_doubted(tmp_path, bent(field(1)), codec)


@pytest.mark.parametrize("dbfs", [0, -30])
@pytest.mark.parametrize("codec", ["s16", "f32", "opus"])
def test_a_sine_is_not_clipped(codec: str, dbfs: float, tmp_path: Path) -> None:
    """Its tops are all as high, and in a PCM its highest values are equal."""
    sine = np.sin(2 * np.pi * 97 * np.arange(LENGTH) / RATE_HZ)
    field = moving(10 ** (dbfs / 20) * sine)
    field[2] = 0.5  # what brings the peak to full scale; nobody hears it
    assert not is_doubted(tmp_path, field, codec)


@pytest.mark.parametrize("share", [0.003, 0.1])
@pytest.mark.parametrize("field", [voices, notes, engine])
@pytest.mark.parametrize("codec", ["s16", "f32", "flac"])
def test_what_is_clipped_is_found_without_loss(field, codec: str, share: float, tmp_path: Path) -> None:
    assert is_doubted(tmp_path, clipped(field(2), share), codec)


@pytest.mark.parametrize("field", [voices, notes, engine])
@pytest.mark.parametrize("codec", ["opus", "aac", "vorbis"])
def test_what_was_much_clipped_is_found_after_a_lossy_codec(field, codec: str, tmp_path: Path) -> None:
    assert is_doubted(tmp_path, clipped(field(2), 0.2), codec)
