"""Attributes of HDF5 groups as plain values.

Texts are stored with a fixed length: HDF5 keeps texts of variable length in a heap without checksums, where
one flipped bit can crash or hang the library. Everything else that it keeps has checksums from format 1.10 on.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

LIBRARY_VERSIONS = ("v110", "v110")
"""The HDF5 file format that shards are written in."""


def write_attributes(group: Any, values: Mapping[str, str | int]) -> None:
    """Set attributes of a group: texts as UTF-8 of fixed length, whole numbers as int64."""
    import h5py

    for name, value in values.items():
        if isinstance(value, str):
            encoded = value.encode()
            kind = h5py.string_dtype("utf-8", max(1, len(encoded)))
            group.attrs.create(name, np.array(encoded, dtype=kind), dtype=kind)
        else:
            group.attrs.create(name, np.int64(value))


def read_attributes(group: Any) -> dict[str, str | int]:
    """All attributes of a group, as `write_attributes` was given them."""
    return {name: _plain(value) for name, value in group.attrs.items()}


def _plain(value: Any) -> str | int:
    if isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, str) else int(value)
