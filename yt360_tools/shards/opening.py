"""Opening a shard, or saying why that cannot be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yt360_tools.errors import ShardError
from yt360_tools.shards.attributes import read_attributes
from yt360_tools.shards.catalogue import Entry, read_catalogue
from yt360_tools.shards.checks import check_header
from yt360_tools.shards.damage import DAMAGE, system_fault
from yt360_tools.shards.files import ShardFile
from yt360_tools.shards.schema import FORMAT, VERSION, ShardHeader


@dataclass(frozen=True)
class Contents:
    """What a shard says of itself; picklable.

    Attributes:
        entries: its clips in their order.
        identity: of the file that said so, see `ShardFile`.
    """

    path: Path
    header: ShardHeader
    entries: tuple[Entry, ...]
    identity: tuple[int, int, int, int]


def read_contents(path: Path) -> tuple[Contents, ShardFile]:
    """What a shard holds, and its file, opened for reading.

    Raises:
        ShardError: it cannot be opened, is no HDF5 file, damaged, no shard, or of an unknown version.
    """
    try:
        file = ShardFile(path)
        with open_hdf5(path) as hdf5:
            attributes = read_attributes(hdf5)
            check_is_shard(attributes, path)
            check_header(attributes, path)
            entries = read_catalogue(hdf5["catalogue"], str(attributes["catalogue_sha256"]))
        return Contents(path, ShardHeader.of(attributes), entries, file.identity), file
    except DAMAGE as error:
        raise _not_opened(path, error) from error


def open_hdf5(path: Path) -> Any:
    """A file opened by HDF5 for reading; raises what h5py raises."""
    import h5py

    return h5py.File(path, "r")


def reopened(contents: Contents) -> ShardFile:
    """The file of a shard whose contents are known.

    Raises:
        ShardError: it cannot be opened, or is another file by now.
    """
    try:
        file = ShardFile(contents.path)
    except OSError as error:
        raise _not_opened(contents.path, error) from error
    if file.identity != contents.identity:
        raise ShardError(f"{contents.path}: it was changed while it was in use; open the set of shards anew")
    return file


def check_is_shard(attributes: dict[str, str | int], path: Path) -> None:
    """Refuse what is no shard, or of another version, by the attributes of its root."""
    if attributes.get("format") != FORMAT or "version" not in attributes:
        raise ShardError(f"{path}: an HDF5 file, but no {FORMAT}")
    version = int(attributes["version"])
    if version != VERSION:
        way = "; 'yt360 shard migrate' brings it to that" if 0 < version < VERSION else ": upgrade it"
        raise ShardError(f"{path}: format version {version}; this version of yt360-tools reads version {VERSION}{way}")


def _not_opened(path: Path, error: BaseException) -> ShardError:
    fault = system_fault(error)
    if fault:
        return ShardError(f"{path}: {fault}")
    return ShardError(
        f"{path}: not a whole shard (cut short, damaged, or none at all); 'yt360 shard repair' saves what can be saved"
    )
