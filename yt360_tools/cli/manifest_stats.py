"""What a manifest holds, and whether it is right: `stats`."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("path", metavar="MANIFEST", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def stats(path: Path, as_json: bool) -> None:
    """Videos, clips and hours by split, and what is wrong with it.

    \b
    Example:
      yt360 manifest stats clips.csv
    """
    from yt360_tools.manifest import manifest_statistics, read_manifest

    found = read_manifest(path)
    statistics = manifest_statistics(found)
    if as_json:
        click.echo(json.dumps(statistics.as_plain(), indent=2))
        return
    click.echo(f"{'split':<12}{'videos':>9}{'clips':>10}{'whole videos':>14}{'hours':>10}{'clips/video':>16}")
    for line in (*statistics.splits, statistics.total):
        per_video = f"{line.clips_per_video_median:g} (max {line.clips_per_video_max})" if line.clips else "-"
        numbers = f"{line.videos:>9}{line.clips:>10}{line.whole_videos:>14}{line.hours:>10.2f}"
        click.echo(f"{line.split:<12}{numbers}{per_video:>16}")
    if statistics.videos_in_two_splits:
        shared = statistics.videos_in_two_splits
        click.echo(f"{len(shared)} videos stand in two splits, such as {shared[0]}")
    for fault in found.faults:
        click.echo(f"rejected  {fault.message}", err=True)
