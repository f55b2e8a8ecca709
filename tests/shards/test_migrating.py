"""Shards of version 1 become shards of the present version, with the same pictures and sounds."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from small_shards import LOOKS, clip, noise, shard, smooth_frames
from version1_shards import version_1_shard

from yt360_tools.cli import yt360
from yt360_tools.errors import ShardError
from yt360_tools.shards import open_shards, verify_shards
from yt360_tools.shards.migrate import migrate_shard


@pytest.mark.parametrize("codec", ["jpeg", "raw"])
def test_pictures_and_sounds_stay(codec: str, path: Path) -> None:
    version_1_shard(path, "a-1", "-b-2.5", codec=codec)
    with h5py.File(path) as file:
        before = file["clips/-b-2.5/views/1/frames"][()].tobytes()
    assert migrate_shard(path)
    assert verify_shards((path,))[1] == []
    with h5py.File(path) as file:
        assert file["clips/-b-2.5/views/1/frames"][()].tobytes() == before
    with open_shards(path) as shards:
        for clip_id, seed in (("a-1", 0), ("-b-2.5", 10)):
            found = shards.clip(clip_id)
            assert (found.window.clip_id, found.window.split, found.fps) == (clip_id, "train", 3.0)
            assert found.window.start_s == float(clip_id.rpartition("-")[2])
            assert (found.ambisonics == noise(seed)).all()
            assert [view.direction for view in found.views] == list(LOOKS)
            for index, view in enumerate(found.views):
                assert (view.beam == noise(seed + index + 100, 1)[0]).all()
                off = np.abs(view.frames[:].astype(float) - smooth_frames(seed + index)).mean()
                assert off < (2 if codec == "jpeg" else 1e-9)
        header = shards.contents(path).header
        assert header.config == {"fps": 3.0}
        assert [(entry["what"], entry["version"]) for entry in header.history] == [("migrate", 1)]


def test_an_old_shard_is_refused_with_the_way_out(path: Path) -> None:
    with pytest.raises(ShardError, match=r"format version 1; .* reads version 2; 'yt360 shard migrate' brings it"):
        len(open_shards(version_1_shard(path, "a-1")))


def test_what_is_of_the_present_version_stays(path: Path) -> None:
    image = shard(path, clip()).read_bytes()
    assert not migrate_shard(path)
    assert path.read_bytes() == image


def test_a_damaged_one_is_refused_and_stays(path: Path) -> None:
    version_1_shard(path, "a-1")
    with h5py.File(path, "r+") as file:
        file["clips/a-1/ambisonics"][0, 0] += 1
    image = path.read_bytes()
    with pytest.raises(ShardError, match="'a-1': its frames or sound do not have their checksum"):
        migrate_shard(path)
    assert path.read_bytes() == image
    assert list(path.parent.iterdir()) == [path]


def test_the_command_migrates_a_folder(path: Path) -> None:
    version_1_shard(path, "a-1")
    shard(path.with_name("train-00001.h5"), clip("b-1"))
    done = CliRunner().invoke(yt360, ["shard", "migrate", str(path.parent)])
    assert done.exit_code == 0, done.output
    assert "1 shards are of the present version now, 1 were already" in done.output
    with open_shards(path.parent) as shards:
        assert len(shards) == 2
