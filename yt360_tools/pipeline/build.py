"""The last stage: clips into shards.

Which clip goes into which shard is fixed in the ledger when the build is planned: in the manifest's order,
by estimated bytes. A task is a shard, and a shard appears whole or not at all.
"""

import csv
import os
import time
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from yt360_tools.config import BuildConfig, as_plain
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.provenance import Provenance, provenances
from yt360_tools.pipeline.runner import BUG
from yt360_tools.pipeline.segment import planned_windows
from yt360_tools.pipeline.validate import validated_videos
from yt360_tools.pipeline.views import check_view_options, parse_size
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipWindow, Outcome, VideoRecord
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, open_shards

STAGE = "build"

WORKER_DIED = "worker_died"
_DEATHS = 3

_BYTES_PER_PIXEL = {"jpeg": 0.35, "h264": 0.1, "raw": 3.0}
_BYTES_PER_SAMPLE = {"float32": 4, "int16": 2, "flac": 2}
"""Generous guesses, of JPEG for a quality of 90; only the size of shards depends on them."""


@dataclass(frozen=True)
class BuildTask:
    """Make one shard of clips, each with its video."""

    shard: str
    clips: tuple[tuple[ClipWindow, VideoRecord], ...]
    workspace: Workspace
    config: BuildConfig
    header: ShardHeader
    provenance: Mapping[str, Provenance] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.clips)

    def run(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            began_s = time.process_time()
            with ShardWriter(self.workspace.shards / self.shard, self.header) as writer:
                for window, made in self._rendered():
                    if isinstance(made, Exception):
                        outcomes.append(_outcome_of(window, made))
                        continue
                    content = writer.add(made)
                    ended_s = time.process_time()
                    cost = {"bytes": _stored_bytes(made), "cpu_s": round(ended_s - began_s, 3)}
                    outcomes.append(_built(window, self.shard, content, cost))
                    began_s = ended_s
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
            known = self.provenance.get(video.video_id)
            made = render_clips(video, windows, self.config, self.workspace.root, known)
            for pair in zip(windows, made, strict=True):
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
        rest = BuildTask(self.shard, left, self.workspace, self.config, self.header, self.provenance) if left else None
        return outcomes, rest


def _built(window: ClipWindow, shard: str, content: str, cost: Mapping[str, float] | None = None) -> Outcome:
    data = {"shard": shard, "content_sha256": content, "video_id": window.video_id, **(cost or {})}
    return _outcome(window, "done", data=data)


def _stored_bytes(clip: ClipContent) -> int:
    """Bytes that a clip's frames and sound take in a shard."""
    views = sum(view.beam.nbytes + view.frames.nbytes for view in clip.views)
    return int(clip.ambisonics.nbytes + views)


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
    manifest: Manifest,
    ledger: Ledger,
    workspace: Workspace,
    config: BuildConfig,
    tools: dict[str, str],
    *,
    growing: Collection[str] | None = None,
) -> list[BuildTask]:
    """The shards still to be made. New clips are given shards here, once and for good.

    A shard that is published is never touched again: what it lacks goes into a new one.

    Args:
        growing: where a manifest is built batch by batch, the splits of which more clips will come. The shard that
            the batch before has begun is filled on, and waits until it is full or no more comes. None: this is all.
    """
    videos, known = validated_videos(ledger), ledger.entries(STAGE)
    windows = {window.clip_id: window for window in planned_windows(manifest, ledger)}
    waiting = {
        clip_id: window for clip_id, window in windows.items() if clip_id not in known or not known[clip_id].is_final
    }
    plan = ledger.shard_plan()
    published = {shard for shard in set(plan.values()) if (workspace.shards / shard).exists()}
    homeless = [window for window in waiting.values() if plan.get(window.clip_id, "") in {"", *published}]
    begun = _begun_shards(plan, published) if growing is not None else {}
    filled = dict.fromkeys(begun, 0.0)
    views = check_view_options(config)
    for clip_id, shard in plan.items():
        if clip_id in windows and begun.get(windows[clip_id].split) == shard:
            filled[windows[clip_id].split] += estimated_bytes(windows[clip_id], config, views)
    new = assign_shards(homeless, set(plan.values()), config, filled)
    ledger.plan_shards(new)
    plan |= dict(new)
    held = unfilled_shards(plan, workspace, growing or ())
    by_shard: dict[str, list[ClipWindow]] = {}
    for clip_id, shard in plan.items():
        if clip_id in waiting and shard not in held:
            by_shard.setdefault(shard, []).append(waiting[clip_id])
    origins = provenances(ledger, (window.video_id for windows in by_shard.values() for window in windows))
    return [
        BuildTask(
            shard,
            tuple((window, videos[window.video_id]) for window in windows),
            workspace,
            config,
            ShardHeader(windows[0].split, as_plain(config), tools),
            {window.video_id: origins[window.video_id] for window in windows},
        )
        for shard, windows in by_shard.items()
    ]


def unfilled_shards(plan: Mapping[str, str], workspace: Workspace, growing: Collection[str]) -> set[str]:
    """The shards that wait for more clips: the last one of each growing split, until it is published."""
    last = last_numbers(set(plan.values()))
    shards = {shard_name(split, last[split]) for split in growing if split in last}
    return {shard for shard in shards if not (workspace.shards / shard).exists()}


def _begun_shards(plan: Mapping[str, str], published: set[str]) -> dict[str, str]:
    """By split, its last shard, unless that is published."""
    last = {split: shard_name(split, number) for split, number in last_numbers(set(plan.values())).items()}
    return {split: shard for split, shard in last.items() if shard not in published}


def shard_name(split: str, number: int) -> str:
    return f"{split}-{number:05d}.h5"


def last_numbers(shards: Iterable[str]) -> dict[str, int]:
    """By split, the greatest number of its shards."""
    numbers: dict[str, int] = {}
    for shard in shards:
        split, _, number = shard.removesuffix(".h5").rpartition("-")
        numbers[split] = max(numbers.get(split, -1), int(number))
    return numbers


def assign_shards(
    windows: Sequence[ClipWindow], taken: set[str], config: BuildConfig, begun: Mapping[str, float] | None = None
) -> list[tuple[str, str]]:
    """(clip_id, shard) for each window: shards of one split, filled in order up to about ``shard_mb``.

    Args:
        begun: by split, the bytes that its last shard holds, where that is to be filled on.
    """
    views = check_view_options(config)
    numbers = last_numbers(taken)
    assigned: list[tuple[str, str]] = []
    filled = dict(begun or {})
    for window in windows:
        size = estimated_bytes(window, config, views)
        if window.split not in filled or filled[window.split] + size > config.shard_mb * 1e6:
            numbers[window.split] = numbers.get(window.split, -1) + 1
            filled[window.split] = 0.0
        filled[window.split] += size
        assigned.append((window.clip_id, shard_name(window.split, numbers[window.split])))
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
    frames = window.duration_s * config.fps * width * height * _BYTES_PER_PIXEL[config.codec]
    sound = window.duration_s * config.sample_rate * _BYTES_PER_SAMPLE[config.sound_codec]
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
