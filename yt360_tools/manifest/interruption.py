"""Ctrl-C while DuckDB works."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Let what DuckDB raises when it is interrupted be the `KeyboardInterrupt` that it stands for."""
    import duckdb

    try:
        yield
    except (RuntimeError, duckdb.Error) as error:
        if str(error) == "Query interrupted" or "KeyboardInterrupt" in str(error).partition("\n")[0]:
            raise KeyboardInterrupt from error
        raise
