"""How long a rejection holds: for the source that gave it, for what the manifest said, and until a newer listing."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import command, small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import HostileServer, Serve, Status, serving

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.declared_media import named_media
from yt360_tools.pipeline.fingerprints import source_digits
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.records import Outcome
from yt360_tools.sources import open_source

RIGHT, OTHER = small_media.picture("right"), small_media.picture("other")
PROMISED = {"sha256": hashlib.sha256(RIGHT).hexdigest()}
LONG_AGO, LATER = "2020-01-01T00:00:00+00:00", "9999-01-01T00:00:00+00:00"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as hostile:
        yield hostile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "v.mp4").write_bytes(OTHER)
    return tmp_path / "media"


def at(server: HostileServer, place: str) -> DownloadConfig:
    source = (f"{server.address}/{place}/{{video_id}}.mp4",)
    return DownloadConfig(source=source, attempts=1, min_free_gb=0.0, pause_s=0.0)


class TestForItsSource:
    def test_another_server_is_asked_and_the_first_is_not_asked_again(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        server.add("/one/v.mp4", Serve(OTHER))
        server.add("/two/v.mp4", Serve(OTHER))
        server.add("/three/v.mp4", Serve(RIGHT))
        runs = Runs(tmp_path, ["v"], {"v": dict(PROMISED)})
        for place in ("one", "one", "two", "two"):
            runs.run(at(server, place))
        assert (server.count("/one/v.mp4"), server.count("/two/v.mp4")) == (2, 2)  # once afresh, each
        assert by_video(runs.run(at(server, "three")).outcomes) == {"v": ("done", "")}
        assert runs.media("v") == {"v.mp4": RIGHT}

    def test_a_server_is_asked_for_what_a_folder_has_otherwise(
        self, server: HostileServer, folder: Path, tmp_path: Path
    ) -> None:
        server.add("/one/v.mp4", Serve(RIGHT))
        runs = Runs(tmp_path / "work", ["v"], {"v": dict(PROMISED)})
        config = DownloadConfig(media=str(folder))
        assert by_video(runs.run(config).outcomes) == {"v": ("rejected", "checksum")}
        assert runs.run(config).outcomes == ()
        assert by_video(runs.run(at(server, "one")).outcomes) == {"v": ("done", "")}

    def test_a_server_is_asked_for_what_a_folder_has_twice(
        self, server: HostileServer, folder: Path, tmp_path: Path
    ) -> None:
        (folder / "v.mkv").write_bytes(OTHER)
        server.add("/one/v.mp4", Serve(RIGHT))
        runs = Runs(tmp_path / "work", ["v"])
        assert by_video(runs.run(DownloadConfig(media=str(folder))).outcomes) == {"v": ("rejected", "ambiguous_media")}
        assert by_video(runs.run(at(server, "one")).outcomes) == {"v": ("done", "")}

    def test_what_an_older_ledger_rejected_stays_rejected(self, server: HostileServer, tmp_path: Path) -> None:
        """No source stands there."""
        server.add("/one/v.mp4", Serve(RIGHT))
        runs = Runs(tmp_path, ["v"])
        with runs.workspace.opened():
            ledger = Ledger(runs.workspace.ledger)
            ledger.record([Outcome("v", "download", "rejected", "gone_private")])
            ledger.close()
        assert runs.run(at(server, "one")).outcomes == ()

    def test_no_password_of_a_source_is_kept(self, server: HostileServer, tmp_path: Path) -> None:
        runs = Runs(tmp_path, ["v"])
        template = f"{server.address.replace('//', '//me:s3cret@')}/{{video_id}}.mp4?key=t0ken"
        runs.run(DownloadConfig(source=(template,), attempts=1, min_free_gb=0.0))
        entry = runs.entries()["v"]
        assert (entry.state, "source" in entry.data) == ("rejected", True)
        assert not any(word in json.dumps(entry.data) for word in ("s3cret", "t0ken", "me:"))


class TestForWhatTheManifestSaid:
    @pytest.mark.parametrize("wrong", ["../v.mp4", "a/../../v.mp4"])
    def test_a_path_that_was_mended_is_looked_for(self, wrong: str, folder: Path, tmp_path: Path) -> None:
        runs, config = Runs(tmp_path / "work", ["x"], {"x": {"media": wrong}}), DownloadConfig(media=str(folder))

        def run() -> dict[str, tuple[str, str]]:
            return by_video(runs.run(config, open_source(config, named_media(runs.manifest))).outcomes)

        assert run() == {"x": ("rejected", "unsafe_path")}
        assert run() == {}
        runs.extra["x"]["media"] = "v.mp4"
        assert run() == {"x": ("done", "")}

    def test_one_of_two_files_that_is_named_now_is_taken(self, folder: Path, tmp_path: Path) -> None:
        (folder / "v.mkv").write_bytes(RIGHT)
        runs, config = Runs(tmp_path / "work", ["v"]), DownloadConfig(media=str(folder))
        assert by_video(runs.run(config).outcomes) == {"v": ("rejected", "ambiguous_media")}
        runs.extra["v"] = {"media": "v.mp4"}
        found = runs.run(config, open_source(config, named_media(runs.manifest))).outcomes
        assert by_video(found) == {"v": ("done", "")}


class TestUntilANewerListing:
    """What ``download --list`` heard of YouTube; its answers are laid down here, with the time at which they came."""

    HERE = DownloadConfig(attempts=1, min_free_gb=0.0)

    def heard(self, runs: Runs, *rows: tuple[str, str, str, str, dict[str, object]]) -> None:
        """Stage, state, reason, time and data of outcomes."""
        with runs.workspace.opened():
            ledger = Ledger(runs.workspace.ledger)
            ledger.take_in(
                (stage, "v", state, reason, "", json.dumps(data), 1, "0", time)
                for stage, state, reason, time, data in rows
            )
            ledger.close()

    def states(self, runs: Runs, config: DownloadConfig = HERE) -> str:
        with runs.workspace.opened():
            ledger = Ledger(runs.workspace.ledger)
            found = runs.standings(config, ledger)["v"].state
            ledger.close()
        return found

    @pytest.fixture
    def runs(self, tmp_path: Path) -> Runs:
        """The video was rejected, by what an older listing had heard."""
        runs = Runs(tmp_path, ["v"])
        runs.workspace.root.mkdir(exist_ok=True)
        with runs.workspace.opened():
            ledger = Ledger(runs.workspace.ledger)
            self.digits = source_digits(self.HERE, ledger.salt)
            ledger.close()
        self.heard(runs, ("download", "rejected", "gone_private", "2025-01-01T00:00:00+00:00", {"source": self.digits}))
        return runs

    @pytest.mark.parametrize(("state", "reason"), [("done", ""), ("failed", "no_spatial_sound")])
    def test_what_it_finds_again_is_asked_for(self, state: str, reason: str, runs: Runs) -> None:
        self.heard(runs, ("listing", state, reason, LATER, {}))
        assert self.states(runs) == "asked"

    @pytest.mark.parametrize(
        ("state", "reason", "time"),
        [("done", "", LONG_AGO), ("failed", "network", LATER), ("rejected", "gone_private", LATER)],
    )
    def test_what_it_does_not_find_is_not(self, state: str, reason: str, time: str, runs: Runs) -> None:
        self.heard(runs, ("listing", state, reason, time, {"source": self.digits}))
        assert self.states(runs) == "given_up"

    def test_another_choice_from_an_old_answer_is_no_news(self, runs: Runs) -> None:
        self.heard(runs, ("listing", "done", "", LATER, {"asked_at": LONG_AGO}))
        assert self.states(runs) == "given_up"

    def test_it_says_nothing_of_another_source(self, runs: Runs) -> None:
        elsewhere = DownloadConfig(source=("https://one.invalid/{video_id}.mp4",))
        with runs.workspace.opened():
            ledger = Ledger(runs.workspace.ledger)
            digits = source_digits(elsewhere, ledger.salt)
            ledger.close()
        self.heard(
            runs,
            ("download", "rejected", "gone", "2025-01-01T00:00:00+00:00", {"source": digits}),
            ("listing", "done", "", LATER, {}),
        )
        assert self.states(runs, elsewhere) == "given_up"


class TestInBatches:
    """`rebuild --media FOLDER --discard-raw` asks for what `rebuild --media FOLDER` asks for."""

    HEADER = "clip_id,video_id,start_s,end_s,split,audio_sha256"

    def rebuild(self, tmp_path: Path, *options: object) -> command.Ended:
        given = [tmp_path / "m.csv", "-w", tmp_path / "work", "--media", tmp_path / "media", *command.SMALL]
        return command.run(["rebuild", *given, "--discard-raw", "--json", *options])

    def stages(self, ended: command.Ended) -> dict[str, int]:
        return {stage["stage"]: stage["done"] for stage in json.loads(ended.stdout)["stages"]}

    @pytest.fixture
    def right(self, tmp_path: Path) -> str:
        """The sha256 of the second video's sound; the manifest has another one, and the first run has ended."""
        for seed, video_id in enumerate(("a", "b")):
            command.write_media(tmp_path / "media", video_id, 2.5, seed=seed)
        command.write_rows(tmp_path / "m.csv", "a,a,0,2,train,", f"b,b,0,2,train,{64 * 'f'}", header=self.HEADER)
        ended = self.rebuild(tmp_path)
        assert self.stages(ended) == {"download": 1, "validate": 1, "segment": 1, "build": 1}, ended
        return hashlib.sha256((tmp_path / "media" / "b.audio.wav").read_bytes()).hexdigest()

    def test_a_mended_checksum_is_looked_at_again(self, right: str, tmp_path: Path) -> None:
        command.write_rows(tmp_path / "m.csv", "a,a,0,2,train,", f"b,b,0,2,train,{right}", header=self.HEADER)
        ended = self.rebuild(tmp_path)
        assert self.stages(ended) == {"download": 2, "validate": 2, "segment": 2, "build": 2}, ended

    def test_what_was_told_is_asked_for(self, right: str, tmp_path: Path) -> None:
        ended = self.rebuild(tmp_path, "--retry", "checksum")
        (download, *_) = json.loads(ended.stdout)["stages"]
        assert download["taken_up"] == 1, ended

    def test_a_promise_that_came_later_and_is_not_kept_is_told(self, right: str, tmp_path: Path) -> None:
        command.write_rows(
            tmp_path / "m.csv", f"a,a,0,2,train,{64 * '0'}", f"b,b,0,2,train,{right}", header=self.HEADER
        )
        ended = self.rebuild(tmp_path)
        assert ended.stderr.count("1 videos (the first: a) were fetched before as other files") == 1, ended


def test_what_is_gone_at_one_address_is_fetched_from_a_folder(
    server: HostileServer, folder: Path, tmp_path: Path
) -> None:
    server.add("/one/v.mp4", Status(404))
    runs = Runs(tmp_path / "work", ["v"])
    assert by_video(runs.run(at(server, "one")).outcomes) == {"v": ("rejected", "gone")}
    assert by_video(runs.run(DownloadConfig(media=str(folder))).outcomes) == {"v": ("done", "")}
