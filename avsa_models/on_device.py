"""Samples that are finished on the device: workers read and decode, the device cuts, colours and transforms in batches.

The same moments and viewpoints as in `samples`; pictures are displaced by at most 1/64 pixel and differ by two grey
levels of 255 beside that (see `crops`), features by rounding. On a CPU this is slower than workers that do it all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avsa_models.crops import cut_crops
from avsa_models.dataset import Parts
from avsa_models.features import CENTRE_DB, FLOOR, SPREAD_DB, FeatureConfig
from avsa_models.samples import Batch, Place, Samples
from avsa_models.views import Viewpoint
from yt360_tools.ambisonics import XYZ_CHANNELS


class UnfinishedSamples(Dataset[Parts]):
    """The samples of a dataset, by the same places, as what they are made of."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: Place, /) -> Parts:
        return self.samples.parts(place)


@dataclass(frozen=True)
class UnfinishedBatch:
    """What B samples of K views are made of.

    Attributes:
        frames: uint8 (B, frames, height, width, 3), RGB panoramas.
        covariance: float32 (B, 4, 4, steps, mels).
        viewpoints: B rows of K.
        clip_index, video_index: int64 (B,), as in `samples.Batch`.
    """

    frames: Tensor
    covariance: Tensor
    viewpoints: tuple[tuple[Viewpoint, ...], ...]
    clip_index: Tensor
    video_index: Tensor


def stacked_parts(parts: Sequence[Parts]) -> UnfinishedBatch:
    """Parts as a batch: ``collate_fn`` of a DataLoader over `UnfinishedSamples`."""
    return UnfinishedBatch(
        torch.from_numpy(np.stack([one.frames for one in parts])),
        torch.from_numpy(np.stack([one.covariance for one in parts])),
        tuple(one.viewpoints for one in parts),
        torch.tensor([one.clip_index for one in parts]),
        torch.tensor([one.video_index for one in parts]),
    )


def finished(batch: UnfinishedBatch, features: FeatureConfig, device: torch.device | str) -> Batch:
    """The batch, with its views cut and heard on a device, where it stays."""
    frames = batch.frames.to(device).permute(0, 1, 4, 2, 3).float()
    crops = cut_crops(frames, batch.viewpoints).round_().to(torch.uint8)
    mixings = np.array([[one.channel_matrix for one in row] for row in batch.viewpoints], np.float32)
    return Batch(
        crops.permute(0, 1, 2, 4, 5, 3),
        heard(batch.covariance.to(device), torch.from_numpy(mixings).to(device), features),
        batch.clip_index.to(device),
        batch.video_index.to(device),
    )


def heard(covariance: Tensor, mixings: Tensor, config: FeatureConfig) -> Tensor:
    """`features.view_features` in torch: (B, K, channels, steps, mels).

    Args:
        covariance: (B, 4, 4, steps, mels).
        mixings: (B, K, 4, 4), each view's `channel_matrix`.
    """
    batch, views = mixings.shape[:2]
    flat = covariance.flatten(1, 2).flatten(2)
    powers = torch.einsum("bkci,bkcj->bkcij", mixings, mixings).reshape(batch, views * 4, 16) @ flat
    shape = (batch, views, -1, *covariance.shape[-2:])
    seen = ((10 * powers.clamp(min=FLOOR).log10() - CENTRE_DB) / SPREAD_DB).reshape(shape)
    if config.kind != "logmel+iv":
        return seen
    energy = 0.5 * torch.einsum("biitm->btm", covariance) + FLOOR
    flows = torch.einsum("bki,bkcj->bkcij", mixings[:, :, 0], mixings[:, :, list(XYZ_CHANNELS)])
    return torch.cat([seen, (flows.reshape(batch, views * 3, 16) @ flat).reshape(shape) / energy[:, None, None]], dim=2)
