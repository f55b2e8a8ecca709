"""Sound fields of every kind, through real codecs, at any level: none is rejected, none doubted."""

from pathlib import Path

import numpy as np
import pytest
from worlds import heard_fields as draw

from yt360_tools.examine.findings import verdict_of
from yt360_tools.examine.sound import SoundExamination, examine_sound
from yt360_tools.media.probe import probe_sound
from yt360_tools.thresholds import SoundThresholds

SOUND = SoundThresholds()

KINDS = {
    "lone voice": lambda g, n, r: draw.at(draw.voice(g, n, r), 37, -12),
    "lone notes behind": lambda g, n, r: draw.at(draw.notes(g, n, r), 163, 4),
    "one on the horizon": lambda g, n, r: draw.at(draw.engine(g, n, r), -71, 1),
    "passing by": lambda g, n, r: draw.at(draw.engine(g, n, r), np.linspace(-120, 80, n), 5),
    "two voices": lambda g, n, r: draw.at(draw.voice(g, n, r), 52, 8) + draw.at(draw.voice(g, n, r), -64, -3),
    "five voices": lambda g, n, r: sum(
        draw.at(draw.voice(g, n, r), a, e) for a, e in ((10, 0), (80, 10), (-150, 5), (-40, -20), (175, 30))
    ),
    "ensemble on a stage": lambda g, n, r: sum(draw.at(draw.notes(g, n, r), a, -25) for a in (-40, -15, 5, 25, 45)),
    "dry room": lambda g, n, r: draw.in_room(g, draw.voice(g, n, r), r, 20, 1.2, 0.5),
    "reverberant notes": lambda g, n, r: draw.in_room(g, draw.notes(g, n, r), r, -50, 2.5, 0.9),
    "notes to the left": lambda g, n, r: draw.in_room(g, draw.notes(g, n, r), r, 90, 2.0, 0.8),
    "rain": lambda g, n, r: draw.around(g, n, r),
    "rain without heights": lambda g, n, r: draw.around(g, n, r) * np.array([1, 1, 0, 1])[:, None],
    "surf and a voice": lambda g, n, r: 0.4 * draw.around(g, n, r, 40) + draw.at(draw.voice(g, n, r), -110, -5),
    "voices without heights": lambda g, n, r: (
        (draw.at(draw.voice(g, n, r), 30, 12) + draw.at(draw.notes(g, n, r), -95, -8) + 0.1 * draw.around(g, n, r, 30))
        * np.array([1, 1, 0, 1])[:, None]
    ),
    "engine below": lambda g, n, r: draw.at(draw.engine(g, n, r), 15, -70) + draw.at(draw.voice(g, n, r), 10, 0),
    "noisy microphone": lambda g, n, r: draw.with_noise(g, draw.in_room(g, draw.voice(g, n, r), r, 5, 1.5), -35),
}
"""What draws (4, n) with a generator, n and a rate."""

FILES = [
    ("s16", 48000, -18), ("f32", 44100, -35), ("flac", 48000, -3), ("opus", 48000, -25), ("opus_low", 48000, -45),
    ("vorbis", 44100, -20), ("aac", 48000, -30), ("s24", 96000, -50), ("s16", 16000, -12),
]  # fmt: skip
"""Codec, sample rate in Hz, level of W in dBFS."""


def examined(path: Path, declared_map: tuple[int, ...] | None = None) -> SoundExamination:
    return examine_sound(path, probe_sound(path), declared_map=declared_map, thresholds=SOUND)


def troubles(seen: SoundExamination) -> list[str]:
    return [f"{one.severity} {one.code}: {one.text}" for one in seen.findings if one.severity != "note"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_sound_field_is_accepted(kind: str, turn: int, tmp_path: Path) -> None:
    """48 files: each kind in three of the codecs, so that every codec carries several kinds."""
    number = list(KINDS).index(kind)
    codec, rate_hz, dbfs = FILES[(number + 3 * turn) % len(FILES)]
    rng = np.random.default_rng(100 * turn + number)
    field = draw.at_level(KINDS[kind](rng, 5 * rate_hz, rate_hz), dbfs)
    seen = examined(draw.write_sound(tmp_path / "field", field, rate_hz, codec))
    assert troubles(seen) == []
    assert seen.channel_map == (0, 1, 2, 3)
    assert seen.gains == (1, 1, 1, 1)
    assert seen.levels_dbfs[0] == pytest.approx(
        10 * np.log10(np.mean(field[0] ** 2)), abs=2.5
    )  # low rates leave out the highest


def test_an_empty_z_is_noted_and_accepted(tmp_path: Path) -> None:
    field = draw.at_level(KINDS["rain without heights"](np.random.default_rng(5), 4 * 48000, 48000), -20)
    seen = examined(draw.write_sound(tmp_path / "field", field, 48000, "opus"))
    assert [one.code for one in seen.findings] == ["empty_z"]
    assert verdict_of(seen.findings) == "accept"


@pytest.mark.parametrize("channels", [9, 16])
def test_higher_orders_count_by_their_first_order(channels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(channels)
    field = draw.at_level(draw.around(rng, 3 * 48000, 48000, 30) + draw.at(draw.voice(rng, 144000, 48000), 40, 10), -20)
    more = 0.05 * rng.normal(size=(channels - 4, field.shape[1]))
    seen = examined(draw.write_sound(tmp_path / "field", np.concatenate([field, more]), 48000, "s16"))
    assert troubles(seen) == []
    assert len(seen.levels_dbfs) == channels


def test_a_declared_map_says_where_the_channels_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    field = draw.at_level(KINDS["five voices"](rng, 4 * 48000, 48000), -20)
    seen = examined(draw.write_sound(tmp_path / "field", field[[3, 0, 2, 1]], 48000, "s16"), (1, 3, 2, 0))
    assert troubles(seen) == []
    assert seen.channel_map == (1, 3, 2, 0)
