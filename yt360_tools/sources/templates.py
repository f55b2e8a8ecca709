"""Addresses made from templates with ``{video_id}``, for every kind of server."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import ItemError, MediaError, TransientError, UsageError
from yt360_tools.sources.secrets import without_secrets

EXTENSIONS = {
    "video": ("mp4", "webm", "mkv", "mov"),
    "audio": ("webm", "m4a", "opus", "ogg", "flac", "wav", "mka"),
}

Get = Callable[[str, Path, str, DownloadConfig], None]
"""Fetches an address into a folder, as a file of a name to which it gives the extension."""


class TemplateSource:
    """One template for muxed files; two, or one with ``{track}``, for picture and sound apart.

    ``{track}`` becomes ``video`` and ``audio``; ``{ext}`` is tried among the usual extensions.
    """

    is_local = False

    def __init__(self, config: DownloadConfig, get: Get) -> None:
        self.config = config
        self._get = get
        if len(config.source) > 2:
            raise UsageError(
                f"give one URL template, or one for the picture and one for the sound; got {len(config.source)}"
            )
        for template in config.source:
            _check_template(template, without_secrets(template, config))
        if len(config.source) == 2:
            self._templates = dict(zip(("video", "audio"), config.source, strict=True))
        elif "{track}" in config.source[0]:
            self._templates = {track: config.source[0].replace("{track}", track) for track in ("video", "audio")}
        else:
            self._templates = {"": config.source[0]}

    def fetch(self, video_id: str, destination: Path) -> None:
        """Put a video's one file, or its picture and its sound, into a folder, each beside its note.

        Args:
            destination: a folder that is there; what an earlier try has left in it is gone on from.

        Raises:
            MediaError: the server has no such file: ``gone``.
            TransientError: the network, the server or the disk failed, or what came is a page: ``not_media``.
        """
        for track, template in self._templates.items():
            name = f"{video_id}.{track}" if track else video_id
            self._fetch_first(video_id, track, template, destination, name)

    def _fetch_first(self, video_id: str, track: str, template: str, destination: Path, name: str) -> None:
        address = template.replace("{video_id}", quote(video_id, safe=""))
        if "{ext}" not in address:
            self._get(address, destination, name, self.config)
            return
        page: ItemError | None = None
        extensions = EXTENSIONS[track or "video"]
        # What an earlier try has begun is asked for first.
        for extension in sorted(extensions, key=lambda one: not (destination / f"{name}.{one}.part").exists()):
            try:
                self._get(address.replace("{ext}", extension), destination, name, self.config)
            except (MediaError, TransientError) as error:
                if error.reason not in ("gone", "not_media"):
                    raise
                page = error if error.reason == "not_media" else page
            else:
                return
        if page:  # a server that answers with a page for what it has not
            raise page
        shown = without_secrets(address, self.config)
        raise MediaError("gone", f"the server has none of {shown} with {{ext}} = {', '.join(extensions)}")


def _check_template(template: str, shown: str) -> None:
    if "{video_id}" not in template:
        raise UsageError(f"the URL template {shown!r} lacks {{video_id}}")
    unknown = sorted(set(re.findall(r"\{(.*?)\}", template)) - {"video_id", "track", "ext"})
    if unknown:
        raise UsageError(f"the URL template {shown!r} has {{{unknown[0]}}}; known: {{video_id}}, {{track}}, {{ext}}")
    try:
        _ = urlsplit(template).port
    except ValueError:
        raise UsageError(
            f"the URL template {shown!r} has no host and port before its first slash; "
            "in a password, / ? # @ are written %2F %3F %23 %40"
        ) from None
