"""What a failed download means: which word it gets, whether it is final, and what to change."""

import re

import pytest
import yt_dlp

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import ItemError, MediaError, TransientError
from yt360_tools.sources.reasons import KINDS, REASONS, reason_policy
from yt360_tools.sources.verdicts import server_error, youtube_error
from yt360_tools.sources.ytdlp import translated

SAID = {
    "gone_private": (
        "Private video. Sign in if you've been granted access to this video. Use --cookies-from-browser",
        "This video is private",
    ),
    "gone_removed": (
        "Video unavailable. This video has been removed by the uploader",
        "This video has been removed for violating YouTube's Terms of Service",
        "Video unavailable. This video is no longer available due to a copyright claim by WMG.",
        "This video was removed by the user",
    ),
    "gone_terminated": (
        "Video unavailable. This video is no longer available because the YouTube account associated with this video "
        "has been terminated.",
        "This video is no longer available because the uploader has closed their YouTube account.",
    ),
    "gone": ("This video isn’t available anymore", "Video unavailable. This video does not exist."),
    "unsupported": ("No suitable extractor (Youtube) found for URL https://www.youtube.com/watch?v=short",),
    # yt-dlp issue 11426
    "rate_limited": (
        "Video unavailable. This content isn't available, try again later. The current session has been rate-limited "
        "by YouTube for up to an hour. It is recommended to use `-t sleep`",
        "HTTP Error 429: Too Many Requests",
    ),
    "bot_wall": (
        "Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies",
        "Video unavailable. YouTube is requiring a captcha challenge before playback",
        "All player responses are invalid. Your IP is likely being blocked by Youtube",
    ),
    "restricted_age": (
        "Sign in to confirm your age. This video may be inappropriate for some users.",
        "This video is age-restricted and only available on YouTube. Learn more",
    ),
    "restricted_region": (
        "The uploader has not made this video available in your country\nThis video is available in France.",
        "Video unavailable. This video contains content from SME, who has blocked it in your country on copyright "
        "grounds",
        "Video unavailable. This video contains content from SME, who has blocked it on copyright grounds",
    ),
    "restricted_members": (
        "Join this channel to get access to members-only content like this video, and other exclusive perks.",
        "This video is available to this channel's members on level: Gold (or any higher level).",
        "This video requires payment to watch.",
    ),
    "no_formats": ("Requested format is not available. Use --list-formats", "This video is DRM protected"),
    "cookies": ("Please sign in. Use --cookies-from-browser or --cookies for the authentication.",),
    # The same words for videos that play elsewhere: yt-dlp issues 15767, 16077, 17497, 17552
    "unavailable": (
        "Video unavailable",
        "Video unavailable. This content isn't available.",
        "This video is unavailable. Error code: 152 - 18",
        "This live stream recording is not available.",
    ),
    "live": ("This live event will begin in 3 hours.", "Premieres in 40 days", "Premiere will begin shortly"),
    "network": (
        "unable to download video data: the connection has been terminated",
        "Unable to download API page: HTTPSConnection(host='www.youtube.com', port=443): Failed to resolve",
        "The read operation timed out",
    ),
    "disk_full": ("unable to write data: [Errno 28] No space left on device",),
    "disk": ("unable to open for writing: [Errno 13] Permission denied",),
    "unknown": ("The page needs to be reloaded.", "Something that nobody has read before"),
}
ADVICE = {
    "unsupported": "mend the manifest",
    "rate_limited": "download.sleep_s",
    "bot_wall": "download.proxy",
    "restricted_age": "cookies_file",
    "restricted_region": "download.proxy",
    "restricted_members": "cookies_file",
    "no_formats": "download.player_clients",
    "cookies": "download.cookies_file",
    "live": "when the recording is there",
    "unavailable": "download.player_clients",
    "disk_full": "free space",
    "disk": "permissions",
}


def meaning(words: str) -> ItemError:
    return translated(yt_dlp.utils.DownloadError(f"ERROR: [youtube] abcdefghijk: {words}"), DownloadConfig())


@pytest.mark.parametrize(("reason", "words"), [(reason, words) for reason, said in SAID.items() for words in said])
def test_what_yt_dlp_says_gets_its_word_and_what_to_change(reason: str, words: str) -> None:
    error = meaning(words)
    assert error.reason == reason
    assert type(error) is (MediaError if REASONS[reason].kind == "final" else TransientError)
    assert "abcdefghijk" in str(error), "yt-dlp's own words are kept"
    assert ADVICE.get(reason, "") in str(error).partition("abcdefghijk")[2]
    assert "\n" not in str(error)


def test_only_what_is_surely_gone_is_final() -> None:
    final = {name for name, reason in REASONS.items() if reason.kind == "final"}
    assert final == {"gone_private", "gone_removed", "gone_terminated", "gone", "unsupported", "checksum"}


def test_the_table_is_whole() -> None:
    """Every word is one word, says what happened, and, unless nothing helps, what to do."""
    for name, reason in REASONS.items():
        assert reason.name == name
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert reason.meaning
        assert reason.kind in KINDS
        assert reason.advice or reason.kind != "needs_change"
        assert reason.state == ("rejected" if reason.kind == "final" else "failed")


def test_a_word_that_nobody_knows_heals() -> None:
    assert reason_policy("a word of a later version") is REASONS["unknown"]
    assert reason_policy("gone") is REASONS["gone"]


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        ("HTTP Error 503: Service Unavailable", 503, "network"),  # it says nothing of the video
        ("HTTP Error 429: Too Many Requests", 429, "rate_limited"),
        ("unable to download video data: HTTP Error 403: Forbidden", 403, "refused"),
        ("unable to download video data: HTTP Error 404: Not Found", 404, "network"),
    ],
)
def test_a_status_speaks_before_the_words_of_its_name(words: str, status: int, reason: str) -> None:
    assert youtube_error(words, status).reason == reason


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "gone"), (410, "gone"), (403, "refused"), (429, "rate_limited"), (500, "network")]
)
def test_a_servers_words_decide_nothing(status: int, reason: str) -> None:
    assert server_error("http://host/private-video/not-a-bot.mp4: no space left", status).reason == reason


def test_a_bug_of_yt_dlp_is_no_verdict_on_the_video() -> None:
    error = translated(KeyError("streamingData"), DownloadConfig())
    assert (type(error), error.reason) == (TransientError, "unknown")
    assert "KeyError: 'streamingData'" in str(error)
