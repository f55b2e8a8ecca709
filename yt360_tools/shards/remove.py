"""Taking videos out of shards, as when their owner asks for it."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

from yt360_tools.shards.copying import copied
from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.history import happened
from yt360_tools.shards.opening import read_contents
from yt360_tools.shards.record import read_record
from yt360_tools.shards.writer import ShardWriter


def remove_videos(path: Path, video_ids: Collection[str]) -> tuple[str, ...]:
    """Write a shard anew without the clips of some videos, in its place; returns their clip ids.

    A shard without any of them is left as it is; one with nothing else is deleted. The header's history names the
    videos. The old file stays until the new one is whole.

    Raises:
        ShardError: the shard is damaged: a clip that stays would be lost unnoticed.
        OSError: the new one cannot be written, or the old one not deleted.
    """
    contents, file = read_contents(path)
    gone = tuple(entry.clip_id for entry in contents.entries if entry.video_id in video_ids)
    if not gone:
        return ()
    kept = [entry for entry in contents.entries if entry.video_id not in video_ids]
    if not kept:
        path.unlink()
        return gone
    removed = sorted({entry.video_id for entry in contents.entries} & set(video_ids))
    note = happened("remove", videos=removed, clips=len(gone))
    header = dataclasses.replace(contents.header, history=(*contents.header.history, note))
    with ShardWriter(path, header) as writer:
        for entry in kept:
            with naming_damage(path, entry.clip_id):
                whole = copied(read_record(file, entry.address, entry.nbytes), file)
            writer.add_laid_out(*whole)
        writer.publish()
    return gone
