"""When a download is asked for again: how long pauses are, what waits, and until when. Nothing here reads a clock."""

from collections import Counter
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.ledger import Entry
from yt360_tools.sources.reasons import reason_policy

WALLS = ("bot_wall", "rate_limited")
"""What says that we ask too much: it is not the one video's affair."""

DECODE_TIMEOUT = "decode_timeout_s"
"""Where an outcome's data tell how many seconds decoding was given, if it took longer or was ended."""

_OF_A_RUN = ("over_budget",)
_WALL_FACTOR = 30
_MOST_PAUSE_S = 3650 * 86400.0
_PATIENCE = {"incomplete": 12, "unchecked": 12, "unknown": 12}
"""After so many tries in vain under one configuration, these do not seem to heal by themselves."""


def pause_s(config: DownloadConfig, reason: str, tries: int, draw: float, retry_after_s: float | None = None) -> float:
    """Seconds to leave a video alone after its `tries`-th try failed; `draw` is a random number from 0 to 1."""
    grown = config.pause_s * (_WALL_FACTOR if reason in WALLS else 1) * 2.0 ** min(tries - 1, 60)
    jittered = min(grown, config.pause_max_s) * (1 + config.jitter * (2 * draw - 1))
    return max(jittered, retry_after_s or 0.0)


def remembered(config_digits: str, tries: int, not_before: datetime | None) -> dict[str, Any]:
    """What a later run must know of a failure, for the ledger.

    Args:
        config_digits: the `fingerprint` of the configuration that it was tried with.
        tries: how often it was tried, in all runs that led here.
        not_before: an aware time; None where no pause is due.
    """
    kept: dict[str, Any] = {"tries": tries, "config": config_digits}
    return kept | ({"not_before": not_before.isoformat(timespec="seconds")} if not_before else {})


@dataclass(frozen=True)
class Waiting:
    """A video that is not asked for now.

    Attributes:
        until: when it is asked for again by itself; None where something must be changed first.
    """

    video_id: str
    reason: str
    until: datetime | None


@dataclass(frozen=True)
class Held:
    """That a failure keeps a video from being asked for: `until` a time, or None until something is changed."""

    until: datetime | None


def waits(entry: Entry | None, config_digits: str, now: datetime, decode_timeout_s: float | None = None) -> Held | None:
    """What keeps a video whose last outcome is `entry` from being asked for at `now`; None where nothing does.

    What was learnt under another configuration holds for none: it is asked for at once. So is what a budget had no room
    for: each run has its own.

    Args:
        decode_timeout_s: seconds that decoding what was fetched may take now; None where nothing is decoded.
    """
    if not _is_learnt_here(entry, config_digits, decode_timeout_s) or entry.reason in _OF_A_RUN:
        return None
    if not heals(entry.reason, int(entry.data.get("tries", 0))):
        return Held(None)
    until = datetime.fromisoformat(entry.data["not_before"]) if "not_before" in entry.data else now
    return Held(until) if until > now else None


def heals(reason: str, tries: int) -> bool:
    """Whether what failed `tries` times for a reason is asked for again by itself."""
    return reason_policy(reason).kind == "heals" and tries < _PATIENCE.get(reason, tries + 1)


def tries_before(entry: Entry | None, config_digits: str, decode_timeout_s: float | None = None) -> int:
    """How often a video was tried in vain under this configuration."""
    return int(entry.data.get("tries", 0)) if _is_learnt_here(entry, config_digits, decode_timeout_s) else 0


def _is_learnt_here(entry: Entry | None, config_digits: str, decode_timeout_s: float | None) -> TypeGuard[Entry]:
    """Whether `entry` is a failure under this configuration; of what was not decoded, within the same time."""
    if entry is None or entry.state != "failed" or entry.data.get("config") != config_digits:
        return False
    return decode_timeout_s is None or entry.data.get(DECODE_TIMEOUT, decode_timeout_s) == decode_timeout_s


def later(now: datetime, seconds: float) -> datetime:
    """`now` and `seconds`, rounded up to a whole second, which is what the ledger keeps."""
    seconds = min(seconds, _MOST_PAUSE_S)
    return (now + timedelta(seconds=seconds, microseconds=999_999)).replace(microsecond=0) if seconds else now


def notes(waiting: Iterable[Waiting]) -> tuple[str, ...]:
    """For a person: what waits, for what, until when, and how to ask nevertheless."""
    held = tuple(waiting)
    timed = [one.until for one in held if one.until]
    said = []
    if timed:
        first, last = moment_words(min(timed)), moment_words(max(timed))
        until = f"until {first}" if first == last else f"the first until {first}, the last until {last}"
        reasons = [one.reason for one in held if one.until]
        now = "" if set(reasons) & set(WALLS) else ", or now with --retry all"
        said.append(f"{videos_are(timed)} not asked for yet ({_counted(reasons)}), {until}: run again then{now}")
    blocked = [one.reason for one in held if one.until is None]
    if blocked:
        said.append(
            f"{videos_are(blocked)} not asked for again before something is changed ({_counted(blocked)}): "
            "'yt360 status --problems' says what; then with other options of downloads, or with --retry REASON"
        )
    return tuple(said)


def moment_words(moment: datetime) -> str:
    """A time of day as a person reads it, with its distance from UTC."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %z}"


def videos_are(found: Sized) -> str:
    """How many videos, and the verb that goes with them."""
    return "1 video is" if len(found) == 1 else f"{len(found)} videos are"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(Counter(words).items()))
