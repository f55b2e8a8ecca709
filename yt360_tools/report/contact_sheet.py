"""A contact sheet: clips at a glance, with where their sound comes from.

Each clip has four moments side by side. On top the whole sphere with the sound's energy laid over it; below what
views show at that moment; at the right levels and directions over time. What is laid over is a histogram of
directions of arrival: in every short block of sound each band of frequencies votes for the direction from which
its energy flows, with the energy that has a direction at all (DirAC's analysis: Pulkki, 2007). Sources that differ
in their spectra or in time stay apart, which no beam of first order could do.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import beam, direction_of_arrival
from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.geometry import Array, Direction, angle_between, angles_from_ray, er_rays
from yt360_tools.projection import sampler, view_rays, viewport
from yt360_tools.records import View
from yt360_tools.shards import ShardSet, StoredClip, StoredView

MOMENTS = 4
"""Frames of a clip, each from the middle of its quarter."""

WINDOW_S = 0.5
"""How much sound around a moment its map and its levels are made of."""

RANGE_DB = 18.0
"""The map fades out this far below the loudest direction of the clip's moments."""

CONTOUR_DB = 6.0
"""A line surrounds what is this near to the loudest direction of the moment itself."""

_BYTES_PER_CLIP = 350_000
_MOST_VIEWS = 8
_LOUD_CROPS = 2
_CROP_HFOV_DEG = 75.0
_CROP_RANGE_DB = 12.0
_CROP_SEPARATION = math.radians(40)
_CANDIDATES = 256

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Votes:
    """Directions of arrival over time: one a block and band that has energy.

    Attributes:
        times_s: the blocks' middles, (n,).
        rays: unit rays, (n, 3).
        energy: mean power of the directional part, (n,).
    """

    times_s: Array
    rays: Array
    energy: Array

    def near(self, time_s: float) -> "Votes":
        """Those within half a `WINDOW_S` of a moment."""
        inside = np.abs(self.times_s - time_s) <= WINDOW_S / 2
        return Votes(self.times_s[inside], self.rays[inside], self.energy[inside])

    def density(self, rays: Array, spread: float = math.radians(9)) -> Array:
        """The votes' energy around each of the unit `rays` (..., 3), smoothed over `spread` radians."""
        kernel = np.exp((rays.reshape(-1, 3) @ self.rays.T - 1) / spread**2)
        return np.asarray(kernel @ self.energy).reshape(rays.shape[:-1])


@dataclass(frozen=True)
class Crop:
    """What a view shows at one moment, and how loud its beam is around it (dBFS)."""

    view: View
    picture: Picture
    level_dbfs: float


@dataclass(frozen=True)
class Moment:
    """One instant of a clip: the sphere if it is stored, the sound's directions, the crops."""

    time_s: float
    panorama: Picture | None
    votes: Votes
    crops: tuple[Crop, ...]


@dataclass(frozen=True)
class Entry:
    """All that the sheet says about a clip.

    Attributes:
        beams: stored views, each with its signal at `beam_rate_hz`.
    """

    clip: StoredClip
    foa: NDArray[np.float32]
    beams: tuple[tuple[View, NDArray[np.float32]], ...]
    beam_rate_hz: int
    votes: Votes
    moments: tuple[Moment, ...]


def draw_contact_sheet(
    shards: ShardSet, out: Path, *, crops: ShardSet | None = None, clip_ids: Sequence[str] = (), count: int = 4
) -> int:
    """Draw clips of panoramas or of views into the PNG `out`; returns how many.

    Args:
        crops: the same clips' views, to be shown below `shards`' panoramas. Without them views are cut from the
            panoramas where the sound comes from.
        clip_ids: which clips; else `count` of them, evenly over the set and its videos.

    Raises:
        UsageError: a clip is not there, there is none at all, or `out` is no name for a PNG.
        EnvironmentMissing: `out` cannot be written.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"a contact sheet is a PNG picture: give it a name that ends in .png, not {out.name!r}")
    chosen = list(dict.fromkeys(clip_ids)) or choose_clips(shards, crops, count)
    entries = [_entry(shards.clip(clip_id), crops.clip(clip_id) if crops is not None else None) for clip_id in chosen]
    image = _draw(entries, f"{len(entries)} of {len(shards)} clips")
    _write_png(out, _as_png(image, _BYTES_PER_CLIP * max(len(entries), 2)))
    return len(entries)


def choose_clips(shards: ShardSet, crops: ShardSet | None, count: int) -> list[str]:
    """`count` clips that stand in both sets: evenly over the set, from as many videos as possible.

    Raises:
        UsageError: there is none.
    """
    known = [clip_id for clip_id in shards.index if crops is None or clip_id in crops.index]
    if not known:
        raise UsageError("no clip stands in both sets of shards" if len(shards) else "the shards hold no clip to show")
    by_video: dict[str, list[str]] = {}
    for clip_id in evenly(known, max(_CANDIDATES, count)):
        by_video.setdefault(shards.clip(clip_id).window.video_id, []).append(clip_id)
    take = dict.fromkeys(by_video, 0)
    left = min(count, sum(map(len, by_video.values())))
    while left:
        with_more = [video for video in by_video if take[video] < len(by_video[video])]
        for video in evenly(with_more, left):
            take[video] += 1
            left -= 1
    return [clip_id for video, ids in by_video.items() for clip_id in evenly(ids, take[video])]


def evenly(items: Sequence[str], count: int) -> list[str]:
    """At most `count` of the items, at even distances."""
    count = min(count, len(items))
    return [items[int((k + 0.5) * len(items) / count)] for k in range(count)]


def arrival_votes(foa: NDArray[np.floating], sample_rate_hz: int, *, block_s: float = 0.04) -> Votes:
    """The directions of arrival in sound (4, samples), of third octaves in blocks that overlap by half.

    A vote counts for as much of its energy as has a direction, and less the more diffuse it is.
    """
    size = max(16, round(block_s * sample_rate_hz))
    window = np.hanning(size)
    edges_hz = 100 * 2 ** (np.arange(0, 3 * math.log2(sample_rate_hz / 200)) / 3)
    edges = np.unique(np.rint(np.append(edges_hz, sample_rate_hz / 2) * size / sample_rate_hz).astype(int))
    times, rays, energies = [], [], []
    for start in range(0, foa.shape[1] - size + 1, max(1, size // 2)):
        spectrum = np.fft.rfft(foa[:, start : start + size] * window, axis=1) / size
        # Power adds over real and imaginary parts, so they may stand as the samples of a real signal.
        parts = np.stack([spectrum.real, spectrum.imag], axis=2)
        for low, high in pairwise(edges):
            band = parts[:, low:high].reshape(4, -1)
            arrival = direction_of_arrival(band)
            directness = float(np.linalg.norm(arrival))
            energy = float(np.sum(band**2)) * directness**3
            if energy > 1e-12:
                times.append((start + size / 2) / sample_rate_hz)
                rays.append(arrival / directness)
                energies.append(energy)
    return Votes(np.array(times), np.array(rays).reshape(-1, 3), np.array(energies))


def brightest(votes: Votes, count: int) -> list[Direction]:
    """Up to `count` directions where the votes' density peaks, the densest first."""
    grid = er_rays(120, 60).reshape(-1, 3)
    density = votes.density(grid)
    found: list[Direction] = []
    rays: list[Array] = []
    floor = density.max(initial=0.0) * 10 ** (-_CROP_RANGE_DB / 10)
    while len(found) < count and density.max(initial=0.0) > floor:
        ray = grid[int(np.argmax(density))]
        azimuth, elevation = np.degrees(angles_from_ray(ray))
        found.append(Direction(float(azimuth), float(elevation)))
        rays.append(ray)
        density = np.where(angle_between(grid, ray) < _CROP_SEPARATION, 0, density)
    return found


def _entry(clip: StoredClip, crops: StoredClip | None) -> Entry:
    """A clip gathered: its views from `crops` if there are any, else its own, else cut from its panorama."""
    panorama = next((view for view in clip.views if view.view.projection == "er"), None)
    viewed = clip if crops is None else crops
    views = [view for view in viewed.views if view.view.projection != "er"][:_MOST_VIEWS]
    if crops is not None and panorama is None:
        raise UsageError(
            f"clip {clip.clip_id!r} has no panorama: name the shards of panoramas first and those of views as crops"
        )
    if crops is not None and not views:
        raise UsageError(f"clip {clip.clip_id!r} has only a panorama among the crops; they should be views")
    foa = clip.ambisonics
    votes = arrival_votes(foa, clip.sample_rate_hz)
    beams = tuple((view.view, view.beam) for view in views)
    moments = []
    for k in range(MOMENTS):
        time_s = (k + 0.5) / MOMENTS * clip.window.duration_s
        near = votes.near(time_s)
        picture = None if panorama is None else _frame_at(panorama, time_s, clip.fps)
        shown = tuple(
            Crop(view.view, _frame_at(view, time_s, viewed.fps), _level(signal, time_s, viewed.sample_rate_hz))
            for view, (_, signal) in zip(views, beams, strict=True)
        )
        if picture is not None and not views:
            shown = _cut_crops(picture, near, foa, time_s, clip)
        moments.append(Moment(time_s, picture, near, shown))
    return Entry(clip, foa, beams, viewed.sample_rate_hz, votes, tuple(moments))


def _cut_crops(
    panorama: Picture, votes: Votes, foa: NDArray[np.float32], time_s: float, clip: StoredClip
) -> tuple[Crop, ...]:
    """Views cut from a panorama where the sound comes from."""
    height, width = panorama.shape[:2]
    crops = []
    for direction in brightest(votes, _LOUD_CROPS):
        view = viewport(direction, _CROP_HFOV_DEG, 160, 160)
        picture = sampler(view, "er", width, height)(panorama)
        pattern = str(clip.source.get("beam", "cardioid"))
        crops.append(Crop(view, picture, _level(beam(foa, direction.ray, pattern), time_s, clip.sample_rate_hz)))
    return tuple(crops)


def _frame_at(view: StoredView, time_s: float, fps: float) -> Picture:
    index = min(int(time_s * fps), len(view) - 1)
    return view.frames_between(index, index + 1)[0]


def _level(signal: NDArray[np.float32], time_s: float, sample_rate_hz: int) -> float:
    """The RMS level around a moment, in dB of full scale."""
    first, last = (max(0, round((time_s + sign * WINDOW_S / 2) * sample_rate_hz)) for sign in (-1, 1))
    return float(levels_dbfs(signal[None, first:last], max(1, signal[first:last].size))[0, 0])


def levels_dbfs(signals: NDArray[np.floating], hop: int) -> Array:
    """RMS levels (channels, blocks) of signals (channels, samples) in blocks of `hop`, in dB of full scale."""
    blocks = signals.shape[1] // hop
    if not blocks:
        return np.full((signals.shape[0], 1), -120.0)
    cut = signals[:, : blocks * hop].astype(np.float64).reshape(signals.shape[0], blocks, hop)
    return np.asarray(10 * np.log10(np.mean(cut**2, axis=2) + 1e-12))


class _Page:
    """A figure on which things are placed in pixels from its top left corner."""

    def __init__(self, width: int, height: int) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        self._canvas = FigureCanvasAgg(self._figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Any:
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self._figure.add_axes(box)
        for spine in axes.spines.values():
            spine.set(color=_FAINT, linewidth=0.6)
        axes.tick_params(length=2, width=0.6, color=_FAINT, labelcolor=_GREY, labelsize=_SMALL, pad=2)
        return axes

    def text(self, left: float, top: float, text: str, **style: Any) -> Any:
        style = {"size": _SMALL, "color": _INK, "ha": "left", "va": "top", **style}
        return self._figure.text(left / self.width, 1 - top / self.height, text, **style)

    def text_after(self, other: Any, text: str, **style: Any) -> None:
        """A text on the same base line, to the right of another."""
        box = other.get_window_extent(self._canvas.get_renderer())
        self.text(box.x1 + 14, self.height - box.y0, text, va="bottom", color=_GREY, **style)

    def pixels(self) -> Picture:
        """RGB (height, width, 3)."""
        self._canvas.draw()
        return np.asarray(self._canvas.buffer_rgba(), np.uint8)[..., :3].copy()


_DPI = 100
_SMALL, _NORMAL, _LARGE = 7, 8, 11
_INK, _GREY, _FAINT = "#1c1f24", "#6a717c", "#b9bfc8"
_VIEW_COLOURS = ("#00a5e0", "#f0308a", "#6fae00", "#f78c00", "#7f5cf5", "#00a98f", "#d62728", "#8c6239")
_CHANNEL_COLOURS = {"W": _INK, "Y": "#1f9e89", "Z": "#8e5bd0", "X": "#e07b39"}
_HEAT = ("#5b1a8f", "#b5367a", "#f1605d", "#fe9f6d", "#fff3b0")

_MARGIN, _GAP = 22, 12
_SPHERE = (312, 156)
_TICKS = 30
_CROP_GAP, _MOST_CROP_HEIGHT, _CAPTION = 6, 150, 14
_PLOT_WIDTH = 330
_HEADER, _TITLE, _BLOCK_GAP = 52, 24, 22
_WIDTH = 2 * _MARGIN + _TICKS + MOMENTS * (_SPHERE[0] + _GAP) + 40 + _PLOT_WIDTH


def _draw(entries: Sequence[Entry], subtitle: str) -> Picture:
    import matplotlib

    heights = [_block_height(entry) for entry in entries]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says, the same shards give the same picture
        page = _Page(_WIDTH, _HEADER + sum(heights) + _BLOCK_GAP * len(entries))
        _draw_header(page, subtitle)
        top = float(_HEADER)
        for entry, height in zip(entries, heights, strict=True):
            _draw_entry(page, top, entry)
            top += height + _BLOCK_GAP
        return page.pixels()


def _crop_grid(entry: Entry) -> tuple[int, int, float, float]:
    """(columns, rows, width, height) of the crops below a sphere."""
    views = [crop.view for moment in entry.moments for crop in moment.crops]
    count = max((len(moment.crops) for moment in entry.moments), default=0)
    if not count:
        return 0, 0, 0.0, 0.0
    columns = count if count <= 3 else math.ceil(count / 2)
    shape = max(view.height / view.width for view in views)
    width = (_SPHERE[0] - _CROP_GAP * (columns - 1)) / columns
    width = min(width, _MOST_CROP_HEIGHT / shape) if columns > 1 else min(width, 1.2 * _MOST_CROP_HEIGHT / shape)
    return columns, math.ceil(count / columns), width, width * shape


def _block_height(entry: Entry) -> int:
    _, rows, _, height = _crop_grid(entry)
    return round(_TITLE + _SPHERE[1] + 16 + rows * (height + _CAPTION + 4))


def _draw_header(page: _Page, subtitle: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    title = page.text(_MARGIN + _TICKS, 12, "Contact sheet", size=13, weight="bold")
    page.text_after(title, subtitle, size=_NORMAL)
    width = 150
    left = page.width - _MARGIN - width
    bar = page.axes(left, 14, width, 9)
    shades = np.linspace(0, 1, 128)
    colours = LinearSegmentedColormap.from_list("heat", _HEAT)(shades)
    bar.imshow(_over_grey(colours, _opacity(shades)), extent=(-RANGE_DB, 0, 0, 1), aspect="auto")
    bar.set_yticks([])
    bar.set_xticks([-18, -12, -6, 0])
    page.text(
        left - 10,
        12,
        f"energy by direction of arrival, dB below the clip's loudest; line: {CONTOUR_DB:g} dB below the moment's",
        ha="right",
        size=_NORMAL,
        color=_GREY,
    )


def _draw_entry(page: _Page, top: float, entry: Entry) -> None:
    _draw_title(page, top, entry)
    top += _TITLE
    columns, _, width, height = _crop_grid(entry)
    peak = max((moment.votes.density(_MAP_RAYS).max(initial=0.0) for moment in entry.moments), default=0.0)
    for index, moment in enumerate(entry.moments):
        left = _MARGIN + _TICKS + index * (_SPHERE[0] + _GAP)
        _draw_sphere(page.axes(left, top, *_SPHERE), moment, peak, is_first=index == 0)
        loudest = _share(moment.votes.density(_MAP_RAYS), peak).max()
        used = columns * width + (columns - 1) * _CROP_GAP
        for number, crop in enumerate(moment.crops):
            row, column = divmod(number, columns)
            at = left + (_SPHERE[0] - used) / 2 + column * (width + _CROP_GAP)
            down = top + _SPHERE[1] + 20 + row * (height + _CAPTION + 4)
            share = _share(moment.votes.density(_unit_rays(crop.view)), peak)
            _draw_crop(page, at, down, width, crop, number, share, loudest)
        if not moment.crops and columns:
            middle = (left + _SPHERE[0] / 2, top + _SPHERE[1] + 20 + height / 2)
            page.text(*middle, "no sound", ha="center", va="center", color=_GREY)
    left = page.width - _MARGIN - _PLOT_WIDTH
    whole = _block_height(entry) - _TITLE
    _draw_levels(page.axes(left, top, _PLOT_WIDTH, 0.42 * whole), entry)
    _draw_azimuths(page.axes(left, top + 0.42 * whole + 14, _PLOT_WIDTH, 0.58 * whole - 28), entry)


def _draw_title(page: _Page, top: float, entry: Entry) -> None:
    clip, source = entry.clip, entry.clip.source
    title = page.text(_MARGIN + _TICKS, top, clip.clip_id, size=_LARGE, weight="bold")
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


def _draw_sphere(axes: Any, moment: Moment, peak: float, *, is_first: bool) -> None:
    """A panorama (or darkness, when none is stored) with the map laid over and the views' edges."""
    whole = (180, -180, -90, 90)
    if moment.panorama is not None:
        axes.imshow(moment.panorama, extent=whole, aspect="auto", interpolation="antialiased")
    else:
        axes.set_facecolor("#23272e")
    share = _share(moment.votes.density(_MAP_RAYS), peak)
    if share.max() > 0:
        from matplotlib.colors import LinearSegmentedColormap

        heat = LinearSegmentedColormap.from_list("heat", _HEAT)(share)
        heat[..., 3] = _opacity(share)
        axes.imshow(heat, extent=whole, aspect="auto", interpolation="bilinear")
        azimuth, elevation = np.degrees(angles_from_ray(_MAP_RAYS))
        _draw_contour(axes, azimuth, elevation, share, share.max())
    axes.set_xticks([180, 90, 0, -90, -180], ["+180°", "+90°", "0°", "\u221290°", "\u2212180°"])
    for tick, side in ((0, "left"), (-1, "right")):
        axes.get_xticklabels()[tick].set_horizontalalignment(side)
    axes.set_yticks([45, 0, -45], ["+45°", "0°", "\u221245°"] if is_first else [""] * 3)
    axes.grid(color="white", alpha=0.25, linewidth=0.5)
    axes.set(xlim=(180, -180), ylim=(-90, 90))
    for number, crop in enumerate(moment.crops):
        azimuth, elevation = _outline(crop.view)
        for colour, line in (("white", 1.8), (_VIEW_COLOURS[number], 1.0)):
            axes.plot(azimuth, elevation, color=colour, linewidth=line, solid_joinstyle="round")
    box = {"boxstyle": "square,pad=0.25", "facecolor": "#000000a0", "edgecolor": "none"}
    axes.text(175, 83, f"{moment.time_s:.2f} s", size=_SMALL, color="white", va="top", bbox=box)


_MAP_RAYS = er_rays(180, 90)


def _share(density: Array, peak: float) -> Array:
    """Where density lies between the map's floor (0) and its peak (1), in decibels."""
    if peak <= 0:
        return np.zeros_like(density)
    return np.asarray(np.clip(1 + 10 * np.log10(np.maximum(density / peak, 1e-12)) / RANGE_DB, 0, 1))


def _opacity(share: Array) -> Array:
    return np.asarray(0.7 * np.clip(share * 1.4, 0, 1))


def _unit_rays(view: View, side: int = 48) -> Array:
    """Rays (side, side, 3) of a view's picture, coarsely."""
    rays = view_rays(replace(view, width=side, height=side))
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def _draw_contour(axes: Any, x: Array, y: Array, share: Array, loudest: float) -> None:
    """A line around what is within `CONTOUR_DB` of the loudest of the moment's map."""
    level = loudest - CONTOUR_DB / RANGE_DB
    if share.max() > level > share.min() and loudest > 0:
        for colour, width in (("#00000090", 1.6), ("white", 0.8)):
            axes.contour(x, y, share, levels=[level], colors=[colour], linewidths=[width])


def _over_grey(colours: Array, opacity: Array) -> Array:
    """RGB (1, n, 3) of colours (n, 4) as they look on a grey picture."""
    return np.asarray(opacity[None, :, None] * colours[None, :, :3] + (1 - opacity[None, :, None]) * 0.6)


def _outline(view: View) -> tuple[Array, Array]:
    """Azimuth and elevation (degrees) along a view's edge, broken where it crosses the seam."""
    rays = view_rays(view)
    edge = np.concatenate([rays[0], rays[1:, -1], rays[-1, -2::-1], rays[-2::-1, 0]])
    azimuth, elevation = np.degrees(angles_from_ray(edge))
    breaks = np.flatnonzero(np.abs(np.diff(azimuth)) > 180) + 1
    return np.insert(azimuth, breaks, np.nan), np.insert(elevation, breaks, np.nan)


def _draw_crop(
    page: _Page, left: float, top: float, width: float, crop: Crop, number: int, share: Array, loudest: float
) -> None:
    height = width * crop.view.height / crop.view.width
    axes = page.axes(left, top, width, height)
    axes.imshow(crop.picture, extent=(0, 1, 1, 0), aspect="auto", interpolation="antialiased")
    rows, columns = ((np.arange(length) + 0.5) / length for length in share.shape)
    _draw_contour(axes, columns, rows, share, loudest)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=_VIEW_COLOURS[number], linewidth=1.6)
    look = f"{crop.view.direction.yaw_deg:+.0f}°, {crop.view.direction.pitch_deg:+.0f}°"
    loud = f"{crop.level_dbfs:.0f} dB" if crop.level_dbfs > _LEVEL_FLOOR_DB else "silent"
    page.text(left, top + height + 4, look.replace("-", "\u2212"), size=_SMALL)
    page.text(left + width, top + height + 4, loud.replace("-", "\u2212"), ha="right", color=_GREY)


_LEVEL_FLOOR_DB = -80.0


def _draw_levels(axes: Any, entry: Entry) -> None:
    """W with the beams of the views; without views, W, Y, Z and X."""
    rate_hz = entry.clip.sample_rate_hz
    signals = [("W", entry.foa[0], _INK, rate_hz)]
    if entry.beams:
        prefix = "view " if len(entry.beams) <= 4 else ""
        for k, (_, signal) in enumerate(entry.beams):
            signals.append((f"{prefix}{k}", signal, _VIEW_COLOURS[k], entry.beam_rate_hz))
    else:
        signals += [(name, entry.foa[k], _CHANNEL_COLOURS[name], rate_hz) for k, name in enumerate("WYZX") if k]
    hop_s = max(0.05, entry.clip.window.duration_s / 200)
    lowest, highest = 0.0, _LEVEL_FLOOR_DB
    for name, signal, colour, rate_hz in signals[::-1]:
        levels = levels_dbfs(signal[None], max(1, round(hop_s * rate_hz)))[0]
        axes.plot((np.arange(levels.size) + 0.5) * hop_s, levels, color=colour, linewidth=0.9, label=name)
        audible = levels[levels > _LEVEL_FLOOR_DB]
        lowest = min(lowest, audible.min(initial=0.0))
        highest = max(highest, audible.max(initial=_LEVEL_FLOOR_DB))
    axes.set_ylim(max(_LEVEL_FLOOR_DB, lowest - 5), min(3.0, highest + 5) if highest > lowest else 0)
    _finish_plot(axes, entry, "dBFS", with_times=False)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], loc="lower left", bbox_to_anchor=(0, 1), ncols=9, frameon=False,
        fontsize=_SMALL, handlelength=1.2, columnspacing=1.2, borderaxespad=0.1, handletextpad=0.5,
    )  # fmt: skip


def _draw_azimuths(axes: Any, entry: Entry) -> None:
    """A dot a vote, the darker the more energy; the views' axes as lines."""
    votes = entry.votes
    if votes.energy.size:
        share = _share(votes.energy, float(np.quantile(votes.energy, 0.995)))
        loud = np.argsort(votes.energy)[-6000:]
        azimuth = np.degrees(angles_from_ray(votes.rays)[0])
        axes.scatter(
            votes.times_s[loud], azimuth[loud], s=3.5, c=[(0.75, 0.2, 0.4, a) for a in 0.6 * share[loud]], linewidths=0
        )
    for number, (view, _) in enumerate(entry.beams):
        axes.axhline(view.direction.yaw_deg, color=_VIEW_COLOURS[number], linewidth=0.8, linestyle=(0, (5, 3)))
    axes.set_ylim(-180, 180)
    axes.set_yticks([180, 90, 0, -90, -180], ["+180°", "+90°", "0°", "\u221290°", "\u2212180°"])
    _finish_plot(axes, entry, "azimuth", with_times=True)


def _finish_plot(axes: Any, entry: Entry, label: str, *, with_times: bool) -> None:
    axes.set_xlim(0, entry.clip.window.duration_s)
    axes.set_ylabel(label, size=_SMALL, color=_GREY, labelpad=2)
    axes.grid(color=_FAINT, alpha=0.5, linewidth=0.4)
    for moment in entry.moments:
        half = WINDOW_S / 2
        axes.axvspan(moment.time_s - half, moment.time_s + half, color="#f7d27a", alpha=0.45, linewidth=0, zorder=0)
    if with_times:
        axes.set_xlabel("seconds", size=_SMALL, color=_GREY, labelpad=1)
    else:
        axes.set_xticklabels([])


def _write_png(out: Path, encoded: bytes) -> None:
    """Write the file whole or not at all."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(encoded)
            os.replace(temporary, out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentMissing(f"{out} cannot be written: {error.strerror or error}") from error


def _as_png(image: Picture, most_bytes: int) -> bytes:
    """The picture with six bits a channel, or five or four if it takes too many bytes.

    A palette would be smaller still, but one of 256 colours leaves too few for the map.
    """
    import cv2

    for bits in (6, 5, 4):
        step = 1 << (8 - bits)
        coarse = np.minimum((image[..., ::-1].astype(np.uint16) + step // 2) // step * step, 255).astype(np.uint8)
        encoded = bytes(cv2.imencode(".png", coarse, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1])
        if len(encoded) <= most_bytes:
            break
    return encoded
