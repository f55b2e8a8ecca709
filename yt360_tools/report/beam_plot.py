"""The beams' patterns in docs/sound-field.md: their polar diagrams, and how sharp they are.

Draw them anew, and print the page's table, with ``python -m yt360_tools.report.beam_plot docs/beam-patterns.png``.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import beam_gain, directivity_index_db, front_back_ratio_db, half_power_width_deg
from yt360_tools.errors import UsageError
from yt360_tools.files import write_whole
from yt360_tools.geometry import Array
from yt360_tools.report.png import encode_png
from yt360_tools.report.sheet_page import FAINT, GREY, INK, LARGE, NORMAL, SMALL, VIEW_COLOURS, Page

DRAWN = {
    "cardioid": "no lobe but the one in front",
    "supercardioid": "most of its power in front",
    "hypercardioid": "greatest directivity (basic, max-di)",
    "max-re": "longest energy vector",
}
"""The patterns drawn, each in a panel with what it is best at; an omni is the outer circle of any."""

_ORDERS = (1, 2, 3, 4)
_TABLE_ORDERS = (*_ORDERS, 7)
_LOWEST_DB = -40
_PANEL, _GAP, _TOP, _BOTTOM = 264, 8, 48, 28
_MOST_BYTES = 100_000


def draw_beams() -> NDArray[np.uint8]:
    """The figure's pixels, RGB (height, width, 3)."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says
        page = Page(2 * _PANEL + 3 * _GAP, 2 * (_PANEL + _TOP) + _BOTTOM)
        for number, (pattern, best) in enumerate(DRAWN.items()):
            row, column = divmod(number, 2)
            left, top = _GAP + column * (_PANEL + _GAP), row * (_PANEL + _TOP)
            page.text(left + 6, top + 14, pattern, size=LARGE, weight="bold")
            page.text(left + 6, top + 34, best, size=NORMAL, color=GREY)
            _draw_pattern(page.axes(left, top + _TOP, _PANEL, _PANEL), pattern)
        _write_legend(page, 2 * (_PANEL + _TOP) + 8)
        return page.pixels()


def _draw_pattern(axes: Any, pattern: str) -> None:
    """Seen from above: the axis is up, the left is on the left, the distance from the middle is the level."""
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    angles = np.linspace(-np.pi, np.pi, 1441)
    small = {"color": GREY, "size": SMALL, "ha": "center", "va": "center"}
    for ring_db in range(_LOWEST_DB + 10, 1, 10):
        ring = 1 - ring_db / _LOWEST_DB
        axes.plot(*_place(angles, ring), color=FAINT, linewidth=0.7)
        if ring_db > _LOWEST_DB + 10:
            axes.text(*_place(np.radians(-165), ring), _signed(ring_db, " dB"), **small)
    for degrees in range(-150, 181, 30):
        axes.plot(*_place(np.radians(degrees), np.array([0.0, 1.0])), color=FAINT, linewidth=0.5)
        axes.text(*_place(np.radians(degrees), 1.12), _signed(degrees, "°") if degrees < 180 else "180°", **small)
    for order in _ORDERS:
        with np.errstate(divide="ignore"):
            level_db = 20 * np.log10(np.abs(beam_gain(pattern, order, angles)))
        reach = np.clip(1 - level_db / _LOWEST_DB, 0, None)
        axes.plot(*_place(angles, reach), color=VIEW_COLOURS[order - 1], linewidth=1.3)


def _place(azimuth: Array | float, reach: Array | float) -> tuple[Array, Array]:
    """Right and up in a panel, of an azimuth (left positive) and a distance from the middle."""
    return np.asarray(-reach * np.sin(azimuth)), np.asarray(reach * np.cos(azimuth))


def _signed(number: int, unit: str) -> str:
    return f"{number:+d}{unit}".replace("-", "\u2212") if number else f"0{unit}"


def _write_legend(page: Page, top: int) -> None:
    page.text(_GAP + 6, top, "order", size=NORMAL, color=INK)
    for order in _ORDERS:
        page.text(_GAP + 20 + 34 * order, top, str(order), size=NORMAL, color=VIEW_COLOURS[order - 1], weight="bold")
    page.text(_GAP + 210, top, "gain by the angle from the axis; a circle is 10 dB", size=NORMAL, color=GREY)


def sharpness_table() -> str:
    """The table of docs/sound-field.md: directivity index, half-power width, and front over back."""
    lines = [
        "| pattern | " + " | ".join(f"order {order}" for order in _TABLE_ORDERS) + " |",
        "| --- |" + " --- |" * len(_TABLE_ORDERS),
    ]
    for pattern in DRAWN:
        cells = (
            f"{directivity_index_db(pattern, order):.1f} dB, {half_power_width_deg(pattern, order):.0f}°, "
            f"{front_back_ratio_db(pattern, order):.0f} dB"
            for order in _TABLE_ORDERS
        )
        lines.append(f"| `{pattern}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Write the figure to the one path given, and print the table."""
    if len(arguments) != 1 or not arguments[0].endswith(".png"):
        raise UsageError(
            f"one path of a .png is needed, such as docs/beam-patterns.png; got {' '.join(arguments) or 'none'}"
        )
    write_whole(Path(arguments[0]), encode_png(draw_beams(), _MOST_BYTES))
    print(sharpness_table())


if __name__ == "__main__":
    main(sys.argv[1:])
