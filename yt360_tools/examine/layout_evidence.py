"""What is measured in some frames to tell how a sphere lies in them: seams, poles, halves, bars, shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.layout_faces import best_cube, eac_odds
from yt360_tools.examine.layout_seams import Stack, wrap_likeness, wrap_odds
from yt360_tools.geometry import Array

_MOST_FRAMES = 6

_POLES = 0.15
"""Of a frame's height, at both ends: what is not looked at where halves left and right are compared."""

_ROW_PARTS, _FAR = 64, 4
"""A row's roughness is taken between its sixty-fourths, next to each other and four apart: noise is below."""

_BAR_POINTS = 128
"""Of a line, so many pixels at least are looked at."""

_AT_A_TIME = 16
"""So many lines are looked at before the next ones are: most pictures have no bars."""

_BAR_LEVELS = 12.0
"""What differs so much from a bar's colour is none of it."""

_MIXED = 0.01
"""Of a frame's width or height: so much of the picture beside a bar is mixed with it."""

_HALF = (96, 48)
_SLIDES = range(-4, 5)


@dataclass(frozen=True)
class Bars:
    """Even bars along a frame's edges, as shares of its width or height.

    Attributes:
        beside_end, above_end: how sharp the bars beside, or above and below, end: the share of the length at which the
            picture begins within a sixty-fourth of the frame.
    """

    left: float
    right: float
    top: float
    bottom: float
    beside_end: float = 1.0
    above_end: float = 1.0


@dataclass(frozen=True)
class Pole:
    """How even a frame's first or last row is: at a pole it is one point of the sphere.

    Attributes:
        evenness: the logarithm of its roughness over that of rows near it, about 0 where it is no pole.
        near: the latter, in levels between neighbouring sixty-fourths of a row.
    """

    evenness: float
    near: float


@dataclass(frozen=True)
class LayoutEvidence:
    """What was measured; odds are natural logarithms, positive where a seam goes on.

    Attributes:
        aspect: width over height.
        wrap, wrap_halves: that left and right edge meet; that those of the left and of the right half do, the lesser.
        likeness, likeness_halves: correlation of these edges' fine structure, where a stitch may have moved it.
        eac, eac_eyes, cubemap: the mean over a layout's twelve seams; `faces` is the cubemap's arrangement.
        top_bottom, left_right: correlation of the halves' details, -1 to 1.
        bars: even bars around the picture.
        wrap_inside, likeness_inside: as `wrap` and `likeness`, of what is between the bars.
        poles: for the first and for the last row, the logarithm of its roughness over that of rows near it, and the
            latter, in levels; `poles_inside` the same between the bars.
    """

    aspect: float
    wrap: float
    wrap_halves: float
    likeness: float
    likeness_halves: float
    eac: float
    eac_eyes: float
    cubemap: float
    faces: str
    top_bottom: float
    left_right: float
    bars: Bars
    wrap_inside: float
    likeness_inside: float
    poles: tuple[Pole, Pole]
    poles_inside: tuple[Pole, Pole]


def gather_evidence(frames: Sequence[NDArray[np.uint8]]) -> LayoutEvidence:
    """Measure frames, RGB (height, width, 3), all of one size and at least 16 x 16 pixels."""
    stack = stacked(frames)
    _, height, width, _ = stack.shape
    upper, lower = stack[:, : height // 2], stack[:, height // 2 : height // 2 * 2]
    eyes = stack[:, :, : width // 2], stack[:, :, width // 2 : width // 2 * 2]
    poles = round(_POLES * height)  # a logo repeats itself around a pole
    left, right = (eye[:, poles : height - poles] for eye in eyes)
    bars = find_bars(stack)
    inside = _between(stack, bars)
    cube = best_cube(stack)
    return LayoutEvidence(
        aspect=width / height,
        wrap=wrap_odds(stack),
        wrap_halves=min(wrap_odds(left), wrap_odds(right)),
        likeness=wrap_likeness(stack),
        likeness_halves=min(wrap_likeness(left), wrap_likeness(right)),
        eac=cube.eac,
        eac_eyes=min(eac_odds(np.rot90(eye, -1, axes=(1, 2))) for eye in eyes),
        cubemap=cube.odds,
        faces=cube.faces,
        top_bottom=_likeness(upper, lower),
        left_right=_likeness(left, right),
        bars=bars,
        wrap_inside=wrap_odds(inside),
        likeness_inside=wrap_likeness(inside),
        poles=find_poles(stack),
        poles_inside=find_poles(inside),
    )


def stacked(frames: Sequence[NDArray[np.uint8]]) -> Stack:
    """The frames that are measured, spread over all of them."""
    count = min(_MOST_FRAMES, len(frames))
    return np.stack([frames[int((k + 0.5) * len(frames) / count)] for k in range(count)]).astype(np.float32)


def _likeness(one: Stack, other: Stack) -> float:
    """The correlation of two halves beyond their mean rows and columns, at the best shift of a few pixels of 96."""
    a, b = _details(one), _details(other)
    scale = np.sqrt(np.sum(a**2) * np.sum(b**2)) + 1e-9
    if min(a.std(), b.std()) < 1.0:
        return 0.0
    return max(float(np.sum(a * np.roll(b, slide, axis=2)) / scale) for slide in _SLIDES)


def _details(half: Stack) -> Array:
    import cv2

    small = np.stack([cv2.resize(frame, _HALF, interpolation=cv2.INTER_AREA).mean(axis=-1) for frame in half])
    rows, columns = small.mean(axis=2, keepdims=True), small.mean(axis=1, keepdims=True)
    return np.asarray(small - rows - columns + small.mean(axis=(1, 2), keepdims=True))


def find_bars(stack: Stack) -> Bars:
    """Bars of one colour along the edges, in all frames."""
    _, height, width, _ = stack.shape
    left = _even_lines(stack.transpose(2, 0, 1, 3)) / width
    right = _even_lines(stack[:, :, ::-1].transpose(2, 0, 1, 3)) / width
    top = _even_lines(stack.transpose(1, 0, 2, 3)) / height
    bottom = _even_lines(stack[:, ::-1].transpose(1, 0, 2, 3)) / height
    columns, rows = stack.transpose(2, 0, 1, 3), stack.transpose(1, 0, 2, 3)
    beside = min(_end(columns, round(left * width)), _end(columns[::-1], round(right * width)))
    above = min(_end(rows, round(top * height)), _end(rows[::-1], round(bottom * height)))
    return Bars(left, right, top, bottom, beside, above)


def _end(lines: NDArray[np.float32], count: int) -> float:
    """The share of the length at which lines (lines, frames, length, 3) differ soon behind the first `count`."""
    if not 0 < count < len(lines) - 3:
        return 0.0
    soon = lines[count + 1 : count + 1 + max(3, len(lines) // 64)]
    off = np.abs(soon[:, :, :: max(1, soon.shape[2] // _BAR_POINTS)] - np.median(lines[0], axis=(0, 1)))
    return float((off.max(axis=(0, 3)) > _BAR_LEVELS).mean())


def _even_lines(lines: NDArray[np.float32]) -> int:
    """How many of the first lines (lines, frames, length, 3) have the colour of the very first, all along."""
    colour = np.median(lines[0], axis=(0, 1))
    for first in range(0, len(lines), _AT_A_TIME):
        some = lines[first : first + _AT_A_TIME, :, :: max(1, lines.shape[2] // _BAR_POINTS)]
        off = np.abs(some - colour).max(axis=-1)
        even = (np.quantile(off, 0.98, axis=(1, 2)) < 10.0) & (off.mean(axis=(1, 2)) < 4.0)
        if not even.all():
            return first + int(np.argmin(even))
    return len(lines)


def _between(stack: Stack, bars: Bars) -> Stack:
    """What the bars leave, without the lines at their ends, which codecs mix with them."""
    _, height, width, _ = stack.shape
    left, right = _picture(width, bars.left, bars.right)
    top, bottom = _picture(height, bars.top, bars.bottom)
    inside = stack[:, top:bottom, left:right]
    return inside if min(inside.shape[1:3]) >= 16 else stack


def _picture(length: int, before: float, behind: float) -> tuple[int, int]:
    first, last = (round(bar * length) + round(_MIXED * length) + 1 if bar else 0 for bar in (before, behind))
    return first, length - last


def find_poles(stack: Stack) -> tuple[Pole, Pole]:
    """How even the first and the last row are."""
    import cv2

    _, height, width, _ = stack.shape
    step = max(1, width // _ROW_PARTS)
    parts = width // step
    if parts < _FAR + 1:
        return Pole(0.0, 0.0), Pole(0.0, 0.0)
    rows = np.stack(
        [cv2.resize(frame[:, : parts * step], (parts, height), interpolation=cv2.INTER_AREA) for frame in stack]
    )
    rough = np.mean([np.abs(rows - np.roll(rows, far, axis=2)).mean(axis=(0, 2, 3)) for far in (1, _FAR)], axis=0)
    return _pole(rough), _pole(rough[::-1])


def _pole(rough: Array) -> Pole:
    """Of the roughness of rows from the end inwards."""
    height = len(rough)
    end, near = (
        rough[: max(1, height // 150)].mean(),
        np.median(rough[height // 12 : max(height // 5, height // 12 + 1)]),
    )
    return Pole(float(np.log((end + 1) / (near + 1))), float(near))
