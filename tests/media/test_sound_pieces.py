"""A file's sound in pieces: the same samples as in one window, with little of it held."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.sound import read_sound
from yt360_tools.media.sound_pieces import PIECE_SAMPLES, open_sound

RATE_HZ = 48_000
ALL = (0, 1, 2, 3)


def noise(seconds: float, channels: int = 4) -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(0).normal(size=(channels, round(seconds * RATE_HZ)))).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], *options: str, offset_s: str = "0") -> Path:
    """A float WAV, or what ffmpeg makes of it with `options`."""
    wav = path if path.suffix == ".wav" else path.with_suffix(".source.wav")
    soundfile.write(wav, samples.T, RATE_HZ, subtype="FLOAT")
    if wav != path:
        layout = ("-channel_layout", "quad") if len(samples) == 4 else ()
        done = run_ffmpeg(["-y", *layout, "-i", wav, *options, "-output_ts_offset", offset_s, path])
        assert done.returncode == 0, done.stderr.decode()
    return path


def joined(path: Path, start_s: float | None = None, end_s: float | None = None, channel_map: tuple[int, ...] = ALL):
    opened = open_sound(path, channel_map=channel_map, start_s=start_s, end_s=end_s)
    return np.concatenate(list(opened.pieces), axis=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pieces")
    samples = noise(8)
    opus = ("-c:a", "libopus", "-mapping_family", "2", "-b:a", "512k")
    return {
        "wav": write(folder / "s.wav", samples),
        "flac": write(folder / "s.flac", samples, "-c:a", "flac"),
        "aac": write(folder / "s.m4a", samples, "-c:a", "aac", "-b:a", "512k"),
        "opus": write(folder / "s.webm", samples, *opus),
        "ogg": write(folder / "s.opus", samples, *opus),
        "late": write(folder / "late.mkv", samples, "-c:a", "pcm_s16le", offset_s="3.25"),
    }


@pytest.mark.parametrize("name", ["wav", "flac", "aac", "opus", "ogg", "late"])
@pytest.mark.parametrize(("start_s", "end_s"), [(3.5, 5.75), (4.123456, 8.0), (3.3, 3.4)])
def test_a_span_is_what_a_window_is(files: dict[str, Path], name: str, start_s: float, end_s: float) -> None:
    found = joined(files[name], start_s, end_s)
    assert found.shape == (4, round((end_s - start_s) * RATE_HZ))
    assert (found == read_sound(files[name], start_s, end_s, RATE_HZ)).all()


def test_without_a_span_it_is_everything(files: dict[str, Path]) -> None:
    assert (joined(files["wav"]) == noise(8)).all()
    opened = open_sound(files["late"], channel_map=ALL)
    assert (opened.sample_rate_hz, opened.start_s) == (RATE_HZ, pytest.approx(3.25, abs=0.001))
    assert sum(piece.shape[1] for piece in opened.pieces) == 8 * RATE_HZ
    assert (joined(files["wav"], start_s=7.5) == noise(8)[:, -RATE_HZ // 2 :]).all()
    assert (joined(files["wav"], end_s=0.5) == noise(8)[:, : RATE_HZ // 2]).all()


def test_channels_come_as_they_are_mapped(tmp_path: Path) -> None:
    path = write(tmp_path / "nine.wav", noise(0.3, 9))
    assert (joined(path, channel_map=(8, 0, 3)) == noise(0.3, 9)[[8, 0, 3]]).all()


def test_pauses_are_silence(tmp_path: Path) -> None:
    """Two and a half seconds without a packet: a real gap of the timestamps, longer than a piece."""
    path = tmp_path / "gap.mkv"
    source = write(tmp_path / "source.wav", noise(3))
    graph = "[0:a]asetpts='PTS+gte(T,1)*2.5/TB'[a]"
    done = run_ffmpeg(["-y", "-i", source, "-filter_complex", graph, "-map", "[a]", "-c:a", "pcm_f32le", path])
    assert done.returncode == 0, done.stderr.decode()
    found = joined(path)
    assert found.shape[1] == pytest.approx(5.5 * RATE_HZ, abs=100)
    assert (found[:, : RATE_HZ - 4096] == noise(3)[:, : RATE_HZ - 4096]).all()
    assert (found[:, RATE_HZ + 4096 : 3 * RATE_HZ] == 0).all()
    assert (found[:, -RATE_HZ:] == noise(3)[:, -RATE_HZ:]).all()
    assert (found[:, : 5 * RATE_HZ] == read_sound(path, 0, 5, RATE_HZ)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_where_they_are(bad: float, tmp_path: Path) -> None:
    samples = noise(3)
    samples[2, 2 * RATE_HZ] = bad
    path = write(tmp_path / "bad.wav", samples)
    with pytest.raises(MediaError, match=r"bad\.wav.*not finite.*2\.000 s") as caught:
        joined(path)
    assert caught.value.reason == "bad_samples"
    assert (joined(path, 0.0, 1.9) == samples[:, : round(1.9 * RATE_HZ)]).all()


@pytest.mark.parametrize(
    ("start_s", "end_s", "says"),
    [(-1.0, 2.0, "begins at 0.000"), (7.0, 9.0, "ends at 8.000"), (9.0, 10.0, "ends at"), (9.0, None, "ends at")],
)
def test_a_span_outside_is_refused(files: dict[str, Path], start_s: float, end_s: float | None, says: str) -> None:
    with pytest.raises(MediaError, match=says) as caught:
        joined(files["wav"], start_s, end_s)
    assert caught.value.reason == "window_outside_sound"


def test_too_few_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="2 channels"):
        joined(write(tmp_path / "stereo.wav", noise(0.2, 2)))


def test_no_more_than_a_piece_is_held(tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", noise(60))
    open_sound(path, channel_map=ALL)  # what imports hold is not counted
    tracemalloc.start()
    sizes = [piece.size for piece in open_sound(path, channel_map=ALL).pieces]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) == 4 * 60 * RATE_HZ
    assert max(sizes) < 1.1 * PIECE_SAMPLES
    assert peak < 8e6  # the whole is 46 MB
