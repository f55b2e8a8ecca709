"""Six cube faces in one frame, plain or equi-angular: how they are written down, rays to pixels and back."""

import functools
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.geometry import CUBE_FACES, Array

Cells = NDArray[np.intp]

FACE_NAMES = "".join(name for name, _ in CUBE_FACES)
ARRANGEMENTS = ("3x2", "6x1", "1x6")

WRITTEN_FACES = "3x2:FRBLUD"
"""How this project lays a cubemap's faces when nothing else is asked for."""

EAC_FACES = "3x2:LFRDBU:000313"
"""YouTube's equi-angular cubemap: left, front, right upright; down, back, up turned by -90, +90 and -90 degrees."""

# On an edge between faces the later one has the ray.
_CLAIMS = "FLRBUD"


@dataclass(frozen=True)
class FaceGrid:
    """Which face lies where: `columns` x `rows` cells, counted row by row.

    Attributes:
        faces: a letter of `FACE_NAMES` a cell.
        turns: the quarter turns clockwise of each cell's picture, 0 to 3, against the upright face.
    """

    columns: int
    rows: int
    faces: str
    turns: tuple[int, ...]


@dataclass(frozen=True)
class FaceFrame:
    """A picture (pixels) that six faces fill.

    Attributes:
        equi_angular: whether the coordinate in a face grows with the angle, not with its tangent.
        border_px: no part of the faces' 90 degrees: at the picture's left and right, and above and below each row.
    """

    grid: FaceGrid
    width: float
    height: float
    equi_angular: bool = False
    border_px: tuple[float, float] = (0.0, 0.0)

    @property
    def cell_size(self) -> tuple[float, float]:
        """Pixels of a face across and down, without borders."""
        border_x, border_y = self.border_px
        return (self.width - 2 * border_x) / self.grid.columns, self.height / self.grid.rows - 2 * border_y


@functools.lru_cache(maxsize=64)
def parse_faces(text: str) -> FaceGrid:
    """The grid of ``ARRANGEMENT:ORDER[:TURNS]``, such as ``3x2:RLUDFB:000000``.

    Raises:
        UsageError: an unknown arrangement, an order that is not each of the six faces once, or turns that are not
            six digits 0 to 3.
    """
    match = re.fullmatch(r"([1-9])x([1-9]):([A-Z]+)(?::([0-9]+))?", text)
    turns = (match[4] or "000000") if match else ""
    if (
        not match
        or f"{match[1]}x{match[2]}" not in ARRANGEMENTS
        or sorted(match[3]) != sorted(FACE_NAMES)
        or not re.fullmatch("[0-3]{6}", turns)
    ):
        raise UsageError(
            f"faces are ARRANGEMENT:ORDER[:TURNS]: one of {', '.join(ARRANGEMENTS)} (columns x rows), the letters "
            f"{FACE_NAMES} (front, right, back, left, up, down) once each, row by row, and six digits 0 to 3, each "
            f"face's quarter turns clockwise, such as {WRITTEN_FACES} or {EAC_FACES}; got {text!r}"
        )
    return FaceGrid(int(match[1]), int(match[2]), match[3], tuple(map(int, turns)))


def face_pixels(rays: Array, frame: FaceFrame) -> tuple[Array, Array, Cells]:
    """Columns, rows (pixel centres at whole numbers) and cells, each (...), where rays (..., 3) meet a frame.

    Positions lie in their cell, edges included: up to half a pixel from the centre of its outermost pixels.
    """
    rays = np.asarray(rays, float)
    axes = _cell_axes(frame.grid)
    largest = np.max(np.abs(rays), axis=-1)
    cell = np.zeros(rays.shape[:-1], np.intp)
    for name in _CLAIMS:
        place = frame.grid.faces.index(name)
        cell[_along(rays, axes[place, 0]) == largest] = place
    right, down = (np.einsum("...i,...i", rays, axes[cell, row]) / largest for row in (1, 2))
    if frame.equi_angular:
        across, along = 2 / np.pi * np.arctan(right) + 0.5, 2 / np.pi * np.arctan(down) + 0.5
    else:
        across, along = right / 2 + 0.5, down / 2 + 0.5
    cell_row, cell_column = np.divmod(cell, frame.grid.columns)
    border_x, border_y = frame.border_px
    column = border_x + (cell_column + across) * (frame.width - 2 * border_x) / frame.grid.columns - 0.5
    row = border_y + along * frame.cell_size[1] - 0.5 + cell_row * (frame.height / frame.grid.rows)
    return column, row, cell


def face_position_rays(columns: Array, rows: Array, cells: Cells | int, frame: FaceFrame) -> Array:
    """Rays (..., 3) of positions (pixel centres at whole numbers) taken as lying in cells; not normalised.

    Positions beyond a cell's edge go on as its face does: on the tangent plane, or with the angle.
    """
    cells = np.asarray(cells)
    cell_row, cell_column = np.divmod(cells, frame.grid.columns)
    cell_width, cell_height = frame.cell_size
    border_x, border_y = frame.border_px
    across = (np.asarray(columns, float) + 0.5 - border_x) / cell_width - cell_column
    along = (np.asarray(rows, float) + 0.5 - cell_row * (frame.height / frame.grid.rows) - border_y) / cell_height
    if frame.equi_angular:
        # Beyond 90 degrees from the axis no plane has a place.
        right, down = (np.tan(np.clip(np.pi / 2 * (at - 0.5), -1.55, 1.55)) for at in (across, along))
    else:
        right, down = 2 * across - 1, 2 * along - 1
    front, to_right, to_down = np.moveaxis(_cell_axes(frame.grid)[cells], -2, 0)
    return np.asarray(front + right[..., None] * to_right + down[..., None] * to_down)


def cell_of_positions(columns: Array, cell_row: int, frame: FaceFrame) -> Cells:
    """The cells (...) of a row of cells in which columns lie; the outer ones reach on."""
    across = (np.asarray(columns, float) + 0.5 - frame.border_px[0]) / frame.cell_size[0]
    return np.clip(np.floor(across), 0, frame.grid.columns - 1).astype(np.intp) + cell_row * frame.grid.columns


@functools.lru_cache(maxsize=64)
def _cell_axes(grid: FaceGrid) -> Array:
    """For each cell its face's axis, and what lies to the right and below in its picture as it is turned: (6, 3, 3)."""
    looks = dict(CUBE_FACES)
    axes = []
    for name, turns in zip(grid.faces, grid.turns, strict=True):
        front, left, up = np.rint(looks[name].view_from_world)
        right, down = -left, -up
        for _ in range(turns):  # clockwise: what was to the right lies below, what was above lies to the right
            right, down = -down, right
        axes.append((front, right, down))
    found = np.array(axes) + 0.0
    found.flags.writeable = False
    return found


def _along(rays: Array, axis: Array) -> Array:
    """The component (...) of rays (..., 3) along one of the world's axes, with its sign; exact."""
    index = int(np.flatnonzero(axis)[0])
    return np.asarray(rays[..., index] * axis[index])
