"""Lists of windows that others have published, to be held against what is found here."""

from dataclasses import dataclass, replace
from pathlib import Path

from yt360_tools.errors import UsageError
from yt360_tools.manifest import read_manifest
from yt360_tools.manifest.descriptors import Descriptor, descriptor_of, known_datasets
from yt360_tools.manifest.formats import format_to_read
from yt360_tools.manifest.importers import Imported, Lists, importer_named
from yt360_tools.records import ClipRow

Window = tuple[float, float]
"""Start and end in seconds on the source's clock."""


@dataclass(frozen=True)
class WindowList:
    """The windows of a list, by video, sorted by their start.

    Attributes:
        faults: what is wrong with rows of it, by line; they are left out.
        whole_videos: rows without times, which say nothing of windows.
    """

    path: Path
    windows: dict[str, tuple[Window, ...]]
    faults: tuple[str, ...] = ()
    whole_videos: int = 0


def read_window_list(path: Path) -> WindowList:
    """The windows in a manifest, or in a published list: a file such as YT-360's ``segments.txt``, or their folder.

    A published list is told by its file's name, as the datasets' descriptors have it.

    Raises:
        UsageError: it cannot be read, or has no window.
    """
    if not path.exists():
        raise UsageError(f"list {path} is not there; give a manifest, or a published list")
    found = _published(path)
    if found is None:
        _check_is_a_manifest(path)
        manifest = read_manifest(path)
        found = _as_list(path, manifest.rows, tuple(fault.message for fault in manifest.faults))
    if not found.windows:
        wrong = f"; {found.faults[0]}" if found.faults else ""
        whole = f"; its {found.whole_videos} rows stand for whole videos" if found.whole_videos else ""
        raise UsageError(f"list {path} has no windows: rows with start and end are needed{whole}{wrong}")
    return found


def _check_is_a_manifest(path: Path) -> None:
    try:
        format_to_read(path)
    except UsageError as error:
        raise UsageError(
            f"{error}; nor is it a published list, which is told by its name, such as segments.txt: "
            "'yt360 manifest import' makes a manifest of lists"
        ) from error


def _published(path: Path) -> WindowList | None:
    """What a published list holds; None where the path is none's."""
    best: tuple[int, Imported] | None = None
    for dataset in (descriptor_of(name) for name in known_datasets()):
        of_path = _of_path(dataset, path)
        if of_path is None:
            continue
        imported = importer_named(dataset.importer)(of_path)
        count = sum(not row.is_whole_video for row in imported.rows)
        if count and (best is None or count > best[0]):
            best = (count, imported)
    if best is None:
        return None
    imported = best[1]
    return _as_list(path, imported.rows, tuple(str(fault) for fault in imported.faults))


def _of_path(dataset: Descriptor, path: Path) -> Lists | None:
    """How a dataset's importer reads a path: one of its lists alone, or all of them in a folder."""
    lists = Lists(path, dataset.files, dataset.clip_length_s, dataset.lists_folder)
    if path.is_dir():
        return lists if dataset.files and all(lists.path(file) for file in dataset.files) else None
    named = [replace(file, name=file.file_name) for file in dataset.files if file.file_name == path.name]
    return replace(lists, folder=path.parent, files=tuple(named)) if named else None


def _as_list(path: Path, rows: tuple[ClipRow, ...], faults: tuple[str, ...]) -> WindowList:
    windows: dict[str, set[Window]] = {}
    for row in rows:
        if row.start_s is not None and row.end_s is not None:
            windows.setdefault(row.video_id, set()).add((row.start_s, row.end_s))
    whole = sum(row.is_whole_video for row in rows)
    return WindowList(path, {video_id: tuple(sorted(of)) for video_id, of in windows.items()}, faults, whole)
