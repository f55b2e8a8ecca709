"""Codecs: frames of one size alone, and no second copy of them in memory."""

import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

from yt360_tools.shards.codecs import reading_codec, writing_codec


def test_raw_frames_of_other_sizes_are_refused_though_their_sum_is_right() -> None:
    raw = writing_codec("raw", quality=90)
    sizes = (8 * 16 * 3 - 3, 8 * 16 * 3 + 3)
    with pytest.raises(ValueError, match="cannot reshape"):
        raw.datasets(tuple(bytes(size) for size in sizes), 8, 16)


@pytest.mark.parametrize("name", ["raw", "jpeg"])
def test_loading_holds_the_frames_once(name: str, tmp_path: Path) -> None:
    codec, count, height, width = writing_codec(name, quality=90), 24, 240, 320
    encoded = tuple(codec.encode(np.full((height, width, 3), 9 * number, np.uint8)) for number in range(count))
    with h5py.File(tmp_path / "view.h5", "w") as file:
        file.attrs.update(height=height, width=width)
        for at, values in codec.datasets(encoded, height, width).items():
            file[at] = values
        reader = reading_codec(name, "view.h5")
        reader.load(file, 0, 1)  # imports
        tracemalloc.start()
        try:
            frames = reader.load(file, 0, count)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert frames.shape == (count, height, width, 3)
    assert peak < 1.3 * frames.nbytes


def test_laying_raw_frames_down_takes_their_size_once() -> None:
    raw, frame = writing_codec("raw", quality=90), bytes(240 * 320 * 3)
    tracemalloc.start()
    try:
        frames = raw.datasets((frame,) * 24, 240, 320)["frames"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.1 * frames.nbytes
