"""Sound: the right channels, as they were recorded, at the right moment."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.media.ambisonic_channels import ambisonic_count, channel_map_for, parse_channel_map
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.probe import probe_sound
from yt360_tools.media.sound import read_envelope, read_sound

RATE = 48_000
TONES_HZ = (300, 500, 700, 900, 1100, 1300)
CODECS = {
    "wav": ("s.wav", ["-c:a", "pcm_s16le"]),
    "wav24": ("s24.wav", ["-c:a", "pcm_s24le"]),
    "wavfloat": ("f.wav", ["-c:a", "pcm_f32le"]),
    "flac": ("s.flac", ["-c:a", "flac"]),
    "flac24": ("s24.flac", ["-c:a", "flac", "-sample_fmt", "s32"]),
    "aac": ("s.m4a", ["-c:a", "aac", "-b:a", "512k"]),
    "opus": ("s.opus", ["-c:a", "libopus", "-mapping_family", "2", "-b:a", "512k"]),
    "webm-opus": ("s.webm", ["-c:a", "libopus", "-mapping_family", "2", "-b:a", "512k"]),
    "vorbis": ("s.ogg", ["-c:a", "libvorbis", "-q:a", "8"]),
    "webm-vorbis": ("v.webm", ["-c:a", "libvorbis", "-q:a", "8"]),
    "mkv-aac": ("s.mkv", ["-c:a", "aac", "-b:a", "512k"]),
}
LOSSLESS = ("wav", "wav24", "wavfloat", "flac", "flac24")


def encode(samples: np.ndarray, path: Path, *options: str, rate: int = RATE, offset_s: str = "0") -> Path:
    """Encode float samples (channels, n) by `options` to `path`."""
    source = path.with_name(f"source-{path.name}.wav")
    soundfile.write(source, samples.T, rate, subtype="FLOAT")
    offset = [] if offset_s == "0" else ["-output_ts_offset", offset_s]
    layout = [] if len(samples) != 4 else ["-channel_layout", "quad"]
    done = run_ffmpeg(["-y", *layout, "-i", str(source), *options, *offset, str(path)])
    assert done.returncode == 0, done.stderr.decode()
    source.unlink()
    return path


def chirp(seconds: float, rate: int, *, at_s: float = 0.0) -> np.ndarray:
    """A sweep from 200 Hz to 7 kHz each two seconds, sampled from `at_s` on: each moment sounds apart."""
    t = (np.arange(round(seconds * rate)) / rate + at_s) % 2.0
    return 0.4 * np.sin(2 * np.pi * (200 * t + 1700 * t**2))


def delay_of(found: np.ndarray, wanted: np.ndarray) -> float:
    """By how many samples `found` is late, from the slope of the cross spectrum's phase."""
    n = len(found)
    window = np.hanning(n)
    a, b = np.fft.rfft(found * window), np.fft.rfft(wanted * window)
    coarse = np.fft.irfft(a * np.conj(b), n)
    whole = int(np.argmax(coarse))
    whole -= n if whole > n // 2 else 0
    frequency = np.fft.rfftfreq(n)
    cross = a * np.conj(b) * np.exp(2j * np.pi * frequency * whole)
    use = np.abs(cross) > 0.05 * np.abs(cross).max()
    slope = np.sum(np.angle(cross[use]) * frequency[use] * np.abs(cross[use]))
    return whole - slope / np.sum(2 * np.pi * frequency[use] ** 2 * np.abs(cross[use]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sounds")


def chirp_film(folder: Path, name: str) -> Path:
    """Eight seconds: channel 0 the chirp, the others the tones 1 to 3."""
    file, options = CODECS[name]
    path = folder / f"chirp-{file}"
    if not path.exists():
        t = np.arange(8 * RATE) / RATE
        tones = [0.2 * np.sin(2 * np.pi * f * t) for f in TONES_HZ[1:4]]
        encode(np.stack([chirp(8.0, RATE), *tones]), path, *options)
    return path


def with_jump(source: Path, path: Path, at_s: float, by_s: float) -> Path:
    """`source` with a clock that jumps by `by_s` at `at_s`."""
    jump = f"setts=ts='TS+gte(TS*TB,{at_s})*{by_s}/TB'"
    done = run_ffmpeg(["-y", "-i", str(source), "-c", "copy", "-bsf:a", jump, str(path)])
    assert done.returncode == 0, done.stderr.decode()
    return path


@contextmanager
def at_most_mb(megabytes: float) -> Iterator[None]:
    """Fails when what is allocated inside the block has a higher peak."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()


def loudest_hz(samples: np.ndarray, rate: int) -> list[float]:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.shape[1]), axis=1))
    return list(np.argmax(spectrum, axis=1) * rate / samples.shape[1])


@pytest.mark.parametrize("name", list(CODECS))
def test_channels_keep_their_order(folder: Path, name: str) -> None:
    samples = read_sound(chirp_film(folder, name), 3.0, 4.0, RATE)
    assert samples.shape == (4, RATE)
    assert samples.dtype == np.float32
    assert loudest_hz(samples, RATE)[1:] == list(TONES_HZ[1:4])
    assert np.abs(samples[1:]).max(axis=1) == pytest.approx([0.2] * 3, rel=0.1), "nothing is mixed or scaled"


@pytest.mark.parametrize("start_s", [0.0, 0.3, 3.217, 6.6])
@pytest.mark.parametrize("rate", [48_000, 24_000])
@pytest.mark.parametrize("name", list(CODECS))
def test_sample_n_is_at_start_plus_n_over_rate(folder: Path, name: str, rate: int, start_s: float) -> None:
    found = read_sound(chirp_film(folder, name), start_s, start_s + 1.25, rate)[0]
    late = delay_of(found, chirp(1.25, rate, at_s=start_s))
    if name in LOSSLESS:
        assert late == pytest.approx(0, abs=0.02)
    else:
        assert late / rate == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("name", ["wav", "flac24", "wavfloat"])
def test_lossless_samples_come_out_as_they_went_in(folder: Path, name: str) -> None:
    found = read_sound(chirp_film(folder, name), 2.5, 4.5, RATE)[0]
    step = {"wav": 2**-15, "flac24": 2**-23, "wavfloat": 1e-7}[name]
    np.testing.assert_allclose(found, chirp(2.0, RATE, at_s=2.5), atol=2 * step)


@pytest.mark.parametrize("rate", [24_000, 16_000, 44_100, 22_050])
def test_resampling_is_exact_for_starts_between_samples(folder: Path, rate: int) -> None:
    start_s = 3.21713579
    found = read_sound(chirp_film(folder, "wavfloat"), start_s, start_s + 0.5, rate)[0]
    assert found.shape == (rate // 2,)
    np.testing.assert_allclose(found, chirp(0.5, rate, at_s=start_s), atol=2e-3)


@pytest.mark.parametrize("name", ["wav", "flac", "aac", "opus", "webm-opus", "vorbis", "webm-vorbis"])
def test_a_window_sounds_the_same_whatever_the_search(folder: Path, name: str) -> None:
    """What lies in two windows is one sound: decoding has settled when a window begins."""
    path = chirp_film(folder, name)
    whole = read_sound(path, 0.0, 7.9, RATE)
    part = read_sound(path, 5.0, 6.0, RATE)
    shift = delay_of(part[0], whole[0, 5 * RATE : 6 * RATE])
    assert abs(shift) / RATE < 0.001
    if name not in ("webm-opus", "webm-vorbis"):  # these two count in milliseconds
        np.testing.assert_allclose(part, whole[:, 5 * RATE : 6 * RATE], atol=0.005)


@pytest.mark.parametrize("suffix", ["m4a", "mkv", "webm"])
def test_the_streams_own_start_is_honoured(folder: Path, suffix: str) -> None:
    codec = CODECS["webm-opus" if suffix == "webm" else "aac"][1]
    path = folder / f"offset.{suffix}"
    encode(np.stack([chirp(4.0, RATE)] * 4), path, *codec, offset_s="2.5")
    for start_s in (2.6, 4.217):
        found = read_sound(path, start_s, start_s + 1.0, RATE)[0]
        assert delay_of(found, chirp(1.0, RATE, at_s=start_s - 2.5)) / RATE == pytest.approx(0, abs=0.0015)
    with pytest.raises(MediaError) as caught:
        read_sound(path, 1.0, 4.0, RATE)
    assert caught.value.reason == "window_outside_sound"


def test_the_end_may_be_short_by_a_tenth_of_a_second(folder: Path) -> None:
    path = chirp_film(folder, "wav")
    samples = read_sound(path, 7.0, 8.08, RATE)
    assert samples.shape == (4, round(1.08 * RATE))
    assert not samples[:, RATE:].any()
    with pytest.raises(MediaError, match="window") as caught:
        read_sound(path, 7.0, 8.2, RATE)
    assert caught.value.reason == "window_outside_sound"
    with pytest.raises(MediaError):
        read_sound(path, 20.0, 21.0, RATE)


def test_a_gap_is_silence_and_the_rest_keeps_its_time(folder: Path) -> None:
    """Packets between 2.0 s and 3.0 s are dropped; what follows stays where it was."""
    source = chirp_film(folder, "webm-opus")
    path = folder / "gap.webm"
    drop = "noise=drop='between(pts*tb,2,3)'"
    done = run_ffmpeg(["-y", "-i", str(source), "-c", "copy", "-bsf:a", drop, str(path)])
    assert done.returncode == 0, done.stderr.decode()
    samples = read_sound(path, 1.0, 5.0, RATE)
    assert not samples[:, round(1.1 * RATE) : round(1.9 * RATE)].any()
    after = samples[0, round(2.5 * RATE) : round(3.5 * RATE)]
    assert delay_of(after, chirp(1.0, RATE, at_s=3.5)) / RATE == pytest.approx(0, abs=0.001)


def test_a_long_gap_costs_no_memory(folder: Path) -> None:
    """Fifty minutes of silence would be 576 MB as samples."""
    path = with_jump(chirp_film(folder, "mkv-aac"), folder / "pause.mkv", 4.0, 3000.0)
    with at_most_mb(10):
        before = read_sound(path, 2.0, 4.5, RATE)
        after = read_sound(path, 3003.5, 3005.5, RATE)
    assert before[0, : round(1.9 * RATE)].any()
    assert not before[:, round(2.1 * RATE) :].any()
    assert not after[:, : round(0.4 * RATE)].any()
    late = delay_of(after[0, round(0.6 * RATE) :], chirp(1.4, RATE, at_s=4.1))
    assert late / RATE == pytest.approx(0, abs=0.001)


def test_what_lies_before_a_window_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a search fails, decoding begins at the file's start; all of it would be 6 MB here, and hours elsewhere."""
    path = chirp_film(folder, "wav")
    wanted = read_sound(path, 7.0, 7.5, 24_000)
    monkeypatch.setattr("yt360_tools.media.sound.PREROLL_S", 1e6)
    with at_most_mb(2.5):
        found = read_sound(path, 7.0, 7.5, 24_000)
    assert (found == wanted).all()


@pytest.mark.parametrize("start_s", [1.0, 3.217, 6.7])
def test_resampling_does_not_ask_where_decoding_began(
    folder: Path, start_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = chirp_film(folder, "flac24")
    wanted = read_sound(path, start_s, start_s + 0.5, 24_000)
    for preroll_s in (0.61, 0.77, 1e6):
        monkeypatch.setattr("yt360_tools.media.sound.PREROLL_S", preroll_s)
        assert (read_sound(path, start_s, start_s + 0.5, 24_000) == wanted).all()


@pytest.mark.parametrize("start_s", [0.25, 1.25, 3.75, 6.25])
def test_between_two_samples_the_earlier_one_is_taken(
    folder: Path, start_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 22050 Hz these starts lie in the middle of two samples; it must not matter where decoding began."""
    path = folder / "ramp.wav"
    if not path.exists():
        encode(np.tile(np.arange(8 * 22_050) / 2**18, (4, 1)), path, "-c:a", "pcm_f32le", rate=22_050)
    for preroll_s in (0.5, 0.61, 0.77, 1e6):
        monkeypatch.setattr("yt360_tools.media.sound.PREROLL_S", preroll_s)
        first = read_sound(path, start_s, start_s + 0.1, 22_050)[0, 0] * 2**18
        assert first == np.floor(start_s * 22_050)


def test_six_channels_in_aac_are_unpacked(folder: Path) -> None:
    """YouTube packs W, Y, Z, X as 5.1; ffmpeg hands out X, Y, W, LFE, Z and an unused one. It looks like cinema
    sound, so nobody but the user can say that it is ambisonics.
    """
    t = np.arange(2 * RATE) / RATE
    w, y, z, x = (0.3 * np.sin(2 * np.pi * f * t) for f in TONES_HZ[:4])
    silent = np.zeros_like(t)
    path = encode(np.stack([x, y, w, silent, z, silent]), folder / "packed.m4a", "-c:a", "aac", "-b:a", "512k")
    with pytest.raises(MediaError, match=r"6 channels \(5\.1\).*validate.channel_map.*'2,1,4,0'"):
        channel_map_for(6, probe_sound(path).layout_name)
    assert loudest_hz(read_sound(path, 0.5, 1.5, RATE, (2, 1, 4, 0)), RATE) == list(TONES_HZ[:4])


def test_channel_maps() -> None:
    for channels, layout in [
        (4, "quad"),
        (4, "4.0"),
        (6, "ambisonic 1+stereo"),
        (9, "9 channels"),
        (16, "ambisonic 3"),
    ]:
        assert channel_map_for(channels, layout) == (0, 1, 2, 3)
    for channels, reason in [
        (1, "too_few_channels"),
        (2, "too_few_channels"),
        (5, "unexpected_channels"),
        (6, "unexpected_channels"),
    ]:
        with pytest.raises(MediaError, match=f"has {channels} channels") as caught:
            channel_map_for(channels, "5.1")
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("channels", "layout", "count"),
    [
        (4, "quad", 4), (9, "9 channels", 9), (6, "ambisonic 1+stereo", 4), (11, "ambisonic 2+stereo", 9),
        (121, "ambisonic 10", 121), (6, "5.1", None), (5, "5.0", None), (2, "stereo", None), (1, "mono", None),
    ],
)  # fmt: skip
def test_how_many_channels_are_ambisonics(channels: int, layout: str, count: int | None) -> None:
    assert ambisonic_count(channels, layout) == count


@pytest.mark.parametrize("setting", ["--channel-map", "validate.channel_map"])
class TestChannelMap:
    def test_names_places(self, setting: str) -> None:
        assert parse_channel_map("auto", setting) is None
        assert parse_channel_map("2,1,4,0", setting, channels=4) == (2, 1, 4, 0)
        assert parse_channel_map(" 8, 0 ,3", setting) == (8, 0, 3)

    @pytest.mark.parametrize("text", ["", "W,Y,Z,X", "2,1,4,", "2;1;4;0", "2,1,-4,0", "2.0,1,4,0", "2,1,4,4", "0,00"])
    def test_and_nothing_else(self, setting: str, text: str) -> None:
        with pytest.raises(UsageError, match=f"^{setting} is 'auto' or the places of .*counted from 0.*got '{text}'"):
            parse_channel_map(text, setting)

    @pytest.mark.parametrize("text", ["2,1,4", "0,1,2,3,4"])
    def test_and_as_many_as_are_wanted(self, setting: str, text: str) -> None:
        with pytest.raises(UsageError, match=f"^{setting} is 'auto' or the places of W, Y, Z, X among .*got '{text}'"):
            parse_channel_map(text, setting, channels=4)


def test_stereo_is_refused(folder: Path) -> None:
    path = encode(np.zeros((2, RATE)), folder / "stereo.wav")
    with pytest.raises(MediaError, match="has 2 channels; first-order ambisonics need 4") as caught:
        read_sound(path, 0.0, 0.5, RATE)
    assert caught.value.reason == "too_few_channels"


def test_values_that_are_not_numbers_are_refused(folder: Path) -> None:
    samples = np.zeros((4, RATE))
    samples[2, 1000] = np.nan
    path = encode(samples, folder / "nan.wav", "-c:a", "copy")
    with pytest.raises(MediaError) as caught:
        read_sound(path, 0.0, 0.5, RATE)
    assert caught.value.reason == "bad_samples"


@pytest.mark.parametrize("hop_s", [0.1, 0.0333])
def test_envelope_is_the_level_of_w(folder: Path, hop_s: float) -> None:
    samples = np.zeros((4, 5 * RATE))
    samples[0, RATE : 2 * RATE] = 0.5
    samples[0, 3 * RATE :] = 0.25
    samples[1] = 1.0
    path = encode(samples, folder / "steps.wav", "-c:a", "pcm_s16le")
    start_s, levels = read_envelope(path, hop_s)
    assert start_s == 0.0
    assert len(levels) == int(5 / hop_s)
    for second, level in enumerate([0, 0.5, 0, 0.25, 0.25]):
        inside = slice(int((second + 0.1) / hop_s), int((second + 0.9) / hop_s))
        assert levels[inside] == pytest.approx(level, abs=1e-4)


@pytest.mark.parametrize("hop_s", [0.1, 0.0333])
def test_a_gap_is_silence_in_the_envelope(folder: Path, hop_s: float) -> None:
    """What is after a gap stays where it is, and the gap itself costs a number a hop: samples would be 576 MB."""
    tone = encode(np.full((4, 8 * RATE), 0.5), folder / "level.mkv", "-c:a", "pcm_s16le")
    path = with_jump(tone, folder / "level-gap.mkv", 4.0, 3000.0)
    with at_most_mb(10):
        start_s, levels = read_envelope(path, hop_s)
    assert start_s == 0.0
    assert len(levels) == int(3008 / hop_s)
    middle_s = (np.arange(len(levels)) + 0.5) * hop_s
    sounding = (middle_s < 4.0 - hop_s) | (middle_s > 3004.1 + hop_s)
    silent = (middle_s > 4.1 + hop_s) & (middle_s < 3004.0 - hop_s)
    assert levels[sounding] == pytest.approx(0.5, abs=1e-3)
    assert not levels[silent].any()


@pytest.mark.parametrize("gap", [0, 2500, 4799, 4800, 4801, 9600, 30_001])
def test_an_envelope_over_a_gap_equals_that_of_zeros(gap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(gap).normal(size=20_000).astype(np.float32)
    cut = 7777

    def blocks(first: int, pieces: list[np.ndarray]) -> Iterator[tuple[float, np.ndarray, int]]:
        for piece in pieces:
            yield first / RATE, piece[None], RATE
            first += piece.size + gap * (first == 0)

    monkeypatch.setattr("yt360_tools.media.sound._blocks", lambda *_: blocks(0, [samples[:cut], samples[cut:]]))
    found = read_envelope(Path("a gap"), 0.0777)[1]
    whole = np.concatenate([samples[:cut], np.zeros(gap, np.float32), samples[cut:]])
    gap = 0
    monkeypatch.setattr("yt360_tools.media.sound._blocks", lambda *_: blocks(0, [whole]))
    np.testing.assert_allclose(found, read_envelope(Path("zeros"), 0.0777)[1], rtol=1e-12)


def test_a_clock_that_jumps_by_hours_is_refused(folder: Path) -> None:
    path = with_jump(chirp_film(folder, "mkv-aac"), folder / "hours.mkv", 4.0, 40_000.0)
    with at_most_mb(10), pytest.raises(MediaError, match="jumps by 40000 s") as caught:
        read_envelope(path)
    assert caught.value.reason == "bad_timestamps"
