"""Whether two strips of pixels are neighbours on the sphere: the odds that a seam goes on, from frames alone.

Where a frame's edges meet on the sphere, pixels on both sides of the seam differ about as neighbours do; where they do
not, as strangers do. Strangers are made by sliding one side along the other. Each block of the seam is judged on its
own, as it is and with its slow changes taken out, and the lesser counts: skies are alike everywhere. A seam that a
stitch or a wall's corner runs along still goes on in some of its blocks, which strangers hardly ever do.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Array
from yt360_tools.projection.source import Source, patch_rays, patches, source_pixels
from yt360_tools.records import SourceLayout

Stack = NDArray[np.float32]
"""Frames (frames, height, width, 3) in levels."""

MOST_ODDS = 5.0
"""Log-odds beyond which a seam says no more."""

_BLOCKS = 6
_LEAST_BLOCK_PX = 12
_TREND_PARTS = 8
_EVEN_ODDS = 0.3
"""Half of the strangers' best blocks reach so much by luck (films of five kinds of scenes, 16 seeds)."""

_SLIDES = (0.2, 0.33, 0.5, 0.67, 0.8)
_FLOOR = 2.0
"""Squared levels by which neighbours differ at least: codecs' noise."""

_HALF_WAY, _STEEP = 0.55, 10.0
_TELLING = 8.0
"""Strangers that differ so many times more than neighbours tell all that a seam can tell."""


def seam_odds(inside: Stack, further_in: Stack, across: Stack) -> float:
    """Log-odds, -`MOST_ODDS` to `MOST_ODDS`, that two strips meet on the sphere; 0 where nothing can be told.

    Args:
        inside: a strip along the seam, (frames, length, 3).
        further_in: its neighbours inside the frame.
        across: what lies on the other side of the seam, if there is one.
    """
    raw = _block_odds(inside, further_in, across)
    fine = _block_odds(_without_trend(inside), _without_trend(further_in), _without_trend(across))
    odds = np.minimum(raw, fine)
    return float((odds.mean() + odds.max()) / 2 - _EVEN_ODDS * (odds.max() > 0))


def _block_odds(inside: Stack, further_in: Stack, across: Stack) -> Array:
    length = inside.shape[1]
    count = max(1, min(_BLOCKS, length // _LEAST_BLOCK_PX))
    edges = np.linspace(0, length, count + 1).astype(int)[:-1]

    def blocks(one: Stack, other: Stack) -> Array:
        differences = np.square(one - other, dtype=np.float64).mean(axis=(0, 2))
        return np.asarray(np.add.reduceat(differences, edges) / np.diff([*edges, length]))

    slid = [np.roll(across, max(1, int(part * length)), axis=1) for part in _SLIDES]
    seam, near = blocks(inside, across), np.maximum(blocks(inside, further_in), _FLOOR)
    strange = np.mean([blocks(inside, one) for one in slid], axis=0)
    contrast = np.log(np.maximum(strange / near, 1.0))
    place = np.log(np.maximum(seam, near / 2) / near) / np.maximum(contrast, 1e-9)
    odds = np.clip((_HALF_WAY - place) * _STEEP, -MOST_ODDS, MOST_ODDS)
    return np.asarray(np.where(contrast > 0, odds * np.clip(contrast / np.log(_TELLING), 0, 1), 0.0))


def _without_trend(strip: Stack) -> Stack:
    from scipy.ndimage import uniform_filter1d

    reach = max(3, strip.shape[1] // _TREND_PARTS) | 1
    return np.asarray(strip - uniform_filter1d(strip, reach, axis=1, mode="nearest"))


def wrap_odds(stack: Stack) -> float:
    """The odds that the left edge meets the right one."""
    return seam_odds(stack[:, :, 0], stack[:, :, 1], stack[:, :, -1])


def line_odds(stack: Stack, row: int) -> float:
    """The odds that the picture goes on from the row above to `row`."""
    return seam_odds(stack[:, row], stack[:, row + 1], stack[:, row - 1])


def layout_odds(stack: Stack, layout: SourceLayout, border_px: tuple[float, float] = (0.0, 0.0)) -> float:
    """The mean odds over all seams that a layout of faces would have; the most against it where it cannot be."""
    _, height, width, _ = stack.shape
    seams = _seams(layout, width, height, border_px)
    found = [seam_odds(stack[:, r, c], stack[:, r1, c1], stack[:, r2, c2]) for r, c, r1, c1, r2, c2 in seams]
    return float(np.mean(found)) if found else -MOST_ODDS


Index = NDArray[np.intp]


@functools.lru_cache(maxsize=64)
def _seams(
    layout: SourceLayout, width: int, height: int, border_px: tuple[float, float]
) -> tuple[tuple[Index, ...], ...]:
    """(row, column) of a strip, of its neighbours further in, and of what the layout has across, for each seam."""
    found = []
    for eye in ("left",) if layout.stereo == "mono" else ("left", "right"):
        source = Source(layout, width, height, border_px, eye)
        for number, patch in enumerate(patches(source)):
            for strip, step, beyond in _edges(patch.left, patch.top, patch.width, patch.height, border_px):
                rows, columns = strip
                pixels = source_pixels(patch_rays(source, number, *beyond), source)
                across = (
                    np.clip(np.rint(pixels.rows).astype(np.intp), 0, height - 1),
                    np.clip(np.rint(pixels.columns).astype(np.intp), 0, width - 1),
                )
                found.append((rows, columns, rows + step[0], columns + step[1], *across))
    return tuple(found)


def _edges(left: int, top: int, width: int, height: int, border_px: tuple[float, float]):  # type: ignore[no-untyped-def]
    """Of a patch's four edges: the pixels (rows, columns) inside its border, the step further in, and the positions
    (columns, rows) just beyond it."""
    wide, high = (int(np.ceil(border)) for border in border_px)
    columns = np.arange(left + wide, left + width - wide)
    rows = np.arange(top + high, top + height - high)
    outer = (left + border_px[0] - 1, left + width - border_px[0], top + border_px[1] - 1, top + height - border_px[1])

    def strip(row: Index, column: Index) -> tuple[Index, Index]:
        return np.broadcast_arrays(row, column)  # type: ignore[return-value]

    first, last = columns[:1], columns[-1:]
    yield strip(rows, first), (0, 1), (np.full(rows.size, outer[0]), rows.astype(float))
    yield strip(rows, last), (0, -1), (np.full(rows.size, outer[1]), rows.astype(float))
    yield strip(rows[:1], columns), (1, 0), (columns.astype(float), np.full(columns.size, outer[2]))
    yield strip(rows[-1:], columns), (-1, 0), (columns.astype(float), np.full(columns.size, outer[3]))
