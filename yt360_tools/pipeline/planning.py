"""What a rebuild would do, without doing it: counts, bytes, hours, and whether the disk has room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import Config, DownloadConfig, Overrides
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import Manifest, read_manifest
from yt360_tools.media.probe import probe_video
from yt360_tools.pipeline import build, download, segment, validate
from yt360_tools.pipeline.beside_parts import refuse_unjoined, refuse_unlike
from yt360_tools.pipeline.build import estimated_bytes
from yt360_tools.pipeline.declared_media import named_media
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.listed_gone import listed_gone
from yt360_tools.pipeline.options import LASTING, agreed_config, check_options
from yt360_tools.pipeline.parts import ALL, Selection
from yt360_tools.pipeline.pilot import Estimate, Sampled, extrapolated, sampled_videos
from yt360_tools.pipeline.segment import planned_windows
from yt360_tools.pipeline.views import check_view_options
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipRow, ClipWindow
from yt360_tools.sources import open_source
from yt360_tools.sources.local import LocalSource

_ASSUMED_VIDEO_S = 200.0
"""A whole video's length, where nothing is known of it yet."""

_ASSUMED_RATE_MB_S = 10.0
_PROBED_VIDEOS = 50
_HOUR_S = 3600.0


@dataclass(frozen=True)
class Prices:
    """What is still to be spent, by what is known of videos that were built; None where nothing is known.

    Attributes:
        fetch_bytes, video_hours, clips, shard_bytes, cpu_hours: of all that is still to do.
        bytes_a_second: of media. `shard_bytes_a_clip` and `cpu_s_a_clip` are those of building.
        download_hours: at `rate_mb_s`; `build_hours` with `workers` processes.
    """

    fetch_bytes: Estimate | None
    video_hours: Estimate | None
    clips: Estimate | None
    shard_bytes: Estimate | None
    cpu_hours: Estimate | None
    bytes_a_second: Estimate | None
    shard_bytes_a_clip: Estimate | None
    cpu_s_a_clip: Estimate | None
    rate_mb_s: float
    download_hours: Estimate | None
    workers: int
    build_hours: Estimate | None


@dataclass(frozen=True)
class RebuildPlan:
    """What is still to do, and what it takes; bytes are estimates, None where nothing is known before fetching.

    Attributes:
        media_are_linked: local media on the workspace's own disk are linked, and take no room.
        clip_hours: of the clips to build.
        raw_bytes: what raw media take at most, at one time.
        prices: with intervals.
        assumptions: what the numbers rest on, a sentence each.
        faults: what is wrong with the manifest's rows.
    """

    videos_to_fetch: int
    fetch_bytes: int | None
    media_are_linked: bool
    videos_to_validate: int
    rows_to_segment: int
    clips_to_build: int
    clip_hours: float
    shard_bytes: int
    raw_bytes: int | None
    free_bytes: int
    verdict: str
    prices: Prices
    assumptions: tuple[str, ...]
    faults: tuple[str, ...]


def plan_rebuild(
    manifest_path: Path,
    root: Path,
    overrides: Overrides,
    *,
    selection: Selection = ALL,
    workers: int = 1,
    rate_mb_s: float | None = None,
) -> RebuildPlan:
    """Price a rebuild from the manifest, the ledger and the media that are at hand. Nothing is written.

    Args:
        rate_mb_s: megabytes a second that will come; by default as measured by a pilot.
    """
    whole = read_manifest(manifest_path)
    manifest = selection.of(whole)
    refuse_unjoined(root, selection)
    workspace = Workspace(selection.folder(root.resolve()))
    ledger = Ledger(workspace.ledger, read_only=True) if workspace.ledger.exists() else None
    try:
        remembered = ledger.options() if ledger else {}
        config = agreed_config(remembered, overrides, workspace.root)
        check_options(config)
        if selection.part:
            refuse_unlike(workspace, config, remembered, root.resolve(), LASTING)
        views = check_view_options(config.build)
        ended = {
            stage: _ended(ledger.entries(stage)) if ledger else set()
            for stage in (validate.STAGE, segment.STAGE, build.STAGE)
        }
        fetched, lost = _fetched_and_lost(manifest, ledger, config.download) if ledger else (set(), set())
        known = planned_windows(manifest, ledger) if ledger else ()
        sample, how, measured = sampled_videos(manifest, ledger) if ledger else ([], "", None)
    finally:
        if ledger:
            ledger.close()
    serving = [video_id for video_id in manifest.video_ids if video_id not in lost]
    to_fetch = [video_id for video_id in serving if video_id not in fetched]
    rows = [row for row in manifest.rows if row.clip_id not in ended[segment.STAGE] and row.video_id not in lost]
    source = open_source(config.download, named_media(whole))
    assumptions = [f"measured: {how}"] if sample else []
    rate = rate_mb_s or (measured / 1e6 if measured else _ASSUMED_RATE_MB_S)
    prices = _prices(sample, len(to_fetch), len(rows), len(manifest.video_ids), rate, workers)
    fetch_bytes: int | None = round(prices.fetch_bytes.value) if prices.fetch_bytes else None
    local = source if isinstance(source, LocalSource) else None
    is_linked = local is not None and local.folder.stat().st_dev == workspace.device()
    if not to_fetch:
        fetch_bytes = 0
    elif local:
        fetch_bytes = sum(local.size_bytes(video_id) for video_id in to_fetch)
    elif not sample:
        assumptions.append("unknown: bytes to fetch; --pilot N builds N videos of the manifest, and tells")
    if to_fetch and sample and not local:
        assumptions.append(_rate_words(rate, is_given=rate_mb_s is not None, is_measured=measured is not None))
    whole_videos = [row.video_id for row in rows if row.is_whole_video]
    video_s, said = _usual_length_s(local, whole_videos, sample)
    assumptions += [said] if whole_videos else []
    expected = [window for row in rows for window in _expected_windows(row, config.segment.clip_s, video_s)]
    windows = [window for window in (*known, *expected) if window.clip_id not in ended[build.STAGE]]
    shard_bytes = round(sum(_clip_bytes(window, config, views, prices) for window in windows))
    raw_bytes = _raw_bytes(config, fetch_bytes, len(to_fetch))
    free = workspace.free_bytes()
    return RebuildPlan(
        len(to_fetch),
        fetch_bytes,
        is_linked,
        len([video_id for video_id in serving if video_id not in ended[validate.STAGE]]),
        len(rows),
        len(windows),
        round(sum(window.duration_s for window in windows) / _HOUR_S, 3),
        shard_bytes,
        raw_bytes,
        free,
        _verdict(0 if is_linked else raw_bytes, shard_bytes, free),
        prices,
        tuple(assumptions),
        tuple(fault.message for fault in manifest.faults),
    )


def _fetched_and_lost(manifest: Manifest, ledger: Ledger, config: DownloadConfig) -> tuple[set[str], set[str]]:
    """The videos that are there, or were, and those of which nothing will come: they cost nothing any more."""
    entries = ledger.entries_of(download.STAGE, manifest.video_ids)
    examined = ledger.entries_of(validate.STAGE, manifest.video_ids)
    fetched = {video_id for video_id, entry in entries.items() if entry.state == "done"}
    lost = {video_id for video_id, entry in examined.items() if entry.state == "rejected"}
    lost |= {*download.given_up(manifest, ledger, config), *listed_gone(manifest, ledger, config)}
    return fetched, lost


def _ended(entries: Mapping[str, Entry]) -> set[str]:
    """What is not taken up again; a row is when its video is."""
    return {item for item, entry in entries.items() if entry.is_final and entry.reason != segment.VIDEO_REJECTED}


def _prices(
    sample: Sequence[Sampled], videos: int, rows: int, population: int, rate_mb_s: float, workers: int
) -> Prices:
    """The sample's ratios, brought up to all that is to do: by video what is fetched, by row what is built."""
    ones, row_counts = [1.0] * len(sample), [float(one.rows) for one in sample]
    clips, seconds = [float(one.clips) for one in sample], [one.seconds for one in sample]
    media, stored = [one.fetched_bytes for one in sample], [one.shard_bytes for one in sample]
    cpu = [one.cpu_s for one in sample]
    fetch_bytes = extrapolated(media, ones, videos, population)
    cpu_hours = extrapolated(cpu, row_counts, rows / _HOUR_S, population)
    return Prices(
        fetch_bytes,
        extrapolated(seconds, ones, videos / _HOUR_S, population),
        extrapolated(clips, row_counts, rows, population),
        extrapolated(stored, row_counts, rows, population),
        cpu_hours,
        extrapolated(media, seconds, population=population),
        extrapolated(stored, clips, population=population),
        extrapolated(cpu, clips, population=population),
        rate_mb_s,
        _divided(fetch_bytes, rate_mb_s * 1e6 * _HOUR_S),
        workers,
        _divided(cpu_hours, workers),
    )


def _divided(estimate: Estimate | None, by: float) -> Estimate | None:
    if estimate is None:
        return None
    low, high = (None if end is None else end / by for end in (estimate.low, estimate.high))
    return Estimate(estimate.value / by, low, high)


def _rate_words(rate_mb_s: float, *, is_given: bool, is_measured: bool) -> str:
    if is_given:
        return f"given: {rate_mb_s:g} MB come a second"
    return f"{'measured by the pilot' if is_measured else 'assumed'}: {rate_mb_s:.3g} MB come a second (--rate-mb-s)"


def _clip_bytes(window: ClipWindow, config: Config, views: int, prices: Prices) -> float:
    if prices.shard_bytes_a_clip:
        return prices.shard_bytes_a_clip.value
    return estimated_bytes(window, config.build, views)


def _raw_bytes(config: Config, fetch_bytes: int | None, videos: int) -> int | None:
    """What raw media take at one time: all of them, the budget, or some videos of usual size."""
    download_config = config.download
    if not download_config.discard_raw or fetch_bytes is None:
        return round(download_config.raw_budget_gb * 1e9) or None if download_config.discard_raw else fetch_bytes
    if download_config.raw_budget_gb:
        return min(fetch_bytes, round(download_config.raw_budget_gb * 1e9))
    return min(fetch_bytes, round(2 * download_config.jobs * fetch_bytes / max(1, videos)))


def _usual_length_s(local: LocalSource | None, video_ids: list[str], sample: Sequence[Sampled]) -> tuple[float, str]:
    """The mean length of whole videos, and how it is known."""
    lengths = [one.seconds for one in sample if one.seconds]
    how = "measured"
    if local:
        how = "from the headers of local files"
        lengths = []
        for video_id in video_ids[:: max(1, len(video_ids) // _PROBED_VIDEOS)]:
            try:
                probe = probe_video(local.tracks(video_id)[0])
            except (MediaError, TransientError):
                continue
            lengths.append(probe.end_s - probe.start_s)
    if not lengths:
        return _ASSUMED_VIDEO_S, f"assumed: a whole video lasts {_ASSUMED_VIDEO_S:g} s"
    usual = sum(lengths) / len(lengths)
    return usual, f"{how}: a whole video lasts {usual:.3g} s on average"


def _expected_windows(row: ClipRow, clip_s: float, video_s: float) -> list[ClipWindow]:
    """A row's windows, as far as one can tell before its video is known."""
    if row.start_s is not None and row.end_s is not None:
        return [ClipWindow(row.clip_id, row.video_id, row.start_s, row.end_s, row.split)]
    count = max(1, int(video_s // clip_s))
    return [
        ClipWindow(f"{row.clip_id}-{k}", row.video_id, k * clip_s, (k + 1) * clip_s, row.split) for k in range(count)
    ]


def _verdict(raw_bytes: int | None, shard_bytes: int, free: int) -> str:
    need = (raw_bytes or 0) + shard_bytes
    if need > free:
        return "not enough room"
    return "enough room" if raw_bytes is not None else "enough room for the shards; the media's size is unknown"
