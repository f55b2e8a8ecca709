"""Commands on manifests: `stats`."""

import json
from pathlib import Path

import click


@click.group()
def manifest() -> None:
    """Make manifests of published lists, and ask them what they hold.

    \b
    Example:
      yt360 manifest stats clips.csv
    """


@manifest.command()
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


_DESCRIPTOR = click.argument("descriptor", type=click.Path(path_type=Path))
_OUT = click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The manifest (CSV) to write.")


@manifest.command()
@_DESCRIPTOR
@_OUT
def fetch(descriptor: Path, out: Path) -> None:
    """Download the lists that DESCRIPTOR (TOML) names, verify them, and write a manifest.

    \b
    Example:
      yt360 manifest fetch manifests/yt360.toml --out yt360.csv
    """
    from yt360_tools.manifest.descriptors import fetch_lists, read_descriptor

    dataset = read_descriptor(descriptor)
    lists = out.parent / "lists" / dataset.name
    fetch_lists(dataset, lists)
    _import(descriptor, lists, out)


@manifest.command("import")
@_DESCRIPTOR
@click.option("--from", "folder", required=True, type=click.Path(path_type=Path), help="Folder of the lists.")
@_OUT
def import_(descriptor: Path, folder: Path, out: Path) -> None:
    """Write a manifest from lists at hand, checked against the counts that DESCRIPTOR (TOML) gives.

    \b
    Example:
      yt360 manifest import manifests/yt360.toml --from lists/yt360 --out yt360.csv
    """
    _import(descriptor, folder, out)


def _import(descriptor: Path, folder: Path, out: Path) -> None:
    from yt360_tools.errors import EnvironmentMissing
    from yt360_tools.manifest import write_manifest
    from yt360_tools.manifest.descriptors import import_lists, read_descriptor

    rows = import_lists(read_descriptor(descriptor), folder)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_manifest(out, rows)
    except OSError as error:
        raise EnvironmentMissing(f"{out} cannot be written: {error.strerror}") from error
    click.echo(f"{len(rows)} clips of {len({row.video_id for row in rows})} videos in {out}")
