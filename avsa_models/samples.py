"""Samples by their place: a dataset and a sampler for torch's DataLoader, on one machine or many.

What a sample is follows from (seed, epoch, place in the epoch) alone: not from workers, ranks, or what came before. The
epochs follow each other without a gap, each a permutation of the clips; with R ranks, rank r takes every R-th place of
that sequence from its r-th on. So all ranks take as many, no place is taken twice and none is left out:

    places       0 1 2 3 4 | 0 1 2 3 4 | 0 1 2 3 4      5 clips, 3 epochs
    rank 0 of 3  *     *       *     *       *
    rank 1 of 3    *       *     *       *     *
    rank 2 of 3      *       *     *       *     *
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from avsa_models.dataset import MomentConfig, PanoramaClips, Parts, Sample, draw_parts, draw_sample
from avsa_models.features import FeatureConfig
from avsa_models.views import ViewConfig
from yt360_tools.errors import UsageError

Place = tuple[int, int]
"""An epoch and a place in it, both counted from 0."""


@dataclass(frozen=True)
class SampleConfig:
    """How samples are taken.

    Attributes:
        count: viewpoints a sample.
        seed: of all that is drawn.
        stream: numbers that tell one use of a seed from another, such as a stage of training.
    """

    count: int = 4
    moment: MomentConfig = field(default_factory=MomentConfig)
    views: ViewConfig = field(default_factory=ViewConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    seed: int = 0
    stream: tuple[int, ...] = ()


class Samples(Dataset[Sample]):
    """The samples of a split's clips, by place: a map-style dataset, the keys of which `Places` gives.

    It may be pickled, forked and spawned. ``len`` is an epoch's.

    Raises:
        ShardError: from ``[]``, when a shard is damaged.
    """

    def __init__(self, clips: PanoramaClips, config: SampleConfig) -> None:
        self.clips, self.config = clips, config
        self._order = functools.lru_cache(2)(self._permutation)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, place: Place, /) -> Sample:
        return draw_sample(*self._drawn(place), **self._how())

    def parts(self, place: Place) -> Parts:
        """What the sample is made of, for `on_device`: nothing is cut or coloured yet."""
        return draw_parts(*self._drawn(place), **self._how())

    def _drawn(self, place: Place) -> tuple[PanoramaClips, int, np.random.Generator]:
        epoch, index = place
        return self.clips, int(self._order(epoch)[index]), self._generator(epoch, index)

    def _how(self) -> dict[str, Any]:
        config = self.config
        return {
            "count": config.count,
            "moment": config.moment,
            "views": config.views,
            "features": config.features,
        }

    def __getstate__(self) -> dict[str, object]:
        return {"clips": self.clips, "config": self.config}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        return self._generator(epoch).permutation(len(self.clips))

    def _generator(self, *where: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.config.seed, spawn_key=(*self.config.stream, *where)))


class Places(Sampler[Place]):
    """The places that a rank takes of some epochs, or of what is left of them.

    Args:
        length: places an epoch, ``len`` of the dataset.
        epochs: how many.
        rank, ranks: which of how many this is.
        first: where all ranks go on, counted over all epochs: what `next_first` told when training stopped. It may go
            on with another number of ranks.
        even: every rank takes as many, and what does not go round at the end of the last epoch (fewer than `ranks`) is
            left; else it is taken as well, and some ranks take one more, for evaluation.

    Raises:
        UsageError: there is no such rank, or no such place.
    """

    def __init__(
        self, length: int, *, epochs: int = 1, rank: int = 0, ranks: int = 1, first: int = 0, even: bool = True
    ) -> None:
        if not 0 <= rank < ranks:
            raise UsageError(f"rank {rank} of {ranks}: it must be from 0 to {ranks - 1}")
        if length < 1 or epochs < 1 or not 0 <= first <= length * epochs:
            raise UsageError(f"{epochs} epochs of {length} places have no place {first} to go on from")
        self.length, self.rank, self.ranks, self.first = length, rank, ranks, first
        left = length * epochs - first
        self._numbers = range(first + rank, first + (left // ranks * ranks if even else left), ranks)

    def __len__(self) -> int:
        """How many this rank takes."""
        return len(self._numbers)

    def __iter__(self) -> Iterator[Place]:
        for number in self._numbers:
            yield divmod(number, self.length)

    def next_first(self, trained: int) -> int:
        """`first` for going on, once every rank has trained on so many samples of this iteration.

        Count what was trained on, not what came out of here: workers are ahead of it.
        """
        return self.first + trained * self.ranks


@dataclass(frozen=True)
class Batch:
    """B samples of K views.

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


def stacked(samples: Sequence[Sample]) -> Batch:
    """Samples as a batch: ``collate_fn`` of a DataLoader."""
    return Batch(
        torch.from_numpy(np.stack([sample.video for sample in samples])),
        torch.from_numpy(np.stack([sample.audio for sample in samples])),
        torch.tensor([sample.clip_index for sample in samples]),
        torch.tensor([sample.video_index for sample in samples]),
    )
