"""Workspaces as a merge finds them: each with its rows, its options and its shards, and all of one dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.errors import ShardError, UsageError
from yt360_tools.pipeline import build
from yt360_tools.pipeline.ledger import Ledger, Row
from yt360_tools.pipeline.options import LASTING, with_younger_options
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.shards import open_shards


@dataclass(frozen=True)
class FoundShard:
    """A shard to take in.

    Attributes:
        path: its file.
        split: that of all its clips.
        clips: by clip id, the sha256 of the clip's content.
    """

    path: Path
    split: str
    clips: Mapping[str, str]


@dataclass(frozen=True)
class FoundWorkspace:
    """A workspace as it was found.

    Attributes:
        options: those that it was begun with, by section.
        rows: its ledger's outcomes, by stage and item.
        shards: in the order of their names.
    """

    workspace: Workspace
    options: dict[str, Any]
    rows: dict[tuple[str, str], Row]
    shards: tuple[FoundShard, ...]


def read_workspace(workspace: Workspace) -> FoundWorkspace:
    """A workspace's ledger and shards, the one held against the other.

    Raises:
        ShardError: a shard is damaged, missing, or not the one of its ledger.
    """
    ledger = Ledger(workspace.ledger, read_only=True)
    try:
        options, rows, done = ledger.options(), ledger.rows(), ledger.entries(build.STAGE)
    finally:
        ledger.close()
    shards = tuple(_read_shard(path) for path in sorted(workspace.shards.glob("*.h5")) if path.name[0] != ".")
    there = {clip_id: (shard.path.name, content) for shard in shards for clip_id, content in shard.clips.items()}
    for clip_id, entry in done.items():
        if entry.state == "done" and there.get(clip_id) != (entry.data["shard"], entry.data["content_sha256"]):
            raise ShardError(
                f"clip {clip_id!r} is not in {workspace.shards / entry.data['shard']} as its workspace's ledger "
                "says; 'yt360 rebuild' there builds again what is missing"
            )
    return FoundWorkspace(workspace, options, rows, shards)


def _read_shard(path: Path) -> FoundShard:
    with open_shards(path) as stored:
        clips = {clip.clip_id: clip for clip in stored}
        contents = {clip_id: clip.content_sha256 for clip_id, clip in clips.items()}
        splits = {clip.window.split for clip in clips.values()}
    if len(splits) != 1:
        raise ShardError(f"{path} holds clips of {len(splits)} splits; one was expected")
    return FoundShard(path, splits.pop(), contents)


def options_of(target: Workspace) -> dict[Path, dict[str, Any]]:
    """By its root, the options that a workspace was begun with; empty where there is none yet."""
    if not target.ledger.exists():
        return {}
    ledger = Ledger(target.ledger, read_only=True)
    try:
        return {target.root: ledger.options()}
    finally:
        ledger.close()


def agreed_options(options: Mapping[Path, dict[str, Any]]) -> dict[str, Any]:
    """The options that all workspaces were begun with, by section, from those of each by its root.

    An option that is younger than a workspace counts as what the workspace did without it.

    Raises:
        UsageError: they differ; names the first option that does.
    """
    agreed = {}
    for section in LASTING:
        first: tuple[Path, dict[str, Any]] | None = None
        for root, remembered in options.items():
            if section not in remembered:
                continue
            kept = with_younger_options(section, remembered[section])
            if first is None:
                first = (root, kept)
                continue
            for key in sorted(kept.keys() | first[1].keys()):
                if kept.get(key) != first[1].get(key):
                    raise UsageError(
                        f"workspace {first[0]} was begun with {section}.{key} = {first[1].get(key)!r}, and {root} with "
                        f"{kept.get(key)!r}: they are different datasets and cannot be merged"
                    )
        if first is not None:
            agreed[section] = first[1]
    return agreed


def refuse_conflicts(found: Sequence[FoundWorkspace]) -> None:
    """Refuse clips of one id that are not the same.

    Raises:
        UsageError: there are some; names both shards.
    """
    seen: dict[str, tuple[Path, str]] = {}
    for shard in (shard for each in found for shard in each.shards):
        for clip_id, content in shard.clips.items():
            path, before = seen.setdefault(clip_id, (shard.path, content))
            if before != content:
                raise UsageError(f"clip {clip_id!r} in {shard.path} is another one than in {path}: keep one of them")
