"""What a frozen model makes of pairs: embeddings, computed once, from which a head answers."""

import logging
import sys
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from avsa_models.benchmarks.pairs import SoundPairs
from avsa_models.nets.alignment import AlignmentModel
from avsa_models.workers import prepared

_MOMENTS_A_BATCH = 16

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairEmbeddings:
    """Embeddings of unit length; the sounds are numbered 0, aligned, and 1, not.

    Attributes:
        video: (moments, views, embedding), from each view's picture.
        predicted_audio: (moments, views, embedding), from the pictures of all views.
        audio: (moments, 2 sounds, views, embedding), from what each view hears.
        predicted_video: (moments, 2 sounds, views, embedding), from what all views hear.
    """

    video: Tensor
    predicted_audio: Tensor
    audio: Tensor
    predicted_video: Tensor

    @property
    def is_aligned(self) -> Tensor:
        """The answers, (pairs,): 1 for each picture with its true sound, 0 for the same with a false one behind it."""
        return torch.tensor([1.0, 0.0]).repeat(len(self.video))

    @property
    def joint(self) -> Tensor:
        """How each prediction fits what it predicts, and picture the sound: products, (pairs, views, 3 embedding)."""
        video, predicted_audio = self._twice(self.video), self._twice(self.predicted_audio)
        fits = [predicted_audio * self.audio, video * self.predicted_video, video * self.audio]
        return torch.cat(fits, dim=-1).flatten(0, 1)

    @property
    def sound_alone(self) -> Tensor:
        """What was made of the sound, (pairs, views, 2 embedding)."""
        return torch.cat([self.audio, self.predicted_video], dim=-1).flatten(0, 1)

    @property
    def picture_alone(self) -> Tensor:
        """What was made of the picture, (pairs, views, 2 embedding)."""
        return torch.cat([self._twice(self.video), self._twice(self.predicted_audio)], dim=-1).flatten(0, 1)

    def _twice(self, of_picture: Tensor) -> Tensor:
        return of_picture[:, None].expand_as(self.audio)


@dataclass(frozen=True)
class PairBatch:
    """Some moments: pictures (moments, views, ...) and both sounds of each (moments, 2 sounds, views, ...)."""

    video: Tensor
    sounds: Tensor


class PairBatches:
    """A split's pairs in their order, a batch at a time."""

    def __init__(self, pairs: SoundPairs) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return -(-len(self._pairs) // _MOMENTS_A_BATCH)

    def __getitem__(self, number: int, /) -> PairBatch:
        first = number * _MOMENTS_A_BATCH
        pairs = [self._pairs[index] for index in range(first, min(first + _MOMENTS_A_BATCH, len(self._pairs)))]
        video = np.stack([pair.video for pair in pairs])
        sounds = np.stack([(pair.aligned, pair.misaligned) for pair in pairs])
        return PairBatch(torch.from_numpy(video), torch.from_numpy(sounds))


@torch.no_grad()
def embed_pairs(model: AlignmentModel, pairs: SoundPairs, *, workers: int) -> PairEmbeddings:
    """The embeddings of all pairs, in their order; how many are to come is told, and on a terminal how far it is.

    Raises:
        TransientError, ShardError: as `workers.prepared`.
    """
    model.eval()
    pairs.clips.close()
    dataset, what = PairBatches(pairs), f"{pairs.name}, {pairs.clips.split}"
    _logger.info("%s: %d moments of %d clips", what, len(pairs), len(pairs.chosen))
    is_shown = sys.stderr.isatty() and _logger.isEnabledFor(logging.INFO)
    with closing(prepared(dataset, range(len(dataset)), workers=workers)) as batches:
        bar = tqdm(batches, desc=what, total=len(dataset), unit="batch", disable=not is_shown, leave=False)
        parts = list(zip(*(_embed(model, batch) for batch in bar), strict=True))
    return PairEmbeddings(*(functional.normalize(torch.cat(part), dim=-1) for part in parts))


def _embed(model: AlignmentModel, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    seen = model.video_features(batch.video)
    aligned, misaligned = (model.embed(seen, model.audio_features(sound)) for sound in batch.sounds.unbind(1))
    return (
        aligned.video,
        aligned.predicted_audio,
        torch.stack([aligned.audio, misaligned.audio], dim=1),
        torch.stack([aligned.predicted_video, misaligned.predicted_video], dim=1),
    )
