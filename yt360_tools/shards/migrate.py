"""Bringing shards of an older format version to the present one."""

import dataclasses
from pathlib import Path

from yt360_tools.errors import ShardError
from yt360_tools.shards.history import happened
from yt360_tools.shards.schema import VERSION
from yt360_tools.shards.version1 import VERSION_1, read_version_1, stated_version
from yt360_tools.shards.writer import ShardWriter


def migrate_shard(path: Path) -> bool:
    """Put a shard of the present version in the place of an older one; returns whether there was anything to do.

    The old file stays until the new one is whole.

    Raises:
        ShardError: it is damaged, no shard, or of a version that is not known.
        OSError: the new one cannot be written.
    """
    version = stated_version(path)
    if version == VERSION:
        return False
    if version != VERSION_1:
        raise ShardError(f"{path}: no shard of format version {VERSION_1} to {VERSION}")
    header, clips = read_version_1(path)
    note = happened("migrate", version=version)
    with ShardWriter(path, dataclasses.replace(header, history=(*header.history, note))) as writer:
        for clip in clips:
            writer.add(clip)
        writer.publish()
    return True
