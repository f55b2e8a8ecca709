"""Reading shards: opened lazily, a clip at a time; h5py, numpy and the codec's decoder are all it needs."""

import functools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import rotate
from yt360_tools.errors import ShardError, UsageError, nearest
from yt360_tools.geometry import Direction
from yt360_tools.records import ClipWindow, View
from yt360_tools.shards.attributes import read_attributes
from yt360_tools.shards.checks import checked_content
from yt360_tools.shards.codecs import reading_codec
from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.opening import recent_files
from yt360_tools.shards.schema import set_sha256


class StoredView:
    """View `index` of a clip in a shard; pictures and sound are read when they are asked for.

    Raises:
        ShardError: from all that reads, when the shard is damaged.
    """

    def __init__(self, clip: "StoredClip", index: int) -> None:
        self._clip, self._path = clip, f"views/{index}"
        with clip.group() as group:
            attributes = read_attributes(group[self._path])
            yaw, pitch, roll, hfov, vfov = _finite(group[self._path]["direction"])
            self._codec = reading_codec(str(attributes["codec"]), str(clip.path))
            self.view = View(
                str(attributes["projection"]),
                Direction(yaw, pitch, roll),
                hfov,
                vfov,
                int(attributes["width"]),
                int(attributes["height"]),
            )

    @property
    def direction(self) -> Direction:
        """Where the view looks."""
        return self.view.direction

    def __len__(self) -> int:
        """The number of frames."""
        with self._clip.group() as group:
            return self._codec.count(group[self._path])

    def frames_between(self, first: int, last: int) -> NDArray[np.uint8]:
        """Frames `first` to `last` (exclusive), RGB (last - first, height, width, 3)."""
        with self._clip.group() as group:
            return self._codec.load(group[self._path], first, last)

    @property
    def frames(self) -> NDArray[np.uint8]:
        """All frames, RGB (frames, height, width, 3)."""
        return self.frames_between(0, len(self))

    @property
    def ambisonics(self) -> NDArray[np.float32]:
        """The clip's sound turned to this view, float32 (4, samples): its front is the view's axis."""
        return rotate(self._clip.ambisonics, self.direction.view_from_world).astype(np.float32, copy=False)

    @property
    def beam(self) -> NDArray[np.float32]:
        """A virtual microphone along the view's axis, float32 (samples,)."""
        with self._clip.group() as group:
            return np.asarray(group[self._path]["beam"][:])


class StoredClip:
    """A clip in a shard. It holds no file open: it stays good when its set closes the shard, or is pickled.

    Attributes:
        path: the shard.

    Raises:
        ShardError: from all that reads, when the shard is damaged.
    """

    def __init__(self, shards: "ShardSet", path: Path, clip_id: str) -> None:
        self.path = path
        self._shards, self._stored_as = shards, clip_id
        with self.group() as group:
            start_s, end_s = _finite(group["window"])
            fps, sample_rate_hz = _finite(group["rates"])
            attributes = read_attributes(group)
            self.window = ClipWindow(
                str(attributes["clip_id"]),
                str(attributes["video_id"]),
                start_s,
                end_s,
                str(attributes["split"]),
            )
            self.fps, self.sample_rate_hz = fps, int(sample_rate_hz)
            self.source: dict[str, Any] = json.loads(str(attributes["source"]))
            self.content_sha256 = str(attributes["content_sha256"])

    @property
    def clip_id(self) -> str:
        return self.window.clip_id

    @contextmanager
    def group(self) -> Iterator[Any]:
        """The clip's HDF5 group, for use within the block, where failing to read it becomes a `ShardError`."""
        with naming_damage(self.path, self._stored_as):
            yield self._shards.file(self.path)["clips"][self._stored_as]

    def check(self) -> None:
        """Recompute the clip's checksums.

        Raises:
            ShardError: what is stored is not what was written.
        """
        with self.group() as group:
            checked_content(group, self.path, self._stored_as)

    @property
    def ambisonics(self) -> NDArray[np.float32]:
        """The sound as recorded, AmbiX W, Y, Z, X, float32 (4, samples)."""
        with self.group() as group:
            return np.asarray(group["ambisonics"][:])

    def ambisonics_between(self, first: int, last: int) -> NDArray[np.float32]:
        """Samples `first` to `last` (exclusive) of the sound as recorded, float32 (4, last - first)."""
        with self.group() as group:
            return np.asarray(group["ambisonics"][:, first:last])

    @functools.cached_property
    def samples(self) -> int:
        """How many sound samples the clip has."""
        with self.group() as group:
            return int(group["ambisonics"].shape[1])

    @functools.cached_property
    def views(self) -> tuple[StoredView, ...]:
        with self.group() as group:
            count = len(group["views"])
        return tuple(StoredView(self, index) for index in range(count))


class ShardSet:
    """Shards taken together: iterate over its clips, or ask for one by id.

    A set of any size keeps the few files open that were asked for last; its clips open theirs again when they are read.

    Attributes:
        paths: the files, sorted by name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._opened = recent_files()

    def __enter__(self) -> "ShardSet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """The paths, and the index and the content hash once they are made, but no open file."""
        return {name: value for name, value in self.__dict__.items() if name != "_opened"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _opened=recent_files())

    def close(self) -> None:
        """Close every file; they open again when something is asked for."""
        self._opened.cache_clear()

    def file(self, path: Path) -> Any:
        """The open HDF5 file of one shard, checked for its format and version. Do not close it."""
        return self._opened(path)

    @functools.cached_property
    def index(self) -> dict[str, Path]:
        """Which file holds each clip, by clip id.

        Raises:
            ShardError: two shards hold the same clip, or one cannot be read.
        """
        where: dict[str, Path] = {}
        for path in self.paths:
            with naming_damage(path):
                clip_ids = list(self.file(path)["clips"])
            for clip_id in clip_ids:
                if clip_id in where:
                    raise ShardError(f"clip {clip_id!r} stands in {where[clip_id]} and in {path}")
                where[clip_id] = path
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
        path = self.index.get(clip_id)
        if path is None:
            raise UsageError(
                f"no clip {clip_id!r} in {len(self.paths)} shards with {len(self.index)} clips"
                f"{nearest(clip_id, self.index)}"
            )
        return StoredClip(self, path, clip_id)

    @functools.cached_property
    def content_hash(self) -> str:
        """The sha256 over all clips sorted by id, each by its content: without times and tool versions."""
        return set_sha256({clip.clip_id: clip.content_sha256 for clip in self})


def _finite(dataset: Any) -> list[float]:
    """A dataset's numbers, which must be some.

    Raises:
        ValueError: they are damaged.
    """
    values = [float(value) for value in dataset[:]]
    if not np.isfinite(values).all():
        raise ValueError(f"{dataset.name} is {values}")
    return values


def open_shards(*where: str | Path) -> ShardSet:
    """The shards in the given files, folders of shards, or workspaces.

    Raises:
        UsageError: a path does not exist, or a folder holds no shard.
    """
    paths: list[Path] = []
    for item in map(Path, where):
        if item.is_dir():
            folder = item / "shards" if (item / "shards").is_dir() else item
            found = sorted(path for path in folder.iterdir() if path.suffix == ".h5" and path.name[0] != ".")
            if not found:
                raise UsageError(f"{folder} holds no shard (*.h5); 'yt360 rebuild' makes them")
            paths += found
        elif item.exists():
            paths.append(item)
        else:
            raise UsageError(f"{item} does not exist; give shards (*.h5), a folder of them or a workspace")
    return ShardSet(list(dict.fromkeys(paths)))
