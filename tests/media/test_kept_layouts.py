"""Sound whose channels stand in an order of their own: ffmpeg's custom layouts, which PyAV frees twice."""

import gc
from pathlib import Path

import numpy as np
import pytest
from worlds.dot import run_ffmpeg
from worlds.sound_boxes import put_into_sound, sa3d

from yt360_tools.media.guarded import run_guarded
from yt360_tools.media.probe import SoundProbe, probe_sound
from yt360_tools.media.sound_decoding import decoded_blocks


def probe_and_decode(path: Path) -> tuple[SoundProbe, list[float]]:
    """What a process of its own does, many times: freed memory is not missed at once."""
    for _ in range(10):
        probe = probe_sound(path)
        samples = np.concatenate([block for _, block, _ in decoded_blocks(path, None, range(probe.channels))], axis=1)
        gc.collect()
    return probe, np.abs(samples).max(axis=1).tolist()


@pytest.mark.parametrize("codec", ["pcm_s16le", "flac"])
def test_a_map_of_its_own_crashes_nothing(tmp_path: Path, codec: str) -> None:
    path = tmp_path / ("sound.mp4" if codec == "flac" else "sound.mov")
    levels = "0.8*sin(2000*t)|0.4*sin(2000*t)|0.2*sin(2000*t)|0.1*sin(2000*t)"
    run_ffmpeg(["-f", "lavfi", "-i", f"aevalsrc=exprs={levels}:c=4.0:d=1:s=48000", "-c:a", codec, path])
    put_into_sound(path, sa3d((0, 2, 3, 1)))
    probe, peaks = run_guarded(probe_and_decode, path, timeout_s=60, memory_mib=1000)
    assert probe.channels == 4
    assert peaks == pytest.approx([0.8, 0.4, 0.2, 0.1], rel=0.01), "channels stay as they are decoded"
