"""How a sound's channels count: AmbiX, FuMa, N3D, packed, with head-locked ones, or no sound field at all."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from worlds import heard_fields as draw

from yt360_tools.examine.findings import verdict_of
from yt360_tools.examine.sound import SoundExamination, examine_sound
from yt360_tools.media.probe import probe_sound
from yt360_tools.thresholds import SoundThresholds

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real-foa"
RATE_HZ = 48000
LENGTH = 5 * RATE_HZ
SOUND = SoundThresholds()

Values = NDArray[np.float64]


def examined(path: Path, declared_map: tuple[int, ...] | None = None) -> SoundExamination:
    return examine_sound(path, probe_sound(path), declared_map=declared_map, thresholds=SOUND)


def written(tmp_path: Path, samples: Values, codec: str = "s16", rate_hz: int = RATE_HZ) -> Path:
    return draw.write_sound(tmp_path / "sound", samples / np.abs(samples).max() * 0.5, rate_hz, codec)


def severities(seen: SoundExamination) -> dict[str, str]:
    return {one.code: one.severity for one in seen.findings if one.severity != "note"}


def voices(seed: int) -> Values:
    rng = np.random.default_rng(seed)
    places = rng.uniform(-180, 180, 4), rng.normal(0, 15, 4)
    return np.asarray(sum(draw.at(draw.voice(rng, LENGTH, RATE_HZ), a, e) for a, e in zip(*places, strict=True)))


def room(seed: int) -> Values:
    rng = np.random.default_rng(seed)
    return draw.in_room(rng, draw.voice(rng, LENGTH, RATE_HZ), RATE_HZ, 15, 1.2, 0.6)


def rain(seed: int) -> Values:
    return draw.around(np.random.default_rng(seed), LENGTH, RATE_HZ, 30, 30)


@pytest.mark.parametrize("field", [voices, room, rain])
@pytest.mark.parametrize("codec", ["s16", "opus", "vorbis"])
def test_fuma_is_fixed(field, codec: str, tmp_path: Path) -> None:
    seen = examined(written(tmp_path, draw.as_fuma(field(1)), codec))
    assert severities(seen) == {"fuma": "fix"}
    assert seen.formats[0].name == "fuma"
    assert seen.channel_map == (0, 2, 3, 1)
    assert seen.gains == pytest.approx((np.sqrt(2), 1, 1, 1))


@pytest.mark.parametrize("seed", [1, 2])
def test_n3d_is_fixed(seed: int, tmp_path: Path) -> None:
    seen = examined(written(tmp_path, draw.as_n3d(voices(seed)), "opus"))
    assert severities(seen) == {"n3d": "fix"}
    assert seen.channel_map == (0, 1, 2, 3)
    assert seen.gains == pytest.approx((1, 3**-0.5, 3**-0.5, 3**-0.5))


@pytest.mark.parametrize("codec", ["aac_5_1", "s16"])
@pytest.mark.parametrize("heights", [1, 0])
def test_packed_as_5_1_is_unpacked(codec: str, heights: int, tmp_path: Path) -> None:
    field = voices(3) * np.array([1, 1, heights, 1])[:, None]
    seen = examined(written(tmp_path, draw.as_packed(field), codec))
    assert severities(seen) == {"packed_5_1": "fix"}
    assert seen.channel_map == (2, 1, 4, 0)
    assert seen.gains == (1, 1, 1, 1)


@pytest.mark.parametrize("field", [voices, room])
def test_head_locked_channels_are_left_out(field, tmp_path: Path) -> None:
    beside = draw.stereo(np.random.default_rng(4), LENGTH, RATE_HZ)
    seen = examined(written(tmp_path, np.concatenate([field(5), beside])))
    assert severities(seen) == {"head_locked": "fix"}
    assert seen.channel_map == (0, 1, 2, 3)


def test_a_declared_map_leaves_the_gains_to_tell(tmp_path: Path) -> None:
    seen = examined(written(tmp_path, draw.as_fuma(voices(6))), (0, 2, 3, 1))
    assert severities(seen) == {"fuma": "fix"}
    assert seen.channel_map == (0, 2, 3, 1)
    assert seen.gains == pytest.approx((np.sqrt(2), 1, 1, 1))


def cinema(rng: np.random.Generator) -> Values:
    left, right = draw.stereo(rng, LENGTH, RATE_HZ)
    low = 0.5 * draw.shaped(rng, LENGTH, RATE_HZ, 30, 110, 0)
    back = [0.6 * draw.later(side, RATE_HZ, ms) for side, ms in ((left, 17), (right, 23))]
    return np.stack([left, right, draw.voice(rng, LENGTH, RATE_HZ), low, *back])


def quad(rng: np.random.Generator) -> Values:
    left, right = draw.stereo(rng, LENGTH, RATE_HZ)
    return np.stack([left, right, 0.7 * draw.later(left, RATE_HZ, 15), 0.7 * draw.later(right, RATE_HZ, 21)])


def tracks(rng: np.random.Generator) -> Values:
    return np.stack([draw.notes(rng, LENGTH, RATE_HZ) for _ in range(4)])


def talkers(rng: np.random.Generator) -> Values:
    return np.stack([draw.voice(rng, LENGTH, RATE_HZ) * gain for gain in (1, 0.6, 0.8, 0.5)])


def hiss(rng: np.random.Generator) -> Values:
    return rng.normal(size=(4, LENGTH))


@pytest.mark.parametrize("kind", [cinema, quad, tracks, talkers, hiss])
@pytest.mark.parametrize("codec", ["s16", "opus"])
def test_what_is_no_sound_field_is_said_to_be_none(kind, codec: str, tmp_path: Path) -> None:
    seen = examined(written(tmp_path, kind(np.random.default_rng(7)), codec))
    found = severities(seen)
    assert "not_ambisonic" in found, [(one.name, one.score, one.evidence) for one in seen.formats]
    if kind in (tracks, talkers, quad):
        assert found["not_ambisonic"] == "reject"


def test_rain_that_could_be_noise_is_a_doubt(tmp_path: Path) -> None:
    """Isotropic N3D and four noises are the same: no format is certain enough, and no rejection either."""
    field = draw.around(np.random.default_rng(2), LENGTH, RATE_HZ, 400)
    assert verdict_of(examined(written(tmp_path, draw.as_n3d(field))).findings) == "doubt"


def real(name: str) -> tuple[Values, int]:
    path = REAL / f"{name}.ogg"
    if not path.is_file():
        pytest.skip("the real recordings are not there")
    samples, rate_hz = soundfile.read(path, always_2d=True)
    return samples.T, rate_hz


@pytest.mark.parametrize("name", ["choir", "orchestra"])
def test_real_recordings_are_fuma(name: str) -> None:
    real(name)
    seen = examined(REAL / f"{name}.ogg")
    assert severities(seen) == {"fuma": "fix"}, seen.formats
    assert seen.channel_map == (0, 2, 3, 1)
    assert seen.gains == pytest.approx((np.sqrt(2), 1, 1, 1))


@pytest.mark.parametrize("name", ["choir", "orchestra"])
@pytest.mark.parametrize("yaw_deg", [0, 45, 90, 180, 270])
def test_real_recordings_converted_are_accepted(name: str, yaw_deg: float, tmp_path: Path) -> None:
    """Wherever the stage is, also to the left, where a converted one looks most like the original."""
    (w, x, y, z), rate_hz = real(name)
    turn = np.radians(yaw_deg)
    turned = np.stack([np.sqrt(2) * w, np.sin(turn) * x + np.cos(turn) * y, z, np.cos(turn) * x - np.sin(turn) * y])
    seen = examined(written(tmp_path, turned, "flac", rate_hz))
    assert severities(seen) == {}, seen.formats
    assert seen.channel_map == (0, 1, 2, 3)


def from_above(seed: int) -> Values:
    """Deep notes aside, and a hiss high above them: rare places, though in all bands the ratio is exactly FuMa's."""
    rng = np.random.default_rng(seed)
    hiss_above = draw.shaped(rng, LENGTH, RATE_HZ, 1500, 8000, 0)
    return draw.at(draw.notes(rng, LENGTH, RATE_HZ), 121, 25) + draw.at(hiss_above, 135, 75)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fuma_is_fixed_wherever_its_sources_are(seed: int, tmp_path: Path) -> None:
    assert severities(examined(written(tmp_path, draw.as_fuma(from_above(seed))))) == {"fuma": "fix"}


@pytest.mark.parametrize("channels", [5, 7, 8])
def test_any_number_behind_four_is_no_head_locked_pair(channels: int, tmp_path: Path) -> None:
    beside = np.repeat(draw.stereo(np.random.default_rng(4), LENGTH, RATE_HZ), 2, axis=0)[: channels - 4]
    found = severities(examined(written(tmp_path, np.concatenate([voices(5), beside]))))
    assert found == {"unexpected_channels": "doubt"}


@pytest.mark.parametrize("seed", [7, 14])
def test_what_is_clipped_is_not_taken_for_fuma(seed: int, tmp_path: Path) -> None:
    """W is the loudest and loses most: the ratio rises by up to 3 dB."""
    field = voices(seed)
    level = np.quantile(np.abs(field[0]), 0.4)
    found = severities(examined(written(tmp_path, np.clip(field, -level, level))))
    assert "fix" not in found.values()
    assert found["clipping"] == "doubt"


def panned_quad(seed: int) -> Values:
    """Three sources, each between two of four loudspeakers, and a little of four rooms."""
    rng = np.random.default_rng(seed)
    speakers = np.radians([45, -45, 135, -135])
    mixed = 0.25 * np.stack([draw.around(rng, LENGTH, RATE_HZ, 3)[0] for _ in speakers])
    for play in (draw.voice, draw.notes, draw.engine):
        apart = np.abs(np.angle(np.exp(1j * (speakers - rng.uniform(-np.pi, np.pi)))))
        gains = np.where(apart < np.pi / 2, np.cos(apart), 0)
        mixed = mixed + gains[:, None] * play(rng, LENGTH, RATE_HZ)
    return mixed


def dry_cinema(seed: int) -> Values:
    """As `cinema`, but nothing comes later: what is behind is what is in front, and a little of rooms."""
    rng = np.random.default_rng(seed)
    left, right = draw.stereo(rng, LENGTH, RATE_HZ)
    low = 0.5 * draw.shaped(rng, LENGTH, RATE_HZ, 30, 110, 0)
    back = [0.4 * side + 0.1 * draw.around(rng, LENGTH, RATE_HZ, 3)[0] for side in (left, right)]
    return np.stack([left, right, draw.voice(rng, LENGTH, RATE_HZ), low, *back])


@pytest.mark.parametrize("field", [panned_quad, dry_cinema])
@pytest.mark.parametrize("seed", range(1, 7))
def test_what_is_panned_between_loudspeakers_is_no_sound_field(field, seed: int, tmp_path: Path) -> None:
    """One wave in phase in all channels, with gains that no plane wave has: nothing else gives it away."""
    found = severities(examined(written(tmp_path, field(seed), ["s16", "opus"][seed % 2])))
    assert "not_ambisonic" in found, found


@pytest.mark.parametrize("seed", [504, 505])
def test_a_stage_to_the_left_is_not_certainly_fuma(seed: int, tmp_path: Path) -> None:
    """Read as FuMa it is in front, where stages are; but its levels are those of AmbiX."""
    rng = np.random.default_rng(seed)
    field = draw.in_room(rng, draw.notes(rng, 4 * RATE_HZ, RATE_HZ), RATE_HZ, 90, 2.0, 0.8)
    assert "fix" not in severities(examined(written(tmp_path, field))).values()


def test_what_lies_over_w_says_nothing_of_the_others(tmp_path: Path) -> None:
    """Hiss, nearly all of it in W, that leaks into Z: where it seems to come from makes no certain format."""
    hiss = np.random.default_rng(0).uniform(-0.5, 0.5, LENGTH)
    times_s = np.arange(LENGTH) / 24_000
    field = 0.2 * draw.at(np.sin(700 * times_s) * np.sin(times_s), 45, 0)
    field[0] += 0.1 * hiss
    field[2] += 0.02 * hiss
    found = severities(examined(written(tmp_path, field, rate_hz=24_000)))
    assert "fix" not in found.values()
    assert "laid_over" in found, found
