"""YouTube asked again: a busy server at extraction, a picture that is there already, a choice that is another one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yt_dlp
from worlds import small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import Break, HostileServer, Serve, Status, serving
from yt_dlp.extractor.youtube import YoutubeIE

from yt360_tools.config import DownloadConfig
from yt360_tools.sources.listing import list_youtube

VIDEO = "abcdefghi-_"
TALL, SMALL = small_media.picture("tall", pad_bytes=60_000), small_media.picture("small", pad_bytes=50_000)
SOUND = small_media.sound("sound", pad_bytes=60_000)
CONFIG = DownloadConfig(attempts=3, pause_s=5.0, jitter=0.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


@pytest.fixture
def youtube(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """Makes yt-dlp's extractor ask ``/page`` once, then give this information."""

    def give(information: dict[str, Any]) -> None:
        def extract(self: YoutubeIE, url: str) -> dict[str, Any]:
            self._download_webpage(f"{server.address}/page", VIDEO)
            return information

        monkeypatch.setattr(YoutubeIE, "_real_extract", extract)
        monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)

    return give


def offered(server: HostileServer, *pictures: tuple[str, int], **more: Any) -> dict[str, Any]:
    """What YouTube would say: pictures by format number and height, and four-channel sound."""
    formats: list[dict[str, Any]] = [
        {"format_id": "338", "url": f"{server.address}/338", "ext": "wav", "vcodec": "none", "acodec": "pcm",
         "audio_channels": 4, "format_note": "ambisonics_quad"},
    ]  # fmt: skip
    formats += [
        {"format_id": number, "url": f"{server.address}/{number}", "ext": "mp4", "vcodec": "avc1", "acodec": "none",
         "format_note": "mesh", "height": height, "width": 2 * height}
        for number, height in pictures
    ]  # fmt: skip
    return {"id": VIDEO, "title": "Sea", "formats": formats, **more}


def test_a_busy_server_at_extraction_is_asked_again_after_a_pause(
    server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    """yt-dlp gives up at the first 503, and does not tell of its Retry-After."""
    server.add("/page", Status(503, {"Retry-After": "40"}), Serve(b"<html>"))
    server.add("/338", Serve(SOUND))
    server.add("/313", Serve(TALL))
    youtube(offered(server, ("313", 2160)))
    runs = Runs(tmp_path, [VIDEO])
    assert by_video(runs.run(CONFIG).outcomes) == {VIDEO: ("done", "")}
    assert runs.time.slept == [40]
    assert server.count("/page") == 2


def test_a_picture_that_is_there_is_not_fetched_again_with_the_sound(
    server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    server.add("/page", Serve(b"<html>"))
    server.add("/338", Break(SOUND, after=40_000), Serve(SOUND))
    server.add("/313", Serve(TALL))
    youtube(offered(server, ("313", 2160)))
    runs = Runs(tmp_path, [VIDEO])
    runs.run(CONFIG)
    kept = runs.media(VIDEO)
    assert (kept[f"{VIDEO}.video.mp4"], kept[f"{VIDEO}.audio.wav"]) == (TALL, SOUND)
    assert set(kept) == {f"{VIDEO}.video.mp4", f"{VIDEO}.audio.wav", f"{VIDEO}.info.json"}
    assert (server.count("/313"), server.count("/338")) == (1, 2)
    assert [asked.range for asked in server.asked if asked.path == "/338"][1]


def test_neither_track_is_fetched_again_because_what_was_said_of_them_cannot_be_written(
    server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    server.add("/page", Serve(b"<html>"))
    server.add("/338", Serve(SOUND))
    server.add("/313", Serve(TALL))
    youtube(offered(server, ("313", 2160)))
    runs = Runs(tmp_path, [VIDEO])
    in_the_way = runs.workspace.partial_folder(VIDEO) / f"{VIDEO}.info.json"
    server.fuse_bytes, server.at_its_end = 1, in_the_way.mkdir
    config = DownloadConfig(attempts=1, pause_s=0.0)
    assert by_video(runs.run(config).outcomes) == {VIDEO: ("failed", "disk")}
    in_the_way.rmdir()
    assert by_video(runs.run(config).outcomes) == {VIDEO: ("done", "")}
    kept = runs.media(VIDEO)
    assert (kept[f"{VIDEO}.video.mp4"], kept[f"{VIDEO}.audio.wav"]) == (TALL, SOUND)
    assert sorted(kept) == [f"{VIDEO}.audio.wav", f"{VIDEO}.info.json", f"{VIDEO}.video.mp4"]
    assert (server.count("/313"), server.count("/338"), server.count("/page")) == (1, 1, 2)


def test_another_choice_is_not_glued_onto_the_first(
    server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    """Both formats' parts have one name. Whichever of them is there, whole or begun, belongs to the other choice."""
    server.add("/page", Serve(b"<html>"))
    server.add("/338", Serve(SOUND))
    server.add("/313", Break(TALL, after=40_000, etag=""))
    server.add("/271", Serve(SMALL, etag=""))
    runs = Runs(tmp_path, [VIDEO])
    youtube(offered(server, ("313", 2160), ("271", 1440)))
    assert by_video(runs.run(DownloadConfig(attempts=1)).outcomes) == {VIDEO: ("failed", "network")}
    runs.run(DownloadConfig(attempts=1, max_height=1440))
    assert runs.media(VIDEO)[f"{VIDEO}.video.mp4"] == SMALL


def test_a_video_that_is_shorter_than_announced_is_incomplete(
    server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    server.add("/page", Serve(b"<html>"))
    server.add("/338", Serve(SOUND))
    server.add("/313", Serve(TALL))
    youtube(offered(server, ("313", 2160), duration=60))
    runs = Runs(tmp_path, [VIDEO])
    runs.run(CONFIG)
    entry = runs.entries()[VIDEO]
    assert (entry.state, entry.reason) == ("failed", "incomplete")
    assert "60.00 s were announced" in entry.detail
    assert server.count("/313") == CONFIG.attempts


@pytest.mark.parametrize("live_status", ["is_live", "is_upcoming", "post_live"])
def test_what_has_not_ended_is_refused_before_anything_is_fetched(
    live_status: str, server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    """yt-dlp would record it as long as it lasts, through ffmpeg, from wherever it is now."""
    server.add("/page", Serve(b"<html>"))
    formats = offered(server, ("313", 2160))
    formats["formats"][1] |= {"protocol": "m3u8_native"}
    youtube({**formats, "live_status": live_status})
    runs = Runs(tmp_path, [VIDEO])
    runs.run(DownloadConfig(attempts=1))
    entry = runs.entries()[VIDEO]
    assert (entry.state, entry.reason) == ("failed", "live")
    assert "run again when the recording is there" in entry.detail
    assert {asked.path for asked in server.asked} == {"/page"}


def test_what_was_live_is_fetched(
    server: HostileServer, youtube: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    for path, body in {"/page": b"<html>", "/338": SOUND, "/313": TALL}.items():
        server.add(path, Serve(body))
    youtube(offered(server, ("313", 2160), live_status="was_live"))
    assert by_video(Runs(tmp_path, [VIDEO]).run(CONFIG).outcomes) == {VIDEO: ("done", "")}


def test_who_only_lists_pauses_between_videos_alone(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The pause between an extractor's requests would come on top."""
    slept: list[float] = []

    def extract(self: YoutubeIE, url: str) -> dict[str, Any]:
        for _ in range(3):
            self._download_webpage(f"{server.address}/page", VIDEO)
        return offered(server, ("313", 2160))

    monkeypatch.setattr(YoutubeIE, "_real_extract", extract)
    monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)
    monkeypatch.setattr(yt_dlp.extractor.common.time, "sleep", slept.append)
    server.add("/page", Serve(b"<html>"))
    list_youtube(VIDEO, DownloadConfig(sleep_s=9.0))
    assert (server.count("/page"), slept) == (3, [])


def test_a_bot_wall_stops_the_run(server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def refuse(self: YoutubeIE, url: str) -> dict[str, Any]:
        asked.append(url)
        raise yt_dlp.utils.ExtractorError("Sign in to confirm you’re not a bot. Use --cookies", expected=True)

    monkeypatch.setattr(YoutubeIE, "_real_extract", refuse)
    monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)
    videos = [f"{number:011}" for number in range(60)]
    found = Runs(tmp_path, videos).run(CONFIG)
    assert len(asked) <= CONFIG.jobs + CONFIG.brake_stops
    assert "bot wall" in found.stopped
