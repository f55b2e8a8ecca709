"""A sample of a manifest's videos, drawn at random and really built, and what it tells of all of them."""

import math
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import build, discard, download, segment, validate
from yt360_tools.pipeline.batches import fetched_bytes, run_in_batches
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.listed_gone import known_gone
from yt360_tools.pipeline.parts import with_videos
from yt360_tools.pipeline.rebuild import Line, RunReport, StageReport, write_tables
from yt360_tools.records import Outcome
from yt360_tools.sources.reasons import REASONS

STAGE = "pilot"
"""The ledger's name for the sample, and for what fetching it took."""

_SEED = 0
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with its interval of confidence (95 %); both ends None where one video tells nothing of others."""

    value: float
    low: float | None
    high: float | None


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


def run_pilot(line: Line, videos: int, on_stage: Callable[[StageReport], None]) -> RunReport:
    """Build some videos of the manifest, drawn at random with a fixed seed; they are as good as any others later."""
    drawn = draw(line.manifest, videos, without=known_gone(line.manifest, line.ledger))
    began_s = time.monotonic()
    fetching_s = 0.0

    def timed(report: StageReport) -> None:
        nonlocal began_s, fetching_s
        now_s = time.monotonic()
        fetching_s += now_s - began_s if report.stage == download.STAGE else 0.0
        began_s = now_s
        on_stage(report)

    before = _fetched(line.ledger, drawn)
    if line.config.download.discard_raw:
        report = run_in_batches(_with(line, drawn), timed)
    else:
        build.reconcile(line.ledger, line.workspace)
        report = line.of(drawn, growing=frozenset()).run(on_stage=timed)
        write_tables(line)
    entries = line.ledger.entries(download.STAGE)
    new = [video_id for video_id in drawn if video_id not in before]
    seen = [entries[video_id] for video_id in new if video_id in entries]
    data = {"videos": drawn, "bytes": sum(map(fetched_bytes, seen)), "seconds": fetching_s}
    if new or STAGE not in line.ledger.entries(STAGE):
        line.ledger.record([Outcome(STAGE, STAGE, "done", data=data)])
    return report


def draw(manifest: Manifest, videos: int, without: Collection[str] = ()) -> list[str]:
    """So many of a manifest's videos, all equally likely; a greater number begins with those of a smaller one."""
    ids = sorted(manifest.video_ids)
    random.Random(_SEED).shuffle(ids)
    return [video_id for video_id in ids if video_id not in without][:videos]


def sampled_videos(manifest: Manifest, ledger: Ledger) -> tuple[list[Sampled], str, float | None]:
    """What the ledger knows of built videos, how they were chosen, and bytes a second of fetching them, if measured.

    The pilot's videos, if there was a pilot; else all of the manifest's videos that have ended.
    """
    pilot, gone = ledger.entries(STAGE).get(STAGE), known_gone(manifest, ledger)
    entries = {stage: ledger.entries(stage) for stage in (download.STAGE, discard.STAGE, validate.STAGE, segment.STAGE)}
    built = _built_by_video(ledger)
    rows: dict[str, list[str]] = {}
    for row in manifest.rows:
        rows.setdefault(row.video_id, []).append(row.clip_id)
    chosen = [one for one in (pilot.data["videos"] if pilot else rows) if one in rows and one not in gone]
    found = []
    for video_id in chosen:
        fetched = entries[discard.STAGE].get(video_id) or entries[download.STAGE].get(video_id)
        has_ended = all(entries[segment.STAGE].get(row, _UNKNOWN).is_final for row in rows[video_id])
        if fetched is None or not (has_ended or (pilot and _tells(fetched))):
            continue
        probed = entries[validate.STAGE].get(video_id)
        seconds = probed.data["end_s"] - probed.data["start_s"] if probed and probed.state == "done" else 0.0
        clips = [entry.data for entry in built.get(video_id, ()) if "cpu_s" in entry.data]
        found.append(
            Sampled(
                len(rows[video_id]),
                fetched_bytes(fetched),
                seconds,
                len(clips),
                sum(clip["bytes"] for clip in clips),
                sum(clip["cpu_s"] for clip in clips),
            )
        )
    rate = pilot.data["bytes"] / pilot.data["seconds"] if pilot and pilot.data["seconds"] else None
    return found, _how(found, len(chosen) if pilot else None), rate or None


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


def extrapolated(
    amounts: Sequence[float], sizes: Sequence[float], to: float = 1.0, population: int | None = None
) -> Estimate | None:
    """The sum of amounts over `to` units of size, by the sample's ratio of amount to size, with its interval.

    The interval is that of the ratio estimator: Student's t over the residuals ``amount - ratio · size``, with the
    finite population's correction (Cochran, Sampling Techniques, section 6.4). None where there is no size at all.

    Args:
        population: of how many items the sample is one; None for infinitely many.
    """
    from scipy.stats import t

    count, size = len(amounts), sum(sizes)
    if not size:
        return None
    ratio = sum(amounts) / size
    if count < 2:
        return Estimate(ratio * to, None, None)
    residuals = sum((amount - ratio * each) ** 2 for amount, each in zip(amounts, sizes, strict=True))
    share = min(1.0, count / population) if population else 0.0
    error = math.sqrt(residuals / (count - 1) * (1 - share) * count) / size
    reach = float(t.ppf(0.5 + _CONFIDENCE / 2, count - 1)) * error
    return Estimate(ratio * to, max(0.0, ratio - reach) * to, (ratio + reach) * to)


_UNKNOWN = Entry("to_do", "", "", {})


def _with(line: Line, video_ids: Sequence[str]) -> Line:
    return replace(line, manifest=with_videos(line.manifest, video_ids))


def _fetched(ledger: Ledger, video_ids: Sequence[str]) -> set[str]:
    entries = ledger.entries(download.STAGE)
    return {video_id for video_id in video_ids if video_id in entries and entries[video_id].state == "done"}


def _built_by_video(ledger: Ledger) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in ledger.entries(build.STAGE).values():
        if entry.state == "done":
            found.setdefault(entry.data["video_id"], []).append(entry)
    return found
