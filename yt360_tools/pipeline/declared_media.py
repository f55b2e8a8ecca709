"""What a manifest says of its videos' files: where they lie in a folder of media, and what their checksums are."""

from collections.abc import Mapping

from yt360_tools.errors import MediaError
from yt360_tools.manifest import Manifest

_FILES = {"media": "", "video_media": "video", "audio_media": "audio"}
_CHECKSUMS = {"sha256": "", "video_sha256": "video", "audio_sha256": "audio"}


def named_media(manifest: Manifest) -> dict[str, dict[str, str]]:
    """By video, its files below a folder of media by track: the columns ``media`` (one muxed file, track ``""``), or
    ``video_media`` and ``audio_media``.
    """
    return _by_track(manifest, _FILES)


def promised_checksums(manifest: Manifest) -> dict[str, dict[str, str]]:
    """By video, the sha256 of its files by track: ``sha256`` (one muxed file), or ``video_sha256`` and
    ``audio_sha256``.
    """
    return _by_track(manifest, _CHECKSUMS)


def check_promised(promised: Mapping[str, str]) -> None:
    """Refuse what is no sha256, before anything is fetched for it.

    Raises:
        MediaError: ``checksum``.
    """
    for track, text in promised.items():
        if len(text) != 64 or not all(letter in "0123456789abcdefABCDEF" for letter in text):
            column = f"{track}_sha256" if track else "sha256"
            raise MediaError("checksum", f"{column} is 64 hexadecimal digits; the manifest has {text!r}; mend it")


def _by_track(manifest: Manifest, columns: dict[str, str]) -> dict[str, dict[str, str]]:
    """The first word that a video's rows have in each of some columns."""
    found: dict[str, dict[str, str]] = {}
    for row in manifest.rows:
        for column, track in columns.items():
            if text := row.extra.get(column, "").strip():
                found.setdefault(row.video_id, {}).setdefault(track, text)
    return found
