"""The line video by video: a few are fetched, examined, cut and built, and their media removed before the next.

Batches are taken in the manifest's order, and clips get their shards in that order too, as in a run over all of it.
A shard that a batch does not fill waits for the next one, and so do the media of its clips:

    videos    a  b | c  d | e  f        three batches
    shards    [--0--)[--1---)[-2-)      1 is begun by the first batch and written by the second: b's media wait
"""

import logging
import shutil
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import build, discard, download, segment
from yt360_tools.pipeline.declared_media import named_media, warn_of_broken_promises
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.rebuild import (
    STAGES,
    Line,
    RunReport,
    StageReport,
    unfinished_videos,
    write_tables,
)
from yt360_tools.pipeline.retrying import notes
from yt360_tools.pipeline.second_tries import OVER_BUDGET, due_again
from yt360_tools.pipeline.status import ledger_status
from yt360_tools.records import Outcome
from yt360_tools.sizes import GB, size_text
from yt360_tools.sources import Source, open_source
from yt360_tools.sources.local import LocalSource
from yt360_tools.sources.room import media_bytes

_MOST_VIDEOS = 64
"""A batch has no more, however large the budget: what is built is safe."""


logger = logging.getLogger(__name__)


def run_in_batches(line: Line, on_stage: Callable[[StageReport], None] | None = None) -> RunReport:
    """Run all stages batch by batch, and remove each video's media as soon as its clips are built.

    Raises:
        UsageError: a budget is given, and media are not to be removed; a row has other times or another split now.
        EnvironmentMissing: a tool is missing.
        TransientError: the disk failed where it is no single item's affair.
    """
    return _BatchRun(line, on_stage or (lambda report: None)).run()


class BatchLedger(Ledger):
    """A ledger as a batch sees it: its own videos, rows and clips alone. A large ledger is not read for each batch."""

    def __init__(self, ledger: Ledger, manifest: Manifest) -> None:
        super().__init__(ledger.path, opened=ledger)
        self._rows = [row.clip_id for row in manifest.rows]
        self._items = [*manifest.video_ids, *self._rows]

    def entries(self, stage: str) -> dict[str, Entry]:
        items = list(self._items)
        if stage == build.STAGE:
            for entry in self.entries_of(segment.STAGE, self._rows).values():
                items += [window["clip_id"] for window in entry.data.get("windows", [])]
        return self.entries_of(stage, items)


class _BatchRun:
    """One run: what is still to do, what is held for a shard that is not full, and how its stages ended."""

    def __init__(self, line: Line, on_stage: Callable[[StageReport], None]) -> None:
        self._line, self._on_stage = replace(line, pace=replace(line.pace, is_patient=False)), on_stage
        self._source: Source = open_source(line.config.download, named_media(line.whole))
        self._budget = line.config.download.raw_budget_gb * GB
        self._waiting: deque[str] = deque()
        self._held: list[str] = []
        self._alone: set[str] = set()
        self._reports: list[StageReport] = []
        self._stopped = False
        self._sizes: dict[str, int] = {}

    def run(self) -> RunReport:
        line = self._line
        self._refuse_changed_rows()
        build.reconcile(line.ledger, line.workspace)
        self._learn_sizes(line.ledger)
        self._discard_finished(line, line.manifest.video_ids)
        self._go_through(self._to_do())
        while not self._stopped and (due := due_again(line, self._source)):
            self._go_through(due)
        write_tables(line)
        warn_of_broken_promises(line.manifest, line.ledger.entries(download.STAGE))
        waiting = notes(line.waiting())
        self._on_stage(StageReport(download.STAGE, frozenset(), (), notes=waiting))
        return RunReport(self._summed_reports(waiting), ledger_status(line.ledger))

    def _to_do(self) -> list[str]:
        """What is to be asked for, and what has not ended: the rows of a rejected video have, and it may be asked."""
        asked = {task.video_id for task in self._line.downloads(self._source)}
        wanted = asked | set(unfinished_videos(self._line))
        return [video_id for video_id in self._line.manifest.video_ids if video_id in wanted]

    def _refuse_changed_rows(self) -> None:
        """Hold all rows against the windows that are known: batches take up only what has not ended."""
        line = self._line
        segment.plan_segments(line.manifest, line.ledger, line.workspace, line.config.segment)

    def _go_through(self, video_ids: Iterable[str]) -> None:
        self._waiting = deque(video_ids)
        while not self._stopped and (self._waiting or self._held):
            batch = self._next_batch()
            if batch:
                self._run_batch(batch)
            elif self._held:
                self._build_held()
            else:
                self._make_room()

    def _next_batch(self) -> list[str]:
        """The next videos that fit the budget beside what is there, in the manifest's order."""
        if not self._budget:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._line.config.download.jobs))]
        known = self._sizes
        typical = max(known.values(), default=0)
        room = self._budget - media_bytes(self._line.workspace.raw)
        batch: list[str] = []
        while self._waiting and len(batch) < _MOST_VIDEOS:
            video_id = self._waiting[0]
            if batch and not self._alone.isdisjoint((video_id, batch[0])):
                break
            size = self._expected_bytes(video_id, known, typical)
            # Of one whose size nobody knows the download itself sees whether it fits; it tries with all the room.
            is_unknown = size == 0 and not self._is_begun(video_id)
            if size > room or (is_unknown and (batch or room <= 0)):
                break
            room -= size
            batch.append(self._waiting.popleft())
            if is_unknown:
                break
        return batch

    def _expected_bytes(self, video_id: str, known: dict[str, int], typical: int) -> int:
        """What a video will add to the raw media; 0 where nobody knows, or where it counts among them already."""
        if isinstance(self._source, LocalSource):
            there = sum(media_bytes(place) for place in self._places(video_id))
            return max(0, self._source.size_bytes(video_id) - there)
        if self._is_begun(video_id):
            return 0
        return known.get(video_id, typical)

    def _is_begun(self, video_id: str) -> bool:
        """Whether a video's media are there, or so much of them that their size is known."""
        return any(place.is_dir() for place in self._places(video_id))

    def _places(self, video_id: str) -> tuple[Path, ...]:
        """Where media of a video may lie: whole, fetched, or begun."""
        workspace = self._line.workspace
        places = (workspace.raw_folder, workspace.fetched_folder, workspace.partial_folder)
        return tuple(place(video_id) for place in places)

    def _learn_sizes(self, ledger: Ledger) -> None:
        """Note the bytes of the videos that were fetched once."""
        for stage in (discard.STAGE, download.STAGE):
            entries = ledger.entries(stage).items()
            self._sizes |= {video_id: fetched_bytes(entry) for video_id, entry in entries if entry.data.get("files")}

    def _run_batch(self, video_ids: list[str]) -> None:
        batch = [*self._held, *video_ids]
        line = self._line_of(batch, self._growing())
        for stage in STAGES[:-1]:
            self._keep(line.run_one(stage))
        self._learn_sizes(line.ledger)
        refused = self._refused_for_room(video_ids)
        is_crowded = bool(refused) and len(batch) > 1
        if is_crowded:  # the others took the room, or each took it from the other; alone it may fit
            self._waiting.extendleft(reversed(refused))
            self._alone |= set(refused)
            for video_id in refused[1:]:  # what has come of them would take the first one's room
                shutil.rmtree(line.workspace.partial_folder(video_id), ignore_errors=True)
            self._line.ledger.forget(download.STAGE, refused)
            self._line.ledger.expect(download.STAGE, refused)
        self._build(line, batch)
        if is_crowded and self._held and not self._stopped:
            self._build_held()  # what waits for a shard to fill takes room, too

    def _line_of(self, video_ids: list[str], growing: frozenset[str]) -> Line:
        line = self._line.of(video_ids, growing=growing)
        return replace(line, ledger=BatchLedger(line.ledger, line.manifest))

    def _build_held(self) -> None:
        """Write the shards that wait for more clips as they are: there is no room to wait."""
        logger.info("raw media fill their budget: shards are written before they are full")
        held, self._held = self._held, []
        self._build(self._line_of(held, frozenset()), held)

    def _build(self, line: Line, batch: list[str]) -> None:
        report = line.run_one(build.STAGE)
        failed = [outcome for outcome in report.problems if outcome.state == "failed"]
        if failed and len(failed) == report.taken_up:
            said = f"not one of {len(failed)} clips could be built ({failed[0].reason}); mend that, run again"
            report = replace(report, stopped=said)
        self._keep(report)
        if not self._stopped:
            self._held = self._held_of(line)
            done_with = [video_id for video_id in batch if video_id not in set(self._held)]
            discard.discard_media(line.ledger, line.workspace, line.config.download, done_with)
        else:
            self._discard_finished(line, batch)

    def _held_of(self, line: Line) -> list[str]:
        """The batch's videos with a clip in a shard that is not full."""
        plan = line.ledger.shard_plan()
        unfilled = build.unfilled_shards(plan, line.workspace, line.growing or ())
        waiting = {
            window.video_id
            for window in segment.planned_windows(line.manifest, line.ledger)
            if plan.get(window.clip_id) in unfilled
        }
        return [video_id for video_id in unfinished_videos(line) if video_id in waiting]

    def _growing(self) -> frozenset[str]:
        """The splits of the videos that no batch has taken up yet."""
        waiting = set(self._waiting)
        return frozenset(row.split for row in self._line.manifest.rows if row.video_id in waiting)

    def _make_room(self) -> None:
        """Give up what broken-off downloads have left; if that is nothing, the next video does not fit at all."""
        line, video_id = self._line, self._waiting[0]
        own = (line.workspace.fetched_folder(video_id), line.workspace.partial_folder(video_id))
        hidden = [path for path in line.workspace.raw.iterdir() if path.name.startswith(".") and path.is_dir()]
        for path in hidden:
            if path not in own:
                shutil.rmtree(path, ignore_errors=True)
        if any(not path.exists() for path in hidden):
            return
        self._waiting.popleft()
        there = media_bytes(line.workspace.raw)
        size = self._expected_bytes(video_id, self._sizes, 0)
        said = f"{video_id} takes {size_text(size, 5)}" if size else f"{video_id} was not begun"
        others = f", of which other videos in raw/ take {size_text(there, 5)}" if there else ""
        budget = size_text(self._budget, 5)
        detail = f"{said}, and the budget of raw media is {budget}{others}; raise it (--raw-budget-gb)"
        outcome = Outcome(video_id, download.STAGE, "failed", OVER_BUDGET, detail)
        line.ledger.record([outcome])
        self._keep(StageReport(download.STAGE, frozenset([video_id]), (outcome,)))

    def _refused_for_room(self, video_ids: Iterable[str]) -> list[str]:
        entries = self._line.ledger.entries_of(download.STAGE, video_ids)
        return [video_id for video_id in video_ids if video_id in entries and entries[video_id].reason == OVER_BUDGET]

    def _discard_finished(self, line: Line, video_ids: Iterable[str]) -> None:
        unfinished = set(unfinished_videos(line))
        finished = [video_id for video_id in video_ids if video_id not in unfinished]
        discard.discard_media(line.ledger, line.workspace, line.config.download, finished)

    def _keep(self, report: StageReport) -> None:
        self._reports.append(report)
        self._stopped = self._stopped or bool(report.stopped)
        self._on_stage(report)

    def _summed_reports(self, waiting: tuple[str, ...]) -> tuple[StageReport, ...]:
        """A report a stage; of what was tried twice, how it ended at last."""
        summed = []
        for stage in STAGES:
            reports = [report for report in self._reports if report.stage == stage]
            entries = self._line.ledger.entries(stage)
            problems = {one.item: one for report in reports for one in report.problems}
            lasting = tuple(
                one for item, one in problems.items() if (entry := entries.get(item)) and entry.state == one.state
            )
            items = frozenset(item for report in reports for item in report.items)
            stopped = next((report.stopped for report in reports if report.stopped), "")
            took_s = sum(report.took_s for report in reports)
            waits = waiting if stage == download.STAGE else ()
            summed.append(StageReport(stage, items, lasting, stopped, waits, took_s=took_s))
        return tuple(summed)


def fetched_bytes(entry: Entry) -> int:
    """Bytes of a fetched video's files."""
    return sum(int(facts["bytes"]) for facts in entry.data.get("files", {}).values())
