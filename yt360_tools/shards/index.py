"""One table of all clips in shards, as a Parquet file for `yt360 manifest query` and any other program."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from yt360_tools.files import complete_file
from yt360_tools.shards.clips import StoredClip
from yt360_tools.shards.reader import ShardSet

COLUMNS: dict[str, str] = {
    "clip_id": "VARCHAR",
    "video_id": "VARCHAR",
    "start_s": "DOUBLE",
    "end_s": "DOUBLE",
    "split": "VARCHAR",
    "shard": "VARCHAR",
    "bytes": "BIGINT",
    "fps": "DOUBLE",
    "sample_rate_hz": "BIGINT",
    "views": "BIGINT",
    "projection": "VARCHAR",
    "width": "BIGINT",
    "height": "BIGINT",
    "frames": "BIGINT",
    "codec": "VARCHAR",
    "sound_codec": "VARCHAR",
    "source_projection": "VARCHAR",
    "level_dbfs": "DOUBLE",
    "loudest_dbfs": "DOUBLE",
    "diffuseness": "DOUBLE",
    "findings": "VARCHAR",
    "content_sha256": "VARCHAR",
}
"""The table's columns with their types in SQL. Of views those of the first; levels and diffuseness are means over time
(of power, for levels); findings are the codes, separated by spaces."""

_ROWS = 500


def write_clip_index(shards: ShardSet, target: Path, on_clip: Callable[[], object] = lambda: None) -> int:
    """Write the table of all clips, in the shards' order, whole or not at all; returns how many.

    Raises:
        ShardError: a shard is damaged.
        OSError: the file cannot be written.
    """
    import duckdb

    count = 0
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    marks = ", ".join("?" * len(COLUMNS))
    with duckdb.connect() as table:
        table.execute(f"CREATE TABLE clips ({columns})")
        for rows in _batches(shards, on_clip):
            table.executemany(f"INSERT INTO clips VALUES ({marks})", rows)
            count += len(rows)
        target.parent.mkdir(parents=True, exist_ok=True)
        with complete_file(target) as partial:
            table.execute("COPY clips TO $path (FORMAT parquet)", {"path": str(partial)})
    return count


def _batches(shards: ShardSet, on_clip: Callable[[], object]) -> Iterator[list[list[Any]]]:
    rows: list[list[Any]] = []
    for clip in shards:
        rows.append(list(row_of(clip).values()))
        on_clip()
        if len(rows) == _ROWS:
            yield rows
            rows = []
    if rows:
        yield rows


def row_of(clip: StoredClip) -> dict[str, Any]:
    """A clip's row, by column."""
    first = clip.views[0] if clip.views else None
    measured, window = clip.measured, clip.window
    tracks = clip.record.attributes
    row: dict[str, Any] = {
        "clip_id": window.clip_id,
        "video_id": window.video_id,
        "start_s": window.start_s,
        "end_s": window.end_s,
        "split": window.split,
        "shard": clip.path.name,
        "bytes": sum(at.nbytes for at in clip.record.datasets.values()),
        "fps": clip.fps,
        "sample_rate_hz": clip.sample_rate_hz,
        "views": len(clip.views),
        "projection": first.view.projection if first else None,
        "width": first.view.width if first else None,
        "height": first.view.height if first else None,
        "frames": tracks["views/0/frames"]["count"] if first else 0,
        "codec": tracks["views/0/frames"]["codec"] if first else None,
        "sound_codec": tracks["ambisonics"]["codec"],
        "source_projection": clip.source.get("projection"),
        "level_dbfs": None,
        "loudest_dbfs": None,
        "diffuseness": None,
        "findings": " ".join(str(one["code"]) for one in clip.findings),
        "content_sha256": clip.content_sha256,
    }
    if measured is not None and measured.level_dbfs.size:
        power = np.power(10.0, measured.level_dbfs.astype(np.float64) / 10)
        row["level_dbfs"] = float(10 * np.log10(power.mean()))
        row["loudest_dbfs"] = float(measured.level_dbfs.max())
        diffuseness = measured.arrival[:, 2]
        known = diffuseness[np.isfinite(diffuseness)]
        row["diffuseness"] = float(known.mean()) if known.size else None
    return row
