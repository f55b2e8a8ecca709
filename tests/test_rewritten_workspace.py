"""A workspace whose shards are rewritten: a video that is taken down is gone for good."""

import fcntl
import json
from pathlib import Path

import pytest
from worlds import command
from worlds.command import Ended


def ran(*arguments: object) -> Ended:
    ended = command.run(arguments)
    assert ended.code == 0, ended
    return ended


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest of three videos, their media, and the workspace ``W``."""
    folder = tmp_path_factory.mktemp("world")
    ran("demo", folder, "--videos", 3, "--seconds", 5, "--seed", 5, "--width", 128)
    ran(*rebuilding(folder), "--sheets")
    return folder


def rebuilding(folder: Path) -> tuple[object, ...]:
    manifest = folder / "manifest.csv"
    return ("rebuild", manifest, "--media", folder / "media", "-w", folder / "W", *command.SMALL, "--no-examine")


def clips_of(folder: Path) -> dict[str, str]:
    rows = (folder / "W" / "shards" / "index.csv").read_text().splitlines()[1:]
    return {row.split(",")[0]: row.split(",")[1] for row in rows}


def test_a_video_taken_down_is_gone_and_stays_gone(built: Path) -> None:
    before = clips_of(built)
    video_id = next(iter(before)).rpartition("-")[0]
    gone = {clip_id for clip_id in before if clip_id.rpartition("-")[0] == video_id}
    assert 0 < len(gone) < len(before)
    media = [path for path in (built / "W").rglob("*") if video_id in path.name]
    assert media
    done = json.loads(ran("shard", "remove", built / "W", f"--video={video_id}", "--json").stdout)
    assert set(done["clips"]) == gone
    assert clips_of(built).keys() == before.keys() - gone
    assert [path for path in (built / "W").rglob("*") if video_id in path.name] == []
    for path in (built / "W" / "shards").glob("*.h5"):
        assert not [clip_id for clip_id in gone if clip_id.encode() in path.read_bytes()]
    assert ran("shard", "verify", built / "W").code == 0
    ran(*rebuilding(built))
    assert clips_of(built).keys() == before.keys() - gone
    assert not (built / "W" / "raw" / video_id).exists()
    assert "taken_down" in ran("status", "--workspace", built / "W").stdout


def test_a_shard_that_a_run_works_on_is_left_alone(built: Path) -> None:
    (built / "W" / ".lock").touch()
    with (built / "W" / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = command.run(("shard", "remove", built / "W", "--video=x"))
    assert ended.code == 2
    assert "another run" in ended.stderr
