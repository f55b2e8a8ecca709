"""How pictures are stored: an encoder takes frames one by one and gives a track; a decoder turns its blocks back."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import ShardError, UsageError, nearest
from yt360_tools.records import FRAME_CODECS
from yt360_tools.shards.tracks import Track

Frames = NDArray[np.uint8]


class FrameEncoder(Protocol):
    """Frames of one view on their way into a shard."""

    def add(self, frame: Frames) -> None:
        """Take the next RGB frame (height, width, 3)."""

    def repeat(self) -> None:
        """Take the last frame once more."""

    def finish(self) -> Track:
        """All that was taken; no more frames may follow."""


class FrameCodec(Protocol):
    """The seam: what `encoder` makes, `decode` reads."""

    name: str

    def encoder(self, height: int, width: int, fps: float) -> FrameEncoder:
        """A fresh encoder for frames (height, width, 3)."""

    def decode(self, blocks: Sequence[Any], counts: Sequence[int], into: Frames) -> None:
        """Blocks (bytes) of so many frames each, written to `into` (frames, height, width, 3).

        Raises:
            ValueError: a block is damaged, or holds frames of another size or number.
        """


class RawCodec:
    """Frames as they are: one uint8 array (frames, height, width, 3)."""

    name = "raw"

    def encoder(self, height: int, width: int, fps: float) -> "_RawEncoder":
        return _RawEncoder(height, width)

    def decode(self, blocks: Sequence[Any], counts: Sequence[int], into: Frames) -> None:
        for frame, block in zip(into, blocks, strict=True):
            frame[...] = np.frombuffer(block, np.uint8).reshape(frame.shape)


class _RawEncoder:
    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width, 3)
        self._frames: list[bytes] = []

    def add(self, frame: Frames) -> None:
        require_shape(frame, self._shape)
        self._frames.append(np.ascontiguousarray(frame).tobytes())

    def repeat(self) -> None:
        self._frames.append(self._frames[-1])

    def finish(self) -> Track:
        frames = np.empty((len(self._frames), *self._shape), np.uint8)
        for frame, pixels in zip(frames, self._frames, strict=True):
            frame[...] = np.frombuffer(pixels, np.uint8).reshape(self._shape)
        return Track.plain("raw", 1, frames)


class JpegCodec:
    """Frames as JPEG pictures, one a block.

    Args:
        quality: 1 to 100.
        chroma: ``420``, or ``444`` where colours must stay as sharp as brightness.
    """

    name = "jpeg"

    def __init__(self, quality: int = 90, chroma: str = "420") -> None:
        self.quality, self.chroma = quality, chroma

    def encoder(self, height: int, width: int, fps: float) -> "_JpegEncoder":
        return _JpegEncoder(height, width, self.quality, self.chroma)

    def decode(self, blocks: Sequence[Any], counts: Sequence[int], into: Frames) -> None:
        import simplejpeg

        for frame, block in zip(into, blocks, strict=True):
            decoded = simplejpeg.decode_jpeg(block, colorspace="RGB", buffer=frame)
            if decoded.shape != frame.shape:
                raise ValueError(f"a frame has shape {decoded.shape}, not {frame.shape}")


class _JpegEncoder:
    def __init__(self, height: int, width: int, quality: int, chroma: str) -> None:
        self._shape, self._quality, self._chroma = (height, width, 3), quality, chroma
        self._frames: list[bytes] = []

    def add(self, frame: Frames) -> None:
        import simplejpeg

        require_shape(frame, self._shape)
        pixels = np.ascontiguousarray(frame)
        encoded = simplejpeg.encode_jpeg(pixels, quality=self._quality, colorspace="RGB", colorsubsampling=self._chroma)
        self._frames.append(bytes(encoded))

    def repeat(self) -> None:
        self._frames.append(self._frames[-1])

    def finish(self) -> Track:
        return Track.packed("jpeg", len(self._frames), 1, self._frames)


def encode_frames(codec: FrameCodec, frames: Frames, fps: float) -> Track:
    """Frames (frames, height, width, 3) as a track."""
    encoder = codec.encoder(frames.shape[1], frames.shape[2], fps)
    for frame in frames:
        encoder.add(frame)
    return encoder.finish()


def require_shape(frame: Frames, shape: tuple[int, int, int]) -> None:
    """Refuse a frame of another size with a `ValueError`."""
    if frame.shape != shape:
        raise ValueError(f"a frame has shape {frame.shape}, not {shape}")


def writing_codec(name: str, *, quality: int = 90, chroma: str = "420", crf: int = 20, group: int = 8) -> FrameCodec:
    """The codec that encodes frames for a new shard.

    Args:
        quality, chroma: of ``jpeg``.
        crf, group: of ``h264``, see `h264.H264Codec`.

    Raises:
        UsageError: no codec has that name.
    """
    from yt360_tools.shards.h264 import H264Codec

    if name not in FRAME_CODECS:
        raise UsageError(f"unknown codec {name!r}{nearest(name, FRAME_CODECS)}; known: {', '.join(FRAME_CODECS)}")
    if name == "h264":
        return H264Codec(crf, group)
    return JpegCodec(quality, chroma) if name == "jpeg" else RawCodec()


def reading_codec(name: str, where: str) -> FrameCodec:
    """The codec that reads a stored view.

    Raises:
        ShardError: the shard names a codec that this version does not know.
    """
    if name not in FRAME_CODECS:
        raise unknown_codec(name, where, "frames", FRAME_CODECS)
    return writing_codec(name)


def unknown_codec(name: str, where: str, what: str, known: Sequence[str]) -> ShardError:
    """The error over a codec that a shard names and this version does not know."""
    return ShardError(
        f"{where}: {what} are stored with codec {name!r}; this version of yt360-tools knows {', '.join(known)}: "
        "upgrade it, or rebuild the shard"
    )
