"""What a workspace knows, as tables to be asked in SQL: how each item fared, and what each video was found to be."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yt360_tools.manifest.query import GivenTable
from yt360_tools.pipeline import download, validate
from yt360_tools.pipeline.status import ledger_of
from yt360_tools.pipeline.validate import video_record

_OUTCOMES = {
    "stage": "VARCHAR", "item": "VARCHAR", "state": "VARCHAR", "reason": "VARCHAR", "detail": "VARCHAR",
    "attempts": "BIGINT", "recorded_at_utc": "TIMESTAMP",
}  # fmt: skip

_MEDIA = {
    "video_id": "VARCHAR", "width": "BIGINT", "height": "BIGINT", "fps": "DOUBLE",
    "start_s": "DOUBLE", "end_s": "DOUBLE", "duration_s": "DOUBLE",
    "projection": "VARCHAR", "stereo": "VARCHAR", "decided_by": "VARCHAR", "faces": "VARCHAR",
    "yaw_deg": "DOUBLE", "pitch_deg": "DOUBLE", "roll_deg": "DOUBLE",
    "video_codec": "VARCHAR", "audio_codec": "VARCHAR",
    "sample_rate_hz": "BIGINT", "channels": "BIGINT", "channel_map": "VARCHAR", "bytes": "BIGINT",
}  # fmt: skip


def workspace_tables(root: Path) -> tuple[GivenTable, ...]:
    """A workspace's ledger as ``outcomes``, a row an item and stage, and ``media``, a row a video that serves.

    A run may be going on meanwhile. ``duration_s`` is how long both tracks last, ``bytes`` what was fetched;
    ``recorded_at_utc`` has no zone of its own, and is NULL while an item is to do.

    Raises:
        UsageError: there is no workspace there.
    """
    with ledger_of(root) as ledger:
        rows = ledger.rows().values()
    outcomes, media, size_of = [], {}, {}
    for stage, item, state, reason, detail, data, attempts, _version, at in rows:
        outcomes.append((stage, item, state, reason, detail, attempts, at or None))
        if state == "done" and stage == validate.STAGE:
            media[item] = json.loads(data)
        elif state == "done" and stage == download.STAGE:
            size_of[item] = _bytes(json.loads(data))
    return (
        GivenTable("outcomes", _OUTCOMES, outcomes),
        GivenTable("media", _MEDIA, _measured(media, size_of)),
    )


def _measured(media: dict[str, dict[str, Any]], size_of: dict[str, int | None]) -> Iterator[tuple[Any, ...]]:
    for video_id, data in media.items():
        record = video_record(data)
        layout = record.layout
        yield (
            video_id, record.width, record.height, record.fps, record.start_s, record.end_s,
            record.end_s - record.start_s, layout.projection, layout.stereo, layout.decided_by, layout.faces,
            *layout.pose_deg, record.video_codec, record.audio_codec,
            record.sample_rate_hz, record.channels, ",".join(map(str, record.channel_map)), size_of.get(video_id),
        )  # fmt: skip


def _bytes(data: dict[str, Any]) -> int | None:
    """The sum of the files' sizes; None where an older ledger does not tell."""
    files = data.get("files")
    if not isinstance(files, dict):
        return None
    sizes = [file.get("bytes") if isinstance(file, dict) else file for file in files.values()]
    return sum(size for size in sizes if isinstance(size, int))
