"""The head learns what the embeddings tell and nothing else; its score is what counting by hand gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from avsa_models.benchmarks.frozen import PairEmbeddings
from avsa_models.benchmarks.head import Head, train_head
from avsa_models.benchmarks.measure import score_head
from avsa_models.config import BenchmarkConfig

CONFIG = BenchmarkConfig(head_epochs=20, head_hidden=32)


def told(pairs: int, *, strength: float, seed: int, width: int = 12) -> tuple[Tensor, Tensor]:
    """Inputs (pairs, 4, width) of noise, one dimension of which tells the answer as clearly as `strength`."""
    generator = torch.Generator().manual_seed(seed)
    answers = torch.tensor([1.0, 0.0]).repeat(pairs // 2)
    inputs = torch.randn(pairs, 4, width, generator=generator)
    inputs[:, :, 3] += strength * (2 * answers[:, None] - 1)
    return 1e-2 * inputs, answers


def videos(pairs: int) -> list[int]:
    return [number // 10 for number in range(pairs)]


def test_it_learns_what_is_told() -> None:
    score = score_head(told(600, strength=3, seed=0), told(300, strength=3, seed=1), videos(300), CONFIG)
    assert score.accuracy > 0.97
    assert score.auroc > 0.99
    assert score.interval[0] > 0.9


def test_it_is_at_chance_when_nothing_is_told() -> None:
    score = score_head(told(600, strength=0, seed=0), told(300, strength=0, seed=1), videos(300), CONFIG)
    low, high = score.interval
    assert low <= 0.5 <= high
    assert score.auroc == pytest.approx(0.5, abs=0.1)


def test_accuracy_and_auroc_are_what_counting_gives() -> None:
    learned, answered = told(200, strength=0.4, seed=0), told(100, strength=0.4, seed=1)
    score = score_head(learned, answered, videos(100), CONFIG)
    certainty = train_head(*learned, CONFIG)(answered[0]).sigmoid().tolist()
    truth = answered[1].tolist()
    right = [(one > 0.5) == (answer == 1) for one, answer in zip(certainty, truth, strict=True)]
    aligned = [one for one, answer in zip(certainty, truth, strict=True) if answer == 1]
    others = [one for one, answer in zip(certainty, truth, strict=True) if answer == 0]
    in_order = [(one > other) + 0.5 * (one == other) for one in aligned for other in others]
    assert 0.5 < score.accuracy < 1
    assert score.accuracy == pytest.approx(np.mean(right))
    assert score.auroc == pytest.approx(np.mean(in_order))
    assert score.interval[0] < score.accuracy < score.interval[1]


def test_it_is_the_same_each_time_and_leaves_torch_as_it_was() -> None:
    learned = told(100, strength=1, seed=0)
    torch.manual_seed(9)
    before = torch.get_rng_state()
    one = train_head(*learned, CONFIG)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(10)
    other = train_head(*learned, CONFIG)
    for first, second in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(first, second)
    elsewhere = train_head(*learned, replace(CONFIG, seed=1))
    assert not torch.equal(one.out.weight, elsewhere.out.weight)


@pytest.mark.parametrize("pairs", [2, 4, 6])
def test_no_batch_is_of_a_single_pair(pairs: int) -> None:
    inputs, answers = told(pairs, strength=1, seed=0)
    train_head(inputs[:, :1], answers, replace(CONFIG, head_batch=3))


def test_the_order_of_the_views_tells_nothing() -> None:
    head = Head(12, 8).eval()
    inputs, _ = told(6, strength=1, seed=0)
    torch.testing.assert_close(head(inputs[:, [2, 0, 3, 1]]), head(inputs))


class TestInputs:
    moments, views, width = 3, 2, 5

    @pytest.fixture
    def embedded(self) -> PairEmbeddings:
        generator = torch.Generator().manual_seed(0)
        of_picture, of_sound = (3, 2, 5), (3, 2, 2, 5)
        return PairEmbeddings(
            *(torch.randn(shape, generator=generator) for shape in (of_picture,) * 2 + (of_sound,) * 2)
        )

    def test_a_picture_stands_first_with_its_own_sound_then_with_a_false_one(self, embedded: PairEmbeddings) -> None:
        assert embedded.is_aligned.tolist() == [1, 0, 1, 0, 1, 0]
        for moment in range(3):
            for sound in range(2):
                pair = 2 * moment + sound
                video, predicted_audio = embedded.video[moment], embedded.predicted_audio[moment]
                audio, predicted_video = embedded.audio[moment, sound], embedded.predicted_video[moment, sound]
                fits = torch.cat([predicted_audio * audio, video * predicted_video, video * audio], dim=1)
                assert torch.equal(embedded.joint[pair], fits)
                assert torch.equal(embedded.sound_alone[pair], torch.cat([audio, predicted_video], dim=1))
                assert torch.equal(embedded.picture_alone[pair], torch.cat([video, predicted_audio], dim=1))
