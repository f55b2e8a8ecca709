"""How far a measured accuracy is to be trusted, given that pairs of one video stand or fall together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DRAWS = 2000
_BLOCK = 200
"""Draws held in memory at a time."""


def accuracy_interval(
    correct: NDArray[np.bool_], video: Sequence[int], *, seed: int, share: float = 0.95
) -> tuple[float, float]:
    """The interval that holds `share` of the accuracies of videos drawn anew, with replacement (Efron's percentiles).

    Args:
        correct: (pairs,), which were answered rightly.
        video: for each pair, its video; a video is drawn with all of its pairs.
        seed: of the draws.
    """
    _, video_of_pair = np.unique(np.asarray(video), return_inverse=True)
    pairs = np.bincount(video_of_pair)
    right = np.bincount(video_of_pair, weights=correct)
    rng = np.random.default_rng(seed)
    accuracies = []
    for _ in range(_DRAWS // _BLOCK):
        drawn = rng.integers(len(pairs), size=(_BLOCK, len(pairs)))
        accuracies.append(right[drawn].sum(axis=1) / pairs[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(accuracies), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
