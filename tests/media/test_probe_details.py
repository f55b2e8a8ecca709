"""What a probe tells besides: clocks, how frames come, rotation, colours, samples; on files of real coders."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from worlds import motion_films as films

from yt360_tools.errors import MediaError
from yt360_tools.examine.header_findings import probe_findings
from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.probe_details import PictureDetails, picture_details, sound_details

FILM = films.moving(1, 3, size=(64, 128))


def made(*arguments: str | Path) -> Path:
    """The file that ffmpeg makes of these arguments, the last one."""
    done = run_ffmpeg(["-y", *arguments])
    assert done.returncode == 0, done.stderr.decode()
    return Path(arguments[-1])


def turned(path: Path, *asked: str) -> PictureDetails:
    """A file's details after its header was made to ask players for something."""
    return picture_details(made(*asked, "-i", path, "-c", "copy", path.with_name(f"turned{path.suffix}")))


class TestTheClock:
    @pytest.mark.parametrize(
        ("coder", "tick"), [("h264.mp4", Fraction(1, 12288)), ("vp9.webm", Fraction(1, 1000)), ("mjpeg.mov", None)]
    )
    def test_of_a_plain_film(self, tmp_path: Path, coder: str, tick: Fraction | None) -> None:
        details = picture_details(films.write_film(tmp_path, FILM, coder))
        assert details.streams == {"video": 1}
        assert details.frames == 36
        assert details.mean_fps == pytest.approx(12, rel=1e-3)
        assert details.usual_interval_s == pytest.approx(1 / 12, abs=1e-3)
        assert (details.uneven_share, details.went_back_s) == (0, 0)
        assert details.clock.start_s == pytest.approx(0, abs=1e-3)
        assert details.clock.container_end_s == pytest.approx(3, abs=0.01)
        assert details.clock.last_packet_end_s == pytest.approx(3, abs=0.01)
        assert tick is None or details.clock.tick == tick

    def test_matroska_does_not_announce_a_streams_end(self, tmp_path: Path) -> None:
        assert picture_details(films.write_film(tmp_path, FILM, "vp9.webm")).clock.announced_end_s is None
        end_s = picture_details(films.write_film(tmp_path, FILM, "h264.mp4")).clock.announced_end_s
        assert end_s == pytest.approx(3, abs=0.01)

    def test_a_later_start_is_told(self, tmp_path: Path) -> None:
        path = films.write_film(tmp_path, FILM, "h264.mp4")
        later = made("-itsoffset", "7", "-i", path, "-c", "copy", "-copyts", tmp_path / "later.mkv")
        clock = picture_details(later).clock
        assert clock.start_s == pytest.approx(7, abs=0.1)
        assert clock.last_packet_end_s == pytest.approx(10, abs=0.2)

    @pytest.mark.parametrize("coder", ["h264.mp4", "vp9.webm"])
    def test_frames_at_uneven_distances(self, tmp_path: Path, coder: str) -> None:
        ticks = (
            "-vf",
            "settb=1/1200,setpts='100*N+30*mod(N,3)'",
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "1:1200",
        )
        details = picture_details(films.write_film(tmp_path, FILM, coder, options=ticks))
        assert details.uneven_share == pytest.approx(1 / 3, abs=0.05)
        assert details.mean_fps == pytest.approx(12, rel=0.05)

    def test_a_container_that_ends_later_than_its_last_packet(self, tmp_path: Path) -> None:
        path = films.write_film(tmp_path, FILM, "h264.mp4")
        sound = ("-f", "lavfi", "-i", "sine=d=9")
        both = made("-i", path, *sound, "-c:v", "copy", "-c:a", "aac", tmp_path / "both.mp4")
        details = picture_details(both)
        assert details.streams == {"audio": 1, "video": 1}
        assert details.clock.last_packet_end_s == pytest.approx(3, abs=0.01)
        assert details.clock.container_end_s == pytest.approx(9, abs=0.1)

    def test_times_that_run_backwards(self, tmp_path: Path) -> None:
        """Two films of which the second begins anew, one behind the other in a transport stream."""
        part = made(
            "-i", films.write_film(tmp_path, FILM, "h264.mp4"), "-c", "copy", "-f", "mpegts", tmp_path / "part.ts"
        )
        whole = tmp_path / "whole.ts"
        whole.write_bytes(part.read_bytes() * 2)
        assert picture_details(whole).went_back_s > 2


class TestTheRotation:
    @pytest.mark.parametrize("degrees", [90, 180, 270])
    @pytest.mark.parametrize("coder", ["h264.mp4", "mjpeg.mov"])
    def test_is_read_from_the_header(self, tmp_path: Path, degrees: int, coder: str) -> None:
        details = turned(films.write_film(tmp_path, FILM, coder), "-display_rotation", str(degrees))
        assert (details.rotation_deg, details.is_mirrored) == (degrees, False)

    @pytest.mark.parametrize(
        ("asked", "seen"),
        [
            (("-display_hflip",), (0, True)),
            (("-display_vflip",), (180, True)),
            (("-display_rotation", "90", "-display_hflip"), None),
        ],
    )
    def test_a_mirror_is_told_from_a_turn(
        self, tmp_path: Path, asked: tuple[str, ...], seen: tuple[int, bool] | None
    ) -> None:
        details = turned(films.write_film(tmp_path, FILM, "h264.mp4"), *asked)
        assert details.is_mirrored
        assert seen is None or (details.rotation_deg, details.is_mirrored) == seen

    @pytest.mark.parametrize(
        ("asked", "severity"),
        [
            (("-display_rotation", "90"), "doubt"),
            (("-display_rotation", "270"), "doubt"),
            (("-display_rotation", "180"), "note"),
            (("-display_hflip",), "note"),
        ],
    )
    def test_a_quarter_turn_is_doubted(self, tmp_path: Path, asked: tuple[str, ...], severity: str) -> None:
        found = probe_findings(turned(films.write_film(tmp_path, FILM, "h264.mp4"), *asked))
        assert [(finding.code, finding.severity) for finding in found] == [("rotation_flag", severity)]

    def test_nothing_is_said_where_nothing_is_asked(self, tmp_path: Path) -> None:
        assert probe_findings(picture_details(films.write_film(tmp_path, FILM, "h264.mp4"))) == ()


class TestTheColours:
    def test_of_a_film_that_says_them(self, tmp_path: Path) -> None:
        said = ("-x264-params", "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv")
        colours = picture_details(films.write_film(tmp_path, FILM, "h264.mp4", options=said)).colours
        assert (colours.pixel_format, colours.bits, colours.range) == ("yuv420p", 8, "limited")
        assert (colours.space, colours.primaries, colours.transfer) == ("bt709", "bt709", "bt709")

    def test_of_a_film_that_does_not(self, tmp_path: Path) -> None:
        colours = picture_details(films.write_film(tmp_path, FILM, "h264.mp4")).colours
        assert (colours.space, colours.primaries, colours.transfer) == ("", "", "")

    def test_of_full_range_and_of_ten_bits(self, tmp_path: Path) -> None:
        assert picture_details(films.write_film(tmp_path, FILM, "mjpeg.mov")).colours.range == "full"
        assert picture_details(films.write_film(tmp_path, FILM, "prores.mov")).colours.bits == 10

    @pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
    def test_high_dynamic_range_is_a_note(self, tmp_path: Path, transfer: str) -> None:
        said = ("-x264-params", f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc")
        details = picture_details(films.write_film(tmp_path, FILM, "h264.mp4", options=said))
        assert details.colours.transfer == transfer
        assert [(one.code, one.severity) for one in probe_findings(details)] == [("odd_colours", "note")]

    def test_shades_of_grey_are_a_note(self, tmp_path: Path) -> None:
        details = picture_details(films.write_film(tmp_path, FILM, "png.mov", options=("-pix_fmt", "gray")))
        assert [one.code for one in probe_findings(details)] == ["odd_colours"]


class TestTheSound:
    @pytest.mark.parametrize(
        ("name", "coder", "kind", "bits"),
        [("s.wav", "pcm_s16le", "s16", 16), ("s.flac", "flac", "s16", 16), ("s.m4a", "aac", "fltp", 32)],
    )
    def test_of_several_coders(self, tmp_path: Path, name: str, coder: str, kind: str, bits: int) -> None:
        details = sound_details(made("-f", "lavfi", "-i", "sine=d=2", "-c:a", coder, tmp_path / name))
        assert (details.sample_format, details.bits) == (kind, bits)
        assert details.streams == {"audio": 1}
        assert details.clock.last_packet_end_s == pytest.approx(2, abs=0.1)


class TestHostileFiles:
    def test_nothing_and_no_picture(self, tmp_path: Path) -> None:
        empty = tmp_path / "empty.mp4"
        empty.touch()
        sound = made("-f", "lavfi", "-i", "sine=d=1", tmp_path / "sound.wav")
        for path, reason in ((empty, "empty_file"), (tmp_path / "absent.mp4", "empty_file"), (sound, "no_picture")):
            with pytest.raises(MediaError) as raised:
                picture_details(path)
            assert raised.value.reason == reason

    @pytest.mark.parametrize("coder", ["h264.mp4", "vp9.webm"])
    def test_bytes_that_were_changed_raise_media_errors_alone(self, tmp_path: Path, coder: str) -> None:
        whole = np.frombuffer(films.write_film(tmp_path, FILM[:8], coder).read_bytes(), np.uint8)
        rng = np.random.default_rng(1)
        path = tmp_path / f"changed.{coder}"
        opened = 0
        for _ in range(150):
            changed = whole.copy()
            places = rng.integers(0, changed.size, 6)
            if rng.random() < 0.5:  # headers lie at the beginning, or at an MP4's end
                places = places % 600 if rng.random() < 0.5 else changed.size - 1 - places % 600
            changed[places] = rng.integers(0, 256, places.size)
            keep = changed.size if rng.random() < 0.7 else rng.integers(1, changed.size + 1)
            path.write_bytes(changed[:keep].tobytes())
            try:
                opened += picture_details(path).frames >= 0
            except MediaError:
                continue
        assert opened > 5
