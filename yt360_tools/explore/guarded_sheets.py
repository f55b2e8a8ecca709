"""Sheets drawn in processes of their own: a file that crashes or hangs a decoder costs its own sheet alone."""

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import ValidateConfig
from yt360_tools.errors import MediaError, TransientError
from yt360_tools.examine.examination import Examination
from yt360_tools.media.guarded import Guard
from yt360_tools.report.examined_sheet import write_examined_sheet
from yt360_tools.report.examined_video import gather_examined


@dataclass(frozen=True)
class SheetTask:
    """A video whose sheet is to be drawn.

    Attributes:
        picture, sound: its files, the same one twice when they are muxed; None where they are gone.
        windows: its clips: from, to, in seconds on the source's clock.
    """

    name: str
    picture: Path | None
    sound: Path | None
    out: Path
    examination: Examination
    windows: tuple[tuple[float, float], ...] = ()


def draw_sheets(
    tasks: Sequence[SheetTask], limits: ValidateConfig, workers: int = 1
) -> Iterator[tuple[SheetTask, str]]:
    """Draw sheets, several at once; yields each with why it could not be drawn, empty where it was.

    Args:
        limits: its ``examine_timeout_s`` and ``examine_memory_mib`` hold for a sheet, too.

    Raises:
        OSError: a sheet cannot be written.
    """
    with _guards(min(workers, max(1, len(tasks)))) as guards, ThreadPoolExecutor(guards.qsize()) as pool:
        futures = {pool.submit(_draw_guarded, task, guards, limits): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _draw_guarded(task: SheetTask, guards: "queue.Queue[Guard]", limits: ValidateConfig) -> str:
    if task.picture is None:
        return "its media are not there any more"
    guard = guards.get()
    try:
        guard.run(_draw, task.picture, task, timeout_s=limits.examine_timeout_s, memory_mib=limits.examine_memory_mib)
    except (MediaError, TransientError) as error:
        return str(error)
    finally:
        guards.put(guard)
    return ""


def _draw(picture: Path, task: SheetTask) -> None:
    video = gather_examined(task.name, picture, task.sound or picture, task.examination, windows=task.windows)
    write_examined_sheet(video, task.out)


@contextmanager
def _guards(number: int) -> "Iterator[queue.Queue[Guard]]":
    with ExitStack() as stack:
        free: queue.Queue[Guard] = queue.Queue()
        for _ in range(number):
            free.put(stack.enter_context(Guard()))
        yield free
