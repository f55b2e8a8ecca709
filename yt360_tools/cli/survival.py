"""`yt360 survival`: of a published list, what is still there."""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.outputs import check_plot

if TYPE_CHECKING:
    from yt360_tools.pipeline.survival import Survival


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--workspace", "-w", required=True, type=click.Path(path_type=Path), help="The workspace that has asked.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="PNG", help="Draw it, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a line a video as CSV.")
def survival(manifest: Path, workspace: Path, plot: Path | None, as_json: bool, as_csv: bool) -> None:
    """Of MANIFEST's videos, how many are still there, by split, reason and year of upload.

    It reads what `yt360 download` or `yt360 download --list` has noted so far; a run may be going on.

    \b
    Examples:
      yt360 download yt360.csv --workspace work --list
      yt360 survival yt360.csv --workspace work --plot survival.png
    """
    from yt360_tools.pipeline.survival import answers_of, group_of, list_survival

    if as_json and as_csv:
        raise click.UsageError("give --json or --csv, not both")
    check_plot(plot)
    found = list_survival(manifest, workspace)
    if plot is not None:
        from yt360_tools.files import write_whole
        from yt360_tools.report.png import encode_png
        from yt360_tools.report.survival_plot import draw_survival

        title = f"{manifest.name}: what is still there"
        tables = (found.splits, found.total, found.years)
        pixels = draw_survival(*tables, group_of=group_of, answers_of=answers_of, title=title)
        write_whole(plot, encode_png(pixels, 1_000_000))
        click.echo(f"wrote {plot}", err=True)
    if as_json:
        click.echo(json.dumps(_as_plain(found), indent=2))
    elif as_csv:
        _print_rows(found)
    else:
        _print_tables(found)


def _as_plain(found: "Survival") -> dict[str, Any]:
    def plain(counts: Mapping[str, int]) -> dict[str, Any]:
        from yt360_tools.pipeline.survival import GROUPS, answers_of, grouped

        groups, answers = grouped(counts), answers_of(counts)
        return {
            "videos": groups.total(),
            "answered": answers.answered,
            "unanswered": answers.unanswered,
            "share_there": answers.share,
            "groups": {group: groups[group] for group in GROUPS},
            "reasons": dict(counts),
        }

    return {
        "total": plain(found.total),
        "splits": {split: plain(counts) for split, counts in found.splits.items()},
        "years": {year: plain(counts) for year, counts in found.years.items()},
    }


def _print_rows(found: "Survival") -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["video_id", "split", "group", "reason", "year", "known_by", "at"])
    for fate in found.fates:
        rows.writerow(
            [fate.video_id, " ".join(fate.splits), fate.group, fate.reason, fate.year, fate.known_by, fate.at]
        )


def _print_tables(found: "Survival") -> None:
    from yt360_tools.pipeline.survival import GROUPS, answers_of, group_of, grouped

    def table(name: str, lines: Mapping[str, Mapping[str, int]]) -> None:
        named = "".join(f"{group:>15}" for group in GROUPS)
        click.echo(f"{name:<10}{'videos':>8}{named}{'there of answered':>19}{'unanswered':>12}")
        for line, counts in lines.items():
            groups, answers = grouped(counts), answers_of(counts)
            numbers = "".join(f"{groups[group]:>15}" for group in GROUPS)
            share = "-" if answers.share is None else f"{answers.share:.1%}"
            click.echo(f"{line:<10}{groups.total():>8}{numbers}{share:>19}{answers.unanswered:>12}")
        click.echo("")

    table("split", {**found.splits, "total": found.total})
    table("year", found.years)
    width = max(8, *(len(split) + 2 for split in found.splits))
    click.echo(f"{'reason':<20}{'group':<15}{'total':>8}" + "".join(f"{split:>{width}}" for split in found.splits))
    for reason in sorted(found.total, key=lambda reason: (GROUPS.index(group_of(reason)), -found.total[reason])):
        numbers = "".join(f"{counts[reason]:>{width}}" for counts in found.splits.values())
        click.echo(f"{reason:<20}{group_of(reason):<15}{found.total[reason]:>8}{numbers}")
