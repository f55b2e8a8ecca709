"""A training's folder: begun, found again to go on, or refused.

RUN/checkpoint.pt   where it stands           RUN/log.jsonl      a line a step
RUN/config.toml     what it was told          RUN/tensorboard/   curves
"""

import logging
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

_CHANGEABLE = {"run.workers", "run.save_every"}
"""What a training may be told otherwise when it goes on: nothing that comes out depends on it."""

_logger = logging.getLogger(__name__)


def begin_or_resume(run: Path, config: Config, clips: PanoramaClips, model: AlignmentModel) -> Checkpoint:
    """The checkpoint of a training in `run`, or the first one of a new training, with `model` as it is.

    Raises:
        UsageError: `run` holds something else, or a training with another configuration or on other shards.
        CheckpointError: its checkpoint is damaged.
        TransientError: the disk failed or is full.
    """
    if (run / NAME).exists():
        checkpoint = load_checkpoint(run)
        _require_same(run, checkpoint, config, clips)
    else:
        _require_empty(run)
        checkpoint = snapshot(config, clips, model, stage=STAGES[0], step=0, optimizer={}, log_bytes=0)
        _begin(run, checkpoint)
    try:
        (run / "config.toml").write_text(config_to_toml(config), encoding="utf-8")
    except OSError as error:
        raise TransientError.of_disk(error, run) from error
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
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    return {"torch": str(torch.__version__), "numpy": np.__version__, "yt360_tools": __version__}


def _begin(run: Path, checkpoint: Checkpoint) -> None:
    """Make the folder, with the checkpoint first of all: it marks the folder as a training's."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TransientError.of_disk(error, run) from error
    save_checkpoint(run / NAME, checkpoint)


def _require_empty(run: Path) -> None:
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run} is a file; --out must name a new folder, or one that 'avsa pretrain' made")
    others = sorted(path.name for path in run.iterdir() if path.name != PARTIAL) if run.exists() else []
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
        if f"{section}.{key}" not in _CHANGEABLE
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
    for name, version in _versions().items():
        if checkpoint.versions.get(name) != version:
            _logger.warning(
                "begun with %s %s, going on with %s: the last digits may come out differently",
                name,
                checkpoint.versions.get(name),
                version,
            )
