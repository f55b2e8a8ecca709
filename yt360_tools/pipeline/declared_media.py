"""What a manifest says of its videos' files: where they lie in a folder of media, and what their checksums are."""

import logging
from collections.abc import Mapping
from pathlib import Path

from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.ledger import Entry

logger = logging.getLogger(__name__)

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


def broken_promises(manifest: Manifest, fetched: Mapping[str, Entry]) -> list[str]:
    """The videos that were fetched as other files than the manifest promises, which may have been mended since.

    Args:
        fetched: outcomes of downloads, by video.
    """
    broken = []
    for video_id, promised in promised_checksums(manifest).items():
        entry = fetched.get(video_id)
        if entry is None or entry.state != "done":
            continue
        sums = {Path(name).stem: facts["sha256"] for name, facts in entry.data.get("files", {}).items()}
        names = {f"{video_id}.{track}" if track else video_id: wanted.lower() for track, wanted in promised.items()}
        if any(sums.get(name, wanted) != wanted for name, wanted in names.items()):
            broken.append(video_id)
    return broken


def warn_of_broken_promises(manifest: Manifest, fetched: Mapping[str, Entry]) -> None:
    """Tell a person of `broken_promises`, if there are any."""
    broken = broken_promises(manifest, fetched)
    if broken:
        logger.warning(
            "%d videos (the first: %s) were fetched before as other files than the manifest now promises; they are "
            "used as they are: a new workspace fetches the promised ones",
            len(broken),
            broken[0],
        )


def _by_track(manifest: Manifest, columns: dict[str, str]) -> dict[str, dict[str, str]]:
    """The first word that a video's rows have in each of some columns."""
    found: dict[str, dict[str, str]] = {}
    for row in manifest.rows:
        for column, track in columns.items():
            if text := row.extra.get(column, "").strip():
                found.setdefault(row.video_id, {}).setdefault(track, text)
    return found
