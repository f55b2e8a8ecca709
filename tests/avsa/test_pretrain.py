"""Pretraining: what it learns from, what it leaves, and that nothing stops it for good."""

import errno
import fcntl
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
import scipy
import torch
from drawn_panoramas import panorama_clip, write_shard
from small_training import noise_clip, run_signalled, settings, small_config, write_noise
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from worlds.command import Ended

from avsa_models import cli, runs
from avsa_models import pretrain as pretraining
from avsa_models.checkpoint import NAME, PARTIAL, load_checkpoint, save_checkpoint
from avsa_models.config import Config, StageConfig, load_config
from avsa_models.journal import Journal
from avsa_models.pretrain import learning_rate, pretrain
from avsa_models.runs import locked
from avsa_models.stopping import listening_for_stop
from yt360_tools.errors import CheckpointError, Diverged, Interrupted, ShardError, UsageError

CONFIG = small_config()
STEPS = CONFIG.avc.steps + CONFIG.avsa.steps


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("shards") / "noise.h5")


@pytest.fixture(scope="module")
def undisturbed(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "undisturbed"
    pretrain(CONFIG, [shards], run)
    return run


@pytest.fixture
def stopped(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was asked to stop in its fifth step."""
    return stop_after(5, shards, tmp_path / "run", monkeypatch)


def stop_after(steps: int, shards: Path, run: Path, monkeypatch: pytest.MonkeyPatch, config: Config = CONFIG) -> Path:
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", counted(Journal.add, steps, lambda: signal.raise_signal(signal.SIGINT)))
        with pytest.raises(Interrupted):
            pretrain(config, [shards], run)
    return run


def counted(function: Callable[..., Any], number: int, then: Callable[[], Any]) -> Callable[..., Any]:
    """`function`, and `then` after call `number`."""
    calls: list[int] = []

    def call(*arguments: Any) -> Any:
        result = function(*arguments)
        calls.append(1)
        if len(calls) == number:
            then()
        return result

    return call


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(run).model


def assert_same_end(run: Path, undisturbed: Path) -> None:
    assert (run / "log.jsonl").read_bytes() == (undisturbed / "log.jsonl").read_bytes()
    found, expected = weights(run), weights(undisturbed)
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []
    assert load_checkpoint(run).is_finished


class TestATraining:
    def test_goes_through_both_stages_step_by_step(self, undisturbed: Path) -> None:
        expected = [("avc", step) for step in range(1, 9)] + [("avsa", step) for step in range(1, 9)]
        assert [(line["stage"], line["step"]) for line in lines(undisturbed)] == expected

    def test_logs_nothing_that_depends_on_the_clock(self, undisturbed: Path) -> None:
        assert {tuple(line) for line in lines(undisturbed)} == {
            ("stage", "epoch", "step", "loss", "accuracy", "learning_rate")
        }

    def test_counts_epochs_by_clips(self, undisturbed: Path) -> None:
        # 12 clips: 3 steps of 4, and 2.4 steps of 5.
        assert [line["epoch"] for line in lines(undisturbed)] == [0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 0, 1, 1, 2, 2, 2]

    def test_says_what_it_is(self, undisturbed: Path, shards: Path) -> None:
        found = load_checkpoint(undisturbed)
        assert found.config == CONFIG
        assert (found.stage, found.step, found.is_finished) == ("avsa", 8, True)
        assert found.trained_video_ids == ("a", "b", "c", "d", "e", "f")
        assert set(found.versions) == {"torch", "numpy", "opencv", "scipy", "yt360_tools"}
        assert found.versions["opencv"].startswith(cv2.__version__)
        assert found.versions["scipy"] == scipy.__version__
        assert load_config(str(undisturbed / "config.toml")) == CONFIG

    def test_gives_the_same_again_and_another_with_another_seed(
        self, undisturbed: Path, shards: Path, tmp_path: Path
    ) -> None:
        pretrain(CONFIG, [shards], tmp_path / "again")
        assert_same_end(tmp_path / "again", undisturbed)
        pretrain(small_config(run={"seed": 6}), [shards], tmp_path / "other")
        assert lines(tmp_path / "other")[0]["loss"] != lines(undisturbed)[0]["loss"]

    def test_gives_the_same_with_workers(self, undisturbed: Path, shards: Path, tmp_path: Path) -> None:
        pretrain(small_config(run={"workers": 2}), [shards], tmp_path / "run")
        assert_same_end(tmp_path / "run", undisturbed)

    def test_learns_that_bright_videos_are_loud(self, tmp_path: Path) -> None:
        clips = []
        for number in range(6):
            frames = np.full((12, 32, 64, 3), 50 * number, np.uint8)
            foa = 10 ** (number / 2 - 3) * np.random.default_rng(number).standard_normal((4, 24_000))
            clips.append(panorama_clip(f"v{number}-0", frames, foa, fps=4, sample_rate_hz=8000))
        shard = write_shard(tmp_path / "bright.h5", *clips)
        stage = {"steps": 40, "batch": 12, "temperature": 0.1, "learning_rate": 1e-2}
        config = small_config(avc=stage, avsa={"steps": 0}, views={"brightness": 0, "contrast": 0})
        pretrain(config, [shard], tmp_path / "run")
        course = lines(tmp_path / "run")
        assert np.mean([line["loss"] for line in course[:3]]) > 2
        assert np.mean([line["loss"] for line in course[-10:]]) < 1
        assert np.mean([line["accuracy"] for line in course[-10:]]) > 0.5  # chance is 1 in 11

    def test_leaves_torch_as_it_found_it(self, shards: Path, tmp_path: Path) -> None:
        torch.manual_seed(11)
        before, generator = torch.get_num_threads(), torch.get_rng_state()
        pretrain(
            small_config(run={"threads": before + 1}, avc={"steps": 1}, avsa={"steps": 0}), [shards], tmp_path / "r"
        )
        assert torch.get_num_threads() == before
        assert torch.equal(torch.get_rng_state(), generator)
        assert not torch.are_deterministic_algorithms_enabled()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class TestStages:
    def test_of_no_steps_are_skipped(self, shards: Path, tmp_path: Path) -> None:
        pretrain(small_config(avc={"steps": 0}), [shards], tmp_path / "avsa")
        assert {line["stage"] for line in lines(tmp_path / "avsa")} == {"avsa"}
        pretrain(small_config(avsa={"steps": 0}), [shards], tmp_path / "avc")
        assert {line["stage"] for line in lines(tmp_path / "avc")} == {"avc"}
        assert load_checkpoint(tmp_path / "avc").is_finished

    def test_of_no_steps_at_all_leave_the_first_weights(self, shards: Path, tmp_path: Path) -> None:
        checkpoint = pretrain(small_config(avc={"steps": 0}, avsa={"steps": 0}), [shards], tmp_path / "run")
        assert checkpoint.is_finished
        assert load_checkpoint(tmp_path / "run").step == 0

    def test_avsa_starts_from_the_weights_of_avc(self, shards: Path, tmp_path: Path) -> None:
        pretrain(small_config(avsa={"steps": 0}), [shards], tmp_path / "avc")
        still = {"steps": 1, "learning_rate": 1e-30}
        pretrain(small_config(avsa=still), [shards], tmp_path / "both")
        pretrain(small_config(avc={"steps": 0}, avsa=still), [shards], tmp_path / "avsa")
        parameters = [name for name in weights(tmp_path / "avc") if name.endswith("weight")]
        first, both, alone = (weights(tmp_path / name) for name in ("avc", "both", "avsa"))
        assert all(torch.equal(first[name], both[name]) for name in parameters)
        assert not all(torch.equal(alone[name], both[name]) for name in parameters)

    def test_avc_leaves_the_transformers_alone_and_avsa_does_not(
        self, undisturbed: Path, shards: Path, tmp_path: Path
    ) -> None:
        names = ("video_to_audio.layers.0.query.weight", "predicted_audio_head.weight")
        pretrain(small_config(avc={"steps": 0}, avsa={"steps": 0}), [shards], tmp_path / "untrained")
        pretrain(small_config(avsa={"steps": 0}), [shards], tmp_path / "avc")
        untrained, avc, both = (weights(run) for run in (tmp_path / "untrained", tmp_path / "avc", undisturbed))
        assert all(torch.equal(untrained[name], avc[name]) for name in names)
        assert not any(torch.equal(both[name], avc[name]) for name in names)

    def test_both_directions_count_alike(self, shards: Path) -> None:
        torch.manual_seed(0)
        model = pretraining.AlignmentModel(CONFIG.net, 7).eval()
        clips = pretraining.open_panoramas([shards], "train", CONFIG.moment)
        batch = next(pretraining.stage_batches(clips, CONFIG, "avsa"))
        with torch.no_grad():
            made = model.embed(model.video_features(batch.video), model.audio_features(batch.audio))
            options = {"negatives": CONFIG.avsa.negatives, "temperature": CONFIG.avsa.temperature}
            forth = pretraining.info_nce(made.predicted_audio, made.audio, batch.video_index, **options)
            back = pretraining.info_nce(made.predicted_video, made.video, batch.video_index, **options)
            found = pretraining.contrast_of(model, batch, "avsa", CONFIG.avsa)
        assert found.loss.item() == pytest.approx((forth.loss.item() + back.loss.item()) / 2)
        assert found.accuracy.item() == pytest.approx((forth.accuracy.item() + back.accuracy.item()) / 2)


class TestLearningRate:
    def test_rises_and_falls(self) -> None:
        stage = StageConfig(10, 2, 1, "easy", learning_rate=8.0, warmup=0.4)
        rates = [learning_rate(stage, step) for step in range(10)]
        assert rates[:5] == [2, 4, 6, 8, 8]
        assert rates[7] == pytest.approx(4)  # half of the fall's six steps
        assert rates[4:] == sorted(rates[4:], reverse=True)
        assert 0 < rates[-1] < 1

    @pytest.mark.parametrize("warmup", [0.0, 1.0])
    @pytest.mark.parametrize("steps", [1, 7])
    def test_is_never_above_its_greatest_nor_nothing(self, steps: int, warmup: float) -> None:
        stage = StageConfig(steps, 2, 1, "easy", learning_rate=3.0, warmup=warmup)
        rates = [learning_rate(stage, step) for step in range(steps)]
        assert max(rates) == 3
        assert min(rates) > 0

    def test_is_what_the_log_says(self, undisturbed: Path) -> None:
        found = [line["learning_rate"] for line in lines(undisturbed)]
        stages = [(CONFIG.avc, step) for step in range(8)] + [(CONFIG.avsa, step) for step in range(8)]
        assert found == [learning_rate(stage, step) for stage, step in stages]


class TestStoppedAndGoneOn:
    @pytest.mark.parametrize("after", [1, 6, 8, 9, 12, 15])
    def test_in_any_step_it_ends_the_same(
        self, after: int, undisturbed: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = stop_after(after, shards, tmp_path / "run", monkeypatch)
        assert len(lines(run)) == after
        saved = load_checkpoint(run)
        assert (saved.stage, saved.step) == (("avc", after) if after <= 8 else ("avsa", after - 8))
        pretrain(CONFIG, [shards], run)
        assert_same_end(run, undisturbed)

    def test_again_and_again_it_ends_the_same(
        self, undisturbed: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(5):
            stop_after(3, shards, tmp_path / "run", monkeypatch)
        pretrain(CONFIG, [shards], tmp_path / "run")
        assert_same_end(tmp_path / "run", undisturbed)

    def test_in_its_last_step_it_is_finished(
        self, undisturbed: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Journal, "add", counted(Journal.add, STEPS, lambda: signal.raise_signal(signal.SIGTERM)))
        pretrain(CONFIG, [shards], tmp_path / "run")
        assert_same_end(tmp_path / "run", undisturbed)

    def test_with_other_workers_and_saves_it_ends_the_same(
        self, stopped: Path, undisturbed: Path, shards: Path
    ) -> None:
        pretrain(small_config(run={"workers": 1, "save_every": 5}), [shards], stopped)
        assert_same_end(stopped, undisturbed)

    def test_half_a_line_behind_the_checkpoint_is_cut_off(self, stopped: Path, undisturbed: Path, shards: Path) -> None:
        with (stopped / "log.jsonl").open("ab") as file:
            file.write(b'{"stage": "avc", "epoch": 1, "step": 6, "loss": 1.0}\n{"stage": "av')
        (stopped / PARTIAL).write_bytes(b"PK half")
        pretrain(CONFIG, [shards], stopped)
        assert_same_end(stopped, undisturbed)

    def test_a_log_that_is_cut_shorter_is_refused(self, stopped: Path, shards: Path) -> None:
        (stopped / "log.jsonl").write_text("")
        with pytest.raises(CheckpointError, match=r"log\.jsonl has 0 bytes, but had \d+ at the checkpoint"):
            pretrain(CONFIG, [shards], stopped)

    def test_tensorboard_shows_each_step_once(self, stopped: Path, shards: Path) -> None:
        before = load_checkpoint(stopped)
        # As if it had been killed: two steps that the checkpoint does not know of.
        with Journal(stopped, log_bytes=before.log_bytes, steps_done=before.step) as journal:
            for step in (6, 7):
                record = pretraining.StepRecord("avc", 1, step, 99.0, 0.0, 0.0)
                journal.add(record, pretraining.StepCost(4, 1.0, 0.5, 0.25))
        pretrain(CONFIG, [shards], stopped)
        events = EventAccumulator(str(stopped / "tensorboard"), purge_orphaned_data=True).Reload()
        assert set(events.Tags()["scalars"]) == {
            f"{stage}/{name}"
            for stage in ("avc", "avsa")
            for name in ("loss", "accuracy", "learning_rate", "samples_per_s", "waiting_share")
        }
        assert [event.step for event in events.Scalars("avc/loss")] == list(range(1, 9))
        assert [event.step for event in events.Scalars("avsa/loss")] == list(range(9, 17))
        assert max(event.value for event in events.Scalars("avc/loss")) < 99


class TestGoneOnWithOtherWords:
    """What no weight depends on may be told otherwise later."""

    CHANGES: ClassVar[dict[str, dict[str, Any]]] = {
        "benchmark": {"test_moments": 9, "seed": 7, "head_hidden": 24},
        "run": {"test_split": "valid"},
    }

    def test_it_ends_the_same_and_says_the_new_ones(self, stopped: Path, undisturbed: Path, shards: Path) -> None:
        config = small_config(**self.CHANGES)
        pretrain(config, [shards], stopped)
        assert_same_end(stopped, undisturbed)
        assert load_checkpoint(stopped).config == load_config(str(stopped / "config.toml")) == config

    def test_when_finished_its_weights_stay_and_it_says_the_new_ones(
        self, undisturbed: Path, shards: Path, tmp_path: Path
    ) -> None:
        run, config = tmp_path / "run", small_config(**self.CHANGES)
        shutil.copytree(undisturbed, run)
        assert pretrain(config, [shards], run).config == config
        assert_same_end(run, undisturbed)
        assert load_checkpoint(run).config == load_config(str(run / "config.toml")) == config

    def test_its_configuration_is_replaced_whole(
        self, stopped: Path, shards: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = (stopped / "config.toml").read_bytes()
        monkeypatch.setattr(runs, "config_to_toml", lambda config: "x = \ud800")  # cannot be written
        with pytest.raises(UnicodeEncodeError):
            pretrain(CONFIG, [shards], stopped)
        assert (stopped / "config.toml").read_bytes() == before

    def test_a_checkpoint_that_cannot_go_on_is_refused(self, stopped: Path, shards: Path) -> None:
        whole = load_checkpoint(stopped)
        save_checkpoint(stopped / NAME, replace(whole, optimizer={}))
        with pytest.raises(CheckpointError, match="optimizer state does not fit"):
            pretrain(CONFIG, [shards], stopped)
        save_checkpoint(stopped / NAME, replace(whole, random_state=torch.zeros(3, dtype=torch.uint8)))
        with pytest.raises(CheckpointError, match="random state"):
            pretrain(CONFIG, [shards], stopped)


class TestKilled:
    """By SIGKILL, in a process of its own: nothing is tidied up."""

    def test_it_goes_on_and_ends_the_same(self, undisturbed: Path, shards: Path, tmp_path: Path) -> None:
        run = tmp_path / "run"
        arguments = ["pretrain", "--config", tmp_path / "small.toml", "--shards", shards, "--out", run]
        shutil.copy(undisturbed / "config.toml", tmp_path / "small.toml")
        for after, steps_saved in ((2, ("avc", 0)), (5, ("avc", 3)), (9, ("avsa", 3))):
            # With a worker once: it has ended with the main process, or `run_signalled` fails.
            workers = 1 if after == 5 else 0
            ended = run_signalled(*arguments, "--workers", workers, after=after, number=signal.SIGKILL)
            assert ended.code == -signal.SIGKILL, ended
            saved = load_checkpoint(run)
            assert (saved.stage, saved.step) == steps_saved
        pretrain(CONFIG, [shards], run)
        assert_same_end(run, undisturbed)


@pytest.fixture(scope="module", params=[signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def ended(request: pytest.FixtureRequest, shards: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """A training with a worker whose whole group was sent a signal in its tenth step.

    A terminal sends SIGINT so; ``timeout``, a container's end and a batch system send SIGTERM.
    """
    run = tmp_path_factory.mktemp("signalled") / "a run"
    arguments = ["pretrain", "--config", "tiny", "--shards", shards, "--out", run, *settings(), "--workers", 1]
    return run_signalled(*arguments, after=10, number=request.param, whom="group"), run


class TestASignalToAllProcesses:
    def test_saves_and_says_how_to_go_on(self, ended: tuple[Ended, Path], shards: Path) -> None:
        end, run = ended
        assert end.code == 130, end
        assert f"interrupted: avsa step 2 of 8 is saved in {run}; go on with" in end.stderr
        assert f"  avsa pretrain --config tiny --shards {shards} --out '{run}' --set run.workers=0" in end.stderr
        assert "Traceback" not in end.stderr

    def test_ends_the_same_when_gone_on(self, ended: tuple[Ended, Path], shards: Path) -> None:
        _, run = ended
        config = load_config(str(run / "config.toml"))
        assert config.run.workers == 1  # --workers goes over --set
        assert (load_checkpoint(run).stage, load_checkpoint(run).step) == ("avsa", 2)
        pretrain(config, [shards], run)
        pretrain(config, [shards], run.parent / "undisturbed")
        assert_same_end(run, run.parent / "undisturbed")

    def test_sigterm_twice_counts_once(self) -> None:
        # `timeout` sends it to the process and to its group: twice, a moment apart.
        with listening_for_stop() as stop:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            assert stop.was_made
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    def test_ctrl_c_twice_interrupts_at_once(self) -> None:
        with listening_for_stop() as stop:
            assert not stop.was_made
            signal.raise_signal(signal.SIGINT)
            assert stop.was_made
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)


class TestNotFinite:
    def test_a_loss_ends_it_and_is_named_with_its_step_and_clips(self, shards: Path, tmp_path: Path) -> None:
        run = tmp_path / "run"
        config = small_config(avsa={"learning_rate": 1e30})
        with pytest.raises(Diverged) as caught:
            pretrain(config, [shards], run)
        clips = pretraining.open_panoramas([shards], "train", config.moment)
        second = pretraining.StageBatches(clips, config, "avsa")[1]
        seen = ", ".join(sorted({clips.clips[index].clip_id for index in second.clip_index.tolist()}))
        assert f"loss not finite at avsa step 2, whose batch has the clips {seen}; the checkpoint" in str(caught.value)
        assert "smaller avsa.learning_rate" in str(caught.value)
        assert (load_checkpoint(run).stage, load_checkpoint(run).step) == ("avc", 8)
        assert all(torch.isfinite(value).all() for value in weights(run).values())
        assert all(math.isfinite(line["loss"]) for line in lines(run))

    @pytest.mark.parametrize("workers", [0, 1])
    def test_sound_is_named_by_its_clip(self, workers: int, tmp_path: Path) -> None:
        frames = np.zeros((12, 32, 64, 3), np.uint8)
        bad = panorama_clip("bad-0", frames, np.full((4, 24_000), np.nan), fps=4, sample_rate_hz=8000)
        shard = write_shard(tmp_path / "bad.h5", *(noise_clip(f"{video}-0") for video in "abcdefgh"), bad)
        with pytest.raises(
            ShardError, match=r"bad\.h5: the sound of clip 'bad-0' has samples that are no finite numbers"
        ):
            pretrain(small_config(run={"workers": workers}), [shard], tmp_path / "run")
        assert load_checkpoint(tmp_path / "run").stage == "avc"

    def test_weights_are_never_saved(self, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def poisoned(optimizer: Any, loss: torch.Tensor, rate: float) -> None:
            with torch.no_grad():
                optimizer.param_groups[0]["params"][0].fill_(torch.inf)

        run = tmp_path / "run"
        monkeypatch.setattr(pretraining, "update", poisoned)
        with pytest.raises(Diverged, match="weights not finite at avc step 1, "):
            pretrain(small_config(run={"save_every": 1}), [shards], run)
        assert load_checkpoint(run).step == 0
        assert all(torch.isfinite(value).all() for value in weights(run).values())


class TestRefusals:
    def test_another_configuration_names_what_differs(self, stopped: Path, shards: Path) -> None:
        other = small_config(avsa={"steps": 9}, views={"size": 24})
        with pytest.raises(UsageError, match=r"begun with views\.size = 16, now 24; avsa\.steps = 8, now 9: give"):
            pretrain(other, [shards], stopped)
        assert load_checkpoint(stopped).step == 5

    def test_other_shards(self, stopped: Path, tmp_path: Path) -> None:
        other = write_noise(tmp_path / "other" / "noise.h5", ["a", "b", "x"])
        with pytest.raises(UsageError, match=r"begun on other shards \(--shards\), of content hash"):
            pretrain(CONFIG, [other], stopped)

    def test_the_same_shards_elsewhere_are_the_same(self, stopped: Path, undisturbed: Path, tmp_path: Path) -> None:
        half = [write_noise(tmp_path / name / f"{name}.h5", name) for name in ("abc", "def")]
        pretrain(CONFIG, half, stopped)
        assert_same_end(stopped, undisturbed)

    def test_a_folder_of_other_things(self, shards: Path, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("")
        with pytest.raises(UsageError, match=r"holds no training .* 'thesis\.tex' the first; --out must name"):
            pretrain(CONFIG, [shards], tmp_path)
        with pytest.raises(UsageError, match=r"thesis\.tex is a file"):
            pretrain(CONFIG, [shards], tmp_path / "thesis.tex")
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    def test_but_not_what_a_kill_left_before_the_first_checkpoint(self, shards: Path, tmp_path: Path) -> None:
        (tmp_path / PARTIAL).write_bytes(b"PK half")
        pretrain(small_config(avc={"steps": 0}, avsa={"steps": 0}), [shards], tmp_path)
        assert load_checkpoint(tmp_path).step == 0

    def test_a_damaged_checkpoint(self, stopped: Path, shards: Path) -> None:
        image = (stopped / NAME).read_bytes()
        (stopped / NAME).write_bytes(image[:-100])
        with pytest.raises(CheckpointError, match="cut short"):
            pretrain(CONFIG, [shards], stopped)

    def test_a_folder_in_which_another_trains(self, stopped: Path, shards: Path) -> None:
        before = contents(stopped)
        with locked(stopped), pytest.raises(UsageError, match="another process trains"):
            pretrain(small_config(run={"save_every": 77}), [shards], stopped)
        assert contents(stopped) == before

    def test_a_new_folder_in_which_another_begins(self, shards: Path, tmp_path: Path) -> None:
        with locked(tmp_path / "run"), pytest.raises(UsageError, match="another process trains"):
            pretrain(CONFIG, [shards], tmp_path / "run")
        assert [name for name in contents(tmp_path / "run") if not name.startswith(".")] == []
        pretrain(small_config(avc={"steps": 0}, avsa={"steps": 0}), [shards], tmp_path / "run")

    def test_but_not_a_file_system_without_locks(
        self, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", refuse)
        pretrain(small_config(avc={"steps": 1}, avsa={"steps": 0}), [shards], tmp_path / "run")
        assert load_checkpoint(tmp_path / "run").is_finished

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"features": {"high_hz": 4100}}, "must rise and stay within half the sample rate"),
            ({"moment": {"audio_s": 4}}, "12 clips are shorter than a sample of 4 s"),
            ({"run": {"train_split": "tarin"}}, "no clip of the split 'tarin'; the splits there: train"),
            ({"views": {"min_separation_deg": 180, "max_pitch_deg": 0}}, "do not fit|directions"),
        ],
    )
    def test_what_does_not_fit_the_shards_leaves_no_run(
        self, changes: dict[str, Any], message: str, shards: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match=message):
            pretrain(small_config(**changes), [shards], tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_one_video_leaves_no_run(self, tmp_path: Path) -> None:
        folder = write_noise(tmp_path / "shards" / "one.h5", ["a"])
        with pytest.raises(UsageError, match="are of the video 'a'"):
            pretrain(CONFIG, [folder], tmp_path / "run")
        assert not (tmp_path / "run").exists()


class TestTheCommand:
    @pytest.fixture
    def avsa(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
        def run(*arguments: object) -> Ended:
            monkeypatch.setattr(sys, "argv", ["avsa", *map(str, arguments)])
            with pytest.raises(SystemExit) as caught:
                cli.main()
            stdout, stderr = capfd.readouterr()
            return Ended(caught.value.code or 0, stdout, stderr)

        return run

    def test_says_that_a_run_is_finished(self, avsa: Callable[..., Ended], undisturbed: Path, shards: Path) -> None:
        before = contents(undisturbed)
        config = undisturbed / "config.toml"
        ended = avsa("pretrain", "--config", config, "--shards", shards, "--out", undisturbed)
        assert ended.code == 0
        assert ended.stdout.startswith("finished    avc 8 steps, avsa 8 steps; 6 videos\n")
        assert contents(undisturbed) == before

    def test_tells_progress_in_lines_where_there_is_no_terminal(
        self, avsa: Callable[..., Ended], shards: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        avsa("pretrain", "--config", "tiny", "--shards", shards, "--out", tmp_path / "run", *settings())
        told = [message for message in caplog.messages if message.startswith(("avc", "avsa"))]
        assert len(told) == 2  # one a stage, which is over before ten seconds are
        # One sample of four has its own video's other clip in the batch, perhaps: chance is about 1 in 4.
        assert told[0].startswith("avc 8/8: loss ")
        assert "% (chance 2" in told[0]
        for part in ("accuracy", "samples/s", "waiting", "00:00 left"):
            assert part in told[0]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--config", "tinny"], "unknown preset 'tinny'; did you mean 'tiny'?"),
            (["--set", "avc.step=3"], "unknown key avc.step; did you mean 'steps'?"),
            (["--shards", "nowhere"], "nowhere does not exist"),
        ],
    )
    def test_names_what_is_wrong(
        self, options: list[str], message: str, avsa: Callable[..., Ended], shards: Path, tmp_path: Path
    ) -> None:
        run = tmp_path / "run"
        ended = avsa("pretrain", "--config", "tiny", "--shards", shards, "--out", run, *options)
        assert (ended.code, ended.stdout) == (2, "")
        assert ended.stderr.startswith("error: ")
        assert message in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
        assert not run.exists()

    def test_has_help_with_an_example(self, avsa: Callable[..., Ended]) -> None:
        ended = avsa("pretrain", "--help")
        assert ended.code == 0
        assert "avsa pretrain --config tiny --shards W/shards --out RUN --set" in ended.stdout
        words = " ".join(ended.stdout.split())
        assert "It runs on the CPU; a GPU is not used." in words
        assert "the same weights, with the same versions of the libraries and as many threads" in words

    def test_says_what_to_install_where_torch_is_missing(self, shards: Path, tmp_path: Path) -> None:
        code = "import sys; sys.modules['torch'] = None; from avsa_models.cli import main; main()"
        arguments = ["pretrain", "--config", "tiny", "--shards", shards, "--out", tmp_path / "run"]
        ended = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
        assert ended.returncode == 4
        assert ended.stderr == "error: torch is not installed; the models need: pip install 'yt360-tools[models]'\n"
