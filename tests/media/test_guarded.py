"""Functions in a process of their own: what comes back, and what hangs, hogs and crashes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from worlds import guarded_functions as told
from worlds.guarded_functions import ENOUGH

from yt360_tools.errors import MediaError, TransientError
from yt360_tools.media.guarded import Guard, run_guarded
from yt360_tools.media.guarded_child import ChildTraceback

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shared() -> Iterator[Guard]:
    with Guard() as guard:
        yield guard


def wait_until_gone(pid: int) -> None:
    """A process that was killed is gone soon; one that waits to be taken note of (a zombie) counts as there."""
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def read_pid(path: Path) -> int:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, "nothing was started"
        time.sleep(0.01)
    return int(path.read_text())


class TestWhatComesBack:
    def test_a_result(self) -> None:
        assert run_guarded(told.add, 2, 3.5, **ENOUGH) == 5.5

    def test_one_process_serves_many_calls(self, shared: Guard) -> None:
        pids = {shared.run(told.own_pid, **ENOUGH) for _ in range(5)}
        assert len(pids) == 1
        assert os.getpid() not in pids
        assert {os.getsid(pid) for pid in pids} == pids, "Ctrl-C in a terminal does not reach it"

    def test_a_large_result_and_a_large_argument(self, shared: Guard) -> None:
        assert shared.run(told.zeros, 100_000_000, **ENOUGH) == bytes(100_000_000)
        assert shared.run(len, bytes(100_000_000), **ENOUGH) == 100_000_000

    def test_our_errors_come_with_their_fields(self, shared: Guard) -> None:
        with pytest.raises(MediaError, match="not what it should be") as seen:
            shared.run(told.refuse, "truncated", **ENOUGH)
        assert seen.value.reason == "truncated"
        assert isinstance(seen.value.__cause__, ChildTraceback)
        assert "in refuse" in str(seen.value.__cause__)
        with pytest.raises(TransientError) as late:
            shared.run(told.refuse, "transient", **ENOUGH)
        assert (late.value.reason, late.value.retry_after_s) == ("slow", 2.5)

    def test_other_errors_come_as_they_are_or_as_words(self, shared: Guard) -> None:
        with pytest.raises(KeyError, match="a bug"):
            shared.run(told.raise_other, "a bug", **ENOUGH)
        with pytest.raises(RuntimeError, match="Unpicklable: no way back"):
            shared.run(told.raise_other, "unpicklable", **ENOUGH)
        with pytest.raises(RuntimeError, match="SystemExit: 7"):
            shared.run(told.raise_other, "exit", **ENOUGH)
        with pytest.raises(Exception, match="lambda"):
            shared.run(told.unpicklable_result, **ENOUGH)
        assert shared.run(told.add, 1, 1, **ENOUGH) == 2

    def test_a_function_without_a_name_is_refused(self, shared: Guard) -> None:
        with pytest.raises(Exception, match="lambda"):
            shared.run(lambda: 1, **ENOUGH)
        assert shared.run(told.add, 1, 1, **ENOUGH) == 2


class TestLimits:
    @pytest.mark.parametrize("function", [told.hang, told.hang_holding_the_interpreter])
    def test_time(self, tmp_path: Path, function: Any) -> None:
        with Guard() as guard:
            before = guard.run(told.own_pid, **ENOUGH)
            with pytest.raises(MediaError, match=r"^film\.mp4: examining it took longer than 0\.5 s$") as seen:
                guard.run(function, tmp_path / "film.mp4", timeout_s=0.5, memory_mib=1000)
            assert seen.value.reason == "too_long_to_examine"
            assert not Path(f"/proc/{before}").exists(), "it was killed, and taken note of"
            assert guard.run(told.own_pid, **ENOUGH) != before

    def test_memory_by_and_by(self, shared: Guard) -> None:
        with pytest.raises(MediaError, match=r"film\.mp4: examining it took more than 150 MiB of memory") as seen:
            shared.run(told.hog_by_and_by, Path("film.mp4"), timeout_s=60, memory_mib=150)
        assert seen.value.reason == "too_long_to_examine"

    def test_memory_at_once(self, shared: Guard) -> None:
        with pytest.raises(MediaError, match="took more than 100 MiB of memory"):
            shared.run(told.hog_at_once, 6000, timeout_s=60, memory_mib=100)

    def test_memory_of_what_it_starts(self, shared: Guard, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match="took more than 200 MiB of memory"):
            shared.run(told.hog_in_a_child, tmp_path / "pid", timeout_s=60, memory_mib=200)
        wait_until_gone(read_pid(tmp_path / "pid"))

    def test_memory_that_is_not_there_under_another_error(self, shared: Guard) -> None:
        with pytest.raises(MediaError, match="took more than 1000 MiB") as seen:
            shared.run(told.ask_for_a_petabyte, **ENOUGH)
        assert seen.value.reason == "too_long_to_examine"

    def test_the_systems_own_are_set_for_each_call(self) -> None:
        """Behind those that are watched, for what grows faster than anybody looks."""
        with Guard() as guard:
            small = guard.run(told.own_limits, timeout_s=5, memory_mib=200)
            large = guard.run(told.own_limits, timeout_s=500, memory_mib=600)
        assert large[0] - small[0] == 2 * 400 * 2**20
        assert large[1] - small[1] >= 495

    def test_what_one_call_leaves_behind_does_not_count_against_the_next(self) -> None:
        with Guard() as guard:
            for _ in range(3):
                assert guard.run(told.leave_behind, 250, timeout_s=60, memory_mib=450) == 1


@pytest.mark.parametrize(
    ("kind", "reason", "words"),
    [
        ("segmentation fault", "unreadable_video", "ended by SIGSEGV; the file crashes a decoder"),
        ("abort", "unreadable_video", "ended by SIGABRT"),
        ("exit", "unreadable_video", "ended with the code 3"),
        ("SIGXCPU", "too_long_to_examine", "processor's time"),
    ],
)
def test_crashes(shared: Guard, kind: str, reason: str, words: str) -> None:
    with pytest.raises(MediaError, match=words) as seen:
        shared.run(told.crash, kind, **ENOUGH)
    assert seen.value.reason == reason
    assert shared.run(told.add, 1, 1, **ENOUGH) == 2


def test_the_reason_of_a_crash_is_the_callers(shared: Guard) -> None:
    with pytest.raises(MediaError) as seen:
        shared.run(told.crash, "abort", **ENOUGH, crashed="unreadable_sound")
    assert seen.value.reason == "unreadable_sound"


class TestWhoCalls:
    def test_threads_share_one(self, shared: Guard) -> None:
        with ThreadPoolExecutor(4) as pool:
            sums = list(pool.map(lambda number: shared.run(told.add, number, 1, **ENOUGH), range(40)))
        assert sums == list(range(1, 41))

    def test_a_worker_process(self) -> None:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            assert list(pool.map(told.guarded_from_here, [1, 2])) == [(2, "unreadable_video"), (3, "unreadable_video")]

    def test_a_daemonic_worker_process_which_may_have_no_children(self) -> None:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.map(told.guarded_from_here, [4]) == [(5, "unreadable_video")]

    def test_a_fork_starts_its_own_and_leaves_its_parents_alone(self) -> None:
        before, inside, after = run_guarded(told.pids_before_and_in_a_fork, **ENOUGH)
        assert inside != before
        assert after == before


class TestTheEnd:
    def test_a_process_that_cannot_start_is_no_fault_of_the_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(TransientError, match=r"film\.mp4: the process .* did not start: it ended with the code 1"):
            run_guarded(told.hang, Path("film.mp4"), **ENOUGH)

    def test_of_the_block(self) -> None:
        with Guard() as guard:
            pid = guard.run(told.own_pid, **ENOUGH)
        assert not Path(f"/proc/{pid}").exists()

    def test_of_the_guard(self) -> None:
        guard = Guard()
        pid = guard.run(told.own_pid, **ENOUGH)
        del guard
        assert not Path(f"/proc/{pid}").exists()

    def test_a_process_that_was_ended_while_idle_is_replaced(self) -> None:
        with Guard() as guard:
            pid = guard.run(told.own_pid, **ENOUGH)
            os.kill(pid, signal.SIGKILL)  # it is seen as gone at once, or only when it is asked
            assert guard.run(told.own_pid, **ENOUGH) != pid

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_of_the_program_that_waits(self, tmp_path: Path, how: signal.Signals) -> None:
        noted = tmp_path / "pid"
        command = [sys.executable, "-m", "worlds.guarded_functions", noted]
        with subprocess.Popen(command, cwd=TESTS, stderr=subprocess.PIPE, start_new_session=True) as program:
            child = read_pid(noted)
            os.killpg(program.pid, how)  # as a terminal does
            _, said = program.communicate(timeout=60)
        assert program.returncode == -how
        assert said.count(b"KeyboardInterrupt") == (how == signal.SIGINT)
        wait_until_gone(child)
