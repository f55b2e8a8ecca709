"""The line as a whole: open a workspace, run stages in their order, say how they ended."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from yt360_tools import __version__
from yt360_tools.config import Config, Overrides, as_plain, merge, resolve
from yt360_tools.errors import UsageError
from yt360_tools.manifest import Manifest, read_manifest
from yt360_tools.media.ffmpeg import find_ffmpeg
from yt360_tools.pipeline import build, download, segment, validate
from yt360_tools.pipeline.executors import process_pool, thread_pool
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.runner import run_tasks
from yt360_tools.pipeline.views import check_view_options
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources import open_source

STAGES = (download.STAGE, validate.STAGE, segment.STAGE, build.STAGE)
MANIFEST_STAGE = "manifest"

_LASTING = ("segment", "build")
"""The sections whose options shape the shards: a workspace keeps them for life."""


@dataclass(frozen=True)
class StageReport:
    """How the items that one run took up ended, and how many were done before.

    Attributes:
        problems: the outcomes that are not done.
    """

    stage: str
    taken_up: int
    done: int
    problems: tuple[Outcome, ...]


@dataclass(frozen=True)
class Line:
    """An opened workspace with its manifest and configuration, on which stages run."""

    manifest: Manifest
    workspace: Workspace
    ledger: Ledger
    config: Config
    workers: int

    def run(self, stage: str) -> StageReport:
        """Run one stage over all that is still to do."""
        outcomes = _RUN[stage](self)
        return StageReport(
            stage,
            len(outcomes),
            sum(outcome.state == "done" for outcome in outcomes),
            tuple(outcome for outcome in outcomes if outcome.state != "done"),
        )


@contextmanager
def opened_line(manifest_path: Path, workspace_path: Path, overrides: Overrides, *, workers: int) -> Iterator[Line]:
    """Open a workspace for a manifest; its remembered options are completed by, and held against, `overrides`.

    Raises:
        UsageError: the manifest, an option, or an option that the workspace has otherwise.
        EnvironmentMissing: the workspace cannot be written.
    """
    manifest = read_manifest(manifest_path)
    check_view_options(resolve(overrides).build)
    workspace = Workspace(workspace_path.resolve())
    with workspace.opened():
        ledger = Ledger(workspace.ledger)
        try:
            config = agreed_config(ledger.options(), overrides, workspace)
            check_view_options(config.build)
            ledger.remember_options({name: as_plain(getattr(config, name)) for name in _LASTING})
            _take_in(manifest, ledger)
            yield Line(manifest, workspace, ledger, config, workers)
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


def agreed_config(remembered: dict[str, Any], overrides: Overrides, workspace: Workspace) -> Config:
    """The remembered options where nothing else is asked for.

    Raises:
        UsageError: something else is asked for.
    """
    for section in _LASTING if remembered else ():
        for key, value in overrides.get(section, {}).items():
            kept = remembered[section].get(key)
            asked = list(value) if isinstance(value, tuple) else value
            if kept is not None and asked != kept:
                raise UsageError(
                    f"workspace {workspace.root} was begun with {section}.{key} = {kept!r}, and {asked!r} is asked "
                    "for now: leave the option out, or name a new workspace"
                )
    kept_options: Overrides = {
        section: {key: tuple(value) if isinstance(value, list) else value for key, value in entries.items()}
        for section, entries in remembered.items()
    }
    return resolve(merge(overrides, kept_options))


def tool_versions() -> dict[str, str]:
    """The versions of what shapes a shard's content, for the record."""
    names = ("av", "numpy", "scipy", "opencv-python-headless", "simplejpeg", "h5py")
    return {"yt360-tools": __version__, **{name: metadata.version(name) for name in names}}


def _run_download(line: Line) -> Sequence[Outcome]:
    source = open_source(line.config.download)
    jobs = line.config.download.jobs
    tasks = download.plan_downloads(line.manifest, line.ledger, line.workspace, source)
    return run_tasks(tasks, line.ledger, partial(thread_pool, jobs), in_flight=2 * jobs, title="download", unit="video")


def _run_validate(line: Line) -> Sequence[Outcome]:
    tasks = validate.plan_validation(line.manifest, line.ledger, line.workspace, line.config.validate)
    if tasks:
        find_ffmpeg()  # a machine without it is no video's fault
    return _on_processes(line, tasks, "validate", "video")


def _run_segment(line: Line) -> Sequence[Outcome]:
    tasks = segment.plan_segments(line.manifest, line.ledger, line.workspace, line.config.segment)
    lost = segment.rows_without_video(line.manifest, line.ledger)
    line.ledger.record(lost)
    outcomes = lost + _on_processes(line, tasks, "segment", "row")
    segment.write_windows(line.manifest, line.ledger, line.workspace)
    return outcomes


def _run_build(line: Line) -> Sequence[Outcome]:
    build.reconcile(line.ledger, line.workspace)
    tasks = build.plan_build(line.manifest, line.ledger, line.workspace, line.config.build, tool_versions())
    outcomes = _on_processes(line, tasks, "build", "clip")
    build.write_index(line.ledger, line.workspace)
    return outcomes


def _on_processes(line: Line, tasks: Sequence[Any], title: str, unit: str) -> list[Outcome]:
    pool = partial(process_pool, min(line.workers, max(1, len(tasks))))
    return run_tasks(tasks, line.ledger, pool, in_flight=2 * line.workers, title=title, unit=unit)


_RUN: dict[str, Callable[[Line], Sequence[Outcome]]] = {
    download.STAGE: _run_download,
    validate.STAGE: _run_validate,
    segment.STAGE: _run_segment,
    build.STAGE: _run_build,
}


def forget_rejected(line: Line) -> None:
    """Take up again what was rejected: those videos are fetched anew, those clips built anew."""
    import shutil

    again: set[str] = set()
    for stage in (download.STAGE, validate.STAGE):
        again |= {item for item, entry in line.ledger.entries(stage).items() if entry.state == "rejected"}
    for video_id in again:
        shutil.rmtree(line.workspace.raw_folder(video_id), ignore_errors=True)
    for stage in (download.STAGE, validate.STAGE):
        line.ledger.forget(stage, again)
    for stage in (segment.STAGE, build.STAGE):
        rejected = [item for item, entry in line.ledger.entries(stage).items() if entry.state == "rejected"]
        line.ledger.forget(stage, rejected)
