"""Frames at wanted moments of a file, small, and whether two of them show the same."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.containers import foreign_errors, opened

Small = NDArray[np.float32]
Luma = NDArray[np.uint8]
"""A frame's brightness in full size, (height, width)."""

_WIDTH = 512
_BLOCK, _LEAST_BLOCK = 8, 2
_REQUANTISED, _STANDS_OUT = 3.0, 4.0
_AHEAD_S = 1.0
"""What is no further ahead is decoded up to; further on, a key frame is looked for."""


class Glances:
    """Looks at a file at one moment after another; rising moments cost least. A context manager.

    Args:
        keys_s: the times of its key frames, rising: where decoding may begin.
        most_decoded: so many frames are decoded at most; what is asked for after them is not seen.
    """

    def __init__(self, path: Path, keys_s: NDArray[np.float64], *, most_decoded: int) -> None:
        self._path, self._keys_s, self.left = path, keys_s, most_decoded
        self._held: tuple[float, Any] | None = None
        self._next: tuple[float, Any] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "Glances":
        self._container, self._stream = self._stack.enter_context(opened(self._path, "video"))
        self._stack.enter_context(foreign_errors(self._path, "unreadable_video", "looking at it"))
        self._stream.codec_context.thread_count = 1
        self._frames = iter(())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._held = self._next = None
        return self._stack.__exit__(kind, error, trace)

    def at(self, time_s: float) -> Small | None:
        """What is seen at a moment, in seconds on the source's clock, as `small_frame` makes it; None for nothing."""
        if not self._is_ahead(time_s):
            self._seek(time_s)
        while self._next is not None and self._next[0] <= time_s + 1e-3:
            self._held, self._next = self._next, self._decoded()
        if self._held is None or self._held[0] > time_s + 1e-3:
            return None
        return small_frame(self._held[1].reformat(format="rgb24").to_ndarray())

    def between(self, start_s: float, end_s: float) -> Iterator[Luma]:
        """All frames from a moment up to another one, in full size."""
        if not self._is_ahead(start_s):
            self._seek(start_s)
        while self._next is not None and self._next[0] < end_s:
            if self._next[0] >= start_s - 1e-3:
                yield _luma(self._next[1])
            self._held, self._next = self._next, self._decoded()

    def key_at(self, time_s: float) -> Luma | None:
        """The key frame at a moment, in full size; None where what is decoded first there is another frame."""
        self._seek(time_s)
        found = self._next
        return _luma(found[1]) if found is not None and abs(found[0] - time_s) < 1e-3 else None

    def _is_ahead(self, time_s: float) -> bool:
        """Whether a moment is reached best by decoding on."""
        held = self._held
        if held is None or held[0] > time_s:
            return False
        between = np.searchsorted(self._keys_s, time_s, "right") > np.searchsorted(self._keys_s, held[0], "right")
        return time_s - held[0] <= _AHEAD_S or not between

    def _seek(self, time_s: float) -> None:
        self._container.seek(int(time_s / self._stream.time_base), stream=self._stream, backward=True)
        self._frames = self._container.decode(self._stream)
        self._held = None
        self._next = self._decoded()

    def _decoded(self) -> tuple[float, Any] | None:
        import av

        while self.left > 0:
            self.left -= 1
            try:
                frame = next(self._frames, None)
            except av.error.FFmpegError:
                return None
            if frame is None or frame.time is not None:
                return None if frame is None else (float(frame.time), frame)
        self._held = None  # what is held is no longer known to be what is seen
        return None


def _luma(frame: Any) -> Luma:
    return np.asarray(frame.reformat(format="gray").to_ndarray(), np.uint8)


def small_frame(frame: NDArray[np.uint8]) -> Small:
    """A frame (height, width, 3), at most 512 pixels wide, as means of blocks of 8 x 8, or smaller ones of a picture
    less than 256 wide: what coders leave of a still differs by less than what moves."""
    import cv2

    height, width = frame.shape[:2]
    if width > _WIDTH:
        height, width = max(1, round(height * _WIDTH / width)), _WIDTH
        frame = np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    block = max(_LEAST_BLOCK, min(_BLOCK, width // 32))
    rows, columns = max(1, height // block), max(1, width // block)
    return np.asarray(cv2.resize(frame.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def are_alike(one: Small, other: Small, most_change: float) -> bool:
    """Whether two small frames show the same: no block differs by more levels, or all differ a little.

    A coder's key frame differs from the frames before it all over; what moves stands out from what does not.
    """
    if one.shape != other.shape:
        return False
    change = np.abs(one - other).max(axis=-1)
    greatest, usual = float(change.max()), float(np.quantile(change, 0.9))
    return greatest <= most_change or greatest <= min(_REQUANTISED * most_change, _STANDS_OUT * usual)


def changed_share(one: Small, other: Small, most_change: float) -> float:
    """The share of two small frames that differs by more levels."""
    if one.shape != other.shape:
        return 1.0
    return float((np.abs(one - other).max(axis=-1) > most_change).mean())


def is_even(frame: NDArray[np.uint8] | Small, most_levels: float) -> bool:
    """Whether a frame (height, width, 3), or a small one, is one colour all over, but for one pixel of 200."""
    values = frame.reshape(-1, 3).astype(np.float32)
    off = np.abs(values - np.median(values, axis=0)).max(axis=1)
    return bool(np.quantile(off, 0.995) <= most_levels)
