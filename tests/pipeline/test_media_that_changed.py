"""Raw media that are not what was fetched, or are gone where a clip is still to build, are fetched again at once."""

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from worlds import command
from worlds.command import Ended
from worlds.hostile_server import HostileServer, Serve, serving

VIDEOS = ("one", "two")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for number, video_id in enumerate(VIDEOS):
        command.write_media(folder, video_id, 2.5 + number, seed=number)
    return folder


@pytest.fixture
def server(media: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as served:
        for path in media.iterdir():
            served.add(f"/{path.name}", Serve(path.read_bytes()))
        yield served


class Work:
    """A workspace whose media a server, or a folder of the user's, gives."""

    def __init__(self, folder: Path, *source: object) -> None:
        self.root, self.source = folder / "work", source
        self.manifest = command.write_rows(folder / "manifest.csv", *(f"{one},{one},0,2,train" for one in VIDEOS))

    def run(self, name: str, *more: object) -> Ended:
        source = self.source if name in ("rebuild", "download") else ()
        shape = command.SMALL if name == "rebuild" else ()
        return command.run((name, self.manifest, "-w", self.root, *source, *shape, *more))

    def raw(self, video_id: str, track: str) -> Path:
        (found,) = (self.root / "raw" / video_id).glob(f"{video_id}.{track}.*")
        return found

    @property
    def built(self) -> dict[str, str]:
        """By clip, the sha256 of its content."""
        with (self.root / "shards" / "index.csv").open(encoding="utf-8", newline="") as file:
            return {row["clip_id"]: row["content_sha256"] for row in csv.DictReader(file)}


@pytest.fixture
def remote(tmp_path: Path, server: HostileServer) -> Work:
    return Work(tmp_path, "--source", f"{server.address}/{{video_id}}.{{track}}.{{ext}}")


@pytest.fixture(scope="module")
def right(media: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    work = Work(tmp_path_factory.mktemp("right"), "--media", media)
    assert work.run("rebuild").code == 0
    return work.built


def swap(work: Work) -> None:
    shutil.copy(work.raw("two", "audio"), work.raw("one", "audio"))


def empty(work: Work) -> None:
    work.raw("one", "audio").write_bytes(b"")


def remove(work: Work) -> None:
    work.raw("one", "audio").unlink()


CHANGES = pytest.mark.parametrize(
    ("change", "says"),
    [
        (swap, "one.audio.wav has 448,0.. bytes, and had 320,0.. when it was fetched"),
        (empty, "one.audio.wav has 0 bytes, and had 320,0.. when it was fetched"),
        (remove, "one.audio.wav is gone"),
    ],
    ids=["another video's", "emptied", "removed"],
)


def taken_up(ended: Ended) -> dict[str, int]:
    return {one["stage"]: one["taken_up"] for one in json.loads(ended.stdout)["stages"]}


def one_line(ended: Ended, says: str) -> None:
    assert len([line for line in ended.complaints if re.search(says, line)]) == 1, ended


@CHANGES
@pytest.mark.parametrize("more", [(), ("--discard-raw",)], ids=["at once", "video by video"])
def test_a_rebuild_fetches_again_what_is_not_what_was_fetched(
    change: Callable[[Work], None],
    says: str,
    more: tuple[str, ...],
    remote: Work,
    server: HostileServer,
    right: dict[str, str],
) -> None:
    assert remote.run("download").code == 0
    change(remote)
    ended = remote.run("rebuild", *more)
    assert ended.code == 0, ended
    one_line(ended, f"one is not what was fetched: {says}")
    assert remote.built == right
    assert (server.count("/one.audio.wav"), server.count("/two.audio.wav")) == (2, 1)
    again = remote.run("rebuild", *more)
    assert (again.code, again.complaints) == (0, []), again


@CHANGES
def test_a_validation_leaves_it_to_the_next_download(
    change: Callable[[Work], None], says: str, remote: Work, right: dict[str, str]
) -> None:
    """Never a rejection: nothing is known of the video."""
    assert remote.run("download").code == 0
    change(remote)
    ended = remote.run("validate")
    assert ended.code == 3, ended
    one_line(ended, f"^failed +one: missing_media: {says}.*'yt360 download' fetches it again")
    assert remote.run("download").code == 0
    assert remote.run("validate").code == 0
    assert remote.run("rebuild").code == 0
    assert remote.built == right


def test_what_is_told_of_a_video_may_change(remote: Work) -> None:
    """Notes beside the media are no media."""
    assert remote.run("download").code == 0
    shutil.rmtree(remote.root / "raw" / "two")
    (remote.root / "raw" / "one" / "one.info.json").write_text("{}", encoding="utf-8")
    ended = remote.run("rebuild")
    assert (ended.code, ended.complaints) == (0, []), ended


def test_a_users_own_file_that_he_changed_is_taken_up_anew(tmp_path: Path, media: Path) -> None:
    """What lies in the workspace is a link to it."""
    own = tmp_path / "own"
    shutil.copytree(media, own)
    work = Work(tmp_path, "--media", own)
    assert work.run("download").code == 0
    assert os.path.samefile(work.raw("one", "audio"), own / "one.audio.wav")
    longer = (media / "two.audio.wav").read_bytes()
    (own / "one.audio.wav").write_bytes(longer)
    ended = work.run("rebuild")
    assert ended.code == 0, ended
    one_line(ended, "one is not what was fetched: one.audio.wav has")
    assert (own / "one.audio.wav").read_bytes() == longer
    assert sorted(path.name for path in own.iterdir()) == sorted(path.name for path in media.iterdir())
    assert set(work.built) == set(VIDEOS)


def test_media_of_finished_clips_may_change(remote: Work, server: HostileServer) -> None:
    assert remote.run("rebuild").code == 0
    empty(remote)
    ended = remote.run("rebuild")
    assert (ended.code, ended.complaints) == (0, []), ended
    assert server.count("/one.audio.wav") == 1


@pytest.mark.parametrize("first", [(), ("--discard-raw",)], ids=["kept", "discarded"])
@pytest.mark.parametrize("then", [(), ("--discard-raw",)], ids=["keep", "discard"])
def test_a_lost_shard_is_built_again_in_one_run_though_media_are_gone(
    first: tuple[str, ...], then: tuple[str, ...], remote: Work, right: dict[str, str]
) -> None:
    assert remote.run("rebuild", *first).code == 0
    shutil.rmtree(remote.root / "raw")
    (shard,) = (remote.root / "shards").glob("*.h5")
    shard.unlink()
    ended = remote.run("rebuild", *then, "--json")
    assert ended.code == 0, ended
    assert taken_up(ended) == {"download": 2, "validate": 0, "segment": 0, "build": 2}
    assert remote.built == right


def test_a_download_alone_brings_what_a_lost_shard_needs(remote: Work, right: dict[str, str]) -> None:
    assert remote.run("rebuild", "--discard-raw").code == 0
    assert taken_up(remote.run("download", "--json")) == {"download": 0}
    (shard,) = (remote.root / "shards").glob("*.h5")
    shard.unlink()
    assert taken_up(remote.run("download", "--json")) == {"download": 2}
    assert remote.run("build").code == 0
    assert remote.built == right
