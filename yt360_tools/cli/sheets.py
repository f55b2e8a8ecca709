"""The command `sheets`."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yt360_tools.errors import EnvironmentMissing

if TYPE_CHECKING:
    from yt360_tools.explore.guarded_sheets import SheetTask
    from yt360_tools.pipeline.rebuild import Line

_SHOWN_PROBLEMS = 5


@click.command()
@click.option("--workspace", "-w", required=True, type=click.Path(path_type=Path), help="Whose videos to show.")
@click.option("--verdict", "verdicts", multiple=True, metavar="accept|fix|doubt|reject", help="Draw these; repeatable.")
@click.option("--video", "videos", multiple=True, metavar="ID", help="Draw this one (--video=ID); repeatable.")
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: one a processor]")
def sheets(workspace: Path, verdicts: tuple[str, ...], videos: tuple[str, ...], workers: int | None) -> None:
    """Draw a contact sheet of each examined video, and a page that shows them all.

    A sheet has frames as spheres with the sound's energy laid over, the channels' levels, the clips, what picture and
    sound may be, and the verdict in words. The page, reports/index.html in the workspace, begins with the doubtful
    ones. Only videos whose media are still there can be drawn; sheets that were drawn before stay.

    \b
    Examples:
      yt360 sheets --workspace work
      yt360 sheets --workspace work --verdict doubt --verdict reject
    """
    from yt360_tools.explore.workspace_sheets import planned_sheets
    from yt360_tools.pipeline.executors import default_workers

    tasks = planned_sheets(workspace, verdicts=verdicts, video_ids=videos)
    drawn = _draw(workspace, tasks, workers or default_workers())
    click.echo(f"{drawn} sheets drawn; the page is {write_page(workspace)}")


def draw(line: "Line", video_ids: Collection[str]) -> None:
    """Draw the sheets of some videos of an opened line; `write_page` makes the page of all.

    Raises:
        EnvironmentMissing: the workspace cannot be written.
    """
    from yt360_tools.explore.workspace_sheets import sheets_of

    _draw(line.workspace.root, sheets_of(line, video_ids), line.workers)


def write_page(root: Path) -> Path:
    """Write the page of all sheets of a workspace; its path.

    Raises:
        EnvironmentMissing: the workspace cannot be written.
    """
    from yt360_tools.explore import workspace_sheets

    with _written(root):
        return workspace_sheets.write_page(root)


def _draw(root: Path, tasks: "list[SheetTask]", workers: int) -> int:
    """Draw sheets, say which could not be drawn, and return how many were."""
    from tqdm import tqdm

    from yt360_tools.config import ValidateConfig
    from yt360_tools.explore.guarded_sheets import draw_sheets

    problems: dict[str, str] = {}
    with _written(root):
        for task in tasks:
            task.out.parent.mkdir(parents=True, exist_ok=True)
        drawn = draw_sheets(tasks, ValidateConfig(), workers)
        for task, why_not in tqdm(drawn, total=len(tasks), desc="sheets", unit="video", disable=None):
            problems |= {task.name: why_not} if why_not else {}
    for name, why_not in sorted(problems.items())[:_SHOWN_PROBLEMS]:
        click.echo(f"note: no sheet of {name}: {why_not}", err=True)
    if len(problems) > _SHOWN_PROBLEMS:
        click.echo(f"note: no sheet of {len(problems) - _SHOWN_PROBLEMS} more videos", err=True)
    return len(tasks) - len(problems)


@contextmanager
def _written(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentMissing(f"{root / 'reports'} cannot be written: {error.strerror or error}") from error
