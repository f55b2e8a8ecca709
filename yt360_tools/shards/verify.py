"""Checking shards against their own checksums."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import ShardError
from yt360_tools.shards.catalogue import Entry
from yt360_tools.shards.checks import check_clip, check_structure
from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.files import ShardFile
from yt360_tools.shards.opening import open_hdf5, read_contents
from yt360_tools.shards.record import read_record
from yt360_tools.shards.seal import is_sealed


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
            contents, file = read_contents(path)
        except ShardError as error:
            damage.append(Damage(path, "", str(error)))
            continue
        for entry in contents.entries:
            try:
                content = _checked(path, file, entry)
            except ShardError as error:
                damage.append(Damage(path, entry.clip_id, str(error)))
            else:
                if entry.clip_id in sound:
                    twice = f"{path}: clip {entry.clip_id!r} stands in two shards"
                    damage.append(Damage(path, entry.clip_id, twice))
                sound[entry.clip_id] = content
            on_clip()
        if not damage or damage[-1].path != path:  # what a clip's damage does to the seal is no news
            fault = _seal_fault(path, file)
            damage += [Damage(path, "", fault)] if fault else []
    return sound, damage


def _seal_fault(path: Path, file: ShardFile) -> str:
    """What is wrong with the file as a whole, down to its last bit; empty if nothing is."""
    try:
        with naming_damage(path, hint=""):
            with open_hdf5(path) as hdf5:
                at = int(hdf5["seal"].id.get_offset() or 0)
            if not is_sealed(file, at, file.size):
                changed = "the file was changed since it was written, though its clips are whole"
                return f"{path}: {changed}; 'yt360 shard repair' makes a new one"
    except ShardError as error:
        return str(error)
    return ""


def _checked(path: Path, file: ShardFile, entry: Entry) -> str:
    """The checksum of a clip's content, computed from its bytes.

    Raises:
        ShardError: it is damaged.
    """
    with naming_damage(path, entry.clip_id, hint=""):
        record = read_record(file, entry.address, entry.nbytes)
        if record.clip_id != entry.clip_id:
            raise ValueError(f"it calls itself {record.clip_id!r}")
        check_clip(record, file)
        with open_hdf5(path) as hdf5:
            check_structure(hdf5["clips"][entry.clip_id], record)
        return record.content_sha256
