"""The line as a whole: open a workspace, run stages in their order, say how they ended."""

import dataclasses
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from yt360_tools import __version__
from yt360_tools.config import Config, Overrides, resolve
from yt360_tools.errors import EXIT_BUG, EXIT_OK, EXIT_UNFINISHED, TransientError
from yt360_tools.manifest import Manifest, read_manifest
from yt360_tools.media.ffmpeg import find_ffmpeg
from yt360_tools.pipeline import build, discard, download, segment, validate
from yt360_tools.pipeline.beside_parts import refuse_unjoined, refuse_unlike
from yt360_tools.pipeline.declared_media import named_media, warn_of_broken_promises
from yt360_tools.pipeline.download_queue import Pace
from yt360_tools.pipeline.executors import process_pool
from yt360_tools.pipeline.fingerprints import source_digits
from yt360_tools.pipeline.kept_if_used import opened_and_kept_if_used
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.listed_gone import as_outcomes
from yt360_tools.pipeline.options import agreed_config, check_options, remember, with_implied_layout
from yt360_tools.pipeline.parts import ALL, Selection, with_videos
from yt360_tools.pipeline.retrying import Waiting, notes
from yt360_tools.pipeline.runner import BUG, run_tasks
from yt360_tools.pipeline.shard_tables import write_shard_tables
from yt360_tools.pipeline.standing import Standing, standings, waiting_of
from yt360_tools.pipeline.status import MANIFEST_STAGE, StageStatus, ledger_status
from yt360_tools.pipeline.told import built_videos, told_videos
from yt360_tools.pipeline.views import check_view_options
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.revision import git_revision
from yt360_tools.sources import Source, open_source

STAGES = (download.STAGE, validate.STAGE, segment.STAGE, build.STAGE)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageReport:
    """How the items that one run took up ended.

    Attributes:
        items: those that were taken up.
        problems: the outcomes that are not done.
        stopped: why the stage ended before all was taken up; empty where it was.
        notes: what else there is to say, such as what waits until when.
        fetching_s: seconds in which media were fetched.
        took_s: seconds on the clock.
    """

    stage: str
    items: frozenset[str]
    problems: tuple[Outcome, ...]
    stopped: str = ""
    notes: tuple[str, ...] = ()
    fetching_s: float = 0.0
    took_s: float = 0.0

    @property
    def taken_up(self) -> int:
        """How many items there were to take up."""
        return len(self.items)


@dataclass(frozen=True)
class RunReport:
    """How a run ended: its stages in their order, and where the workspace stands now."""

    stages: tuple[StageReport, ...]
    status: tuple[StageStatus, ...]

    def exit_code(self, *, strict: bool = False) -> int:
        """The code that a command ends with; `strict` counts what was rejected, in any run, as unfinished."""
        problems = [outcome for stage in self.stages for outcome in stage.problems]
        if any(outcome.reason == BUG for outcome in problems):
            return EXIT_BUG
        unfinished = any(outcome.state == "failed" for outcome in problems) or any(
            stage.notes or stage.stopped for stage in self.stages
        )
        if unfinished or (strict and any(stage.rejected for stage in self.status)):
            return EXIT_UNFINISHED
        return EXIT_OK


@dataclass(frozen=True)
class Line:
    """An opened workspace with its manifest and configuration, on which stages run.

    Attributes:
        manifest: the rows that this run works on.
        whole: the manifest that they were chosen from.
        pace: how this run asks for media.
        growing: in a run batch by batch, the splits of which a later batch will bring clips; None: this is all. What
            concerns the workspace as a whole is done before and after batches.
    """

    manifest: Manifest
    workspace: Workspace
    ledger: Ledger
    config: Config
    workers: int
    whole: Manifest
    pace: Pace
    growing: frozenset[str] | None = None

    def of(self, video_ids: Collection[str], *, growing: frozenset[str]) -> "Line":
        """A batch: the same line with some of its videos."""
        return dataclasses.replace(self, manifest=with_videos(self.manifest, video_ids), growing=growing)

    def run(self, stages: Sequence[str] = STAGES, on_stage: Callable[[StageReport], None] | None = None) -> RunReport:
        """Run stages in the order given, each over all that is still to do.

        Raises:
            EnvironmentMissing: a tool is missing.
            TransientError: the disk failed where it is no single item's affair.
        """
        reports = []
        for stage in stages:
            reports.append(self.run_one(stage))
            if on_stage:
                on_stage(reports[-1])
        return RunReport(tuple(reports), ledger_status(self.ledger))

    def run_one(self, stage: str) -> StageReport:
        """Run one stage, as `run` does."""
        remember(self.ledger, self.config, stage)
        began_s = time.monotonic()
        try:
            found = _RUN[stage](self)
        except OSError as error:
            raise TransientError.of_disk(error, error.filename or str(self.workspace.root)) from error
        if not isinstance(found, download.Downloads):
            found = download.Downloads(tuple(found))
        logger.info("%s: took up %d items", stage, len(found.outcomes))
        problems = tuple(outcome for outcome in found.outcomes if outcome.state != "done")
        items = frozenset(outcome.item for outcome in found.outcomes)
        took_s = time.monotonic() - began_s
        return StageReport(stage, items, problems, found.stopped, found.notes, found.seconds, took_s)

    def told(self, reasons: Collection[str]) -> "Line":
        """The same line, which asks for videos that were not fetched for one of some reasons; ``all`` for every one.

        Raises:
            UsageError: a word is no reason.
        """
        line = self.told_videos(told_videos(self.standings(), self.ledger, reasons))
        return dataclasses.replace(line, pace=dataclasses.replace(line.pace, asks_nevertheless=True))

    def standings(self) -> dict[str, Standing]:
        """How the videos stand before a download; nobody's being told counts."""
        timeout_s = self.config.validate.decode_timeout_s
        return standings(self.manifest, self.ledger, self.config.download, decode_timeout_s=timeout_s)

    def downloads(self, source: Source) -> list[download.DownloadTask]:
        """What this run asks a source for now."""
        return download.plan_downloads(
            self.manifest, self.ledger, self.workspace, source, config=self.config.download, pace=self.pace,
            decode_timeout_s=self.config.validate.decode_timeout_s,
        )  # fmt: skip

    def waiting(self) -> tuple[Waiting, ...]:
        """The videos that have failed and are left alone now."""
        return waiting_of(self.standings())

    def told_videos(self, video_ids: Collection[str]) -> "Line":
        """The same line, which asks for these videos too, in spite of how they ended."""
        return dataclasses.replace(self, pace=Pace.of(self.config.download, told={*self.pace.told, *video_ids}))


@contextmanager
def opened_line(
    manifest_path: Path,
    workspace_path: Path,
    overrides: Overrides,
    *,
    workers: int,
    selection: Selection = ALL,
    stages: Collection[str] = STAGES,
) -> Iterator[Line]:
    """Open a workspace for a manifest; its remembered options are completed by, and held against, `overrides`.

    Args:
        selection: what of the manifest to work on; a part has a workspace of its own below `workspace_path`.
        stages: those that will be run.

    Raises:
        UsageError: the manifest, an option, or an option that the workspace has otherwise, or the workspace that a
            part will be joined with; parts of the whole lie there and are not joined. What raises this before anything
            is done leaves no new workspace behind.
        EnvironmentMissing: the workspace cannot be written.
    """
    whole = read_manifest(manifest_path)
    manifest = selection.of(whole)
    check_view_options(resolve(with_implied_layout(overrides)).build)
    refuse_unjoined(workspace_path, selection)
    workspace = Workspace(selection.folder(workspace_path.resolve()))
    with opened_and_kept_if_used(workspace):
        ledger = Ledger(workspace.ledger)
        try:
            remembered = ledger.options()
            config = agreed_config(remembered, overrides, workspace.root)
            check_options(config)
            if selection.part:
                refuse_unlike(workspace, config, remembered, workspace_path.resolve(), stages)
            _take_in(manifest, ledger)
            yield Line(manifest, workspace, ledger, config, workers, whole, Pace.of(config.download))
        finally:
            ledger.close()


def _take_in(manifest: Manifest, ledger: Ledger) -> None:
    """Note what the manifest asks for, and the rows that it has wrong."""
    ledger.forget(MANIFEST_STAGE, ledger.entries(MANIFEST_STAGE))
    ledger.record(
        Outcome(f"line {fault.line}", MANIFEST_STAGE, "rejected", fault.reason, fault.message)
        for fault in manifest.faults
    )
    ledger.expect(download.STAGE, manifest.video_ids)
    ledger.expect(segment.STAGE, (row.clip_id for row in manifest.rows))


def tool_versions() -> dict[str, str]:
    """The versions of what shapes a shard's content, for the record."""
    import platform

    names = ("av", "numpy", "scipy", "opencv-python-headless", "simplejpeg", "soundfile", "h5py")
    own = {"yt360-tools": __version__, "revision": git_revision(), "python": platform.python_version()}
    return {**own, **{name: metadata.version(name) for name in names}, "machine": platform.machine()}


def _run_download(line: Line) -> download.Downloads:
    config = line.config.download
    source = open_source(config, named_media(line.manifest))
    if line.growing is None:
        build.reconcile(line.ledger, line.workspace)  # a shard that is gone needs its media again
    discard.forget_lost_media(line.ledger, line.workspace, config, unfinished_videos(line))
    gone = as_outcomes(line.standings(), source_digits(config, line.ledger.salt))
    known = [outcome for outcome in gone if not line.pace.is_told(outcome.item)]
    line.ledger.record(known)
    tasks = line.downloads(source)
    if tasks and not source.is_local:
        find_ffmpeg()  # what was fetched is decoded
    found = download.run_downloads(tasks, line.ledger, line.workspace, config, pace=line.pace)
    found = dataclasses.replace(found, outcomes=(*known, *found.outcomes))
    discard.note_changes(line.ledger, line.manifest.video_ids)
    if line.growing is not None:
        return found
    warn_of_broken_promises(line.manifest, line.ledger.entries(download.STAGE))
    return dataclasses.replace(found, notes=found.notes + notes(line.waiting()))


def unfinished_videos(line: Line) -> list[str]:
    """The manifest's videos of which a row or a clip has not ended yet."""
    rows, clips = line.ledger.entries(segment.STAGE), line.ledger.entries(build.STAGE)
    open_rows = {
        row.video_id for row in line.manifest.rows if row.clip_id not in rows or not rows[row.clip_id].is_final
    }
    open_clips = {
        window.video_id
        for window in segment.planned_windows(line.manifest, line.ledger)
        if window.clip_id not in clips or not clips[window.clip_id].is_final
    }
    return [video_id for video_id in line.manifest.video_ids if video_id in open_rows | open_clips]


def _run_validate(line: Line) -> Sequence[Outcome]:
    built = built_videos(line.ledger)
    _warn_of_other_rules(line, built)
    validate.take_up_redeclared(line.manifest, line.ledger, line.config.validate, built, line.workspace.root)
    segment.forget_lost_rows(line.ledger)
    tasks = validate.plan_validation(line.manifest, line.ledger, line.workspace, line.config)
    if tasks:
        find_ffmpeg()  # a machine without it is no video's fault
    changed = discard.changed_media(line.ledger, line.workspace, [task.video_id for task in tasks])
    lost = [
        Outcome(video_id, validate.STAGE, "failed", "missing_media", f"{said}; 'yt360 download' fetches it again")
        for video_id, said in changed.items()
    ]
    line.ledger.record(lost)
    return lost + _on_processes(line, [task for task in tasks if task.video_id not in changed], "validate", "video")


def _warn_of_other_rules(line: Line, built: set[str]) -> None:
    """Say that changed rules change nothing by themselves."""
    otherwise = validate.judged_otherwise(line.ledger, line.config, line.manifest.video_ids)
    unbuilt = [video_id for video_id in otherwise if video_id not in built]
    if unbuilt:
        logger.warning(
            "%d videos were judged by other rules than these (thresholds, tolerate, refuse) and stay as they were: "
            "'yt360 validate --again' examines them anew",
            len(unbuilt),
        )
    elif otherwise:
        logger.warning(
            "%d videos were judged by other rules than these, and stand in shards: they stay", len(otherwise)
        )


def _run_segment(line: Line) -> Sequence[Outcome]:
    tasks = segment.plan_segments(line.manifest, line.ledger, line.workspace, line.config.segment, whole=line.whole)
    lost = segment.rows_without_video(line.manifest, line.ledger)
    line.ledger.record(lost)
    outcomes = lost + _on_processes(line, tasks, "segment", "row")
    if line.growing is None:
        segment.write_windows(line.whole, line.ledger, line.workspace)
    return outcomes


def _run_build(line: Line) -> Sequence[Outcome]:
    if line.growing is None:
        build.reconcile(line.ledger, line.workspace)
    deadly = build.reject_deadly(line.ledger)
    tasks = build.plan_build(
        line.manifest, line.ledger, line.workspace, line.config.build, tool_versions(), growing=line.growing
    )
    outcomes = deadly + _on_processes(line, tasks, "build", "clip")
    if line.growing is None:
        write_shard_tables(line.ledger, line.workspace)
    return outcomes


def write_tables(line: Line) -> None:
    """Lay down ``clips.csv`` and what lies beside the shards, by the ledger; batches leave that to their end."""
    segment.write_windows(line.whole, line.ledger, line.workspace)
    write_shard_tables(line.ledger, line.workspace)


def _on_processes(line: Line, tasks: Sequence[Any], title: str, unit: str) -> list[Outcome]:
    pool = partial(process_pool, min(line.workers, max(1, len(tasks))))
    return run_tasks(tasks, line.ledger, pool, in_flight=2 * line.workers, title=title, unit=unit)


_RUN: dict[str, Callable[[Line], Sequence[Outcome] | download.Downloads]] = {
    download.STAGE: _run_download,
    validate.STAGE: _run_validate,
    segment.STAGE: _run_segment,
    build.STAGE: _run_build,
}
