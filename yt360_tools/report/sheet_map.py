"""The map of the sound's energy by direction of arrival: its decibels, its colours, its line, its scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yt360_tools.geometry import Array, angles_from_ray, er_rays
from yt360_tools.projection import view_rays
from yt360_tools.records import View
from yt360_tools.report.arrivals import Votes

RANGE_DB = 18.0
"""The map fades out this far below the loudest direction of the clip's moments."""

CONTOUR_DB = 6.0
"""A line surrounds what is this near to the loudest direction of the moment itself."""

_RAYS = er_rays(180, 90)
_HEAT = ("#5b1a8f", "#b5367a", "#f1605d", "#fe9f6d", "#fff3b0")


@dataclass(frozen=True)
class SoundMap:
    """A moment's map.

    Attributes:
        votes: the directions of arrival around the moment.
        peak: the votes' density that counts as 1, the greatest of all the clip's moments.
        share: `share_of_peak` over the whole sphere, equirectangular, (90, 180).
    """

    votes: Votes
    peak: float
    share: Array

    @property
    def loudest(self) -> float:
        """The greatest share on the sphere."""
        return float(self.share.max())

    def share_in(self, view: View, side: int = 48) -> Array:
        """The shares (side, side) over a view's picture."""
        rays = view_rays(replace(view, width=side, height=side))
        return share_of_peak(self.votes.density(rays / np.linalg.norm(rays, axis=-1, keepdims=True)), self.peak)


def sound_maps(moments: Sequence[Votes]) -> list[SoundMap]:
    """The maps of a clip's moments, which have their peak in common."""
    densities = [votes.density(_RAYS) for votes in moments]
    peak = max((float(density.max(initial=0.0)) for density in densities), default=0.0)
    return [
        SoundMap(votes, peak, share_of_peak(density, peak)) for votes, density in zip(moments, densities, strict=True)
    ]


def share_of_peak(density: Array, peak: float) -> Array:
    """Where density lies between the map's floor (0) and its peak (1), in decibels."""
    if peak <= 0:
        return np.zeros_like(density)
    return np.asarray(np.clip(1 + 10 * np.log10(np.maximum(density / peak, 1e-12)) / RANGE_DB, 0, 1))


def draw_map(axes: Any, sound: SoundMap) -> None:
    """The map over the whole sphere, on axes of azimuth and elevation in degrees."""
    if sound.loudest > 0:
        axes.imshow(_heat(sound.share), extent=(180, -180, -90, 90), aspect="auto", interpolation="bilinear")
        azimuth, elevation = np.degrees(angles_from_ray(_RAYS))
        _draw_contour(axes, azimuth, elevation, sound.share, sound.loudest)


def draw_contour_in(axes: Any, view: View, sound: SoundMap) -> None:
    """The map's line over a view's picture, on axes from 0 to 1."""
    share = sound.share_in(view)
    rows, columns = ((np.arange(length) + 0.5) / length for length in share.shape)
    _draw_contour(axes, columns, rows, share, sound.loudest)


def draw_scale(axes: Any) -> None:
    """The map's colours from its floor to its peak, as they look on a grey picture."""
    colours = _heat(np.linspace(0, 1, 128))[None]
    opacity = colours[..., 3:]
    axes.imshow(opacity * colours[..., :3] + (1 - opacity) * 0.6, extent=(-RANGE_DB, 0, 0, 1), aspect="auto")
    axes.set_yticks([])
    axes.set_xticks([-18, -12, -6, 0])


def _heat(share: Array) -> Array:
    """RGB and opacity (..., 4) of shares (...)."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = np.asarray(LinearSegmentedColormap.from_list("heat", _HEAT)(share))
    colours[..., 3] = 0.7 * np.clip(share * 1.4, 0, 1)
    return colours


def _draw_contour(axes: Any, x: Array, y: Array, share: Array, loudest: float) -> None:
    """A line around what is within `CONTOUR_DB` of the loudest of the moment's map."""
    level = loudest - CONTOUR_DB / RANGE_DB
    if share.max() > level > share.min() and loudest > 0:
        for colour, width in (("#00000090", 1.6), ("white", 0.8)):
            axes.contour(x, y, share, levels=[level], colors=[colour], linewidths=[width])
