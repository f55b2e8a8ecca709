"""A training's folder: begun, found again to go on, or refused.

RUN/checkpoint.pt   where it stands           RUN/log.jsonl      a line a step
RUN/config.toml     what it was told          RUN/tensorboard/   curves
RUN/.lock           held by who trains here
"""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avsa_models.checkpoint import NAME, PARTIAL, Checkpoint, load_checkpoint, save_checkpoint
from avsa_models.config import STAGES, Config, config_to_dict, config_to_toml, differing_keys
from avsa_models.dataset import PanoramaClips
from avsa_models.nets.alignment import AlignmentModel
from yt360_tools import __version__
from yt360_tools.errors import TransientError, UsageError

_CHANGEABLE = {"run.workers", "run.save_every", "run.test_split", "benchmark"}
"""The keys and sections that a training may be told otherwise when it goes on: no weight depends on them."""

_LOCK = ".lock"

_logger = logging.getLogger(__name__)


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Within the block no other process trains in the folder `run`, which is made.

    Raises:
        UsageError: another one does; or `run` holds something else, and is left as it is.
        TransientError: the disk failed or is full.
    """
    _require_run(run)
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = os.open(run / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise TransientError.of_disk(error, run) from error
    try:
        _take(lock, run)
        yield
    finally:
        os.close(lock)


def _take(lock: int, run: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            return  # a file system without locks: better unlocked than unusable
        raise UsageError(f"another process trains in {run}; wait for it, or give another folder (--out)") from error


def begin_or_resume(run: Path, config: Config, clips: PanoramaClips, model: AlignmentModel) -> Checkpoint:
    """The checkpoint of a training in `run`, or the first one of a new training, with `model` as it is.

    `run` is locked. Its checkpoint and its configuration's file both say `config` from then on, of a finished
    training, too: what may differ from what it was begun with (see `_CHANGEABLE`) is taken over.

    Raises:
        UsageError: `run` holds something else, or a training with another configuration or on other shards.
        CheckpointError: its checkpoint is damaged.
        TransientError: the disk failed or is full.
    """
    if (run / NAME).exists():
        checkpoint = load_checkpoint(run)
        _require_same(run, checkpoint, config, clips)
        if checkpoint.config != config:
            checkpoint = replace(checkpoint, config=config)
            save_checkpoint(run / NAME, checkpoint)
    else:
        _require_run(run)
        checkpoint = snapshot(config, clips, model, stage=STAGES[0], step=0, optimizer={}, log_bytes=0)
        save_checkpoint(run / NAME, checkpoint)  # first of all: it marks the folder as a training's
    _write_config(run / "config.toml", config)
    return checkpoint


def snapshot(
    config: Config,
    clips: PanoramaClips,
    model: AlignmentModel,
    *,
    stage: str,
    step: int,
    optimizer: dict[str, Any],
    log_bytes: int,
) -> Checkpoint:
    """Where a training stands now."""
    return Checkpoint(
        config=config,
        stage=stage,
        step=step,
        model=dict(model.state_dict()),
        optimizer=optimizer,
        random_state=torch.get_rng_state(),
        log_bytes=log_bytes,
        trained_video_ids=clips.video_ids,
        content_hash=clips.content_hash,
        versions=installed_versions(),
    )


def installed_versions() -> dict[str, str]:
    """The versions of what numbers depend on."""
    return {
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "opencv": _installed("opencv-python-headless", "opencv-python"),
        "scipy": _installed("scipy"),
        "yt360_tools": __version__,
    }


def _installed(*distributions: str) -> str:
    """The version of the first one that is installed."""
    for name in distributions:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return "unknown"


def _write_config(path: Path, config: Config) -> None:
    temporary = path.with_name(f"{path.name}.partial")
    try:
        temporary.write_text(config_to_toml(config), encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise TransientError.of_disk(error, path) from error


def _require_run(run: Path) -> None:
    """Refuse what is neither a training's folder nor empty, but for what a kill left before the first checkpoint."""
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run} is a file; --out must name a new folder, or one that 'avsa pretrain' made")
    if not run.exists() or (run / NAME).exists():
        return
    others = sorted(path.name for path in run.iterdir() if path.name not in (PARTIAL, _LOCK))
    if others:
        raise UsageError(
            f"{run} holds no training ({NAME}) but other things, {others[0]!r} the first; "
            "--out must name a new folder, or one that 'avsa pretrain' made"
        )


def _require_same(run: Path, checkpoint: Checkpoint, config: Config, clips: PanoramaClips) -> None:
    told, asked = config_to_dict(checkpoint.config), config_to_dict(config)
    differences = [
        f"{section}.{key} = {told[section][key]!r}, now {asked[section][key]!r}"
        for section, key in (name.split(".") for name in differing_keys(checkpoint.config, config))
        if not _CHANGEABLE & {section, f"{section}.{key}"}
    ]
    if differences:
        raise UsageError(
            f"the training in {run} was begun with {'; '.join(differences)}: "
            "give what it was begun with, or another folder (--out)"
        )
    if checkpoint.content_hash != clips.content_hash:
        raise UsageError(
            f"the training in {run} was begun on other shards (--shards), of content hash "
            f"{checkpoint.content_hash[:12]}..., not {clips.content_hash[:12]}...: give those, or another --out"
        )
    for name, version in installed_versions().items():
        if checkpoint.versions.get(name) != version:
            _logger.warning(
                "begun with %s %s, going on with %s: the last digits may come out differently",
                name,
                checkpoint.versions.get(name, "unknown"),
                version,
            )
