"""Lists at hand: compared with the published ones, refused with all that is wrong, or taken as far as right."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from worlds import command, small_lists
from worlds.small_lists import A, B, C

from yt360_tools.errors import UsageError
from yt360_tools.manifest import descriptors, read_manifest
from yt360_tools.manifest.descriptors import Counts
from yt360_tools.manifest.importing import import_lists, read_lists, require_right

OTHER_SUM = r"test\.txt: its sha256 is [0-9a-f]{64}, the published one's is [0-9a-f]{64}"


def lists(folder: Path, **changes: str) -> Path:
    texts = {name: changes.get(name.removesuffix(".txt"), text) for name, text in small_lists.YT360.items()}
    return small_lists.write(folder, dict(texts))


class TestAsPublished:
    def test_the_rows(self, tmp_path: Path) -> None:
        assert len(import_lists(small_lists.yt360(), lists(tmp_path))) == 7

    def test_they_may_lie_in_the_folder_of_the_dataset(self, tmp_path: Path) -> None:
        lists(tmp_path / "small")
        assert len(import_lists(small_lists.yt360(), tmp_path)) == 7

    def test_under_their_published_path_or_their_name_alone(self, tmp_path: Path) -> None:
        text = f"{A}\n"
        nested = (small_lists.published("subsets/train.txt", text, split="train"),)
        dataset = small_lists.yt360(importer="spatialaudiogen", files=nested, expect=Counts())
        for name in ("subsets/train.txt", "train.txt"):
            folder = small_lists.write(tmp_path / name.replace("/", "-"), {name: text})
            assert [row.video_id for row in import_lists(dataset, folder)] == [A]

    @pytest.mark.parametrize(
        ("expect", "message"),
        [
            (Counts(videos=5), "videos: 4 instead of 5"),
            (Counts(clips=6), "clips: 7 instead of 6"),
            (Counts(whole_videos=1), "whole videos: 0 instead of 1"),
            (Counts(splits={"train": 4, "test": 3}), "splits: .* instead of"),
            (Counts(videos_by_split={"train": 2}), "videos by split: .* instead of"),
        ],
    )
    def test_a_wrong_count_is_refused(self, expect: Counts, message: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=message):
            import_lists(small_lists.yt360(expect=expect), lists(tmp_path))


class TestOtherVersions:
    def test_another_checksum_is_refused(self, tmp_path: Path) -> None:
        folder = lists(tmp_path, test=f"{B}\n\n")
        with pytest.raises(UsageError, match=OTHER_SUM) as caught:
            import_lists(small_lists.yt360(), folder)
        text = str(caught.value)
        assert text.startswith(f"the lists of Small in {folder}: not as published:")
        assert "(test.txt: a blank line, passed over: 2)" in text
        assert text.endswith("nothing was written; --any-version imports these 7 rows all the same")

    @pytest.mark.parametrize(
        ("changes", "entries", "says"),
        [
            (
                {"segments": f"{C} 7\n{B} 20,5\n"},
                {"segments.txt": 4},
                "segments.txt: 2 entries instead of 4: was it cut",
            ),
            ({"segments": f"{C} 7\n{B} 20,5\n{A} 54,68,10"}, {"segments.txt": 4}, "3 entries instead of 4: was it cut"),
            ({"train": f"{A}\n"}, {"train.txt": 2}, "train.txt: 1 entries instead of 2: was it cut off?"),
            ({"train": f"{A}\n{C[:5]}"}, {}, "train.txt line 2: 'ccccc' .* the list seems to be cut off here"),
        ],
    )
    def test_a_list_that_is_cut_off_is_told(
        self, changes: dict[str, str], entries: dict[str, int], says: str, tmp_path: Path
    ) -> None:
        files = tuple(
            small_lists.published(name, text, entries=entries.get(name)) for name, text in small_lists.YT360.items()
        )
        with pytest.raises(UsageError, match=says):
            import_lists(small_lists.yt360(files=files), lists(tmp_path, **changes))

    def test_lists_as_published_are_not_blamed_for_their_form(self, tmp_path: Path) -> None:
        texts = {name: text.replace("\n", "\r\n") + "\r\n" for name, text in small_lists.YT360.items()}
        files = tuple(small_lists.published(name, text) for name, text in texts.items())
        report = read_lists(small_lists.yt360(files=files), small_lists.write(tmp_path, dict(texts)))
        assert (report.differences, report.faults, report.remarks) == ((), (), ())

    def test_any_version_takes_other_checksums_and_counts_but_no_bad_line(self, tmp_path: Path) -> None:
        report = read_lists(small_lists.yt360(), lists(tmp_path, test=""))
        with pytest.raises(UsageError, match=r"wrong in 1 places:\n  test\.txt: holds nothing"):
            require_right(report, any_version=True)
        report = read_lists(small_lists.yt360(), lists(tmp_path, test=f"{C}\n"))
        assert {difference.partition(":")[0] for difference in report.differences} == {"test.txt", "splits"}
        with pytest.raises(UsageError, match=r"test\.txt line 1: 'cccccccccc3' is of split 'test' here"):
            require_right(report, any_version=True)
        require_right(report, salvage=True)

    def test_the_first_faults_of_each_reason_are_told_and_the_summary_last(self, tmp_path: Path) -> None:
        report = read_lists(small_lists.yt360(), lists(tmp_path, train="x\n" * 1000, segments=f"{B} x,x,x,x,x,x,x\n"))
        with pytest.raises(UsageError, match=r"and 995 more of bad_id; --json tells all") as caught:
            require_right(report)
        lines = str(caught.value).splitlines()
        assert sum(line.startswith("  train.txt line") for line in lines) == 5
        assert sum("is no number" in line for line in lines) == 5
        assert "  and 2 more of bad_start; --json tells all" in lines
        assert lines.index("  clips: 0 instead of 7") > max(n for n, line in enumerate(lines) if " line " in line)
        assert len(report.as_plain()["faults"]) == 1007

    def test_the_lists_of_another_dataset_are_recognised(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        known = tmp_path / "known"
        known.mkdir()
        monkeypatch.setattr(descriptors, "FOLDER", known)
        other = small_lists.toml_of(small_lists.yt360("http://nobody.invalid/", name="other"))
        (known / "other.toml").write_text(other, encoding="utf-8")
        folder = lists(tmp_path)
        asked = small_lists.yt360(files=(small_lists.published("train.txt", f"{C}\n"),))
        says = f"\nthese are the lists of other: yt360 manifest import other --from {folder}"
        with pytest.raises(UsageError) as caught:
            import_lists(asked, folder)
        assert says in str(caught.value)
        (folder / "test.txt").write_text(f"{B}\n\n", encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            import_lists(asked, folder)
        assert "these are the lists" not in str(caught.value)

    def test_a_list_of_an_unknown_split_is_told_and_passed_over(self, tmp_path: Path) -> None:
        folder = small_lists.write(lists(tmp_path), {"valid.txt": f"{A}\n", "notes.txt": "x"})
        report = read_lists(small_lists.yt360(), folder)
        assert report.remarks == (
            "valid.txt is no list of this dataset's: its split is unknown, and it is passed over",
        )
        assert len(report.rows) == 7

    def test_what_is_left_of_nothing_is_refused(self, tmp_path: Path) -> None:
        report = read_lists(small_lists.yt360(), lists(tmp_path, segments="x"))
        with pytest.raises(UsageError, match="no row is in them"):
            require_right(report, salvage=True)


class TestCommand:
    @pytest.fixture
    def descriptor(self, tmp_path: Path) -> Path:
        path = tmp_path / "small.toml"
        path.write_text(small_lists.toml_of(small_lists.yt360()), encoding="utf-8")
        return path

    def test_import_writes_a_sorted_manifest(self, descriptor: Path, tmp_path: Path) -> None:
        out = tmp_path / "small.csv"
        ended = command.run(["manifest", "import", descriptor, "--from", lists(tmp_path / "lists"), "--out", out])
        assert (ended.code, ended.stderr) == (0, "")
        assert ended.stdout == f"7 clips of 4 videos in {out}\n"
        found = read_manifest(out)
        assert found.faults == ()
        assert [row.clip_id for row in found.rows][:4] == [f"{A}-54", f"{A}-68", f"{A}-100", f"{B}-5"]

    def test_bad_lists_leave_no_manifest_and_tell_everything(self, descriptor: Path, tmp_path: Path) -> None:
        folder = lists(tmp_path / "lists", segments=f"{C} 7,x\nshort 1\n{B} 20,5\n")
        out = tmp_path / "small.csv"
        arguments = ["manifest", "import", descriptor, "--from", folder, "--out", out]
        ended = command.run(arguments)
        assert ended.code == 2
        assert not out.exists()
        for text in (
            "segments.txt: its sha256 is",
            "clips: 3 instead of 7",
            "segments.txt line 1: start 'x' is no number",
            "segments.txt line 2: 'short' is no YouTube id",
            "--salvage imports the 3 rows that are right",
        ):
            assert text in ended.stderr
        plain = json.loads(command.run([*arguments, "--json"]).stdout)
        assert plain["out"] is None
        assert [(fault["line"], fault["reason"]) for fault in plain["faults"]] == [(1, "bad_start"), (2, "bad_id")]

    def test_salvage_writes_what_is_right_and_tells_the_rest(self, descriptor: Path, tmp_path: Path) -> None:
        folder = lists(tmp_path / "lists", segments=f"{C} 7,x\nshort 1\n{B} 20.5\n")
        out = tmp_path / "small.csv"
        ended = command.run(["manifest", "import", descriptor, "--from", folder, "--out", out, "--salvage"])
        assert ended.code == 0
        assert "not as published: segments.txt: its sha256" in ended.stderr
        assert "left out  segments.txt line 1: start 'x'" in ended.stderr
        assert "left out  segments.txt line 2: 'short'" in ended.stderr
        assert "kept  segments.txt line 3: start '20.5'" in ended.stderr
        assert [row.clip_id for row in read_manifest(out).rows] == [f"{B}-20.5", f"{C}-7"]

    def test_any_version_says_what_is_another(self, descriptor: Path, tmp_path: Path) -> None:
        folder = lists(tmp_path / "lists", test=f"{B}\n\n")
        out = tmp_path / "small.csv"
        ended = command.run(["manifest", "import", descriptor, "--from", folder, "--out", out, "--any-version"])
        assert ended.code == 0
        assert "not as published: test.txt: its sha256 is" in ended.stderr
        assert len(read_manifest(out).rows) == 7

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (
                ["import", "yt630", "--from", ".", "--out", "x.csv"],
                "no dataset is called 'yt630'; did you mean 'yt360'",
            ),
            (["import", "yt360", "--from", "nowhere", "--out", "x.csv"], "nowhere is no folder"),
            (["import", "yt360", "--from", ".", "--out", "x.txt"], "x.txt"),
            (
                ["import", "yt360", "--from", ".", "--out", "x.csv", "--split-folders"],
                "--split-folders is for a folder",
            ),
            (["fetch"], "give names of datasets, or --all; known: demo,"),
            (["fetch", "yt360", "--all"], "give names of datasets, or --all"),
            (["fetch", "yt360", "sphere360", "--out", "x.csv"], "--out is for one dataset"),
            (["fetch", "yt360", "sphere360", "--base-url", "http://h/"], "--base-url is for one dataset"),
            (["fetch", "demo"], "the demo world is not fetched; make it: yt360 demo demo-world"),
            (["fetch", "starss23"], "STARSS23 is not fetched; download foa_dev.zip"),
            (["fetch", "yt360", "--mirror", "host"], "--mirror 'host': an address that begins with http"),
        ],
    )
    def test_wrong_usage(
        self, arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        ended = command.run(["manifest", *arguments])
        assert (ended.code, ended.stdout) == (2, "")
        assert says in ended.stderr
        assert not list(tmp_path.iterdir())

    def test_list(self) -> None:
        ended = command.run(["manifest", "list"])
        assert (ended.code, ended.stderr) == (0, "")
        (line,) = [line for line in ended.stdout.splitlines() if line.startswith("yt360 ")]
        assert line.split() == ["yt360", "91176", "5723", "253.3", "morgado2020learning"]

    def test_list_as_json(self) -> None:
        found: list[dict[str, Any]] = json.loads(command.run(["manifest", "list", "--json"]).stdout)
        by_name = {dataset["name"]: dataset for dataset in found}
        assert by_name["yt-ambigen"]["clips"] == 102364
        assert by_name["yt-ambigen"]["hours"] == pytest.approx(142.2, abs=0.05)
        assert by_name["yt-all"]["hours"] is None
        assert by_name["demo"]["files"] == []
        assert len(by_name["sphere360"]["files"][0]["sha256"]) == 64


class TestDemo:
    def test_a_world_is_imported_by_its_manifest(self, tmp_path: Path) -> None:
        rows = [("clip_id", "video_id", "split"), *((f"v{number}", f"v{number}", "train") for number in range(3))]
        with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        ended = command.run(["manifest", "import", "demo", "--from", tmp_path, "--out", tmp_path / "d.csv"])
        assert ended.code == 2
        assert "videos: 3 instead of 400" in ended.stderr
        ended = command.run(
            ["manifest", "import", "demo", "--from", tmp_path, "--out", tmp_path / "d.csv", "--any-version"]
        )
        assert ended.stdout == f"3 whole videos in {tmp_path / 'd.csv'}\n"

    def test_no_world(self, tmp_path: Path) -> None:
        ended = command.run(["manifest", "import", "demo", "--from", tmp_path, "--out", tmp_path / "d.csv"])
        assert ended.code == 2
        assert "manifest.csv" in ended.stderr
