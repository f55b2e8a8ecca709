"""Opening a shard's HDF5 file, or saying why that cannot be."""

import functools
from pathlib import Path
from typing import Any

from yt360_tools.errors import ShardError
from yt360_tools.shards.attributes import read_attributes
from yt360_tools.shards.damage import DAMAGE, system_fault
from yt360_tools.shards.schema import FORMAT, VERSION

OPEN_FILES = 16
"""How many shards a set of them keeps open at most."""


def recent_files() -> "functools._lru_cache_wrapper[Any]":
    """`open_shard_file`, giving out the same file again while it is among the last `OPEN_FILES`.

    The others are let go of, not closed: h5py closes a file when nothing of it is in use any more, so that
    a thread that is reading from it can finish.
    """
    return functools.lru_cache(OPEN_FILES)(open_shard_file)


def open_shard_file(path: Path) -> Any:
    """A shard's HDF5 file, opened for reading.

    Raises:
        ShardError: it cannot be opened, is no HDF5 file, damaged, no shard, or of an unknown version.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise _not_opened(path, error) from error
    try:
        _check_is_shard(file, path)
    except DAMAGE as error:
        file.close()
        raise _not_opened(path, error) from error
    except ShardError:
        file.close()
        raise
    return file


def _check_is_shard(file: Any, path: Path) -> None:
    import h5py

    attributes = read_attributes(file)
    if attributes.get("format") != FORMAT or "version" not in attributes:
        raise ShardError(f"{path}: an HDF5 file, but no {FORMAT}")
    version = int(attributes["version"])
    if version != VERSION:
        raise ShardError(f"{path}: format version {version}; this version of yt360-tools reads version {VERSION}")
    if not isinstance(file.get("clips"), h5py.Group):
        raise ShardError(f"{path}: the group 'clips' is missing: damaged")


def _not_opened(path: Path, error: BaseException) -> ShardError:
    fault = system_fault(error)
    if fault:
        return ShardError(f"{path}: {fault}")
    return ShardError(f"{path}: not a whole HDF5 file (cut short, damaged, or no shard); delete it and build again")
