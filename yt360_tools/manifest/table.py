"""Reading and writing a manifest: a file with a row a clip, in any of the formats."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from yt360_tools.errors import UsageError
from yt360_tools.manifest.csv_records import CsvRecords, Record
from yt360_tools.manifest.formats import Format, format_of, format_to_read, new_csv, written_whole
from yt360_tools.manifest.rules import COLUMNS, DEFAULT_SPLIT, Acquaintance, BadRow, Fault, check_header, row_of
from yt360_tools.records import ClipRow

__all__ = ["COLUMNS", "DEFAULT_SPLIT", "Fault", "Manifest", "read_manifest", "write_manifest"]


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
    """The manifest in a file with the columns of `COLUMNS`, in the form that its name tells.

    Only ``video_id`` must be there. A row without times is a whole video. A missing clip_id follows from video and
    start, a missing split is ``all``. A bad row becomes a `Fault`; the other rows stand, and so do those above the
    place where a file is cut off.

    Raises:
        UsageError: the file cannot be read, is not what its name says, has no header, or holds no row.
    """
    unit = "line"
    if format_to_read(path) is Format.PARQUET:
        from yt360_tools.manifest.parquet import parquet_records

        unit = "row"
        header, records = parquet_records(path)
        judged: Iterator[tuple[int, ClipRow | BadRow]] = _judged(header, records)
    else:
        judged = judged_csv(path)
    rows: list[ClipRow] = []
    faults: list[Fault] = []
    met = Acquaintance(unit)
    for line, found in judged:
        try:
            if isinstance(found, BadRow):
                raise found
            met.meet(found)
            rows.append(found)
        except BadRow as bad:
            faults.append(Fault(line, bad.reason, f"{path.name} {unit} {line}: {bad}"))
    if not rows and not faults:
        raise UsageError(f"manifest {path} has a header and no rows")
    return Manifest(path, tuple(rows), tuple(faults))


def judged_csv(path: Path) -> Iterator[tuple[int, ClipRow | BadRow]]:
    """The rows of a CSV below its header, each looked at alone, with their lines.

    Raises:
        UsageError: as `read_manifest`.
    """
    records = CsvRecords(path)
    source = iter(records)
    header, _ = header_of(path, records, source)
    for line, cells in records_to_the_end(records, source, len(header)):
        try:
            if isinstance(cells, BadRow):
                raise cells
            yield line, row_of(header, cells, line)
        except BadRow as bad:
            yield line, bad


def header_of(path: Path, records: CsvRecords, source: Iterator[Record]) -> tuple[list[str], int]:
    """The columns' names and their line, from the first of a CSV's records, which `source` goes through.

    Raises:
        UsageError: there is none, or none that a manifest can have.
    """
    line, first = next(source, (0, None))
    if first is None:
        why = f" ({records.broken})" if records.broken else ""
        raise UsageError(f"manifest {path} is empty{why}; it needs a header: {','.join(COLUMNS)}")
    if isinstance(first, BadRow):
        raise UsageError(f"manifest {path} has no header: line {line} {first}; expected {','.join(COLUMNS)!r}")
    header = [name.strip() for name in first]
    check_header(path, header)
    return header, line


def records_to_the_end(records: CsvRecords, source: Iterator[Record], wanted: int) -> Iterator[Record]:
    """What is left of a CSV's records, and what is wrong where the file is cut off; `wanted` cells make a row."""
    last: Record | None = None
    for record in source:
        if last:
            yield last
        last = record
    if last:
        is_open = not records.is_ended and last[0] == records.lines
        if is_open and records.broken:
            last = (last[0], BadRow(records.broken.reason, f"{records.broken} within this line{_ABOVE}"))
        elif is_open and (isinstance(last[1], BadRow) or len(last[1]) < wanted):
            last = (last[0], cut_off(last[1], wanted))
        yield last
    if records.broken and records.is_ended:
        yield records.lines + 1, BadRow(records.broken.reason, f"{records.broken}{_ABOVE}")


def cut_off(cells: list[str] | BadRow, wanted: int) -> BadRow:
    """What is wrong with a last record that lacks cells, or a quote's end, and a line end as well."""
    what = cells if isinstance(cells, BadRow) else f"has {len(cells)} cells; the header has {wanted}"
    return BadRow("cut_off", f"{what}, and no line end: the file is cut off{_ABOVE}")


_ABOVE = "; the rows above can be used"


def _judged(
    header: Sequence[str], records: Iterable[tuple[int, Sequence[str]]]
) -> Iterator[tuple[int, ClipRow | BadRow]]:
    for line, cells in records:
        try:
            yield line, row_of(header, cells, line)
        except BadRow as bad:
            yield line, bad


def write_manifest(path: Path, rows: Iterable[ClipRow], *, keep_order: bool = False) -> None:
    """Write rows in the form that the name tells, whole or not at all.

    They are sorted by video, start and clip id (text by code points, whole videos before clips), so that two versions
    of a list can be compared line by line; `keep_order` leaves them as given.

    Raises:
        UsageError: the name ends with none of the known extensions.
        OSError: it cannot be written.
    """
    form = format_of(path)
    rows = list(rows) if keep_order else sorted(rows, key=_place)
    extra = list(dict.fromkeys(name for row in rows for name in row.extra))
    header = [*COLUMNS, *extra]
    with written_whole(path) as temporary:
        if form is Format.PARQUET:
            from yt360_tools.manifest.parquet import write_parquet

            write_parquet(temporary, header, (_cells(row, extra) for row in rows))
            return
        with new_csv(temporary, form) as file:
            writer = csv.writer(_UnixLines(file))
            writer.writerow(header)
            writer.writerows(_cells(row, extra) for row in rows)


class _UnixLines:
    """Ends csv's lines with a line feed alone. (Told to write such, csv would leave a lone return unquoted.)"""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> None:
        self._file.write(line.removesuffix("\r\n") + "\n")


def _cells(row: ClipRow, extra: list[str]) -> list[str]:
    others = [row.extra.get(name, "") for name in extra]
    return [row.clip_id, row.video_id, _time_text(row.start_s), _time_text(row.end_s), row.split, *others]


def _place(row: ClipRow) -> tuple[str, float, str]:
    return (row.video_id, -1.0 if row.start_s is None else row.start_s, row.clip_id)


def _time_text(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.6f}".rstrip("0").rstrip(".")
