"""YouTube through yt-dlp, its page replaced by what it would have learnt of a video, its media served from here."""

import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yt_dlp
from worlds import small_media
from yt_dlp.extractor.youtube import YoutubeIE

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.download import DownloadTask
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources import open_source

VIDEO = "abcdefghi-_"
FILES = {"picture": small_media.picture("p"), "sound": small_media.sound("s"), "stereo": b"stereo"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def offered(server: str) -> list[dict[str, Any]]:
    sound = {"ext": "webm", "vcodec": "none", "acodec": "opus"}
    return [
        {"format_id": "251", "url": f"{server}/stereo", "audio_channels": 2, **sound},
        {"format_id": "338", "url": f"{server}/sound?sig=t0ken", "audio_channels": 4, **sound},
        {"format_id": "313", "url": f"{server}/picture?sig=t0ken", "ext": "mp4", "vcodec": "vp9", "acodec": "none",
         "format_note": "2160s, mesh", "height": 2160, "width": 4320},
    ]  # fmt: skip


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """A video's outcome when yt-dlp's extractor does as told: gives information, or raises."""

    def fetch(answer: dict[str, Any] | Exception, video_id: str = VIDEO, **options: Any) -> Outcome:
        def extract(self: YoutubeIE, url: str) -> dict[str, Any]:
            if isinstance(answer, Exception):
                raise answer
            return answer if url.endswith(VIDEO) else {"id": url[-11:], "title": "A trailer", **answer["trailer"]}

        monkeypatch.setattr(YoutubeIE, "_real_extract", extract)
        monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)
        source = open_source(DownloadConfig(attempts=1, **options))
        (outcome,) = DownloadTask(video_id, source, Workspace(tmp_path / "work")).run()
        return outcome

    return fetch


def test_picture_and_sound_are_kept_apart_as_served(
    server: str, fetched: Callable[..., Outcome], tmp_path: Path
) -> None:
    outcome = fetched({"id": VIDEO, "title": "Sea", "formats": offered(server)})
    assert outcome.state == "done", outcome.detail
    folder = tmp_path / "work" / "raw" / VIDEO
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    noted = kept.pop(f"{VIDEO}.info.json")
    assert kept == {f"{VIDEO}.video.mp4": FILES["picture"], f"{VIDEO}.audio.webm": FILES["sound"]}
    assert [entry["format_id"] for entry in json.loads(noted)["formats"]] == ["313", "338"]
    assert b"t0ken" not in noted


@pytest.mark.parametrize(("formats", "reason"), [(slice(0, 1), "no_360_picture"), (slice(2, 3), "no_spatial_sound")])
def test_what_is_not_offered_today_is_asked_again(
    formats: slice, reason: str, server: str, fetched: Callable[..., Outcome]
) -> None:
    outcome = fetched({"id": VIDEO, "title": "Sea", "formats": offered(server)[formats]})
    assert (outcome.state, outcome.reason) == ("failed", reason)


def test_what_youtube_says_becomes_the_outcome(fetched: Callable[..., Outcome]) -> None:
    gone = yt_dlp.utils.ExtractorError("Video unavailable. This video has been removed by the uploader", expected=True)
    outcome = fetched(gone)
    assert (outcome.state, outcome.reason) == ("rejected", "gone_removed")
    assert VIDEO in outcome.detail
    bug = fetched(KeyError("https://user:s3cret@a.example/?sig=t0ken"))
    assert (bug.state, bug.reason) == ("failed", "unknown")
    assert "s3cret" not in bug.detail
    assert "t0ken" not in bug.detail


def test_an_id_that_is_none_reaches_no_other_extractor(fetched: Callable[..., Outcome]) -> None:
    for video_id in ("short", "a video", "playlist"):
        outcome = fetched(AssertionError("nothing is asked"), video_id)
        assert (outcome.state, outcome.reason) == ("rejected", "unsupported")


def test_a_trailer_is_not_taken_for_the_film(server: str, fetched: Callable[..., Outcome], tmp_path: Path) -> None:
    trailer = {"formats": offered(server)}
    outcome = fetched({"_type": "url", "url": "trailer-123", "ie_key": "Youtube", "trailer": trailer})
    assert (outcome.state, outcome.reason) == ("failed", "restricted_members")
    assert not (tmp_path / "work" / "raw" / VIDEO).exists()
