"""Commands that make other shards, or none, of shards: `shard repack`, `shard remove`, `shard index`, `shard card`."""

import csv
import json
from pathlib import Path
from typing import Any

import click

from yt360_tools.errors import EnvironmentMissing, UsageError

_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
_RECODING = ("codec", "quality", "chroma", "crf", "group", "sound_codec")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.command()
@_PATHS
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the new shards.")
@click.option("--codec", default="", metavar="jpeg|h264|raw", help="Encode the pictures anew.")
@click.option("--quality", default=90, show_default=True, type=click.IntRange(1, 100), help="Of JPEG pictures.")
@click.option("--chroma", default="420", show_default=True, type=click.Choice(["420", "444"]), help="Of JPEG pictures.")
@click.option("--crf", default=20, show_default=True, type=click.IntRange(0, 51), help="Of h264 pictures.")
@click.option("--group", default=8, show_default=True, type=click.IntRange(1, 250), help="h264 pictures a group.")
@click.option("--sound-codec", default="", metavar="int16|flac|float32", help="Encode the sound anew.")
@click.option(
    "--shard-mb", default=96.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Of a shard."
)
@click.option("--split", "splits", multiple=True, help="Take the clips of this split alone; repeatable.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Take this video or clip; repeatable; write --id=-abc.")
@click.option("--ids", "ids_file", type=click.Path(path_type=Path), help="File of such ids, one a line.")
@click.option(
    "--splits", "splits_file", type=click.Path(path_type=Path), help="CSV with video_id,split: other splits for these."
)
@click.option("--shuffle", type=int, metavar="SEED", help="Another order, drawn by this seed.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes.  [default: all processors]")
@_AS_JSON
def repack(paths: tuple[Path, ...], out: Path, as_json: bool, workers: int | None, **options: Any) -> None:
    """Write shards anew: other codecs, another size, other splits, some of the clips, another order.

    What is not asked for stays as it is: without --codec pictures are copied, not encoded again. The old shards are
    left alone. A repacking that was stopped goes on with the same command.

    \b
    Examples:
      yt360 shard repack W --out small --codec h264 --crf 23 --sound-codec flac
      yt360 shard repack W --out drawn --shuffle 7 --shard-mb 512
    """
    from tqdm import tqdm

    from yt360_tools.manifest.subset import read_ids
    from yt360_tools.pipeline.executors import default_workers
    from yt360_tools.pipeline.repacking import repack as write_anew
    from yt360_tools.shards import open_shards
    from yt360_tools.shards.copying import Recoding
    from yt360_tools.shards.repack import Repacking

    ids_file, splits_file = options.pop("ids_file"), options.pop("splits_file")
    ids = (*options.pop("ids"), *(read_ids(ids_file) if ids_file else ()))
    how = Repacking(
        recoding=Recoding(
            **{key: options[key] for key in ("codec", "quality", "chroma", "crf", "group", "sound_codec")}
        ),
        shard_mb=options["shard_mb"],
        splits=options["splits"],
        ids=frozenset(ids) if ids else None,
        new_splits=_read_splits(splits_file) if splits_file else {},
        shuffle=options["shuffle"],
    )
    with open_shards(*paths) as shards, tqdm(desc="repack", unit="shard", disable=None) as bar:
        try:
            written, there = write_anew(
                shards, how, out, workers=workers or default_workers(), on_shard=lambda _: bar.update()
            )
        except OSError as error:
            raise EnvironmentMissing(f"{out} cannot be written: {error.strerror or error}") from error
    if as_json:
        click.echo(json.dumps({"written": written, "there_already": there, "folder": str(out)}, indent=2))
    else:
        click.echo(f"{written} shards written to {out}" + (f", {there} were there already" if there else ""))


@click.command()
@_PATHS
@click.option("--video", "videos", multiple=True, metavar="ID", help="A video's id (--video=ID); repeatable.")
@click.option("--videos", "videos_file", type=click.Path(path_type=Path), help="File of such ids, one a line.")
@_AS_JSON
def remove(paths: tuple[Path, ...], videos: tuple[str, ...], videos_file: Path | None, as_json: bool) -> None:
    """Take videos out of shards, as when their owner asks for it.

    Each shard that holds one of them is written anew without it, in its place, and says so in its history. Of a
    workspace, the media in raw/ and the contact sheets go as well, and the clips are never built again there; take
    the video out of your manifest too.

    \b
    Example:
      yt360 shard remove W --video=-076WPWoCRE
    """
    from yt360_tools.manifest.subset import read_ids
    from yt360_tools.pipeline.rewritten import workspace_of
    from yt360_tools.pipeline.taking_down import take_down
    from yt360_tools.pipeline.workspace import Workspace
    from yt360_tools.shards import open_shards
    from yt360_tools.shards.remove import remove_videos

    wanted = frozenset((*videos, *(read_ids(videos_file) if videos_file else ())))
    if not wanted:
        raise UsageError("name a video with --video=ID, or a file of ids with --videos")
    shards = open_shards(*paths)
    workspaces: dict[Path, Workspace] = {}
    for path in shards.paths:
        if workspace := workspace_of(path):
            workspaces[workspace.root] = workspace
    gone: list[str] = []
    try:
        for workspace in workspaces.values():
            with workspace.opened():
                gone += take_down(workspace, wanted)
        for path in shards.paths:
            if workspace_of(path) is None:
                gone += remove_videos(path, wanted)
    except OSError as error:
        raise EnvironmentMissing(f"{error.filename or 'a shard'} cannot be written: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps({"clips": gone}, indent=2))
    else:
        click.echo(f"{len(gone)} clips of {len(wanted)} videos removed")


@click.command()
@_PATHS
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The Parquet file to write.")
def index(paths: tuple[Path, ...], out: Path) -> None:
    """Write one table of all clips in shards: what each is, where it lies, how loud it is, what was found.

    \b
    Example:
      yt360 shard index W --out clips.parquet
      yt360 manifest query clips.parquet "SELECT shard, count(*), avg(level_dbfs) FROM clips GROUP BY shard"
    """
    from tqdm import tqdm

    from yt360_tools.shards import open_shards
    from yt360_tools.shards.index import write_clip_index

    with open_shards(*paths) as shards, tqdm(desc="index", unit="clip", total=len(shards), disable=None) as bar:
        try:
            count = write_clip_index(shards, out, on_clip=bar.update)
        except OSError as error:
            raise EnvironmentMissing(f"{out} cannot be written: {error.strerror or error}") from error
    click.echo(f"{count} clips in {out}")


@click.command()
@_PATHS
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write.  [default: print]")
@click.option("--dataset", metavar="NAME", help="One of 'yt360 manifest list', for its citation and licence.")
def card(paths: tuple[Path, ...], out: Path | None, dataset: str | None) -> None:
    """Write the dataset's card: counts, kinds, rights, citation, how it was made, what was taken out.

    A rebuild writes one beside the shards, CARD.md, without knowing which dataset it is.

    \b
    Example:
      yt360 shard card W --dataset yt360 -o W/shards/CARD.md
    """
    from yt360_tools.manifest.descriptors import descriptor_of
    from yt360_tools.pipeline.card import card_text, write_card
    from yt360_tools.shards import open_shards

    known = descriptor_of(dataset) if dataset else None
    with open_shards(*paths) as shards:
        if out is None:
            click.echo(card_text(shards, known), nl=False)
        else:
            write_card(shards, out, known)
            click.echo(f"wrote {out}")


def _read_splits(path: Path) -> dict[str, str]:
    """Splits by video id, of a CSV file with the columns ``video_id`` and ``split``."""
    from yt360_tools.records import check_id

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"video_id", "split"} <= set(rows.fieldnames or ()):
                raise UsageError(
                    f"{path} needs the columns video_id and split; it has {', '.join(rows.fieldnames or ())}"
                )
            return {
                check_id(row["video_id"], f"{path}: video id"): check_id(row["split"], f"{path}: split") for row in rows
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
