"""The part of a frame that a table reads, continued over edges behind which the frame has no neighbours.

Interpolation and averages mix pixels, and at a patch's edge the next pixel of the frame is no neighbour on the sphere:
the panorama's other end, another face, the other eye. Where a table reaches over such an edge, what it reads is copied
into boxes, each a patch's part with a margin that shows what lies there on the sphere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.projection.antialias import Reduction
from yt360_tools.projection.continuation import is_globe_of_whole_pixels, neighbours, once_around, rectangle_of
from yt360_tools.projection.rectangles import Rectangle, enclosing
from yt360_tools.projection.source import Source, patches
from yt360_tools.projection.tables import Image, Table

Choice = NDArray[np.bool_] | None

_MOST_OF_A_PATCH = 0.75
"""The share of a patch's columns from which on a table may read its two ends and not what lies between."""

_ENOUGH_PLACES = 2000
"""Of how many of a table's places it is asked in which part of a patch they lie."""


@dataclass(frozen=True)
class Window:
    """A frame's own rectangle: nothing is copied."""

    part: Rectangle

    def of(self, frame: Image, reduction: Reduction) -> Image:
        """The rectangle of a frame (height, width, ...), reduced; it may share the frame's memory."""
        return reduction.blurred(reduction.shrunk(frame[self.part.slices]))


@dataclass(frozen=True)
class Boxes:
    """Parts of patches side by side, each with what lies beyond its patch's edges.

    Attributes:
        width, height: of the canvas, in pixels of the reduced frame, as all its rectangles.
        copied: rectangles of the frame, and where they go.
        lacking: rectangles that lie beyond patches.
        beyond: reads the frame's pixels that these are made of, one rectangle after the other.
    """

    width: int
    height: int
    copied: tuple[tuple[Rectangle, Rectangle], ...]
    lacking: tuple[Rectangle, ...]
    beyond: Table | None

    def of(self, frame: Image, reduction: Reduction) -> Image:
        """The canvas (`height`, `width`, ...) made of a frame (height, width, ...), reduced; a new array."""
        canvas = np.empty((self.height, self.width, *frame.shape[2:]), frame.dtype)
        for here, there in self.copied:
            part = canvas[there.slices]
            part[...] = reduction.shrunk(frame[here.slices]).reshape(part.shape)
        if self.beyond is None:
            return reduction.blurred(canvas)
        pixels, first = self.beyond.read(frame), 0
        for there in self.lacking:
            part, whole = canvas[there.slices], there.times(reduction.step)
            last = first + whole.width * whole.height
            sheet = pixels[first:last].reshape(whole.height, whole.width, *frame.shape[2:])
            part[...] = reduction.shrunk(sheet).reshape(part.shape)
            first = last
        return reduction.blurred(canvas)


def plan_canvas(
    table: Table, patch_of: NDArray[np.intp], source: Source, reduction: Reduction
) -> tuple[Window | Boxes, Table]:
    """What is to be taken from each of a source's frames, and the table for it.

    Args:
        table: places in the reduced frame.
        patch_of: each place's patch, any shape.
    """
    step, homes = reduction.step, [rectangle_of(patch) for patch in patches(source)]
    if len(homes) == 1:
        whole = Rectangle(*table.reach()).grown(reduction.margin).times(step)
        if whole.is_within(homes[0]) and whole.width < _MOST_OF_A_PATCH * homes[0].width:
            return Window(whole), table.moved(whole.left // step[0], whole.top // step[1])
    table = _unrolled(table, source, step[0])
    found = list(_parts(table, patch_of, source, step[0]))
    read = [(patch, Rectangle(*table.reach(chosen)).grown(reduction.margin)) for patch, chosen in found]
    wanted = [part.times(step) for _, part in read]
    if all(one.is_within(homes[patch]) for one, (patch, _) in zip(wanted, read, strict=True)):
        whole = enclosing(wanted)
        return Window(whole), table.moved(whole.left // step[0], whole.top // step[1])
    boxes, lefts = _boxes(read, source, step)
    if len(read) == 1:
        part = read[0][1]
        return boxes, table.moved(part.left, part.top)
    columns, rows = (np.zeros(table.count, np.int16) for _ in range(2))
    for (_, chosen), (_, part), left in zip(found, read, lefts, strict=True):
        columns[chosen], rows[chosen] = part.left - left, part.top
    return boxes, table.moved_each(columns, rows)


def _boxes(read: list[tuple[int, Rectangle]], source: Source, step: tuple[int, int]) -> tuple[Boxes, list[int]]:
    """Boxes for what is read of patches (rectangles of the reduced frame), and each one's first column."""
    is_globe = is_globe_of_whole_pixels(source)
    copied, lacking, beyond, lefts, at = [], [], [], [], 0
    for patch, part in read:
        home = rectangle_of(patches(source)[patch])
        inner = part.common(home.whole_steps(step))
        if not inner.is_empty:
            copied.append((inner.times(step), inner.moved(at - part.left, -part.top)))
        for rest in part.around(inner):
            here, there = rest.times(step), rest.moved(at - part.left, -part.top)
            around = once_around(here, home) if is_globe else None
            if around is None:
                lacking.append(there)
                beyond.append((patch, here))
            else:
                copied.append((around, there))
        lefts.append(at)
        at += part.width
    height = max(part.height for _, part in read)
    return Boxes(at, height, tuple(copied), tuple(lacking), neighbours(beyond, source) if beyond else None), lefts


def _parts(
    table: Table, patch_of: NDArray[np.intp], source: Source, columns_become_one: int
) -> Iterator[tuple[int, Choice]]:
    """The patches that are read, and which places each has (None: all); twice where only a patch's ends are read."""
    known = patches(source)
    if len(known) == 1 and _rolls(source, columns_become_one):
        yield 0, None
        return
    index, columns = patch_of.reshape(-1), table.columns
    for patch, home in enumerate(known):
        chosen = None if len(known) == 1 else index == patch
        if chosen is not None and not chosen.any():
            continue
        here = columns if chosen is None else columns[chosen]
        split = _gap(here, home.left / columns_become_one, home.width / columns_become_one)
        if split is None:
            yield patch, chosen
        else:
            for side in (columns < split, columns >= split):
                yield patch, side if chosen is None else side & chosen


def _rolls(source: Source, columns_become_one: int) -> bool:
    """Whether a panorama's left end goes on after its right one, column by column."""
    return is_globe_of_whole_pixels(source) and patches(source)[0].width % columns_become_one == 0


def _unrolled(table: Table, source: Source, columns_become_one: int) -> Table:
    """Of a view over a panorama's ends the table that reads one part of the panorama rolled on, not two."""
    home, columns = patches(source)[0], table.columns
    if not _rolls(source, columns_become_one):
        return table
    width = home.width // columns_become_one
    split = _gap(columns, home.left / columns_become_one, width)
    if split is None:
        return table
    return table.unrolled(split, width)


def _gap(columns: NDArray[np.int16], left: float, width: float) -> int | None:
    """A column between two places that are read, with an eighth of the patch's width around it that is not."""
    few = columns[:: 1 + len(columns) // _ENOUGH_PLACES]  # a gap found too wide costs time, no more
    eighths = ((few - np.float32(left)) * np.float32(8 / width)).clip(0, 7).astype(np.uint8)
    used = int(np.bitwise_or.reduce(np.left_shift(np.uint8(1), eighths)))
    for eighth in range(1, 7):
        before, after = used & ((1 << eighth) - 1), used >> (eighth + 1)
        if before and after and not used >> eighth & 1:
            return round(left + width * (eighth + 0.5) / 8)
    return None
