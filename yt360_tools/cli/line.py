"""The line's commands: `rebuild`, its four stages, and `status`."""

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.line_options import line_options, overrides_of, selection_of
from yt360_tools.cli.segmenting import is_about_a_list, list_options, print_about_a_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from yt360_tools.pipeline.rebuild import Line, RunReport, StageReport
    from yt360_tools.pipeline.status import StageStatus
    from yt360_tools.records import Outcome

_WORTH_TELLING_S = 5.0
_SHOWN_PROBLEMS = 20


@click.command()
@line_options("line", "download", "discard", "validate", "segment", "build")
@click.option("--plan", is_flag=True, help="Say what would be done, how many bytes, and whether the disk has room.")
@click.option(
    "--pilot",
    type=click.IntRange(1),
    metavar="N",
    help="With --plan, build N videos drawn at random, and price by them.",
)
@click.option(
    "--rate-mb-s", type=click.FloatRange(0, min_open=True), help="With --plan, the megabytes that come a second."
)
@click.option(
    "--sheets",
    is_flag=True,
    help="Draw a contact sheet of each examined video, while its media are there, and a page of all: reports/.",
)
def rebuild(plan: bool, pilot: int | None, rate_mb_s: float | None, **options: Any) -> None:
    """Run the whole line: from MANIFEST to shards in the workspace.

    Run it again to go on: only what is missing is done. A bad video becomes a row with a reason; the
    others finish.

    \b
    Examples:
      yt360 rebuild world/manifest.csv --media world/media --workspace work
      yt360 rebuild clips.csv -w work --layout viewport --views sound:2 --size 112
      yt360 rebuild clips.csv -w work --source 'https://host/{video_id}.{track}.{ext}' --plan
      yt360 rebuild clips.csv -w work --discard-raw --plan --pilot 20
      yt360 rebuild clips.csv -w work --discard-raw --raw-budget-gb 50
      yt360 rebuild clips.csv -w work --discard-raw --sheets
      yt360 rebuild clips.csv -w work --split test --limit 10
      yt360 rebuild clips.csv -w work --part 3/16
    """
    from yt360_tools.pipeline.rebuild import STAGES

    if not plan and (pilot or rate_mb_s):
        raise click.UsageError("--pilot and --rate-mb-s go with --plan")
    if plan and options["sheets"]:
        raise click.UsageError("--sheets goes with a run: --plan draws nothing")
    if plan and (options["retry"] or options["retry_rejected"]):
        raise click.UsageError("--retry and --retry-rejected go with a run: --plan prices what is still to do")
    if plan:
        from yt360_tools.cli.plan import print_plan

        print_plan({**options, "pilot": pilot, "rate_mb_s": rate_mb_s}, _print_problems)
    else:
        _run(STAGES, options)


@click.command()
@line_options("line", "download")
@click.option("--list", "only_list", is_flag=True, help="Ask what YouTube offers and what would be chosen, and why.")
@click.option("--refresh", is_flag=True, help="With --list, ask again for what is known.")
def download(only_list: bool, refresh: bool, **options: Any) -> None:
    """Fetch the media of MANIFEST's videos into the workspace.

    \b
    Examples:
      yt360 download clips.csv --workspace work --source youtube
      yt360 download clips.csv --workspace work --list
    """
    if refresh and not only_list:
        raise click.UsageError("--refresh goes with --list")
    if only_list and options["retry_rejected"]:
        raise click.UsageError("--retry-rejected takes up stages again; with --list it is --retry REASON, or --refresh")
    if only_list:
        from yt360_tools.cli.listing import print_listing

        code = print_listing(options, refresh=refresh)
        click.get_current_context().exit(code)
    _run(("download",), options)


@click.command()
@line_options("line", "validate")
@click.option("--again", is_flag=True, help="Examine again what was judged by other rules, unless it is in shards.")
def validate(**options: Any) -> None:
    """Examine fetched media: do picture and sound decode, how does the sphere lie in the frame.

    \b
    Examples:
      yt360 validate clips.csv --workspace work --projection eac
      yt360 validate clips.csv --workspace work --tolerate still --again
    """
    _run(("validate",), options)


@click.command()
@line_options("line", "segment")
@list_options
def segment(**options: Any) -> None:
    """Find the clips: rows with times as they are, whole videos cut where they sound.

    \b
    Examples:
      yt360 segment clips.csv --workspace work --clip-s 5
      yt360 segment clips.csv --workspace work --compare segments.txt
      yt360 segment clips.csv --workspace work --fit segments.txt --plot fit.png
    """
    if is_about_a_list(options):
        click.get_current_context().exit(print_about_a_list(options))
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
    from yt360_tools.pipeline.status import words_of

    if as_json:
        keys = ("stage", "item", "state", "reason", "detail")
        click.echo(json.dumps([{key: getattr(outcome, key) for key in keys} for outcome in outcomes], indent=2))
        return
    for outcome in outcomes:
        detail = words_of(outcome).rpartition("\n")[2]
        click.echo(f"{outcome.stage:<9} {outcome.state:<9} {outcome.item}: {outcome.reason}: {detail}")


def _run(stages: tuple[str, ...], options: dict[str, Any]) -> None:
    """Run stages in their order, print how they ended, and exit with the code that fits."""
    from yt360_tools.cli.sheets import write_page
    from yt360_tools.pipeline.batches import run_in_batches
    from yt360_tools.pipeline.executors import default_workers
    from yt360_tools.pipeline.rebuild import STAGES, opened_line
    from yt360_tools.pipeline.told import take_up_judged_otherwise, take_up_rejected

    workers = options["workers"] or default_workers()
    overrides, selection = overrides_of(options), selection_of(options)
    with opened_line(
        options["manifest"], options["workspace"], overrides, workers=workers, selection=selection, stages=stages
    ) as line:
        for fault in line.manifest.faults:
            click.echo(f"rejected  {fault.message}", err=True)
        _note_unlisted(line)
        if options["retry_rejected"]:
            line = take_up_rejected(line)
        if options.get("again"):
            line = take_up_judged_otherwise(line)
        if options.get("retry"):
            line = line.told(options["retry"])
        on_stage = _drawing(line) if options.get("sheets") else _print_problems
        try:
            if line.config.download.discard_raw and stages == STAGES:
                report = run_in_batches(line, on_stage=on_stage)
            else:
                report = line.run(stages, on_stage=on_stage)
        except KeyboardInterrupt:
            _print_interrupted(line, stages, options["as_json"])
            raise
        if options.get("sheets"):
            click.echo(f"note: the sheets' page is {write_page(line.workspace.root)}", err=True)
        _note_guesses(line, report)
        _note_waiting(report)
        _print_summary(line, report, options["as_json"])
        code = report.exit_code(strict=options["strict"])
    if code:
        click.get_current_context().exit(code)


def _drawing(line: "Line") -> "Callable[[StageReport], None]":
    """What prints problems, and draws the sheets of the videos that were examined as soon as their clips are known."""
    from yt360_tools.cli.sheets import draw

    examined: set[str] = set()

    def told(report: "StageReport") -> None:
        _print_problems(report)
        if report.stage == "validate":
            examined.update(report.items)
        elif report.stage == "segment" and examined:
            draw(line, sorted(examined))
            examined.clear()

    return told


def _note_unlisted(line: "Line") -> None:
    """Say which files of a local folder belong to no row of the manifest: nothing is done with them."""
    from yt360_tools.pipeline.declared_media import named_media
    from yt360_tools.sources import open_source
    from yt360_tools.sources.local import LocalSource

    if not line.config.download.media:
        return
    source = open_source(line.config.download, named_media(line.whole))
    if isinstance(source, LocalSource):
        known = {*line.whole.video_ids}
        unlisted = source.unlisted(known)
        if unlisted:
            click.echo(
                f"note: {len(unlisted)} files in {source.folder} belong to no video of the manifest "
                f"(the first: {unlisted[0]}); they are left alone",
                err=True,
            )


def _note_guesses(line: "Line", report: "RunReport") -> None:
    """Say how the pictures of videos were taken to lie where their files do not tell, and what is doubtful about it."""
    from yt360_tools.pipeline.validate import layout_doubts, validated_videos

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
    doubts = layout_doubts(line.ledger)
    for doubt in doubts[:_SHOWN_PROBLEMS]:
        click.echo(f"note: {doubt}", err=True)
    if len(doubts) > _SHOWN_PROBLEMS:
        click.echo(f"note: {len(doubts) - _SHOWN_PROBLEMS} more videos are in doubt", err=True)


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
    from yt360_tools.pipeline.status import words_of

    causes: dict[tuple[str, str, str], list[str]] = {}
    for outcome in report.problems:
        # A rejected video was said when it was rejected; how many rows go with it is enough.
        detail = "their videos were rejected" if outcome.reason == VIDEO_REJECTED else words_of(outcome)
        causes.setdefault((outcome.state, outcome.reason, detail), []).append(outcome.item)
    for (state, reason, text), items in list(causes.items())[:_SHOWN_PROBLEMS]:
        detail = text.strip().replace("\n", "\n    ")
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        click.echo(f"{state:<9} {items[0]}{more}: {reason}: {detail}", err=True)
    hidden = len(causes) - _SHOWN_PROBLEMS
    if hidden > 0:
        click.echo(f"... and {hidden} more: 'yt360 status --problems' lists them", err=True)
    if report.stopped:
        click.echo(f"stopped: {report.stopped}", err=True)
    for note in report.notes:
        click.echo(f"note: {note}", err=True)


def _note_beyond_fetching(stage: "StageStatus", ran: "StageReport") -> None:
    """Say which videos were given up in an earlier run, and when a source had none at all."""
    if stage.rejected > sum(outcome.state == "rejected" for outcome in ran.problems):
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(stage.rejected_reasons.items()))
        click.echo(
            f"note: {stage.rejected} videos are not asked for again ({reasons}): 'yt360 status --problems' says why, "
            "--retry REASON asks nevertheless",
            err=True,
        )
    if stage.rejected > 1 and stage.rejected == stage.rejected_reasons.get("gone") and not (stage.done or stage.to_do):
        click.echo("note: the source has not one of the videos: is its address right?", err=True)


def _print_interrupted(line: "Line", stages: tuple[str, ...], as_json: bool) -> None:
    """Say how far it came; what was under way is to do again."""
    from yt360_tools.pipeline.status import ledger_status

    found = [stage for stage in ledger_status(line.ledger) if stage.stage in stages]
    if as_json:
        plain = [dataclasses.asdict(stage) for stage in found]
        click.echo(json.dumps({"workspace": str(line.workspace.root), "interrupted": True, "stages": plain}, indent=2))
        return
    for stage in found:
        click.echo(f"{stage.stage:<9} {_counts(stage)}")


def _counts(stage: "StageStatus") -> str:
    numbers = {"rejected": stage.rejected, "failed": stage.failed, "to do": stage.to_do}
    return ", ".join([f"{stage.done} done", *(f"{number} {word}" for word, number in numbers.items() if number)])


def _pace(ran: "StageReport", unit: str) -> str:
    """How long it took, and how many there were a second; nothing of what took no time."""
    if ran.took_s < _WORTH_TELLING_S or not ran.taken_up:
        return ""
    rate = ran.taken_up / ran.took_s
    said = f"{rate:.3g} {unit}s a second" if rate >= 1 else f"{1 / rate:.3g} s a {unit}"
    return f", {ran.took_s:.0f} s: {said}"


def _print_summary(line: "Line", report: "RunReport", as_json: bool) -> None:
    status = {stage.stage: stage for stage in report.status}
    if as_json:
        plain = {
            "workspace": str(line.workspace.root),
            "stages": [
                dataclasses.asdict(status[stage.stage])
                | {
                    "taken_up": stage.taken_up,
                    "took_s": round(stage.took_s, 3),
                    "stopped": stage.stopped,
                    "notes": stage.notes,
                }
                for stage in report.stages
            ],
            "manifest_faults": [dataclasses.asdict(fault) for fault in line.manifest.faults],
        }
        click.echo(json.dumps(plain, indent=2))
        return
    for ran in report.stages:
        stage = status[ran.stage]
        click.echo(f"{ran.stage:<9} {_counts(stage)} ({ran.taken_up} in this run{_pace(ran, stage.unit)})")
        if ran.stage == "download":
            _note_beyond_fetching(stage, ran)
    if line.manifest.faults:
        click.echo(f"manifest  {len(line.manifest.faults)} rows rejected")
    if any(ran.stage == "build" for ran in report.stages):
        click.echo(f"shards    {line.workspace.shards}")
