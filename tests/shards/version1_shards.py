"""Shards of format version 1, as its document described them, by h5py alone."""

import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import simplejpeg
from small_shards import LOOKS, RATE_HZ, noise, smooth_frames


def version_1_shard(path: Path, *clip_ids: str, codec: str = "jpeg", split: str = "train") -> Path:
    """A shard with two views a clip: the pictures and sounds of `small_shards.clip` with seeds 0, 10, ..."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.attrs.update(format="yt360-shard", version=1, split=split, conventions="as ever")
        file.attrs.update(config=json.dumps({"fps": 3.0}), tools=json.dumps({"numpy": "2"}), header_sha256="0" * 64)
        for number, clip_id in enumerate(clip_ids):
            _write_clip(file.create_group(f"clips/{clip_id}"), clip_id, 10 * number, codec, split)
    return path


def _write_clip(group: Any, clip_id: str, seed: int, codec: str, split: str) -> None:
    video_id, _, start = clip_id.rpartition("-")
    datasets = {
        "window": np.array([float(start), float(start) + 1]),
        "rates": np.array([3.0, RATE_HZ]),
        "ambisonics": noise(seed),
    }
    for index, look in enumerate(LOOKS):
        at, frames = f"views/{index}", smooth_frames(seed + index)
        datasets[f"{at}/direction"] = np.array([look.yaw_deg, look.pitch_deg, look.roll_deg, 80.0, 64.0])
        datasets[f"{at}/beam"] = noise(seed + index + 100, 1)[0]
        group.create_group(at).attrs.update(projection="viewport", codec=codec, width=32, height=24)
        if codec == "jpeg":
            files = [bytes(simplejpeg.encode_jpeg(frame, quality=90, colorsubsampling="420")) for frame in frames]
            datasets[f"{at}/frames"] = np.frombuffer(b"".join(files), np.uint8)
            datasets[f"{at}/offsets"] = np.cumsum([0, *map(len, files)]).astype(np.int64)
        else:
            datasets[f"{at}/frames"] = frames
    digest = hashlib.sha256()
    for at in sorted(datasets):
        group[at] = datasets[at]
        digest.update(f"{at}\0{datasets[at].dtype.str}\0{datasets[at].shape}\0".encode() + datasets[at].tobytes())
    group.attrs.update(clip_id=clip_id, video_id=video_id, split=split, source=json.dumps({"projection": "eac"}))
    group.attrs.update(content_sha256=digest.hexdigest(), record_sha256="0" * 64)
