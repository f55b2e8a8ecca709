"""What a merge lays down beside the ledger: shards under new names, raw media, the list of clips."""

import csv
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from yt360_tools.manifest import write_manifest
from yt360_tools.pipeline import segment
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.saved_rule import write_rule
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipRow, ClipWindow

_COLUMNS = ("clip_id", "video_id", "start_s", "end_s", "split")


def place(source: Path, path: Path) -> None:
    """A file under another name, at once and whole: linked, or copied across file systems."""
    temporary = path.with_name(f".{path.name}.merging")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        with source.open("rb") as read, temporary.open("wb") as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            os.fsync(write.fileno())
    os.replace(temporary, path)


def link_media(source: Workspace, target: Workspace) -> tuple[int, int]:
    """Link a workspace's raw media into the other: how many videos, and how many stay on their own file system."""
    linked = left = 0
    for folder in sorted(source.raw.iterdir()) if source.raw.is_dir() else []:
        final = target.raw_folder(folder.name)
        if folder.name.startswith(".") or folder.is_symlink() or not folder.is_dir() or final.exists():
            continue
        partial = final.with_name(f".{folder.name}.merging")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            for path in folder.iterdir():
                os.link(path, partial / path.name)
        except OSError:
            shutil.rmtree(partial)
            left += 1
            continue
        os.replace(partial, final)
        linked += 1
    return linked, left


def write_windows(ledger: Ledger, target: Workspace, workspaces: Iterable[Workspace]) -> None:
    """``clips.csv`` of all windows that are known; other columns as the workspaces' own lists have them."""
    extra: dict[str, dict[str, str]] = {}
    for workspace in (target, *workspaces):
        extra = {**_extra_columns(workspace.clips), **extra}
    windows: dict[str, ClipWindow] = {}
    for entry in ledger.entries(segment.STAGE).values():
        for plain in entry.data.get("windows", []) if entry.state == "done" else []:
            windows.setdefault(plain["clip_id"], ClipWindow(**plain))
    rows = [
        ClipRow(one.clip_id, one.video_id, one.start_s, one.end_s, one.split, extra.get(one.clip_id, {}))
        for one in windows.values()
    ]
    write_manifest(target.clips, sorted(rows, key=lambda row: (row.video_id, row.start_s, row.clip_id)))
    write_rule(ledger, target)


def _extra_columns(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                row["clip_id"]: {name: text for name, text in row.items() if name not in _COLUMNS}
                for row in csv.DictReader(file)
            }
    except FileNotFoundError:
        return {}
