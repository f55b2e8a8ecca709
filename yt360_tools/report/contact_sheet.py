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
from dataclasses import dataclass
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

_MOST_VIEWS = 8
_LOUD_CROPS = 2
_CROP_HFOV_DEG = 75.0
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
    """All that the sheet says about a clip. `beams` are the signals of stored views, by view."""

    clip: StoredClip
    foa: NDArray[np.float32]
    beams: tuple[tuple[View, NDArray[np.float32]], ...]
    votes: Votes
    moments: tuple[Moment, ...]


def draw_contact_sheet(
    shards: ShardSet,
    out: Path,
    *,
    crops: ShardSet | None = None,
    clip_ids: Sequence[str] = (),
    count: int = 4,
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
    entries = [_entry(shards.clip(clip_id), crops.clip(clip_id) if crops else None) for clip_id in chosen]
    image = _draw(entries, f"{len(entries)} of {len(shards)} clips")
    _write_png(out, image)
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
        for low, high in zip(edges[:-1], edges[1:], strict=True):
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
    floor = density.max(initial=0.0) * 10 ** (-RANGE_DB / 10)
    while len(found) < count and density.max(initial=0.0) > floor:
        ray = grid[int(np.argmax(density))]
        azimuth, elevation = np.degrees(angles_from_ray(ray))
        found.append(Direction(float(azimuth), float(elevation)))
        rays.append(ray)
        density = np.where(angle_between(grid, ray) < _CROP_SEPARATION, 0, density)
    return found


def _entry(clip: StoredClip, crops: StoredClip | None) -> Entry:
    panorama = next((view for view in clip.views if view.view.projection == "er"), None)
    stored = tuple((crops or clip).views[:_MOST_VIEWS])
    if crops and panorama is None:
        raise UsageError(
            f"clip {clip.clip_id!r} has no panorama: name the shards of panoramas first and those of views as crops"
        )
    views = tuple(view for view in stored if view.view.projection != "er")
    if crops and not views:
        raise UsageError(f"clip {clip.clip_id!r} has only a panorama among the crops; they should be views")
    foa = clip.ambisonics
    votes = arrival_votes(foa, clip.sample_rate_hz)
    beams = tuple((view.view, view.beam) for view in views)
    fps = (crops or clip).fps
    moments = []
    for k in range(MOMENTS):
        time_s = (k + 0.5) / MOMENTS * clip.window.duration_s
        near = votes.near(time_s)
        picture = None if panorama is None else _frame_at(panorama, time_s, clip.fps)
        if views:
            shown = tuple(
                Crop(view.view, _frame_at(view, time_s, fps), _level(signal, time_s, (crops or clip).sample_rate_hz))
                for view, (_, signal) in zip(views, beams, strict=True)
            )
        else:
            shown = _cut_crops(picture, near, foa, time_s, clip) if picture is not None else ()
        moments.append(Moment(time_s, picture, near, shown))
    return Entry(clip, foa, beams, votes, tuple(moments))


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


# ---- drawing
