"""How well thresholds agree with a list of windows, as a figure: a panel a threshold, with precision, recall and F1."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from yt360_tools.report.sheet_page import FAINT, GREY, INK, LARGE, NORMAL, SMALL, Page


class Curve(Protocol):
    """What is drawn of a fit; see `pipeline.fit_windows.Fit`."""

    @property
    def option(self) -> str: ...
    @property
    def best(self) -> float: ...
    @property
    def least(self) -> float: ...
    @property
    def greatest(self) -> float: ...
    @property
    def thresholds(self) -> Sequence[float]: ...
    @property
    def precision(self) -> Sequence[float]: ...
    @property
    def recall(self) -> Sequence[float]: ...
    @property
    def f1(self) -> Sequence[float]: ...


_UNITS = {"min_level_dbfs": "W below this is left out (dBFS)", "most_below_track_db": "W farther below the track (dB)"}
_COLOURS = {"precision": "#3d6d94", "recall": "#c98a00", "f1": INK}
_WIDTH, _PANEL, _HEIGHT, _LEFT, _TOP, _GAP = 980, 400, 260, 60, 92, 70


def draw_fit(curves: Sequence[Curve], *, title: str) -> NDArray[np.uint8]:
    """The figure's pixels, RGB (height, width, 3)."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says
        page = Page(_WIDTH, _TOP + _HEIGHT + 70)
        page.text(16, 14, title, size=LARGE, weight="bold")
        for place, (name, colour) in enumerate(_COLOURS.items()):
            page.text(_LEFT + 90 * place, 40, {"f1": "F1"}.get(name, name), size=NORMAL, color=colour, weight="bold")
        for place, curve in enumerate(curves):
            _draw(page.axes(_LEFT + place * (_PANEL + _GAP), _TOP, _PANEL, _HEIGHT), curve)
        return page.pixels()


def _draw(axes: Any, curve: Curve) -> None:
    for name, colour in _COLOURS.items():
        axes.plot(curve.thresholds, getattr(curve, name), color=colour, linewidth=1.8 if name == "f1" else 1.1)
    axes.axvspan(curve.least, curve.greatest, color=FAINT, linewidth=0)
    axes.axvline(curve.best, color="#1f8a5b", linewidth=1.2)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(_UNITS.get(curve.option, curve.option), fontsize=SMALL, color=GREY)
    axes.set_title(f"segment.{curve.option} = {curve.best:g}", fontsize=NORMAL, color=INK)
    axes.tick_params(labelsize=SMALL, colors=GREY)
    axes.grid(color=FAINT, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
