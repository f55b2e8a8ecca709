"""Manifests from manifests: `subset`, `merge`, and `diff`."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yt360_tools.cli.answers import note_faulty
from yt360_tools.cli.outputs import check_out
from yt360_tools.errors import EXIT_UNFINISHED, UsageError

if TYPE_CHECKING:
    from yt360_tools.manifest.diff import Change, Difference

_MANIFEST = click.argument("path", metavar="MANIFEST", type=click.Path(path_type=Path))
_OUT = click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="Manifest to write; its name tells the format."
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.command()
@_MANIFEST
@_OUT
@click.option("--split", "splits", multiple=True, help="A split to take; repeatable.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="A video or clip to take; repeatable; write --id=-abc.")
@click.option("--ids", "ids_file", type=click.Path(path_type=Path), help="File of such ids, one a line.")
@click.option(
    "--except",
    "except_file",
    type=click.Path(path_type=Path),
    help="File of ids to leave out.",
)
@click.option("--where", metavar="SQL", help="Condition on a row, such as 'end_s - start_s >= 10'.")
@click.option("--videos", type=click.IntRange(1), help="Draw so many videos, with all their rows.")
@click.option("--sample", metavar="N|P%", help="Draw so many rows, or so many in a hundred.")
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="Draw up to so many hours, video by video.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw: the same seed draws the same.")
@_AS_JSON
def subset(
    path: Path,
    out: Path,
    ids_file: Path | None,
    except_file: Path | None,
    sample: str | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Write a part of MANIFEST: rows that all the options take, and of those what is drawn.

    The draw goes by ids and seed alone, on every machine, and a larger one holds the smaller.

    \b
    Example:
      yt360 manifest subset yt360.csv -o small.csv --split test --videos 20
      yt360 manifest subset yt360.csv -o three.csv --id=-076WPWoCRE --ids more.txt
      yt360 manifest subset yt360.csv -o long.parquet --where "start_s >= 60" --hours 2.5 --seed 7
    """
    from yt360_tools.manifest.subset import Wanted, read_ids
    from yt360_tools.manifest.subset import subset as write_subset

    check_out(out)
    ids = (*wanted.pop("ids"), *(read_ids(ids_file) if ids_file else ()))
    except_ids = read_ids(except_file) if except_file else ()
    taken = write_subset(path, out, Wanted(**wanted, **_sample(sample), ids=ids, except_ids=except_ids))
    note_faulty(taken.faulty_rows)
    for name in taken.unknown_ids[:10]:
        click.echo(f"note: no video or clip {name!r}", err=True)
    if len(taken.unknown_ids) > 10:
        click.echo(f"note: ... and {len(taken.unknown_ids) - 10} more ids that are not in it", err=True)
    if taken.without_length:
        click.echo(
            f"note: {taken.without_length} rows of whole videos are left out: their hours are not known", err=True
        )
    if as_json:
        plain = {"clips": taken.clips, "videos": taken.videos, "unknown_ids": taken.unknown_ids}
        click.echo(json.dumps({**plain, "without_length": taken.without_length}, indent=2))
    else:
        click.echo(f"{taken.clips} clips of {taken.videos} videos in {out}")


def _sample(text: str | None) -> dict[str, Any]:
    """Of ``--sample``, the number of rows or their share."""
    if text is None:
        return {}
    if re.fullmatch(r"[1-9][0-9]*", text):
        return {"clips": int(text)}
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?%", text) and 0 < float(text[:-1]) <= 100:
        return {"fraction": float(text[:-1]) / 100}
    raise UsageError(f"--sample takes a number of rows, or a share such as 10%; got {text!r}")


@click.command()
@click.argument("paths", metavar="A B...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_OUT
@click.option("--prefer", type=click.Choice(["first", "last"]), help="Whose row to take where rows of a clip differ.")
@_AS_JSON
def merge(paths: tuple[Path, ...], out: Path, prefer: str | None, as_json: bool) -> None:
    """Write the rows of manifests A, B... as one. What they say alike stands once.

    Clips are told by their ids. What contradicts itself is refused, unless --prefer chooses; an empty cell contradicts
    nothing, and is filled.

    \b
    Example:
      yt360 manifest merge yt360.csv ours.csv -o both.csv
      yt360 manifest merge old.csv corrected.csv -o new.parquet --prefer last
    """
    from yt360_tools.manifest.merge import merge as write_merged

    check_out(out)
    merged = write_merged(paths, out, prefer=prefer)
    note_faulty(merged.faulty_rows)
    if as_json:
        plain = {"clips": merged.clips, "shared": merged.shared, "conflicts": merged.conflicts}
        click.echo(json.dumps(plain, indent=2))
    else:
        click.echo(f"{merged.clips} clips in {out}; {merged.shared} stood in several, {merged.conflicts} differed")


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="Clips named at most, 0 for all.")
@_AS_JSON
@click.pass_context
def diff(context: click.Context, a: Path, b: Path, limit: int, as_json: bool) -> None:
    """What is different from manifest A to B: - clips only in A, + only in B, ~ changed, with the columns.

    Order and format make no difference. Exit code: 0 when they are equal, 3 when they differ.

    \b
    Example:
      yt360 manifest diff old.csv new.parquet
    """
    from itertools import islice

    from yt360_tools.manifest.diff import diff as compared

    with compared(a, b) as found:
        note_faulty(found.faulty_rows)
        shown = [*islice(found.changes, limit or None)]
        if as_json:
            _print_difference_as_json(found, shown)
        else:
            _print_difference(found, shown)
        if not found.is_empty:
            context.exit(EXIT_UNFINISHED)


def _print_difference(found: "Difference", shown: "list[Change]") -> None:
    for name in found.columns_only_in_a:
        click.echo(f"- column {name}")
    for name in found.columns_only_in_b:
        click.echo(f"+ column {name}")
    signs = {"only_in_a": "-", "only_in_b": "+", "changed": "~"}
    for change in shown:
        said = "; ".join(f"{name}: {_text(one)} -> {_text(other)}" for name, (one, other) in change.columns.items())
        click.echo(f"{signs[change.kind]} {change.clip_id}" + (f"  {said}" if said else ""))
    hidden = found.only_in_a + found.only_in_b + found.changed - len(shown)
    if hidden:
        click.echo(f"... and {hidden} more clips; '--limit 0' names all", err=True)
    by_column = ", ".join(f"{name} {count}" for name, count in found.changed_columns.items())
    changed = f"{found.changed} changed" + (f" ({by_column})" if by_column else "")
    click.echo(f"{found.same} the same, {found.only_in_a} only in A, {found.only_in_b} only in B, {changed}")


def _print_difference_as_json(found: "Difference", shown: "list[Change]") -> None:
    plain = {
        "same": found.same,
        "only_in_a": found.only_in_a,
        "only_in_b": found.only_in_b,
        "changed": found.changed,
        "changed_columns": found.changed_columns,
        "columns_only_in_a": found.columns_only_in_a,
        "columns_only_in_b": found.columns_only_in_b,
        "changes": [
            {"kind": change.kind, "clip_id": change.clip_id, "video_id": change.video_id, "columns": change.columns}
            for change in shown
        ],
    }
    click.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return "-" if value is None else repr(value)
