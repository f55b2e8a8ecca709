"""Shards of format version 1, for `migrate` alone: everything lay in HDF5 datasets, without tracks and records."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import ShardError
from yt360_tools.geometry import Direction
from yt360_tools.records import ClipWindow, View
from yt360_tools.shards.attributes import read_attributes
from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.opening import open_hdf5
from yt360_tools.shards.schema import FORMAT, ClipContent, ShardHeader, ViewContent
from yt360_tools.shards.sound_codecs import encode_sound
from yt360_tools.shards.tracks import Track

VERSION_1 = 1


def stated_version(path: Path) -> int:
    """The format version that a shard states; 0 where it is none.

    Raises:
        ShardError: the file cannot be opened.
    """
    with naming_damage(path, hint=""), open_hdf5(path) as file:
        attributes = read_attributes(file)
        return int(attributes["version"]) if attributes.get("format") == FORMAT else 0


def read_version_1(path: Path) -> tuple[ShardHeader, Iterator[ClipContent]]:
    """The header and the clips of a shard of version 1; each clip is held against its checksum when it is read.

    Pictures stay as they are encoded, and sound as it is, as 32-bit floats.

    Raises:
        ShardError: it is damaged.
    """
    with naming_damage(path, hint=""), open_hdf5(path) as file:
        attributes = read_attributes(file)
        header = ShardHeader(
            str(attributes["split"]), json.loads(str(attributes["config"])), json.loads(str(attributes["tools"]))
        )
    return header, _clips(path)


def _clips(path: Path) -> Iterator[ClipContent]:
    with naming_damage(path, hint=""), open_hdf5(path) as file:
        for clip_id in file["clips"]:
            with naming_damage(path, clip_id, hint=""):
                content = _clip(file["clips"][clip_id], path)
            yield content


def _clip(group: Any, path: Path) -> ClipContent:
    import h5py

    datasets: dict[str, NDArray[Any]] = {}
    group.visititems(lambda at, item: datasets.update({at: item[()]} if isinstance(item, h5py.Dataset) else {}))
    attributes = read_attributes(group)
    if _content_sha256(datasets) != attributes["content_sha256"]:
        raise ShardError(f"{path}: clip {attributes['clip_id']!r}: its frames or sound do not have their checksum")
    start_s, end_s = datasets["window"].tolist()
    fps, sample_rate_hz = datasets["rates"].tolist()
    rate_hz = int(sample_rate_hz)
    window = ClipWindow(
        str(attributes["clip_id"]), str(attributes["video_id"]), start_s, end_s, str(attributes["split"])
    )
    views = tuple(_view(group[f"views/{index}"], fps, rate_hz) for index in range(len(group["views"])))
    sound = encode_sound(datasets["ambisonics"], "float32", rate_hz)
    return ClipContent(window, fps, rate_hz, sound, views, json.loads(str(attributes["source"])))


def _view(group: Any, fps: float, rate_hz: int) -> ViewContent:
    attributes = read_attributes(group)
    yaw, pitch, roll, hfov, vfov = group["direction"][()].tolist()
    size = int(attributes["width"]), int(attributes["height"])
    view = View(str(attributes["projection"]), Direction(yaw, pitch, roll), hfov, vfov, *size)
    values = group["frames"][()]
    if attributes["codec"] == "jpeg":
        sizes = tuple(int(size) for size in np.diff(group["offsets"][()]))
        frames = Track("jpeg", len(sizes), 1, values, sizes, {})
    else:
        frames = Track.plain("raw", 1, values)
    return ViewContent(view, frames, encode_sound(group["beam"][()][None], "float32", rate_hz))


def _content_sha256(datasets: dict[str, NDArray[Any]]) -> str:
    """As version 1 had it: over each dataset's path, dtype, shape and bytes."""
    digest = hashlib.sha256()
    for at in sorted(datasets):
        values = np.ascontiguousarray(datasets[at])
        digest.update(f"{at}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(values.view(np.uint8).reshape(-1).data)
    return digest.hexdigest()
