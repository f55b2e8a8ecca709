"""All that is wrong with a manifest, told in one pass; and what is odd, but no fault."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yt360_tools.manifest.checked import CheckedManifest, FaultGroup
from yt360_tools.manifest.database import connected

_NOTED_LENGTHS, _USUAL_LENGTH = (10, 12), 11


@dataclass(frozen=True)
class ManifestCheck:
    """Rows that can be used, rows that cannot, what is wrong with them by reason, and what is odd but no fault."""

    usable_rows: int
    faulty_rows: int
    faults: tuple[FaultGroup, ...]
    notes: tuple[str, ...]

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


def check_manifest(path: Path, *, show: int | None = 5) -> ManifestCheck:
    """All that is wrong with a manifest, with the first `show` faults of each reason; all of them for None.

    Raises:
        UsageError: as `read_manifest`.
    """
    with connected() as database:
        checked = CheckedManifest(database, path, show=show)
        notes = (*checked.sheet.notes, *_odd_ids(database, checked.sheet.unit))
        return ManifestCheck(checked.usable_rows, checked.faulty_rows, checked.groups(), notes)


def _odd_ids(database: Any, unit: str) -> tuple[str, ...]:
    """Ids a letter shorter or longer than YouTube's, where most have its length: they may be typed wrong."""
    lengths: dict[int, tuple[int, int, str]] = {
        length: (count, line, example)
        for length, count, line, example in database.execute(
            "SELECT strlen(video_id), count(DISTINCT video_id), min(line), arg_min(video_id, line) "
            "FROM usable GROUP BY 1"
        ).fetchall()
    }
    usual = lengths.get(_USUAL_LENGTH, (0, 0, ""))[0]
    notes = []
    for length in _NOTED_LENGTHS:
        count, line, example = lengths.get(length, (0, 0, ""))
        if count and usual > count:
            ids = "video id has" if count == 1 else "video ids have"
            notes.append(
                f"{count} {ids} {length} characters; YouTube's have {_USUAL_LENGTH}: first {example!r} in {unit} {line}"
            )
    return tuple(notes)
