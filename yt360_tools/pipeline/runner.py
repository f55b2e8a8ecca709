"""Running a stage's tasks on a pool: a bounded number at once, outcomes recorded as they come."""

import logging
import time
import traceback
from collections import deque
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


class Queue(Protocol):
    """What decides which task begins when. The coordinator alone asks it."""

    @property
    def size(self) -> int:
        """How many items there are in all, for the progress bar."""

    @property
    def stopped(self) -> str:
        """Why no more tasks come, though some are left; empty while that is not so."""

    def take(self) -> Task | None:
        """The next task, if one may begin now."""

    def wait_s(self) -> float | None:
        """Seconds until `take` may give a task; None when only a running task's end could bring one."""

    def ended(self, task: Any, outcomes: list[Outcome]) -> list[Outcome]:
        """Take in how a task ended; its outcomes as they are to be recorded."""


class InOrder:
    """Tasks one after the other, each once."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = deque(tasks)
        self.size = sum(task.size for task in self._tasks)
        self.stopped = ""

    def take(self) -> Task | None:
        return self._tasks.popleft() if self._tasks else None

    def wait_s(self) -> float | None:
        return None

    def ended(self, task: Task, outcomes: list[Outcome]) -> list[Outcome]:
        return outcomes


_LOOK_EVERY_S, _SAID_FROM_S = 0.5, 5.0
logger = logging.getLogger(__name__)

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
    """Run tasks in their order, each once, as `run_queue` does."""
    return run_queue(InOrder(tasks), ledger, open_pool, in_flight=in_flight, title=title, unit=unit)


def run_queue(
    queue: Queue,
    ledger: Ledger,
    open_pool: Callable[[], Executor],
    *,
    in_flight: int,
    title: str,
    unit: str,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Run a queue's tasks, record every outcome in the ledger at once, and return each item's last.

    A worker that dies (a decoder's crash, no memory) breaks its pool: the tasks it left are tried again,
    each alone, so that the one to blame is known and the others finish.
    """
    outcomes: dict[str, Outcome] = {}
    with tqdm(total=queue.size, desc=title, unit=unit, disable=None) as bar:

        def keep(task: Task, found: list[Outcome]) -> None:
            found = queue.ended(task, found)
            ledger.record(found)
            outcomes.update((outcome.item, outcome) for outcome in found)

        def show(running: Iterable[Task]) -> None:
            if not bar.disable:
                bar.n = max(bar.n, len(outcomes) + sum(task.progress() for task in running))
                bar.refresh()

        orphans: list[Task] = []
        for task, found in _completed(queue, open_pool, in_flight, show, sleep):
            if found is None:
                orphans.append(task)
            else:
                keep(task, found)
        for task in orphans:
            keep(task, _run_alone(task, open_pool, show))
        show(())
    return list(outcomes.values())


def _run_alone(task: Task, open_pool: Callable[[], Executor], show: Callable[[Iterable[Task]], None]) -> list[Outcome]:
    """The outcomes of a task over which a worker died, tried alone as long as something is left of it."""
    outcomes: list[Outcome] = []
    left: Task | None = task
    while left is not None:
        ((_, found),) = _completed(InOrder([left]), open_pool, 1, show, time.sleep)
        if found is not None:
            return outcomes + found
        blamed, left = left.after_death()
        outcomes += blamed
    return outcomes


def _completed(
    queue: Queue,
    open_pool: Callable[[], Executor],
    in_flight: int,
    show: Callable[[Iterable[Task]], None],
    sleep: Callable[[float], None],
) -> Iterator[tuple[Task, list[Outcome] | None]]:
    """Each task with its outcomes as it completes, or with None when its worker died."""
    if not queue.size:
        return
    running: dict[Future[Any], Task] = {}
    pool = open_pool()
    try:
        while True:
            while len(running) < in_flight and (task := queue.take()) is not None:
                try:
                    future = pool.submit(_run, task)
                except BrokenExecutor:
                    pool = open_pool()
                    future = pool.submit(_run, task)
                running[future] = task
            if not running:
                wait_s = queue.wait_s()
                if wait_s is None:
                    break
                if wait_s >= _SAID_FROM_S:
                    logger.info("nothing may begin for %.0f s", wait_s)
                sleep(wait_s)
                continue
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
