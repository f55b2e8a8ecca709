"""From panorama shards to samples: the pictures and the sound of K viewpoints over the same moment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avsa_models.features import FeatureConfig, draw_sounding_ray, mel_covariance, view_features
from avsa_models.views import ViewConfig, Viewpoint, cut_crops, draw_viewpoints
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.shards import ShardSet, StoredClip, StoredView, open_shards
from yt360_tools.shards.schema import set_sha256

_EDGE = 1e-6

_KEPT_CLIPS = 4096
"""Clips whose description a process keeps; they are forgotten together when there are more, and read again."""


@dataclass(frozen=True)
class MomentConfig:
    """How much of a clip a sample sees and hears.

    Attributes:
        frames: pictures.
        fps: pictures a second; `frames` / `fps` is the time that is seen.
        audio_s: the time that is heard. What is seen lies within it, or it within what is seen.
    """

    frames: int = 8
    fps: float = 16.0
    audio_s: float = 1.0

    @property
    def video_s(self) -> float:
        """Seconds that are seen."""
        return self.frames / self.fps

    @property
    def span_s(self) -> float:
        """Seconds of a clip that a sample needs."""
        return max(self.video_s, self.audio_s)


@dataclass(frozen=True)
class Moment:
    """Where in a clip a sample is taken, in seconds from the clip's start."""

    video_start_s: float
    audio_start_s: float


def draw_start(rng: np.random.Generator, duration_s: float, config: MomentConfig) -> float:
    """Where within a clip of `duration_s` the longer of seen and heard begins."""
    return float(rng.uniform(0, max(0.0, duration_s - config.span_s)))  # `_EDGE` lets through what rounding cut short


def draw_moment(rng: np.random.Generator, duration_s: float, config: MomentConfig) -> Moment:
    """A random moment within a clip of `duration_s`: the shorter of seen and heard lies anywhere within the longer."""
    start = draw_start(rng, duration_s, config)
    video = start + rng.uniform(0, config.span_s - config.video_s)
    audio = start + rng.uniform(0, config.span_s - config.audio_s)
    return Moment(float(video), float(audio))


@dataclass(frozen=True)
class Sample:
    """What the nets are given of one moment.

    Attributes:
        video: uint8 (views, frames, size, size, 3), RGB.
        audio: float32 (views, channels, steps, mels), see `features.view_features`.
        clip_index: which of the set's clips.
        video_index: which of the set's videos; clips of one video are no negatives for each other.
        viewpoints: where each view looks.
        moment: when.
    """

    video: NDArray[np.uint8]
    audio: NDArray[np.float32]
    clip_index: int
    video_index: int
    viewpoints: tuple[Viewpoint, ...]
    moment: Moment


@dataclass(frozen=True)
class ListedClip:
    """What is known of a clip before anything of it is read."""

    clip_id: str
    video_id: str
    split: str
    duration_s: float
    fps: float
    sample_rate_hz: int
    is_panorama: bool


@dataclass(frozen=True)
class Listing:
    """What shards hold, from one pass over them.

    Attributes:
        clips: of the splits that were asked for, sorted by id; of the others no picture nor sound was looked at.
        splits: all there are, sorted.
        content_hash: of all clips, whatever their split.
    """

    clips: tuple[ListedClip, ...]
    splits: tuple[str, ...]
    content_hash: str


def list_clips(shards: ShardSet, splits: Collection[str]) -> Listing:
    """What shards hold, with the clips of some splits.

    Raises:
        ShardError: a shard is damaged.
    """
    clips, found, content = [], set(), {}
    for clip in shards:
        found.add(clip.window.split)
        content[clip.clip_id] = clip.content_sha256
        if clip.window.split in splits:
            clips.append(_listed(clip))
    clips.sort(key=lambda clip: clip.clip_id)
    return Listing(tuple(clips), tuple(sorted(found)), set_sha256(content))


class PanoramaClips:
    """The clips of one split, in the order of their ids, ready to be sampled.

    It may be pickled, and a copy opens files of its own; `close` before another process is started.

    Args:
        listing: of these shards, with the clips of `split`.

    Attributes:
        clips: sorted by id.
        video_ids: sorted, each once.
        video_of_clip: for each clip, which of `video_ids` it belongs to.
        content_hash: of all clips of the shards, whatever their split.

    Raises:
        UsageError: no clip of that split, no panoramas, mixed rates, or clips shorter than a sample.
    """

    def __init__(self, shards: ShardSet, listing: Listing, split: str, moment: MomentConfig) -> None:
        chosen = [clip for clip in listing.clips if clip.split == split]
        where = _named(shards)
        if not chosen:
            found = ", ".join(listing.splits) or "none"
            raise UsageError(f"{where} hold no clip of the split {split!r}; the splits there: {found}")
        _require_panoramas(chosen, where)
        _require_one_rate(chosen, where)
        _require_length(chosen, moment)
        self.split, self.clips = split, tuple(chosen)
        self.video_ids = tuple(sorted({clip.video_id for clip in chosen}))
        place = {video_id: index for index, video_id in enumerate(self.video_ids)}
        self.video_of_clip = tuple(place[clip.video_id] for clip in chosen)
        self.fps, self.sample_rate_hz = chosen[0].fps, chosen[0].sample_rate_hz
        self.content_hash = listing.content_hash
        self._shards, self._moment = shards, moment
        self._opened: dict[int, tuple[StoredClip, StoredView]] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def close(self) -> None:
        """Close every file; they open again when something is asked for."""
        self._shards.close()

    def frames(self, clip_index: int, start_s: float) -> NDArray[np.uint8]:
        """The pictures (frames, height, width, 3) from `start_s` on, in seconds from the clip's start."""
        _, view = self._stored(clip_index)
        wanted = _frame_numbers(start_s, self.fps, self._moment, last=len(view) - 1)
        first = wanted[0]
        return view.frames[first : wanted[-1] + 1][[number - first for number in wanted]]

    def sound(self, clip_index: int, start_s: float) -> NDArray[np.float32]:
        """The ambisonics (4, samples) from `start_s` on, in seconds from the clip's start."""
        clip, _ = self._stored(clip_index)
        samples = round(self._moment.audio_s * self.sample_rate_hz)
        first = min(round(start_s * self.sample_rate_hz), clip.samples - samples)
        sound = clip.ambisonics_between(first, first + samples)
        if not np.isfinite(sound).all():
            raise ShardError(f"{clip.path}: the sound of clip {clip.clip_id!r} has samples that are no finite numbers")
        return sound

    def _stored(self, clip_index: int) -> tuple[StoredClip, StoredView]:
        if clip_index not in self._opened:
            if len(self._opened) == _KEPT_CLIPS:
                self._opened.clear()
            clip = self._shards.clip(self.clips[clip_index].clip_id)
            self._opened[clip_index] = clip, clip.views[0]
        return self._opened[clip_index]


def open_panoramas(where: Sequence[str | Path], split: str, moment: MomentConfig) -> PanoramaClips:
    """The clips of `split` in shards, folders of shards or workspaces; see `PanoramaClips` for what is refused.

    Raises:
        ShardError: a shard is damaged.
    """
    shards = open_shards(*where)
    return PanoramaClips(shards, list_clips(shards, (split,)), split, moment)


@dataclass(frozen=True)
class Parts:
    """What a sample is made of, before its views are cut and heard.

    Attributes:
        frames: uint8 (frames, height, width, 3), RGB, of the whole panorama.
        covariance: float32 (4, 4, steps, mels), see `features.mel_covariance`.
    """

    frames: NDArray[np.uint8]
    covariance: NDArray[np.float32]
    clip_index: int
    video_index: int
    viewpoints: tuple[Viewpoint, ...]
    moment: Moment


def draw_parts(
    clips: PanoramaClips,
    clip_index: int,
    rng: np.random.Generator,
    *,
    count: int,
    moment: MomentConfig,
    views: ViewConfig,
    features: FeatureConfig,
) -> Parts:
    """What one sample is made of: a function of clip, generator's state and configuration alone."""
    when = draw_moment(rng, clips.clips[clip_index].duration_s, moment)
    covariance = mel_covariance(clips.sound(clip_index, when.audio_start_s), features, clips.sample_rate_hz)
    sounding = draw_sounding_ray(covariance, *_seen_steps(when, moment, covariance.shape[2]), rng)
    viewpoints = draw_viewpoints(rng, views, count, sounding=sounding)
    frames = clips.frames(clip_index, when.video_start_s)
    return Parts(frames, covariance, clip_index, clips.video_of_clip[clip_index], viewpoints, when)


def draw_sample(
    clips: PanoramaClips,
    clip_index: int,
    rng: np.random.Generator,
    *,
    count: int,
    moment: MomentConfig,
    views: ViewConfig,
    features: FeatureConfig,
) -> Sample:
    """One sample, seen through `count` viewpoints: a function of clip, generator's state and configuration alone."""
    parts = draw_parts(clips, clip_index, rng, count=count, moment=moment, views=views, features=features)
    return Sample(
        video=cut_crops(parts.frames, parts.viewpoints),
        audio=view_features(parts.covariance, [one.channel_matrix for one in parts.viewpoints], features),
        clip_index=parts.clip_index,
        video_index=parts.video_index,
        viewpoints=parts.viewpoints,
        moment=parts.moment,
    )


def _seen_steps(when: Moment, moment: MomentConfig, steps: int) -> tuple[int, int]:
    """The first and last (exclusive) of a sound's `steps` while the pictures are seen; at least one."""
    start = (when.video_start_s - when.audio_start_s) / moment.audio_s * steps
    end = start + moment.video_s / moment.audio_s * steps
    first = int(np.clip(np.floor(start), 0, steps - 1))
    return first, int(np.clip(np.ceil(end), first + 1, steps))


def _frame_numbers(start_s: float, stored_fps: float, moment: MomentConfig, *, last: int) -> list[int]:
    """The last stored frame that is not after each wanted time."""
    times = start_s + np.arange(moment.frames) / moment.fps
    return [min(int(number), last) for number in np.floor(times * stored_fps + _EDGE)]


def _listed(clip: StoredClip) -> ListedClip:
    window = clip.window
    return ListedClip(
        window.clip_id,
        window.video_id,
        window.split,
        min(clip.samples / clip.sample_rate_hz, window.duration_s),
        clip.fps,
        clip.sample_rate_hz,
        len(clip.views) == 1 and clip.views[0].view.projection == "er",
    )


def _named(shards: ShardSet) -> str:
    folders = sorted({str(path.parent) for path in shards.paths})
    return f"the {len(shards.paths)} shards in {', '.join(folders)}"


def _require_panoramas(clips: Sequence[ListedClip], where: str) -> None:
    other = [clip.clip_id for clip in clips if not clip.is_panorama]
    if other:
        raise UsageError(
            f"{where} hold crops, not panoramas ({len(other)} clips, {other[0]!r} the first); views are cut from "
            "panoramas while training: 'yt360 rebuild MANIFEST --workspace W --layout panorama' builds them"
        )


def _require_one_rate(clips: Sequence[ListedClip], where: str) -> None:
    first = clips[0]
    for clip in clips:
        if (clip.fps, clip.sample_rate_hz) != (first.fps, first.sample_rate_hz):
            raise UsageError(
                f"{where} mix rates: {first.clip_id!r} has {first.fps:g} frames/s and {first.sample_rate_hz} Hz, "
                f"{clip.clip_id!r} has {clip.fps:g} frames/s and {clip.sample_rate_hz} Hz; build them alike "
                "(--fps, --sample-rate), or give folders of one kind"
            )


def _require_length(clips: Sequence[ListedClip], moment: MomentConfig) -> None:
    short = [clip for clip in clips if clip.duration_s + _EDGE < moment.span_s]
    if short:
        raise UsageError(
            f"{len(short)} clips are shorter than a sample of {moment.span_s:g} s, {short[0].clip_id!r} with "
            f"{short[0].duration_s:g} s the first; shorten moment.audio_s, or moment.frames over moment.fps"
        )
