"""Files that are odd in a way of their own: each ends with its own reason, and none with a crash or the wrong one."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from worlds.heard_fields import around, at, voice

from yt360_tools.config import Config
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.examination import Examination
from yt360_tools.examine.files import examine_files
from yt360_tools.examine.motion_quiet import quiet_spans
from yt360_tools.examine.picture import examine_picture
from yt360_tools.media import sound_stretches
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.picture_packets import Packets
from yt360_tools.media.sound import read_envelope

RATE_HZ = 16000


def ffmpeg(*arguments: str | Path) -> None:
    done = run_ffmpeg(["-y", *arguments])
    assert not done.returncode, done.stderr.decode()


def field(seconds: float = 12, rate_hz: int = RATE_HZ) -> np.ndarray:
    rng = np.random.default_rng(7)
    count = round(seconds * rate_hz)
    return 0.2 * at(voice(rng, count, rate_hz), 40, 10) + 0.02 * around(rng, count, rate_hz)


def heard(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Examination:
    soundfile.write(path, samples.T, rate_hz, subtype="FLOAT")
    return examine_files(path, path, Config())


def codes(found: Examination) -> dict[str, str]:
    return {finding.code: finding.severity for finding in found.findings if finding.code != "no_picture"}


def test_a_sound_as_it_should_be(tmp_path: Path) -> None:
    assert "reject" not in codes(heard(tmp_path / "a.wav", field())).values()


@pytest.mark.parametrize("value", [1e30, 1e12, -1e5, np.nan, np.inf])
@pytest.mark.parametrize("channel", [0, 2])
def test_one_absurd_sample_is_one_bad_sample(tmp_path: Path, value: float, channel: int) -> None:
    """It must not make the other channels seem empty, nor its own."""
    samples = field()
    samples[channel, 5 * RATE_HZ] = value
    found = heard(tmp_path / "a.wav", samples)
    assert codes(found).get("bad_samples") == "doubt"
    assert "reject" not in codes(found).values()
    assert all(np.isfinite(found.levels_dbfs))


def test_bad_samples_all_along_leave_nothing(tmp_path: Path) -> None:
    samples = field()
    samples[:, ::1000] = np.nan
    assert codes(heard(tmp_path / "a.wav", samples))["bad_samples"] == "reject"


def test_a_bad_sample_spoils_its_own_clips_alone(tmp_path: Path) -> None:
    samples = field()
    samples[0, 5 * RATE_HZ + 10] = np.nan
    soundfile.write(tmp_path / "a.wav", samples.T, RATE_HZ, subtype="FLOAT")
    _, levels = read_envelope(tmp_path / "a.wav", 0.1)
    assert np.flatnonzero(np.isnan(levels)).tolist() == [50]


@pytest.mark.parametrize("rate_hz", [50, 300, 790, 999])
def test_hardly_a_sample_rate(tmp_path: Path, rate_hz: int) -> None:
    rng = np.random.default_rng(1)
    assert codes(heard(tmp_path / "a.wav", rng.normal(0, 0.1, (4, 20 * rate_hz)), rate_hz)) == {"low_rate": "reject"}


def test_an_offset_in_every_channel_is_told_of_each(tmp_path: Path) -> None:
    found = heard(tmp_path / "a.wav", field() + 0.05)
    (offset,) = (finding for finding in found.findings if finding.code == "dc_offset")
    assert all(str(channel) in offset.text for channel in range(4))


def test_empty_channels_lay_nothing_over(tmp_path: Path) -> None:
    samples = field()
    samples[1] = 0
    found = codes(heard(tmp_path / "a.wav", samples))
    assert "dead_channels" in found
    assert "laid_over" not in found


def picture(path: Path) -> Examination:
    return examine_picture(path, Config(), Declared())


def test_a_dark_beginning_is_no_black_film(tmp_path: Path) -> None:
    """With one key frame only the beginning is looked at: what is behind it must not be judged by it."""
    path = tmp_path / "a.mp4"
    parts = "color=black:size=256x128:rate=25:duration=14[a];testsrc2=size=256x128:rate=25:duration=30[b];"
    graph = f"{parts}[a][b]concat=n=2,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "libx264", "-g", "99999", "-sc_threshold", "0", path)
    found = codes(picture(path))
    assert "black" not in found
    assert "black_spans" in found


def test_a_picture_that_changes_its_size(tmp_path: Path) -> None:
    whole = tmp_path / "whole.ts"
    for start_s, size in ((0, "256x128"), (6, "320x240")):
        part = tmp_path / f"{size}.ts"
        drawn = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=6"]
        ffmpeg(*drawn, "-c:v", "libx264", "-g", "25", "-output_ts_offset", str(start_s), part)
        with whole.open("ab") as file:
            file.write(part.read_bytes())
    found = picture(whole)
    assert codes(found)["size_changes"] == "doubt"
    assert "256 x 128, 320 x 240" in next(one.text for one in found.findings if one.code == "size_changes")


def test_one_frame_beside_ten_seconds_of_sound(tmp_path: Path) -> None:
    """Matroska tells the length of the whole file: that of the picture's track is its last packet's."""
    path = tmp_path / "a.mkv"
    sound = ["-f", "lavfi", "-i", "aevalsrc=sin(500*t)|0|0|0:s=8000:d=10"]
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=256x128:rate=25:duration=0.04", *sound, "-c:v", "libx264", path)
    found = codes(picture(path))
    assert found["one_frame"] == "reject"
    assert "truncated" not in found


def test_half_a_film_whose_index_is_behind_it(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.mp4", tmp_path / "half.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=256x128:rate=25:duration=4", "-c:v", "libx264", whole)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert codes(examine_files(half, half, Config())) == {"truncated": "reject"}


def test_a_frame_three_years_later_takes_no_memory() -> None:
    times = np.array([0.0, 0.04, 0.08, 1e8])
    packets = Packets(times, np.full(4, 20), np.array([True, False, False, False]), 0.0, 1e8)
    assert quiet_spans(packets, 1000, Config().picture) == ()


@pytest.mark.parametrize(("still_s", "said"), [(1.4, "clips may hold it"), (4.0, "no clip is made of that")])
def test_a_stop_says_what_becomes_of_it(tmp_path: Path, still_s: float, said: str) -> None:
    path = tmp_path / "a.mp4"
    moving = "testsrc2=size=256x128:rate=25:duration=12"
    graph = f"{moving},loop=loop={round(25 * still_s)}:size=1:start=100,setpts=N/25/TB,format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "libx264", "-g", "50", path)
    (frozen,) = (finding for finding in picture(path).findings if finding.code == "frozen_spans")
    assert said in frozen.text


@pytest.mark.parametrize("jump_s", [600, 3600])
def test_a_clock_that_jumps_is_no_picture_that_stands(tmp_path: Path, jump_s: int) -> None:
    path = tmp_path / "a.mkv"
    mirrored = "testsrc2=size=128x128:rate=25:duration=30,split[a][b];[b]hflip[c];[a][c]hstack"
    jump = f"{mirrored},setpts=if(lt(N\\,400)\\,PTS\\,PTS+{jump_s}/TB),format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", jump, "-fps_mode", "passthrough", "-c:v", "libx264", "-g", "50", path)
    found = codes(picture(path))
    assert found.get("bad_timestamps") == "doubt"
    assert "reject" not in found.values()
    assert not {"frozen", "still", "frozen_spans"} & {*found}


def test_silence_between_what_was_heard_is_not_certain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a track of many hours only stretches are listened to."""
    soundfile.write(tmp_path / "a.wav", np.zeros((300 * 1000, 4)), 1000, subtype="PCM_16")
    path = tmp_path / "a.wav"
    assert codes(examine_files(path, path, Config()))["silent"] == "reject"
    monkeypatch.setattr(sound_stretches, "_WHOLE_SAMPLES", 1_000_000)
    assert codes(examine_files(path, path, Config()))["silent"] == "doubt"


def test_matroska_whose_header_has_no_size(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(200))
    assert "unreadable_video" in codes(examine_files(path, path, Config()))
