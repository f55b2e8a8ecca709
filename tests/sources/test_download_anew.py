"""`--retry-rejected` fetches anew what was examined and rejected, and loses nothing when that cannot be."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import command
from worlds.hostile_server import HostileServer, Serve, Status, serving


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as hostile:
        yield hostile


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    """A video that has no sound: it is fetched, and rejected when it is examined."""
    command.write_picture(tmp_path / "mute.mp4", 3.0)
    return (tmp_path / "mute.mp4").read_bytes()


def stages(tmp_path: Path, server: HostileServer, *words: str) -> dict[str, dict[str, object]]:
    manifest = command.write_rows(tmp_path / "m.csv", "a,a,0,2,train")
    given = ["-w", tmp_path / "work", "--json"]
    source = [] if words[0] == "validate" else ["--source", f"{server.address}/{{video_id}}.mp4", *command.SMALL]
    (name, *options) = words
    ended = command.run([name, manifest, *given, *source, *options])
    return {stage["stage"]: stage for stage in json.loads(ended.stdout)["stages"]}


@pytest.fixture
def rejected(tmp_path: Path, server: HostileServer, film: bytes) -> Path:
    """Where the media of the rejected video lie."""
    server.add("/a.mp4", Serve(film))
    assert stages(tmp_path, server, "rebuild")["validate"]["rejected_reasons"] == {"no_sound": 1}
    return tmp_path / "work" / "raw" / "a" / "a.mp4"


def test_a_stage_that_cannot_fetch_examines_what_is_there(
    rejected: Path, tmp_path: Path, server: HostileServer, film: bytes
) -> None:
    assert stages(tmp_path, server, "validate", "--retry-rejected")["validate"]["taken_up"] == 1
    assert rejected.read_bytes() == film


def test_media_stay_when_the_server_has_lost_them(
    rejected: Path, tmp_path: Path, server: HostileServer, film: bytes
) -> None:
    server.add("/a.mp4", Status(404))
    found = stages(tmp_path, server, "rebuild", "--retry-rejected")
    assert rejected.read_bytes() == film
    assert (found["download"]["done"], found["validate"]["rejected_reasons"]) == (1, {"no_sound": 1})


def test_media_are_replaced_by_what_the_server_has_now(rejected: Path, tmp_path: Path, server: HostileServer) -> None:
    command.write_media(tmp_path / "whole", "a", 3.0)
    whole = tmp_path / "whole" / "a.mkv"
    inputs = [part for name in ("a.video.mp4", "a.audio.wav") for part in ("-i", str(tmp_path / "whole" / name))]
    from yt360_tools.media.ffmpeg import find_ffmpeg

    subprocess.run([str(find_ffmpeg()), "-v", "error", *inputs, "-c", "copy", str(whole)], check=True)
    server.add("/a.mp4", Serve(whole.read_bytes()))
    found = stages(tmp_path, server, "rebuild", "--retry-rejected")
    assert rejected.read_bytes() == whole.read_bytes()
    assert (found["validate"]["done"], found["build"]["done"]) == (1, 1)
    assert [path.name for path in rejected.parent.parent.iterdir()] == ["a"]
