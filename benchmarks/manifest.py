"""What a manifest of ten million clips costs: ``python benchmarks/manifest.py``, or ``make bench``.

The clips are made by the database, from a seed: videos of two to a hundred clips, some of which overlap, in three
splits, written sorted as every manifest is. Each command runs as a user would run it, in a process of its own, so that
the time to start counts as well; the peak of resident memory is the process's. On a machine that others use at the same
time, CPU seconds (of all threads) say more than those on the clock. Nothing is asserted: a person reads the table.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from yt360_tools.manifest.database import connected, write_clips

ROWS, SEED = 10_000_000, 360
MOST_MIB = 2048
GROUPED = "SELECT split, count(*) AS clips FROM clips GROUP BY split ORDER BY split"


@dataclass(frozen=True)
class Row:
    """A line of the table: seconds on the clock, CPU seconds, the peak of memory, and how many seconds are allowed."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mib: float
    most_s: float | None


def make_manifests(folder: Path, rows: int) -> tuple[Path, Path]:
    """A CSV and a Parquet manifest of that many clips; what is there already stays."""
    paths = folder / f"clips-{rows}.csv", folder / f"clips-{rows}.parquet"
    if all(path.exists() for path in paths):
        return paths
    with connected() as database:
        database.execute(_clips_sql(rows))
        for path in paths:
            write_clips(database, "clips", path)
    return paths


def _clips_sql(rows: int) -> str:
    """Clips of videos with eleven letters; a video's clips are 10 s long and begin 8.5 to 38.5 s after each other."""
    videos = (
        "SELECT translate(substr(to_base64(unhex(md5(i::VARCHAR))), 1, 11), '+/', '-_') AS video_id, "
        f"hash(i, {SEED}) % 100 AS chance, 1 + (exp((hash(i, {SEED + 1}) % 1000) / 1000 * ln(100)))::BIGINT AS clips "
        f"FROM range({rows}) AS t(i)"
    )
    # There are more videos than it takes.
    starts = f"SELECT *, unnest(range(clips)) AS place FROM ({videos}) LIMIT {rows}"
    placed = f"SELECT *, place * 23.5 + hash(video_id, place) % 16 AS start_s FROM ({starts})"
    split = "CASE WHEN chance < 15 THEN 'test' WHEN chance < 18 THEN 'none' ELSE 'train' END"
    text = "CASE WHEN start_s = floor(start_s) THEN start_s::BIGINT::VARCHAR ELSE start_s::VARCHAR END"
    return (
        f"CREATE TABLE clips AS SELECT video_id || '-' || {text} AS clip_id, video_id, start_s::DOUBLE AS start_s, "
        f"(start_s + 10)::DOUBLE AS end_s, {split} AS split FROM ({placed})"
    )


def measured(name: str, arguments: list[str], most_s: float | None) -> Row:
    """What a ``yt360`` command takes."""
    began = time.perf_counter()
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "yt360_tools.cli", *arguments],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(process, 0)
    wall_s = time.perf_counter() - began
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"yt360 {' '.join(arguments)} ended with {code}")
    return Row(name, wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, most_s)


def measure(folder: Path, rows: int) -> list[Row]:
    """Each line of the table."""
    # Made by a process of its own: a child's peak of memory begins with what its parent has.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        csv, parquet = map(str, pool.submit(make_manifests, folder, rows).result())
    return [
        measured("stats, Parquet", ["manifest", "stats", parquet], 5.0),
        measured("stats, CSV", ["manifest", "stats", csv], 12.0),
        measured("check, Parquet", ["manifest", "check", parquet], None),
        measured("check, CSV", ["manifest", "check", csv], None),
        measured("grouped query, Parquet", ["manifest", "query", parquet, GROUPED], 1.0),
    ]


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="clips in the manifest")
    parser.add_argument("--folder", type=Path, help="where the manifests are made and kept; a temporary one by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yt360-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        lines = measure(folder, options.rows)
    if options.json:
        print(json.dumps({"rows": options.rows, "lines": [asdict(line) for line in lines]}, indent=2))
        return
    print(f"a manifest of {options.rows:,} clips; wanted: at most these seconds for {ROWS:,}, and {MOST_MIB} MiB\n")
    print(f"{'':<26}{'seconds':>9}{'wanted':>9}{'CPU s':>9}{'peak MiB':>10}")
    for line in lines:
        wanted = "-" if line.most_s is None else f"{line.most_s:g}"
        is_met = line.peak_mib <= MOST_MIB and (line.most_s is None or line.wall_s <= line.most_s)
        mark = "" if is_met else "  not met"
        print(f"{line.name:<26}{line.wall_s:>9.2f}{wanted:>9}{line.cpu_s:>9.2f}{line.peak_mib:>10.0f}{mark}")


if __name__ == "__main__":
    main()
