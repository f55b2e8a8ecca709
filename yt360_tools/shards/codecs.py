"""How frames are stored: a codec encodes one frame to bytes, lays a view's frames down, and reads them back."""

from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import ShardError, UsageError, nearest

Frames = NDArray[np.uint8]


class FrameCodec(Protocol):
    """The seam. `datasets` and `load` are each other's inverse."""

    name: str

    def encode(self, frame: Frames) -> bytes:
        """One RGB frame (height, width, 3) as bytes."""

    def datasets(self, encoded: tuple[bytes, ...], height: int, width: int) -> dict[str, NDArray[Any]]:
        """A view's frames as named arrays, to be stored in the view's group."""

    def count(self, group: Any) -> int:
        """How many frames a stored view (its HDF5 group) holds."""

    def load(self, group: Any, first: int, last: int) -> Frames:
        """Frames `first` to `last` (exclusive) of a stored view, (last - first, height, width, 3).

        Raises:
            ValueError: a frame is damaged.
        """


class RawCodec:
    """Frames as they are: one uint8 array (frames, height, width, 3)."""

    name = "raw"

    def encode(self, frame: Frames) -> bytes:
        return np.ascontiguousarray(frame).tobytes()

    def datasets(self, encoded: tuple[bytes, ...], height: int, width: int) -> dict[str, NDArray[Any]]:
        frames = np.empty((len(encoded), height, width, 3), np.uint8)
        for frame, pixels in zip(frames, encoded, strict=True):
            frame[...] = np.frombuffer(pixels, np.uint8).reshape(frame.shape)
        return {"frames": frames}

    def count(self, group: Any) -> int:
        return int(group["frames"].shape[0])

    def load(self, group: Any, first: int, last: int) -> Frames:
        return np.asarray(group["frames"][first:last])


class JpegCodec:
    """Frames as JPEG (4:2:0), one after the other: uint8 `frames` (bytes,), int64 `offsets` (frames + 1,)."""

    name = "jpeg"

    def __init__(self, quality: int = 90) -> None:
        self.quality = quality

    def encode(self, frame: Frames) -> bytes:
        import simplejpeg

        return bytes(
            simplejpeg.encode_jpeg(
                np.ascontiguousarray(frame), quality=self.quality, colorspace="RGB", colorsubsampling="420"
            )
        )

    def datasets(self, encoded: tuple[bytes, ...], height: int, width: int) -> dict[str, NDArray[Any]]:
        sizes = [len(frame) for frame in encoded]
        return {
            "frames": np.frombuffer(b"".join(encoded), np.uint8),
            "offsets": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        }

    def count(self, group: Any) -> int:
        return int(group["offsets"].shape[0]) - 1

    def load(self, group: Any, first: int, last: int) -> Frames:
        import simplejpeg

        offsets = group["offsets"][first : last + 1]
        count = max(0, min(last - first, len(offsets) - 1))
        frames = np.empty((count, int(group.attrs["height"]), int(group.attrs["width"]), 3), np.uint8)
        if not count:
            return frames
        packed = group["frames"][offsets[0] : offsets[-1]]
        bounds = offsets - offsets[0]
        for frame, (begin, end) in zip(frames, pairwise(bounds), strict=True):
            decoded = simplejpeg.decode_jpeg(packed[begin:end], colorspace="RGB", buffer=frame)
            if decoded.shape != frame.shape:
                raise ValueError(f"a frame of {group.name} has shape {decoded.shape}, not {frame.shape}")
        return frames


_CODECS = {"raw": RawCodec, "jpeg": JpegCodec}


def writing_codec(name: str, *, quality: int) -> FrameCodec:
    """The codec that encodes frames for a new shard.

    Raises:
        UsageError: no codec has that name.
    """
    if name not in _CODECS:
        raise UsageError(f"unknown codec {name!r}{nearest(name, _CODECS)}; known: {', '.join(_CODECS)}")
    return JpegCodec(quality) if name == "jpeg" else RawCodec()


def reading_codec(name: str, where: str) -> FrameCodec:
    """The codec that reads a stored view.

    Raises:
        ShardError: the shard names a codec that this version does not know.
    """
    if name not in _CODECS:
        raise ShardError(
            f"{where}: frames are stored with codec {name!r}; this version of yt360-tools knows "
            f"{', '.join(_CODECS)}: upgrade it, or rebuild the shard"
        )
    return _CODECS[name]()
