"""The line's commands: `rebuild`, its four stages, and `status`."""

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.line_options import line_options, overrides_of

if TYPE_CHECKING:
    from yt360_tools.pipeline.rebuild import Line, RunReport, StageReport
    from yt360_tools.records import Outcome

_SHOWN_PROBLEMS = 20


@click.command()
@line_options("line", "download", "validate", "segment", "build")
@click.option("--plan", is_flag=True, help="Say what would be done, how many bytes, and whether the disk has room.")
def rebuild(plan: bool, **options: Any) -> None:
    """Run the whole line: from MANIFEST to shards in the workspace.

    Run it again to go on: only what is missing is done. A bad video becomes a row with a reason; the
    others finish.

    \b
    Examples:
      yt360 rebuild world/manifest.csv --media world/media --workspace work
      yt360 rebuild clips.csv -w work --layout viewport --views sound:2 --size 112
      yt360 rebuild clips.csv -w work --source 'https://host/{video_id}.{track}.{ext}' --plan
    """
    from yt360_tools.pipeline.rebuild import STAGES

    if plan:
        _print_plan(options)
    else:
        _run(STAGES, options)


@click.command()
@line_options("line", "download")
def download(**options: Any) -> None:
    """Fetch the media of MANIFEST's videos into the workspace.

    \b
    Example:
      yt360 download clips.csv --workspace work --source youtube
    """
    _run(("download",), options)


@click.command()
@line_options("line", "validate")
def validate(**options: Any) -> None:
    """Examine fetched media: do picture and sound decode, how does the sphere lie in the frame.

    \b
    Example:
      yt360 validate clips.csv --workspace work --projection eac
    """
    _run(("validate",), options)


@click.command()
@line_options("line", "segment")
def segment(**options: Any) -> None:
    """Find the clips: rows with times as they are, whole videos cut where they sound.

    \b
    Example:
      yt360 segment clips.csv --workspace work --clip-s 5
    """
    _run(("segment",), options)


@click.command()
@line_options("line", "build")
def build(**options: Any) -> None:
    """Make shards of the clips whose media are there.

    \b
    Example:
      yt360 build clips.csv --workspace work --layout cube --size 128
    """
    _run(("build",), options)


@click.command()
@click.option("--workspace", "-w", required=True, type=click.Path(path_type=Path), help="The workspace.")
@click.option("--problems", is_flag=True, help="List what was rejected or failed, item by item, instead.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def status(workspace: Path, problems: bool, as_json: bool) -> None:
    """How far a workspace is: a line a stage, with reasons counted.

    \b
    Examples:
      yt360 status --workspace work
      yt360 status --workspace work --problems
    """
    from yt360_tools.pipeline.status import workspace_problems, workspace_status

    if problems:
        _print_items(workspace_problems(workspace), as_json)
        return
    stages = workspace_status(workspace)
    if as_json:
        click.echo(json.dumps({"stages": [dataclasses.asdict(stage) for stage in stages]}, indent=2))
        return
    click.echo(f"{'stage':<10}{'done':>8}{'rejected':>10}{'failed':>8}{'to do':>8}  reasons")
    for stage in stages:
        reasons = {**stage.rejected_reasons, **stage.failed_reasons}
        text = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
        numbers = f"{stage.done:>8}{stage.rejected:>10}{stage.failed:>8}{stage.to_do:>8}"
        click.echo(f"{stage.stage:<10}{numbers}  {text}".rstrip())


def _print_items(outcomes: "tuple[Outcome, ...]", as_json: bool) -> None:
    if as_json:
        keys = ("stage", "item", "state", "reason", "detail")
        click.echo(json.dumps([{key: getattr(outcome, key) for key in keys} for outcome in outcomes], indent=2))
        return
    for outcome in outcomes:
        detail = outcome.detail.strip().rpartition("\n")[2]
        click.echo(f"{outcome.stage:<9} {outcome.state:<9} {outcome.item}: {outcome.reason}: {detail}")


def _run(stages: tuple[str, ...], options: dict[str, Any]) -> None:
    """Run stages in their order, print how they ended, and exit with the code that fits."""
    from yt360_tools.pipeline.executors import default_workers
    from yt360_tools.pipeline.rebuild import forget_rejected, opened_line

    workers = options["workers"] or default_workers()
    with opened_line(options["manifest"], options["workspace"], overrides_of(options), workers=workers) as line:
        for fault in line.manifest.faults:
            click.echo(f"rejected  {fault.message}", err=True)
        _note_unlisted(line)
        if options["retry_rejected"]:
            forget_rejected(line)
        report = line.run(stages, on_stage=_print_problems)
        _note_guesses(line, report)
        _note_waiting(report)
        _print_summary(line, report, options["as_json"])
        code = report.exit_code(strict=options["strict"])
    if code:
        click.get_current_context().exit(code)


def _note_unlisted(line: "Line") -> None:
    """Say which files of a local folder belong to no row of the manifest: nothing is done with them."""
    from yt360_tools.sources import open_source
    from yt360_tools.sources.local import LocalSource

    if not line.config.download.media:
        return
    source = open_source(line.config.download)
    if isinstance(source, LocalSource):
        known = {*line.manifest.video_ids}
        unlisted = source.unlisted(known)
        if unlisted:
            click.echo(
                f"note: {len(unlisted)} files in {source.folder} belong to no video of the manifest "
                f"(the first: {unlisted[0]}); they are left alone",
                err=True,
            )


def _note_guesses(line: "Line", report: "RunReport") -> None:
    """Say how the pictures of videos were taken to lie where their files do not tell, or tell nonsense."""
    from yt360_tools.pipeline.validate import header_doubts, validated_videos

    if not any(stage.stage == "validate" and stage.taken_up for stage in report.stages):
        return
    layouts = [video.layout for video in validated_videos(line.ledger).values()]
    guessed = Counter(
        (layout.projection, layout.stereo, layout.decided_by)
        for layout in layouts
        if layout.decided_by in ("content", "default")
    )
    if guessed:
        kinds = ", ".join(f"{count} {' '.join(kind[:2])} by {kind[2]}" for kind, count in sorted(guessed.items()))
        click.echo(f"note: projection without metadata: {kinds}; if that is wrong: --projection, --stereo", err=True)
    doubts = header_doubts(line.ledger)
    for doubt in doubts[:_SHOWN_PROBLEMS]:
        click.echo(f"note: {doubt}", err=True)
    if len(doubts) > _SHOWN_PROBLEMS:
        click.echo(f"note: {len(doubts) - _SHOWN_PROBLEMS} more headers tell nonsense", err=True)


def _note_waiting(report: "RunReport") -> None:
    """Say when a stage was asked for and the ones before it have not ended."""
    ran = {stage.stage for stage in report.stages}
    order = [stage for stage in report.status if stage.stage != "manifest"]
    for stage in order:
        if stage.stage in ran:
            return
        if stage.to_do:
            click.echo(f"note: {stage.to_do} {stage.unit}s still wait for 'yt360 {stage.stage}'", err=True)


def _print_problems(report: "StageReport") -> None:
    """A line a cause: a full disk takes many clips, and is one thing to read."""
    from yt360_tools.pipeline.segment import VIDEO_REJECTED

    causes: dict[tuple[str, str, str], list[str]] = {}
    for outcome in report.problems:
        # A rejected video was said when it was rejected; how many rows go with it is enough.
        detail = "their videos were rejected" if outcome.reason == VIDEO_REJECTED else outcome.detail
        causes.setdefault((outcome.state, outcome.reason, detail), []).append(outcome.item)
    for (state, reason, text), items in list(causes.items())[:_SHOWN_PROBLEMS]:
        detail = text.strip().replace("\n", "\n    ")
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        click.echo(f"{state:<9} {items[0]}{more}: {reason}: {detail}", err=True)
    hidden = len(causes) - _SHOWN_PROBLEMS
    if hidden > 0:
        click.echo(f"... and {hidden} more: 'yt360 status --problems' lists them", err=True)


def _print_summary(line: "Line", report: "RunReport", as_json: bool) -> None:
    status = {stage.stage: stage for stage in report.status}
    if as_json:
        plain = {
            "workspace": str(line.workspace.root),
            "stages": [
                dataclasses.asdict(status[stage.stage]) | {"taken_up": stage.taken_up} for stage in report.stages
            ],
            "manifest_faults": [dataclasses.asdict(fault) for fault in line.manifest.faults],
        }
        click.echo(json.dumps(plain, indent=2))
        return
    for ran in report.stages:
        stage = status[ran.stage]
        parts = [f"{stage.done} done"]
        parts += [f"{stage.rejected} rejected"] if stage.rejected else []
        parts += [f"{stage.failed} failed"] if stage.failed else []
        parts += [f"{stage.to_do} to do"] if stage.to_do else []
        click.echo(f"{ran.stage:<9} {', '.join(parts)} ({ran.taken_up} in this run)")
    if line.manifest.faults:
        click.echo(f"manifest  {len(line.manifest.faults)} rows rejected")
    if any(ran.stage == "build" for ran in report.stages):
        click.echo(f"shards    {line.workspace.shards}")


def _print_plan(options: dict[str, Any]) -> None:
    from yt360_tools.pipeline.planning import plan_rebuild

    plan = plan_rebuild(options["manifest"], options["workspace"], overrides_of(options))
    for fault in plan.faults:
        click.echo(f"rejected  {fault}", err=True)
    if options["as_json"]:
        click.echo(json.dumps(dataclasses.asdict(plan), indent=2))
        return
    fetched = _size(plan.fetch_bytes) + (", linked: no room taken" if plan.media_are_linked else "")
    click.echo(f"videos to fetch      {plan.videos_to_fetch}  ({fetched})")
    click.echo(f"videos to examine    {plan.videos_to_validate}")
    click.echo(f"rows to segment      {plan.rows_to_segment}")
    click.echo(f"clips to build       {plan.clips_to_build}  (about {_size(plan.shard_bytes)} of shards)")
    click.echo(f"free on the disk     {_size(plan.free_bytes)}: {plan.verdict}")


def _size(count: float | None) -> str:
    if count is None:
        return "size unknown until fetched"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
