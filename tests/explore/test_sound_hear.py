"""What comes from where in a file: scenes of the tests' own, whatever their order, format, channels and length."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import heard_scenes as scenes
from worlds.heard_scenes import HIGH, LOW, RATE_HZ

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.explore.sound import HeardSound, SoundOutputs, hear
from yt360_tools.explore.sound_analysis import choose_bands
from yt360_tools.explore.sound_answers import COLUMNS, as_csv, as_plain, as_text, spelt_direction
from yt360_tools.explore.sound_files import BeamFile, BinauralFile, ConvertedFile, SoundFile
from yt360_tools.explore.sound_input import SoundInput
from yt360_tools.geometry import Direction
from yt360_tools.media import sound_pieces

Values = NDArray[np.float64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("heard")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return scenes.write(folder / "clip.wav", scenes.two_sources())


def answer(
    path: Path, *, outputs: SoundOutputs | None = None, bands: str = "1000", window_s: float = 1.0, **source: Any
):
    return hear(SoundInput(path, **source), outputs, bands=bands, window_s=window_s)


def plain(heard: HeardSound) -> dict[str, Any]:
    """What a script gets."""
    return json.loads(json.dumps(as_plain(heard.source, heard.opened, heard.analysis), allow_nan=False))


def level_db(signal: Values) -> float:
    return float(10 * np.log10(np.mean(signal**2)))


def write_with(path: Path, file: SoundFile, **source: Any) -> Values:
    answer(path, outputs=SoundOutputs((file,)), **source)
    return scenes.read(file.path)


class TestAnswer:
    @pytest.mark.parametrize("order", [1, 2, 3])
    def test_two_sources_in_two_bands(self, order: int, folder: Path) -> None:
        path = scenes.write(folder / f"order{order}.wav", scenes.two_sources(order=order))
        found = plain(answer(path))
        assert (found["order"], found["channels"], found["sample_rate_hz"]) == (order, (order + 1) ** 2, RATE_HZ)
        everything, low, high = found["overall"]
        assert (low["low_hz"], low["high_hz"], high["high_hz"]) == (0, 1000, RATE_HZ / 2)
        for row, where, rms in ((low, LOW, scenes.LOW_RMS), (high, HIGH, scenes.HIGH_RMS)):
            assert (row["azimuth_deg"], row["elevation_deg"]) == pytest.approx(where, abs=0.3)
            assert row["level_dbfs"] == pytest.approx(20 * math.log10(rms), abs=0.1)
            assert row["diffuseness"] < 0.01
        together = 10 * math.log10(scenes.LOW_RMS**2 + scenes.HIGH_RMS**2)
        assert everything["level_dbfs"] == pytest.approx(together, abs=0.1)
        assert [window["start_s"] for window in found["windows"]] == [0, 0, 1, 1, 2, 2]
        assert [(one["azimuth_deg"], one["elevation_deg"]) for one in found["loudest"]] == [
            pytest.approx(LOW, abs=0.5),
            pytest.approx(HIGH, abs=0.5),
        ]
        assert [one["share"] for one in found["loudest"]] == pytest.approx([0.8, 0.2], abs=0.02)

    def test_as_a_table(self, clip: Path) -> None:
        heard = answer(clip, window_s=0.5)
        rows = list(csv.DictReader(io.StringIO(as_csv(heard.analysis.windows, 10.0))))
        assert tuple(rows[0]) == COLUMNS
        assert len(rows) == 6 * 2
        assert [float(rows[3][name]) for name in ("start_s", "end_s", "low_hz")] == [10.5, 11.0, 1000]
        for row in rows:
            where = LOW if float(row["low_hz"]) == 0 else HIGH
            assert float(row["azimuth_deg"]) == pytest.approx(where[0], abs=1)
            assert float(row["elevation_deg"]) == pytest.approx(where[1], abs=1)

    def test_as_text(self, clip: Path) -> None:
        heard = answer(clip)
        text = as_text(heard.source, heard.opened, heard.analysis)
        assert "clip.wav: first order (4 channels, sn3d) at 16000 Hz, 3.00 s" in text
        assert "-20.0 dBFS  52° left, 18° down" in text
        assert "-26.0 dBFS  131° right, 33° up" in text
        assert "1  52° left, 18° down        80 % of what has a direction" in text
        assert max(map(len, text.splitlines())) < 90

    def test_silence_is_silence(self, folder: Path) -> None:
        silent = np.zeros((4, 2 * RATE_HZ))
        heard = answer(scenes.write(folder / "silent.wav", silent))
        found = plain(heard)
        assert found["loudest"] == []
        assert all(row["azimuth_deg"] is row["diffuseness"] is row["level_dbfs"] is None for row in found["overall"])
        text = as_text(heard.source, heard.opened, heard.analysis)
        assert not {"nan", "inf"} & set(text.split())
        assert "silence" in text
        assert ",,,," in as_csv(heard.analysis.windows, 0).splitlines()[1]

    def test_diffuse_sound_is_everywhere(self, folder: Path) -> None:
        rng = np.random.default_rng(3)
        sound = 0.05 * rng.normal(size=(4, 3 * RATE_HZ)) * np.sqrt([[1], [1 / 3], [1 / 3], [1 / 3]])
        heard = answer(scenes.write(folder / "diffuse.wav", sound))
        assert min(row["diffuseness"] for row in plain(heard)["overall"]) > 0.95
        assert "everywhere" in as_text(heard.source, heard.opened, heard.analysis)

    def test_a_source_that_moves_is_not_diffuse(self, folder: Path) -> None:
        signal = scenes.noise(4, 0.1, (100, 7000), 5)
        turns = np.arange(signal.size) // RATE_HZ
        sound = sum(
            scenes.encoded(scenes.ray(azimuth, 0), 1)[:, None] * signal * (turns == k)
            for k, azimuth in enumerate((0, 90, 180, -90))
        )
        found = plain(answer(scenes.write(folder / "moving.wav", sound), window_s=0.5))
        assert found["overall"][0]["diffuseness"] < 0.05
        assert len(found["loudest"]) == 4

    @pytest.mark.parametrize(
        ("azimuth", "elevation", "words"),
        [
            (0.2, -0.3, "front"), (180, 0, "back"), (-179.9, 10, "back, 10° up"), (30, -5, "30° left, 5° down"),
            (-90, 0, "90° right"), (17, 90, "90° up"), (math.nan, math.nan, "nowhere"),
        ],
    )  # fmt: skip
    def test_directions_in_words(self, azimuth: float, elevation: float, words: str) -> None:
        assert spelt_direction(azimuth, elevation) == words


class TestInput:
    @pytest.mark.parametrize("source_format", ["fuma", "n3d", "orthonormal"])
    def test_other_formats(self, source_format: str, folder: Path) -> None:
        sound = scenes.two_sources()
        written = scenes.as_fuma(sound) if source_format == "fuma" else scenes.as_n3d(sound)
        if source_format == "orthonormal":
            written = written / np.sqrt(4 * np.pi)
        path = scenes.write(folder / f"{source_format}.wav", written)
        found = plain(answer(path, source_format=source_format))
        assert found["format"] == source_format
        _, low, high = found["overall"]
        assert (low["azimuth_deg"], low["elevation_deg"]) == pytest.approx(LOW, abs=0.3)
        assert (high["azimuth_deg"], high["elevation_deg"]) == pytest.approx(HIGH, abs=0.3)
        assert low["level_dbfs"] == pytest.approx(-20, abs=0.1)
        wrong = plain(answer(path))["overall"][1]
        assert wrong["diffuseness"] > 0.03 or abs(wrong["azimuth_deg"] - LOW[0]) > 10

    def test_channels_by_map(self, folder: Path) -> None:
        """First order as YouTube packs it into 5.1: X, Y, W, -, Z, -."""
        w, y, z, x = scenes.two_sources()
        path = scenes.write(folder / "packed.wav", np.array([x, y, w, 0 * w, z, 0 * w]))
        with pytest.raises(UsageError, match=r"6 channels.*--channel-map: 2,1,4,0"):
            answer(path)
        _, low, high = plain(answer(path, channel_map=(2, 1, 4, 0)))["overall"]
        assert (low["azimuth_deg"], high["azimuth_deg"]) == pytest.approx((LOW[0], HIGH[0]), abs=0.3)

    @pytest.mark.parametrize(
        ("channels", "says"),
        [
            (1, "has 1 channel, and ambisonics of orders 1 to 7 have 4, 9, 16.*from fewer"),
            (2, "has 2 channels, .*from fewer"),
            (5, r"has 5 channels.*4, 9, 16, 25, 36, 49 or 64.*--channel-map: 0,1,2,3 for"),
            (11, r"has 11 channels.*--channel-map: 0,1,2,3,4,5,6,7,8 for"),
        ],
    )
    def test_what_is_no_ambisonics_is_refused(self, channels: int, says: str, folder: Path) -> None:
        path = scenes.write(folder / f"{channels}.wav", np.zeros((channels, 1000)))
        with pytest.raises(UsageError, match=says):
            answer(path)

    @pytest.mark.parametrize(
        ("channel_map", "says"),
        [((0, 1, 2), "names 3 channels"), ((0, 1, 2, 4), "0 to 3; --channel-map names 4"), ((0, 1, 1, 3), "twice")],
    )
    def test_a_map_that_cannot_be_is_refused(self, channel_map: tuple[int, ...], says: str, clip: Path) -> None:
        with pytest.raises(UsageError, match=says):
            answer(clip, channel_map=channel_map)

    def test_a_span(self, folder: Path) -> None:
        sound = scenes.two_sources(4.0)
        sound[:, 2 * RATE_HZ :] = 0
        path = scenes.write(folder / "span.wav", sound)
        found = plain(answer(path, start_s=2.25, end_s=3.75))
        assert (found["start_s"], found["end_s"]) == (2.25, 3.75)
        assert found["loudest"] == []
        assert [row["start_s"] for row in found["windows"][::2]] == [2.25, 3.25]

    @pytest.mark.parametrize(
        ("source", "says"),
        [
            ({"start_s": 2.0, "end_s": 1.0}, "the end must come after the start"),
            ({"start_s": 2.0, "end_s": 9.0}, r"ends at 3\.000 s; choose --start and --end inside"),
            ({"start_s": -2.0}, r"begins at 0\.000 s"),
            ({"start_s": math.nan}, "--start is a number"),
            ({"source_format": "ambix"}, "unknown format of ambisonics 'ambix'; known: sn3d, n3d"),
            ({"source_format": "fumma"}, "did you mean 'fuma'"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, source: dict[str, Any], says: str, clip: Path) -> None:
        with pytest.raises(UsageError, match=says):
            answer(clip, **source)

    def test_fuma_beyond_third_order_is_refused(self, folder: Path) -> None:
        path = scenes.write(folder / "fourth.wav", np.zeros((25, 1000)))
        with pytest.raises(UsageError, match="FuMa is defined up to order 3"):
            answer(path, source_format="fuma")

    def test_samples_that_are_no_numbers_are_refused(self, folder: Path) -> None:
        sound = scenes.two_sources()
        sound[1, RATE_HZ] = np.nan
        with pytest.raises(MediaError, match=r"nan\.wav.*not finite numbers, at 1\.000 s") as caught:
            answer(scenes.write(folder / "nan.wav", sound))
        assert caught.value.reason == "bad_samples"

    def test_files_without_sound_are_refused(self, folder: Path) -> None:
        with pytest.raises(UsageError, match="is not there"):
            answer(folder / "nothing.wav")
        (folder / "text.wav").write_text("no sound")
        with pytest.raises(MediaError, match=r"text\.wav"):
            answer(folder / "text.wav")

    @pytest.mark.parametrize(
        ("bands", "says"),
        [("loud", "octaves, thirds, one.*'loud'"), ("500,500", "rising"), ("9000", "below 8000 Hz"), ("0,5", "rising")],
    )
    def test_bands_that_cannot_be_are_refused(self, bands: str, says: str, clip: Path) -> None:
        with pytest.raises(UsageError, match=says):
            answer(clip, bands=bands)

    def test_bands_are_everything_together(self) -> None:
        for rate in (8000, 44_100):
            for text in (None, "octaves", "thirds", "one", "100,3000.5"):
                bands = choose_bands(text, rate)
                assert (bands[0, 0], bands[-1, 1]) == (0, rate / 2)
                assert (bands[1:, 0] == bands[:-1, 1]).all()
        assert choose_bands(None, 44_100)[:, 1].tolist() == [250, 1000, 4000, 22_050]
        assert choose_bands(None, 8000)[:, 1].tolist() == [250, 1000, 4000]


class TestFiles:
    def test_a_beam_points_where_it_is_told(self, clip: Path, folder: Path) -> None:
        cardioid = write_with(clip, BeamFile(Direction(*LOW), folder / "beam.wav"))
        assert cardioid.shape == (1, 3 * RATE_HZ)
        apart = np.arccos(scenes.ray(*LOW) @ scenes.ray(*HIGH))
        wanted = scenes.LOW_RMS**2 + (scenes.HIGH_RMS * (1 + np.cos(apart)) / 2) ** 2
        assert np.mean(cardioid**2) == pytest.approx(wanted, rel=1e-3)
        back = write_with(clip, BeamFile(Direction(LOW[0] - 180, -LOW[1]), folder / "back.wav"))
        assert level_db(back) < -26

    def test_a_beam_of_another_pattern(self, clip: Path, folder: Path) -> None:
        omni = write_with(clip, BeamFile(Direction(0.0), folder / "omni.wav", "omni"))
        assert scenes.difference(omni[0], scenes.two_sources()[0]) < 1e-6

    def test_both_ears(self, folder: Path) -> None:
        signal = scenes.noise(1.0, 0.1, (100, 7000), 6)
        path = scenes.write(folder / "left.wav", scenes.encoded(scenes.ray(*LOW), 1)[:, None] * signal)
        ears = write_with(path, BinauralFile(folder / "ears.wav"))
        assert ears.shape == (2, RATE_HZ)
        assert level_db(ears[0]) - level_db(ears[1]) > 5
        turned = write_with(path, BinauralFile(folder / "turned.wav"), view=Direction(LOW[0] + 90, 0.0))
        assert level_db(turned[1]) - level_db(turned[0]) > 5

    def test_other_formats_and_back(self, clip: Path, folder: Path) -> None:
        sound = scenes.two_sources()
        fuma = write_with(clip, ConvertedFile("fuma", folder / "to-fuma.wav"))
        assert scenes.difference(fuma, scenes.as_fuma(sound)) < 1e-6
        n3d = write_with(clip, ConvertedFile("n3d", folder / "to-n3d.wav"))
        assert scenes.difference(n3d, scenes.as_n3d(sound)) < 1e-6
        back = write_with(folder / "to-fuma.wav", ConvertedFile("sn3d", folder / "back.wav"), source_format="fuma")
        assert scenes.difference(back, sound) < 1e-6

    def test_a_view_turns_everything(self, clip: Path, folder: Path) -> None:
        """To where the low source is: it is then in front, in what is said and in what is written."""
        outputs = SoundOutputs(
            (
                ConvertedFile("sn3d", folder / "turned-all.wav"),
                BeamFile(Direction(0.0), folder / "turned-beam.wav", "hypercardioid"),
            )
        )
        found = plain(answer(clip, outputs=outputs, view=Direction(*LOW, 25.0)))
        _, low, high = found["overall"]
        assert (low["azimuth_deg"], low["elevation_deg"]) == pytest.approx((0, 0), abs=0.3)
        seen = Direction(*LOW, 25.0).view_from_world @ scenes.ray(*HIGH)
        assert scenes.ray(high["azimuth_deg"], high["elevation_deg"]) == pytest.approx(seen, abs=0.01)
        assert found["view_deg"] == [*LOW, 25.0]
        w, y, z, x = scenes.read(folder / "turned-all.wav")
        power = np.mean(x * w), np.mean(y * w), np.mean(z * w)
        assert np.array(power) == pytest.approx([0.01, 0, 0] + scenes.HIGH_RMS**2 * seen, rel=1e-3, abs=1e-6)
        assert level_db(scenes.read(folder / "turned-beam.wav")) > -20.1

    def test_in_small_pieces_it_is_the_same(self, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        files = lambda name: (  # noqa: E731
            BinauralFile(folder / f"{name}-ears.wav"),
            BeamFile(Direction(12.0), folder / f"{name}-beam.wav"),
            ConvertedFile("n3d", folder / f"{name}-n3d.wav"),
        )
        whole = plain(answer(clip, outputs=SoundOutputs(files("whole"))))
        monkeypatch.setattr(sound_pieces, "PIECE_SAMPLES", 1000)
        assert plain(answer(clip, outputs=SoundOutputs(files("small")))) == whole
        for one, other in zip(files("whole"), files("small"), strict=True):
            assert scenes.difference(scenes.read(other.path), scenes.read(one.path)) < 1e-6

    def test_nothing_is_left_when_it_fails_on_the_way(self, folder: Path, tmp_path: Path) -> None:
        sound = scenes.two_sources(6.0)
        sound[0, -5] = np.inf
        path = scenes.write(folder / "late.wav", sound)
        kept = tmp_path / "beam.wav"
        kept.write_text("before")
        outputs = SoundOutputs(
            (BeamFile(Direction(0.0), kept), ConvertedFile("n3d", tmp_path / "n3d.wav")),
            tmp_path / "table.csv",
            tmp_path / "map.png",
        )
        with pytest.raises(MediaError, match="finite"):
            answer(path, outputs=outputs)
        assert [left.name for left in tmp_path.iterdir()] == ["beam.wav"]
        assert kept.read_text() == "before"
        answer(path, outputs=outputs, end_s=5.0)
        assert sorted(left.name for left in tmp_path.iterdir()) == ["beam.wav", "map.png", "n3d.wav", "table.csv"]
        assert scenes.read(kept).shape == (1, 5 * RATE_HZ)

    @pytest.mark.parametrize(
        ("outputs", "says"),
        [
            (SoundOutputs((BeamFile(Direction(0.0), Path("beam.mp3")),)), r"\.wav, not 'beam.mp3'"),
            (SoundOutputs((BeamFile(Direction(0.0), Path("beam.wav"), "shotgun"),)), "unknown beam pattern 'shotgun'"),
            (SoundOutputs((ConvertedFile("stereo", Path("x.wav")),)), "unknown format of ambisonics 'stereo'"),
            (SoundOutputs(table=Path("table.txt")), r"\.csv, not to 'table.txt'"),
            (SoundOutputs(picture=Path("map.jpg")), r"\.png, not to 'map.jpg'"),
            (SoundOutputs(picture=Path("map.png"), map_pattern="narrow"), "unknown beam pattern 'narrow'"),
            (SoundOutputs((BinauralFile(Path("a.wav")), ConvertedFile("n3d", Path("./a.wav")))), "two outputs"),
            (SoundOutputs((BinauralFile(Path("a.wav"), Path("no.sofa")),)), "SOFA"),
        ],
    )
    def test_outputs_that_cannot_be_are_refused_before_anything_is_written(
        self, outputs: SoundOutputs, says: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError, match=says):
            answer(clip, outputs=outputs)
        assert not list(tmp_path.iterdir())

    def test_the_input_is_never_written_over(self, folder: Path) -> None:
        path = scenes.write(folder / "same.wav", scenes.two_sources(0.5))
        with pytest.raises(UsageError, match="is the input itself"):
            answer(path, outputs=SoundOutputs((ConvertedFile("n3d", folder / ".." / folder.name / "same.wav"),)))
        assert scenes.read(path).shape == (4, RATE_HZ // 2)
