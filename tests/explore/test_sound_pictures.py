"""The map and the video of where sound comes from: left is left, and nothing but colours is added."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import dot
from worlds import heard_scenes as scenes
from worlds.heard_scenes import HIGH, LOW, RATE_HZ

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.explore.overlay import OverlayFile
from yt360_tools.explore.sound import SoundOutputs, hear
from yt360_tools.explore.sound_answers import as_text
from yt360_tools.explore.sound_input import SoundInput
from yt360_tools.geometry import Direction
from yt360_tools.media.frames import FrameReader
from yt360_tools.media.sound import read_sound
from yt360_tools.media.spherical import read_spherical

Values = NDArray[np.float64]

MAP_BOX = (slice(44, 384), slice(58, 738))
"""Where the large map is in the picture: rows, columns."""

GRAY = 90
FPS = 8
HALF_S = 1.0


def degrees_between(a: Values, b: Values) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def pixel_rays(height: int, width: int) -> Values:
    """Of an equirectangular picture, written out here: its left half is the listener's left."""
    azimuth = (0.5 - (np.arange(width) + 0.5) / width) * 2 * np.pi
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    across, up = np.meshgrid(azimuth, elevation)
    return np.stack([np.cos(up) * np.cos(across), np.cos(up) * np.sin(across), np.sin(up)], axis=-1)


def middle_of(brightness: Values) -> Values:
    """The direction about which brightness (height, width) lies on the sphere."""
    rays = pixel_rays(*brightness.shape)
    area = np.hypot(rays[..., 0], rays[..., 1])
    return np.einsum("hw,hwi->i", brightness * area, rays)


def one_source(where: tuple[float, float], seconds: float = 1.0, order: int = 1, seed: int = 1) -> Values:
    signal = scenes.noise(seconds, 0.1, (150, 7000), seed)
    return scenes.encoded(scenes.ray(*where), order)[:, None] * signal


class TestMap:
    def drawn(self, path: Path, picture: Path, **options: str) -> Values:
        hear(SoundInput(path), SoundOutputs(picture=picture, **options), window_s=0.5)
        return cv2.imread(str(picture)).astype(float)

    @pytest.mark.parametrize("where", [LOW, HIGH, (160.0, 5.0)])
    @pytest.mark.parametrize("order", [1, 3])
    def test_it_is_brightest_where_the_source_is(self, where: tuple[float, float], order: int, tmp_path: Path) -> None:
        path = scenes.write(tmp_path / "one.wav", one_source(where, order=order))
        picture = self.drawn(path, tmp_path / "map.png")
        red = cv2.GaussianBlur(picture[MAP_BOX][..., 2], (0, 0), 12)
        assert red.std() > 30
        assert degrees_between(middle_of((red > 0.9 * red.max()).astype(float)), scenes.ray(*where)) < 8

    def test_it_has_a_map_for_each_band_and_time(self, tmp_path: Path) -> None:
        """Each row of four small maps makes the picture taller: the bands', and the seconds'."""
        long = scenes.write(tmp_path / "long.wav", one_source(LOW, 4.0))
        short = scenes.write(tmp_path / "short.wav", one_source(LOW, 0.4))
        tall = self.drawn(long, tmp_path / "long.png")
        low = self.drawn(short, tmp_path / "short.png")
        assert tall.shape[1] == low.shape[1]
        assert tall.shape[0] > low.shape[0] + 2 * 114

    def test_silence_is_drawn_as_such(self, tmp_path: Path) -> None:
        picture = self.drawn(scenes.write(tmp_path / "silent.wav", np.zeros((4, RATE_HZ))), tmp_path / "map.png")
        assert np.median(picture[MAP_BOX]) == 0

    def test_the_pattern_counts(self, tmp_path: Path) -> None:
        path = scenes.write(tmp_path / "one.wav", one_source(LOW))
        flat = self.drawn(path, tmp_path / "map.png", map_pattern="omni")
        assert np.percentile(flat[MAP_BOX][..., 2], 3) > 200

    def test_the_same_sound_gives_the_same_picture(self, tmp_path: Path) -> None:
        path = scenes.write(tmp_path / "one.wav", scenes.two_sources())
        for name in ("a.png", "b.png"):
            self.drawn(path, tmp_path / name)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def write_film(path: Path, sound: Values) -> Path:
    """A gray equirectangular video of 8 frames a second with `sound` as it is, in one file."""
    wav = scenes.write(path.with_suffix(".wav"), sound)
    gray = f"color=c=0x{GRAY:02x}{GRAY:02x}{GRAY:02x}:s=256x128:r={FPS}:d={sound.shape[1] / RATE_HZ:g}"
    inputs = ("-f", "lavfi", "-i", gray, "-channel_layout", "quad", "-i", wav)
    codecs = ("-c:v", "libx264", "-crf", "10", "-threads", "1", "-c:a", "pcm_f32le")
    dot.run_ffmpeg([*inputs, "-map", "0:v", "-map", "1:a", *codecs, path])
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source at LOW for a second, then one at HIGH, then silence."""
    parts = [one_source(LOW, HALF_S), one_source(HIGH, HALF_S, seed=2), np.zeros((4, round(HALF_S * RATE_HZ)))]
    return write_film(tmp_path_factory.mktemp("film") / "film.mkv", np.concatenate(parts, axis=1))


@pytest.fixture(scope="module")
def overlaid(film: Path) -> Path:
    path = film.with_name("overlaid.mkv")
    hear(SoundInput(film), SoundOutputs(overlay=OverlayFile(path, "hypercardioid")))
    return path


def frames_of(path: Path, start_s: float, end_s: float) -> list[Values]:
    with FrameReader(path, FPS) as reader:
        return [frame.astype(float) for frame in reader.window(start_s, end_s)]


class TestOverlay:
    def test_colours_and_ring_are_where_the_sound_comes_from(self, overlaid: Path) -> None:
        frames = frames_of(overlaid, 0, 3 * HALF_S)
        assert len(frames) == 3 * FPS
        for start, where in ((0, LOW), (FPS, HIGH)):
            for frame in frames[start + 2 : start + FPS - 1]:
                assert frame.shape == (480, 960, 3)
                colour = np.abs(frame - GRAY).max(axis=2)
                assert degrees_between(middle_of(np.where(colour > 40, colour, 0)), scenes.ray(*where)) < 1.5
                ring = frame.min(axis=2) > 200
                assert degrees_between(middle_of(ring.astype(float)), scenes.ray(*where)) < 1
                away = pixel_rays(480, 960) @ scenes.ray(*where)
                assert np.degrees(np.arccos(away[ring])) == pytest.approx(7, abs=1.2)
                assert colour[away < 0].max() < 12  # behind the source the picture is as it was

    def test_silence_leaves_the_picture_alone(self, overlaid: Path) -> None:
        for frame in frames_of(overlaid, 2 * HALF_S + 0.375, 3 * HALF_S):
            assert np.abs(frame - GRAY).max() < 8

    @pytest.mark.parametrize(("share", "is_from_somewhere"), [(0.7, True), (0.87, False)])
    def test_what_the_text_calls_everywhere_has_no_ring(
        self, share: float, is_from_somewhere: bool, tmp_path: Path
    ) -> None:
        """A wave among diffuse sound that has `share` of the energy, on either side of the one threshold, 0.8."""
        rng = np.random.default_rng(9)
        around = rng.normal(size=(4, round(HALF_S * RATE_HZ))) * np.sqrt([[1], [1 / 3], [1 / 3], [1 / 3]])
        wave = one_source(LOW, HALF_S)
        around *= np.sqrt(share / (1 - share) * np.mean(wave[0] ** 2))
        film, out = write_film(tmp_path / "film.mkv", wave + around), tmp_path / "heard.mkv"
        heard = hear(SoundInput(film), SoundOutputs(overlay=OverlayFile(out, "hypercardioid")), bands="one")
        text = as_text(heard.source, heard.opened, heard.analysis)
        assert ("everywhere" not in text) == is_from_somewhere
        for frame in frames_of(out, 0.125, 0.875):
            assert bool((frame.min(axis=2) > 200).any()) == is_from_somewhere

    def test_the_sound_is_kept_and_the_file_says_what_it_is(self, film: Path, overlaid: Path) -> None:
        kept = read_sound(overlaid, 0, 3 * HALF_S, RATE_HZ)
        assert scenes.difference(kept, read_sound(film, 0, 3 * HALF_S, RATE_HZ)) < 1e-6
        said = read_spherical(overlaid)
        assert said is not None
        assert said.projection == "equirectangular"

    def test_a_span_of_a_film_whose_picture_lies_apart_in_another_format(self, film: Path, tmp_path: Path) -> None:
        """Sound as FuMa in a file of its own; what is written is AmbiX, and begins with the span."""
        ambix = read_sound(film, 0, 3 * HALF_S, RATE_HZ).astype(float)
        sound = scenes.write(tmp_path / "fuma.wav", scenes.as_fuma(ambix))
        out = tmp_path / "new" / "part.mp4"
        source = SoundInput(sound, start_s=1.25, end_s=1.75, source_format="fuma")
        hear(source, SoundOutputs(overlay=OverlayFile(out, "max-re", film)), window_s=0.25)
        frames = frames_of(out, 0, 0.5)
        assert len(frames) == 4
        colour = np.abs(frames[2] - GRAY).max(axis=2)
        assert degrees_between(middle_of(np.where(colour > 40, colour, 0)), scenes.ray(*HIGH)) < 4
        kept = read_sound(out, 0, 0.5, RATE_HZ)  # AAC: alike, not the same
        wanted = ambix[:, round(1.25 * RATE_HZ) : round(1.75 * RATE_HZ)]
        for found, truth in zip(kept, wanted, strict=True):
            assert np.corrcoef(found, truth)[0, 1] > 0.95

    def test_it_begins_where_both_picture_and_sound_have_begun(self, film: Path, tmp_path: Path) -> None:
        late, out = tmp_path / "late.mkv", tmp_path / "heard.mkv"
        dot.run_ffmpeg(["-itsoffset", "1.25", "-i", film, "-i", film, "-map", "0:v", "-map", "1:a", "-c", "copy", late])
        hear(SoundInput(late), SoundOutputs(overlay=OverlayFile(out, "hypercardioid")))
        sound = read_sound(film, 0, 3 * HALF_S, RATE_HZ)[:, round(1.25 * RATE_HZ) :]
        assert scenes.difference(read_sound(out, 0, 3 * HALF_S - 1.25, RATE_HZ), sound) < 1e-6
        ring = frames_of(out, 0, 0.5)[2].min(axis=2) > 200
        assert degrees_between(middle_of(ring.astype(float)), scenes.ray(*HIGH)) < 1

    @pytest.mark.parametrize(
        ("name", "pattern", "source", "says"),
        [
            ("heard.avi", "max-re", {}, r"a video ends in .*'heard.avi'"),
            ("heard.mp4", "shotgun", {}, "unknown beam pattern 'shotgun'"),
            ("heard.mp4", "max-re", {"view": Direction(90.0)}, "--view turns the sound away"),
        ],
    )
    def test_what_cannot_be_drawn_is_refused(
        self, name: str, pattern: str, source: dict[str, Direction], says: str, film: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match=says):
            hear(SoundInput(film, **source), SoundOutputs(overlay=OverlayFile(tmp_path / name, pattern)))
        assert not list(tmp_path.iterdir())

    def test_a_file_without_a_picture_is_refused(self, tmp_path: Path) -> None:
        path = scenes.write(tmp_path / "one.wav", one_source(LOW))
        with pytest.raises(MediaError, match=r"one\.wav has no picture"):
            hear(SoundInput(path), SoundOutputs(overlay=OverlayFile(tmp_path / "heard.mp4", "max-re")))
        assert [left.name for left in tmp_path.iterdir()] == ["one.wav"]

    def test_picture_and_sound_of_different_times_are_refused(self, film: Path, tmp_path: Path) -> None:
        late = scenes.write(tmp_path / "long.wav", one_source(LOW, 8.0))
        outputs = SoundOutputs(overlay=OverlayFile(tmp_path / "heard.mp4", "max-re", film))
        with pytest.raises(UsageError, match="share no moment"):
            hear(SoundInput(late, start_s=5.0), outputs)
