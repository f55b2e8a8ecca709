"""Checking shards against their own checksums."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import ShardError
from yt360_tools.shards.reader import open_shard_file
from yt360_tools.shards.schema import content_sha256, record_sha256

_CHECKSUMS = ("content_sha256", "record_sha256")


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
            for clip_id in file["clips"]:
                try:
                    content = _checked(file["clips"][clip_id], clip_id)
                except (ShardError, OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
                    damage.append(Damage(path, clip_id, f"{path}: clip {clip_id!r}: {error}"))
                else:
                    if clip_id in sound:
                        damage.append(Damage(path, clip_id, f"{path}: clip {clip_id!r} stands in two shards"))
                    sound[clip_id] = content
                on_clip()
    return sound, damage


def _checked(group: Any, clip_id: str) -> str:
    """The content checksum of a stored clip, computed from its bytes; a `ShardError` if any is not right."""
    import h5py

    datasets: dict[str, NDArray[Any]] = {}
    attributes: dict[str, dict[str, Any]] = {"": _plain_attributes(group)}

    def visit(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            datasets[path] = item[()]
        elif path != "views":
            attributes[path] = _plain_attributes(item)

    group.visititems(visit)
    content = content_sha256(datasets)
    if content != group.attrs["content_sha256"]:
        raise ShardError("its frames or sound do not have their checksum")
    if record_sha256(content, attributes) != group.attrs["record_sha256"]:
        raise ShardError("its attributes do not have their checksum")
    if group.attrs["clip_id"] != clip_id:
        raise ShardError(f"it calls itself {group.attrs['clip_id']!r}")
    return content


def _plain_attributes(group: Any) -> dict[str, Any]:
    plain = {}
    for name, value in group.attrs.items():
        if name not in _CHECKSUMS:
            plain[name] = value.item() if isinstance(value, np.generic) else value
    return plain
