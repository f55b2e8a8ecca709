"""When a download is done: it decodes to its end, and is as long as was announced."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yt_dlp
from worlds import small_media
from worlds.download_runs import Runs, by_video
from worlds.hostile_server import HostileServer, Serve, Status, serving

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.media.ffmpeg import find_ffmpeg
from yt360_tools.sources.checking import check_fetched
from yt360_tools.sources.session import session_options
from yt360_tools.sources.watched import WatchedSession

PICTURE, SOUND = small_media.picture("p", seconds=6.0), small_media.sound("s", seconds=6.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "v.video.mp4").write_bytes(PICTURE)
    (tmp_path / "v.audio.wav").write_bytes(SOUND)
    return tmp_path


def reason_of(folder: Path) -> str:
    with pytest.raises(TransientError) as caught:
        check_fetched(folder, "v", timeout_s=60)
    assert "v." in str(caught.value)
    return caught.value.reason


def test_whole_media_are_done(folder: Path) -> None:
    check_fetched(folder, "v", timeout_s=60)


@pytest.mark.parametrize(
    ("announced", "is_enough"), [(6, True), (8, True), (8.5, False), (60, False), (None, True), ("long", True)]
)
def test_media_are_as_long_as_was_announced(announced: object, is_enough: bool, folder: Path) -> None:
    """yt-dlp says whole seconds, of the longer track."""
    (folder / "v.info.json").write_text(json.dumps({"duration": announced}))
    if is_enough:
        check_fetched(folder, "v", timeout_s=60)
    else:
        assert reason_of(folder) == "incomplete"


@pytest.mark.parametrize("name", ["v.video.mp4", "v.audio.wav"])
@pytest.mark.parametrize(("keep", "reason"), [(0.0, "incomplete"), (0.5, "incomplete")])
def test_a_track_that_is_cut_short_is_incomplete(name: str, keep: float, reason: str, folder: Path) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * keep)])
    assert reason_of(folder) == reason


def test_a_track_whose_end_is_damaged_is_incomplete(folder: Path) -> None:
    damaged = bytearray(PICTURE)
    media_at = damaged.index(b"mdat") + 4
    middle = media_at + (damaged.index(b"free", media_at) - media_at) // 2
    damaged[middle : damaged.index(b"free", middle) - 4] = bytes(damaged.index(b"free", middle) - 4 - middle)
    (folder / "v.video.mp4").write_bytes(damaged)
    assert reason_of(folder) == "incomplete"


def test_noise_is_not_media(folder: Path) -> None:
    (folder / "v.video.mp4").write_bytes(bytes(range(256)) * 50)
    assert reason_of(folder) == "not_media"


def test_a_missing_track_is_the_next_stages_affair(folder: Path) -> None:
    """A file without sound is whole; that it does not serve is found when it is examined."""
    (folder / "v.audio.wav").unlink()
    check_fetched(folder, "v", timeout_s=60)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


def fetch_in_pieces(server: HostileServer, folder: Path) -> None:
    config = DownloadConfig(pause_s=0.0)
    with WatchedSession(session_options(config), config, target=folder / "v", auto_init=False) as session:
        address = f"{server.address}/list.m3u8"
        session.process_ie_result({"id": "v", "title": "v", "url": address, "ext": "mp4", "protocol": "m3u8_native"})
        session.forget_notes()


def serve_in_pieces(server: HostileServer) -> None:
    pieces = [PICTURE[at : at + 2_000] for at in range(0, len(PICTURE), 2_000)]
    lines = "".join(f"#EXTINF:1,\n{server.address}/{number}.ts\n" for number in range(len(pieces)))
    server.add("/list.m3u8", Serve(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{lines}#EXT-X-ENDLIST\n".encode()))
    for number, piece in enumerate(pieces):
        server.add(f"/{number}.ts", Serve(piece))
    server.add("/1.ts", Status(503), Serve(pieces[1]))


def test_a_stream_in_pieces_is_fetched_from_its_beginning(server: HostileServer, tmp_path: Path) -> None:
    """What another stream has left under the same name is not gone on from; a piece that fails is asked for again."""
    serve_in_pieces(server)
    (tmp_path / "v.mp4.part").write_bytes(b"another stream")
    (tmp_path / "v.mp4.ytdl").write_text('{"downloader": {"current_fragment": {"index": 1}}}')
    fetch_in_pieces(server, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"v.mp4": PICTURE}
    assert server.count("/1.ts") == 2


def test_a_stream_with_a_missing_piece_is_no_file(server: HostileServer, tmp_path: Path) -> None:
    """yt-dlp's default is to leave it out."""
    serve_in_pieces(server)
    server.add("/2.ts", Status(404))
    with pytest.raises(yt_dlp.utils.DownloadError):
        fetch_in_pieces(server, tmp_path)
    assert not (tmp_path / "v.mp4").exists()


def killing_ffmpeg(folder: Path, signal_name: str, *, times: int) -> str:
    """An ffmpeg that is killed the first `times` that it decodes, in place of the real one."""
    counter, program = folder / "calls", folder / "ffmpeg"
    program.write_text(
        "#!/bin/sh\n"
        f'echo . >> "{counter}"\n'
        f'if [ "$(wc -l < "{counter}")" -le {times} ]; then kill -{signal_name} $$; sleep 10; fi\n'
        f'exec {find_ffmpeg()} "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("signal_name", ["KILL", "TERM", "INT"])
def test_a_killed_decoder_says_nothing_of_the_file(
    signal_name: str, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fetched stays, and is only examined by the next run."""
    program = killing_ffmpeg(tmp_path, signal_name, times=1)
    monkeypatch.setattr("yt360_tools.media.ffmpeg.find_ffmpeg", lambda: program)
    server.add("/v.mp4", Serve(PICTURE))
    runs = Runs(tmp_path / "work", ["v"])
    config = DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",), attempts=1, min_free_gb=0.0)
    runs.run(config)
    entry = runs.entries()["v"]
    assert (entry.state, entry.reason) == ("failed", "unchecked")
    assert f"SIG{signal_name}" in entry.detail
    assert runs.hidden == [".v.fetched"]
    runs.time.seconds += 3600
    assert by_video(runs.run(config).outcomes) == {"v": ("done", "")}
    assert runs.media("v") == {"v.mp4": PICTURE}
    assert server.count("/v.mp4") == 1
    assert set(runs.entries()["v"].data) == {"files"}  # and not that the server serves: it was not asked


@pytest.mark.parametrize("tries", [1, 12])
def test_what_took_too_long_is_examined_at_once_with_more_time(
    tries: int, server: HostileServer, tmp_path: Path
) -> None:
    """After twelve tries in vain it is not examined by itself any more. How many are fetched at once is no matter."""
    server.add("/v.mp4", Serve(PICTURE))
    runs = Runs(tmp_path / "work", ["v"], decode_timeout_s=0.001)
    config = DownloadConfig(source=(f"{server.address}/{{video_id}}.mp4",), attempts=1, min_free_gb=0.0)
    for _ in range(tries):
        assert by_video(runs.run(config).outcomes) == {"v": ("failed", "unchecked")}
        runs.time.seconds += 3600 if tries > 1 else 0
    assert "validate.decode_timeout_s" in runs.entries()["v"].detail
    assert runs.run(replace(config, jobs=1)).outcomes == ()
    runs.decode_timeout_s = 120.0
    assert by_video(runs.run(config).outcomes) == {"v": ("done", "")}
    assert server.count("/v.mp4") == 1


def test_what_another_source_gave_is_not_taken_for_this_ones(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = killing_ffmpeg(tmp_path, "KILL", times=1)
    monkeypatch.setattr("yt360_tools.media.ffmpeg.find_ffmpeg", lambda: program)
    server.add("/one/v.mp4", Serve(PICTURE))
    server.add("/two/v.mp4", Serve(other := small_media.picture("other", seconds=6.0)))
    runs = Runs(tmp_path / "work", ["v"])
    for place in ("one", "two"):
        runs.run(DownloadConfig(source=(f"{server.address}/{place}/{{video_id}}.mp4",), attempts=1, min_free_gb=0.0))
    assert runs.media("v") == {"v.mp4": other}


def test_a_decoder_that_takes_too_long_says_nothing_of_the_file(folder: Path) -> None:
    with pytest.raises(TransientError) as caught:
        check_fetched(folder, "v", timeout_s=0.0)
    assert caught.value.reason == "unchecked"


def test_ctrl_c_does_not_reach_the_decoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal sends it to the whole process group."""
    program = folder / "ffmpeg"
    program.write_text(f'#!/bin/sh\nps -o pgid= -p $$ > "{folder}/group"\nexec {find_ffmpeg()} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr("yt360_tools.media.ffmpeg.find_ffmpeg", lambda: str(program))
    check_fetched(folder, "v", timeout_s=60)
    assert int((folder / "group").read_text()) != os.getpgrp()
