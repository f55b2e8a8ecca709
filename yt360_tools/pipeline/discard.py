"""Raw media that are not needed any more: what is remembered of them, and how they go.

Nothing but ``raw/`` is touched. Local media are links into it: the links go, and the files stay where they are.
"""

import json
import logging
import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline import download, validate
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources.secrets import without_secrets

STAGE = "discard"
"""The ledger's name for what it takes to fetch a video again: the source, what was chosen, sizes and sha256."""

CHANGED = "changed"
"""The reason of a video that is another one since it was fetched anew."""

logger = logging.getLogger(__name__)


def discard_media(ledger: Ledger, workspace: Workspace, config: DownloadConfig, video_ids: Iterable[str]) -> list[str]:
    """Remove videos' media from ``raw/``, once the ledger remembers what it takes to fetch them again; which ones."""
    there = [video_id for video_id in video_ids if os.path.lexists(workspace.raw_folder(video_id))]
    _remember(ledger, workspace, config, there)
    for video_id in there:
        remove_media(workspace, video_id)
    return there


def forget_lost_media(
    ledger: Ledger, workspace: Workspace, config: DownloadConfig, needed: Collection[str]
) -> list[str]:
    """Take up again the needed videos whose media are not there any more, or are others, whoever did it; which ones.

    What is there of the others goes: a folder in ``raw/`` that the ledger does not know is taken for a whole video.
    """
    fetched = ledger.entries(download.STAGE)
    gone = [
        video_id
        for video_id in needed
        if video_id in fetched and fetched[video_id].state == "done" and not workspace.raw_folder(video_id).is_dir()
    ]
    changed = changed_media(ledger, workspace, needed)
    lost = [*gone, *changed]
    _remember(ledger, workspace, config, lost)
    for video_id, said in changed.items():
        logger.warning("%s is not what was fetched: %s; it is taken up anew", video_id, said)
        remove_media(workspace, video_id)
    ledger.forget(download.STAGE, lost)
    ledger.expect(download.STAGE, lost)
    return lost


def changed_media(ledger: Ledger, workspace: Workspace, video_ids: Collection[str]) -> dict[str, str]:
    """Of videos that were fetched, those that lie in ``raw/`` as something else, each with what tells: sizes alone."""
    found = {
        video_id: _unlike(entry, workspace.raw_folder(video_id))
        for video_id, entry in ledger.entries_of(download.STAGE, video_ids).items()
        if entry.state == "done" and workspace.raw_folder(video_id).is_dir()
    }
    return {video_id: said for video_id, said in found.items() if said}


def note_changes(ledger: Ledger, video_ids: Iterable[str]) -> list[str]:
    """Of videos that were fetched anew, those that are not what they were; they are examined again."""
    before, now = ledger.entries(STAGE), ledger.entries(download.STAGE)
    changes = []
    for video_id in video_ids:
        old, new = before.get(video_id), now.get(video_id)
        if old is None or new is None or new.state != "done":
            continue
        seen = _checksums(new)
        if seen not in (_checksums(old), old.data.get("seen")):
            said = f"{video_id} is not what it was when it was fetched before: {_difference(_checksums(old), seen)}"
            changes.append(Outcome(video_id, STAGE, "done", CHANGED, said, {**old.data, "seen": seen}))
    ledger.forget(validate.STAGE, [change.item for change in changes])
    ledger.record(changes)
    for change in changes:
        logger.warning("%s", change.detail)
    return [change.item for change in changes]


def _remember(ledger: Ledger, workspace: Workspace, config: DownloadConfig, video_ids: Collection[str]) -> None:
    if not video_ids:
        return
    known, fetched = ledger.entries(STAGE), ledger.entries(download.STAGE)
    outcomes = []
    for video_id in video_ids:
        entry = fetched.get(video_id)
        if entry is None or entry.state != "done":
            continue
        data = {**entry.data, "source": _source_words(config)}
        data |= {"information": found} if (found := _information(workspace.raw_folder(video_id), video_id)) else {}
        before = known.get(video_id)
        has_changed = before is not None and before.reason == CHANGED
        reason, detail = (before.reason, before.detail) if before and has_changed else ("", "")
        outcomes.append(Outcome(video_id, STAGE, "done", reason, detail, data))
    ledger.record(outcomes)


def remove_media(workspace: Workspace, video_id: str) -> None:
    """Remove a video from ``raw/``, renamed first: what is half removed must not look like a whole video."""
    folder = workspace.raw_folder(video_id)
    if folder.is_symlink():
        folder.unlink()
        return
    going = folder.with_name(f".{video_id}.discarded")
    shutil.rmtree(going, ignore_errors=True)
    os.replace(folder, going)
    shutil.rmtree(going, ignore_errors=True)


def _source_words(config: DownloadConfig) -> list[str]:
    words = [str(Path(config.media).resolve())] if config.media else list(config.source or ("youtube",))
    return [without_secrets(word, config) for word in words]


def _information(folder: Path, video_id: str) -> dict[str, Any]:
    """What the source said of a video and which formats were chosen, if it lies beside the media."""
    try:
        found = json.loads((folder / f"{video_id}.info.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _files(entry: Entry) -> dict[str, dict[str, Any]]:
    """Size and sha256 of a video's media, by name; what is told of it beside them may differ from day to day."""
    files = entry.data.get("files", {})
    return {name: facts for name, facts in sorted(files.items()) if not name.endswith(".json")}


def _checksums(entry: Entry) -> dict[str, str]:
    return {name: facts["sha256"] for name, facts in _files(entry).items()}


def _unlike(entry: Entry, folder: Path) -> str:
    """How a folder's files differ from those that were fetched; empty where they do not."""
    parts = []
    for name, facts in _files(entry).items():
        path, before = folder / name, facts["bytes"]
        if not path.is_file():
            parts.append(f"{name} is gone")
        elif (now := path.stat().st_size) != before:
            parts.append(f"{name} has {now:,} bytes, and had {before:,} when it was fetched")
    return "; ".join(parts)


def _difference(before: dict[str, str], now: dict[str, str]) -> str:
    gone, new = sorted(before.keys() - now.keys()), sorted(now.keys() - before.keys())
    others = [name for name in sorted(before.keys() & now.keys()) if before[name] != now[name]]
    parts = [f"{name} has sha256 {now[name][:12]}..., it had {before[name][:12]}..." for name in others]
    parts += [f"{', '.join(new)} in place of {', '.join(gone)}"] if gone or new else []
    return "; ".join(parts)
