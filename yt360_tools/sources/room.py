"""Room on the disk: a floor that downloads never go below, and a budget that they never go over."""

import json
import os
import shutil
from pathlib import Path

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.sizes import GB, size_text
from yt360_tools.sources.parts import THIS_PROCESS

LOOK_BYTES = 16 << 20
"""How many bytes may come before the room is looked at again."""

_DIGITS = 5
"""Of sizes that are held against each other."""


def free_bytes(folder: Path) -> int:
    """Free space where `folder` is, or will be."""
    return shutil.disk_usage(next(path for path in (folder, *folder.resolve().parents) if path.exists())).free


def check_room(raw: Path, config: DownloadConfig) -> None:
    """Refuse to go on where less than the floor would stay free once all has come that is being fetched into `raw`.

    What was announced counts as if it were there, so that downloads at the same time do not share one gap.

    Raises:
        TransientError: ``disk_full``, with what is free and what is needed.
    """
    free = free_bytes(raw)
    announced = announced_bytes(raw)
    floor = config.min_free_gb * GB
    if free - announced < floor:
        wanted = f"the {size_text(announced, _DIGITS)} that are to come" if announced else "another download"
        raise TransientError(
            "disk_full",
            f"{size_text(free, _DIGITS)} are free, and {wanted} would leave less than download.min_free_gb "
            f"({size_text(floor, _DIGITS)}); free space, or lower it, then run again",
        )


def check_budget(folder: Path, config: DownloadConfig) -> None:
    """Refuse to go on with what is fetched into `folder` where raw media would take more than their budget.

    What was announced counts here, too.

    Raises:
        TransientError: ``over_budget``.
    """
    budget = config.raw_budget_gb * GB
    if not budget:
        return
    taken = media_bytes(folder.parent)
    if taken > budget:
        raise TransientError(
            "over_budget",
            f"raw media would take {size_text(taken, _DIGITS)}, and download.raw_budget_gb is "
            f"{size_text(budget, _DIGITS)}; give more, or a lower download.max_height",
        )


def media_bytes(raw: Path) -> int:
    """Bytes of the files in folders below `raw`, those that are being fetched as long as was announced."""
    total = 0
    for place, _, names in os.walk(raw):
        for name in names:
            path = Path(place, name)
            total += _size(path) or 0
            if _is_note(name):
                total += _still_to_come(path)
    return total


def announced_bytes(raw: Path) -> int:
    """Bytes that this process is fetching into folders of `raw`, as far as they were announced and are not there yet.

    What another run has begun and not finished does not count: nobody is writing it now.
    """
    folders = [raw / name for name in _names(raw) if name.startswith(".")]
    notes = [folder / name for folder in folders for name in _names(folder) if _is_note(name)]
    return sum(_still_to_come(note, fetched_by=THIS_PROCESS) for note in notes)


class RoomWatch:
    """Holds what is fetched into a folder below ``raw`` against the floor and the budget, while it comes."""

    def __init__(self, folder: Path, config: DownloadConfig) -> None:
        self._folder, self._config = folder, config
        self._looked_at = 0

    def look(self) -> None:
        """Look now.

        Raises:
            TransientError: ``disk_full`` or ``over_budget``.
        """
        check_room(self._folder.parent, self._config)
        check_budget(self._folder, self._config)

    def grown(self, size: int, *, is_announced: bool) -> None:
        """Look at the floor when `LOOK_BYTES` have come since the last time; at the budget always, if need be.

        Args:
            size: bytes that are there.
            is_announced: whether a note says how many it will be: these are in the budget from the beginning.

        Raises:
            TransientError: ``disk_full`` or ``over_budget``.
        """
        if abs(size - self._looked_at) >= LOOK_BYTES:
            self._looked_at = size
            check_room(self._folder.parent, self._config)
        if not is_announced:
            check_budget(self._folder, self._config)


def _still_to_come(note: Path, *, fetched_by: str | None = None) -> int:
    """Bytes that a note announces and that are not there; of one writer, or of any."""
    target = note.with_name(note.name[1:].removesuffix(".note"))
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        announced, writer = said.get("total"), said.get("fetched_by")
    except (OSError, ValueError, AttributeError):
        return 0
    if fetched_by is not None and writer != fetched_by:
        return 0
    size = _size(target.with_name(f"{target.name}.part"))
    there = size if size is not None else _size(target) or 0
    return max(0, announced - there) if isinstance(announced, int) else 0


def _is_note(name: str) -> bool:
    return name.startswith(".") and name.endswith(".note")


def _names(folder: Path) -> list[str]:
    """What is in a folder; nothing when it is not there, or has another name by now."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _size(path: Path) -> int | None:
    """Bytes of a file; None when it is not there, or has another name by now."""
    try:
        return path.lstat().st_size
    except OSError:
        return None
