"""Of a published list, what is still there: gathered from the ledger, whatever has been asked or fetched so far."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yt360_tools.manifest import read_manifest
from yt360_tools.pipeline import discard, download, listing
from yt360_tools.pipeline.ledger import Entry
from yt360_tools.pipeline.status import ledger_of
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.sources.reasons import reason_policy
from yt360_tools.sources.youtube import MISSING

GROUPS = ("there", "not as wanted", "restricted", "gone", "unclear", "not asked")
"""What a video's fate comes to, the best first."""

FETCHED, OFFERED, NOT_ASKED = "fetched", "offered", "not_asked"
"""Words in a reason's place: media are here; both tracks are offered; nobody has asked."""

UNANSWERED = ("unclear", "not asked")
"""The groups of `GROUPS` of which nobody knows whether the video is there."""

UNKNOWN_YEAR = "unknown"
_NOT_AS_WANTED = ("no_360_picture", "no_spatial_sound", "no_formats", "checksum")


@dataclass(frozen=True)
class Fate:
    """What became of one video.

    Attributes:
        splits: those that its rows belong to.
        reason: why it is not there, or `FETCHED`, `OFFERED` or `NOT_ASKED`.
        year: of its upload, or `UNKNOWN_YEAR`.
        known_by: the ledger's stage that says so; empty when nobody has asked.
        at: when that was found, in UTC, as ISO 8601.
    """

    video_id: str
    splits: tuple[str, ...]
    reason: str
    year: str = UNKNOWN_YEAR
    known_by: str = ""
    at: str = ""

    @property
    def group(self) -> str:
        """One of `GROUPS`."""
        return group_of(self.reason)


@dataclass(frozen=True)
class Answers:
    """How many videos are there, how many an answer speaks of, there or not, and how many none speaks of."""

    there: int
    answered: int
    unanswered: int

    @property
    def share(self) -> float | None:
        """Of the videos that an answer speaks of, the share that is there, from 0 to 1; None when there is none."""
        return self.there / self.answered if self.answered else None


@dataclass(frozen=True)
class Survival:
    """The videos of a list, counted.

    Attributes:
        fates: one a video, in the manifest's order.
        splits: by split, how many videos there are of each reason; a video of two splits counts in both.
        years: the same by year of upload.
        total: over all videos, each once.
    """

    fates: tuple[Fate, ...]
    splits: dict[str, Counter[str]] = field(default_factory=dict)
    years: dict[str, Counter[str]] = field(default_factory=dict)
    total: Counter[str] = field(default_factory=Counter)


def group_of(reason: str) -> str:
    """Which of `GROUPS` a reason belongs to."""
    if reason in (FETCHED, OFFERED):
        return "there"
    if reason == NOT_ASKED:
        return "not asked"
    if reason in _NOT_AS_WANTED:
        return "not as wanted"
    if reason.startswith("restricted"):
        return "restricted"
    return "gone" if reason_policy(reason).kind == "final" else "unclear"


def grouped(counts: Mapping[str, int]) -> Counter[str]:
    """Counts by reason as counts by group."""
    found: Counter[str] = Counter()
    for reason, count in counts.items():
        found[group_of(reason)] += count
    return found


def answers_of(counts: Mapping[str, int]) -> Answers:
    """Of counts by reason, what is known: a network that is down tells nothing of the videos behind it."""
    groups = grouped(counts)
    unanswered = sum(groups[group] for group in UNANSWERED)
    return Answers(groups["there"], groups.total() - unanswered, unanswered)


def list_survival(manifest_path: Path, workspace_path: Path) -> Survival:
    """What is still there of a manifest's videos, as far as a workspace knows; a run may be going on in it.

    Raises:
        UsageError: the manifest cannot be read, or there is no workspace.
    """
    manifest = read_manifest(manifest_path)
    with ledger_of(workspace_path) as ledger:
        fetched, listed = ledger.entries(download.STAGE), ledger.entries(listing.STAGE)
        discarded = ledger.entries(discard.STAGE)
    workspace = Workspace(workspace_path.resolve())
    splits: dict[str, dict[str, None]] = {}
    dates: dict[str, str] = {}
    for row in manifest.rows:
        splits.setdefault(row.video_id, {})[row.split] = None
        dates.setdefault(row.video_id, row.extra.get("upload_date", "") or row.extra.get("year", ""))
    fates = []
    for video_id in manifest.video_ids:
        reason, known_by, at = _latest(fetched.get(video_id), listed.get(video_id))
        date = dates[video_id] or _date(listed.get(video_id), "facts") or _date(discarded.get(video_id), "information")
        date = date or _noted_date(workspace, video_id)
        year = date[:4] if date[:4].isdecimal() and len(date) >= 4 else UNKNOWN_YEAR
        fates.append(Fate(video_id, tuple(splits[video_id]), reason, year, known_by, at))
    return counted(fates)


def counted(fates: Iterable[Fate]) -> Survival:
    """Fates with their counts; years in their order, the unknown last."""
    kept = tuple(fates)
    found = Survival(kept)
    for fate in kept:
        for split in fate.splits:
            found.splits.setdefault(split, Counter())[fate.reason] += 1
        found.total[fate.reason] += 1
    for year in sorted({fate.year for fate in kept}, key=lambda year: (year == UNKNOWN_YEAR, year)):
        found.years[year] = Counter(fate.reason for fate in kept if fate.year == year)
    return found


def _latest(fetched: Entry | None, listed: Entry | None) -> tuple[str, str, str]:
    """The reason, its stage and its time: the newer of what both say, but never a hiccup over an answer."""
    said = []
    for entry, stage, word in ((fetched, download.STAGE, FETCHED), (listed, listing.STAGE, OFFERED)):
        if entry is None or entry.state == "to_do":
            continue
        reason = word if entry.state == "done" else entry.reason
        is_answer = entry.state == "done" or reason_policy(reason).kind != "heals"
        said.append((is_answer, _asked_at(entry), reason, stage))
    if not said:
        return NOT_ASKED, "", ""
    _, at, reason, stage = max(said)
    return reason, stage, at


def _asked_at(entry: Entry) -> str:
    """When the server answered: of a listing that was held against another policy since, the time of the asking."""
    speaks_of_offers = entry.state == "done" or entry.reason in MISSING.values()
    return str(entry.data["listing"]["asked_at"]) if speaks_of_offers and "listing" in entry.data else entry.at


def _date(entry: Entry | None, where: str) -> str:
    """The upload date that an entry's data remember; empty where they do not."""
    facts: dict[str, Any] = (entry.data.get(where) or {}) if entry else {}
    return str(facts.get("upload_date") or "")


def _noted_date(workspace: Workspace, video_id: str) -> str:
    """The date that was noted beside the media; empty when they are not there."""
    with suppress(OSError, ValueError, AttributeError):
        noted = json.loads((workspace.raw_folder(video_id) / f"{video_id}.info.json").read_text(encoding="utf-8"))
        return str(noted.get("upload_date") or "")
    return ""
