"""A benchmark measures what the model knows of unseen videos: chance if nothing, all if all; its controls see leaks."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from small_benchmark import small_config, write_untrained, write_world
from torch import Tensor

import avsa_models.benchmarks.measure
from avsa_models.benchmarks import BENCHMARK_NAMES, frozen, pairs
from avsa_models.benchmarks.measure import BENCHMARKS, measure
from avsa_models.benchmarks.outcome import Score
from avsa_models.checkpoint import load_model
from avsa_models.commands.bench import bench
from avsa_models.nets.alignment import AlignmentModel, Embeddings
from yt360_tools.errors import EXIT_USAGE, ShardError, UsageError
from yt360_tools.shards import ShardSet, StoredClip

TEST_VIDEOS, TEST_MOMENTS = 24, 2
SETTINGS = (
    "benchmark.train_moments=4",
    f"benchmark.test_moments={TEST_MOMENTS}",
    "benchmark.head_epochs=20",
    "benchmark.head_batch=32",
)
both = pytest.mark.parametrize("benchmark_name", BENCHMARK_NAMES)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"), train=40, test=TEST_VIDEOS)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("apart"), train=40, test=TEST_VIDEOS, apart=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained(tmp_path_factory.mktemp("run"), small_config(*SETTINGS))


def is_at_chance(score: Score) -> bool:
    """Whether the interval holds 50 %, with some room: one interval in twenty does not, by a little."""
    low, high = score.interval
    return low - 0.03 <= 0.5 <= high + 0.03


class Knowing(AlignmentModel):
    """Knows by construction how far from a view's axis the light is, by the picture and by the sound."""

    def video_features(self, video: Tensor) -> Tensor:
        """The cosine of the angle to the light, which is how bright a picture is, but for the mean over a view."""
        cosine = (video.float() / 127.5 - 1).mean(dim=(2, 3, 4, 5)) / 0.84
        return cosine.clamp(-1, 1)[..., None]

    def audio_features(self, audio: Tensor) -> Tensor:
        """The same of the sound: its intensity along the view's axis."""
        return audio[:, :, 4].mean(dim=(2, 3)).clamp(-1, 1)[..., None]

    def embed(self, video_features: Tensor, audio_features: Tensor) -> Embeddings:
        seen, heard = (torch.cat([x, (1 - x**2).sqrt()], dim=-1) for x in (video_features, audio_features))
        return Embeddings(seen, heard, heard, seen)


def as_knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(run: Path) -> tuple[AlignmentModel, Any]:
        _, checkpoint = load_model(run)
        return Knowing(checkpoint.config.net, 7), checkpoint

    monkeypatch.setattr(avsa_models.benchmarks.measure, "load_model", load)


class TestTheNumbers:
    @both
    @pytest.mark.parametrize("knows", [False, True])
    def test_nobody_beats_chance_where_picture_and_sound_have_nothing_in_common(
        self, apart: Path, run: Path, monkeypatch: pytest.MonkeyPatch, benchmark_name: str, knows: bool
    ) -> None:
        if knows:
            as_knowing(monkeypatch)
        outcome = measure(benchmark_name, run, [apart], workers=0)
        assert is_at_chance(outcome.joint)
        assert is_at_chance(outcome.sound_alone)
        assert outcome.picture_alone.accuracy == 0.5

    @both
    def test_sound_or_picture_alone_tell_nothing_where_both_together_do(
        self, world: Path, run: Path, benchmark_name: str
    ) -> None:
        outcome = measure(benchmark_name, run, [world], workers=0)
        assert is_at_chance(outcome.sound_alone)
        assert outcome.picture_alone.accuracy == 0.5

    def test_who_knows_where_the_light_is_knows_whether_the_sound_is_turned(
        self, world: Path, run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_knowing(monkeypatch)
        outcome = measure("avsa-bin", run, [world], workers=0)
        assert outcome.joint.accuracy > 0.9
        assert is_at_chance(outcome.sound_alone)
        assert outcome.picture_alone.accuracy == 0.5

    def test_one_view_tells_less_than_four(self, world: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        as_knowing(monkeypatch)
        one, four = (measure("avsa-bin", run, [world], views=views, workers=0) for views in (1, 4))
        assert 0.6 < one.joint.accuracy < four.joint.accuracy

    def test_a_false_sound_that_is_louder_shows_in_the_control(
        self, world: Path, run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        turned_first = pairs.turned_first

        def louder(mixings: list[NDArray[np.float64]], turn_deg: float) -> list[NDArray[np.float64]]:
            return [2 * mixing for mixing in turned_first(mixings, turn_deg)]

        monkeypatch.setattr(pairs, "turned_first", louder)
        outcome = measure("avsa-bin", run, [world], workers=0)
        assert outcome.sound_alone.interval[0] > 0.6
        assert not is_at_chance(outcome.sound_alone)
        assert outcome.picture_alone.accuracy == 0.5


class TestWhatIsRefusedOrSaid:
    def test_videos_that_were_trained_on_are_named(self, world: Path, tmp_path: Path) -> None:
        trained = ["learn0", "seen3", "seen1", "seen17", "seen20", "elsewhere"]
        leaky = write_untrained(tmp_path / "run", small_config(*SETTINGS), trained_video_ids=trained)
        with pytest.raises(
            UsageError, match=r"4 of the 24 test videos .*\(seen1, seen17, seen20, \.\.\.\).*--allow-leak"
        ):
            measure("avsa-bin", leaky, [world])
        outcome = measure("avsa-bin", leaky, [world], workers=0, allow_leak=True)
        assert outcome.leaked_video_ids == ("seen1", "seen17", "seen20", "seen3")
        assert any("4 of the 24 test videos were trained on" in warning for warning in outcome.warnings)

    def test_so_are_those_that_the_head_learns_from(self, world: Path, tmp_path: Path) -> None:
        config = small_config(*SETTINGS, "run.train_split=test")
        with pytest.raises(UsageError, match="24 of the 24 test videos"):
            measure("avsa-bin", write_untrained(tmp_path / "run", config), [world])

    @pytest.mark.parametrize(("train", "test"), [(2, 0), (0, 2)])
    def test_a_split_without_clips(self, tmp_path: Path, run: Path, train: int, test: int) -> None:
        half = write_world(tmp_path / "half", train=train, test=test)
        with pytest.raises(
            UsageError, match=f"no clip of the split '{'train' if test else 'test'}'; the splits there: t"
        ):
            measure("avsa-bin", run, [half])

    def test_few_videos_and_an_unfinished_training_are_said(self, tmp_path: Path) -> None:
        few = write_world(tmp_path / "few", train=2, test=3)
        config = small_config(*SETTINGS)
        outcome = measure("avc-bin", write_untrained(tmp_path / "run", config, finished=False), [few], workers=0)
        assert outcome.depends_on["checkpoint"]["step"] == 1
        assert [warning.split(":")[0] for warning in outcome.warnings] == [
            "the training is not finished",
            "there are only 3 test videos",
        ]

    def test_transformers_that_never_learned_are_said(self, world: Path, tmp_path: Path) -> None:
        config = small_config(*SETTINGS, "avsa.steps=0")
        outcome = measure("avsa-bin", write_untrained(tmp_path / "run", config), [world], workers=0)
        (warning,) = outcome.warnings
        assert warning.startswith("the transformers were never trained (no step of the stage avsa)")

    def test_nothing_is_said_of_a_finished_training_and_many_videos(self, world: Path, run: Path) -> None:
        assert measure("avc-bin", run, [world], workers=0).warnings == ()

    def test_how_much_is_to_do_and_no_bar_where_no_news_are_wanted(
        self, world: Path, run: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        bars: list[bool] = []
        bar = frozen.tqdm

        def watched(batches: Any, **options: Any) -> Any:
            bars.append(not options["disable"])
            return bar(batches, **options)

        monkeypatch.setattr(frozen, "tqdm", watched)
        for level, shown in ((logging.INFO, True), (logging.WARNING, False)):
            with caplog.at_level(level):
                measure("avc-bin", run, [world], workers=0)
            assert bars[-2:] == [shown, shown]
        said = [record.getMessage() for record in caplog.records if record.name == frozen.__name__]
        assert said == [
            "avc-bin, train: 160 moments of 40 clips",
            f"avc-bin, test: {TEST_VIDEOS * TEST_MOMENTS} moments of {TEST_VIDEOS} clips",
        ]

    def test_what_measured(self, world: Path, run: Path) -> None:
        measured_with = measure("avc-bin", run, [world], workers=0).depends_on["measured_with"]
        assert measured_with.items() >= {"torch": str(torch.__version__), "numpy": np.__version__}.items()
        assert "yt360_tools" in measured_with

    def test_a_bound_of_clips_bounds_pairs_and_videos(self, world: Path, run: Path) -> None:
        settings = ("benchmark.train_clips=8", "benchmark.test_clips=6")
        outcome = measure("avc-bin", run, [world], workers=0, settings=settings)
        assert (outcome.pairs, outcome.videos) == (2 * 6 * TEST_MOMENTS, 6)
        assert any("only 6 test videos" in warning for warning in outcome.warnings)

    def test_the_shards_are_read_through_once(self, world: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        passes: list[ShardSet] = []
        iterate = ShardSet.__iter__

        def counted(self: ShardSet) -> Iterator[StoredClip]:
            passes.append(self)
            return iterate(self)

        monkeypatch.setattr(ShardSet, "__iter__", counted)
        measure("avc-bin", run, [world], workers=0)
        assert len(passes) == 1

    @pytest.mark.parametrize("workers", [0, 1])
    def test_a_damaged_shard(self, tmp_path: Path, run: Path, workers: int) -> None:
        shards = write_world(tmp_path / "damaged", train=3, test=3)
        path = shards / "test-00000.h5"
        image = path.read_bytes()
        path.write_bytes(image[: len(image) // 2])
        with pytest.raises(ShardError, match=r"test-00000\.h5"):
            measure("avsa-bin", run, [shards], workers=workers)


class TestCommand:
    def call(self, *arguments: object) -> Result:
        return CliRunner().invoke(bench, [str(argument) for argument in arguments])

    def test_it_asks_what_there_is(self) -> None:
        kind = next(parameter for parameter in bench.params if parameter.name == "benchmark").type
        assert isinstance(kind, click.Choice)
        assert list(kind.choices) == list(BENCHMARKS) == ["avc-bin", "avsa-bin"]

    def test_json(self, world: Path, run: Path) -> None:
        done = self.call("avsa-bin", "--checkpoint", run, "--shards", world, "--json", "--workers", 0)
        assert done.exit_code == 0, done.output
        outcome = json.loads(done.stdout)
        expected = measure("avsa-bin", run, [world], workers=0)
        assert outcome == expected.to_dict()
        assert outcome["accuracy"] == pytest.approx(expected.joint.accuracy, abs=1e-6)
        assert outcome["interval"] == pytest.approx(list(expected.joint.interval), abs=1e-6)
        assert outcome["pairs"] == 2 * TEST_VIDEOS * TEST_MOMENTS
        assert outcome["videos"] == TEST_VIDEOS
        assert (outcome["benchmark"], outcome["views"], outcome["chance"], outcome["seed"]) == ("avsa-bin", 4, 0.5, 0)
        assert outcome["features"] == "logmel+iv"
        assert set(outcome["controls"]) == {"sound_alone", "picture_alone"}
        checkpoint = outcome["checkpoint"]
        assert (checkpoint["trained_on"], checkpoint["stage"], checkpoint["finished"]) == ("0" * 64, "avsa", True)

    def test_a_table(self, world: Path, run: Path) -> None:
        done = self.call("avc-bin", "--checkpoint", run, "--shards", world, "--views", 1, "--workers", 0)
        assert done.exit_code == 0, done.output
        score = measure("avc-bin", run, [world], views=1, workers=0).joint
        row = next(line for line in done.stdout.splitlines() if "sound and picture" in line)
        assert row.split() == [
            *("avc-bin", "sound", "and", "picture", f"{100 * score.accuracy:.1f}", "%"),
            *(f"{100 * score.interval[0]:.1f}", "to", f"{100 * score.interval[1]:.1f}", "%"),
            *(str(2 * TEST_VIDEOS * TEST_MOMENTS), str(TEST_VIDEOS)),
        ]
        for words in ("sound alone", "picture alone", "chance", "1 view", "95 % interval"):
            assert words in done.stdout
        assert "Beware" not in done.stdout

    def test_the_evaluation_may_be_set_and_the_model_may_not(self, world: Path, run: Path) -> None:
        asked = ("avsa-bin", "--checkpoint", run, "--shards", world, "--workers", 0, "--json", "--set")
        done = self.call(*asked, "benchmark.test_moments=1")
        assert done.exit_code == 0, done.output
        outcome = json.loads(done.stdout)
        assert outcome["pairs"] == 2 * TEST_VIDEOS
        assert outcome["config"]["benchmark"]["test_moments"] == 1
        assert outcome == measure("avsa-bin", run, [world], workers=0, settings=["benchmark.test_moments=1"]).to_dict()
        refused = self.call(*asked, "views.size=24")
        assert isinstance(refused.exception, UsageError)
        assert "views.size" in str(refused.exception)
        option = next(parameter for parameter in bench.params if parameter.name == "settings")
        assert option.metavar == "SECTION.KEY=VALUE"

    def test_a_leak_is_refused_or_said_in_words(self, world: Path, tmp_path: Path) -> None:
        leaky = write_untrained(tmp_path / "run", small_config(*SETTINGS), trained_video_ids=["seen3"])
        asked = ("avsa-bin", "--checkpoint", leaky, "--shards", world, "--workers", 0)
        refused = self.call(*asked)
        assert isinstance(refused.exception, UsageError)
        assert refused.exception.exit_code == EXIT_USAGE
        allowed = self.call(*asked, "--allow-leak")
        assert allowed.exit_code == 0
        assert "1 of the 24 test videos was trained on (seen3)" in allowed.stdout
        assert json.loads(self.call(*asked, "--allow-leak", "--json").stdout)["leaked_video_ids"] == ["seen3"]
