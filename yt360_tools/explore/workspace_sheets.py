"""The contact sheets of a workspace's examined videos, and the page that shows them all."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.examine.examination import read_examination
from yt360_tools.examine.findings import VERDICTS
from yt360_tools.explore.guarded_sheets import SheetTask
from yt360_tools.pipeline import segment, validate
from yt360_tools.pipeline.ledger import Entry
from yt360_tools.pipeline.rebuild import Line
from yt360_tools.pipeline.status import ledger_of
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.report.examined_page import PageEntry, write_examined_page

SHEETS = "sheets"


def planned_sheets(root: Path, *, verdicts: Collection[str] = (), video_ids: Collection[str] = ()) -> list[SheetTask]:
    """The examined videos of a workspace that have one of these verdicts, or of all; those named, or all.

    Raises:
        UsageError: there is no workspace, a word is no verdict, or a video was not examined.
    """
    for word in verdicts:
        if word not in VERDICTS:
            raise UsageError(f"--verdict {word!r} is none; there are {', '.join(VERDICTS)}")
    with ledger_of(root) as ledger:
        entries, windows = ledger.entries(validate.STAGE), _windows(ledger.entries(segment.STAGE).values())
    tasks = _tasks(Workspace(root.resolve()), entries, windows)
    examined = {task.name for task in tasks}
    for video_id in video_ids:
        if video_id not in examined:
            raise UsageError(f"video {video_id!r} was not examined in {root}: 'yt360 validate' does it")
    return [
        task
        for task in tasks
        if (not verdicts or task.examination.verdict in verdicts) and (not video_ids or task.name in video_ids)
    ]


def sheets_of(line: Line, video_ids: Collection[str]) -> list[SheetTask]:
    """Those of some videos of an opened line that were examined: for a run that goes on, or removes media later."""
    wanted = set(video_ids)
    rows = [row.clip_id for row in line.manifest.rows if row.video_id in wanted]
    windows = _windows(line.ledger.entries_of(segment.STAGE, rows).values())
    return _tasks(line.workspace, line.ledger.entries_of(validate.STAGE, wanted), windows)


def write_page(root: Path) -> Path:
    """Write the page of all examined videos of a workspace, with the sheets that are there; its path."""
    entries = [
        PageEntry(
            task.name,
            task.examination.verdict,
            tuple((finding.code, finding.text) for finding in task.examination.findings),
            f"{SHEETS}/{task.out.name}" if task.out.exists() else "",
        )
        for task in planned_sheets(root)
    ]
    page = root / "reports" / "index.html"
    write_examined_page(page, f"Examined videos of {root.resolve().name}", entries)
    return page


def _tasks(
    workspace: Workspace, entries: Mapping[str, Entry], windows: Mapping[str, list[tuple[float, float]]]
) -> list[SheetTask]:
    tasks = []
    for video_id, entry in entries.items():
        if "examination" not in entry.data:
            continue
        picture, sound = _files(workspace.raw_folder(video_id), video_id)
        out = workspace.root / "reports" / SHEETS / f"{video_id}.png"
        examination, clips = read_examination(entry.data["examination"]), tuple(windows.get(video_id, ()))
        tasks.append(SheetTask(video_id, picture, sound, out, examination, clips))
    return tasks


def _files(folder: Path, video_id: str) -> tuple[Path, Path] | tuple[None, None]:
    from yt360_tools.media.probe import find_tracks

    try:
        return find_tracks(folder, video_id)
    except MediaError:
        return None, None


def _windows(entries: Iterable[Entry]) -> dict[str, list[tuple[float, float]]]:
    """The clips of each video: from, to."""
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in entries:
        for window in entry.data.get("windows", []):
            found.setdefault(window["video_id"], []).append((window["start_s"], window["end_s"]))
    return found
