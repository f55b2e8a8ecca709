"""Fixed-point sampling tables: for each pixel of a target its place in an image, and reading images there."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array

Image = NDArray[Any]
Ends = tuple[float, float]

_PLACE_ROUNDER = 1.5 * 2.0**32
"""Added and taken away again, it rounds places to 2^-20 of a pixel (a double has 52 bits behind its first, of 2^32
here): last bits differ between processors, and must not decide which way half a step of a table falls."""

LONGEST = 32766
"""Tables count an image's pixels in 16 bits, and OpenCV those of a row of places."""


@dataclass(frozen=True)
class Interpolation:
    """How an image is read between its pixels.

    Attributes:
        before, after: how many pixels are read before the one in which a place lies, and after it.
        in_cv2: OpenCV's name for it.
    """

    name: str
    before: int
    after: int
    in_cv2: str


_KNOWN = (
    Interpolation("nearest", 0, 0, "INTER_NEAREST"),
    Interpolation("linear", 0, 1, "INTER_LINEAR"),
    Interpolation("cubic", 1, 2, "INTER_CUBIC"),
    Interpolation("lanczos", 3, 4, "INTER_LANCZOS4"),
)
INTERPOLATIONS = {one.name: one for one in _KNOWN}
"""Nearest, bilinear, bicubic (a = -0.75), Lanczos (8 x 8 pixels); all but the nearest at 32nds of a pixel."""


def interpolation_called(name: str) -> Interpolation:
    """The interpolation of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in INTERPOLATIONS:
        known = ", ".join(INTERPOLATIONS)
        raise UsageError(f"unknown interpolation {name!r}{nearest(name, tuple(INTERPOLATIONS))}; known: {known}")
    return INTERPOLATIONS[name]


@dataclass(frozen=True)
class Table:
    """Where each of a target's pixels lies in an image.

    Attributes:
        count: how many pixels; the last line may hold more places.
        places: the columns and rows of whole pixels (lines, length, 2). Few long lines: OpenCV starts anew with each,
            which makes a table of 112 x 112 a sixth slower than the same in one line.
        parts: what remains, ``32 * down + across`` in 32nds of a pixel (lines, length); empty for the nearest.
        ends: the least and the greatest column, and the least and the greatest row, the greatest with their parts.
    """

    count: int
    places: NDArray[np.int16]
    parts: NDArray[np.uint16]
    interpolation: Interpolation
    ends: tuple[Ends, Ends]

    @property
    def columns(self) -> NDArray[np.int16]:
        """The whole columns (count,), a copy."""
        return np.ascontiguousarray(self.places[..., 0]).reshape(-1)[: self.count]

    @property
    def rows(self) -> NDArray[np.int16]:
        """The whole rows (count,), a copy."""
        return np.ascontiguousarray(self.places[..., 1]).reshape(-1)[: self.count]

    def moved(self, columns: int, rows: int) -> "Table":
        """The table for an image whose first pixel is that at so many columns and rows."""
        places = self.places - _repeated((columns, rows), self.places.shape[:2])
        (left, right), (top, bottom) = self.ends
        ends = (left - columns, right - columns), (top - rows, bottom - rows)
        return Table(self.count, places, self.parts, self.interpolation, ends)

    def moved_each(self, columns: NDArray[np.int16], rows: NDArray[np.int16]) -> "Table":
        """The table for an image whose first pixel is, for each place, that at so many columns and rows (count,)."""
        places = self.places.copy()
        flat = places.reshape(-1, 2)
        flat[: self.count, 0] -= columns
        flat[: self.count, 1] -= rows
        flat[self.count :] = flat[self.count - 1]
        moved = Table(self.count, places, self.parts, self.interpolation, self.ends)
        parts = self.parts.reshape(-1)[: self.count]
        return replace(moved, ends=(_ends(moved.columns, parts & 31), _ends(moved.rows, parts >> 5)))

    def unrolled(self, start: int, width: int) -> "Table":
        """The table for an image that begins with what lies from a column on, a panorama's width farther left."""
        columns = self.columns
        columns -= (columns >= start) * np.int16(width)
        places = self.places.copy()
        flat = places.reshape(-1, 2)
        flat[: self.count, 0] = columns
        flat[self.count :] = flat[self.count - 1]
        ends = _ends(columns, self.parts.reshape(-1)[: self.count] & 31), self.ends[1]
        return Table(self.count, places, self.parts, self.interpolation, ends)

    def reach(self, chosen: NDArray[np.bool_] | None = None) -> tuple[int, int, int, int]:
        """Left, top, right and bottom (the last two excluded) of what all the places, or the chosen (count,), read."""
        if chosen is None:
            ends = self.ends
        else:
            parts = self.parts.reshape(-1)[: self.count]
            parts = parts[chosen] if len(parts) else parts
            ends = _ends(self.columns[chosen], parts & 31), _ends(self.rows[chosen], parts >> 5)
        (left, right), (top, bottom) = (self._read(*along) for along in ends)
        return left, top, right, bottom

    def _read(self, least: float, greatest: float) -> tuple[int, int]:
        """From where on, and up to where (excluded), an image is read for places between these."""
        first, last = math.floor(least), math.floor(greatest)
        # On a pixel's very centre the next one is not read bilinearly.
        after = int(greatest > last) if self.interpolation.name == "linear" else self.interpolation.after
        return first - self.interpolation.before, last + after + 1

    def read(self, image: Image) -> Image:
        """The image's values (count, ...) at the places. What the places reach lies in the image, or is its edge.

        Args:
            image: (height, width) or (height, width, 1 to 4) of a type that `readable` gives.
        """
        import cv2

        parts = self.parts if len(self.parts) else None
        how = getattr(cv2, self.interpolation.in_cv2)
        seen: Image = cv2.remap(image, self.places, parts, how, borderMode=cv2.BORDER_REPLICATE)
        return seen.reshape((-1, *image.shape[2:]))[: self.count]


def make_table(columns: Array, rows: Array, interpolation: Interpolation, *, counted_from: int = 0) -> Table:
    """The table of places (any shape, as many columns as rows), pixel centres at whole numbers, up to `LONGEST`.

    Args:
        counted_from: what is added before places become 32-bit numbers, and taken away after; it decides which way
            their last bit falls, and with it bytes that are stored.

    """
    import cv2

    count = columns.size
    lines = -(-count // LONGEST)
    at = [_in_lines(_rounded(along, counted_from), lines) for along in (columns, rows)]
    by_nearest = interpolation.name == "nearest"
    places, parts = cv2.convertMaps(at[0], at[1], cv2.CV_16SC2, nninterpolation=by_nearest)
    if counted_from:
        places -= counted_from
    if by_nearest:
        parts = np.zeros(0, np.uint16)
    steps = 1 if by_nearest else 32
    across, down = (
        (
            round(steps * float(along.min())) / steps - counted_from,
            round(steps * float(along.max())) / steps - counted_from,
        )
        for along in at
    )
    return Table(count, places, parts, interpolation, (across, down))


def _ends(whole: NDArray[np.int16], parts: NDArray[Any]) -> Ends:
    """The least and the greatest of places along one side, given by whole pixels and 32nds (none for the nearest)."""
    last = int(whole.max())
    part = int(parts[whole == last].max()) if len(parts) else 0
    return float(whole.min()), last + part / 32


def _repeated(pair: tuple[int, int], shape: tuple[int, ...]) -> NDArray[np.int16]:
    """A pair of 16-bit numbers (*shape, 2) without filling memory pair by pair: numpy is slow along short axes."""
    as_one = np.array(pair, np.int16).view(np.int32)
    return np.full(shape, as_one).view(np.int16).reshape(*shape, 2)


def _rounded(along: Array, counted_from: int) -> NDArray[np.float32]:
    exact = along + counted_from
    exact += _PLACE_ROUNDER
    exact -= _PLACE_ROUNDER
    return exact.astype(np.float32).reshape(-1)


def _in_lines(along: NDArray[np.float32], lines: int) -> NDArray[np.float32]:
    """So many lines of one length; the last value is repeated where there are too few."""
    missing = -along.size % lines
    if missing:
        along = np.concatenate([along, np.full(missing, along[-1])])
    return along.reshape(lines, -1)
