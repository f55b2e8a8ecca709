"""Whether two edges are neighbours on the sphere: the odds that the picture goes on over a seam, from frames alone.

Where edges meet on the sphere, pixels on both sides of the seam differ about as neighbours near it do; where they do
not, as strangers do. Strangers are made by sliding one side along the other. Each block of a seam is judged on its
own, as it is and with its slow changes taken out, and the lesser counts: skies are alike everywhere. A seam has the
mean of its blocks: in a smooth sky strangers go on as well, but not on the ground below it. What a stitch moved or
brightened is found by the likeness of fine structure on both sides.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.geometry import Array

Stack = NDArray[np.float32]
"""Frames (frames, height, width, 3) in levels."""

Edge = NDArray[np.float32]
"""Lines along an edge, the outermost first: (lines, frames, length, 3)."""

MOST_ODDS = 5.0
"""Log-odds beyond which a seam says no more."""

LINES = 9
"""Lines that an edge has; those further in tell how much neighbours differ."""

_BLOCKS = 6
_LEAST_BLOCK_PX = 12
_TREND_PARTS = 8
_SLIDES = (0.2, 0.33, 0.5, 0.67, 0.8)
_STEPS_IN = (0, 2, 4)
"""So many lines further in neighbours are compared as well: codecs' blocks make some of them too alike."""

_FLOOR = 6.0
"""Squared levels by which neighbours differ at least: what codecs leave in dark and even places."""

_SHIFT = 0.025
"""Of a seam's length: so far a bad stitch moves things along it."""

_HALF_WAY, _STEEP = 0.55, 10.0
_TELLING = 8.0
"""Strangers that differ so many times more than neighbours tell all that a seam can tell."""


def edges_of(part: Stack) -> tuple[Edge, Edge, Edge, Edge]:
    """The top, right, bottom and left edge of a part of the frames, each read clockwise."""
    rows, columns = part.transpose(1, 0, 2, 3), part.transpose(2, 0, 1, 3)
    return (
        rows[:LINES],
        columns[: -LINES - 1 : -1],
        rows[: -LINES - 1 : -1, :, ::-1],
        columns[:LINES, :, ::-1],
    )


@dataclass(frozen=True)
class Side:
    """What is needed of one side of a seam: its line, as it is and without slow changes, and how neighbours differ.

    Attributes:
        lines: the two lines (frames, length, 3).
        near: for both, how much neighbours near it differ, by block, in squared levels.
    """

    lines: tuple[Stack, Stack]
    near: tuple[Array, Array]

    def turned(self) -> "Side":
        """The same, read the other way."""
        raw, fine = (line[:, ::-1] for line in self.lines)
        return Side((raw, fine), (self.near[0][::-1], self.near[1][::-1]))


def side_of(edge: Edge, skip: int = 0) -> Side:
    """One side of a seam.

    Args:
        skip: outermost lines that are left out, where scaling and codecs mix them with what is beside.
    """
    apart = 2 * skip + 1
    both = (edge, without_trend(edge))
    near = [np.mean([_by_block(one[skip + k], one[skip + k + apart]) for k in _STEPS_IN], axis=0) for one in both]
    return Side((both[0][skip], both[1][skip]), (near[0], near[1]))


def seam_odds(one: Side, other: Side) -> float:
    """Log-odds, -`MOST_ODDS` to `MOST_ODDS`, that two sides meet, which run the same way; 0 where nothing tells."""
    return float(np.minimum(*(_block_odds(one, other, which) for which in (0, 1))).mean())


def pair_odds(sides: Sequence[Side]) -> Array:
    """`seam_odds` of each side (first index) with each other one read the other way; (sides, sides)."""
    return np.asarray(np.minimum(*(_pair_block_odds(sides, which) for which in (0, 1))).mean(axis=-1))


def _block_odds(one: Side, other: Side, which: int) -> Array:
    here, there = one.lines[which], other.lines[which]
    strange = np.mean([_by_block(here, line) for line in _slid(there, along=1)], axis=0)
    return _odds((one.near[which] + other.near[which]) / 2, _by_block(here, there), strange)


def _pair_block_odds(sides: Sequence[Side], which: int) -> Array:
    """As `_block_odds`, (sides, sides, blocks)."""
    here = np.stack([side.lines[which] for side in sides]).astype(np.float64)
    near = np.stack([side.near[which] for side in sides])
    there = here[:, :, ::-1]
    strange = np.mean([_pairs_by_block(here, lines) for lines in _slid(there, along=2)], axis=0)
    return _odds((near[:, None] + near[None, :, ::-1]) / 2, _pairs_by_block(here, there), strange)


def _slid(lines: NDArray[Any], along: int) -> Iterator[NDArray[Any]]:
    """Strangers: lines slid along themselves."""
    length = lines.shape[along]
    return (np.roll(lines, max(1, int(part * length)), axis=along) for part in _SLIDES)


def _odds(near: Array, seam: Array, strange: Array) -> Array:
    """By block, from mean squared differences between neighbours near a seam, over the seam, and between strangers."""
    near = np.maximum(near, _FLOOR)
    contrast = np.log(np.maximum(strange / near, 1.0))
    place = np.log(np.maximum(seam, near / 2) / near) / np.maximum(contrast, 1e-9)
    odds = np.clip((_HALF_WAY - place) * _STEEP, -MOST_ODDS, MOST_ODDS)
    return np.asarray(np.where(contrast > 0, odds * np.clip(contrast / np.log(_TELLING), 0, 1), 0.0))


def _block_ends(length: int) -> NDArray[np.int_]:
    count = max(1, min(_BLOCKS, length // _LEAST_BLOCK_PX))
    return np.linspace(0, length, count + 1).astype(int)


def _pairs_by_block(ones: Array, others: Array) -> Array:
    """The mean squared differences of each of some lines (lines, frames, length, 3) with each other's, by block.

    By |a - b|² = |a|² + |b|² - 2ab: products of matrices are what processors are best at.
    """
    found = []
    for first, last in itertools.pairwise(_block_ends(ones.shape[2])):
        a, b = (lines[:, :, first:last].reshape(len(lines), -1) for lines in (ones, others))
        squares = np.einsum("ik,ik->i", a, a)[:, None] + np.einsum("ik,ik->i", b, b)[None]
        found.append(np.maximum(squares - 2 * (a @ b.T), 0.0) / a.shape[1])
    return np.stack(found, axis=-1)


def _by_block(one: Stack, other: Stack) -> Array:
    """The mean squared difference of two lines, block by block."""
    starts = _block_ends(one.shape[1])
    apart = one - other
    by_place = np.einsum("flc,flc->l", apart, apart) / (apart.shape[0] * apart.shape[2])
    return np.asarray(np.add.reduceat(by_place, starts[:-1]) / np.diff(starts), np.float64)


def without_trend(edge: Edge) -> Edge:
    """Lines without what changes slowly along them."""
    from scipy.ndimage import uniform_filter1d

    reach = max(3, edge.shape[2] // _TREND_PARTS) | 1
    return np.asarray(edge - uniform_filter1d(edge, reach, axis=2, mode="nearest"))


def seam_likeness(one: Edge, other: Edge) -> float:
    """The correlation of two edges' fine structure where they may be shifted a little, and differ in light.

    A stitch moves and brightens what is on its other side; strangers stay strangers. Of four parts of the seam the
    second best counts: a logo may cover one end or both.
    """
    a, b = (without_trend(edge[:2]).mean(axis=0) for edge in (one, other))
    length = a.shape[1]
    reach = max(1, round(_SHIFT * length))
    if length < 4 * _LEAST_BLOCK_PX + 2 * reach:
        return 0.0
    parts = np.linspace(reach, length - reach, 5).astype(int)
    best = np.zeros(4)
    for shift in range(-reach, reach + 1):
        for number, (first, last) in enumerate(itertools.pairwise(parts)):
            here, there = a[:, first:last], b[:, first + shift : last + shift]
            here, there = here - here.mean(axis=1, keepdims=True), there - there.mean(axis=1, keepdims=True)
            energy = (np.sum(here**2) + _FLOOR * here.size) * (np.sum(there**2) + _FLOOR * here.size)
            best[number] = max(best[number], float(np.sum(here * there)) / float(np.sqrt(energy)))
    return float(np.sort(best)[-2])


def wrap_likeness(stack: Stack) -> float:
    """As `seam_likeness`, of the left and the right edge."""
    _, right, _, left = edges_of(stack)
    return seam_likeness(left[:, :, ::-1], right)


def wrap_odds(stack: Stack) -> float:
    """The odds that the left edge meets the right one."""
    _, right, _, left = edges_of(stack)
    return seam_odds(side_of(left[:, :, ::-1]), side_of(right))
