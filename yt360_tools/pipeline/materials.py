"""Reading what the rule of windows looks at: from a video's files to its `Material`, of many videos at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from yt360_tools.config import SegmentConfig
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.pipeline.executors import process_pool, stop_workers
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.validate import STAGE as VALIDATE
from yt360_tools.pipeline.windows import HOP_S, Material
from yt360_tools.records import VideoRecord

Spans = tuple[tuple[float, float, str], ...]
"""From, to (seconds on the source's clock) and the word for what was found there."""


@dataclass(frozen=True)
class Unread:
    """A video of which nothing can be said, and why.

    Attributes:
        is_final: whether it is the data's fault; the same may heal otherwise.
    """

    video_id: str
    reason: str
    detail: str
    is_final: bool


def marked_spans(data: Mapping[str, Any]) -> Spans:
    """The spans that validation has marked in what it laid down of a video; none in an old ledger."""
    return tuple((float(from_s), float(to_s), str(word)) for from_s, to_s, word in data.get("unusable_spans") or ())


def spans_by_video(ledger: Ledger) -> dict[str, Spans]:
    """The marked spans of every video that serves."""
    entries = ledger.entries(VALIDATE).items()
    return {video_id: marked_spans(entry.data) for video_id, entry in entries if entry.state == "done"}


def read_material(video: VideoRecord, marked: Spans, root: Path, config: SegmentConfig) -> Material:
    """What the rule looks at of one video; the sound is decoded once, and the picture where cuts are asked for.

    Raises:
        MediaError: a file cannot be read.
        TransientError: ``missing_media``.
        EnvironmentMissing: cuts are asked for, and PySceneDetect is not installed.
    """
    from yt360_tools.media.scene_cuts import scene_cuts
    from yt360_tools.media.sound import read_envelope

    if not (root / video.audio_path).is_file():
        raise TransientError("missing_media", f"{root / video.audio_path} is gone; 'yt360 download' fetches it again")
    levels_start_s, levels = read_envelope(root / video.audio_path, hop_s=HOP_S, channel=video.channel_map[0])
    cuts_s = scene_cuts(root / video.video_path, config.scene_threshold) if config.scene_cuts else ()
    gain = abs(video.channel_gains[0])
    is_bad = np.isnan(levels)
    bad_s = levels_start_s + HOP_S * np.flatnonzero(is_bad)
    marked += tuple((float(from_s), float(from_s + HOP_S), "bad_samples") for from_s in bad_s)
    levels = np.where(is_bad, 0.0, levels)
    return Material(video.video_id, video.start_s, video.end_s, levels_start_s, levels * gain, marked, cuts_s)


def read_materials(
    videos: Sequence[VideoRecord],
    spans: Mapping[str, Spans],
    root: Path,
    config: SegmentConfig,
    *,
    workers: int,
    on_read: Callable[[], object] = lambda: None,
) -> tuple[tuple[Material, ...], tuple[Unread, ...]]:
    """The materials of videos, in their order, and the videos that cannot be read: none of them stops the others.

    Args:
        on_read: called whenever one video has ended.
    """
    read = {video.video_id: partial(_material_or_why, video, spans.get(video.video_id, ()), root, config)
            for video in videos}  # fmt: skip
    found: dict[str, Material | Unread] = {}
    for video_id, seen in _in_workers(read, workers):
        found[video_id] = seen
        on_read()
    ordered = [found[video.video_id] for video in videos]
    return (
        tuple(one for one in ordered if isinstance(one, Material)),
        tuple(one for one in ordered if isinstance(one, Unread)),
    )


_Read = Callable[[], Material | Unread]


def _in_workers(read: Mapping[str, _Read], workers: int) -> Iterator[tuple[str, Material | Unread]]:
    """What each call gives, as they end; where a worker dies, those it left are tried again, each in one of its own."""
    left = dict(read)
    try:
        if len(read) > 1:
            with process_pool(min(workers, len(read))) as pool:
                for video_id, seen in _all_of(left, pool):
                    del left[video_id]
                    yield video_id, seen
        for video_id, call in left.items():
            with process_pool(1) as pool:
                alone = dict(_all_of({video_id: call}, pool))
            died = Unread(video_id, "worker_died", f"{video_id}: the worker died while listening to it", False)
            yield video_id, alone.get(video_id, died)
    except BaseException:
        stop_workers()
        raise


def _all_of(calls: Mapping[str, _Read], pool: Executor) -> Iterator[tuple[str, Material | Unread]]:
    """What the calls give as they end, until a worker dies."""
    try:
        waiting = {pool.submit(call): video_id for video_id, call in calls.items()}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    except BrokenExecutor:
        return


def _material_or_why(video: VideoRecord, marked: Spans, root: Path, config: SegmentConfig) -> Material | Unread:
    path = root / video.audio_path
    try:
        return read_material(video, marked, root, config)
    except (MediaError, TransientError) as error:
        return Unread(video.video_id, error.reason, f"{video.video_id}: {error}", isinstance(error, MediaError))
    except OSError as error:
        failed = TransientError.of_disk(error, path)
        return Unread(video.video_id, failed.reason, f"{video.video_id}: {failed}", False)
