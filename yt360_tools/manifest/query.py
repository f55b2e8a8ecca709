"""Questions in SQL to a manifest, and to what else is handed over as tables; nothing but those can be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.manifest import one_file
from yt360_tools.manifest.cells import quoted, text_literal
from yt360_tools.manifest.closed_sql import checked_query, close, explained
from yt360_tools.manifest.database import add_clips, connected, text_or_null, time_text
from yt360_tools.manifest.formats import Format, format_of
from yt360_tools.manifest.parquet import parquet_columns
from yt360_tools.manifest.rules import COLUMNS, DEFAULT_SPLIT

MEMORY_MB = 1500
_AT_ONCE = 10_000

VIDEOS_VIEW = """
CREATE VIEW videos AS
SELECT video_id, sum(clips)::BIGINT AS clips, sum(whole)::BIGINT AS whole_videos, sum(seconds) AS seconds,
       min(first_start_s) AS first_start_s, max(last_end_s) AS last_end_s,
       string_agg(split, ',' ORDER BY split) AS splits, count(*) AS split_count
FROM (
    SELECT video_id, split, count(start_s) AS clips, count(*) - count(start_s) AS whole,
           sum(end_s - start_s) AS seconds, min(start_s) AS first_start_s, max(end_s) AS last_end_s
    FROM clips GROUP BY video_id, split
)
GROUP BY video_id
"""


@dataclass(frozen=True)
class GivenTable:
    """A table of plain values: its columns' SQL types by name, and its rows in their order."""

    name: str
    columns: Mapping[str, str]
    rows: Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Answer:
    """Columns with names of their own, whether each holds numbers, and rows that are read as they come.

    Attributes:
        faulty_rows: how many rows of the manifest cannot be used, and were not asked; 0 of a Parquet file.
    """

    columns: tuple[str, ...]
    are_numbers: tuple[bool, ...]
    rows: Iterator[tuple[Any, ...]]
    faulty_rows: int = 0


@contextmanager
def asked(path: Path, sql: str, tables: Iterable[GivenTable] = (), *, memory_mb: int = MEMORY_MB) -> Iterator[Answer]:
    """The answer to a query over a manifest's ``clips`` and ``videos``, and the tables given.

    A CSV's usable rows are read first. A Parquet file is asked as it lies, which is fast, and unchecked.

    Raises:
        UsageError: the manifest cannot be read, the query is none that only reads these tables, or it fails.
    """
    with connected(memory_mb=memory_mb) as database:
        names = {"clips", "videos"}
        for table in tables:
            _add(database, table)
            names.add(table.name)
        faulty_rows = _add_manifest(database, path)
        query = checked_query(database, sql, names)
        yield replace(_answer(database, query, memory_mb), faulty_rows=faulty_rows)


def _add_manifest(database: Any, path: Path) -> int:
    """The manifest as ``clips`` and ``videos``; the database is shut behind it. How many rows cannot be used."""
    faulty_rows = 0
    if format_of(path) is Format.PARQUET:
        view_parquet(database, path)
        close(database, paths=[one_file.ADDRESS])
    else:
        faulty_rows = add_clips(database, path)
        close(database)
    database.execute(VIDEOS_VIEW)
    return faulty_rows


def view_parquet(database: Any, path: Path) -> None:
    """A Parquet file's rows as the view ``clips``, in a manifest's columns and types, read when they are asked for."""
    columns = parquet_columns(database, path)
    chosen = dict.fromkeys(("start_s", "end_s"), "NULL::DOUBLE")
    chosen |= {name: f"try_cast({quoted(name)} AS DOUBLE)" for name in chosen if name in columns}
    named = f"video_id || coalesce('-' || {time_text(chosen['start_s'])}, '')"
    chosen["clip_id"] = f"coalesce({text_or_null('clip_id')}, {named})" if "clip_id" in columns else named
    split = text_or_null("split") if "split" in columns else "NULL"
    chosen["split"] = f"coalesce({split}, {text_literal(DEFAULT_SPLIT)})"
    chosen["video_id"] = "video_id::VARCHAR"
    chosen |= {name: text_or_null(quoted(name)) for name in columns if name not in COLUMNS}
    names = [*COLUMNS, *(name for name in columns if name not in COLUMNS)]
    one_file.register(database, path)
    database.execute(
        f"CREATE VIEW clips AS SELECT {', '.join(f'{chosen[name]} AS {quoted(name)}' for name in names)} "
        f"FROM read_parquet({text_literal(one_file.ADDRESS)})"
    )


def _add(database: Any, table: GivenTable) -> None:
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.columns.items())
    database.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
    values = ", ".join(f"unnest(${place}::{kind}[])" for place, kind in enumerate(table.columns.values(), 1))
    insert = f"INSERT INTO {quoted(table.name)} SELECT {values}"
    waiting: list[Sequence[Any]] = []
    for row in table.rows:
        waiting.append(row)
        if len(waiting) == _AT_ONCE:
            database.execute(insert, [list(column) for column in zip(*waiting, strict=True)])
            waiting = []
    if waiting:
        database.execute(insert, [list(column) for column in zip(*waiting, strict=True)])


def _answer(database: Any, query: str, memory_mb: int) -> Answer:
    import duckdb

    def rows(found: Any) -> Iterator[tuple[Any, ...]]:
        try:
            while some := found.fetchmany(_AT_ONCE):
                yield from some
        except duckdb.Error as error:
            raise _failure(error, memory_mb) from error

    try:
        found = database.execute(query)
    except duckdb.Error as error:
        raise _failure(error, memory_mb) from error
    names: list[str] = []
    kinds: list[bool] = []
    for name, kind, *_ in found.description:
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
        kinds.append(str(kind).partition("(")[0] in _NUMBERS)
    return Answer(tuple(names), tuple(kinds), rows(found))


_NUMBERS = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
    "FLOAT", "DOUBLE", "DECIMAL",
}  # fmt: skip


def _failure(error: Exception, memory_mb: int) -> UsageError:
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return UsageError(f"the query needs more than its {memory_mb} MB of memory; ask for less at once")
    return UsageError(f"the query cannot be answered: {explained(error)}")
