"""The pictures of a contact sheet: a moment's sphere and its crops, each under the map of the sound."""

from typing import Any

import numpy as np

from yt360_tools.geometry import Array, angles_from_ray
from yt360_tools.projection import view_rays
from yt360_tools.records import View
from yt360_tools.report.levels import SILENT_DBFS
from yt360_tools.report.sheet_entry import Crop, Moment
from yt360_tools.report.sheet_map import SoundMap, draw_contour_in, draw_map
from yt360_tools.report.sheet_page import GREY, SMALL, VIEW_COLOURS, Page


def draw_sphere(axes: Any, moment: Moment, sound: SoundMap, *, with_elevations: bool) -> None:
    """A panorama (or darkness, when none is stored) with the map laid over and the views' edges."""
    if moment.panorama is not None:
        axes.imshow(moment.panorama, extent=(180, -180, -90, 90), aspect="auto", interpolation="antialiased")
    else:
        axes.set_facecolor("#23272e")
    draw_map(axes, sound)
    axes.set_xticks([180, 90, 0, -90, -180], ["+180°", "+90°", "0°", "\u221290°", "\u2212180°"])
    for tick, side in ((0, "left"), (-1, "right")):
        axes.get_xticklabels()[tick].set_horizontalalignment(side)
    axes.set_yticks([45, 0, -45], ["+45°", "0°", "\u221245°"] if with_elevations else [""] * 3)
    axes.grid(color="white", alpha=0.25, linewidth=0.5)
    axes.set(xlim=(180, -180), ylim=(-90, 90))
    for number, crop in enumerate(moment.crops):
        azimuth, elevation = _outline(crop.view)
        for colour, line in (("white", 1.8), (VIEW_COLOURS[number], 1.0)):
            axes.plot(azimuth, elevation, color=colour, linewidth=line, solid_joinstyle="round")
    box = {"boxstyle": "square,pad=0.25", "facecolor": "#000000a0", "edgecolor": "none"}
    axes.text(175, 83, f"{moment.time_s:.2f} s", size=SMALL, color="white", va="top", bbox=box)


def draw_crop(page: Page, corner: tuple[float, float], width: float, crop: Crop, sound: SoundMap, colour: str) -> None:
    """A crop with the map's line, its top left at `corner`; below it where it looks and how loud it is there."""
    left, top = corner
    height = width * crop.view.height / crop.view.width
    axes = page.axes(left, top, width, height)
    axes.imshow(crop.picture, extent=(0, 1, 1, 0), aspect="auto", interpolation="antialiased")
    draw_contour_in(axes, crop.view, sound)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=1.6)
    look = f"{crop.view.direction.yaw_deg:+.0f}°, {crop.view.direction.pitch_deg:+.0f}°"
    loud = f"{crop.level_dbfs:.0f} dB" if crop.level_dbfs > SILENT_DBFS else "silent"
    page.text(left, top + height + 4, look.replace("-", "\u2212"), size=SMALL)
    page.text(left + width, top + height + 4, loud.replace("-", "\u2212"), ha="right", color=GREY)


def _outline(view: View) -> tuple[Array, Array]:
    """Azimuth and elevation (degrees) along a view's edge, broken where it crosses the seam."""
    rays = view_rays(view)
    edge = np.concatenate([rays[0], rays[1:, -1], rays[-1, -2::-1], rays[-2::-1, 0]])
    azimuth, elevation = np.degrees(angles_from_ray(edge))
    breaks = np.flatnonzero(np.abs(np.diff(azimuth)) > 180) + 1
    return np.insert(azimuth, breaks, np.nan), np.insert(elevation, breaks, np.nan)
