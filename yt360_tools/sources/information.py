"""What is kept of what YouTube said of a video: facts that last, and nothing that is secret, personal or expires.

What is kept is named here; all else (addresses with signatures, headers, cookies, descriptions, comments, names of
people, the watcher's country) is left out, so that a new field of yt-dlp's can bring in nothing.
"""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.files import complete_file
from yt360_tools.sources.offers import client_names, read_offer
from yt360_tools.sources.policy import Choice
from yt360_tools.sources.secrets import without_secrets
from yt360_tools.sources.words import one_line

_OF_VIDEO = (
    "title", "channel_id", "upload_date", "release_date", "duration", "license", "language", "availability",
    "live_status", "age_limit", "extractor",
)  # fmt: skip
_OF_FORMAT = (
    "format_id", "ext", "format_note", "width", "height", "fps", "dynamic_range", "vcodec", "acodec", "audio_channels",
    "asr", "tbr", "filesize", "filesize_approx", "language", "container", "protocol",
)  # fmt: skip
_TRACKS = {"video": "picture", "audio": "sound"}


def facts_of(information: dict[str, Any], config: DownloadConfig) -> dict[str, Any]:
    """What lasts of a video, as plain values; strings have no secret in them."""
    video_id = str(information.get("id", ""))
    facts = {key: _plain(information.get(key), config) for key in _OF_VIDEO}
    return {"id": video_id, **facts, "webpage_url": f"https://www.youtube.com/watch?v={video_id}"}


def write_information(
    path: Path, information: dict[str, Any], choices: dict[str, Choice], config: DownloadConfig
) -> None:
    """Write, whole or not at all, what lasts of a video and of the formats that were fetched, and why they were.

    Args:
        information: yt-dlp's own, with ``requested_downloads``.
        choices: by ``picture`` and ``sound``.
    """
    import yt_dlp

    kept = facts_of(information, config)
    kept["formats"] = [_format(entry, choices, config) for entry in information.get("requested_downloads") or []]
    kept["player_clients"] = list(config.player_clients)
    kept["yt_dlp_version"] = yt_dlp.version.__version__
    kept["fetched_at"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with complete_file(path) as partial:
        partial.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _format(entry: dict[str, Any], choices: dict[str, Choice], config: DownloadConfig) -> dict[str, Any]:
    track = str(entry.get("yt360_track", ""))
    kept: dict[str, Any] = {key: _plain(entry.get(key), config) for key in _OF_FORMAT}
    offer = read_offer(entry, client_names())
    kept |= {"track": track, "kind": offer.kind, "client": offer.client}
    choice = choices.get(_TRACKS.get(track, ""))
    if choice is not None:
        kept |= {"why": choice.why, "passed_over": choice.passed_over}
    return kept


def _plain(value: Any, config: DownloadConfig) -> Any:
    """A number, or a text in one line without secrets; None for all else."""
    if isinstance(value, str):
        return without_secrets(one_line(value), config)
    return value if isinstance(value, int | float | bool) else None
