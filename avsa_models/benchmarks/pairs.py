"""Moments of which the true sound and a false one are heard: the same for every model, and on every machine.

Each picture stands in two pairs, with its true sound and with a false one, heard through the same viewpoints.
So whoever only sees must give both the same answer and is right in one of two, by construction. Each sound, too, is
heard alike in two pairs, once true and once false.
"""

import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avsa_models.config import DRAWN_VIEWS, BenchmarkConfig, Config
from avsa_models.dataset import Moment, MomentConfig, PanoramaClips, draw_start
from avsa_models.features import FeatureConfig, mel_covariance, view_features
from avsa_models.views import Viewpoint, cut_crops, draw_viewpoints
from yt360_tools.ambisonics import channel_matrix
from yt360_tools.geometry import rotation_z


@dataclass(frozen=True)
class FalseSound:
    """What is heard instead of the truth.

    Attributes:
        clip_index: the clip that it is taken from.
        audio_start_s: from where in that clip, in seconds.
        turn_deg: how far it is turned about the vertical, counter-clockwise seen from above.
    """

    clip_index: int
    audio_start_s: float
    turn_deg: float


@dataclass(frozen=True)
class PlannedPair:
    """What a picture and its two sounds are, before any of them is read."""

    clip_index: int
    moment: Moment
    viewpoints: tuple[Viewpoint, ...]
    false: FalseSound


@dataclass(frozen=True)
class SoundPair:
    """One picture and two sounds.

    Attributes:
        video: uint8 (views, frames, size, size, 3), RGB.
        aligned: float32 (views, channels, steps, mels), the true sound.
        misaligned: the false one through the same viewpoints, of the same shape.
    """

    video: NDArray[np.uint8]
    aligned: NDArray[np.float32]
    misaligned: NDArray[np.float32]


class SoundPairs(ABC):
    """The pairs of one split, two of each picture, `moments` pictures of each chosen clip; a sequence by picture.

    Number `index` is moment ``index % moments`` of clip ``chosen[index // moments]``. What is drawn for it depends on
    the benchmark, its seed, the clip's place in the split and the moment's number: not on the model or the reader.
    """

    name: str
    """The benchmark's name on the command line."""

    question: str
    """What is asked."""

    chosen: tuple[int, ...]
    """The clips that are asked about, at most `most_clips` of the split's."""

    def __init__(self, clips: PanoramaClips, config: Config, *, most_clips: int, moments: int, views: int) -> None:
        self.clips, self.moments = clips, moments
        self.benchmark: BenchmarkConfig = config.benchmark
        self.chosen = spread_clips(clips.video_of_clip, most_clips, self._rng(0))
        self._moment: MomentConfig = config.moment
        self._features: FeatureConfig = config.features
        self._views, self._drawn = views, config.benchmark.views(config.views.size)

    def __len__(self) -> int:
        return len(self.chosen) * self.moments

    @property
    def video_of_pair(self) -> tuple[int, ...]:
        """Which of the split's videos each pair is of, a picture's two pairs after each other."""
        videos = [self.clips.video_of_clip[index] for index in self.chosen]
        return tuple(video for video in videos for _ in range(2 * self.moments))

    @abstractmethod
    def false_sound(self, clip_index: int, number: int, moment: Moment, rng: np.random.Generator) -> FalseSound:
        """What is heard instead at moment `number` of a clip; `rng` goes on from what was drawn for the picture."""

    def moment(self, clip_index: int, number: int) -> Moment:
        """When moment `number` of a clip is."""
        return self._draw_moment(self._rng(clip_index, number), clip_index)

    def plan(self, index: int) -> PlannedPair:
        """What picture and sounds are read for a pair."""
        place, number = divmod(index, self.moments)
        clip_index = self.chosen[place]
        rng = self._rng(clip_index, number)
        moment = self._draw_moment(rng, clip_index)
        viewpoints = draw_viewpoints(rng, self._drawn, DRAWN_VIEWS)[: self._views]
        return PlannedPair(clip_index, moment, viewpoints, self.false_sound(clip_index, number, moment, rng))

    def __getitem__(self, index: int) -> SoundPair:
        plan = self.plan(index)
        frames = self.clips.frames(plan.clip_index, plan.moment.video_start_s)
        true = self._covariance(plan.clip_index, plan.moment.audio_start_s)
        is_same_sound = (plan.false.clip_index, plan.false.audio_start_s) == (
            plan.clip_index,
            plan.moment.audio_start_s,
        )
        other = true if is_same_sound else self._covariance(plan.false.clip_index, plan.false.audio_start_s)
        mixings = [viewpoint.channel_matrix for viewpoint in plan.viewpoints]
        return SoundPair(
            video=cut_crops(frames, plan.viewpoints),
            aligned=view_features(true, mixings, self._features),
            misaligned=view_features(other, turned_first(mixings, plan.false.turn_deg), self._features),
        )

    def _rng(self, *place: int) -> np.random.Generator:
        key = (zlib.crc32(f"{self.name} {self.clips.split}".encode()), *place)
        return np.random.default_rng(np.random.SeedSequence(self.benchmark.seed, spawn_key=key))

    def _draw_moment(self, rng: np.random.Generator, clip_index: int) -> Moment:
        """What is seen lies in the middle of what is heard, or the other way round."""
        config = self._moment
        start_s = draw_start(rng, self.clips.clips[clip_index].duration_s, config)
        middle_s = start_s + config.span_s / 2
        return Moment(middle_s - config.video_s / 2, middle_s - config.audio_s / 2)

    def _covariance(self, clip_index: int, start_s: float) -> NDArray[np.float32]:
        return mel_covariance(self.clips.sound(clip_index, start_s), self._features, self.clips.sample_rate_hz)


def spread_clips(video_of_clip: Sequence[int], most: int, rng: np.random.Generator) -> tuple[int, ...]:
    """At most so many clips, in their order: chosen at random, a second one of a video after one of each, and so on."""
    if most >= len(video_of_clip):
        return tuple(range(len(video_of_clip)))
    mixed = rng.permutation(len(video_of_clip))
    turns, seen = [], Counter[int]()
    for index in mixed.tolist():
        turns.append(seen[video_of_clip[index]])
        seen[video_of_clip[index]] += 1
    order = np.lexsort((rng.random(len(mixed)), np.asarray(turns)))
    return tuple(sorted(mixed[order][:most].tolist()))


def turned_first(mixings: Sequence[NDArray[np.float64]], turn_deg: float) -> list[NDArray[np.float64]]:
    """What becomes of W, Y, Z, X when the scene is turned about the vertical before it is turned to each view."""
    turn = channel_matrix(rotation_z(np.radians(turn_deg)))
    return [mixing @ turn for mixing in mixings]
