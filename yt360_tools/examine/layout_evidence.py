"""What is measured in some frames to tell how a sphere lies in them: seams, halves, bars, shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.examine.layout_seams import MOST_ODDS, Stack, layout_odds, line_odds, wrap_odds
from yt360_tools.geometry import Array
from yt360_tools.projection import EAC_BORDER_PX
from yt360_tools.records import SourceLayout

KNOWN_FACES = (
    "3x2:RLUDFB:002200", "3x2:RLUDFB:000000", "3x2:LFRDBU:000000", "3x2:LFRDBU:000312", "3x2:FRBLUD:000000",
    "6x1:RLUDFB:000000", "6x1:FRBLUD:000000", "1x6:RLUDFB:000000",
)  # fmt: skip
"""Arrangements of plain cubemaps that are tried: v2 metadata's, ffmpeg's, YouTube's order, and rows."""

_MOST_FRAMES = 6
_FULL_WIDTH = 3840
"""EAC's border is so many pixels of a frame of this width, about."""

_POLES = 0.15
"""Of a frame's height, at both ends: what is not looked at where halves left and right are compared."""

_HALF = (96, 48)
_SLIDES = range(-4, 5)


@dataclass(frozen=True)
class Bars:
    """Even bars along a frame's edges, as shares of its width or height."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class LayoutEvidence:
    """What was measured; odds are natural logarithms, positive where a seam goes on.

    Attributes:
        aspect: width over height.
        contrast: standard deviation of the frames, in levels.
        wrap: that left and right edge meet.
        wrap_halves: that the edges of the left and of the right half meet, the lesser.
        middle: that the picture goes on over the horizontal middle.
        eac, eac_eyes, cubemap: the mean over a layout's seams; `faces` is the cubemap's arrangement.
        top_bottom, left_right: correlation of the halves' details, -1 to 1.
        bars: even bars around the picture.
        wrap_inside: as `wrap`, of what is between the bars.
        pole_rows: how uneven the first and the last row are, against rows between; the lesser.
    """

    aspect: float
    contrast: float
    wrap: float
    wrap_halves: float
    middle: float
    eac: float
    eac_eyes: float
    cubemap: float
    faces: str
    top_bottom: float
    left_right: float
    bars: Bars
    wrap_inside: float
    pole_rows: float


def gather_evidence(frames: Sequence[NDArray[np.uint8]]) -> LayoutEvidence:
    """Measure frames, RGB (height, width, 3), all of one size and at least 16 x 16 pixels."""
    chosen = [frames[int((k + 0.5) * len(frames) / _MOST_FRAMES)] for k in range(min(_MOST_FRAMES, len(frames)))]
    if len(frames) <= _MOST_FRAMES:
        chosen = list(frames)
    stack: Stack = np.stack(chosen).astype(np.float32)
    _, height, width, _ = stack.shape
    upper, lower = stack[:, : height // 2], stack[:, height // 2 : height // 2 * 2]
    belt = stack[:, round(_POLES * height) : height - round(_POLES * height)]  # a logo repeats itself around a pole
    left, right = belt[:, :, : width // 2], belt[:, :, width // 2 : width // 2 * 2]
    bars = find_bars(stack)
    border = EAC_BORDER_PX * min(1.0, width / _FULL_WIDTH)
    cubemap, faces = max((_odds(stack, SourceLayout("cubemap", faces=one)), one) for one in KNOWN_FACES)
    return LayoutEvidence(
        aspect=width / height,
        contrast=float(stack.std()),
        wrap=wrap_odds(stack),
        wrap_halves=min(wrap_odds(left), wrap_odds(right)),
        middle=line_odds(stack, height // 2),
        eac=_odds(stack, SourceLayout("eac"), border),
        eac_eyes=_odds(stack, SourceLayout("eac", "left-right"), border),
        cubemap=cubemap,
        faces=faces,
        top_bottom=_likeness(upper, lower),
        left_right=_likeness(left, right),
        bars=bars,
        wrap_inside=wrap_odds(_between(stack, bars)),
        pole_rows=_pole_rows(stack),
    )


def _odds(stack: Stack, layout: SourceLayout, border_px: float = 0.0) -> float:
    try:
        return layout_odds(stack, layout, (border_px, border_px))
    except UsageError:  # a frame too small for its faces
        return -MOST_ODDS


def _likeness(one: Stack, other: Stack) -> float:
    """The correlation of two halves beyond their mean rows and columns, at the best shift of a few pixels of 96."""
    a, b = _details(one), _details(other)
    scale = np.sqrt(np.sum(a**2) * np.sum(b**2)) + 1e-9
    if min(a.std(), b.std()) < 1.0:
        return 0.0
    return max(float(np.sum(a * np.roll(b, slide, axis=2)) / scale) for slide in _SLIDES)


def _details(half: Stack) -> Array:
    import cv2

    small = np.stack([cv2.resize(frame.mean(axis=-1), _HALF, interpolation=cv2.INTER_AREA) for frame in half])
    rows, columns = small.mean(axis=2, keepdims=True), small.mean(axis=1, keepdims=True)
    return np.asarray(small - rows - columns + small.mean(axis=(1, 2), keepdims=True))


def find_bars(stack: Stack) -> Bars:
    """Bars of one colour along the edges, in all frames."""
    _, height, width, _ = stack.shape
    left = _even_lines(stack.transpose(2, 0, 1, 3)) / width
    right = _even_lines(stack[:, :, ::-1].transpose(2, 0, 1, 3)) / width
    top = _even_lines(stack.transpose(1, 0, 2, 3)) / height
    bottom = _even_lines(stack[:, ::-1].transpose(1, 0, 2, 3)) / height
    return Bars(left, right, top, bottom)


def _even_lines(lines: NDArray[np.float32]) -> int:
    """How many of the first lines (lines, frames, length, 3) have the colour of the very first, all along."""
    colour = np.median(lines[0], axis=(0, 1))
    off = np.abs(lines - colour).max(axis=-1)
    even = (np.quantile(off, 0.98, axis=(1, 2)) < 10.0) & (off.mean(axis=(1, 2)) < 4.0)
    return int(np.argmin(even)) if not even.all() else len(even)


def _between(stack: Stack, bars: Bars) -> Stack:
    _, height, width, _ = stack.shape
    left, right = round(bars.left * width) + 1, width - round(bars.right * width) - 1
    top, bottom = round(bars.top * height), height - round(bars.bottom * height)
    inside = stack[:, top:bottom, left:right]
    return inside if min(inside.shape[1:3]) >= 8 else stack


def _pole_rows(stack: Stack) -> float:
    grey = stack.mean(axis=-1)
    height = grey.shape[1]
    usual = float(np.median(grey[:, height // 4 : 3 * height // 4].std(axis=2)))
    return float(min(grey[:, 0].std(axis=1).mean(), grey[:, -1].std(axis=1).mean()) / max(usual, 1.0))
