"""What a failed download means: final, or worth another run, and what to change for it.

The order of the rules matters. YouTube writes "Video unavailable" in front of nearly everything, a rate limit and
a country's block included (yt-dlp issues 11426, 15767, 17552), so those two words alone are never final, and
what passes is asked before what is gone.
"""

from dataclasses import dataclass

from yt360_tools.errors import ItemError, MediaError, TransientError


@dataclass(frozen=True)
class Rule:
    """Words in a message, lower case and with straight apostrophes, and what they mean."""

    words: tuple[str, ...]
    kind: type[ItemError]
    reason: str
    advice: str


_COOKIES = "give cookies of an account that may see it (download.cookies_file or download.cookies_from_browser)"
_CLIENTS = "ask other clients (download.player_clients, or a token in download.extractor_args), or update yt-dlp"
_DISK_RULES = (
    Rule(
        ("no space left", "errno 28", "quota exceeded", "errno 122"),
        TransientError,
        "disk_full",
        "free space, then run again",
    ),
    Rule(
        ("unable to open for writing", "unable to write data", "unable to create directory"),
        TransientError,
        "disk",
        "mend the disk or its permissions, then run again",
    ),
)
_YOUTUBE_RULES = (
    *_DISK_RULES,
    Rule(
        ("not a bot", "captcha"),
        TransientError,
        "bot_wall",
        "give cookies (download.cookies_file or download.cookies_from_browser), "
        "a token (download.extractor_args) or another download.proxy",
    ),
    Rule(
        ("rate-limited", "rate limit", "try again later", "too many requests", "http error 429"),
        TransientError,
        "rate_limited",
        "wait an hour, then run again with a greater download.sleep_s and fewer download.jobs",
    ),
    Rule(("private video", "video is private"), MediaError, "gone", ""),
    Rule(("confirm your age", "age-restricted", "inappropriate for some"), TransientError, "restricted", _COOKIES),
    Rule(
        ("in your country", "your location", "geo restriction", "geo-restrict", "geo restricted"),
        TransientError,
        "restricted",
        "reach it from a country where it plays (download.proxy)",
    ),
    Rule(
        ("members-only", "members only", "channel's members", "join this channel", "requires payment", "premium"),
        TransientError,
        "restricted",
        _COOKIES,
    ),
    Rule(
        (
            "video has been removed", "video has been deleted", "video is no longer available",
            "video isn't available anymore", "video is not available anymore", "video does not exist",
            "account associated with this video", "account has been terminated",
        ),
        MediaError,
        "gone",
        "",
    ),
    Rule(
        ("incomplete youtube id", "no suitable extractor"),
        MediaError,
        "unsupported",
        "this is no id of a YouTube video; mend the manifest",
    ),
    Rule(
        ("drm protected", "requested format is not available", "no video formats", "only images are available"),
        TransientError,
        "no_formats",
        _CLIENTS,
    ),
    Rule(("sign in", "login required", "registered users", "only available for registered"), TransientError,
         "restricted", _COOKIES),
    Rule(
        ("unavailable", "not available", "isn't available"),
        TransientError,
        "unavailable",
        f"YouTube does not say that it is gone: {_CLIENTS}, or use cookies or a proxy",
    ),
)  # fmt: skip

_REFUSED = (401, 403, 407, 451)
_GONE = (404, 410)


def youtube_error(words: str, status: int | None) -> ItemError:
    """One of our errors for what yt-dlp said of a YouTube video, and the HTTP status behind it."""
    if status is not None and status >= 500:  # "Service Unavailable" speaks of the server
        return TransientError("network", words)
    low = words.lower().replace("’", "'")
    for rule in _YOUTUBE_RULES:
        if any(text in low for text in rule.words):
            return _made(rule, words)
    if status == 429:
        return youtube_error(f"{words} (too many requests)", None)
    if status in _REFUSED:
        return TransientError("refused", _joined(words, _CLIENTS))
    return TransientError("network", words)


def server_error(words: str, status: int | None) -> ItemError:
    """One of our errors for what an HTTP server answered; its words and addresses decide nothing."""
    if status in _GONE:
        return MediaError("gone", words)
    if status == 429:
        return TransientError(
            "rate_limited", _joined(words, "run again later with a greater download.sleep_s and fewer download.jobs")
        )
    if status in _REFUSED:
        advice = "give what the server asks for: http://user:password@host/..., cookies, or another download.proxy"
        return TransientError("refused", _joined(words, advice))
    for rule in _DISK_RULES if status is None else ():
        if any(text in words.lower() for text in rule.words):
            return _made(rule, words)
    return TransientError("network", words)


def _made(rule: Rule, words: str) -> ItemError:
    return rule.kind(rule.reason, _joined(words, rule.advice))


def _joined(words: str, advice: str) -> str:
    return f"{words.rstrip('.;')}; {advice}" if advice else words
