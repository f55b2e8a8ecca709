"""A training of seconds: six videos of noise, a net of a few channels, sixteen steps."""

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from drawn_panoramas import panorama_clip, write_shard
from worlds import command

from avsa_models.config import Config, config_from_dict
from yt360_tools.shards import ClipContent

VIDEOS = ("a", "b", "c", "d", "e", "f")
RATE_HZ = 8000
FPS = 4

VALUES: dict[str, dict[str, Any]] = {
    "run": {"workers": 0, "save_every": 3, "seed": 5},
    "moment": {"frames": 2, "fps": 4, "audio_s": 0.5},
    "views": {"size": 16},
    "features": {"n_fft": 256, "hop": 200, "mels": 8, "high_hz": 4000},
    # With dropout, going on exactly takes torch's generator as it was.
    "net": {
        "video_widths": [4, 8],
        "video_blocks": 1,
        "audio_widths": [4, 8],
        "transformer_layers": 1,
        "dropout": 0.2,
        "embedding": 8,
    },
    # 12 clips: an epoch ends with a step of avc, and within steps of avsa.
    "avc": {"steps": 8, "batch": 4, "learning_rate": 1e-2},
    "avsa": {"steps": 8, "batch": 5, "views": 2, "learning_rate": 1e-2},
}


def small_config(**changes: dict[str, Any]) -> Config:
    """`VALUES` with changes by section."""
    sections = {**VALUES, **changes}
    return config_from_dict({name: {**VALUES.get(name, {}), **values} for name, values in sections.items()})


def settings(config: dict[str, dict[str, Any]] = VALUES) -> list[str]:
    """Values as ``--set`` options."""
    flat = [(f"{section}.{key}", value) for section, values in config.items() for key, value in values.items()]
    return [part for name, value in flat for part in ("--set", f"{name}={value}")]


@functools.cache
def noise_clip(clip_id: str, *, seconds: float = 3.0, split: str = "train", rate_hz: int = RATE_HZ) -> ClipContent:
    rng = np.random.default_rng(list(clip_id.encode()))
    frames = rng.integers(0, 256, (round(seconds * FPS), 32, 64, 3)).astype(np.uint8)
    foa = 0.1 * rng.standard_normal((4, round(seconds * rate_hz)))
    return panorama_clip(clip_id, frames, foa, fps=FPS, sample_rate_hz=rate_hz, split=split)


def write_noise(path: Path, videos: Sequence[str] = VIDEOS) -> Path:
    """A shard of two clips a video; the folder it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_shard(path, *(noise_clip(f"{video}-{start}") for video in videos for start in (0, 10)))
    return path.parent


SIGNALLED = """
import os, signal, sys
from avsa_models import journal

whom, number, after = sys.argv.pop(), int(sys.argv.pop()), int(sys.argv.pop())
add, steps = journal.Journal.add, []

def add_and_signal(self, *step):
    add(self, *step)
    steps.append(step)
    if len(steps) == after:
        if whom == "group":
            os.killpg(os.getpgrp(), number)
        else:
            os.kill(os.getpid(), number)

journal.Journal.add = add_and_signal
from avsa_models.cli import main
main()
"""
"""``avsa``, to which a signal is sent when it has written down so many steps: to it alone, or to its whole group."""


def run_signalled(*arguments: object, after: int, number: int, whom: str = "itself") -> command.Ended:
    """How ``avsa`` ends at a signal; its workers have ended, too, or this fails."""
    folders = os.pathsep.join(sys.path)
    return command.run(
        [*arguments, after, int(number), whom],
        command=(sys.executable, "-c", SIGNALLED),
        changes={"PYTHONPATH": folders},
        timeout_s=60,
    )
