"""Frames as H.264: short closed groups of pictures, each of which decodes on its own.

Colours as JPEG has them (BT.601, full range, 4:2:0), so that the two compare. A block is an elementary stream (Annex B)
with its parameter sets in front: any H.264 decoder reads it. Its pictures are as large as whole macroblocks: width and
height are rounded up to multiples of 16 by repeating the last column and row, which a reader cuts off.
"""

import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.tracks import Track

Frames = NDArray[np.uint8]

_MACROBLOCK = 16

_PRESET, _TUNE = "medium", "psnr"
"""Tuned for eyes, x264 keeps the look of grain: up to three times the bytes for the same error."""


class H264Codec:
    """Groups of H.264 pictures.

    Args:
        crf: x264's constant rate factor, 0 (lossless) to 51.
        group: pictures a group. Reading a window decodes the groups that it touches.
    """

    name = "h264"

    def __init__(self, crf: int = 20, group: int = 8) -> None:
        self.crf, self.group = crf, group

    def encoder(self, height: int, width: int, fps: float) -> "_H264Encoder":
        return _H264Encoder(height, width, fps, self.crf, self.group)

    def decode(self, blocks: Sequence[Any], counts: Sequence[int], into: Frames) -> None:
        first = 0
        for block, count in zip(blocks, counts, strict=True):
            _decode_group(bytes(block), into[first : first + count])
            first += count


class _H264Encoder:
    def __init__(self, height: int, width: int, fps: float, crf: int, group: int) -> None:
        import av

        self._shape, self._group, self._count = (height, width, 3), group, 0
        self._last: Any = None
        self._groups: list[list[bytes]] = []
        codec: Any = av.CodecContext.create("libx264", "w")
        self._beyond = ((0, _in_macroblocks(height) - height), (0, _in_macroblocks(width) - width), (0, 0))
        codec.width, codec.height, codec.pix_fmt = _in_macroblocks(width), _in_macroblocks(height), "yuv420p"
        codec.color_range, codec.colorspace = 2, 6  # full; BT.601
        codec.time_base = 1 / Fraction(fps).limit_denominator(1000)
        codec.framerate = Fraction(fps).limit_denominator(1000)
        # With more threads, or with mbtree, x264 does not make the same bytes of the same frames each time.
        codec.thread_count = 1
        closed = f"keyint={group}:min-keyint={group}:scenecut=0:open-gop=0:repeat-headers=1:threads=1:mbtree=0"
        codec.options = {"crf": str(crf), "preset": _PRESET, "tune": _TUNE, "x264-params": closed}
        self._codec = codec

    def add(self, frame: Frames) -> None:
        import av

        if frame.shape != self._shape:
            raise ValueError(f"a frame has shape {frame.shape}, not {self._shape}")
        whole = np.ascontiguousarray(np.pad(frame, self._beyond, mode="edge"))
        picture = av.VideoFrame.from_ndarray(whole, format="rgb24")
        self._last = picture.reformat(
            format="yuv420p", dst_colorspace="ITU601", src_color_range="JPEG", dst_color_range="JPEG"
        )
        self._encode()

    def repeat(self) -> None:
        self._encode()

    def finish(self) -> Track:
        self._take(self._codec.encode(None))
        return Track.packed("h264", self._count, self._group, [b"".join(packets) for packets in self._groups])

    def _encode(self) -> None:
        self._last.pts = self._count
        self._last.time_base = self._codec.time_base
        self._count += 1
        self._take(self._codec.encode(self._last))

    def _take(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            if packet.is_keyframe:
                self._groups.append([])
            self._groups[-1].append(bytes(packet))


def _in_macroblocks(pixels: int) -> int:
    """The size of a side in whole macroblocks."""
    return -(-pixels // _MACROBLOCK) * _MACROBLOCK


_DECODERS = threading.local()
"""A decoder for each thread: to open one takes longer than to decode a small picture."""


def _decode_group(data: bytes, into: Frames) -> None:
    import av

    height, width = into.shape[1:3]
    try:
        decoded = 0
        for picture in _pictures(data):
            coded = picture.height, picture.width
            if decoded == len(into) or coded != (_in_macroblocks(height), _in_macroblocks(width)):
                raise ValueError(f"a group holds other frames than {len(into)} of {width} x {height}")
            rgb = picture.reformat(
                format="rgb24", src_colorspace="ITU601", src_color_range="JPEG", dst_color_range="JPEG"
            )
            into[decoded] = rgb.to_ndarray()[:height, :width]
            decoded += 1
    except av.error.FFmpegError as error:
        raise ValueError(f"a group does not decode: {error}") from error
    if decoded < len(into):
        raise ValueError(f"a group holds {decoded} frames, not {len(into)}")


def _pictures(data: bytes) -> Iterator[Any]:
    codec = getattr(_DECODERS, "codec", None)
    if codec is None:
        import av

        codec = av.CodecContext.create("h264", "r")
        codec.thread_count = 1
        _DECODERS.codec = codec
    try:
        for packet in (*codec.parse(data), *codec.parse(b"")):
            yield from codec.decode(packet)
        yield from codec.decode(None)
    finally:
        codec.flush_buffers()
