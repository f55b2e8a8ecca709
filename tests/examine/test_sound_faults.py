"""Sounds with one fault each: the right word, as grave as it is."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from worlds import heard_fields as draw

from yt360_tools.errors import MediaError
from yt360_tools.examine.sound import SoundExamination, examine_sound
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.probe import SoundProbe, probe_sound
from yt360_tools.thresholds import SoundThresholds

RATE_HZ = 48000
LENGTH = 5 * RATE_HZ
SOUND = SoundThresholds()

Values = NDArray[np.float64]


def examined(path: Path) -> SoundExamination:
    return examine_sound(path, probe_sound(path), declared_map=None, thresholds=SOUND)


def found(tmp_path: Path, samples: Values, codec: str = "s16", rate_hz: int = RATE_HZ) -> dict[str, str]:
    seen = examined(draw.write_sound(tmp_path / "sound", samples, rate_hz, codec))
    return {one.code: one.severity for one in seen.findings}


def field(seed: int = 0, dbfs: float = -20) -> Values:
    rng = np.random.default_rng(seed)
    several = sum(draw.at(draw.voice(rng, LENGTH, RATE_HZ), a, e) for a, e in ((35, 8), (-110, -6), (160, 20)))
    return draw.at_level(np.asarray(several) + 0.1 * draw.around(rng, LENGTH, RATE_HZ, 20), dbfs)


def signal(seed: int, kind=draw.voice) -> Values:
    return np.asarray(0.1 * kind(np.random.default_rng(seed), LENGTH, RATE_HZ))


MONO = {
    "equal": ((1, 1, 1, 1), "reject"),
    "one upside down": ((1, -1, 1, 1), "reject"),
    "faint copies": ((1, 0.2, 0.2, 0.2), "reject"),
    "loud copies": ((0.3, 1, 1, 1), "reject"),
    "in W alone": ((1, 0, 0, 0), "reject"),
    "in W and X": ((1, 0, 0, 1), "doubt"),
    "a little off": ((1, 0.75, 0.5, 0.8), "doubt"),
}


@pytest.mark.parametrize("kind", MONO)
@pytest.mark.parametrize("codec", ["s16", "opus", "aac"])
def test_mono_in_four_channels(kind: str, codec: str, tmp_path: Path) -> None:
    gains, severity = MONO[kind]
    said = found(tmp_path, signal(1, draw.notes) * np.array(gains, float)[:, None], codec)
    assert said.get("mono_upmixed") == severity, said


@pytest.mark.parametrize("azimuth", [0.0, 45.0, 90.0])
def test_a_lone_source_is_no_rejection(azimuth: float, tmp_path: Path) -> None:
    """Its channels are copies too; on an axis it could be either."""
    said = found(tmp_path, draw.at(signal(2), azimuth, 0))
    assert "reject" not in said.values()
    if azimuth == 45:
        assert said == {"empty_z": "note"}


@pytest.mark.parametrize("codec", ["s16", "opus"])
@pytest.mark.parametrize("places", [(0, 1, 0, 1), (0, 0, 1, 1), (0, 1, 1, 0)])
def test_stereo_twice(places: tuple[int, ...], codec: str, tmp_path: Path) -> None:
    sides = 0.1 * draw.stereo(np.random.default_rng(3), LENGTH, RATE_HZ)
    assert found(tmp_path, sides[list(places)], codec).get("stereo_in_disguise") == "reject"


def test_stereo_beside_nothing_is_a_doubt(tmp_path: Path) -> None:
    left, right = 0.1 * draw.stereo(np.random.default_rng(3), LENGTH, RATE_HZ)
    none = np.zeros_like(left)
    for samples in ((left, right, none, none), (left + right, left - right, none, none)):
        said = found(tmp_path, np.stack(samples))
        assert said["stereo_in_disguise"] == "doubt"
        assert said["dead_channels"] == "doubt"
    said = found(tmp_path, np.stack([left, right, 0.8 * left + 0.3 * right, left]))
    assert "stereo_in_disguise" in said


@pytest.mark.parametrize("codec", ["s16", "opus"])
def test_two_channels_that_are_copies(codec: str, tmp_path: Path) -> None:
    samples = field()
    assert found(tmp_path, samples[[0, 1, 2, 1]], codec)["copied_channels"] == "doubt"
    samples[3] = -samples[1]
    assert found(tmp_path, samples, codec)["opposite_copies"] == "doubt"


@pytest.mark.parametrize(
    ("gains", "code", "severity"),
    [
        ((0, 1, 1, 1), "dead_w", "reject"),
        ((1, 1, 0, 1), "empty_z", "note"),
        ((1, 0, 1, 1), "dead_channels", "doubt"),
        ((1, 1, 0, 0), "dead_channels", "doubt"),
    ],
)
@pytest.mark.parametrize("codec", ["s16", "opus"])
def test_empty_channels(gains: tuple[int, ...], code: str, severity: str, codec: str, tmp_path: Path) -> None:
    assert found(tmp_path, field() * np.array(gains)[:, None], codec)[code] == severity


def test_w_gone_for_a_while(tmp_path: Path) -> None:
    samples = field()
    samples[0, RATE_HZ : 3 * RATE_HZ] = 0
    seen = examined(draw.write_sound(tmp_path / "sound", samples, RATE_HZ, "s16"))
    (gone,) = [one for one in seen.findings if one.code == "dead_w"]
    assert gone.severity == "doubt"
    assert gone.spans[0] == pytest.approx((1.0, 3.0), abs=0.11)


@pytest.mark.parametrize("codec", ["s16", "opus"])
def test_silence(codec: str, tmp_path: Path) -> None:
    assert found(tmp_path, 1e-6 * field(), codec) == {"silent": "reject"}


def test_silent_spans_are_on_the_sources_clock(tmp_path: Path) -> None:
    samples = field()
    samples[:, RATE_HZ : round(2.5 * RATE_HZ)] = 0
    samples[:, 4 * RATE_HZ : round(4.5 * RATE_HZ)] = 0
    wav = tmp_path / "sound.wav"
    soundfile.write(wav, samples.T, RATE_HZ)
    late = tmp_path / "late.mkv"
    done = run_ffmpeg(["-y", "-i", wav, "-c:a", "pcm_s16le", "-output_ts_offset", "7", late])
    assert done.returncode == 0
    for path, start_s in ((wav, 0.0), (late, 7.0)):
        (spans,) = [one.spans for one in examined(path).findings if one.code == "silent_spans"]
        assert len(spans) == 1
        assert spans[0] == pytest.approx((start_s + 1.0, start_s + 2.5), abs=0.11)


def test_mostly_silent_is_a_doubt(tmp_path: Path) -> None:
    samples = field()
    samples[:, RATE_HZ:] = 0
    assert found(tmp_path, samples)["silent_spans"] == "doubt"


@pytest.mark.parametrize("codec", ["s16", "f32", "opus"])
@pytest.mark.parametrize("kind", [draw.notes, draw.engine])
def test_clipping(kind, codec: str, tmp_path: Path) -> None:
    """Also where it is quiet since, or was encoded with loss: the tops are flat. Unclipped they are not."""
    rng = np.random.default_rng(4)
    samples = draw.at_level(
        draw.at(kind(rng, LENGTH, RATE_HZ), 20, 5) + 0.5 * draw.at(draw.notes(rng, LENGTH, RATE_HZ), -80, -5), -15
    )
    assert "clipping" not in found(tmp_path, samples, codec)
    peak = np.abs(samples).max()
    assert found(tmp_path, 0.3 * np.clip(samples / peak, -0.4, 0.4), codec)["clipping"] == "doubt"


@pytest.mark.parametrize(("offset", "severity"), [(0.1, "doubt"), (-0.01, "note"), (0.001, None)])
def test_a_constant_offset(offset: float, severity: str | None, tmp_path: Path) -> None:
    samples = field()
    samples[2] += offset
    assert found(tmp_path, samples).get("dc_offset") == severity


def test_an_offset_brings_no_dead_channel_to_life(tmp_path: Path) -> None:
    samples = field()
    samples[2] = 0.01
    assert found(tmp_path, samples)["empty_z"] == "note"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(value: float, tmp_path: Path) -> None:
    samples = field()
    samples[2, 100_000] = value
    seen = examined(draw.write_sound(tmp_path / "sound", samples, RATE_HZ, "f32"))
    (bad,) = [one for one in seen.findings if one.code == "bad_samples"]
    assert bad.severity == "reject"
    assert bad.numbers["first_s"] == pytest.approx(100_000 / RATE_HZ, abs=1e-3)
    assert np.isfinite(seen.levels_dbfs).all()


@pytest.mark.parametrize(("rate_hz", "severity"), [(8000, "doubt"), (11025, "doubt"), (16000, None), (192000, None)])
def test_rates(rate_hz: int, severity: str | None, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    count = 3 * rate_hz
    samples = draw.at_level(
        draw.at(draw.voice(rng, count, rate_hz), 35, 8) + 0.2 * draw.around(rng, count, rate_hz, 20), -20
    )
    said = found(tmp_path, samples, "s16", rate_hz)
    assert said.pop("low_rate", None) == severity
    assert said == {}


@pytest.mark.parametrize("channels", range(1, 17))
def test_any_number_of_channels(channels: int, tmp_path: Path) -> None:
    samples = 0.1 * np.random.default_rng(channels).normal(size=(channels, RATE_HZ))
    seen = examined(draw.write_sound(tmp_path / "sound", samples, RATE_HZ, "s16"))
    if channels < 4:
        assert [(one.code, one.severity) for one in seen.findings] == [("too_few_channels", "reject")]
        return
    assert len(seen.levels_dbfs) == channels
    assert seen.findings


@pytest.mark.parametrize("over", [draw.notes, draw.voice])
@pytest.mark.parametrize("codec", ["s16", "opus"])
def test_laid_over(over, codec: str, tmp_path: Path) -> None:
    samples = field(7, -25)
    samples[0] += 1.5 * signal(8, over)
    assert found(tmp_path, samples, codec).get("laid_over") == "doubt"


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_next_to_no_samples(count: int, tmp_path: Path) -> None:
    """A lone sample is a constant, and so silent; of a few nothing can be told."""
    samples = 0.1 * np.random.default_rng(1).normal(size=(4, count))
    said = found(tmp_path, samples)
    assert ("silent" in said) == (count == 1)
    assert count == 1 or "reject" not in said.values()


def test_what_does_not_decode(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(b"")
    with pytest.raises(MediaError):
        examine_sound(path, SoundProbe("pcm_s16le", 4, 48000, 0.0, 1.0, "quad"), declared_map=None, thresholds=SOUND)


def test_the_same_twice(tmp_path: Path) -> None:
    path = draw.write_sound(tmp_path / "sound", field(), RATE_HZ, "opus")
    assert examined(path) == examined(path)


def test_a_longer_track_is_read_in_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 20 minutes no more is decoded than the stretches; what they show is the same."""
    from yt360_tools.media import sound_stretches

    path = draw.write_sound(tmp_path / "sound", np.tile(field(), 12), RATE_HZ, "opus")
    whole = examined(path)
    monkeypatch.setattr(sound_stretches, "_WHOLE_SAMPLES", 1000)
    parts = examined(path)
    assert [one.code for one in parts.findings] == [one.code for one in whole.findings] == []
    assert parts.levels_dbfs == pytest.approx(whole.levels_dbfs, abs=1.5)
