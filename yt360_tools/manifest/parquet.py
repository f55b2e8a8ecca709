"""Manifests in Parquet: their rows as text, and rows of text as Parquet."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.manifest.cells import decoded_sql, lines_sql, path_to_read, quoted, text_literal, write_cells
from yt360_tools.manifest.rules import check_header

TIMES = ("start_s", "end_s")
_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 10_000


def parquet_columns(database: Any, path: Path) -> dict[str, str]:
    """The columns of a Parquet file that can be a manifest, with their types as DuckDB calls them.

    Raises:
        UsageError: it cannot be read, or its columns are no manifest's.
    """
    import duckdb

    try:
        with path.open("rb") as file:
            starts_well = file.read(4) == _MAGIC
            file.seek(0, 2)
            file.seek(-min(4, file.tell()), 2)
            ends_well = file.read(4) == _MAGIC
    except OSError as error:
        raise UsageError(f"manifest {path} cannot be read: {error.strerror}") from error
    if starts_well and not ends_well:
        raise UsageError(
            f"manifest {path} is cut off: a Parquet file's index stands at its end, so none of its rows can be read; "
            "get it again"
        )
    if not starts_well:
        raise UsageError(f"manifest {path} is not a Parquet file: it does not begin with {_MAGIC.decode()}")
    try:
        found = database.execute(f"DESCRIBE SELECT * FROM {parquet_sql(path)}").fetchall()
    except duckdb.Error as error:
        raise UsageError(f"manifest {path} cannot be read as Parquet: {error}") from error
    columns = {name: kind for name, kind, *_ in found}
    check_header(path, list(columns))
    return columns


def parquet_sql(path: Path) -> str:
    """SQL for a Parquet file's table."""
    return f"read_parquet({path_to_read(path)})"


def cell_sql(column: str) -> str:
    """SQL for a column's value as a CSV has it: text, empty where there is none."""
    return f"coalesce({quoted(column)}::VARCHAR, '')"


def parquet_records(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and each row's number (from 1) and cells as a CSV has them.

    Raises:
        UsageError: it cannot be read, or its columns are no manifest's; behind the last readable row as well.
    """
    from yt360_tools.manifest.database import connected

    database = connected()
    columns = list(parquet_columns(database, path))
    return columns, _rows(database, path, columns)


def _rows(database: Any, path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    import duckdb

    try:
        found = database.execute(f"SELECT {', '.join(map(cell_sql, columns))} FROM {parquet_sql(path)}")
        line = 0
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            for cells in rows:
                line += 1
                yield line, list(cells)
    except duckdb.Error as error:
        raise UsageError(f"manifest {path} cannot be read as Parquet: {error}") from error
    finally:
        database.close()


def write_parquet(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows of text as Parquet in their order: times as doubles, empty cells as NULL."""
    from yt360_tools.manifest.database import connected

    with tempfile.TemporaryDirectory(prefix="yt360-") as folder, connected() as database:
        table = Path(folder) / "rows"
        write_cells(table, rows)
        chosen = []
        for number, name in enumerate(header, 1):
            cell = f"nullif({decoded_sql(f'cells[{number}]')}, '')"
            chosen.append(f"{cell}{'::DOUBLE' if name in TIMES else ''} AS {quoted(name)}")
        lines = f"SELECT string_split(line, chr(31)) AS cells FROM {lines_sql(table)}"
        database.execute(
            f"COPY (SELECT {', '.join(chosen)} FROM ({lines})) TO {text_literal(str(path))} ({PARQUET_OPTIONS})"
        )


PARQUET_OPTIONS = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
