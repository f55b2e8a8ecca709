"""Capsules: JSON in a shard that can be found and trusted without HDF5's own structures.

16 bytes of mark, 8 of length (little-endian), 32 of the SHA-256 of what follows, then JSON in UTF-8. A shard of which
HDF5 opens nothing any more still holds them, each behind its mark.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER_MARK = b"\x89YT360-HEADER\r\n\x1a"
RECORD_MARK = b"\x89YT360-RECORD\r\n\x1a"
PREFIX_BYTES = 16 + 8 + 32
MOST_BYTES = 1 << 26


def sealed(mark: bytes, content: Mapping[str, Any]) -> NDArray[np.uint8]:
    """A capsule, uint8 (bytes,)."""
    text = json.dumps(content, separators=(",", ":")).encode()
    head = mark + len(text).to_bytes(8, "little") + hashlib.sha256(text).digest()
    return np.frombuffer(head + text, np.uint8)


def stated_bytes(head: bytes, mark: bytes) -> int:
    """How many bytes the capsule takes that begins with `head`.

    Raises:
        ValueError: it begins none.
    """
    length = int.from_bytes(head[16:24], "little")
    if len(head) < PREFIX_BYTES or head[:16] != mark or length > MOST_BYTES:
        raise ValueError("its record is damaged")
    return PREFIX_BYTES + length


def unsealed(capsule: bytes, mark: bytes) -> dict[str, Any]:
    """What a capsule holds.

    Raises:
        ValueError: it is damaged.
    """
    text = capsule[PREFIX_BYTES : stated_bytes(capsule[:PREFIX_BYTES], mark)]
    if hashlib.sha256(text).digest() != capsule[24:PREFIX_BYTES]:
        raise ValueError("its record does not have its checksum")
    content: dict[str, Any] = json.loads(text)
    return content
