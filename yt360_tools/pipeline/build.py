"""The last stage: clips into shards.

Which clip goes into which shard is fixed in the ledger when the build is planned: in the manifest's order,
by estimated bytes. A task is a shard, and a shard appears whole or not at all.
"""

import csv
import os
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from yt360_tools.config import BuildConfig, as_plain
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.runner import BUG
from yt360_tools.pipeline.segment import planned_windows
from yt360_tools.pipeline.validate import validated_videos
from yt360_tools.pipeline.views import check_view_options, parse_size
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipWindow, Outcome, VideoRecord
from yt360_tools.shards import ShardHeader, ShardWriter, open_shards

STAGE = "build"

WORKER_DIED = "worker_died"
_DEATHS = 3

_JPEG_BYTES_PER_PIXEL = 0.35
"""A generous guess for a quality of 90; only the size of shards depends on it."""


@dataclass(frozen=True)
class BuildTask:
    """Make one shard of clips, each with its video."""

    shard: str
    clips: tuple[tuple[ClipWindow, VideoRecord], ...]
    workspace: Workspace
    config: BuildConfig
    header: ShardHeader

    @property
    def size(self) -> int:
        return len(self.clips)

    def run(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            with ShardWriter(self.workspace.shards / self.shard, self.header) as writer:
                for window, made in self._rendered():
                    if isinstance(made, Exception):
                        outcomes.append(_outcome_of(window, made))
                        continue
                    content = writer.add(made)
                    outcomes.append(_built(window, self.shard, content))
                if writer.clip_ids:
                    writer.publish()
        except OSError as error:
            failure = TransientError.of_disk(error, self.workspace.shards / self.shard)
            return self.failed(failure.reason, str(failure))
        finally:
            self._marker.unlink(missing_ok=True)
        return outcomes

    def _rendered(self) -> Iterator[tuple[ClipWindow, Any]]:
        """Each window with its clip or error; the video at hand is noted, should it kill the worker."""
        from yt360_tools.pipeline.render import render_clips

        done = 0
        for video, pairs in groupby(self.clips, key=lambda clip: clip[1]):
            self._note(done, video.video_id)
            windows = [window for window, _ in pairs]
            for pair in zip(windows, render_clips(video, windows, self.config, self.workspace.root), strict=True):
                yield pair
                done += 1
                self._note(done, video.video_id)

    def _note(self, done: int, video_id: str) -> None:
        """Replaced, not rewritten: a worker may die at any moment, and the note must tell of it."""
        fresh = self._marker.with_suffix(".new")
        fresh.write_text(f"{done} {video_id}", encoding="utf-8")
        os.replace(fresh, self._marker)

    @property
    def _marker(self) -> Path:
        return self.workspace.shards / f".{self.shard}.at"

    def progress(self) -> int:
        return self._at()[0]

    def _at(self) -> tuple[int, str]:
        """How many clips are finished and the video at hand, as the worker last noted."""
        try:
            done, _, video_id = self._marker.read_text(encoding="utf-8").partition(" ")
            return int(done), video_id
        except (OSError, ValueError):
            return 0, ""

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [_outcome(window, "failed", reason, detail) for window, _ in self.clips]

    def after_death(self) -> tuple[list[Outcome], "BuildTask | None"]:
        _, blamed = self._at()
        self._marker.unlink(missing_ok=True)
        detail = f"the worker died while decoding {blamed or 'a video'}"
        guilty = [window for window, video in self.clips if not blamed or video.video_id == blamed]
        left = tuple((window, video) for window, video in self.clips if blamed and video.video_id != blamed)
        outcomes = [_outcome(window, "failed", WORKER_DIED, detail) for window in guilty]
        rest = BuildTask(self.shard, left, self.workspace, self.config, self.header) if left else None
        return outcomes, rest


def _built(window: ClipWindow, shard: str, content: str) -> Outcome:
    data = {"shard": shard, "content_sha256": content, "video_id": window.video_id}
    return _outcome(window, "done", data=data)


def _outcome_of(window: ClipWindow, error: Exception) -> Outcome:
    """What an error over one clip makes of it; the other clips of its shard go on."""
    if isinstance(error, MediaError):
        return _outcome(window, "rejected", error.reason, str(error))
    if isinstance(error, TransientError):
        return _outcome(window, "failed", error.reason, str(error))
    return _outcome(window, "failed", BUG, "".join(traceback.format_exception(error)))


def _outcome(
    window: ClipWindow, state: str, reason: str = "", detail: str = "", data: dict[str, Any] | None = None
) -> Outcome:
    return Outcome(window.clip_id, STAGE, state, reason, detail, data or {})


def plan_build(
    manifest: Manifest, ledger: Ledger, workspace: Workspace, config: BuildConfig, tools: dict[str, str]
) -> list[BuildTask]:
    """The shards still to be made. New clips are given shards here, once and for good.

    A shard that is published is never touched again: what it lacks goes into a new one.
    """
    videos, known = validated_videos(ledger), ledger.entries(STAGE)
    waiting = {
        window.clip_id: window
        for window in planned_windows(manifest, ledger)
        if window.clip_id not in known or not known[window.clip_id].is_final
    }
    plan = ledger.shard_plan()
    published = {shard for shard in set(plan.values()) if (workspace.shards / shard).exists()}
    homeless = [window for window in waiting.values() if plan.get(window.clip_id, "") in {"", *published}]
    new = assign_shards(homeless, set(plan.values()), config)
    ledger.plan_shards(new)
    by_shard: dict[str, list[ClipWindow]] = {}
    for clip_id, shard in {**plan, **dict(new)}.items():
        if clip_id in waiting:
            by_shard.setdefault(shard, []).append(waiting[clip_id])
    return [
        BuildTask(
            shard,
            tuple((window, videos[window.video_id]) for window in windows),
            workspace,
            config,
            ShardHeader(windows[0].split, as_plain(config), tools),
        )
        for shard, windows in by_shard.items()
    ]


def assign_shards(windows: Sequence[ClipWindow], taken: set[str], config: BuildConfig) -> list[tuple[str, str]]:
    """(clip_id, shard) for each window: shards of one split, filled in order up to about ``shard_mb``."""
    views = check_view_options(config)
    numbers: dict[str, int] = {}
    for shard in taken:
        split, _, number = shard.removesuffix(".h5").rpartition("-")
        numbers[split] = max(numbers.get(split, -1), int(number))
    assigned: list[tuple[str, str]] = []
    filled: dict[str, float] = {}
    for window in windows:
        size = estimated_bytes(window, config, views)
        if window.split not in filled or filled[window.split] + size > config.shard_mb * 1e6:
            numbers[window.split] = numbers.get(window.split, -1) + 1
            filled[window.split] = 0.0
        filled[window.split] += size
        assigned.append((window.clip_id, f"{window.split}-{numbers[window.split]:05d}.h5"))
    return assigned


def reject_deadly(ledger: Ledger) -> list[Outcome]:
    """Rejections of the clips over which a worker died at last, after `_DEATHS` attempts in vain.

    They would cost every run a worker.
    """
    deadly = [
        Outcome(item, STAGE, "rejected", "kills_decoder", f"{entry.detail}; attempt {entry.attempts} in vain")
        for item, entry in ledger.entries(STAGE).items()
        if entry.state == "failed" and entry.reason == WORKER_DIED and entry.attempts >= _DEATHS
    ]
    ledger.record(deadly)
    return deadly


def estimated_bytes(window: ClipWindow, config: BuildConfig, views: int) -> float:
    """What a clip of so many views will take in a shard, roughly."""
    width, height = (config.width, config.width // 2) if config.layout == "panorama" else parse_size(config.size)
    per_pixel = 3.0 if config.codec == "raw" else _JPEG_BYTES_PER_PIXEL
    frames = window.duration_s * config.fps * width * height * per_pixel
    sound = window.duration_s * config.sample_rate * 4
    return views * (frames + sound) + 4 * sound


def reconcile(ledger: Ledger, workspace: Workspace) -> None:
    """Make the ledger agree with the shards that are there.

    A shard that was published just before a run was killed is taken in; one that is gone is built again.
    """
    known = ledger.entries(STAGE)
    recorded = {clip_id: entry.data["shard"] for clip_id, entry in known.items() if entry.state == "done"}
    with_clips = set(recorded.values())
    shards = dict.fromkeys([*recorded.values(), *ledger.shard_plan().values()])
    there = {shard for shard in shards if (workspace.shards / shard).exists()}
    ledger.forget(STAGE, [clip_id for clip_id, shard in recorded.items() if shard not in there])
    for shard in shards:
        if shard in there and shard not in with_clips:
            with open_shards(workspace.shards / shard) as stored:
                ledger.record(_built(clip.window, shard, clip.content_sha256) for clip in stored)


def write_index(ledger: Ledger, workspace: Workspace) -> None:
    """``index.csv`` beside the shards: which clip stands in which shard."""
    rows = sorted(
        (clip_id, entry.data["shard"], entry.data["content_sha256"])
        for clip_id, entry in ledger.entries(STAGE).items()
        if entry.state == "done"
    )
    path = workspace.shards / "index.csv"
    temporary = path.with_name(".index.csv.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("clip_id", "shard", "content_sha256"), *rows])
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
