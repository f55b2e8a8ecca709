"""What is fetched from an HTTP server, what is not taken for media, and that no message holds a secret."""

import base64
import contextlib
import functools
import http.server
import io
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import small_media

from yt360_tools import __version__
from yt360_tools.config import DownloadConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.pipeline.download import DownloadTask
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources import open_source
from yt360_tools.sources.secrets import without_secrets

MEDIA = small_media.picture("served")
SECRETS = ("s3cret", "t0ken", "pr0xypass", "proxyuser", "sess10n")


class Places(http.server.BaseHTTPRequestHandler):
    """``/404/...`` answers so; ``/page/...`` with a page; ``/to/...`` leads to ``/media/...``; else media."""

    seen: list[tuple[str, str | None, str | None]]
    agents: ClassVar[list[str]] = []

    def __init__(self, seen: list[tuple[str, str | None, str | None]], *arguments: object) -> None:
        self.seen = seen
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Cookie"), self.headers.get("Authorization")))
        self.agents.append(self.headers["User-Agent"])
        place = urlsplit(self.path).path.split("/")[1]  # a proxy is asked for whole addresses
        if place == "controls":
            self.send_response(503, "Busy\x1b]0;owned\x07\x1b[2J\x9b1m\x00")
            self.end_headers()
        elif place.isdigit():
            self.send_error(int(place))
        elif place == "to":
            self.send_response(302)
            self.send_header("Location", self.path.replace("/to/", "/media/"))
            self.end_headers()
        else:
            body = PAGES.get(place, MEDIA)
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if place == "embeds" else "video/mp4")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", "given=by-the-server; Max-Age=9999")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


PAGES = {
    "page": b"\n<!DOCTYPE html><html><title>Please log in</title></html>",
    "embeds": b'<html><video src="/media/other.mp4"></video><iframe src="https://www.youtube.com/embed/aaaaaaaaaaa">',
    "json": b'{"error": "busy"}',
    "list": b"#EXTM3U\n#EXTINF:1,\n/media/other.mp4\n",
}


@pytest.fixture
def seen() -> list[tuple[str, str | None, str | None]]:
    """What the server was asked: path, cookies, authorization."""
    return []


@pytest.fixture
def host(seen: list[tuple[str, str | None, str | None]], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Places, seen)) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture
def fetched(tmp_path: Path) -> Callable[..., Outcome]:
    """One video's outcome from a server, as the ledger would keep it."""

    def fetch(template: str, **options: object) -> Outcome:
        config = DownloadConfig(source=(template,), attempts=1, **options)  # type: ignore[arg-type]
        (outcome,) = DownloadTask("video-1", open_source(config), Workspace(tmp_path / "work")).run()
        return outcome

    return fetch


@pytest.mark.parametrize(
    ("place", "state", "reason"),
    [
        ("404", "rejected", "gone"),
        ("410", "rejected", "gone"),
        ("500", "failed", "network"),
        ("401", "failed", "refused"),
        ("403", "failed", "refused"),
        ("429", "failed", "rate_limited"),
        ("page", "failed", "not_media"),
    ],
)
@pytest.mark.parametrize("end", ["{video_id}.mp4?token=t0ken", "{video_id}.{ext}?token=t0ken", "{video_id}?k=t0ken.x"])
def test_an_answers_meaning_and_no_secret_in_it(
    place: str, state: str, reason: str, end: str, host: str, fetched: Callable[..., Outcome]
) -> None:
    outcome = fetched(f"http://user:s3cret@{host}/{place}/{end}")
    assert (outcome.state, outcome.reason) == (state, reason)
    assert "video-1" in outcome.detail
    assert host in outcome.detail
    assert "\n" not in outcome.detail
    assert not [secret for secret in SECRETS if secret in str(outcome)]


def test_a_terminal_is_shown_no_control_characters(host: str, fetched: Callable[..., Outcome]) -> None:
    """Neither is the ledger: a server's words could clear a screen, or rename a window."""
    outcome = fetched(f"http://{host}/controls/{{video_id}}.mp4")
    assert outcome.reason == "network"
    assert "Busy ]0;owned [2J 1m" in outcome.detail
    assert outcome.detail.isprintable()


@pytest.mark.parametrize("name", ["{video_id}.mp4", "{video_id}"])
def test_a_server_is_told_who_asks(name: str, host: str, fetched: Callable[..., Outcome]) -> None:
    """Also where the extension has to be asked for first. yt-dlp would say that it is a browser."""
    Places.agents.clear()
    assert fetched(f"http://{host}/m/{name}").state == "done"
    assert set(Places.agents) == {f"yt360-tools/{__version__}"}


@pytest.mark.parametrize("answer", ["a port that is closed", "407", "500"])
def test_a_proxys_address_is_never_told(answer: str, host: str, fetched: Callable[..., Outcome]) -> None:
    proxy = host
    if answer == "a port that is closed":
        with socket.create_server(("127.0.0.1", 0)) as closed:
            proxy = f"127.0.0.1:{closed.getsockname()[1]}"
    target = (
        "http://media.invalid/{video_id}.mp4" if proxy != host else f"http://media.invalid/{answer}/{{video_id}}.mp4"
    )
    outcome = fetched(target, proxy=f"http://proxyuser:pr0xypass@{proxy}")
    assert outcome.state == "failed"
    assert "media.invalid" in outcome.detail
    assert not [secret for secret in (*SECRETS, proxy, proxy.partition(":")[2]) if secret in str(outcome)]


def test_a_refused_template_is_shown_without_its_secrets() -> None:
    for template in ("gopher://user:s3cret@a.example/{video_id}", "https://user:s3cret@a.example/v.mp4?token=t0ken"):
        with pytest.raises(UsageError) as caught:
            open_source(DownloadConfig(source=(template,)))
        assert "a.example" in str(caught.value)
        assert not [secret for secret in SECRETS if secret in str(caught.value)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with url: /a/b.mp4?token=other&x=1 (Caused by", "with url: /a/b.mp4 (Caused by"),
        ("<http://me:pw@h:1/a?b#c> and https://h/d#e", "<http://h:1/a> and https://h/d"),
        ("socks5h://me:p%40w@h:1080", "socks5h://h:1080"),
        ("the token is t0 ken and the proxy 'h.example', 3128", "the token is *** and the proxy '***', ***"),
        ("ftp://me:p/a?s#s@h/a.mp4, http://me:p:/@@h:1/a", "ftp://h/a.mp4, http://h:1/a"),
        ("http://h:1/a/@b/c and http://[::1]:80/@b", "http://h:1/a/@b/c and http://[::1]:80/@b"),
        ("is this it? no: 3 = 3", "is this it? no: 3 = 3"),
        ("po_token AbCd-12 of web.gvs+AbCd-12", "po_token *** of ***"),
    ],
)
def test_an_address_is_cut_down_wherever_it_stands(text: str, expected: str) -> None:
    config = DownloadConfig(
        source=("https://a.example/{video_id}?key=t0%20ken",),
        proxy="http://h.example:3128",
        extractor_args=("youtube:po_token=web.gvs+AbCd-12",),
    )
    assert without_secrets(text, config) == expected


@given(
    password=st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'\"<>@{}"), min_size=4
    ).filter(lambda word: not re.match("[0-9]*[/?#]|[0-9]*$", word))
)
def test_no_password_is_shown_wherever_an_address_ends(password: str) -> None:
    shown = without_secrets(f"see https://me:{password}@host.example/path: failed", DownloadConfig())
    assert shown == "see https://host.example/path: failed"


@pytest.mark.parametrize("place", ["page", "embeds", "json", "list"])
@pytest.mark.parametrize("name", ["{video_id}.mp4", "{video_id}.m3u8", "{video_id}"])
def test_a_page_is_not_media_and_nothing_in_it_is_followed(
    place: str, name: str, host: str, seen: list[tuple[str, str | None, str | None]], tmp_path: Path
) -> None:
    source = open_source(DownloadConfig(source=(f"http://{host}/{place}/{name}",), attempts=1))
    with pytest.raises(TransientError) as caught:
        source.fetch("video-1", tmp_path)
    assert caught.value.reason == "not_media"
    assert list(tmp_path.iterdir()) == []
    assert {path for path, _, _ in seen} == {f"/{place}/{name.format(video_id='video-1')}"}


def test_a_page_for_one_extension_does_not_hide_the_next(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers answer 200 and a page for what they have not."""
    monkeypatch.setitem(PAGES, "video-1.mp4", PAGES["page"])
    source = open_source(DownloadConfig(source=(f"http://{host}/{{video_id}}.{{ext}}",), attempts=1))
    source.fetch("video-1", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")} == {"video-1.webm": MEDIA}


@pytest.mark.parametrize(("name", "kept"), [("{video_id}.mkv", "v.mkv"), ("get?id={video_id}", "v.mp4")])
def test_a_redirect_is_followed_and_the_extension_found(name: str, kept: str, host: str, tmp_path: Path) -> None:
    open_source(DownloadConfig(source=(f"http://{host}/to/{name}",), attempts=1)).fetch("v", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")} == {kept: MEDIA}


def test_a_password_in_the_address_is_sent(
    host: str, seen: list[tuple[str, str | None, str | None]], tmp_path: Path
) -> None:
    open_source(DownloadConfig(source=(f"http://user:s3cret@{host}/m/{{video_id}}.mp4",))).fetch("v", tmp_path)
    assert {sent for _, _, sent in seen} == {"Basic " + base64.b64encode(b"user:s3cret").decode()}


# --- Cookies

COOKIES = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tsess10n\n"


@pytest.fixture
def cookies(tmp_path: Path) -> Path:
    path = tmp_path / "secret place" / "cookies.txt"
    path.parent.mkdir()
    path.write_text(COOKIES, encoding="utf-8")
    return path


def test_cookies_are_sent_and_their_file_is_never_written(
    cookies: Path, host: str, seen: list[tuple[str, str | None, str | None]], tmp_path: Path
) -> None:
    """yt-dlp writes its jar back when a session closes; here the server sets a cookie, and several ask at once."""
    cookies.chmod(0o444)
    before = cookies.stat()
    config = DownloadConfig(source=(f"http://{host}/m/{{video_id}}.mp4",), cookies_file=str(cookies), attempts=1)
    source = open_source(config)
    folders = [tmp_path / f"v{k}" for k in range(8)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(source.fetch, [folder.name for folder in folders], folders))
    assert {sent for _, sent, _ in seen} == {"session=sess10n"}
    after = cookies.stat()
    assert cookies.read_text(encoding="utf-8") == COOKIES
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file"),
        ("", "does not begin with"),
        ('[{"name": "session", "value": "sess10n"}]', "does not begin with"),
        (COOKIES + "127.0.0.1 FALSE / FALSE 0 session sess10n\n", "line 3 is no cookie"),
        (COOKIES.replace("\t0\t", "\tnever\t"), "line 2 is no cookie"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
    ],
)
@pytest.mark.parametrize("source", [(), ("https://a.example/{video_id}.mkv",)])
def test_cookies_that_cannot_serve_are_refused_at_once(
    text: str | bytes | None, said: str, source: tuple[str, ...], cookies: Path
) -> None:
    cookies.unlink()
    if text is not None:
        cookies.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        open_source(DownloadConfig(source=source, cookies_file=str(cookies)))
    assert said in str(caught.value)
    assert "download.cookies_file" in str(caught.value)
    assert "secret place" not in str(caught.value)
    assert "sess10n" not in str(caught.value)


def test_cookies_that_vanish_later_are_told_without_their_path(cookies: Path, host: str, tmp_path: Path) -> None:
    config = DownloadConfig(source=(f"http://{host}/m/{{video_id}}.mp4",), cookies_file=str(cookies))
    source = open_source(config)
    cookies.unlink()
    with pytest.raises(TransientError) as caught:
        source.fetch("v", tmp_path)
    assert caught.value.reason == "cookies"
    assert "secret place" not in str(caught.value)


def test_a_browsers_cookies_are_sent(
    host: str, seen: list[tuple[str, str | None, str | None]], fetched: Callable[..., Outcome], tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    with contextlib.closing(sqlite3.connect(profile / "cookies.sqlite")) as db:
        db.execute("CREATE TABLE moz_cookies (host, name, value, path, expiry, isSecure, originAttributes)")
        row = ("127.0.0.1", "session", "sess10n", "/", int(time.time()) + 9999, 0, "")
        db.execute("INSERT INTO moz_cookies VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        db.commit()
    template = f"http://{host}/m/{{video_id}}.mp4"
    assert fetched(template, cookies_from_browser=f"firefox:{profile}").state == "done"
    assert {sent for _, sent, _ in seen} == {"session=sess10n"}


def test_a_browser_without_cookies_is_told_without_its_path(host: str, tmp_path: Path) -> None:
    config = DownloadConfig(
        source=(f"http://{host}/m/{{video_id}}.mp4",), cookies_from_browser=f"firefox:{tmp_path}/nowhere"
    )
    printed = io.StringIO()
    with (
        contextlib.redirect_stderr(printed),
        contextlib.redirect_stdout(printed),
        pytest.raises(TransientError) as caught,
    ):
        open_source(config).fetch("v", tmp_path)
    assert caught.value.reason == "cookies"
    assert "nowhere" not in str(caught.value) + printed.getvalue()


def test_what_is_gone_is_said_as_such_by_every_extension(host: str, tmp_path: Path) -> None:
    source = open_source(DownloadConfig(source=(f"http://{host}/404/{{video_id}}.{{track}}.{{ext}}",), attempts=1))
    with pytest.raises(MediaError, match="mp4, webm, mkv, mov"):
        source.fetch("v", tmp_path)
    assert list(tmp_path.iterdir()) == []
