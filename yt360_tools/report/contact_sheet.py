"""A contact sheet: clips at a glance, with where their sound comes from.

Each clip has four moments side by side. On top the whole sphere with the sound's energy laid over it; below what
views show at that moment; at the right levels and directions over time. What is laid over is a histogram of
directions of arrival.

Here the clips are chosen. `sheet_entry` gathers what is said about each, and `arrivals` finds where its sound comes
from; `sheet_drawing` draws the page, with `sheet_pictures` and `sheet_plots`; `png` makes a file of it.
"""

from collections.abc import Sequence
from pathlib import Path

from yt360_tools.errors import UsageError
from yt360_tools.files import write_whole
from yt360_tools.report.png import encode_png
from yt360_tools.report.sheet_drawing import draw_sheet
from yt360_tools.report.sheet_entry import gather_entry
from yt360_tools.shards import ShardSet

_BYTES_PER_CLIP = 350_000
_CANDIDATES = 256


def draw_contact_sheet(
    shards: ShardSet, out: Path, *, crops: ShardSet | None = None, clip_ids: Sequence[str] = (), count: int = 4
) -> int:
    """Draw clips of panoramas or of views into the PNG `out`; returns how many.

    Args:
        crops: the same clips' views, to be shown below `shards`' panoramas. Without them views are cut from the
            panoramas where the sound comes from.
        clip_ids: which clips; else `count` of them, evenly over the set and its videos.

    Raises:
        UsageError: a clip is not there, there is none at all, or `out` is no name for a PNG.
        EnvironmentMissing: `out` cannot be written.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"a contact sheet is a PNG picture: give it a name that ends in .png, not {out.name!r}")
    chosen = list(dict.fromkeys(clip_ids)) or choose_clips(shards, crops, count)
    entries = [gather_entry(shards.clip(clip_id), None if crops is None else crops.clip(clip_id)) for clip_id in chosen]
    picture = draw_sheet(entries, f"{len(entries)} of {len(shards)} clips")
    write_whole(out, encode_png(picture, _BYTES_PER_CLIP * max(len(entries), 2)))
    return len(entries)


def choose_clips(shards: ShardSet, crops: ShardSet | None, count: int) -> list[str]:
    """`count` clips that stand in both sets: evenly over the set, from as many videos as possible.

    Raises:
        UsageError: there is none.
    """
    known = [clip_id for clip_id in shards.index if crops is None or clip_id in crops.index]
    if not known:
        raise UsageError("no clip stands in both sets of shards" if len(shards) else "the shards hold no clip to show")
    by_video: dict[str, list[str]] = {}
    for clip_id in evenly(known, max(_CANDIDATES, count)):
        by_video.setdefault(shards.clip(clip_id).window.video_id, []).append(clip_id)
    take = dict.fromkeys(by_video, 0)
    left = min(count, sum(map(len, by_video.values())))
    while left:
        with_more = [video for video in by_video if take[video] < len(by_video[video])]
        for video in evenly(with_more, left):
            take[video] += 1
            left -= 1
    return [clip_id for video, ids in by_video.items() for clip_id in evenly(ids, take[video])]


def evenly(items: Sequence[str], count: int) -> list[str]:
    """At most `count` of the items, at even distances."""
    count = min(count, len(items))
    return [items[int((k + 0.5) * len(items) / count)] for k in range(count)]
