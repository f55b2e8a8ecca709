"""A plan's word on the room of a disk: what must stay free is none, as the run itself will say."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worlds import command
from worlds.hostile_server import HostileServer, serving


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as found:
        yield found


@pytest.fixture
def floor_gb(tmp_path: Path) -> float:
    """More than is free."""
    return shutil.disk_usage(tmp_path).free / 1e9 + 50


@pytest.fixture
def rebuild(floor_gb: float, tmp_path: Path) -> Any:
    manifest = command.write_rows(tmp_path / "m.csv", "v,v,0,2,train")
    config = tmp_path / "a.toml"
    config.write_text(f"[download]\nmin_free_gb = {floor_gb}\n", encoding="utf-8")
    given = ("rebuild", manifest, "-w", tmp_path / "work", "--config", config, *command.SMALL)
    return lambda *more: command.run((*given, *more))


@pytest.mark.parametrize("discards", [(), ("--discard-raw",)])
def test_what_must_stay_free_is_no_room(
    discards: tuple[str, ...], server: HostileServer, floor_gb: float, rebuild: Any
) -> None:
    """Clips of a size that is known beforehand; nothing else fills the disk."""
    given = ("--source", f"{server.address}/{{video_id}}.mp4", *discards)
    plan = json.loads(rebuild(*given, "--plan", "--json").stdout)
    assert (plan["floor_bytes"], plan["verdict"]) == (round(floor_gb * 1e9), "not enough room")
    text = rebuild(*given, "--plan").stdout
    assert " stay free (download.min_free_gb): not enough room\n" in text
    run = rebuild(*given)
    assert "would leave less than download.min_free_gb" in run.stderr
    assert server.asked == []


def test_what_lies_in_a_folder_of_ones_own_is_held_against_no_floor(rebuild: Any, tmp_path: Path) -> None:
    """The run takes it in all the same."""
    command.write_media(tmp_path / "media", "v", 3.0)
    plan = json.loads(rebuild("--media", tmp_path / "media", "--plan", "--json").stdout)
    assert (plan["floor_bytes"], plan["verdict"]) == (0, "enough room")
    run = rebuild("--media", tmp_path / "media")
    assert (run.code, run.complaints) == (0, []), run
