"""A database that Ctrl-C ends: DuckDB alone heeds it between a query's steps, and a join may be one step of hours."""

import threading
from collections.abc import Callable
from typing import Any

_ASKED_TIMES, _BETWEEN_S = 20, 0.05
"""How often a query is asked to end, and how long it is waited for each time: a few functions of DuckDB never look."""


class Database:
    """A `duckdb.DuckDBPyConnection` that works in threads of its own, so that Ctrl-C reaches whoever waits for it.

    It raises `KeyboardInterrupt` then, and the query has ended; or if it would not, a second later, and its thread
    goes on in vain: it is called ``yt360-database``, and ends with the process.

    Args:
        discard: removes what the connection leaves on the disk; called where it cannot be closed in order.
    """

    def __init__(self, connection: Any, discard: Callable[[], object] = lambda: None) -> None:
        self._connection = connection
        self._discard = discard
        self._ended = threading.Event()
        self._ended.set()

    def __getattr__(self, name: str) -> Any:
        """What takes no time is the connection's own."""
        return getattr(self._connection, name)

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, *arguments: Any) -> "Database":
        self._do(self._connection.execute, *arguments)
        return self

    def executemany(self, *arguments: Any) -> "Database":
        self._do(self._connection.executemany, *arguments)
        return self

    def fetchone(self) -> Any:
        return self._do(self._connection.fetchone)

    def fetchmany(self, size: int) -> Any:
        return self._do(self._connection.fetchmany, size)

    def fetchall(self) -> Any:
        return self._do(self._connection.fetchall)

    def cursor(self) -> "Database":
        return Database(self._connection.cursor())

    def close(self) -> None:
        """Close it; one that goes on in vain is left to the end of the process."""
        if self._ended.is_set():
            self._connection.close()
        else:
            self._discard()

    def _do(self, function: Callable[..., Any], *arguments: Any) -> Any:
        found: list[Any] = []
        failures: list[BaseException] = []
        ended = self._ended = threading.Event()

        def work() -> None:
            try:
                found.append(function(*arguments))
            except BaseException as failure:
                failures.append(failure)
            finally:
                ended.set()

        try:
            thread = threading.Thread(target=work, name="yt360-database", daemon=True)
            thread.start()
            ended.wait()
            thread.join()
        except KeyboardInterrupt:
            for _ in range(_ASKED_TIMES):
                self._connection.interrupt()
                if ended.wait(_BETWEEN_S):
                    break
            raise
        if not failures:
            return found.pop()
        failure = failures.pop()
        try:
            raise failure
        finally:
            del failure  # or it would hold itself, and the connection with it
