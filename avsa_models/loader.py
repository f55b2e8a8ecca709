"""Which samples a step learns from.

Each epoch is a permutation of the split's clips that (seed, stage, epoch) decides alone; how a clip is sampled
(moment, viewpoints, colours) is decided by (seed, stage, epoch, place in the epoch) alone. The epochs follow each
other without a gap, and a step takes the next `batch` places of that sequence:

    places   0 1 2 3 4 | 0 1 2 3 4 | 0 1 ...      5 clips
    steps    0---- 1------ 2---- 3------ ...      batch 3: step 1 has the end of one epoch and the start of the next

So a step is known from its number: nothing is carried on from one to the next, any step may be the first, and
neither the number of workers nor their order changes a sample.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avsa_models.config import STAGES, Config
from avsa_models.dataset import PanoramaClips, Sample, draw_sample
from avsa_models.workers import prepared
from yt360_tools.errors import UsageError


@dataclass(frozen=True)
class Batch:
    """The samples of one step; B samples of K views.

    Attributes:
        video: uint8 (B, K, frames, size, size, 3), RGB.
        audio: float32 (B, K, channels, steps, mels).
        clip_index: int64 (B,), which of the set's clips.
        video_index: int64 (B,), which of the set's videos.
    """

    video: Tensor
    audio: Tensor
    clip_index: Tensor
    video_index: Tensor


class StageBatches:
    """A stage's batches by step, counted from 0: each a function of clips, configuration, stage and step alone.

    Raises:
        UsageError: the clips are all of one video.
    """

    def __init__(self, clips: PanoramaClips, config: Config, stage: str) -> None:
        if len(clips.video_ids) < 2:
            raise UsageError(
                f"all {len(clips)} clips of the split {clips.split!r} are of the video {clips.video_ids[0]!r}; "
                "negatives are taken from other videos: give shards of two or more"
            )
        self._clips, self._config = clips, config
        self._stage, self._number = config.stage(stage), STAGES.index(stage)

    def __getitem__(self, step: int, /) -> Batch:
        first = step * self._stage.batch
        places = [divmod(place, len(self._clips)) for place in range(first, first + self._stage.batch)]
        return _stacked([self.sample(epoch, place) for epoch, place in places])

    def sample(self, epoch: int, place: int) -> Sample:
        """The sample at a place of an epoch, both counted from 0."""
        return draw_sample(
            self._clips,
            int(self._order(epoch)[place]),
            self._generator(epoch, place),
            count=self._stage.views,
            moment=self._config.moment,
            views=self._config.views,
            features=self._config.features,
        )

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return self._generator(epoch).permutation(len(self._clips))

    def _generator(self, *where: int) -> np.random.Generator:
        seed = np.random.SeedSequence(self._config.run.seed, spawn_key=(self._number, *where))
        return np.random.default_rng(seed)


def stage_batches(
    clips: PanoramaClips, config: Config, stage: str, *, first_step: int = 0, workers: int = 0
) -> Generator[Batch, None, None]:
    """The batches of a stage's steps from `first_step` on, prepared by `workers` processes, or in between by none.

    Raises:
        UsageError, TransientError, ShardError: as `StageBatches`, `workers.prepared` and `dataset.draw_sample`.
    """
    batches = StageBatches(clips, config, stage)
    clips.close()
    return prepared(batches, range(first_step, config.stage(stage).steps), workers=workers)


def _stacked(samples: list[Sample]) -> Batch:
    return Batch(
        torch.from_numpy(np.stack([sample.video for sample in samples])),
        torch.from_numpy(np.stack([sample.audio for sample in samples])),
        torch.tensor([sample.clip_index for sample in samples]),
        torch.tensor([sample.video_index for sample in samples]),
    )
