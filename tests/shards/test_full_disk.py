"""A disk that fills while a shard is written: an error, no file of the shard's name, and nothing left lying about."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_shards import clip, shard

from yt360_tools.cli import yt360
from yt360_tools.errors import EnvironmentMissing
from yt360_tools.shards import open_shards

KIB = 96


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of `KIB` KiB; only root may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={KIB}k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_shard_that_does_not_fit(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        shard(small_disk / "train-00000.h5", clip(frames=40))
    assert caught.value.errno == errno.ENOSPC
    assert list(small_disk.iterdir()) == []


def test_the_shard_that_was_there_stays(small_disk: Path) -> None:
    path = shard(small_disk / "train-00000.h5", clip("a-1", "jpeg", looks=[clip().views[0].view.direction]))
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        shard(path, clip(frames=40))
    assert [found.name for found in small_disk.iterdir()] == [path.name]
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["repack", "repair", "export"])
def test_commands_say_so(command: str, small_disk: Path, tmp_path: Path) -> None:
    source = shard(tmp_path / "shards" / "train-00000.h5", clip(frames=40))
    out = small_disk / "out"
    more = ["--to", "folder"] if command == "export" else []
    (small_disk / "filler").write_bytes(bytes(1024 * (KIB - 12)))
    done = CliRunner().invoke(yt360, ["shard", command, str(source), "--out", str(out), *more])
    assert isinstance(done.exception, EnvironmentMissing), done.exception
    assert "No space left" in str(done.exception)
    left = [found.name for found in out.rglob("*") if found.is_file()]
    assert [name for name in left if command != "export" or name.startswith(".")] == []  # whole videos may stay
    with open_shards(source) as shards:
        assert len(shards) == 1
