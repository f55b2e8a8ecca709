"""Several manifests made one: what they say alike stands once; where they differ, one is preferred, or all refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.manifest.cells import quoted, text_literal
from yt360_tools.manifest.database import add_clips, connected, write_clips
from yt360_tools.manifest.formats import format_of
from yt360_tools.manifest.rules import COLUMNS
from yt360_tools.manifest.writing import check_not_over

_SHOWN = 10


@dataclass(frozen=True)
class Merged:
    """What a merge came to: rows written, clips that stood in several manifests, and those of them that differed.

    Attributes:
        faulty_rows: rows that cannot be used, and were left out before.
    """

    clips: int
    shared: int
    conflicts: int
    faulty_rows: int = 0


def merge(paths: Sequence[Path], out: Path, *, prefer: str | None = None) -> Merged:
    """Write the rows of all manifests as one, sorted, whole or not at all.

    A clip is told by its id. Columns that only some manifests have are empty in the others' rows, and an empty cell
    contradicts nothing: it is filled from another manifest's row of the clip.

    Args:
        prefer: ``first`` or ``last``: whose row is taken where rows of a clip contradict each other.

    Raises:
        UsageError: a manifest cannot be read, or rows of a clip contradict each other and `prefer` is None.
        EnvironmentMissing: it cannot be written.
    """
    format_of(out)
    check_not_over(out, paths)
    with connected() as database:
        names = []
        faulty_rows = 0
        for place, path in enumerate(paths):
            names.append(f"manifest_{place}")
            faulty_rows += add_clips(database, path, names[-1])
        union = " UNION ALL BY NAME ".join(
            f"SELECT *, {place} AS source FROM {name}" for place, name in enumerate(names)
        )
        database.execute(f"CREATE VIEW everything AS {union}")
        described = database.execute("DESCRIBE everything").fetchall()
        columns = [column for column, *_ in described if column != "source"]
        database.execute(
            "CREATE TABLE doubled AS SELECT * FROM everything WHERE clip_id IN "
            "(SELECT clip_id FROM everything GROUP BY clip_id HAVING count(*) > 1)"
        )
        conflicts = _conflicts(database, columns)
        if conflicts and prefer is None:
            raise UsageError(_refusal(database, conflicts, paths))
        database.execute(_merged_sql(columns, last=prefer == "last"))
        ((shared,),) = database.execute("SELECT count(DISTINCT clip_id) FROM doubled").fetchall()
        return Merged(write_clips(database, "merged", out), shared, conflicts, faulty_rows)


def _conflicts(database: Any, columns: Sequence[str]) -> int:
    """Fill the table ``conflicts`` with clips and the columns that differ, in words; how many clips."""
    others = [column for column in columns if column not in ("clip_id", "start_s", "end_s")]
    differing = {column: f"min({quoted(column)}) <> max({quoted(column)})" for column in others}
    for column in ("start_s", "end_s"):
        differing[column] = f"(min({column}) <> max({column}) OR count({column}) NOT IN (0, count(*)))"
    words = ", ".join(f"CASE WHEN {test} THEN {text_literal(column)} END" for column, test in differing.items())
    database.execute(
        f"CREATE TABLE conflicts AS SELECT clip_id, concat_ws(', ', {words}) AS columns, "
        "min(source) AS one, max(source) AS other "
        f"FROM doubled GROUP BY clip_id HAVING {' OR '.join(f'coalesce({test}, false)' for test in differing.values())}"
    )
    return int(database.execute("SELECT count(*) FROM conflicts").fetchone()[0])


def _refusal(database: Any, count: int, paths: Sequence[Path]) -> str:
    shown = database.execute(
        f"SELECT clip_id, columns, one, other FROM conflicts ORDER BY clip_id LIMIT {_SHOWN}"
    ).fetchall()
    lines = [f"  {clip_id}: {columns} ({paths[one]}, {paths[other]})" for clip_id, columns, one, other in shown]
    more = [f"  ... and {count - _SHOWN} more"] if count > _SHOWN else []
    return "\n".join(
        [
            f"{count} clips stand in several manifests with other values; '--prefer first' or 'last' chooses:",
            *lines,
            *more,
        ]
    )


def _merged_sql(columns: Sequence[str], *, last: bool) -> str:
    """SQL for the view ``merged``: single rows as they are; of several, what the preferred row says, else another."""
    preferred = "arg_max" if last else "arg_min"
    times = ("start_s", "end_s")
    chosen = [
        f"{preferred}{'_null' if column in times else ''}({quoted(column)}, source) AS {quoted(column)}"
        for column in columns
        if column != "clip_id"
    ]
    plain = ", ".join(quoted(column) for column in columns if column != "clip_id")
    assert set(COLUMNS) <= set(columns)
    return (
        f"CREATE VIEW merged AS SELECT clip_id, {plain} FROM everything "
        "WHERE clip_id NOT IN (SELECT clip_id FROM doubled) "
        f"UNION ALL SELECT clip_id, {', '.join(chosen)} FROM doubled GROUP BY clip_id"
    )
