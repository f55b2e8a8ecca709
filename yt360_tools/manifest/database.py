"""Manifests as tables of a DuckDB in memory, for what is asked of all rows at once."""

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from yt360_tools.errors import EnvironmentMissing
from yt360_tools.manifest.cells import quoted, text_literal
from yt360_tools.manifest.formats import Format, format_of, written_whole
from yt360_tools.manifest.interruption import Database
from yt360_tools.manifest.parquet import PARQUET_OPTIONS, TIMES
from yt360_tools.manifest.rules import COLUMNS

_COMPRESSION = {Format.CSV: "none", Format.GZIP: "gzip", Format.ZSTD: "zstd"}


def connected(*, memory_mb: int = 1500) -> Database:
    """A new DuckDB in memory, which Ctrl-C ends.

    What does not fit goes to a temporary folder, which goes with the connection.
    """
    import duckdb

    folder = tempfile.mkdtemp(prefix="yt360-")
    settings = {"memory_limit": f"{memory_mb}MB", "temp_directory": folder, "python_enable_replacements": "false"}
    connection = duckdb.connect(config=settings)
    return Database(connection, weakref.finalize(connection, shutil.rmtree, folder, ignore_errors=True))


def spill_folder(database: Any) -> Path | None:
    """Where a connection of `connected` puts what does not fit; None where there is no such folder."""
    ((folder,),) = database.execute("SELECT current_setting('temp_directory')").fetchall()
    return Path(folder) if folder and Path(folder).is_dir() else None


def add_clips(database: Any, path: Path, name: str = "clips") -> int:
    """Put a manifest's usable rows into a table: clip_id, video_id, start_s, end_s, split, then what else it has.

    They are those of `read_manifest`, in the file's order, whatever its format. Times are doubles in seconds, NULL for
    whole videos; all else is text, NULL where a cell is empty. Other columns whose names differ from earlier ones in
    case alone get a ``_`` behind, and those without a name are ``column_`` with their place.

    Returns:
        How many rows cannot be used, and were left out.

    Raises:
        UsageError: the file cannot be read as a manifest.
    """
    from yt360_tools.manifest.checked import CheckedManifest

    before = _tables(database)
    checked = CheckedManifest(database, path, sifted=name, with_others=True, show=0)
    table, chosen = quoted(name), ", ".join(map(quoted, checked.columns))
    if checked.is_whole:
        _drop(database, _tables(database) - before - {(name, "BASE TABLE")})
        for column in ("state", "raw", "is_own", *(["line"] if checked.sheet.line == "line" else [])):
            database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        return 0
    database.execute(f"CREATE TABLE _usable AS SELECT {chosen} FROM usable ORDER BY line")
    _drop(database, _tables(database) - before - {("_usable", "BASE TABLE")})
    database.execute(f"ALTER TABLE _usable RENAME TO {table}")
    return checked.faulty_rows


def _tables(database: Any) -> set[tuple[str, str]]:
    return set(database.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall())


def _drop(database: Any, tables: set[tuple[str, str]]) -> None:
    for name, kind in sorted(tables, key=lambda table: table[1] != "VIEW"):
        database.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quoted(name)}")


def write_clips(database: Any, table: str, path: Path) -> int:
    """Write a table's or view's rows as a manifest in the form that the name tells, whole or not at all.

    They are sorted by video, start and clip id, as `write_manifest` does. The table has the columns of `COLUMNS`,
    times as numbers, and any others, which become text.

    Returns:
        How many rows were written.

    Raises:
        UsageError: the name ends with none of the known extensions.
        EnvironmentMissing: the file cannot be written.
    """
    import duckdb

    form = format_of(path)
    columns = [column for column, *_ in database.execute(f"DESCRIBE {quoted(table)}").fetchall()]
    columns = [*COLUMNS, *(column for column in columns if column not in COLUMNS)]
    as_written = time_text if form is not Format.PARQUET else "{}::DOUBLE".format
    chosen = [
        f"{as_written(quoted(column)) if column in TIMES else text_or_null(quoted(column))} AS {quoted(column)}"
        for column in columns
    ]
    order = ", ".join(f"{quoted(table)}.{column} NULLS FIRST" for column in ("video_id", "start_s", "clip_id"))
    rows = f"SELECT {', '.join(chosen)} FROM {quoted(table)} ORDER BY {order}"
    try:
        with written_whole(path) as temporary:
            options = (
                PARQUET_OPTIONS
                if form is Format.PARQUET
                else f"FORMAT csv, HEADER true, COMPRESSION {_COMPRESSION[form]}"
            )
            ((count,),) = database.execute(f"COPY ({rows}) TO {text_literal(str(temporary))} ({options})").fetchall()
            return int(count)
    except OSError as error:
        raise EnvironmentMissing(f"{path} cannot be written: {error.strerror or error}") from error
    except duckdb.IOException as error:
        raise EnvironmentMissing(f"{path} cannot be written: {error}") from error


def text_or_null(expression: str) -> str:
    """SQL for a cell's text, NULL where there is none."""
    return f"nullif({expression}::VARCHAR, '')"


def time_text(expression: str) -> str:
    """SQL for seconds as `write_manifest` writes them: up to six decimals, no zeros at the end."""
    decimals = f"rtrim(rtrim(format('{{:.6f}}', {expression}), '0'), '.')"
    is_whole = f"{expression} = floor({expression}) AND abs({expression}) < 1e15"
    return f"CASE WHEN {is_whole} THEN {expression}::BIGINT::VARCHAR ELSE {decimals} END"
