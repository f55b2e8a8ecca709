"""A clip's content as arrays and attributes by path, as `schema` describes them."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.schema import ClipContent, ViewContent
from yt360_tools.shards.tracks import Track

Datasets = dict[str, NDArray[Any]]
Attributes = dict[str, dict[str, str | int]]


def laid_out(clip: ClipContent) -> tuple[Datasets, Attributes]:
    """A clip's datasets by path, and its attributes by path of the group or track."""
    window = clip.window
    datasets: Datasets = {
        "window": np.array([window.start_s, window.end_s], np.float64),
        "rates": np.array([clip.fps, clip.sample_rate_hz], np.float64),
    }
    attributes: Attributes = {
        "": {
            "clip_id": window.clip_id,
            "video_id": window.video_id,
            "split": window.split,
            "source": json.dumps(clip.source, sort_keys=True),
            "findings": json.dumps(clip.findings, sort_keys=True),
        }
    }
    add_track("ambisonics", clip.ambisonics, datasets, attributes)
    if clip.measured is not None:
        datasets["measured/level_dbfs"] = np.asarray(clip.measured.level_dbfs, np.float32)
        datasets["measured/arrival"] = np.asarray(clip.measured.arrival, np.float32)
    for index, content in enumerate(clip.views):
        _add_view(f"views/{index}", content, datasets, attributes)
    return datasets, attributes


def _add_view(at: str, content: ViewContent, datasets: Datasets, attributes: Attributes) -> None:
    view, look = content.view, content.view.direction
    angles = [look.yaw_deg, look.pitch_deg, look.roll_deg, view.hfov_deg, view.vfov_deg]
    datasets[f"{at}/direction"] = np.array(angles, np.float64)
    attributes[at] = {"projection": view.projection, "width": view.width, "height": view.height}
    add_track(f"{at}/frames", content.frames, datasets, attributes)
    add_track(f"{at}/beam", content.beam, datasets, attributes)
    if content.labels is not None:
        add_track(f"{at}/labels", content.labels, datasets, attributes)


def add_track(path: str, track: Track, datasets: Datasets, attributes: Attributes) -> None:
    """Lay a track down at a path."""
    datasets.update(track.datasets(path))
    attributes[path] = track.attributes()
