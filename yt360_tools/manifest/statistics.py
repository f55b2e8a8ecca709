"""What a manifest holds, in numbers."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from yt360_tools.manifest.table import Manifest


@dataclass(frozen=True)
class SplitStatistics:
    """Counts of one split, or of all: hours are those of the rows with times."""

    split: str
    rows: int
    clips: int
    whole_videos: int
    videos: int
    hours: float
    clips_per_video_median: float
    clips_per_video_max: int


@dataclass(frozen=True)
class ManifestStatistics:
    """Counts by split and in all, videos that stand in two splits, and unusable rows by reason."""

    splits: tuple[SplitStatistics, ...]
    total: SplitStatistics
    videos_in_two_splits: tuple[str, ...]
    faults: dict[str, int]

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


def manifest_statistics(manifest: Manifest) -> ManifestStatistics:
    """Count a manifest's rows, clips, videos and hours."""
    by_split: dict[str, list[Any]] = defaultdict(list)
    splits_of_video: dict[str, set[str]] = defaultdict(set)
    for row in manifest.rows:
        by_split[row.split].append(row)
        splits_of_video[row.video_id].add(row.split)
    shared = sorted(video for video, splits in splits_of_video.items() if len(splits) > 1)
    return ManifestStatistics(
        splits=tuple(_count(split, rows) for split, rows in sorted(by_split.items())),
        total=_count("total", list(manifest.rows)),
        videos_in_two_splits=tuple(shared),
        faults=dict(Counter(fault.reason for fault in manifest.faults)),
    )


def _count(split: str, rows: list[Any]) -> SplitStatistics:
    clips = [row for row in rows if not row.is_whole_video]
    per_video = Counter(row.video_id for row in clips)
    return SplitStatistics(
        split=split,
        rows=len(rows),
        clips=len(clips),
        whole_videos=len(rows) - len(clips),
        videos=len({row.video_id for row in rows}),
        hours=sum(row.end_s - row.start_s for row in clips) / 3600,
        clips_per_video_median=float(median(per_video.values())) if per_video else 0.0,
        clips_per_video_max=max(per_video.values(), default=0),
    )
