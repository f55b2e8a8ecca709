"""The ambisonics that an MP4's header announces: read from real files, and as their sound has it."""

import struct
from pathlib import Path

import numpy as np
import pytest
from worlds.boxes import box, matroska, mp4, trak
from worlds.dot import run_ffmpeg
from worlds.sound_boxes import put_into_sound, sa3d, sound_trak

from yt360_tools.media import ffmpeg
from yt360_tools.media.sa3d import Sa3d, read_sa3d

TONES_HZ = {"W": 200, "Y": 300, "Z": 400, "X": 500}
THREE_CYCLE = (0, 2, 3, 1)
PLAIN = Sa3d(0, "periphonic", 1, "acn", "sn3d", 4, (0, 1, 2, 3), False, (0, 1, 2, 3))


def read(tmp_path: Path, data: bytes) -> Sa3d | None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    return read_sa3d(path)


def sound_file(path: Path, codec: str, order: str = "WYZX") -> Path:
    """Four tones, in the order of the track's channels."""
    tones = "|".join(f"0.5*sin(2*PI*{TONES_HZ[name]}*t)" for name in order)
    layout = {1: "mono", 2: "stereo", 4: "4.0"}[len(order)]
    shape = ["-f", "lavfi", "-i", f"aevalsrc=exprs={tones}:c={layout}:d=1:s=48000"]
    run_ffmpeg([*shape, "-c:a", codec, *(["-mapping_family", "255"] if codec == "libopus" else []), path])
    return path


def loudest_hz(path: Path) -> list[int]:
    """The tone in each channel of a track of 16-bit samples, as they are in the file: no decoder arranges them."""
    raw = ffmpeg.run_ffmpeg(["-i", path, "-c", "copy", "-f", "s16le", "-"]).stdout
    samples = np.frombuffer(raw, "<i2").reshape(-1, 4)[:40000].T
    spectrum = np.abs(np.fft.rfft(samples.astype(float), axis=1))
    return [round(place * 48000 / 40000) for place in spectrum.argmax(axis=1)]


@pytest.mark.parametrize(
    ("name", "codec", "channels"),
    [
        ("aac.mp4", "aac", "WYZX"),
        ("opus.mp4", "libopus", "WYZX"),
        ("flac.mp4", "flac", "WYZX"),
        ("pcm.mp4", "pcm_s16le", "WYZX"),
        ("version2.mov", "pcm_s24le", "WYZX"),
        ("version1.mov", "aac", "WY"),
        ("version0.mov", "pcm_s16le", "W"),
    ],
)
def test_real_files(tmp_path: Path, name: str, codec: str, channels: str) -> None:
    path = sound_file(tmp_path / name, codec, channels)
    assert read_sa3d(path) is None
    put_into_sound(path, sa3d())
    assert read_sa3d(path) == PLAIN
    if codec in ("flac", "pcm_s24le"):  # whose decoders have no layout of their own: it is where ffmpeg looks for it
        assert b"ambisonic 1" in ffmpeg.run_ffmpeg(["-loglevel", "info", "-i", path]).stderr


def test_inside_what_quicktime_wraps_around_a_decoders_description(tmp_path: Path) -> None:
    path = sound_file(tmp_path / "wave.mov", "aac")
    put_into_sound(path, sa3d(), into_wave=True)
    assert read_sa3d(path) == PLAIN


@pytest.mark.parametrize("version", [0, 1, 2])
def test_versions_of_the_sample_entry(tmp_path: Path, version: int) -> None:
    described = box("esds", bytes(20))
    for inside in ([described, sa3d()], [box("wave", box("frma", b"mp4a"), described, sa3d(), box("\0\0\0\0"))]):
        assert read(tmp_path, mp4(trak(), sound_trak(*inside, version=version))) == PLAIN


def test_isos_own_version_1_adds_no_fields(tmp_path: Path) -> None:
    data = mp4(sound_trak(sa3d()))
    entry = data.index(b"mp4a") + 4
    assert read(tmp_path, data[: entry + 8] + b"\0\1" + data[entry + 10 :]) == PLAIN


class TestTheMap:
    """``foa[n] = track[map[n]]``."""

    def test_of_a_three_cycle_as_the_sound_has_it(self, tmp_path: Path) -> None:
        """The specification's example: W, X, Y, Z in the track are 0, 2, 3, 1 in the map."""
        path = sound_file(tmp_path / "wxyz.mov", "pcm_s16le", "WXYZ")
        put_into_sound(path, sa3d(THREE_CYCLE))
        found = read_sa3d(path)
        assert found is not None
        assert found.channel_map == THREE_CYCLE
        heard = loudest_hz(path)
        assert [heard[place] for place in found.channel_map] == [TONES_HZ[name] for name in "WYZX"]

    def test_by_the_specifications_text_is_the_inverse(self, tmp_path: Path) -> None:
        found = read(tmp_path, mp4(sound_trak(sa3d(THREE_CYCLE))))
        assert found is not None
        assert found.channel_map_by_text == (0, 3, 1, 2)
        swapped = read(tmp_path, mp4(sound_trak(sa3d((0, 3, 2, 1)))))
        assert swapped is not None
        assert swapped.channel_map == swapped.channel_map_by_text == (0, 3, 2, 1)

    def test_head_locked_channels_stand_behind(self, tmp_path: Path) -> None:
        found = read(tmp_path, mp4(sound_trak(sa3d((2, 3, 4, 5, 0, 1), kind=0x80))))
        assert found is not None
        assert (found.head_locked, found.channels, found.map) == (True, 6, (2, 3, 4, 5, 0, 1))
        assert (found.ambisonic_type, found.channel_map, found.doubts) == ("periphonic", (2, 3, 4, 5), ())

    def test_of_third_order_is_that_of_its_first(self, tmp_path: Path) -> None:
        found = read(tmp_path, mp4(sound_trak(sa3d(tuple(reversed(range(16))), order=3))))
        assert found is not None
        assert (found.order, found.channel_map, found.doubts) == (3, (15, 14, 13, 12), ())


def test_the_first_track_that_says_something(tmp_path: Path) -> None:
    found = read(tmp_path, mp4(trak(), sound_trak(), sound_trak(box("SA3D", bytes(9))), sound_trak(sa3d())))
    assert found is not None
    assert found.sound_track == 2
    assert found.channel_map == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("data", "doubt"),
    [
        (sa3d(version=1), "ambisonics of version 1, where only 0 is known"),
        (sa3d(kind=3), "ambisonics of ambisonic type 3, where only 0 is known"),
        (sa3d(ordering=1), "ambisonics of channel ordering 1, where only 0 is known"),
        (sa3d(normalization=255), "ambisonics of normalization 255, where only 0 is known"),
        (sa3d(order=2), "ambisonics of order 2 in 4 channels"),
        (sa3d((0,), order=0), "ambisonics of order 0 in 1 channels"),
        (sa3d(kind=0x80), "ambisonics of order 1 in 4 channels and 2 that are head-locked"),
        (sa3d(order=2**32 - 1), "ambisonics of order 4294967295 in 4 channels"),
        (sa3d(channels=2**32 - 1), "ambisonics of order 1 in 4294967295 channels"),
        (sa3d((0, 1), channels=4), "a channel map of 2 places for 4 channels"),
        (sa3d((0, 1, 1, 3)), "a channel map of 0, 1, 1, 3, where each of 4 places should come once"),
        (sa3d((0, 1, 2, 4)), "a channel map of 0, 1, 2, 4, where each of 4 places should come once"),
    ],
)
def test_nonsense_is_no_map_and_is_said(tmp_path: Path, data: bytes, doubt: str) -> None:
    found = read(tmp_path, mp4(sound_trak(data)))
    assert found is not None
    assert found.channel_map is None
    assert found.channel_map_by_text is None
    assert found.doubts == (doubt,)


def test_where_there_is_none(tmp_path: Path) -> None:
    nothing = (
        b"",
        mp4(),
        mp4(trak(sa3d())),
        mp4(sound_trak(sa3d(), handler="text")),
        mp4(sound_trak(sa3d()[:-9] + bytes(3))),
        mp4(sound_trak(struct.pack(">I4s", 2**32 - 1, b"SA3D") + bytes(64))),
        matroska(),
        b"not a media file at all" * 10,
    )
    for data in nothing:
        assert read(tmp_path, data) is None
    assert read_sa3d(tmp_path / "absent.mp4") is None
    assert read_sa3d(tmp_path) is None
