"""Samples finished on a device are those that workers finish: the same moments and views, within rounding."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from drawn_panoramas import write_shard
from small_training import noise_clip, small_config
from torch.utils.data import DataLoader

from avsa_models.dataset import PanoramaClips, open_panoramas
from avsa_models.features import FeatureConfig
from avsa_models.on_device import UnfinishedSamples, finished, stacked_parts
from avsa_models.samples import Places, SampleConfig, Samples, stacked

SMALL = small_config()


@pytest.fixture
def clips(tmp_path: Path) -> Iterator[PanoramaClips]:
    write_shard(tmp_path / "train-00000.h5", *(noise_clip(f"{name}-0") for name in "abc"))
    opened = open_panoramas([tmp_path], "train", SMALL.moment)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", ["logmel", "logmel+iv"])
@pytest.mark.parametrize("workers", [0, 2])
def test_they_are_those_of_workers(kind: str, workers: int, clips: PanoramaClips) -> None:
    views = replace(SMALL.views, mirror=0.5, brightness=0.3, hue_deg=20)
    features: FeatureConfig = replace(SMALL.features, kind=kind)
    samples = Samples(clips, SampleConfig(3, SMALL.moment, views, features, seed=5))
    places = Places(len(clips), epochs=4)
    wanted = list(DataLoader(samples, batch_size=3, sampler=places, collate_fn=stacked))
    raw = DataLoader(
        UnfinishedSamples(samples), batch_size=3, sampler=places, num_workers=workers, collate_fn=stacked_parts
    )
    for batch, expected in zip(raw, wanted, strict=True):
        found = finished(batch, features, "cpu")
        assert (found.video.shape, found.video.dtype) == (expected.video.shape, torch.uint8)
        off = (found.video.int() - expected.video.int()).abs()
        assert off.max() <= 8  # of noise, a 64th of a pixel beside it is 4 levels; rounding adds 2
        assert off.float().mean() < 1
        assert found.audio.shape == expected.audio.shape
        assert torch.allclose(found.audio, expected.audio, atol=2e-4)
        assert torch.equal(found.clip_index, expected.clip_index)
        assert torch.equal(found.video_index, expected.video_index)
