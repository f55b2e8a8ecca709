"""Reading shards: opened lazily, a clip at a time; h5py, numpy and the codec's decoder are all it needs."""

import functools
import json
from collections.abc import Iterator, Sequence
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
from yt360_tools.shards.schema import FORMAT, VERSION, set_sha256


class StoredView:
    """A view in a shard; pictures and sound are read when they are asked for."""

    def __init__(self, group: Any, ambisonics: Any) -> None:
        self._group, self._ambisonics = group, ambisonics
        attributes = read_attributes(group)
        self._codec = reading_codec(str(attributes["codec"]), group.file.filename)
        yaw, pitch, roll, hfov, vfov = (float(value) for value in group["direction"][:])
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
        return self._codec.count(self._group)

    def frames_between(self, first: int, last: int) -> NDArray[np.uint8]:
        """Frames `first` to `last` (exclusive), RGB (last - first, height, width, 3)."""
        return self._codec.load(self._group, first, last)

    @property
    def frames(self) -> NDArray[np.uint8]:
        """All frames, RGB (frames, height, width, 3)."""
        return self.frames_between(0, len(self))

    @property
    def ambisonics(self) -> NDArray[np.float32]:
        """The clip's sound turned to this view, float32 (4, samples): its front is the view's axis."""
        return rotate(self._ambisonics[:], self.direction.view_from_world).astype(np.float32)

    @property
    def beam(self) -> NDArray[np.float32]:
        """A virtual microphone along the view's axis, float32 (samples,)."""
        return np.asarray(self._group["beam"][:])


class StoredClip:
    """A clip in a shard."""

    def __init__(self, group: Any) -> None:
        self._group = group
        start_s, end_s = (float(value) for value in group["window"][:])
        fps, sample_rate_hz = (float(value) for value in group["rates"][:])
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

    def check(self) -> None:
        """Recompute the clip's checksums.

        Raises:
            ShardError: what is stored is not what was written.
        """
        try:
            checked_content(self._group, self._group.name.rpartition("/")[2])
        except (ShardError, OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise ShardError(f"{self._group.file.filename}: clip {self.clip_id!r}: {error}") from error

    @property
    def ambisonics(self) -> NDArray[np.float32]:
        """The sound as recorded, AmbiX W, Y, Z, X, float32 (4, samples)."""
        return np.asarray(self._group["ambisonics"][:])

    @functools.cached_property
    def views(self) -> tuple[StoredView, ...]:
        stored = self._group["views"]
        return tuple(StoredView(stored[str(k)], self._group["ambisonics"]) for k in range(len(stored)))


class ShardSet:
    """Shards taken together: iterate over its clips, or ask for one by id.

    Attributes:
        paths: the files, sorted by name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._open: dict[Path, Any] = {}

    def __enter__(self) -> "ShardSet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"paths": self.paths, "_open": {}}

    def close(self) -> None:
        """Close every file; they open again when something is asked for."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def file(self, path: Path) -> Any:
        """The open HDF5 file of one shard, checked for its format and version."""
        if path not in self._open:
            self._open[path] = open_shard_file(path)
        return self._open[path]

    @functools.cached_property
    def index(self) -> dict[str, Path]:
        """Which file holds each clip, by clip id.

        Raises:
            ShardError: two shards hold the same clip.
        """
        where: dict[str, Path] = {}
        for path in self.paths:
            for clip_id in self.file(path)["clips"]:
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
        """
        path = self.index.get(clip_id)
        if path is None:
            raise UsageError(
                f"no clip {clip_id!r} in {len(self.paths)} shards with {len(self.index)} clips"
                f"{nearest(clip_id, self.index)}"
            )
        try:
            return StoredClip(self.file(path)["clips"][clip_id])
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            raise ShardError(f"{path}: clip {clip_id!r} cannot be read ({error}); try 'yt360 shard verify'") from error

    @property
    def content_hash(self) -> str:
        """The sha256 over all clips sorted by id, each by its content: without times and tool versions."""
        return set_sha256({clip.clip_id: clip.content_sha256 for clip in self})


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


def open_shard_file(path: Path) -> Any:
    """A shard's HDF5 file, opened for reading.

    Raises:
        ShardError: it is no HDF5 file, damaged, no shard, or of an unknown version.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
        attributes = read_attributes(file)
        kind, version = attributes.get("format"), attributes.get("version")
        clips = file.get("clips")
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise ShardError(f"{path}: no permission to read it") from error
        raise ShardError(
            f"{path}: not a whole HDF5 file (cut short, damaged, or no shard); delete it and build again"
        ) from error
    if kind != FORMAT or version is None:
        file.close()
        raise ShardError(f"{path}: an HDF5 file, but no {FORMAT}")
    if int(version) != VERSION:
        file.close()
        raise ShardError(f"{path}: format version {int(version)}; this version of yt360-tools reads version {VERSION}")
    if clips is None:
        file.close()
        raise ShardError(f"{path}: the group 'clips' is missing: damaged")
    return file
