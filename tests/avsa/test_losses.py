"""InfoNCE against the formula written out in loops, and against what guessing gives."""

import math

import pytest
import torch
from torch import Tensor

from avsa_models.config import NEGATIVES
from avsa_models.losses import info_nce
from avsa_models.nets.alignment import AlignmentModel
from avsa_models.nets.config import NetConfig
from avsa_models.pretrain import chance_accuracy

ALL_DIFFERENT = [0, 1, 2, 3, 4]
SOME_ALIKE = [0, 1, 0, 2, 1]
ALL_ALIKE = [0, 0, 0, 0, 0]


def embeddings(batch: int, views: int, *, seed: int, dimensions: int = 6) -> Tensor:
    """Of lengths from about 0.1 to 10."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(batch, views, dimensions, generator=generator)
    return directions * 10 ** (2 * torch.rand(batch, views, 1, generator=generator) - 1)


def cosine(one: Tensor, other: Tensor) -> float:
    dot = sum(a * b for a, b in zip(one.tolist(), other.tolist(), strict=True))
    return dot / math.sqrt(sum(a * a for a in one.tolist()) * sum(b * b for b in other.tolist()))


def slow_info_nce(
    predicted: Tensor, target: Tensor, video: list[int], negatives: str, temperature: float
) -> tuple[float, float]:
    """The loss and the accuracy, query by query."""
    batch, views, _ = predicted.shape
    losses, won = [], []
    for i in range(batch):
        for v in range(views):
            positive = cosine(predicted[i, v], target[i, v]) / temperature
            others = []
            if "easy" in negatives:
                others += [(j, v) for j in range(batch) if video[j] != video[i]]
            if "hard" in negatives:
                others += [(i, w) for w in range(views) if w != v]
            scores = [cosine(predicted[i, v], target[j, w]) / temperature for j, w in others]
            losses.append(math.log(sum(math.exp(score) for score in [positive, *scores])) - positive)
            won.append(all(positive > score for score in scores))
    return sum(losses) / len(losses), sum(won) / len(won)


@pytest.mark.parametrize("video", [ALL_DIFFERENT, SOME_ALIKE, ALL_ALIKE], ids=["different", "some_alike", "all_alike"])
@pytest.mark.parametrize("negatives", NEGATIVES)
@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_is_the_formula_in_loops(negatives: str, video: list[int], temperature: float) -> None:
    predicted, target = embeddings(5, 3, seed=1), embeddings(5, 3, seed=2)
    found = info_nce(predicted, target, torch.tensor(video), negatives=negatives, temperature=temperature)
    loss, accuracy = slow_info_nce(predicted, target, video, negatives, temperature)
    assert found.loss.item() == pytest.approx(loss, abs=2e-5)
    assert found.accuracy.item() == pytest.approx(accuracy, abs=1e-6)


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_pulls_the_positive_near_and_pushes_negatives_away(negatives: str) -> None:
    predicted, target = (embeddings(4, 3, seed=seed).requires_grad_() for seed in (3, 4))
    video = torch.tensor([0, 1, 1, 2])
    for _ in range(200):
        contrast = info_nce(predicted, target, video, negatives=negatives, temperature=0.2)
        gradients = torch.autograd.grad(contrast.loss, [predicted, target])
        assert all(gradient.norm(dim=-1).min() > 0 for gradient in gradients)
        with torch.no_grad():
            for values, gradient in zip((predicted, target), gradients, strict=True):
                values -= 2 * gradient * values.norm(dim=-1, keepdim=True) ** 2
    assert contrast.accuracy.item() == 1
    assert contrast.loss.item() < 0.2


def test_samples_of_one_video_push_nothing_away() -> None:
    predicted, target = (embeddings(4, 1, seed=seed).requires_grad_() for seed in (3, 4))
    contrast = info_nce(predicted, target, torch.zeros(4, dtype=torch.int64), negatives="easy", temperature=0.1)
    assert contrast.loss.item() == pytest.approx(0, abs=1e-6)
    gradient = torch.autograd.grad(contrast.loss, predicted)[0]
    assert gradient.abs().max() < 1e-6


class TestChance:
    """What guessing gives, beside which an accuracy is told."""

    @pytest.mark.parametrize(
        ("video", "views", "negatives", "chance"),
        [
            ([0, 1, 2, 3], 1, "easy", 1 / 4),
            ([0, 1, 2, 3], 4, "easy", 1 / 4),
            ([0, 1, 2, 3], 4, "easy+hard", 1 / 7),
            ([0, 1, 2, 3], 4, "hard", 1 / 4),
            ([0, 0, 1], 1, "easy", (1 / 2 + 1 / 2 + 1 / 3) / 3),
            ([0, 0], 2, "easy+hard", 1 / 2),
        ],
    )
    def test_by_hand(self, video: list[int], views: int, negatives: str, chance: float) -> None:
        assert chance_accuracy(torch.tensor(video), views, negatives) == pytest.approx(chance)

    @pytest.mark.parametrize("negatives", NEGATIVES)
    def test_is_where_random_embeddings_are(self, negatives: str) -> None:
        video = torch.arange(400) // 2
        predicted, target = embeddings(400, 3, seed=5), embeddings(400, 3, seed=6)
        found = info_nce(predicted, target, video, negatives=negatives, temperature=0.1)
        chance = chance_accuracy(video, 3, negatives)
        deviation = math.sqrt(chance * (1 - chance) / (400 * 3))
        assert abs(found.accuracy.item() - chance) < 4 * deviation

    @pytest.mark.parametrize("negatives", NEGATIVES)
    def test_is_where_an_untrained_model_is(self, negatives: str) -> None:
        torch.manual_seed(0)
        model = AlignmentModel(NetConfig((4, 8), 1, (4, 8), 1, 0.0, 16), audio_channels=7)
        video = torch.arange(6)
        seen = []
        for _ in range(20):
            pictures = torch.randint(0, 256, (6, 4, 2, 16, 16, 3), dtype=torch.uint8)
            sounds = torch.randn(6, 4, 7, 20, 8)
            with torch.no_grad():
                made = model.embed(model.video_features(pictures), model.audio_features(sounds))
            for predicted, target in ((made.predicted_audio, made.audio), (made.predicted_video, made.video)):
                seen.append(info_nce(predicted, target, video, negatives=negatives, temperature=0.1).accuracy.item())
        chance = chance_accuracy(video, 4, negatives)
        # The queries of a batch are not independent: they share their negatives, and all are much alike.
        assert sum(seen) / len(seen) == pytest.approx(chance, abs=0.35 * chance)
