"""Holding one stored clip against its own checksums."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import ShardError
from yt360_tools.shards.schema import content_sha256, record_sha256

_CHECKSUMS = ("content_sha256", "record_sha256")


def checked_content(group: Any, clip_id: str) -> str:
    """The content checksum of a stored clip (its HDF5 group), computed from its bytes.

    Raises:
        ShardError: what is stored is not what was written.
    """
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
