"""Ids come from lists that others publish: none leaves the workspace, and none reaches a command line unchecked."""

import csv
import functools
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from worlds import command
from worlds.command import SMALL

from yt360_tools.media.ffmpeg import find_ffmpeg

SERVED = ("--help", "-rf", "CON", "--plan", "-i", "_", "a..b", "0")
"""Ids that look dangerous and may name a file."""

REFUSED = (
    "../../etc", "a/b", "a\\b", ".", "..", "...", "nul\0byte", "new\nline", "x" * 300, "$(touch pwned)", "`touch x`",
    "%(title)s", "a;b", "a|b", "a b", "~", "~root", "*", "?", "a:b", "file:etc", "http://127.0.0.1/x", ".hidden",
    "\uff41\uff42\uff43", "\u0430bc", "a\u202eb", "a\u200bb", "\u00e9", "%2e%2e%2f", "a%00", "{video_id}", "<x>",
    "'; DROP TABLE outcomes; --", "@argfile", "\x1b[2J", "/etc/passwd", "C:\\x", "a\tb", "a\rb",
)  # fmt: skip


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and notes what it is asked for."""

    asked: list[str]

    def __init__(self, *arguments: object, asked: list[str], **options: object) -> None:
        self.asked = asked
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def guess_type(self, path: str) -> str:  # type: ignore[override]
        return "video/mp4" if path.endswith("mp4") else "audio/wav"

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for video_id in SERVED:
        command.write_media(folder, video_id, 2.5)
    return folder


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def server(media: Path, asked: list[str]) -> Iterator[str]:
    handler = functools.partial(Handler, directory=str(media), asked=asked)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture
def recording_ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A program that notes its command line and becomes the real ffmpeg, and its notes."""
    folder = tmp_path_factory.mktemp("ffmpeg")
    log, program = folder / "log", folder / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        f"with open({str(log)!r}, 'a') as file:\n"
        "    file.write(json.dumps(sys.argv[1:]) + '\\n')\n"
        f"os.execv({find_ffmpeg()!r}, ['ffmpeg', *sys.argv[1:]])\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program, log


def write_manifest(path: Path) -> None:
    """A row for every id, twice: as a whole video, and as a clip of that id of a good video."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["clip_id", "video_id", "start_s", "end_s", "split"])
        for video_id in (*SERVED, *REFUSED):
            table.writerow(["", video_id, "0", "1", "train"])
        for clip_id in REFUSED:
            table.writerow([clip_id, "CON", "0", "1", "train"])
        table.writerow(["", "CON", "0", "1", "../../split"])


def listing(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["server", "folder"])
@pytest.mark.parametrize("discards", [False, True])
def test_the_whole_line_over_hostile_ids(
    kind: str,
    discards: bool,
    server: str,
    asked: list[str],
    media: Path,
    recording_ffmpeg: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    around = tmp_path / "around"
    home = around / "home"
    home.mkdir(parents=True)
    (around / "etc").mkdir()
    write_manifest(home / "manifest.csv")
    before, media_before = listing(around), listing(media)
    program, log = recording_ffmpeg
    source = ("--media", media) if kind == "folder" else ("--source", server + "/{video_id}.{track}.{ext}")
    ended = command.run(
        ("rebuild", home / "manifest.csv", "-w", home / "work", *source, *SMALL, *(["--discard-raw"] * discards)),
        changes={"YT360_FFMPEG": str(program), "NO_PROXY": "127.0.0.1", "HOME": str(home)},
    )
    assert ended.code == 0, ended

    status = json.loads(command.run(["status", "-w", home / "work", "--json"]).stdout)["stages"]
    lines = {line["stage"]: line for line in status}
    of_two_lines = 2  # clip ids: what is behind their line's end has the cells of a row, and is refused as one
    assert lines["manifest"]["rejected"] == 2 * len(REFUSED) + 1 + of_two_lines
    assert set(lines["manifest"]["rejected_reasons"]) <= {"bad_id", "bad_row", "bad_split"}
    assert lines["build"]["done"] == len(SERVED)

    chosen = [f"--clip={video_id}-0" for video_id in SERVED]
    extracted = command.run(["shard", "extract", home / "work", *chosen, "--out", home / "out"])
    assert extracted.code == 0, extracted
    assert sorted(path.name for path in (home / "out").iterdir()) == sorted(f"{video_id}-0" for video_id in SERVED)

    allowed = (str(home / "work") + "/", str(home / "out") + "/")
    after = {str(around / name): size for name, size in listing(around).items()}
    outside = {name for name in after if not name.startswith(allowed)}
    assert outside == {str(around / name) for name in before} | {
        name for name in outside if name.startswith(str(home / ".cache"))
    }
    assert listing(media) == media_before

    commands = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    named = [part for words in commands for part in words if any(f"/{video_id}." in part for video_id in SERVED)]
    assert len(named) >= 2 * len(SERVED)
    assert all(part.startswith(("file:", str(home))) for part in named), named
    for bad in REFUSED:
        if len(bad) > 3:
            assert not any(bad in part for words in commands for part in words), bad
    for path in asked:
        assert unquote(path).removeprefix("/").split(".video")[0].split(".audio")[0] in SERVED
