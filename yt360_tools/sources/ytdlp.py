"""yt-dlp as a library: one place that sets its options and reads its errors."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import MediaError, TransientError

_GONE = ("private video", "video unavailable", "has been removed", "account associated", "no longer available")
_RESTRICTED = ("confirm your age", "not available in your country", "members-only", "join this channel")
_BOT_WALL = ("not a bot", "too many requests", "http error 429")
_GONE_STATUS = (404, 410)


class _Silent:
    """yt-dlp's messages are not printed: its errors become outcomes, which are."""

    def debug(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


def download(
    url: str,
    output_template: str,
    config: DownloadConfig,
    *,
    extractor: str | None = None,
    choose: Callable[[dict[str, Any]], Any] | None = None,
) -> dict[str, Any]:
    """Download an address with yt-dlp, never merging or converting; returns its cleaned information.

    Args:
        output_template: where to, in yt-dlp's template language, an absolute path.
        extractor: the extractor to use instead of asking all of them.
        choose: a format selector in yt-dlp's sense; every format that it yields is one file.

    Raises:
        MediaError: it is gone, restricted or unsupported.
        TransientError: the network, the server, a bot wall or the disk.
    """
    import yt_dlp

    options: dict[str, Any] = {
        "outtmpl": {"default": output_template},
        "quiet": True,
        "noprogress": True,
        "no_color": True,
        "logger": _Silent(),
        "retries": config.attempts,
        "fragment_retries": config.attempts,
        "extractor_retries": config.attempts,
        "fixup": "never",
        "overwrites": True,
        "cachedir": False,
        "noplaylist": True,
    }
    if choose:
        options["format"] = choose
    if config.rate_limit_mb_s:
        options["ratelimit"] = config.rate_limit_mb_s * 1e6
    if config.cookies_file:
        options["cookiefile"] = config.cookies_file
    if config.proxy:
        options["proxy"] = config.proxy
    if config.player_clients:
        options["extractor_args"] = {"youtube": {"player_client": list(config.player_clients)}}
    try:
        with yt_dlp.YoutubeDL(options) as session:
            found = session.extract_info(url, ie_key=extractor)
            return dict(session.sanitize_info(found))
    except yt_dlp.utils.YoutubeDLError as error:
        raise translated(error) from error
    except OSError as error:
        raise _disk_error(error) from error


def translated(error: Exception) -> MediaError | TransientError:
    """One of our errors for one of yt-dlp's, its own words kept."""
    words = str(error).removeprefix("ERROR: ").strip()
    low = words.lower()
    status = _http_status(error)
    if "errno 28" in low or "no space left" in low:
        return TransientError("disk_full", words)
    if any(text in low for text in _BOT_WALL):
        return TransientError("bot_wall", words)
    if status in _GONE_STATUS or any(text in low for text in _GONE):
        return MediaError("gone", words)
    if any(text in low for text in _RESTRICTED):
        return MediaError("restricted", words)
    if "requested format is not available" in low or "unsupported url" in low:
        return MediaError("unsupported", words)
    return TransientError("network", words)


def _http_status(error: BaseException | None) -> int | None:
    """The HTTP status that an error was raised for, looked for in the chain of its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        status = getattr(error, "status", None)
        if isinstance(status, int):
            return status
        inner = getattr(error, "exc_info", None)
        error = getattr(error, "cause", None) or (inner[1] if inner else None) or error.__cause__
    return None


def _disk_error(error: OSError) -> TransientError:
    reason = "disk_full" if error.errno == errno.ENOSPC else "disk"
    return TransientError(reason, f"writing failed: {error.strerror or error}")


def template_path(folder: Path, name: str) -> str:
    """A path for yt-dlp's template language, with its percent signs escaped."""
    return str(folder.resolve() / name).replace("%", "%%")
