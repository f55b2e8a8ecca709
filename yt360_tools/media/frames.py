"""The picture of a file as RGB frames at exact times, decoded once and forward."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.containers import foreign_errors, opened, start_of

Frame = NDArray[np.uint8]
_SEEK_GAP_S = 5.0
_EDGE_S = 0.1


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
        self._decoder = _Decoder(path, threads)

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
        for number in range(frame_count(start_s, end_s, self._fps)):
            chosen = self._decoder.frame_at(start_s + number / self._fps)
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
        chosen, time_s = self._decoder.frame_at(start_s), start_s
        while chosen is not None:
            with foreign_errors(self._path, "unreadable_video", "converting a frame"):
                picture = self._picture.make(chosen)
            yield time_s, picture
            following = self._decoder.frame_after()
            if following is None or following[0] >= end_s - self._decoder.half_tick_s:
                return
            time_s, chosen = following


class _Decoder:
    """Walks forward through the frames of a file and holds the last one and the next one."""

    def __init__(self, path: Path, threads: int) -> None:
        self._path, self._threads = path, threads
        self._open()
        stream = self._stream
        self.tick = Fraction(stream.time_base)
        self._tick_s = float(stream.time_base)
        self.half_tick_s = min(self._tick_s / 2, 0.0005) + 1e-6
        self._interval_s = 1 / float(stream.average_rate or 25)

    def _open(self) -> None:
        self._context = opened(self._path, "video")
        self._container, self._stream = self._context.__enter__()
        self._stream.codec_context.thread_count = self._threads
        self._stream.codec_context.thread_type = "FRAME" if self._threads > 1 else "SLICE"
        self._first_s: float | None = None
        self._is_straight = True
        self._restart(start_of(self._stream))

    def _restart(self, near_s: float) -> None:
        self._frames: Iterator[Any] | None = self._container.decode(self._stream)
        self._held: Any = None
        self._next: Any = None
        self._position_s = near_s

    def close(self) -> None:
        self._held = self._next = self._frames = None
        self._context.__exit__(None, None, None)

    def frame_at(self, target_s: float) -> Any:
        """The last frame whose time is not after `target_s`."""
        limit_s = target_s + self.half_tick_s
        gap_s = target_s - self._position_s
        behind = self._held is not None and limit_s < self._time(self._held) and not self._is_first(self._held)
        if behind or gap_s > _SEEK_GAP_S:
            self._seek(limit_s)
        while self._held is None or self._next is not None or self._frames is not None:
            if self._next is None:
                self._next = self._decode_or_break()
            if self._next is None or (self._held is not None and self._time(self._next) > limit_s):
                break
            self._held, self._next = self._next, None
            self._position_s = self._time(self._held)
            if self._first_s is None and self._is_straight:
                self._first_s = self._position_s
            if self._position_s > limit_s:
                break
        self._check_inside(target_s, limit_s)
        return self._held

    def frame_after(self) -> tuple[float, Any] | None:
        """The time of the frame after the last one that was given, and it; None at the end."""
        if self._next is None and self._frames is not None:
            self._next = self._decode_or_break()
        if self._next is None:
            return None
        self._held, self._next = self._next, None
        self._position_s = self._time(self._held)
        return self._position_s, self._held

    def _is_first(self, frame: Any) -> bool:
        return self._first_s is not None and self._time(frame) <= self._first_s

    def _check_inside(self, target_s: float, limit_s: float) -> None:
        if self._held is None:
            raise MediaError("unreadable_video", f"{self._path.name}: not one frame of its picture decodes")
        held_s = self._time(self._held)
        if held_s > limit_s + max(_EDGE_S, self._interval_s):
            raise MediaError(
                "window_outside_video",
                f"{self._path.name}: a frame at {target_s:.3f} s is wanted, and the picture begins at {held_s:.3f} s",
            )
        lasts_s = max(_EDGE_S, 2 * self._interval_s, (self._held.duration or 0) * self._tick_s)
        if self._next is None and self._frames is None and limit_s > held_s + lasts_s:
            raise MediaError(
                "window_outside_video",
                f"{self._path.name}: a frame at {target_s:.3f} s is wanted, and the picture's "
                f"last one is at {held_s:.3f} s",
            )

    def _time(self, frame: Any) -> float:
        return float(frame.pts * self._tick_s)

    def _decode_or_break(self) -> Any:
        """As `_decode`; after an error the next target is searched anew, so that other windows may be read."""
        try:
            return self._decode()
        except MediaError:
            self._position_s = -math.inf
            raise

    def _decode(self) -> Any:
        """The next frame in order of presentation; None at the end."""
        with foreign_errors(self._path, "unreadable_video", "decoding its picture"):
            for frame in self._frames or ():
                if frame.pts is None:
                    frame.pts = frame.dts
                if frame.pts is None:
                    raise MediaError("unreadable_video", f"{self._path.name}: it has frames without a time")
                if frame.is_corrupt:
                    raise MediaError(
                        "unreadable_video",
                        f"{self._path.name}: its picture is damaged near {self._time(frame):.3f} s",
                    )
                if self._held is None or frame.pts > self._held.pts:
                    return frame
        self._frames = None
        return None

    def _seek(self, limit_s: float) -> None:
        """Go to a frame not after `limit_s` from which everything decodes as it does from the beginning.

        An index may point too late (open groups of pictures, coarse cues), so the first frame that decodes is
        looked at, and if it is too late the search begins earlier; the last resort is the beginning.
        """
        import av

        for back_s in (0.0, 10.0):
            try:
                self._container.seek(math.floor((limit_s - back_s) / self._tick_s), stream=self._stream, backward=True)
                self._restart(limit_s)
                frame = self._decode()
            except (av.error.FFmpegError, MediaError):
                continue
            if frame is not None and self._time(frame) <= limit_s:
                self._held = frame
                self._position_s = self._time(frame)
                self._is_straight = False
                return
        self.close()
        self._open()
        self._position_s = limit_s  # whatever the way: no second search for the same target


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
            format="rgb24",
            # Without full chroma interpolation swscale's short cut to RGB makes white 253.
            interpolation=Interpolation.AREA | Interpolation.FULL_CHR_H_INT,
            src_color_range=ColorRange.JPEG if frame.color_range == ColorRange.JPEG else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        ).to_ndarray()
        picture.flags.writeable = False
        return picture

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
