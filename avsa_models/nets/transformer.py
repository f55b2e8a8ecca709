"""The transformer that translates one modality's views into the other's, each seeing all views of a moment."""

import math

import torch
from torch import Tensor, nn


class TransformerLayer(nn.Module):
    """One attention head and a feed-forward net, each added and then normalised; a ReLU on the output.

    Post-norm, scaled by the square root of the width, as in the paper's code.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)
        self.attention_norm, self.hidden_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.hidden = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        scores = self.query(x) @ self.key(x).transpose(1, 2) / math.sqrt(x.shape[-1])  # (batch, views, views)
        attended = self.output(scores.softmax(dim=-1) @ self.value(x))
        x = self.attention_norm(x + self.dropout(attended))
        return torch.relu(self.hidden_norm(x + self.dropout(self.hidden(x))))


class ViewTransformer(nn.Module):
    """Features (batch, views, width) of one modality to predictions of the other's, of the same shape.

    It knows no order of the views: permuted views give permuted predictions.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(TransformerLayer(width, 4 * width, dropout) for _ in range(layers)))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out
