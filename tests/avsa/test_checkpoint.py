"""Checkpoints: whole or not there, read without running anything, and saying what they are."""

import dataclasses
import errno
import os
import pickle
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from small_training import small_config

from avsa_models.checkpoint import (
    FORMAT,
    NAME,
    Checkpoint,
    load_checkpoint,
    load_model,
    restore_optimizer,
    restore_random_state,
    save_checkpoint,
)
from avsa_models.nets.alignment import AlignmentModel
from yt360_tools.errors import CheckpointError, TransientError, UsageError

CONFIG = small_config()


def checkpoint(**changes: Any) -> Checkpoint:
    torch.manual_seed(3)
    model = AlignmentModel(CONFIG.net, CONFIG.features.channels)
    optimizer = torch.optim.AdamW(model.parameters())
    model.video_head(torch.ones(1, 8)).sum().backward()
    optimizer.step()
    values: dict[str, Any] = {
        "config": CONFIG,
        "stage": "avsa",
        "step": 3,
        "model": dict(model.state_dict()),
        "optimizer": optimizer.state_dict(),
        "random_state": torch.get_rng_state(),
        "log_bytes": 1234,
        "trained_video_ids": ("a", "-b"),
        "content_hash": "ab" * 32,
        "versions": {"torch": str(torch.__version__)},
    }
    return Checkpoint(**{**values, **changes})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    save_checkpoint(path, checkpoint())
    return path


def are_same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(are_same(one[key], other[key]) for key in one)
    return one == other


class TestASavedOne:
    def test_comes_back_whole(self, saved: Path) -> None:
        found, expected = load_checkpoint(saved), checkpoint()
        for item in dataclasses.fields(Checkpoint):
            assert are_same(getattr(found, item.name), getattr(expected, item.name)), item.name

    def test_is_found_by_its_folder(self, saved: Path) -> None:
        assert load_checkpoint(saved.parent).step == 3

    def test_gives_its_model_set_to_evaluation(self, saved: Path) -> None:
        model, found = load_model(saved)
        assert not model.training
        assert found.config == CONFIG
        assert are_same(dict(model.state_dict()), checkpoint().model)

    def test_leaves_nothing_else_behind(self, saved: Path) -> None:
        assert [path.name for path in saved.parent.iterdir()] == [NAME]

    @pytest.mark.parametrize(
        ("steps", "stage", "step", "is_finished"),
        [
            ((8, 8), "avc", 0, False),
            ((8, 8), "avc", 8, False),
            ((8, 8), "avsa", 7, False),
            ((8, 8), "avsa", 8, True),
            ((8, 0), "avc", 7, False),
            ((8, 0), "avc", 8, True),
            ((0, 8), "avc", 0, False),
            ((0, 0), "avc", 0, True),
        ],
    )
    def test_knows_whether_steps_are_left(
        self, steps: tuple[int, int], stage: str, step: int, is_finished: bool
    ) -> None:
        config = small_config(avc={"steps": steps[0]}, avsa={"steps": steps[1]})
        assert checkpoint(config=config, stage=stage, step=step).is_finished == is_finished


class TestWriting:
    def test_that_fails_keeps_the_one_before(self, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(values: Any, file: Any) -> None:
            file.write(b"PK half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(torch, "save", full)
        with pytest.raises(TransientError, match="free space") as caught:
            save_checkpoint(saved, checkpoint(step=4))
        assert caught.value.reason == "disk_full"
        assert load_checkpoint(saved).step == 3

    def test_that_is_killed_before_the_renaming_keeps_the_one_before(
        self, saved: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def die(*_: Any) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", die)
            with pytest.raises(Killed):
                save_checkpoint(saved, checkpoint(step=4))
        assert load_checkpoint(saved).step == 3
        save_checkpoint(saved, checkpoint(step=5))
        assert load_checkpoint(saved).step == 5
        assert [path.name for path in saved.parent.iterdir()] == [NAME]


class TestRefusals:
    def test_where_there_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=rf"{NAME} does not exist; 'avsa pretrain --out RUN'"):
            load_checkpoint(tmp_path)
        with pytest.raises(UsageError, match=r"other\.pt does not exist"):
            load_checkpoint(tmp_path / "other.pt")

    @pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
    def test_cut_short(self, share: float, saved: Path) -> None:
        image = saved.read_bytes()
        saved.write_bytes(image[: int(share * len(image))])
        with pytest.raises(CheckpointError, match="is damaged, cut short or no checkpoint"):
            load_checkpoint(saved)

    def test_without_its_last_byte(self, saved: Path) -> None:
        saved.write_bytes(saved.read_bytes()[:-1])
        with pytest.raises(CheckpointError, match="is damaged, cut short or no checkpoint"):
            load_checkpoint(saved)

    def test_with_a_bit_turned_over_in_a_weight(self, saved: Path) -> None:
        image = bytearray(saved.read_bytes())
        weight = checkpoint().model["video_head.weight"].numpy().tobytes()
        image[bytes(image).index(weight) + 7] ^= 1
        saved.write_bytes(image)
        with pytest.raises(CheckpointError, match="has another checksum"):
            load_checkpoint(saved)

    def test_bytes_of_any_other_kind(self, saved: Path) -> None:
        for seed in range(5):
            saved.write_bytes(random.Random(seed).randbytes(3000))
            with pytest.raises(CheckpointError, match="is damaged, cut short or no checkpoint"):
                load_checkpoint(saved)
        with zipfile.ZipFile(saved, "w") as archive:
            archive.writestr("hello.txt", "hello")
        with pytest.raises(CheckpointError, match="is damaged, cut short or no checkpoint"):
            load_checkpoint(saved)

    def test_code_which_does_not_run(self, saved: Path, tmp_path: Path) -> None:
        witness = tmp_path / "it-ran"
        torch.save({"format": FORMAT, "version": 1, "model": Code(f"touch {witness}")}, saved)
        with pytest.raises(CheckpointError, match="it might be code, so nothing of it was loaded"):
            load_checkpoint(saved)
        saved.write_bytes(pickle.dumps(Code(f"touch {witness}")))
        with pytest.raises(CheckpointError):
            load_checkpoint(saved)
        assert not witness.exists()
        pickle.loads(saved.read_bytes())  # the same bytes do run where they are let
        assert witness.exists()

    def test_another_models_weights(self, saved: Path) -> None:
        torch.save({"conv.weight": torch.zeros(3)}, saved)
        with pytest.raises(CheckpointError, match=f"is no {FORMAT}"):
            load_checkpoint(saved)

    def test_an_unknown_version(self, saved: Path) -> None:
        rewrite(saved, version=2)
        with pytest.raises(CheckpointError, match="version 2; this version of avsa reads version 1"):
            load_checkpoint(saved)

    @pytest.mark.parametrize(("name", "value"), [("step", None), ("model", [1]), ("random_state", "no")])
    def test_a_value_that_is_missing_or_another(self, name: str, value: Any, saved: Path) -> None:
        rewrite(saved, **{name: value})
        with pytest.raises(CheckpointError, match=rf"'{name}' is .*: damaged"):
            load_checkpoint(saved)

    def test_a_stage_that_is_none(self, saved: Path) -> None:
        rewrite(saved, stage="ufo")
        with pytest.raises(CheckpointError, match="stage 'ufo' is none of avc, avsa"):
            load_checkpoint(saved)

    @pytest.mark.parametrize("config", [{"run": {"sed": 1}}, {"net": 3}, {"run": {"seed": "x"}}, 5, None])
    def test_a_configuration_that_is_none(self, config: Any, saved: Path) -> None:
        rewrite(saved, config=config)
        with pytest.raises(CheckpointError, match="written by another version of avsa, or is damaged"):
            load_checkpoint(saved)

    def test_weights_that_do_not_fit_the_configuration(self, saved: Path) -> None:
        save_checkpoint(saved, checkpoint(config=small_config(net={"embedding": 9})))
        with pytest.raises(CheckpointError, match=r"weights do not fit its own configuration: .* size mismatch"):
            load_model(saved)


class TestWhatATrainingGoesOnWith:
    @pytest.fixture
    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(AlignmentModel(CONFIG.net, CONFIG.features.channels).parameters())

    def test_comes_back(self, optimizer: torch.optim.Optimizer) -> None:
        restore_optimizer(optimizer, checkpoint())
        assert are_same(optimizer.state_dict()["state"], checkpoint().optimizer["state"])
        torch.manual_seed(4)
        restore_random_state(checkpoint())
        assert torch.equal(torch.get_rng_state(), checkpoint().random_state)

    @pytest.mark.parametrize(
        "change",
        [
            lambda state: {},
            lambda state: {**state, "state": 3},
            lambda state: {**state, "param_groups": []},
            lambda state: {**state, "param_groups": [{}]},
            lambda state: {**state, "state": {**state["state"], 9999: {}}},
            lambda state: {**state, "state": {number: {} for number in state["state"]}},
            lambda state: {**state, "state": dict.fromkeys(state["state"], 7)},
            lambda state: {**state, "state": dict.fromkeys(state["state"], one_moment(3))},
            lambda state: {**state, "state": {n: {**s, "step": "x"} for n, s in state["state"].items()}},
            lambda state: {**state, "state": {n: {**s, "exp_avg": "x"} for n, s in state["state"].items()}},
        ],
    )
    def test_of_another_optimizer_is_refused(self, change: Any, optimizer: torch.optim.Optimizer) -> None:
        with pytest.raises(CheckpointError, match=r"^the checkpoint's optimizer state does not fit its own model"):
            restore_optimizer(optimizer, checkpoint(optimizer=change(checkpoint().optimizer)))

    @pytest.mark.parametrize("state", [torch.zeros(3), torch.zeros(3, dtype=torch.uint8), torch.zeros(2, 2)])
    def test_of_another_generator_is_refused(self, state: torch.Tensor) -> None:
        before = torch.get_rng_state()
        with pytest.raises(CheckpointError, match="the checkpoint's random state is none of torch's generator"):
            restore_random_state(checkpoint(random_state=state))
        assert torch.equal(torch.get_rng_state(), before)


def one_moment(size: int) -> dict[str, torch.Tensor]:
    return {"step": torch.tensor(1.0), "exp_avg": torch.zeros(size), "exp_avg_sq": torch.zeros(size)}


class Code:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def rewrite(path: Path, **changes: Any) -> None:
    """The same checkpoint with other values."""
    plain = torch.load(path, weights_only=True)
    torch.save({**plain, **changes}, path)
