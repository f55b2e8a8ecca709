"""All that is wrong with a manifest, found in the database however many rows there are.

The database sifts: what it lets through is right by the rules, and only the rest is judged row by row, by the rules
themselves. So both ways to read a manifest agree, and a long one is read at the database's pace.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.manifest.cells import decoded_sql, encoded, lines_sql, quoted
from yt360_tools.manifest.csv_records import MOST_CELL_LETTERS, check_lengths
from yt360_tools.manifest.database import spill_folder
from yt360_tools.manifest.rules import (
    CHECKSUM_COLUMNS,
    COLUMNS,
    DECLARED_COLUMNS,
    Acquaintance,
    BadRow,
    Fault,
    duplicate_message,
    row_of,
)
from yt360_tools.manifest.sheet import Sheet, lay_out
from yt360_tools.manifest.sifting import DOUBTFUL, GOOD, names_in_sql, sift
from yt360_tools.records import ClipRow

_ROWS_AT_ONCE = 10_000
CLOSEST_S = 1e-6
"""Starts that are closer may give the same clip id, which has six decimals."""


@dataclass(frozen=True)
class FaultGroup:
    """The faults of one reason: how many rows have it, and the first of them by line."""

    reason: str
    count: int
    first: tuple[Fault, ...]


class CheckedManifest:
    """A manifest taken apart in a database: ``usable`` has the line and columns of each row that can be used.

    Attributes:
        sheet: how the file is laid out.
        columns: those of ``usable`` behind ``line``: `COLUMNS`, then others as `names_in_sql` calls them.
        usable_rows, faulty_rows: how many there are.
        has_spans: whether there is a table ``spans`` with each video's starts and ends, both sorted, of all rows.
        is_whole: whether every row of the file can be used, as the database read it: then the table `sifted` has
            them all, and nothing else.
    """

    def __init__(
        self, database: Any, path: Path, *, sifted: str = "sifted", with_others: bool = False, show: int | None = 5
    ) -> None:
        """Read a manifest and check it all; messages are kept for the first `show` faults of each reason.

        `with_others` keeps all columns, not only those that are checked.

        Raises:
            UsageError: as `read_manifest`.
        """
        import duckdb

        self._database, self._path, self._show, self._sifted = database, path, show, sifted
        self._shown: dict[str, list[Fault]] = defaultdict(list)
        self.has_spans = False
        try:
            with tempfile.TemporaryDirectory(prefix="yt360-", dir=spill_folder(database)) as folder:
                self.sheet: Sheet = lay_out(database, path, Path(folder))
                self.columns = self._columns(with_others)
                sift(database, self.sheet, sifted, with_others=with_others)
                self._judge_alone(Path(folder))
            self._judge_together()
        except duckdb.OutOfMemoryException as error:
            raise UsageError(f"manifest {path} needs more memory or room for temporary files: {error}") from error
        except duckdb.Error as error:
            raise UsageError(f"manifest {path} cannot be read: {error}") from error
        self.usable_rows, self.faulty_rows, mended, passed = self._row(
            "SELECT (SELECT count(*) FROM usable), (SELECT count(*) FROM faulty), (SELECT count(*) FROM mended), "
            f"(SELECT count(*) FROM {quoted(sifted)} WHERE state <> {GOOD})"
        )
        self.is_whole = not (self.faulty_rows or mended or passed)
        if not self.usable_rows and not self.faulty_rows:
            raise UsageError(f"manifest {path} has a header and no rows")

    def groups(self) -> tuple[FaultGroup, ...]:
        """The faults by reason, in the order of their first lines."""
        counts = self._rows("SELECT reason, count(*) FROM faulty GROUP BY reason ORDER BY min(line), reason")
        return tuple(
            FaultGroup(reason, count, tuple(sorted(self._shown[reason], key=lambda fault: fault.line)[: self._show]))
            for reason, count in counts
        )

    def _columns(self, with_others: bool) -> list[str]:
        header = self.sheet.header
        declared = [name for name in DECLARED_COLUMNS if name in header]
        names = zip(header, names_in_sql(header), strict=True)
        others = [name for column, name in names if column not in (*COLUMNS, *DECLARED_COLUMNS)]
        return [*COLUMNS, *declared, *(others if with_others else [])]

    def _judge_alone(self, folder: Path) -> None:
        """Judge each doubtful row by itself: ``mended`` gets those that are right, ``faulty`` the others."""
        line = self.sheet.line.format("rowid")
        doubtful = self._database.cursor().execute(
            f"SELECT {line}, raw FROM {quoted(self._sifted)} WHERE state = {DOUBTFUL} ORDER BY 1"
        )
        mended, faulty = folder / "mended", folder / "faulty"
        with ExitStack() as stack:
            good, bad = (stack.enter_context(path.open("w", encoding="utf-8", newline="")) for path in (mended, faulty))
            for place, found in self._judged(doubtful):
                if isinstance(found, BadRow):
                    self._tell(place, found)
                    bad.write(f"{encoded([str(place), found.reason])}\n")
                else:
                    good.write(f"{encoded([str(place), *self._texts(found)])}\n")
        self._load("faulty", faulty, {"line": "BIGINT", "reason": "VARCHAR"})
        types = {name: "DOUBLE" if name in ("start_s", "end_s") else "VARCHAR" for name in self.columns}
        self._load("mended", mended, {"line": "BIGINT", **types})
        chosen = ", ".join(map(quoted, self.columns))
        line = self.sheet.line.format("rowid")
        self._database.execute(
            f"CREATE VIEW rows AS SELECT {line} AS line, {chosen} FROM {quoted(self._sifted)} WHERE state = {GOOD} "
            f"UNION ALL SELECT line, {chosen} FROM mended"
        )

    def _judged(self, doubtful: Any) -> Iterator[tuple[int, ClipRow | BadRow]]:
        yield from self.sheet.faults.items()
        while rows := doubtful.fetchmany(_ROWS_AT_ONCE):
            for line, raw in rows:
                cells = self.sheet.cells_of(raw)
                if line in self.sheet.faults or (self.sheet.unit == "line" and not any(map(str.strip, cells))):
                    continue
                if len(raw) > MOST_CELL_LETTERS and self.sheet.unit == "line":
                    check_lengths(self._path, line, cells)
                try:
                    yield line, row_of(self.sheet.header, cells, line)
                except BadRow as bad:
                    yield line, bad

    def _texts(self, row: ClipRow) -> list[str]:
        """A row as `columns` has it; floats as Python writes them, which says them exactly."""
        times = ["" if seconds is None else repr(seconds) for seconds in (row.start_s, row.end_s)]
        declared = [row.extra[name] for name in DECLARED_COLUMNS if name in row.extra]
        others = [value for name, value in row.extra.items() if name not in DECLARED_COLUMNS]
        cells = [row.clip_id, row.video_id, *times, row.split, *declared, *others]
        return cells[: len(self.columns)]

    def _load(self, table: str, path: Path, columns: dict[str, str]) -> None:
        cells = ", ".join(
            f"nullif({decoded_sql(f'cells[{number}]')}, '')::{kind} AS {quoted(name)}"
            for number, (name, kind) in enumerate(columns.items(), 1)
        )
        lines = f"SELECT string_split(line, chr(31)) AS cells FROM {lines_sql(path)}"
        self._database.execute(f"CREATE TABLE {table} AS SELECT {cells} FROM ({lines})")

    def _judge_together(self) -> None:
        """Hold the rows against each other: of rows that do not go together, the first stands."""
        run = self._database.execute
        self._find_twice()
        run("CREATE TABLE tangled_video (video_id VARCHAR)")
        run(
            "INSERT INTO tangled_video SELECT video_id FROM rows WHERE start_s IS NULL "
            "GROUP BY video_id HAVING min(clip_id) <> max(clip_id)"
        )
        declared = [name for name in DECLARED_COLUMNS if name in self.sheet.header]
        for name in declared:
            meaning = f"lower({name})" if name in CHECKSUM_COLUMNS else name
            run(
                f"INSERT INTO tangled_video SELECT video_id FROM rows WHERE {name} <> '' "
                f"GROUP BY video_id HAVING min({meaning}) <> max({meaning})"
            )
        run("CREATE TABLE tangled_clip AS SELECT DISTINCT clip_id FROM rows WHERE video_id IN (FROM tangled_video)")
        self._unravel(declared)
        run(
            "CREATE TABLE doubled AS SELECT * FROM (SELECT line, min(line) OVER (PARTITION BY clip_id) AS first "
            "FROM rows WHERE hash(clip_id) IN (FROM twice) AND clip_id NOT IN (FROM tangled_clip)) WHERE line > first"
        )
        self._tell_doubled()
        run("INSERT INTO faulty SELECT line, 'duplicate' FROM doubled")
        ((has_faults,),) = self._rows("SELECT count(*) > 0 FROM faulty")
        run(f"CREATE VIEW usable AS SELECT * FROM rows {'ANTI JOIN faulty USING (line)' if has_faults else ''}")

    def _find_twice(self) -> None:
        """Make ``twice``, the hashes of clip ids that stand in two rows, and perhaps of some others."""
        one_of_many = "SELECT hash(clip_id) AS code FROM rows {} GROUP BY code HAVING count(*) > 1"
        ((others,),) = self._rows(
            f"SELECT (SELECT count(*) FROM {quoted(self._sifted)} WHERE state = {GOOD} AND NOT is_own) "
            "+ (SELECT count(*) FROM mended)"
        )
        if others:
            self._database.execute(f"CREATE TABLE twice AS {one_of_many.format('')}")
            return
        # Ids that follow from video and start are told apart within each video, which is far less to remember.
        self._database.execute(
            "CREATE TABLE spans AS SELECT video_id, list_sort(list(start_s)) AS starts, list_sort(list(end_s)) AS ends "
            "FROM rows WHERE start_s IS NOT NULL GROUP BY video_id"
        )
        self.has_spans = True
        self._database.execute(
            "CREATE TABLE near AS SELECT DISTINCT video_id FROM (SELECT video_id, unnest(starts[2:]) AS next, "
            f"unnest(starts[:-2]) AS this FROM spans) WHERE next - this < {2 * CLOSEST_S} UNION "
            "SELECT video_id FROM rows WHERE start_s IS NULL GROUP BY video_id HAVING count(*) > 1"
        )
        self._database.execute(f"CREATE TABLE twice AS {one_of_many.format('WHERE video_id IN (FROM near)')}")

    def _unravel(self, declared: list[str]) -> None:
        """Judge, in their order, the rows whose rights depend on each other in more ways than by the clip's id."""
        columns = [*COLUMNS, *declared]
        found = self._database.cursor().execute(
            f"SELECT line, {', '.join(columns)} FROM rows WHERE clip_id IN (FROM tangled_clip) ORDER BY line"
        )
        met = Acquaintance(self.sheet.unit)
        wrong: list[tuple[int, str]] = []
        for line, row in _clip_rows(found, columns):
            try:
                met.meet(row)
            except BadRow as bad:
                self._tell(line, bad)
                wrong.append((line, bad.reason))
        if wrong:
            lines, reasons = zip(*wrong, strict=True)
            self._database.execute(
                "INSERT INTO faulty SELECT unnest($1::BIGINT[]), unnest($2::VARCHAR[])", [list(lines), list(reasons)]
            )

    def _tell_doubled(self) -> None:
        limit = "" if self._show is None else f"LIMIT {self._show}"
        places = self._rows(f"SELECT line, first FROM doubled ORDER BY line {limit}")
        if not places:
            return
        wanted = sorted({line for place in places for line in place})
        columns = ", ".join(COLUMNS)
        found = self._database.execute(
            f"SELECT line, {columns} FROM rows WHERE line IN (SELECT unnest($1::BIGINT[]))", [wanted]
        )
        rows = dict(_clip_rows(found, COLUMNS))
        for line, first in places:
            self._tell(line, BadRow("duplicate", duplicate_message(rows[line], rows[first], self.sheet.unit)))

    def _tell(self, line: int, bad: BadRow) -> None:
        """Keep a message, if it can be among the first of its reason; within a kind of check they come by line."""
        shown = self._shown[bad.reason]
        if self._show is None or len(shown) < 3 * self._show:
            shown.append(Fault(line, bad.reason, f"{self._path.name} {self.sheet.unit} {line}: {bad}"))

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._database.execute(sql).fetchall()

    def _row(self, sql: str) -> tuple[Any, ...]:
        ((*values,),) = self._rows(sql)
        return tuple(values)


def _clip_rows(found: Any, columns: Iterable[str]) -> Iterator[tuple[int, ClipRow]]:
    names = list(columns)[len(COLUMNS) :]
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        for line, clip_id, video_id, start_s, end_s, split, *layout in rows:
            extra = {name: word or "" for name, word in zip(names, layout, strict=True)}
            yield line, ClipRow(clip_id, video_id, start_s, end_s, split, extra, line)
