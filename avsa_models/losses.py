"""InfoNCE between what one modality predicts and what the other is, within a batch.

Of *Learning Representations from Audio-Visual Spatial Alignment* (arXiv 2011.01819): embeddings have the shape
(batch, views, dimensions); the mean of both directions is the caller's (`avsa_models.pretrain`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Contrast:
    """A contrastive loss and how often the positive won.

    Attributes:
        loss: a scalar, in nats.
        accuracy: the share of queries whose positive is more similar than each of its negatives.
    """

    loss: Tensor
    accuracy: Tensor


def info_nce(predicted: Tensor, target: Tensor, video: Tensor, *, negatives: str, temperature: float) -> Contrast:
    """InfoNCE of each predicted embedding with the target of its own view.

    Args:
        predicted: (batch, views, dimensions), of any length but zero.
        target: the same shape.
        video: (batch,), which video each sample is of; samples of one video are no negatives for each other.
        negatives: one of `config.NEGATIVES`. ``easy``: the same-numbered views of other videos; ``hard``: the other
            views of the sample; ``easy+hard``: both.
    """
    batch, views, _ = predicted.shape
    predicted, target = functional.normalize(predicted, dim=-1), functional.normalize(target, dim=-1)
    # (batch, views, batch): a view against the same-numbered view of every sample, its own on the diagonal.
    easy = torch.einsum("ivd,jvd->ivj", predicted, target) / temperature
    # (batch, views, views): a view against all of its own sample's.
    hard = torch.einsum("ivd,iwd->ivw", predicted, target) / temperature
    positive = torch.diagonal(hard, dim1=1, dim2=2)[..., None]
    columns = [positive]
    if negatives != "hard":
        same_video = (video[:, None] == video[None, :])[:, None, :].expand(batch, views, batch)
        columns.append(easy.masked_fill(same_video, -torch.inf))
    if negatives != "easy":
        itself = torch.eye(views, dtype=torch.bool, device=hard.device).expand(batch, views, views)
        columns.append(hard.masked_fill(itself, -torch.inf))
    logits = torch.cat(columns, dim=-1)
    loss = (logits.logsumexp(dim=-1) - logits[..., 0]).mean()
    won = (logits[..., :1] > logits[..., 1:]).all(dim=-1)
    return Contrast(loss, won.float().mean())
