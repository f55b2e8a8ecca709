"""What has come is gone on from, across tries, runs and kills; what is not surely the same file is never glued."""

import functools
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from worlds import command, small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import Break, HostileServer, Serve, Status, serving

from yt360_tools.config import DownloadConfig
from yt360_tools.sources import parts
from yt360_tools.sources.parts import FileChanged, PartialFile

BODY = small_media.picture("the body", pad_bytes=90_000)
DRIVER = Path(__file__).parents[1] / "worlds" / "killing_driver.py"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


@pytest.fixture
def broken(server: HostileServer, tmp_path: Path) -> tuple[Runs, DownloadConfig, Path]:
    """A workspace whose one download broke off in an earlier run, its configuration, and the part that is left."""
    server.add("/v.mp4", Break(BODY, after=50_000), Serve(BODY))
    config = DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",), attempts=1, pause_s=0.0)
    runs = Runs(tmp_path / "work", ["v"])
    assert by_video(runs.run(config).outcomes) == {"v": ("failed", "network")}
    (part,) = runs.workspace.partial_folder("v").glob("*.part")
    return runs, config, part


def ranges(server: HostileServer) -> list[str | None]:
    return [asked.range for asked in server.asked]


def test_the_next_run_goes_on_where_the_last_one_broke_off(
    broken: tuple[Runs, DownloadConfig, Path], server: HostileServer
) -> None:
    runs, config, part = broken
    have = part.stat().st_size
    assert 10_000 < have <= 50_000
    assert BODY.startswith(part.read_bytes())
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}
    assert ranges(server) == [None, f"bytes={have}-"]
    assert server.asked[1].if_range
    assert runs.hidden == []


def test_no_password_can_be_guessed_from_the_note(server: HostileServer, tmp_path: Path) -> None:
    """Two workspaces name one address otherwise, each by a key that others may not read; and it is gone on from."""
    server.add("/v.mp4", Break(BODY, after=50_000), Break(BODY, after=50_000), Serve(BODY))
    address = server.address.replace("//", "//me:s3cret@")
    config = DownloadConfig(source=(f"{address}/{{video_id}}.mp4",), attempts=1, pause_s=0.0)
    names = []
    for place in ("one", "two"):
        runs = Runs(tmp_path / place, ["v"])
        assert by_video(runs.run(config).outcomes) == {"v": ("failed", "network")}
        folder = runs.workspace.partial_folder("v")
        names.append(json.loads((folder / ".v.mp4.note").read_text())["what"])
        (key,) = (path for path in folder.iterdir() if path.suffix not in (".part", ".note"))
        assert key.stat().st_mode & 0o777 == 0o600
    assert len({*names, hashlib.sha256(f"{address}/v.mp4".encode()).hexdigest()[:16]}) == 3
    runs.run(config)
    assert ranges(server)[2] is not None
    assert runs.media("v") == {"v.mp4": BODY}


@pytest.mark.parametrize("key", [b"", b"short", bytes(32)])
def test_a_key_that_is_not_the_notes_means_another_address(
    key: bytes, broken: tuple[Runs, DownloadConfig, Path], server: HostileServer
) -> None:
    runs, config, part = broken
    (part.parent / ".key").write_bytes(key)
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}
    assert ranges(server) == [None, None]


DAMAGES = {
    "a byte in the middle": lambda part: _changed(part, 7000, b"\x55"),
    "the first byte": lambda part: _changed(part, 0, b"\x55"),
    "zeros at its end, as a power cut leaves them": lambda part: _changed(part, part.stat().st_size - 900, bytes(900)),
    "shorter than its note": lambda part: part.write_bytes(part.read_bytes()[:-1]),
    "another file": lambda part: part.write_bytes(small_media.picture("other", pad_bytes=40_000)),
    "no note": lambda part: parts.note_path(part.with_suffix("")).unlink(),
    "half a note": lambda part: parts.note_path(part.with_suffix("")).write_text('{"what": '),
    "a note of something else": lambda part: _noted(part, what="another address"),
    "a note of a list": lambda part: parts.note_path(part.with_suffix("")).write_text("[1]"),
}


def _changed(part: Path, at: int, found: bytes) -> None:
    content = bytearray(part.read_bytes())
    content[at : at + len(found)] = bytes(byte ^ 0x55 for byte in content[at : at + len(found)])
    part.write_bytes(content)


def _noted(part: Path, **changes: object) -> None:
    path = parts.note_path(part.with_suffix(""))
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_is_not_taken_for_the_file(
    damage: str, broken: tuple[Runs, DownloadConfig, Path], server: HostileServer
) -> None:
    """yt-dlp takes any of these for the beginning of the file."""
    runs, config, part = broken
    DAMAGES[damage](part)
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}
    assert ranges(server) == [None, None]


def test_bytes_behind_the_checkpoint_are_fetched_again(
    broken: tuple[Runs, DownloadConfig, Path], server: HostileServer
) -> None:
    """A kill leaves bytes that nobody has vouched for."""
    runs, config, part = broken
    have = part.stat().st_size
    with part.open("ab") as file:
        file.write(b"written, and not noted")
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}
    assert ranges(server) == [None, f"bytes={have}-"]


def test_glued_bytes_that_do_not_decode_are_fetched_afresh(
    broken: tuple[Runs, DownloadConfig, Path], server: HostileServer
) -> None:
    """The server says that its file is the same, and it is not."""
    runs, config, part = broken
    damaged = bytearray(part.read_bytes())
    damaged[900:3000] = bytes(2100)
    part.write_bytes(damaged)
    _noted(part, sha256=parts.hashlib.sha256(damaged).hexdigest())
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}
    assert ranges(server) == [None, f"bytes={len(damaged)}-", None]


def test_a_part_of_a_version_that_is_gone_is_begun_again(
    broken: tuple[Runs, DownloadConfig, Path], server: HostileServer
) -> None:
    runs, config, _ = broken
    other = small_media.picture("a new version", pad_bytes=90_000)
    server.add("/v.mp4", Serve(other))
    runs.run(config)
    assert runs.media("v") == {"v.mp4": other}
    assert len(server.asked) == 2


@pytest.mark.parametrize("how", ["end", "stall"])
@pytest.mark.parametrize("now", [BODY, small_media.picture("smaller", pad_bytes=60_000)])
def test_a_part_that_is_longer_than_the_file_is_now_is_begun_again(
    how: str, now: bytes, server: HostileServer, tmp_path: Path
) -> None:
    """Nothing marks the version: the server's answer to the range is 416, and to a second such request, too."""
    longer = small_media.picture("longer", pad_bytes=290_000)
    server.add("/v.mp4", Break(longer, etag="", after=200_000, how=how), Serve(now, etag=""))
    config = DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",), attempts=1, pause_s=0.0, timeout_s=0.5)
    runs = Runs(tmp_path, ["v"])
    runs.run(config)
    (part,) = runs.workspace.partial_folder("v").glob("*.part")
    assert part.stat().st_size > len(now)
    assert by_video(runs.run(config).outcomes) == {"v": ("done", "")}
    assert runs.media("v") == {"v.mp4": now}
    assert [bool(asked) for asked in ranges(server)] == [False, True, False]


def test_a_final_answer_leaves_no_part(broken: tuple[Runs, DownloadConfig, Path], server: HostileServer) -> None:
    runs, config, _ = broken
    server.add("/v.mp4", Status(404))
    assert by_video(runs.run(config).outcomes) == {"v": ("rejected", "gone")}
    assert runs.hidden == []


def test_a_checkpoint_is_set_while_bytes_come(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "CHECKPOINT_BYTES", 20_000)
    seen: list[int] = []
    checkpoint = PartialFile.checkpoint
    monkeypatch.setattr(PartialFile, "checkpoint", lambda self: (checkpoint(self), seen.append(self.note.bytes))[0])
    server.add("/v.mp4", Serve(BODY))
    config = DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",))
    runs = Runs(tmp_path, ["v"])
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}
    assert len(seen) >= 2
    assert seen == sorted(seen)


def test_a_part_says_when_a_server_sends_the_rest_of_another_file(tmp_path: Path) -> None:
    part = PartialFile(tmp_path / "v.mp4", "v")
    part.announced(100, '"a"')
    part.path.write_bytes(bytes(40))
    part.checkpoint()
    again = PartialFile(tmp_path / "v.mp4", "v")
    assert again.resume() == 40
    again.announced(100, '"a"', begins_at=40)
    again.announced(None, "", begins_at=40)
    for total, mark in ((101, '"a"'), (100, '"b"')):
        with pytest.raises(FileChanged):
            again.announced(total, mark, begins_at=40)
    again.announced(100, '"a"')  # from the start: nothing of the old bytes is left to be vouched for
    assert not again.path.exists()
    assert again.note.bytes == 0


# --- SIGKILL

LEDGER = "yt360_tools.pipeline.ledger:Ledger.record"
MOMENTS = (
    "before yt360_tools.sources.parts:PartialFile.announced 2",
    "after yt360_tools.sources.parts:PartialFile.announced 1",
    "before yt360_tools.sources.parts:PartialFile.settle 1",
    "after yt360_tools.sources.parts:PartialFile.settle 3",
    "after yt360_tools.sources.parts:PartialFile._write 5",
    "before yt360_tools.pipeline.download:check_fetched 2",
    "after yt360_tools.pipeline.download:check_fetched 1",
    "before os:replace 2 .fetched",
    "after os:replace 1 .fetched",
    "before yt360_tools.pipeline.download:sha256_of 2",
    f"before {LEDGER} 2 'download'",
    f"after {LEDGER} 2 'download'",
)
"""Where a run dies, one after the other, in one workspace."""


@dataclass(frozen=True)
class Work:
    """Forty videos on a server, and the command that fetches them."""

    server: HostileServer
    bodies: dict[str, bytes]
    arguments: tuple[object, ...]
    runs: Runs

    def run(self) -> command.Ended:
        return command.run(self.arguments, changes={"NO_PROXY": "127.0.0.1"})

    def check_kept(self, done: set[str]) -> set[str]:
        """What bears its final name is whole, and what was done still is; the videos that are done now."""
        for video_id, body in self.bodies.items():
            assert self.runs.media(video_id) in ({}, {f"{video_id}.mp4": body})
        now = {one for one, entry in self.runs.entries().items() if entry.state == "done"}
        assert done <= now
        return now

    def check_finished(self, kills: int) -> None:
        """The next run finishes; two jobs have lost at most two answers a kill; a run after that asks nothing."""
        ended = self.run()
        assert ended.code == 0, ended
        assert self.check_kept(set()) == set(self.bodies)
        assert self.runs.hidden == []
        asked = len(self.server.asked)
        assert asked <= len(self.bodies) + 2 * kills
        assert self.run().code == 0
        assert len(self.server.asked) == asked


@pytest.fixture
def work(server: HostileServer, tmp_path: Path) -> Work:
    bodies = {f"v{number}": small_media.picture(f"{number}", pad_bytes=30_000) for number in range(40)}
    for video_id, body in bodies.items():
        server.add(f"/{video_id}.mp4", Serve(body))
    manifest = command.write_rows(tmp_path / "m.csv", *(f"{one},{one},,,train" for one in bodies))
    settings = tmp_path / "c.toml"
    settings.write_text("[download]\njobs = 2\n")
    source = f"{server.address}/{{video_id}}.mp4"
    arguments = ("download", manifest, "-w", tmp_path / "work", "--config", settings, "--source", source)
    return Work(server, bodies, arguments, Runs(tmp_path / "work", list(bodies)))


def test_a_kill_at_each_of_twelve_moments_loses_nothing(work: Work, tmp_path: Path) -> None:
    done: set[str] = set()
    for number, moment in enumerate(MOMENTS):
        counter = tmp_path / f"calls{number}"
        before = len(work.server.asked)
        changes = {"KILL_AT": moment, "KILL_COUNTER": str(counter), "NO_PROXY": "127.0.0.1"}
        ended = command.run(work.arguments, command=(sys.executable, str(DRIVER)), changes=changes)
        assert Path(f"{counter}.fired").exists(), f"{moment} was not reached: {ended}"
        assert ended.code == -signal.SIGKILL
        assert not {one.path[1:-4] for one in work.server.asked[before:]} & done, moment
        done = work.check_kept(done)
    assert len(done) < len(work.bodies)
    work.check_finished(len(MOMENTS))


def test_ten_kills_at_random_moments_lose_nothing(work: Work) -> None:
    """The server kills the run when it has sent so many bytes, wherever the run is by then."""
    dice = random.Random(20)
    done: set[str] = set()
    for _ in range(10):
        before = len(work.server.asked)
        process = subprocess.Popen(
            [*command.YT360, *map(str, work.arguments)],
            env=command.environment({"NO_PROXY": "127.0.0.1"}),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        work.server.at_its_end = functools.partial(os.killpg, process.pid, signal.SIGKILL)
        work.server.fuse_bytes = dice.randrange(1, 90_000)
        assert process.wait(timeout=60) == -signal.SIGKILL
        assert not {one.path[1:-4] for one in work.server.asked[before:]} & done
        done = work.check_kept(done)
    assert len(done) < len(work.bodies)
    work.check_finished(10)


def test_a_killed_run_goes_on_from_its_last_checkpoint(server: HostileServer, tmp_path: Path) -> None:
    body = small_media.picture("large", pad_bytes=6 * parts.CHECKPOINT_BYTES)
    server.add("/large.mp4", Serve(body))
    manifest = command.write_rows(tmp_path / "m.csv", "large,large,,,train")
    arguments = ("download", manifest, "-w", tmp_path / "work", "--source", f"{server.address}/{{video_id}}.mp4")
    process = subprocess.Popen(
        [*command.YT360, *map(str, arguments)],
        env=command.environment({"NO_PROXY": "127.0.0.1"}),
        start_new_session=True,
    )
    server.at_its_end = functools.partial(os.killpg, process.pid, signal.SIGKILL)
    server.fuse_bytes = len(body) - 10_000
    assert process.wait(timeout=60) == -signal.SIGKILL
    ended = command.run(arguments, changes={"NO_PROXY": "127.0.0.1"})
    assert ended.code == 0, ended
    assert Runs(tmp_path / "work", ["large"]).media("large") == {"large.mp4": body}
    begun_at = int((server.asked[1].range or "bytes=0-").removeprefix("bytes=").rstrip("-"))
    assert begun_at >= parts.CHECKPOINT_BYTES
