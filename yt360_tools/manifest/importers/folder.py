"""A plain folder of media: a row a video, whose sound may lie beside it in a file of the same name.

``a.mp4`` alone carries both; ``a.mp4`` with ``a.wav``, or ``a.video.mp4`` with ``a.audio.wav``, are picture and sound.
"""

import os
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

from yt360_tools.errors import UsageError
from yt360_tools.manifest.importers.findings import NO_SPLIT, Findings, Imported, whole_video_row
from yt360_tools.manifest.importers.lists import Lists
from yt360_tools.manifest.importers.media_files import PICTURES, SOUNDS, extension_of
from yt360_tools.manifest.table import DEFAULT_SPLIT
from yt360_tools.records import check_id

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TRACKS = {".video": "picture", ".audio": "sound"}


def import_folder(lists: Lists) -> Imported:
    """A row a video of a folder and of those below it, with columns ``media``, or ``video_media`` and ``audio_media``:
    paths below the folder, with ``/``.

    Ids are the files' names without extension, and what cannot stand in an id becomes ``_``. With
    `Lists.splits_are_folders` the folder's sub-folders are the splits; else all is of one.
    """
    findings = Findings()
    if not lists.folder.is_dir():
        findings.fault(str(lists.folder), 0, "missing", "is no folder")
        return findings.imported()
    others: list[str] = []
    groups: dict[PurePosixPath, dict[str, list[str]]] = defaultdict(lambda: {"picture": [], "sound": []})
    for path in _files_below(lists.folder):
        name = path.as_posix()
        extension = extension_of(Path(name))
        if extension not in PICTURES and extension not in SOUNDS:
            others.append(name)
        elif not _is_plain(name):
            findings.fault(ascii(name)[1:-1], 0, "bad_name", "holds a character that a manifest cannot: rename it")
        else:
            stem, kind = _named(path)
            groups[stem][kind].append(name)
    if lists.splits_are_folders:
        loose = [stem for stem in groups if len(stem.parts) == 1]
        if loose:
            findings.remark(f"{len(loose)} videos lie in no sub-folder, such as {loose[0]}: split {NO_SPLIT!r}")
    for stem in sorted(groups):
        _add(stem, groups[stem]["picture"], groups[stem]["sound"], _split_of(stem, lists), findings)
    if others:
        findings.remark(f"{len(others)} files are no media, such as {min(others)}")
    if not findings.rows and not findings.faults:
        findings.fault(str(lists.folder), 0, "empty", f"holds no media ({', '.join(sorted(PICTURES))})")
    return findings.imported()


def _files_below(root: Path) -> list[PurePosixPath]:
    found = []
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        relative = Path(folder).relative_to(root)
        found += [PurePosixPath((relative / name).as_posix()) for name in sorted(names) if not name.startswith(".")]
    return found


def _is_plain(name: str) -> bool:
    return name.isprintable() and "\\" not in name


def _named(path: PurePosixPath) -> tuple[PurePosixPath, str]:
    """A file's path without extension and track, and whether it is a picture or a sound: a WebM may be either."""
    stem = path.with_suffix("")
    track = _TRACKS.get(stem.suffix.lower())
    if track:
        return stem.with_suffix(""), track
    return stem, "picture" if extension_of(Path(path.name)) in PICTURES else "sound"


def _split_of(stem: PurePosixPath, lists: Lists) -> str:
    if not lists.splits_are_folders:
        return DEFAULT_SPLIT
    return stem.parts[0] if len(stem.parts) > 1 else NO_SPLIT


def _add(stem: PurePosixPath, pictures: list[str], sounds: list[str], split: str, findings: Findings) -> None:
    if not pictures:
        findings.fault(sounds[0], 0, "no_picture", f"is a sound without a picture; {stem}.mp4 is not there")
        return
    for kind in (pictures, sounds):
        if len(kind) > 1:
            message = f"{', '.join(kind)} could all be meant; keep one of them"
            findings.fault(kind[0], 0, "ambiguous", message)
            return
    video_id = _UNSAFE.sub("_", stem.name).lstrip(".")
    try:
        check_id(video_id, "id")
        check_id(split, "split")
    except UsageError as error:
        findings.fault(pictures[0], 0, "bad_id", str(error))
        return
    if video_id != stem.name:
        findings.remark(f"{pictures[0]} gets the id {video_id}")
    extra = {"video_media": pictures[0], "audio_media": sounds[0]} if sounds else {"media": pictures[0]}
    findings.add(whole_video_row(video_id, split, extra), pictures[0], 0)
