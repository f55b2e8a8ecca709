"""What `yt360 shard repair` saves, and what it says of the rest. (Any damage anywhere: test_any_damage.py.)"""

import json
from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner, Result
from small_shards import HEADER, clip, noise, shard

from yt360_tools.cli import yt360
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.shards import open_shards, verify_shards
from yt360_tools.shards.repair import repair_shard


def repaired(path: Path, *more: str) -> Result:
    return CliRunner().invoke(yt360, ["shard", "repair", str(path), "--out", str(path.parent / "saved"), *more])


def spoil(path: Path, name: str) -> None:
    """Turn over each bit of a dataset."""
    with h5py.File(path) as file:
        begin, size = file[name].id.get_offset(), file[name].nbytes
    image = bytearray(path.read_bytes())
    image[begin : begin + size] = bytes(255 - byte for byte in image[begin : begin + size])
    path.write_bytes(image)


def test_the_clip_that_is_hit_is_lost_and_named(path: Path) -> None:
    shard(path, clip("a-1"), clip("-b-2", seed=3), clip("c-3"))
    spoil(path, "clips/a-1/views/1/beam")
    done = repaired(path)
    assert done.exit_code == 3
    assert "2 clips saved, 1 lost; in " in done.output
    assert "lost  a-1: views/1/beam does not have its checksum" in done.output
    saved = path.parent / "saved" / path.name
    assert verify_shards((saved,))[1] == []
    with open_shards(saved) as shards:
        assert list(shards.index) == ["-b-2", "c-3"]
        assert (shards.clip("-b-2").ambisonics == noise(3)).all()
        header = shards.contents(saved).header
        assert (header.config, header.tools, header.split) == (HEADER.config, HEADER.tools, "train")
        assert [(one["what"], one["lost"]) for one in header.history] == [("repair", ["a-1"])]


def test_without_hdf5s_own_structures_all_is_saved(path: Path) -> None:
    image = shard(path, clip("a-1"), clip("-b-2", seed=3)).read_bytes()
    path.write_bytes(bytes(96) + image[96:])
    with pytest.raises(ShardError, match=r"not a whole shard .*'yt360 shard repair' saves"):
        len(open_shards(path))
    found = json.loads(repaired(path, "--json").output)[0]
    assert (found["saved"], found["lost"], found["header_lost"]) == (["a-1", "-b-2"], {}, False)


def test_a_clips_own_sums_are_kept(path: Path) -> None:
    shard(path, clip("a-1", "jpeg"), clip("b-2", "h264", sound="flac"))
    before = verify_shards((path,))[0]
    target = path.with_name("new.h5")
    repair_shard(path, target)
    assert verify_shards((target,)) == (before, [])


def test_what_is_there_is_never_written_over(path: Path) -> None:
    shard(path, clip("a-1"))
    assert repaired(path).exit_code == 0
    done = repaired(path)
    assert isinstance(done.exception, UsageError)
    assert "is there already; name another folder" in str(done.exception)


def test_a_text_file_holds_nothing_to_save(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no shard at all" * 100)
    done = repaired(path)
    assert done.exit_code == 3
    assert "0 clips saved, 0 lost; nothing is written" in done.output
    assert not (path.parent / "saved").exists()
