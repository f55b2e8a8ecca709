"""From published lists and folders of media to manifests: `fetch`, `import` and `list`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.outputs import check_out

if TYPE_CHECKING:
    from yt360_tools.manifest.descriptors import Descriptor
    from yt360_tools.manifest.importing import ImportReport
    from yt360_tools.manifest.mirrors import Mirror

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_FORMATS = ".csv, .csv.gz, .csv.zst or .parquet"


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "fetch_all", is_flag=True, help="Every dataset whose lists are published.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help=f"The manifest to write, {_FORMATS}; for one NAME.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where NAME.csv is written unless --out says otherwise; made if need be; this folder by default.",
)
@click.option(
    "--lists",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the lists are kept; 'lists' beside the manifests by default.",
)
@click.option("--base-url", default="", help="Where one dataset's lists lie, in place of where they were published.")
@click.option(
    "--mirror",
    default="",
    envvar="YT360_MIRROR",
    help="Where all datasets' lists lie, a folder each (also YT360_MIRROR in the environment).",
)
@_JSON
def fetch(
    names: tuple[str, ...],
    fetch_all: bool,
    out: Path | None,
    folder: Path,
    lists: Path | None,
    base_url: str,
    mirror: str,
    as_json: bool,
) -> None:
    """Download the published lists of datasets, verify them, and write a manifest of each.

    NAME is one of `yt360 manifest list`, or the path of a descriptor (TOML). Lists at hand with the right
    checksum are not downloaded again.

    \b
    Example:
      yt360 manifest fetch yt360 --out yt360.csv
      yt360 manifest fetch --all --folder data/manifests
      yt360 manifest fetch yt360 --base-url http://127.0.0.1:8000/yt360
    """
    from yt360_tools.errors import UsageError, Yt360Error
    from yt360_tools.manifest.descriptors import descriptor_of, known_datasets
    from yt360_tools.manifest.formats import format_of
    from yt360_tools.manifest.mirrors import Mirror

    if bool(names) == fetch_all:
        raise UsageError(f"give names of datasets, or --all; known: {', '.join(known_datasets())}")
    datasets = [descriptor_of(name) for name in names or known_datasets()]
    if fetch_all:
        datasets = [dataset for dataset in datasets if dataset.files]
    if len(datasets) > 1 and (out or base_url):
        raise UsageError(
            f"{'--out' if out else '--base-url'} is for one dataset; --folder and --mirror are for several"
        )
    place = Mirror(base_url=base_url, root_url="" if base_url else mirror)
    if out:
        format_of(out)
        check_out(out)
    failures: list[Yt360Error] = []
    told: list[dict[str, Any]] = []
    for dataset in datasets:
        target = out or folder / f"{dataset.name}.csv"
        try:
            told.append(_fetch_one(dataset, target, lists or target.parent / "lists", place, quiet=as_json))
        except Yt360Error as error:
            if len(datasets) == 1:
                raise
            failures.append(error)
            click.echo(f"error: {error}", err=True)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    if failures:
        click.echo(f"{len(failures)} of {len(datasets)} datasets were not fetched, see above", err=True)
        click.get_current_context().exit(failures[0].exit_code)


def _fetch_one(dataset: "Descriptor", out: Path, lists: Path, mirror: "Mirror", *, quiet: bool) -> dict[str, Any]:
    from yt360_tools.manifest.fetching import fetch_lists
    from yt360_tools.manifest.importing import read_lists, require_right

    kept = lists / dataset.lists_folder
    done = fetch_lists(dataset, kept, mirror=mirror, progress=sys.stderr.isatty())
    report = read_lists(dataset, kept)
    require_right(report)
    _make_folder(out.parent)
    _write(out, report)
    if not quiet:
        _say(report, out)
    return {**report.as_plain(), "out": str(out), "fetched": done.fetched, "at_hand": done.at_hand}


@click.command("import")
@click.argument("name")
@click.option(
    "--from", "folder", required=True, type=click.Path(path_type=Path), help="Folder of the lists, or of the media."
)
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help=f"The manifest to write, {_FORMATS}.")
@click.option("--any-version", is_flag=True, help="Take lists whose checksums and counts are not the published ones.")
@click.option("--salvage", is_flag=True, help="Take what is right of damaged lists too, and tell the rest.")
@click.option("--split-folders", is_flag=True, help="Of a folder of media: its sub-folders are its splits.")
@_JSON
def import_(
    name: str, folder: Path, out: Path, any_version: bool, salvage: bool, split_folders: bool, as_json: bool
) -> None:
    """Write a manifest from lists at hand, or from a folder of media.

    NAME is one of `yt360 manifest list`, the path of a descriptor (TOML), or 'folder' for media of your own. Lists
    are compared with the published ones, by checksum and count. All that is wrong is told, by line, and nothing is
    written then, unless --any-version or --salvage is given.

    \b
    Example:
      yt360 manifest import yt360 --from lists/yt360 --out yt360.csv
      yt360 manifest import starss23 --from STARSS23 --out starss23.csv
      yt360 manifest import folder --from recordings --split-folders --out clips.csv
    """
    from yt360_tools.errors import UsageError, Yt360Error
    from yt360_tools.manifest.descriptors import descriptor_of
    from yt360_tools.manifest.formats import format_of
    from yt360_tools.manifest.importing import read_lists, require_right

    format_of(out)
    check_out(out)
    dataset = descriptor_of(name)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; give the one with the lists or the media")
    if split_folders and dataset.importer != "folder":
        raise UsageError(f"--split-folders is for a folder of media; {dataset.title} has splits of its own")
    report = read_lists(dataset, folder, splits_are_folders=split_folders)
    try:
        require_right(report, any_version=any_version, salvage=salvage)
        _write(out, report)
    except Yt360Error:
        if as_json:
            click.echo(json.dumps({**report.as_plain(), "out": None}, indent=2))
        raise
    if as_json:
        click.echo(json.dumps({**report.as_plain(), "out": str(out)}, indent=2))
        return
    for difference in report.differences:
        click.echo(f"not as published: {difference}", err=True)
    for fault in report.faults:
        click.echo(f"{'kept' if fault.is_kept else 'left out'}  {fault}", err=True)
    _say(report, out)


def _write(out: Path, report: "ImportReport") -> None:
    from yt360_tools.errors import EnvironmentMissing
    from yt360_tools.manifest import write_manifest

    try:
        write_manifest(out, report.rows)
    except OSError as error:
        raise EnvironmentMissing(f"{out} cannot be written: {error.strerror or error}") from error


def _make_folder(folder: Path) -> None:
    from yt360_tools.errors import EnvironmentMissing

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentMissing(f"{folder} cannot be made: {error.strerror or error}") from error


def _say(report: "ImportReport", out: Path) -> None:
    for remark in report.remarks:
        click.echo(f"note: {remark}", err=True)
    whole = sum(row.is_whole_video for row in report.rows)
    clips = len(report.rows) - whole
    videos = len({row.video_id for row in report.rows})
    what = f"{clips} clips of {videos} videos" if clips else f"{whole} whole videos"
    click.echo(f"{what} in {out}")


@click.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """The datasets that are known: how large they are, how to cite them, under which terms they are.

    \b
    Example:
      yt360 manifest list
    """
    from yt360_tools.manifest.descriptors import descriptor_of, known_datasets

    datasets = [descriptor_of(name) for name in known_datasets()]
    if as_json:
        click.echo(json.dumps([_plain(dataset) for dataset in datasets], indent=2, ensure_ascii=False))
        return
    click.echo(f"{'name':<12}{'clips':>9}{'videos':>8}{'hours':>8}  cite as")
    for dataset in datasets:
        counts = dataset.expect
        hours = "-" if not dataset.hours else f"{dataset.hours:.1f}"
        clips = "-" if not counts.clips else counts.clips
        videos = "-" if counts.videos is None else counts.videos
        click.echo(f"{dataset.name:<12}{clips:>9}{videos:>8}{hours:>8}  {dataset.citation_key or dataset.citation}")
        click.echo(f"{'':<12}{dataset.licence}")
        if not dataset.files:
            click.echo(f"{'':<12}{dataset.made_by}")


def _plain(dataset: "Descriptor") -> dict[str, Any]:
    from dataclasses import asdict

    counts = asdict(dataset.expect)
    texts = ("name", "title", "description", "citation", "citation_key", "licence", "home", "base_url", "made_by")
    plain: dict[str, Any] = {key: getattr(dataset, key) for key in texts}
    files = [asdict(file) for file in dataset.files]
    return {**plain, "clip_length_s": dataset.clip_length_s, "hours": dataset.hours, **counts, "files": files}
