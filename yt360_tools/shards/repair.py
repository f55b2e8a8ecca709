"""What can be saved of a damaged shard, whether HDF5 still opens it or not.

Each clip has a record behind a mark of its own, which says where its datasets lie and what their checksums are. The
file is searched for these marks from its first byte to its last; a clip whose every dataset has its checksum is saved.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import ShardError
from yt360_tools.shards.capsules import HEADER_MARK, PREFIX_BYTES, RECORD_MARK, stated_bytes, unsealed
from yt360_tools.shards.checks import check_clip
from yt360_tools.shards.copying import copied
from yt360_tools.shards.damage import DAMAGE, naming_damage
from yt360_tools.shards.files import ShardFile
from yt360_tools.shards.history import happened
from yt360_tools.shards.opening import check_is_shard, read_contents
from yt360_tools.shards.record import Record, read_record
from yt360_tools.shards.schema import ShardHeader
from yt360_tools.shards.writer import ShardWriter


@dataclass(frozen=True)
class Repaired:
    """What became of a damaged shard.

    Attributes:
        saved: clip ids, in the shard's order.
        lost: clip ids that are known to be damaged, by what is wrong with them.
        is_header_lost: whether nobody can say any more how the shard was made.
    """

    path: Path
    saved: tuple[str, ...]
    lost: dict[str, str]
    is_header_lost: bool


def repair_shard(path: Path, target: Path) -> Repaired:
    """Write what can be saved of a shard to another file; with nothing saved, no file is written.

    Raises:
        ShardError: `path` cannot be read at all, or is of another version.
        OSError: `target` cannot be written.
    """
    with naming_damage(path, hint=""):
        file = ShardFile(path)
        header = _header(path, file)
        saved: dict[str, Record] = {}
        lost: dict[str, str] = {}
        for record in _records(path, file):
            if record.clip_id in saved:
                continue
            try:
                check_clip(record, file)
            except DAMAGE as error:
                lost[record.clip_id] = str(error)
            else:
                saved[record.clip_id] = record
        for clip_id in _stated_clips(path):
            if clip_id not in saved:
                lost.setdefault(clip_id, "its record is damaged")
        for clip_id in saved:
            lost.pop(clip_id, None)
    note = happened("repair", lost=sorted(lost), header_lost=header is None)
    if saved:
        whole = header or _bare_header(next(iter(saved.values())))
        _write(target, ShardHeader(whole.split, whole.config, whole.tools, (*whole.history, note)), saved, file)
    return Repaired(path, tuple(saved), lost, header is None)


def _write(target: Path, header: ShardHeader, saved: dict[str, Record], file: ShardFile) -> None:
    with ShardWriter(target, header) as writer:
        for record in saved.values():
            writer.add_laid_out(*copied(record, file))
        writer.publish()


def _records(path: Path, file: ShardFile) -> Iterator[Record]:
    """Every whole record in the file, in the file's order, which is the shard's."""
    for address in _marks(path, RECORD_MARK):
        try:
            yield read_record(file, address)
        except DAMAGE:
            continue


def _header(path: Path, file: ShardFile) -> ShardHeader | None:
    """From the root's attributes, or from their copy."""
    try:
        return read_contents(path)[0].header
    except ShardError:
        pass
    for address in _marks(path, HEADER_MARK):
        try:
            count = stated_bytes(file.read(address, PREFIX_BYTES), HEADER_MARK)
            attributes = unsealed(file.read(address, count), HEADER_MARK)
        except DAMAGE:
            continue
        check_is_shard(attributes, path)
        return ShardHeader.of(attributes)
    return None


def _bare_header(record: Record) -> ShardHeader:
    return ShardHeader(str(record.attributes[""]["split"]), {})


def _stated_clips(path: Path) -> list[str]:
    """The clips that the catalogue names, where it can still be read."""
    try:
        return [entry.clip_id for entry in read_contents(path)[0].entries]
    except ShardError:
        return []


def _marks(path: Path, mark: bytes) -> Iterator[int]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = data.find(mark)
            while at >= 0:
                yield at
                at = data.find(mark, at + 1)
