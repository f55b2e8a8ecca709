"""A checkpoint: the weights, and all that it takes to go on exactly or to know what they are.

It is read as plain values and tensors alone: a file from elsewhere cannot run code.
"""

import os
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avsa_models.config import STAGES, Config, config_from_dict, config_to_dict
from avsa_models.nets.alignment import AlignmentModel
from yt360_tools.errors import CheckpointError, TransientError, UsageError

FORMAT = "avsa-checkpoint"
VERSION = 1
NAME = "checkpoint.pt"
"""The file's name in a run's folder."""

_UNFINISHED = ".partial"

PARTIAL = f"{NAME}{_UNFINISHED}"
"""What stays there when writing it was interrupted; the next one overwrites it."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands.

    Attributes:
        config: what it was told.
        stage: one of `config.STAGES`.
        step: how many steps of the stage are done.
        model: the model's state.
        optimizer: the optimizer's state; empty before the stage's first step.
        random_state: of torch's generator, which dropout draws from.
        log_bytes: how long ``log.jsonl`` was.
        trained_video_ids: sorted; what a test must not hold.
        content_hash: of the shards, all their splits.
        versions: of torch, numpy, opencv, scipy and yt360_tools; the samples, too, depend on them.
    """

    config: Config
    stage: str
    step: int
    model: dict[str, Any]
    optimizer: dict[str, Any]
    random_state: Tensor
    log_bytes: int
    trained_video_ids: tuple[str, ...]
    content_hash: str
    versions: dict[str, str]

    @property
    def is_finished(self) -> bool:
        """Whether no step is left to do, in this stage or a later one."""
        later = STAGES[STAGES.index(self.stage) + 1 :]
        is_last = all(self.config.stage(name).steps == 0 for name in later)
        return is_last and self.step >= self.config.stage(self.stage).steps


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; whenever it is interrupted, `path` holds the old one or the new one, whole.

    Raises:
        TransientError: the disk failed or is full.
    """
    plain = {
        **{name: getattr(checkpoint, name) for name in _FIELDS},
        "format": FORMAT,
        "version": VERSION,
        "config": config_to_dict(checkpoint.config),
        "trained_video_ids": list(checkpoint.trained_video_ids),
    }
    temporary = path.with_name(f"{path.name}{_UNFINISHED}")
    try:
        with temporary.open("wb") as file:
            torch.save(plain, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise TransientError.of_disk(error, path) from error


def load_checkpoint(run_or_file: Path) -> Checkpoint:
    """The checkpoint in a run's folder or in a file.

    Raises:
        UsageError: there is none.
        CheckpointError: it is damaged, cut short, of an unknown version, or more than plain values and tensors.
    """
    path = run_or_file / NAME if run_or_file.is_dir() else run_or_file
    if not path.is_file():
        raise UsageError(f"{path} does not exist; 'avsa pretrain --out RUN' makes RUN/{NAME}")
    plain = _load_plain(path)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise CheckpointError(f"{path} holds tensors or values, but is no {FORMAT}")
    if plain.get("version") != VERSION:
        raise CheckpointError(f"{path}: version {plain.get('version')!r}; this version of avsa reads version {VERSION}")
    return _of_plain(plain, path)


def load_model(run_or_file: Path) -> tuple[AlignmentModel, Checkpoint]:
    """A checkpoint's model, set to evaluation, and the checkpoint.

    Raises:
        UsageError, CheckpointError: as `load_checkpoint`.
    """
    checkpoint = load_checkpoint(run_or_file)
    model = AlignmentModel(checkpoint.config.net, checkpoint.config.features.channels)
    restore_model(model, checkpoint)
    return model.eval(), checkpoint


def restore_model(model: AlignmentModel, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's weights into a model.

    Raises:
        CheckpointError: the weights are not those of a model of its configuration.
    """
    try:
        model.load_state_dict(checkpoint.model)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"the checkpoint's weights do not fit its own configuration: {_first_lines(error)}"
        ) from error


def restore_optimizer(optimizer: torch.optim.Optimizer, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's optimizer state into the optimizer of its model; the options stay the optimizer's own.

    Raises:
        CheckpointError: the state is not that of such an optimizer.
    """
    options = optimizer.state_dict()["param_groups"]
    try:
        _require_moments(optimizer, checkpoint.optimizer)
        optimizer.load_state_dict({"state": checkpoint.optimizer["state"], "param_groups": options})
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise CheckpointError(
            f"the checkpoint's optimizer state does not fit its own model: {_first_lines(error)}"
        ) from error


def restore_random_state(checkpoint: Checkpoint) -> None:
    """Let torch's generator go on where a checkpoint's stood.

    Raises:
        CheckpointError: it is no state of torch's generator.
    """
    try:
        torch.set_rng_state(checkpoint.random_state)
    except (RuntimeError, ValueError, TypeError) as error:
        raise CheckpointError(
            f"the checkpoint's random state is none of torch's generator: {_first_lines(error)}"
        ) from error


def _require_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Raise `ValueError` or `LookupError` where AdamW could not go on from a state: it is not looked at on loading."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    numbers = [number for group in state["param_groups"] for number in group["params"]]
    if numbers != list(range(len(parameters))):
        raise ValueError(f"it is of {len(numbers)} parameters, not {len(parameters)}")
    for number, moments in state["state"].items():
        shapes = {"step": torch.Size(), **dict.fromkeys(("exp_avg", "exp_avg_sq"), parameters[number].shape)}
        for name, shape in shapes.items():
            if not isinstance(moments[name], Tensor) or moments[name].shape != shape:
                raise ValueError(f"{name} of parameter {number} is no tensor of shape {tuple(shape)}")


def _first_lines(error: Exception) -> str:
    return " ".join(line.strip() for line in str(error).splitlines()[:2])


_FIELDS = {
    "stage": str,
    "step": int,
    "model": dict,
    "optimizer": dict,
    "random_state": Tensor,
    "log_bytes": int,
    "trained_video_ids": list,
    "content_hash": str,
    "versions": dict,
}
"""What is stored beside the configuration, and as what."""


def _load_plain(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch itself compares no checksum: a turned bit would be a wrong weight
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} has another checksum")
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than plain values and tensors; it might be code, so nothing of it was loaded"
        ) from error
    except Exception as error:  # whatever zipfile and torch raise at bytes that are no checkpoint
        raise CheckpointError(
            f"{path} is damaged, cut short or no checkpoint ({error}); copy it again, or train into another folder"
        ) from error


def _of_plain(plain: dict[str, Any], path: Path) -> Checkpoint:
    for name, kind in _FIELDS.items():
        if not isinstance(plain.get(name), kind):
            raise CheckpointError(f"{path}: {name!r} is {type(plain.get(name)).__name__}, not {kind.__name__}: damaged")
    if plain["stage"] not in STAGES:
        raise CheckpointError(f"{path}: stage {plain['stage']!r} is none of {', '.join(STAGES)}: damaged")
    try:
        config = config_from_dict(plain["config"], f"{path}: configuration")
    except (UsageError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} was written by another version of avsa, or is damaged: {error}") from error
    values = {name: plain[name] for name in _FIELDS}
    return Checkpoint(config=config, **{**values, "trained_video_ids": tuple(plain["trained_video_ids"])})


def _sync_folder(folder: Path) -> None:
    """Let the renaming outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
