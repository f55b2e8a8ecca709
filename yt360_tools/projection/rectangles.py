"""Rectangles of whole pixels, in a frame or beyond its edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rectangle:
    """Pixels from `left` and `top` on, up to `right` and `bottom`, which are excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """How many columns it has; 0 or less when it is empty."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """How many rows it has; 0 or less when it is empty."""
        return self.bottom - self.top

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width <= 0 or self.height <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns, to index an image with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, columns: int, rows: int) -> "Rectangle":
        """The same size, so many columns farther right and rows farther down."""
        return Rectangle(self.left + columns, self.top + rows, self.right + columns, self.bottom + rows)

    def grown(self, margin: int) -> "Rectangle":
        """With so many pixels more on each of its four sides."""
        return Rectangle(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)

    def times(self, step: tuple[int, int]) -> "Rectangle":
        """The pixels of which so many columns and rows become one of these."""
        across, down = step
        return Rectangle(self.left * across, self.top * down, self.right * across, self.bottom * down)

    def whole_steps(self, step: tuple[int, int]) -> "Rectangle":
        """What this becomes when so many columns and rows become one, without what is cut at its edges."""
        across, down = step
        return Rectangle(-(-self.left // across), -(-self.top // down), self.right // across, self.bottom // down)

    def common(self, other: "Rectangle") -> "Rectangle":
        """The pixels of both; empty (`is_empty`) when they share none."""
        return Rectangle(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def is_within(self, other: "Rectangle") -> bool:
        """Whether the other holds all of it."""
        return self.common(other) == self

    def around(self, inner: "Rectangle") -> Iterator["Rectangle"]:
        """What of this lies above, below, left and right of an inner one; all of it when that is empty."""
        if inner.is_empty:
            yield self
            return
        for part in (
            Rectangle(self.left, self.top, self.right, inner.top),
            Rectangle(self.left, inner.bottom, self.right, self.bottom),
            Rectangle(self.left, inner.top, inner.left, inner.bottom),
            Rectangle(inner.right, inner.top, self.right, inner.bottom),
        ):
            if not part.is_empty:
                yield part


def enclosing(parts: Sequence[Rectangle]) -> Rectangle:
    """The smallest rectangle that holds them all."""
    return Rectangle(
        min(part.left for part in parts),
        min(part.top for part in parts),
        max(part.right for part in parts),
        max(part.bottom for part in parts),
    )
