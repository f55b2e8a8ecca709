"""The same samples whoever prepares them: any number of workers and ranks, interrupted and gone on with."""

import hashlib
import itertools
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_panoramas import panorama_clip, write_shard
from small_training import VIDEOS, small_config, write_noise
from torch.utils.data import DataLoader

from avsa_models.dataset import PanoramaClips, Sample, open_panoramas
from avsa_models.samples import Batch, Place, Places, SampleConfig, Samples, stacked
from yt360_tools.errors import UsageError

CLIPS = 2 * len(VIDEOS)
SMALL = small_config()
CONFIG = SampleConfig(2, SMALL.moment, SMALL.views, SMALL.features, seed=11)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("shards") / "noise.h5")


@pytest.fixture
def clips(folder: Path) -> Iterator[PanoramaClips]:
    opened = open_panoramas([folder], "train", SMALL.moment)
    yield opened
    opened.close()


def digest(sample: Sample) -> str:
    return hashlib.sha256(sample.video.tobytes() + sample.audio.tobytes()).hexdigest()


def first_of(samples: list[Sample]) -> Sample:
    return samples[0]


def loaded(clips: PanoramaClips, places: Places, workers: int, method: str = "fork") -> list[str]:
    loader = DataLoader(
        Samples(clips, CONFIG),
        sampler=places,
        batch_size=1,
        num_workers=workers,
        collate_fn=first_of,
        multiprocessing_context=method if workers else None,
        worker_init_fn=one_thread,
    )
    return [digest(sample) for sample in loader]


def one_thread(_: int) -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def epoch(folder: Path) -> list[str]:
    """Of the samples of the first two epochs, in the order of their places."""
    samples = Samples(open_panoramas([folder], "train", SMALL.moment), CONFIG)
    return [digest(samples[epoch, place]) for epoch in range(2) for place in range(CLIPS)]


def test_an_epoch_has_each_clip_once(clips: PanoramaClips) -> None:
    samples = Samples(clips, CONFIG)
    orders = [[samples[epoch, place].clip_index for place in range(CLIPS)] for epoch in range(2)]
    assert [sorted(order) for order in orders] == [list(range(CLIPS))] * 2
    assert orders[0] != orders[1]


@pytest.mark.parametrize(("workers", "method"), [(0, ""), (1, "fork"), (2, "fork"), (4, "fork"), (2, "spawn")])
def test_workers_do_not_matter(workers: int, method: str, clips: PanoramaClips, epoch: list[str]) -> None:
    assert loaded(clips, Places(CLIPS, epochs=2), workers, method) == epoch


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_three_ranks_share_what_one_would_take(workers: int, clips: PanoramaClips, epoch: list[str]) -> None:
    shares = [loaded(clips, Places(CLIPS, epochs=2, rank=rank, ranks=3, even=False), workers) for rank in range(3)]
    together = [one for step in itertools.zip_longest(*shares) for one in step if one is not None]
    assert together == epoch


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("ranks", [1, 3])
def test_interrupted_anywhere_it_goes_on_there(
    workers: int, ranks: int, clips: PanoramaClips, epoch: list[str]
) -> None:
    whole = [loaded(clips, Places(CLIPS, epochs=2, rank=rank, ranks=ranks), 0) for rank in range(ranks)]
    stop = int(np.random.default_rng(ranks).integers(1, len(whole[0])))
    before = Places(CLIPS, epochs=2, ranks=ranks)
    first = before.next_first(stop)
    for rank in range(ranks):
        places = Places(CLIPS, epochs=2, rank=rank, ranks=ranks, first=first)
        assert len(places) == len(whole[rank]) - stop
        assert loaded(clips, places, workers) == whole[rank][stop:]


def test_it_may_go_on_with_another_number_of_ranks(clips: PanoramaClips, epoch: list[str]) -> None:
    begun = [list(Places(CLIPS, epochs=2, rank=rank, ranks=2))[:2] for rank in range(2)]
    first = Places(CLIPS, epochs=2, ranks=2).next_first(2)
    rest = [list(Places(CLIPS, epochs=2, rank=rank, ranks=3, first=first, even=False)) for rank in range(3)]
    taken = sorted(place for of in (*begun, *rest) for place in of)
    assert taken == [divmod(number, CLIPS) for number in range(2 * CLIPS)]


@pytest.mark.parametrize("length", [1, 5, 12, 13])
@pytest.mark.parametrize("ranks", [1, 2, 3, 7])
@pytest.mark.parametrize("epochs", [1, 7])
def test_shares_are_even_and_nothing_is_taken_twice_or_missed(length: int, ranks: int, epochs: int) -> None:
    shares = [list(Places(length, epochs=epochs, rank=rank, ranks=ranks)) for rank in range(ranks)]
    assert len({len(share) for share in shares}) == 1
    taken = [place for share in shares for place in share]
    every: list[Place] = [(epoch, place) for epoch in range(epochs) for place in range(length)]
    assert sorted(taken) == every[: len(every) // ranks * ranks]
    uneven = [list(Places(length, epochs=epochs, rank=rank, ranks=ranks, even=False)) for rank in range(ranks)]
    assert sorted(place for share in uneven for place in share) == every
    assert max(map(len, uneven)) - min(map(len, uneven)) <= 1


def test_another_seed_and_another_stream_give_others(clips: PanoramaClips, epoch: list[str]) -> None:
    for changed in (
        SampleConfig(2, SMALL.moment, SMALL.views, SMALL.features, seed=12),
        SampleConfig(2, SMALL.moment, SMALL.views, SMALL.features, seed=11, stream=(1,)),
    ):
        assert digest(Samples(clips, changed)[0, 0]) != epoch[0]


def test_batches_stack(clips: PanoramaClips) -> None:
    loader = DataLoader(Samples(clips, CONFIG), sampler=Places(CLIPS), batch_size=4, collate_fn=stacked)
    batch: Batch = next(iter(loader))
    assert (batch.video.shape[:2], batch.video.dtype) == ((4, 2), torch.uint8)
    assert batch.audio.shape[:3] == (4, 2, 7)
    assert [clips.video_of_clip[index] for index in batch.clip_index] == batch.video_index.tolist()


@pytest.mark.parametrize(
    "wrong", [{"rank": 3, "ranks": 3}, {"rank": -1}, {"epochs": 0}, {"first": -1}, {"first": 11, "epochs": 2}]
)
def test_places_that_there_are_not_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=r"rank|place"):
        Places(5, **wrong)  # type: ignore[arg-type]


def test_the_documents_program_takes_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    frames = list(np.random.default_rng(0).integers(0, 255, (32, 16, 32, 3)).astype(np.uint8))
    foa = np.random.default_rng(1).normal(0, 0.1, (4, 48000))
    contents = [panorama_clip(f"{name}-0", frames, foa, fps=16.0, sample_rate_hz=24000) for name in "ab"]
    write_shard(tmp_path / "W" / "shards" / "train-00000.h5", *contents)
    (tmp_path / "program.py").write_text(program.replace("epochs=50", "epochs=14").replace("workers=2", "workers=0"))
    monkeypatch.chdir(tmp_path)
    batch = runpy.run_path("program.py")["batch"]
    shapes = re.findall(r"\(28, [\d, ]+\)", program)
    assert [str(tuple(part.shape)) for part in (batch.video, batch.audio)] == shapes
