"""The first stage: each video's media, fetched into ``raw/<video_id>/``, whole or not at all."""

import logging
import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.declared_media import promised_checksums
from yt360_tools.pipeline.download_queue import DownloadQueue, Pace, kept_wish, passing_data
from yt360_tools.pipeline.executors import thread_pool
from yt360_tools.pipeline.fingerprints import fingerprint, source_digits
from yt360_tools.pipeline.ledger import Entry, Ledger
from yt360_tools.pipeline.retrying import Waiting, tries_before, waits
from yt360_tools.pipeline.runner import InOrder, Queue, run_queue
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources import Source
from yt360_tools.sources.checking import check_fetched, check_promises, sha256_of
from yt360_tools.sources.parts import clear_parts, has_parts, set_back
from yt360_tools.sources.reasons import reason_policy
from yt360_tools.sources.room import check_room

STAGE = "download"

logger = logging.getLogger(__name__)

_ORIGIN = ".source"
_UNCHECKED, _CHECKSUM = "unchecked", "checksum"
_OF_ONE_SOURCE = ("gone", "unsupported")
"""Final reasons that say nothing of other sources: an address may have been mistyped."""


@dataclass(frozen=True)
class DownloadTask:
    """Fetch one video.

    Attributes:
        promised: by track (``""`` for one muxed file), the sha256 that the manifest promises.
        tries: how often it was tried in earlier runs, since it was last told to begin anew.
        origin: digits of the configuration; what was fetched under another one is not taken for this one's.
        is_anew: whether to fetch what is there already; it stays until the other is in its place.
        decode_timeout_s: seconds that decoding a file's start and end may take.
    """

    video_id: str
    source: Source
    workspace: Workspace
    promised: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0
    origin: str = ""
    is_anew: bool = False
    decode_timeout_s: float = 120.0

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        try:
            sizes = self._fetch_or_keep()
        except MediaError as error:
            data = {"promised": dict(self.promised)} if error.reason == _CHECKSUM else {}
            return [Outcome(self.video_id, STAGE, "rejected", error.reason, str(error), data)]
        except TransientError as error:
            return [Outcome(self.video_id, STAGE, "failed", error.reason, str(error), passing_data(error))]
        except OSError as error:
            failure = TransientError.of_disk(error, self.workspace.raw_folder(self.video_id))
            return self.failed(failure.reason, str(failure))
        return [Outcome(self.video_id, STAGE, "done", data={"files": sizes})]

    def _fetch_or_keep(self) -> dict[str, dict[str, int | str]]:
        """As `_fetch`; where a video is to be fetched anew and cannot be, what is there stays what it was."""
        try:
            return self._fetch()
        except (MediaError, TransientError) as error:
            if not (self.is_anew and self.workspace.raw_folder(self.video_id).is_dir()):
                raise
            logger.warning("%s cannot be fetched anew, and what is there is kept: %s", self.video_id, error)
            return self._sizes()

    def _fetch(self) -> dict[str, dict[str, int | str]]:
        """Fetch beside the final folder, check, and rename; a folder that is there already is whole."""
        final = self.workspace.raw_folder(self.video_id)
        if self.is_anew or not final.is_dir():
            self._fetch_whole()
            fetched = self.workspace.fetched_folder(self.video_id)
            (fetched / _ORIGIN).unlink(missing_ok=True)
            self._replace(fetched, final)
        return self._sizes()

    def _sizes(self) -> dict[str, dict[str, int | str]]:
        """By name, bytes and sha256 of what is there."""
        files = sorted(self.workspace.raw_folder(self.video_id).iterdir())
        return {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files}

    def _replace(self, fetched: Path, final: Path) -> None:
        """Put what was fetched into its place; what was there goes then."""
        before = final.with_name(f".{self.video_id}.discarded")
        shutil.rmtree(before, ignore_errors=True)
        if final.is_dir():
            os.replace(final, before)
        os.replace(fetched, final)
        shutil.rmtree(before, ignore_errors=True)

    def _fetch_whole(self) -> None:
        """Fetch and check; what is wrong may lie in what an earlier try had left, or on the way: then once afresh."""
        fetched = self.workspace.fetched_folder(self.video_id)
        if self.source.is_local or not self._is_ours(fetched):
            shutil.rmtree(fetched, ignore_errors=True)
        is_fresh = not fetched.is_dir() and self._fetch_once(fetched)
        try:
            self._check(fetched)
        except (MediaError, TransientError) as error:
            if error.reason == _UNCHECKED:
                raise
            shutil.rmtree(fetched, ignore_errors=True)
            if self.source.is_local or (is_fresh and error.reason != _CHECKSUM):
                raise
            self._fetch_once(fetched)
            try:
                self._check(fetched)
            except (MediaError, TransientError) as again:
                if again.reason != _UNCHECKED:
                    shutil.rmtree(fetched, ignore_errors=True)
                raise

    def _fetch_once(self, fetched: Path) -> bool:
        """Fetch into `fetched`, going on from what an earlier try has left; whether nothing was."""
        partial_folder = self.workspace.partial_folder(self.video_id)
        is_fresh = self.source.is_local or not set_back(partial_folder)
        if is_fresh:
            shutil.rmtree(partial_folder, ignore_errors=True)
        partial_folder.mkdir(parents=True, exist_ok=True)
        keep = False
        try:
            self.source.fetch(self.video_id, partial_folder)
            clear_parts(partial_folder)
            (partial_folder / _ORIGIN).write_text(self.origin, encoding="utf-8")
            os.replace(partial_folder, fetched)
        except (TransientError, OSError) as error:
            may_heal = reason_policy(getattr(error, "reason", "disk")).kind == "heals"
            keep = may_heal and not self.source.is_local and has_parts(partial_folder)
            raise
        finally:
            if not keep:
                shutil.rmtree(partial_folder, ignore_errors=True)
        return is_fresh

    def _is_ours(self, fetched: Path) -> bool:
        """Whether what an earlier run has fetched, and not examined, came from this source."""
        try:
            return (fetched / _ORIGIN).read_text(encoding="utf-8") == self.origin
        except OSError:
            return False

    def _check(self, fetched: Path) -> None:
        """Local media are examined by the next stage, and stay where they are: only promises are held against them."""
        check_promises(fetched, self.video_id, self.promised)
        if not self.source.is_local:
            check_fetched(fetched, self.video_id, timeout_s=self.decode_timeout_s)

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.video_id, STAGE, "failed", reason, detail)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video_id}: the worker died while downloading"), None


def plan_downloads(
    manifest: Manifest,
    ledger: Ledger,
    workspace: Workspace,
    source: Source,
    *,
    config: DownloadConfig | None = None,
    pace: Pace | None = None,
    decode_timeout_s: float = 120.0,
    now: datetime | None = None,
) -> list[DownloadTask]:
    """The videos of the manifest that are neither fetched, nor known to be beyond fetching, nor to be left alone now.

    Args:
        config: what was learnt under another one does not count.
        pace: the run's; what it is told to ask for, it asks for.
        decode_timeout_s: seconds that decoding a fetched file's start and end may take.
        now: an aware time; the present by default.
    """
    pace = pace or Pace.of(config or DownloadConfig())
    known, digits = ledger.entries(STAGE), fingerprint(config or DownloadConfig(), ledger.salt)
    here = source_digits(config or DownloadConfig(), ledger.salt)
    held = {one.video_id for one in waiting_downloads(manifest, ledger, source, config=config, now=now)}
    promised = promised_checksums(manifest)
    tasks = []
    for video_id in manifest.video_ids:
        entry, sums = known.get(video_id), promised.get(video_id, {})
        is_told = pace.is_told(video_id)
        if is_told or (video_id not in held and not _is_beyond_fetching(entry, here, sums)):
            tries = 0 if is_told else max(0, tries_before(entry, digits) - pace.tried.get(video_id, 0))
            tasks.append(DownloadTask(video_id, source, workspace, sums, tries, digits, is_told, decode_timeout_s))
    return tasks


def given_up(manifest: Manifest, ledger: Ledger, config: DownloadConfig) -> frozenset[str]:
    """The manifest's videos that were rejected, and are not asked for again under this configuration."""
    entries, here = ledger.entries_of(STAGE, manifest.video_ids), source_digits(config, ledger.salt)
    promised = promised_checksums(manifest)
    return frozenset(
        video_id
        for video_id, entry in entries.items()
        if entry.state == "rejected" and _is_beyond_fetching(entry, here, promised.get(video_id, {}))
    )


def waiting_downloads(
    manifest: Manifest,
    ledger: Ledger,
    source: Source,
    *,
    config: DownloadConfig | None = None,
    now: datetime | None = None,
) -> tuple[Waiting, ...]:
    """The manifest's videos that have failed and are left alone now; local files never wait."""
    if source.is_local:
        return ()
    digits, moment = fingerprint(config or DownloadConfig(), ledger.salt), now or datetime.now(timezone.utc)
    known = ledger.entries(STAGE)
    found = (waits(video_id, known.get(video_id), digits, moment) for video_id in manifest.video_ids)
    return tuple(one for one in found if one)


@dataclass(frozen=True)
class Downloads:
    """How the downloads of one run ended.

    Attributes:
        outcomes: the last one of each video that was taken up.
        stopped: why the run ended before all was taken up; empty where it was.
        notes: what waits until when.
    """

    outcomes: tuple[Outcome, ...]
    stopped: str = ""
    notes: tuple[str, ...] = ()


def run_downloads(
    tasks: list[DownloadTask],
    ledger: Ledger,
    workspace: Workspace,
    config: DownloadConfig,
    *,
    pace: Pace | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = random.random,
) -> Downloads:
    """Fetch videos, several at once: what heals is tried again after a pause, a wall slows all down, room is kept.

    Args:
        pace: that of a run which has more to fetch than this.
    """
    queue: Queue = InOrder(tasks)
    if tasks and not tasks[0].source.is_local:
        pace = pace or Pace.of(config, clock=clock)
        if wished := kept_wish(ledger, STAGE, config, pace, now()):
            return Downloads((), wished)
        room = partial(check_room, workspace.raw, config)
        queue = DownloadQueue(
            tasks, config, pace=pace, salt=ledger.salt, check_room=room, clock=clock, now=now, draw=draw
        )
    pool = partial(thread_pool, config.jobs)
    outcomes = run_queue(queue, ledger, pool, in_flight=config.jobs, title=STAGE, unit="video", sleep=sleep)
    return Downloads(tuple(outcomes), queue.stopped)


def _is_beyond_fetching(entry: Entry | None, source: str, promised: Mapping[str, str]) -> bool:
    """Whether an outcome holds for good, for a source of these digits and the checksums that are promised now."""
    if entry is None or not entry.is_final:
        return False
    if entry.reason == _CHECKSUM and entry.data.get("promised") != promised:
        return False
    is_of_another = entry.state == "rejected" and entry.data.get("source", source) != source
    return not (is_of_another and entry.reason in _OF_ONE_SOURCE)
