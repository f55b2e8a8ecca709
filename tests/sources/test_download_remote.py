"""Sources beside YouTube: whatever fsspec opens, files that a manifest names, and checksums that it promises."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from worlds import command, small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import HostileServer, Serve, Status, serving

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import EnvironmentMissing, MediaError, TransientError, UsageError
from yt360_tools.pipeline.declared_media import broken_promises
from yt360_tools.sources import open_source, remote
from yt360_tools.sources.local import LocalSource
from yt360_tools.sources.parts import note_path

BODY, SOUND = small_media.picture("remote"), small_media.sound("remote")


@pytest.fixture(params=["memory", "file"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place that fsspec opens, with a video in two tracks and one in a single file."""
    folder = "memory://served" if request.param == "memory" else f"file://{tmp_path}/served"
    files = fsspec.filesystem(request.param)
    files.makedirs(folder, exist_ok=True)
    for name, content in {"-v.video.mp4": BODY, "-v.audio.wav": SOUND, "_one.mp4": BODY, "d.mp4/x": b""}.items():
        files.makedirs(f"{folder}/{name}".rpartition("/")[0], exist_ok=True)
        with files.open(f"{folder}/{name}", "wb") as file:
            file.write(content)
    yield folder
    files.rm(folder, recursive=True)


def config_for(template: str, **options: object) -> DownloadConfig:
    return DownloadConfig(source=(template,), attempts=1, pause_s=0.0, **options)  # type: ignore[arg-type]


def test_what_fsspec_opens_is_fetched_byte_by_byte(address: str, tmp_path: Path) -> None:
    runs = Runs(tmp_path / "work", ["-v"])
    runs.run(config_for(f"{address}/{{video_id}}.{{track}}.{{ext}}"))
    assert runs.media("-v") == {"-v.video.mp4": BODY, "-v.audio.wav": SOUND}
    muxed = Runs(tmp_path / "muxed", ["_one", "no-such", "d"])
    muxed.run(config_for(f"{address}/{{video_id}}.mp4"))
    assert muxed.media("_one") == {"_one.mp4": BODY}
    assert {one: (entry.state, entry.reason) for one, entry in muxed.entries().items()} == {
        "_one": ("done", ""),
        "no-such": ("rejected", "gone"),
        "d": ("rejected", "gone"),
    }


def test_a_copy_that_broke_off_is_gone_on_from(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun_at: list[int] = []
    opened = remote._opened

    class Breaking:
        """A file that breaks off after 2,000 bytes, and tells where reading began."""

        def __init__(self, file: object) -> None:
            self.file, self.left = file, 2000

        def __enter__(self) -> "Breaking":
            return self

        def __exit__(self, *error: object) -> None:
            self.file.close()  # type: ignore[attr-defined]

        def seek(self, at: int) -> None:
            begun_at.append(at)
            self.file.seek(at)  # type: ignore[attr-defined]

        def read(self, count: int) -> bytes:
            if not self.left and len(begun_at) == 1:
                raise ConnectionResetError("reset by peer")
            block = self.file.read(min(count, self.left or count))  # type: ignore[attr-defined]
            self.left = 0
            return block

    class Files:
        def __init__(self, files: object) -> None:
            self.files = files

        def __getattr__(self, name: str) -> object:
            return getattr(self.files, name)

        def open(self, path: str, mode: str) -> Breaking:
            return Breaking(self.files.open(path, mode))  # type: ignore[attr-defined]

    monkeypatch.setattr(remote, "_opened", lambda given: (Files(opened(given)[0]), opened(given)[1]))
    runs = Runs(tmp_path / "work", ["_one"])
    config = config_for(f"{address}/{{video_id}}.mp4")
    assert by_video(runs.run(config).outcomes) == {"_one": ("failed", "network")}
    runs.run(config)
    assert begun_at == [0, 2000]
    assert runs.media("_one") == {"_one.mp4": BODY}


def test_a_file_that_has_changed_meanwhile_is_not_glued(tmp_path: Path) -> None:
    served, folder = tmp_path / "v.mp4", tmp_path / "to"
    folder.mkdir()
    served.write_bytes(BODY)
    address = f"file://{served}"
    part = remote.PartialFile(folder / "v.mp4", address)
    part.announced(len(BODY), "another mark")
    part.path.write_bytes(BODY[:1000])
    part.checkpoint()
    remote.copy_address(address, folder, "v", DownloadConfig())
    assert (folder / "v.mp4").read_bytes() == BODY
    assert note_path(folder / "v.mp4").exists()


@pytest.mark.parametrize(
    ("scheme", "error", "said"),
    [
        ("gopher", UsageError, "http:// or https://"),
        ("sftpp", UsageError, "did you mean 'sftp'"),
        ("simplecache", UsageError, "fsspec's schemes"),
        ("dropbox", EnvironmentMissing, "dropboxdrivefs"),
    ],
)
def test_a_scheme_that_cannot_be_opened_says_what_can(scheme: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        open_source(config_for(f"{scheme}://me:s3cret@host/{{video_id}}.mp4"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"), [("media/{video_id}.mp4", "--media FOLDER"), ("youtub", "did you mean 'youtube'")]
)
def test_what_is_no_template_is_told_in_a_line(source: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        open_source(config_for(source))
    assert "is neither 'youtube' nor a URL template" in str(caught.value)
    assert len(str(caught.value)) < 240


def test_what_a_package_says_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(address: str) -> None:
        raise RuntimeError("\x1b[31mbusy\r\x07 now")

    monkeypatch.setattr(remote, "_opened", failing)
    with pytest.raises(TransientError, match=r"RuntimeError: \[31mbusy now$"):
        remote.copy_address("memory://a/b.mp4", tmp_path, "b", DownloadConfig())


def test_sources_of_two_kinds_are_refused() -> None:
    with pytest.raises(UsageError, match="of one kind"):
        open_source(DownloadConfig(source=("https://a.example/{video_id}", "memory://b/{video_id}")))


def test_what_a_place_forbids_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(address: str) -> None:
        raise PermissionError(13, "Access Denied", "s3://bucket/key?secret=t0ken")

    monkeypatch.setattr(remote, "_opened", forbidden)
    with pytest.raises(TransientError) as caught:
        remote.copy_address("memory://a/b.mp4?key=t0ken", tmp_path, "b", DownloadConfig())
    assert caught.value.reason == "refused"
    assert "t0ken" not in str(caught.value)


# --- Checksums

DIGEST = hashlib.sha256(BODY).hexdigest()
WRONG = hashlib.sha256(b"another").hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


@pytest.mark.parametrize(
    ("script", "promised", "outcome", "requests"),
    [
        ((Serve(BODY),), DIGEST, ("done", ""), 1),
        ((Serve(BODY),), DIGEST.upper(), ("done", ""), 1),
        ((Serve(small_media.picture("damaged")), Serve(BODY)), DIGEST, ("done", ""), 2),
        ((Serve(BODY),), WRONG, ("rejected", "checksum"), 2),
        ((Serve(BODY), Status(503)), WRONG, ("failed", "network"), 2),
    ],
)
def test_a_promised_checksum_is_kept_or_fetched_afresh_once(
    script: tuple[object, ...],
    promised: str,
    outcome: tuple[str, str],
    requests: int,
    server: HostileServer,
    tmp_path: Path,
) -> None:
    server.add("/v.mp4", *script)
    runs = Runs(tmp_path, ["v"], {"v": {"sha256": promised}})
    assert by_video(runs.run(config_for(f"{server.address}/{{video_id}}.mp4")).outcomes) == {"v": outcome}
    assert server.count("/v.mp4") == requests
    assert runs.media("v") == ({"v.mp4": BODY} if outcome == ("done", "") else {})


def test_a_mended_checksum_is_looked_at_again(server: HostileServer, tmp_path: Path) -> None:
    server.add("/v.mp4", Serve(BODY))
    runs = Runs(tmp_path, ["v"], {"v": {"sha256": WRONG}})
    config = config_for(f"{server.address}/{{video_id}}.mp4")
    assert by_video(runs.run(config).outcomes) == {"v": ("rejected", "checksum")}
    assert runs.run(config).outcomes == ()
    runs.extra["v"]["sha256"] = DIGEST.upper()
    assert by_video(runs.run(config).outcomes) == {"v": ("done", "")}
    assert broken_promises(runs.manifest, runs.entries()) == []
    runs.extra["v"]["sha256"] = WRONG
    assert broken_promises(runs.manifest, runs.entries()) == ["v"]


@pytest.mark.parametrize(
    ("names", "column", "says"),
    [
        (("v.video.mp4", "v.audio.wav"), "sha256", "should have video_sha256 and audio_sha256"),
        (("v.mp4",), "video_sha256", "should have sha256"),
    ],
)
def test_a_checksum_in_a_column_of_other_files_is_refused_once(
    names: tuple[str, ...], column: str, says: str, server: HostileServer, tmp_path: Path
) -> None:
    bodies = {"v.mp4": BODY, "v.video.mp4": BODY, "v.audio.wav": small_media.sound("s")}
    for name in names:
        server.add(f"/{name}", Serve(bodies[name]))
    runs = Runs(tmp_path, ["v"], {"v": {column: WRONG}})
    config = replace(
        config_for(""), source=tuple(f"{server.address}/{name.replace('v', '{video_id}', 1)}" for name in names)
    )
    for _ in range(2):
        runs.run(config)
    entry = runs.entries()["v"]
    assert (entry.state, entry.reason) == ("rejected", "checksum")
    assert says in entry.detail
    assert len(server.asked) <= 2 * len(names)


def test_each_track_has_its_checksum(server: HostileServer, tmp_path: Path) -> None:
    server.add("/v.video.mp4", Serve(BODY))
    server.add("/v.audio.wav", Serve(SOUND))
    both = {"video_sha256": DIGEST, "audio_sha256": hashlib.sha256(SOUND).hexdigest()}
    template = f"{server.address}/{{video_id}}.{{track}}.{{ext}}"
    for number, (extra, outcome) in enumerate(
        [(both, ("done", "")), (both | {"audio_sha256": WRONG}, ("rejected", "checksum"))]
    ):
        runs = Runs(tmp_path / f"{number}", ["v"], {"v": extra})
        assert by_video(runs.run(config_for(template)).outcomes) == {"v": outcome}


def test_the_ledger_has_the_sha256_of_what_came(server: HostileServer, tmp_path: Path) -> None:
    server.add("/v.mp4", Serve(BODY))
    runs = Runs(tmp_path, ["v"])
    runs.run(config_for(f"{server.address}/{{video_id}}.mp4"))
    assert runs.entries()["v"].data["files"] == {"v.mp4": {"bytes": len(BODY), "sha256": DIGEST}}


def test_what_does_not_fit_is_not_begun(server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the server announces, before a byte of it is written."""
    server.add("/v.mp4", Serve(BODY))
    config = config_for(f"{server.address}/{{video_id}}.mp4", min_free_gb=6e-6)
    runs = Runs(tmp_path, ["v", "w"])
    with monkeypatch.context() as little:
        little.setattr("yt360_tools.sources.room.free_bytes", lambda folder: 10_000)
        found = runs.run(config)
    assert by_video(found.outcomes)["v"] == ("failed", "disk_full")
    assert "disk_full" not in found.stopped
    assert "min_free_gb" in found.stopped
    assert not list(runs.workspace.raw.rglob("*.part/*.part"))
    runs.run(config)
    assert runs.media("v") == {"v.mp4": BODY}


# --- Files that a manifest names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    media = tmp_path / "media"
    (media / "day 1").mkdir(parents=True)
    (media / "day 1" / "take.mp4").write_bytes(BODY)
    (media / "take.wav").write_bytes(SOUND)
    return media


def test_a_manifest_names_files_anywhere_below_the_folder(folder: Path, tmp_path: Path) -> None:
    extra = {"one": {"media": "day 1/take.mp4"}, "two": {"video_media": "day 1/take.mp4", "audio_media": "take.wav"}}
    from yt360_tools.pipeline.declared_media import named_media

    runs = Runs(tmp_path / "work", ["one", "two"], extra)
    source = LocalSource(folder, named_media(runs.manifest))
    runs.run(DownloadConfig(media=str(folder)), source)
    assert runs.media("one") == {"one.mp4": BODY}
    assert runs.media("two") == {"two.video.mp4": BODY, "two.audio.wav": SOUND}
    assert source.unlisted({"one", "two"}) == ()
    assert source.size_bytes("two") == len(BODY) + len(SOUND)


@pytest.mark.parametrize(
    "text", ["../secret.mp4", "/etc/passwd.mp4", "day 1/../../secret.mp4", "..", "a\0.mp4", "..\\secret.mp4", "-"]
)
def test_a_manifest_names_nothing_outside_the_folder(text: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(BODY)
    source = LocalSource(folder, {"v": {"": text}})
    with pytest.raises(MediaError) as caught:
        source.fetch("v", tmp_path)
    assert caught.value.reason == "unsafe_path"
    assert source.size_bytes("v") == 0


def test_a_named_file_that_is_missing_may_come(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="has no file day 2/x") as caught:
        LocalSource(folder, {"v": {"": "day 2/x.mp4"}}).fetch("v", tmp_path)
    assert caught.value.reason == "missing_media"


def test_local_files_never_wait_and_are_held_against_promises(folder: Path, tmp_path: Path) -> None:
    config = DownloadConfig(media=str(folder))
    runs = Runs(tmp_path / "work", ["take", "late"], {"take": {"audio_sha256": WRONG}})
    (folder / "take.video.mp4").write_bytes(BODY)
    (folder / "take.audio.wav").write_bytes(SOUND)
    first = by_video(runs.run(config).outcomes)
    assert first == {"take": ("rejected", "checksum"), "late": ("failed", "missing_media")}
    assert runs.time.slept == []
    (folder / "late.mp4").write_bytes(BODY)
    assert by_video(runs.run(config).outcomes) == {"late": ("done", "")}


# --- The command


def test_the_command_says_what_waits_until_when_and_asks_when_told(server: HostileServer, tmp_path: Path) -> None:
    server.add("/busy.mp4", Status(503), Serve(BODY))
    server.add("/shut.mp4", Status(403))
    manifest = command.write_rows(tmp_path / "m.csv", "busy,busy,,,train", "shut,shut,,,train")
    settings = tmp_path / "c.toml"
    settings.write_text("[download]\nattempts = 1\n")
    template = f"{server.address}/{{video_id}}.mp4"
    arguments = ["download", manifest, "-w", tmp_path / "work", "--config", settings, "--source", template]
    changes = {"NO_PROXY": "127.0.0.1"}
    first = command.run(arguments, changes=changes)
    assert first.code == 3
    again = command.run(arguments, changes=changes)
    assert (again.code, len(server.asked)) == (3, 2)
    for ended in (first, again):
        assert "1 video is not asked for yet (network 1), until 20" in ended.stderr
        assert "--retry all" in ended.stderr
        assert "1 video is not asked for again before something is changed (refused 1)" in ended.stderr
    wrong = command.run([*arguments, "--retry", "netwrk"], changes=changes)
    assert wrong.code == 2
    assert "did you mean 'network'" in wrong.stderr
    told = command.run([*arguments, "--retry", "network"], changes=changes)
    assert (told.code, len(server.asked)) == (3, 3)
    assert "1 done, 1 failed (1 in this run)" in told.stdout
