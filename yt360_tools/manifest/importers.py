"""From a dataset's published lists to the rows of a manifest: one function a dataset."""

from collections.abc import Callable
from pathlib import Path

from yt360_tools.errors import UsageError, nearest
from yt360_tools.records import ClipRow, check_id, clip_id_for

NO_SPLIT = "none"
"""The split of clips whose video a dataset lists in none of its splits."""

_YT360_CLIP_S = 10.0


def import_yt360(folder: Path) -> tuple[ClipRow, ...]:
    """The rows of YT-360 from ``train.txt``, ``test.txt`` and ``segments.txt``, sorted by video and time.

    The lists hold an id a line, and ``ID start,start,...`` in whole seconds; each segment lasts 10 s. Videos
    with segments that are in neither split are kept, with the split `NO_SPLIT`.

    Raises:
        UsageError: a list is not there, or a line is not of that form.
    """
    split_of: dict[str, str] = {}
    for split in ("train", "test"):
        for _, line in _lines(folder / f"{split}.txt"):
            split_of[line] = split
    rows: list[ClipRow] = []
    for number, line in _lines(folder / "segments.txt"):
        video_id, _, starts = line.partition(" ")
        try:
            check_id(video_id, "video id")
            seconds = [int(start) for start in starts.split(",")]
        except (UsageError, ValueError) as error:
            raise UsageError(f"{folder / 'segments.txt'} line {number}: {error}") from error
        split = split_of.get(video_id, NO_SPLIT)
        rows += [
            ClipRow(clip_id_for(video_id, start), video_id, float(start), start + _YT360_CLIP_S, split)
            for start in seconds
        ]
    return tuple(sorted(rows, key=lambda row: (row.video_id, row.start_s)))


IMPORTERS: dict[str, Callable[[Path], tuple[ClipRow, ...]]] = {"yt360": import_yt360}


def importer_named(name: str) -> Callable[[Path], tuple[ClipRow, ...]]:
    """The importer of a dataset.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in IMPORTERS:
        raise UsageError(f"no importer {name!r}{nearest(name, IMPORTERS)}; known: {', '.join(IMPORTERS)}")
    return IMPORTERS[name]


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"list {path} cannot be read: {error}") from error
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
