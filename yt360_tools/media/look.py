"""How the sphere seems to lie in a frame, by the look of some frames alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.containers import announced_end, container_end, foreign_errors, opened, start_of
from yt360_tools.records import SourceLayout

Gray = NDArray[np.float32]
_FRAMES = 8
_WIDTH = 512
_LEAST_SIDE = 16
"""Pixels of a side below which a frame tells nothing."""

# A seam is a jump so many times the usual one near it, and so many gray levels; no seam is below the second.
_SEAM, _NO_SEAM, _SEAM_LEVELS = 2.5, 1.6, 4.0
# Two eyes agree so well beyond their mean rows and columns, with a contrast of so many gray levels.
_EYES_AGREE, _EYES_CONTRAST = 0.9, 6.0


@dataclass(frozen=True)
class Samples:
    """Some frames of a file, small and gray, and the pixels of the whole ones."""

    frames: list[Gray]
    width: int
    height: int


def look_of(frames: list[Gray]) -> SourceLayout:
    """The layout by content alone, of frames (height, width) in gray levels; ``default`` when undecided.

    Two halves that are nearly one picture are two eyes. In EAC the line between the two rows of faces is a
    hard edge and the left and right borders do not meet, while the faces of a row do; in ER the horizon is no edge and
    the borders meet.
    """
    frames = [frame for frame in frames if min(frame.shape) >= _LEAST_SIDE]
    for stereo, halves in (("top-bottom", _top_and_bottom), ("left-right", _left_and_right)):
        if frames and all(_are_two_eyes(*halves(frame)) for frame in frames):
            return _look_of_eyes([halves(frame)[0] for frame in frames], stereo)
    projection = _projection_of(frames)
    return SourceLayout(projection or "er", "mono", "content" if projection else "default")


def _look_of_eyes(eyes: list[Gray], stereo: str) -> SourceLayout:
    """Stereo ER; in stereo EAC each eye is turned by a quarter."""
    turned = [np.rot90(eye, -1) for eye in eyes]
    is_eac = stereo == "left-right" and _projection_of(turned) == "eac" and _projection_of(eyes) != "er"
    return SourceLayout("eac" if is_eac else "er", stereo, "content")


def _top_and_bottom(frame: Gray) -> tuple[Gray, Gray]:
    half = frame.shape[0] // 2
    return frame[:half], frame[half : 2 * half]


def _left_and_right(frame: Gray) -> tuple[Gray, Gray]:
    half = frame.shape[1] // 2
    return frame[:, :half], frame[:, half : 2 * half]


def _are_two_eyes(one: Gray, other: Gray) -> bool:
    """Whether two halves agree in more than what all landscapes share: bright above, dark below."""
    a, b = _detail(one), _detail(other)
    contrast = min(float(a.std()), float(b.std()))
    return contrast > _EYES_CONTRAST and float((a * b).mean()) > _EYES_AGREE * float(a.std() * b.std())


def _detail(half: Gray) -> Gray:
    """A half without its mean row and mean column, smoothed so far that parallax does not count."""
    height, width = half.shape[0] // 8 * 8, half.shape[1] // 8 * 8
    small = half[:height, :width].reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))
    return np.asarray(small - small.mean(axis=0) - small.mean(axis=1, keepdims=True) + small.mean())


@dataclass(frozen=True)
class _Seam:
    """A jump between two neighbouring rows: gray levels, and how often the usual jump near it."""

    levels: float
    ratio: float

    @property
    def is_hard(self) -> bool:
        return self.ratio > _SEAM and self.levels > _SEAM_LEVELS

    @property
    def is_soft(self) -> bool:
        return self.ratio < _NO_SEAM


def _is_twice_as_wide(frame: Gray) -> bool:
    return abs(frame.shape[1] / frame.shape[0] - 2) < 0.03


def _projection_of(frames: list[Gray]) -> str | None:
    """``eac`` or ``er`` if both seams say so clearly, else None.

    EAC is served as 3:2 or 16:9; a picture of 2:1 with hard seams is ER with a horizon and a stitch.
    """
    frames = [frame for frame in frames if frame.std() > _EYES_CONTRAST]
    if not frames:
        return None
    middle = _seam([_rows_around(frame, frame.shape[0] // 2) for frame in frames])
    wrapped = [np.roll(frame.T, frame.shape[1] // 2, axis=0) for frame in frames]
    meridian = _seam([_rows_around(frame, frame.shape[0] // 2) for frame in wrapped])
    if middle.is_hard and meridian.is_hard and not all(_is_twice_as_wide(frame) for frame in frames):
        return "eac" if _rows_go_on(frames) else None
    if middle.is_soft and meridian.is_soft:
        return "er"
    return None


def _rows_go_on(frames: list[Gray]) -> bool:
    """Whether each of two rows of three faces is one band around the sphere, as in EAC and in few plain cubemaps."""
    for row in (0, 1):
        for third in (1, 2):
            columns = [np.array_split(frame, 2)[row].T for frame in frames]
            if _seam([_rows_around(faces, faces.shape[0] * third // 3) for faces in columns]).is_hard:
                return False
    return True


def _rows_around(frame: Gray, middle: int) -> Gray:
    reach = max(4, middle // 8)
    return frame[middle - reach : middle + reach]


def _seam(strips: list[Gray]) -> _Seam:
    """The jump in the middle of strips against the median jump in them, over all frames."""
    jumps = np.mean([np.abs(np.diff(strip, axis=0)).mean(axis=1) for strip in strips], axis=0)
    middle = len(jumps) // 2
    usual = float(np.median(np.delete(jumps, middle)))
    return _Seam(float(jumps[middle]), float(jumps[middle]) / max(usual, 0.25))


def sample_frames(path: Path) -> Samples:
    """Up to 8 key frames spread over a file.

    Raises:
        MediaError: what opening and decoding the file raises.
    """
    import av

    frames: list[Gray] = []
    with (
        opened(path, "video") as (container, stream),
        foreign_errors(path, "unreadable_video", "looking at it"),
    ):
        stream.codec_context.thread_count = 1
        start_s = start_of(stream)
        end_s = announced_end(container, stream) or container_end(container) or start_s
        last_pts = None
        for part in range(_FRAMES):
            time_s = start_s + (end_s - start_s) * (part + 0.5) / _FRAMES
            try:
                container.seek(int(time_s / stream.time_base), stream=stream, backward=True)
            except av.error.FFmpegError:
                continue
            frame = next(container.decode(stream), None)
            if frame is None or frame.pts == last_pts:
                continue
            last_pts = frame.pts
            width = min(_WIDTH, frame.width) // 16 * 16 or frame.width
            height = max(16, round(width * frame.height / frame.width / 16) * 16)
            small = frame.reformat(width=width, height=height, format="gray", interpolation="AREA")
            gray = small.to_ndarray().astype(np.float32)
            if not frames or gray.shape == frames[0].shape:  # a picture's size may change
                frames.append(gray)
        return Samples(frames, stream.codec_context.width, stream.codec_context.height)
