"""A shard's catalogue: its clips in their order, what each is, and where its record lies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.schema import array_sha256, content_sha256


@dataclass(frozen=True)
class Entry:
    """A clip of a shard: times in seconds on the source's clock; its record's place in the file."""

    clip_id: str
    video_id: str
    start_s: float
    end_s: float
    address: int
    nbytes: int


def catalogue_datasets(entries: list[Entry]) -> dict[str, NDArray[Any]]:
    """The arrays to be stored, by name."""
    return {
        "clip_id": _texts([entry.clip_id for entry in entries]),
        "video_id": _texts([entry.video_id for entry in entries]),
        "window": np.array([(entry.start_s, entry.end_s) for entry in entries], np.float64).reshape(-1, 2),
        "record": np.array([(entry.address, entry.nbytes) for entry in entries], np.int64).reshape(-1, 2),
    }


def catalogue_sha256(datasets: dict[str, NDArray[Any]]) -> str:
    """The checksum of a catalogue's arrays."""
    return content_sha256(
        {name: (values.dtype.str, values.shape, array_sha256(values)) for name, values in datasets.items()}
    )


def read_catalogue(group: Any, stated_sha256: str) -> tuple[Entry, ...]:
    """The entries of a stored catalogue (its HDF5 group).

    Raises:
        ValueError: it does not have its checksum.
    """
    found = {name: np.asarray(group[name][()]) for name in ("clip_id", "video_id", "window", "record")}
    if catalogue_sha256(found) != stated_sha256:
        raise ValueError("its catalogue does not have its checksum")
    columns = (
        (text.decode() for text in found["clip_id"].tolist()),
        (text.decode() for text in found["video_id"].tolist()),
        found["window"].tolist(),
        found["record"].tolist(),
    )
    return tuple(
        Entry(clip_id, video_id, start_s, end_s, address, nbytes)
        for clip_id, video_id, (start_s, end_s), (address, nbytes) in zip(*columns, strict=True)
    )


def _texts(texts: list[str]) -> NDArray[Any]:
    return np.array([text.encode() for text in texts], dtype="S" if texts else "S1")
