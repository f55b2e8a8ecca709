"""What the words of yt-dlp and the status of a server mean: one of `sources.reasons`.

The order of the rules matters. YouTube writes "Video unavailable" in front of nearly everything, a rate limit and
a country's block included (yt-dlp issues 11426, 15767, 17552), so those two words alone are never final, and
what passes is asked before what is gone.
"""

from yt360_tools.errors import ItemError
from yt360_tools.sources.reasons import REASONS

_Rule = tuple[str, tuple[str, ...]]
"""A reason, and the words that mean it: in lower case, with straight apostrophes."""

_DISK_RULES: tuple[_Rule, ...] = (
    ("disk_full", ("no space left", "errno 28", "quota exceeded", "errno 122")),
    ("disk", ("unable to open for writing", "unable to write data", "unable to create directory")),
)
_YOUTUBE_RULES: tuple[_Rule, ...] = (
    *_DISK_RULES,
    ("bot_wall", ("not a bot", "captcha", "your ip is likely being blocked")),
    ("rate_limited", ("rate-limited", "rate limit", "try again later", "too many requests", "http error 429")),
    ("gone_private", ("private video", "video is private")),
    ("restricted_age", ("confirm your age", "age-restricted", "verify your age", "inappropriate for some")),
    (
        "restricted_region",
        (
            "in your country", "your location", "geo restriction", "geo-restrict", "geo restricted",
            "blocked it on copyright grounds",
        ),
    ),
    (
        "restricted_members",
        (
            "members-only", "members only", "members on level", "channel's members", "join this channel",
            "requires payment", "premium", "to be purchased",
        ),
    ),
    (
        "gone_terminated",
        ("account associated with this video", "account has been terminated", "closed their youtube account"),
    ),
    (
        "gone_removed",
        ("video has been removed", "video has been deleted", "removed by the uploader", "removed by the user",
         "due to a copyright claim"),
    ),
    (
        "gone",
        (
            "video is no longer available", "video isn't available anymore", "video is not available anymore",
            "video does not exist",
        ),
    ),
    ("unsupported", ("incomplete youtube id", "no suitable extractor")),
    (
        "no_formats",
        ("drm protected", "requested format is not available", "no video formats", "only images are available"),
    ),
    ("cookies", ("sign in", "login required", "registered users", "only available for registered")),
    ("live", ("live event will begin", "premieres in", "premiere will")),
    ("unavailable", ("unavailable", "not available", "isn't available", "live event")),
)  # fmt: skip
_NETWORK_RULES: tuple[_Rule, ...] = (
    (
        "network",
        (
            "timed out", "timeout", "unable to download", "failed to resolve", "name resolution", "unreachable",
            "connection", "remote end closed", "incompleteread", "ssl:", "proxy",
        ),
    ),
)  # fmt: skip

_REFUSED = (401, 403, 407, 451)
_GONE = (404, 410)


def youtube_error(words: str, status: int | None) -> ItemError:
    """One of our errors for what yt-dlp said of a YouTube video, and the HTTP status behind it."""
    return REASONS[_youtube_reason(words, status)].error(words)


def _youtube_reason(words: str, status: int | None) -> str:
    if status is not None and status >= 500:  # "Service Unavailable" speaks of the server
        return "network"
    if status == 429:
        return "rate_limited"
    if status in _REFUSED:
        return _spoken(words, _YOUTUBE_RULES) or "refused"
    network = "network" if status is not None else _spoken(words, _NETWORK_RULES)
    return _spoken(words, _YOUTUBE_RULES) or network or "unknown"


def server_error(words: str, status: int | None) -> ItemError:
    """One of our errors for what an HTTP server answered; its words and addresses decide nothing."""
    if status in _GONE:
        return REASONS["gone"].error(words)
    if status == 429:
        return REASONS["rate_limited"].error(words)
    if status in _REFUSED:
        return REASONS["refused"].error(words)
    disk = _spoken(words, _DISK_RULES) if status is None else None
    return REASONS[disk or "network"].error(words)


def _spoken(words: str, rules: tuple[_Rule, ...]) -> str | None:
    """The reason of the first rule whose words are spoken."""
    low = words.lower().replace("’", "'")
    return next((reason for reason, texts in rules if any(text in low for text in texts)), None)
