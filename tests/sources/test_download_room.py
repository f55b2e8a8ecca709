"""The floor of free space: all that is being fetched counts against it, and what grows is held against it.

The disk is the real one. What would fill it is only announced: by servers, and by downloads that are under way beside.
"""

import dataclasses
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import HostileServer, Serve, serving

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.sources import room
from yt360_tools.sources.parts import PartialFile, note_path
from yt360_tools.sources.remote import copy_address
from yt360_tools.sources.session import session_options
from yt360_tools.sources.watched import WatchedSession

BODY = small_media.picture("the body", pad_bytes=3_000_000)
LOOK_BYTES = 100_000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


@pytest.fixture
def free(tmp_path: Path) -> int:
    """Bytes that are free on the disk, give or take what others do meanwhile."""
    return shutil.disk_usage(tmp_path).free


@pytest.fixture
def beside(tmp_path: Path) -> PartialFile:
    """Another download into the same workspace."""
    folder = tmp_path / "raw" / ".beside.part"
    folder.mkdir(parents=True)
    return PartialFile(folder / "beside.mp4", "beside")


def config_for(server: HostileServer, free: int) -> DownloadConfig:
    """A twentieth of what is free must stay so."""
    source = (f"{server.address}/{{video_id}}.mp4",)
    return DownloadConfig(source=source, attempts=1, pause_s=0.0, min_free_gb=free / 20e9)


@pytest.mark.parametrize(("is_under_way", "reason"), [(True, "disk_full"), (False, "incomplete")])
def test_two_that_fit_one_by_one_do_not_share_one_gap(
    is_under_way: bool, reason: str, server: HostileServer, free: int, beside: PartialFile, tmp_path: Path
) -> None:
    server.add("/v.mp4", Serve(BODY, length=free * 6 // 10))
    beside.announced(free * 6 // 10, "")
    if not is_under_way:
        beside.settle()
    runs = Runs(tmp_path, ["v"])
    found = runs.run(config_for(server, free))
    assert by_video(found.outcomes) == {"v": ("failed", reason)}
    assert ("download.min_free_gb" in runs.entries()["v"].detail) is is_under_way


def test_the_next_does_not_begin_where_what_is_announced_needs_the_room(
    server: HostileServer, free: int, beside: PartialFile, tmp_path: Path
) -> None:
    server.add("/v.mp4", Serve(BODY))
    beside.announced(2 * free, "")
    found = Runs(tmp_path, ["v"]).run(config_for(server, free))
    assert found.outcomes == ()
    assert "min_free_gb" in found.stopped
    assert server.asked == []


def test_what_a_killed_run_had_announced_stops_nobody(
    server: HostileServer, free: int, beside: PartialFile, tmp_path: Path
) -> None:
    server.add("/v.mp4", Serve(BODY))
    beside.announced(2 * free, "")
    note = note_path(beside.target)
    note.write_text(json.dumps({**json.loads(note.read_text()), "fetched_by": "a process that is no more"}))
    runs = Runs(tmp_path, ["v"])
    runs.run(config_for(server, free))
    assert runs.media("v") == {"v.mp4": BODY}


@pytest.mark.parametrize("length", [None, -1])
def test_a_file_that_grows_stops_at_the_floor_and_goes_on_later(
    length: int | None,
    server: HostileServer,
    free: int,
    beside: PartialFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The room is gone after half a megabyte; -1: the server does not say how long the file is."""
    monkeypatch.setattr(room, "LOOK_BYTES", LOOK_BYTES)
    server.add("/v.mp4", Serve(BODY, length=length))
    runs = Runs(tmp_path, ["v"])

    def take_the_room() -> None:
        while not any(part.stat().st_size for part in runs.workspace.partial_folder("v").glob("*.part")):
            time.sleep(0.01)  # half a megabyte is sent, and may still be on its way
        beside.announced(2 * free, "")

    server.fuse_bytes, server.at_its_end = 500_000, take_the_room
    assert by_video(runs.run(config_for(server, free)).outcomes) == {"v": ("failed", "disk_full")}
    (part,) = runs.workspace.partial_folder("v").glob("*.part")
    assert part.stat().st_size < len(BODY) - 1_000_000
    beside.settle()
    runs.run(config_for(server, free))
    assert runs.media("v") == {"v.mp4": BODY}
    assert server.asked[1].range


def fetch_in_pieces(server: HostileServer, root: Path, config: DownloadConfig) -> None:
    pieces = [BODY[at : at + 50_000] for at in range(0, len(BODY), 50_000)]
    lines = "".join(f"#EXTINF:1,\n{server.address}/{number}.ts\n" for number in range(len(pieces)))
    server.add("/list.m3u8", Serve(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{lines}#EXT-X-ENDLIST\n".encode()))
    for number, piece in enumerate(pieces):
        server.add(f"/{number}.ts", Serve(piece))
    folder = root / "raw" / ".v.part"
    folder.mkdir(parents=True)
    with WatchedSession(session_options(config), config, target=folder / "v", auto_init=False) as session:
        address = f"{server.address}/list.m3u8"
        session.process_ie_result({"id": "v", "title": "v", "url": address, "ext": "mp4", "protocol": "m3u8_native"})


def test_a_stream_in_pieces_stops_at_the_floor(
    server: HostileServer, free: int, beside: PartialFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOOK_BYTES", LOOK_BYTES)
    server.fuse_bytes, server.at_its_end = 500_000, lambda: beside.announced(2 * free, "")
    with pytest.raises(TransientError) as caught:
        fetch_in_pieces(server, tmp_path, config_for(server, free))
    assert caught.value.reason == "disk_full"
    assert len(server.asked) < 20


def test_a_stream_in_pieces_stops_at_the_budget(server: HostileServer, tmp_path: Path) -> None:
    with pytest.raises(TransientError) as caught:
        fetch_in_pieces(server, tmp_path, DownloadConfig(raw_budget_gb=500_000e-9))
    assert caught.value.reason == "over_budget"
    assert "download.raw_budget_gb is 500 kB;" in str(caught.value)
    assert len(server.asked) < 20


def test_what_is_to_come_and_what_is_to_stay_free_are_told_in_units_that_fit(
    tmp_path: Path, beside: PartialFile
) -> None:
    beside.announced(1_234_500, "")
    with pytest.raises(TransientError) as caught:
        room.check_room(tmp_path / "raw", DownloadConfig(min_free_gb=1e6))
    said = "and the 1.2345 MB that are to come would leave less than download.min_free_gb (1,000 TB)"
    assert said in str(caught.value)


def test_a_copy_that_grows_stops_at_the_floor(
    free: int, beside: PartialFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read a megabyte at a time; the room is gone after the first."""
    served, folder = tmp_path / "served.mp4", tmp_path / "raw" / ".v.part"
    served.write_bytes(BODY)
    folder.mkdir()
    monkeypatch.setattr(room, "LOOK_BYTES", LOOK_BYTES)
    grown = PartialFile.grown
    monkeypatch.setattr(PartialFile, "grown", lambda part: (grown(part), beside.announced(2 * free, ""))[0])
    config = dataclasses.replace(DownloadConfig(), min_free_gb=free / 20e9)
    with pytest.raises(TransientError) as caught:
        copy_address(f"file://{served}", folder, "v", config)
    assert caught.value.reason == "disk_full"
    assert 0 < (folder / "v.mp4.part").stat().st_size < len(BODY)
