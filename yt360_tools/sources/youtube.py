"""YouTube, through yt-dlp: a 360° picture and a spatial sound track, each as it is served."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import MediaError
from yt360_tools.sources.ytdlp import download, template_path

_SPATIAL_SOUND = ("ambisonics_quad", "foa_with_non_diegetic", "ambisonics_5_1")
"""YouTube's words for spatial sound in ``format_note``, the preferred first."""

_SPATIAL_FORMAT_IDS = {"338": 0, "339": 0, "327": 2}
"""Formats known to be spatial, with the place of their kind in `_SPATIAL_SOUND`."""

_SPHERICAL_PICTURE = ("mesh", "equi")
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

        information = download(
            f"https://www.youtube.com/watch?v={video_id}",
            template_path(destination, video_id) + ".%(yt360_track)s.%(ext)s",
            self.config,
            choose=choose,
        )
        _write_information(destination / f"{video_id}.info.json", information)


def choose_formats(formats: list[dict[str, Any]], max_height: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The picture and the sound to fetch among yt-dlp's `formats`.

    The tallest spherical picture up to `max_height`, and the preferred kind of spatial sound at its highest
    bit rate. Stereo is no spatial sound: there is no falling back to it.

    Raises:
        MediaError: ``no_360_picture`` or ``no_spatial_sound``, with what was offered.
    """
    pictures = [
        entry
        for entry in formats
        if entry.get("vcodec") not in (None, "none")
        and any(word in _note(entry) for word in _SPHERICAL_PICTURE)
        and (entry.get("height") or 0) <= max_height
    ]
    if not pictures:
        raise MediaError(
            "no_360_picture", f"no 360° picture of at most {max_height} lines among {len(formats)} formats"
        )
    sounds = [
        entry
        for entry in formats
        if entry.get("vcodec") in (None, "none")
        and _sound_rank(entry) is not None
        and (entry.get("audio_channels") or 4) >= 4
    ]
    if not sounds:
        raise MediaError(
            "no_spatial_sound",
            "this player client offers no spatial sound; another may (download.player_clients)",
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
