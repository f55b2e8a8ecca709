"""Killing a rebuild anywhere and giving the same command again ends with the shards of an undisturbed one.

The points of death are reached exactly (`worlds.killing_driver`), not hoped for: a kill that a test missed
would prove nothing. After each death nothing under a shard's own name may be less than a whole shard.
"""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from worlds import command
from worlds.command import Ended

from yt360_tools.shards import verify_shards

DRIVER = Path(__file__).parent / "worlds" / "killing_driver.py"
LEDGER = "yt360_tools.pipeline.ledger:Ledger.record"
FETCHED_ONE_FILE = "after yt360_tools.sources.local:_link_or_copy 1"
ADDED_TWO_CLIPS = "after yt360_tools.shards.writer:ShardWriter.add 2"
OPENED_NOT_WRITTEN = "after pathlib:Path.open 1 .h5 'wb'"
WRITTEN_NOT_RENAMED = "before os:replace 1 .h5')"
RENAMED_NOT_RECORDED = "after os:replace 1 .h5')"

DEATHS = {
    "download": (FETCHED_ONE_FILE, f"after {LEDGER} 2 stage='download'"),
    "validate": ("after yt360_tools.pipeline.validate:examine_within_limits 1", f"after {LEDGER} 2 stage='validate'"),
    "segment": (
        "after yt360_tools.media.sound:read_envelope 1",
        "before yt360_tools.pipeline.segment:given_window 2",
        f"after {LEDGER} 1 stage='segment'",
        "before os:replace 1 clips.csv')",
    ),
    "build": (
        ADDED_TWO_CLIPS,
        OPENED_NOT_WRITTEN,
        WRITTEN_NOT_RENAMED,
        RENAMED_NOT_RECORDED,
        f"after {LEDGER} 2 stage='build'",  # the first one takes in the shard of the death before
        "before os:replace 1 index.csv')",
    ),
}


@dataclass(frozen=True)
class Work:
    """A workspace and the command that is given again and again for it."""

    arguments: tuple[object, ...]
    workspace: Path

    def run(self, *more: object) -> Ended:
        return command.run((*self.arguments, *more))

    def run_until(self, point: str, number: int, *, ended_by: str = "SIGKILL") -> Ended:
        """The end of a run to which a signal was sent at `point`, which was surely reached."""
        counter = self.workspace.parent / f"{self.workspace.name}.calls{number}"
        ended = command.run(
            self.arguments,
            command=(sys.executable, str(DRIVER)),
            changes={"KILL_AT": point, "KILL_COUNTER": str(counter), "KILL_WITH": ended_by},
        )
        assert Path(f"{counter}.fired").exists(), f"{point} was not reached: {ended}"
        return ended

    @property
    def shards(self) -> list[Path]:
        """The files that look like shards to whoever lists the folder."""
        return sorted(path for path in (self.workspace / "shards").glob("*.h5") if path.name[0] != ".")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three videos, ten clips of two seconds: two videos to be cut where they sound, one with given times."""
    folder = tmp_path_factory.mktemp("media")
    for index, (video_id, seconds) in enumerate({"first": 6.5, "-second": 6.5, "third": 8.5}.items()):
        command.write_media(folder / "media", video_id, seconds, seed=index)
    given = [f",third,{start},{start + 2},train" for start in (0, 2, 4, 6)]
    command.write_rows(folder / "manifest.csv", "first,first,,,train", "-second,-second,,,test", *given)
    return folder


def work_in(folder: Path, media: Path, *, workers: int) -> Work:
    workspace = folder / "work"
    where = ("--media", media / "media", "--workspace", workspace)
    options = (*command.SMALL, "--workers", workers, "--shard-mb", "0.4")
    return Work(("rebuild", media / "manifest.csv", *where, *options), workspace)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Work:
    work = work_in(tmp_path_factory.mktemp("undisturbed"), media, workers=1)
    ended = work.run()
    assert ended.code == 0, ended
    assert len(work.shards) == 6  # several of both splits, or a death between two shards means little
    return work


def content_hash(work: Work) -> str:
    ended = command.run(["shard", "info", work.workspace / "shards", "--json"])
    assert ended.code == 0, ended
    return json.loads(ended.stdout)["content_hash"]


def check_nothing_half_made(work: Work) -> None:
    """What bears its final name is whole, whatever happened."""
    _, damage = verify_shards(tuple(work.shards))
    assert not damage
    for table in (work.workspace / "clips.csv", work.workspace / "shards" / "index.csv"):
        if table.exists():
            text = table.read_text(encoding="utf-8")
            rows = list(csv.reader(text.splitlines()))
            assert text.endswith("\n"), table
            assert {len(row) for row in rows} == {len(rows[0])}, table
    for folder in (work.workspace / "raw").iterdir() if (work.workspace / "raw").exists() else []:
        assert folder.name[0] == "." or len(list(folder.iterdir())) == 2, f"{folder} lacks a file"


def check_finished(work: Work, undisturbed: Work) -> None:
    """The next run ends well, with the same shards and nothing left lying about."""
    ended = work.run()
    assert ended.code == 0, ended
    check_nothing_half_made(work)
    verified = command.run(["shard", "verify", work.workspace])
    assert verified.code == 0, verified
    assert content_hash(work) == content_hash(undisturbed)
    assert [path.name for path in work.shards] == [path.name for path in undisturbed.shards]
    for table in ("clips.csv", "shards/index.csv"):
        assert (work.workspace / table).read_bytes() == (undisturbed.workspace / table).read_bytes()
    hidden = [path.name for path in work.workspace.rglob(".*")]
    assert hidden == [".lock"]


def kill_at_each(work: Work, points: Sequence[str]) -> None:
    for number, point in enumerate(points):
        before = work.shards
        killed = work.run_until(point, number)
        assert killed.code == -signal.SIGKILL, f"{point}: {killed}"
        check_nothing_half_made(work)
        if point in (OPENED_NOT_WRITTEN, WRITTEN_NOT_RENAMED):
            assert work.shards == before, f"{point}: a shard bears its name too early"


def test_killed_again_and_again_in_every_stage(tmp_path: Path, media: Path, undisturbed: Work) -> None:
    assert all(len(points) >= 2 for points in DEATHS.values())
    work = work_in(tmp_path, media, workers=1)
    kill_at_each(work, [point for points in DEATHS.values() for point in points])
    check_finished(work, undisturbed)


def test_killed_while_two_workers_build(tmp_path: Path, media: Path, undisturbed: Work) -> None:
    work = work_in(tmp_path, media, workers=2)
    kill_at_each(work, [WRITTEN_NOT_RENAMED, RENAMED_NOT_RECORDED])
    check_finished(work, undisturbed)


@pytest.mark.parametrize("workers", [2, 4])
def test_more_workers_make_the_same_shards(tmp_path: Path, media: Path, undisturbed: Work, workers: int) -> None:
    check_finished(work_in(tmp_path, media, workers=workers), undisturbed)


def test_ctrl_c(tmp_path: Path, media: Path, undisturbed: Work) -> None:
    """Ctrl-C reaches the whole process group; `command.run` returns when none of it is alive any more."""
    work = work_in(tmp_path, media, workers=2)
    for number, point in enumerate([FETCHED_ONE_FILE, ADDED_TWO_CLIPS]):
        ended = work.run_until(point, number, ended_by="SIGINT")
        assert ended.code == 130, f"{point}: {ended}"
        assert len(ended.complaints) == 1, f"{point}: {ended}"
        assert re.search("interrupted.*again", ended.complaints[0]), f"{point}: {ended}"
        check_nothing_half_made(work)
    check_finished(work, undisturbed)


def test_a_finished_rebuild_does_nothing(undisturbed: Work) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in undisturbed.shards}
    ended = undisturbed.run("--json")
    assert ended.code == 0, ended
    stages = json.loads(ended.stdout)["stages"]
    assert {stage["stage"]: stage["taken_up"] for stage in stages} == dict.fromkeys(DEATHS, 0)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in undisturbed.shards} == before


def test_a_second_run_at_once_is_refused(tmp_path: Path, media: Path) -> None:
    work = work_in(tmp_path, media, workers=1)
    counter = tmp_path / "calls"
    changes = {"KILL_AT": f"after {LEDGER} 1 stage='download'", "KILL_COUNTER": str(counter), "KILL_WITH": "SIGSTOP"}
    arguments = ["download", *map(str, work.arguments[1:6])]
    first = subprocess.Popen(
        [sys.executable, str(DRIVER), *arguments],
        env=command.environment(changes),
        start_new_session=True,
    )
    try:
        while not Path(f"{counter}.fired").exists():
            assert first.poll() is None
            time.sleep(0.02)
        second = work.run()
        assert second.code == 2, second
        (complaint,) = second.complaints
        assert str(first.pid) in complaint
        assert "another workspace" in complaint
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(timeout=60) == 0
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
            first.wait()
    assert command.run(arguments).code == 0
