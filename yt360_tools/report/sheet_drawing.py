"""A contact sheet drawn: what stands where on the page, in pixels.

header            title                                   the map's scale
a clip's title
sphere   sphere   sphere   sphere                         levels over time
crops    crops    crops    crops                          azimuths over time
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.report.sheet_entry import MOMENTS, Entry
from yt360_tools.report.sheet_map import CONTOUR_DB, draw_scale, sound_maps
from yt360_tools.report.sheet_page import GREY, LARGE, NORMAL, VIEW_COLOURS, Page
from yt360_tools.report.sheet_pictures import draw_crop, draw_sphere
from yt360_tools.report.sheet_plots import draw_azimuths, draw_levels

MARGIN, GAP = 22, 12
TICKS = 30
"""Room for the labels left of the first sphere."""

SPHERE = (312, 156)
"""Width and height."""

HEADER, TITLE, BLOCK_GAP = 52, 24, 22
PLOT_WIDTH = 330
WIDTH = 2 * MARGIN + TICKS + MOMENTS * (SPHERE[0] + GAP) + 40 + PLOT_WIDTH

_CROP_GAP, _MOST_CROP_HEIGHT, _CAPTION = 6, 150, 14


def draw_sheet(entries: Sequence[Entry], subtitle: str) -> NDArray[np.uint8]:
    """The sheet's pixels, RGB (height, width, 3)."""
    import matplotlib

    heights = [_block_height(entry) for entry in entries]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says, the same shards give the same picture
        page = Page(WIDTH, HEADER + sum(heights) + BLOCK_GAP * len(entries))
        _draw_header(page, subtitle)
        top = float(HEADER)
        for entry, height in zip(entries, heights, strict=True):
            _draw_entry(page, top, entry)
            top += height + BLOCK_GAP
        return page.pixels()


@dataclass(frozen=True)
class _CropGrid:
    """How the crops stand below a sphere: `width` and `height` are one crop's."""

    columns: int
    rows: int
    width: float
    height: float

    def corner(self, number: int, left: float, top: float) -> tuple[float, float]:
        """The top left corner of a crop below a sphere whose corner is at `left`, `top`."""
        row, column = divmod(number, self.columns)
        used = self.columns * self.width + (self.columns - 1) * _CROP_GAP
        across = left + (SPHERE[0] - used) / 2 + column * (self.width + _CROP_GAP)
        return across, top + SPHERE[1] + 20 + row * (self.height + _CAPTION + 4)


def _crop_grid(entry: Entry) -> _CropGrid:
    views = [crop.view for moment in entry.moments for crop in moment.crops]
    count = max((len(moment.crops) for moment in entry.moments), default=0)
    if not count:
        return _CropGrid(0, 0, 0.0, 0.0)
    columns = count if count <= 3 else math.ceil(count / 2)
    shape = max(view.height / view.width for view in views)
    width = (SPHERE[0] - _CROP_GAP * (columns - 1)) / columns
    width = min(width, _MOST_CROP_HEIGHT / shape) if columns > 1 else min(width, 1.2 * _MOST_CROP_HEIGHT / shape)
    return _CropGrid(columns, math.ceil(count / columns), width, width * shape)


def _block_height(entry: Entry) -> int:
    grid = _crop_grid(entry)
    return round(TITLE + SPHERE[1] + 16 + grid.rows * (grid.height + _CAPTION + 4))


def _draw_header(page: Page, subtitle: str) -> None:
    title = page.text(MARGIN + TICKS, 12, "Contact sheet", size=13, weight="bold")
    page.text_after(title, subtitle, size=NORMAL)
    width = 150
    left = page.width - MARGIN - width
    draw_scale(page.axes(left, 14, width, 9))
    page.text(
        left - 10,
        12,
        f"energy by direction of arrival, dB below the clip's loudest; line: {CONTOUR_DB:g} dB below the moment's",
        ha="right",
        size=NORMAL,
        color=GREY,
    )


def _draw_entry(page: Page, top: float, entry: Entry) -> None:
    _draw_title(page, top, entry)
    top += TITLE
    grid = _crop_grid(entry)
    maps = sound_maps([moment.votes for moment in entry.moments])
    for index, (moment, sound) in enumerate(zip(entry.moments, maps, strict=True)):
        left = MARGIN + TICKS + index * (SPHERE[0] + GAP)
        draw_sphere(page.axes(left, top, *SPHERE), moment, sound, with_elevations=index == 0)
        for number, crop in enumerate(moment.crops):
            draw_crop(page, grid.corner(number, left, top), grid.width, crop, sound, VIEW_COLOURS[number])
        if not moment.crops and grid.columns:
            middle = (left + SPHERE[0] / 2, top + SPHERE[1] + 20 + grid.height / 2)
            page.text(*middle, "no sound", ha="center", va="center", color=GREY)
    left = page.width - MARGIN - PLOT_WIDTH
    whole = _block_height(entry) - TITLE
    draw_levels(page.axes(left, top, PLOT_WIDTH, 0.42 * whole), entry)
    draw_azimuths(page.axes(left, top + 0.42 * whole + 14, PLOT_WIDTH, 0.58 * whole - 28), entry)


def _draw_title(page: Page, top: float, entry: Entry) -> None:
    clip, source = entry.clip, entry.clip.source
    title = page.text(MARGIN + TICKS, top, clip.clip_id, size=LARGE, weight="bold")
    stereo = source.get("stereo", "mono")
    facts = [
        clip.window.split,
        f"{clip.window.start_s:g}\u2013{clip.window.end_s:g} s",
        f"{source.get('video_codec', '?')} {source.get('width', '?')}\u00d7{source.get('height', '?')}",
        f"{source.get('audio_codec', '?')}, {source.get('channels', '?')} channels",
        f"{source.get('projection', '?')}{'' if stereo == 'mono' else ' ' + stereo}"
        f" (by {source.get('decided_by', '?')})",
    ]
    page.text_after(title, "   \u00b7   ".join(facts))
