"""YouTube, through yt-dlp: a 360° picture and a spatial sound track, each as it is served."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.sources.ytdlp import download_youtube, template_path

_SPATIAL_SOUND = ("ambisonics_quad", "foa_with_non_diegetic", "ambisonics_5_1")
"""YouTube's words for spatial sound in ``format_note``, the preferred first."""

_SPATIAL_FORMAT_IDS = {"338": 0, "339": 0, "327": 2}
"""Formats known to be spatial, with the place of their kind in `_SPATIAL_SOUND`."""

_SPHERICAL_PICTURE = ("mesh", "equi")
_ASK_ANOTHER = "ask others (download.player_clients), or give cookies or a token (download.extractor_args)"
_KEPT = ("id", "title", "channel_id", "upload_date", "duration", "license", "webpage_url", "extractor")
_KEPT_OF_FORMAT = (
    "format_id", "ext", "format_note", "width", "height", "fps", "vcodec", "acodec", "audio_channels", "filesize",
)  # fmt: skip


class YoutubeSource:
    """Fetches ``<video_id>.video.*`` and ``<video_id>.audio.*``, and keeps what YouTube said beside them."""

    def __init__(self, config: DownloadConfig) -> None:
        self.config = config

    def fetch(self, video_id: str, destination: Path) -> None:
        def choose(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
            picture, sound = choose_formats(context["formats"], self.config.max_height)
            yield {**picture, "yt360_track": "video"}
            yield {**sound, "yt360_track": "audio"}

        output = template_path(destination, video_id) + ".%(yt360_track)s.%(ext)s"
        information = download_youtube(video_id, output, self.config, choose)
        _write_information(destination / f"{video_id}.info.json", information)


def choose_formats(formats: list[dict[str, Any]], max_height: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The picture and the sound to fetch among yt-dlp's `formats`.

    The tallest spherical picture up to `max_height`, and the preferred kind of spatial sound at its highest
    bit rate. Stereo is no spatial sound: there is no falling back to it.

    Which formats a video has depends on who asks: none of this is final.

    Raises:
        TransientError: ``no_360_picture`` or ``no_spatial_sound``, with what was offered and what to change.
    """
    spherical = [
        entry
        for entry in formats
        if entry.get("vcodec") not in (None, "none") and any(word in _note(entry) for word in _SPHERICAL_PICTURE)
    ]
    if not spherical:
        raise TransientError(
            "no_360_picture", f"this client offers no 360° picture among {len(formats)} formats; {_ASK_ANOTHER}"
        )
    pictures = [entry for entry in spherical if (entry.get("height") or 0) <= max_height]
    if not pictures:
        least = min(entry["height"] for entry in spherical)
        raise TransientError(
            "no_360_picture",
            f"the smallest 360° picture that this client offers has {least} lines, and download.max_height is "
            f"{max_height}; raise it, or {_ASK_ANOTHER}",
        )
    sounds = [
        entry
        for entry in formats
        if entry.get("vcodec") in (None, "none")
        and _sound_rank(entry) is not None
        and (entry.get("audio_channels") or 4) >= 4
    ]
    if not sounds:
        raise TransientError(
            "no_spatial_sound", f"this client offers no spatial sound among {len(formats)} formats; {_ASK_ANOTHER}"
        )
    picture = max(pictures, key=lambda entry: (entry.get("height") or 0, entry.get("tbr") or 0))
    sound = min(sounds, key=lambda entry: (_sound_rank(entry), -(entry.get("abr") or entry.get("tbr") or 0)))
    return picture, sound


def _note(entry: dict[str, Any]) -> str:
    return str(entry.get("format_note") or "").lower()


def _sound_rank(entry: dict[str, Any]) -> int | None:
    """The place of a format's sound among the preferences; None when it is not spatial."""
    for rank, word in enumerate(_SPATIAL_SOUND):
        if word in _note(entry):
            return rank
    return _SPATIAL_FORMAT_IDS.get(str(entry.get("format_id", "")).split("-")[0])


def _write_information(path: Path, information: dict[str, Any]) -> None:
    """What YouTube said, without addresses that expire and without anything personal."""
    import yt_dlp

    chosen = information.get("requested_downloads") or []
    kept = {key: information.get(key) for key in _KEPT}
    kept["formats"] = [{key: entry.get(key) for key in _KEPT_OF_FORMAT} for entry in chosen]
    kept["yt_dlp_version"] = yt_dlp.version.__version__
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
