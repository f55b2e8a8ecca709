"""`yt360 project` as a user runs it: what it prints, what it keeps, what it refuses, and how it ends."""

import json
import sys
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from worlds import boxes, command, dot

from yt360_tools.cli import yt360
from yt360_tools.errors import MediaError, UsageError, Yt360Error
from yt360_tools.explore.project_pictures import write_picture
from yt360_tools.explore.project_views import Request, plan_looking
from yt360_tools.geometry import Direction
from yt360_tools.media.probe import probe_video
from yt360_tools.projection import Source
from yt360_tools.records import SourceLayout

RATE_HZ = 48_000
TO_ER = ("--to", "er", "--size", "64", "--from", "er", "--stereo", "mono")


def run(*words: object) -> Result:
    return CliRunner().invoke(yt360, ["project", *map(str, words)])


def refused(*words: object) -> Yt360Error:
    """The error of a command that must fail with one of ours."""
    done = run(*words)
    assert isinstance(done.exception, Yt360Error), (done.exception, done.output)
    return done.exception


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a moving picture, 128 x 64 at 8 frames a second, with four channels of noise."""
    folder = tmp_path_factory.mktemp("video")
    command.write_picture(folder / "picture.mp4", 2.0)
    samples = 0.1 * np.random.default_rng(0).standard_normal((2 * RATE_HZ, 4))
    soundfile.write(folder / "sound.wav", samples, RATE_HZ, subtype="FLOAT")
    inputs = ("-i", folder / "picture.mp4", "-channel_layout", "quad", "-i", folder / "sound.wav")
    dot.run_ffmpeg([*inputs, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac", folder / "video.mkv"])
    return folder / "video.mkv"


def times_of(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def test_what_it_prints(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    words = (video, "-o", out, "--to", "viewport", "--size", "64x48", "--yaw", "30", "--from", "er", "--stereo", "mono")
    done = run(*words)
    assert done.exit_code == 0
    assert done.stderr == "input: 128x64 er mono, as said\n"
    assert done.stdout == f"{out}: viewport 64x48, 16 frames, 2 s, 4 channels at 48000 Hz\n"
    done = run(*words, "--no-sound", "--json", "--end", "1")
    assert json.loads(done.stdout) == {
        "output": str(out),
        "to": "viewport",
        "width": 64,
        "height": 48,
        "frames": 8,
        "seconds": 1.0,
        "sound_channels": 0,
        "sample_rate_hz": 0,
        "input": {
            "projection": "er",
            "stereo": "mono",
            "decided_by": "manifest",
            "faces": "",
            "bounds": [0.0, 0.0, 0.0, 0.0],
            "pose_deg": [0.0, 0.0, 0.0],
        },
    }


def test_a_cube_that_no_header_can_name_is_told(video: Path, tmp_path: Path) -> None:
    out, faces = tmp_path / "out.mp4", "3x2:FRBLUD"
    words = (video, "-o", out, "--to", "cube", "--size", "32", "--no-sound", "--from", "er", "--stereo", "mono")
    done = run(*words, "--to-faces", faces)
    assert f"note: a header cannot say where the faces of {faces} lie" in done.stderr
    assert run(*words).stderr.count("note") == 0
    back = run(out, "-o", tmp_path / "back.mp4", "--to", "er", "--size", "64")
    assert back.stderr.startswith("input: 96x64 cubemap mono, by its header; faces 3x2:RLUDFB:002200")
    assert "note: the video has no sound" in back.stderr


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_frames_of_a_varying_rate_keep_their_times(suffix: str, tmp_path: Path) -> None:
    """Each frame of the source comes once, at its own time from the start of what is taken; a start within a frame
    shows that frame at once."""
    ticks = [0, 40, 50, 51, 300, 310, 800, 1100]
    raw = b"".join(np.full((32, 64, 3), 30 * number, np.uint8).tobytes() for number in range(len(ticks)))
    when = "+".join(f"eq(N,{number})*{tick}" for number, tick in enumerate(ticks))
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x32", "-framerate", "10", "-i", "-")
    timing = ("-vf", f"settb=1/1000,setpts='{when}'", "-fps_mode", "passthrough", "-enc_time_base:v", "1/1000")
    dot.run_ffmpeg([*source, *timing, "-c:v", "libx264", tmp_path / "in.mkv"], [raw])
    assert times_of(tmp_path / "in.mkv") == [Fraction(tick, 1000) for tick in ticks]
    out = tmp_path / f"out{suffix}"
    assert run(tmp_path / "in.mkv", "-o", out, *TO_ER).exit_code == 0
    assert times_of(out) == [Fraction(tick, 1000) for tick in ticks]
    assert run(tmp_path / "in.mkv", "-o", out, *TO_ER, "--start", "0.2", "--end", "0.9").exit_code == 0
    assert times_of(out) == [Fraction(tick, 1000) for tick in (0, 100, 110, 600)]


def test_a_video_that_was_cut_short_is_told(video: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    dot.run_ffmpeg(["-i", video, "-c", "copy", whole], [])
    assert "cut short" not in run(whole, "-o", tmp_path / "out.mp4", *TO_ER).stderr
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    done = run(tmp_path / "cut.mkv", "-o", tmp_path / "out.mp4", *TO_ER, "--no-sound")
    assert done.exit_code == 0
    assert "note: cut.mkv: " in done.stderr
    assert "it is cut short" in done.stderr


def test_another_file_of_the_same_name_stays_when_it_fails(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"what was there")
    damaged = tmp_path / "damaged.mkv"
    data = bytearray(video.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    damaged.write_bytes(data)
    error = refused(damaged, "-o", out, *TO_ER)
    assert isinstance(error, MediaError)
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp4", "damaged.mkv"}
    assert out.read_bytes() == b"what was there"


INTERRUPTED = """
import os, signal, sys
from yt360_tools.cli import main

def interrupting(frames, total):
    for number, frame in enumerate(frames):
        if number == 3:
            os.killpg(0, signal.SIGINT)  # as a terminal does: this process and the ffmpeg that it feeds
        yield frame

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever starts tests in the background ignores it
sys.modules["yt360_tools.cli.project"]._with_bar = interrupting
main()
"""


def test_ctrl_c_leaves_nothing_half_written(video: Path, tmp_path: Path) -> None:
    words = ("project", video, "-o", tmp_path / "out.mp4", *TO_ER)
    ended = command.run(words, command=(sys.executable, "-c", INTERRUPTED))
    assert ended.code == 130
    assert "interrupted" in ended.stderr
    assert "out.mp4 was not written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("channels", "says"),
    [(1, "has 1 channel, "), (2, "has 2 channels"), (5, "has 5 channels"), (6, "2,1,4,0.*packed as 5.1")],
)
def test_sound_that_is_no_ambisonics(channels: int, says: str, video: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", np.zeros((2 * RATE_HZ, channels)), RATE_HZ)
    words = (video, "-o", tmp_path / "out.mp4", *TO_ER, "--sound", tmp_path / "sound.wav")
    error = refused(*words)
    assert isinstance(error, UsageError)
    assert says.split(".*")[0] in str(error)
    assert "--no-sound leaves it out" in str(error)
    assert not (tmp_path / "out.mp4").exists()
    assert run(video, "-o", tmp_path / "out.mp4", *TO_ER, "--no-sound").exit_code == 0
    if channels == 6:
        assert run(*words, "--channel-map", "2,1,4,0").exit_code == 0


def test_sound_with_values_that_are_no_numbers(video: Path, tmp_path: Path) -> None:
    for value in (np.nan, np.inf):
        samples = np.zeros((2 * RATE_HZ, 4))
        samples[RATE_HZ, 2] = value
        soundfile.write(tmp_path / "sound.wav", samples, RATE_HZ, subtype="FLOAT")
        error = refused(video, "-o", tmp_path / "out.mp4", *TO_ER, "--sound", tmp_path / "sound.wav")
        assert "not finite numbers, at 1.000 s" in str(error)
        assert not (tmp_path / "out.mp4").exists()


def test_sound_of_another_time(video: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", np.zeros((RATE_HZ // 2, 4)), RATE_HZ)
    done = run(video, "-o", tmp_path / "o.mp4", *TO_ER, "--sound", tmp_path / "sound.wav", "--start", "1")
    assert "sounds from 0 s to 0.5 s, not in what is taken: no sound" in done.stderr
    assert "no sound" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "out.avi", *TO_ER), "ends in .mp4, .mov, .mkv, .webm"),
        (("-o", "out.mp4", "--to", "viewport", "--size", "63x48"), "even numbers of pixels; got 63x48"),
        (("-o", "out.mp4", "--to", "er", "--size", "70x35"), "even numbers of pixels; got 70x35"),
        (("-o", "out.mp4", *TO_ER, "--start", "2.5"), "lasts from 0 s to 2 s; from 2.5 s to 2 s is none of it"),
        (("-o", "out.mp4", *TO_ER, "--start", "1", "--end", "0.5"), "from 1 s to 0.5 s is none of it"),
        (("-o", "out.mp4", *TO_ER, "--start", "nan"), "is none of it"),
        (("-o", "out.mp4", *TO_ER, "--fps", "0"), "--fps is 0.01 to 1000"),
        (("-o", "out.mp4", *TO_ER, "--codec", "vp9"), "holds the video codecs h264; got 'vp9'"),
        (("-o", "out.mp4", *TO_ER, "--sound-codec", "mp3"), "holds the sound codecs aac, opus, flac"),
        (("-o", "out.mp4", *TO_ER, "--quality", "99"), "from 0 (best) to 51; got 99"),
        (("-o", "out.mp4", *TO_ER, "--no-sound", "--beam", "cardioid"), "leave out --sound, --beam"),
        (("-o", "out.mp4", *TO_ER, "--beam", "cardoid"), "unknown beam pattern 'cardoid'; did you mean 'cardioid'"),
        (("-o", "out.mp4", *TO_ER, "--beam", "cardioid", "--keep-sound"), "--keep-sound does not turn the sound"),
        (("-o", "out.mp4", *TO_ER, "--sound", "nowhere.wav"), "nowhere.wav: that file is not there"),
        (
            ("-o", "out.mp4", "--to", "viewport", "--path", "p.csv", "--yaw", "5"),
            "--path says where the viewport looks",
        ),
        (("-o", "out.mp4", "--to", "viewport", "--path", "nowhere.csv"), "nowhere.csv cannot be read as CSV"),
    ],
)
def test_wishes_that_make_no_sense(words: tuple[str, ...], says: str, video: Path, tmp_path: Path) -> None:
    (_, name, *rest) = words
    error = refused(video, "-o", tmp_path / name, "--from", "er", "--stereo", "mono", *rest)
    assert isinstance(error, UsageError)
    assert says in str(error)
    assert not list(tmp_path.iterdir())


def assert_own_options(error: Yt360Error) -> None:
    """It names what this command has, and neither the pipeline's option nor its table."""
    assert "--from er|eac|cubemap, --stereo and --faces say how it lies" in str(error)
    assert "--projection" not in str(error)
    assert "manifest" not in str(error)


def test_what_a_header_says_and_nobody_can_read(video: Path, tmp_path: Path) -> None:
    """The message names this command's own options."""
    error = refused(video, "-o", tmp_path / "out.mp4", "--to", "er", "--from", "fisheye")
    assert "fisheye pictures are out of scope" in str(error)
    labelled = tmp_path / "Lost. If found. Declare it.mp4"
    dot.run_ffmpeg(["-i", video, "-c:v", "copy", "-an", labelled])
    boxes.put_into_mp4(labelled, boxes.cbmp(layout=7))
    error = refused(labelled, "-o", tmp_path / "out.mp4", "--to", "er")
    assert isinstance(error, MediaError)
    assert str(error).startswith(f"{labelled.name}: its picture is a cubemap, and its header says layout 7 of ")
    assert_own_options(error)
    done = run(labelled, "-o", tmp_path / "out.mp4", "--to", "er", "--size", "64", "--faces", "3x2:FRBLUD")
    assert done.stderr.startswith("input: 128x64 cubemap mono, as said; faces 3x2:FRBLUD")


def test_a_picture_that_nothing_tells_of_and_that_is_no_panorama(tmp_path: Path) -> None:
    brighter_to_the_right = np.broadcast_to(np.linspace(20, 230, 120)[:, None], (4, 90, 120, 3))
    raw = brighter_to_the_right.astype(np.uint8).tobytes()
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "120x90", "-framerate", "4", "-i", "-")
    dot.run_ffmpeg([*source, "-c:v", "libx264", "-crf", "10", tmp_path / "in.mp4"], [raw])
    error = refused(tmp_path / "in.mp4", "-o", tmp_path / "out.mp4", "--to", "viewport")
    assert "120 x 90" in str(error)
    assert_own_options(error)
    bounds = ("--bounds", "0.25,0.25,0.3333333,0.3333333")
    done = run(tmp_path / "in.mp4", "-o", tmp_path / "out.mp4", "--to", "er", "--size", "64", *bounds)
    assert "er mono, as said; missing shares 0.25,0.25,0.333333,0.333333" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fps", "0.0001"), "--fps is 0.01 to 1000"),
        (("--fps", "0.3", "--end", "1"), "hold no frame at 0.3 a second"),
        (("--size", "32768x32768"), "at most 134217728 pixels"),
    ],
)
def test_no_frame_and_too_many_pixels(words: tuple[str, ...], says: str, video: Path, tmp_path: Path) -> None:
    error = refused(video, "-o", tmp_path / "out.mp4", *TO_ER, "--no-sound", *words)
    assert isinstance(error, UsageError)
    assert says in str(error)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("to", "size", "seen"),
    [
        ("viewport", "12000", "12000x12000"),
        ("er", "32766x32766", "32766x32766"),
        ("er", "16386", "16386x8193"),
        ("cube", "8000", "24000x16000"),
        ("eac", "8000", "24004x16008"),
    ],
)
def test_the_whole_picture_counts_and_not_a_side(to: str, size: str, seen: str) -> None:
    """Only planned: what is refused here would need gigabytes."""
    source = Source(SourceLayout("er", "mono", "manifest"), 128, 64)
    with pytest.raises(UsageError, match=rf"at most 134217728 pixels \(such as 16384x8192\); it would be {seen}"):
        plan_looking(Request(to, Direction(0.0), size=size), source, is_video=False)
    widest = plan_looking(Request("er", Direction(0.0), size="16384"), source, is_video=False).view_at(0.0)
    assert (widest.width, widest.height) == (16384, 8192)


def test_a_still_picture_of_a_video_has_no_sound(video: Path, tmp_path: Path) -> None:
    words = (video, "-o", tmp_path / "out.png", *TO_ER)
    assert "a still picture has no sound" in str(refused(*words, "--beam", "cardioid"))
    run(*words, "--no-sound")


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def test_a_picture_that_opencv_will_not_decode(tmp_path: Path) -> None:
    header = (60000).to_bytes(4, "big") + (30000).to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    error = refused(tmp_path / "huge.png", "-o", tmp_path / "out.png", *TO_ER)
    assert isinstance(error, MediaError)
    assert error.reason == "unreadable_picture"
    assert "at most 1073741824 pixels" in str(error)


@pytest.mark.parametrize(("name", "most"), [("a.webp", 16383), ("a.jpg", 65500), ("a.JPEG", 65500)])
def test_sides_that_a_format_does_not_hold(
    name: str, most: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The longest side is written, one pixel more is refused by name; OpenCV has nothing to say to either."""
    write_picture(tmp_path / name, np.zeros((2, most, 3), np.uint8))
    before = (tmp_path / name).read_bytes()
    with pytest.raises(UsageError, match=f"sides of at most {most} pixels; got {most + 1} x 2"):
        write_picture(tmp_path / name, np.zeros((2, most + 1, 3), np.uint8))
    assert (tmp_path / name).read_bytes() == before
    assert capfd.readouterr().err == ""


def test_a_video_of_very_few_frames(video: Path, tmp_path: Path) -> None:
    """Its header's mean rate lies below what --fps may be, and its frames keep their times all the same."""
    slow = tmp_path / "slow.mp4"
    timing = ("-vf", "settb=1/1000,setpts='N*400000'", "-fps_mode", "passthrough", "-enc_time_base:v", "1/1000")
    dot.run_ffmpeg(["-i", video, "-an", *timing, "-frames:v", "3", "-c:v", "libx264", slow])
    assert probe_video(slow).fps < 0.01
    assert run(slow, "-o", tmp_path / "out.mkv", *TO_ER).exit_code == 0
    assert times_of(tmp_path / "out.mkv") == [0, 400, 800]


def test_a_smooth_picture_that_has_not_the_shape_of_a_panorama(tmp_path: Path) -> None:
    """Its ends meet and nothing parts its middle, as in any picture with dark bars at its sides."""
    across = 120 * np.sin(np.linspace(0, np.pi, 120)) ** 2
    picture = np.add.outer(np.linspace(20, 100, 90), across)[..., None].repeat(3, 2).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "flat.png"), picture)
    words = (tmp_path / "flat.png", "-o", tmp_path / "out.png", "--to", "er", "--size", "64")
    error = refused(*words)
    assert "120 x 90" in str(error)
    assert "--from er" in str(error)
    assert run(*words, "--from", "er", "--stereo", "mono").exit_code == 0
