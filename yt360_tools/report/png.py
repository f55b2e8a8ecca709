"""PNG: a picture encoded within a budget of bytes."""

import numpy as np
from numpy.typing import NDArray


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
