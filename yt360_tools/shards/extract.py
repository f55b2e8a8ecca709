"""A clip taken out of its shard, as pictures and sound files that any program opens."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.shards.clips import StoredClip

_FILE = re.compile(r"clip\.json|ambisonics\.wav|view(0|[1-9][0-9]*)(\.beam)?\.wav")
_FRAMES = re.compile(r"view(0|[1-9][0-9]*)")
_FRAME = re.compile(r"frame([0-9]{4}|[1-9][0-9]{4,})\.png")


def extract_clip(clip: StoredClip, folder: Path) -> None:
    """Write ``clip.json``, ``ambisonics.wav`` and, for view k, ``view<k>/frame0000.png`` and so on,
    ``view<k>.wav`` (AmbiX turned to the view) and ``view<k>.beam.wav``; sound as 32-bit float.

    Files of these names that an earlier clip has left in the folder are removed first, and nothing else.

    Raises:
        ShardError: the clip is damaged; the folder is as it was then.
        OSError: the folder cannot be written.
    """
    import cv2

    facts = describe_clip(clip)
    clip.check()
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    _write_sound(folder / "ambisonics.wav", clip.ambisonics, clip.sample_rate_hz)
    for index, view in enumerate(clip.views):
        frames = folder / f"view{index}"
        frames.mkdir(exist_ok=True)
        for number, frame in enumerate(view.frames):
            written = cv2.imencode(".png", frame[..., ::-1])[1]
            (frames / f"frame{number:04d}.png").write_bytes(written.tobytes())
        _write_sound(folder / f"view{index}.wav", view.ambisonics, clip.sample_rate_hz)
        _write_sound(folder / f"view{index}.beam.wav", view.beam[None], clip.sample_rate_hz)
    (folder / "clip.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def describe_clip(clip: StoredClip) -> dict[str, Any]:
    """A clip's facts as plain values: times in seconds, angles in degrees."""
    return {
        "clip_id": clip.clip_id,
        "video_id": clip.window.video_id,
        "split": clip.window.split,
        "start_s": clip.window.start_s,
        "end_s": clip.window.end_s,
        "fps": clip.fps,
        "sample_rate_hz": clip.sample_rate_hz,
        "source": clip.source,
        "views": [
            {
                "index": index,
                "projection": stored.view.projection,
                "yaw_deg": stored.direction.yaw_deg,
                "pitch_deg": stored.direction.pitch_deg,
                "roll_deg": stored.direction.roll_deg,
                "hfov_deg": stored.view.hfov_deg,
                "vfov_deg": stored.view.vfov_deg,
                "width": stored.view.width,
                "height": stored.view.height,
                "frames": len(stored),
            }
            for index, stored in enumerate(clip.views)
        ],
    }


def _clear(folder: Path) -> None:
    """Remove what `extract_clip` writes. A view's folder goes when it is empty; links to folders are left alone."""
    for item in sorted(folder.iterdir()):
        if item.is_dir():
            if _FRAMES.fullmatch(item.name) and not item.is_symlink():
                for frame in sorted(item.iterdir()):
                    if _FRAME.fullmatch(frame.name) and not frame.is_dir():
                        frame.unlink()
                if not any(item.iterdir()):
                    item.rmdir()
        elif _FILE.fullmatch(item.name):
            item.unlink()


def _write_sound(path: Path, channels: NDArray[np.float32], sample_rate_hz: int) -> None:
    import soundfile

    soundfile.write(path, channels.T, sample_rate_hz, subtype="FLOAT")
