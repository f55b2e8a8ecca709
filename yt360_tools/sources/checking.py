"""Whether what was fetched is whole: it decodes to its end, is as long as was announced, and is what was promised."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from yt360_tools.errors import MediaError, TransientError
from yt360_tools.media.completeness import check_complete
from yt360_tools.media.probe import check_decodes, find_tracks, probe_sound, probe_video

_SLACK_S = 2.0
_SLACK = 0.01
"""By how much a track may be shorter than was announced: yt-dlp's durations are whole seconds of the longer track."""

_NO_TRACK = ("no_picture", "no_sound")
_BLOCK = 1 << 20


def check_fetched(folder: Path, video_id: str, *, timeout_s: float) -> None:
    """Make sure that a video's files are whole media. Whether they *serve* is another question, asked later.

    Raises:
        TransientError: ``incomplete``: a file's structure or its last frames are missing, or it is shorter than
            announced; ``not_media``: nothing in it decodes; ``unchecked``: the decoder was killed, or took too long.
    """
    try:
        picture, sound = find_tracks(folder, video_id)
    except MediaError as error:
        raise TransientError("incomplete", str(error)) from error
    announced_s = announced_duration_s(folder, video_id)
    for path, kind in ((picture, "v"), (sound, "a")):
        try:
            check_complete(path)
            probe = probe_video(path) if kind == "v" else probe_sound(path)
            duration_s = probe.end_s - probe.start_s
            check_decodes(path, kind, duration_s, timeout_s=timeout_s)
        except MediaError as error:
            if error.reason in _NO_TRACK:
                continue
            raise _as_ours(error) from error
        if duration_s < announced_s - max(_SLACK_S, _SLACK * announced_s):
            raise TransientError(
                "incomplete", f"{path.name}: {announced_s:.2f} s were announced, and it ends after {duration_s:.2f} s"
            )


def check_promises(folder: Path, video_id: str, promised: Mapping[str, str]) -> None:
    """Hold a video's files against the sha256 that its manifest promises, by track (``""`` for one muxed file).

    Raises:
        MediaError: ``checksum``: one differs, or is promised of a file that its video does not come as.
        TransientError: a file that is promised is missing.
    """
    media = [path for path in sorted(folder.iterdir()) if path.suffix != ".json" and not path.name.startswith(".")]
    is_muxed = any(path.stem == video_id for path in media)
    for track, wanted in promised.items():
        name = f"{video_id}.{track}" if track else video_id
        found = [path for path in media if path.stem == name]
        if not found and media and bool(track) == is_muxed:
            column, others = (f"{track}_sha256", "sha256") if track else ("sha256", "video_sha256 and audio_sha256")
            names = " and ".join(path.name for path in media)
            raise MediaError(
                "checksum", f"{video_id} comes as {names}: the manifest has {column}, where it should have {others}"
            )
        if not found:
            raise TransientError("incomplete", f"{name}: its sha256 is promised, and it is not there")
        seen = sha256_of(found[0])
        if seen != wanted.lower():
            raise MediaError("checksum", f"{found[0].name}: its sha256 is {seen}, and {wanted} is promised")


def announced_duration_s(folder: Path, video_id: str) -> float:
    """The duration that stands beside the media in ``<video_id>.info.json``; 0 where none does."""
    try:
        said = json.loads((folder / f"{video_id}.info.json").read_text(encoding="utf-8")).get("duration")
    except (OSError, ValueError, AttributeError):
        return 0.0
    return float(said) if isinstance(said, int | float) else 0.0


def sha256_of(path: Path) -> str:
    """A file's sha256, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _as_ours(error: MediaError) -> TransientError:
    if error.reason in ("truncated", "empty_file"):
        return TransientError("incomplete", str(error))
    if error.reason == "decode_timeout":
        return TransientError("unchecked", f"{error} If it is only slow to decode: another validate.decode_timeout_s")
    return TransientError("not_media", f"{error}; look at the address in a browser: is it a video's?")
