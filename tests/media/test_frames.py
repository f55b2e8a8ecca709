"""Which frame is chosen for which moment, and what a chosen frame looks like.

The films' frames carry their own number as ten black or white blocks, so each test reads which frame it got.
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from yt360_tools.errors import MediaError
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.frames import FrameReader, _PictureMaker, frame_count

BITS, BLOCK, ROWS = 10, 16, 32
LOSSLESS_B_FRAMES = ["-c:v", "libx264", "-qp", "0", "-bf", "3", "-g", "1000", "-pix_fmt", "yuv420p"]


def iter_frames(
    path: Path, windows: Sequence[tuple[float, float]], fps: float, **intake: Any
) -> Iterator[tuple[int, int, Any]]:
    """(window, frame, picture) of windows read one after the other by one reader."""
    with FrameReader(path, fps, **intake) as reader:
        for index, (start_s, end_s) in enumerate(windows):
            for number, picture in enumerate(reader.window(start_s, end_s)):
                yield index, number, picture


def write_film(path: Path, frames: np.ndarray, rate: Fraction, *options: str, seek: str = "0") -> Path:
    """Encode frames (n, height, width, 3) to `path`; `options` name the codec, `seek` moves the start."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(np.ascontiguousarray(frames, dtype=np.uint8).tobytes())
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(rate), "-i", str(raw)]
    done = run_ffmpeg(["-y", *source, *options, "-output_ts_offset", seek, str(path)])
    assert done.returncode == 0, done.stderr.decode()
    raw.unlink()
    return path


def numbered(count: int) -> np.ndarray:
    bits = (np.arange(count)[:, None] >> np.arange(BITS)) & 1
    row = np.repeat(bits * 255, BLOCK, axis=1).astype(np.uint8)
    return np.broadcast_to(row[:, None, :, None], (count, ROWS, BITS * BLOCK, 3))


def number_of(picture: np.ndarray) -> int:
    height, width = picture.shape[:2]
    columns = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    return int(((picture[height // 2, columns, 1] > 127) << np.arange(BITS)).sum())


def numbers(path: Path, start_s: float, end_s: float, fps: float) -> list[int]:
    return [number_of(picture) for _, _, picture in iter_frames(path, [(start_s, end_s)], fps)]


def expected(
    rate: Fraction, start_s: str, end_s: str, fps: int, *, offset_s: str = "0", tick_s: str = "0"
) -> list[int]:
    """By exact arithmetic: the last frame whose time, on a clock of such ticks, is not after each target."""
    count = round((Fraction(end_s) - Fraction(start_s)) * fps)
    tick = Fraction(tick_s)
    chosen = []
    for i in range(count):
        target = Fraction(start_s) + Fraction(i, fps) - Fraction(offset_s)
        number = math.floor(target * rate)
        if tick and math.floor((number + 1) / rate / tick + Fraction(1, 2)) * tick <= target + tick / 2:
            number += 1
        chosen.append(number)
    return chosen


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def long_film(folder: Path) -> Path:
    """30 s at 25 frames a second, a key frame each 4 s, open groups of pictures."""
    options = ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", "-bf", "3", "-b_strategy", "0"]
    options += ["-x264-params", "keyint=100:min-keyint=100:scenecut=0:open-gop=1"]
    return write_film(folder / "long.mp4", numbered(750), Fraction(25), *options)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60)])
@pytest.mark.parametrize("start_s", ["0", "1", "1.2137"])
def test_chosen_frame_is_the_last_not_after_its_moment(folder: Path, rate: Fraction, suffix: str, start_s: str) -> None:
    path = folder / f"rate-{float(rate):.2f}.{suffix}"
    if not path.exists():
        write_film(path, numbered(math.ceil(3 * rate)), rate, *LOSSLESS_B_FRAMES)
    end_s = str(Fraction(start_s) + Fraction(3, 2))
    wanted = expected(rate, start_s, end_s, 16, tick_s="0.001" if suffix == "mkv" else "0")
    assert numbers(path, float(start_s), float(Fraction(end_s)), 16) == wanted


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("rate", [24, 30])
def test_frames_at_their_own_rate_come_once_each(folder: Path, suffix: str, rate: int) -> None:
    """Matroska rounds 1/24 s to 0.042 s, after the moment that is asked for: it still is that frame."""
    path = folder / f"own-{rate}.{suffix}"
    codec = ["-c:v", "libvpx", "-crf", "4", "-b:v", "4M"] if suffix == "webm" else LOSSLESS_B_FRAMES
    write_film(path, numbered(2 * rate), Fraction(rate), *codec)
    assert numbers(path, 0.0, 2.0, rate) == list(range(2 * rate))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_streams_own_start_is_honoured(folder: Path, suffix: str) -> None:
    path = write_film(folder / f"offset.{suffix}", numbered(60), Fraction(25), *LOSSLESS_B_FRAMES, seek="2.52")
    found = numbers(path, 3.0, 4.5, 16)
    assert found == expected(Fraction(25), "3", "4.5", 16, offset_s="2.52")
    assert numbers(path, 2.45, 2.6, 20)[0] == 0, "a start that is missed by less than 0.1 s takes the first frame"
    with pytest.raises(MediaError, match=r"begins at 2\.520") as caught:
        numbers(path, 1.0, 2.0, 16)
    assert caught.value.reason == "window_outside_video"


def test_the_last_frame_lasts_a_little_and_no_longer(folder: Path) -> None:
    path = write_film(folder / "end.mp4", numbered(50), Fraction(25), *LOSSLESS_B_FRAMES)
    assert numbers(path, 1.0, 2.0, 25)[-1] == 49
    assert numbers(path, 1.06, 2.06, 25)[-2:] == [49, 49]
    with pytest.raises(MediaError, match=r"last one is at 1\.960") as caught:
        numbers(path, 1.5, 2.5, 25)
    assert caught.value.reason == "window_outside_video"


def test_variable_frame_rate(folder: Path) -> None:
    """Frame n stands at 20 n + n² milliseconds; half a millisecond is within the clock."""
    times_ms = [20 * n + n * n for n in range(40)]
    path = write_film(
        folder / "variable.mkv",
        numbered(40),
        Fraction(25),
        *["-vf", "settb=1/1000,setpts=20*N+N*N", "-fps_mode", "passthrough", "-enc_time_base", "1/1000"],
        *LOSSLESS_B_FRAMES,
    )
    wanted = [max(n for n in range(40) if times_ms[n] <= 13.2 + 62.5 * i + 0.5) for i in range(32)]
    assert numbers(path, 0.0132, 2.0132, 16) == wanted


def test_seeking_gives_the_frames_that_decoding_straight_gives(long_film: Path) -> None:
    windows = [(2.3, 2.8), (11.99, 12.5), (12.5, 13.0), (12.9, 13.4), (24.0, 24.5)]
    straight = {}
    for number, (_, _, picture) in enumerate(iter_frames(long_film, [(0.0, 26.0)], 25)):
        straight[number] = picture.copy()
    for index, i, picture in iter_frames(long_film, windows, 25):
        chosen = math.floor(Fraction(str(windows[index][0])) * 25 + i)
        np.testing.assert_array_equal(picture, straight[chosen])
        assert number_of(picture) == chosen


def test_windows_may_overlap_and_even_go_back(long_film: Path) -> None:
    with FrameReader(long_film, 16) as reader:
        for start_s in ("8.0", "7.9", "8.0", "8.1", "20.5", "0", "8.1"):
            found = [number_of(picture) for picture in reader.window(float(start_s), float(start_s) + 1)]
            assert found == expected(Fraction(25), start_s, str(Fraction(start_s) + 1), 16)


def test_going_back_by_one_frame_after_a_search(long_film: Path) -> None:
    """The frame that a search ends at is not the film's first one."""
    with FrameReader(long_film, 16) as reader:
        for start_s, number in [(16.05, 401), (16.01, 400), (15.97, 399), (12.01, 300), (11.8, 295)]:
            assert [number_of(picture) for picture in reader.window(start_s, start_s + 0.05)] == [number]


def test_after_a_window_outside_the_reader_goes_on(long_film: Path) -> None:
    with FrameReader(long_film, 16) as reader:
        with pytest.raises(MediaError):
            list(reader.window(100.0, 101.0))
        assert [number_of(picture) for picture in reader.window(3.0, 3.1)] == [75, 76]


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_change_the_frames(long_film: Path, threads: int) -> None:
    found = [number_of(p) for _, _, p in iter_frames(long_film, [(9.0, 10.0)], 16, threads=threads)]
    assert found == expected(Fraction(25), "9", "10", 16)


def test_a_window_has_as_many_frames_as_its_length_says() -> None:
    assert frame_count(54.5, 64.5, 16) == 160
    assert frame_count(0.1, 0.4, 10) == 3


def dot(width: int, height: int, column: float, row: float) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    bright = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 12.0**2))
    return np.repeat((20 + 220 * bright)[None, ..., None], 3, axis=3).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "crop"),
    [
        ((None, None), None),
        ((224, 112), None),
        ((240, 120), None),
        ((224, 112), (0, 0, 960, 240)),
        ((None, None), (400, 100, 400, 300)),
        ((200, 150), (400, 100, 400, 300)),
    ],
)
def test_scaling_and_cropping_keep_every_point_in_its_place(
    folder: Path, size: tuple[int | None, int | None], crop: tuple[int, int, int, int] | None
) -> None:
    """Pixel centres carry the samples: a dot stays within 0.02 pixels of where its edges-aligned place is."""
    column, row = 601.3, 171.8
    path = folder / "dot.mp4"
    if not path.exists():
        write_film(
            path,
            dot(960, 480, column, row),
            Fraction(10),
            "-c:v",
            "libx264",
            "-crf",
            "4",
            "-pix_fmt",
            "yuv420p",
        )
    _, _, picture = next(iter_frames(path, [(0.0, 0.1)], 10, width=size[0], height=size[1], crop=crop))
    left, top, width, height = crop or (0, 0, 960, 480)
    assert picture.shape == (size[1] or height, size[0] or width, 3)
    bright = np.clip(picture[..., 1].astype(float) - 24, 0, None)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    seen = np.array([(bright * x).sum(), (bright * y).sum()]) / bright.sum()
    scale = np.array([picture.shape[1] / width, picture.shape[0] / height])
    assert seen == pytest.approx((np.array([column - left, row - top]) + 0.5) * scale - 0.5, abs=0.02)


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
@pytest.mark.parametrize("width", [None, 64])
def test_colours_follow_the_matrix_that_the_stream_names(folder: Path, matrix: str, width: int | None) -> None:
    colours = [(255, 255, 255), (0, 0, 0), (200, 100, 30), (30, 60, 210)]
    film = np.zeros((2, 64, 128, 3), np.uint8)
    for index, colour in enumerate(colours):
        film[:, :, 32 * index : 32 * (index + 1)] = colour
    options = [
        "-vf",
        f"scale=out_color_matrix={matrix}:out_range=tv:flags=accurate_rnd",
        "-colorspace",
        matrix,
    ]
    options += ["-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p"]
    path = write_film(folder / f"colour-{matrix}.mp4", film, Fraction(10), *options)
    _, _, picture = next(iter_frames(path, [(0.0, 0.1)], 10, width=width, height=width and 32))
    columns = ((np.arange(4) + 0.5) * picture.shape[1] / 4).astype(int)
    found = picture[10, columns].astype(int)
    np.testing.assert_allclose(found, colours, atol=2)
    assert found[0].min() >= 254
    assert found[1].max() <= 1


def test_a_crop_beyond_the_picture_is_refused(long_film: Path) -> None:
    with pytest.raises(MediaError, match="160x32"):
        next(iter_frames(long_film, [(0.0, 0.1)], 10, crop=(0, 16, 160, 32)))


@pytest.mark.parametrize("kind", ["zeros", "flips"])
def test_damage_in_the_middle_is_an_error_and_not_a_gray_picture(long_film: Path, tmp_path: Path, kind: str) -> None:
    """A decoder hides most damage and only marks the picture."""
    data = bytearray(long_film.read_bytes())
    with av.open(str(long_film)) as container:
        packets = [p for p in container.demux(video=0) if p.pts is not None and 12 <= p.pts * p.time_base < 15]
    for packet in sorted(packets, key=lambda packet: packet.size)[-3:]:
        if kind == "zeros":
            data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
        else:
            data[packet.pos + packet.size * 3 // 4] ^= 0x10
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(bytes(data))
    with FrameReader(damaged, 16) as reader:
        with pytest.raises(MediaError) as caught:
            list(reader.window(8.0, 15.9))
        assert caught.value.reason == "unreadable_video"
        assert [number_of(picture) for picture in reader.window(16.01, 16.1)] == [400]


def test_a_repeated_frame_is_one_array(long_film: Path) -> None:
    pictures = [picture for _, _, picture in iter_frames(long_film, [(1.0, 1.2)], 50)]
    assert pictures[0] is pictures[1]
    assert not pictures[0].flags.writeable


@pytest.mark.parametrize("kind", ["yuv420p", "yuvj420p", "yuv420p10le", "nv12", "yuv444p", "rgb24"])
def test_pictures_made_in_planes_are_those_made_in_pixels(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit by bit, in any size: what is in shards must not depend on the way."""
    rng = np.random.default_rng(3)
    planar = 0
    for _ in range(12):
        width, height = 2 * rng.integers(40, 700), 2 * rng.integers(40, 400)
        noise = np.repeat(np.repeat(rng.integers(0, 256, (height // 2, width // 2, 3), np.uint8), 2, 0), 2, 1)
        frame = av.VideoFrame.from_ndarray(noise, "rgb24").reformat(format=kind)
        size = int(rng.integers(8, width * 0.7)), int(rng.integers(8, height * 0.7))
        planar += _PictureMaker(*size, None)._format(frame) == "gbrp"
        fast = _PictureMaker(*size, None).make(frame)
        with monkeypatch.context() as patch:
            patch.setattr(_PictureMaker, "_format", lambda self, frame: "rgb24")
            assert np.array_equal(_PictureMaker(*size, None).make(frame), fast)
        assert fast.shape == (*size[::-1], 3)
    assert planar >= 3
