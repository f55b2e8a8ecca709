"""A command that is refused leaves nothing behind; one that is interrupted says how far it came."""

import json
from pathlib import Path

import pytest
from worlds import command

from yt360_tools.pipeline.ledger import Ledger


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rebuild", "--raw-budget-gb", "3"), "--raw-budget-gb goes with --discard-raw"),
        (("rebuild", "--media", "nowhere"), "nowhere"),
        (("rebuild", "--source", "media/of/mine"), "media/of/mine"),
        (("rebuild", "--retry", "gne"), "'gne' is no reason; did you mean 'gone'"),
        (("rebuild", "--layout", "cuboid"), "cuboid"),
        (("download", "--source", "https://host/v.mp4"), "video_id"),
        (("download", "--retry", "netwrk"), "'netwrk' is no reason"),
        (("download", "--list", "--retry-rejected"), "--retry REASON, or --refresh"),
        (("download", "--list", "--retry", "typo"), "'typo' is no reason"),
        (("download", "--list", "--source", "https://host/{video_id}.mp4"), "what YouTube offers"),
        (("rebuild", "--faces", "3x2:RLU"), "ARRANGEMENT:ORDER"),
        (("validate", "--faces", "3x2:RLU"), "ARRANGEMENT:ORDER"),
        (("rebuild", "--plan", "--raw-budget-gb", "3"), "--raw-budget-gb goes with --discard-raw"),
        (("rebuild", "--plan", "--pilot", "2", "--media", "nowhere"), "nowhere"),
        (("rebuild", "--plan", "--retry", "gone"), "go with a run"),
        (("rebuild", "--part", "2/3", "--media", "nowhere"), "nowhere"),
    ],
)
def test_a_refused_command_leaves_no_workspace(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    manifest = command.write_rows(tmp_path / "m.csv", "v,v,,,train")
    name, *options = words
    ended = command.run([name, manifest, "-w", tmp_path / "work", *options])
    assert ended.code == 2, ended
    assert says in ended.stderr
    assert not (tmp_path / "work").exists()


def test_a_refused_command_leaves_a_folder_and_a_workspace_as_they_were(tmp_path: Path) -> None:
    manifest = command.write_rows(tmp_path / "m.csv", "v,v,,,train")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("mine")
    refused = ["rebuild", manifest, "-w", tmp_path / "work", "--media", "nowhere"]
    assert command.run(refused).code == 2
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["notes.txt"]
    (tmp_path / "media").mkdir()
    assert command.run([*refused[:-1], tmp_path / "media"]).code == 3  # it has no such video
    before = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert command.run(refused).code == 2
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == before
    ledger = Ledger(tmp_path / "work" / "ledger.sqlite", read_only=True)
    assert ledger.entries("download")["v"].reason == "missing_media"
    ledger.close()


@pytest.mark.parametrize("as_json", [True, False])
def test_an_interrupted_run_says_how_far_it_came(as_json: bool, tmp_path: Path) -> None:
    videos = ["a", "b", "c"]
    manifest = command.write_rows(tmp_path / "m.csv", *(f"{one},{one},0,2,train" for one in videos))
    for one in videos:
        command.write_media(tmp_path / "media", one, 3.0)
    words = ["rebuild", manifest, "-w", tmp_path / "work", "--media", tmp_path / "media", *command.SMALL]
    words += ["--json"] if as_json else []
    ended = command.run(words, command=command.interrupted_after("validate"))
    assert ended.code == 130, ended
    assert "run the same command again to go on" in ended.stderr
    if as_json:
        plain = json.loads(ended.stdout)
        assert plain["interrupted"] is True
        assert {one["stage"]: (one["done"], one["to_do"]) for one in plain["stages"]}["download"] == (3, 0)
    else:
        assert "download  3 done" in ended.stdout
    ledger = Ledger(tmp_path / "work" / "ledger.sqlite", read_only=True)
    assert {entry.state for entry in ledger.entries("validate").values()} == {"done"}
    ledger.close()
