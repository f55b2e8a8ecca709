"""Tampering with media headers by the hour: do their readers crash, hang, or take memory?

    python benchmarks/fuzz_boxes.py [--minutes 10] [--seed 0] [--keep fuzz-crashers]

Headers of real and drawn files are changed in a few places and read, and what takes a reader to a place in the code
where none before it came is changed further (coverage by lines, while nobody looks for time). The readers promise to
raise nothing, to answer within 0.2 s (of a processor) and to hold less than 50 MB. What breaks that is kept as a file.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from worlds.hostile_boxes import check_answers, drawn_headers, giants, mutated, real_files

GOAL_S, GOAL_MB = 0.2, 50.0
_MOST_BYTES = 100_000
_READERS = ("walker.py", "spherical.py", "spherical_fields.py", "mesh_counts.py", "sa3d.py")
_REPORT_S = 60.0


@dataclass
class Tally:
    """What a run has come to."""

    executions: int = 0
    answers: int = 0
    slowest_s: float = 0.0
    slowest: bytes = b""
    crashers: int = 0
    lines: int = 0


class Lines:
    """Which lines of the readers a call came through, two after each other as one."""

    def __init__(self) -> None:
        self.seen: set[tuple[CodeType, int, int]] = set()
        self._is_new = False

    def are_new(self, call: Callable[[], Any]) -> bool:
        """Whether a call goes where none before it went."""
        self._is_new = False
        sys.settrace(self._enter)
        try:
            call()
        finally:
            sys.settrace(None)
        return self._is_new

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.endswith(_READERS):
            return None
        last = 0

        def step(inner: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            place = (inner.f_code, last, inner.f_lineno)
            last = inner.f_lineno
            if place not in self.seen:
                self.seen.add(place)
                self._is_new = True
            return step

        return step


def peak_mb() -> float:
    """The most memory that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def try_one(data: bytes, path: Path, tally: Tally, keep: Path) -> None:
    """Let both readers have a file, and keep it if it breaks what they promise."""
    path.write_bytes(data)
    begun = time.process_time()
    try:
        answers = check_answers(path)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        keep_one(data, "crash", keep, tally)
        traceback.print_exc()
        return
    taken = time.process_time() - begun
    if taken > 2 * GOAL_S and again_s(path) > 2 * GOAL_S:  # of two readers
        keep_one(data, "slow", keep, tally)
    tally.executions += 1
    tally.answers += any(answer is not None for answer in answers)
    if taken > tally.slowest_s:
        tally.slowest_s, tally.slowest = taken, data


def again_s(path: Path) -> float:
    """The least time of three."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        check_answers(path)
        times.append(time.process_time() - begun)
    return min(times)


def keep_one(data: bytes, kind: str, keep: Path, tally: Tally) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / f"{kind}-{tally.executions}.bin"
    path.write_bytes(data)
    tally.crashers += 1
    print(f"{kind}: kept as {path}", flush=True)


def fuzz(corpus: list[bytes], minutes: float, seed: int, keep: Path, folder: Path) -> Tally:
    """Change and read, until the time is over."""
    rng, tally, lines = random.Random(seed), Tally(), Lines()
    path = folder / "header.bin"
    for data in corpus:
        path.write_bytes(data)
        lines.are_new(lambda: check_answers(path))
    begun = reported = time.monotonic()
    while time.monotonic() - begun < 60 * minutes:
        data = mutated(rng.choice(corpus), rng, corpus)[:_MOST_BYTES]
        try_one(data, path, tally, keep)
        if tally.executions % 4 == 0 and lines.are_new(lambda: check_answers(path)):
            corpus.append(data)
        if time.monotonic() - reported > _REPORT_S:
            reported = time.monotonic()
            done = f"{tally.executions:>9} executions, {len(corpus)} seeds, {len(lines.seen)} steps of code"
            print(f"{(reported - begun) / 60:5.1f} min {done}, {peak_mb():.0f} MB", flush=True)
    tally.lines = len(lines.seen)
    return tally


def giants_s(folder: Path, size: int) -> tuple[float, str]:
    """The longest of one reader's half of the time that a giant of so many bytes takes, and its name."""
    path, worst = folder / "giant.bin", (0.0, "")
    for name, make in giants(size).items():
        path.write_bytes(make())
        check_answers(path)
        worst = max(worst, (again_s(path), name))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-crashers"), help="folder for what breaks a promise")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = [*drawn_headers(), *real_files()]
        before = peak_mb()
        tally = fuzz(corpus, given.minutes, given.seed, given.keep, folder)
        grown = peak_mb() - before
        slowest = folder / "slowest.bin"
        slowest.write_bytes(tally.slowest)
        print(f"executions     {tally.executions} in {given.minutes:g} min, {tally.answers} of them with an answer")
        print(f"seeds          {len(corpus)}, {tally.lines} steps from line to line were seen")
        slow_ms, again_ms = 1000 * tally.slowest_s, 1000 * again_s(slowest)
        print(f"slowest input  {slow_ms:.1f} ms ({again_ms:.1f} ms again), {len(tally.slowest)} bytes, both readers")
        print(f"peak memory    {peak_mb():.0f} MB, {grown:.0f} MB above the start (goal {GOAL_MB:g})")
        longest, which = giants_s(folder, 10_000_000)
        print(f"10 MB giants   {1000 * longest:.0f} ms at most, both readers: {which} (goal {1000 * GOAL_S:.0f} each)")
        print(f"crashers       {tally.crashers}{f' in {given.keep}' if tally.crashers else ''}")
    if tally.crashers:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
