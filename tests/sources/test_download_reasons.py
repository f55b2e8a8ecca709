"""What a failed download means: only a video that is really gone is final."""

from typing import Any

import pytest
import yt_dlp

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import ItemError, MediaError, TransientError
from yt360_tools.sources.reasons import youtube_error
from yt360_tools.sources.youtube import choose_formats
from yt360_tools.sources.ytdlp import translated

FINAL = {
    "Private video. Sign in if you've been granted access to this video. Use --cookies-from-browser": "gone",
    "This video is private": "gone",
    "Video unavailable. This video has been removed by the uploader": "gone",
    "This video has been removed for violating YouTube's Terms of Service": "gone",
    "Video unavailable. This video is no longer available because the YouTube account associated with this video "
    "has been terminated.": "gone",
    "This video is no longer available because the uploader has closed their YouTube account.": "gone",
    "This video isn’t available anymore": "gone",
    "No suitable extractor (Youtube) found for URL https://www.youtube.com/watch?v=short": "unsupported",
}
PASSING = {
    # yt-dlp issue 11426
    "Video unavailable. This content isn't available, try again later. The current session has been rate-limited by "
    "YouTube for up to an hour. It is recommended to use `-t sleep`": ("rate_limited", "download.sleep_s"),
    "HTTP Error 429: Too Many Requests": ("rate_limited", "download.jobs"),
    "Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies": ("bot_wall", "download.proxy"),
    "Video unavailable. YouTube is requiring a captcha challenge before playback": ("bot_wall", "cookies"),
    "Sign in to confirm your age. This video may be inappropriate for some users.": ("restricted", "cookies_file"),
    "The uploader has not made this video available in your country\nThis video is available in France.": (
        "restricted",
        "download.proxy",
    ),
    "Video unavailable. This video contains content from SME, who has blocked it in your country on copyright "
    "grounds": ("restricted", "download.proxy"),
    "Join this channel to get access to members-only content like this video": ("restricted", "cookies_file"),
    "Requested format is not available. Use --list-formats": ("no_formats", "download.player_clients"),
    "This video is DRM protected": ("no_formats", "download.player_clients"),
    # The same words for videos that play elsewhere: yt-dlp issues 15767, 16077, 17497, 17552
    "Video unavailable": ("unavailable", "download.player_clients"),
    "Video unavailable. This content isn't available.": ("unavailable", "cookies"),
    "This video is unavailable. Error code: 152 - 18": ("unavailable", "proxy"),
    "The page needs to be reloaded.": ("network", ""),
    "unable to download video data: the connection has been terminated": ("network", ""),
    "unable to write data: [Errno 28] No space left on device": ("disk_full", "free space"),
    "unable to open for writing: [Errno 13] Permission denied": ("disk", "permissions"),
}


def meaning(words: str) -> ItemError:
    return translated(yt_dlp.utils.DownloadError(f"ERROR: [youtube] abcdefghijk: {words}"), DownloadConfig())


@pytest.mark.parametrize(("words", "reason"), FINAL.items())
def test_what_is_gone_is_final(words: str, reason: str) -> None:
    error = meaning(words)
    assert (type(error), error.reason) == (MediaError, reason)


@pytest.mark.parametrize(("words", "expected"), PASSING.items())
def test_what_may_pass_is_tried_again_and_says_what_to_change(words: str, expected: tuple[str, str]) -> None:
    reason, advice = expected
    error = meaning(words)
    assert (type(error), error.reason) == (TransientError, reason)
    assert "abcdefghijk" in str(error)
    assert advice in str(error).partition("abcdefghijk")[2]
    assert "\n" not in str(error)


def test_a_server_that_is_unavailable_says_nothing_of_the_video() -> None:
    error = youtube_error("HTTP Error 503: Service Unavailable", 503)
    assert (type(error), error.reason, str(error)) == (TransientError, "network", "HTTP Error 503: Service Unavailable")


def test_a_bug_of_yt_dlp_is_no_verdict_on_the_video() -> None:
    error = translated(KeyError("streamingData"), DownloadConfig())
    assert (type(error), error.reason) == (TransientError, "network")
    assert "KeyError: 'streamingData'" in str(error)


MESH = {"format_id": "313", "vcodec": "vp9", "format_note": "2160s, mesh", "height": 2160}
FLAT = {"format_id": "248", "vcodec": "vp9", "format_note": "1080p", "height": 1080}
STEREO = {"format_id": "251", "vcodec": "none", "format_note": "medium", "audio_channels": 2}
QUAD = {"format_id": "338", "vcodec": "none", "format_note": "ambisonics_quad", "audio_channels": 4}


@pytest.mark.parametrize(
    ("formats", "reason", "advice"),
    [
        ([FLAT, QUAD], "no_360_picture", "download.player_clients"),
        ([MESH, QUAD], "no_360_picture", "2160 lines, and download.max_height is 1440; raise it"),
        ([MESH | {"height": 720}, STEREO], "no_spatial_sound", "download.player_clients"),
    ],
)
def test_what_this_client_does_not_offer_another_may(formats: list[dict[str, Any]], reason: str, advice: str) -> None:
    with pytest.raises(TransientError) as caught:
        choose_formats(formats, 1440)
    assert caught.value.reason == reason
    assert advice in str(caught.value)
