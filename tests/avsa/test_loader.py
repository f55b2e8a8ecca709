"""Which samples a step sees: decided by the seed and the step alone, whoever prepares them."""

import dataclasses
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_panoramas import write_shard
from small_training import RATE_HZ, VIDEOS, noise_clip, small_config, write_noise
from worlds import command

from avsa_models.config import Config
from avsa_models.dataset import PanoramaClips, draw_sample, open_panoramas
from avsa_models.loader import StageBatches, stage_batches
from avsa_models.samples import Batch
from avsa_models.workers import prepared
from yt360_tools.errors import TransientError, UsageError

CLIPS = 2 * len(VIDEOS)
CONFIG = small_config()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("shards") / "noise.h5")


@pytest.fixture
def clips(folder: Path) -> Iterator[PanoramaClips]:
    opened = open_panoramas([folder], "train", CONFIG.moment)
    yield opened
    opened.close()


def with_stage(name: str = "avsa", **changes: object) -> Config:
    return dataclasses.replace(CONFIG, **{name: dataclasses.replace(CONFIG.stage(name), **changes)})


def drawn(batches: Iterator[Batch]) -> list[int]:
    return [index for batch in batches for index in batch.clip_index.tolist()]


def are_equal(one: Batch, other: Batch) -> bool:
    return all(torch.equal(getattr(one, item.name), getattr(other, item.name)) for item in dataclasses.fields(Batch))


class TestABatch:
    def test_has_the_shapes_and_types_it_says(self, clips: PanoramaClips) -> None:
        batch = next(stage_batches(clips, CONFIG, "avsa"))
        assert (batch.video.shape, batch.video.dtype) == ((5, 2, 2, 16, 16, 3), torch.uint8)
        assert (batch.audio.shape, batch.audio.dtype) == ((5, 2, 7, 20, 8), torch.float32)
        assert [clips.video_of_clip[index] for index in batch.clip_index] == batch.video_index.tolist()

    def test_has_one_view_a_sample_where_the_stage_has(self, clips: PanoramaClips) -> None:
        assert next(stage_batches(clips, CONFIG, "avc")).video.shape[:2] == (4, 1)

    def test_holds_what_sampling_the_clip_gives(self, clips: PanoramaClips) -> None:
        batch = StageBatches(clips, CONFIG, "avsa")[1]  # places 5 to 9 of epoch 0
        rng = np.random.default_rng(np.random.SeedSequence(CONFIG.run.seed, spawn_key=(1, 0, 7)))
        index = int(batch.clip_index[2])
        kinds = {"moment": CONFIG.moment, "views": CONFIG.views, "features": CONFIG.features}
        alone = draw_sample(clips, index, rng, count=CONFIG.avsa.views, **kinds)
        np.testing.assert_array_equal(batch.video[2], alone.video)
        np.testing.assert_array_equal(batch.audio[2], alone.audio)


class TestAnEpoch:
    @pytest.mark.parametrize("batch", [4, 5, CLIPS, CLIPS + 7])
    def test_has_each_clip_once_and_the_next_follows_without_a_gap(self, batch: int, clips: PanoramaClips) -> None:
        steps = -(-3 * CLIPS // batch)
        order = drawn(stage_batches(clips, with_stage(batch=batch, steps=steps), "avsa"))
        epochs = [order[first : first + CLIPS] for first in (0, CLIPS, 2 * CLIPS)]
        assert [sorted(epoch) for epoch in epochs] == [list(range(CLIPS))] * 3
        assert epochs[0] != epochs[1] != epochs[2]

    def test_is_the_same_whatever_the_batch(self, clips: PanoramaClips) -> None:
        in_fours = drawn(stage_batches(clips, with_stage(batch=4, steps=6), "avsa"))
        in_sixes = drawn(stage_batches(clips, with_stage(batch=6, steps=4), "avsa"))
        assert in_fours == in_sixes

    def test_differs_by_seed_and_stage(self, clips: PanoramaClips) -> None:
        other_seed = small_config(run={"seed": 6})
        same_size = dataclasses.replace(CONFIG, avc=CONFIG.avsa)
        orders = [
            drawn(stage_batches(clips, CONFIG, "avsa")),
            drawn(stage_batches(clips, other_seed, "avsa")),
            drawn(stage_batches(clips, same_size, "avc")),
        ]
        assert all(one != other for one, other in itertools.combinations(orders, 2))

    def test_samples_a_clip_elsewhere_than_the_one_before(self, clips: PanoramaClips) -> None:
        batches = StageBatches(clips, CONFIG, "avsa")
        moments = {(sample.moment, sample.viewpoints[0].view) for sample in (batches.sample(e, p) for e, p in PLACES)}
        assert len(moments) == len(PLACES)


PLACES = [(epoch, place) for epoch in range(3) for place in range(CLIPS)]


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> list[Batch]:
    clips = open_panoramas([folder], "train", CONFIG.moment)
    return list(stage_batches(clips, CONFIG, "avsa", workers=0))


class TestWorkers:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_change_no_sample(self, workers: int, clips: PanoramaClips, undisturbed: list[Batch]) -> None:
        found = list(stage_batches(clips, CONFIG, "avsa", workers=workers))
        assert len(found) == len(undisturbed) == CONFIG.avsa.steps
        assert all(map(are_equal, found, undisturbed))

    @pytest.mark.parametrize(("workers", "first"), [(0, 1), (0, 7), (2, 3)])
    def test_start_at_any_step(self, workers: int, first: int, clips: PanoramaClips, undisturbed: list[Batch]) -> None:
        found = list(stage_batches(clips, CONFIG, "avsa", first_step=first, workers=workers))
        assert len(found) == len(undisturbed) - first
        assert all(map(are_equal, found, undisturbed[first:]))

    def test_read_nothing_of_the_steps_before(self, clips: PanoramaClips) -> None:
        asked = Recorder()
        assert list(prepared(asked, range(1_000_000, 1_000_003), workers=0)) == asked.numbers
        assert asked.numbers == [1_000_000, 1_000_001, 1_000_002]

    @pytest.mark.parametrize("workers", [0, 1])
    def test_leave_torchs_generator_alone(self, workers: int, clips: PanoramaClips) -> None:
        before = torch.get_rng_state()
        next(stage_batches(clips, CONFIG, "avsa", workers=workers))
        assert torch.equal(torch.get_rng_state(), before)

    def test_begin_with_no_file_open(self, clips: PanoramaClips) -> None:
        clips.frames(0, 0.0)
        batches = stage_batches(clips, CONFIG, "avsa", workers=1)
        assert clips._shards._files == {}
        next(batches)

    @pytest.mark.parametrize("workers", [0, 1])
    def test_an_error_of_ours_comes_as_itself(self, workers: int, clips: PanoramaClips) -> None:
        config = small_config(features={"high_hz": 4100})
        with pytest.raises(UsageError) as caught:
            next(stage_batches(clips, config, "avsa", workers=workers))
        assert str(caught.value).startswith("features.low_hz 50 and high_hz 4100 must rise")
        assert "Traceback" not in str(caught.value)

    @pytest.mark.parametrize("workers", [0, 1])
    def test_a_bug_is_told_with_its_traceback(self, workers: int) -> None:
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            list(prepared(Broken(), range(2), workers=workers))

    def test_one_that_is_killed_says_why_and_how_to_go_on(self) -> None:
        why = r"was killed \(out of memory, or out of room in /dev/shm\?\): DataLoader worker \(pid.*[^.]"
        with pytest.raises(TransientError, match=f"{why}; run the same command again to go on, .*--workers 0$"):
            list(prepared(Deadly(), range(2), workers=1))

    def test_never_hear_that_the_main_process_shall_stop(self) -> None:
        assert list(prepared(BlockedSignals(), range(1), workers=1)) == [[signal.SIGINT, signal.SIGTERM]]
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_go_on_when_all_processes_are_asked_to_stop(self, number: signal.Signals) -> None:
        """By a worker: so it is certain that it is at work, and that the main process waits for it."""
        code = (
            "from avsa_models.stopping import listening_for_stop; from avsa_models.workers import prepared\n"
            "from test_loader import ToAll\n"
            "with listening_for_stop() as stop:\n"
            f"    print(list(prepared(ToAll({number:d}), range(4), workers=1)), stop.was_made)\n"
        )
        ended = command.run(
            [], command=(sys.executable, "-c", code), changes={"PYTHONPATH": os.pathsep.join(sys.path)}, timeout_s=60
        )
        assert (ended.code, ended.stdout) == (0, "[0, 1, 2, 3] True\n"), ended

    def test_end_though_they_hang(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.1)
        batches = prepared(Hanging(), range(2), workers=1)
        assert next(batches) == 0
        batches.close()
        assert multiprocessing.active_children() == []

    def test_end_though_an_error_is_kept(self) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            list(prepared(Broken(), range(3), workers=2))
        assert multiprocessing.active_children() == []
        assert caught.value is not None

    def test_are_no_copies_of_this_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Copied, "mark", "of this process")
        assert list(prepared(Copied(), range(1), workers=0)) == ["of this process"]
        assert list(prepared(Copied(), range(1), workers=1)) == [""]

    def test_use_one_thread(self) -> None:
        assert list(prepared(Threads(), range(1), workers=1)) == [(1, 1)]


class Recorder:
    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __getitem__(self, number: int, /) -> int:
        self.numbers.append(number)
        return number


class Broken:
    def __getitem__(self, number: int, /) -> float:
        return number / 0


class Deadly:
    def __getitem__(self, number: int, /) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class ToAll:
    """Sends a signal to the whole process group at number 2."""

    def __init__(self, signal_number: int) -> None:
        self._signal_number = signal_number

    def __getitem__(self, number: int, /) -> int:
        if number == 2:
            os.killpg(os.getpgrp(), self._signal_number)
        return number


class Hanging:
    def __getitem__(self, number: int, /) -> int:
        if number:
            threading.Event().wait()
        return number


class BlockedSignals:
    def __getitem__(self, number: int, /) -> list[int]:
        return sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))


class Copied:
    mark = ""

    def __getitem__(self, number: int, /) -> str:
        return self.mark


class Threads:
    def __getitem__(self, number: int, /) -> tuple[int, int]:
        import cv2

        return torch.get_num_threads(), cv2.getNumThreads()


class TestRefusals:
    def test_of_clips_of_one_video(self, tmp_path: Path) -> None:
        folder = write_noise(tmp_path / "one.h5", ["a"])
        one_video = open_panoramas([folder], "train", CONFIG.moment)
        with pytest.raises(UsageError, match=r"all 2 clips of the split 'train' are of the video 'a'; negatives"):
            stage_batches(one_video, CONFIG, "avc")

    def test_of_an_empty_split(self, folder: Path) -> None:
        with pytest.raises(UsageError, match=r"no clip of the split 'test'; the splits there: train"):
            open_panoramas([folder], "test", CONFIG.moment)

    def test_of_mixed_rates(self, folder: Path, tmp_path: Path) -> None:
        other = write_shard(tmp_path / "other.h5", noise_clip("g-0", rate_hz=RATE_HZ // 2))
        with pytest.raises(UsageError, match=r"mix rates: 'a-0' has 4 frames/s and 8000 Hz, 'g-0' has .* and 4000 Hz"):
            open_panoramas([folder, other], "train", CONFIG.moment)

    def test_of_clips_shorter_than_a_sample(self, folder: Path, tmp_path: Path) -> None:
        short = write_shard(tmp_path / "short.h5", noise_clip("g-0", seconds=0.25))
        with pytest.raises(UsageError, match=r"1 clips are shorter than a sample of 0\.5 s, 'g-0' with 0\.25 s"):
            open_panoramas([folder, short], "train", CONFIG.moment)
