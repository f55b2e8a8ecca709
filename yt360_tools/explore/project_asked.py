"""What may be asked of a projection beside the view: the span, how to sample and encode; and what was made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from yt360_tools.errors import UsageError, nearest
from yt360_tools.media.probe import PictureProbe
from yt360_tools.media.writing import Encoding
from yt360_tools.projection import INTERPOLATIONS
from yt360_tools.records import SourceLayout

Note = Callable[[str], None]
Progress = Callable[[Iterable[Any], int], Iterable[Any]]

LEAST_FPS, MOST_FPS = 0.01, 1000


@dataclass(frozen=True)
class Span:
    """What of a video is taken, in seconds on its clock; None for its own beginning and end.

    Attributes:
        fps: frames a second of the output; None keeps each frame of the source and its time.
    """

    start_s: float | None = None
    end_s: float | None = None
    fps: float | None = None


@dataclass(frozen=True)
class Settings:
    """How it is done: sampling and encoding.

    Attributes:
        interpolation: one of `INTERPOLATIONS`.
        encoding: of a video; of a still picture only its quality counts.
    """

    interpolation: str = "linear"
    encoding: Encoding = field(default_factory=Encoding)


@dataclass(frozen=True)
class Projected:
    """What was made.

    Attributes:
        layout: how the input was taken to lie.
        frames: how many pictures were written.
        seconds: how long the video lasts; 0 of a still picture.
        sound_channels: of the written sound; 0 when there is none.
        sample_rate_hz: of the sound as it was given to the codec; Opus has 48 kHz for most.
    """

    output: Path
    to: str
    width: int
    height: int
    layout: SourceLayout
    frames: int = 1
    seconds: float = 0.0
    sound_channels: int = 0
    sample_rate_hz: int = 0


def check_interpolation(name: str) -> None:
    """Refuse a way to interpolate that is none.

    Raises:
        UsageError: it is unknown.
    """
    if name not in INTERPOLATIONS:
        raise UsageError(f"--interpolation is {', '.join(INTERPOLATIONS)}; got {name!r}{nearest(name, INTERPOLATIONS)}")


def taken(probe: PictureProbe, span: Span) -> tuple[float, float]:
    """From when to when a video is taken, in seconds on its clock.

    Raises:
        UsageError: that is nothing, or not in the video.
    """
    start_s = probe.start_s if span.start_s is None else span.start_s
    end_s = probe.end_s if span.end_s is None else span.end_s
    if not probe.start_s <= start_s < min(end_s, probe.end_s):
        raise UsageError(
            f"the video lasts from {probe.start_s:g} s to {probe.end_s:g} s; "
            f"from {start_s:g} s to {end_s:g} s is none of it"
        )
    return start_s, min(end_s, probe.end_s)


def exact_rate(fps: float) -> Fraction:
    """The exact rate that is meant: 29.97 is 30000/1001.

    Raises:
        UsageError: it is none.
    """
    if not (np.isfinite(fps) and LEAST_FPS <= fps <= MOST_FPS):
        raise UsageError(f"--fps is {LEAST_FPS} to {MOST_FPS} frames a second; got {fps:g}")
    for whole in (24, 30, 48, 60, 120):
        if abs(fps - whole / 1.001) < 0.005:
            return Fraction(whole * 1000, 1001)
    return Fraction(str(fps)).limit_denominator(1001)


def about_rate(header_fps: float) -> Fraction:
    """About how many frames a second a source has, whose frames keep their own times; any header's rate will do."""
    return exact_rate(min(max(header_fps, LEAST_FPS), MOST_FPS))
