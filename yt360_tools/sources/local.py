"""A folder of media files: linked into the workspace where the file system can, copied where it cannot."""

import errno
import os
import shutil
from pathlib import Path

from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.media.probe import find_tracks


class LocalSource:
    """Files named ``<video_id>.video.*`` with ``<video_id>.audio.*``, or one muxed ``<video_id>.*``."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"the folder of media {folder} does not exist")
        self.folder = folder.resolve()

    def tracks(self, video_id: str) -> tuple[Path, ...]:
        """The files of a video: picture and sound, or one that carries both.

        Raises:
            TransientError: there is none, which a later run may find mended.
        """
        try:
            return tuple(dict.fromkeys(find_tracks(self.folder, video_id)))
        except MediaError as error:
            if error.reason == "missing_media":
                raise TransientError(error.reason, str(error)) from error
            raise

    def fetch(self, video_id: str, destination: Path) -> None:
        for path in self.tracks(video_id):
            _link_or_copy(path.resolve(), destination / path.name)

    def size_bytes(self, video_id: str) -> int:
        """Bytes of a video's files; 0 when there is none."""
        try:
            return sum(path.stat().st_size for path in self.tracks(video_id))
        except (MediaError, TransientError, OSError):
            return 0

    def unlisted(self, video_ids: set[str]) -> tuple[str, ...]:
        """Names of the folder's files that belong to none of the videos."""
        names = sorted(path.name for path in self.folder.iterdir() if path.is_file() and path.name[0] != ".")
        return tuple(name for name in names if not any(stem in video_ids for stem in _possible_ids(name)))


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
