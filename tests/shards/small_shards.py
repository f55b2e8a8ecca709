"""Small shards for the tests: smooth pictures, noise for sound."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from yt360_tools.geometry import Direction
from yt360_tools.projection import viewport
from yt360_tools.records import ClipWindow
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, Track, ViewContent
from yt360_tools.shards.codecs import FrameCodec, encode_frames, writing_codec
from yt360_tools.shards.sound_codecs import encode_sound

LOOKS = (Direction(30.0, -10.0, 5.0), Direction(-100.25, 20.0))
HEADER = ShardHeader("train", {"fps": 4.0, "codec": "raw"}, {"numpy": "2"})
RATE_HZ = 480


def smooth_frames(seed: int, count: int = 3, height: int = 24, width: int = 32) -> np.ndarray:
    """Frames without sharp edges, which JPEG keeps well."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, (count, 1, 1, 3))
    rows, columns = np.arange(height)[:, None, None] / height, np.arange(width)[:, None] / width
    return np.rint(127.5 + 60 * np.sin(1.5 * rows + 2 * columns + phases)).astype(np.uint8)


def encoded(codec: FrameCodec, frames: np.ndarray) -> Track:
    return encode_frames(codec, frames, 3.0)


def clip(
    clip_id: str = "-v-54.5",
    codec: str = "raw",
    seed: int = 0,
    looks: Sequence[Direction] = LOOKS,
    sound: str = "float32",
    frames: int = 3,
) -> ClipContent:
    views = []
    for index, look in enumerate(looks):
        pictures = encoded(writing_codec(codec), smooth_frames(seed + index, frames))
        beam = encode_sound(noise(seed + index + 100, 1), sound, RATE_HZ)
        views.append(ViewContent(viewport(look, 80, 32, 24), pictures, beam))
    foa = encode_sound(noise(seed), sound, RATE_HZ)
    video_id, _, start = clip_id.rpartition("-")
    window = ClipWindow(clip_id, video_id, float(start), float(start) + 1, "train")
    return ClipContent(window, 3.0, RATE_HZ, foa, tuple(views), {"projection": "eac", "fps": 29.97})


def noise(seed: int, channels: int = 4) -> np.ndarray:
    """The sound of the clip with this seed, float32 (channels, RATE_HZ)."""
    return np.random.default_rng(seed).normal(0, 0.3, size=(channels, RATE_HZ)).astype(np.float32)


def shard(path: Path, *clips: ClipContent, header: ShardHeader = HEADER) -> Path:
    with ShardWriter(path, header) as writer:
        for one in clips:
            writer.add(one)
        writer.publish()
    return path


def flipped(image: bytes, offset: int) -> bytes:
    """The file with one bit of one byte turned over."""
    return image[:offset] + bytes([image[offset] ^ 1 << offset % 8]) + image[offset + 1 :]
