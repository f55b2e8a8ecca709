"""Clips and views in shards: pictures and sound are read when they are asked for, and no more than is asked for."""

import functools
import json
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import rotate
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.geometry import Direction
from yt360_tools.records import ClipWindow, View
from yt360_tools.shards.checks import check_clip
from yt360_tools.shards.codecs import reading_codec
from yt360_tools.shards.damage import naming_damage
from yt360_tools.shards.label_codec import decode_labels, require_label_codec
from yt360_tools.shards.record import read_record
from yt360_tools.shards.schema import Measured
from yt360_tools.shards.sound_codecs import decode_sound, require_sound_codec
from yt360_tools.shards.stored_track import Blocks, StoredTrack

if TYPE_CHECKING:
    from yt360_tools.shards.catalogue import Entry
    from yt360_tools.shards.reader import ShardSet

Frames = NDArray[np.uint8]
Sound = NDArray[np.float32]


class StoredFrames:
    """A view's pictures, like an array (frames, height, width, 3) of uint8 RGB of which a part is read at a time.

    ``frames[8:16]`` and ``frames[3]`` read those alone; ``numpy.asarray(frames)`` reads all.

    Raises:
        ShardError: from all that reads, when the shard is damaged.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, view: "StoredView", name: str = "frames") -> None:
        self._view, self._track = view, view.track(name)
        self._is_colour = name == "frames"
        if self._is_colour:
            self._codec = reading_codec(self._track.codec, str(view.clip.path))
        else:
            require_label_codec(self._track.codec, str(view.clip.path))

    @property
    def shape(self) -> tuple[int, ...]:
        size = self._view.view.height, self._view.view.width
        return (self._track.count, *size, 3) if self._is_colour else (self._track.count, *size)

    def __len__(self) -> int:
        return self._track.count

    def __getitem__(self, wanted: Any) -> Frames:
        if isinstance(wanted, slice):
            first, last, step = wanted.indices(len(self))
            numbers = range(first, last, step)
            if not numbers:
                return self._between(0, 0)
            low, high = min(numbers), max(numbers) + 1
            return self._between(low, high)[:: abs(step)][:: 1 if step > 0 else -1]
        number = operator.index(wanted)
        if not -len(self) <= number < len(self):
            raise IndexError(f"frame {number} of {len(self)}")
        return self._between(number % len(self), number % len(self) + 1)[0]

    def __iter__(self) -> Iterator[Frames]:
        for number in range(len(self)):
            yield self[number]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        frames = self[:]
        return frames if dtype is None else frames.astype(dtype, copy=False)

    def _between(self, first: int, last: int) -> Frames:
        with self._view.clip.reading():
            blocks = self._view.blocks(self._track, first, last)
            count = sum(blocks.counts)
            frames = np.empty((count, *self.shape[1:]), np.uint8)
            if self._is_colour:
                self._codec.decode(blocks.data, blocks.counts, frames)
            else:
                decode_labels(blocks.data, frames)
        return frames[first - blocks.first : last - blocks.first]


class StoredView:
    """View `index` of a clip in a shard.

    Attributes:
        clip: the clip.
        view: its projection, where it looks, its opening angles and size.

    Raises:
        ShardError: from all that reads, when the shard is damaged.
    """

    def __init__(self, clip: "StoredClip", index: int) -> None:
        self.clip, self._path = clip, f"views/{index}"
        with clip.reading():
            attributes = clip.record.attributes[self._path]
            yaw, pitch, roll, hfov, vfov = _finite(clip.array(f"{self._path}/direction"), "direction")
            look, size = Direction(yaw, pitch, roll), (int(attributes["width"]), int(attributes["height"]))
            self.view = View(str(attributes["projection"]), look, hfov, vfov, *size)

    @property
    def direction(self) -> Direction:
        """Where the view looks."""
        return self.view.direction

    @functools.cached_property
    def frames(self) -> StoredFrames:
        """The pictures, read when a part is asked for."""
        return StoredFrames(self)

    @property
    def labels(self) -> StoredFrames | None:
        """Label maps (frames, height, width), a class a pixel; None where the view has none."""
        return StoredFrames(self, "labels") if f"{self._path}/labels" in self.clip.record.datasets else None

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.frames)

    @property
    def ambisonics(self) -> Sound:
        """The clip's sound turned to this view, float32 (4, samples): its front is the view's axis."""
        return self.clip.sound(toward=self.direction)

    @property
    def beam(self) -> Sound:
        """A virtual microphone along the view's axis, float32 (samples,)."""
        return self.clip.read_sound(f"{self._path}/beam")[0]

    def track(self, name: str) -> StoredTrack:
        """One of the view's tracks."""
        return self.clip.track(f"{self._path}/{name}")

    def blocks(self, track: StoredTrack, first: int, last: int) -> Blocks:
        """The blocks of one of the view's tracks; raises ValueError over damage."""
        return track.blocks(self.clip.file(), first, last)


class StoredClip:
    """A clip in a shard. It holds no file open: it stays good when its set closes the shard, or is pickled.

    Attributes:
        path: the shard.
        window: what it is, and when, in seconds on the source's clock.
        fps: frames a second; frame i is the last one of the source not after ``window.start_s + i / fps``.
        sample_rate_hz: of the sound.
        source: what picture and sound came from.

    Raises:
        ShardError: from all that reads, when the shard is damaged.
    """

    def __init__(self, shards: "ShardSet", path: Path, entry: "Entry") -> None:
        self.path = path
        self._shards, self._entry = shards, entry
        with self.reading():
            self.record = read_record(self.file(), entry.address, entry.nbytes)
            if self.record.clip_id != entry.clip_id:
                raise ValueError(f"its record is that of {self.record.clip_id!r}")
            attributes = self.record.attributes[""]
            start_s, end_s = _finite(self.array("window"), "window")
            fps, sample_rate_hz = _finite(self.array("rates"), "rates")
            self.window = ClipWindow(
                entry.clip_id, str(attributes["video_id"]), start_s, end_s, str(attributes["split"])
            )
            self.fps, self.sample_rate_hz = fps, int(sample_rate_hz)
            self.source: dict[str, Any] = json.loads(str(attributes["source"]))

    @property
    def clip_id(self) -> str:
        return self.window.clip_id

    @property
    def content_sha256(self) -> str:
        """The checksum of its content, as stated."""
        return self.record.content_sha256

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the examination of its video found: fixes that were applied, doubts, notes."""
        found: list[dict[str, Any]] = json.loads(str(self.record.attributes[""]["findings"]))
        return found

    @property
    def measured(self) -> Measured | None:
        """Its sound's level and direction over time; None where they were not measured."""
        if "measured/arrival" not in self.record.datasets:
            return None
        with self.reading():
            return Measured(self.array("measured/level_dbfs"), self.array("measured/arrival"))

    @functools.cached_property
    def samples(self) -> int:
        """How many sound samples the clip has."""
        with self.reading():
            return int(self.record.attributes["ambisonics"]["count"])

    @property
    def ambisonics(self) -> Sound:
        """The sound as recorded, AmbiX W, Y, Z, X, float32 (4, samples)."""
        return self.read_sound("ambisonics")

    def ambisonics_between(self, first: int, last: int) -> Sound:
        """Samples `first` to `last` (exclusive) of the sound as recorded, float32 (4, last - first)."""
        return self.read_sound("ambisonics", first, last)

    def sound(self, start_s: float = 0.0, end_s: float | None = None, *, toward: Direction | None = None) -> Sound:
        """The ambisonics W, Y, Z, X, float32 (4, samples), from `start_s` to `end_s`.

        Args:
            start_s, end_s: in seconds from the clip's beginning; None is its end.
            toward: where the listener looks; None leaves the sound as recorded.

        Raises:
            UsageError: the times do not rise, or lie outside the clip.
        """
        first = round(start_s * self.sample_rate_hz)
        last = self.samples if end_s is None else round(end_s * self.sample_rate_hz)
        if not 0 <= first <= last <= self.samples:
            length_s = self.samples / self.sample_rate_hz
            raise UsageError(f"{start_s} to {end_s} s do not lie within clip {self.clip_id!r} of {length_s:g} s")
        sound = self.read_sound("ambisonics", first, last)
        return sound if toward is None else rotate(sound, toward.view_from_world).astype(np.float32, copy=False)

    @functools.cached_property
    def views(self) -> tuple[StoredView, ...]:
        """Its views, in their order."""
        paths = [path for path in self.record.attributes if path.startswith("views/") and path.count("/") == 1]
        return tuple(StoredView(self, index) for index in range(len(paths)))

    def check(self) -> None:
        """Recompute the clip's checksums.

        Raises:
            ShardError: what is stored is not what was written.
        """
        with self.reading():
            check_clip(self.record, self.file())

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it, failing to read the clip becomes a `ShardError`."""
        with naming_damage(self.path, self._entry.clip_id):
            yield

    def file(self) -> Any:
        """The shard's file, see `files.ShardFile`."""
        return self._shards.file(self.path)

    def array(self, path: str) -> NDArray[Any]:
        """One of the clip's small datasets; raises ValueError over damage."""
        return self.record.array(self.file(), path)

    def track(self, path: str) -> StoredTrack:
        """One of the clip's tracks."""
        with self.reading():
            return StoredTrack.of(self.record, path, self.file())

    def read_sound(self, path: str, first: int = 0, last: int | None = None) -> Sound:
        """Samples `first` to `last` (exclusive) of a track of sound, float32 (channels, last - first)."""
        track = self._sound_track(path)
        last = track.count if last is None else min(last, track.count)
        with self.reading():
            blocks = track.blocks(self.file(), first, last)
            sound = decode_sound(track.codec, blocks.data, track.facts)
            if sound.shape[1] != sum(blocks.counts):
                raise ValueError(f"{path}: {sound.shape[1]} samples where {sum(blocks.counts)} should be")
        return sound[:, first - blocks.first : max(first, last) - blocks.first]

    @functools.cached_property
    def _sound_tracks(self) -> dict[str, StoredTrack]:
        return {}

    def _sound_track(self, path: str) -> StoredTrack:
        if path not in self._sound_tracks:
            track = self.track(path)
            require_sound_codec(track.codec, str(self.path))
            self._sound_tracks[path] = track
        return self._sound_tracks[path]


def _finite(values: NDArray[Any], name: str) -> list[float]:
    """A dataset's numbers, which must be some."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} is {values.tolist()}")
    return [float(value) for value in values]


def require_alike(clips: list[StoredClip]) -> None:
    """Refuse clips whose views differ in number, kind or size: they do not stack.

    Raises:
        ShardError: naming the first two that differ.
    """
    kinds = [tuple((view.view.projection, view.view.width, view.view.height) for view in clip.views) for clip in clips]
    for clip, kind in zip(clips, kinds, strict=True):
        if kind != kinds[0]:
            raise ShardError(
                f"{clips[0].path} and {clip.path} hold other views: {clips[0].clip_id!r} has {_told(kinds[0])}, "
                f"{clip.clip_id!r} has {_told(kind)}"
            )


def _told(kind: tuple[tuple[str, int, int], ...]) -> str:
    return ", ".join(f"{projection} {width}x{height}" for projection, width, height in kind) or "none"
