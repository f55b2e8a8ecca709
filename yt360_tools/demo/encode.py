"""From a scene's samples to a media file, at the world's one sample rate."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.demo.scene import SAMPLE_RATE_HZ
from yt360_tools.media import encoding
from yt360_tools.media.encoding import encode_video

__all__ = ["encode_sound", "encode_video"]


def encode_sound(foa: NDArray[np.float32], path: Path, *, codec: str) -> None:
    """As `encoding.encode_sound`, at 48 kHz."""
    encoding.encode_sound(foa, path, codec=codec, sample_rate_hz=SAMPLE_RATE_HZ)
