"""A part of a manifest: by split, ids and a condition, and of what is left a drawn number of videos, clips or hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError, nearest
from yt360_tools.manifest.cells import text_literal
from yt360_tools.manifest.closed_sql import checked_condition, close, explained
from yt360_tools.manifest.database import add_clips, connected, write_clips
from yt360_tools.manifest.formats import format_of
from yt360_tools.manifest.query import VIDEOS_VIEW
from yt360_tools.manifest.writing import check_not_over
from yt360_tools.records import check_id

_SHOWN_IDS = 10


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a manifest; what is None or empty asks nothing.

    First the rows are taken that stand in one of `splits`, whose video or clip id is one of `ids` and none of
    `except_ids`, and for which `where` holds. Of these are drawn, one after the other: `videos` videos; `clips` rows,
    or the share `fraction` (0 to 1) of them; video after video up to `hours`, the last one cut where a row would
    exceed them.

    What is drawn depends on `seed` and the ids alone: it goes in the order of the md5 of ``SEED:ID`` in hexadecimal
    digits. So a larger draw holds every smaller one.
    """

    splits: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    except_ids: tuple[str, ...] = ()
    where: str | None = None
    videos: int | None = None
    clips: int | None = None
    fraction: float | None = None
    hours: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Taken:
    """What a subset holds.

    Attributes:
        unknown_ids: the ids asked for that name nothing in the manifest.
        faulty_rows: rows that cannot be used, and were left out before.
        without_length: rows of whole videos that were left out because hours were asked for.
    """

    clips: int
    videos: int
    unknown_ids: tuple[str, ...]
    without_length: int
    faulty_rows: int = 0


def subset(path: Path, out: Path, wanted: Wanted) -> Taken:
    """Write a part of a manifest, in its form by name, whole or not at all.

    Raises:
        UsageError: the manifest cannot be read, the part names what is not there, or nothing is left.
        EnvironmentMissing: it cannot be written.
    """
    import duckdb

    out = out.resolve()
    format_of(out)
    check_not_over(out, [path])
    with connected() as database:
        faulty_rows = add_clips(database, path)
        unknown = _add_ids(database, "wanted", wanted.ids)
        _add_ids(database, "unwanted", wanted.except_ids)
        close(database, folders=[out.parent])
        database.execute(VIDEOS_VIEW)
        condition = checked_condition(database, wanted.where, {"clips", "videos"}) if wanted.where else "true"
        _check_splits(database, wanted.splits)
        try:
            database.execute(_chosen_sql(wanted, condition))
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise UsageError(f"--where cannot be answered: {explained(error)}") from error
        without_length = _draw(database, wanted)
        clips, videos = database.execute("SELECT count(*), count(DISTINCT video_id) FROM chosen").fetchone()
        if not clips:
            named = [f"no video or clip {name!r}" for name in unknown[:_SHOWN_IDS]]
            more = [f"and {len(unknown) - _SHOWN_IDS} more ids that are not in it"] if unknown[_SHOWN_IDS:] else []
            why = "; ".join(["nothing was written", *named, *more])
            raise UsageError(f"no row of {path} is in this subset; {why}")
        write_clips(database, "chosen", out)
    return Taken(clips, videos, unknown, without_length, faulty_rows)


def read_ids(path: Path) -> tuple[str, ...]:
    """The ids in a file, one a line; blank lines and what follows a ``#`` are skipped.

    Raises:
        UsageError: it cannot be read, or a line is no id.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"ids {path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            found.append(check_id(text, f"{path} line {number}: id"))
    if not found:
        raise UsageError(f"ids {path}: there is none in it")
    return tuple(found)


def _add_ids(database: Any, table: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Put the ids into a table; those that name no clip and no video are returned."""
    database.execute(f"CREATE TABLE {table} (id VARCHAR)")
    database.execute(f"INSERT INTO {table} SELECT DISTINCT unnest(?::VARCHAR[])", [list(ids)])
    unknown = database.execute(
        f"SELECT id FROM {table} "
        "WHERE id NOT IN (SELECT video_id FROM clips) AND id NOT IN (SELECT clip_id FROM clips) ORDER BY id"
    ).fetchall()
    return tuple(name for (name,) in unknown)


def _check_splits(database: Any, splits: Sequence[str]) -> None:
    known = [split for (split,) in database.execute("SELECT DISTINCT split FROM clips ORDER BY 1").fetchall()]
    for split in splits:
        if split not in known:
            raise UsageError(f"there is no split {split!r}; there are {', '.join(known)}{nearest(split, known)}")


def _chosen_sql(wanted: Wanted, condition: str) -> str:
    conditions = [condition]
    if wanted.splits:
        conditions.append(f"split IN ({', '.join(map(text_literal, wanted.splits))})")
    if wanted.ids:
        conditions.append("(video_id IN (SELECT id FROM wanted) OR clip_id IN (SELECT id FROM wanted))")
    if wanted.except_ids:
        conditions.append("video_id NOT IN (SELECT id FROM unwanted) AND clip_id NOT IN (SELECT id FROM unwanted)")
    return f"CREATE TABLE chosen AS SELECT * FROM clips WHERE {' AND '.join(conditions)}"


def _draw(database: Any, wanted: Wanted) -> int:
    """Thin the table ``chosen`` to what is drawn; how many rows had no length to count."""
    if wanted.videos is not None:
        drawn = f"SELECT DISTINCT video_id FROM chosen ORDER BY {_place(wanted.seed, 'video_id')} LIMIT {wanted.videos}"
        database.execute(f"DELETE FROM chosen WHERE video_id NOT IN ({drawn})")
    if wanted.fraction is not None or wanted.clips is not None:
        (there,) = database.execute("SELECT count(*) FROM chosen").fetchone()
        count = wanted.clips if wanted.clips is not None else there
        if wanted.fraction is not None:
            count = min(count, round(there * wanted.fraction))
        drawn = f"SELECT clip_id FROM chosen ORDER BY {_place(wanted.seed, 'clip_id')} LIMIT {count}"
        database.execute(f"DELETE FROM chosen WHERE clip_id NOT IN ({drawn})")
    if wanted.hours is None:
        return 0
    (without_length,) = database.execute("SELECT count(*) FROM chosen WHERE start_s IS NULL").fetchone()
    # Whole microseconds add up to the same sum in any order.
    lasted = "sum(round((end_s - start_s) * 1e6)::HUGEINT)"
    order = f"{_place(wanted.seed, 'video_id')}, start_s, clip_id"
    running = f"SELECT clip_id, {lasted} OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING) AS lasted FROM chosen"
    fits = f"SELECT clip_id FROM ({running} WHERE start_s IS NOT NULL) WHERE lasted <= {round(wanted.hours * 3.6e9)}"
    database.execute(f"DELETE FROM chosen WHERE start_s IS NULL OR clip_id NOT IN ({fits})")
    return int(without_length)


def _place(seed: int, column: str) -> str:
    """SQL for an id's place in the draw."""
    return f"md5('{seed}:' || {column}), {column}"
