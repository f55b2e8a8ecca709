"""Jobs that build a part each, and workspaces that are joined: the same clips as on one machine, and none is lost."""

import csv
import json
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worlds import command
from worlds.command import Ended

from yt360_tools.shards import open_shards

DRIVER = Path(__file__).parent / "worlds" / "killing_driver.py"
MERGING = "yt360_tools.pipeline.merging"
DEATHS = (
    "after yt360_tools.pipeline.ledger:Ledger.plan_shards 1",
    "before os:replace 2 .h5')",
    "after os:replace 2 .h5')",
    f"before {MERGING}:_better_rows 1",
    "after yt360_tools.pipeline.ledger:Ledger.take_in 1",
    "after os:replace 1 .merging')",
    "before os:replace 1 clips.csv')",
    "before os:replace 1 index.csv')",
)
SMALL = (*command.SMALL, "--shard-mb", "0.4")


def ran(*arguments: object) -> Ended:
    ended = command.run(arguments)
    assert ended.code == 0, ended
    return ended


def info(workspace: Path) -> dict[str, Any]:
    return json.loads(ran("shard", "info", workspace / "shards", "--json").stdout)


def merge(into: Path, *workspaces: Path) -> dict[str, Any]:
    return json.loads(ran("ledger", "merge", into, *workspaces, "--json").stdout)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven videos of the demo world, built on one machine (``one``) and by three jobs (``jobs/part-*``)."""
    folder = tmp_path_factory.mktemp("world")
    ran("demo", folder / "world", "--videos", 7, "--seconds", 5, "--seed", 3, "--width", 128)
    rows = list(csv.reader((folder / "world" / "manifest.csv").open(encoding="utf-8")))
    table = [[*rows[0], "place"], *([*row, f"hall {number}"] for number, row in enumerate(rows[1:]))]
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([*table, ["bad", "../bad", "", "", "train", ""]])
    given = ("rebuild", folder / "manifest.csv", "--media", folder / "world" / "media", *SMALL)
    ran(*given, "-w", folder / "one")
    for index in (1, 2, 3):
        ran(*given, "-w", folder / "jobs", "--part", f"{index}/3")
    return folder


@pytest.fixture
def parts(world: Path) -> list[Path]:
    found = sorted((world / "jobs").glob("part-*"))
    assert [path.name for path in found] == [f"part-000{index}-of-0003" for index in (1, 2, 3)]
    return found


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but SQLite's own that come and go."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def check_merged(into: Path, world: Path) -> None:
    one = info(world / "one")
    assert info(into)["content_hash"] == one["content_hash"]
    verified = json.loads(ran("shard", "verify", into, "--json").stdout)
    assert (verified["clips"], verified["damage"]) == (one["clips"], [])
    assert rows_of(into / "clips.csv") == rows_of(world / "one" / "clips.csv")
    assert index_of(into).keys() == index_of(world / "one").keys()
    assert index_of(into).keys() == {clip_id for clips in stored(into).values() for clip_id in clips}
    for clip_id, (shard, content) in index_of(into).items():
        assert content == index_of(world / "one")[clip_id][1]
        assert clip_id in stored(into)[shard]


def stored(workspace: Path) -> dict[str, set[str]]:
    """By shard, the clips that really are in it."""
    found = {}
    for path in (workspace / "shards").glob("*.h5"):
        with open_shards(path) as shards:
            found[path.name] = {clip.clip_id for clip in shards}
    return found


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["clip_id"])


def index_of(workspace: Path) -> dict[str, tuple[str, str]]:
    with (workspace / "shards" / "index.csv").open(encoding="utf-8", newline="") as file:
        return {row["clip_id"]: (row["shard"], row["content_sha256"]) for row in csv.DictReader(file)}


def status(workspace: Path) -> Any:
    return json.loads(ran("status", "-w", workspace, "--json").stdout)


def test_three_parts_make_what_one_machine_makes(world: Path, parts: list[Path], tmp_path: Path) -> None:
    before = [tree(part) for part in parts]
    report = merge(tmp_path / "all", *parts)
    check_merged(tmp_path / "all", world)
    assert report["clips"] == info(world / "one")["clips"]
    assert (report["content_hash"], report["unfinished"]) == (info(world / "one")["content_hash"], 0)
    assert report["shards"] == sum(len(list((part / "shards").glob("*.h5"))) for part in parts)
    assert status(tmp_path / "all") == status(world / "one")
    assert [tree(part) for part in parts] == before


def test_a_rebuild_goes_on_with_what_is_merged(world: Path, parts: list[Path], tmp_path: Path) -> None:
    """Nothing is done twice, options are remembered, and what a part had lost is built."""
    merge(tmp_path / "all", *parts[:2])
    given = ("rebuild", world / "manifest.csv", "--media", world / "world" / "media", "-w", tmp_path / "all")
    report = json.loads(ran(*given, "--json").stdout)
    taken_up = {stage["stage"]: stage["taken_up"] for stage in report["stages"]}
    third = status(parts[2])["stages"]
    assert taken_up == {stage["stage"]: stage["done"] for stage in third if stage["stage"] != "manifest"}
    check_merged(tmp_path / "all", world)
    ended = command.run((*given, "--fps", 2))
    assert (ended.code, "build.fps = 4.0" in ended.stderr) == (2, True)


def test_a_second_merge_adds_nothing(world: Path, parts: list[Path], tmp_path: Path) -> None:
    first = merge(tmp_path / "all", *parts[:2])
    second = merge(tmp_path / "all", *parts)
    third = merge(tmp_path / "all", *reversed(parts))
    assert second["known_shards"] == first["shards"]
    assert (third["shards"], third["known_shards"]) == (0, first["shards"] + second["shards"])
    check_merged(tmp_path / "all", world)


def test_killed_anywhere_it_goes_on(world: Path, parts: list[Path], tmp_path: Path) -> None:
    arguments = ("ledger", "merge", tmp_path / "all", *parts)
    for number, point in enumerate(DEATHS):
        counter = tmp_path / f"calls{number}"
        changes = {"KILL_AT": point, "KILL_COUNTER": str(counter)}
        ended = command.run(arguments, command=(sys.executable, str(DRIVER)), changes=changes)
        assert Path(f"{counter}.fired").exists(), f"{point} was not reached: {ended}"
        assert ended.code == -signal.SIGKILL
    ran(*arguments)
    check_merged(tmp_path / "all", world)
    merge(tmp_path / "undisturbed", *parts)
    assert stored(tmp_path / "all") == stored(tmp_path / "undisturbed")
    assert [path.name for path in (tmp_path / "all").rglob(".*")] == [".lock"]


def test_a_merge_into_the_folder_of_the_parts(world: Path, parts: list[Path], tmp_path: Path) -> None:
    """As ``yt360 ledger merge work work/part-*``."""
    shutil.copytree(world / "jobs", tmp_path / "jobs")
    merge(tmp_path / "jobs", *sorted((tmp_path / "jobs").glob("part-*")))
    check_merged(tmp_path / "jobs", world)


def test_other_options_are_refused_by_name(world: Path, parts: list[Path], tmp_path: Path) -> None:
    given = ("rebuild", world / "manifest.csv", "--media", world / "world" / "media", *SMALL, "--part", "2/3")
    ran(*given, "-w", tmp_path / "other", "--quality", 50)
    other = tmp_path / "other" / parts[1].name
    ended = command.run(("ledger", "merge", tmp_path / "all", parts[0], other))
    assert ended.code == 2, ended
    (complaint,) = ended.complaints
    assert f"{parts[0]} was begun with build.quality = 90, and {other} with 50" in complaint
    assert not (tmp_path / "all").exists()


def taken_shard(workspace: Path) -> Path:
    return sorted((workspace / "shards").glob("*.h5"))[0]


def lose(part: Path) -> None:
    taken_shard(part).unlink()


def damage(part: Path) -> None:
    taken_shard(part).write_bytes(taken_shard(part).read_bytes()[:4000])


def swap(part: Path) -> None:
    first, second, *_ = sorted((part / "shards").glob("*.h5"))
    shutil.copy(second, first)


@pytest.mark.parametrize(("spoil", "code"), [(lose, 3), (damage, 3), (swap, 3)])
def test_a_shard_that_is_not_what_the_ledger_says_stops_it_before_anything_is_done(
    spoil: Callable[[Path], None], code: int, parts: list[Path], tmp_path: Path
) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(parts[1], spoilt)
    spoil(spoilt)
    ended = command.run(("ledger", "merge", tmp_path / "all", parts[0], spoilt))
    assert ended.code == code, ended
    assert str(spoilt) in ended.complaints[0]
    assert not (tmp_path / "all").exists()


def test_workspaces_that_overlap_are_refused(tmp_path: Path) -> None:
    """A shard with some clips that are merged already: taken in it would double them, left out it would lose others."""
    for seed, video_id in enumerate("ab"):
        command.write_media(tmp_path / "media", video_id, 2.5, seed=seed)
    for name, rows in {"one": [",a,0,2,train"], "both": [",a,0,2,train", ",b,0,2,train"]}.items():
        manifest = command.write_rows(tmp_path / f"{name}.csv", *rows)
        ran("rebuild", manifest, "--media", tmp_path / "media", "-w", tmp_path / name, *SMALL)
    merge(tmp_path / "all", tmp_path / "one")
    before = tree(tmp_path / "all" / "shards")
    ended = command.run(("ledger", "merge", tmp_path / "all", tmp_path / "both"))
    assert ended.code == 2, ended
    assert "holds 'a-0', which is merged already" in ended.complaints[0]
    assert tree(tmp_path / "all" / "shards") == before


def test_another_clip_of_the_same_id_is_refused(parts: list[Path], tmp_path: Path) -> None:
    command.write_media(tmp_path / "a", "same", 4.5, seed=1)
    command.write_media(tmp_path / "b", "same", 4.5, seed=2)
    manifest = command.write_rows(tmp_path / "manifest.csv", ",same,0,2,train")
    for name in "ab":
        ran("rebuild", manifest, "--media", tmp_path / name, "-w", tmp_path / f"work-{name}", *SMALL)
    ended = command.run(("ledger", "merge", tmp_path / "all", tmp_path / "work-a", tmp_path / "work-b"))
    assert ended.code == 2, ended
    assert "clip 'same-0' in" in ended.complaints[0]
    assert not (tmp_path / "all").exists()


class TestPartsOfTwoDivisions:
    @pytest.fixture(scope="class")
    def jobs(self, world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """As after a first try with two jobs and a second one with three."""
        folder = tmp_path_factory.mktemp("divisions") / "jobs"
        given = ("rebuild", world / "manifest.csv", "--media", world / "world" / "media", *command.SMALL)
        for part in ("1/2", "1/3", "2/3"):
            ran(*given, "-w", folder, "--part", part)
        return folder

    @pytest.mark.parametrize("into", ["all", "the folder of the parts"])
    def test_overlap_and_leave_nothing(self, into: str, jobs: Path, tmp_path: Path) -> None:
        target = tmp_path / "all" if into == "all" else jobs
        parts = sorted(jobs.glob("part-*"))
        ended = command.run(("ledger", "merge", target, *parts))
        assert ended.code == 2, ended
        assert "the workspaces overlap" in ended.complaints[0]
        assert (
            "parts of 2 and of 3 were named: merge those of one number, such as part-*-of-0003" in ended.complaints[0]
        )
        assert not (tmp_path / "all").exists()
        assert sorted(jobs.iterdir()) == parts

    def test_are_told_apart_where_no_workspace_is(self, jobs: Path) -> None:
        ended = command.run(("status", "-w", jobs))
        assert ended.code == 2, ended
        assert "holds 1 part of 2 and 2 parts of 3, such as part-0001-of-0003" in ended.complaints[0]
        assert f"yt360 ledger merge {jobs} {jobs}/part-*-of-0003" in ended.complaints[0]


def test_a_workspace_of_parts_alone_names_them(world: Path, tmp_path: Path) -> None:
    manifest = world / "manifest.csv"
    for words in (
        ("status",), ("status", "--problems"), ("survival", manifest), ("manifest", "query", manifest, "SELECT 1"),
    ):  # fmt: skip
        ended = command.run((*words, "-w", world / "jobs"))
        assert ended.code == 2, ended
        assert "holds 3 parts of 3, such as part-0001-of-0003" in ended.complaints[0]
        assert f"yt360 ledger merge {world / 'jobs'} {world / 'jobs'}/part-*" in ended.complaints[0]


def test_a_salt_stays_where_it_is(parts: list[Path], tmp_path: Path) -> None:
    """What guards the passwords of one workspace is no part of another."""
    shutil.copytree(parts[0], tmp_path / "salted")
    (tmp_path / "salted" / ".salt").write_bytes(bytes(32))
    merge(tmp_path / "all", tmp_path / "salted", parts[1])
    assert not (tmp_path / "all" / ".salt").exists()


@pytest.mark.parametrize("which", ["itself", "twice", "nothing"])
def test_workspaces_that_cannot_be_merged(which: str, parts: list[Path], tmp_path: Path) -> None:
    named = {"itself": [parts[0], parts[0]], "twice": [tmp_path / "all", parts[1], parts[1]]}
    ended = command.run(("ledger", "merge", *named.get(which, [tmp_path / "all", tmp_path / "nowhere"])))
    assert ended.code == 2, ended
    assert ("is named twice" if which != "nothing" else "is no workspace") in ended.complaints[0]
    assert not (tmp_path / "all").exists()


def test_what_failed_in_one_part_stays_to_do(world: Path, parts: list[Path], tmp_path: Path) -> None:
    failing = tmp_path / "failing"
    shutil.copytree(parts[1], failing)
    with sqlite3.connect(failing / "ledger.sqlite") as db:
        db.execute("UPDATE outcomes SET state = 'failed', reason = 'network' WHERE stage = 'download'")
    merge(tmp_path / "all", failing)
    problems = ran("status", "-w", tmp_path / "all", "--problems").stdout
    assert "network" in problems
    merge(tmp_path / "all", parts[1])
    assert ran("status", "-w", tmp_path / "all", "--problems").stdout.count("network") == 0
