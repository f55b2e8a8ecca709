"""The command `sheets`."""

from pathlib import Path

import click

from yt360_tools.errors import EnvironmentMissing


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
    from tqdm import tqdm

    from yt360_tools.explore.workspace_sheets import draw_sheets, planned_sheets, write_page

    tasks = planned_sheets(workspace, verdicts=verdicts, video_ids=videos)
    try:
        drawn = list(
            tqdm(draw_sheets(workspace, tasks, workers), total=len(tasks), desc="sheets", unit="video", disable=None)
        )
        page = write_page(workspace)
    except OSError as error:
        raise EnvironmentMissing(f"{workspace / 'reports'} cannot be written: {error.strerror or error}") from error
    without = sum(not video_id for video_id in drawn)
    click.echo(f"{len(drawn) - without} sheets drawn; the page is {page}")
    if without:
        click.echo(f"note: of {without} videos the media are not there any more", err=True)
