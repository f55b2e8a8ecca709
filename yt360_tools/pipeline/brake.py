"""The brake: when a server says that we ask too much, or none answers, the whole run slows down, then stops.

Behind a wall every further video is lost time, and makes the wall stand longer. So nothing new begins for a pause;
then one download alone tries; if it gets through, all go on as before; if not, the pause is doubled; after some of
them in a row the run ends, and what it did not get to stays to do.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.retrying import WALLS

BURST = 3
"""So many in a row that say we ask too much, or ask for a long pause, are a burst; a bot wall needs no second one."""

SILENCE = 8
"""So many videos in a row for which no server answered are no single video's affair."""

_WORDS = {
    "bot_wall": "YouTube's bot wall",
    "rate_limited": "a burst of 429s (too many requests)",
    "network": "the server fails and asks for a pause",
}
_OFFLINE = "no server answers: is this machine online?"


@dataclass(frozen=True)
class Ended:
    """How a download ended, as far as it tells of the server.

    Attributes:
        reason: a word of `sources.reasons`; empty when it is done.
        retry_after_s: seconds that the server asked to be left alone.
        was_answered: whether any server answered.
    """

    reason: str
    retry_after_s: float | None = None
    was_answered: bool = True


class Brake:
    """One run's brake; several threads may use it. Times are in seconds on any clock that does not go back.

    Attributes:
        stopped: why the run must end; empty while it may go on.
        pulls: how often it was pulled.
        wish_s: the seconds that a server asked to be left alone when it was pulled last; None where none did.
    """

    def __init__(self, config: DownloadConfig, clock: Callable[[], float]) -> None:
        self._config, self._clock = config, clock
        self._lock = threading.Lock()
        self._level = 0
        self._burst = 0
        self._longest_wish_s = 0.0
        self._is_wall = False
        self._silent: set[str] = set()
        self.pulls = 0
        self._running: dict[str, int] = {}
        self._until = float("-inf")
        self.stopped = ""
        self.wish_s: float | None = None

    @property
    def left_s(self) -> float:
        """Seconds until something may begin again; 0 for now."""
        with self._lock:
            return max(0.0, self._until - self._clock())

    def hold(self, seconds: float) -> None:
        """Let nothing begin for a time, then one alone: what a server asked of an earlier run."""
        with self._lock:
            self._level, self._is_wall = max(self._level, 1), True
            self._until = self._clock() + seconds

    def begin(self, item: str) -> float:
        """Take leave to begin a download: 0 for yes, else the seconds after which to ask again.

        Whoever gets leave must call `end`. Infinity: one download tries alone, and has to end first.
        """
        with self._lock:
            if self.stopped or (self._level and self._running):
                return float("inf")
            left = self._until - self._clock()
            if left > 0:
                return left
            self._running[item] = self.pulls
            return 0.0

    def end(self, item: str, ended: Ended) -> str:
        """Take in how a download ended; what to tell a person, mostly nothing.

        What had begun before the brake was pulled says nothing of how the server is after it.
        """
        with self._lock:
            is_new = self._running.pop(item) == self.pulls
            if self.stopped or not is_new:
                return ""
            if not ended.was_answered:
                self._silent.add(item)
                return self._pull(_OFFLINE) if self._level or len(self._silent) >= SILENCE else ""
            if ended.reason not in _FROM_NOBODY:
                self._silent.clear()
                self._level = self._level if self._is_wall else 0
            if self._wants_rest(ended):
                self._burst += 1
                self._longest_wish_s = max(self._longest_wish_s, ended.retry_after_s or 0.0)
                is_enough = ended.reason == "bot_wall" or self._level or self._burst >= BURST
                return self._pull(_WORDS[ended.reason], is_wall=True) if is_enough else ""
            if ended.reason not in _SAYING_NOTHING:
                self._level = self._burst = 0
                self._longest_wish_s, self._is_wall = 0.0, False
            return ""

    def _wants_rest(self, ended: Ended) -> bool:
        """Whether a server says that we ask too much, or asks for a pause longer than the brake's own."""
        return ended.reason in WALLS or (
            ended.reason == "network" and (ended.retry_after_s or 0.0) > self._config.brake_s
        )

    def _pull(self, said: str, *, is_wall: bool = False) -> str:
        self._level += 1
        self._is_wall = self._is_wall or is_wall
        self.pulls += 1
        self.wish_s = None
        if is_wall:  # silence is no server's wish
            self.wish_s, self._longest_wish_s = self._longest_wish_s or None, 0.0
        wish_s = self.wish_s or 0.0
        if wish_s > self._config.pause_max_s:
            self.stopped = said
        elif self._level > self._config.brake_stops:
            self.stopped = f"{said}; it was so after {self._config.brake_stops} pauses too"
        if self.stopped:
            return ""
        pause_s = max(self._config.brake_s * 2.0 ** (self._level - 1), wish_s)
        self._until = self._clock() + pause_s
        return f"{said}: nothing new is asked for {pause_s:.0f} s, then one video alone"


_FROM_NOBODY = ("unknown", "cookies", "unsupported", "disk", "disk_full", "over_budget", "worker_died", "bug")
"""Reasons for which no server need have been asked."""

_SAYING_NOTHING = ("network", "incomplete", "unchecked", "checksum", *_FROM_NOBODY)
"""Reasons that say nothing of the server's patience."""
