"""Holding what is stored against its own checksums."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from yt360_tools.errors import ShardError
from yt360_tools.shards.attributes import read_attributes
from yt360_tools.shards.schema import attributes_sha256, content_sha256, record_sha256

_CHECKSUMS = ("content_sha256", "record_sha256", "header_sha256")


def checked_content(group: Any, path: Path, clip_id: str) -> str:
    """The content checksum of a stored clip (its HDF5 group in the shard at `path`), computed from its bytes.

    Raises:
        ShardError: what is stored is not what was written. What h5py raises over damage is left as it is.
    """
    import h5py

    where = f"{path}: clip {clip_id!r}"
    datasets: dict[str, NDArray[Any]] = {}
    stated = read_attributes(group)
    attributes = {"": _without_checksums(stated)}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            datasets[name] = item[()]
        elif name != "views":
            attributes[name] = read_attributes(item)

    group.visititems(visit)
    content = content_sha256(datasets)
    if content != stated["content_sha256"]:
        raise ShardError(f"{where}: its frames or sound do not have their checksum")
    if record_sha256(content, attributes) != stated["record_sha256"]:
        raise ShardError(f"{where}: its attributes do not have their checksum")
    if stated["clip_id"] != clip_id:
        raise ShardError(f"{where}: it calls itself {stated['clip_id']!r}")
    return content


def check_header(file: Any, path: Path) -> None:
    """Hold the own attributes of a shard (its HDF5 file, at `path`) against their checksum.

    Raises:
        ShardError: they are not what was written. What h5py raises over damage is left as it is.
    """
    stated = read_attributes(file)
    if attributes_sha256(_without_checksums(stated)) != stated.get("header_sha256"):
        raise ShardError(f"{path}: the file's attributes do not have their checksum")


def _without_checksums(attributes: dict[str, str | int]) -> dict[str, str | int]:
    return {name: value for name, value in attributes.items() if name not in _CHECKSUMS}
