"""Ask a trained model one benchmark's question about videos it has not seen, and say how often it was right."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_accuracy, binary_auroc

from avsa_models.benchmarks.avc import OtherVideos
from avsa_models.benchmarks.avsa import TurnedSounds
from avsa_models.benchmarks.frozen import embed_pairs
from avsa_models.benchmarks.head import train_head
from avsa_models.benchmarks.interval import accuracy_interval
from avsa_models.benchmarks.outcome import Outcome, Score
from avsa_models.benchmarks.pairs import SoundPairs
from avsa_models.checkpoint import Checkpoint, load_model
from avsa_models.config import STAGES, BenchmarkConfig, config_to_dict, with_settings
from avsa_models.dataset import PanoramaClips, list_clips
from avsa_models.runs import installed_versions
from yt360_tools.errors import UsageError
from yt360_tools.shards import open_shards

BENCHMARKS: dict[str, type[SoundPairs]] = {pairs.name: pairs for pairs in (OtherVideos, TurnedSounds)}

SETTABLE = ("benchmark", "run.test_split")
"""The section and the key of a model's configuration that may be set anew: no weight depends on them."""

_FEW_VIDEOS = 20
_NAMED = 3


def measure(
    benchmark: str,
    run: Path,
    shards: Sequence[Path],
    *,
    views: int = 4,
    workers: int | None = None,
    allow_leak: bool = False,
    settings: Sequence[str] = (),
) -> Outcome:
    """How well a checkpoint answers a benchmark's question on the test split, its head trained on the train split.

    Args:
        benchmark: one of `BENCHMARKS`.
        run: a run's folder or a checkpoint.
        shards: panoramas; files, folders or workspaces.
        views: viewpoints a moment, at most `config.DRAWN_VIEWS`.
        workers: processes that prepare pairs; None for the run's `run.workers`. The outcome is the same for any number.
        allow_leak: measure on videos that were trained on, too.
        settings: such as ``benchmark.seed=1``, put over the run's configuration; only of `SETTABLE`.

    Raises:
        UsageError: a setting is none of those; a split is empty, or test videos were trained on.
        CheckpointError, ShardError: what is read is damaged.
    """
    model, checkpoint = load_model(run)
    config = with_settings(checkpoint.config, settings, only=SETTABLE)
    checkpoint = replace(checkpoint, config=config)
    workers = config.run.workers if workers is None else workers
    with open_shards(*shards) as opened, _threads(config.run.threads):
        splits = config.run.train_split, config.run.test_split
        listing = list_clips(opened, splits)
        train, test = (PanoramaClips(opened, listing, split, config.moment) for split in splits)
        leaked = _leaked(train, test, checkpoint)
        if leaked and not allow_leak:
            raise UsageError(
                f"{_tell_leak(leaked, test)}; give other shards, or measure all the same with --allow-leak"
            )
        make, fixed = BENCHMARKS[benchmark], config.benchmark
        asked = [
            make(train, config, most_clips=fixed.train_clips, moments=fixed.train_moments, views=views),
            make(test, config, most_clips=fixed.test_clips, moments=fixed.test_moments, views=views),
        ]
        learned, answered = (embed_pairs(model, pairs, workers=workers) for pairs in asked)
        video = asked[1].video_of_pair
        scores = {
            name: score_head(
                (getattr(learned, name), learned.is_aligned),
                (getattr(answered, name), answered.is_aligned),
                video,
                fixed,
            )
            for name in ("joint", "sound_alone", "picture_alone")
        }
    return Outcome(
        benchmark=benchmark,
        question=make.question,
        **scores,
        pairs=len(video),
        videos=len({*video}),
        depends_on=dependencies(checkpoint, test.content_hash, views=views),
        leaked_video_ids=leaked,
        warnings=_warnings(checkpoint, test, leaked, videos=len({*video})),
    )


def dependencies(checkpoint: Checkpoint, content_hash: str, *, views: int) -> dict[str, Any]:
    """What a benchmark's outcome is a function of, as plain values: where it is equal, the outcome is."""
    return {
        "views": views,
        "seed": checkpoint.config.benchmark.seed,
        "features": checkpoint.config.features.kind,
        "content_hash": content_hash,
        "measured_with": installed_versions(),
        "checkpoint": {
            "trained_on": checkpoint.content_hash,
            "stage": checkpoint.stage,
            "step": checkpoint.step,
            "finished": checkpoint.is_finished,
            "versions": checkpoint.versions,
        },
        "config": config_to_dict(checkpoint.config),
    }


def score_head(
    learned: tuple[Tensor, Tensor], answered: tuple[Tensor, Tensor], video: Sequence[int], config: BenchmarkConfig
) -> Score:
    """How a head that is trained on one set of inputs and answers does on another.

    Args:
        learned, answered: inputs (pairs, views, width), and the right answers (pairs,), 0 or 1.
        video: for each answered pair, its video.
    """
    head = train_head(*learned, config)
    inputs, answers = answered
    with torch.no_grad():
        certainty, truth = head(inputs).sigmoid(), answers.int()
    correct = ((certainty > 0.5) == truth.bool()).numpy()
    return Score(
        accuracy=float(binary_accuracy(certainty, truth)),
        interval=accuracy_interval(correct, video, seed=config.seed),
        auroc=float(binary_auroc(certainty, truth)),
    )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Within the block torch has so many threads: another number may change an embedding's last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _leaked(train: PanoramaClips, test: PanoramaClips, checkpoint: Checkpoint) -> tuple[str, ...]:
    """The test videos that the nets or the head learn from."""
    return tuple(sorted({*checkpoint.trained_video_ids, *train.video_ids} & {*test.video_ids}))


def _tell_leak(leaked: Sequence[str], test: PanoramaClips) -> str:
    named = ", ".join(leaked[:_NAMED]) + (", ..." if len(leaked) > _NAMED else "")
    return (
        f"{len(leaked)} of the {len(test.video_ids)} test videos {'was' if len(leaked) == 1 else 'were'} trained on "
        f"({named}): how often the model is right about those says nothing of videos that it has not seen"
    )


def _warnings(checkpoint: Checkpoint, test: PanoramaClips, leaked: Sequence[str], *, videos: int) -> tuple[str, ...]:
    warnings = []
    if leaked:
        warnings.append(_tell_leak(leaked, test))
    if not checkpoint.is_finished:
        steps = checkpoint.config.stage(checkpoint.stage).steps
        warnings.append(f"the training is not finished: stage {checkpoint.stage}, step {checkpoint.step} of {steps}")
    if checkpoint.stage != STAGES[-1] or not checkpoint.step:
        warnings.append(
            f"the transformers were never trained (no step of the stage {STAGES[-1]}): "
            "what they predict from the other views is noise"
        )
    if videos < _FEW_VIDEOS:
        warnings.append(f"there are only {videos} test videos: the interval is wide, and itself rough")
    return tuple(warnings)
