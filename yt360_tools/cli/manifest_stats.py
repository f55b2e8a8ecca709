"""What a manifest holds, and whether it is right: `stats` and `check`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yt360_tools.cli.outputs import check_plot

if TYPE_CHECKING:
    from yt360_tools.manifest import FaultGroup, ManifestStatistics
    from yt360_tools.manifest.statistics import SplitStatistics

_MANIFEST = click.argument("path", metavar="MANIFEST", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.command()
@_MANIFEST
@_JSON
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into a PNG as well.")
def stats(path: Path, as_json: bool, plot: Path | None) -> None:
    """Videos, clips and hours by split; gaps, overlaps, videos in two splits or none, and what is wrong.

    \b
    Example:
      yt360 manifest stats clips.csv
      yt360 manifest stats clips.parquet --plot clips.png
    """
    from yt360_tools.manifest import manifest_statistics

    check_plot(plot)
    found = manifest_statistics(path)
    if plot:
        from yt360_tools.report.manifest_plot import draw_manifest

        draw_manifest(found, plot, title=path.name)
        click.echo(f"drawn into {plot}", err=True)
    if as_json:
        click.echo(json.dumps(found.as_plain(), indent=2))
    else:
        _print_statistics(found)
    for group in found.fault_examples:
        _print_group("rejected", group)


@click.command()
@_MANIFEST
@click.option("--show", type=click.IntRange(0), default=5, show_default=True, help="Lines to name for each reason.")
@click.option("--all", "show_all", is_flag=True, help="Name every line.")
@_JSON
def check(path: Path, show: int, show_all: bool, as_json: bool) -> None:
    """All that is wrong with a manifest, by line and grouped by reason; exit code 3 if anything is.

    The other rows can be used as they are. What is odd but no fault is a note.

    \b
    Example:
      yt360 manifest check clips.csv
      yt360 manifest check clips.csv.gz --all --json
    """
    from yt360_tools.errors import EXIT_UNFINISHED
    from yt360_tools.manifest import check_manifest

    found = check_manifest(path, show=None if show_all else show)
    if as_json:
        click.echo(json.dumps(found.as_plain(), indent=2))
    else:
        cannot = f"{found.faulty_rows} cannot" if found.faulty_rows else "none is faulty"
        click.echo(f"{path.name}: {found.usable_rows} rows can be used, {cannot}")
        for group in found.faults:
            click.echo(f"\n{group.reason}: {group.count}")
            for fault in group.first:
                click.echo(f"  {fault.message}")
            if group.count > len(group.first):
                click.echo(f"  and {group.count - len(group.first)} more")
        if found.notes:
            click.echo("\n" + "\n".join(f"note: {note}" for note in found.notes))
    if found.faulty_rows:
        click.get_current_context().exit(EXIT_UNFINISHED)


def _print_group(word: str, group: "FaultGroup") -> None:
    for fault in group.first:
        click.echo(f"{word}  {fault.message}", err=True)
    if group.count > len(group.first):
        more = f"and {group.count - len(group.first)} more rows of {group.reason}"
        click.echo(f"{word}  {more}: `yt360 manifest check` names them", err=True)


def _print_statistics(found: "ManifestStatistics") -> None:
    click.echo(f"{'split':<14}{'videos':>9}{'clips':>10}{'whole videos':>14}{'hours':>10}{'clips/video':>16}")
    for line in found.splits:
        _print_split(line)
    if len(found.splits) > 1:
        _print_split(found.in_splits)
    _print_split(found.total)
    bins = ", ".join(f"{_range(group.low, group.high)}: {group.count}" for group in found.clips_per_video)
    if bins:
        click.echo(f"videos by clips: {bins}")
    gaps, overlaps = found.gaps, found.overlaps
    if gaps.count:
        click.echo(
            f"gaps: {gaps.count} between clips of {_counted(gaps.videos, 'video')}, {gaps.hours:.2f} h in all, "
            f"median {gaps.median_s:g} s, longest {gaps.longest_s:g} s"
        )
    if overlaps.clips:
        click.echo(
            f"overlaps: {_counted(overlaps.clips, 'clip')} of {_counted(overlaps.videos, 'video')} "
            f"{'begins' if overlaps.clips == 1 else 'begin'} before an earlier one has ended, "
            f"{overlaps.hours:.2f} h counted twice; {overlaps.covered_hours:.2f} h are covered"
        )
    for count, names, where in (
        (found.videos_in_two_splits_count, found.videos_in_two_splits, "two splits"),
        (found.videos_in_no_split_count, found.videos_in_no_split, "no split"),
    ):
        if count:
            stand = "stands" if count == 1 else "stand"
            click.echo(f"{_counted(count, 'video')} {stand} in {where}, such as {names[0]}")


def _print_split(line: "SplitStatistics") -> None:
    per_video = f"{line.clips_per_video_median:g} (max {line.clips_per_video_max})" if line.clips else "-"
    numbers = f"{line.videos:>9}{line.clips:>10}{line.whole_videos:>14}{line.hours:>10.2f}"
    click.echo(f"{line.split:<14}{numbers}{per_video:>16}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _range(low: float, high: float) -> str:
    """A bin of whole numbers: its first and last."""
    return f"{low:g}" if high - low == 1 else f"{low:g}-{high - 1:g}"
