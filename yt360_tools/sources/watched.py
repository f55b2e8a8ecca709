"""A session of yt-dlp that is watched: what servers announce is noted beside each file, and held against what comes.

yt-dlp glues onto any ``.part`` that it finds, takes one that is within 100 bytes of the announced size for whole, and
drops a server's ``Retry-After``. This class stands between it and its requests; imported only where it is used.
"""

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import yt_dlp
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.utils import KNOWN_EXTENSIONS, parse_http_range

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.parts import FileChanged, PartialFile
from yt360_tools.sources.reasons import REASONS
from yt360_tools.sources.room import RoomWatch

LONGEST_WISH_S = 30 * 86400.0
"""A server that asks to be left alone for longer is asked again after a month."""

_PLAIN = ("http", "https")
_NO_SUCH_RANGE = 416
_UNFINISHED = {
    "is_live": "it is live",
    "is_upcoming": "it has not begun",
    "post_live": "its live stream has only just ended",
}
"""By yt-dlp's ``live_status``, why there is no recording yet."""


class WatchedSession(yt_dlp.YoutubeDL):
    """yt-dlp with a note beside every file that it fetches as a whole, and with room for what it fetches.

    Args:
        target: where files go: its name, their ``yt360_track`` where they have one, and their extension. yt-dlp's own
            templates would expand ``$NAME`` and ``~`` in the names of folders. None where nothing is fetched.

    Attributes:
        status: of the last answer, if that was an error's.
        retry_after_s: what that answer asked for.
        was_answered: whether any server has answered yet.
    """

    params: dict[str, Any]

    def __init__(
        self, options: dict[str, Any], config: DownloadConfig, *, target: Path | None, auto_init: bool | str
    ) -> None:
        self.status: int | None = None
        self.retry_after_s: float | None = None
        self.was_answered = False
        self._config, self._target = config, target
        self._part: PartialFile | None = None
        self._room: RoomWatch | None = None
        self._parts: list[PartialFile] = []
        super().__init__(options, auto_init=auto_init)
        self.add_progress_hook(self._on_progress)

    def prepare_filename(self, info_dict: dict[str, Any], *arguments: Any, **options: Any) -> str:
        """The path of a file to fetch."""
        if self._target is None:
            return str(super().prepare_filename(info_dict, *arguments, **options))
        extension = info_dict.get("ext")
        words = (
            str(self._target.parent.resolve() / self._target.name),
            info_dict.get("yt360_track"),
            extension if extension in KNOWN_EXTENSIONS else "unknown_video",
        )
        return ".".join(word for word in words if word)

    def process_video_result(self, info_dict: dict[str, Any], download: bool = True) -> dict[str, Any]:
        """Choose formats and fetch them, unless there is no recording yet.

        Raises:
            TransientError: ``live``.
        """
        why = _UNFINISHED.get(info_dict.get("live_status") or ("is_live" if info_dict.get("is_live") else ""))
        if why:
            raise REASONS["live"].error(f"{info_dict.get('id')}: {why}")
        found: dict[str, Any] = super().process_video_result(info_dict, download=download)
        return found

    def dl(self, name: str, info: dict[str, Any], subtitle: bool = False, test: bool = False) -> tuple[bool, bool]:
        """Fetch one file, going on from its part where that is what it says it is.

        Raises:
            TransientError: ``disk_full``, ``over_budget``, or ``incomplete``: other bytes came than were announced.
        """
        part = PartialFile(Path(name), _what(info))
        self._parts.append(part)
        if part.resume() and part.is_complete:
            part.finish()
            return True, False
        self._room = RoomWatch(part.target.parent, self._config)
        if info.get("protocol") not in _PLAIN:
            return self._dl_fragments(part, info)
        self._part = part
        try:
            return self._dl_whole(part, info)
        finally:
            self._part = None
            part.settle()

    def _dl_whole(self, part: PartialFile, info: dict[str, Any]) -> tuple[bool, bool]:
        """Fetch a file from one address; from its beginning where what is there is not the server's any more."""
        name = str(part.target)
        asked = info
        if part.note.bytes and part.note.mark:
            asked = {**info, "http_headers": {**(info.get("http_headers") or {}), "If-Range": part.note.mark}}
        try:
            return super().dl(name, asked)
        except FileChanged:
            part.discard()
            return super().dl(name, info)

    def _dl_fragments(self, part: PartialFile, info: dict[str, Any]) -> tuple[bool, bool]:
        """Fetch a stream in pieces, always from its beginning: yt-dlp's count of them does not tell whose they are.

        One of a thousand pieces that fails is tried again by itself.
        """
        part.discard()
        for path in part.target.parent.iterdir():
            if path.name == f"{part.target.name}.ytdl" or path.name.startswith(f"{part.path.name}-Frag"):
                path.unlink()
        given = self.params
        self.params = {**given, "retries": self._config.attempts}
        try:
            found = super().dl(str(part.target), info)
        finally:
            self.params = given
        part.settle()
        return found

    def urlopen(self, req: Any) -> Any:
        """An answer, once what it announces is noted."""
        self.status = self.retry_after_s = None
        try:
            answer = super().urlopen(req)
        except HTTPError as error:
            self.status, self.was_answered = error.status, True
            self.retry_after_s = retry_after_s(error.response.headers.get("Retry-After"))
            if error.status == _NO_SUCH_RANGE and self._part is not None and self._part.note.bytes:
                raise FileChanged("the file is smaller now") from error  # yt-dlp would ask for the range again
            raise
        self.was_answered = True
        if self._part is not None and self._room is not None:
            begins_at, total = _span(answer)
            try:
                self._part.announced(total, _mark(answer.headers), begins_at=begins_at)
                self._room.look()
            except BaseException:
                answer.close()
                raise
        return answer

    def forget_notes(self) -> None:
        """Leave no note of what came: it is not what was asked for."""
        for part in self._parts:
            part.forget()

    def _on_progress(self, progress: dict[str, Any]) -> None:
        if self._room is None or progress.get("status") != "downloading":
            return
        if self._part is not None:
            self._part.grown()
        is_announced = self._part is not None and self._part.note.total is not None
        self._room.grown(int(progress.get("downloaded_bytes") or 0), is_announced=is_announced)


def retry_after_s(value: str | None) -> float | None:
    """The seconds of a ``Retry-After``: a number of them, or a date (RFC 9110, section 10.2.3); None for neither.

    They are no more than `LONGEST_WISH_S`.
    """
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return min(float(value), LONGEST_WISH_S)
    try:
        then = parsedate_to_datetime(value)
        then = then if then.tzinfo else then.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (then - datetime.now(timezone.utc)).total_seconds()), LONGEST_WISH_S)


def _what(info: dict[str, Any]) -> str:
    """Whose bytes a file's are: a format's, by its number (its address changes by the hour), or an address's."""
    if info.get("extractor_key") == "Address":
        return str(info["url"])
    names = ("extractor_key", "id", "format_id", "filesize")
    return " ".join(str(info[name]) for name in names if info.get(name) is not None)


def _span(answer: Any) -> tuple[int, int | None]:
    """Where the bytes of an answer begin, and how many the whole has."""
    if answer.status == 206:
        start, _, total = parse_http_range(answer.headers.get("Content-Range"))
        if start is not None:
            return start, total
    length = answer.headers.get("Content-Length", "")
    is_plain = not answer.headers.get("Content-Encoding") and length.isascii() and length.isdecimal()
    return 0, int(length) if is_plain else None


def _mark(headers: Any) -> str:
    """What tells this version of a file from another: a strong ETag, else when it was changed."""
    etag = headers.get("ETag") or ""
    return etag if etag.startswith('"') else headers.get("Last-Modified") or ""
