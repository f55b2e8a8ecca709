"""PNG files: a picture encoded within a budget of bytes, a file that appears whole or not at all."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import EnvironmentMissing


def encode_png(picture: NDArray[np.uint8], most_bytes: int) -> bytes:
    """An RGB picture (height, width, 3) with six bits a channel, or five or four if it takes too many bytes.

    With four it may still take more than `most_bytes`. A palette would be smaller, but one of 256 colours leaves too
    few for a map laid over a photograph.
    """
    import cv2

    for bits in (6, 5, 4):
        step = 1 << (8 - bits)
        coarse = np.minimum((picture[..., ::-1].astype(np.uint16) + step // 2) // step * step, 255).astype(np.uint8)
        encoded = bytes(cv2.imencode(".png", coarse, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1])
        if len(encoded) <= most_bytes:
            break
    return encoded


def write_whole(out: Path, encoded: bytes) -> None:
    """Write the file whole or not at all, and the folders above it.

    Raises:
        EnvironmentMissing: `out` cannot be written.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(encoded)
            os.replace(temporary, out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentMissing(f"{out} cannot be written: {error.strerror or error}") from error
