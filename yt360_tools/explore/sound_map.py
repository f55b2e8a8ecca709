"""A picture of where sound comes from: the energy over the whole sphere, by band and over time."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from yt360_tools.ambisonics import beam_power
from yt360_tools.explore.sound_analysis import SoundAnalysis
from yt360_tools.explore.sound_answers import spelt_band, spelt_direction
from yt360_tools.geometry import Array, angles_from_ray, er_rays
from yt360_tools.report.sheet_page import GREY, INK, LARGE, NORMAL, SMALL, Page

RANGE_DB = 12.0
"""The colours end this far below the loudest direction of each map."""

_RAYS = er_rays(120, 60)
_MARGIN, _GAP, _LABELS = 24, 14, 34
_LARGE = (680, 340)
_PER_ROW, _MOST_PANELS = 4, 8
_SIDE = 260
_WIDTH = 2 * _MARGIN + _LABELS + _LARGE[0] + _GAP + _SIDE
_SMALL_WIDTH = (_WIDTH - 2 * _MARGIN - _LABELS - (_PER_ROW - 1) * _GAP) / _PER_ROW
_HEADER, _ROW_TITLE, _ROW_HEIGHT = 44, 40, _SMALL_WIDTH / 2 + 22
_MOST_DOTS = 600


@dataclass(frozen=True)
class _Panel:
    """A map to be drawn: mean power by ray, (60, 120)."""

    title: str
    power: Array


def draw_sound_map(heard: SoundAnalysis, title: str, *, start_s: float, pattern: str) -> bytes:
    """A PNG of the energy by direction: of everything, by band, and over time where there are several windows.

    Equirectangular as pictures are: left is left, azimuths are positive there. Colours are decibels below each map's
    own loudest direction, as beams of `pattern` hear it. Dots are the directions of arrival of short windows, larger
    where more energy has that direction; numbers are the directions from which most of it comes.

    Raises:
        UsageError: no such pattern.
    """
    import matplotlib

    field = heard.field
    whole = _Panel("", beam_power(field.over_bands().over_time().matrices[0, 0], _RAYS, pattern))
    rows = [row for row in (_by_band(heard, pattern), _over_time(heard, start_s, pattern)) if row[1]]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says, the same sound gives the same picture
        heights = [_ROW_TITLE + math.ceil(len(panels) / _PER_ROW) * _ROW_HEIGHT for _, panels in rows]
        page = Page(_WIDTH, round(_HEADER + _LARGE[1] + 26 + sum(heights)))
        page.text(_MARGIN + _LABELS, 14, title, size=LARGE, weight="bold")
        axes = page.axes(_MARGIN + _LABELS, _HEADER, *_LARGE)
        _draw_panel(axes, whole, is_large=True)
        _draw_votes(axes, heard)
        _draw_side(page, heard, pattern)
        top = _HEADER + _LARGE[1] + 26.0
        for (name, panels), height in zip(rows, heights, strict=True):
            _draw_row(page, top, name, panels)
            top += height
        return _png(page)


def _by_band(heard: SoundAnalysis, pattern: str) -> tuple[str, list[_Panel]]:
    field = heard.field.over_time()
    if len(field.bands_hz) < 2:
        return "", []
    loud = np.argsort(-field.matrices[0, :, 0, 0], kind="stable")[:_MOST_PANELS]
    panels = []
    for band in sorted(loud):
        low, high = field.bands_hz[band]
        panels.append(_Panel(spelt_band(low, high), beam_power(field.matrices[0, band], _RAYS, pattern)))
    more = "" if len(panels) == len(field.bands_hz) else f" (the {len(panels)} loudest of {len(field.bands_hz)})"
    return f"By band{more}", panels


def _over_time(heard: SoundAnalysis, start_s: float, pattern: str) -> tuple[str, list[_Panel]]:
    field = heard.field.over_bands()
    if len(field.spans_s) < 2:
        return "", []
    parts = field.in_groups(math.ceil(len(field.spans_s) / _MOST_PANELS))
    panels = [
        _Panel(f"{start_s + begin:.1f} s to {start_s + end:.1f} s", beam_power(matrix, _RAYS, pattern))
        for (begin, end), matrix in zip(parts.spans_s, parts.matrices[:, 0], strict=True)
    ]
    return "Over time", panels


def _draw_row(page: Page, top: float, name: str, panels: list[_Panel]) -> None:
    page.text(_MARGIN + _LABELS, top + 4, name, size=NORMAL, weight="bold")
    for index, panel in enumerate(panels):
        row, column = divmod(index, _PER_ROW)
        left = _MARGIN + _LABELS + column * (_SMALL_WIDTH + _GAP)
        upper = top + _ROW_TITLE + row * _ROW_HEIGHT
        peak = panel.power.max(initial=0.0)
        level = f"{10 * math.log10(peak):.0f} dBFS" if peak > 0 else "silence"
        page.text(left, upper - 14, panel.title, size=SMALL)
        page.text(left + _SMALL_WIDTH, upper - 14, level, size=SMALL, color=GREY, ha="right")
        _draw_panel(page.axes(left, upper, _SMALL_WIDTH, _SMALL_WIDTH / 2), panel, is_large=False)


def _draw_panel(axes: Any, panel: _Panel, *, is_large: bool) -> None:
    peak = panel.power.max(initial=0.0)
    axes.set(xlim=(180, -180), ylim=(-90, 90), facecolor="black")
    axes.set_xticks([])
    axes.set_yticks([])
    if is_large:
        azimuths, elevations = range(180, -181, -30), range(-90, 91, 30)
        axes.set_xticks(azimuths, [_spelt_angle(azimuth) for azimuth in azimuths])
        axes.set_yticks(elevations, [_spelt_angle(elevation) for elevation in elevations])
    axes.axhline(0, color="white", linewidth=0.4, alpha=0.4)
    for azimuth in (-90, 0, 90):
        axes.axvline(azimuth, color="white", linewidth=0.4, alpha=0.4)
    if peak <= 0:
        axes.text(0, 0, "silence", color="white", ha="center", va="center", size=NORMAL)
        return
    decibels = 10 * np.log10(np.maximum(panel.power / peak, 10 ** (-RANGE_DB / 10 - 1)))
    axes.imshow(
        decibels, extent=(180, -180, -90, 90), aspect="auto", interpolation="bilinear", cmap="inferno",
        vmin=-RANGE_DB, vmax=0,
    )  # fmt: skip
    azimuth, elevation = np.degrees(angles_from_ray(_RAYS))
    axes.contour(azimuth, elevation, decibels, levels=[-3], colors=["white"], linewidths=[0.7], linestyles=["dashed"])


def _spelt_angle(angle_deg: int) -> str:
    return f"{angle_deg:+d}°" if angle_deg else "0°"


def _draw_votes(axes: Any, heard: SoundAnalysis) -> None:
    if len(heard.votes):
        strong = np.argsort(-heard.votes_power, kind="stable")[:_MOST_DOTS]
        azimuth, elevation = np.degrees(angles_from_ray(heard.votes[strong]))
        area = 30 * heard.votes_power[strong] / heard.votes_power.max()
        dots = {"color": "#35c7ff", "alpha": 0.6, "edgecolors": "black", "linewidths": 0.3}
        axes.scatter(azimuth, elevation, s=np.maximum(area, 0.6), **dots)
    for number, one in enumerate(heard.loudest, 1):
        mark = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": INK, "linewidth": 0.8}
        axes.text(
            one.azimuth_deg, one.elevation_deg, str(number), size=NORMAL, weight="bold", color=INK, ha="center",
            va="center", bbox=mark, clip_on=False,
        )  # fmt: skip


def _draw_side(page: Page, heard: SoundAnalysis, pattern: str) -> None:
    left, top = _WIDTH - _MARGIN - _SIDE + 14, float(_HEADER)
    page.text(left, top, "Where most of it comes from", size=NORMAL, weight="bold")
    for number, one in enumerate(heard.loudest, 1):
        top += 20
        where = spelt_direction(one.azimuth_deg, one.elevation_deg)
        page.text(left, top, f"{number}   {where}   {100 * one.share:.0f} %", size=NORMAL)
    if not heard.loudest:
        page.text(left, top + 20, "nowhere: silence", size=NORMAL, color=GREY)
    top = _HEADER + _LARGE[1] - 118.0
    lines = (
        "dots: directions of arrival, 0.1 s each or less",
        "dashed: 3 dB below the loudest direction",
        f"colours: what beams hear ({pattern}),",
        "dB below each map's loudest direction",
    )
    for line in lines:
        page.text(left, top, line, size=SMALL, color=GREY)
        top += 15
    axes = page.axes(left, top + 8, _SIDE - 20, 12)
    axes.imshow(np.linspace(-RANGE_DB, 0, 128)[None], extent=(-RANGE_DB, 0, 0, 1), aspect="auto", cmap="inferno")
    axes.set_yticks([])
    axes.set_xticks(np.arange(-RANGE_DB, 0.1, 3))


def _png(page: Page) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", page.pixels()[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 6])[1])
