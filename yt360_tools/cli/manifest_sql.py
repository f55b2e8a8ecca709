"""Questions to manifests: `query` in SQL, and `overlap`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yt360_tools.cli.answers import FORMATS, note_faulty, write_rows
from yt360_tools.cli.outputs import check_out

if TYPE_CHECKING:
    from yt360_tools.manifest.query import GivenTable

_TABLE_ROWS = 100


@click.command()
@click.argument("path", metavar="MANIFEST", type=click.Path(path_type=Path))
@click.argument("sql", metavar="SQL")
@click.option("--workspace", "-w", type=click.Path(path_type=Path), help="Ask what its ledger knows, too.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="How to print.  [default: by --out's name, or table]"
)
@click.option("--out", "-o", type=click.Path(path_type=Path), help="File to write, in place of printing.")
@click.option("--limit", type=click.IntRange(0), help="Rows at most, 0 for all.  [default: 100 in a table, else all]")
def query(path: Path, sql: str, workspace: Path | None, form: str | None, out: Path | None, limit: int | None) -> None:
    """Ask MANIFEST a question in SQL, as DuckDB speaks it. Nothing but its tables can be read, and nothing changed.

    \b
    clips     a row a row of the manifest: clip_id, video_id, start_s, end_s, split, and its other columns
    videos    a row a video: clips, whole_videos, seconds, first_start_s, last_end_s, splits, split_count
    and with --workspace:
    outcomes  a row a stage and item: stage, item, state, reason, detail, attempts,
              recorded_at_utc
    media     a row a video that serves: width, height, fps, duration_s, projection, stereo, decided_by,
              video_codec, audio_codec, channels, sample_rate_hz, bytes, ...

    'DESCRIBE videos' lists a table's columns. A CSV's bad rows are left out ('manifest check' names them); a
    Parquet file is taken as it is.

    \b
    Examples, which people ask. How many clips, videos and hours has each split?
      yt360 manifest query clips.csv "SELECT split, count(*) AS clips, count(DISTINCT video_id) AS videos,
        sum(end_s - start_s) / 3600 AS hours FROM clips GROUP BY split ORDER BY split"
    Which videos give the most clips?
      yt360 manifest query clips.csv "SELECT video_id, clips, seconds FROM videos ORDER BY clips DESC LIMIT 10"
    Which videos stand in two splits?
      yt360 manifest query clips.csv "SELECT video_id, splits FROM videos WHERE split_count > 1"
    Why are videos of the test split not there?
      yt360 manifest query clips.csv -w work "SELECT stage, state, reason, count(*) AS videos
        FROM outcomes JOIN videos ON item = video_id WHERE contains(splits, 'test') AND state <> 'done'
        GROUP BY ALL ORDER BY ALL"
    What sizes, rates and projections do the videos have?
      yt360 manifest query clips.csv -w work "SELECT width, height, round(fps) AS fps, projection, stereo,
        count(*) AS videos FROM media GROUP BY ALL ORDER BY videos DESC"
    """
    from yt360_tools.manifest.query import asked
    from yt360_tools.manifest.writing import text_written_whole

    check_out(out)
    chosen = form or (out.suffix.lower()[1:] if out and out.suffix.lower()[1:] in FORMATS else "table")
    most = limit if limit is not None else (_TABLE_ROWS if chosen == "table" and out is None else 0)
    tables: tuple[GivenTable, ...] = ()
    if workspace is not None:
        from yt360_tools.pipeline.queries import workspace_tables

        tables = workspace_tables(workspace)
    with asked(path, sql, tables) as answer:
        if out is None:
            left_out = write_rows(sys.stdout, chosen, answer.columns, answer.are_numbers, answer.rows, limit=most)
        else:
            with text_written_whole(out, not_over=[path]) as file:
                left_out = write_rows(file, chosen, answer.columns, answer.are_numbers, answer.rows, limit=most)
    note_faulty(answer.faulty_rows)
    if left_out:
        click.echo(f"... and {left_out} more rows; '--limit 0' shows all", err=True)


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option(
    "--split",
    "pairs",
    multiple=True,
    metavar="A_SPLIT:B_SPLIT",
    help="Splits to compare, * for all of a manifest; repeatable.  [default: each with each]",
)
@click.option("--list", "as_list", is_flag=True, help="Print the ids of the shared videos instead, one a line.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), help="CSV file for a row a shared video and pair of splits."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def overlap(a: Path, b: Path, pairs: tuple[str, ...], as_list: bool, out: Path | None, as_json: bool) -> None:
    """Which videos, clips and seconds manifests A and B share, split against split: what leaks from training to test.

    Videos are told by their ids. Clips are counted that meet one of the other manifest in time, and seconds that both
    cover; a row without times covers its whole video. A manifest can be compared with itself.

    \b
    Example:
      yt360 manifest overlap yt360.csv sphere360.csv --split test:train
      yt360 manifest overlap sphere360.csv sphere360.csv --split test:train --list
    """
    from yt360_tools.manifest.overlap import overlap as compared
    from yt360_tools.manifest.overlap import write_shared

    check_out(out)
    with compared(a, b, pairs) as found:
        note_faulty(found.faulty_rows)
        if out is not None:
            write_shared(found, out, not_over=(a, b))
        if as_list:
            if as_json:
                click.echo(json.dumps([*found.video_ids()], indent=2))
                return
            for video_id in found.video_ids():
                click.echo(video_id)
            return
        lines = found.splits()
    if as_json:
        click.echo(json.dumps({"a": str(a), "b": str(b), "splits": [line.as_plain() for line in lines]}, indent=2))
        return
    if not lines:
        click.echo("no video is shared")
        return
    columns = ("split of A", "split of B", "videos", "of A's", "of B's", "clips of A", "clips of B", "hours", "whole")
    rows = (
        (
            line.split_a,
            line.split_b,
            line.videos,
            _share(line.videos, line.videos_in_a),
            _share(line.videos, line.videos_in_b),
            line.clips_in_a,
            line.clips_in_b,
            f"{line.seconds / 3600:.3f}",
            line.whole_videos,
        )
        for line in lines
    )
    write_rows(sys.stdout, "table", columns, [False] * 2 + [True] * 7, iter(rows))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
