"""What is kept of what YouTube said: enough to know what was fetched, and no secret, nothing personal, no address."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yt_dlp
from worlds import command
from worlds.recorded_youtube import TOKEN, Recorded, asking, plugin_environment, quad, serving, sphere, stereo, video
from yt_dlp.extractor.youtube import YoutubeIE

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.sources import information
from yt360_tools.sources.information import write_information
from yt360_tools.sources.listing import list_youtube
from yt360_tools.sources.youtube import YoutubeSource

VIDEO = "abcdefghi-_"
IN_ANSWERS = ("s1gnature", TOKEN, "203.0.113.9", "A. Person", "videoplayback", "googlevideo")
"""What stands in the answers of the player, and must stand nowhere else."""

SECRET = "s3cret"


def full_of_secrets() -> dict[str, Any]:
    """Every kind of field that yt-dlp's information has had, each with a secret or something personal in it."""
    address = f"https://user:{SECRET}@r1.googlevideo.com/videoplayback?sig={SECRET}&ip={SECRET}"
    headers = {"Cookie": f"SID={SECRET}", "Authorization": f"Bearer {SECRET}", "User-Agent": SECRET}
    entry = {
        "format_id": "313", "yt360_track": "video", "ext": "webm", "vcodec": "vp9", "acodec": "none", "height": 2160,
        "format_note": f"2160s, mesh, ANDR-V, {address}", "url": address, "manifest_url": address,
        "fragment_base_url": address, "fragments": [{"url": address}], "http_headers": headers, "cookies": SECRET,
        "filepath": f"/home/{SECRET}/raw/x.webm", "_filename": SECRET, "downloader_options": {"x": SECRET},
        "format": SECRET, "ap_mso": SECRET, "language": ["en", SECRET],
    }  # fmt: skip
    return {
        "id": VIDEO, "title": f"Sea, see {address}", "channel_id": "UC" + "x" * 22, "upload_date": "20190501",
        "duration": 60, "requested_downloads": [entry], "formats": [entry], "url": address, "http_headers": headers,
        "cookies": SECRET, "description": SECRET, "uploader": SECRET, "uploader_id": SECRET, "channel": SECRET,
        "comments": [{"author": SECRET}], "thumbnails": [{"url": address}], "subtitles": {"en": [{"url": address}]},
        "automatic_captions": {"en": [{"url": address}]}, "webpage_url": address, "original_url": address,
        "__x_forwarded_for_ip": SECRET, "_cookies": SECRET, "heatmap": [SECRET], "tags": [SECRET],
        "availability": {"to": SECRET}, "license": f"see {address}", "some_field_of_2031": SECRET,
    }  # fmt: skip


def written(path: Path, config: DownloadConfig | None = None) -> dict[str, Any]:
    write_information(path, full_of_secrets(), {}, config or DownloadConfig())
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_a_dictionary_full_of_secrets_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "x.info.json"
    kept = written(path)
    assert SECRET not in path.read_text(encoding="utf-8")
    assert kept["webpage_url"] == f"https://www.youtube.com/watch?v={VIDEO}"
    assert (kept["upload_date"], kept["duration"], kept["availability"]) == ("20190501", 60, None)


def test_what_the_configuration_holds_secret_is_masked_in_texts(tmp_path: Path) -> None:
    kept = written(tmp_path / "x.info.json", DownloadConfig(extractor_args=("youtube:po_token=web.gvs+2160s",)))
    assert kept["formats"][0]["format_note"].startswith("***, mesh")


def test_texts_are_kept_in_one_line_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    """Half a character, as JSON can hold it, cannot be written at all."""
    path = tmp_path / "x.info.json"
    said = full_of_secrets() | {"title": "Sea\x1b[2J\r\n\u202eof \ud83d\x9b1mice", "license": "\x07"}
    write_information(path, said, {}, DownloadConfig())
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["title"], kept["license"]) == ("Sea [2J of 1mice", "")


def test_a_stop_while_writing_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.info.json"
    written(path)
    before = path.read_bytes()

    class Unwritable:
        def dumps(self, *arguments: object, **more: object) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(information, "json", Unwritable())
    with pytest.raises(KeyboardInterrupt):
        written(path)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("x.info.json", before)]


@pytest.fixture
def youtube(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as recorded:
        monkeypatch.setattr(YoutubeIE, "_initial_extract", asking(recorded.address))
        monkeypatch.setattr(YoutubeIE, "_real_initialize", lambda self: None)
        recorded.files = {"picture": b"picture" * 400, "sound": b"sound" * 300}
        at = recorded.address
        recorded.answers[VIDEO] = video(
            sphere(313, url=f"{at}/picture?sig=s1gnature&pot={TOKEN}"),
            sphere(271, 1440),
            quad(338, url=f"{at}/sound?sig=s1gnature"),
            stereo(251),
        )
        yield recorded


class TestBesideTheMedia:
    """As `YoutubeSource.fetch` leaves it."""

    @pytest.fixture
    def noted(self, youtube: Recorded, tmp_path: Path) -> dict[str, Any]:
        YoutubeSource(DownloadConfig(attempts=1)).fetch(VIDEO, tmp_path)
        return dict(json.loads((tmp_path / f"{VIDEO}.info.json").read_text(encoding="utf-8")))

    def test_both_tracks_as_they_were_served(self, noted: dict[str, Any], youtube: Recorded, tmp_path: Path) -> None:
        for track, name in (("video", "picture"), ("audio", "sound")):
            assert (tmp_path / f"{VIDEO}.{track}.webm").read_bytes() == youtube.files[name]

    def test_each_format_with_its_client_and_why_it_was_chosen(self, noted: dict[str, Any]) -> None:
        kept = {entry["track"]: entry for entry in noted["formats"]}
        assert (kept["video"]["format_id"], kept["audio"]["format_id"]) == ("313", "338")
        assert {entry["client"] for entry in kept.values()} == {"android_vr"}
        assert kept["video"]["why"] == "313 eac 4320x2160 vp9 30 fps: rung 1 '360' (tallest of 2 that fit)"
        assert kept["video"]["passed_over"] == {"it has fewer lines": ["271"]}
        assert kept["audio"]["passed_over"] == {"nothing says that it is spatial": ["251"]}
        assert (kept["video"]["kind"], kept["audio"]["kind"]) == ("eac", "ambisonics_quad")

    def test_the_facts_of_the_video_and_of_the_asking(self, noted: dict[str, Any]) -> None:
        assert (noted["id"], noted["title"], noted["upload_date"], noted["duration"]) == (VIDEO, "Sea", "20190501", 60)
        assert noted["yt_dlp_version"] == yt_dlp.version.__version__
        assert noted["fetched_at"].endswith("+00:00")

    def test_nothing_that_expires_or_is_personal(self, noted: dict[str, Any], youtube: Recorded) -> None:
        text = json.dumps(noted)
        assert not [word for word in (*IN_ANSWERS, youtube.address) if word in text]


@pytest.mark.parametrize("said", ["isLive", "isUpcoming", "isPostLiveDvr"])
def test_what_has_not_ended_is_told_as_live(said: str, youtube: Recorded, tmp_path: Path) -> None:
    """As yt-dlp's own extractor reads it from a player's answer."""
    answer = video(sphere(), quad())
    answer["videoDetails"] |= {said: True, "isLiveContent": True}
    youtube.answers[VIDEO] = answer
    for ask in (list_youtube, lambda video_id, config: YoutubeSource(config).fetch(video_id, tmp_path)):
        with pytest.raises(TransientError) as caught:
            ask(VIDEO, DownloadConfig(attempts=1))
        assert caught.value.reason == "live"
    assert list(tmp_path.iterdir()) == []


def test_a_listing_holds_no_address(youtube: Recorded, tmp_path: Path) -> None:
    """Neither what is printed, verbose or not, nor the ledger, while every secret that can be configured is."""
    cookies = tmp_path / "jar of s3cret"
    cookies.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\ts3crets1d\n", encoding="utf-8")
    config = tmp_path / "a.toml"
    config.write_text(
        "[download]\nattempts = 1\n"
        f'cookies_file = "{cookies}"\n'
        'extractor_args = ["youtube:po_token=web.gvs+s3crett0ken"]\n',
        encoding="utf-8",
    )
    youtube.answers["failsalways"] = 503
    rows = [f"{video_id},{video_id},,,train" for video_id in (VIDEO, "failsalways", "notfilledin")]
    manifest = command.write_rows(tmp_path / "m.csv", *rows)
    work = tmp_path / "work"
    ended = command.run(
        ["-v", "download", manifest, "-w", work, "--list", "--config", config],
        changes=plugin_environment(tmp_path / "plugins", youtube),
    )
    assert "1 offered" in ended.stdout, ended
    kept = b"".join(path.read_bytes() for path in work.rglob("*") if path.is_file())
    assert b"ambisonics_quad" in kept
    said = str(ended)
    for word in (*IN_ANSWERS, SECRET):
        assert word not in said
        assert word.encode() not in kept


def test_a_proxy_is_told_nowhere(youtube: Recorded, tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('[download]\nattempts = 1\nproxy = "http://me:s3cret@127.0.0.1:9"\n', encoding="utf-8")
    manifest = command.write_rows(tmp_path / "m.csv", f"{VIDEO},{VIDEO},,,train")
    changes = plugin_environment(tmp_path / "plugins", youtube) | {"NO_PROXY": "", "no_proxy": ""}
    ended = command.run(
        ["-v", "download", manifest, "-w", tmp_path / "work", "--list", "--config", config], changes=changes
    )
    assert ended.code == 3, ended
    assert "network" in ended.stdout
    (row,) = sqlite3.connect(tmp_path / "work" / "ledger.sqlite").execute(
        "SELECT detail || data FROM outcomes WHERE stage = 'listing'"
    )
    for text in (str(ended), row[0]):
        assert SECRET not in text
        assert "127.0.0.1:9" not in text
