"""From published lists to manifests: `fetch` and `import`."""

from pathlib import Path

import click

_DESCRIPTOR = click.argument("descriptor", type=click.Path(path_type=Path))
_OUT = click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The manifest (CSV) to write.")


@click.command()
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


@click.command("import")
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
