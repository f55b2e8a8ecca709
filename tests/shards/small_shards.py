"""Small shards for the tests: smooth pictures, noise for sound."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from yt360_tools.geometry import Direction
from yt360_tools.projection import viewport
from yt360_tools.records import ClipWindow
from yt360_tools.shards import ClipContent, EncodedFrames, ShardHeader, ShardWriter, ViewContent
from yt360_tools.shards.codecs import writing_codec

LOOKS = (Direction(30.0, -10.0, 5.0), Direction(-100.25, 20.0))
HEADER = ShardHeader("train", {"fps": 4.0, "codec": "raw"}, {"numpy": "2"})
RATE_HZ = 480


def smooth_frames(seed: int, count: int = 3, height: int = 24, width: int = 32) -> np.ndarray:
    """Frames without sharp edges, which JPEG keeps well."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, (count, 1, 1, 3))
    rows, columns = np.arange(height)[:, None, None] / height, np.arange(width)[:, None] / width
    return np.rint(127.5 + 60 * np.sin(1.5 * rows + 2 * columns + phases)).astype(np.uint8)


def clip(
    clip_id: str = "-v-54.5", codec: str = "raw", seed: int = 0, looks: Sequence[Direction] = LOOKS
) -> ClipContent:
    rng = np.random.default_rng(seed)
    encoder = writing_codec(codec, quality=90)
    views = []
    for index, look in enumerate(looks):
        encoded = tuple(encoder.encode(frame) for frame in smooth_frames(seed + index))
        beam = rng.normal(size=RATE_HZ).astype(np.float32)
        views.append(ViewContent(viewport(look, 80, 32, 24), EncodedFrames(codec, encoded), beam))
    foa = rng.normal(size=(4, RATE_HZ)).astype(np.float32)
    video_id, _, start = clip_id.rpartition("-")
    window = ClipWindow(clip_id, video_id, float(start), float(start) + 1, "train")
    return ClipContent(window, 3.0, RATE_HZ, foa, tuple(views), {"projection": "eac", "fps": 29.97})


def shard(path: Path, *clips: ClipContent, header: ShardHeader = HEADER) -> Path:
    with ShardWriter(path, header) as writer:
        for one in clips:
            writer.add(one)
        writer.publish()
    return path


def flipped(image: bytes, offset: int) -> bytes:
    """The file with one bit of one byte turned over."""
    return image[:offset] + bytes([image[offset] ^ 1 << offset % 8]) + image[offset + 1 :]
