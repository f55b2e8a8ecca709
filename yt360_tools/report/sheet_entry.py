"""What a contact sheet says about a clip: its moments, their crops and sound, gathered from the shards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import beam
from yt360_tools.errors import UsageError
from yt360_tools.projection import Frame, Source, sampler, viewport
from yt360_tools.records import SourceLayout, View
from yt360_tools.report.arrivals import Votes, arrival_votes, brightest
from yt360_tools.report.levels import level_near
from yt360_tools.shards import StoredClip, StoredView

MOMENTS = 4
"""Frames of a clip, each from the middle of its quarter."""

WINDOW_S = 0.5
"""How much sound around a moment its map and its levels are made of."""

_MOST_VIEWS = 8
_LOUD_CROPS = 2
_CROP_HFOV_DEG = 75.0


@dataclass(frozen=True)
class Crop:
    """What a view shows at one moment, and how loud its beam is around it (dBFS)."""

    view: View
    picture: Frame
    level_dbfs: float


@dataclass(frozen=True)
class Moment:
    """One instant of a clip: the sphere if it is stored, the sound's directions, the crops."""

    time_s: float
    panorama: Frame | None
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


def gather_entry(clip: StoredClip, crops: StoredClip | None) -> Entry:
    """A clip gathered: its views from `crops` if there are any, else its own, else cut from its panorama.

    Raises:
        UsageError: there are `crops`, but the clip has no panorama or they have no views.
    """
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
        near = votes.near(time_s, WINDOW_S)
        picture = None if panorama is None else _frame_at(panorama, time_s, clip.fps)
        shown = tuple(
            Crop(
                view.view,
                _frame_at(view, time_s, viewed.fps),
                level_near(signal, time_s, WINDOW_S, viewed.sample_rate_hz),
            )
            for view, (_, signal) in zip(views, beams, strict=True)
        )
        if picture is not None and not views:
            shown = _cut_crops(picture, near, foa, time_s, clip)
        moments.append(Moment(time_s, picture, near, shown))
    return Entry(clip, foa, beams, viewed.sample_rate_hz, votes, tuple(moments))


def _cut_crops(
    panorama: Frame, votes: Votes, foa: NDArray[np.float32], time_s: float, clip: StoredClip
) -> tuple[Crop, ...]:
    """Views cut from a panorama where the sound comes from."""
    height, width = panorama.shape[:2]
    pattern = str(clip.source.get("beam", "cardioid"))
    crops = []
    for direction in brightest(votes, _LOUD_CROPS):
        view = viewport(direction, _CROP_HFOV_DEG, 160, 160)
        picture = sampler(view, Source(SourceLayout("er"), width, height))(panorama)
        level = level_near(beam(foa, direction.ray, pattern), time_s, WINDOW_S, clip.sample_rate_hz)
        crops.append(Crop(view, picture, level))
    return tuple(crops)


def _frame_at(view: StoredView, time_s: float, fps: float) -> Frame:
    index = min(int(time_s * fps), len(view) - 1)
    return view.frames[index]
