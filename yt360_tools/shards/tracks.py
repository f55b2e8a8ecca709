"""A track: pictures or sound in blocks, each with a checksum, so that a part can be read and trusted without the rest.

A block is what a codec needs to decode on its own: one JPEG picture, a group of H.264 pictures, some thousand samples.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Track:
    """Pictures or sound as a codec made them.

    Attributes:
        codec: its name.
        count: how many pictures, or samples of each channel, there are.
        block: how many of them a block holds; the last may hold fewer.
        values: all blocks, one after the other: bytes (uint8, one dimension), or items along the first axis.
        sizes: bytes of each block, where they are packed; None where each item takes the same.
        facts: what else the codec must know.
    """

    codec: str
    count: int
    block: int
    values: NDArray[Any]
    sizes: tuple[int, ...] | None
    facts: dict[str, int]

    @classmethod
    def packed(cls, codec: str, count: int, block: int, blocks: Sequence[bytes], **facts: int) -> "Track":
        """Of byte strings, one a block."""
        values = np.frombuffer(b"".join(blocks), np.uint8)
        return cls(codec, count, block, values, tuple(len(one) for one in blocks), facts)

    @classmethod
    def plain(cls, codec: str, block: int, values: NDArray[Any], **facts: int) -> "Track":
        """Of items (count, ...) along the first axis."""
        return cls(codec, len(values), block, np.ascontiguousarray(values), None, facts)

    @property
    def nbytes(self) -> int:
        return int(self.values.nbytes)

    def attributes(self) -> dict[str, str | int]:
        """What stands beside the values."""
        return {"codec": self.codec, "count": self.count, "block": self.block, **self.facts}

    def datasets(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays to be stored, by name."""
        found = {name: self.values, f"{name}_crc32": self._checksums()}
        if self.sizes is not None:
            found[f"{name}_offsets"] = self._offsets()
        return found

    def _checksums(self) -> NDArray[np.uint32]:
        data = memoryview(self.values.reshape(-1).view(np.uint8).data)
        bounds = self._offsets().tolist()
        return np.array([zlib.crc32(data[begin:end]) for begin, end in pairwise(bounds)], np.uint32)

    def _offsets(self) -> NDArray[np.int64]:
        """Where each block begins among the bytes, and the end."""
        if self.sizes is not None:
            return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        return plain_offsets(self.count, self.block, self.values.nbytes)


def plain_offsets(count: int, block: int, nbytes: int) -> NDArray[np.int64]:
    """Where blocks of `block` items each begin, and the end, among `nbytes` of `count` items of one size."""
    item = nbytes // max(1, count)
    return np.minimum(np.arange(-(-count // block) + 1) * block, count).astype(np.int64) * item
