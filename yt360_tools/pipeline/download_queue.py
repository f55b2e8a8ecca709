"""The order of a run's downloads: what begins when, what is tried again, and when the run must stop."""

import heapq
import logging
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.pipeline.brake import Brake
from yt360_tools.pipeline.retrying import later, pause_s, remembered, source_digits
from yt360_tools.records import Outcome
from yt360_tools.sources.reasons import REASONS, reason_policy

if TYPE_CHECKING:
    from yt360_tools.pipeline.download import DownloadTask

logger = logging.getLogger(__name__)


class DownloadQueue:
    """A `runner.Queue` of downloads from a server.

    Args:
        check_room: raises ``disk_full`` when another download must not begin.
        clock: seconds that do not go back; `now` is the time of day, aware.
        draw: a random number from 0 to 1.

    Attributes:
        stopped: why the run ends before all is done; empty while it goes on.
    """

    def __init__(
        self,
        tasks: "Iterable[DownloadTask]",
        config: DownloadConfig,
        *,
        check_room: Callable[[], None],
        clock: Callable[[], float],
        now: Callable[[], datetime],
        draw: Callable[[], float],
    ) -> None:
        self._fresh = deque(tasks)
        self._again: list[tuple[float, int, DownloadTask]] = []
        self._order = count()
        self._config, self._check_room = config, check_room
        self._clock, self._now, self._draw = clock, now, draw
        self._brake = Brake(config, clock)
        self._tried: dict[str, int] = {}
        self._held_s = 0.0
        self.size = len(self._fresh)
        self.stopped = ""

    def take(self) -> "DownloadTask | None":
        """The next download that may begin now."""
        self._held_s = 0.0
        is_due = bool(self._again) and self._again[0][0] <= self._clock()
        if self.stopped or not (is_due or self._fresh):
            return None
        task = self._again[0][2] if is_due else self._fresh[0]
        try:
            self._check_room()
        except TransientError as error:
            self.stopped = str(error)
            return None
        self._held_s = self._brake.begin(task.video_id)
        if self._held_s:
            return None
        if is_due:
            heapq.heappop(self._again)
        else:
            self._fresh.popleft()
        return task

    def wait_s(self) -> float | None:
        """Seconds until asking again makes sense; None when nothing will come any more."""
        if self.stopped or math.isinf(self._held_s):
            return None
        if self._fresh:
            return self._held_s
        if not self._again or self._again[0][0] - self._clock() > self._config.wait_s:
            return None
        return max(0.0, self._again[0][0] - self._clock(), self._held_s)

    def ended(self, task: "DownloadTask", outcomes: list[Outcome]) -> list[Outcome]:
        """Take in how a download ended; its outcome, with what a later run must know."""
        found = []
        for outcome in outcomes:
            retry_after_s = outcome.data.get("retry_after_s") if outcome.state == "failed" else None
            reason = "" if outcome.state == "done" else outcome.reason
            said = self._brake.end(task.video_id, reason, retry_after_s)
            if said:
                logger.warning("%s", said)
            if outcome.state == "failed":
                outcome = self._remembered(task, outcome, retry_after_s)
            elif outcome.state == "rejected":
                outcome = replace(outcome, data={**outcome.data, "source": source_digits(self._config)})
            found.append(outcome)
        if self._brake.stopped:
            self.stopped = f"{self._brake.stopped}; the rest stays to do: run again later, with fewer download.jobs, a "
            self.stopped += "greater download.sleep_s, cookies or another download.proxy"
        return found

    def _remembered(self, task: "DownloadTask", outcome: Outcome, retry_after_s: float | None) -> Outcome:
        """A failure's outcome with its pause; the download is put back where it is due in this run."""
        if outcome.reason == "disk_full":
            self.stopped = outcome.detail
        tried = self._tried[task.video_id] = self._tried.get(task.video_id, 0) + 1
        tries = task.tries + tried
        if outcome.reason not in REASONS or reason_policy(outcome.reason).kind != "heals":
            return replace(outcome, data=remembered(self._config, tries, None))
        pause = 0.0
        if outcome.reason != "disk_full":
            pause = pause_s(self._config, outcome.reason, tries, self._draw(), retry_after_s)
        if tried < self._config.attempts and not self.stopped:
            heapq.heappush(self._again, (self._clock() + pause, next(self._order), task))
        return replace(outcome, data=remembered(self._config, tries, later(self._now(), pause) if pause else None))
