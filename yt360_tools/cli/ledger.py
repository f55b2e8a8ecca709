"""``yt360 ledger``: workspaces as a whole."""

import dataclasses
import json
from pathlib import Path

import click


@click.group()
def ledger() -> None:
    """Join the workspaces of several jobs.

    \b
    Example:
      yt360 ledger merge work work/part-*
    """


@ledger.command()
@click.argument("into", type=click.Path(path_type=Path))
@click.argument("workspaces", metavar="FROM...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def merge(into: Path, workspaces: tuple[Path, ...], as_json: bool) -> None:
    """Join workspaces into one, INTO, which may be new: ledgers, shards, media, the list of clips.

    What is merged FROM stays as it is: shards and media are linked, where the file system can. Workspaces with
    different options are refused. Killed at any moment, the same command goes on; after more was built, too.

    \b
    Examples:
      yt360 ledger merge work work/part-*
      yt360 ledger merge all monday tuesday --json
    """
    from yt360_tools.pipeline.merging import merge_workspaces

    report = merge_workspaces(into, workspaces)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report), indent=2))
        return
    known = f", {report.known_shards} known before" if report.known_shards else ""
    click.echo(f"workspaces    {report.workspaces}")
    click.echo(f"shards        {report.shards} taken in{known}")
    click.echo(f"clips         {report.clips} built" + (f", {report.unfinished} to do" if report.unfinished else ""))
    click.echo(f"media         {report.media_linked} videos linked")
    click.echo(f"content hash  {report.content_hash}")
    if report.media_left:
        click.echo(f"note: the media of {report.media_left} videos lie on another disk and stay there", err=True)
