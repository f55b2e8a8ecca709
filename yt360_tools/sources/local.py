"""A folder of media files: linked into the workspace where the file system can, copied where it cannot."""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.media.probe import find_tracks

Named = Mapping[str, Mapping[str, str]]
"""By video, the paths of its files below the folder: of ``video`` and ``audio``, or of one muxed file by ``""``."""


class LocalSource:
    """Files named ``<video_id>.video.*`` with ``<video_id>.audio.*``, or one muxed ``<video_id>.*``.

    Args:
        named: the videos whose files are called otherwise, or lie in folders below.
    """

    is_local = True

    def __init__(self, folder: Path, named: Named | None = None) -> None:
        if not folder.is_dir():
            raise UsageError(f"the folder of media {folder} does not exist")
        self.folder = folder.resolve()
        self.named = named or {}

    def tracks(self, video_id: str) -> tuple[Path, ...]:
        """The files of a video: picture and sound, or one that carries both.

        Raises:
            MediaError: a path that the manifest names leads out of the folder: ``unsafe_path``.
            TransientError: there is none, which a later run may find mended.
        """
        return tuple(dict.fromkeys(self._files(video_id).values()))

    def fetch(self, video_id: str, destination: Path) -> None:
        """Put a video's files into a folder: links to them, or copies where the disk is another one.

        Raises:
            MediaError: a path that the manifest names leads out of the folder: ``unsafe_path``.
            TransientError: there is no such file (``missing_media``), or the disk failed.
        """
        for name, path in self._files(video_id).items():
            _link_or_copy(path.resolve(), destination / name)

    def _files(self, video_id: str) -> dict[str, Path]:
        """A video's files by the names that they get."""
        if video_id not in self.named:
            try:
                return {path.name: path for path in find_tracks(self.folder, video_id)}
            except MediaError as error:
                if error.reason == "missing_media":
                    raise TransientError(error.reason, str(error)) from error
                raise
        found = {}
        for track, text in self.named[video_id].items():
            path = self.folder / _inside(text, video_id)
            if not path.is_file():
                raise TransientError("missing_media", f"{video_id}: {self.folder} has no file {text}")
            found[f"{video_id}.{track}{path.suffix}" if track else f"{video_id}{path.suffix}"] = path
        return found

    def size_bytes(self, video_id: str) -> int:
        """Bytes of a video's files; 0 when there is none."""
        try:
            return sum(path.stat().st_size for path in self.tracks(video_id))
        except (MediaError, TransientError, OSError):
            return 0

    def unlisted(self, video_ids: set[str]) -> tuple[str, ...]:
        """Names of the folder's files that belong to none of the videos."""
        named = {path for paths in self.named.values() for path in paths.values()}
        files = (path.name for path in self.folder.iterdir() if path.is_file() and path.name[0] != ".")
        names = sorted(name for name in files if name not in named)
        return tuple(name for name in names if not any(stem in video_ids for stem in _possible_ids(name)))


def _inside(text: str, video_id: str) -> PurePosixPath:
    """A path of a manifest, if it stays below the folder of media."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.suffix or "\0" in text or "\\" in text:
        raise MediaError(
            "unsafe_path",
            f"{video_id}: the manifest names the file {text!r}; a path below the folder of media is allowed, with '/' "
            "between its parts, without '..', and with an extension",
        )
    return path


def _possible_ids(name: str) -> list[str]:
    """The ids that a file's name could stand for: everything before one of its dots."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            reason = "disk_full" if error.errno == errno.ENOSPC else "disk"
            raise TransientError(
                reason, f"{source.name} cannot be copied to {target.parent}: {error.strerror}"
            ) from error
