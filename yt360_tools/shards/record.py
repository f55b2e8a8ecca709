"""A clip's record: its attributes, and where in the file each of its datasets lies.

With it a window of pictures or sound is read by its place in the file alone, without HDF5 and its one lock for all
threads; and a clip can be saved out of a shard whose HDF5 structures are damaged.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.capsules import PREFIX_BYTES, RECORD_MARK, sealed, stated_bytes, unsealed
from yt360_tools.shards.schema import content_sha256

_DTYPES = ("|u1", "<u4", "<i2", "<i8", "<f4", "<f8")


class Bytes(Protocol):
    """A file, read by places."""

    def read(self, address: int, count: int) -> bytes:
        """So many bytes from there.

        Raises:
            ValueError: the file ends before.
        """


@dataclass(frozen=True)
class Place:
    """Where a dataset lies in its file: little-endian, in C order, without gaps."""

    dtype: str
    shape: tuple[int, ...]
    address: int
    sha256: str

    @property
    def nbytes(self) -> int:
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class Record:
    """What a clip's record says.

    Attributes:
        attributes: of its groups and tracks, by path; ``""`` for the clip itself.
        datasets: by path.
        content_sha256: of all datasets, see `schema.content_sha256`.
    """

    attributes: dict[str, dict[str, Any]]
    datasets: dict[str, Place]
    content_sha256: str

    @property
    def clip_id(self) -> str:
        return str(self.attributes[""]["clip_id"])

    def sealed(self) -> NDArray[np.uint8]:
        """As it stands in the file, uint8 (bytes,)."""
        places = {path: [at.dtype, at.shape, at.address, at.sha256] for path, at in self.datasets.items()}
        content = {"attributes": self.attributes, "datasets": places, "content_sha256": self.content_sha256}
        return sealed(RECORD_MARK, content)

    def array(self, file: Bytes, path: str) -> NDArray[Any]:
        """A dataset, read whole and held against its checksum.

        Raises:
            ValueError: it is damaged.
        """
        at = self.datasets[path]
        data = file.read(at.address, at.nbytes)
        if hashlib.sha256(data).hexdigest() != at.sha256:
            raise ValueError(f"{path} does not have its checksum")
        return np.frombuffer(data, at.dtype).reshape(at.shape)


def content_of(datasets: Mapping[str, Place]) -> str:
    """The checksum of a clip's content, from those of its datasets."""
    return content_sha256({path: (at.dtype, at.shape, at.sha256) for path, at in datasets.items()})


def read_record(file: Bytes, address: int, count: int | None = None) -> Record:
    """The record that lies at an address; of `count` bytes, where that is known.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    if count is None:
        count = stated_bytes(file.read(address, PREFIX_BYTES), RECORD_MARK)
    content = unsealed(file.read(address, count), RECORD_MARK)
    places = {}
    for path, (dtype, shape, at, checksum) in content["datasets"].items():
        if dtype not in _DTYPES:
            raise ValueError(f"{path} has the unknown dtype {dtype!r}")
        places[path] = Place(dtype, tuple(shape), at, checksum)
    return Record(content["attributes"], places, content["content_sha256"])
