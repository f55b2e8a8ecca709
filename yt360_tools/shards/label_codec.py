"""Label maps: a class a pixel, uint8, one deflated map a block."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.codecs import unknown_codec
from yt360_tools.shards.tracks import Track

LABEL_CODEC = "deflate"


def encode_labels(labels: NDArray[np.uint8]) -> Track:
    """Label maps (frames, height, width) as a track."""
    maps = [zlib.compress(np.ascontiguousarray(one, np.uint8).tobytes()) for one in labels]
    return Track.packed(LABEL_CODEC, len(maps), 1, maps)


def decode_labels(blocks: Sequence[Any], into: NDArray[np.uint8]) -> None:
    """Blocks written to `into` (frames, height, width).

    Raises:
        ValueError: a block is damaged.
    """
    for one, block in zip(into, blocks, strict=True):
        decoder = zlib.decompressobj()
        try:
            pixels = decoder.decompress(block, one.size + 1)
        except zlib.error as error:
            raise ValueError(f"a label map does not decode: {error}") from error
        one[...] = np.frombuffer(pixels, np.uint8).reshape(one.shape)


def require_label_codec(name: str, where: str) -> None:
    """Refuse a stored track whose codec this version does not know, with a `ShardError`."""
    if name != LABEL_CODEC:
        raise unknown_codec(name, where, "label maps", (LABEL_CODEC,))
