"""Where media come from: each source fetches one video's files into a folder, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import UsageError


class Source(Protocol):
    """The seam. A source is a plain value: it can be handed to another thread.

    Attributes:
        is_local: whether its media lie on this machine's disks already: they are linked, need no pauses, and are theirs
            who put them there.
    """

    is_local: bool

    def fetch(self, video_id: str, destination: Path) -> None:
        """Put ``<video_id>.video.*`` and ``<video_id>.audio.*``, or one muxed ``<video_id>.*``, into a folder.

        Raises:
            MediaError: there is no such video any more: final.
            TransientError: the network, the disk or the configuration failed: it may succeed later.
        """


def open_source(config: DownloadConfig, named: Mapping[str, Mapping[str, str]] | None = None) -> Source:
    """The source that a configuration names: local files, URL templates, or YouTube.

    Args:
        named: by video, the paths of its files in a local folder, where its manifest names them.

    Raises:
        UsageError: both a folder and a source are named, the folder is not there, a template, the cookies, the
            format policy or yt-dlp's arguments are wrong.
    """
    if config.media and config.source:
        raise UsageError("give a folder of media (--media) or a source (--source), not both")
    if config.media:
        from yt360_tools.sources.local import LocalSource

        return LocalSource(Path(config.media), named)
    from yt360_tools.sources.session import check_options

    check_options(config)
    if not config.source or config.source == ("youtube",):
        from yt360_tools.sources.youtube import YoutubeSource

        return YoutubeSource(config)
    schemes = {template.partition("://")[0].lower() for template in config.source}
    if schemes <= {"http", "https"}:
        from yt360_tools.sources.http import HttpSource

        return HttpSource(config)
    if schemes & {"http", "https", "youtube"}:
        raise UsageError("the picture's and the sound's sources must be of one kind: HTTP, or one of fsspec's")
    from yt360_tools.sources.remote import RemoteSource

    return RemoteSource(config)
