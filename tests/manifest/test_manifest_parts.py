"""Manifests from manifests: parts of one, several made one, and what is different between two."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from worlds import command
from worlds.command import write_rows

from yt360_tools.errors import UsageError
from yt360_tools.manifest import read_manifest
from yt360_tools.manifest.diff import Change, diff
from yt360_tools.manifest.merge import Merged, merge
from yt360_tools.manifest.subset import Taken, Wanted, read_ids, subset

HEADER = "clip_id,video_id,start_s,end_s,split,heard"


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def ids_of(path: Path) -> list[str]:
    return [row.clip_id for row in read_manifest(path).rows]


class TestSubset:
    @pytest.fixture
    def clips(self, tmp_path: Path) -> Path:
        rows = [
            f"-v{video}-{10 * place},-v{video},{10 * place},{10 * place + 10},{split},h{place}"
            for video, split in enumerate(["test", "train", "train"] * 7)
            if video < 20
            for place in range(5)
        ]
        return write_rows(tmp_path / "clips.csv", *rows, "whole,whole,,,test,", header=HEADER)

    def test_by_split(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        assert subset(clips, out, Wanted(splits=("test",))) == Taken(36, 8, (), 0)
        assert {row[4] for row in rows_of(out)} == {"test"}

    def test_by_ids_of_videos_and_clips(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        taken = subset(clips, out, Wanted(ids=("-v3-20", "whole", "gone", "-v4", "-v4")))
        assert taken == Taken(7, 3, ("gone",), 0)
        assert ids_of(out) == ["-v3-20", "-v4-0", "-v4-10", "-v4-20", "-v4-30", "-v4-40", "whole"]

    def test_without_ids(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        taken = subset(clips, out, Wanted(ids=("-v3", "-v4"), except_ids=("-v4", "-v3-20", "gone")))
        assert taken == Taken(4, 1, (), 0)
        assert ids_of(out) == ["-v3-0", "-v3-10", "-v3-30", "-v3-40"]

    def test_by_a_condition(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        condition = "start_s >= 30 AND heard = 'h4' AND video_id IN (SELECT video_id FROM videos WHERE splits = 'test')"
        subset(clips, out, Wanted(where=condition))
        assert ids_of(out) == [f"-v{video}-40" for video in (0, 12, 15, 18, 3, 6, 9)]

    def test_keeps_other_columns_and_sorts(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        subset(clips, out, Wanted(ids=("-v3", "-v12-0")))
        assert out.read_text().splitlines()[:3] == [HEADER, "-v12-0,-v12,0,10,test,h0", "-v3-0,-v3,0,10,test,h0"]

    def test_draws_videos_whole_in_the_order_of_a_hash(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        subset(clips, out, Wanted(videos=4, seed=7, splits=("train",)))
        train = [f"-v{video}" for video in range(20) if video % 3]
        drawn = sorted(train, key=lambda name: hashlib.md5(f"7:{name}".encode()).hexdigest())[:4]
        assert [row[1] for row in rows_of(out)] == [name for name in sorted(drawn) for _ in range(5)]

    def test_draws_clips_in_the_order_of_a_hash(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        subset(clips, out, Wanted(clips=9))
        drawn = sorted(ids_of(clips), key=lambda name: hashlib.md5(f"0:{name}".encode()).hexdigest())[:9]
        assert sorted(ids_of(out)) == sorted(drawn)

    def test_draws_hours_video_by_video(self, clips: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        taken = subset(clips, out, Wanted(hours=125 / 3600, seed=1))
        assert taken == Taken(12, 3, (), 1)
        videos = sorted(
            (f"-v{video}" for video in range(20)), key=lambda name: hashlib.md5(f"1:{name}".encode()).hexdigest()
        )
        counts = [sum(row[1] == name for row in rows_of(out)) for name in videos[:3]]
        assert counts == [5, 5, 2]

    @pytest.mark.parametrize("more", [{"videos": 3}, {"clips": 30}, {"fraction": 0.25}, {"hours": 0.07}])
    def test_a_larger_draw_holds_the_smaller_and_another_seed_another(
        self, more: dict[str, float], clips: Path, tmp_path: Path
    ) -> None:
        drawn = {}
        for name, factor, seed in (("small", 1, 5), ("large", 2, 5), ("again", 1, 5), ("other", 1, 6)):
            out = tmp_path / f"{name}.csv"
            subset(clips, out, Wanted(**{key: value * factor for key, value in more.items()}, seed=seed))  # type: ignore[arg-type]
            drawn[name] = set(ids_of(out))
        assert drawn["small"] < drawn["large"]
        assert drawn["small"] == drawn["again"]
        assert drawn["small"] != drawn["other"]

    def test_does_not_depend_on_the_order_of_rows(self, clips: Path, tmp_path: Path) -> None:
        header, *rows = clips.read_text().splitlines()
        turned = write_rows(tmp_path / "turned.csv", *reversed(rows), header=header)
        for name, path in (("a.csv", clips), ("b.csv", turned)):
            subset(path, tmp_path / name, Wanted(fraction=0.3, hours=0.05))
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()

    @pytest.mark.parametrize("name", ["out.csv.gz", "out.csv.zst", "out.parquet"])
    def test_in_any_form(self, name: str, clips: Path, tmp_path: Path) -> None:
        subset(clips, tmp_path / name, Wanted(splits=("test",)))
        subset(tmp_path / name, tmp_path / "again.csv", Wanted())
        subset(clips, tmp_path / "at-once.csv", Wanted(splits=("test",)))
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "at-once.csv").read_bytes()

    @pytest.mark.parametrize(
        ("part", "says"),
        [
            (Wanted(splits=("tset",)), "no split 'tset'; there are test, train; did you mean 'test'"),
            (Wanted(where="start > 1"), 'no column "start"'),
            (Wanted(where="start_s > 'a'"), "--where cannot be answered: Could not convert"),
            (Wanted(where="true) UNION ALL (FROM clips"), "--where takes one condition"),
            (Wanted(where="clip_id IN (SELECT content FROM read_text('/etc/hostname'))"), r"read_text\(\) is refused"),
            (
                Wanted(ids=("nobody", "-none")),
                "no row of .* is in this subset; nothing was written; no video or clip '-none'; no .* 'nobody'",
            ),
            (Wanted(ids=tuple(f"n{n:02}" for n in range(12))), "'n09'; and 2 more ids that are not in it"),
        ],
    )
    def test_refusals_leave_nothing(self, part: Wanted, says: str, clips: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=says):
            subset(clips, tmp_path / "out.csv", part)
        assert not (tmp_path / "out.csv").exists()

    def test_does_not_write_over_what_it_reads(self, clips: Path) -> None:
        before = clips.read_bytes()
        with pytest.raises(UsageError, match="name another file"):
            subset(clips, clips, Wanted(clips=1))
        assert clips.read_bytes() == before

    def test_ids_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "ids.txt"
        path.write_bytes(b"\xef\xbb\xbf-one\r\n\r\n# a remark\r\n two # the second\r\n")
        assert read_ids(path) == ("-one", "two")
        path.write_text("one\n../two\n")
        with pytest.raises(UsageError, match=r"ids\.txt line 2: id '\.\./two' cannot"):
            read_ids(path)
        path.write_text("# none\n")
        with pytest.raises(UsageError, match="there is none in it"):
            read_ids(path)

    def test_the_command(self, clips: Path, tmp_path: Path) -> None:
        ids = tmp_path / "ids.txt"
        ids.write_text("-v4\nnobody\n")
        out = tmp_path / "out.csv"
        ended = command.run(["manifest", "subset", clips, "-o", out, "--id=-v3", "--ids", ids, "--sample", "50%"])
        assert (ended.code, ended.stdout) == (0, f"5 clips of 2 videos in {out}\n")
        assert ended.stderr == "note: no video or clip 'nobody'\n"
        ended = command.run(["manifest", "subset", clips, "-o", out, "--hours", "0.02", "--json"])
        assert json.loads(ended.stdout) == {"clips": 7, "videos": 2, "unknown_ids": [], "without_length": 1}
        assert "1 rows of whole videos are left out" in ended.stderr
        ended = command.run(["manifest", "subset", clips, "-o", out, "--except", ids, "--split", "train"])
        assert ended.stdout == f"60 clips of 12 videos in {out}\n"
        for sample in ("0", "0%", "101%", "-5", "many", "1.5"):
            ended = command.run(["manifest", "subset", clips, "-o", out, f"--sample={sample}"])
            assert (ended.code, "--sample takes" in ended.stderr) == (2, True)


class TestMerge:
    def test_rows_that_say_the_same_stand_once(self, tmp_path: Path) -> None:
        a = write_rows(tmp_path / "a.csv", "-b-0,-b,0,10,test", "a-5,a,5,15,train")
        b = write_rows(tmp_path / "b.csv", "a-5,a,5.0,15.000,train", "a-0,a,0,10,train")
        assert merge([a, b], tmp_path / "out.csv") == Merged(clips=3, shared=1, conflicts=0)
        assert [row[0] for row in rows_of(tmp_path / "out.csv")] == ["-b-0", "a-0", "a-5"]

    def test_empty_cells_are_filled_and_columns_joined(self, tmp_path: Path) -> None:
        a = write_rows(tmp_path / "a.csv", "a-0,a,0,10,test,sea,", "c-0,c,0,10,test,,7", header=f"{HEADER},n")
        b = write_rows(
            tmp_path / "b.csv", "a-0,a,0,10,test,x,", "c-0,c,0,10,test,y,wind", header=f"{HEADER[:-6]},k,heard"
        )
        assert merge([a, b], tmp_path / "out.csv") == Merged(clips=2, shared=2, conflicts=0)
        with (tmp_path / "out.csv").open(newline="") as file:
            found = list(csv.DictReader(file))
        assert [(row["heard"], row["n"], row["k"]) for row in found] == [("sea", "", "x"), ("wind", "7", "y")]

    CONFLICTS = ("a-0,a,0,11,test,sea", "b-0,b,0,10,train,sea", "w,w,0,10,test,", "same-0,same,0,10,test,")

    @pytest.fixture
    def pair(self, tmp_path: Path) -> list[Path]:
        a = write_rows(
            tmp_path / "a.csv",
            "a-0,a,0,10,test,sea",
            "b-0,b,0,10,test,",
            "w,w,,,test,",
            self.CONFLICTS[3],
            header=HEADER,
        )
        return [a, write_rows(tmp_path / "b.csv", *self.CONFLICTS, header=HEADER)]

    def test_contradictions_are_refused_by_id_and_column(self, pair: list[Path], tmp_path: Path) -> None:
        with pytest.raises(UsageError) as refusal:
            merge(pair, tmp_path / "out.csv")
        lines = str(refusal.value).splitlines()
        assert lines[0].startswith("3 clips stand in several manifests with other values; '--prefer first'")
        assert [line.split(" (")[0] for line in lines[1:]] == ["  a-0: end_s", "  b-0: split", "  w: start_s, end_s"]
        assert "a.csv" in lines[1]
        assert "b.csv" in lines[1]
        assert not (tmp_path / "out.csv").exists()

    @pytest.mark.parametrize(
        ("prefer", "rows"),
        [
            ("first", ["a-0,a,0,10,test,sea", "b-0,b,0,10,test,sea", "same-0,same,0,10,test,", "w,w,,,test,"]),
            ("last", ["a-0,a,0,11,test,sea", "b-0,b,0,10,train,sea", "same-0,same,0,10,test,", "w,w,0,10,test,"]),
        ],
    )
    def test_contradictions_are_settled(self, prefer: str, rows: list[str], pair: list[Path], tmp_path: Path) -> None:
        assert merge(pair, tmp_path / "out.csv", prefer=prefer) == Merged(clips=4, shared=4, conflicts=3)
        assert (tmp_path / "out.csv").read_text().splitlines()[1:] == rows

    def test_many_and_in_other_forms(self, tmp_path: Path) -> None:
        paths = []
        for place, name in enumerate(("a.csv", "b.csv.gz", "c.csv.zst", "d.parquet")):
            rows = write_rows(tmp_path / "rows.csv", f"v{place}-0,v{place},0,10,test", "all-0,all,0,10,test")
            paths.append(tmp_path / name)
            subset(rows, paths[-1], Wanted())
        assert merge(paths, tmp_path / "out.parquet") == Merged(clips=5, shared=1, conflicts=0)
        assert ids_of(tmp_path / "out.parquet") == ["all-0", "v0-0", "v1-0", "v2-0", "v3-0"]

    def test_the_command(self, pair: list[Path], tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        refused = command.run(["manifest", "merge", *pair, "-o", out])
        assert (refused.code, refused.stdout, out.exists()) == (2, "", False)
        ended = command.run(["manifest", "merge", *pair, "-o", out, "--prefer", "last"])
        assert (ended.code, ended.stdout) == (0, f"4 clips in {out}; 4 stood in several, 3 differed\n")
        assert command.run(["manifest", "merge", *pair, "-o", pair[0], "--prefer", "last"]).code == 2


class TestDiff:
    @pytest.fixture
    def pair(self, tmp_path: Path) -> tuple[Path, Path]:
        a = write_rows(
            tmp_path / "a.csv",
            "a-0,a,0,10,test,sea",
            "a-10,a,10,20,test,",
            "-gone,-gone,,,test,",
            "w,w,,,test,",
            header=HEADER,
        )
        b = write_rows(
            tmp_path / "b.csv",
            "w,w,,,test,,x",
            "new-0,new,0,10,test,,",
            "a-10,a,10,20,test,,",
            "a-0,a,0,10.5,train,sea,",
            header=f"{HEADER},more",
        )
        return a, b

    def test_tells_clips_and_columns(self, pair: tuple[Path, Path]) -> None:
        with diff(*pair) as found:
            assert (found.same, found.only_in_a, found.only_in_b, found.changed) == (1, 1, 1, 2)
            assert found.changed_columns == {"end_s": 1, "more": 1, "split": 1}
            assert (found.columns_only_in_a, found.columns_only_in_b) == ((), ("more",))
            assert list(found.changes) == [
                Change("only_in_a", "-gone", "-gone", {}),
                Change("changed", "a-0", "a", {"end_s": (10.0, 10.5), "split": ("test", "train")}),
                Change("only_in_b", "new-0", "new", {}),
                Change("changed", "w", "w", {"more": (None, "x")}),
            ]

    def test_order_and_form_make_no_difference(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        subset(pair[1], tmp_path / "b.parquet", Wanted())
        with diff(pair[1], tmp_path / "b.parquet") as found:
            assert found.is_empty
            assert found.same == 4

    def test_the_command(self, pair: tuple[Path, Path]) -> None:
        ended = command.run(["manifest", "diff", *pair])
        assert ended.code == 3
        assert ended.stdout.splitlines() == [
            "+ column more",
            "- -gone",
            "~ a-0  end_s: 10 -> 10.5; split: 'test' -> 'train'",
            "+ new-0",
            "~ w  more: - -> 'x'",
            "1 the same, 1 only in A, 1 only in B, 2 changed (end_s 1, more 1, split 1)",
        ]
        limited = command.run(["manifest", "diff", *pair, "--limit", "1"])
        assert (limited.code, limited.stderr) == (3, "... and 3 more clips; '--limit 0' names all\n")

    def test_the_command_as_json(self, pair: tuple[Path, Path]) -> None:
        ended = command.run(["manifest", "diff", *pair, "--json"])
        found = json.loads(ended.stdout)
        assert (ended.code, found["changed"], found["changed_columns"]["split"]) == (3, 2, 1)
        assert found["changes"][1]["columns"] == {"end_s": [10.0, 10.5], "split": ["test", "train"]}

    def test_equal_manifests_end_well(self, pair: tuple[Path, Path]) -> None:
        ended = command.run(["manifest", "diff", pair[0], pair[0]])
        assert (ended.code, ended.stdout) == (0, "4 the same, 0 only in A, 0 only in B, 0 changed\n")


def test_rows_that_cannot_be_used_are_left_out_and_told(tmp_path: Path) -> None:
    a = write_rows(tmp_path / "a.csv", "a-0,a,0,10,test", "a-0,a,0,10,test", "a-9,a,9,3,test")
    note = "note: {} rows cannot be used and are left out; 'yt360 manifest check' names them\n"
    out = tmp_path / "out.csv"
    for arguments, count in (
        (["query", a, "FROM clips"], 2),
        (["overlap", a, a], 2),
        (["subset", a, "-o", out], 2),
        (["merge", a, a, "-o", out], 4),
        (["diff", a, out], 2),
    ):
        ended = command.run(["manifest", *arguments])
        assert (ended.code, ended.stderr) == (0, note.format(count)), arguments
    assert ids_of(out) == ["a-0"]
