"""A server's ``Retry-After`` holds for all of its videos: in this run, in the next one, and in a run in batches."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from worlds import command
from worlds.download_runs import Runs, StandingClock, by_video
from worlds.hostile_server import HostileServer, Status, serving

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.brake import BURST, SILENCE

VIDEOS = [f"v{number:02}" for number in range(12)]
DAY_S = 86400


@dataclass
class Interrupted(StandingClock):
    """A clock at which somebody presses Ctrl-C as soon as a run waits."""

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as hostile:
        yield hostile


def answers(server: HostileServer, status: int, wish_s: int | None = None) -> None:
    """From now on the server says the same of every video."""
    for video_id in VIDEOS:
        server.add(f"/{video_id}.mp4", Status(status, {} if wish_s is None else {"Retry-After": str(wish_s)}))


def config_for(address: str, **options: object) -> DownloadConfig:
    given: dict[str, object] = {"jitter": 0.0, "jobs": 1, "min_free_gb": 0.0, "attempts": 1, "pause_s": 0.0}
    return DownloadConfig(source=(f"{address}/{{video_id}}.mp4",), **(given | options))  # type: ignore[arg-type]


def split_of(video_id: str) -> str:
    return "test" if video_id == VIDEOS[0] else "train"


def in_batches(folder: Path, server: HostileServer, settings: str, *options: object) -> command.Ended:
    manifest = command.write_rows(folder / "m.csv", *(f"{one},{one},,,{split_of(one)}" for one in VIDEOS))
    text = f"[download]\njobs = 1\nmin_free_gb = 0.0\njitter = 0.0\n{settings}\n"
    (folder / "a.toml").write_text(text, encoding="utf-8")
    source = f"{server.address}/{{video_id}}.mp4"
    given = ["--source", source, "--config", folder / "a.toml", "--discard-raw", *options, *command.SMALL]
    return command.run(["rebuild", manifest, "-w", folder / "work", *given])


class TestTheNextRun:
    def test_keeps_to_it_when_this_one_was_interrupted(self, server: HostileServer, tmp_path: Path) -> None:
        answers(server, 429, 600)
        runs, config = Runs(tmp_path, VIDEOS, time=Interrupted()), config_for(server.address)
        with pytest.raises(KeyboardInterrupt):
            runs.run(config)
        until = (runs.time.now() + timedelta(seconds=600)).astimezone()
        runs.time = StandingClock(runs.time.seconds)
        said = runs.run(config).stopped
        assert len(server.asked) == BURST
        assert f"until {until:%Y-%m-%d %H:%M:%S}" in said
        answers(server, 404)
        runs.time.seconds += 600
        assert runs.run(config).stopped == ""
        assert len(server.asked) == BURST + len(VIDEOS)

    def test_waits_for_what_is_short(self, server: HostileServer, tmp_path: Path) -> None:
        answers(server, 429, 100)
        runs, config = Runs(tmp_path, VIDEOS, time=Interrupted()), config_for(server.address, wait_s=60.0, brake_s=1.0)
        with pytest.raises(KeyboardInterrupt):
            runs.run(config)
        answers(server, 404)
        runs.time = StandingClock(runs.time.seconds + 70)
        found = runs.run(config)
        assert runs.time.slept == [30]
        assert set(by_video(found.outcomes).values()) == {("rejected", "gone")}

    def test_asks_nevertheless_when_told_and_notes_a_new_wish(self, server: HostileServer, tmp_path: Path) -> None:
        answers(server, 429, DAY_S)
        runs, config = Runs(tmp_path, VIDEOS), config_for(server.address)
        runs.run(config)
        answers(server, 429, 2 * DAY_S)
        runs.run(config, retry=["rate_limited"])
        asked = len(server.asked)
        runs.time.seconds += 1.5 * DAY_S
        assert "left alone until" in runs.run(config).stopped
        assert len(server.asked) == asked

    def test_asks_nevertheless_when_told_a_reason_that_no_video_has(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        answers(server, 429, 100)
        runs, config = Runs(tmp_path, VIDEOS, time=Interrupted()), config_for(server.address, wait_s=200.0)
        with pytest.raises(KeyboardInterrupt):
            runs.run(config)
        answers(server, 404)
        runs.time = StandingClock(runs.time.seconds)
        found = by_video(runs.run(config, retry=["live"]).outcomes)
        assert (runs.time.slept, set(found)) == ([], set(VIDEOS[BURST:]))

    @pytest.mark.parametrize(("serves", "is_over"), [(Status(404), True), (Status(503), False)])
    def test_keeps_to_it_until_the_server_has_served_another(
        self, serves: Status, is_over: bool, server: HostileServer, tmp_path: Path
    ) -> None:
        answers(server, 429, DAY_S)
        server.add(f"/{VIDEOS[0]}.mp4", Status(403))
        runs, config = Runs(tmp_path, VIDEOS), config_for(server.address)
        runs.run(config)
        assert len(server.asked) == 1 + BURST
        for video_id in (*VIDEOS, "new"):
            server.add(f"/{video_id}.mp4", serves)
        runs.time.seconds += 60
        assert len(runs.run(config, retry=["refused"]).outcomes) == len(VIDEOS) - BURST
        runs.video_ids = [*VIDEOS, "new"]
        runs.time.seconds += 60
        assert ("left alone until" in runs.run(config).stopped) == (not is_over)
        assert server.count("/new.mp4") == is_over


def test_a_server_in_maintenance_is_left_alone_too(server: HostileServer, tmp_path: Path) -> None:
    answers(server, 503, DAY_S)
    runs, config = Runs(tmp_path, VIDEOS), config_for(server.address)
    until = (runs.time.now() + timedelta(days=1)).astimezone()
    for _ in range(2):
        assert f"asks to be left alone until {until:%Y-%m-%d %H:%M:%S}" in runs.run(config).stopped
        assert len(server.asked) == BURST


def test_a_server_that_fails_and_wishes_nothing_is_asked_for_all(server: HostileServer, tmp_path: Path) -> None:
    answers(server, 503)
    runs = Runs(tmp_path, VIDEOS)
    assert runs.run(config_for(server.address)).stopped == ""
    assert len(server.asked) == len(VIDEOS)


class TestARunInBatches:
    def test_keeps_to_what_was_said_of_another_batch(self, server: HostileServer, tmp_path: Path) -> None:
        answers(server, 429, DAY_S)
        in_batches(tmp_path, server, "")
        assert len(server.asked) == BURST
        ended = in_batches(tmp_path, server, "")
        assert len(server.asked) == BURST
        assert ended.code == 3
        assert ended.stderr.count("the server asks to be left alone until") == 1

    def test_gets_to_what_it_is_told_to_ask(self, server: HostileServer, tmp_path: Path) -> None:
        """The first batch holds none of it."""
        answers(server, 429, DAY_S)
        in_batches(tmp_path, server, "", "--split", "train")
        assert len(server.asked) == BURST
        answers(server, 404)
        server.asked.clear()
        ended = in_batches(tmp_path, server, "", "--retry", "rate_limited")
        assert "left alone" not in ended.stderr
        assert [asked.path for asked in server.asked] == [f"/{one}.mp4" for one in VIDEOS]

    def test_waits_in_the_same_run_and_goes_on(self, server: HostileServer, tmp_path: Path) -> None:
        answers(server, 404)
        for video_id in VIDEOS[:BURST]:
            server.add(f"/{video_id}.mp4", Status(429, {"Retry-After": "2"}), Status(404))
        ended = in_batches(tmp_path, server, "attempts = 2\npause_s = 0.001\nbrake_s = 0.001\nwait_s = 1")
        assert "stopped" not in ended.stderr
        assert len(server.asked) == len(VIDEOS) + BURST

    def test_says_nothing_of_waits_that_nobody_sees(self, server: HostileServer, tmp_path: Path) -> None:
        answers(server, 503)
        ended = in_batches(tmp_path, server, "attempts = 2\npause_s = 0.2\npause_max_s = 0.2")
        assert len(server.asked) == 2 * len(VIDEOS)
        assert "tried again from" not in ended.stderr


def test_a_file_system_that_nobody_serves_stops_the_run_too(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        runs = Runs(tmp_path, [f"v{number:02}" for number in range(40)])
        found = runs.run(config_for(f"ftp://127.0.0.1:{taken.getsockname()[1]}", brake_stops=1))
    assert "is this machine online?" in found.stopped
    assert len(found.outcomes) == SILENCE + 1
