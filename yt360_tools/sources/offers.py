"""What yt-dlp says of a format, read into plain values: is it a sphere, is its sound spatial, what is wrong with it.

yt-dlp gives YouTube's projection and spatial kind only as words in ``format_note``, between commas, among quality
labels, languages and the client's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yt360_tools.sources.words import one_line

PICTURES = {"mesh": "eac", "equi": "er", "equi_threed_top_bottom": "er-top-bottom"}
"""YouTube's words for a sphere, and ours. A label is no proof: EAC was served as ``equi``, and VR180 is ``mesh``."""

SOUNDS = ("ambisonics_quad", "foa_with_non_diegetic", "ambisonics_5_1")
"""YouTube's words for spatial sound."""

SPATIAL_IDS = {"338": "ambisonics_quad", "339": "ambisonics_quad", "327": "ambisonics_5_1"}
"""Formats that are known to be spatial where no word says so."""

UNLABELLED = "unlabelled"
"""Four channels or more of which nothing says what they are: 5.1 surround looks the same."""

_LEAST_CHANNELS = 4
_CODECS = {
    "vp9": r"vp0?9", "av1": r"av0?1", "h264": r"avc|h264", "h265": r"hev|hvc|h265",
    "opus": r"opus", "vorbis": r"vorbis", "aac": r"mp4a|aac", "ac3": r"ac-?3", "eac3": r"ec-?3|eac-?3",
}  # fmt: skip
CODECS = {"picture": ("vp9", "av1", "h264", "h265"), "sound": ("opus", "vorbis", "aac", "ac3", "eac3")}
"""Codecs by the names that a policy knows them by."""

_LINES = re.compile(r"\b(\d{3,4})[ps]\d*\b")


@dataclass(frozen=True)
class Offer:
    """A format that YouTube offers.

    Attributes:
        track: ``picture``, ``sound`` (alone), or empty for what is neither, such as storyboards.
        kind: ``eac``, ``er``, ``er-top-bottom``, a spatial sound's word or ``unlabelled``; empty when it is neither a
            sphere nor spatial.
        label: YouTube's own word behind `kind`, or how else it was known.
        codec: a name of `CODECS`, or yt-dlp's own word.
        height: lines; None when nobody tells.
        bit_rate_kbps: of the whole format; 0 when nobody tells.
        size_bytes: announced, exact or about; None when nobody tells.
        language_preference: yt-dlp's number, the original track's the greatest.
        client: the player client that gave it, such as ``android_vr``; empty when not told.
        flaws: what speaks against it: ``drm``, ``maybe_drm``, ``upscaled``, ``damaged``, ``no_token``, ``drc``.
    """

    format_id: str
    track: str
    kind: str = ""
    label: str = ""
    codec: str = ""
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    dynamic_range: str = ""
    channels: int | None = None
    bit_rate_kbps: float = 0.0
    size_bytes: int | None = None
    language: str = ""
    language_preference: int = -1
    client: str = ""
    is_muxed: bool = False
    flaws: tuple[str, ...] = ()


def read_offer(entry: Mapping[str, Any], clients: Mapping[str, str] | None = None) -> Offer:
    """One of yt-dlp's format dictionaries as an offer; `clients` are those of `client_names`."""
    known = clients or {}
    has_picture = entry.get("vcodec") not in (None, "none")
    has_sound = not has_picture and entry.get("acodec") != "none" and (entry.get("vcodec") or entry.get("acodec"))
    track = "picture" if has_picture else "sound" if has_sound else ""
    words = _words(entry)
    kind, label = _sphere(words) if has_picture else _spatial(entry, words) if has_sound else ("", "")
    return Offer(
        format_id=_text(entry, "format_id"),
        track=track,
        kind=kind,
        label=label,
        codec=_codec(_text(entry, "vcodec" if has_picture else "acodec")),
        width=entry.get("width"),
        height=entry.get("height") or _lines_of_label(words) if has_picture else None,
        fps=entry.get("fps") if has_picture else None,
        dynamic_range=_text(entry, "dynamic_range") or "SDR" if has_picture else "",
        channels=entry.get("audio_channels"),
        bit_rate_kbps=float(entry.get("tbr") or entry.get("vbr" if has_picture else "abr") or 0),
        size_bytes=entry.get("filesize") or entry.get("filesize_approx"),
        language=_text(entry, "language"),
        language_preference=entry.get("language_preference") or -1,
        client=next((known[word] for word in reversed(words) if word in known), ""),
        is_muxed=has_picture and entry.get("acodec") not in (None, "none"),
        flaws=_flaws(entry, words),
    )


def client_names() -> dict[str, str]:
    """yt-dlp's player clients by how it abbreviates them in a format's note; several of one abbreviation by ``|``.

    Empty with a version of yt-dlp that keeps them elsewhere: a download does not fail for want of a name.
    """
    try:
        from yt_dlp.extractor.youtube._base import INNERTUBE_CLIENTS, short_client_name
    except ImportError:
        return {}
    found: dict[str, list[str]] = {}
    for name in INNERTUBE_CLIENTS:
        found.setdefault(short_client_name(name), []).append(name)
    return {short: "|".join(names) for short, names in found.items()}


def _text(entry: Mapping[str, Any], key: str) -> str:
    return one_line(str(entry.get(key) or ""))


def _words(entry: Mapping[str, Any]) -> list[str]:
    return [word for part in _text(entry, "format_note").split(",") if (word := part.strip())]


def _sphere(words: list[str]) -> tuple[str, str]:
    for word in words:
        if (low := word.lower()) in PICTURES:
            return PICTURES[low], low
    return "", ""


def _spatial(entry: Mapping[str, Any], words: list[str]) -> tuple[str, str]:
    channels = entry.get("audio_channels")
    if channels is not None and channels < _LEAST_CHANNELS:
        return "", ""  # whatever is said of it
    named = {word.lower() for word in words}
    for kind in SOUNDS:
        if kind in named:
            return kind, kind
    itag = str(entry.get("format_id", "")).partition("-")[0]
    if itag in SPATIAL_IDS:
        return SPATIAL_IDS[itag], f"format {itag}"
    return (UNLABELLED, f"{channels} channels") if channels else ("", "")


def _codec(name: str) -> str:
    return next((codec for codec, pattern in _CODECS.items() if re.match(pattern, name.lower())), name)


def _lines_of_label(words: list[str]) -> int | None:
    """Of ``2160s`` or ``1080p60``; yt-dlp's list from a manifest may lack the height."""
    found = next((match for word in words if (match := _LINES.match(word))), None)
    return int(found[1]) if found else None


def _flaws(entry: Mapping[str, Any], words: list[str]) -> tuple[str, ...]:
    said = " ".join(words)
    format_id = str(entry.get("format_id", ""))
    signs = {
        "drm": bool(entry.get("has_drm")) and entry.get("has_drm") != "maybe",
        "maybe_drm": entry.get("has_drm") == "maybe",
        "upscaled": "AI-upscaled" in said or format_id.endswith("-sr"),
        "damaged": "DAMAGED" in said,
        "no_token": "MISSING POT" in said,
        "drc": "DRC" in words or format_id.endswith("-drc"),
    }
    return tuple(name for name, is_so in signs.items() if is_so)
