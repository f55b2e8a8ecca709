"""Six square faces in a frame: which of their edges meet, and which cube that makes.

Each pair of edges is judged once. A cube is an order of its faces with a quarter turn each; all of them are tried
(the first face stays, since turning the whole cube changes no seam), and the one whose twelve seams go on best counts.
An arrangement is written as in `projection.faces`: grid, faces row by row, quarter turns clockwise.
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.layout_seams import (
    LINES,
    MOST_ODDS,
    Edge,
    Side,
    Stack,
    edges_of,
    pair_odds,
    seam_odds,
    side_of,
)
from yt360_tools.geometry import Array

KNOWN_FACES = (
    "3x2:RLUDFB:002200", "3x2:RLUDFB:000000", "3x2:LFRDBU:000000", "3x2:FRBLUD:000000", "6x1:RLUDFB:000000",
    "6x1:FRBLUD:000000", "1x6:RLUDFB:000000", "1x6:FRBLUD:000000",
)  # fmt: skip
"""Arrangements of plain cubemaps that are in use; among turns of one cube, these are named."""

EAC_FACES = "3x2:LFRDBU:000313"
"""YouTube's arrangement: a cubemap with these faces is an equi-angular one."""

_LETTERS = "FRBLUD"
_SIDES = {  # where a face looks, which way its right edge lies, which way its lower edge lies
    "F": ((1, 0, 0), (0, -1, 0), (0, 0, -1)), "R": ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
    "B": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)), "L": ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    "U": ((0, 0, 1), (0, -1, 0), (1, 0, 0)), "D": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
}  # fmt: skip
_GRIDS = ((3, 2), (6, 1), (1, 6), (2, 3))
_SQUARE = 1.6
"""Faces whose sides differ by a greater factor are not looked for."""

_SKIP = 1
_LEAST_FACE_PX = LINES + 3


@dataclass(frozen=True)
class Cube:
    """The cube that fits best.

    Attributes:
        odds: the mean log-odds of its twelve seams; -`MOST_ODDS` where a frame has no room for six faces.
        faces: its arrangement, up to a turn of the whole cube.
        eac: the mean log-odds of the twelve seams of YouTube's arrangement.
    """

    odds: float
    faces: str
    eac: float


NO_CUBE = Cube(-MOST_ODDS, "", -MOST_ODDS)


def best_cube(stack: Stack) -> Cube:
    """The cube that frames (frames, height, width, 3) show best."""
    return max((_cube_of(stack, *grid) for grid in _GRIDS), key=lambda cube: cube.odds)


def eac_odds(stack: Stack) -> float:
    """The mean log-odds of the seams of YouTube's arrangement, three faces by two."""
    return _cube_of(stack, 3, 2, only_eac=True).eac


def _cube_of(stack: Stack, across: int, down: int, *, only_eac: bool = False) -> Cube:
    _, height, width, _ = stack.shape
    wide, high = width / across, height / down
    if min(wide, high) < _LEAST_FACE_PX or not 1 / _SQUARE <= wide / high <= _SQUARE:
        return NO_CUBE
    grid = f"{across}x{down}"
    sides = [side_of(edge, _SKIP) for edge in _cells(stack, across, down)]
    if only_eac:
        return Cube(
            -MOST_ODDS,
            "",
            float(np.mean([_meet(sides[a], sides[b]) for a, b in _seams_of(EAC_FACES.partition(":")[2])])),
        )
    table = _table(sides)
    orders, pairs = _all_cubes()
    found = table[pairs[..., 0], pairs[..., 1]].mean(axis=1)
    best = int(found.argmax())
    known = [(_mean(table, one), one) for one in KNOWN_FACES if one.startswith(f"{grid}:")]
    close, name = max(known, default=(-MOST_ODDS, ""))
    faces = name if close >= found[best] - 1e-6 else f"{grid}:{orders[best]}"
    eac = _mean(table, EAC_FACES) if (across, down) == (3, 2) else -MOST_ODDS
    return Cube(float(found[best]), faces, eac)


def _cells(stack: Stack, across: int, down: int) -> list[Edge]:
    """The four edges of each cell, clockwise from the top; all of one length."""
    _, height, width, _ = stack.shape
    columns, rows = (
        np.rint(np.linspace(0, width, across + 1)).astype(int),
        np.rint(np.linspace(0, height, down + 1)).astype(int),
    )
    length = max(int(np.diff(columns).max()), int(np.diff(rows).max()))
    return [
        _of_length(edge, length)
        for row, column in itertools.product(range(down), range(across))
        for edge in edges_of(stack[:, rows[row] : rows[row + 1], columns[column] : columns[column + 1]])
    ]


def _of_length(edge: Edge, length: int) -> Edge:
    """An edge at other points along it, interpolated."""
    here = edge.shape[2]
    at = np.clip((np.arange(length) + 0.5) * here / length - 0.5, 0, here - 1)
    first = np.minimum(at.astype(int), here - 2)
    share = (at - first)[:, None].astype(np.float32)
    return np.asarray(edge[:, :, first] * (1 - share) + edge[:, :, first + 1] * share)


def _meet(one: Side, other: Side) -> float:
    """Both are read clockwise, so that they meet the other way round."""
    return seam_odds(one, other.turned())


def _table(sides: list[Side]) -> Array:
    """The odds of each pair of edges of different cells."""
    upper = np.triu(pair_odds(sides))
    cells = np.arange(24) // 4
    return np.where(cells[:, None] == cells, -MOST_ODDS, upper + upper.T)


def _mean(table: Array, faces: str) -> float:
    return float(np.mean([table[a, b] for a, b in _seams_of(faces.partition(":")[2])]))


def _seams() -> list[tuple[int, int, int, int]]:
    """The cube's twelve: a face and its side (clockwise from the top), another face and its side."""
    ways = {}
    for name, (front, right, down) in _SIDES.items():
        up, left = tuple(-one for one in down), tuple(-one for one in right)
        ways[name] = (front, (up, right, down, left))
    return [
        (_LETTERS.index(a), ways[a][1].index(ways[b][0]), _LETTERS.index(b), ways[b][1].index(ways[a][0]))
        for a, b in itertools.combinations(_LETTERS, 2)
        if ways[b][0] in ways[a][1]
    ]


def _seams_of(order: str) -> list[tuple[int, int]]:
    """Pairs of edges (cell times four and side) that meet, of faces and turns such as ``FRBLUD:000000``."""
    letters, _, turns = order.partition(":")
    cell = {_LETTERS.index(letter): number for number, letter in enumerate(letters)}

    def edge(face: int, side: int) -> int:
        return 4 * cell[face] + (side + int(turns[cell[face]])) % 4

    return [(edge(a, one), edge(b, other)) for a, one, b, other in _seams()]


@functools.lru_cache(maxsize=1)
def _all_cubes() -> tuple["_Names", NDArray[np.int8]]:
    """All arrangements whose first cell is an upright front, and (arrangements, 12, 2) their pairs of edges."""
    turns = np.array([(0, *rest) for rest in itertools.product(range(4), repeat=5)], np.int8)
    orders = [(0, *rest) for rest in itertools.permutations(range(1, 6))]
    pairs = np.empty((len(orders), len(turns), 12, 2), np.int8)
    for number, order in enumerate(orders):
        cell = {face: place for place, face in enumerate(order)}
        for k, (a, one, b, other) in enumerate(_seams()):
            pairs[number, :, k, 0] = 4 * cell[a] + (one + turns[:, cell[a]]) % 4
            pairs[number, :, k, 1] = 4 * cell[b] + (other + turns[:, cell[b]]) % 4
    return _Names(orders, turns), pairs.reshape(-1, 12, 2)


@dataclass(frozen=True)
class _Names:
    orders: list[tuple[int, ...]]
    turns: NDArray[np.int8]

    def __getitem__(self, number: int) -> str:
        order, turn = divmod(number, len(self.turns))
        letters = "".join(_LETTERS[face] for face in self.orders[order])
        return f"{letters}:{''.join(str(one) for one in self.turns[turn])}"
