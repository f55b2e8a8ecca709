"""Running a stage's tasks on a pool: a bounded number at once, outcomes recorded as they come."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any, Protocol

from tqdm import tqdm

from yt360_tools.pipeline.executors import stop_workers
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.records import Outcome


class Task(Protocol):
    """A picklable piece of a stage's work. `run` never raises for an expected failure: it gives outcomes."""

    @property
    def size(self) -> int:
        """How many items the task holds, for the progress bar."""

    def run(self) -> list[Outcome]:
        """Do the work, in a worker."""

    def progress(self) -> int:
        """How many of the items a worker has finished by now, asked by the coordinator meanwhile."""

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        """Outcomes that say that all of the task failed."""

    def after_death(self) -> "tuple[list[Outcome], Task | None]":
        """What to record when a worker died over this task, and what of it is still to be tried."""


_LOOK_EVERY_S = 0.5

BUG = "bug"
"""The reason of an outcome that nobody expected; its detail is the traceback."""


def run_tasks(
    tasks: Sequence[Task],
    ledger: Ledger,
    open_pool: Callable[[], Executor],
    *,
    in_flight: int,
    title: str,
    unit: str,
) -> list[Outcome]:
    """Run tasks, record every outcome in the ledger at once, and return them all.

    A worker that dies (a decoder's crash, no memory) breaks its pool: the tasks it left are tried again,
    each alone, so that the one to blame is known and the others finish.
    """
    outcomes: list[Outcome] = []
    with tqdm(total=sum(task.size for task in tasks), desc=title, unit=unit, disable=None) as bar:

        def keep(found: list[Outcome]) -> None:
            ledger.record(found)
            outcomes.extend(found)

        def show(running: Iterable[Task]) -> None:
            if not bar.disable:
                bar.n = max(bar.n, len(outcomes) + sum(task.progress() for task in running))
                bar.refresh()

        orphans: list[Task] = []
        for task, found in _completed(tasks, open_pool, in_flight, show):
            if found is None:
                orphans.append(task)
            else:
                keep(found)
        for task in orphans:
            keep(_run_alone(task, open_pool, show))
        show(())
    return outcomes


def _run_alone(task: Task, open_pool: Callable[[], Executor], show: Callable[[Iterable[Task]], None]) -> list[Outcome]:
    """The outcomes of a task over which a worker died, tried alone as long as something is left of it."""
    outcomes: list[Outcome] = []
    left: Task | None = task
    while left is not None:
        ((_, found),) = _completed([left], open_pool, 1, show)
        if found is not None:
            return outcomes + found
        blamed, left = left.after_death()
        outcomes += blamed
    return outcomes


def _completed(
    tasks: Sequence[Task],
    open_pool: Callable[[], Executor],
    in_flight: int,
    show: Callable[[Iterable[Task]], None],
) -> Iterator[tuple[Task, list[Outcome] | None]]:
    """Each task with its outcomes as it completes, or with None when its worker died."""
    if not tasks:
        return
    waiting = iter(tasks)
    running: dict[Future[Any], Task] = {}
    pool = open_pool()
    try:
        while True:
            for task in waiting:
                try:
                    future = pool.submit(_run, task)
                except BrokenExecutor:
                    pool = open_pool()
                    future = pool.submit(_run, task)
                running[future] = task
                if len(running) >= in_flight:
                    break
            if not running:
                break
            ended = wait(running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED).done
            show(running.values())
            for future in ended:
                task = running.pop(future)
                try:
                    found = future.result()
                except BrokenExecutor:
                    yield task, None
                else:
                    yield task, found
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        stop_workers()
        raise
    pool.shutdown()


def _run(task: Task) -> list[Outcome]:
    """A task's outcomes; a bug over one item is that item's outcome, and the others go on."""
    try:
        return task.run()
    except Exception:
        return task.failed(BUG, traceback.format_exc())
