"""Shards taken together: opened lazily, read by the clip; h5py, numpy and the codecs' decoders are all it needs."""

import functools
import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from yt360_tools.errors import ShardError, UsageError, nearest
from yt360_tools.shards.catalogue import Entry
from yt360_tools.shards.clips import StoredClip
from yt360_tools.shards.files import ShardFile
from yt360_tools.shards.opening import Contents, read_contents, reopened
from yt360_tools.shards.remote import is_remote, local_copies
from yt360_tools.shards.schema import set_sha256

OPEN_FILES = 32
"""How many shards a set of them keeps open at most."""


class ShardSet:
    """Shards taken together: iterate over its clips, or ask for one by id.

    A set of any size keeps the few files open that were asked for last; its clips open theirs again when they are read.
    It may be pickled, forked, and used by many threads at once.

    Attributes:
        paths: the files, sorted by name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._contents: dict[Path, Contents] = {}
        self._files: dict[Path, ShardFile] = {}

    def __enter__(self) -> "ShardSet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """All that is known by now, but no open file."""
        return {**self.__dict__, "_files": {}}

    def close(self) -> None:
        """Let go of every file; they open again when something is asked for."""
        self._files.clear()

    def contents(self, path: Path) -> Contents:
        """What one of the shards says of itself, read once.

        Raises:
            ShardError: it is no shard, or damaged.
        """
        found = self._contents.get(path)
        if found is None:
            found, file = read_contents(path)
            self._contents[path] = found
            self._keep(path, file)
        return found

    def file(self, path: Path) -> ShardFile:
        """The open file of one shard, whose format and version were checked.

        Raises:
            ShardError: it is no shard, damaged, or another file than before.
        """
        file = self._files.get(path)
        if file is None:
            contents = self.contents(path)
            file = self._files.get(path) or reopened(contents)
            self._keep(path, file)
        return file

    def _keep(self, path: Path, file: ShardFile) -> None:
        """Those that were opened first are let go of; who reads from one still holds it."""
        while len(self._files) >= OPEN_FILES:
            self._files.pop(next(iter(self._files)), None)
        self._files[path] = file

    @functools.cached_property
    def index(self) -> dict[str, tuple[Path, Entry]]:
        """Which file holds each clip, and where, by clip id, in the shards' order.

        Raises:
            ShardError: two shards hold the same clip, or one cannot be read.
        """
        where: dict[str, tuple[Path, Entry]] = {}
        for path in self.paths:
            for entry in self.contents(path).entries:
                if entry.clip_id in where:
                    raise ShardError(f"clip {entry.clip_id!r} stands in {where[entry.clip_id][0]} and in {path}")
                where[entry.clip_id] = path, entry
        return where

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[StoredClip]:
        for clip_id in self.index:
            yield self.clip(clip_id)

    def clip(self, clip_id: str) -> StoredClip:
        """One clip by its id.

        Raises:
            UsageError: no shard holds it.
            ShardError: the shard is damaged.
        """
        found = self.index.get(clip_id)
        if found is None:
            raise UsageError(
                f"no clip {clip_id!r} in {len(self.paths)} shards with {len(self.index)} clips"
                f"{nearest(clip_id, self.index)}"
            )
        return StoredClip(self, *found)

    @functools.cached_property
    def content_hash(self) -> str:
        """The sha256 over all clips sorted by id, each by its content: without times and tool versions."""
        return set_sha256({clip.clip_id: clip.content_sha256 for clip in self})


def open_shards(*where: str | Path, cache: Path | None = None) -> ShardSet:
    """The shards in the given files, patterns (``shards/train-*.h5``), folders of shards, workspaces, or addresses.

    Args:
        where: addresses are those of fsspec, such as ``https://host/train-00000.h5`` and ``s3://bucket/train-*.h5``.
        cache: the folder into which shards at addresses are fetched, each once; None takes the user's own.

    Raises:
        UsageError: a path does not exist, or a folder holds no shard.
        EnvironmentMissing: an address cannot be reached, or the cache not be written.
    """
    paths: list[Path] = []
    for item in where:
        paths += local_copies(str(item), cache) if is_remote(str(item)) else _local(item)
    return ShardSet(list(dict.fromkeys(paths)))


def _local(item: str | Path) -> list[Path]:
    path = Path(item)
    if path.is_dir():
        folder = path / "shards" if (path / "shards").is_dir() else path
        found = sorted(path for path in folder.iterdir() if path.suffix == ".h5" and path.name[0] != ".")
        if not found:
            raise UsageError(f"{folder} holds no shard (*.h5); 'yt360 rebuild' makes them")
        return found
    if path.exists():
        return [path]
    if found := [Path(name) for name in sorted(glob.glob(str(item)))]:
        return found
    raise UsageError(f"{item} does not exist; give shards (*.h5), a folder of them, a pattern or a workspace")
