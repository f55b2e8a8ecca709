"""Questions in SQL: the tables and their columns, the help's questions, an answer's forms, a workspace's ledger."""

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from worlds import command
from worlds.command import write_rows

from yt360_tools.cli import yt360
from yt360_tools.errors import UsageError
from yt360_tools.manifest.query import GivenTable, asked
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.queries import workspace_tables
from yt360_tools.records import Outcome, SourceLayout, VideoRecord

ROWS = (
    "-one-0,-one,0,10,train,sea",
    "-one-10.5,-one,10.5,20.5,train,",
    "two-5,two,5,15,test,wind",
    "two-0,two,0,10,train,",
    "three,three,,,test,",
)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "clips.csv", *ROWS, header="clip_id,video_id,start_s,end_s,split,heard")


@pytest.fixture(params=["clips.csv", "clips.parquet"])
def in_any_form(request: pytest.FixtureRequest, clips: Path) -> Path:
    path = clips.with_name(request.param)
    if path.suffix == ".parquet":
        with duckdb.connect() as database:
            rows = "SELECT * REPLACE (start_s::DOUBLE AS start_s, end_s::DOUBLE AS end_s)"
            database.execute(f"COPY ({rows} FROM read_csv('{clips}', all_varchar = true)) TO '{path}' (FORMAT parquet)")
    return path


def answer_of(path: Path, sql: str, *tables: GivenTable) -> list[tuple[Any, ...]]:
    with asked(path, sql, tables) as answer:
        return list(answer.rows)


def ask(*arguments: object) -> command.Ended:
    return command.run(["manifest", "query", *arguments])


class TestTables:
    def test_clips_are_the_rows(self, in_any_form: Path) -> None:
        assert sorted(answer_of(in_any_form, "FROM clips")) == [
            ("-one-0", "-one", 0.0, 10.0, "train", "sea"),
            ("-one-10.5", "-one", 10.5, 20.5, "train", None),
            ("three", "three", None, None, "test", None),
            ("two-0", "two", 0.0, 10.0, "train", None),
            ("two-5", "two", 5.0, 15.0, "test", "wind"),
        ]

    def test_videos_are_a_row_each(self, in_any_form: Path) -> None:
        with asked(in_any_form, "FROM videos ORDER BY video_id") as answer:
            assert answer.columns == (
                "video_id", "clips", "whole_videos", "seconds", "first_start_s", "last_end_s", "splits", "split_count",
            )  # fmt: skip
            assert list(answer.rows) == [
                ("-one", 2, 0, 20.0, 0.0, 20.5, "train", 1),
                ("three", 0, 1, None, None, None, "test", 1),
                ("two", 2, 0, 20.0, 0.0, 15.0, "test,train", 2),
            ]

    def test_what_a_parquet_file_leaves_out_is_filled(self, tmp_path: Path) -> None:
        path = tmp_path / "bare's [1].parquet"
        with duckdb.connect() as database:
            full = "SELECT 'a' AS video_id, 7 AS start_s, 8::DECIMAL(9, 2) AS end_s, 42 AS views"
            rows = f"{full} UNION ALL BY NAME SELECT 'b' AS video_id"
            name = str(path).replace("'", "''")
            database.execute(f"COPY ({rows}) TO '{name}' (FORMAT parquet)")
        found = answer_of(path, "FROM clips ORDER BY video_id")
        assert found == [("a-7", "a", 7.0, 8.0, "all", "42"), ("b", "b", None, None, "all", None)]

    def test_tables_that_are_given(self, clips: Path) -> None:
        given = GivenTable(
            "heard", {"video_id": "VARCHAR", "n": "BIGINT"}, ((f"v{n}", n or None) for n in range(25_000))
        )
        assert answer_of(clips, "SELECT count(*), count(n), sum(n) FROM heard", given) == [
            (25_000, 24_999, sum(range(25_000)))
        ]

    def test_columns_of_the_same_name_are_told_apart(self, clips: Path) -> None:
        with asked(clips, "SELECT 1 AS a, 2 AS a, 3 AS b, 4 AS a") as answer:
            assert len(set(answer.columns)) == 4

    def test_a_file_that_is_no_manifest(self, tmp_path: Path) -> None:
        (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
        with pytest.raises(UsageError, match="cut off"), asked(tmp_path / "broken.parquet", "FROM clips"):
            pass
        with pytest.raises(UsageError, match="cannot be read"), asked(tmp_path / "nowhere.csv", "FROM clips"):
            pass


def record(video_id: str, **changes: Any) -> dict[str, Any]:
    """What validating lays down for a video."""
    values: dict[str, Any] = {
        "video_path": "raw/a.webm", "audio_path": "raw/a.webm", "width": 3840, "height": 1920, "fps": 29.97,
        "start_s": 0.0, "end_s": 60.0, "sample_rate_hz": 48_000, "channels": 4, "channel_map": (0, 1, 2, 3),
        "layout": SourceLayout("eac", "mono", "metadata"), "video_codec": "vp9", "audio_codec": "opus",
    }  # fmt: skip
    return {**asdict(VideoRecord(video_id, **{**values, **changes})), "header_pose_deg": [0, 0, 0]}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    ledger = Ledger(root / "ledger.sqlite")
    ledger.record(
        [
            Outcome("-one", "download", "done", data={"files": {"a.webm": {"bytes": 70}, "b.json": {"bytes": 7}}}),
            Outcome("two", "download", "rejected", "gone_private", "Private video. Sign in"),
            Outcome("three", "download", "done", data={"files": {"three.webm": 12}}),
            Outcome("-one", "validate", "done", data=record("-one")),
            Outcome("three", "validate", "rejected", "no_sound", "it has none", data={}),
        ]
    )
    ledger.record([Outcome("two", "download", "rejected", "gone_removed", "Video unavailable")])
    ledger.expect("build", ["-one-0"])
    ledger.close()
    return root


class TestAWorkspace:
    def test_tells_how_items_fared(self, clips: Path, workspace: Path) -> None:
        asking = "SELECT stage, item, state, reason, detail, attempts FROM outcomes ORDER BY stage, item"
        assert answer_of(clips, asking, *workspace_tables(workspace)) == [
            ("build", "-one-0", "to_do", "", "", 0),
            ("download", "-one", "done", "", "", 1),
            ("download", "three", "done", "", "", 1),
            ("download", "two", "rejected", "gone_removed", "Video unavailable", 2),
            ("validate", "-one", "done", "", "", 1),
            ("validate", "three", "rejected", "no_sound", "it has none", 1),
        ]

    def test_tells_when(self, clips: Path, workspace: Path) -> None:
        asking = "SELECT count(recorded_at_utc), bool_and(recorded_at_utc > TIMESTAMP '2020-01-01') FROM outcomes"
        assert answer_of(clips, asking, *workspace_tables(workspace)) == [(5, True)]

    def test_tells_what_videos_are(self, clips: Path, workspace: Path) -> None:
        columns = "video_id, width, height, fps, duration_s, projection, stereo, decided_by"
        more = "video_codec, audio_codec, channels, channel_map, sample_rate_hz, bytes"
        (found,) = answer_of(clips, f"SELECT {columns}, {more} FROM media", *workspace_tables(workspace))
        assert found[:8] == ("-one", 3840, 1920, 29.97, 60.0, "eac", "mono", "metadata")
        assert found[8:] == ("vp9", "opus", 4, "0,1,2,3", 48_000, 77)

    def test_is_not_changed(self, clips: Path, workspace: Path) -> None:
        before = (workspace / "ledger.sqlite").read_bytes()
        ended = ask(clips, "SELECT count(*) AS n FROM outcomes", "-w", workspace, "--format", "json")
        assert json.loads(ended.stdout) == [{"n": 6}]
        assert (workspace / "ledger.sqlite").read_bytes() == before

    def test_that_is_none(self, clips: Path, tmp_path: Path) -> None:
        ended = ask(clips, "FROM outcomes", "-w", tmp_path)
        assert (ended.code, ended.stdout) == (2, "")
        assert "is no workspace" in ended.stderr

    def test_without_it_its_tables_are_not_there(self, clips: Path) -> None:
        ended = ask(clips, "FROM outcomes")
        assert ended.code == 2
        assert "there is no table 'outcomes'; there are clips, videos" in ended.stderr


def questions_of_the_help() -> Iterator[tuple[str, list[str]]]:
    """Each question with the words of its command."""
    shown = CliRunner().invoke(yt360, ["manifest", "query", "--help"], prog_name="yt360").output
    examples = shown[shown.index("  Examples") : shown.index("Options:")]
    for question, spelt in re.findall(r"(?m)^ +(\S[^\n]*\?)\n((?: {4,}[^\n]*\n)+)", examples):
        yield question, shlex.split(" ".join(spelt.split()))[3:]


ANSWERS = {
    "hours has each split?": [
        {"split": "test", "clips": 2, "videos": 2, "hours": 10 / 3600},
        {"split": "train", "clips": 3, "videos": 2, "hours": 30 / 3600},
    ],
    "the most clips?": [
        {"video_id": "-one", "clips": 2, "seconds": 20.0},
        {"video_id": "two", "clips": 2, "seconds": 20.0},
        {"video_id": "three", "clips": 0, "seconds": None},
    ],
    "in two splits?": [{"video_id": "two", "splits": "test,train"}],
    "not there?": [
        {"stage": "download", "state": "rejected", "reason": "gone_removed", "videos": 1},
        {"stage": "validate", "state": "rejected", "reason": "no_sound", "videos": 1},
    ],
    "do the videos have?": [
        {"width": 3840, "height": 1920, "fps": 30.0, "projection": "eac", "stereo": "mono", "videos": 1}
    ],
}


def test_the_help_asks_five_questions() -> None:
    assert len(dict(questions_of_the_help())) == len(ANSWERS) == 5


@pytest.mark.parametrize("ending", ANSWERS)
def test_the_questions_of_the_help_are_answered(ending: str, clips: Path, workspace: Path) -> None:
    (words,) = [words for question, words in questions_of_the_help() if question.endswith(ending)]
    places: dict[str, object] = {"clips.csv": clips, "work": workspace}
    ended = ask(*(places.get(word, word) for word in words), "--format", "json")
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    wanted = ANSWERS[ending]
    if ending == "the most clips?":
        found.sort(key=lambda row: (-row["clips"], row["video_id"]))
    assert found == [pytest.approx(row) if "hours" in row else row for row in wanted]


class TestForms:
    SQL = (
        "SELECT clip_id, start_s, heard, [1, 2] AS list, start_s > 1 AS late "
        "FROM clips WHERE split = 'train' ORDER BY clip_id"
    )

    def test_a_table(self, clips: Path) -> None:
        assert ask(clips, self.SQL).stdout.splitlines() == [
            "clip_id    start_s  heard  list    late",
            "-one-0           0  sea    [1, 2]  false",
            "-one-10.5     10.5  -      [1, 2]  true",
            "two-0            0  -      [1, 2]  false",
        ]

    def test_csv(self, clips: Path) -> None:
        rows = list(csv.reader(io.StringIO(ask(clips, self.SQL, "--format", "csv").stdout)))
        assert rows[0] == ["clip_id", "start_s", "heard", "list", "late"]
        assert rows[2] == ["-one-10.5", "10.5", "", "[1, 2]", "true"]

    def test_json(self, clips: Path) -> None:
        found = json.loads(ask(clips, self.SQL, "--format", "json").stdout)
        assert found[1] == {"clip_id": "-one-10.5", "start_s": 10.5, "heard": None, "list": [1, 2], "late": True}

    def test_json_of_all_kinds_of_values(self, clips: Path) -> None:
        sql = (
            "SELECT 1.5::DECIMAL(9, 2) AS a, 7::HUGEINT AS b, 'inf'::DOUBLE AS c, DATE '2020-02-03' AS d, "
            "{'x': [NULL]} AS e, TIMESTAMP '2020-02-03 04:05:06' AS f, 'é' || chr(10) AS g, NULL AS h, "
            "'ab'::BLOB AS i, INTERVAL 1 DAY AS j, MAP {1: 'a'} AS k"
        )
        (found,) = json.loads(ask(clips, sql, "--format", "json").stdout)
        assert (found["a"], found["b"], found["c"], found["d"]) == (1.5, 7, None, "2020-02-03")
        assert (found["e"], found["f"], found["g"], found["h"]) == ({"x": [None]}, "2020-02-03 04:05:06", "é\n", None)
        assert found["i"] == "6162"

    def test_nothing_found(self, clips: Path) -> None:
        none = "SELECT clip_id FROM clips WHERE false"
        assert json.loads(ask(clips, none, "--format", "json").stdout) == []
        assert ask(clips, none, "--format", "csv").stdout == "clip_id\n"
        assert ask(clips, none).stdout == "clip_id\n"

    def test_a_table_says_what_it_leaves_out(self, clips: Path) -> None:
        ended = ask(clips, "SELECT i FROM range(12345) AS r(i)")
        assert len(ended.stdout.splitlines()) == 1 + 100
        assert ended.stderr == "... and 12245 more rows; '--limit 0' shows all\n"
        assert len(ask(clips, "SELECT i FROM range(12345) AS r(i)", "--limit", "0").stdout.splitlines()) == 1 + 12345
        assert len(ask(clips, "SELECT i FROM range(12345) AS r(i)", "--format", "csv").stdout.splitlines()) == 1 + 12345
        assert len(json.loads(ask(clips, "FROM clips", "--format", "json", "--limit", "2").stdout)) == 2

    def test_a_table_does_not_steer_the_terminal(self, clips: Path) -> None:
        assert ask(clips, "SELECT chr(27) || '[31mred' || chr(10) AS a").stdout == "a\n\\x1b[31mred\\n\n"

    @pytest.mark.parametrize(("name", "starts"), [("a.csv", "clip_id\n"), ("a.json", "[\n"), ("a.txt", "clip_id")])
    def test_a_file_by_its_name(self, name: str, starts: str, clips: Path) -> None:
        out = clips.with_name(name)
        ended = ask(clips, "SELECT clip_id FROM clips", "--out", out)
        assert (ended.code, ended.stdout) == (0, "")
        assert out.read_text().startswith(starts)

    def test_a_file_is_there_when_it_is_whole(self, clips: Path) -> None:
        out = clips.with_name("out.csv")
        ended = ask(
            clips, "SELECT CASE WHEN i = 90000 THEN error('late') ELSE i END FROM range(99999) AS r(i)", "-o", out
        )
        assert ended.code == 2, ended
        assert "late" in ended.stderr
        assert [path.name for path in clips.parent.iterdir()] == [clips.name]

    def test_the_manifest_is_not_written_over(self, clips: Path) -> None:
        before = clips.read_bytes()
        (clips.parent / "link.csv").symlink_to(clips)
        for out in (clips, clips.parent / "link.csv"):
            assert ask(clips, "SELECT 1", "--out", out).code == 2
        assert clips.read_bytes() == before


def test_an_error_is_one_message_and_usage(clips: Path) -> None:
    ended = ask(clips, "SELECT heart FROM clips")
    assert (ended.code, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert "there is no column" in line
    assert '"heard"' in line
