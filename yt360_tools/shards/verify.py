"""Checking shards against their own checksums."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import ShardError
from yt360_tools.shards.checks import check_header, checked_content
from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.opening import open_shard_file


@dataclass(frozen=True)
class Damage:
    """What is wrong: with a whole file (`clip_id` empty) or with one clip in it."""

    path: Path
    clip_id: str
    message: str


def verify_shards(
    paths: tuple[Path, ...], on_clip: Callable[[], object] = lambda: None
) -> tuple[dict[str, str], list[Damage]]:
    """Recompute every checksum from the bytes: the sound clips' content checksums by id, and the damage."""
    sound: dict[str, str] = {}
    damage: list[Damage] = []
    for path in paths:
        try:
            file = open_shard_file(path)
        except ShardError as error:
            damage.append(Damage(path, "", str(error)))
            continue
        with file:
            try:
                with naming_damage(path, hint=""):
                    check_header(file, path)
                    clip_ids = list(file["clips"])
            except ShardError as error:
                damage.append(Damage(path, "", str(error)))
                continue
            for clip_id in clip_ids:
                try:
                    with naming_damage(path, clip_id, hint=""):
                        content = checked_content(file["clips"][clip_id], path, clip_id)
                except ShardError as error:
                    damage.append(Damage(path, clip_id, str(error)))
                else:
                    if clip_id in sound:
                        damage.append(Damage(path, clip_id, f"{path}: clip {clip_id!r} stands in two shards"))
                    sound[clip_id] = content
                on_clip()
    return sound, damage
