"""The contact sheets of a workspace's examined videos, and the page that shows them all."""

import multiprocessing
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.examine.examination import Examination, read_examination
from yt360_tools.examine.findings import VERDICTS
from yt360_tools.pipeline import segment, validate
from yt360_tools.pipeline.executors import default_workers
from yt360_tools.pipeline.status import ledger_of
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.report.examined_page import PageEntry, write_examined_page
from yt360_tools.report.examined_sheet import write_examined_sheet
from yt360_tools.report.examined_video import gather_examined

SHEETS = "sheets"


@dataclass(frozen=True)
class SheetTask:
    """A video whose sheet is to be drawn.

    Attributes:
        folder: where its media lie.
        windows: its clips: from, to.
    """

    video_id: str
    folder: Path
    out: Path
    examination: Examination
    windows: tuple[tuple[float, float], ...]


def planned_sheets(root: Path, *, verdicts: Collection[str] = (), video_ids: Collection[str] = ()) -> list[SheetTask]:
    """The examined videos of a workspace that have one of these verdicts, or of all; those named, or all.

    Raises:
        UsageError: there is no workspace, a word is no verdict, or a video was not examined.
    """
    for word in verdicts:
        if word not in VERDICTS:
            raise UsageError(f"--verdict {word!r} is none; there are {', '.join(VERDICTS)}")
    workspace = Workspace(root.resolve())
    with ledger_of(root) as ledger:
        entries, windows = ledger.entries(validate.STAGE), _windows(ledger.entries(segment.STAGE).values())
    examined = {
        video_id: read_examination(entry.data["examination"])
        for video_id, entry in entries.items()
        if "examination" in entry.data
    }
    for video_id in video_ids:
        if video_id not in examined:
            raise UsageError(f"video {video_id!r} was not examined in {root}: 'yt360 validate' does it")
    return [
        SheetTask(
            video_id,
            workspace.raw_folder(video_id),
            workspace.root / "reports" / SHEETS / f"{video_id}.png",
            examination,
            tuple(windows.get(video_id, ())),
        )
        for video_id, examination in examined.items()
        if (not verdicts or examination.verdict in verdicts) and (not video_ids or video_id in video_ids)
    ]


def draw_sheets(root: Path, tasks: list[SheetTask], workers: int | None = None) -> Iterator[str]:
    """Draw the sheets, several at once; yields `draw_one`'s answers.

    Raises:
        EnvironmentMissing: the workspace cannot be written.
    """
    (root / "reports" / SHEETS).mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers or default_workers(), max(1, len(tasks))), mp_context=context) as pool:
        for future in as_completed([pool.submit(draw_one, task) for task in tasks]):
            yield future.result()


def draw_one(task: SheetTask) -> str:
    """Draw one sheet; its video's id, or the empty word where its media are gone."""
    from yt360_tools.media.probe import find_tracks

    try:
        picture, sound = find_tracks(task.folder, task.video_id)
    except MediaError:
        return ""
    video = gather_examined(task.video_id, picture, sound, task.examination, windows=task.windows)
    write_examined_sheet(video, task.out)
    return task.video_id


def write_page(root: Path) -> Path:
    """Write the page of all examined videos of a workspace, with the sheets that are there; its path."""
    entries = [
        PageEntry(
            task.video_id,
            task.examination.verdict,
            tuple((finding.code, finding.text) for finding in task.examination.findings),
            f"{SHEETS}/{task.out.name}" if task.out.exists() else "",
        )
        for task in planned_sheets(root)
    ]
    page = root / "reports" / "index.html"
    write_examined_page(page, f"Examined videos of {root.resolve().name}", entries)
    return page


def _windows(entries: Collection[object]) -> dict[str, list[tuple[float, float]]]:
    """The clips of each video: from, to."""
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in entries:
        for window in entry.data.get("windows", []):  # type: ignore[attr-defined]
            found.setdefault(window["video_id"], []).append((window["start_s"], window["end_s"]))
    return found
