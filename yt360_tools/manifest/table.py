"""Reading, checking and writing a manifest: a CSV with a row a clip."""

import csv
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import layout_hint
from yt360_tools.errors import UsageError, nearest
from yt360_tools.projection import parse_faces
from yt360_tools.records import PROJECTIONS, STEREO_LAYOUTS, ClipRow, check_id, clip_id_for

COLUMNS = ("clip_id", "video_id", "start_s", "end_s", "split")
DEFAULT_SPLIT = "all"
_MISNAMED = {
    "start_s": re.compile("(?i)(start|begin)(_?(s|sec|seconds|time))?"),
    "end_s": re.compile("(?i)(end|stop)(_?(s|sec|seconds|time))?"),
}
_LAYOUT_WORDS = {"projection": PROJECTIONS, "stereo": STEREO_LAYOUTS}
_LAYOUT_COLUMNS = (*_LAYOUT_WORDS, "faces")


@dataclass(frozen=True)
class Fault:
    """A row that cannot be used: its line (from 1, the header's), one word, and what is wrong with it."""

    line: int
    reason: str
    message: str


@dataclass(frozen=True)
class Manifest:
    """The rows that can be used, in the file's order, and the faults of those that cannot."""

    path: Path
    rows: tuple[ClipRow, ...]
    faults: tuple[Fault, ...]

    @property
    def video_ids(self) -> tuple[str, ...]:
        """Every video named, once, in the order of first mention."""
        return tuple(dict.fromkeys(row.video_id for row in self.rows))


def read_manifest(path: Path) -> Manifest:
    """The manifest in a CSV file with the columns of `COLUMNS`; only ``video_id`` must be there.

    A row without times is a whole video. A missing clip_id follows from video and start, a missing split
    is ``all``. A bad row becomes a `Fault`; the other rows stand.

    Raises:
        UsageError: the file cannot be read, is not CSV in UTF-8, has no header, or holds no row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except OSError as error:
        raise UsageError(f"manifest {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"manifest {path} is not a CSV file in UTF-8: {error}") from error
    if not lines:
        raise UsageError(f"manifest {path} is empty; it needs a header: {','.join(COLUMNS)}")
    header = [name.strip() for name in lines[0][1]]
    _check_header(path, header)
    if len(lines) == 1:
        raise UsageError(f"manifest {path} has a header and no rows")
    return _check_rows(path, header, lines[1:])


def write_manifest(path: Path, rows: Iterable[ClipRow]) -> None:
    """Write rows as CSV, whole or not at all, in the order given."""
    rows = list(rows)
    extra = list(dict.fromkeys(name for row in rows for name in row.extra))
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *extra])
        for row in rows:
            times = [_time_text(row.start_s), _time_text(row.end_s)]
            others = [row.extra.get(name, "") for name in extra]
            writer.writerow([row.clip_id, row.video_id, *times, row.split, *others])
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _time_text(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.6f}".rstrip("0").rstrip(".")


def _check_header(path: Path, header: list[str]) -> None:
    if "video_id" not in header:
        near = [f"{name!r} in place of 'video_id'?" for name in header if nearest(name, ["video_id"])]
        raise UsageError(
            f"manifest {path} has no column 'video_id'; its header is {','.join(header)[:200]!r}, "
            f"expected {','.join(COLUMNS)!r}" + (f" ({near[0]})" if near else "")
        )
    misnamed = [(name, known) for known in ("start_s", "end_s") for name in header if _MISNAMED[known].fullmatch(name)]
    if misnamed and not {"start_s", "end_s"} & set(header):
        raise UsageError(
            f"manifest {path} has a column {misnamed[0][0]!r} and no {misnamed[0][1]!r}: its rows would "
            f"be whole videos; rename it, expected {','.join(COLUMNS)!r}"
        )
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise UsageError(f"manifest {path} has the column {doubled[0]!r} twice")


def _check_rows(path: Path, header: list[str], lines: list[tuple[int, list[str]]]) -> Manifest:
    rows: list[ClipRow] = []
    faults: list[Fault] = []
    first_line: dict[str, int] = {}
    whole_line: dict[str, int] = {}
    layouts: dict[str, dict[str, str]] = {}
    for number, cells in lines:
        values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        try:
            if len(cells) != len(header):
                raise _BadRow("bad_row", f"has {len(cells)} cells; the header has {len(header)}")
            row = _check_row(values, number)
            if row.clip_id in first_line:
                raise _BadRow("duplicate", f"clip {row.clip_id!r} stands in line {first_line[row.clip_id]} already")
            for column, word in _declared_layout(row.extra).items():
                before = layouts.get(row.video_id, {}).get(column, word)
                if before != word:
                    raise _BadRow("bad_layout", f"{column} of {row.video_id!r} is {word!r} here and {before!r} above")
            if row.is_whole_video and row.video_id in whole_line:
                raise _BadRow(
                    "duplicate", f"the whole of {row.video_id!r} stands in line {whole_line[row.video_id]} already"
                )
        except _BadRow as fault:
            faults.append(Fault(number, fault.reason, f"{path.name} line {number}: {fault}"))
            continue
        first_line[row.clip_id] = number
        layouts.setdefault(row.video_id, {}).update(_declared_layout(row.extra))
        if row.is_whole_video:
            whole_line[row.video_id] = number
        rows.append(row)
    return Manifest(path, tuple(rows), tuple(faults))


def _declared_layout(extra: dict[str, str]) -> dict[str, str]:
    """The columns that say how the sphere lies in a row's video, where they say something."""
    return {column: extra[column] for column in _LAYOUT_COLUMNS if extra.get(column)}


class _BadRow(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _check_row(values: dict[str, str], line: int) -> ClipRow:
    video_id = values.get("video_id", "")
    split = values.get("split", "") or DEFAULT_SPLIT
    start_s, end_s = _seconds(values, "start_s"), _seconds(values, "end_s")
    try:
        check_id(video_id, "video_id")
        check_id(split, "split")
        if (start_s is None) != (end_s is None):
            raise _BadRow("bad_times", "gives one of start_s and end_s; give both, or none for a whole video")
        if start_s is not None and end_s is not None and not 0 <= start_s < end_s:
            raise _BadRow("bad_times", f"start_s {start_s:g} and end_s {end_s:g}: needs 0 <= start_s < end_s")
        derived = video_id if start_s is None else clip_id_for(video_id, start_s)
        clip_id = check_id(values.get("clip_id", "") or derived, "clip_id")
    except UsageError as error:
        raise _BadRow("bad_id", str(error)) from error
    extra = {name: value for name, value in values.items() if name not in COLUMNS}
    _check_layout(extra)
    return ClipRow(clip_id, video_id, start_s, end_s, split, extra, line)


def _check_layout(extra: dict[str, str]) -> None:
    for column, allowed in _LAYOUT_WORDS.items():
        word = extra.get(column)
        if word and word not in allowed:
            raise _BadRow(
                "bad_layout",
                f"{column} {word!r} is unknown; allowed: {', '.join(allowed)}, or empty{layout_hint(word, ())}",
            )
    faces, projection = extra.get("faces"), extra.get("projection")
    if not faces:
        return
    if projection and projection != "cubemap":
        raise _BadRow("bad_layout", f"faces {faces!r} are a cubemap's, and projection is {projection!r}")
    try:
        parse_faces(faces)
    except UsageError as error:
        raise _BadRow("bad_layout", str(error)) from error


def _seconds(values: dict[str, str], column: str) -> float | None:
    text = values.get(column, "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        raise _BadRow("bad_times", f"{column} {text!r} is not a number of seconds") from None
    if not math.isfinite(seconds):
        raise _BadRow("bad_times", f"{column} {text!r} is not a finite number of seconds")
    return seconds
