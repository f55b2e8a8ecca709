"""Holding what is stored against its own checksums."""

import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from yt360_tools.errors import ShardError
from yt360_tools.shards.attributes import read_attributes
from yt360_tools.shards.record import Bytes, Record, content_of
from yt360_tools.shards.schema import attributes_sha256
from yt360_tools.shards.tracks import plain_offsets


def check_clip(record: Record, file: Bytes) -> None:
    """Recompute every checksum of a clip from its bytes.

    Raises:
        ValueError: what is stored is not what was written.
    """
    for path in record.datasets:
        record.array(file, path)
    if content_of(record.datasets) != record.content_sha256:
        raise ValueError("its content does not have its checksum")
    for path, facts in record.attributes.items():
        if "block" in facts:
            _check_track(record, file, path)


def check_structure(group: Any, record: Record) -> None:
    """Hold what HDF5 says of a clip (its group) against the clip's record.

    Raises:
        ValueError: they differ. What h5py raises over damage is left as it is.
    """
    import h5py

    found, attributes = {}, {"": read_attributes(group)}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and name != "record":
            found[name] = (item.dtype.str, item.shape, int(item.id.get_offset() or 0))
        if len(item.attrs):
            attributes[name] = read_attributes(item)

    group.visititems(visit)
    if found != {path: (at.dtype, at.shape, at.address) for path, at in record.datasets.items()}:
        raise ValueError("its datasets are not those of its record")
    if attributes[""].pop("content_sha256", None) != record.content_sha256 or attributes != record.attributes:
        raise ValueError("its attributes are not those of its record")


def check_header(attributes: dict[str, str | int], path: Path) -> None:
    """Hold the own attributes of a shard against their checksum.

    Raises:
        ShardError: they are not what was written.
    """
    own = {name: value for name, value in attributes.items() if name != "header_sha256"}
    if attributes_sha256(own) != attributes.get("header_sha256"):
        raise ShardError(f"{path}: the file's attributes do not have their checksum")


def _check_track(record: Record, file: Bytes, path: str) -> None:
    """The checksums of a track's blocks, which readers of a part go by."""
    data = memoryview(np.ascontiguousarray(record.array(file, path)).reshape(-1).view(np.uint8).data)
    facts = record.attributes[path]
    offsets = (
        record.array(file, f"{path}_offsets")
        if f"{path}_offsets" in record.datasets
        else plain_offsets(int(facts["count"]), int(facts["block"]), data.nbytes)
    )
    blocks = [zlib.crc32(data[begin:end]) for begin, end in pairwise(offsets.tolist())]
    if blocks != record.array(file, f"{path}_crc32").tolist():
        raise ValueError(f"the blocks of {path} do not have their checksums")
