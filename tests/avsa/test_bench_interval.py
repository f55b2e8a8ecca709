"""The interval holds the truth about as often as it says, because a video is drawn with all of its pairs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from avsa_models.benchmarks.interval import accuracy_interval

VIDEOS, PAIRS_A_VIDEO, SETS = 40, 12, 200
TRUTH = 0.65


def simulated(seed: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Answers for videos some of which are easy and some hard, 65 % right over all videos there could be."""
    rng = np.random.default_rng([77, seed])
    easiness = rng.beta(6.5 / 4, 3.5 / 4, VIDEOS)
    video = np.repeat(rng.permutation(VIDEOS), PAIRS_A_VIDEO)
    return rng.random(len(video)) < easiness[video], video


def share_that_hold_the_truth(*, by_video: bool) -> float:
    held = 0
    for seed in range(SETS):
        correct, video = simulated(seed)
        low, high = accuracy_interval(correct, video if by_video else np.arange(len(video)), seed=seed)
        held += low <= TRUTH <= high
    return held / SETS


def test_it_holds_the_truth_about_19_times_in_20() -> None:
    assert 0.90 <= share_that_hold_the_truth(by_video=True) <= 0.985


def test_pairs_drawn_one_by_one_would_promise_too_much() -> None:
    """So the test above can tell."""
    assert share_that_hold_the_truth(by_video=False) < 0.8


def test_it_is_what_a_slow_bootstrap_gives_for_videos_of_any_number_of_pairs() -> None:
    rng = np.random.default_rng(3)
    video = rng.integers(0, 15, 130) * 7
    correct = rng.random(130) < np.where(video > 50, 0.9, 0.4)
    names = np.unique(video)
    accuracies = []
    for _ in range(4000):
        answers = [correct[video == name] for name in rng.choice(names, len(names))]
        accuracies.append(np.concatenate(answers).mean())
    expected = np.quantile(accuracies, [0.025, 0.975])
    np.testing.assert_allclose(accuracy_interval(correct, video.tolist(), seed=0), expected, atol=0.015)


def test_it_is_the_same_each_time_and_depends_on_the_seed() -> None:
    correct, video = simulated(0)
    first, again, other = (accuracy_interval(correct, video, seed=seed) for seed in (5, 5, 6))
    assert first == again != other
    assert other == pytest.approx(first, abs=0.02)


def test_one_video_gives_a_point() -> None:
    assert accuracy_interval(np.array([True, False, True, True]), [4] * 4, seed=0) == (0.75, 0.75)
