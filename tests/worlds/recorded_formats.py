"""Formats as yt-dlp's YouTube extractor gives them, written after its own field names; addresses are no real ones."""

from typing import Any

import yt_dlp

VIDEO = "abcdefghi-_"
_ADDRESS = "https://r1.googlevideo.invalid/videoplayback?itag={}&expire=1&sig=s1gnature"


def picture(
    format_id: str, note: str = "", height: int | None = 2160, codec: str = "vp9", **more: Any
) -> dict[str, Any]:
    """A picture without sound; twice as wide as high unless `width` is given."""
    return {
        "format_id": format_id, "format_note": note, "url": _ADDRESS.format(format_id), "ext": "webm",
        "vcodec": codec, "acodec": "none", "width": height and 2 * height, "height": height, "fps": 30,
        "tbr": float(height or 100), "filesize": 1000 * (height or 1), "container": "webm_dash", "protocol": "https",
        **more,
    }  # fmt: skip


def sound(format_id: str, note: str = "", channels: int | None = 2, codec: str = "opus", **more: Any) -> dict[str, Any]:
    """A sound without picture."""
    return {
        "format_id": format_id, "format_note": note, "url": _ADDRESS.format(format_id), "ext": "webm",
        "vcodec": "none", "acodec": codec, "audio_channels": channels, "asr": 48000, "abr": 128.0, "tbr": 128.0,
        "filesize": 12345, "container": "webm_dash", "protocol": "https", **more,
    }  # fmt: skip


def storyboard(number: int) -> dict[str, Any]:
    """A sheet of thumbnails, which yt-dlp lists as a format."""
    return {
        "format_id": f"sb{number}", "format_note": "storyboard", "ext": "mhtml", "protocol": "mhtml", "acodec": "none",
        "vcodec": "none", "url": "https://i.ytimg.invalid/sb", "width": 320, "height": 180, "fps": 0.1, "rows": 3,
        "columns": 3, "fragments": [{"url": "https://i.ytimg.invalid/sb", "duration": 10.0}],
    }  # fmt: skip


STEREO = sound("251", "medium")
FLAT = picture("248", "1080p", 1080)
QUAD = sound("338", "high, ambisonics_quad", 4)
MESH = picture("313", "2160s, mesh")


def as_yt_dlp_passes_them_on(formats: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The formats that yt-dlp's own processing hands to a format selector: checked, completed and sorted."""
    handed: list[dict[str, Any]] = []

    def select(context: dict[str, Any]) -> Any:
        handed.extend(context["formats"])
        return iter(context["formats"][:1])

    with yt_dlp.YoutubeDL({"quiet": True, "format": select, "logger": _Silent()}, auto_init=False) as session:
        information = {"id": VIDEO, "title": "Sea", "extractor": "youtube", "extractor_key": "Youtube"}
        information["webpage_url"] = f"https://www.youtube.com/watch?v={VIDEO}"
        session.process_ie_result({**information, "formats": [dict(entry) for entry in formats]}, download=False)
    return handed


class _Silent:
    def debug(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...
