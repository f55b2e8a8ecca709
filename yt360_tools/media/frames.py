"""The picture of a file as RGB frames at exact times, decoded once and forward."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.containers import foreign_errors
from yt360_tools.media.frame_decoder import FrameDecoder

Frame = NDArray[np.uint8]


def frame_count(start_s: float, end_s: float, fps: float) -> int:
    """How many frames a window has at `fps`."""
    return round((end_s - start_s) * fps)


class FrameReader:
    """Reads windows of one picture file, in ascending order for speed; a context manager.

    Frame i of a window is the last source frame whose time is not after ``start_s + i / fps``:

        source   |--0--|--1--|--2--|--3--|--4--|
        targets    ^       ^       ^       ^           frames 0, 1, 2, 4: never a later one

    Times are the source's own (its start is honoured). A file's clock has ticks (1 ms in Matroska), so a
    frame counts as not after a target up to half a tick beyond it. Only chosen frames are converted, and
    once each.

    Args:
        fps: frames a second of what is read.
        width, height: the size to scale to, by area averaging with aligned edges; None keeps the source's.
        crop: (left, top, width, height) in source pixels, taken before scaling, such as one eye of a stereo
            picture; even numbers keep luma and chroma together.
        threads: the decoder's threads; 1, because the pipeline runs a process a video.

    Colours are converted with the matrix and range that the stream names (BT.601 and limited range when it
    names none) to full-range RGB. Rotation flags are ignored. The pictures are read-only: a repeated frame
    is one array.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        *,
        width: int | None = None,
        height: int | None = None,
        crop: tuple[int, int, int, int] | None = None,
        threads: int = 1,
    ) -> None:
        self._path = path
        self._fps = fps
        self._picture = _PictureMaker(width, height, crop)
        self._decoder = FrameDecoder(path, threads)

    def __enter__(self) -> "FrameReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; no frame can be read after. A `with` block does it."""
        self._decoder.close()

    def window(self, start_s: float, end_s: float) -> Iterator[Frame]:
        """The frames of a window, uint8 RGB (height, width, 3), one by one; `frame_count` tells how many.

        Raises:
            MediaError: ``window_outside_video`` or ``unreadable_video``; another window may still be read.
        """
        converted: tuple[Any, Frame] | None = None
        targets_s = [start_s + number / self._fps for number in range(frame_count(start_s, end_s, self._fps))]
        self._decoder.expect(targets_s)
        for target_s in targets_s:
            chosen = self._decoder.frame_at(target_s)
            if converted is None or converted[0] is not chosen:
                with foreign_errors(self._path, "unreadable_video", "converting a frame"):
                    converted = (chosen, self._picture.make(chosen))
            yield converted[1]

    @property
    def tick_s(self) -> Fraction:
        """The unit of the file's frame times, in seconds."""
        return self._decoder.tick

    def source_frames(self, start_s: float, end_s: float) -> Iterator[tuple[float, Frame]]:
        """(time, frame) of each frame that the file shows from `start_s` to `end_s`, at the file's own times.

        The first is the one that is seen at `start_s`, and has that time when it began before.

        Raises:
            MediaError: ``window_outside_video`` or ``unreadable_video``.
        """
        self._decoder.expect(())
        chosen, time_s = self._decoder.frame_at(start_s), start_s
        while chosen is not None:
            with foreign_errors(self._path, "unreadable_video", "converting a frame"):
                picture = self._picture.make(chosen)
            yield time_s, picture
            following = self._decoder.frame_after()
            if following is None or following[0] >= end_s - self._decoder.half_tick_s:
                return
            time_s, chosen = following


class _PictureMaker:
    """Turns decoded frames into RGB arrays of one size."""

    def __init__(self, width: int | None, height: int | None, crop: tuple[int, int, int, int] | None) -> None:
        self._width, self._height, self._crop = width, height, crop
        self._reformatter: Any = None
        self._cropper: tuple[Any, Any, Any] | None = None

    def make(self, frame: Any) -> Frame:
        from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

        if self._reformatter is None:
            self._reformatter = VideoReformatter()
        if self._crop is not None:
            frame = self._cropped(frame)
        picture = self._reformatter.reformat(
            frame,
            width=self._width,
            height=self._height,
            format=self._format(frame),
            # Without full chroma interpolation swscale's short cut to RGB makes white 253.
            interpolation=Interpolation.AREA | Interpolation.FULL_CHR_H_INT,
            src_color_range=ColorRange.JPEG if frame.color_range == ColorRange.JPEG else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        pixels: Frame = _merged(picture) if picture.format.name == "gbrp" else picture.to_ndarray()
        pixels.flags.writeable = False
        return pixels

    def _format(self, frame: Any) -> str:
        """``gbrp``, the same numbers in planes, in 0.6 times the time, where swscale gives them.

        It does for less than half the pixels both ways; else its short cuts round otherwise, or lose columns.
        """
        is_much_smaller = 2 * (self._width or frame.width) <= frame.width and (
            2 * (self._height or frame.height) <= frame.height
        )
        return "gbrp" if is_much_smaller else "rgb24"

    def _cropped(self, frame: Any) -> Any:
        """The rectangle of a frame, by ffmpeg's crop filter: it moves pointers, and no pixel is touched."""
        import av

        assert self._crop is not None
        left, top, width, height = self._crop
        if left < 0 or top < 0 or left + width > frame.width or top + height > frame.height:
            raise MediaError(
                "unexpected_size",
                f"a crop of {width}x{height} at ({left}, {top}) is wanted from a picture of "
                f"{frame.width}x{frame.height}",
            )
        kind = (frame.width, frame.height, frame.format.name)
        if self._cropper is None or self._cropper[0] != kind:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
            )
            crop = graph.add("crop", f"{width}:{height}:{left}:{top}:exact=1")
            sink = graph.add("buffersink")
            source.link_to(crop)
            crop.link_to(sink)
            graph.configure()
            self._cropper = (kind, source, (sink, graph))
        self._cropper[1].push(frame)
        return self._cropper[2][0].pull()


def _merged(planes: Any) -> Frame:
    """The pixels of a picture in planes of green, blue and red."""
    import cv2

    green, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in planes.planes
    )
    return np.asarray(cv2.merge((red, green, blue)), np.uint8)
