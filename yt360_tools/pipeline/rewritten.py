"""What a workspace's ledger must learn when its shards were rewritten by hand."""

from pathlib import Path

from yt360_tools.pipeline.build import STAGE
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.shard_tables import write_shard_tables
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.shards import open_shards


def workspace_of(shard: Path) -> Workspace | None:
    """The workspace to which a shard belongs; None of a shard that lies elsewhere."""
    workspace = Workspace(shard.resolve().parent.parent)
    return workspace if workspace.ledger.exists() and workspace.shards == shard.resolve().parent else None


def take_in_rewritten(workspace: Workspace) -> None:
    """Note the contents of shards whose clips are encoded otherwise than when they were built, and write their tables.

    The workspace must be open (`Workspace.opened`): no run works in it meanwhile.
    """
    ledger = Ledger(workspace.ledger)
    try:
        known = ledger.entries(STAGE)
        with open_shards(workspace.shards) as shards:
            found = {clip.clip_id: (clip.path.name, clip.content_sha256) for clip in shards}
        changed = []
        for clip_id, (shard, content) in found.items():
            entry = known.get(clip_id)
            if entry is not None and entry.state == "done" and entry.data["content_sha256"] != content:
                data = {**entry.data, "shard": shard, "content_sha256": content}
                changed.append(Outcome(clip_id, STAGE, "done", data=data))
        ledger.record(changed)
        write_shard_tables(ledger, workspace)
    finally:
        ledger.close()
