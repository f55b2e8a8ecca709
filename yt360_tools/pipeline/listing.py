"""What a manifest's videos offer, asked without downloading; the answers rest in the ledger's stage ``listing``."""

import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import ItemError, MediaError, TransientError, UsageError
from yt360_tools.pipeline.download_queue import DownloadQueue, Pace, kept_wish, passing_data
from yt360_tools.pipeline.executors import thread_pool
from yt360_tools.pipeline.fingerprints import fingerprint, source_digits
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.retrying import tries_before, waits
from yt360_tools.pipeline.runner import run_queue
from yt360_tools.pipeline.standing import ASKED_AT, LISTING
from yt360_tools.pipeline.told import check_reasons
from yt360_tools.records import Outcome
from yt360_tools.sources.listing import Listing, list_youtube, read_listing
from yt360_tools.sources.policy import Choice, Policy, read_policy
from yt360_tools.sources.youtube import MISSING, check_choices

STAGE = LISTING
NOT_ASKED = "not_asked"
"""The reason of a video that a run did not get to."""


@dataclass(frozen=True)
class ListedVideo:
    """How a video was listed.

    Attributes:
        reason: why nothing can be fetched; empty when both tracks are offered.
        detail: what was said of it.
        listing: what it offers; None when nothing was learnt.
        choices: what would be fetched, and why; empty without a listing.
    """

    video_id: str
    state: str
    reason: str
    detail: str
    listing: Listing | None = None
    choices: dict[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True)
class ListingReport:
    """The videos in the manifest's order, and what a person should know of how the asking went."""

    videos: tuple[ListedVideo, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListingTask:
    """Ask what one video offers.

    Attributes:
        asked_with: the digits of the configuration that it is asked with.
        where: the digits of the source.
        known: what an earlier asking learnt of it, and a video that is gone no longer tells.
        tries: how often it was asked in vain before this run.
    """

    video_id: str
    config: DownloadConfig
    asked_with: str
    where: str
    known: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    sleep: Callable[[float], object] = time.sleep

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        if self.config.sleep_s:
            self.sleep(self.config.sleep_s * random.uniform(1 - self.config.jitter, 1 + self.config.jitter))
        try:
            listing = list_youtube(self.video_id, self.config)
        except ItemError as error:
            state = "rejected" if isinstance(error, MediaError) else "failed"
            data = self.known | (passing_data(error) if isinstance(error, TransientError) else {"source": self.where})
            return [Outcome(self.video_id, STAGE, state, error.reason, str(error), data)]
        return [decided(self.video_id, listing, read_policy(self.config), self.asked_with)]

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.video_id, STAGE, "failed", reason, detail, self.known)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video_id}: the worker died while asking"), None


def decided(video_id: str, listing: Listing, policy: Policy, asked_with: str) -> Outcome:
    """The outcome of a video's listing under a policy: done when there is something for both tracks."""
    data = {"listing": listing.as_plain(), "facts": listing.facts, "config": asked_with}
    try:
        check_choices(listing.choices(policy))
    except ItemError as error:
        return Outcome(video_id, STAGE, "failed", error.reason, str(error), data)
    return Outcome(video_id, STAGE, "done", data=data)


def list_videos(
    video_ids: Sequence[str],
    ledger: Ledger,
    config: DownloadConfig,
    *,
    refresh: bool = False,
    retry: Collection[str] = (),
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = random.random,
) -> ListingReport:
    """What each video offers and what would be chosen, asking only for what the ledger does not know.

    An answer stays until `refresh`; the policy's choice is made anew from it each time. What heals is asked again
    when its pause is over; what needs a change, when it is asked for otherwise.

    Args:
        refresh: ask for every video.
        retry: ask for those that have ended with one of these reasons; ``all`` for every one that is not done.

    Raises:
        UsageError: the source is not YouTube, the policy is wrong, or a word of `retry` is no reason.
    """
    if config.media or config.source not in ((), ("youtube",)):
        raise UsageError("--list asks what YouTube offers; it knows nothing of --media and of URL templates")
    policy, asking = read_policy(config), _without_policy(config)
    check_reasons(retry, ledger.entries(STAGE).values())
    known, digits, moment = ledger.entries(STAGE), fingerprint(asking, ledger.salt), now()
    where = source_digits(config, ledger.salt)

    def is_due(video_id: str) -> bool:
        entry = known.get(video_id)
        if entry is None or (entry.reason and ("all" in retry or entry.reason in retry)):
            return True
        return not (entry.is_final or waits(entry, digits, moment))

    due = list(video_ids) if refresh else [video_id for video_id in video_ids if is_due(video_id)]
    tasks = [
        ListingTask(video_id, config, digits, where, _learnt(one), tries_before(one, digits), sleep)
        for video_id, one in ((video_id, known.get(video_id)) for video_id in due)
    ]
    pace = Pace.of(asking, clock=clock)
    queue = DownloadQueue(
        tasks,  # type: ignore[arg-type]
        asking,
        pace=pace,
        salt=ledger.salt,
        check_room=lambda: None,
        clock=clock,
        now=now,
        draw=draw,
    )
    wished = "" if refresh or retry or not due else kept_wish(ledger, STAGE, asking, pace, now())
    if not wished:
        pool = partial(thread_pool, config.jobs)
        run_queue(queue, ledger, pool, in_flight=config.jobs, title="list", unit="video", sleep=sleep)
    _choose_anew(ledger, policy, set(video_ids) & {*ledger.entries(STAGE)} - set(due))
    videos = known_videos(video_ids, ledger, config)
    waiting = {*video_ids} - {*due} - {video_id for video_id, entry in known.items() if entry.is_final}
    return ListingReport(videos, _notes(wished or queue.stopped, len(waiting)))


def known_videos(video_ids: Sequence[str], ledger: Ledger, config: DownloadConfig) -> tuple[ListedVideo, ...]:
    """How each video was listed, as far as the ledger knows; nothing is asked.

    Raises:
        UsageError: the policy is wrong.
    """
    policy, entries = read_policy(config), ledger.entries_of(STAGE, video_ids)
    return tuple(_listed(video_id, entries.get(video_id), policy) for video_id in video_ids)


def _without_policy(config: DownloadConfig) -> DownloadConfig:
    """`config` as far as it decides what YouTube shows: what we take of it is another matter."""
    default = DownloadConfig()
    return replace(config, picture=default.picture, sound=default.sound, max_height=default.max_height)


def _notes(stopped: str, waiting: int) -> tuple[str, ...]:
    found: tuple[str, ...] = (f"stopped: {stopped}",) if stopped else ()
    if waiting:
        found += (f"{waiting} videos were not asked again: their pause is not over, or something must be changed "
                  "first (see the reasons); --refresh asks all now",)  # fmt: skip
    return found


def _learnt(entry: Entry | None) -> dict[str, Any]:
    return {key: entry.data[key] for key in ("facts", "listing") if key in entry.data} if entry else {}


def _answer(entry: Entry) -> Listing | None:
    """What a video offers, if that is what its outcome speaks of, and not that it could not be asked."""
    speaks = entry.state == "done" or entry.reason in MISSING.values()
    return read_listing(entry.data["listing"]) if speaks else None


def _choose_anew(ledger: Ledger, policy: Policy, video_ids: Iterable[str]) -> None:
    """Hold earlier answers against the policy of today."""
    entries = ledger.entries(STAGE)
    changed = []
    for video_id in sorted(video_ids):
        entry = entries[video_id]
        listing = _answer(entry)
        if listing:
            outcome = decided(video_id, listing, policy, entry.data["config"])
            if (outcome.state, outcome.reason, outcome.detail) != (entry.state, entry.reason, entry.detail):
                data = {**outcome.data, ASKED_AT: entry.data.get(ASKED_AT, entry.at)}
                changed.append(replace(outcome, data=data))
    ledger.record(changed)


def _listed(video_id: str, entry: Entry | None, policy: Policy) -> ListedVideo:
    if entry is None:
        return ListedVideo(video_id, "to_do", NOT_ASKED, "the run stopped before it was asked for")
    listing = _answer(entry)
    choices = listing.choices(policy) if listing else {}
    return ListedVideo(video_id, entry.state, entry.reason, entry.detail, listing, choices)
