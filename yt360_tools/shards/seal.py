"""A shard's seal: the SHA-256 of its whole file, in which the seal's own bytes count as zero."""

import hashlib
from typing import Any

from yt360_tools.shards.record import Bytes

SEAL_BYTES = 32
_PIECE = 1 << 24


def seal_of(before: Any, behind: Any) -> bytes:
    """The seal of a file, given the bytes before and behind its place."""
    digest = hashlib.sha256(before)
    digest.update(bytes(SEAL_BYTES))
    digest.update(behind)
    return digest.digest()


def is_sealed(file: Bytes, address: int, size: int) -> bool:
    """Whether a file of `size` bytes is what was sealed, its seal lying at an address.

    Raises:
        ValueError: it does not lie within the file.
    """
    digest, seal = hashlib.sha256(), file.read(address, SEAL_BYTES)
    for first in range(0, size, _PIECE):
        piece = bytearray(file.read(first, min(_PIECE, size - first)))
        low, high = (min(max(end - first, 0), len(piece)) for end in (address, address + SEAL_BYTES))
        piece[low:high] = bytes(high - low)
        digest.update(piece)
    return digest.digest() == seal
