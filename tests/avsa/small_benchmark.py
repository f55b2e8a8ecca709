"""A world small enough for benchmarks in a test: in each clip one light and its sound, somewhere.

The picture is bright towards the light and dark away from it; the sound is a plane wave of noise from there.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from drawn_panoramas import panorama_clip, write_shard
from numpy.typing import NDArray

from avsa_models.benchmarks.measure import BENCHMARKS
from avsa_models.benchmarks.pairs import SoundPairs
from avsa_models.checkpoint import NAME, Checkpoint, save_checkpoint
from avsa_models.config import Config, load_config
from avsa_models.dataset import PanoramaClips, open_panoramas
from avsa_models.nets.alignment import AlignmentModel
from yt360_tools.ambisonics import encode
from yt360_tools.geometry import er_rays, ray_from_angles
from yt360_tools.shards import ClipContent

SIZE = (
    "views.size=16",
    "moment.frames=2",
    "moment.fps=4",
    "moment.audio_s=0.25",
    "features.n_fft=256",
    "features.hop=200",
    "features.mels=12",
    "features.high_hz=4000",
    "net.video_widths=[4, 8]",
    "net.audio_widths=[8, 8]",
    "net.embedding=16",
)
RATE_HZ, FPS, CLIP_S = 8000, 4.0, 2.0


def small_config(*settings: str) -> Config:
    """The preset `tiny` on pictures, sounds and nets of a test's size."""
    return load_config("tiny", (*SIZE, *settings))


def light_of(clip_id: str, *, what: str = "light") -> tuple[float, float]:
    """Azimuth and elevation of a clip's light, in radians."""
    rng = np.random.default_rng(list(f"{what} {clip_id}".encode()))
    return float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(-0.7, 0.7))


def sounding_light(clip_id: str, split: str, *, apart: bool = False) -> ClipContent:
    """A clip of one light; its id before the last ``-`` is the video's. The sound is where it is, unless `apart`."""
    ray = ray_from_angles(*light_of(clip_id))
    source = ray_from_angles(*light_of(clip_id, what="sound")) if apart else ray
    brightness = np.rint(127.5 + 127.5 * (er_rays(64, 32) @ ray)).astype(np.uint8)
    picture = np.repeat(brightness[..., None], 3, axis=2)
    noise = 0.1 * np.random.default_rng(list(clip_id.encode())).normal(size=round(CLIP_S * RATE_HZ))
    frames = [picture] * round(CLIP_S * FPS)
    return panorama_clip(clip_id, frames, encode(noise, source), fps=FPS, sample_rate_hz=RATE_HZ, split=split)


def write_world(folder: Path, *, train: int, test: int, clips_a_video: int = 1, apart: bool = False) -> Path:
    """Shards of so many videos: ``learn0``, ... in the split train, ``seen0``, ... in the split test."""
    for split, stem, videos in (("train", "learn", train), ("test", "seen", test)):
        names = [f"{stem}{video}-{clip}" for video in range(videos) for clip in range(clips_a_video)]
        if names:
            write_shard(folder / f"{split}-00000.h5", *(sounding_light(name, split, apart=apart) for name in names))
    return folder


def pairs_of(
    benchmark: str, shards: Path, config: Config, *, moments: int = 3, views: int = 4, split: str = "test"
) -> SoundPairs:
    """A benchmark's pairs of a split."""
    clips: PanoramaClips = open_panoramas([shards], split, config.moment)
    most_clips = config.benchmark.train_clips if split == "train" else config.benchmark.test_clips
    return BENCHMARKS[benchmark](clips, config, most_clips=most_clips, moments=moments, views=views)


def write_untrained(
    run: Path, config: Config, *, trained_video_ids: Sequence[str] = (), finished: bool = True, seed: int = 0
) -> Path:
    """The checkpoint of a model that has learned nothing, and says that it has if `finished`."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AlignmentModel(config.net, config.features.channels)
    values: dict[str, Any] = {"stage": "avsa", "step": config.avsa.steps if finished else 1}
    checkpoint = Checkpoint(
        config=config,
        **values,
        model=model.state_dict(),
        optimizer={},
        random_state=torch.get_rng_state(),
        log_bytes=0,
        trained_video_ids=tuple(trained_video_ids),
        content_hash="0" * 64,
        versions={},
    )
    run.mkdir(parents=True, exist_ok=True)
    save_checkpoint(run / NAME, checkpoint)
    return run


def heard_from(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """The unit vector (3,) towards where features (7, steps, mels) sound from, by their intensity."""
    flow = features[4:].reshape(3, -1).astype(np.float64).sum(axis=1)
    return flow / np.linalg.norm(flow)
