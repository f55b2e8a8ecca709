"""A video that must go: out of a workspace's shards, media and pictures, and never built again there."""

import os
from collections.abc import Collection
from pathlib import Path

from yt360_tools.pipeline.build import STAGE
from yt360_tools.pipeline.discard import remove_media
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.shard_tables import write_shard_tables
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome, check_id
from yt360_tools.shards.remove import remove_videos

TAKEN_DOWN = "taken_down"
"""Why such a video's clips are rejected."""


def take_down(workspace: Workspace, video_ids: Collection[str]) -> list[str]:
    """Remove videos from a workspace, which must be open (`Workspace.opened`); returns their clips in its shards.

    Their clips are rejected in the ledger for good, their media in ``raw/`` and their contact sheets are deleted. A
    killed run is gone on with by the same call.

    Raises:
        UsageError: an id cannot name a file.
        ShardError: a shard that holds one of them is damaged.
        OSError: something cannot be written or deleted.
    """
    for video_id in video_ids:
        check_id(video_id, "video id")
    ledger = Ledger(workspace.ledger)
    try:
        built = ledger.entries(STAGE)
        clips = {clip_id for clip_id, entry in built.items() if entry.data.get("video_id") in video_ids}
        for path in sorted(workspace.shards.glob("*.h5")):
            clips |= set(remove_videos(path, video_ids)) if not path.name.startswith(".") else set()
        said = "its video was taken down"
        ledger.record(Outcome(clip_id, STAGE, "rejected", TAKEN_DOWN, said) for clip_id in sorted(clips))
        write_shard_tables(ledger, workspace)
    finally:
        ledger.close()
    for video_id in video_ids:
        if os.path.lexists(workspace.raw_folder(video_id)):
            remove_media(workspace, video_id)
        for sheet in _pictures(workspace.root / "reports", video_id):
            sheet.unlink()
    return sorted(clips)


def _pictures(reports: Path, video_id: str) -> list[Path]:
    return [path for path in reports.glob("*/*.png") if path.stem == video_id]
