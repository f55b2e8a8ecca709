"""Shards at addresses: fetched once, whole, into a cache, and read from there."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from small_shards import clip, noise, shard

from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.shards import open_shards

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def folder(path: Path) -> Path:
    shard(path, clip("a-1", seed=1))
    shard(path.with_name("train-00001.h5"), clip("b-2", seed=2))
    shard(path.with_name("test-00000.h5"), clip("c-3", seed=3))
    return path.parent


@pytest.fixture
def memory(folder: Path) -> Iterator[str]:
    """The shards in a file system that is no disk's."""
    system = fsspec.filesystem("memory")
    for path in folder.iterdir():
        system.pipe_file(f"/bucket/{path.name}", path.read_bytes())
    yield "memory://bucket"
    system.rm("/bucket", recursive=True)


class Handler(http.server.SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Handler.asked.clear()
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def test_a_pattern_of_addresses(memory: str, tmp_path: Path) -> None:
    with open_shards(f"{memory}/train-*.h5", cache=tmp_path / "cache") as shards:
        assert list(shards.index) == ["a-1", "b-2"]
        assert (shards.clip("b-2").ambisonics == noise(2)).all()


def test_what_is_fetched_is_not_fetched_again_unless_it_is_another(memory: str, tmp_path: Path) -> None:
    cache, system = tmp_path / "cache", fsspec.filesystem("memory")
    (copy,) = open_shards(f"{memory}/test-00000.h5", cache=cache).paths
    before = copy.stat().st_mtime_ns
    assert open_shards(f"{memory}/test-00000.h5", cache=cache).paths == (copy,)
    assert copy.stat().st_mtime_ns == before
    other = shard(tmp_path / "other.h5", clip("d-1"), clip("e-1"))
    system.pipe_file("/bucket/test-00000.h5", other.read_bytes())
    with open_shards(f"{memory}/test-00000.h5", cache=cache) as shards:
        assert list(shards.index) == ["d-1", "e-1"]


def test_a_web_server(server: str, tmp_path: Path) -> None:
    for _ in range(2):
        with open_shards(f"{server}/train-00000.h5", cache=tmp_path / "cache") as shards:
            assert (shards.clip("a-1").ambisonics == noise(1)).all()
    assert Handler.asked == ["/train-00000.h5"]


def test_nothing_there_and_nothing_that_reads_it(memory: str, tmp_path: Path) -> None:
    for address in (f"{memory}/none-*.h5", f"{memory}/none.h5", "gopher://host/a.h5"):
        with pytest.raises((UsageError, EnvironmentMissing)) as caught:
            open_shards(address, cache=tmp_path / "cache")
        assert address in str(caught.value)
