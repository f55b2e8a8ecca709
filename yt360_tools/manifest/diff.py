"""What is different between two manifests: clips that only one has, and clips that differ, with the columns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.manifest.cells import quoted, text_literal
from yt360_tools.manifest.database import add_clips, connected
from yt360_tools.manifest.rules import COLUMNS

_TIMES = ("start_s", "end_s")


@dataclass(frozen=True)
class Change:
    """A clip that differs; `columns` holds (value in A, value in B) of each column that does, None for empty.

    Attributes:
        kind: ``only_in_a``, ``only_in_b`` or ``changed``; of the first two, `columns` is empty.
    """

    kind: str
    clip_id: str
    video_id: str
    columns: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Difference:
    """Counts of clips, the extra columns that only one manifest has, and the changes, read as they come.

    Attributes:
        faulty_rows: rows of both that cannot be used, and are not compared.
        changed_columns: how many clips differ, by column.
        changes: sorted by video and clip id.
    """

    same: int
    only_in_a: int
    only_in_b: int
    changed: int
    changed_columns: dict[str, int]
    columns_only_in_a: tuple[str, ...]
    columns_only_in_b: tuple[str, ...]
    changes: Iterator[Change]
    faulty_rows: int = 0

    @property
    def is_empty(self) -> bool:
        counts = self.only_in_a + self.only_in_b + self.changed
        return not counts and not self.columns_only_in_a and not self.columns_only_in_b


@contextmanager
def diff(a: Path, b: Path) -> Iterator[Difference]:
    """Two manifests compared clip by clip, whatever their order and form; clips are told by their ids.

    A column that only one of them has is empty in the other.

    Raises:
        UsageError: one of them cannot be read.
    """
    with connected() as database:
        columns = []
        faulty_rows = 0
        for path, name in ((a, "rows_a"), (b, "rows_b")):
            faulty_rows += add_clips(database, path, name)
            columns.append([column for column, *_ in database.execute(f"DESCRIBE {name}").fetchall()])
        in_a, in_b = columns
        compared = [*COLUMNS[1:], *(name for name in dict.fromkeys([*in_a, *in_b]) if name not in COLUMNS)]
        database.execute(_differences_sql(compared, in_a, in_b))
        counts = dict(database.execute("SELECT kind, count(*) FROM differences GROUP BY kind").fetchall())
        only_in_a, only_in_b, changed = (counts.get(kind, 0) for kind in ("only_in_a", "only_in_b", "changed"))
        ((rows_in_a,),) = database.execute("SELECT count(*) FROM rows_a").fetchall()
        yield Difference(
            same=rows_in_a - only_in_a - changed,
            only_in_a=only_in_a,
            only_in_b=only_in_b,
            changed=changed,
            changed_columns=_changed_columns(database),
            columns_only_in_a=tuple(name for name in in_a if name not in in_b),
            columns_only_in_b=tuple(name for name in in_b if name not in in_a),
            changes=_changes(database, compared),
            faulty_rows=faulty_rows,
        )


def _differences_sql(compared: list[str], in_a: list[str], in_b: list[str]) -> str:
    def value(side: str, column: str, there: list[str]) -> str:
        kind = "DOUBLE" if column in _TIMES else "VARCHAR"
        return f"{side}.{quoted(column)}" if column in there else f"NULL::{kind}"

    pairs = [(column, value("a", column, in_a), value("b", column, in_b)) for column in compared]
    differ = [f"{of_a} IS DISTINCT FROM {of_b}" for _, of_a, of_b in pairs]
    words = ", ".join(
        f"CASE WHEN {test} THEN {text_literal(column)} END" for (column, *_), test in zip(pairs, differ, strict=True)
    )
    values = ", ".join(
        f"{of_a} AS {quoted(f'a_{place}')}, {of_b} AS {quoted(f'b_{place}')}"
        for place, (_, of_a, of_b) in enumerate(pairs)
    )
    kind = "CASE WHEN b.clip_id IS NULL THEN 'only_in_a' WHEN a.clip_id IS NULL THEN 'only_in_b' ELSE 'changed' END"
    changed = f"list_filter([{words}], lambda word: word IS NOT NULL)"
    return f"""
        CREATE TABLE differences AS
        SELECT {kind} AS kind, coalesce(a.clip_id, b.clip_id) AS clip_id, coalesce(a.video_id, b.video_id) AS video_id,
            CASE WHEN a.clip_id IS NULL OR b.clip_id IS NULL THEN [] ELSE {changed} END AS changed, {values}
        FROM rows_a AS a FULL JOIN rows_b AS b ON a.clip_id = b.clip_id
        WHERE a.clip_id IS NULL OR b.clip_id IS NULL OR {" OR ".join(differ)}
    """


def _changed_columns(database: Any) -> dict[str, int]:
    names = "SELECT unnest(changed) AS name FROM differences"
    return dict(database.execute(f"SELECT name, count(*) FROM ({names}) GROUP BY name ORDER BY 2 DESC, 1").fetchall())


def _changes(database: Any, compared: list[str]) -> Iterator[Change]:
    found = database.execute("SELECT * FROM differences ORDER BY video_id, clip_id")
    while rows := found.fetchmany(10_000):
        for kind, clip_id, video_id, changed, *values in rows:
            pairs = dict(zip(compared, zip(values[::2], values[1::2], strict=True), strict=True))
            yield Change(kind, clip_id, video_id, {name: pairs[name] for name in changed})
