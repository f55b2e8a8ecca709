"""Which videos a run is told to ask for in spite of how they ended: ``--retry`` and ``--retry-rejected``."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from yt360_tools.errors import UsageError, nearest
from yt360_tools.pipeline import build, download, segment, validate
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.standing import Standing
from yt360_tools.sources.reasons import REASONS

if TYPE_CHECKING:
    from yt360_tools.pipeline.rebuild import Line


def told_videos(standings: Mapping[str, Standing], ledger: Ledger, reasons: Collection[str]) -> frozenset[str]:
    """The videos that were not fetched for one of some reasons; they keep their outcome till they are asked.

    Args:
        standings: of the videos to choose from; what a listing of the same source has found gone counts, too.
        reasons: words of the ledger; ``all`` for every one.

    Raises:
        UsageError: a word is no reason.
    """
    check_reasons(reasons, ledger.entries(download.STAGE).values())
    ended = {video_id: one.reason for video_id, one in standings.items() if one.reason}
    return frozenset(video_id for video_id, reason in ended.items() if "all" in reasons or reason in reasons)


def check_reasons(words: Collection[str], entries: Iterable[Entry] = ()) -> None:
    """Refuse what is no reason, neither of the vocabulary nor of a ledger's entries, nor ``all``.

    Raises:
        UsageError: a word is none.
    """
    known = {*REASONS, *(entry.reason for entry in entries if entry.reason)}
    for word in words:
        if word != "all" and word not in known:
            raise UsageError(
                f"--retry {word!r} is no reason{nearest(word, [*known, 'all'])}; known: all, {', '.join(sorted(known))}"
            )


def take_up_rejected(line: "Line") -> "Line":
    """The line which takes up what was rejected of its manifest: videos are fetched anew, clips are built anew.

    What could not be fetched keeps its outcome until it is asked for, and media stay until others are in their place.
    """
    ledger, videos = line.ledger, line.manifest.video_ids
    again = _rejected(ledger, validate.STAGE, videos)
    gone = [video_id for video_id, one in line.standings().items() if one.is_listed]
    told = {*_rejected(ledger, download.STAGE, videos), *gone, *again}
    rows = [row.clip_id for row in line.manifest.rows]
    clips = [window.clip_id for window in segment.planned_windows(line.manifest, ledger)]
    for stage, items in (
        (validate.STAGE, again),
        (segment.STAGE, _rejected(ledger, segment.STAGE, rows)),
        (build.STAGE, _rejected(ledger, build.STAGE, clips)),
    ):
        ledger.forget(stage, items)
        if stage == segment.STAGE:
            ledger.expect(stage, items)
    return line.told_videos(told)


def take_up_judged_otherwise(line: "Line") -> "Line":
    """The line which examines again what was judged by other rules, and cuts it again, unless clips of it are built."""
    ledger = line.ledger
    again = {*validate.judged_otherwise(ledger, line.config, line.manifest.video_ids)} - built_videos(ledger)
    ledger.forget(validate.STAGE, again)
    rows = [row.clip_id for row in line.manifest.rows if row.video_id in again]
    ledger.forget(segment.STAGE, rows)
    ledger.expect(segment.STAGE, rows)
    return line


def built_videos(ledger: Ledger) -> set[str]:
    """The videos that stand in shards."""
    return {entry.data["video_id"] for entry in ledger.entries(build.STAGE).values() if entry.state == "done"}


def _rejected(ledger: Ledger, stage: str, items: Collection[str]) -> list[str]:
    return [item for item, entry in ledger.entries_of(stage, items).items() if entry.state == "rejected"]
