"""How a whole run behaves towards a server that wants to be left alone, and when none answers."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import command, small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import HostileServer, Serve, Status, serving

from yt360_tools.config import DownloadConfig

VIDEOS = [f"v{number:02}" for number in range(40)]


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as hostile:
        yield hostile


def config_for(address: str, **options: object) -> DownloadConfig:
    given: dict[str, object] = {"jitter": 0.0, "jobs": 1, "min_free_gb": 0.0}
    return DownloadConfig(source=(f"{address}/{{video_id}}.mp4",), **(given | options))  # type: ignore[arg-type]


def rebuild(folder: Path, address: str, settings: str, *options: object) -> command.Ended:
    """The whole line over `VIDEOS`, which removes media as it goes."""
    manifest = command.write_rows(folder / "m.csv", *(f"{one},{one},,,{one[:2]}" for one in VIDEOS))
    (folder / "a.toml").write_text(f"[download]\nmin_free_gb = 0.0\njitter = 0.0\n{settings}\n", encoding="utf-8")
    source = f"{address}/{{video_id}}.mp4"
    given = ["--source", source, "--config", folder / "a.toml", "--json", *options, *command.SMALL]
    return command.run(["rebuild", manifest, "-w", folder / "work", *given])


def stage(ended: command.Ended, name: str = "download") -> dict[str, object]:
    return next(one for one in json.loads(ended.stdout)["stages"] if one["stage"] == name)


class TestBatches:
    def test_run_into_a_wall_once(self, server: HostileServer, tmp_path: Path) -> None:
        """Each batch is smaller than a burst."""
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Status(429))
        ended = rebuild(tmp_path, server.address, "jobs = 2\nbrake_s = 0.01\nbrake_stops = 2", "--discard-raw")
        assert ended.code == 3
        assert len(server.asked) <= 3 + 2 + 2
        assert ended.stderr.count("stopped: a burst of 429s") == 1
        assert stage(ended)["to_do"] >= len(VIDEOS) - 7

    def test_leave_no_more_tries_to_a_video_than_it_has(self, server: HostileServer, tmp_path: Path) -> None:
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Status(404))
        server.add("/v01.mp4", Status(503))
        server.add("/v30.mp4", Status(503), Status(404))
        settings = "jobs = 2\npause_s = 0.01\nattempts = 3"
        ended = rebuild(tmp_path, server.address, settings, "--discard-raw")
        assert (server.count("/v01.mp4"), server.count("/v30.mp4")) == (3, 2)
        assert len(server.asked) == len(VIDEOS) - 2 + 3 + 2
        assert (stage(ended)["taken_up"], stage(ended)["rejected"], stage(ended)["failed"]) == (40, 39, 1)
        assert ended.stderr.count("1 video is not asked for yet") <= 1  # said in the end, not by each batch


class TestAServersWish:
    def test_holds_for_the_whole_server_and_for_the_next_run(self, server: HostileServer, tmp_path: Path) -> None:
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Status(429, {"Retry-After": "999999999999"}))
        runs, config = Runs(tmp_path, VIDEOS), config_for(server.address, attempts=1)
        first = runs.run(config)
        assert len(server.asked) == 3
        until = (runs.time.now().replace(microsecond=0)).strftime("%Y")
        assert "the server asks to be left alone until" in first.stopped
        assert until in first.stopped
        runs.time.seconds += 29 * 86400
        assert runs.run(config).stopped.startswith("the server asks to be left alone until")
        assert len(server.asked) == 3
        runs.run(config, retry=["rate_limited"])
        assert len(server.asked) == 6
        runs.time.seconds += 31 * 86400
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Serve(small_media.picture("a")))
        assert set(by_video(runs.run(config).outcomes).values()) == {("done", "")}

    def test_is_nothing_to_who_asks_otherwise(self, server: HostileServer, tmp_path: Path) -> None:
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Status(429, {"Retry-After": "86400"}))
        runs = Runs(tmp_path, VIDEOS)
        runs.run(config_for(server.address))
        runs.run(config_for(server.address, max_height=720))
        assert len(server.asked) == 6


def test_a_machine_without_network_stops_after_a_few(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        runs = Runs(tmp_path, VIDEOS)
        found = runs.run(config_for(nobody, attempts=1, jobs=4))
    assert "is this machine online?" in found.stopped
    assert "download.jobs" not in found.stopped
    assert len(found.outcomes) <= 8 + 3 + 4
    assert runs.time.slept == [60, 120, 240, 480]


class TestRetry:
    def settings(self, folder: Path, server: HostileServer) -> str:
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Status(404))
        rebuild(folder, server.address, "jobs = 4")
        assert len(server.asked) == len(VIDEOS)
        server.asked.clear()
        return "jobs = 4"

    @pytest.mark.parametrize("option", [("--retry", "gone"), ("--retry", "all"), ("--retry-rejected",)])
    @pytest.mark.parametrize("discards", [(), ("--discard-raw",)])
    def test_asks_for_what_the_run_is_about(
        self, option: tuple[str, ...], discards: tuple[str, ...], server: HostileServer, tmp_path: Path
    ) -> None:
        settings = self.settings(tmp_path, server)
        ended = rebuild(tmp_path, server.address, settings, "--split", "v1", *option, *discards)
        assert sorted({asked.path for asked in server.asked}) == [f"/{one}.mp4" for one in VIDEOS if one[:2] == "v1"]
        assert len(server.asked) == 10
        assert stage(ended)["rejected"] == len(VIDEOS)

    @pytest.mark.parametrize("option", [("--retry", "all"), ("--retry-rejected",)])
    def test_forgets_nothing_of_what_it_does_not_reach(
        self, option: tuple[str, ...], server: HostileServer, tmp_path: Path
    ) -> None:
        settings = self.settings(tmp_path, server)
        for video_id in VIDEOS:
            server.add(f"/{video_id}.mp4", Status(429, {"Retry-After": "86400"}))
        ended = rebuild(tmp_path, server.address, settings, *option)
        assert len(server.asked) < 8
        assert stage(ended)["rejected_reasons"]["gone"] > 30
        assert stage(ended)["to_do"] == 0
