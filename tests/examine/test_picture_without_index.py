"""Frames are whole where a container has no index: a search in a transport stream ends between two key frames."""

from pathlib import Path

import numpy as np
import pytest

from yt360_tools.examine.picture_samples import sample_picture
from yt360_tools.media.ffmpeg import run_ffmpeg

CODERS = {"mpeg4": ("mpeg4", "-q:v", "3"), "mpeg2": ("mpeg2video", "-q:v", "3"), "h264": ("libx264", "-crf", "20")}


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("ending", ["ts", "mkv"])
def test_every_frame_is_whole(coder: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.{ending}"
    drawn = "gradients=size=192x96:rate=25:duration=6:speed=0.02:seed=4:c0=red:c1=blue:x0=0:y0=0:x1=191:y1=95"
    name, *quality = CODERS[coder]
    coded = ["-c:v", name, *quality, "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p"]
    done = run_ffmpeg(["-y", "-f", "lavfi", "-i", drawn, *coded, path])
    assert done.returncode == 0
    sampled = sample_picture(path)
    assert len(sampled.frames) >= 5
    grey = [float(np.ptp(frame.astype(int), axis=2).mean()) for frame in sampled.frames]
    assert min(grey) > 30, grey
