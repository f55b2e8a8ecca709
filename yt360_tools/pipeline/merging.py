"""Workspaces joined into one: the parts of a manifest that jobs on a cluster have built.

What is taken from is read and stays as it is. Shards are linked (copied across file systems) under the next free
numbers of their split; which numbers is fixed in the ledger first, so that a merge that was killed goes on.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.config import as_plain, resolve
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.pipeline import build, segment
from yt360_tools.pipeline.ledger import Ledger, Row
from yt360_tools.pipeline.merged_files import link_media, place, write_windows
from yt360_tools.pipeline.options import LASTING
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.shards import open_shards
from yt360_tools.shards.schema import set_sha256

_BEST_LAST = ("to_do", "failed", "rejected", "done")


@dataclass(frozen=True)
class MergeReport:
    """What a merge found and did.

    Attributes:
        shards: how many were taken in now; `known_shards` had been before.
        clips: how many are built in the workspace now, and `content_hash` is theirs.
        unfinished: rows and clips that are neither done nor rejected.
        media_linked: videos whose raw media are linked now; `media_left` lie on another file system and stay there.
    """

    workspaces: int
    shards: int
    known_shards: int
    clips: int
    content_hash: str
    unfinished: int
    media_linked: int
    media_left: int


@dataclass(frozen=True)
class _Shard:
    """A shard to take in: its file, its split, and the checksum of each clip's content."""

    path: Path
    split: str
    clips: Mapping[str, str]


@dataclass(frozen=True)
class _Found:
    """A workspace as it was found."""

    workspace: Workspace
    options: dict[str, Any]
    rows: dict[tuple[str, str], Row]
    shards: tuple[_Shard, ...]


def merge_workspaces(into: Path, sources: Sequence[Path]) -> MergeReport:
    """Join workspaces into one, which may be new, or hold some of it already.

    Raises:
        UsageError: one is none, is named twice, or is in use; they were begun with different options, or have
            different clips of one id. Nothing is changed then.
        ShardError: a shard is damaged, missing, or not the one of its ledger. Nothing is changed then.
    """
    target, workspaces = _distinct(into, sources)
    is_new = not target.root.exists()
    try:
        return _merge(target, workspaces)
    except UsageError:
        if is_new:
            shutil.rmtree(target.root, ignore_errors=True)
        raise


def _merge(target: Workspace, workspaces: Sequence[Workspace]) -> MergeReport:
    with ExitStack() as held:
        for workspace in workspaces:
            held.enter_context(workspace.read())
        found = [_read(workspace) for workspace in workspaces]
        known = {**_options_of(target), **{each.workspace.root: each.options for each in found}}
        options = _agreed_options(known)
        _refuse_conflicts(found)
        held.enter_context(target.opened())
        ledger = Ledger(target.ledger)
        held.callback(ledger.close)
        build.reconcile(ledger, target)
        named = _named_shards(found, ledger, target)
        ledger.remember_options(options)
        ledger.plan_shards((clip_id, name) for name, shard in named.items() for clip_id in shard.clips)
        for name, shard in named.items():
            place(shard.path, target.shards / name)
        for each in found:
            ledger.take_in(_better_rows(each, ledger.rows(), named))
        build.reconcile(ledger, target)
        media = [link_media(workspace, target) for workspace in workspaces]
        write_windows(ledger, target, workspaces)
        build.write_index(ledger, target)
        return _report(ledger, found, named, media)


def _distinct(into: Path, sources: Sequence[Path]) -> tuple[Workspace, list[Workspace]]:
    target = Workspace(into.resolve())
    workspaces = [Workspace(path.resolve()) for path in sources]
    roots = [target.root, *(workspace.root for workspace in workspaces)]
    for root in roots:
        if roots.count(root) > 1:
            raise UsageError(f"workspace {root} is named twice; a workspace is merged into another one")
    return target, workspaces


def _read(workspace: Workspace) -> _Found:
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
    return _Found(workspace, options, rows, shards)


def _read_shard(path: Path) -> _Shard:
    with open_shards(path) as stored:
        clips = {clip.clip_id: clip for clip in stored}
        contents = {clip_id: clip.content_sha256 for clip_id, clip in clips.items()}
        splits = {clip.window.split for clip in clips.values()}
    if len(splits) != 1:
        raise ShardError(f"{path} holds clips of {len(splits)} splits; one was expected")
    return _Shard(path, splits.pop(), contents)


def _options_of(target: Workspace) -> dict[Path, dict[str, Any]]:
    if not target.ledger.exists():
        return {}
    ledger = Ledger(target.ledger, read_only=True)
    try:
        return {target.root: ledger.options()}
    finally:
        ledger.close()


def _agreed_options(options: Mapping[Path, dict[str, Any]]) -> dict[str, Any]:
    """The options that all workspaces were begun with; one that is younger than a workspace had its default there.

    Raises:
        UsageError: they differ; names the first option that does.
    """
    defaults, agreed = resolve({}), {}
    for section in LASTING:
        usual = as_plain(getattr(defaults, section))
        first: tuple[Path, dict[str, Any]] | None = None
        for root, remembered in options.items():
            if section not in remembered:
                continue
            kept = {**usual, **remembered[section]}
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


def _refuse_conflicts(found: Sequence[_Found]) -> None:
    """Refuse clips of one id that are not the same."""
    seen: dict[str, tuple[Path, str]] = {}
    for shard in (shard for each in found for shard in each.shards):
        for clip_id, content in shard.clips.items():
            path, before = seen.setdefault(clip_id, (shard.path, content))
            if before != content:
                raise UsageError(f"clip {clip_id!r} in {shard.path} is another one than in {path}: keep one of them")


def _named_shards(found: Sequence[_Found], ledger: Ledger, target: Workspace) -> dict[str, _Shard]:
    """The shards to take in, by their names in the target; those that a killed merge has named keep their names.

    Raises:
        UsageError: some clips of a shard are in the target already, and others are not.
    """
    built = {clip_id: entry.data for clip_id, entry in ledger.entries(build.STAGE).items() if entry.state == "done"}
    plan = ledger.shard_plan()
    taken = {*plan.values(), *(path.name for path in target.shards.glob("*.h5"))}
    named: dict[str, _Shard] = {}
    clips_of: dict[str, set[str]] = {}
    for clip_id, name in plan.items():
        clips_of.setdefault(name, set()).add(clip_id)
    have = {clip_id: str(data["content_sha256"]) for clip_id, data in built.items()}
    for shard in (shard for each in found for shard in each.shards):
        common = [clip_id for clip_id in shard.clips if clip_id in have]
        for clip_id in common:
            if have[clip_id] != shard.clips[clip_id]:
                raise UsageError(
                    f"clip {clip_id!r} in {shard.path} is another one than in {target.root}: keep one of them"
                )
        if len(common) == len(shard.clips):
            continue
        if common:
            raise UsageError(
                f"{shard.path} holds {common[0]!r}, which is merged already, beside clips that are not: "
                "the workspaces overlap; parts of one manifest (--part I/N) with one N do not"
            )
        have |= shard.clips
        names = {plan.get(clip_id, "") for clip_id in shard.clips}
        name = names.pop() if len(names) == 1 else ""
        if not name or clips_of[name] != set(shard.clips) or name in named:
            number = build.last_numbers(taken).get(shard.split, -1) + 1
            name = build.shard_name(shard.split, number)
        taken.add(name)
        named[name] = shard
    return named


def _better_rows(found: _Found, known: Mapping[tuple[str, str], Row], named: Mapping[str, _Shard]) -> list[Row]:
    """The rows of a workspace that say more than what is known, with the new names of its shards."""
    new_name = {clip_id: name for name, shard in named.items() if shard.path.parent == found.workspace.shards
                for clip_id in shard.clips}  # fmt: skip
    better = []
    for key, row in found.rows.items():
        before = known.get(key)
        if before is not None and _worth(before) >= _worth(row):
            continue
        if key[0] == build.STAGE and row[2] == "done":
            if key[1] not in new_name:
                continue
            row = _with_shard(row, new_name[key[1]])
        better.append(row)
    return better


def _worth(row: Row) -> tuple[int, str]:
    state, at = row[2], row[8]
    return (_BEST_LAST.index(state) if state in _BEST_LAST else 0, at)


def _with_shard(row: Row, name: str) -> Row:
    data = {**json.loads(row[5]), "shard": name}
    return (*row[:5], json.dumps(data), *row[6:])


def _report(
    ledger: Ledger, found: Sequence[_Found], named: Mapping[str, _Shard], media: Sequence[tuple[int, int]]
) -> MergeReport:
    clips = ledger.entries(build.STAGE)
    contents = {clip_id: entry.data["content_sha256"] for clip_id, entry in clips.items() if entry.state == "done"}
    rows = ledger.entries(segment.STAGE)
    windows = {window["clip_id"] for entry in rows.values() for window in entry.data.get("windows", [])}
    open_clips = [clip_id for clip_id in windows if clip_id not in clips or not clips[clip_id].is_final]
    open_rows = [item for item, entry in rows.items() if not entry.is_final]
    return MergeReport(
        len(found),
        len(named),
        sum(len(each.shards) for each in found) - len(named),
        len(contents),
        set_sha256(contents),
        len(open_clips) + len(open_rows),
        sum(linked for linked, _ in media),
        sum(left for _, left in media),
    )
