"""Codecs: frames of one size alone, repeated ones, and no second copy of them in memory."""

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_shards import clip, encoded, shard, smooth_frames

from yt360_tools.records import FRAME_CODECS
from yt360_tools.shards import open_shards
from yt360_tools.shards.codecs import writing_codec
from yt360_tools.shards.h264 import H264Codec


@pytest.mark.parametrize("name", FRAME_CODECS)
def test_frames_of_another_size_are_refused(name: str) -> None:
    encoder = writing_codec(name).encoder(8, 16, 4.0)
    encoder.add(np.zeros((8, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="has shape"):
        encoder.add(np.zeros((16, 8, 3), np.uint8))


@pytest.mark.parametrize("name", FRAME_CODECS)
def test_a_repeated_frame_is_like_one_added_again(name: str) -> None:
    frames = smooth_frames(3)
    twice, added = writing_codec(name).encoder(24, 32, 4.0), writing_codec(name).encoder(24, 32, 4.0)
    for number in (0, 0, 1, 2, 2):
        added.add(frames[number])
    twice.add(frames[0])
    twice.repeat()
    twice.add(frames[1])
    twice.add(frames[2])
    twice.repeat()
    first, second = added.finish(), twice.finish()
    assert (first.count, first.sizes) == (second.count, second.sizes) == (5, second.sizes)
    assert (first.values == second.values).all()


@pytest.mark.parametrize("size", [(23, 33), (24, 32), (112, 112), (224, 448)])
def test_h264_makes_the_same_bytes_whatever_was_encoded_before(size: tuple[int, int]) -> None:
    frames = smooth_frames(0, 9, *size)
    first = encoded(H264Codec(20, 8), frames).values.tobytes()
    for number in range(12):
        encoded(H264Codec(20, 8), smooth_frames(number, 9, 16 + 8 * number, 64))  # leaves its traces in memory
        assert encoded(H264Codec(20, 8), frames).values.tobytes() == first


@pytest.mark.parametrize("size", [(23, 33), (24, 32)])
def test_h264_of_a_size_that_is_no_whole_number_of_macroblocks(size: tuple[int, int]) -> None:
    frames = smooth_frames(1, 5, *size)
    into = np.empty_like(frames)
    H264Codec().decode([encoded(H264Codec(14, 8), frames).values.tobytes()], [5], into)
    assert np.abs(into.astype(float) - frames).mean() < 3


@pytest.mark.parametrize("group", [1, 8, 16])
def test_each_group_of_h264_decodes_alone(group: int) -> None:
    frames = smooth_frames(5, 21)
    track = encoded(H264Codec(18, group), frames)
    assert (track.count, track.block, len(track.sizes or ())) == (21, group, -(-21 // group))
    bounds = np.concatenate([[0], np.cumsum(track.sizes)])
    for number, (begin, end) in reversed(list(enumerate(pairwise(bounds)))):
        wanted = frames[number * group : (number + 1) * group]
        into = np.empty_like(wanted)
        H264Codec().decode([track.values[begin:end].tobytes()], [len(wanted)], into)
        assert np.abs(into.astype(float) - wanted).mean() < 3


def test_a_group_of_h264_with_too_few_or_too_many_frames_is_damage() -> None:
    track = encoded(H264Codec(18, 8), smooth_frames(5, 8))
    for count in (7, 9):
        with pytest.raises(ValueError, match="a group holds"):
            H264Codec().decode([track.values.tobytes()], [count], np.empty((count, 24, 32, 3), np.uint8))
    with pytest.raises(ValueError, match="a group holds other frames"):
        H264Codec().decode([track.values.tobytes()], [8], np.empty((8, 24, 48, 3), np.uint8))


def test_jpeg_keeps_colours_sharp_where_it_is_asked_to() -> None:
    stripes = np.zeros((1, 16, 32, 3), np.uint8)
    stripes[:, :, ::2] = (250, 20, 20)
    errors = {}
    for chroma in ("420", "444"):
        codec, into = writing_codec("jpeg", quality=95, chroma=chroma), np.empty_like(stripes)
        codec.decode([encoded(codec, stripes).values.tobytes()], [1], into)
        errors[chroma] = np.abs(into.astype(float) - stripes).mean()
    assert errors["444"] < 4 < 10 < errors["420"]


@pytest.mark.parametrize("name", ["raw", "jpeg"])
def test_loading_holds_the_frames_little_more_than_once(name: str, path: Path) -> None:
    with open_shards(shard(path, clip(codec=name, frames=200, looks=[clip().views[0].view.direction]))) as shards:
        frames = shards.clip("-v-54.5").views[0].frames
        _ = frames[0]  # imports
        tracemalloc.start()
        try:
            found = frames[:]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert found.shape == (200, 24, 32, 3)
    assert peak < (2.2 if name == "raw" else 1.6) * found.nbytes
