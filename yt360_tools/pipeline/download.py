"""The first stage: each video's media, fetched into ``raw/<video_id>/``, whole or not at all."""

import logging
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.download_queue import DownloadQueue, Pace, kept_wish, passing_data
from yt360_tools.pipeline.executors import thread_pool
from yt360_tools.pipeline.fingerprints import fingerprint, source_digits
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.retrying import DECODE_TIMEOUT
from yt360_tools.pipeline.runner import InOrder, Queue, run_queue
from yt360_tools.pipeline.standing import DOWNLOAD, Declared, declared_media, standings
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome
from yt360_tools.sources import Source
from yt360_tools.sources.checking import check_fetched, check_promises, sha256_of
from yt360_tools.sources.parts import clear_parts, has_parts, set_back
from yt360_tools.sources.reasons import reason_policy
from yt360_tools.sources.room import check_room

STAGE = DOWNLOAD

Sizes = dict[str, dict[str, int | str]]
"""Bytes and sha256 of a video's files, by name."""

logger = logging.getLogger(__name__)

_ORIGIN = ".source"
_UNCHECKED, _CHECKSUM = "unchecked", "checksum"


@dataclass(frozen=True)
class DownloadTask:
    """Fetch one video.

    Attributes:
        declared: what the manifest says of its files.
        tries: how often it was tried in earlier runs, since it was last told to begin anew.
        origin: digits of the configuration; what was fetched under another one is not taken for this one's.
        where: digits of the source, for which alone a rejection holds.
        is_anew: whether to fetch what is there already; it stays until the other is in its place.
        decode_timeout_s: seconds that decoding a file's start and end may take.
    """

    video_id: str
    source: Source
    workspace: Workspace
    declared: Declared = field(default_factory=Declared)
    tries: int = 0
    origin: str = ""
    where: str = ""
    is_anew: bool = False
    decode_timeout_s: float = 120.0

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        try:
            sizes, was_asked = self._fetch_or_keep()
        except MediaError as error:
            data = {"source": self.where, **self.declared.behind(error.reason)}
            return [Outcome(self.video_id, STAGE, "rejected", error.reason, str(error), data)]
        except TransientError as error:
            known = {DECODE_TIMEOUT: self.decode_timeout_s} if error.reason == _UNCHECKED else {}
            data = {**passing_data(error), **known}
            return [Outcome(self.video_id, STAGE, "failed", error.reason, str(error), data)]
        except OSError as error:
            failure = TransientError.of_disk(error, self.workspace.raw_folder(self.video_id))
            return self.failed(failure.reason, str(failure))
        data = {"files": sizes} | ({} if was_asked or self.source.is_local else {"was_asked": False})
        return [Outcome(self.video_id, STAGE, "done", data=data)]

    def _fetch_or_keep(self) -> tuple[Sizes, bool]:
        """As `_fetch`; where a video is to be fetched anew and cannot be, what is there stays what it was."""
        try:
            return self._fetch()
        except (MediaError, TransientError) as error:
            if not (self.is_anew and self.workspace.raw_folder(self.video_id).is_dir()):
                raise
            logger.warning("%s cannot be fetched anew, and what is there is kept: %s", self.video_id, error)
            return self._sizes(), False

    def _fetch(self) -> tuple[Sizes, bool]:
        """Fetch beside the final folder, check, and rename; a folder that is there already is whole.

        Returns:
            What is there, and whether the source was asked for it.
        """
        final, was_asked = self.workspace.raw_folder(self.video_id), False
        if self.is_anew or not final.is_dir():
            was_asked = self._fetch_whole()
            fetched = self.workspace.fetched_folder(self.video_id)
            (fetched / _ORIGIN).unlink(missing_ok=True)
            self._replace(fetched, final)
        return self._sizes(), was_asked

    def _sizes(self) -> Sizes:
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

    def _fetch_whole(self) -> bool:
        """Fetch and check; what is wrong may lie in what an earlier try had left, or on the way: then once afresh.

        Returns:
            Whether the source was asked: what an earlier try has fetched may only be checked.
        """
        fetched = self.workspace.fetched_folder(self.video_id)
        if self.source.is_local or not self._is_ours(fetched):
            shutil.rmtree(fetched, ignore_errors=True)
        was_asked = not fetched.is_dir()
        is_fresh = was_asked and self._fetch_once(fetched)
        try:
            self._check(fetched)
            return was_asked
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
            return True

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
        check_promises(fetched, self.video_id, self.declared.promised)
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
    config = config or DownloadConfig()
    pace, digits, where = pace or Pace.of(config), fingerprint(config, ledger.salt), source_digits(config, ledger.salt)
    declared = declared_media(manifest, is_local=source.is_local)
    known = standings(manifest, ledger, config, decode_timeout_s=decode_timeout_s, is_local=source.is_local, now=now)
    tasks = []
    for video_id, one in known.items():
        is_told = pace.is_told(video_id)
        if is_told or one.is_asked:
            tries = 0 if is_told else max(0, one.tries - pace.tried.get(video_id, 0))
            said = declared.get(video_id, Declared())
            tasks.append(
                DownloadTask(video_id, source, workspace, said, tries, digits, where, is_told, decode_timeout_s)
            )
    return tasks


@dataclass(frozen=True)
class Downloads:
    """How the downloads of one run ended.

    Attributes:
        outcomes: the last one of each video that was taken up.
        stopped: why the run ended before all was taken up; empty where it was.
        notes: what waits until when.
        seconds: how long it took, without the pauses in which nothing was under way.
    """

    outcomes: tuple[Outcome, ...]
    stopped: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


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
    began_s, slept_s = clock(), 0.0

    def counted_sleep(seconds: float) -> None:
        nonlocal slept_s
        before_s = clock()
        sleep(seconds)
        slept_s += clock() - before_s

    outcomes = run_queue(queue, ledger, pool, in_flight=config.jobs, title=STAGE, unit="video", sleep=counted_sleep)
    return Downloads(tuple(outcomes), queue.stopped, seconds=clock() - began_s - slept_s)
