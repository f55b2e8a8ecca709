"""A training's journal where the disk is full, and what it tells on a terminal."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from avsa_models import journal
from avsa_models.journal import Journal, Progress, StepCost, StepRecord
from yt360_tools.errors import Interrupted, TransientError

RECORD = StepRecord("avc", 0, 1, 1.0, 0.0, 0.0)
COST = StepCost(4, 1.0, 0.5, 0.25)


class Board:
    """TensorBoard's writer, of which some methods find the disk full."""

    full: frozenset[str] = frozenset()

    def __init__(self, *_: object, **__: object) -> None:
        self._try("begin")

    def add_scalar(self, *_: object) -> None:
        self._try("add_scalar")

    def flush(self) -> None:
        self._try("flush")

    def close(self) -> None:
        self._try("close")

    def _try(self, name: str) -> None:
        if name in self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A call tells which of the board's methods fail."""
    monkeypatch.setattr(journal, "SummaryWriter", Board)
    return lambda *names: monkeypatch.setattr(Board, "full", frozenset(names))


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> list[BinaryIO]:
    """The logs that were opened."""
    opened: list[BinaryIO] = []
    open_log = journal._open_log

    def kept(*arguments: Any) -> BinaryIO:
        opened.append(open_log(*arguments))
        return opened[-1]

    monkeypatch.setattr(journal, "_open_log", kept)
    return opened


def write(run: Path, *, then: Exception | None = None) -> None:
    with Journal(run, log_bytes=0, steps_done=0) as written:
        written.add(RECORD, COST)
        written.sync()
        if then is not None:
            raise then


class TestABoardOnAFullDisk:
    @pytest.mark.parametrize("names", [["begin"], ["add_scalar"], ["flush"], ["close"], ["add_scalar", "close"]])
    def test_says_so(self, names: list[str], tmp_path: Path, full: Callable[..., None], logs: list[BinaryIO]) -> None:
        full(*names)
        with pytest.raises(TransientError, match=r"tensorboard: No space left on device; free space, then") as caught:
            write(tmp_path)
        assert caught.value.reason == "disk_full"
        assert [log.closed for log in logs] == [True]

    @pytest.mark.parametrize("error", [Interrupted("saved"), OSError(errno.EIO, "another")])
    def test_hides_no_other_error(
        self, error: Exception, tmp_path: Path, full: Callable[..., None], logs: list[BinaryIO]
    ) -> None:
        full("close")
        with pytest.raises(type(error)) as caught:
            write(tmp_path, then=error)
        assert caught.value is error
        assert [log.closed for log in logs] == [True]


class TestALogOnAFullDisk:
    def test_cannot_be_cut_off(self, full: Callable[..., None], tmp_path: Path) -> None:
        (tmp_path / "log.jsonl").symlink_to("/dev/full")  # a device has no length
        with pytest.raises(TransientError, match=r"log\.jsonl: Invalid argument"):
            write(tmp_path)

    def test_says_so_though_closing_it_fails_too(
        self, full: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "_open_log", lambda *_: open("/dev/full", "wb"))  # noqa: SIM115
        with pytest.raises(TransientError, match=r"log\.jsonl: No space left on device; free space"):
            write(tmp_path)


def test_files_that_cannot_grow_end_it_with_the_disks_words(tmp_path: Path) -> None:
    """No file beyond 20 kB: TensorBoard writes in a thread of its own, and tells later."""
    code = """if True:
        import resource, signal, sys
        from pathlib import Path
        from avsa_models.journal import Journal, StepCost, StepRecord
        from yt360_tools.errors import TransientError

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            with Journal(Path(sys.argv[1]), log_bytes=0, steps_done=0) as journal:
                while True:
                    journal.add(StepRecord("avc", 0, 1, 1.0, 1.0, 1.0), StepCost(4, 1.0, 0.5, 0.25))
                    journal.sync()
        except TransientError as error:
            print(error)
    """
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert "tensorboard: File too large" in ended.stdout


@pytest.mark.parametrize(("level", "is_shown"), [("INFO", True), ("WARNING", False)])
def test_a_terminal_shows_a_bar_unless_quiet(
    level: str, is_shown: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level)
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("avc", first_step=0, steps=1) as progress:
        progress.add(RECORD, COST)
    assert ("avc: 100%" in terminal.getvalue()) == is_shown
    assert (terminal.getvalue() == "") == (not is_shown)
