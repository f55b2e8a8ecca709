"""The page of a contact sheet: a matplotlib figure addressed in pixels, its inks and its sizes of type."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL, NORMAL, LARGE = 7, 8, 11
"""Sizes of type, in points."""

INK, GREY, FAINT = "#1c1f24", "#6a717c", "#b9bfc8"

VIEW_COLOURS = ("#00a5e0", "#f0308a", "#6fae00", "#f78c00", "#7f5cf5", "#00a98f", "#d62728", "#8c6239")
"""A view has the same colour on the sphere, around its crop and in the plots."""

_DPI = 100


class Page:
    """A figure on which things are placed in pixels from its top left corner."""

    def __init__(self, width: int, height: int) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        self._canvas = FigureCanvasAgg(self._figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Any:
        """New matplotlib axes that fill the box, with faint edges and small labels."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self._figure.add_axes(box)
        for spine in axes.spines.values():
            spine.set(color=FAINT, linewidth=0.6)
        axes.tick_params(length=2, width=0.6, color=FAINT, labelcolor=GREY, labelsize=SMALL, pad=2)
        return axes

    def text(self, left: float, top: float, text: str, **style: Any) -> Any:
        """Small text whose top left corner is there, unless `style` (matplotlib's words) says otherwise."""
        style = {"size": SMALL, "color": INK, "ha": "left", "va": "top", **style}
        return self._figure.text(left / self.width, 1 - top / self.height, text, **style)

    def text_after(self, other: Any, text: str, **style: Any) -> None:
        """A text on the same base line, to the right of another."""
        box = other.get_window_extent(self._canvas.get_renderer())
        self.text(box.x1 + 14, self.height - box.y0, text, va="bottom", color=GREY, **style)

    def pixels(self) -> NDArray[np.uint8]:
        """RGB (height, width, 3)."""
        self._canvas.draw()
        return np.asarray(self._canvas.buffer_rgba(), np.uint8)[..., :3].copy()
