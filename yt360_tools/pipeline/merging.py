"""Workspaces joined into one: the parts of a manifest that jobs on a cluster have built.

What is taken from is read and stays as it is. Shards are linked (copied across file systems) under the next free
numbers of their split; which numbers is fixed in the ledger first, so that a merge that was killed goes on.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import UsageError
from yt360_tools.pipeline import build, segment
from yt360_tools.pipeline.found_workspaces import (
    FoundShard,
    FoundWorkspace,
    agreed_options,
    options_of,
    read_workspace,
    refuse_conflicts,
)
from yt360_tools.pipeline.kept_if_used import opened_and_kept_if_used
from yt360_tools.pipeline.ledger import Ledger, Row
from yt360_tools.pipeline.merged_files import link_media, place, write_windows
from yt360_tools.pipeline.parts import divisions, pattern_of
from yt360_tools.pipeline.shard_tables import write_shard_tables
from yt360_tools.pipeline.workspace import Workspace
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


def merge_workspaces(into: Path, sources: Sequence[Path]) -> MergeReport:
    """Join workspaces into one, which may be new, or hold some of it already.

    Raises:
        UsageError: one is none, is named twice, or is in use; they were begun with different options, or have
            different clips of one id. Nothing is changed then, and no new workspace stays behind.
        ShardError: a shard is damaged, missing, or not the one of its ledger. Nothing is changed then.
        EnvironmentMissing: `into` cannot be written, or a ledger cannot be used.
    """
    target, workspaces = _distinct(into, sources)
    with ExitStack() as held:
        for workspace in workspaces:
            held.enter_context(workspace.read())
        found = [read_workspace(workspace) for workspace in workspaces]
        known = {**options_of(target), **{each.workspace.root: each.options for each in found}}
        options = agreed_options(known)
        refuse_conflicts(found)
        held.enter_context(opened_and_kept_if_used(target))
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
        write_shard_tables(ledger, target)
        return _report(ledger, found, named, media)


def _distinct(into: Path, sources: Sequence[Path]) -> tuple[Workspace, list[Workspace]]:
    target = Workspace(into.resolve())
    workspaces = [Workspace(path.resolve()) for path in sources]
    roots = [target.root, *(workspace.root for workspace in workspaces)]
    for root in roots:
        if roots.count(root) > 1:
            raise UsageError(f"workspace {root} is named twice; a workspace is merged into another one")
    return target, workspaces


def _named_shards(found: Sequence[FoundWorkspace], ledger: Ledger, target: Workspace) -> dict[str, FoundShard]:
    """The shards to take in, by their names in the target; those that a killed merge has named keep their names.

    Raises:
        UsageError: some clips of a shard are in the target already, and others are not.
    """
    built = {clip_id: entry.data for clip_id, entry in ledger.entries(build.STAGE).items() if entry.state == "done"}
    plan = ledger.shard_plan()
    taken = {*plan.values(), *(path.name for path in target.shards.glob("*.h5"))}
    named: dict[str, FoundShard] = {}
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
                f"the workspaces overlap{_of_two_divisions(found)}"
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


def _of_two_divisions(found: Sequence[FoundWorkspace]) -> str:
    """Why parts overlap, as far as their names tell."""
    named = divisions(each.workspace.root for each in found)
    if len(named) < 2:
        return "; parts of one manifest (--part I/N) with one N do not"
    counts = " and of ".join(map(str, named))
    return f"; parts of {counts} were named: merge those of one number, such as {pattern_of(named)}"


def _better_rows(
    found: FoundWorkspace, known: Mapping[tuple[str, str], Row], named: Mapping[str, FoundShard]
) -> list[Row]:
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
    ledger: Ledger, found: Sequence[FoundWorkspace], named: Mapping[str, FoundShard], media: Sequence[tuple[int, int]]
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
