"""Manifests as tables of a DuckDB in memory, for what is asked of all rows at once."""

from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.manifest.table import COLUMNS, DEFAULT_SPLIT


def connected(*, memory_mb: int = 1500) -> Any:
    """A new database in memory, as a `duckdb.DuckDBPyConnection`."""
    import duckdb

    return duckdb.connect(config={"memory_limit": f"{memory_mb}MB", "python_enable_replacements": "false"})


def add_clips(database: Any, path: Path, name: str = "clips") -> None:
    """Put a manifest's usable rows into a table: clip_id, video_id, start_s, end_s, split, then what else it has.

    Times are doubles in seconds, NULL for whole videos; all else is text.

    Raises:
        UsageError: the file cannot be read as a manifest.
    """
    import duckdb

    try:
        source = database.read_csv(str(path), all_varchar=True, header=True)
        extra = [f'"{column}"' for column in source.columns if column not in COLUMNS]
        chosen = ["clip_id", "video_id", "try_cast(start_s AS DOUBLE) AS start_s", "try_cast(end_s AS DOUBLE) AS end_s"]
        chosen += [f"coalesce(split, '{DEFAULT_SPLIT}') AS split", *extra]
        source.select(", ".join(chosen)).create(name)
    except duckdb.Error as error:
        raise UsageError(f"manifest {path} cannot be read: {error}") from error
