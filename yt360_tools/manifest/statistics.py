"""What a manifest holds, in numbers, worked out in the database."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yt360_tools.manifest.checked import CLOSEST_S, CheckedManifest, FaultGroup
from yt360_tools.manifest.database import connected
from yt360_tools.manifest.rules import DEFAULT_SPLIT

NO_SPLIT = "none"
"""The split of clips whose video a dataset lists in none of its splits."""

_MOST_NAMES = 1000
_LENGTHS_AN_OCTAVE = 8


@dataclass(frozen=True)
class SplitStatistics:
    """Counts of one split, or of several together: hours are those of the rows with times."""

    split: str
    rows: int
    clips: int
    whole_videos: int
    videos: int
    hours: float
    clips_per_video_median: float
    clips_per_video_max: int


@dataclass(frozen=True)
class Bin:
    """How many there are from `low` to below `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class GapStatistics:
    """Stretches between a video's first and last clip that no clip covers, in seconds."""

    count: int
    videos: int
    hours: float
    median_s: float
    longest_s: float


@dataclass(frozen=True)
class OverlapStatistics:
    """Clips that begin before earlier ones of their video have ended.

    Attributes:
        clips: how many do.
        videos: in how many videos.
        hours: what the clips' lengths count more than once.
        covered_hours: what all clips cover, counted once.
    """

    clips: int
    videos: int
    hours: float
    covered_hours: float


@dataclass(frozen=True)
class ManifestStatistics:
    """Counts by split and in all, and what a reader of the manifest should know.

    Attributes:
        in_splits: all that is in a split: neither in `NO_SPLIT`, nor without one beside others that have one.
        videos_in_two_splits, videos_in_no_split: the first thousand, sorted, and how many there are.
        clips_per_video: videos by how many clips they have; bins are doubled.
        clip_lengths_s: clips by their length; eight bins an octave.
        faults: unusable rows by reason.
        fault_examples: the first of each reason.
    """

    splits: tuple[SplitStatistics, ...]
    in_splits: SplitStatistics
    total: SplitStatistics
    videos_in_two_splits: tuple[str, ...]
    videos_in_two_splits_count: int
    videos_in_no_split: tuple[str, ...]
    videos_in_no_split_count: int
    clips_per_video: tuple[Bin, ...]
    clip_lengths_s: tuple[Bin, ...]
    gaps: GapStatistics
    overlaps: OverlapStatistics
    faults: dict[str, int]
    fault_examples: tuple[FaultGroup, ...]

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


def manifest_statistics(path: Path) -> ManifestStatistics:
    """Count a manifest's usable rows, clips, videos and hours, whatever its size.

    Raises:
        UsageError: as `read_manifest`.
    """
    with connected() as database:
        checked = CheckedManifest(database, path)
        database.execute(
            "CREATE TABLE parts AS SELECT video_id, split, count(start_s) AS clips, "
            "count(*) - count(start_s) AS whole, coalesce(sum(end_s - start_s), 0) AS clip_s "
            "FROM usable GROUP BY video_id, split"
        )
        groups = checked.groups()
        gaps, overlaps = _along_the_videos(database, checked.has_spans and not checked.faulty_rows)
        splits = [split for (split,) in database.execute("SELECT DISTINCT split FROM parts ORDER BY 1").fetchall()]
        given = [split for split in splits if split not in (NO_SPLIT, DEFAULT_SPLIT)] or [
            split for split in splits if split != NO_SPLIT
        ]
        two = "SELECT video_id FROM parts GROUP BY video_id HAVING count(*) > 1"
        none = "SELECT video_id FROM parts GROUP BY video_id "
        none += "HAVING NOT bool_or(split IN (SELECT unnest($given::VARCHAR[])))"
        return ManifestStatistics(
            splits=tuple(_count(database, split, [split]) for split in splits),
            in_splits=_count(database, "in the splits", given),
            total=_count(database, "total", splits),
            videos_in_two_splits=_names(database, two),
            videos_in_two_splits_count=_one(database, f"SELECT count(*) FROM ({two})")[0],
            videos_in_no_split=_names(database, none, {"given": given}),
            videos_in_no_split_count=_one(database, f"SELECT count(*) FROM ({none})", {"given": given})[0],
            clips_per_video=_clips_per_video(database),
            clip_lengths_s=_clip_lengths(database),
            gaps=gaps,
            overlaps=overlaps,
            faults={group.reason: group.count for group in groups},
            fault_examples=groups,
        )


def _count(database: Any, name: str, splits: list[str]) -> SplitStatistics:
    clips, whole, videos, clip_s, median, most = _one(
        database,
        "SELECT coalesce(sum(clips), 0)::BIGINT, coalesce(sum(whole), 0)::BIGINT, count(*), coalesce(sum(clip_s), 0), "
        "coalesce(median(clips) FILTER (clips > 0), 0), coalesce(max(clips), 0)::BIGINT FROM ("
        "SELECT sum(clips) AS clips, sum(whole) AS whole, sum(clip_s) AS clip_s "
        "FROM parts WHERE split IN (SELECT unnest($splits::VARCHAR[])) GROUP BY video_id)",
        {"splits": splits},
    )
    return SplitStatistics(name, clips + whole, clips, whole, videos, clip_s / 3600, float(median), most)


def _clips_per_video(database: Any) -> tuple[Bin, ...]:
    found = database.execute(
        "SELECT floor(log2(clips))::INTEGER AS octave, count(*) FROM "
        "(SELECT sum(clips) AS clips FROM parts GROUP BY video_id) WHERE clips > 0 GROUP BY octave ORDER BY octave"
    ).fetchall()
    return tuple(Bin(2.0**octave, 2.0 ** (octave + 1), count) for octave, count in found)


def _clip_lengths(database: Any) -> tuple[Bin, ...]:
    found = database.execute(
        f"SELECT floor(log2(end_s - start_s) * {_LENGTHS_AN_OCTAVE} + 1e-9)::INTEGER AS step, count(*) "
        "FROM usable WHERE start_s IS NOT NULL GROUP BY step ORDER BY step"
    ).fetchall()
    return tuple(Bin(2 ** (step / _LENGTHS_AN_OCTAVE), 2 ** ((step + 1) / _LENGTHS_AN_OCTAVE), n) for step, n in found)


def _along_the_videos(database: Any, has_spans: bool) -> tuple[GapStatistics, OverlapStatistics]:
    """Gaps and overlaps of each video's clips.

    With a video's starts and its ends each sorted, the clips begun before the k-th start have all ended if the k-th
    start is not before the (k-1)-th end; so what lies between those two is a gap where it is positive, and where it
    is negative a clip begins while another goes on.
    """
    if not has_spans:
        database.execute(
            "CREATE OR REPLACE TABLE spans AS SELECT video_id, list_sort(list(start_s)) AS starts, "
            "list_sort(list(end_s)) AS ends FROM usable WHERE start_s IS NOT NULL GROUP BY video_id"
        )
    gap = "unnest(starts[2:]) - unnest(ends[:-2])"
    steps = f"SELECT video_id, CASE WHEN abs(gap_s) > {CLOSEST_S} THEN gap_s ELSE 0 END AS gap_s "
    steps += f"FROM (SELECT video_id, {gap} AS gap_s FROM spans)"
    is_gap, is_overlap = "FILTER (gap_s > 0)", "FILTER (gap_s < 0)"
    gaps, gap_s, median_s, longest_s, overlaps = _one(
        database,
        f"SELECT count(*) {is_gap}, coalesce(sum(gap_s) {is_gap}, 0), coalesce(median(gap_s) {is_gap}, 0), "
        f"coalesce(max(gap_s) {is_gap}, 0), count(*) {is_overlap} FROM ({steps})",
    )
    with_gaps, with_overlaps = _one(
        database,
        "SELECT count(*) FILTER (longest_s > 0), count(*) FILTER (deepest_s < 0) FROM "
        f"(SELECT max(gap_s) AS longest_s, min(gap_s) AS deepest_s FROM ({steps}) GROUP BY video_id)",
    )
    (spanned_s,) = _one(database, "SELECT coalesce(sum(ends[-1] - starts[1]), 0) FROM spans")
    (clip_s,) = _one(database, "SELECT coalesce(sum(clip_s), 0) FROM parts")
    covered_s = spanned_s - gap_s
    doubled_s = clip_s - covered_s if overlaps else 0.0
    return (
        GapStatistics(gaps, with_gaps, gap_s / 3600, median_s, longest_s),
        OverlapStatistics(overlaps, with_overlaps, doubled_s / 3600, covered_s / 3600),
    )


def _names(database: Any, sql: str, values: dict[str, Any] | None = None) -> tuple[str, ...]:
    return tuple(name for (name,) in database.execute(f"{sql} ORDER BY 1 LIMIT {_MOST_NAMES}", values).fetchall())


def _one(database: Any, sql: str, values: dict[str, Any] | None = None) -> tuple[Any, ...]:
    return tuple(database.execute(sql, values).fetchone())
