"""A manifest's file laid out for the database: SQL for its rows as they stand there, whatever the format."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from yt360_tools.errors import UsageError
from yt360_tools.manifest.cells import (
    NO_DELIMITER,
    SEPARATOR,
    decoded,
    decoded_sql,
    encoded,
    encoded_sql,
    lines_sql,
)
from yt360_tools.manifest.csv_records import MOST_CELL_LETTERS, CsvRecords
from yt360_tools.manifest.formats import BrokenFile, Format, content, format_to_read
from yt360_tools.manifest.parquet import TIMES, cell_sql, parquet_columns, parquet_sql
from yt360_tools.manifest.rules import COLUMNS, DECLARED_COLUMNS, BadRow
from yt360_tools.manifest.table import cut_off, header_of, records_to_the_end

_NUMBERS = ("DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_SPACES = [bytes([code]) for code in b"\t\x0b\x0c\x1c\x1d\x1e\x1f "]


@dataclass(frozen=True)
class Sheet:
    """A manifest's rows below its header.

    Attributes:
        header: the columns' names as the file has them.
        unit: how messages call a place in the file: ``line``, or ``row`` in Parquet.
        query: SQL for the rows in the file's order: ``c1``, ``c2`` and so on are the columns' texts, ``n`` is how many
            cells there are (-1 where one may be endless), ``is_row`` is false for comments and empty lines.
        raw: SQL for a row of the query as a text that `cells_of` takes apart.
        line: SQL for a row's line; ``{}`` stands for how many rows of the query come before it.
        cells_of: the cells in a ``raw`` text.
        numbers: SQL for times that the file has as numbers, by column.
        is_trimmed: whether no cell has space around it.
        faults: what is wrong with single lines, whatever the query has for them.
        notes: what a person might want to know of the file.
    """

    header: tuple[str, ...]
    unit: str
    query: str
    raw: str
    line: str
    cells_of: Callable[[str], list[str]]
    numbers: dict[str, str] = field(default_factory=dict)
    is_trimmed: bool = False
    faults: dict[int, BadRow] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def cell(self, column: str) -> str:
        """SQL for the text in a column, without spaces and tabs around it; empty where there is no such column."""
        if column not in self.header:
            return "''"
        name = f"c{self.header.index(column) + 1}"
        return (
            name if self.is_trimmed else f"CASE WHEN {has_space(name)} THEN trim({name}, ' ' || chr(9)) ELSE {name} END"
        )


def has_space(text: str) -> str:
    """SQL for whether a text has a space or a tab in it."""
    return f"contains({text}, ' ') OR contains({text}, chr(9))"


def lay_out(database: Any, path: Path, folder: Path) -> Sheet:
    """A manifest's rows for the database; what must be unpacked or rewritten for it goes into `folder`.

    Raises:
        UsageError: the file cannot be read, is not what its name says, or has no header.
    """
    form = format_to_read(path)
    if form is Format.PARQUET:
        return _sheet_of_parquet(database, path, parquet_columns(database, path))
    records = CsvRecords(path)
    header, line = header_of(path, records, iter(records))
    if form is Format.CSV:
        look = _look(path, None)
        if look.is_plain:
            return _sheet_of_lines(path, header, line, look)
    else:
        copy = folder / "unpacked"
        with copy.open("wb") as file:
            look = _look(path, file)
        if look.is_plain:
            return _sheet_of_lines(copy, header, line, look)
        copy.unlink()
    return _sheet_of_records(path, folder / "cells")


@dataclass
class _Look:
    """What the bytes of a CSV say at a glance."""

    line_feeds: int = 0
    returns: int = 0
    pairs: int = 0
    comments: int = 0
    has_spaces: bool = False
    is_odd: bool = False
    last: bytes = b""

    @property
    def is_plain(self) -> bool:
        """Whether each line is a record, and all lines end alike."""
        return not self.is_odd and self.returns == self.pairs and self.pairs in (0, self.line_feeds)

    def take(self, before: bytes, piece: bytes) -> None:
        """Look at a piece of the file, behind the byte before it."""
        self.line_feeds += piece.count(b"\n")
        joint = before + piece[:1]
        if b"\r" in piece or joint == b"\r\n":
            self.returns += piece.count(b"\r")
            self.pairs += piece.count(b"\r\n") + (joint == b"\r\n")
        if b"#" in piece:
            self.comments += piece.count(b"\n#") + (joint == b"\n#")
        self.has_spaces = self.has_spaces or any(space in piece for space in _SPACES)
        self.is_odd = self.is_odd or any(odd in piece for odd in (b'"', NO_DELIMITER[:1].encode(), b"\0"))
        end = piece.rpartition(b"\n")[2]
        self.last = end if len(end) < len(piece) else self.last + end
        self.is_odd = self.is_odd or len(self.last) > _MOST_LINE_BYTES


_MOST_LINE_BYTES = 1 << 20
_LOOKED_AT_ROWS = 10_000


def _look(path: Path, copy: BinaryIO | None) -> _Look:
    """Read a CSV once, and write to `copy` what it unpacks to."""
    look = _Look()
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = b"\n"
    try:
        for piece in content(path):
            bare = piece.removeprefix(codecs.BOM_UTF8) if before == b"\n" and not look.line_feeds else piece
            if not bare:
                continue
            look.take(before, bare)
            before = bare[-1:]
            if not bare.isascii() or decoder.getstate()[0]:
                decoder.decode(bare)
            if copy:
                copy.write(bare)
        look.is_odd = look.is_odd or bool(decoder.getstate()[0])
    except (BrokenFile, UnicodeDecodeError):
        look.is_odd = True
    except OSError as error:
        raise UsageError(f"manifest {path} cannot be read: {error.strerror}") from error
    return look


def _sheet_of_lines(path: Path, header: list[str], header_line: int, look: _Look) -> Sheet:
    last = look.last.decode()
    cells = last.split(",")
    is_short = len(cells) < len(header) and not last.startswith("#") and any(map(str.strip, cells))
    listed = ", ".join(f"coalesce(cells[{number}], '') AS c{number}" for number in range(1, len(header) + 1))
    count = f"CASE WHEN strlen(line) > {MOST_CELL_LETTERS} THEN -1 ELSE len(cells) END AS n"
    raw = "line AS raw, line IS NOT NULL AND NOT starts_with(line, '#') AS is_row"
    lines = f"SELECT line, string_split(line, ',') AS cells FROM {lines_sql(path, skip=header_line)}"
    return Sheet(
        header=tuple(header),
        unit="line",
        query=f"SELECT {listed}, {count}, {raw} FROM ({lines})",
        raw="raw",
        line=f"{{}} + {header_line + 1}",
        cells_of=lambda text: text.split(","),
        is_trimmed=not look.has_spaces,
        faults={look.line_feeds + 1: cut_off(cells, len(header))} if is_short else {},
        notes=_notes(look.comments, is_ended=not last),
    )


def _sheet_of_records(path: Path, copy: Path) -> Sheet:
    """The rows of a CSV with quotes or odder things: read record by record, rewritten for the database."""
    records = CsvRecords(path)
    source = iter(records)
    header, _ = header_of(path, records, source)
    faults: dict[int, BadRow] = {}
    with copy.open("w", encoding="utf-8", newline="") as file:
        for line, cells in records_to_the_end(records, source, len(header)):
            if isinstance(cells, BadRow):
                faults[line] = cells
            else:
                file.write(f"{encoded([str(line), *map(str.strip, cells)])}\n")
    listed = [
        f"coalesce({decoded_sql(f'cells[{number + 1}]')}, '') AS c{number}" for number in range(1, len(header) + 1)
    ]
    listed += ["len(cells) - 1 AS n", "true AS is_row", "raw", "cells[1]::BIGINT AS line"]
    lines = f"SELECT line AS raw, string_split(line, chr({ord(SEPARATOR)})) AS cells FROM {lines_sql(copy)}"
    return Sheet(
        header=tuple(header),
        unit="line",
        query=f"SELECT {', '.join(listed)} FROM ({lines})",
        raw="raw",
        line="line",
        cells_of=lambda text: decoded(text)[1:],
        is_trimmed=True,
        faults=faults,
        notes=_notes(records.comments, records.is_ended),
    )


def _sheet_of_parquet(database: Any, path: Path, columns: dict[str, str]) -> Sheet:
    cells = [cell_sql(column) for column in columns]
    listed = ", ".join(f"{cell} AS c{number}" for number, cell in enumerate(cells, 1))
    numbers = {column: f"number_of_{column}" for column in TIMES if columns.get(column) in _NUMBERS}
    others = "".join(f", {column}::DOUBLE AS {name}" for column, name in numbers.items())
    checked = [cell_sql(name) for name in columns if name in (*COLUMNS, *DECLARED_COLUMNS) and name not in numbers]
    # If only later rows have spaces, they are doubtful, and judged one by one: slower, and no less right.
    first = f"SELECT {' OR '.join(map(has_space, checked))} AS found FROM {parquet_sql(path)} LIMIT {_LOOKED_AT_ROWS}"
    ((has_spaces,),) = database.execute(f"SELECT coalesce(bool_or(found), false) FROM ({first})").fetchall()
    return Sheet(
        header=tuple(columns),
        unit="row",
        query=f"SELECT {listed}, {len(columns)} AS n, true AS is_row{others} FROM {parquet_sql(path)}",
        raw=encoded_sql([f"c{number}" for number in range(1, len(columns) + 1)]),
        line="{} + 1",
        cells_of=decoded,
        numbers=numbers,
        is_trimmed=not has_spaces,
    )


def _notes(comments: int, is_ended: bool) -> tuple[str, ...]:
    notes = []
    if comments:
        notes.append(f"{comments} line{'s' if comments > 1 else ''} of comment")
    if not is_ended:
        notes.append("the last line has no end; if the file was cut off there, its last cell may be short")
    return tuple(notes)
