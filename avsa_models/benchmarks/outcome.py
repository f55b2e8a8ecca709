"""What a benchmark found: how often the heads were right, how sure that is, and what it depends on."""

from dataclasses import dataclass
from typing import Any

CHANCE = 0.5
"""Half of the pairs are aligned."""


@dataclass(frozen=True)
class Score:
    """How often a head was right.

    Attributes:
        accuracy: the share of the pairs, 0 to 1.
        interval: of the accuracy: 95 % of what other videos of the same kind would give, see `accuracy_interval`.
        auroc: the share of aligned and misaligned pairs that the head's certainty sets in the right order.
    """

    accuracy: float
    interval: tuple[float, float]
    auroc: float


@dataclass(frozen=True)
class Outcome:
    """A benchmark's outcome.

    Attributes:
        benchmark: one of `BENCHMARK_NAMES`.
        question: what it asks.
        joint: of the head that is given how picture and sound fit.
        sound_alone: of one that is given nothing of the picture. Above chance, the task has a leak.
        picture_alone: of one that is given nothing of the sound.
        pairs: that were answered; half of them aligned.
        videos: that they are of.
        depends_on: what all this is a function of: checkpoint, shards, configuration, views, libraries' versions.
        leaked_video_ids: test videos that were trained on.
        warnings: what the reader of the numbers should know.
    """

    benchmark: str
    question: str
    joint: Score
    sound_alone: Score
    picture_alone: Score
    pairs: int
    videos: int
    depends_on: dict[str, Any]
    leaked_video_ids: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "benchmark": self.benchmark,
            "question": self.question,
            **_plain(self.joint),
            "chance": CHANCE,
            "controls": {"sound_alone": _plain(self.sound_alone), "picture_alone": _plain(self.picture_alone)},
            "pairs": self.pairs,
            "videos": self.videos,
            **self.depends_on,
            "leaked_video_ids": list(self.leaked_video_ids),
            "warnings": list(self.warnings),
        }


def _plain(score: Score) -> dict[str, Any]:
    low, high = (round(value, 6) for value in score.interval)
    return {"accuracy": round(score.accuracy, 6), "interval": [low, high], "auroc": round(score.auroc, 6)}
