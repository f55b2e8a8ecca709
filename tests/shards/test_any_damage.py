"""Whatever bit of a shard is flipped and wherever it is cut off: what is read is right or refused, verifying finds it,
and every clip that was not hit is saved.

``YT360_FLIPS=10000 YT360_CUTS=1000 pytest tests/shards/test_any_damage.py`` tries more places.
"""

import multiprocessing
import os
import random
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_shards import LOOKS, clip, flipped, shard

from yt360_tools.errors import ShardError
from yt360_tools.shards import ShardSet, StoredClip, verify_shards
from yt360_tools.shards.repair import repair_shard

FLIPS, CUTS = int(os.environ.get("YT360_FLIPS", "240")), int(os.environ.get("YT360_CUTS", "40"))
KINDS = (("jpeg", "int16"), ("h264", "flac"), ("raw", "float32"))
IDS = ("a-1", "b-2", "c-3.5")
HANGS_S = 20


@dataclass(frozen=True)
class Whole:
    """A shard as it was written: its bytes, what reading it gives, and which bytes are each clip's own."""

    image: bytes
    truth: dict[str, list[object]]
    spans: dict[str, list[tuple[int, int]]]

    def hit(self, low: int, high: int) -> set[str]:
        """The clips of which some byte lies from `low` to `high` (exclusive)."""
        return {one for one in IDS if any(begin < high and low < end for begin, end in self.spans[one])}


def read_all(found: StoredClip) -> list[object]:
    values: list[object] = [found.window, found.fps, found.sample_rate_hz, found.source, found.findings]
    values += [found.ambisonics.tobytes(), found.sound(0.25, 0.5).tobytes()]
    for view in found.views:
        values += [view.view, view.beam.tobytes(), len(view), view.frames[1:3].tobytes()]
        values.append(np.asarray(view.frames).tobytes())
    return values


def whole_shard(path: Path, codec: str, sound: str) -> Whole:
    clips = [clip(one, codec, 10 * number, LOOKS[:1], sound, 9) for number, one in enumerate(IDS)]
    shard(path, *clips)
    with ShardSet([path]) as shards:
        truth = {one: read_all(shards.clip(one)) for one in IDS}
    spans: dict[str, list[tuple[int, int]]] = {}
    with h5py.File(path) as file:
        for one in IDS:
            spans[one] = []
            file[f"clips/{one}"].visititems(lambda _, item, into=spans[one]: into.append(span_of(item)))
    return Whole(path.read_bytes(), truth, spans)


def span_of(item: object) -> tuple[int, int]:
    """Where a dataset's values lie; nothing of a group."""
    if not isinstance(item, h5py.Dataset):
        return (0, 0)
    begin = int(item.id.get_offset() or 0)
    return begin, begin + item.nbytes


def faults_of(path: Path, whole: Whole, hit: set[str]) -> list[str]:
    """What is wrong with how a damaged shard is read, verified and repaired."""
    faults = []
    for one in IDS:
        with ShardSet([path]) as shards:
            try:
                if read_all(shards.clip(one)) != whole.truth[one]:
                    faults.append(f"{one} reads wrong")
            except ShardError:
                pass
            except Exception as error:
                faults.append(f"{one}: {type(error).__name__}: {error}")
    if not verify_shards((path,))[1]:
        faults.append("verifying finds nothing")
    target = path.with_name("repaired.h5")
    target.unlink(missing_ok=True)
    try:
        saved = set(repair_shard(path, target).saved)
        if saved != set(IDS) - hit:
            faults.append(f"saved {sorted(saved)} where {sorted(hit)} were hit")
        for one in saved:
            with ShardSet([target]) as shards:
                if read_all(shards.clip(one)) != whole.truth[one]:
                    faults.append(f"{one} was saved wrong")
        if saved and verify_shards((target,))[1]:
            faults.append("what was saved is damaged")
    except ShardError as error:
        faults.append(f"repair: {error}")
    return faults


def try_flips(path: Path, whole: Whole, places: list[int]) -> list[str]:
    found = []
    for place in places:
        path.write_bytes(flipped(whole.image, place))
        found += [f"byte {place}: {fault}" for fault in faults_of(path, whole, whole.hit(place, place + 1))]
    return found


def try_cuts(path: Path, whole: Whole, sizes: list[int]) -> list[str]:
    found = []
    for size in sizes:
        path.write_bytes(whole.image[:size])
        found += [f"{size} bytes: {fault}" for fault in faults_of(path, whole, whole.hit(size, len(whole.image)))]
    return found


def in_another_process(work: object, path: Path, whole: Whole, places: list[int]) -> list[str]:
    """In a process of its own: what is wrong inside HDF5 or a decoder may crash or hang it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        future = pool.submit(work, path, whole, places)  # type: ignore[arg-type]
        if not wait([future], timeout=HANGS_S + len(places)).done:
            for process in multiprocessing.active_children():
                process.kill()
            pytest.fail("a damaged shard hangs its reader")
        return future.result()


@pytest.mark.parametrize(("codec", "sound"), KINDS)
def test_a_flipped_bit(codec: str, sound: str, path: Path) -> None:
    whole = whole_shard(path, codec, sound)
    places = random.Random(f"{codec} flips").sample(range(len(whole.image)), FLIPS // len(KINDS))
    assert in_another_process(try_flips, path, whole, places) == []


@pytest.mark.parametrize(("codec", "sound"), KINDS)
def test_a_flipped_bit_in_each_dataset(codec: str, sound: str, path: Path) -> None:
    """Most of them are small, and places drawn at random hardly meet them."""
    whole = whole_shard(path, codec, sound)
    places = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: places.append((sum(span_of(item)) - 1) // 2))
    places = sorted({place for place in places if place > 0})
    assert len(places) > 30
    assert in_another_process(try_flips, path, whole, places) == []


@pytest.mark.parametrize(("codec", "sound"), KINDS)
def test_a_file_cut_off(codec: str, sound: str, path: Path) -> None:
    whole = whole_shard(path, codec, sound)
    sizes = [0, 1, *random.Random(f"{codec} cuts").sample(range(len(whole.image)), CUTS // len(KINDS))]
    assert in_another_process(try_cuts, path, whole, sizes) == []
