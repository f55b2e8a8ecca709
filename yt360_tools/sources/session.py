"""What yt-dlp is told: its options, made of a configuration, and refused before the first video when they are wrong."""

import io
import random
import re
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError, UsageError, nearest
from yt360_tools.sources.proxies import check_proxy

_COOKIE_HEADER = re.compile(r"#( Netscape)? HTTP Cookie File")
_COOKIE_FIELDS = 7
_BROWSER = re.compile(
    r"(?P<name>[^+:]+)(?:\s*\+\s*(?P<keyring>[^:]+))?(?:\s*:\s*(?!:)(?P<profile>.+?))?(?:\s*::\s*(?P<container>.+))?"
)


class _Silent:
    """yt-dlp's messages are not printed: its errors become outcomes, which are."""

    def debug(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


def check_options(config: DownloadConfig) -> None:
    """Refuse what no session could work with.

    Raises:
        UsageError: the cookie file cannot be read or is none, the browser is unknown, the proxy's address is none, an
            extractor argument is malformed or names the player clients a second time. Paths and values of secrets are
            not shown.
    """
    if config.cookies_file:
        _check_cookies(config.cookies_file)
    if config.cookies_from_browser:
        browser_of(config.cookies_from_browser)
    if config.proxy:
        check_proxy(config.proxy)
    extractor_arguments(config)


def session_options(config: DownloadConfig) -> dict[str, Any]:
    """yt-dlp's options for one session: silent, without cache, update check, merging or fixing up.

    It tries nothing twice but a stream's fragments: how often and when something is asked again is decided in one
    place, `pipeline.retrying`.

    A session gets a copy of the cookies of its own: yt-dlp writes its jar back when it closes, and several work
    at once.
    """

    def fragment_pause_s(n: int) -> float:
        return min(config.pause_max_s, config.pause_s * 2.0 ** min(n, 60))

    options: dict[str, Any] = {
        "quiet": True,
        "noprogress": True,
        "no_color": True,
        "logger": _Silent(),
        "retries": 0,
        "extractor_retries": 0,
        "fragment_retries": config.attempts,
        "retry_sleep_functions": {"fragment": fragment_pause_s, "http": fragment_pause_s},
        "skip_unavailable_fragments": False,  # by default yt-dlp leaves a hole, and says nothing
        "socket_timeout": config.timeout_s,
        "fixup": "never",
        "overwrites": True,
        "cachedir": False,
        "noplaylist": True,
    }
    if config.rate_limit_mb_s:
        options["ratelimit"] = config.rate_limit_mb_s * 1e6
    if config.sleep_s:
        least, most = config.sleep_s * (1 - config.jitter), config.sleep_s * (1 + config.jitter)
        options |= {"sleep_interval": least, "max_sleep_interval": most}
        options["sleep_interval_requests"] = random.uniform(least, most)  # yt-dlp has no range for these
    if config.cookies_file:
        options["cookiefile"] = _copy_of_cookies(config.cookies_file)
    if config.cookies_from_browser:
        options["cookiesfrombrowser"] = browser_of(config.cookies_from_browser)
    if config.proxy:
        options["proxy"] = config.proxy
    if arguments := extractor_arguments(config):
        options["extractor_args"] = arguments
    return options


def extractor_arguments(config: DownloadConfig) -> dict[str, dict[str, list[str]]]:
    """`config.extractor_args` and `config.player_clients` as yt-dlp's command line would read them.

    ``EXTRACTOR:KEY=VALUE[,VALUE][;KEY=VALUE]``; ``\\,`` is a comma inside a value; an extractor that is named twice
    keeps what was said last.

    Raises:
        UsageError: one is malformed, or the player clients stand in both.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for number, argument in enumerate(config.extractor_args, 1):
        parts = re.fullmatch(r"(?s)([\w-]+):(.*)", argument)
        if not parts:
            raise UsageError(
                f"download.extractor_args: number {number} is not of the form EXTRACTOR:KEY=VALUE[,VALUE][;KEY=VALUE], "
                "such as 'youtube:player_client=web,tv'"
            )
        found[parts[1].lower()] = dict(_pair(text) for text in parts[2].split(";"))
    if config.player_clients:
        youtube = found.setdefault("youtube", {})
        if "player_client" in youtube:
            raise UsageError(
                "the player clients stand in download.player_clients and in download.extractor_args; name them once"
            )
        youtube["player_client"] = list(config.player_clients)
    return found


def _pair(text: str) -> tuple[str, list[str]]:
    key, _, values = text.partition("=")
    split = re.split(r"(?<!\\),", values)
    return key.strip().lower().replace("-", "_"), [value.replace(r"\,", ",").strip() for value in split]


def browser_of(text: str) -> tuple[str, str | None, str | None, str | None]:
    """``BROWSER[+KEYRING][:PROFILE][::CONTAINER]`` as yt-dlp takes it: browser, profile, keyring, container.

    Raises:
        UsageError: yt-dlp reads no such browser or keyring.
    """
    from yt_dlp.cookies import SUPPORTED_BROWSERS, SUPPORTED_KEYRINGS

    parts = _BROWSER.fullmatch(text)
    if not parts:
        raise UsageError("download.cookies_from_browser is not of the form BROWSER[+KEYRING][:PROFILE][::CONTAINER]")
    name, keyring = parts["name"].lower(), parts["keyring"] and parts["keyring"].upper()
    for kind, value, known in (("browser", name, SUPPORTED_BROWSERS), ("keyring", keyring, SUPPORTED_KEYRINGS)):
        if value and value not in known:
            raise UsageError(
                f"download.cookies_from_browser: unknown {kind} {value!r}{nearest(value, known)}; "
                f"known: {', '.join(sorted(known))}"
            )
    return name, parts["profile"], keyring, parts["container"]


def _check_cookies(name: str) -> None:
    """Refuse what yt-dlp would skip over: it prints lines that it does not understand, values included."""
    key = "download.cookies_file"
    try:
        lines = _read(name).splitlines()
    except OSError as error:
        raise UsageError(f"{key} names a file that cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{key} names a file that is not text in UTF-8") from error
    how = "export the cookies in Netscape's format (see yt-dlp's FAQ, 'How do I pass cookies')"
    if not lines or not _COOKIE_HEADER.match(lines[0]):
        raise UsageError(f"{key} names a file that does not begin with '# Netscape HTTP Cookie File'; {how}")
    for number, line in enumerate(lines, 1):
        row = line.removeprefix("#HttpOnly_")
        if not row.strip() or row.startswith("#"):
            continue
        fields = row.split("\t")
        if len(fields) != _COOKIE_FIELDS or not re.fullmatch(r"([0-9]+(\.[0-9]+)?)?", fields[4]):
            raise UsageError(
                f"{key}: line {number} is no cookie, which is {_COOKIE_FIELDS} fields apart by tabs, "
                f"the fifth a time or empty; {how}"
            )


def _copy_of_cookies(name: str) -> io.StringIO:
    try:
        return io.StringIO(_read(name))
    except (OSError, UnicodeDecodeError) as error:
        raise TransientError("cookies", "the file of download.cookies_file can no longer be read") from error


def _read(name: str) -> str:
    return Path(name).expanduser().read_text(encoding="utf-8")
