"""A set of shards holds few files open, whatever its size; its clips outlive the files that they came from."""

import errno
import gc
import multiprocessing
import os
import pickle
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_shards import LOOKS, clip, noise, shard, smooth_frames

from yt360_tools.errors import ShardError
from yt360_tools.shards import ShardSet, open_shards
from yt360_tools.shards.reader import OPEN_FILES
from yt360_tools.shards.summary import summarise_shards

COUNT = 2 * OPEN_FILES + 7


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of shards with a clip each."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(COUNT):
        shard(folder / f"train-{number:05d}.h5", clip(f"v-{number}", seed=number, looks=LOOKS[:1]))
    return folder


def open_files(folder: Path) -> int:
    """How many files of a folder this process has open."""
    gc.collect()
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            count += descriptor.resolve().parent == folder.resolve()
        except OSError:
            continue  # the descriptor that listed the others
    return count


@contextmanager
def files_limited(more: int) -> Iterator[None]:
    """Within it this process can open that many files more, and no other."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 200, before[1]))
    try:
        while True:
            try:
                taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        for _ in range(more):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_more_shards_than_files_may_be_open(many: Path) -> None:
    with files_limited(OPEN_FILES + 4), open_shards(many) as shards:
        assert len(shards) == COUNT
        assert summarise_shards(shards)["clips"] == COUNT
        assert len([view.frames[:] for found in shards for view in found.views]) == COUNT


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists a process's files there")
def test_few_files_are_open_at_a_time_and_none_after_closing(many: Path) -> None:
    with open_shards(many) as shards:
        assert len(shards) == COUNT
        assert open_files(many) <= OPEN_FILES
        kept = [(found, found.views) for found in shards]
        assert open_files(many) <= OPEN_FILES
    assert len(kept) == COUNT
    assert open_files(many) == 0


def test_clips_and_views_outlive_the_file_that_they_came_from(many: Path) -> None:
    with open_shards(many) as shards:
        found = shards.clip("v-3")
        view = found.views[0]
        sound, turned, beam = found.ambisonics, view.ambisonics, view.beam
        for other in shards:
            assert len(other.views) == 1  # pushes the file of the first out
        assert (found.ambisonics == sound).all()
        assert (view.frames[:] == smooth_frames(3)).all()
        assert (view.ambisonics == turned).all()
        assert (view.beam == beam).all()
        found.check()
    assert len(view) == 3  # a closed set opens its files again
    shards.close()


def test_looking_through_many_shards_asks_hdf5_once_of_each(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    whole = h5py.File

    class Counted(whole):
        def __init__(self, path: Path, *more: Any, **named: Any) -> None:
            opened.append(path)
            super().__init__(path, *more, **named)

    monkeypatch.setattr(h5py, "File", Counted)
    with open_shards(many) as shards:
        summarise_shards(shards)
    assert len(opened) == COUNT


def test_the_index_and_clips_travel_in_a_pickle_without_files(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_shards(many) as shards:
        found = shards.clip("v-1")
        packed = pickle.dumps((shards, found, found.views[0]))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file is opened")

    with monkeypatch.context() as patch:
        patch.setattr(h5py, "File", refuse)
        copy, clip_copy, view_copy = pickle.loads(packed)
        assert list(copy.index) == list(shards.index)
        assert clip_copy.window == found.window
    assert (view_copy.frames[:] == smooth_frames(1)).all()
    assert (copy.clip("v-1").ambisonics == clip_copy.ambisonics).all()
    copy.close()


SYSTEM_FAULTS = {
    errno.EMFILE: "this process has too many files open",
    errno.ENFILE: "this machine has too many files open",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.EIO: "its disk failed",
    errno.ENOENT: "it is not there",
}


@pytest.mark.parametrize("number", SYSTEM_FAULTS, ids=errno.errorcode.get)
def test_what_the_system_is_to_blame_for_is_not_called_damage(
    number: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = ShardSet([shard(path, clip())])

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(h5py, "File", fail)
    with pytest.raises(ShardError, match=f"train-00000.h5: {SYSTEM_FAULTS[number]}") as caught:
        len(shards)
    assert "damage" not in str(caught.value)
    assert "delete" not in str(caught.value)


def test_a_disk_that_fails_while_reading_is_not_called_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_shards(shard(path, clip())) as shards:
        found = shards.clip("-v-54.5")

        def fail(*_: object) -> None:
            raise OSError(errno.EIO, "Can't read data")

        monkeypatch.setattr(os, "pread", fail)
        with pytest.raises(ShardError, match=r"train-00000\.h5: its disk failed"):
            _ = found.ambisonics


def test_no_file_left_to_open_is_said(path: Path) -> None:
    shards = open_shards(shard(path, clip()))
    with files_limited(0), pytest.raises(ShardError, match=r"train-00000\.h5: this process has too many files open"):
        len(shards)


def test_a_shard_that_is_gone_is_said(path: Path) -> None:
    shards = open_shards(shard(path, clip()))
    path.unlink()
    with pytest.raises(ShardError, match=r"train-00000\.h5: it is not there"):
        len(shards)


def test_a_shard_that_was_replaced_is_not_read_by_the_old_ones_places(path: Path) -> None:
    shards = open_shards(shard(path, clip(seed=1)))
    found = shards.clip("-v-54.5")
    shards.close()
    shard(path, clip("w-9", seed=2), clip(seed=3))
    with pytest.raises(ShardError, match=r"train-00000\.h5: it was changed while it was in use"):
        _ = found.ambisonics


def test_a_shard_that_vanishes_while_it_is_open_reads_on(path: Path) -> None:
    with open_shards(shard(path, clip(seed=1))) as shards:
        found = shards.clip("-v-54.5")
        path.unlink()
        assert (found.ambisonics == noise(1)).all()


def test_many_threads_read_at_once_while_files_come_and_go(many: Path) -> None:
    with open_shards(many) as shards:
        ids = list(shards.index) * 4

        def read(clip_id: str) -> bool:
            found, seed = shards.clip(clip_id), int(clip_id.removeprefix("v-"))
            right = (found.ambisonics == noise(seed)).all() and (found.views[0].frames[:] == smooth_frames(seed)).all()
            return bool(right)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(read, ids))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_another_process_reads_the_set_it_was_given(method: str, many: Path) -> None:
    with open_shards(many) as shards:
        assert len(shards) == COUNT
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            sums = list(pool.map(sum_of_frames, [shards] * 6, list(shards.index)[::20][:6]))
        assert sums == [sum_of_frames(shards, one) for one in list(shards.index)[::20][:6]]


def sum_of_frames(shards: ShardSet, clip_id: str) -> int:
    return int(np.asarray(shards.clip(clip_id).views[0].frames).sum())
