"""What a rebuild would do, without doing it: counts, bytes, and whether the disk has room."""

from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import Overrides
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import read_manifest
from yt360_tools.media.probe import probe_video
from yt360_tools.pipeline import build, download, segment, validate
from yt360_tools.pipeline.build import estimated_bytes
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.options import agreed_config
from yt360_tools.pipeline.segment import planned_windows
from yt360_tools.pipeline.views import check_view_options
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipRow, ClipWindow
from yt360_tools.sources import open_source
from yt360_tools.sources.local import LocalSource

_ASSUMED_VIDEO_S = 200.0
"""A whole video's length, where nothing is known of it yet."""

_PROBED_VIDEOS = 50


@dataclass(frozen=True)
class RebuildPlan:
    """What is still to do, and what it takes; bytes are estimates, None where nothing is known before fetching.

    Attributes:
        media_are_linked: local media on the workspace's own disk are linked, and take no room.
        faults: what is wrong with the manifest's rows.
    """

    videos_to_fetch: int
    fetch_bytes: int | None
    media_are_linked: bool
    videos_to_validate: int
    rows_to_segment: int
    clips_to_build: int
    shard_bytes: int
    free_bytes: int
    verdict: str
    faults: tuple[str, ...]


def plan_rebuild(manifest_path: Path, root: Path, overrides: Overrides) -> RebuildPlan:
    """Price a rebuild from the manifest, the ledger and the media that are at hand. Nothing is written."""
    manifest = read_manifest(manifest_path)
    workspace = Workspace(root.resolve())
    ledger = Ledger(workspace.ledger, read_only=True) if workspace.ledger.exists() else None
    try:
        config = agreed_config(ledger.options() if ledger else {}, overrides, workspace.root)
        views = check_view_options(config.build)
        ended = {
            stage: {item for item, entry in ledger.entries(stage).items() if entry.is_final} if ledger else set()
            for stage in (download.STAGE, validate.STAGE, segment.STAGE, build.STAGE)
        }
        known = planned_windows(manifest, ledger) if ledger else ()
    finally:
        if ledger:
            ledger.close()
    to_fetch = [video_id for video_id in manifest.video_ids if video_id not in ended[download.STAGE]]
    source = open_source(config.download)
    fetch_bytes = None
    is_linked = isinstance(source, LocalSource) and source.folder.stat().st_dev == workspace.device()
    if not to_fetch:
        fetch_bytes = 0
    elif isinstance(source, LocalSource):
        fetch_bytes = sum(source.size_bytes(video_id) for video_id in to_fetch)
    rows = [row for row in manifest.rows if row.clip_id not in ended[segment.STAGE]]
    whole = [row.video_id for row in rows if row.is_whole_video]
    video_s = _usual_length_s(source, whole) if isinstance(source, LocalSource) else _ASSUMED_VIDEO_S
    expected = [window for row in rows for window in _expected_windows(row, config.segment.clip_s, video_s)]
    windows = [window for window in (*known, *expected) if window.clip_id not in ended[build.STAGE]]
    shard_bytes = round(sum(estimated_bytes(window, config.build, views) for window in windows))
    free = workspace.free_bytes()
    return RebuildPlan(
        len(to_fetch),
        fetch_bytes,
        is_linked,
        len([video_id for video_id in manifest.video_ids if video_id not in ended[validate.STAGE]]),
        len(rows),
        len(windows),
        shard_bytes,
        free,
        _verdict(0 if is_linked else fetch_bytes, shard_bytes, free),
        tuple(fault.message for fault in manifest.faults),
    )


def _usual_length_s(source: LocalSource, video_ids: list[str]) -> float:
    """The mean length of local videos, from the headers of some of them, evenly taken."""
    lengths = []
    for video_id in video_ids[:: max(1, len(video_ids) // _PROBED_VIDEOS)]:
        try:
            probe = probe_video(source.tracks(video_id)[0])
        except (MediaError, TransientError):
            continue
        lengths.append(probe.end_s - probe.start_s)
    return sum(lengths) / len(lengths) if lengths else _ASSUMED_VIDEO_S


def _expected_windows(row: ClipRow, clip_s: float, video_s: float) -> list[ClipWindow]:
    """A row's windows, as far as one can tell before its video is known."""
    if row.start_s is not None and row.end_s is not None:
        return [ClipWindow(row.clip_id, row.video_id, row.start_s, row.end_s, row.split)]
    count = max(1, int(video_s // clip_s))
    return [
        ClipWindow(f"{row.clip_id}-{k}", row.video_id, k * clip_s, (k + 1) * clip_s, row.split) for k in range(count)
    ]


def _verdict(fetch_bytes: int | None, shard_bytes: int, free: int) -> str:
    need = (fetch_bytes or 0) + shard_bytes
    if need > free:
        return "not enough room"
    return "enough room" if fetch_bytes is not None else "enough room for the shards; the media's size is unknown"
