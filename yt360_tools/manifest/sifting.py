"""The database's sieve: which of a manifest's rows are right beyond doubt, told by SQL alone.

What it lets through is right by `rules.row_of`, with the same values. What it keeps may be wrong, or merely unusual.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from yt360_tools.manifest.cells import quoted, text_literal
from yt360_tools.manifest.rules import (
    CHECKSUM_COLUMNS,
    CHECKSUM_PATTERN,
    COLUMNS,
    DECLARED_COLUMNS,
    DEFAULT_SPLIT,
    LAYOUT_COLUMNS,
    BadRow,
    check_layout,
)
from yt360_tools.manifest.sheet import Sheet

GOOD, DOUBTFUL, NOTHING = 0, 1, 2
"""The states of a sifted row; one of `NOTHING` is a comment or an empty line."""

_TIMES = ("start_s", "end_s")
_USUAL_SPLITS = ("", "train", "test", "valid", "val", "all", "none")  # looked up rather than looked through
_MOST_LAYOUTS = 1000
_BLANK = "'" + " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
_BLANK += "".join(map(chr, range(0x2000, 0x200B))) + "'"
"""SQL for all that Python takes for space."""


def names_in_sql(header: Sequence[str]) -> list[str]:
    """Names for the columns that a database can tell apart: it ignores case, and wants one letter at least."""
    found: list[str] = []
    taken = set(COLUMNS)
    for number, column in enumerate(header, 1):
        name = column or f"column_{number}"
        while column not in COLUMNS and name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        found.append(name)
    return found


def sift(database: Any, sheet: Sheet, table: str, *, with_others: bool) -> None:
    """Make a table of a sheet's rows in their order: `COLUMNS`, its `DECLARED_COLUMNS`, then state, raw and is_own.

    Only doubtful rows have ``raw``, and only it counts there. ``is_own`` is whether the clip has the id that follows
    from its video and start. `with_others` takes in all other columns too; a sheet that knows its lines has them in
    front.

    Raises:
        duckdb.Error: the file cannot be read.
    """
    own_line = ["line"] if sheet.line == "line" else []
    texts = {name: sheet.cell(name) for name in ("video_id", "clip_id", "split")}
    texts |= {f"{name}_text": sheet.cell(name) for name in _TIMES if name not in sheet.numbers}
    texts |= {name: sheet.cell(name) for name in DECLARED_COLUMNS if name in sheet.header}
    others = []
    if with_others:
        for number, (column, name) in enumerate(zip(sheet.header, names_in_sql(sheet.header), strict=True), 1):
            if column not in COLUMNS and column not in DECLARED_COLUMNS:
                cell = f"c{number}" if sheet.is_trimmed and sheet.unit == "line" else f"trim(c{number}, {_BLANK})"
                texts[f"other {number}"] = cell
                others.append(f"nullif({quoted(f'other {number}')}, '') AS {quoted(name)}")
    declared = [name for name in DECLARED_COLUMNS if name in sheet.header]
    numbers = ", ".join(f"{_seconds(sheet, name)} AS {name}" for name in _TIMES)
    good = _is_good(database, sheet, declared)
    chosen = [
        *own_line,
        f"CASE WHEN clip_id = '' THEN {_DERIVED} ELSE clip_id END AS clip_id",
        "video_id", *_TIMES,
        f"CASE WHEN split = '' THEN {text_literal(DEFAULT_SPLIT)} ELSE split END AS split",
        *declared, *others,
        f"CASE WHEN is_good THEN {GOOD} WHEN NOT is_row THEN {NOTHING} ELSE {DOUBTFUL} END::UTINYINT AS state",
        f"CASE WHEN is_good OR NOT is_row THEN NULL ELSE {sheet.raw} END AS raw",
        "is_own",
    ]  # fmt: skip
    # Each level is worked out once, and the next one leans on it.
    cells = f"SELECT *, {', '.join(f'{sql} AS {quoted(name)}' for name, sql in texts.items())} FROM ({sheet.query})"
    timed = f"SELECT *, {numbers} FROM ({cells})"
    owned = f"SELECT *, {_is_own(sheet)} AS is_own FROM ({timed})"
    judged = f"SELECT *, {good} AS is_good FROM ({owned})"
    _create_in_order(database, f"CREATE TABLE {quoted(table)} AS SELECT {', '.join(chosen)} FROM ({judged})")


def _create_in_order(database: Any, sql: str) -> None:
    """Make a table whose rows keep the order of the file they come from, which tells their lines.

    Comparing with several values, however it is written, may be planned as a join, and rows come out of a join in any
    order: the optimizer that does it is switched off meanwhile.
    """
    ((others,),) = database.execute("SELECT current_setting('disabled_optimizers')").fetchall()
    database.execute(f"SET disabled_optimizers = {text_literal(f'{others},in_clause'.lstrip(','))}")
    try:
        ((_, plan),) = database.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
        assert not any("JOIN" in step for step in _steps(json.loads(plan))), "rows would lose their lines"
        database.execute(sql)
    finally:
        database.execute(f"SET disabled_optimizers = {text_literal(others)}")


def _steps(plan: list[dict[str, Any]]) -> Iterator[str]:
    for step in plan:
        yield step["name"].upper()
        yield from _steps(step["children"])


def _seconds(sheet: Sheet, column: str) -> str:
    """SQL for a time: NULL where there is none, and where it is no plain number."""
    if column in sheet.numbers:
        return f"{sheet.numbers[column]} + 0.0"
    text = f"{column}_text"
    return f"CASE WHEN regexp_matches({text}, '[^0-9.]') THEN NULL ELSE try_cast({text} AS DOUBLE) END"


def _is_good(database: Any, sheet: Sheet, declared: Sequence[str]) -> str:
    layout = [name for name in declared if name in LAYOUT_COLUMNS]
    is_empty = [f"{sheet.numbers[name]} IS NULL" if name in sheet.numbers else f"{name}_text = ''" for name in _TIMES]
    has_times = "(start_s >= 0 AND start_s < end_s AND isfinite(end_s))"
    is_short = f"CASE WHEN clip_id = '' THEN strlen({_DERIVED}) ELSE strlen(clip_id) END <= 128"
    conditions = [
        f"n = {len(sheet.header)}",
        _is_id("video_id"),
        f"({' OR '.join(f'split = {text_literal(word)}' for word in _USUAL_SPLITS)} OR {_is_id('split')})",
        f"(({is_empty[0]} AND {is_empty[1]}) OR coalesce({has_times}, false))",
        f"CASE WHEN is_own THEN {is_short} ELSE {_is_id('clip_id')} END",
    ]
    conditions += [
        f"({name} = '' OR regexp_full_match({name}, {text_literal(CHECKSUM_PATTERN)}))"
        for name in declared
        if name in CHECKSUM_COLUMNS
    ]
    if layout:
        joined = f"concat_ws(chr(31), {', '.join(layout)})"
        known = ", ".join(text_literal(key) for key in _known_layouts(database, sheet, layout, joined))
        conditions.append(f"list_contains([{known}]::VARCHAR[], {joined})")
    return "(is_row AND " + " AND ".join(conditions) + ")"


def _is_id(expression: str) -> str:
    """SQL for what `records.check_id` lets pass."""
    return f"(NOT regexp_matches({expression}, '^[.]|[^A-Za-z0-9._-]') AND strlen({expression}) BETWEEN 1 AND 128)"


def _is_own(sheet: Sheet) -> str:
    """SQL for whether a clip's id is its video's with its start behind, as the file or a number writes it.

    Of such ids two are the same only if the starts are; and they have no letters but those that an id may have.
    """
    start = "start_s_text"
    if "start_s" in sheet.numbers:
        start = "CASE WHEN start_s = floor(start_s) THEN start_s::BIGINT::VARCHAR ELSE start_s::VARCHAR END"
    clip = f"CASE WHEN start_s < 1e15 THEN clip_id = video_id || '-' || {start} END"
    return f"coalesce(clip_id = '' OR CASE WHEN start_s IS NULL THEN clip_id = video_id ELSE {clip} END, false)"


_DERIVED = (
    "CASE WHEN start_s IS NULL THEN video_id "
    "WHEN start_s = floor(start_s) AND start_s < 1e15 THEN video_id || '-' || start_s::BIGINT::VARCHAR "
    "ELSE video_id || '-' || rtrim(rtrim(format('{:.6f}', start_s), '0'), '.') END"
)
"""SQL for what `records.clip_id_for` gives; the video's id for a whole video."""


def _known_layouts(database: Any, sheet: Sheet, layout: Sequence[str], joined: str) -> list[str]:
    """Those of the layouts in a manifest that are right, each as one text; they are few, and many rows have them."""
    cells = ", ".join(f"{sheet.cell(name)} AS {name}" for name in layout)
    found = database.execute(
        f"SELECT DISTINCT {joined}, {', '.join(layout)} FROM (SELECT {cells} FROM ({sheet.query})) "
        f"LIMIT {_MOST_LAYOUTS}"
    ).fetchall()
    return sorted(key for key, *words in found if _is_known(dict(zip(layout, words, strict=True))))


def _is_known(words: dict[str, str]) -> bool:
    try:
        check_layout(words)
    except BadRow:
        return False
    return all(word == word.strip() for word in words.values())
