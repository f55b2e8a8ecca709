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
from yt_dlp.utils import parse_http_range

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.parts import FileChanged, Part, what_of
from yt360_tools.sources.room import check_budget, check_room

_PLAIN = ("http", "https")


class WatchedSession(yt_dlp.YoutubeDL):
    """yt-dlp with a part's note for every file that it fetches as a whole.

    Attributes:
        status: of the last answer, if that was an error's.
        retry_after_s: what that answer asked for.
    """

    params: dict[str, Any]

    def __init__(self, options: dict[str, Any], config: DownloadConfig, *, auto_init: bool | str) -> None:
        self.status: int | None = None
        self.retry_after_s: float | None = None
        self._config = config
        self._part: Part | None = None
        self._parts: list[Part] = []
        super().__init__(options, auto_init=auto_init)
        self.add_progress_hook(self._on_progress)

    def dl(self, name: str, info: dict[str, Any], subtitle: bool = False, test: bool = False) -> tuple[bool, bool]:
        """Fetch one file, going on from its part where that is what it says it is."""
        part = Part(Path(name), _what(info))
        self._parts.append(part)
        if part.resume() and part.is_complete:
            part.finish()
            return True, False
        if info.get("protocol") not in _PLAIN:
            return self._dl_fragments(part, info)
        self._part = part
        try:
            try:
                asked = info
                if part.note.bytes and part.note.mark:
                    asked = {**info, "http_headers": {**(info.get("http_headers") or {}), "If-Range": part.note.mark}}
                return super().dl(name, asked, subtitle, test)
            except FileChanged:
                part.discard()
                return super().dl(name, info, subtitle, test)
        finally:
            self._part = None
            part.settle()

    def _dl_fragments(self, part: Part, info: dict[str, Any]) -> tuple[bool, bool]:
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
            self.status = error.status
            self.retry_after_s = retry_after_s(error.response.headers.get("Retry-After"))
            raise
        if self._part is not None:
            begins_at, total = _span(answer)
            try:
                self._part.announced(total, _mark(answer.headers), begins_at=begins_at)
                check_room(self._part.target.parent, (total or 0) - begins_at, self._config)
                check_budget(self._part.target.parent, self._config)
            except BaseException:
                answer.close()
                raise
        return answer

    def forget_notes(self) -> None:
        """Leave the files alone where they are: all that was asked for is there."""
        for part in self._parts:
            part.forget()

    def _on_progress(self, progress: dict[str, Any]) -> None:
        if self._part is not None and progress.get("status") == "downloading":
            self._part.grown()
            if self._part.note.total is None:
                check_budget(self._part.target.parent, self._config)


def retry_after_s(value: str | None) -> float | None:
    """The seconds of a ``Retry-After``: a number of them, or a date (RFC 9110, section 10.2.3); None for neither."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=timezone.utc)
    return max(0.0, (then - datetime.now(timezone.utc)).total_seconds())


def _what(info: dict[str, Any]) -> str:
    """Whose bytes a file's are: a format's, by its number (its address changes by the hour), or an address's."""
    if info.get("extractor_key") == "Address":
        return what_of(info["url"])
    names = ("extractor_key", "id", "format_id", "filesize", "section_start", "section_end")
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
