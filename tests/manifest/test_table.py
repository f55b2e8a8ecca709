"""Reading a manifest: what a user's file may look like, and what becomes of the rows that cannot be used."""

import os
import re
from pathlib import Path

import pytest

from yt360_tools.errors import UsageError
from yt360_tools.manifest import Manifest, read_manifest, write_manifest
from yt360_tools.records import ClipRow

HEADER = "clip_id,video_id,start_s,end_s,split\n"


def manifest(folder: Path, text: str | bytes) -> Manifest:
    path = folder / "clips.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_manifest(path)


class TestRows:
    def test_as_written(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, HEADER + "one,-abc,54,64,train\n-abc-70.5,-abc,70.5,80.5,test\n")
        assert found.rows == (
            ClipRow("one", "-abc", 54.0, 64.0, "train", {}, 2),
            ClipRow("-abc-70.5", "-abc", 70.5, 80.5, "test", {}, 3),
        )
        assert found.faults == ()

    def test_only_the_video_must_be_named(self, tmp_path: Path) -> None:
        assert manifest(tmp_path, "video_id\n_x\n").rows == (ClipRow("_x", "_x", None, None, "all", {}, 2),)

    def test_a_clips_id_follows_from_video_and_start(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, "video_id,start_s,end_s\nabc,54.50,60\nabc,0,10\n")
        assert [row.clip_id for row in found.rows] == ["abc-54.5", "abc-0"]

    def test_columns_in_any_order_and_others_kept(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, "projection,end_s,video_id,note,start_s\neac,20,abc,,10\n")
        assert found.rows[0].extra == {"projection": "eac", "note": ""}
        assert (found.rows[0].start_s, found.rows[0].end_s) == (10, 20)

    def test_videos_in_the_order_of_first_mention(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, "video_id,start_s,end_s\nb,0,1\na,0,1\nb,1,2\n")
        assert found.video_ids == ("b", "a")


class TestFormsOfAFile:
    @pytest.mark.parametrize(
        "text",
        [
            b"\xef\xbb\xbfvideo_id,start_s,end_s\nabc,0,1\n",
            b"video_id,start_s,end_s\r\nabc,0,1\r\n",
            b"video_id,start_s,end_s\n\n  ,,\nabc,0,1\n\n\n",
            b" video_id , start_s,end_s\n abc , 0 , 1 \n",
            b'"video_id","start_s","end_s"\n"abc","0","1"',
        ],
        ids=["byte-order mark", "CRLF", "blank lines", "spaces", "quotes, no last line end"],
    )
    def test_all_mean_the_same(self, text: bytes, tmp_path: Path) -> None:
        found = manifest(tmp_path, text)
        assert [(row.clip_id, row.start_s, row.end_s) for row in found.rows] == [("abc-0", 0.0, 1.0)]
        assert found.faults == ()

    def test_lines_are_counted_as_an_editor_does(self, tmp_path: Path) -> None:
        """Blank lines count, and so does each line of a quoted cell."""
        text = 'video_id,note\n\nabc,"two\nlines"\nb d,\n'
        found = manifest(tmp_path, text)
        assert [fault.line for fault in found.faults] == [5]
        assert found.rows[0].line == 4

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (b"", "is empty; it needs a header: clip_id,video_id"),
            (b"\n\n", "is empty"),
            (HEADER.encode(), "a header and no rows"),
            (b"clip,video,start\na,b,1\n", "no column 'video_id'"),
            (b"video-id,start_s\na,1\n", "'video-id' in place of 'video_id'"),
            (b"video_id,split,split\na,b,c\n", "'split' twice"),
            (b'video_id,"split\na,b\n', "has no header: line 1 opens a quote that is never closed"),
            (b"video_id\n\xff\xfe\n", "not a CSV file in UTF-8"),
        ],
    )
    def test_those_that_serve_for_nothing_are_refused(self, text: bytes, message: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=message):
            manifest(tmp_path, text)

    def test_one_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"none\.csv cannot be read"):
            read_manifest(tmp_path / "none.csv")
        with pytest.raises(UsageError, match="cannot be read"):
            read_manifest(tmp_path)

    def test_comments_are_passed_over_and_counted_as_lines(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, '# a list\nvideo_id,note\n# b\nabc,"#\n# kept"\n#d,e\nf,# g\n')
        assert [(row.video_id, row.extra["note"], row.line) for row in found.rows] == [
            ("abc", "#\n# kept", 5),
            ("f", "# g", 7),
        ]
        assert [fault.line for fault in manifest(tmp_path, "video_id\n #x\n").faults] == [2]

    def test_an_open_quote_spoils_its_own_line_alone(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, 'video_id,note\na,x\nb,"open,\nc,y\nd d,\n')
        assert [row.video_id for row in found.rows] == ["a", "c"]
        assert [(fault.line, fault.reason) for fault in found.faults] == [(3, "bad_row"), (5, "bad_id")]
        assert "opens a quote that is never closed" in found.faults[0].message

    @pytest.mark.parametrize(
        ("closes", "lost"),
        [
            ('e,0,10,"x, y"', []),
            ("e,0,10,fine", []),
            ('e,0,10,fine"', []),
            ('e,0,10,"",x', [6]),
            ('e,0,10,","', []),
            ('"e",0,10,x', []),
            ('e,0,10,"another', [6]),
        ],
    )
    def test_a_quote_further_below_does_not_close_an_open_one(
        self, closes: str, lost: list[int], tmp_path: Path
    ) -> None:
        text = f'video_id,start_s,end_s,note\na,0,10,fine\nb,0,10,"open quote\nc,0,10,x\nd,9,8,x\n{closes}\nf,0,10,x\n'
        found = manifest(tmp_path, text)
        assert [row.video_id for row in found.rows] == ["a", "c", *([] if lost else ["e"]), "f"]
        assert [fault.line for fault in found.faults] == [3, 5, *lost]
        assert found.faults[0].message.endswith("line 3: opens a quote that is never closed")

    @pytest.mark.parametrize("follows", ["d,9,8,x", "d,0,-1,x", "d,x,,"])
    def test_a_line_that_is_a_row_but_for_its_times_is_no_part_of_a_cell(self, follows: str, tmp_path: Path) -> None:
        found = manifest(tmp_path, f'video_id,start_s,end_s,note\nb,0,10,"open\n{follows}\ne,0,10,"x"\nf,,,\n')
        assert [row.video_id for row in found.rows] == ["e", "f"]
        assert [(fault.line, fault.reason) for fault in found.faults] == [(2, "bad_row"), (3, "bad_times")]

    def test_a_cell_may_go_on_in_lines_that_are_no_rows(self, tmp_path: Path) -> None:
        """Each as it was; a text may have as many commas as a row has, as long as no id stands in the id's place."""
        notes = [
            "two\nlines",
            "\n\n",
            "# a\n# b",
            "1, 2\n, 3, 4, 5\nlast",
            'say ""x""\n""y""',
            "a\nsee, the sea, is, wide",
        ]
        rows = "".join(f',v{number},0,1,"{note}"\n' for number, note in enumerate(notes))
        found = manifest(tmp_path, f"other,video_id,start_s,end_s,note\n{rows}")
        assert [row.extra["note"].strip() for row in found.rows] == [note.replace('""', '"').strip() for note in notes]
        assert found.faults == ()

    @pytest.mark.parametrize("row", ['b,0,10,"a\nb"c', 'b,0,10,"a\nb",', 'b,0,"1\n0"'])
    def test_a_cell_of_several_lines_is_quoted_to_the_letter(self, row: str, tmp_path: Path) -> None:
        found = manifest(tmp_path, f"video_id,start_s,end_s,note\na,0,10,x\n{row}\nf,0,10,x\n")
        assert [row.video_id for row in found.rows] == ["a", "f"]
        assert [fault.line for fault in found.faults] == [3, 4]
        assert "opens a quote that is never closed" in found.faults[0].message

    def test_a_header_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="has no header: line 1 opens a quote that is never closed"):
            manifest(tmp_path, 'video_id,start_s,end_s,"note\na,0,1,x\nb,0,1,"\nc,0,1,x\n')

    def test_the_rows_above_a_cut_are_kept(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, HEADER + "a,v,0,1,train\nb,v,1")
        assert [row.clip_id for row in found.rows] == ["a"]
        ((line, reason, message),) = [(fault.line, fault.reason, fault.message) for fault in found.faults]
        assert (line, reason) == (3, "cut_off")
        assert (
            "has 3 cells; the header has 5, and no line end: the file is cut off; the rows above can be used" in message
        )

    def test_there_is_no_negative_zero(self, tmp_path: Path) -> None:
        assert manifest(tmp_path, "video_id,start_s,end_s\nv,-0,1\n").rows[0].clip_id == "v-0"


class TestFaults:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("c,../up,0,1,train", "bad_id"),
            ("c,,0,1,train", "bad_id"),
            ("../c,v,0,1,train", "bad_id"),
            ("c,v,0,1,a/b", "bad_id"),
            ("c,v,0,,train", "bad_times"),
            ("c,v,,1,train", "bad_times"),
            ("c,v,5,5,train", "bad_times"),
            ("c,v,6,5,train", "bad_times"),
            ("c,v,-1,5,train", "bad_times"),
            ("c,v,1:30,2:00,train", "bad_times"),
            ("c,v,nan,2,train", "bad_times"),
            ("c,v,0,inf,train", "bad_times"),
            ("c,v,0,1", "bad_row"),
            ("c,v,0,1,train,more", "bad_row"),
        ],
    )
    def test_of_one_row_leave_the_others(self, row: str, reason: str, tmp_path: Path) -> None:
        found = manifest(tmp_path, f"{HEADER}a,v,0,1,train\n{row}\nb,v,1,2,train\n")
        assert [kept.clip_id for kept in found.rows] == ["a", "b"]
        ((line, why, message),) = [(fault.line, fault.reason, fault.message) for fault in found.faults]
        assert (line, why) == (3, reason)
        assert message.startswith("clips.csv line 3: ")

    def test_of_a_doubled_clip_name_the_first_line(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, HEADER + "a,v,0,1,train\nb,v,0,1,train\na,w,3,4,test\n")
        assert [row.clip_id for row in found.rows] == ["a", "b"]
        assert found.faults[0].reason == "duplicate"
        assert "line 4" in found.faults[0].message
        assert "line 2 already" in found.faults[0].message

    def test_of_a_derived_id_that_is_doubled_are_found_too(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, "video_id,start_s,end_s\nv,0,1\nv,0.0,2\n")
        assert [fault.reason for fault in found.faults] == ["duplicate"]

    def test_a_row_that_is_at_fault_does_not_take_its_id(self, tmp_path: Path) -> None:
        found = manifest(tmp_path, HEADER + "a,v,5,1,train\na,v,0,1,train\n")
        assert [row.line for row in found.rows] == [3]
        assert [fault.reason for fault in found.faults] == ["bad_times"]


class TestLayouts:
    """The columns that say how the sphere lies in a video."""

    HEADER = HEADER.strip() + ",projection,stereo,faces\n"

    @pytest.mark.parametrize(
        "said",
        [
            "er,bottom-top,",
            "eac,right-left,",
            "cubemap,mono,3x2:RLUDFB:002200",
            ",,6x1:FRBLUD",
            ",,",
        ],
    )
    def test_that_are_known(self, said: str, tmp_path: Path) -> None:
        found = manifest(tmp_path, f"{self.HEADER}a,v,0,1,train,{said}\n")
        assert found.faults == ()
        assert ",".join(found.rows[0].extra[name] for name in ("projection", "stereo", "faces")) == said

    @pytest.mark.parametrize(
        ("said", "says"),
        [
            ("cube,,", "projection 'cube' is unknown; allowed: er, eac, cubemap, or empty$"),
            ("fisheye,,", "projection 'fisheye' is unknown; allowed: er, .*; fisheye pictures are out of scope"),
            (",left,", "stereo 'left' is unknown; allowed: mono, top-bottom, left-right, bottom-top, right-left"),
            ("cubemap,,3x2:RLUDFF", "faces are ARRANGEMENT:ORDER.*3x2, 6x1, 1x6.*got '3x2:RLUDFF'"),
            ("cubemap,,4x3", "faces are ARRANGEMENT:ORDER.*got '4x3'"),
            ("eac,,6x1:FRBLUD", "faces '6x1:FRBLUD' are a cubemap's, and projection is 'eac'"),
        ],
    )
    def test_that_are_not(self, said: str, says: str, tmp_path: Path) -> None:
        found = manifest(tmp_path, f"{self.HEADER}a,v,0,1,train,{said}\nb,w,0,1,train,er,,\n")
        assert [row.clip_id for row in found.rows] == ["b"]
        assert [fault.reason for fault in found.faults] == ["bad_layout"]
        assert re.search(says, found.faults[0].message), found.faults[0].message

    def test_that_differ_between_rows_of_a_video(self, tmp_path: Path) -> None:
        rows = "a,v,0,1,train,cubemap,,6x1:FRBLUD\nb,v,1,2,train,cubemap,,1x6:FRBLUD\nc,v,2,3,train,,,\n"
        found = manifest(tmp_path, self.HEADER + rows)
        assert [row.clip_id for row in found.rows] == ["a", "c"]
        assert "faces of 'v' is '1x6:FRBLUD' here and '6x1:FRBLUD' above" in found.faults[0].message


class TestWriting:
    ROWS = (
        ClipRow("-v-54.5", "-v", 54.5, 64.5, "train", {"note": 'with, comma and "quotes"'}),
        ClipRow("w", "w", None, None, "none"),
        ClipRow("x-0.333333", "x", 1 / 3, 2e4, "test", {"projection": "eac"}),
    )

    def test_and_reading_back(self, tmp_path: Path) -> None:
        write_manifest(tmp_path / "out.csv", self.ROWS)
        found = read_manifest(tmp_path / "out.csv")
        assert found.faults == ()
        for row, written in zip(found.rows, self.ROWS, strict=True):
            assert (row.clip_id, row.video_id, row.split) == (written.clip_id, written.video_id, written.split)
            assert row.start_s == pytest.approx(written.start_s, abs=1e-6)
            assert row.end_s == pytest.approx(written.end_s)
            assert {name: value for name, value in row.extra.items() if value} == written.extra

    def test_again_gives_the_same_bytes(self, tmp_path: Path) -> None:
        write_manifest(tmp_path / "one.csv", self.ROWS)
        write_manifest(tmp_path / "two.csv", read_manifest(tmp_path / "one.csv").rows)
        assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()

    def test_keeps_the_old_file_until_the_new_one_is_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "out.csv"
        write_manifest(path, self.ROWS[:1])
        before = path.read_bytes()

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            write_manifest(path, self.ROWS)
        assert path.read_bytes() == before
