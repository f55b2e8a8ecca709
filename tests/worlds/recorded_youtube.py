"""A YouTube on 127.0.0.1: yt-dlp's own extractor, whose answers of the player come from a server that a test fills.

What is replaced is one method, the one that asks youtube.com. All else is yt-dlp's: how it reads streams into formats
and refusals into messages, its errors when a server fails, its sorting. The fields of a stream are YouTube's own.
"""

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CLIENT = "android_vr"
TOKEN = "p0t0ken"
"""The proof of origin that every address of a stream ends up with."""

PLUGIN = """
import os
from worlds.recorded_youtube import asking
from yt_dlp.extractor.youtube import YoutubeIE


class RecordedYoutubeIE(YoutubeIE, plugin_name="recorded"):
    _initial_extract = asking(os.environ["RECORDED_YOUTUBE"])

    def _real_initialize(self):
        pass
"""


def stream(itag: int, mime: str, address: str = "", **more: Any) -> dict[str, Any]:
    """One of a player's ``adaptiveFormats``; `mime` such as ``video/webm; codecs="vp9"``."""
    url = address or f"https://r1.googlevideo.invalid/videoplayback?itag={itag}"
    return {
        "itag": itag, "url": f"{url}{'&' if '?' in url else '?'}sig=s1gnature&ip=203.0.113.9", "mimeType": mime,
        "bitrate": 1_000_000, "averageBitrate": 900_000, "approxDurationMs": "60000", **more,
    }  # fmt: skip


def sphere(itag: int = 313, height: int = 2160, projection: str = "MESH", **more: Any) -> dict[str, Any]:
    """A picture as YouTube describes it."""
    words = {"width": 2 * height, "height": height, "fps": 30, "quality": "hd2160", "qualityLabel": f"{height}s"}
    return stream(itag, 'video/webm; codecs="vp9"', **{**words, "projectionType": projection, **more})


def quad(itag: int = 338, kind: str = "AMBISONICS_QUAD", channels: int = 4, **more: Any) -> dict[str, Any]:
    """A spatial sound as YouTube describes it."""
    return stereo(itag, audioChannels=channels, spatialAudioType=f"SPATIAL_AUDIO_TYPE_{kind}", **more)


def stereo(itag: int = 251, **more: Any) -> dict[str, Any]:
    words = {"audioQuality": "AUDIO_QUALITY_HIGH", "audioSampleRate": "48000", "audioChannels": 2}
    return stream(itag, 'audio/webm; codecs="opus"', **{**words, **more})


def video(*streams: dict[str, Any], seconds: int = 60, date: str = "2019-05-01", **more: Any) -> dict[str, Any]:
    """A player's answer for a video that plays."""
    details = {"title": "Sea", "lengthSeconds": str(seconds), "channelId": "UC" + "x" * 22, "author": "A. Person"}
    return {
        "playabilityStatus": {"status": "OK"},
        "videoDetails": details,
        "microformat": {"playerMicroformatRenderer": {"uploadDate": date, "publishDate": date}},
        "streamingData": {"adaptiveFormats": list(streams)},
        **more,
    }  # fmt: skip


def refusal(reason: str, more: str = "", status: str = "ERROR") -> dict[str, Any]:
    """A player's answer for a video that does not play, in YouTube's words."""
    screen = {"playerErrorMessageRenderer": {"reason": {"simpleText": reason}, "subreason": {"simpleText": more}}}
    return {"playabilityStatus": {"status": status, "reason": reason, "errorScreen": screen}, "streamingData": {}}


class Recorded:
    """A server's answers by video id: a player's answer, or an HTTP status; what is not filled in is 404.

    Attributes:
        retry_after_s: what a status asks for, where it is given.
        asked: the video ids in the order in which they were asked for.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.retry_after_s: int | None = None
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.address = ""


@contextlib.contextmanager
def serving() -> Iterator[Recorded]:
    """The server, for as long as the block lasts."""
    recorded = Recorded()

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].removeprefix("/")
            if name in recorded.files:
                self._send(recorded.files[name], "application/octet-stream")
                return
            video_id = name.removesuffix(".json")
            recorded.asked.append(video_id)
            answer = recorded.answers.get(video_id, 404)
            if isinstance(answer, int):
                self._refuse(answer)
            else:
                self._send(json.dumps(answer).encode(), "application/json")

        def _refuse(self, status: int) -> None:
            self.send_response(status)
            if recorded.retry_after_s is not None:
                self.send_header("Retry-After", str(recorded.retry_after_s))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        recorded.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield recorded
        server.shutdown()


def asking(server: str) -> Callable[..., Any]:
    """In place of the extractor's method that asks youtube.com: one that asks `server`."""

    def initial(extractor: Any, url: str, data: Any, page: str, client: str, video_id: str) -> Any:
        from yt_dlp.extractor.youtube import _video

        answer = extractor._download_json(f"{server}/{video_id}.json", video_id)
        answer.setdefault("videoDetails", {})["videoId"] = video_id
        answer["streamingData"] |= {
            _video.STREAMING_DATA_CLIENT_NAME: CLIENT,
            _video.STREAMING_DATA_FETCH_GVS_PO_TOKEN: lambda required=False: TOKEN,
            _video.STREAMING_DATA_PLAYER_TOKEN_PROVIDED: False,
            _video.STREAMING_DATA_INNERTUBE_CONTEXT: {"client": {"clientName": CLIENT.upper()}},
            _video.STREAMING_DATA_FETCH_SUBS_PO_TOKEN: lambda: None,
            _video.STREAMING_DATA_IS_PREMIUM_SUBSCRIBER: False,
            _video.STREAMING_DATA_AVAILABLE_AT_TIMESTAMP: None,
        }
        return "", {}, {}, False, [answer], None

    return initial


def plugin_environment(folder: Path, recorded: Recorded) -> dict[str, str]:
    """What makes a `yt360` of its own process ask the server: a plugin that yt-dlp finds by itself."""
    plugins = folder / "yt_dlp_plugins" / "extractor"
    plugins.mkdir(parents=True, exist_ok=True)
    (plugins / "recorded.py").write_text(PLUGIN, encoding="utf-8")
    paths = (str(folder), str(Path(__file__).parents[1]))
    return {"PYTHONPATH": ":".join(paths), "RECORDED_YOUTUBE": recorded.address, "NO_PROXY": "127.0.0.1"}
