"""What two manifests share: videos, clips that meet, and seconds, split against split."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError, nearest
from yt360_tools.manifest.database import add_clips, connected
from yt360_tools.manifest.writing import text_written_whole

ANY = "*"
"""Stands for all splits of a manifest together; no split can have this name."""


@dataclass(frozen=True)
class SplitOverlap:
    """What a split of A shares with a split of B; `ANY` for all splits of a manifest together.

    Attributes:
        videos: the videos that both name.
        videos_in_a: all videos of the split of A; `videos_in_b` likewise.
        clips_in_a: the rows of A whose span meets one of B in the same video; `clips_in_b` likewise. A row without
            times spans its whole video.
        seconds: of the time that rows of both cover, each moment counted once; of videos that stand whole in
            both, the length is not known, and not in it.
        whole_videos: the videos that stand whole in both.
    """

    split_a: str
    split_b: str
    videos: int
    videos_in_a: int
    videos_in_b: int
    clips_in_a: int
    clips_in_b: int
    seconds: float
    whole_videos: int

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SharedVideo:
    """A video that a split of A shares with a split of B; `seconds` is None where it stands whole in both."""

    video_id: str
    split_a: str
    split_b: str
    clips_in_a: int
    clips_in_b: int
    seconds: float | None


class Overlap:
    """Two manifests side by side in a database.

    Attributes:
        faulty_rows: how many rows of theirs cannot be used, and are not compared.
    """

    def __init__(self, database: Any, *, is_asked: bool, faulty_rows: int) -> None:
        self.faulty_rows = faulty_rows
        self._database = database
        self._is_asked = is_asked

    def splits(self) -> tuple[SplitOverlap, ...]:
        """A line a pair of splits that share a video, and for each pair asked for."""
        return tuple(
            SplitOverlap(*row) for row in self._database.execute(_SPLITS.format(is_asked=self._is_asked)).fetchall()
        )

    def video_ids(self) -> Iterator[str]:
        """Every video that is shared, once, in order."""
        found = self._database.execute("SELECT DISTINCT video_id FROM shared ORDER BY video_id")
        while rows := found.fetchmany(10_000):
            yield from (video_id for (video_id,) in rows)

    def videos(self) -> Iterator[SharedVideo]:
        """A line a shared video and pair of splits, in order of pairs and videos."""
        found = self._database.execute(f"SELECT {_SHARED} FROM shared ORDER BY split_a, split_b, video_id")
        while rows := found.fetchmany(10_000):
            yield from (SharedVideo(*row) for row in rows)


@contextmanager
def overlap(a: Path, b: Path, pairs: Sequence[str] = ()) -> Iterator[Overlap]:
    """Two manifests compared, by video id and time.

    Args:
        pairs: ``A_SPLIT:B_SPLIT`` each, `ANY` for all splits together; none for every pair of the manifests' splits,
            and each against all. A manifest against itself is not asked about a split against the same.

    Raises:
        UsageError: a manifest cannot be read, or a pair names a split that is not there.
    """
    asked = [_pair(text) for text in pairs]
    with connected() as database:
        faulty_rows = add_clips(database, a, "rows_a")
        is_same = a.resolve() == b.resolve()
        if is_same:
            database.execute("CREATE VIEW rows_b AS FROM rows_a")
        else:
            faulty_rows += add_clips(database, b, "rows_b")
        known = [_splits_of(database, side) for side in ("a", "b")]
        for pair in asked:
            for split, splits, path in zip(pair, known, (a, b), strict=True):
                if split not in (ANY, *splits):
                    allowed = ", ".join((*splits, ANY))
                    raise UsageError(f"{path} has no split {split!r}; there are {allowed}{nearest(split, splits)}")
        _compare(database, asked or _all_pairs(known, is_same))
        yield Overlap(database, is_asked=bool(asked), faulty_rows=faulty_rows)


def write_shared(found: Overlap, path: Path, *, not_over: Sequence[Path] = ()) -> None:
    """Write a row a shared video and pair of splits as CSV, whole or not at all.

    Raises:
        UsageError: it would replace one of `not_over`.
        EnvironmentMissing: it cannot be written.
    """
    names = [field.name for field in fields(SharedVideo)]
    with text_written_whole(path, not_over=not_over) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(video, name) for name in names] for video in found.videos())


def _pair(text: str) -> tuple[str, str]:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 2 or not all(parts):
        raise UsageError(f"--split takes A_SPLIT:B_SPLIT, such as 'test:train' or 'test:*'; got {text!r}")
    return parts[0], parts[1]


def _splits_of(database: Any, side: str) -> list[str]:
    rows = database.execute(f"SELECT DISTINCT split FROM rows_{side} ORDER BY split").fetchall()
    return [split for (split,) in rows]


def _all_pairs(known: list[list[str]], is_same: bool) -> list[tuple[str, str]]:
    if is_same:
        (splits, _) = known
        return [(one, other) for place, one in enumerate(splits) for other in splits[place + 1 :]]
    all_a, all_b = ([*splits, ANY] if len(splits) > 1 else splits for splits in known)
    return [(one, other) for one in all_a for other in all_b]


def _compare(database: Any, pairs: list[tuple[str, str]]) -> None:
    """Fill the table ``shared``: a row a shared video and pair of splits."""
    database.execute("CREATE TABLE pairs (split_a VARCHAR, split_b VARCHAR)")
    if pairs:
        database.executemany("INSERT INTO pairs VALUES (?, ?)", pairs)
    for side, other in (("a", "b"), ("b", "a")):
        database.execute(_WANTED.format(side=side, other=other))
        database.execute(_COVERED.format(side=side))
    for side, other in (("a", "b"), ("b", "a")):
        database.execute(_MEETING.format(side=side, other=other))
    database.execute(_COMMON)


# Rows of videos that both manifests name, once for their split and once for any, as far as pairs ask for it.
_WANTED = f"""
CREATE TABLE wanted_{{side}} AS
SELECT asked.split, video_id, coalesce(start_s, '-inf'::DOUBLE) AS start_s, coalesce(end_s, 'inf'::DOUBLE) AS end_s
FROM rows_{{side}} AS given
JOIN (SELECT DISTINCT split_{{side}} AS split FROM pairs) AS asked ON asked.split IN (given.split, '{ANY}')
WHERE video_id IN (SELECT video_id FROM rows_{{other}})
"""

# Spans that touch or overlap become one: a span begins where none that began before reaches.
_COVERED = """
CREATE TABLE covered_{side} AS
SELECT split, video_id, min(start_s) AS start_s, max(end_s) AS end_s
FROM (
    SELECT *, sum(begins) OVER (PARTITION BY split, video_id ORDER BY start_s, end_s ROWS UNBOUNDED PRECEDING) AS span
    FROM (
        SELECT *, (start_s > coalesce(max(end_s) OVER (
            PARTITION BY split, video_id ORDER BY start_s, end_s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), '-inf'::DOUBLE))::INTEGER AS begins
        FROM wanted_{side}
    )
)
GROUP BY split, video_id, span
"""

# A row meets the other side where the last span that begins before its end goes on behind its start.
_MEETING = """
CREATE TABLE meeting_{side} AS
SELECT split_{side}, split_{other}, given.video_id, count(*) AS clips
FROM (
    SELECT pairs.split_{side}, pairs.split_{other}, given.video_id, given.start_s, given.end_s
    FROM wanted_{side} AS given JOIN pairs ON given.split = pairs.split_{side}
) AS given
ASOF JOIN covered_{other} AS spans
    ON spans.split = given.split_{other} AND spans.video_id = given.video_id AND spans.start_s < given.end_s
WHERE spans.end_s > given.start_s
GROUP BY ALL
"""

# Along a video's time, both sides' spans as steps up and down; seconds are common where both are up.
_COMMON = """
CREATE TABLE shared AS
WITH videos AS (
    SELECT pairs.split_a, pairs.split_b, in_a.video_id
    FROM pairs
    JOIN (SELECT DISTINCT split, video_id FROM covered_a) AS in_a ON in_a.split = pairs.split_a
    JOIN (SELECT DISTINCT split, video_id FROM covered_b) AS in_b
        ON in_b.split = pairs.split_b AND in_b.video_id = in_a.video_id
),
steps AS (
    SELECT split_a, split_b, video_id, unnest([start_s, end_s]) AS at_s, unnest([1, -1]) AS of_a, 0 AS of_b
    FROM videos JOIN covered_a AS spans USING (video_id) WHERE spans.split = split_a
    UNION ALL
    SELECT split_a, split_b, video_id, unnest([start_s, end_s]), 0, unnest([1, -1])
    FROM videos JOIN covered_b AS spans USING (video_id) WHERE spans.split = split_b
),
stretches AS (
    SELECT split_a, split_b, video_id, at_s,
        lead(at_s) OVER along AS until_s, sum(of_a) OVER up_to AS depth_a, sum(of_b) OVER up_to AS depth_b
    FROM steps
    WINDOW along AS (PARTITION BY split_a, split_b, video_id ORDER BY at_s, of_a, of_b),
        up_to AS (PARTITION BY split_a, split_b, video_id ORDER BY at_s, of_a, of_b ROWS UNBOUNDED PRECEDING)
),
common AS (
    SELECT split_a, split_b, video_id, sum(until_s - at_s) AS seconds
    FROM stretches WHERE depth_a > 0 AND depth_b > 0 AND until_s > at_s GROUP BY ALL
)
SELECT videos.split_a, videos.split_b, video_id, coalesce(meeting_a.clips, 0) AS clips_in_a,
    coalesce(meeting_b.clips, 0) AS clips_in_b, coalesce(common.seconds, 0) AS seconds
FROM videos
LEFT JOIN meeting_a USING (split_a, split_b, video_id)
LEFT JOIN meeting_b USING (split_a, split_b, video_id)
LEFT JOIN common USING (split_a, split_b, video_id)
"""

_SHARED = (
    "video_id, split_a, split_b, clips_in_a, clips_in_b, CASE WHEN isinf(seconds) THEN NULL ELSE seconds END AS seconds"
)

_SIZES = f"""
SELECT split, count(*) AS videos FROM (SELECT DISTINCT split, video_id FROM rows_{{side}}) GROUP BY split
UNION ALL SELECT '{ANY}', count(DISTINCT video_id) FROM rows_{{side}}
"""

_SPLITS = f"""
WITH sizes_a AS ({_SIZES.format(side="a")}), sizes_b AS ({_SIZES.format(side="b")}),
counted AS (
    SELECT split_a, split_b, count(video_id) AS videos, coalesce(sum(clips_in_a), 0)::BIGINT AS clips_in_a,
        coalesce(sum(clips_in_b), 0)::BIGINT AS clips_in_b,
        coalesce(sum(seconds) FILTER (NOT isinf(seconds)), 0)::DOUBLE AS seconds,
        count(*) FILTER (isinf(seconds)) AS whole_videos
    FROM pairs LEFT JOIN shared USING (split_a, split_b)
    GROUP BY split_a, split_b
)
SELECT split_a, split_b, counted.videos, sizes_a.videos, sizes_b.videos, clips_in_a, clips_in_b, seconds, whole_videos
FROM counted
JOIN sizes_a ON sizes_a.split = split_a
JOIN sizes_b ON sizes_b.split = split_b
WHERE counted.videos > 0 OR {{is_asked}}
ORDER BY split_a = '{ANY}', split_a, split_b = '{ANY}', split_b
"""
