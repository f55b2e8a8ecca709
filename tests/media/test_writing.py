"""Files with pictures and sound, written by the package and read back by ffmpeg, PyAV and by hand."""

import struct
import sys
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import command, dot
from worlds.layouts import youtube_cube

from yt360_tools.errors import EnvironmentMissing, TransientError, UsageError
from yt360_tools.media.carriers import VIDEO_CODECS, VideoCodec
from yt360_tools.media.layout import decide_layout
from yt360_tools.media.sound import read_sound
from yt360_tools.media.spherical_boxes import PictureLabel, cubemap_label, equirectangular_label
from yt360_tools.media.spherical_mesh import eac_label
from yt360_tools.media.writing import Encoding, PictureTrack, SoundTrack, evenly, write_media

RATE_HZ = 48_000
WIDTH, HEIGHT = 64, 48
TENTH = Fraction(10)


def gray(count: int, width: int = WIDTH, height: int = HEIGHT) -> Iterator[NDArray[np.uint8]]:
    """Pictures that grow brighter."""
    for number in range(count):
        yield np.full((height, width, 3), 20 + 5 * number, np.uint8)


def pictures(count: int = 8, label: PictureLabel | None = None) -> PictureTrack:
    return PictureTrack(evenly(gray(count), TENTH), WIDTH, HEIGHT, TENTH, label=label)


def tone_hz(channel: int) -> float:
    return 300.0 + 137.0 * channel


def tones(channels: int, seconds: float = 0.8) -> NDArray[np.float32]:
    """Another tone in each channel, silent for the first tenth of a second."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    waves = np.stack([np.sin(2 * np.pi * tone_hz(channel) * time_s) for channel in range(channels)])
    return (0.1 * waves * (time_s >= 0.1)).astype(np.float32)


def decoded(path: Path, channels: int) -> NDArray[np.float32]:
    """The sound as ffmpeg's command line decodes it, (channels, samples)."""
    raw = dot.run_ffmpeg(["-i", path, "-map", "0:a", "-c:a", "pcm_f32le", "-f", "f32le", "-"])
    return np.frombuffer(raw, "<f4").reshape(-1, channels).T


def gains(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much of each channel's tone is in each channel: (heard in, tone of)."""
    middle = sound[:, round(0.2 * RATE_HZ) : round(0.7 * RATE_HZ)]
    time_s = np.arange(round(0.2 * RATE_HZ), round(0.7 * RATE_HZ)) / RATE_HZ
    window = np.hanning(time_s.size)
    waves = np.stack([np.exp(-2j * np.pi * tone_hz(channel) * time_s) for channel in range(sound.shape[0])])
    return np.abs((middle * window) @ waves.T) * 2 / window.sum() / 0.1


@pytest.mark.parametrize(
    ("suffix", "codec", "channels"),
    [
        (".mp4", "", 4),
        (".mp4", "opus", 4),
        (".mp4", "flac", 4),
        (".mp4", "", 16),
        (".mov", "", 4),
        (".mov", "aac", 4),
        (".mov", "", 9),
        (".mkv", "", 4),
        (".mkv", "opus", 9),
        (".mkv", "", 64),
        (".webm", "", 4),
        (".webm", "", 9),
    ],
)
def test_each_channel_stays_itself_and_in_time(suffix: str, codec: str, channels: int, tmp_path: Path) -> None:
    """A tone of its own in each: none is mixed, lost, moved to another place, weakened or late."""
    path, sound = tmp_path / f"a{suffix}", tones(channels)
    write_media(path, pictures(), SoundTrack([sound], channels, RATE_HZ), Encoding(sound_codec=codec))
    heard = decoded(path, channels)
    found = gains(heard)
    assert np.abs(np.diag(found) - 1).max() < 0.01
    assert np.abs(found - np.diag(np.diag(found))).max() < 2e-3
    count = min(heard.shape[1], sound.shape[1])
    assert abs(heard.shape[1] - sound.shape[1]) < 1024
    spectra = [np.fft.rfft(channel[0, :count], 2 * count) for channel in (heard, sound)]
    assert int(np.argmax(np.fft.irfft(spectra[0] * np.conj(spectra[1])))) == 0
    with av.open(str(path)) as container:
        assert [float(stream.start_time * stream.time_base) for stream in container.streams] == [0.0, 0.0]


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_direction_survives_lossy_codecs(suffix: str, tmp_path: Path) -> None:
    """Joining the channels of a pair (intensity stereo) would pull all directions to a few; noise shows it."""
    rng = np.random.default_rng(3)
    noise = 0.1 * dot.band_noise(round(0.8 * RATE_HZ), RATE_HZ, rng)
    sound = dot.encode_source(noise, 63.0, -27.0).astype(np.float32)
    write_media(tmp_path / f"a{suffix}", pictures(), SoundTrack([sound], 4, RATE_HZ))
    w, y, z, x = decoded(tmp_path / f"a{suffix}", 4)[:, RATE_HZ // 10 : RATE_HZ // 2].astype(float)
    heard = np.array([np.mean(w * x), np.mean(w * y), np.mean(w * z)]) / np.mean(w * w)
    assert dot.angle_deg(heard / np.linalg.norm(heard), dot.unit_vector(63.0, -27.0)) < 0.5
    assert np.linalg.norm(heard) > 0.99


def test_sound_in_odd_blocks_and_at_another_rate_is_the_same_sound(tmp_path: Path) -> None:
    sound = tones(4)[:, ::3].copy()
    blocks = np.split(sound, [1, 1, 777, 9000], axis=1)
    write_media(tmp_path / "a.mkv", pictures(), SoundTrack(blocks, 4, 16_000))
    heard = decoded(tmp_path / "a.mkv", 4)
    assert heard.shape == sound.shape
    assert np.abs(heard - sound).max() < 1e-6


def test_more_than_eight_channels_apart_are_read_back(tmp_path: Path) -> None:
    """Opus decodes to a plane a channel; PyAV's own way to them reads beyond its list from nine on, and crashes."""
    sound = tones(9)
    write_media(tmp_path / "a.webm", pictures(), SoundTrack([sound], 9, RATE_HZ))
    heard = read_sound(tmp_path / "a.webm", 0.0, 0.8, RATE_HZ, tuple(range(9)))
    assert np.abs(gains(heard) - np.eye(9)).max() < 0.01
    swapped = read_sound(tmp_path / "a.webm", 0.0, 0.8, RATE_HZ, (8, 3))
    np.testing.assert_array_equal(swapped, heard[[8, 3]])


def times_of(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def test_an_exact_rate_is_exact(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    write_media(tmp_path / "a.mp4", PictureTrack(evenly(gray(40), rate), WIDTH, HEIGHT, rate))
    assert times_of(tmp_path / "a.mp4") == [number / rate for number in range(40)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_times_of_a_varying_rate_are_kept(suffix: str, tmp_path: Path) -> None:
    ticks = [0, 10, 300, 301, 310, 900, 2400]
    frames = zip((tick / 1000 for tick in ticks), gray(7), strict=True)
    track = PictureTrack(frames, WIDTH, HEIGHT, Fraction(10), tick_s=Fraction(1, 1000))
    write_media(tmp_path / f"a{suffix}", track, SoundTrack([tones(4, 2.5)], 4, RATE_HZ))
    assert times_of(tmp_path / f"a{suffix}") == [Fraction(tick, 1000) for tick in ticks]


@pytest.mark.parametrize(("name", "worst"), [("a.mp4", 4), ("a.webm", 4), ("a.mkv", 0)])
def test_colours_come_back(name: str, worst: int, tmp_path: Path) -> None:
    """A wrong matrix or range moves them by ten levels and more; FFV1 keeps every bit."""
    colours = np.array([[0, 0, 0], [255, 255, 255], [200, 30, 40], [30, 180, 60], [40, 60, 210], [128, 128, 128]])
    picture = np.repeat(np.repeat(colours.astype(np.uint8)[None], HEIGHT, axis=0), 16, axis=1)
    track = PictureTrack(evenly([picture] * 3, TENTH), picture.shape[1], HEIGHT, TENTH)
    write_media(tmp_path / name, track, encoding=Encoding("ffv1" if worst == 0 else "", quality=None))
    raw = dot.run_ffmpeg(["-i", tmp_path / name, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
    seen = np.frombuffer(raw, np.uint8).reshape(-1, *picture.shape)[-1]
    middles = slice(8, None, 16)
    assert np.abs(seen[24, middles].astype(int) - colours).max() <= worst


LABELS = {
    "er": equirectangular_label(),
    "eac": eac_label(WIDTH, HEIGHT),
    "cubemap": cubemap_label(),
}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("projection", LABELS)
def test_what_a_file_says_is_understood(projection: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    write_media(path, pictures(label=LABELS[projection]), SoundTrack([tones(4)], 4, RATE_HZ))
    layout = decide_layout(path)
    assert (layout.projection, layout.stereo, layout.decided_by) == (projection, "mono", "metadata")
    assert layout.faces == ("3x2:RLUDFB:002200" if projection == "cubemap" else "")
    assert layout.pose_deg == (0.0, 0.0, 0.0)
    assert len(times_of(path)) == 8
    assert np.abs(np.diag(gains(decoded(path, 4))) - 1).max() < 0.01
    with av.open(str(path)) as container:  # what made room for the words is gone
        assert "title" not in container.streams.video[0].metadata


def test_the_sound_says_what_it_is(tmp_path: Path) -> None:
    write_media(tmp_path / "a.mov", pictures(), SoundTrack([tones(9)], 9, RATE_HZ))
    data = (tmp_path / "a.mov").read_bytes()
    at = data.index(b"SA3D")
    assert struct.unpack_from(">I", data, at - 4) == (4 + 4 + 12 + 36,)
    assert struct.unpack_from(">BBIBBI9I", data, at + 4) == (0, 0, 2, 0, 0, 9, *range(9))
    with av.open(str(tmp_path / "a.mov")) as container:
        assert container.streams.audio[0].codec_context.layout.name == "ambisonic 2"
    write_media(tmp_path / "b.mov", pictures(), SoundTrack([tones(1)], 1, RATE_HZ, is_ambisonic=False))
    assert b"SA3D" not in (tmp_path / "b.mov").read_bytes()


def unpacked_mesh(contents: bytes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (n, 5) and triangles (m, 3) of an ``mshp`` box's contents, by the specification's text."""
    crc, coding = struct.unpack_from(">I4s", contents, 4)
    assert crc == zlib.crc32(contents[8:])
    assert coding == b"dfl8"
    data = zlib.decompress(contents[12:], -15)
    size, kind, count = struct.unpack_from(">I4sI", data)
    assert (size, kind) == (len(data), b"mesh")
    coordinates = np.frombuffer(data, ">f4", count, 12)
    at = 12 + 4 * count

    def numbers(amount: int, below: int, at: int) -> tuple[NDArray[np.int64], int]:
        width = int(np.ceil(np.log2(2 * below)))
        length = -(-amount * width // 8)
        bits = np.unpackbits(np.frombuffer(data, np.uint8, length, at))[: amount * width].reshape(amount, width)
        coded = bits @ (1 << np.arange(width - 1, -1, -1))
        return np.where(coded % 2, -(coded + 1) // 2, coded // 2), at + length

    (vertex_count,) = struct.unpack_from(">I", data, at)
    steps, at = numbers(5 * vertex_count, count, at + 4)
    vertices = coordinates[np.cumsum(steps.reshape(-1, 5), axis=0)]
    lists, texture, drawn_as, index_count = struct.unpack_from(">IBBI", data, at)
    assert (lists, texture, drawn_as) == (1, 0, 0)
    turns, at = numbers(index_count, vertex_count, at + 10)
    assert at == len(data)
    return vertices.astype(float), np.cumsum(turns).reshape(-1, 3)


def test_the_mesh_of_an_eac_picture_is_its_sphere() -> None:
    """Each vertex lies where the drawn EAC layout has its pixel; triangles cover the sphere once, seen from inside."""
    width, height = 1204, 808
    vertices, triangles = unpacked_mesh(eac_label(width, height).contents)
    right, up, backward, u, v = vertices.T
    rays = np.stack([-backward, -right, up], axis=-1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    picture = youtube_cube(width, height)
    # A little towards each face's middle: on an edge two faces meet.
    square = vertices.reshape(6, -1, 5)
    inward = (square[..., 3:] + 1e-4 * (square[..., 3:].mean(axis=1, keepdims=True) - square[..., 3:])).reshape(-1, 2)
    seen = picture.rays(inward[:, 0] * width - 0.5, (1 - inward[:, 1]) * height - 0.5)
    assert dot.angle_deg(rays, seen).max() < 0.01
    assert 0 < u.min() < u.max() < 1
    assert 0 < v.min() < v.max() < 1
    a, b, c = (np.stack([right, up, backward], axis=-1)[triangles[:, corner]] for corner in range(3))
    towards = np.einsum("ni,ni->n", np.cross(b - a, c - a), a)
    assert (towards < 0).all(), "counter-clockwise from the middle: the normals point inwards"
    ray = [corner / np.linalg.norm(corner, axis=1, keepdims=True) for corner in (a, b, c)]
    triple = np.abs(np.einsum("ni,ni->n", ray[0], np.cross(ray[1], ray[2])))
    below = 1 + sum(np.einsum("ni,ni->n", ray[i], ray[j]) for i, j in ((0, 1), (1, 2), (2, 0)))
    assert 2 * np.arctan2(triple, below).sum() == pytest.approx(4 * np.pi, rel=1e-4)


class Broken(Exception):
    """What the maker of frames may raise."""


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    def frames() -> Iterator[tuple[float, NDArray[np.uint8]]]:
        yield from evenly(gray(3), TENTH)
        raise Broken

    (tmp_path / "a.mp4").write_bytes(b"what was there before")
    with pytest.raises(Broken):
        write_media(tmp_path / "a.mp4", PictureTrack(frames(), WIDTH, HEIGHT, TENTH))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.mp4": b"what was there before"}


def test_an_ffmpeg_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_options(*options: str) -> Any:
        return VideoCodec(options, (), None)

    monkeypatch.setitem(VIDEO_CODECS, "h264", with_options("-c:v", "no_such_encoder"))
    with pytest.raises(EnvironmentMissing, match="no_such_encoder"):
        write_media(tmp_path / "a.mp4", pictures(200))
    monkeypatch.setitem(VIDEO_CODECS, "h264", with_options("-c:v", "libx264", "-preset", "sleepy"))
    with pytest.raises(TransientError, match="could not write"):
        write_media(tmp_path / "a.mp4", pictures(200))
    assert not list(tmp_path.iterdir())


def test_an_ffmpeg_that_stops_early_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with 0 after a tenth of a second: most of the pictures are not in the file."""
    monkeypatch.setitem(VIDEO_CODECS, "h264", VideoCodec(("-c:v", "libx264", "-t", "0.1"), (), None))
    big = PictureTrack(evenly(gray(60, 320, 240), TENTH), 320, 240, TENTH)
    with pytest.raises(TransientError, match="stopped reading"):
        write_media(tmp_path / "a.mp4", big)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises((EnvironmentMissing, TransientError), match="nowhere"):
        write_media(tmp_path / "nowhere" / "a.mp4", pictures())


@pytest.mark.parametrize(
    ("name", "encoding", "channels", "says"),
    [
        ("a.avi", Encoding(), 4, r"\.mp4, \.mov, \.mkv, \.webm; got 'a.avi'"),
        ("a", Encoding(), 4, "a video ends in"),
        ("a.webm", Encoding("h264"), 4, "holds the video codecs vp9; got 'h264'"),
        ("a.mp4", Encoding(sound_codec="pcm"), 4, "holds the sound codecs aac, opus, flac; got 'pcm'"),
        ("a.mp4", Encoding(sound_codec="aac"), 9, "aac cannot carry 9 channels unharmed; opus can"),
        ("a.mkv", Encoding(sound_codec="flac"), 16, "flac cannot carry 16 channels unharmed; pcm, opus can"),
        ("a.mp4", Encoding(), 5, "has 1, 4, 9, ... 64 channels; got 5"),
        ("a.mp4", Encoding(), 81, "got 81"),
        ("a.mp4", Encoding(quality=52), 4, r"from 0 \(best\) to 51; got 52"),
        ("a.mkv", Encoding("ffv1", quality=3), 4, "lossless"),
    ],
)
def test_what_cannot_be_written(name: str, encoding: Encoding, channels: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        write_media(tmp_path / name, pictures(), SoundTrack([], channels, RATE_HZ), encoding)
    assert not list(tmp_path.iterdir())


def test_odd_sides_are_refused(tmp_path: Path) -> None:
    track = PictureTrack(evenly(gray(2, 63), TENTH), 63, HEIGHT, TENTH)
    with pytest.raises(UsageError, match="even numbers of pixels; got 63x48"):
        write_media(tmp_path / "a.mp4", track)


def test_cut_peaks_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    loud = 15 * tones(4)
    write_media(tmp_path / "a.mkv", pictures(), SoundTrack([loud], 4, RATE_HZ))
    assert "1.50 times full scale" in caplog.text
    write_media(tmp_path / "b.mkv", pictures(), SoundTrack([loud], 4, RATE_HZ), Encoding(sound_codec="pcm"))
    assert np.abs(decoded(tmp_path / "b.mkv", 4) - loud).max() < 1e-6
    assert "b.mkv" not in caplog.text


SHORT_SOUND = """
import resource, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from yt360_tools.media.writing import PictureTrack, SoundTrack, evenly, write_media

picture = np.zeros((480, 640, 3), np.uint8)
track = PictureTrack(evenly((picture for _ in range(400)), Fraction(40)), 640, 480, Fraction(40))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_media(Path(sys.argv[1]), track, SoundTrack([np.zeros((4, 4800), np.float32)], 4, 48_000))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_pictures_do_not_wait_in_memory_for_sound_that_has_ended(tmp_path: Path) -> None:
    """Ten seconds of raw pictures, 370 MB of them, would wait for a sound that lasts a tenth of one."""
    ended = command.run([tmp_path / "a.mp4"], command=(sys.executable, "-c", SHORT_SOUND))
    assert ended.code == 0, ended
    assert int(ended.stdout) < 120_000, "kilobytes"
