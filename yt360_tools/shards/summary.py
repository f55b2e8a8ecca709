"""What a set of shards holds, in numbers."""

from collections import Counter
from pathlib import Path
from typing import Any

from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.reader import ShardSet
from yt360_tools.shards.schema import VERSION, set_sha256


def summarise_shards(shards: ShardSet) -> dict[str, Any]:
    """Counts, hours, kinds of views, each file's facts, and the content hash as the shards state it.

    The checksums are read, not recomputed: that is what `verify_shards` does.
    """
    splits: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    contents: dict[str, str] = {}
    videos: set[str] = set()
    seconds = 0.0
    for clip in shards:
        splits[clip.window.split] += 1
        videos.add(clip.window.video_id)
        seconds += clip.window.duration_s
        contents[clip.clip_id] = clip.content_sha256
        first = clip.views[0].view if clip.views else None
        size = f"{first.projection} {first.width}x{first.height}" if first else "none"
        kinds[f"{len(clip.views)} x {size} at {clip.fps:g} fps, sound at {clip.sample_rate_hz} Hz"] += 1
    clips_in = Counter(path for path, _ in shards.index.values())
    files = [_file_facts(shards, path, clips_in[path]) for path in shards.paths]
    return {
        "format_version": VERSION,
        "clips": len(contents),
        "videos": len(videos),
        "hours": seconds / 3600,
        "bytes": sum(file["bytes"] for file in files),
        "splits": dict(sorted(splits.items())),
        "views": dict(kinds),
        "content_hash": set_sha256(contents),
        "shards": files,
    }


def _file_facts(shards: ShardSet, path: Path, clips: int) -> dict[str, Any]:
    with naming_damage(path):
        header = shards.contents(path).header
        return {
            "path": str(path),
            "bytes": path.stat().st_size,
            "clips": clips,
            "split": header.split,
            "version": VERSION,
            "config": header.config,
            "tools": header.tools,
            "history": list(header.history),
        }
