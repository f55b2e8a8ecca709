"""`shard export`: clips as media files for other programs."""

from pathlib import Path

import click

_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))


@click.command()
@_PATHS
@click.option("--to", "kind", required=True, type=click.Choice(["folder", "webdataset"]), help="What to write.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the files.")
@click.option("--crf", default=12, show_default=True, type=click.IntRange(0, 51), help="Of H.264; 0 is lossless.")
def export(paths: tuple[Path, ...], kind: str, out: Path, crf: int) -> None:
    """Write clips as media files: in the published dataset's layout, or as tar files for webdataset.

    To a folder: video/ID-START.mp4 and audio/ID-START.m4a (four channels, W, Y, Z, X), and clips.jsonl with the facts.
    To webdataset: a tar file a shard, with NUMBER.mp4, NUMBER.flac and NUMBER.json a clip. What was exported before
    is not written again.

    \b
    Examples:
      yt360 shard export W --to folder --out YT-360
      yt360 shard export W --to webdataset --out tars
    """
    from tqdm import tqdm

    from yt360_tools.pipeline.exporting import export_to_folder, export_to_webdataset
    from yt360_tools.shards import open_shards

    write = export_to_folder if kind == "folder" else export_to_webdataset
    with open_shards(*paths) as shards, tqdm(desc="export", unit="clip", total=len(shards), disable=None) as bar:
        count = write(shards, out, crf=crf, on_clip=bar.update)
    click.echo(f"{count} clips in {out}")
