"""Which of a manifest's rows a run works on: splits, the first videos, and the part of one job among many."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yt360_tools.errors import UsageError
from yt360_tools.manifest import Manifest
from yt360_tools.records import ClipRow


@dataclass(frozen=True)
class Part:
    """Job `index` of `count`, counted from 1."""

    index: int
    count: int

    def has(self, video_id: str) -> bool:
        """Whether this job works on a video; all its clips go together.

        By the sha256 of the id alone: a manifest may grow, and no video ever moves to another part.
        """
        number = int.from_bytes(hashlib.sha256(video_id.encode()).digest()[:8], "big")
        return number % self.count == self.index - 1

    def folder(self, root: Path) -> Path:
        """The workspace of this job, below the one that all jobs are given."""
        width = max(4, len(str(self.count)))
        return root / f"part-{self.index:0{width}d}-of-{self.count:0{width}d}"


def divisions(folders: Iterable[Path]) -> dict[int, list[Path]]:
    """The folders that `Part.folder` has named, by the number of jobs that a list was divided among, fewest first."""
    found: dict[int, list[Path]] = {}
    for folder in sorted(folders):
        named = re.fullmatch(r"part-[0-9]{4,6}-of-([0-9]{4,6})", folder.name)
        if named:
            found.setdefault(int(named[1]), []).append(folder)
    return dict(sorted(found.items()))


def pattern_of(found: Mapping[int, Sequence[Path]]) -> str:
    """What a shell takes for the folders of one of some divisions: of the only one, or of the one with the most."""
    if len(found) == 1:
        return "part-*"
    most = max(found, key=lambda count: (len(found[count]), count))
    return f"part-*-of-{found[most][0].name.rpartition('-')[2]}"


def parse_part(text: str) -> Part:
    """The part that ``I/N`` names.

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    part = Part(int(found[1]), int(found[2])) if found else Part(0, 0)
    if not 1 <= part.index <= part.count:
        raise UsageError(f"--part is I/N, job I of N counted from 1, such as 3/16; got {text!r}")
    return part


@dataclass(frozen=True)
class Selection:
    """What of a manifest is wanted; by default all of it.

    Attributes:
        splits: names of splits; empty for all.
        limit: the first so many videos, in the manifest's order; None for all.
        part: of these, the videos of one job.
        only: of these, the videos with these ids; None for all.
    """

    splits: tuple[str, ...] = ()
    limit: int | None = None
    part: Part | None = None
    only: frozenset[str] | None = None

    def of(self, manifest: Manifest) -> Manifest:
        """The rows that are wanted, in the manifest's order, and all its faults.

        Raises:
            UsageError: a split that the manifest does not have.
        """
        _check_splits(manifest, self.splits)
        rows = [row for row in manifest.rows if not self.splits or row.split in self.splits]
        video_ids = list(dict.fromkeys(row.video_id for row in rows))[: self.limit]
        wanted = {
            video_id
            for video_id in video_ids
            if (self.part is None or self.part.has(video_id)) and (self.only is None or video_id in self.only)
        }
        kept = tuple(row for row in rows if row.video_id in wanted)
        return replace(manifest, rows=_with_what_others_say(kept, manifest) if self.splits else kept)

    def folder(self, workspace: Path) -> Path:
        """Where to work: a part has a folder of its own in the workspace."""
        return self.part.folder(workspace) if self.part else workspace


ALL = Selection()


def with_videos(manifest: Manifest, video_ids: Collection[str]) -> Manifest:
    """The rows of some videos, in the manifest's order."""
    wanted = frozenset(video_ids)
    return replace(manifest, rows=tuple(row for row in manifest.rows if row.video_id in wanted))


def _with_what_others_say(rows: tuple[ClipRow, ...], manifest: Manifest) -> tuple[ClipRow, ...]:
    """The rows, each with the other columns of its video's other rows where it leaves them empty.

    How a video's sphere lies, and where its files are, may stand in a row of another split.
    """
    said: dict[str, dict[str, str]] = {}
    for row in manifest.rows:
        for name, text in row.extra.items():
            if text:
                said.setdefault(row.video_id, {}).setdefault(name, text)
    return tuple(
        replace(row, extra={**said.get(row.video_id, {}), **{name: text for name, text in row.extra.items() if text}})
        for row in rows
    )


def _check_splits(manifest: Manifest, splits: Collection[str]) -> None:
    known = sorted({row.split for row in manifest.rows})
    unknown = [split for split in splits if split not in known]
    if unknown:
        raise UsageError(f"{manifest.path} has no split {unknown[0]!r}; its splits: {', '.join(known)}")
