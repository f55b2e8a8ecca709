"""Clips out of shards as media files: in the paper's layout, or as tar files for the webdataset library."""

import io
import json
import tarfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from yt360_tools.errors import ShardError
from yt360_tools.files import complete_file, disk_errors
from yt360_tools.media.encoding import encode_sound
from yt360_tools.media.labelling import label_file
from yt360_tools.media.spherical_boxes import equirectangular_label
from yt360_tools.media.writing import Encoding, PictureTrack, evenly, write_media
from yt360_tools.shards import ShardSet, StoredClip, StoredView
from yt360_tools.shards.extract import describe_clip

DEFAULT_CRF = 12
"""Of exported pictures: what is stored has been through a codec already."""


def export_to_folder(
    shards: ShardSet, folder: Path, *, crf: int = DEFAULT_CRF, on_clip: Callable[[], object] = lambda: None
) -> int:
    """Write ``video/<clip_id>.mp4`` and ``audio/<clip_id>.m4a`` (AAC, W, Y, Z, X), and ``clips.jsonl``; how many clips.

    A clip id is ``<video_id>-<start>``, as in the published dataset. Of clips with more than one view the pictures are
    ``video/<clip_id>_<k>.mp4``. Files that are there already stay; each appears whole or not at all.

    Raises:
        ShardError: a shard is damaged.
        UsageError: a view has an odd width or height.
        EnvironmentMissing, TransientError: the disk or ffmpeg fails.
    """
    lines = []
    for clip in shards:
        for name, view in _named_views(clip):
            target = folder / "video" / name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                write_view(view, target, crf)
        sound = folder / "audio" / f"{clip.clip_id}.m4a"
        if not sound.exists():
            sound.parent.mkdir(parents=True, exist_ok=True)
            write_ambisonics(clip, sound)
        lines.append(json.dumps(describe_clip(clip)) + "\n")
        on_clip()
    with disk_errors(folder), complete_file(folder / "clips.jsonl") as partial:
        partial.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def export_to_webdataset(
    shards: ShardSet, folder: Path, *, crf: int = DEFAULT_CRF, on_clip: Callable[[], object] = lambda: None
) -> int:
    """Write a tar file a shard, ``<shard>.tar``, for the webdataset library; how many clips.

    A clip is ``<number>.json`` (its facts, ``clip_id`` among them), ``<number>.mp4``, or ``<number>.view<k>.mp4`` of
    more views than one, and ``<number>.flac``: W, Y, Z, X in 24 bits, to be multiplied by ``2 ** sound_exponent``, as
    the JSON has it. (A clip id may hold a point, and webdataset takes what is behind the first one for the kind of a
    file.) Tar files that are there already stay; each appears whole or not at all.

    Raises:
        As `export_to_folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for path in shards.paths:
        entries = shards.contents(path).entries
        target = folder / f"{path.stem}.tar"
        if not target.exists():
            with disk_errors(target), complete_file(target) as partial, tarfile.open(partial, "w") as archive:
                for number, entry in enumerate(entries):
                    _add_clip(archive, f"{number:06d}", shards.clip(entry.clip_id), partial, crf)
                    on_clip()
        count += len(entries)
    return count


def write_view(view: StoredView, target: Path, crf: int) -> None:
    """A view's pictures as H.264 in MP4, labelled as a sphere if they are one."""
    size, label = view.view, equirectangular_label() if view.view.projection == "er" else None
    rate = Fraction(view.clip.fps).limit_denominator(1001)
    picture = PictureTrack(evenly(iter(view.frames[:]), rate), size.width, size.height, rate, label=label)
    write_media(target, picture, None, Encoding("h264", quality=crf))


def write_ambisonics(clip: StoredClip, target: Path) -> None:
    """A clip's sound as recorded: W, Y, Z, X, four plain channels of AAC in MP4, labelled as ambisonics."""
    with disk_errors(target), complete_file(target) as partial:
        encode_sound(clip.ambisonics, partial, codec="aac", sample_rate_hz=clip.sample_rate_hz)
        label_file(partial, "mp4", None, 4)


def _named_views(clip: StoredClip) -> list[tuple[str, StoredView]]:
    if len(clip.views) == 1:
        return [(f"{clip.clip_id}.mp4", clip.views[0])]
    return [(f"{clip.clip_id}_{index}.mp4", view) for index, view in enumerate(clip.views)]


def _add_clip(archive: tarfile.TarFile, key: str, clip: StoredClip, beside: Path, crf: int) -> None:
    import soundfile

    sound = clip.ambisonics
    peak = float(np.abs(sound).max(initial=0.0))
    if not np.isfinite(peak):
        raise ShardError(f"{clip.path}: the sound of clip {clip.clip_id!r} has samples that are no finite numbers")
    exponent = max(0, int(np.ceil(np.log2(peak)))) if peak > 1 else 0
    facts = {**describe_clip(clip), "sound_exponent": exponent}
    _add(archive, f"{key}.json", json.dumps(facts).encode())
    for index, view in enumerate(clip.views):
        made = beside.with_name(f"{beside.name}.{key}.mp4")
        try:
            write_view(view, made, crf)
            name = f"{key}.mp4" if len(clip.views) == 1 else f"{key}.view{index}.mp4"
            _add(archive, name, made.read_bytes())
        finally:
            made.unlink(missing_ok=True)
    packed = io.BytesIO()
    soundfile.write(packed, sound.T / 2.0**exponent, clip.sample_rate_hz, format="FLAC", subtype="PCM_24")
    _add(archive, f"{key}.flac", packed.getvalue())


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
