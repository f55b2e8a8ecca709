"""Of a published list, what is still there: counted from whatever the ledger knows, in the middle of a run too."""

import csv
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worlds import command

from yt360_tools.manifest import read_manifest
from yt360_tools.pipeline import discard, download, listing
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.survival import GROUPS, Answers, answers_of, group_of, list_survival
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources.reasons import REASONS

EARLY, LATE = "2026-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = ("a-1,a,1,2,train", "a-5,a,5,6,train", "b,b,,,train", "c,c,,,train", "d,d,,,test", "-e,-e,,,test")
    rows += ("f-1,f,1,2,train", "f-5,f,5,6,test", "g,g,,,")
    return command.write_rows(tmp_path / "m.csv", *rows)  # a row without a split is of the split "all"


@pytest.fixture
def ledger(tmp_path: Path, manifest: Path) -> Iterator[Ledger]:
    """A run that has only begun: everything is to do."""
    workspace = Workspace(tmp_path / "work")
    workspace.raw.mkdir(parents=True)
    found = Ledger(workspace.ledger)
    found.expect(download.STAGE, read_manifest(manifest).video_ids)
    yield found
    found.close()


def fetched(video_id: str, state: str = "done", reason: str = "") -> Outcome:
    return Outcome(video_id, download.STAGE, state, reason)


def listed(video_id: str, reason: str = "", *, date: str = "", asked_at: str = EARLY) -> Outcome:
    """As `list_videos` records: an answer says when it was given."""
    state = "failed" if reason else "done"
    if reason and REASONS[reason].kind == "final":
        state = "rejected"
    data: dict[str, Any] = {"facts": {"upload_date": date or None}, "listing": {"asked_at": asked_at}}
    return Outcome(video_id, listing.STAGE, state, reason, data=data)


def reasons(tmp_path: Path, manifest: Path) -> dict[str, str]:
    return {fate.video_id: fate.reason for fate in list_survival(manifest, tmp_path / "work").fates}


def test_by_split_each_video_once(ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
    ledger.record([fetched("a"), fetched("b", "rejected", "gone_private"), listed("d"), listed("f", "gone_removed")])
    found = list_survival(manifest, tmp_path / "work")
    assert found.splits == {
        "train": {"fetched": 1, "gone_private": 1, "not_asked": 1, "gone_removed": 1},
        "test": {"offered": 1, "not_asked": 1, "gone_removed": 1},
        "all": {"not_asked": 1},
    }
    assert found.total == {"fetched": 1, "gone_private": 1, "offered": 1, "gone_removed": 1, "not_asked": 3}
    assert answers_of(found.total) == Answers(there=2, answered=4, unanswered=3)
    assert answers_of(found.total).share == 2 / 4
    assert answers_of(found.splits["all"]).share is None


def test_the_share_counts_no_video_that_nobody_knows_of() -> None:
    known = {"fetched": 1, "gone": 1, "restricted_age": 1, "no_spatial_sound": 1}
    unknown = {"network": 3, "bot_wall": 1, "refused": 1, "worker_died": 1, "not_asked": 1}
    assert answers_of(known | unknown) == Answers(there=1, answered=4, unanswered=7)
    assert answers_of(unknown).share is None


class TestWhatIsKnownTwice:
    def test_the_newer_answer_counts(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
        """What was fetched long ago and is private now is not there any more."""
        ledger.record([fetched("a"), fetched("b")])
        ledger.record([listed("a", "no_spatial_sound", asked_at=LATE), listed("b", "no_spatial_sound", asked_at=EARLY)])
        found = reasons(tmp_path, manifest)
        assert (found["a"], found["b"]) == ("no_spatial_sound", "fetched")

    def test_a_hiccup_is_no_answer(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
        ledger.record([listed("a", asked_at=EARLY), listed("b", "gone", asked_at=EARLY)])
        ledger.record([fetched("a", "failed", "network"), fetched("b", "failed", "bot_wall")])
        found = reasons(tmp_path, manifest)
        assert (found["a"], found["b"]) == ("offered", "gone")

    def test_what_is_still_to_do_says_nothing(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
        ledger.record([listed("a")])
        assert reasons(tmp_path, manifest)["a"] == "offered"


class TestYears:
    def test_from_the_listing_also_of_what_has_gone_since(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
        ledger.record([listed("a", date="20170104"), listed("b", "gone", date="20161231"), listed("c", "gone")])
        found = list_survival(manifest, tmp_path / "work")
        assert list(found.years) == ["2016", "2017", "unknown"]
        assert found.years["2016"] == {"gone": 1}
        assert found.years["unknown"] == {"gone": 1, "not_asked": 4}

    def test_from_what_was_noted_beside_the_media(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
        ledger.record([fetched("a"), fetched("-e"), fetched("g")])
        for video_id, text in (("a", '{"upload_date": "20180101"}'), ("-e", "{"), ("g", "[]")):
            folder = tmp_path / "work" / "raw" / video_id
            folder.mkdir()
            (folder / f"{video_id}.info.json").write_text(text, encoding="utf-8")
        years = {fate.video_id: fate.year for fate in list_survival(manifest, tmp_path / "work").fates}
        assert (years["a"], years["-e"], years["g"]) == ("2018", "unknown", "unknown")

    def test_from_what_is_remembered_of_discarded_media(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> None:
        remembered = {"information": {"upload_date": "20140101"}}
        ledger.record([fetched("a"), Outcome("a", discard.STAGE, "done", data=remembered)])
        assert list_survival(manifest, tmp_path / "work").years["2014"] == {"fetched": 1}

    def test_from_a_column_of_the_list(self, ledger: Ledger, tmp_path: Path) -> None:
        rows = ("a,a,,,train,2015-06-01", "b,b,,,train,")
        path = command.write_rows(tmp_path / "n.csv", *rows, header="clip_id,video_id,start_s,end_s,split,upload_date")
        assert list(list_survival(path, tmp_path / "work").years) == ["2015", "unknown"]


def test_every_reason_belongs_to_a_group() -> None:
    groups = {name: group_of(name) for name in REASONS}
    assert set(groups.values()) == set(GROUPS) - {"there", "not asked"}
    assert {groups[name] for name, reason in REASONS.items() if reason.kind == "heals"} == {"unclear"}
    assert {groups[name] for name, reason in REASONS.items() if reason.kind == "final"} <= {"gone", "not as wanted"}
    assert group_of("worker_died") == "unclear"


class TestTheCommand:
    @pytest.fixture
    def arguments(self, ledger: Ledger, manifest: Path, tmp_path: Path) -> list[object]:
        """While another process, this one, has the ledger open for writing."""
        ledger.record([fetched("a"), listed("b", "gone_private", date="20160101"), listed("d", "restricted_age")])
        return ["survival", manifest, "-w", tmp_path / "work"]

    def test_tables(self, arguments: list[object]) -> None:
        ended = command.run(arguments)
        assert (ended.code, ended.stderr) == (0, ""), ended
        lines = [line.split() for line in ended.stdout.splitlines() if line]
        assert lines[1] == ["train", "4", "1", "0", "0", "1", "0", "2", "50.0%", "2"]
        assert lines[4] == ["total", "7", "1", "0", "1", "1", "0", "4", "33.3%", "4"]
        assert ["2016", "1", "0", "0", "0", "1", "0", "0", "0.0%", "0"] in lines
        assert ["gone_private", "gone", "1", "1", "0", "0"] in lines

    def test_json(self, arguments: list[object]) -> None:
        found = json.loads(command.run([*arguments, "--json"]).stdout)
        assert list(found) == ["total", "splits", "years"]
        assert found["splits"]["train"] == {
            "videos": 4,
            "answered": 2,
            "unanswered": 2,
            "share_there": 0.5,
            "groups": dict.fromkeys(GROUPS, 0) | {"there": 1, "gone": 1, "not asked": 2},
            "reasons": {"fetched": 1, "gone_private": 1, "not_asked": 2},
        }

    def test_of_an_offline_machine_no_share_is_told(self, manifest: Path, tmp_path: Path) -> None:
        """A server that is not there says nothing of the videos."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{closed.getsockname()[1]}/{{video_id}}.mp4"
        config = tmp_path / "a.toml"
        config.write_text("[download]\nattempts = 1\nsleep_s = 0.0\n", encoding="utf-8")
        work = tmp_path / "offline"
        command.run(["download", manifest, "-w", work, "--config", config, "--source", address])
        found = json.loads(command.run(["survival", manifest, "-w", work, "--json"]).stdout)
        for counts in (found["total"], *found["splits"].values(), *found["years"].values()):
            assert (counts["share_there"], counts["answered"], counts["unanswered"]) == (None, 0, counts["videos"])
        lines = [line.split() for line in command.run(["survival", manifest, "-w", work]).stdout.splitlines() if line]
        assert [line[-2:] for line in lines if line[0] in ("total", "unknown")] == [["-", "7"], ["-", "7"]]

    def test_csv(self, arguments: list[object]) -> None:
        rows = list(csv.DictReader(io.StringIO(command.run([*arguments, "--csv"]).stdout)))
        assert [row["video_id"] for row in rows] == ["a", "b", "c", "d", "-e", "f", "g"]
        assert (rows[5]["split"], rows[5]["group"], rows[5]["known_by"]) == ("train test", "not asked", "")
        assert (rows[1]["reason"], rows[1]["year"], rows[1]["known_by"]) == ("gone_private", "2016", "listing")

    def test_a_plot(self, arguments: list[object], tmp_path: Path) -> None:
        ended = command.run([*arguments, "--plot", tmp_path / "s.png"])
        assert ended.code == 0, ended
        assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("name", "code", "says"), [("s.txt", 2, "should end with .png"), ("plots/s.png", 4, "there is no folder")]
    )
    def test_a_plot_of_another_name_or_in_no_folder(
        self, name: str, code: int, says: str, arguments: list[object], tmp_path: Path
    ) -> None:
        before = set(tmp_path.rglob("*"))
        ended = command.run([*arguments, "--plot", tmp_path / name])
        assert (ended.code, ended.stdout) == (code, ""), ended
        assert says in ended.stderr
        assert set(tmp_path.rglob("*")) == before

    def test_nothing_is_changed(self, arguments: list[object], ledger: Ledger) -> None:
        before = ledger.entries(download.STAGE)
        command.run(arguments)
        assert ledger.entries(download.STAGE) == before

    def test_no_workspace(self, manifest: Path, tmp_path: Path) -> None:
        ended = command.run(["survival", manifest, "-w", tmp_path / "nowhere"])
        assert ended.code == 2
        assert "is no workspace" in ended.stderr
        assert not (tmp_path / "nowhere").exists()
