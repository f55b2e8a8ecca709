"""Commands on shards: `info`, `verify`, `extract`, `sheet`, and those of `shard_mending`, `shard_rewriting` and
`shard_export`."""

import json
from pathlib import Path

import click

from yt360_tools.cli.shard_export import export
from yt360_tools.cli.shard_mending import migrate, repair
from yt360_tools.cli.shard_rewriting import card, index, remove, repack
from yt360_tools.errors import EXIT_UNFINISHED
from yt360_tools.sizes import size_text

_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))


@click.group()
def shard() -> None:
    """Look into shards. PATH is a shard (*.h5), a folder of shards, or a workspace.

    \b
    Example:
      yt360 shard info work/shards
    """


@shard.command()
@_PATHS
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(paths: tuple[Path, ...], as_json: bool) -> None:
    """What stands in shards: clips, hours, views, and the content hash.

    \b
    Example:
      yt360 shard info work/shards --json
    """
    from yt360_tools.shards import open_shards
    from yt360_tools.shards.summary import summarise_shards

    with open_shards(*paths) as shards:
        summary = summarise_shards(shards)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    click.echo(
        f"{summary['clips']} clips of {summary['videos']} videos, {summary['hours']:.3f} h, "
        f"in {len(summary['shards'])} shards, {size_text(summary['bytes'])}"
    )
    for split, count in summary["splits"].items():
        click.echo(f"  {split}: {count} clips")
    for kind in summary["views"]:
        click.echo(f"  views: {kind}")
    click.echo(f"content hash {summary['content_hash']}")


@shard.command()
@_PATHS
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def verify(paths: tuple[Path, ...], as_json: bool) -> None:
    """Recompute every checksum from the bytes; exit with 3 when any is wrong.

    \b
    Example:
      yt360 shard verify work/shards
    """
    from tqdm import tqdm

    from yt360_tools.shards import open_shards, verify_shards
    from yt360_tools.shards.schema import set_sha256

    with tqdm(desc="verify", unit="clip", disable=None) as bar:
        sound, damage = verify_shards(open_shards(*paths).paths, on_clip=bar.update)
    content_hash = None if damage else set_sha256(sound)
    if as_json:
        found = [{"path": str(item.path), "clip_id": item.clip_id, "message": item.message} for item in damage]
        click.echo(json.dumps({"clips": len(sound), "damage": found, "content_hash": content_hash}, indent=2))
    else:
        for item in damage:
            click.echo(f"damaged  {item.message}", err=True)
        click.echo(f"{len(sound)} clips have their checksums, {len(damage)} are damaged")
        if content_hash:
            click.echo(f"content hash {content_hash}")
    if damage:
        click.get_current_context().exit(EXIT_UNFINISHED)


@shard.command()
@_PATHS
@click.option("--clip", "clips", multiple=True, required=True, help="A clip's id (--clip=ID); repeatable.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the files.")
def extract(paths: tuple[Path, ...], clips: tuple[str, ...], out: Path) -> None:
    """Take clips out of shards, as PNG pictures and WAV sound.

    One clip goes into the folder itself, several each into a folder of their own below it.

    \b
    Example:
      yt360 shard extract work/shards --clip=-abc-54 --out clip
    """
    from yt360_tools.errors import EnvironmentMissing
    from yt360_tools.shards import extract_clip, open_shards

    with open_shards(*paths) as shards:
        for clip_id in clips:
            clip = shards.clip(clip_id)
            try:
                extract_clip(clip, out if len(clips) == 1 else out / clip_id)
            except OSError as error:
                raise EnvironmentMissing(f"{out} cannot be written: {error.strerror or error}") from error
    click.echo(f"{len(clips)} clips in {out}")


@shard.command()
@_PATHS
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The PNG to write.")
@click.option("--crops", type=click.Path(path_type=Path), help="Shards with views of the same clips, to show below.")
@click.option("--clip", "clips", multiple=True, help="A clip's id (--clip=ID); repeatable.  [default: some of them]")
@click.option("--count", default=4, show_default=True, type=click.IntRange(1, 24), help="How many clips to show.")
def sheet(paths: tuple[Path, ...], out: Path, crops: Path | None, clips: tuple[str, ...], count: int) -> None:
    """Draw a contact sheet: frames with the sound's energy laid over, crops, levels over time.

    Crops come from --crops, or from PATH itself when it holds views; out of panoramas alone they are cut where
    the sound comes from.

    \b
    Examples:
      yt360 shard sheet work/shards --out sheet.png --count 6
      yt360 shard sheet panoramas --crops viewports --out sheet.png --clip=-abc-54
    """
    from contextlib import nullcontext

    from yt360_tools.report.contact_sheet import draw_contact_sheet
    from yt360_tools.shards import open_shards

    with open_shards(*paths) as shards, open_shards(crops) if crops else nullcontext() as views:
        drawn = draw_contact_sheet(shards, out, crops=views, clip_ids=clips, count=count)
    click.echo(f"{drawn} clips on {out}")


for _command in (repair, migrate, repack, remove, index, card, export):
    shard.add_command(_command)
