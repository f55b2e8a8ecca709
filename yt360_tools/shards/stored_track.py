"""A part of a stored track: the blocks that hold it, read at once and each held against its checksum."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.record import Bytes, Record
from yt360_tools.shards.tracks import plain_offsets


@dataclass(frozen=True)
class Blocks:
    """Some whole blocks of a track.

    Attributes:
        first: the number of the first item (picture or sample) that they hold.
        data: the bytes of each.
        counts: how many items each holds.
    """

    first: int
    data: list[memoryview]
    counts: list[int]


@dataclass(frozen=True)
class StoredTrack:
    """A track in a file.

    Attributes:
        codec: its name.
        count: how many pictures, or samples of each channel, there are.
        block: how many of them a block holds.
        facts: its attributes.
    """

    path: str
    codec: str
    count: int
    block: int
    facts: dict[str, Any]
    _address: int
    _offsets: NDArray[np.int64]
    _checksums: NDArray[np.uint32]

    @classmethod
    def of(cls, record: Record, path: str, file: Bytes) -> "StoredTrack":
        """The track at a path of a clip's record; its tables are read from the file.

        Raises:
            ValueError: they are damaged.
        """
        facts, place = record.attributes[path], record.datasets[path]
        count, block = int(facts["count"]), int(facts["block"])
        if f"{path}_offsets" in record.datasets:
            offsets = record.array(file, f"{path}_offsets")
        else:
            offsets = plain_offsets(count, block, place.nbytes)
        checksums = record.array(file, f"{path}_crc32")
        return cls(path, str(facts["codec"]), count, block, facts, place.address, offsets, checksums)

    def blocks(self, file: Bytes, first: int, last: int) -> Blocks:
        """The blocks that hold items `first` to `last` (exclusive), which lie within the track.

        Raises:
            ValueError: they are damaged.
        """
        if last <= first:
            return Blocks(first, [], [])
        begin, end = first // self.block, -(-last // self.block)
        bounds = self._offsets[begin : end + 1].tolist()
        data = memoryview(file.read(self._address + bounds[0], bounds[-1] - bounds[0]))
        found, counts = [], []
        for number in range(begin, end):
            low, high = bounds[number - begin] - bounds[0], bounds[number - begin + 1] - bounds[0]
            block = data[low:high]
            if zlib.crc32(block) != self._checksums[number]:
                raise ValueError(f"{self.path}: block {number} does not have its checksum")
            found.append(block)
            counts.append(min(self.block, self.count - number * self.block))
        return Blocks(begin * self.block, found, counts)
