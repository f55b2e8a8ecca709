"""The two-layer head that answers yes or no from frozen embeddings."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avsa_models.config import BenchmarkConfig


class Head(nn.Module):
    """Embeddings (pairs, views, width) to logits (pairs,): a hidden layer for each view, their mean, and a sum."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        # The mean and deviation of all batches alike, so that the last ones do not weigh more.
        self.norm = nn.BatchNorm1d(width, momentum=None)
        self.hidden = nn.Linear(width, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        pairs, views, _ = x.shape
        hidden = torch.relu(self.hidden(self.norm(x.flatten(0, 1)))).unflatten(0, (pairs, views))
        logits: Tensor = self.out(hidden.mean(dim=1)).squeeze(-1)
        return logits


def train_head(inputs: Tensor, answers: Tensor, config: BenchmarkConfig) -> Head:
    """A head that has learned `answers` (pairs,), 0 or 1, from `inputs` (pairs, views, width); set to evaluation.

    It is a function of these and of the seed; torch's own generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = Head(inputs.shape[-1], config.head_hidden)
        optimizer = torch.optim.AdamW(
            head.parameters(), lr=config.head_learning_rate, weight_decay=config.head_weight_decay
        )
        batches = -(-len(inputs) // config.head_batch)
        for _ in range(config.head_epochs):
            for rows in torch.randperm(len(inputs)).tensor_split(batches):  # of sizes alike: none of a single pair
                loss = functional.binary_cross_entropy_with_logits(head(inputs[rows]), answers[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return head.eval()
