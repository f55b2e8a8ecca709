"""Shards written anew: other codecs, another size, other splits, a part of the clips, another order."""

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from yt360_tools.errors import ShardError, UsageError
from yt360_tools.shards.copying import Recoding, recoded
from yt360_tools.shards.history import happened
from yt360_tools.shards.opening import read_contents
from yt360_tools.shards.reader import ShardSet
from yt360_tools.shards.schema import ShardHeader
from yt360_tools.shards.writer import ShardWriter


@dataclass(frozen=True)
class Repacking:
    """What is taken, and how it is laid down.

    Attributes:
        recoding: how pictures and sounds are encoded.
        shard_mb: a shard is closed before a clip with which it would hold more megabytes, of the clips as they were
            stored.
        splits: of these splits alone; empty of all.
        ids: of the videos and clips that are taken; None of all.
        new_splits: other splits, by video id; videos that are not named keep theirs.
        shuffle: the seed of another order within each split; None keeps the order.
    """

    recoding: Recoding = field(default_factory=Recoding)
    shard_mb: float = 96.0
    splits: tuple[str, ...] = ()
    ids: frozenset[str] | None = None
    new_splits: Mapping[str, str] = field(default_factory=dict)
    shuffle: int | None = None


@dataclass(frozen=True)
class PlannedShard:
    """A shard to be written: its name, and its clips' ids in order."""

    name: str
    split: str
    clip_ids: tuple[str, ...]


def plan_repacking(shards: ShardSet, how: Repacking) -> list[PlannedShard]:
    """The shards to be written, in order.

    Raises:
        UsageError: nothing is left, or an id that is asked for is in no shard.
        ShardError: a shard is damaged.
    """
    _require_known(how.ids or (), shards)
    chosen: dict[str, list[tuple[str, float]]] = {}
    for clip_id, (path, entry) in shards.index.items():
        if how.ids is not None and not {clip_id, entry.video_id} & how.ids:
            continue
        split = shards.contents(path).header.split
        if how.splits and split not in how.splits:
            continue
        size = sum(at.nbytes for at in shards.clip(clip_id).record.datasets.values())
        chosen.setdefault(how.new_splits.get(entry.video_id, split), []).append((clip_id, size))
    if not chosen:
        raise UsageError("no clip is left of what is asked for")
    return [planned for split in sorted(chosen) for planned in _shards_of(split, chosen[split], how)]


def write_planned(
    shards: ShardSet,
    planned: PlannedShard,
    how: Repacking,
    folder: Path,
    on_clip: Callable[[], object] = lambda: None,
) -> bool:
    """Write one of the planned shards; returns whether it had to be, and was not there already.

    Raises:
        ShardError: a clip is damaged, or cannot be encoded so; or another shard has the name already.
        OSError: the disk fails; no file bears the shard's name then.
    """
    target, plan = folder / planned.name, _digest(shards, planned, how)
    if target.exists():
        if read_contents(target)[0].header.history[-1:] and _plan_of(target) == plan:
            return False
        raise ShardError(f"{target} is there already, and is another shard; name another folder")
    with ShardWriter(target, _header(shards, planned, plan)) as writer:
        for clip_id in planned.clip_ids:
            clip = shards.clip(clip_id)
            try:
                datasets, attributes = recoded(clip, how.recoding)
            except ValueError as error:
                raise ShardError(f"{clip.path}: clip {clip_id!r}: {error}") from error
            attributes[""]["split"] = planned.split
            writer.add_laid_out(datasets, attributes)
            on_clip()
        writer.publish()
    return True


def _shards_of(split: str, clips: list[tuple[str, float]], how: Repacking) -> Iterator[PlannedShard]:
    if how.shuffle is not None:
        clips = sorted(clips)
        random.Random(f"{how.shuffle} {split}").shuffle(clips)
    number, filled = -1, float("inf")
    placed = []
    for clip_id, size in clips:
        if filled + size > how.shard_mb * 1e6:
            number, filled = number + 1, 0.0
        filled += size
        placed.append((number, clip_id))
    for number, of in groupby(placed, key=lambda one: one[0]):
        yield PlannedShard(f"{split}-{number:05d}.h5", split, tuple(clip_id for _, clip_id in of))


def _header(shards: ShardSet, planned: PlannedShard, plan: str) -> ShardHeader:
    """Of the first clip's shard, with its history; others that went in are named."""
    sources = dict.fromkeys(shards.index[clip_id][0] for clip_id in planned.clip_ids)
    headers = [shards.contents(path).header for path in sources]
    configs = [header.config for header in headers]
    others = [config for config in configs[1:] if config != configs[0]]
    note = happened("repack", plan=plan, sources=[path.name for path in sources], other_configs=others)
    return dataclasses.replace(headers[0], split=planned.split, history=(*headers[0].history, note))


def _digest(shards: ShardSet, planned: PlannedShard, how: Repacking) -> str:
    """Tells one content from another: of what, in which order, encoded how."""
    facts: list[Any] = [planned.name, dataclasses.asdict(how.recoding)]
    facts += [(clip_id, shards.clip(clip_id).content_sha256) for clip_id in planned.clip_ids]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _plan_of(target: Path) -> str:
    return str(read_contents(target)[0].header.history[-1].get("plan", ""))


def _require_known(ids: Collection[str], shards: ShardSet) -> None:
    known = set(shards.index) | {entry.video_id for _, entry in shards.index.values()}
    missing = sorted(set(ids) - known)
    if missing:
        raise UsageError(f"{len(missing)} ids are of no clip and no video in the shards, {missing[0]!r} the first")
