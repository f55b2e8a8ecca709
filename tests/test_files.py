"""Files that appear complete or not at all: whoever else writes them, whoever was killed while writing them."""

import errno
import fcntl
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from yt360_tools.errors import EnvironmentMissing
from yt360_tools.files import complete_file, write_whole

_WRITE_UNTIL_STDIN_ENDS = """
import sys
from pathlib import Path
from yt360_tools.files import complete_file
with complete_file(Path(sys.argv[1])) as partial:
    partial.write_text("theirs")
    print(partial.name, flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def writing_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is writing `path`, and ends well when its standard input does."""
    command = [sys.executable, "-c", _WRITE_UNTIL_STDIN_ENDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(".partial-")
        yield process


def kill_while_writing(path: Path) -> None:
    with writing_elsewhere(path) as process:
        process.kill()
        assert process.wait() == -signal.SIGKILL


class Broken(Exception):
    """What a writer may raise."""


def test_a_file_appears_at_the_end_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with complete_file(path) as partial:
        assert partial.parent == tmp_path
        assert partial.read_bytes() == b""
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["a.txt"]


def test_a_writer_that_fails_leaves_what_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")

    def fail() -> None:
        with complete_file(path) as partial:
            partial.write_text("half")
            raise Broken

    with pytest.raises(Broken):
        fail()
    assert path.read_text() == "before"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["a.mp4", "a" * 251 + ".mp4", "\U0001d11e" * 62 + ".mp4"])
def test_two_who_write_one_file_do_not_meet(name: str, tmp_path: Path) -> None:
    """And a name may be as long as the disk allows, 255 bytes."""
    path = tmp_path / name
    with complete_file(path) as first, complete_file(path) as second:
        assert {first.parent, second.parent} == {tmp_path}
        assert first.name.startswith(".partial-")
        first.write_text("first")
        second.write_text("second")
        assert first.read_text() == "first"
    assert path.read_text() == "first"
    assert names(tmp_path) == [name]


def test_many_who_write_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def write(number: int) -> None:
        for _ in range(25):
            with complete_file(path) as partial:
                assert partial.stat().st_size == 0
                partial.write_text(str(number) * 5000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert path.read_text() in [str(number) * 5000 for number in range(8)]
    assert names(tmp_path) == ["a.txt"]


class TestKilled:
    def test_writers_leave_one_file_and_the_next_one_removes_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        for _ in range(3):
            kill_while_writing(path)
        assert len(names(tmp_path)) == 1
        assert not path.exists()
        with complete_file(path) as partial:
            assert partial.read_bytes() == b""
            partial.write_text("ours")
        assert names(tmp_path) == ["a.txt"]
        assert path.read_text() == "ours"

    def test_what_it_had_started_writes_into_nobodys_file(self, tmp_path: Path) -> None:
        """An encoder goes on for a moment with the file that it had opened."""
        path = tmp_path / "a.txt"
        kill_while_writing(path)
        (leftover,) = tmp_path.iterdir()
        with leftover.open("ab") as still_open, complete_file(path) as partial:
            partial.write_text("ours")
            still_open.write(b"its end")
            still_open.flush()
        assert path.read_text() == "ours"

    def test_the_living_are_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        with writing_elsewhere(path) as process:
            write_whole(path, b"ours")
            assert path.read_text() == "ours"
            assert len(names(tmp_path)) == 2
            process.communicate()
            assert process.returncode == 0
        assert path.read_text() == "theirs"
        assert names(tmp_path) == ["a.txt"]


def test_a_name_that_is_no_file_of_ours_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("somebody's")
    (tmp_path / ".partial-0-a.txt").symlink_to(elsewhere)
    (tmp_path / ".partial-1-a.txt").mkdir()
    write_whole(tmp_path / "a.txt", b"ours")
    assert names(tmp_path) == [".partial-0-a.txt", ".partial-1-a.txt", "a.txt", "elsewhere"]
    assert elsewhere.read_text() == "somebody's"


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell there who is alive: names are not shared, and nothing is removed."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a.txt"
    with complete_file(path) as first, complete_file(path) as second:
        assert first != second
    assert names(tmp_path) == ["a.txt"]


class TestWriteWhole:
    def test_makes_the_folders_above(self, tmp_path: Path) -> None:
        write_whole(tmp_path / "b" / "c" / "a.bin", b"\0\1")
        assert (tmp_path / "b" / "c" / "a.bin").read_bytes() == b"\0\1"
        assert names(tmp_path / "b" / "c") == ["a.bin"]

    def test_what_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("a file, no folder")
        with pytest.raises(EnvironmentMissing, match=r"a/b\.png cannot be written: "):
            write_whole(tmp_path / "a" / "b.png", b"")
        (tmp_path / "c").mkdir()
        with pytest.raises(EnvironmentMissing, match="c cannot be written: "):
            write_whole(tmp_path / "c", b"")
        assert names(tmp_path) == ["a", "c"]
