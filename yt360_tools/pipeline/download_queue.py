"""The order of a run's downloads: what begins when, what is tried again, and when the run must stop."""

import heapq
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import TransientError
from yt360_tools.pipeline.brake import NOTHING_ASKED, Brake, Ended
from yt360_tools.pipeline.fingerprints import fingerprint
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.retrying import heals, later, moment_words, pause_s, remembered, videos_are
from yt360_tools.pipeline.salt import Salt
from yt360_tools.records import Outcome
from yt360_tools.sources.reasons import REASONS

if TYPE_CHECKING:
    from yt360_tools.pipeline.download import DownloadTask

PASSING = ("retry_after_s", "was_answered", "was_asked")
"""What an outcome's data tell the queue, and the ledger does not keep."""

_WISH, _WISHED_AT = "server_until", "server_wished_at"
"""Where an outcome's data tell until when the server asked to be left alone as a whole, and when it did so."""

_SERVED = "server_served"
"""Where they tell that it has served, under which configuration, and when: what it had wished before is over."""

_ADVICE = ", with fewer download.jobs, a greater download.sleep_s, cookies or another download.proxy"
SAID_FROM_S = 10.0
"""Waits of so many seconds are told to a person."""

logger = logging.getLogger(__name__)


@dataclass
class Pace:
    """How one run asks: what its downloads have in common, batch after batch.

    Attributes:
        brake: the run's.
        told: videos that are to be asked for in spite of how they ended, as long as this run has not asked.
        asks_nevertheless: whether the run was told to ask, be there such videos or not: no earlier wish holds it.
        is_patient: whether a queue that has nothing else to do waits for what is due soon.
        tried: how often this run has tried each video.
    """

    brake: Brake
    told: Collection[str] = ()
    asks_nevertheless: bool = False
    is_patient: bool = True
    tried: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, config: DownloadConfig, *, told: Collection[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> "Pace":
        """That of a run which has asked for nothing yet."""
        return cls(Brake(config, clock), told)

    def is_told(self, video_id: str) -> bool:
        """Whether a video is still to be asked for in spite of how it ended."""
        return video_id in self.told and video_id not in self.tried


class DownloadQueue:
    """A `runner.Queue` of downloads from a server.

    Args:
        pace: the run's, on the same clock.
        salt: the workspace's.
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
        pace: Pace,
        salt: Salt,
        check_room: Callable[[], None],
        clock: Callable[[], float],
        now: Callable[[], datetime],
        draw: Callable[[], float],
    ) -> None:
        self._fresh = deque(tasks)
        self._again: list[tuple[float, int, DownloadTask]] = []
        self._order = count()
        self._config, self._check_room = config, check_room
        self._digits = fingerprint(config, salt)
        self._clock, self._now, self._draw = clock, now, draw
        self._pace = pace
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
        self._held_s = self._pace.brake.begin(task.video_id)
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
        if not self._again or not self._pace.is_patient:
            return None
        left_s = self._again[0][0] - self._clock()
        if left_s > self._config.wait_s:
            return None
        if left_s >= SAID_FROM_S:
            until = moment_words(self._now() + timedelta(seconds=left_s))
            logger.warning("%s tried again from %s on; Ctrl-C stops, a later run goes on",
                           videos_are(self._again), until)  # fmt: skip
        return max(0.0, left_s, self._held_s)

    def ended(self, task: "DownloadTask", outcomes: list[Outcome]) -> list[Outcome]:
        """Take in how a download ended; its outcome, with what a later run must know."""
        found = []
        for outcome in outcomes:
            retry_after_s = outcome.data.get("retry_after_s") if outcome.state == "failed" else None
            was_asked = outcome.data.get("was_asked", True)
            reason = "" if outcome.state == "done" else outcome.reason
            reason = reason if was_asked else NOTHING_ASKED
            ended = Ended(reason, retry_after_s, was_answered=outcome.data.get("was_answered", True))
            pulls, is_served = self._pace.brake.pulls, self._pace.brake.is_served(task.video_id, ended)
            self._say(self._pace.brake.end(task.video_id, ended))
            self._pace.tried[task.video_id] = self._pace.tried.get(task.video_id, 0) + 1
            if outcome.state == "failed":
                outcome = self._remembered(task, outcome, retry_after_s)
            learnt = {key: value for key, value in outcome.data.items() if key not in PASSING}
            if is_served:
                learnt[_SERVED] = {"config": self._digits, "at": self._now().isoformat()}
            outcome = replace(outcome, data=learnt)
            if self._pace.brake.pulls > pulls:
                outcome = self._braked(outcome)
            found.append(outcome)
        return found

    def _say(self, said: str) -> None:
        """Tell a person why nothing begins, and until when."""
        left_s = self._pace.brake.left_s
        if said and left_s >= SAID_FROM_S:
            said += (
                f" (until {moment_words(self._now() + timedelta(seconds=left_s))}); Ctrl-C stops, a later run goes on"
            )
        if said:
            logger.warning("%s", said)

    def _braked(self, outcome: Outcome) -> Outcome:
        """The outcome that pulled the brake, with the server's wish, which a later run keeps to."""
        brake = self._pace.brake
        until = later(self._now(), brake.wish_s) if brake.wish_s else None
        if brake.stopped and not self.stopped:
            advice = "" if "online" in brake.stopped else _ADVICE
            then = asked_to_wait(until) if until else f"the rest stays to do: run again later{advice}"
            self.stopped = f"{brake.stopped}; {then}"
        if until is None:
            return outcome
        wish = {_WISH: until.isoformat(), _WISHED_AT: self._now().isoformat()}
        return replace(outcome, data={**outcome.data, **wish})

    def _remembered(self, task: "DownloadTask", outcome: Outcome, retry_after_s: float | None) -> Outcome:
        """A failure's outcome with its pause; the download is put back where it is due in this run."""
        if outcome.reason == "disk_full":
            self.stopped = outcome.detail
        tried = self._pace.tried[task.video_id]
        tries = task.tries + tried
        if outcome.reason not in REASONS or not heals(outcome.reason, tries):
            return replace(outcome, data={**outcome.data, **remembered(self._digits, tries, None)})
        pause = 0.0
        if outcome.reason != "disk_full":
            pause = pause_s(self._config, outcome.reason, tries, self._draw(), retry_after_s)
        if tried < self._config.attempts and not self.stopped:
            heapq.heappush(self._again, (self._clock() + pause, next(self._order), task))
        until = later(self._now(), pause) if pause else None
        return replace(outcome, data={**outcome.data, **remembered(self._digits, tries, until)})


def asked_to_wait(until: datetime) -> str:
    """Why nothing is asked for before a time."""
    return f"the server asks to be left alone until {moment_words(until)}; the rest stays to do: run again then"


def kept_wish(ledger: Ledger, stage: str, config: DownloadConfig, pace: Pace, now: datetime) -> str:
    """Why a run must not begin to ask: what a server wished in an earlier one; empty where it may.

    A wish of no more than `wait_s` holds the brake. It is over once the server has served since. A run that was told to
    ask, or has asked, keeps to none.
    """
    if pace.asks_nevertheless or pace.told or pace.tried:
        return ""
    digits = fingerprint(config, ledger.salt)
    wishes = [entry for entry in ledger.telling(stage, _WISH).values() if entry.data.get("config") == digits]
    if not wishes:
        return ""
    served = [entry.data[_SERVED] for entry in ledger.telling(stage, _SERVED).values()]
    served_at = [datetime.fromisoformat(one["at"]) for one in served if one["config"] == digits]
    lasting = [entry for entry in wishes if all(at <= _wished_at(entry) for at in served_at)]
    until = max((datetime.fromisoformat(entry.data[_WISH]) for entry in lasting), default=now)
    left_s = (until - now).total_seconds()
    if left_s > config.wait_s:
        return asked_to_wait(until)
    if left_s > 0:
        pace.brake.hold(left_s)
        logger.warning("the server asks to be left alone until %s; Ctrl-C stops, a later run goes on",
                       moment_words(until))  # fmt: skip
    return ""


def _wished_at(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.data.get(_WISHED_AT, entry.at))


def passing_data(error: TransientError) -> dict[str, Any]:
    """`PASSING` of a failure."""
    data: dict[str, Any] = {} if error.retry_after_s is None else {"retry_after_s": error.retry_after_s}
    return data if error.was_answered else {**data, "was_answered": False}
