"""A sample of a manifest's videos, drawn at random and really built, and how numbers of it are brought up to all."""

import math
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import build, download
from yt360_tools.pipeline.batches import fetched_bytes, run_in_batches
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.listed_gone import known_gone
from yt360_tools.pipeline.parts import with_videos
from yt360_tools.pipeline.rebuild import Line, RunReport, StageReport, write_tables
from yt360_tools.pipeline.sample import PILOT
from yt360_tools.records import Outcome

_SEED = 0
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with its interval of confidence (95 %); both ends None where one video tells nothing of others."""

    value: float
    low: float | None
    high: float | None


def run_pilot(line: Line, videos: int, on_stage: Callable[[StageReport], None]) -> RunReport:
    """Build some videos of the manifest, drawn at random with a fixed seed; they are as good as any others later."""
    drawn = draw(line.manifest, videos, without=known_gone(line.manifest, line.ledger, line.config.download))
    fetching_s = 0.0

    def timed(report: StageReport) -> None:
        nonlocal fetching_s
        fetching_s += report.fetching_s
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
    if new or PILOT not in line.ledger.entries(PILOT):
        line.ledger.record([Outcome(PILOT, PILOT, "done", data=data)])
    return report


def draw(manifest: Manifest, videos: int, without: Collection[str] = ()) -> list[str]:
    """So many of a manifest's videos, all equally likely; a greater number begins with those of a smaller one."""
    ids = sorted(manifest.video_ids)
    random.Random(_SEED).shuffle(ids)
    return [video_id for video_id in ids if video_id not in without][:videos]


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


def _with(line: Line, video_ids: Sequence[str]) -> Line:
    return replace(line, manifest=with_videos(line.manifest, video_ids))


def _fetched(ledger: Ledger, video_ids: Sequence[str]) -> set[str]:
    entries = ledger.entries(download.STAGE)
    return {video_id for video_id in video_ids if video_id in entries and entries[video_id].state == "done"}
