"""Whatever is wrong inside a shard, reading it fails with a `ShardError` that names the file and the clip."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_shards import LOOKS, clip, flipped, shard

from yt360_tools.errors import ShardError
from yt360_tools.shards import ShardSet, open_shards, verify_shards
from yt360_tools.shards.summary import summarise_shards


def first_view(shards: ShardSet) -> Any:
    return shards.clip("-v-54.5").views[0]


READ: dict[str, Callable[[ShardSet], object]] = {
    "summary": summarise_shards,
    "iteration": list,
    "content_hash": lambda shards: shards.content_hash,
    "clip": lambda shards: shards.clip("-v-54.5"),
    "sound": lambda shards: shards.clip("-v-54.5").ambisonics,
    "some sound": lambda shards: shards.clip("-v-54.5").ambisonics_between(3, 5),
    "samples": lambda shards: shards.clip("-v-54.5").samples,
    "views": lambda shards: shards.clip("-v-54.5").views,
    "len": lambda shards: len(first_view(shards)),
    "frames": lambda shards: first_view(shards).frames,
    "turned": lambda shards: first_view(shards).ambisonics,
    "beam": lambda shards: first_view(shards).beam,
}
ALL_OF_A_CLIP = ("summary", "iteration", "content_hash", "clip")
DAMAGED = {
    "window": ALL_OF_A_CLIP,
    "rates": ALL_OF_A_CLIP,
    "ambisonics": ("sound", "some sound", "samples", "turned"),
    "views": ("summary", "views"),
    "views/0": ("summary", "views"),
    "views/0/direction": ("summary", "views"),
    "views/0/beam": ("beam",),
    "views/0/frames": ("len", "frames"),
}


def break_header(path: Path, name: str) -> None:
    """Flip a bit in the object header of a group or dataset: HDF5 has a checksum over it."""
    with h5py.File(path) as file:
        address = h5py.h5o.get_info(file[name].id).addr
    path.write_bytes(flipped(path.read_bytes(), address + 8))


@pytest.mark.parametrize(("name", "read"), [(name, read) for name in DAMAGED for read in DAMAGED[name]])
def test_a_broken_header_is_named_with_its_clip(name: str, read: str, path: Path) -> None:
    break_header(shard(path, clip()), f"clips/-v-54.5/{name}")
    says = r"train-00000.h5: clip '-v-54.5' cannot be read \(.*'yt360 shard verify'"
    with open_shards(path) as shards, pytest.raises(ShardError, match=says):
        READ[read](shards)


def test_a_broken_header_of_a_clip_is_named(path: Path) -> None:
    break_header(shard(path, clip()), "clips/-v-54.5")
    with open_shards(path) as shards, pytest.raises(ShardError, match=r"clip '-v-54.5' cannot be read .*shard verify"):
        list(shards)


@pytest.mark.parametrize("name", ["window", "rates", "views/0/direction"])
def test_a_number_that_is_none(name: str, path: Path) -> None:
    with h5py.File(shard(path, clip()), "r+") as file:
        file[f"clips/-v-54.5/{name}"][1] = np.nan
    with open_shards(path) as shards, pytest.raises(ShardError, match=f"'-v-54.5' cannot be read .*{name} is .*nan"):
        summarise_shards(shards)


@pytest.mark.parametrize("value", [np.bytes_("two"), np.bytes_("")])
def test_a_version_that_is_no_number(value: np.bytes_, path: Path) -> None:
    with h5py.File(shard(path, clip()), "r+") as file:
        file.attrs["version"] = value
    with open_shards(path) as shards, pytest.raises(ShardError, match=r"train-00000\.h5: "):
        len(shards)


def test_clips_that_are_no_group(path: Path) -> None:
    with h5py.File(shard(path, clip()), "r+") as file:
        del file["clips"]
        file["clips"] = [1, 2]
    with open_shards(path) as shards, pytest.raises(ShardError, match="'clips' is missing"):
        len(shards)


def test_a_jpeg_of_another_size(path: Path) -> None:
    """Half as high as stated: it would fit into the memory of the frame that it is not."""
    with h5py.File(shard(path, clip(codec="jpeg")), "r+") as file:
        file["clips/-v-54.5/views/0"].attrs["height"] *= 2
    with open_shards(path) as shards, pytest.raises(ShardError, match=r"'-v-54.5' cannot be read .*shape"):
        _ = first_view(shards).frames


def bare_errors(path: Path, image: bytes, offsets: list[int]) -> list[str]:
    """What reading raises, beside our own, over files with one bit flipped."""
    found = []
    for offset in offsets:
        path.write_bytes(flipped(image, offset))
        for read in READ.values():
            with ShardSet([path]) as shards:
                try:
                    read(shards)
                except ShardError:
                    continue
                except Exception as error:
                    found.append(f"byte {offset}: {type(error).__name__}: {error}")
    return found


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_any_flipped_bit_reads_well_or_is_called_damage(codec: str, path: Path) -> None:
    """In a worker: what is wrong inside HDF5 may crash or hang it."""
    image = shard(path, clip(codec=codec, looks=LOOKS[:1])).read_bytes()
    offsets = [mark + k for mark in marks_of(image) for k in range(0, 120, 5)]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        future = pool.submit(bare_errors, path, image, [*offsets, *range(0, len(image), len(image) // 60)])
        if not wait([future], timeout=120).done:
            for process in multiprocessing.active_children():
                process.kill()
            pytest.fail("reading hangs on a flipped bit")
        assert future.result() == []


def marks_of(image: bytes) -> list[int]:
    """Where HDF5's own structures begin: object headers, heaps, trees."""
    marks = []
    for mark in (b"OHDR", b"FRHP", b"FHDB", b"BTHD", b"BTLF"):
        start = image.find(mark)
        while start >= 0:
            marks.append(start)
            start = image.find(mark, start + 1)
    return marks


def test_verifying_says_what_h5py_said(path: Path) -> None:
    break_header(shard(path, clip()), "clips/-v-54.5/window")
    (damage,) = verify_shards((path,))[1]
    assert damage.clip_id == "-v-54.5"
    assert damage.message.startswith(f"{path}: clip '-v-54.5' cannot be read (")
    assert "shard verify" not in damage.message
