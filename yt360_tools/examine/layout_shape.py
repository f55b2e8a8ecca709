"""Whether a picture that is taken as a whole sphere has the shape of one, or bars around it, or parts cut off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Finding
from yt360_tools.examine.layout_evidence import Bars, Pole, find_bars, find_poles, stacked
from yt360_tools.projection.er import UNCROPPED
from yt360_tools.records import SourceLayout
from yt360_tools.thresholds import PictureThresholds

_ASPECTS = {"mono": (2.0,), "top-bottom": (1.0, 2.0), "left-right": (4.0, 2.0)}
"""Of a whole frame, by how the eyes lie: each of full size, or squashed into half a frame."""

_EYES = {"bottom-top": "top-bottom", "right-left": "left-right"}


@dataclass(frozen=True)
class Shape:
    """A frame's shape, and what is at its ends.

    Attributes:
        width, height: pixels as they are in the file.
        bars: even bars along its edges.
        poles: how even its first and its last row are.
    """

    width: int
    height: int
    bars: Bars
    poles: tuple[Pole, Pole]

    @property
    def inside(self) -> tuple[int, int]:
        """Pixels across and down between the bars."""
        across, down = 1 - self.bars.left - self.bars.right, 1 - self.bars.top - self.bars.bottom
        return round(self.width * across), round(self.height * down)


def shape_of(frames: Sequence[NDArray[np.uint8]], width: int, height: int) -> Shape | None:
    """The shape of frames, RGB (height, width, 3) at any scale, of a picture of so many pixels; None without frames."""
    if not frames or min(frames[0].shape[:2]) < 16:
        return None
    stack = stacked(frames)
    return Shape(width, height, find_bars(stack), find_poles(stack))


def is_boxed_sphere(shape: Shape, limits: PictureThresholds) -> bool:
    """Whether it is between bars above and below that a picture is twice as wide as high."""
    bars = shape.bars
    if min(bars.top, bars.bottom) < limits.bars_least_share or abs(bars.top - bars.bottom) > limits.bars_least_share:
        return False
    across, down = shape.inside
    is_inside = abs(across / max(down, 1) / 2 - 1) <= 2 * limits.shape_most_off
    return is_inside and abs(shape.width / shape.height / 2 - 1) > limits.shape_most_off


def shape_findings(shape: Shape | None, layout: SourceLayout | None, limits: PictureThresholds) -> tuple[Finding, ...]:
    """``letterboxed`` or ``odd_shape``, of an equirectangular picture of which no header says that it is cropped."""
    if shape is None or layout is None or layout.projection != "er" or layout.bounds != UNCROPPED:
        return ()
    aspect = shape.width / shape.height
    off = min(abs(aspect / one - 1) for one in _ASPECTS[_EYES.get(layout.stereo, layout.stereo)])
    if off <= limits.shape_most_off:
        return ()
    is_declared = layout.decided_by == "manifest"
    seen = f"its picture of {shape.width} x {shape.height} has not the shape of a whole sphere"
    if layout.stereo == "mono" and is_boxed_sphere(shape, limits):
        across, down = shape.inside
        top = round(shape.bars.top * shape.height)
        said = (
            f"{seen}; between the bars above and below, about {across} x {down}, it has: the bars would count as sky "
            f"and ground. Cut them off, such as by ffmpeg's crop={across}:{down}:0:{top}"
        )
        numbers = {"aspect": aspect, "top_share": shape.bars.top, "bottom_share": shape.bars.bottom}
        return (Finding("letterboxed", "note" if is_declared else "doubt", said, numbers),)
    numbers = {"aspect": aspect}
    if layout.stereo != "mono":
        said = f"{seen} for each of two eyes; it is taken as if it were squashed"
        return (Finding("odd_shape", "note" if is_declared else "doubt", said, numbers),)
    if _has_poles(shape, limits):
        said = f"{seen}; its first and its last row are poles, so that it is squashed and whole"
        return (Finding("odd_shape", "note", said, numbers),)
    which, error_deg = ("rows", 90 - 180 / aspect) if aspect > 2 else ("columns", 180 - 90 * aspect)
    guess = "; a smooth flat film looks the same, too" if layout.decided_by == "content" else ""
    said = (
        f"{seen}, and it is taken as one that is squashed; if {which} were cut off, directions are wrong by up to "
        f"{error_deg:.0f} degrees{guess}"
    )
    return (Finding("odd_shape", "note" if is_declared else "doubt", said, numbers),)


def _has_poles(shape: Shape, limits: PictureThresholds) -> bool:
    return all(pole.evenness < limits.pole_even_below for pole in shape.poles)
