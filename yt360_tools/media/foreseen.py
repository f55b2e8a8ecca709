"""Which frames a window will show, known from the times of its packets before one of them is decoded."""

from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yt360_tools.errors import MediaError
from yt360_tools.media.containers import opened

_MOST_PACKETS = 100_000
"""A window of more is decoded whole."""


@dataclass(frozen=True)
class Foreseen:
    """The frames around a window, and which of them it shows.

    Attributes:
        times: of all frames up to the last moment, in ticks, rising.
        spare: those that are not shown, though frames before and behind them are. What lies outside of the window may
            be another window's.
        tick_s: the length of a tick in seconds.
    """

    times: tuple[int, ...]
    spare: frozenset[int]
    tick_s: float

    def at(self, limit_s: float) -> int | None:
        """The time, in ticks, of the last frame that is not after `limit_s`; None before the first."""
        index = bisect_right(self.times, limit_s, key=lambda time: time * self.tick_s)
        return self.times[index - 1] if index else None


class Foresight:
    """Reads the packets of a picture's windows, beside whoever decodes them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = ExitStack()
        self._file: tuple[Any, Any] | None = None

    def close(self) -> None:
        """Let go of the file."""
        self._opened.close()
        self._file = None

    def foresee(self, limits_s: Sequence[float]) -> Foreseen | None:
        """What is shown at each of these rising times: the last frame that is not after it.

        None where packets do not tell: without a time, two of one time, none before the first limit, too many, or a
        file that cannot be read. Nothing is wrong then; all frames have to be decoded.
        """
        import av

        try:
            if self._file is None:
                self._file = self._opened.enter_context(opened(self._path, "video"))
            tick_s = float(self._file[1].time_base)
            times = self._times(limits_s[0], limits_s[-1], tick_s)
        except (av.error.FFmpegError, MediaError, ValueError, OverflowError):
            return None
        if times is None:
            return None
        known = Foreseen(tuple(times), frozenset(), tick_s)
        first, last = known.at(limits_s[0]), known.at(limits_s[-1])
        if first is None or last is None:
            return None
        shown = {known.at(limit_s) for limit_s in limits_s}
        return replace(known, spare=frozenset(time for time in times if first < time < last) - shown)

    def _times(self, first_s: float, last_s: float, tick_s: float) -> list[int] | None:
        """The times of all frames that may be shown between two moments, rising."""
        assert self._file is not None
        container, stream = self._file
        container.seek(int(first_s // tick_s), stream=stream, backward=True)
        times: list[int] = []
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard:
                continue
            if packet.pts is None or packet.dts is None or len(times) >= _MOST_PACKETS:
                return None
            if packet.dts * tick_s > last_s:
                break  # no frame is shown before it is decoded: what follows is later still
            times.append(packet.pts)
        return sorted(times) if len(set(times)) == len(times) else None
