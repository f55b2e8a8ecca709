"""What a ledger tells of the videos that were built, as a sample of all others; and why, where it tells nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yt360_tools.config import DownloadConfig
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import build, discard, download, segment, validate
from yt360_tools.pipeline.batches import fetched_bytes
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.listed_gone import known_gone
from yt360_tools.sources.reasons import REASONS, reason_policy

PILOT = "pilot"
"""The ledger's name for the sample that was drawn, and for what fetching it took."""

_UNKNOWN = Entry("to_do", "", "", {})


@dataclass(frozen=True)
class Sampled:
    """What one video turned out to be.

    Attributes:
        rows: the manifest's rows of it; whole videos and clips count alike.
        fetched_bytes: 0 when it could not be fetched.
        seconds: how long it is, 0 when it does not serve.
        clips: how many were built of it, and the bytes and CPU seconds that these took.
    """

    rows: int
    fetched_bytes: float
    seconds: float
    clips: int
    shard_bytes: float
    cpu_s: float


@dataclass(frozen=True)
class Sample:
    """Videos that tell something of all others.

    Attributes:
        fetched: those that ended, with those that cannot be fetched; empty where not one could be: what the others
            weigh is not known then, and 0 is not what it is.
        built: the same; empty where not one gave a clip.
        how: how they were chosen and what became of them, for a person; empty where there are none.
        unknown: what they do not tell, why, and what to do about it; empty where they tell all.
        bytes_a_second: of fetching them, None where it was not measured.
    """

    fetched: tuple[Sampled, ...] = ()
    built: tuple[Sampled, ...] = ()
    how: str = ""
    unknown: str = ""
    bytes_a_second: float | None = None


def sample_of(manifest: Manifest, ledger: Ledger, config: DownloadConfig) -> Sample:
    """The pilot's videos, if there was a pilot; else all of the manifest's videos that have ended."""
    pilot, gone = ledger.entries(PILOT).get(PILOT), known_gone(manifest, ledger, config)
    rows: dict[str, list[str]] = {}
    for row in manifest.rows:
        rows.setdefault(row.video_id, []).append(row.clip_id)
    chosen = [one for one in (pilot.data["videos"] if pilot else rows) if one in rows and one not in gone]
    entries = {stage: ledger.entries(stage) for stage in (download.STAGE, discard.STAGE, validate.STAGE, segment.STAGE)}
    built = _built_by_video(ledger)
    found = []
    for video_id in chosen:
        fetched = entries[discard.STAGE].get(video_id) or entries[download.STAGE].get(video_id)
        has_ended = all(entries[segment.STAGE].get(row, _UNKNOWN).is_final for row in rows[video_id])
        if fetched is None or not (has_ended or (pilot and _tells(fetched))):
            continue
        probed = entries[validate.STAGE].get(video_id)
        found.append(_sampled(len(rows[video_id]), fetched, probed, built.get(video_id, ())))
    if not found and not (pilot and chosen):
        return Sample()
    is_fetched, is_built = any(one.fetched_bytes for one in found), any(one.clips for one in found)
    how = _how(found, len(chosen) if pilot else None)
    unknown = ""
    if not is_built:
        ends = [_end_of(video_id, rows[video_id], entries) for video_id in chosen]
        unknown = _why([end for end in ends if pilot or end.reason], is_fetched=is_fetched, is_pilot=bool(pilot))
    rate = pilot.data["bytes"] / pilot.data["seconds"] if pilot and pilot.data["seconds"] else None
    return Sample(tuple(found) if is_fetched else (), tuple(found) if is_built else (), how, unknown, rate or None)


def _sampled(rows: int, fetched: Entry, probed: Entry | None, built: Sequence[Entry]) -> Sampled:
    seconds = probed.data["end_s"] - probed.data["start_s"] if probed and probed.state == "done" else 0.0
    clips = [entry.data for entry in built if "cpu_s" in entry.data]
    stored, cpu_s = sum(clip["bytes"] for clip in clips), sum(clip["cpu_s"] for clip in clips)
    return Sampled(rows, fetched_bytes(fetched), seconds, len(clips), stored, cpu_s)


def _tells(fetched: Entry) -> bool:
    """Whether that a video was not fetched may be so of others: it does not heal."""
    return fetched.state == "failed" and (fetched.reason not in REASONS or REASONS[fetched.reason].kind != "heals")


def _how(found: Sequence[Sampled], drawn: int | None) -> str:
    """How a sample was chosen, and what became of it."""
    built = sum(bool(one.clips) for one in found)
    if drawn is None:
        others = f", and {len(found) - built} that give no clips" if built < len(found) else ""
        return f"{built} videos that were built before{others}"
    told = "" if built == len(found) else f", of which {built} were built and {len(found) - built} give no clips"
    left = f"; {drawn - len(found)} were not got to, or failed in a way that heals" if drawn > len(found) else ""
    return f"a pilot of {drawn} videos, drawn at random{told}{left}"


def _end_of(video_id: str, rows: Sequence[str], entries: Mapping[str, Mapping[str, Entry]]) -> Entry:
    """Where a video failed: the first stage that says so."""
    stages = [entries[stage].get(video_id) for stage in (download.STAGE, validate.STAGE)]
    for entry in (*stages, *(entries[segment.STAGE].get(row) for row in rows)):
        if entry is not None and entry.reason:
            return entry
    return _UNKNOWN


def _why(ends: Sequence[Entry], *, is_fetched: bool, is_pilot: bool) -> str:
    """What videos of which not one was built, or even fetched, leave unknown, for which reasons, and what to do."""
    what, outcome, other = ("bytes to fetch, and what building takes", "not one could be fetched", "not got to")
    if is_fetched:
        what, outcome, other = ("what building takes", "not one gave a clip", "not built")
    whose = f"the pilot's {len(ends)} videos" if is_pilot else f"{len(ends)} videos that ended before"
    counted = Counter(end.reason or other for end in ends).most_common()
    reasons = ", ".join(f"{count} {reason}" for reason, count in counted)
    said = next((end.detail for end in ends if counted and end.reason == counted[0][0]), "")
    first = f" ({said})" if said else ""
    return f"unknown: {what}: of {whose} {outcome}: {reasons}{first}; {_advice(ends, is_pilot=is_pilot)}"


def _advice(ends: Sequence[Entry], *, is_pilot: bool) -> str:
    """A pilot of the same number is of the same videos: it tells more only where these may end otherwise."""
    if not is_pilot:
        return "--pilot N builds N videos of the manifest, and tells"
    if all(end.state == "rejected" for end in ends):
        return "a --pilot of more videos draws others, too"
    if all(reason_policy(end.reason).kind == "needs_change" for end in ends if end.state == "failed"):
        return "mend that, then give the same --pilot again"
    return "give the same --pilot again when that is over"


def _built_by_video(ledger: Ledger) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in ledger.entries(build.STAGE).values():
        if entry.state == "done":
            found.setdefault(entry.data["video_id"], []).append(entry)
    return found
