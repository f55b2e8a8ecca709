"""A run that ends while a fetched file is examined leaves the file, and no decoder behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import command, small_media
from worlds.hostile_server import HostileServer, Serve, serving

from yt360_tools.media.ffmpeg import find_ffmpeg

PICTURE = small_media.picture("p", seconds=6.0)

HANGS_UNDER_CTRL_C = """#!/bin/sh
case "$*" in *lavfi*) exec {ffmpeg} "$@";; esac
echo $$ > "{folder}/decoder"
kill -INT -$PPID
exec sleep 1000
"""
"""Presses Ctrl-C in its caller's terminal when it is to decode, and does not end by itself."""

NEVER_ENDS = """#!/bin/sh
case "$*" in *lavfi* | *-frames:v*) exec {ffmpeg} "$@";; esac
echo $$ > "{folder}/decoder"
exec {ffmpeg} -re -stream_loop -1 "$@"
"""
"""Decodes the end of a file again and again, as fast as it plays."""

EXAMINES = """
import sys
from pathlib import Path
from yt360_tools.media.probe import check_decodes
check_decodes(Path(sys.argv[1]), "v", 6.0)
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as hostile:
        yield hostile


def program_in(folder: Path, text: str) -> Path:
    program = folder / "ffmpeg"
    program.write_text(text.format(ffmpeg=find_ffmpeg(), folder=folder))
    program.chmod(0o755)
    return program


def is_running(process: int) -> bool:
    """Whether a process is there, and not only its number until somebody asks how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends(process: int, within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_running(process)


def test_ctrl_c_keeps_the_file_and_ends_the_decoder(server: HostileServer, tmp_path: Path) -> None:
    server.add("/v.mp4", Serve(PICTURE))
    command.write_rows(tmp_path / "manifest.csv", "v,v,,,train")
    words = ["download", tmp_path / "manifest.csv", "-w", tmp_path / "work"]
    words += ["--source", f"{server.address}/{{video_id}}.mp4"]
    program = program_in(tmp_path, HANGS_UNDER_CTRL_C)
    ended = command.run(
        words,
        changes={"YT360_FFMPEG": str(program)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert ended.code == 130, ended
    assert ends(int((tmp_path / "decoder").read_text()))
    assert (tmp_path / "work" / "raw" / ".v.fetched" / "v.mp4").read_bytes() == PICTURE
    ended = command.run(words)
    assert ended.code == 0, ended
    assert (tmp_path / "work" / "raw" / "v" / "v.mp4").read_bytes() == PICTURE
    assert server.count("/v.mp4") == 1


def test_a_decoder_ends_behind_a_caller_that_was_killed(tmp_path: Path) -> None:
    """What kills a process cannot be caught: its decoder notices by itself."""
    film = tmp_path / "v.mp4"
    film.write_bytes(PICTURE)
    program = program_in(tmp_path, NEVER_ENDS)
    changes = {"YT360_FFMPEG": str(program)}
    caller = subprocess.Popen([sys.executable, "-c", EXAMINES, str(film)], env=command.environment(changes))
    note = tmp_path / "decoder"
    while caller.poll() is None and not (note.is_file() and note.read_text()):
        time.sleep(0.01)
    os.kill(caller.pid, signal.SIGKILL)
    caller.wait()
    assert ends(int(note.read_text()))
