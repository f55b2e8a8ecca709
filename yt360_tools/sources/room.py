"""Room on the disk: a floor that downloads never go below, and a budget that they never go over."""

import json
import os
import shutil
from pathlib import Path

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError

_GB = 1e9


def free_bytes(folder: Path) -> int:
    """Free space where `folder` is, or will be."""
    return shutil.disk_usage(next(path for path in (folder, *folder.resolve().parents) if path.exists())).free


def check_room(folder: Path, needed: int, config: DownloadConfig) -> None:
    """Refuse to write `needed` bytes into `folder` where less than the floor would stay free.

    Raises:
        TransientError: ``disk_full``, with what is free and what is needed.
    """
    free = free_bytes(folder)
    if free - max(0, needed) < config.min_free_gb * _GB:
        wanted = f"{needed / _GB:.3f} GB more" if needed > 0 else "another download"
        raise TransientError(
            "disk_full",
            f"{free / _GB:.2f} GB are free, and {wanted} would leave less than download.min_free_gb "
            f"({config.min_free_gb:g}); free space, or lower it, then run again",
        )


def check_budget(folder: Path, config: DownloadConfig) -> None:
    """Refuse to go on with what is fetched into `folder` where raw media would take more than their budget.

    What was announced counts as if it were there, so that downloads at the same time do not share one gap.

    Raises:
        TransientError: ``over_budget``.
    """
    budget = config.raw_budget_gb * _GB
    if not budget:
        return
    taken = media_bytes(folder.parent)
    if taken > budget:
        raise TransientError(
            "over_budget",
            f"raw media would take {taken / _GB:.3f} GB, and download.raw_budget_gb is {config.raw_budget_gb:g}; "
            "give more, or a lower download.max_height",
        )


def media_bytes(raw: Path) -> int:
    """Bytes of the files in folders below `raw`, those that are being fetched as long as was announced."""
    total = 0
    for place, _, names in os.walk(raw):
        for name in names:
            path = Path(place, name)
            total += _size(path) or 0
            if name.startswith(".") and name.endswith(".note"):
                total += _still_to_come(path)
    return total


def _still_to_come(note: Path) -> int:
    target = note.with_name(note.name[1:].removesuffix(".note"))
    try:
        announced = json.loads(note.read_text(encoding="utf-8")).get("total")
    except (OSError, ValueError, AttributeError):
        return 0
    size = _size(target.with_name(f"{target.name}.part"))
    there = size if size is not None else _size(target) or 0
    return max(0, announced - there) if isinstance(announced, int) else 0


def _size(path: Path) -> int | None:
    """Bytes of a file; None when it is not there, or has another name by now."""
    try:
        return path.lstat().st_size
    except OSError:
        return None
