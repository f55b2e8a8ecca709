"""The seam between the two ways to read a manifest: row by row for the pipeline, in the database for long ones.

Whatever a file holds, both find the same rows with the same values, and the same faults in the same lines with the same
words; or both refuse it alike.
"""

import gzip
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yt360_tools.errors import UsageError
from yt360_tools.manifest import check_manifest, read_manifest, write_manifest
from yt360_tools.manifest.checked import CheckedManifest
from yt360_tools.manifest.database import add_clips, connected
from yt360_tools.manifest.sifting import names_in_sql
from yt360_tools.records import ClipRow

HEADER = "clip_id,video_id,start_s,end_s,split\n"
PACKED = {
    ".csv": lambda data: data,
    ".csv.gz": gzip.compress,
    ".csv.zst": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
}


def told(path: Path) -> Any:
    """What `read_manifest` makes of a file."""
    try:
        found = read_manifest(path)
    except UsageError as error:
        return str(error)
    rows = [(row.line, row.clip_id, row.video_id, row.start_s, row.end_s, row.split, row.extra) for row in found.rows]
    return rows, [(fault.line, fault.reason, fault.message) for fault in found.faults]


def told_by_the_database(path: Path) -> Any:
    """What the check makes of it."""
    try:
        with connected() as database:
            checked = CheckedManifest(database, path, with_others=True, show=None)
            found = database.execute("SELECT * FROM usable ORDER BY line").fetchall()
            groups = checked.groups()
    except UsageError as error:
        return str(error)
    as_shown = dict(zip(names_in_sql(checked.sheet.header), checked.sheet.header, strict=True))
    extra = [as_shown[name] for name in checked.columns[5:]]
    rows = [(*row[:6], {name: cell or "" for name, cell in zip(extra, row[6:], strict=True)}) for row in found]
    faults = sorted((fault.line, fault.reason, fault.message) for group in groups for fault in group.first)
    assert sum(group.count for group in groups) == len(faults) == checked.faulty_rows
    return rows, faults


def check_agreement(path: Path) -> Any:
    found = told(path)
    assert told_by_the_database(path) == found
    return found


SUM, OTHER_SUM = "0123456789abcdef" * 4, "fedcba9876543210" * 4

NASTY = {
    "checksums": "video_id,start_s,end_s,sha256,video_sha256\n"
    + f"a,0,1,{SUM},\na,1,2,{SUM.upper()},{OTHER_SUM}\na,2,3,{OTHER_SUM},\nb,0,1,{SUM[1:]},\nc,0,1, {SUM} ,x{SUM}\n"
    + f"d,,,,\ne,0,1,{SUM}0,\nf,0,1,{SUM[:-1]}g,{SUM}\na,3,4,,{SUM}\n",
    "nothing wrong": HEADER + "a,v,0,1,train\nb,v,1,2,test\n",
    "comments and blank lines": "# a list\n\n" + HEADER + "#,,\na,v,0,1,train\n\n , ,\n# b\nb,v,1,x,train\n",
    "a comment between rows that looks like a row": HEADER + "#a,v,0,1,train\na,v,0,1,train\n",
    "returns": HEADER.replace("\n", "\r\n") + "a,v,0,1,train\r\n\r\nb,v,1,1,train\r\n",
    "old returns": (HEADER + "a,v,0,1,train\n\nb,v,1,1,train\n").replace("\n", "\r"),
    "mixed line ends": HEADER + "a,v,0,1,train\r\nb,v,1,1,train\nc,v,1,1,train\r\rd,v,1,2,x\n",
    "a byte-order mark": "\ufeff" + HEADER + "a,v,0,1,train\n",
    "a byte-order mark and a comment": "\ufeff# x\n" + HEADER + "a,v,0,1,train\nb,,0,1,train\n",
    "quotes": HEADER + '"a","v","0","1","train"\nb,v,"1","2",train\n"c",v,3,2,"train"\n',
    "quoted line ends": "video_id,note\n\na,\"two\nlines\"\nb d,\nc,\"#\r\n#\"\n#\nd/,\"\"\"\"\n",
    "a quote within": "video_id,note\na,5\" wide\nb,\"x\"y\nc c,\n",
    "a quote never closed": 'video_id,note\na,"open\nb,fine\nc c,\n',
    "a quote closed by another row's": "video_id,start_s,end_s,note\na,0,1,x\nb,0,1,\"open\nc,0,1,x\n\n# d\n"
    "e,0,1,\"x, y\"\nf,0,1,x\n",
    "quotes that close each other": "video_id,start_s,end_s,note\na,0,1,\"open\nb,0,1,close\"\nc,0,1,\"a\nb\"\n"
    "d,0,1,\"",
    "a quote never closed at the end": 'video_id,note\na,x\nb,"open',
    "spaces and tabs": " video_id ,start_s,\tend_s\n a , 0 ,\t1\nb\t,2 , 3\nc c,4,5\n",
    "odd spaces": "video_id,note\n\xa0a\u2003,\u3000x\x0b\n\x1cb\x1f,\x85\nc,y\x1e\n\u200bd,\n",
    "odd numbers": "video_id,start_s,end_s\n" + "".join(
        f"v{number},{start},{end}\n"
        for number, (start, end) in enumerate([
            ("+1", "2"), ("1_0", "20"), (".5", "1."), ("1e1", "2e1"), ("0x1", "2"), ("\u0661", "2"), ("1", "inf"),
            ("nan", "2"), ("-0", "1"), ("-0.0", "1"), ("-1e-9", "1"), ("0", "1e999"), ("0.1", "0.30000000000000004"),
            ("1.2.3", "4"), (".", "4"), ("1", ""), ("", "1"), ("1" * 400, "2" * 401), ("1", "2" * 401),
            ("1d", "2f"), ("1e15", "2e15"),
            ("00054", "064.0"), ("0.0000004", "1"), ("0.9999996", "2"), ("4503599627370497.5", "1e17"), ("1,5", "2"),
        ])
    ),
    "ids": HEADER + "".join(
        f"{clip},{video},0,1,{split}\n"
        for clip, video, split in [
            ("-a", "-v", "-s"), ("_", "_", "_"), (".a", "v", "s"), ("a", ".v", "s"), ("b", "v", ".s"), ("", "v", ""),
            ("x" * 128, "y" * 128, "z" * 128), ("x" * 129, "v", "s"), ("c", "y" * 129, "s"), ("", "y" * 126, "s"),
            ("", "y" * 127, "s"), ("ü", "v", "s"), ("d", "v\x00", "s"), ("a/b", "v", "s"), ("e", "..", "s"),
            ("n\x01\x02\x03\x04", "v", "s"), ("..", "v", "s"), ("f", "v", "tr ain"), ("g\u0301", "v", "s"),
        ]
    ),
    "wrong counts of cells": HEADER + "a,v,0,1\nb,v,0,1,train,more\nc\n,,,,\nd,v,0,1,train\n",
    "cut off": HEADER + "a,v,0,1,train\nb,v,1",
    "cut off in its header": "clip_id,vid",
    "a header alone": HEADER + "\n# nothing\n",
    "no last line end": HEADER + "a,v,0,1,train\nb,v,1,2,train",
    "doubled": HEADER + "a,v,0,1,train\na,v,0,1,train\na,v,0,1,test\na,v,5,6,train\na,w,,,train\nb,v,0,1,train\n",
    "doubled by derived ids": "video_id,start_s,end_s\n"
    "v,0,1\nv,0.0,2\nv,0.0000001,3\nv,54.50,60\nv,54.5,60\nw,,\nw,,\n",
    "doubled with other ids": HEADER + ",v,0,1,a\nv-0,v,0,1,a\nv-0,w,3,4,b\nv,v,,,a\nV,v,,,a\nv,u,1,2,a\nV,u,1,2,a\n",
    "a fault does not take an id": HEADER + "a,v,5,1,train\na,v,0,1,train\na,v,0,1,train\n",
    "layouts": HEADER.strip() + ",projection,stereo,faces\n"
    "a,v,0,1,s,cubemap,mono,6x1:FRBLUD\nb,v,1,2,s,cubemap,,1x6:FRBLUD\nc,v,2,3,s,,,\nd,v,3,4,s,cubemap,top-bottom,\n"
    "e,w,0,1,s,fisheye,,\nf,w,1,2,s,er,,3x2:RLUDFB\ng,w,2,3,s,er,,\nh,w,3,4,s, eac ,,\n"
    "i,x,0,1,s,eac,,\na,x,0,1,s,er,,\na,x,1,2,s,eac,,\nj,x,1,2,s,eac\xa0,,\n",
    "columns that differ in case": "video_id,Split,SPLIT,note,Note,\nv,a,b,c,d,e\nw,,,,,\n",
    "the cells' own signs": "video_id,note\nv,a\x1fb\nw,\x1bn\nx,\"a\x1fb\x1b\n\"\n\x1f,\n",
    "an endless cell": "video_id\n" + "x" * 200_000 + "\n",
    "an endless other cell": "video_id,note\nv,fine\nw," + "x" * 200_000 + "\n",
    "no header for times": "video_id,start,end\nv,0,1\n",
    "nothing": "",
    "blank": "\n\n",
}  # fmt: skip


@pytest.mark.parametrize("extension", PACKED)
@pytest.mark.parametrize("case", NASTY)
def test_they_agree_on_nasty_files(case: str, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"list{extension}"
    path.write_bytes(PACKED[extension](NASTY[case].encode()))
    check_agreement(path)


@pytest.mark.parametrize("extension", PACKED)
@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_they_agree_on_files_that_are_cut_off(extension: str, kept: float, tmp_path: Path) -> None:
    path = tmp_path / f"list{extension}"
    whole = PACKED[extension](
        (HEADER + "".join(f"c{i},v{i:x},{i},{i + i % 7},train\n" for i in range(50_000))).encode()
    )
    path.write_bytes(whole[: int(len(whole) * kept)])
    rows, faults = check_agreement(path)
    assert rows
    assert faults[-1][1] in ("cut_off", "bad_times") if extension == ".csv" else faults[-1][1] == "cut_off"


def test_checksums_are_judged_by_row_and_by_video(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(NASTY["checksums"], encoding="utf-8")
    rows, faults = check_agreement(path)
    assert [row[0] for row in rows] == [2, 3, 7]
    assert {(line, reason) for line, reason, _ in faults} == {(line, "bad_checksum") for line in (4, 5, 6, 8, 9, 10)}


@pytest.mark.parametrize("extension", [*PACKED, ".parquet"])
def test_a_name_that_looks_like_a_pattern_is_one_file_s(extension: str, tmp_path: Path) -> None:
    for name, video in (("list*[1]?", "v"), ("list2 1x", "w"), ("list2 [1]x", "w")):
        write_manifest(tmp_path / f"{name}{extension}", [ClipRow(video, video, None, None, "all")])
    rows, faults = check_agreement(tmp_path / f"list*[1]?{extension}")
    assert ([row[1] for row in rows], faults) == (["v"], [])


CELLS = st.one_of(
    st.sampled_from([
        "", "a", "b", "v", "w", "v-0", "v-1", "0", "1", "2", "0.0", "1.50", "-1", "train", "er", "eac", "x", " a", "#",
        '"', '""', '"a"', '"a\nb"', "\r", "\n", "#a", "\t", "a b", "é", "\xa0", "1e0", "nan", "cubemap",
        "3x2:RLUDFB", "6x1:FRBLUD",
    ]),
    st.text(alphabet='av01.,-"# \r\n\x1f\x1b\xa0', max_size=4),
)  # fmt: skip
HEADERS = st.sampled_from([
    ["clip_id", "video_id", "start_s", "end_s", "split"],
    ["video_id", "start_s", "end_s"],
    ["video_id"],
    ["note", "split", "video_id", "Note"],
    ["clip_id", "video_id", "projection", "faces"],
    ["video_id", "start_s", "end_s", "stereo", "projection"],
])  # fmt: skip
USUAL = {
    "clip_id": "ab",
    "video_id": "vw",
    "start_s": "01",
    "end_s": "123",
    "split": "xy",
    "projection": ["er", "eac", ""],
}


@st.composite
def files(draw: st.DrawFn) -> str:
    """A CSV whose rows are mostly right, and meet each other often."""
    header = draw(HEADERS)
    lines = [draw(st.sampled_from(["", "# x", ",", '"'])) for _ in range(draw(st.integers(0, 1)))] + [",".join(header)]
    for _ in range(draw(st.integers(0, 9))):
        cells = [draw(st.one_of(st.sampled_from(list(USUAL.get(name, "n"))), CELLS)) for name in header]
        if draw(st.integers(0, 9)) == 0:
            cells = draw(st.lists(CELLS, max_size=7))
        lines.append(",".join(cells))
    ends = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    return ends.join(lines) + draw(st.sampled_from([ends, ""]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=files())
def test_they_agree_on_whatever_is_drawn(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode())
    check_agreement(path)


def test_one_that_is_cut_off_before_anything_can_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.zst"
    path.write_bytes(PACKED[".csv.zst"](HEADER.encode() * 9)[:20])
    assert "is empty (the compressed file is cut off)" in check_agreement(path)


QUERIES = {
    "numbers": "SELECT 'c' || i AS clip_id, 'v' || i // 3 AS video_id, i * 1.5::DOUBLE AS start_s, "
    "i * 1.5 + 1 AS end_s, 'train' AS split FROM range(10) t(i)",
    "texts": "SELECT 'v' AS video_id, i::VARCHAR AS start_s, (i + 1)::VARCHAR AS end_s, ' train ' AS split "
    "FROM range(9) t(i)",
    "odd numbers": "SELECT 'v' || i AS video_id, [0, '-0'::DOUBLE, 'nan'::DOUBLE, 'inf'::DOUBLE, NULL, -1, 1e-7, 5, "
    "NULL, 1, 1, 1e15, 1e300][i] AS start_s, [1, 1, 2, 'inf'::DOUBLE, NULL, 1, 1, 5, 4, 'inf'::DOUBLE, 'nan'::DOUBLE, "
    "2e15, 2e300][i] AS end_s FROM range(1, 14) t(i)",
    "other types": "SELECT 20210101 + i AS video_id, i::TINYINT AS start_s, (i + 1)::DECIMAL(9, 2) AS end_s, "
    "DATE '2021-01-01' AS day, [i, NULL] AS list, i % 2 = 0 AS even, NULL AS nothing FROM range(5) t(i)",
    "faults": "SELECT unnest(['a', 'a', '../a', NULL, 'b', 'b']) AS clip_id, "
    "unnest(['v', 'w', 'v', NULL, ' v', 'x/']) AS video_id, 'a' || chr(31) || chr(27) || chr(10) AS note",
    "spaces far behind": "SELECT CASE WHEN i = 11000 THEN ' v ' ELSE 'v' || i END AS video_id FROM range(12000) t(i)",
    "no row": "SELECT 'v' AS video_id LIMIT 0",
    "no video": "SELECT 'v' AS video",
    "doubled": "SELECT 'v' AS video_id, i // 2 AS start_s, i // 2 + 1 AS end_s FROM range(6) t(i)",
}


class TestParquet:
    @pytest.mark.parametrize("case", QUERIES)
    def test_they_agree(self, case: str, tmp_path: Path) -> None:
        path = tmp_path / "list [1]*.parquet"
        with connected() as database:
            database.execute(f"COPY ({QUERIES[case]}) TO '{path}' (FORMAT parquet)")
        check_agreement(path)

    def test_faults_of_a_long_one_are_in_their_rows(self, tmp_path: Path) -> None:
        """Long enough to be read by several threads at once, with more splits and layouts than one looks at singly."""
        path = tmp_path / "long.parquet"
        bad = "i % 99991 = 7"
        with connected() as database:
            database.execute(
                f"COPY (SELECT CASE WHEN {bad} THEN '/' ELSE 'v' || i END AS video_id, 'split' || i % 17 AS split, "
                "['er', 'eac', 'cubemap', ''][1 + i % 4] AS projection, "
                "['mono', 'left-right', ''][1 + i % 3] AS stereo "
                f"FROM range(600000) t(i)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 20000)"
            )
            add_clips(database, path)
            numbers = "SELECT video_id[2:]::INT AS number, lag(number) OVER (ORDER BY rowid) AS before FROM clips"
            out_of_order = database.execute(f"SELECT count(*) FROM ({numbers}) WHERE number < before").fetchone()
        assert out_of_order == (0,)
        (group,) = check_manifest(path, show=None).faults
        assert [fault.line for fault in group.first] == list(range(8, 600_001, 99_991))

    @pytest.mark.parametrize("kept", [0, 3, 100, -1])
    def test_a_broken_one_is_refused_alike(self, kept: int, tmp_path: Path) -> None:
        path = tmp_path / "list.parquet"
        with connected() as database:
            database.execute(f"COPY (SELECT 'v' || i AS video_id FROM range(99) t(i)) TO '{path}' (FORMAT parquet)")
        path.write_bytes(path.read_bytes()[:kept])
        says = check_agreement(path)
        assert "is cut off" in says if kept in (100, -1) else "is not a Parquet file" in says


class TestCheck:
    def test_names_the_first_of_each_reason_and_counts_all(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_text(HEADER + "x,v,2,1,s\n" * 9 + "/,v,1,2,s\n" + "a,v,1,2,s\n" * 4, encoding="utf-8")
        found = check_manifest(path, show=2)
        assert (found.usable_rows, found.faulty_rows) == (1, 13)
        assert [(group.reason, group.count) for group in found.faults] == [
            ("bad_times", 9),
            ("bad_id", 1),
            ("duplicate", 3),
        ]
        assert [[fault.line for fault in group.first] for group in found.faults] == [[2, 3], [11], [13, 14]]

    def test_tells_another_clip_of_the_same_id_from_the_same_clip_twice(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_text(HEADER + "a,v,0,1,train\na,v,0,1,train\na,v,5,6,test\n", encoding="utf-8")
        same, other = (fault.message for fault in check_manifest(path).faults[0].first)
        assert same == "list.csv line 3: clip 'a' stands in line 2 already"
        seen = "0 to 1 s of 'v' in 'train' there, 5 to 6 s of 'v' in 'test' here"
        assert other == f"{same.replace('3', '4')} as another clip: {seen}"

    def test_notes_ids_that_may_be_typed_wrong(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        usual = "".join(f"abcdefghij{i}\n" for i in range(9))
        path.write_text(f"video_id\n{usual}tencharact\ntwelvecharac", encoding="utf-8")
        notes = check_manifest(path).notes
        assert "1 video id has 10 characters; YouTube's have 11: first 'tencharact' in line 11" in notes
        assert "1 video id has 12 characters; YouTube's have 11: first 'twelvecharac' in line 12" in notes

    def test_has_no_such_note_where_ids_are_not_youtubes(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_text("video_id\nscene-0001\nscene-0002\n", encoding="utf-8")
        assert check_manifest(path).notes == ()


class TestClipsInTheDatabase:
    @pytest.mark.parametrize("case", ["nothing wrong", "quotes", "ids", "odd numbers", "doubled", "quoted line ends"])
    def test_are_the_rows_that_can_be_used(self, case: str, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_bytes(NASTY[case].encode())
        with connected() as database:
            add_clips(database, path)
            found = database.execute("SELECT * FROM clips").fetchall()
            tables = database.execute("SELECT table_name FROM information_schema.tables").fetchall()
        rows = read_manifest(path).rows
        assert [row[:5] for row in found] == [(r.clip_id, r.video_id, r.start_s, r.end_s, r.split) for r in rows]
        assert [[cell or "" for cell in row[5:]] for row in found] == [list(row.extra.values()) for row in rows]
        assert tables == [("clips",)]

    def test_of_two_manifests_stand_side_by_side(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("video_id\nv\n", encoding="utf-8")
        (tmp_path / "b.csv").write_text("video_id\nw\n/\n", encoding="utf-8")
        with connected() as database:
            add_clips(database, tmp_path / "a.csv", "a")
            add_clips(database, tmp_path / "b.csv", "b")
            assert database.execute("SELECT a.video_id, b.video_id FROM a, b").fetchall() == [("v", "w")]

    def test_leave_no_temporary_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress(NASTY["quotes"].encode()))
        database = connected()
        add_clips(database, tmp_path / "a.csv.gz")
        assert [list(folder.iterdir()) for folder in (tmp_path / "temporary").iterdir()] == [[]]
        del database
        assert not list((tmp_path / "temporary").iterdir())
