"""Where commands on manifests write: a folder that is not there is an error of one line, and nothing is made."""

from pathlib import Path

import pytest
from worlds import command, small_lists
from worlds.command import write_rows

WRITING = {
    "stats": ("stats", "m.csv", "--plot", "OUT.png"),
    "query": ("query", "m.csv", "SELECT 1", "--out", "OUT.csv"),
    "overlap": ("overlap", "m.csv", "m.csv", "--out", "OUT.csv"),
    "subset": ("subset", "m.csv", "--out", "OUT.csv"),
    "merge": ("merge", "m.csv", "--out", "OUT.parquet"),
    "import": ("import", "small.toml", "--from", "lists", "--out", "OUT.csv"),
    "fetch": ("fetch", "small.toml", "--lists", "lists", "--out", "OUT.csv"),
}


def run(tmp_path: Path, words: tuple[str, ...], out: str) -> command.Ended:
    write_rows(tmp_path / "m.csv", "a-0,a,0,10,train", "b-0,b,0,10,test")
    small_lists.write(tmp_path / "lists" / "small", dict(small_lists.YT360))
    (tmp_path / "small.toml").write_text(small_lists.toml_of(small_lists.yt360()), encoding="utf-8")
    places = {path.name: path for path in tmp_path.iterdir()}
    return command.run(["manifest", *(places.get(word, word.replace("OUT", f"{tmp_path}/{out}")) for word in words)])


@pytest.mark.parametrize("name", WRITING)
def test_a_folder_that_is_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    ended = run(tmp_path, WRITING[name], "new/out")
    assert ended.code == 0, ended
    assert [path.stem for path in (tmp_path / "new").iterdir()] == ["out"]


@pytest.mark.parametrize("name", WRITING)
def test_a_folder_that_is_not_there(name: str, tmp_path: Path) -> None:
    ended = run(tmp_path, WRITING[name], "new/er/out")
    assert (ended.code, ended.stdout) == (4, ""), ended
    (line,) = ended.complaints
    assert line.startswith(f"error: {tmp_path}/new/er/out."), line
    assert line.endswith(f" cannot be written: there is no folder {tmp_path}/new/er"), line
    assert not (tmp_path / "new").exists()


def test_a_plot_is_a_png(tmp_path: Path) -> None:
    ended = run(tmp_path, ("stats", "m.csv", "--plot", "OUT.jpg"), "out")
    assert (ended.code, ended.stdout) == (2, "")
    assert "should end with .png" in ended.stderr
