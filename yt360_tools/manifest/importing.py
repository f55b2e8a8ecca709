"""From lists at hand to a dataset's rows, and whether they are the published ones."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.manifest.descriptors import Counts, Descriptor, descriptor_of, known_datasets
from yt360_tools.manifest.importers import Imported, ListFault, Lists, importer_named
from yt360_tools.records import ClipRow

_LIKE_A_SPLIT = re.compile(r"(?i)(train|test|val|dev|eval)[a-z0-9._-]*\.(txt|csv|lst)")
_SHOWN = 5
"""How many faults of each reason a message tells."""


@dataclass(frozen=True)
class ImportReport:
    """What lists hold, and how they differ from the published ones.

    Attributes:
        differences: checksums and counts that are not those of the descriptor.
    """

    dataset: Descriptor
    folder: Path
    imported: Imported
    differences: tuple[str, ...]

    @property
    def rows(self) -> tuple[ClipRow, ...]:
        """The rows of the manifest."""
        return self.imported.rows

    @property
    def faults(self) -> tuple[ListFault, ...]:
        """What is wrong with the lists, by file and line."""
        return self.imported.faults

    @property
    def remarks(self) -> tuple[str, ...]:
        """What does no harm; of lists that are the published ones byte for byte, only what the importer says."""
        return self.imported.remarks

    def as_plain(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        return {
            "dataset": self.dataset.name,
            "from": str(self.folder),
            **_plain_counts(counts_of(self.rows)),
            "differences": list(self.differences),
            "faults": [
                {"file": f.file, "line": f.line, "reason": f.reason, "message": f.message, "is_kept": f.is_kept}
                for f in self.faults
            ],
            "remarks": list(self.remarks),
        }


def read_lists(dataset: Descriptor, folder: Path, *, splits_are_folders: bool = False) -> ImportReport:
    """What a dataset's lists in a folder hold: all that is wrong is found, and nothing refused."""
    lists = Lists(folder, dataset.files, dataset.clip_length_s, dataset.lists_folder, splits_are_folders)
    checksums = _other_checksums(lists)
    unchanged = frozenset(file.file_name for file in dataset.files if file.file_name not in checksums)
    imported = importer_named(dataset.importer)(replace(lists, unchanged=unchanged))
    imported = replace(imported, remarks=(*imported.remarks, *_unknown_splits(lists)))
    counts = (*_other_entries(lists, imported), *_other_counts(dataset.expect, imported))
    return ImportReport(dataset, folder, imported, (*checksums.values(), *counts))


def import_lists(dataset: Descriptor, folder: Path) -> tuple[ClipRow, ...]:
    """The rows that a dataset's published lists hold.

    Raises:
        UsageError: anything is wrong with them, or they are not the published ones; all of it is told.
    """
    report = read_lists(dataset, folder)
    require_right(report)
    return report.rows


def require_right(report: ImportReport, *, any_version: bool = False, salvage: bool = False) -> None:
    """Refuse lists that are not right.

    Args:
        any_version: other checksums and counts than the published ones are no reason to.
        salvage: nor are lines that are wrong, as long as any row is left.

    Raises:
        UsageError: it tells all that is wrong.
    """
    differences = () if any_version or salvage else report.differences
    faults = () if salvage else report.faults
    if not differences and not faults and report.rows:
        return
    lists = f"the lists of {report.dataset.title} in {report.folder}"
    if not report.dataset.files:
        lists = f"{report.dataset.title} ({report.folder})"
    told = [*_shown(faults), *(f"  {text}" for text in differences)]
    if differences or faults:
        head = f"{lists}: not as published:"
        if not differences:
            head = f"{lists}: wrong in {len(faults)} places:"
        told += [f"  ({text})" for text in report.remarks]
    else:
        head = f"{lists}: no row is in them"
        told = _shown(report.faults)
    told += _lists_of_others(report) if report.differences or report.faults else []
    raise UsageError("\n".join([head, *told, *_advice(report, any_version=any_version, salvage=salvage)]))


def _shown(faults: tuple[ListFault, ...]) -> list[str]:
    """The first faults of each reason, in their order, and how many more there are."""
    counts: Counter[str] = Counter()
    told = []
    for fault in faults:
        counts[fault.reason] += 1
        if counts[fault.reason] <= _SHOWN:
            told.append(f"  {fault}")
    more = [(reason, count - _SHOWN) for reason, count in counts.items() if count > _SHOWN]
    return [*told, *(f"  and {count} more of {reason}; --json tells all" for reason, count in more)]


def _lists_of_others(report: ImportReport) -> list[str]:
    """What is to be said where the folder has all lists of another dataset, byte for byte."""
    names = []
    for name in known_datasets():
        other = descriptor_of(name)
        paths = [(Lists(report.folder, own_folder=".").path(file), file.sha256) for file in other.files]
        try:
            has_all = bool(paths) and all(path is not None and sha256_of(path) == wanted for path, wanted in paths)
        except OSError:
            continue
        if has_all and name != report.dataset.name:
            names.append(name)
    if not names:
        return []
    return [f"these are the lists of {' and '.join(names)}: yt360 manifest import {names[0]} --from {report.folder}"]


def _advice(report: ImportReport, *, any_version: bool, salvage: bool) -> list[str]:
    if not report.rows or salvage:
        return []
    rows = len(report.rows)
    if report.faults:
        return [f"nothing was written; --salvage imports the {rows} rows that are right, and tells the rest"]
    return [] if any_version else [f"nothing was written; --any-version imports these {rows} rows all the same"]


def counts_of(rows: Iterable[ClipRow]) -> Counts:
    """How much rows of a manifest hold."""
    rows = tuple(rows)
    whole = sum(row.is_whole_video for row in rows)
    by_split = Counter(split for _, split in {(row.video_id, row.split) for row in rows})
    return Counts(
        videos=len({row.video_id for row in rows}),
        clips=len(rows) - whole,
        whole_videos=whole,
        splits=dict(sorted(Counter(row.split for row in rows).items())),
        videos_by_split=dict(sorted(by_split.items())),
    )


def sha256_of(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _other_checksums(lists: Lists) -> dict[str, str]:
    """By list, what is to be said of its checksum where it is another one."""
    found = {}
    for file in lists.files:
        path = lists.path(file)
        if path is None:
            continue  # the importer says that it is missing
        try:
            seen = sha256_of(path)
        except OSError:
            continue  # the importer says so
        if seen != file.sha256:
            found[file.file_name] = f"{file.file_name}: its sha256 is {seen}, the published one's is {file.sha256}"
    return found


def _unknown_splits(lists: Lists) -> list[str]:
    """What is to be said of lists that look like a split's and are none of the dataset's."""
    paths = [path for file in lists.of_splits() if (path := lists.path(file)) is not None]
    known = {file.file_name for file in lists.files}
    others = {entry.name for folder in {path.parent for path in paths} for entry in folder.iterdir()} - known
    unknown = sorted(name for name in others if _LIKE_A_SPLIT.fullmatch(name))
    return [f"{name} is no list of this dataset's: its split is unknown, and it is passed over" for name in unknown]


def _other_entries(lists: Lists, imported: Imported) -> list[str]:
    found = []
    for file in lists.files:
        seen = imported.entries.get(file.file_name, 0)
        if file.entries is not None and seen != file.entries and lists.path(file) is not None:
            cut = ": was it cut off?" if seen < file.entries else ""
            found.append(f"{file.file_name}: {seen} entries instead of {file.entries}{cut}")
    return found


def _other_counts(expect: Counts, imported: Imported) -> list[str]:
    found, wanted = _plain_counts(counts_of(imported.rows)), _plain_counts(expect)
    return [
        f"{key.replace('_', ' ')}: {found[key]} instead of {value}"
        for key, value in wanted.items()
        if value is not None and found[key] != value
    ]


def _plain_counts(counts: Counts) -> dict[str, Any]:
    return {
        "videos": counts.videos,
        "clips": counts.clips,
        "whole_videos": counts.whole_videos,
        "splits": counts.splits,
        "videos_by_split": counts.videos_by_split,
    }
