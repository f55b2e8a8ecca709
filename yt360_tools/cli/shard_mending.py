"""Commands that write shards anew: `shard repair`, `shard migrate`."""

import json
from contextlib import nullcontext
from pathlib import Path

import click

from yt360_tools.errors import EXIT_UNFINISHED

_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))


@click.command()
@_PATHS
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for what is saved.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def repair(paths: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Save what can be saved of damaged shards: every clip of which every byte is right.

    Of each shard a new one with the same name is written into the folder --out, also where HDF5 does not open the old
    one any more; the old one is left alone. Exit with 3 when any clip was lost. What is lost is built again by
    'yt360 rebuild', once the damaged shard is deleted.

    \b
    Example:
      yt360 shard repair work/shards/train-00003.h5 --out saved
    """
    from yt360_tools.errors import EnvironmentMissing, UsageError
    from yt360_tools.shards import open_shards
    from yt360_tools.shards.repair import repair_shard

    done = []
    for path in open_shards(*paths).paths:
        target = out / path.name
        if target.exists():
            raise UsageError(f"{target} is there already; name another folder with --out")
        try:
            done.append(repair_shard(path, target))
        except OSError as error:
            raise EnvironmentMissing(f"{target} cannot be written: {error.strerror or error}") from error
    if as_json:
        found = [
            {
                "path": str(one.path),
                "saved": list(one.saved),
                "lost": one.lost,
                "header_lost": one.is_header_lost,
            }
            for one in done
        ]
        click.echo(json.dumps(found, indent=2))
    for one in () if as_json else done:
        where = f"in {out / one.path.name}" if one.saved else "nothing is written"
        click.echo(f"{one.path}: {len(one.saved)} clips saved, {len(one.lost)} lost; {where}")
        for clip_id, why in one.lost.items():
            click.echo(f"  lost  {clip_id}: {why}")
        if one.is_header_lost:
            click.echo("  lost  how it was made: its configuration and its tools' versions")
    if any(one.lost or one.is_header_lost or not one.saved for one in done):
        click.get_current_context().exit(EXIT_UNFINISHED)


@click.command()
@_PATHS
def migrate(paths: tuple[Path, ...]) -> None:
    """Bring shards of an older format version to the present one, each in its place.

    Pictures and sounds stay as they are encoded. A shard is replaced when its successor is whole; those of a
    workspace are noted in its ledger.

    \b
    Example:
      yt360 shard migrate work
    """
    from tqdm import tqdm

    from yt360_tools.errors import EnvironmentMissing
    from yt360_tools.pipeline.rewritten import take_in_rewritten, workspace_of
    from yt360_tools.shards import open_shards
    from yt360_tools.shards.migrate import migrate_shard

    by_workspace: dict[Path | None, list[Path]] = {}
    for path in open_shards(*paths).paths:
        workspace = workspace_of(path)
        by_workspace.setdefault(workspace.root if workspace else None, []).append(path)
    migrated, count = 0, sum(map(len, by_workspace.values()))
    with tqdm(desc="migrate", unit="shard", total=count, disable=None) as bar:
        for of in by_workspace.values():
            workspace = workspace_of(of[0])
            with workspace.opened() if workspace else nullcontext():
                for path in of:
                    try:
                        migrated += migrate_shard(path)
                    except OSError as error:
                        raise EnvironmentMissing(f"{path} cannot be written: {error.strerror or error}") from error
                    bar.update()
                if workspace:
                    take_in_rewritten(workspace)
    click.echo(f"{migrated} shards are of the present version now, {count - migrated} were already")
