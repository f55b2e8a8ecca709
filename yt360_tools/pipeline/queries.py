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

_EXAMINED = {
    "video_id": "VARCHAR", "verdict": "VARCHAR", "layout": "VARCHAR", "layout_score": "DOUBLE",
    "format": "VARCHAR", "format_score": "DOUBLE", "channel_gains": "VARCHAR",
    "w_dbfs": "DOUBLE", "y_dbfs": "DOUBLE", "z_dbfs": "DOUBLE", "x_dbfs": "DOUBLE",
}  # fmt: skip

_FINDINGS = {
    "video_id": "VARCHAR", "code": "VARCHAR", "severity": "VARCHAR", "detail": "VARCHAR",
    "from_s": "DOUBLE", "to_s": "DOUBLE",
}  # fmt: skip


def workspace_tables(root: Path) -> tuple[GivenTable, ...]:
    """A workspace's ledger as ``outcomes``, a row an item and stage, and ``media``, a row a video that serves.

    ``examined`` has a row a video that was examined, also where it was rejected, and ``findings`` a row a finding and
    span of its. A run may be going on meanwhile. ``duration_s`` is how long both tracks last, ``bytes`` what was
    fetched; ``recorded_at_utc`` has no zone of its own, and is NULL while an item is to do.

    Raises:
        UsageError: there is no workspace there.
    """
    with ledger_of(root) as ledger:
        rows = ledger.rows().values()
    outcomes, media, size_of, examined = [], {}, {}, {}
    for stage, item, state, reason, detail, data, attempts, _version, at in rows:
        outcomes.append((stage, item, state, reason, detail, attempts, at or None))
        found = json.loads(data) if stage == validate.STAGE and state in ("done", "rejected") else {}
        if "examination" in found:
            examined[item] = found["examination"]
        if state == "done" and stage == validate.STAGE:
            media[item] = found
        elif state == "done" and stage == download.STAGE:
            size_of[item] = _bytes(json.loads(data))
    return (
        GivenTable("outcomes", _OUTCOMES, outcomes),
        GivenTable("media", _MEDIA, _measured(media, size_of)),
        GivenTable("examined", _EXAMINED, _examined(examined)),
        GivenTable("findings", _FINDINGS, _findings(examined)),
    )


def _examined(examined: dict[str, dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for video_id, found in examined.items():
        layout, channel_format = ((found[key] or [{}])[0] for key in ("layouts", "formats"))
        levels, places = found["levels_dbfs"], found["channel_map"]
        level_of = [levels[place] if place < len(levels) else None for place in places] or [None] * 4
        yield (
            video_id, found["verdict"], layout.get("name"), layout.get("score"),
            channel_format.get("name"), channel_format.get("score"),
            ",".join(f"{gain:g}" for gain in found["channel_gains"]),
            *level_of,
        )  # fmt: skip


def _findings(examined: dict[str, dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for video_id, found in examined.items():
        for one in found["findings"]:
            for first_s, last_s in one["spans"] or [(None, None)]:
                yield video_id, one["code"], one["severity"], one["text"], first_s, last_s


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
