"""Panorama shards of pictures and sound as given, without the line that builds them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Direction
from yt360_tools.records import ClipWindow, View
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, ViewContent
from yt360_tools.shards.codecs import encode_frames, writing_codec
from yt360_tools.shards.sound_codecs import encode_sound


def panorama_clip(
    clip_id: str,
    frames: Sequence[NDArray[np.uint8]],
    foa: NDArray[np.floating],
    *,
    fps: float,
    sample_rate_hz: int,
    split: str = "train",
    codec: str = "raw",
    start_s: float = 0.0,
) -> ClipContent:
    """A clip of equirectangular `frames` and the sound `foa` (4, samples); its id is ``<video_id>-<anything>``."""
    height, width = frames[0].shape[:2]
    encoded = encode_frames(writing_codec(codec, quality=95), np.stack(frames), fps)
    view = View("er", Direction(0.0), 360.0, 180.0, width, height)
    samples = foa.shape[1]
    sound = np.asarray(foa, np.float32)
    heard, beam = (encode_sound(one, "float32", sample_rate_hz) for one in (sound, np.zeros_like(sound[:1])))
    content = ViewContent(view, encoded, beam)
    window = ClipWindow(clip_id, clip_id.rpartition("-")[0], start_s, start_s + samples / sample_rate_hz, split)
    return ClipContent(window, fps, sample_rate_hz, heard, (content,), {"projection": "er"})


def write_shard(path: Path, *clips: ClipContent) -> Path:
    """A shard of clips of one split."""
    with ShardWriter(path, ShardHeader(clips[0].window.split, {})) as writer:
        for clip in clips:
            writer.add(clip)
        writer.publish()
    return path
