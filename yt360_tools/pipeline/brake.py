"""The brake: when a server says that we ask too much, the whole run slows down, then stops.

Behind a wall every further video is lost time, and makes the wall stand longer. So nothing new begins for a pause;
then one download alone tries; if it gets through, all go on as before; if not, the pause is doubled; after some of
them in a row the run ends, and what it did not get to stays to do.
"""

import threading
from collections.abc import Callable

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.retrying import WALLS
from yt360_tools.sources.reasons import reason_policy

BURST = 3
"""So many 429s in a row are a burst; a bot wall needs no second one."""


class Brake:
    """One run's brake; several threads may use it. Times are in seconds on any clock that does not go back.

    Attributes:
        stopped: why the run must end; empty while it may go on.
    """

    def __init__(self, config: DownloadConfig, clock: Callable[[], float]) -> None:
        self._config, self._clock = config, clock
        self._lock = threading.Lock()
        self._level = 0
        self._burst = 0
        self._pulls = 0
        self._running: dict[str, int] = {}
        self._until = float("-inf")
        self.stopped = ""

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
            self._running[item] = self._pulls
            return 0.0

    def end(self, item: str, reason: str, retry_after_s: float | None = None) -> str:
        """Take in how a download ended (``""`` when it is done); what to tell a person, mostly nothing.

        What had begun before the brake was pulled says nothing of how the server is after it.
        """
        with self._lock:
            is_new = self._running.pop(item) == self._pulls
            if self.stopped or not is_new:
                return ""
            if reason in WALLS:
                self._burst += 1
                is_wall = reason == "bot_wall" or self._level or self._burst >= BURST
                return self._pull(reason, retry_after_s or 0.0) if is_wall else ""
            if not reason or reason_policy(reason).kind != "heals":  # others say nothing of the server's patience
                self._level = self._burst = 0
            return ""

    def _pull(self, reason: str, retry_after_s: float) -> str:
        self._level += 1
        self._pulls += 1
        pause_s = max(self._config.brake_s * 2.0 ** (self._level - 1), retry_after_s)
        said = "YouTube's bot wall" if reason == "bot_wall" else "a burst of 429s (too many requests)"
        if self._level > self._config.brake_stops:
            self.stopped = f"{said}: still there after {self._config.brake_stops} pauses"
        elif retry_after_s > self._config.pause_max_s:
            self.stopped = f"{said}: the server asks to be left alone for {retry_after_s:.0f} s"
        if self.stopped:
            return ""
        self._until = self._clock() + pause_s
        return f"{said}: nothing new is asked for {pause_s:.0f} s, then one video alone"
