"""The command `yt360 sound`: what it prints and writes, how it ends, and two real recordings."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from worlds import command
from worlds import heard_scenes as scenes
from worlds.heard_scenes import LOW, RATE_HZ

from yt360_tools.ambisonics import arrivals, convert
from yt360_tools.cli import yt360
from yt360_tools.errors import UsageError
from yt360_tools.explore import sound_analysis

Values = NDArray[np.float64]

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "real-foa"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes.write(tmp_path_factory.mktemp("clip") / "clip.wav", scenes.two_sources())


def sound(*arguments: object) -> Result:
    return CliRunner().invoke(yt360, ["sound", *map(str, arguments)], catch_exceptions=True)


def refusal(*arguments: object) -> str:
    """The message with which it is refused as wrong usage."""
    ended = sound(*arguments)
    assert ended.stdout == ""
    assert isinstance(ended.exception, UsageError), ended.exception
    return str(ended.exception)


def test_by_default_it_says_what_comes_from_where(clip: Path) -> None:
    ended = command.run(["sound", clip, "--bands", "1000"])
    assert (ended.code, ended.stderr) == (0, "")
    assert "up to 1 kHz" in ended.stdout
    assert "52° left, 18° down" in ended.stdout
    assert "131° right, 33° up" in ended.stdout


def test_everything_at_once(clip: Path, tmp_path: Path) -> None:
    paths = {name: tmp_path / "out" / name for name in ("a.csv", "a.png", "a.wav", "b.wav", "c.wav", "d.wav")}
    ended = sound(
        clip, "--json", "--bands", "1000", "--window", "0.5", "--start", "0.5", "--end", "2.5",
        "--doa", paths["a.csv"], "--map", paths["a.png"], "--beam", f"{LOW[0]},{LOW[1]}", paths["a.wav"],
        "--beam", "-131,33", paths["b.wav"], "--binaural", paths["c.wav"], "--to", "n3d", paths["d.wav"],
        "--pattern", "max-re",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.exception
    found = json.loads(ended.stdout)
    assert sorted(found["written"]) == sorted(map(str, paths.values()))
    assert (found["start_s"], found["end_s"], found["order"]) == (0.5, 2.5, 1)
    assert [len(found[name]) for name in ("overall", "windows", "loudest")] == [3, 8, 2]
    with paths["a.csv"].open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [float(row["start_s"]) for row in rows[::2]] == [0.5, 1.0, 1.5, 2.0]
    assert float(rows[0]["azimuth_deg"]) == pytest.approx(LOW[0], abs=1)
    picture = cv2.imread(str(paths["a.png"]))
    assert picture is not None
    assert min(picture.shape[:2]) > 400
    heard = {name: scenes.read(paths[name]) for name in ("a.wav", "b.wav", "c.wav", "d.wav")}
    assert {name: samples.shape for name, samples in heard.items()} == {
        "a.wav": (1, 2 * RATE_HZ),
        "b.wav": (1, 2 * RATE_HZ),
        "c.wav": (2, 2 * RATE_HZ),
        "d.wav": (4, 2 * RATE_HZ),
    }
    span = slice(RATE_HZ // 2, 5 * RATE_HZ // 2)
    assert scenes.difference(heard["d.wav"], scenes.as_n3d(scenes.two_sources()[:, span])) < 1e-6


def test_to_and_from_fuma(clip: Path, tmp_path: Path) -> None:
    fuma, back = tmp_path / "fuma.wav", tmp_path / "back.wav"
    assert sound(clip, "--to", "fuma", fuma).exit_code == 0
    assert scenes.difference(scenes.read(fuma), scenes.as_fuma(scenes.two_sources())) < 1e-6
    ended = sound(fuma, "--from", "fuma", "--to", "sn3d", back)
    assert ended.stderr == f"wrote {back}\n"
    assert scenes.difference(scenes.read(back), scenes.two_sources()) < 1e-6


def test_turned_to_a_view(clip: Path) -> None:
    found = json.loads(sound(clip, "--json", "--bands", "1000", "--view", "-131,33,20").stdout)
    assert found["view_deg"] == [-131, 33, 20]
    assert (found["overall"][2]["azimuth_deg"], found["overall"][2]["elevation_deg"]) == pytest.approx((0, 0), abs=0.3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--view", "90"], r"--view is YAW,PITCH\[,ROLL\]"),
        (["--view", "0,100"], "between -90 and 90"),
        (["--beam", "left", "x.wav"], "--beam is YAW,PITCH"),
        (["--channel-map", "W,Y,Z,X"], "--channel-map is 'auto' or the places"),
        (["--channel-map", "0,1,2,7"], "names 7"),
        (["--to", "ambix", "x.wav"], "unknown format of ambisonics 'ambix'"),
        (["--pattern", "hyper", "--map", "x.png"], "unknown beam pattern 'hyper'"),
        (["--pattern", "hyper"], "unknown beam pattern 'hyper'"),
        (["--from", "b-format"], "unknown format of ambisonics 'b-format'"),
        (["--bands", "bass"], "octaves, thirds, one"),
        (["--window", "0"], "--window is a number of seconds above 0"),
        (["--window", "0.0001"], "has 2 samples; at least 16"),
        (["--head", "x.sofa"], "it needs --binaural"),
        (["--picture", "x.mp4"], "it needs --overlay"),
        (["--start", "5"], "ends at 3.000 s"),
    ],
)
def test_wrong_usage(
    arguments: list[str], says: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=says):
        raise UsageError(refusal(clip, *arguments))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("span", [("--end=0",), ("--end=-1",), ("--end=0.00001",), ("--start=1", "--end=1.000001")])
def test_a_span_without_a_sample_is_refused(clip: Path, tmp_path: Path, span: tuple[str, ...]) -> None:
    assert "no sample" in refusal(clip, *span, "--binaural", tmp_path / "b.wav")
    assert not list(tmp_path.iterdir())


def test_of_a_long_sound_every_moment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four parts of energy come from the front, one from the left, at other times, in more windows than are kept."""
    monkeypatch.setattr(sound_analysis, "_MOST_VOTES", 8)
    noise = np.random.default_rng(1).normal(size=(2, 20 * 8000)).astype(np.float32)
    front, left = np.array([1.0, 0, 0, 1.0]), np.array([1.0, 1.0, 0, 0])
    heard = np.concatenate([front[:, None] * 0.1 * noise[0], left[:, None] * 0.05 * noise[1]], axis=1)
    listener = sound_analysis.Listener(4, 8000, bands_hz=sound_analysis.choose_bands("one", 8000), window_s=1.0)
    listener.take(heard.astype(np.float32))
    found = listener.finish()
    assert [(round(one.azimuth_deg), round(one.share, 2)) for one in found.loudest] == [(0, 0.8), (90, 0.2)]
    assert found.votes_power.sum() == pytest.approx(1.25 * found.votes_power.max(), rel=0.02)


def test_how_it_ends_on_bad_files(tmp_path: Path) -> None:
    stereo = scenes.write(tmp_path / "stereo.wav", np.zeros((2, 1000)))
    bad = scenes.write(tmp_path / "bad.wav", np.full((4, 1000), np.nan))
    (tmp_path / "text.mp4").write_text("no film")
    for path, code, says in (
        (stereo, 2, "its sound has 2 channels, and"),
        (tmp_path, 2, "is a folder; a media file with ambisonic sound is needed"),
        (bad, 3, "not finite"),
        (tmp_path / "text.mp4", 3, "text.mp4"),
        (tmp_path / "gone.mp4", 2, "is not there"),
    ):
        ended = command.run(["sound", path, "--json"])
        assert (ended.code, ended.stdout) == (code, "")
        assert ended.stderr.startswith("error: ")
        assert says in ended.stderr
        assert ended.stderr.count("\n") == 1


def circular_median_deg(angles_deg: Values) -> float:
    """The one of the angles from which the others are least far, around the circle."""
    apart = np.abs((angles_deg[:, None] - angles_deg[None, :] + 180) % 360 - 180)
    return float(angles_deg[apart.sum(axis=1).argmin()])


@pytest.fixture(params=["choir", "orchestra"])
def recording(request: pytest.FixtureRequest) -> Path:
    path = RECORDINGS / f"{request.param}.ogg"
    if not path.is_file():
        pytest.skip("the recordings are not here")
    return path


class TestRealRecordings:
    """Classic B-format, W X Y Z with W at -3 dB, of ensembles that stand in front."""

    def azimuths(self, recording: Path, source_format: str, table: Path) -> Values:
        ended = sound(recording, "--from", source_format, "--bands", "one", "--doa", table)
        assert ended.exit_code == 0, ended.exception
        with table.open(newline="") as file:
            return np.array([float(row["azimuth_deg"]) for row in csv.DictReader(file) if row["azimuth_deg"]])

    def test_converted_from_fuma_the_ensemble_is_in_front(self, recording: Path, tmp_path: Path) -> None:
        assert abs(circular_median_deg(self.azimuths(recording, "fuma", tmp_path / "a.csv"))) < 30

    def test_taken_for_ambix_it_is_not(self, recording: Path, tmp_path: Path) -> None:
        assert abs(circular_median_deg(self.azimuths(recording, "sn3d", tmp_path / "a.csv"))) > 60

    def test_by_the_library_too(self, recording: Path) -> None:
        import av

        with av.open(str(recording)) as container:
            decoded: Any = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        found = arrivals(convert(decoded, "fuma", "sn3d"), sample_rate_hz=44_100, window_s=1.0)
        assert abs(circular_median_deg(found.azimuth_deg[:, 0])) < 30

    def test_the_map_is_drawn_brightest_in_front(self, recording: Path, tmp_path: Path) -> None:
        assert sound(recording, "--from", "fuma", "--map", tmp_path / "map.png").exit_code == 0
        shown = cv2.imread(str(tmp_path / "map.png"), cv2.IMREAD_GRAYSCALE)[44:384, 58:738]  # where the large map is
        brightness = cv2.GaussianBlur(shown.astype(float), (0, 0), 20)
        brightest = np.argmax(brightness.max(axis=0)) + 0.5
        assert abs(180 - brightest * 360 / shown.shape[1]) < 45
        assert brightness[:, [0, -1]].mean() < 0.6 * brightness.max()
