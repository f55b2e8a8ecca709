"""A set of shards holds few files open, whatever its size; its clips outlive the files that they came from."""

import errno
import gc
import os
import pickle
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import pytest
from small_shards import LOOKS, clip, shard, smooth_frames

from yt360_tools.errors import ShardError
from yt360_tools.shards import ShardSet, open_shards
from yt360_tools.shards.opening import OPEN_FILES
from yt360_tools.shards.summary import summarise_shards

COUNT = 3 * OPEN_FILES


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
        assert len([view.frames for found in shards for view in found.views]) == COUNT


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
        assert (view.frames == smooth_frames(3)).all()
        assert (view.ambisonics == turned).all()
        assert (view.beam == beam).all()
        found.check()
    assert len(view) == 3  # a closed set opens its files again
    shards.close()


def test_looking_through_many_shards_opens_each_a_few_times(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    whole = h5py.File

    class Counted(whole):
        def __init__(self, path: Path, *more: Any, **named: Any) -> None:
            opened.append(path)
            super().__init__(path, *more, **named)

    monkeypatch.setattr(h5py, "File", Counted)
    with open_shards(many) as shards:
        summarise_shards(shards)
    assert len(opened) <= 3 * COUNT


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
    assert (view_copy.frames == smooth_frames(1)).all()
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

        monkeypatch.setattr(h5py.Dataset, "__getitem__", fail)
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
