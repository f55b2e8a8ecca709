"""How published lists become rows, and how all that is wrong with them is found in one pass, by file and line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from worlds import small_lists
from worlds.small_lists import A, B, C, D

from yt360_tools.errors import UsageError
from yt360_tools.manifest.importers import Imported, Lists, PublishedList, importer_named

Told = list[tuple[str, int, str]]


def imported(importer: str, folder: Path, lists: dict[str, str | bytes], **options: object) -> Imported:
    files = tuple(PublishedList(name, "0" * 64, None, small_lists.SPLITS.get(name, "")) for name in lists)
    return importer_named(importer)(Lists(small_lists.write(folder, lists), files, **options))  # type: ignore[arg-type]


def told(found: Imported) -> Told:
    return [(fault.file, fault.line, fault.reason) for fault in found.faults]


def clip_ids(found: Imported) -> list[str]:
    return [row.clip_id for row in found.rows]


class TestYt360:
    def test_sorts_by_video_and_time_and_marks_videos_of_no_split(self, tmp_path: Path) -> None:
        found = imported("yt360", tmp_path, dict(small_lists.YT360))
        assert [(row.clip_id, row.start_s, row.end_s, row.split) for row in found.rows] == [
            (f"{A}-54", 54, 64, "train"),
            (f"{A}-68", 68, 78, "train"),
            (f"{A}-100", 100, 110, "train"),
            (f"{B}-5", 5, 15, "test"),
            (f"{B}-20", 20, 30, "test"),
            (f"{C}-7", 7, 17, "train"),
            (f"{D}-0", 0, 10, "none"),
        ]
        assert (found.faults, found.remarks) == ((), ())
        assert found.entries == {"train.txt": 2, "test.txt": 1, "segments.txt": 4}

    @pytest.mark.parametrize(
        ("line", "reason", "rows"),
        [
            ("bbbbbbbbbbb", "bad_line", 0),
            ("bbbbbbbbbbb ", "bad_line", 0),
            ("bbbbbbbbbb 1", "bad_id", 0),
            ("bbbbbbbbbbbb 1", "bad_id", 0),
            ("../bbbbbbbb 1", "bad_id", 0),
            ("bbbbbbbbbé 1", "bad_id", 0),
            ("bbbbbbbbbbb -1,5", "negative_start", 1),
            ("bbbbbbbbbbb 1,x,5", "bad_start", 2),
            ("bbbbbbbbbbb 1,,5", "bad_start", 2),
            ("bbbbbbbbbbb 1_0", "bad_start", 0),
            ("bbbbbbbbbbb ١", "bad_start", 0),
            ("bbbbbbbbbbb nan,1e3", "bad_start", 0),
            (f"bbbbbbbbbbb {'9' * 400}", "bad_start", 0),
            ("bbbbbbbbbbb 5,7,5", "duplicate", 2),
        ],
    )
    def test_a_bad_line_is_told_by_its_number_and_what_is_right_of_it_kept(
        self, line: str, reason: str, rows: int, tmp_path: Path
    ) -> None:
        found = imported("yt360", tmp_path, {"segments.txt": f"{A} 54\n\n{line}\n{C} 7\n"})
        assert set(told(found)) == {("segments.txt", 3, reason)}
        assert len(found.rows) == 2 + rows
        assert {f"{A}-54", f"{C}-7"} <= set(clip_ids(found))

    def test_a_fractional_start_is_told_and_kept(self, tmp_path: Path) -> None:
        found = imported("yt360", tmp_path, {"segments.txt": f"{A} 54.5,.25\n"})
        assert [(fault.reason, fault.is_kept) for fault in found.faults] == [("fractional_start", True)] * 2
        assert [(row.clip_id, row.start_s, row.end_s) for row in found.rows] == [
            (f"{A}-0.25", 0.25, 10.25),
            (f"{A}-54.5", 54.5, 64.5),
        ]

    def test_an_id_twice_with_other_segments_leaves_the_first_ones(self, tmp_path: Path) -> None:
        found = imported("yt360", tmp_path, {"segments.txt": f"{A} 1,2\n{A} 1,3\n{A} 1,2\n"})
        assert told(found) == [("segments.txt", 2, "different_segments"), ("segments.txt", 3, "duplicate")]
        assert clip_ids(found) == [f"{A}-1", f"{A}-2"]
        assert "'1,3'" in found.faults[0].message

    def test_an_id_in_both_splits_is_told_and_the_first_stands(self, tmp_path: Path) -> None:
        lists = {"train.txt": f"{A}\n{A}\n", "test.txt": f"{B}\n{A}\n", "segments.txt": f"{A} 1\n{B} 1\n"}
        found = imported("yt360", tmp_path, dict(lists))
        assert told(found) == [("train.txt", 2, "duplicate"), ("test.txt", 2, "two_splits")]
        assert [row.split for row in found.rows] == ["train", "test"]

    def test_ids_of_a_split_without_segments_are_remarked(self, tmp_path: Path) -> None:
        found = imported("yt360", tmp_path, {"train.txt": f"{A}\n{B}\n", "segments.txt": f"{A} 1\n"})
        assert found.remarks == (f"1 ids of the splits have no segments in segments.txt, such as {B}",)


EVERYTHING_WRONG = {
    "train.txt": b"\xef\xbb\xbf# the training ids\r\n" + f"{A}\r\n\r\nshort_id_1\r\n{C}\r\n".encode(),
    "test.txt": f"{B}\n{A}\nnot an id\n".encode() + b"\xff\xfe\xff\n",
    "segments.txt": f"{A} 54,-3\n{B} 5\n{A} 54\n{C} 7.5 # half\n{D} 0\nabcdefg".encode(),
}


def test_all_that_is_wrong_is_found_in_one_pass(tmp_path: Path) -> None:
    found = imported("yt360", tmp_path, dict(EVERYTHING_WRONG))
    assert told(found) == [
        ("train.txt", 4, "bad_id"),
        ("test.txt", 2, "two_splits"),
        ("test.txt", 3, "bad_line"),
        ("test.txt", 4, "not_text"),
        ("segments.txt", 1, "negative_start"),
        ("segments.txt", 3, "different_segments"),
        ("segments.txt", 4, "fractional_start"),
        ("segments.txt", 6, "cut_off"),
    ]
    assert found.remarks == (
        "train.txt: begins with a byte-order mark",
        "train.txt: 5 of 5 lines end as on Windows",
        "train.txt: a blank line, passed over: 3",
        "train.txt: a commented line, passed over: 1",
        "segments.txt: a commented line, passed over: 4",
    )
    assert clip_ids(found) == [f"{A}-54", f"{B}-5", f"{C}-7.5", f"{D}-0"]


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (b"", "empty", "holds nothing"),
        (b"\n# nothing\n", "empty", "holds nothing"),
        (b"<!DOCTYPE html>\n<html>", "not_a_list", "is a web page"),
        (b"\n <html><body>Sign in", "not_a_list", "is a web page"),
        ("abc\n".encode("utf-16"), "not_a_list", "UTF-16"),
        (b"\x1f\x8b\x08\0\0\0", "not_a_list", "no text at all"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "not_a_list", "git lfs pull"),
    ],
)
def test_a_file_that_is_no_list_is_told_once(content: bytes, reason: str, says: str, tmp_path: Path) -> None:
    found = imported("sphere360", tmp_path, {"train.txt": content, "test.txt": f"{A}_5\n"})
    assert told(found) == [("train.txt", 0, reason)]
    assert says in found.faults[0].message
    assert len(found.rows) == 1


def test_a_missing_list_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    small_lists.write(tmp_path, {"trian.txt": f"{A}_5\n"})
    files = (PublishedList("train.txt", "0" * 64, None, "train"),)
    found = importer_named("sphere360")(Lists(tmp_path, files))
    assert told(found) == [("train.txt", 0, "missing")]
    assert "did you mean 'trian.txt'?" in found.faults[0].message


def test_lines_that_end_as_on_old_macs_are_lines(tmp_path: Path) -> None:
    found = imported("sphere360", tmp_path, {"train.txt": f"{A}_5\r{B}_6\r"})
    assert (len(found.rows), found.faults) == (2, ())


class TestSphere360:
    def test_splits_at_the_last_underscore(self, tmp_path: Path) -> None:
        found = imported("sphere360", tmp_path, {"train.txt": f"{B}_17\n_________-__5", "test.txt": f"{A}_0\n"})
        assert [(row.video_id, row.start_s, row.end_s, row.split) for row in found.rows] == [
            (A, 0, 10, "test"),
            ("_________-_", 5, 15, "train"),
            (B, 17, 27, "train"),
        ]
        assert found.faults == ()

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("dddddddddd4", "bad_line"),
            ("ddddddddd_4", "bad_id"),
            ("ddddddddddd4_1", "bad_id"),
            ("dddddddddd4_-1", "negative_start"),
            ("dddddddddd4_", "bad_start"),
            (f"{A}_5", "duplicate"),
        ],
    )
    def test_a_bad_line_is_told_by_its_number(self, line: str, reason: str, tmp_path: Path) -> None:
        found = imported("sphere360", tmp_path, {"train.txt": f"{A}_5\n{line}\n{B}_6\n"})
        assert told(found) == [("train.txt", 2, reason)]
        assert clip_ids(found) == [f"{A}-5", f"{B}-6"]

    def test_a_clip_in_two_splits_is_told(self, tmp_path: Path) -> None:
        found = imported("sphere360", tmp_path, {"train.txt": f"{A}_5\n", "test.txt": f"{A}_5\n{A}_9\n"})
        assert told(found) == [("test.txt", 1, "two_splits")]
        assert "train.txt line 1" in found.faults[0].message
        assert [row.split for row in found.rows] == ["train", "test"]

    def test_an_id_with_an_l_behind_is_kept_as_published_with_what_it_seems_to_mean(self, tmp_path: Path) -> None:
        found = imported("sphere360", tmp_path, {"train.txt": f"{A}l_5\n{A}_5\n"})
        assert [(row.video_id, row.extra["probable_video_id"]) for row in found.rows] == [(A, ""), (f"{A}l", A)]
        assert found.faults == ()
        assert found.remarks[0].startswith("1 ids have 12 characters")


class TestYtAmbigen:
    LISTS = {  # noqa: RUF012
        "train.csv": f"file_path\r\n{B}_5.npy\r\n{B}_20.npy\r\n",
        "valid.csv": f"file_path\r\n{A}_1.npy\r\n",
        "test.csv": f"file_path\r\n{C}_0.npy\r\n",
    }

    def test_reads_the_files_names_behind_the_header(self, tmp_path: Path) -> None:
        found = imported("yt-ambigen", tmp_path, dict(self.LISTS))
        assert [(row.clip_id, row.end_s, row.split) for row in found.rows] == [
            (f"{A}-1", 6, "valid"),
            (f"{B}-5", 10, "train"),
            (f"{B}-20", 25, "train"),
            (f"{C}-0", 5, "test"),
        ]
        assert found.faults == ()
        assert found.entries == {"train.csv": 2, "valid.csv": 1, "test.csv": 1}

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (f"{C}_5.wav", "bad_line"),
            (f"{C}.npy", "bad_line"),
            ("cccccccccc_5.npy", "bad_id"),
            (f"{C}_x.npy", "bad_start"),
            (f"{C}_-5.npy", "negative_start"),
        ],
    )
    def test_a_bad_line_is_told_by_its_number(self, line: str, reason: str, tmp_path: Path) -> None:
        found = imported("yt-ambigen", tmp_path, {"train.csv": f"file_path\n{A}_1.npy\n{line}\n{B}_1.npy\n"})
        assert told(found) == [("train.csv", 3, reason)]
        assert clip_ids(found) == [f"{A}-1", f"{B}-1"]

    def test_a_missing_header_is_told_and_its_line_is_read(self, tmp_path: Path) -> None:
        found = imported("yt-ambigen", tmp_path, {"train.csv": f"{A}_1.npy\n{B}_1.npy\n"})
        assert [(fault.line, fault.reason, fault.is_kept) for fault in found.faults] == [(1, "no_header", True)]
        assert clip_ids(found) == [f"{A}-1", f"{B}-1"]

    def test_another_header_is_told(self, tmp_path: Path) -> None:
        found = imported("yt-ambigen", tmp_path, {"train.csv": f"path,start\n{A}_1.npy\n"})
        assert [(fault.line, fault.reason, fault.is_kept) for fault in found.faults] == [(1, "no_header", False)]
        assert clip_ids(found) == [f"{A}-1"]


class TestSpatialaudiogen:
    @pytest.fixture
    def read(self, tmp_path: Path) -> Callable[..., Imported]:
        def run(layouts: str, train: str = f"{A}\n{B}\n") -> Imported:
            lists = {"train.txt": train, "test.txt": f"{C}\n", "audio_layouts.txt": layouts}
            return imported("spatialaudiogen", tmp_path, dict(lists))

        return run

    def test_makes_a_row_a_video_with_its_layout(self, read: Callable[..., Imported]) -> None:
        found = read(f"{A} WXYZ\n{B} WXY\n{C} WXYZ\n{D} WXY\n")
        assert [(row.clip_id, row.video_id, row.start_s, row.end_s, row.split) for row in found.rows] == [
            (A, A, None, None, "train"),
            (B, B, None, None, "train"),
            (C, C, None, None, "test"),
        ]
        assert [row.extra for row in found.rows] == [{"audio_layout": word} for word in ("WXYZ", "WXY", "WXYZ")]
        assert (found.faults, found.remarks) == ((), ())

    def test_ids_that_stand_twice_alike_are_remarked(self, read: Callable[..., Imported]) -> None:
        found = read(f"{A} WXYZ\n{B} WXY\n{C} WXY\n{A} WXYZ\nOR0010040 WXYZ\n")
        assert found.faults == ()
        assert found.remarks == (
            "audio_layouts.txt: 1 entries are no YouTube ids and in no split, such as OR0010040",
            f"audio_layouts.txt: 1 ids stand there twice, such as {A}",
        )

    def test_layouts_that_differ_are_told_and_the_first_stands(self, read: Callable[..., Imported]) -> None:
        found = read(f"{A} WXYZ\n{A} WXY\n{B} WXY\n{C} WXY\n")
        assert told(found) == [("audio_layouts.txt", 2, "different_layouts")]
        assert found.rows[0].extra == {"audio_layout": "WXYZ"}

    @pytest.mark.parametrize(
        ("line", "reason"),
        [("WXYZ", "bad_line"), ("x WXY", "bad_id"), (f"{A} WXZ", "bad_line"), (f"{A} W X", "bad_line")],
    )
    def test_a_bad_layout_is_told_and_left_empty(self, line: str, reason: str, read: Callable[..., Imported]) -> None:
        found = read(f"{B} WXY\n{line}\n{C} WXY\n")
        assert told(found) == [("audio_layouts.txt", 2, reason)]
        assert found.rows[0].extra == {"audio_layout": ""}
        assert f"1 videos have no layout in audio_layouts.txt, such as {A}" in found.remarks

    def test_bad_ids_are_told(self, read: Callable[..., Imported]) -> None:
        found = read(f"{A} WXY\n{B} WXY\n{C} WXY\n", train=f"{A}\n{A}\n{B}\n{C}\nshort\n")
        assert told(found) == [("train.txt", 2, "duplicate"), ("train.txt", 5, "bad_id"), ("test.txt", 1, "two_splits")]


def test_an_unknown_importer_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'yt360'"):
        importer_named("yt-360")
