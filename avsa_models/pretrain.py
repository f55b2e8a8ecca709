"""Pretraining: first which sound belongs to which picture (AVC), then which to which viewpoint (AVSA).

*Learning Representations from Audio-Visual Spatial Alignment* (arXiv 2011.01819), section 3. AVC compares the two
nets' features of one viewpoint with other videos'. AVSA goes on from its weights: transformers predict each
modality's features from the other's at all viewpoints of a moment, and the other viewpoints are negatives, too.

A run can be stopped at any moment. It goes on from its last checkpoint, and ends with the same log and weights, to
the bit: on the same processor, with the same versions of the libraries and as many threads. It runs on the CPU; a GPU
is not used.
"""

import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from avsa_models.checkpoint import (
    NAME,
    Checkpoint,
    restore_model,
    restore_optimizer,
    restore_random_state,
    save_checkpoint,
)
from avsa_models.config import STAGES, Config, RunConfig, StageConfig
from avsa_models.dataset import PanoramaClips, open_panoramas
from avsa_models.journal import Journal, Progress, StepCost, StepRecord
from avsa_models.loader import StageBatches, stage_batches
from avsa_models.losses import Contrast, info_nce
from avsa_models.nets.alignment import AlignmentModel
from avsa_models.runs import begin_or_resume, locked, snapshot
from avsa_models.samples import Batch
from avsa_models.stopping import StopRequest, listening_for_stop
from yt360_tools.errors import Diverged, Interrupted

_logger = logging.getLogger(__name__)


def pretrain(config: Config, shards: Sequence[Path], run: Path) -> Checkpoint:
    """The last checkpoint of a training in the folder `run`, begun or gone on with.

    Raises:
        UsageError: the shards don't fit the configuration; or `run` holds something else, or a run with another
            configuration or other shards; or another process trains there.
        Diverged: a loss or a weight is no finite number; the checkpoint before stays.
        Interrupted: it was asked to stop, and is saved.
        CheckpointError, ShardError, TransientError: a file is damaged, or the disk failed.
    """
    clips = open_panoramas(shards, config.run.train_split, config.moment)
    _try_sampling(clips, config)
    with locked(run), _reproducible(config.run):
        model = AlignmentModel(config.net, config.features.channels)
        start = begin_or_resume(run, config, clips, model)
        if start.is_finished:
            _logger.info("the training in %s is finished", run)
            return start
        where = f"goes on after {start.stage} step {start.step}" if start.step else "begins"
        _logger.info("%s: %s, with %d clips of %d videos", run, where, len(clips), len(clips.video_ids))
        restore_model(model, start)
        restore_random_state(start)
        steps_done = sum(config.stage(name).steps for name in STAGES[: STAGES.index(start.stage)]) + start.step
        with Journal(run, log_bytes=start.log_bytes, steps_done=steps_done) as journal, listening_for_stop() as stop:
            training = Training(config, clips, model, run, journal, stop)
            checkpoint = start
            for name in STAGES[STAGES.index(start.stage) :]:
                checkpoint = training.train_stage(name, checkpoint)
    return checkpoint


@dataclass(frozen=True)
class Training:
    """What all stages share."""

    config: Config
    clips: PanoramaClips
    model: AlignmentModel
    run: Path
    journal: Journal
    stop: StopRequest

    def train_stage(self, name: str, start: Checkpoint) -> Checkpoint:
        """The checkpoint at a stage's end, from one within it or from the end of the stage before."""
        stage, checkpoint = self.config.stage(name), start
        first_step = start.step if start.stage == name else 0
        if first_step >= stage.steps:
            return start
        optimizer = torch.optim.AdamW(self.model.parameters(), stage.learning_rate, weight_decay=stage.weight_decay)
        if first_step:
            restore_optimizer(optimizer, start)
        self.model.train()
        workers = self.config.run.workers
        with (
            Progress(name, first_step=first_step, steps=stage.steps) as progress,
            closing(stage_batches(self.clips, self.config, name, first_step=first_step, workers=workers)) as batches,
        ):
            for step, (batch, waited_s, began) in enumerate(_timed(batches), first_step):
                rate = learning_rate(stage, step)
                contrast = contrast_of(self.model, batch, name, stage)
                self._require_finite([contrast.loss], "loss", name, step, batch)
                update(optimizer, contrast.loss, rate)
                epoch = step * stage.batch // len(self.clips)
                record = StepRecord(name, epoch, step + 1, contrast.loss.item(), contrast.accuracy.item(), rate)
                chance = chance_accuracy(batch.video_index, stage.views, stage.negatives)
                cost = StepCost(stage.batch, time.perf_counter() - began, waited_s, chance)
                self.journal.add(record, cost)
                progress.add(record, cost)
                is_due = (step + 1) % self.config.run.save_every == 0 or step + 1 == stage.steps
                if is_due or self.stop.was_made:
                    self._require_finite(self.model.parameters(), "weights", name, step, batch)
                    checkpoint = self._save(name, step + 1, optimizer)
                if self.stop.was_made and not checkpoint.is_finished:
                    raise Interrupted(f"{name} step {step + 1} of {stage.steps} is saved in {self.run}")
        return checkpoint

    def _save(self, name: str, step: int, optimizer: torch.optim.Optimizer) -> Checkpoint:
        checkpoint = snapshot(
            self.config,
            self.clips,
            self.model,
            stage=name,
            step=step,
            optimizer=optimizer.state_dict(),
            log_bytes=self.journal.sync(),  # before the checkpoint is there: the log is never behind it
        )
        save_checkpoint(self.run / NAME, checkpoint)
        return checkpoint

    def _require_finite(self, values: Iterable[Tensor], what: str, name: str, step: int, batch: Batch) -> None:
        if all(bool(torch.isfinite(value).all()) for value in values):
            return
        seen = sorted({self.clips.clips[index].clip_id for index in batch.clip_index.tolist()})
        raise Diverged(
            f"{what} not finite at {name} step {step + 1}, whose batch has the clips {', '.join(seen)}; the checkpoint "
            f"before is kept in {self.run}. Look at these clips' sound, or train into another folder with a smaller "
            f"{name}.learning_rate"
        )


def learning_rate(stage: StageConfig, step: int) -> float:
    """The learning rate of a step, counted from 0: a straight rise, then half a cosine down to nearly 0."""
    rising = round(stage.warmup * stage.steps)
    if step < rising:
        return stage.learning_rate * (step + 1) / rising
    return stage.learning_rate * (1 + math.cos(math.pi * (step - rising) / (stage.steps - rising))) / 2


def contrast_of(model: AlignmentModel, batch: Batch, name: str, stage: StageConfig) -> Contrast:
    """A batch's contrast: the mean of both directions, from picture to sound and from sound to picture."""
    video, audio = model.video_features(batch.video), model.audio_features(batch.audio)
    if name == "avc":
        seen, heard = model.video_head(video), model.audio_head(audio)
        directions = ((seen, heard), (heard, seen))
    else:
        embedded = model.embed(video, audio)
        directions = ((embedded.predicted_audio, embedded.audio), (embedded.predicted_video, embedded.video))
    forth, back = (
        info_nce(predicted, target, batch.video_index, negatives=stage.negatives, temperature=stage.temperature)
        for predicted, target in directions
    )
    return Contrast((forth.loss + back.loss) / 2, (forth.accuracy + back.accuracy) / 2)


def chance_accuracy(video: Tensor, views: int, negatives: str) -> float:
    """The accuracy of guessing: the mean of 1 / (1 + negatives) over a batch's samples; `video` as in `info_nce`."""
    others = (video[:, None] != video[None, :]).sum(dim=1).double() if negatives != "hard" else torch.zeros(len(video))
    hard = views - 1 if negatives != "easy" else 0
    return (1 / (1 + others + hard)).mean().item()


def update(optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
    """One step down the loss's gradient."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _timed(batches: Iterator[Batch]) -> Iterator[tuple[Batch, float, float]]:
    """Each batch, how long it was waited for in seconds, and when that began."""
    began = time.perf_counter()
    for batch in batches:
        yield batch, time.perf_counter() - began, began
        began = time.perf_counter()


@contextmanager
def _reproducible(run: RunConfig) -> Iterator[None]:
    """Within the block torch computes the same again: its seed, threads and algorithms are fixed."""
    threads, is_deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    generator = torch.get_rng_state()
    torch.set_num_threads(run.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(run.seed)
    try:
        yield
    finally:
        torch.set_rng_state(generator)
        torch.use_deterministic_algorithms(is_deterministic)
        torch.set_num_threads(threads)


def _try_sampling(clips: PanoramaClips, config: Config) -> None:
    """Draw one sample a stage: what does not fit the shards is refused before anything is written."""
    for name in STAGES:
        if config.stage(name).steps:
            StageBatches(clips, config, name).sample(0, 0)
