"""Which videos a run is told to ask for in spite of how they ended: ``--retry`` and ``--retry-rejected``."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import UsageError, nearest
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import build, download, segment, validate
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.listed_gone import listed_gone
from yt360_tools.sources.reasons import REASONS

if TYPE_CHECKING:
    from yt360_tools.pipeline.rebuild import Line


def told_videos(
    manifest: Manifest, ledger: Ledger, reasons: Collection[str], config: DownloadConfig | None = None
) -> frozenset[str]:
    """The manifest's videos that were not fetched for one of some reasons; they keep their outcome till they are asked.

    Args:
        reasons: words of the ledger; ``all`` for every one.
        config: with it, what a listing of the same source has found gone counts, too.

    Raises:
        UsageError: a word is no reason.
    """
    entries = ledger.entries_of(download.STAGE, manifest.video_ids)
    check_reasons(reasons, ledger.entries(download.STAGE).values())
    ended = {video_id: entry.reason for video_id, entry in entries.items() if entry.state in ("rejected", "failed")}
    if config:
        ended |= {video_id: one.reason for video_id, one in listed_gone(manifest, ledger, config).items()}
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
    gone = listed_gone(line.manifest, ledger, line.config.download)
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


def _rejected(ledger: Ledger, stage: str, items: Collection[str]) -> list[str]:
    return [item for item, entry in ledger.entries_of(stage, items).items() if entry.state == "rejected"]
