"""How far a workspace is: counts a stage, with reasons."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.pipeline import build, download, segment, validate
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import Outcome

MANIFEST_STAGE = "manifest"
"""The ledger's name for what is wrong with the manifest's own rows."""


@dataclass(frozen=True)
class StageStatus:
    """Items by state; `to_do` counts those that the stage before has handed on and this one has not finished."""

    stage: str
    unit: str
    done: int
    rejected: int
    failed: int
    to_do: int
    rejected_reasons: dict[str, int]
    failed_reasons: dict[str, int]


def workspace_status(root: Path) -> tuple[StageStatus, ...]:
    """A line a stage, from the ledger alone: nothing is changed, and a run may be going on.

    Raises:
        UsageError: there is no workspace there.
    """
    with ledger_of(root) as ledger:
        return ledger_status(ledger)


@contextmanager
def ledger_of(root: Path) -> Iterator[Ledger]:
    """A workspace's ledger, to be read while a run may be going on.

    Raises:
        UsageError: there is no workspace there.
    """
    workspace = Workspace(root.resolve())
    if not workspace.ledger.exists():
        raise workspace.missing(root)
    ledger = Ledger(workspace.ledger, read_only=True)
    try:
        yield ledger
    finally:
        ledger.close()


def workspace_problems(root: Path) -> tuple[Outcome, ...]:
    """Every item that was rejected or failed, with its reason and what was said of it.

    Raises:
        UsageError: there is no workspace there.
    """
    with ledger_of(root) as ledger:
        return tuple(ledger.problems())


def words_of(outcome: Outcome) -> str:
    """What was said of an item, without its name in front: for where that stands beside it."""
    return outcome.detail.strip().removeprefix(f"{outcome.item}: ")


def ledger_status(ledger: Ledger) -> tuple[StageStatus, ...]:
    """A line a stage, the manifest's own rows first."""
    rows = ledger.entries(segment.STAGE)
    windows = {window["clip_id"] for entry in rows.values() for window in entry.data.get("windows", [])}
    fetched = ledger.counts(download.STAGE).get("done", Counter()).total()
    return (
        _stage(MANIFEST_STAGE, "row", ledger.counts(MANIFEST_STAGE), done=len(rows)),
        _stage(download.STAGE, "video", ledger.counts(download.STAGE)),
        _stage(validate.STAGE, "video", ledger.counts(validate.STAGE), handed_on=fetched),
        _stage(segment.STAGE, "row", ledger.counts(segment.STAGE)),
        _stage(build.STAGE, "clip", ledger.counts(build.STAGE), handed_on=len(windows)),
    )


def _stage(
    stage: str, unit: str, counts: dict[str, Counter[str]], *, done: int | None = None, handed_on: int | None = None
) -> StageStatus:
    """One line; without `handed_on` the ledger itself knows what is to do."""
    total = {state: reasons.total() for state, reasons in counts.items()}
    ended = total.get("done", 0) + total.get("rejected", 0) + total.get("failed", 0)
    return StageStatus(
        stage,
        unit,
        total.get("done", 0) if done is None else done,
        total.get("rejected", 0),
        total.get("failed", 0),
        total.get("to_do", 0) if handed_on is None else max(0, handed_on - ended),
        dict(counts.get("rejected", {})),
        dict(counts.get("failed", {})),
    )
