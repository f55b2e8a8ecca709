"""yt-dlp as a library: the only place that calls it, and that reads its errors."""

import codecs
import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yt360_tools import __version__
from yt360_tools.config import DownloadConfig
from yt360_tools.errors import ItemError, TransientError
from yt360_tools.sources.secrets import without_secrets
from yt360_tools.sources.session import session_options
from yt360_tools.sources.verdicts import server_error, youtube_error
from yt360_tools.sources.words import one_line

_PAGE = re.compile(r"\s*(<[!?a-z]|[{\[]|#extm3u)", re.IGNORECASE)
"""How HTML, XML, JSON and playlists begin."""

_SHORT = re.compile(r"\d+ bytes read, \d+ more expected|did not get any data blocks|content too short", re.IGNORECASE)
"""What yt-dlp says of an answer that ends early."""

_USER_AGENT = f"yt360-tools/{__version__}"
"""Who asks a server that is not YouTube; yt-dlp says that it is a browser."""

_Verdict = Callable[[str, int | None], ItemError]


def download_youtube(
    video_id: str, target: Path, config: DownloadConfig, choose: Callable[[dict[str, Any]], Any]
) -> dict[str, Any]:
    """Download a YouTube video's chosen formats, each into a file of its own; what yt-dlp learnt of it.

    Args:
        target: where to, without the track and the extension.
        choose: a format selector in yt-dlp's sense; every format that it yields is one file, called by its
            ``yt360_track``.

    Raises:
        MediaError: it is gone, or the id is none.
        TransientError: all else; another run, or another configuration, may succeed.
    """
    return _watch(video_id, config, choose, target)


def ask_youtube(video_id: str, config: DownloadConfig) -> dict[str, Any]:
    """What yt-dlp learns of a YouTube video; nothing is downloaded.

    Raises:
        MediaError: it is gone, or the id is none.
        TransientError: all else; another run, or another configuration, may succeed.
    """
    return _watch(video_id, config, _first, None)


def _watch(
    video_id: str, config: DownloadConfig, choose: Callable[[dict[str, Any]], Any], target: Path | None
) -> dict[str, Any]:
    """What yt-dlp learns of a video. Only a verbose session names the client that a format is from in its note."""
    options: dict[str, Any] = {"format": choose, "allowed_extractors": ["youtube"], "verbose": True}
    if target is None:
        options["sleep_interval_requests"] = 0  # who only asks pauses between videos
    with _session(config, options, target, verdict=youtube_error, auto_init="no_verbose_header") as session:
        address = f"https://www.youtube.com/watch?v={video_id}"
        found = session.extract_info(address, ie_key="Youtube", download=target is not None)
        information = dict(session.sanitize_info(found))
    if information.get("id") != video_id:
        trailer = one_line(str(information.get("id")))
        raise TransientError(
            "restricted_members",
            f"YouTube offers the trailer {trailer} in place of {video_id}, which must be paid for; "
            "give cookies of an account that may see it (download.cookies_file or download.cookies_from_browser)",
        )
    return information


def _first(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Any format, for a session that needs none."""
    return iter(context["formats"][:1])


def download_address(address: str, target: Path, config: DownloadConfig) -> None:
    """Download what an address serves into one file, as it is.

    No extractor is asked: redirects apart, nothing but the address is requested, whatever it answers. What breaks
    off is gone on from next time; the note of the file (`sources.parts`) is the caller's to clear.

    Args:
        target: where to, without the extension.

    Raises:
        MediaError: there is nothing at the address: ``gone``.
        TransientError: the network, the server, the disk, or an answer that is a page: ``not_media``.
    """
    shown = without_secrets(address, config)

    def verdict(words: str, status: int | None) -> ItemError:
        return server_error(f"{shown}: {words}", status)

    options = {"format": _first, "http_headers": {"User-Agent": _USER_AGENT}}
    with _session(config, options, target, verdict=verdict, auto_init=False) as session:
        found = session.process_ie_result(
            {
                "id": "media",
                "title": "media",
                "url": address,
                "ext": _extension(session, address),
                "protocol": "http",  # whatever the name ends with: a playlist's entries are not followed
                "extractor": "address",
                "extractor_key": "Address",
                "webpage_url": address,
            }
        )
        path = Path(found["requested_downloads"][0]["filepath"])
        with path.open("rb") as file:
            is_page = _is_page(file.read(512))
        if is_page:
            path.unlink()
            session.forget_notes()
            raise TransientError(
                "not_media",
                f"{shown} answers with a page or a list, not with media; look at it in a browser: "
                "it may ask for a login, say that the server is busy, or that the address is wrong",
            )


@contextmanager
def _session(
    config: DownloadConfig, options: dict[str, Any], target: Path | None, *, verdict: _Verdict, auto_init: bool | str
) -> Iterator[Any]:
    """An open yt-dlp session whose every failure is one of ours, in one line without secrets."""
    from yt360_tools.sources.watched import WatchedSession

    session = None
    try:
        given = {**session_options(config), **options}
        with WatchedSession(given, config, target=target, auto_init=auto_init) as session:
            yield session
    except ItemError:
        raise
    except Exception as error:  # also its bugs: a traceback in the ledger would show addresses
        found = translated(error, config, verdict, status=session.status if session else None)
        if session and isinstance(found, TransientError):
            found.retry_after_s = session.retry_after_s
            found.was_answered = session.was_answered or found.reason != "network"
        raise found from error


def translated(
    error: Exception, config: DownloadConfig, verdict: _Verdict = youtube_error, *, status: int | None = None
) -> ItemError:
    """One of our errors for one of yt-dlp's, its own words kept, in one line and without secrets.

    `status` is that of the server's last answer, where yt-dlp's error does not hold it.
    """
    import yt_dlp

    causes = list(_causes(error))
    if any(isinstance(cause, yt_dlp.cookies.CookieLoadError) for cause in causes):
        return TransientError(
            "cookies",
            "the cookies cannot be loaded; see download.cookies_from_browser and download.cookies_file, "
            "and whether the browser is closed",
        )
    if isinstance(error, OSError) and (error.filename or error.errno in (errno.ENOSPC, errno.EDQUOT)):
        return TransientError.of_disk(error, "writing failed")
    words = str(error) if isinstance(error, yt_dlp.utils.YoutubeDLError) else f"{type(error).__name__}: {error}"
    words = words.removeprefix("ERROR:").partition("; please report this issue")[0]
    statuses = (getattr(cause, "status", None) for cause in causes)
    status = next((status for status in statuses if isinstance(status, int)), status)
    found = verdict(without_secrets(one_line(words), config), status)
    if found.reason in ("network", "unknown") and status is None and _SHORT.search(words):
        return TransientError("incomplete", str(found))
    return found


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was raised for, as yt-dlp and Python note it."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = getattr(cause, "exc_info", None)
        waiting += [getattr(cause, "cause", None), inner[1] if inner else None, cause.__cause__, cause.__context__]


def _extension(session: Any, address: str) -> str:
    """A file's extension, by its address or else by what the server says of it."""
    from yt_dlp.networking import Request
    from yt_dlp.utils import KNOWN_EXTENSIONS, determine_ext, urlhandle_detect_ext

    extension = determine_ext(address, default_ext=None)
    if not extension:
        answer = session.urlopen(Request(address, headers={"Accept-Encoding": "identity"}))
        answer.close()
        extension = urlhandle_detect_ext(answer, default=None)
    return extension if extension in KNOWN_EXTENSIONS else "unknown_video"


def _is_page(start: bytes) -> bool:
    """Whether a file's first bytes are text that begins as HTML, XML, JSON or a playlist does."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        return False
    return bool(_PAGE.match(text)) and not any(ord(letter) < 9 for letter in text)
