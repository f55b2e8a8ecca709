"""One manifest in four formats: written whole, sorted and alike by both writers, and read back as it was."""

import os
from pathlib import Path

import pytest

from yt360_tools.errors import UsageError
from yt360_tools.manifest import check_manifest, manifest_statistics, read_manifest, write_manifest
from yt360_tools.manifest.database import add_clips, connected, write_clips
from yt360_tools.manifest.formats import Format, format_of
from yt360_tools.records import ClipRow

EXTENSIONS = [".csv", ".csv.gz", ".csv.zst", ".parquet", ".CSV", ".Csv.Gz"]
ROWS = (
    ClipRow("w", "w", None, None, "none", {"note": "", "odd name": "x"}),
    ClipRow("-v-54.5", "-v", 54.5, 64.5, "train", {"note": 'with, comma and "quotes"\nand lines', "odd name": "a\rb"}),
    ClipRow("-v-9", "-v", 9.0, 10.0, "train", {"note": " \x1f\x1b\x01 ü", "odd name": "-"}),
    ClipRow("x-0.333333", "x", 1 / 3, 2e4, "test", {"note": "#", "odd name": "NULL"}),
    ClipRow("-v-b", "-v", 9.0, 11.0, "train", {"note": "", "odd name": ""}),
)
SORTED_IDS = ["-v-9", "-v-b", "-v-54.5", "w", "x-0.333333"]


def as_plain(path: Path) -> list[tuple[object, ...]]:
    rows = read_manifest(path).rows
    times = [[None if time is None else round(time, 6) for time in (row.start_s, row.end_s)] for row in rows]
    return [(row.clip_id, row.video_id, *time, row.split, row.extra) for row, time in zip(rows, times, strict=True)]


@pytest.mark.parametrize("extension", EXTENSIONS)
class TestEachFormat:
    def test_holds_the_rows_sorted(self, extension: str, tmp_path: Path) -> None:
        path = tmp_path / f"clips{extension}"
        write_manifest(path, ROWS)
        assert [row[0] for row in as_plain(path)] == SORTED_IDS
        by_id = {row.clip_id: {name: value.strip() for name, value in row.extra.items()} for row in ROWS}
        assert {row[0]: row[5] for row in as_plain(path)} == by_id
        assert read_manifest(path).faults == ()

    def test_keeps_the_given_order_if_asked(self, extension: str, tmp_path: Path) -> None:
        path = tmp_path / f"clips{extension}"
        write_manifest(path, ROWS, keep_order=True)
        assert [row[0] for row in as_plain(path)] == [row.clip_id for row in ROWS]

    def test_is_written_alike_from_a_table(self, extension: str, tmp_path: Path) -> None:
        rows, table = tmp_path / f"rows{extension}", tmp_path / f"table{extension}"
        write_manifest(rows, ROWS)
        with connected() as database:
            add_clips(database, rows)
            database.execute("CREATE VIEW shuffled AS SELECT * FROM clips ORDER BY hash(clip_id)")
            assert write_clips(database, "shuffled", table) == len(ROWS)
        assert as_plain(table) == as_plain(rows)

    def test_gives_the_same_bytes_again(self, extension: str, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write_manifest(tmp_path / f"{name}{extension}", ROWS[::-1])
        one, two = (path.read_bytes() for path in sorted(tmp_path.iterdir()))
        assert one == two

    def test_counts_the_same(self, extension: str, tmp_path: Path) -> None:
        path = tmp_path / f"clips{extension}"
        write_manifest(path, ROWS)
        total = manifest_statistics(path).total
        assert (total.rows, total.clips, total.videos) == (5, 4, 3)
        assert check_manifest(path).faults == ()

    def test_keeps_the_old_file_until_the_new_one_is_whole(
        self, extension: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / f"clips{extension}"
        write_manifest(path, ROWS[:1])
        before = path.read_bytes()

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            write_manifest(path, ROWS)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


def test_a_table_s_csv_is_byte_for_byte_that_of_the_same_rows(tmp_path: Path) -> None:
    plain = [row for row in ROWS if "#" not in row.extra["note"]]
    write_manifest(tmp_path / "first.csv", plain)
    write_manifest(tmp_path / "rows.csv", read_manifest(tmp_path / "first.csv").rows)  # without space around cells
    with connected() as database:
        add_clips(database, tmp_path / "rows.csv")
        write_clips(database, "clips", tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == (tmp_path / "rows.csv").read_bytes()


def test_times_have_no_zeros_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "clips.csv"
    write_manifest(path, ROWS[1:2])
    assert "-v,54.5,64.5,train" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["clips", "clips.tsv", "clips.csv.bz2", "clips.parquet.gz", "csv", "clips.gz"])
def test_an_unknown_extension_is_refused_with_those_that_are_known(name: str, tmp_path: Path) -> None:
    for act in (read_manifest, check_manifest, manifest_statistics, lambda path: write_manifest(path, ROWS)):
        with pytest.raises(UsageError, match=r"tells the format, one of \.csv, \.csv\.gz, \.csv\.zst, \.parquet"):
            act(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_nearest_extension_is_named() -> None:
    with pytest.raises(UsageError, match=r"did you mean '\.csv\.gz'"):
        format_of(Path("clips.csv.gzip"))
    assert format_of(Path("CLIPS.CSV.ZST")) is Format.ZSTD
