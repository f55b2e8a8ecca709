"""What a run batch by batch asks for once more when it has gone through all: no batch waits for its own pauses."""

import logging
import time
from collections.abc import Collection
from datetime import datetime, timezone

from yt360_tools.pipeline import download
from yt360_tools.pipeline.download_queue import SAID_FROM_S
from yt360_tools.pipeline.rebuild import Line
from yt360_tools.pipeline.retrying import moment_words, videos_are
from yt360_tools.sources import Source

OVER_BUDGET = "over_budget"

logger = logging.getLogger(__name__)


def due_again(line: Line, source: Source) -> list[str]:
    """The line's videos that this run may ask for once more, as soon as the first of them is due.

    It waits no longer than `wait_s` of the configuration: none are given where that is not enough.
    """
    config = line.config.download
    if source.is_local:
        return []
    left = [one for one in line.manifest.video_ids if line.pace.tried.get(one, 0) < config.attempts]
    due = _due_now(line, source, left)
    if due:
        return due
    due_at = [one.until for one in line.waiting() if one.until and one.video_id in set(left)]
    if not due_at:
        return []
    pause_s = (min(due_at) - datetime.now(timezone.utc)).total_seconds()
    if pause_s > config.wait_s:
        return []
    if pause_s >= SAID_FROM_S:
        logger.warning(
            "%s tried again from %s on; Ctrl-C stops, a later run goes on",
            videos_are(due_at), moment_words(min(due_at)),
        )  # fmt: skip
    time.sleep(max(0.0, pause_s))
    return _due_now(line, source, left)


def _due_now(line: Line, source: Source, video_ids: Collection[str]) -> list[str]:
    entries = line.ledger.entries_of(download.STAGE, video_ids)
    may_be = {one for one, entry in entries.items() if entry.state != "done" and entry.reason != OVER_BUDGET}
    return [task.video_id for task in line.downloads(source) if task.video_id in may_be]
