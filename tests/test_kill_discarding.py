"""Video by video: `--discard-raw` makes the shards of a rebuild without it, wherever it is killed, within its budget.

The points of death are reached exactly (`worlds.killing_driver`).
"""

import functools
import http.server
import json
import os
import signal
import sqlite3
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from worlds import command
from worlds.command import Ended

DRIVER = Path(__file__).parent / "worlds" / "killing_driver.py"
LEDGER = "yt360_tools.pipeline.ledger:Ledger"
DEATHS = (
    "after yt360_tools.sources.local:_link_or_copy 3",
    f"after {LEDGER}.record 1 stage='validate'",
    f"after {LEDGER}.plan_shards 1",
    "after os:replace 1 .h5')",
    f"after {LEDGER}.record 1 stage='discard'",
    "before os:replace 1 .discarded')",
    "after os:replace 1 .discarded')",
    "after os:replace 2 .h5')",
    f"after {LEDGER}.plan_shards 2",
    "before os:replace 1 clips.csv')",
)
BUDGET_DEATHS = (
    "after yt360_tools.sources.local:_link_or_copy 3",
    f"after {LEDGER}.record 1 stage='validate'",
    "before os:replace 1 .discarded')",
    "after yt360_tools.sources.local:_link_or_copy 3",
)
"""In the middle of a video, between its stages, and before it is removed."""

WIDTHS = {"first": 128, "-second": 768, "third": 128, "fourth": 1024, "fifth": 128}
ONE_AT_A_TIME = "[download]\njobs = 1\n"


@dataclass(frozen=True)
class Work:
    """A workspace and the command that is given again and again for it."""

    arguments: tuple[object, ...]
    workspace: Path

    def run(self, *more: object) -> Ended:
        ended = command.run((*self.arguments, *more))
        assert ended.code == 0, ended
        return ended

    def killed_at(self, point: str, number: int, program: tuple[str, ...] = (sys.executable, str(DRIVER))) -> None:
        counter = self.workspace.parent / f"calls{number}"
        changes = {"KILL_AT": point, "KILL_COUNTER": str(counter)}
        ended = command.run(self.arguments, command=program, changes=changes)
        assert Path(f"{counter}.fired").exists(), f"{point} was not reached: {ended}"
        assert ended.code == -signal.SIGKILL, ended

    def info(self) -> dict[str, Any]:
        return json.loads(command.run(["shard", "info", self.workspace / "shards", "--json"]).stdout)

    @property
    def clips_by_shard(self) -> dict[str, int]:
        return {Path(shard["path"]).name: shard["clips"] for shard in self.info()["shards"]}

    @property
    def raw(self) -> list[Path]:
        return sorted((self.workspace / "raw").iterdir())


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five videos of two splits, each a shard and a half: the shards reach over the videos' ends.

    The second and the fourth have about twice the bytes of the others.
    """
    folder = tmp_path_factory.mktemp("media")
    for index, (video_id, width) in enumerate(WIDTHS.items()):
        command.write_media(folder / "media", video_id, 6.5, seed=index, width=width)
    given = [f",third,{start},{start + 2},train" for start in (0, 2, 4)]
    whole = ("first,first,,,train", "-second,-second,,,test")
    command.write_rows(folder / "manifest.csv", *whole, *given, "fourth,fourth,,,test", "fifth,fifth,,,train")
    (folder / "one.toml").write_text(ONE_AT_A_TIME, encoding="utf-8")
    return folder


def work_in(folder: Path, media: Path, *more: object) -> Work:
    workspace = folder / "work"
    where = ("--media", media / "media", "--workspace", workspace, "--config", media / "one.toml")
    return Work(("rebuild", media / "manifest.csv", *where, *command.SMALL, "--shard-mb", "0.4", *more), workspace)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Work:
    """A rebuild that keeps all media."""
    work = work_in(tmp_path_factory.mktemp("kept"), media)
    work.run()
    assert len(work.clips_by_shard) == 8
    assert len(work.raw) == 5
    return work


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()}


def test_makes_the_same_shards_and_leaves_no_media(tmp_path: Path, media: Path, kept: Work) -> None:
    """The user's own files are not touched: what goes from the workspace is a link."""
    before = snapshot(media / "media")
    work = work_in(tmp_path, media, "--discard-raw")
    report = json.loads(work.run("--json").stdout)
    assert {stage["stage"]: stage["taken_up"] for stage in report["stages"]} == {
        "download": 5, "validate": 5, "segment": 7, "build": 15
    }  # fmt: skip
    assert work.raw == []
    assert work.clips_by_shard == kept.clips_by_shard
    assert work.info()["content_hash"] == kept.info()["content_hash"]
    for table in ("clips.csv", "shards/index.csv"):
        assert (work.workspace / table).read_bytes() == (kept.workspace / table).read_bytes()
    assert snapshot(media / "media") == before
    assert json.loads(work.run("--json").stdout)["stages"][0]["taken_up"] == 0


def test_killed_again_and_again(tmp_path: Path, media: Path, kept: Work) -> None:
    before = snapshot(media / "media")
    work = work_in(tmp_path, media, "--discard-raw")
    for number, point in enumerate(DEATHS):
        work.killed_at(point, number)
        for folder in work.raw:
            assert folder.name[0] == "." or len(list(folder.iterdir())) == 2, f"{folder} lacks a file"
    work.run()
    assert work.raw == []
    assert work.clips_by_shard == kept.clips_by_shard
    assert work.info()["content_hash"] == kept.info()["content_hash"]
    assert (work.workspace / "clips.csv").read_bytes() == (kept.workspace / "clips.csv").read_bytes()
    assert [path.name for path in work.workspace.rglob(".*")] == [".lock"]
    assert snapshot(media / "media") == before


@pytest.mark.parametrize("deaths", [(), BUDGET_DEATHS])
def test_media_never_exceed_their_budget(deaths: tuple[str, ...], tmp_path: Path, media: Path, kept: Work) -> None:
    """What lies in ``raw/`` is weighed whenever the ledger is written, and whenever a file has come; killed or not."""
    sizes = {folder.name: sum(path.stat().st_size for path in folder.iterdir()) for folder in kept.raw}
    assert 1.5 * sizes["first"] < sizes["-second"] < sizes["fourth"]
    budget = max(sizes.values()) * 1.2
    assert sizes["third"] + sizes["fourth"] > budget > sizes["first"] + sizes["third"]
    weigh = (
        "import sys, os, pathlib\n"
        f"sys.path.insert(0, {str(DRIVER.parent)!r})\n"
        "from yt360_tools.pipeline import ledger\n"
        "from yt360_tools.sources import local\n"
        f"raw, log = pathlib.Path({str(tmp_path / 'work' / 'raw')!r}), open({str(tmp_path / 'log')!r}, 'a')\n"
        "def watched(function):\n"
        "    def call(*arguments):\n"
        "        found = function(*arguments)\n"
        "        size = sum(path.stat().st_size for path in raw.rglob('*') if path.is_file())\n"
        "        print(size, file=log, flush=True)\n"
        "        return found\n"
        "    return call\n"
        "ledger.Ledger.record = watched(ledger.Ledger.record)\n"
        "import killing_driver\n"
        "local._link_or_copy = watched(local._link_or_copy)\n"
        "from yt360_tools.cli import main\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
    )
    (tmp_path / "weigh.py").write_text(weigh, encoding="utf-8")
    work = work_in(tmp_path, media, "--discard-raw", "--raw-budget-gb", f"{budget / 1e9:.9f}")
    program = (sys.executable, str(tmp_path / "weigh.py"))
    for number, point in enumerate(deaths):
        work.killed_at(point, number, program)
    ended = command.run(work.arguments, command=program)
    assert ended.code == 0, ended
    weights = [int(line) for line in (tmp_path / "log").read_text().split()]
    assert max(sizes.values()) <= max(weights) <= budget
    assert work.info()["content_hash"] == kept.info()["content_hash"]
    assert work.raw == []


def test_a_video_that_exceeds_the_budget_alone_is_a_row(tmp_path: Path, media: Path, kept: Work) -> None:
    work = work_in(tmp_path, media, "--discard-raw", "--raw-budget-gb", "0.0000001")
    ended = command.run(work.arguments)
    assert ended.code == 3, ended
    problems = command.run(["status", "-w", work.workspace, "--problems"]).stdout.splitlines()
    assert len(problems) == 5
    assert all("over_budget" in line and "--raw-budget-gb" in line for line in problems)
    plenty = Work((*work.arguments, "--raw-budget-gb", "1"), work.workspace)
    plenty.run()
    assert plenty.info()["content_hash"] == kept.info()["content_hash"]


def test_a_budget_alone_is_refused(tmp_path: Path, media: Path) -> None:
    ended = command.run(work_in(tmp_path, media, "--raw-budget-gb", "1").arguments)
    assert ended.code == 2, ended
    assert "--raw-budget-gb goes with --discard-raw" in ended.stderr


def test_the_ledger_remembers_what_is_needed_to_do_it_again(tmp_path: Path, media: Path, kept: Work) -> None:
    work = work_in(tmp_path, media, "--discard-raw")
    work.run()
    with sqlite3.connect(work.workspace / "ledger.sqlite") as db:
        rows = db.execute("SELECT item, data FROM outcomes WHERE stage = 'discard'").fetchall()
    assert len(rows) == 5
    for video_id, text in rows:
        data = json.loads(text)
        assert data["source"] == [str(media / "media")]
        names = {f"{video_id}.video.mp4", f"{video_id}.audio.wav"}
        assert set(data["files"]) == names
        for name in names:
            assert data["files"][name]["bytes"] == (media / "media" / name).stat().st_size
            assert len(data["files"][name]["sha256"]) == 64


@pytest.mark.parametrize("is_changed", [False, True])
def test_media_that_are_fetched_again_are_held_against_what_they_were(
    is_changed: bool, tmp_path: Path, media: Path
) -> None:
    command.write_media(tmp_path / "media", "one", 4.5)
    manifest = command.write_rows(tmp_path / "manifest.csv", ",one,0,2,train")
    given = ("rebuild", manifest, "--media", tmp_path / "media", "-w", tmp_path / "work", *command.SMALL)
    assert command.run((*given, "--discard-raw")).code == 0
    if is_changed:
        os.unlink(tmp_path / "media" / "one.audio.wav")
        command.write_media(tmp_path / "media", "one", 5.0, seed=5)
    command.write_rows(manifest, ",one,0,2,train", ",one,2,4,train")
    ended = command.run((*given, "--discard-raw", "--json"))
    assert ended.code == 0, ended
    taken_up = {stage["stage"]: stage["taken_up"] for stage in json.loads(ended.stdout)["stages"]}
    assert (taken_up["download"], taken_up["validate"]) == (1, int(is_changed)), "only another video is examined again"
    said = [line for line in ended.stderr.splitlines() if "is not what it was" in line]
    assert len(said) == is_changed
    assert all("one.audio.wav has sha256" in line for line in said)
    again = command.run((*given, "--discard-raw"))
    assert (again.code, again.complaints) == (0, [])


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; a length is announced or not."""

    has_length = True

    def end_headers(self) -> None:
        super().end_headers()

    def send_header(self, keyword: str, value: str) -> None:
        if self.has_length or keyword.lower() != "content-length":
            super().send_header(keyword, value)

    def guess_type(self, path: str) -> str:  # type: ignore[override]
        return "video/mp4" if path.endswith("mp4") else "audio/wav"

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("has_length", [True, False])
def test_a_servers_media_keep_to_the_budget_too(
    has_length: bool, tmp_path: Path, media: Path, kept: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows their sizes before: what does not fit beside the others waits for the next batch."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Handler, "has_length", has_length)
    sizes = [sum(path.stat().st_size for path in folder.iterdir()) for folder in kept.raw]
    handler = functools.partial(Handler, directory=str(media / "media"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        source = f"http://127.0.0.1:{serving.server_port}/{{video_id}}.{{track}}.{{ext}}"
        given = ("rebuild", media / "manifest.csv", "--source", source, "-w", tmp_path / "work", *command.SMALL)
        budget = ("--discard-raw", "--raw-budget-gb")
        half = max(sizes) * 0.5
        small = command.run((*given, "--shard-mb", "0.4", *budget, f"{half / 1e9:.9f}"))
        assert small.code == 3, small
        problems = command.run(["status", "-w", tmp_path / "work", "--problems"]).stdout.splitlines()
        assert len([line for line in problems if "over_budget" in line]) == sum(size > half for size in sizes) == 2
        ended = command.run((*given, *budget, f"{max(sizes) * 1.5 / 1e9:.9f}"))
        serving.shutdown()
    assert ended.code == 0, ended
    assert Work((), tmp_path / "work").info()["content_hash"] == kept.info()["content_hash"]
    assert not list((tmp_path / "work" / "raw").iterdir())
