"""Changed rules: they change nothing by themselves and say so; `validate --again` examines anew what is not built."""

from pathlib import Path

import pytest
from worlds import command

QUIET = "[sound]\nsilent_dbfs = -0.5\n"
"""By which every sound is silent."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for seed, video_id in enumerate(("one", "two")):
        command.write_media(tmp_path / "media", video_id, seed=seed)
    command.write_rows(tmp_path / "m.csv", "one-1,one,1,4,train", "two-1,two,1,4,train")
    (tmp_path / "strict.toml").write_text(QUIET, encoding="utf-8")
    ran("download", tmp_path, "--media", tmp_path / "media")
    ran("validate", tmp_path)
    return tmp_path


def ran(stage: str, folder: Path, *words: object) -> command.Ended:
    ended = command.run([stage, folder / "m.csv", "-w", folder / "work", *words])
    assert ended.code == 0, ended
    return ended


def test_changed_rules_are_told_of_and_change_nothing(work: Path) -> None:
    ended = ran("validate", work, "--config", work / "strict.toml")
    assert "2 videos were judged by other rules" in ended.stderr
    assert "validate --again" in ended.stderr
    assert "2 done (0 in this run)" in ended.stdout
    assert "judged by other rules" not in ran("validate", work).stderr


def test_again_examines_anew_and_cuts_anew(work: Path) -> None:
    ran("segment", work)
    ended = ran("validate", work, "--config", work / "strict.toml", "--again")
    assert "2 rejected (2 in this run)" in ended.stdout
    assert "2 rejected" in ran("segment", work, "--config", work / "strict.toml").stdout
    assert "2 done (2 in this run)" in ran("validate", work, "--again").stdout
    assert "2 done (2 in this run)" in ran("segment", work).stdout
    assert "(0 in this run)" in ran("validate", work, "--again").stdout


def test_what_stands_in_shards_stays(work: Path) -> None:
    ran("segment", work)
    ran("build", work, "--width", 64, "--fps", 4, "--sample-rate", 8000)
    ended = ran("validate", work, "--config", work / "strict.toml", "--again")
    assert "2 videos were judged by other rules than these, and stand in shards" in ended.stderr
    assert "2 done (0 in this run)" in ended.stdout


def test_tolerated_and_refused_at_once(work: Path) -> None:
    (work / "both.toml").write_text('[validate]\ntolerate = ["still"]\nrefuse = ["still"]\n', encoding="utf-8")
    ended = command.run(["validate", work / "m.csv", "-w", work / "work", "--config", work / "both.toml"])
    assert (ended.code, "'still' is to be tolerated and refused" in ended.stderr) == (2, True)
