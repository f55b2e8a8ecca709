"""Media go where they are told to go, whatever the names of folders and videos look like to a shell or to yt-dlp."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from worlds import small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import HostileServer, Serve, serving
from yt_dlp.extractor.youtube import YoutubeIE

from yt360_tools.config import DownloadConfig
from yt360_tools.sources import open_source

VIDEO = "abcdefghi-_"
BODY, SOUND = small_media.picture("the body"), small_media.sound("the sound")
FOLDERS = ("a$HOME-${USER}%(id)s~x", "~", "$HOME", "$$HOME", "100%", "%%", " spaces ", "%(title)s")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USER", "somebody")
    with serving() as hostile:
        yield hostile


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_workspace_may_be_called_anything(folder: str, server: HostileServer, tmp_path: Path) -> None:
    server.add("/v.mp4", Serve(BODY))
    runs = Runs(tmp_path / folder, ["v"])
    found = runs.run(DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",), attempts=1))
    assert by_video(found.outcomes) == {"v": ("done", "")}
    assert runs.media("v") == {"v.mp4": BODY}
    assert [path.name for path in tmp_path.iterdir()] == [folder]


def test_both_tracks_from_youtube_go_there_too(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats: list[dict[str, Any]] = [
        {"format_id": "338", "url": f"{server.address}/338", "ext": "wav", "vcodec": "none", "acodec": "pcm",
         "audio_channels": 4, "format_note": "ambisonics_quad"},
        {"format_id": "313", "url": f"{server.address}/313", "ext": "mp4", "vcodec": "avc1", "acodec": "none",
         "format_note": "mesh", "height": 2160, "width": 4320},
    ]  # fmt: skip
    answer = {"id": VIDEO, "title": "Sea", "formats": formats}
    monkeypatch.setattr(YoutubeIE, "_real_extract", lambda self, url: answer)
    monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)
    server.add("/338", Serve(SOUND))
    server.add("/313", Serve(BODY))
    runs = Runs(tmp_path / FOLDERS[0], [VIDEO])
    runs.run(DownloadConfig(attempts=1))
    kept = runs.media(VIDEO)
    assert (kept[f"{VIDEO}.video.mp4"], kept[f"{VIDEO}.audio.wav"]) == (BODY, SOUND)
    assert [path.name for path in tmp_path.iterdir()] == [FOLDERS[0]]


@pytest.mark.parametrize("video_id", ["$HOME", "~", "~root", "%(ext)s", "${USER}"])
def test_a_video_may_be_called_anything(video_id: str, server: HostileServer, tmp_path: Path) -> None:
    server.add(f"/{quote(video_id, safe='')}.mp4", Serve(BODY))
    folder = tmp_path / "to"
    folder.mkdir()
    open_source(DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",))).fetch(video_id, folder)
    assert {path.name: path.read_bytes() for path in folder.glob("[!.]*")} == {f"{video_id}.mp4": BODY}
