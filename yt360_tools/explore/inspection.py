"""Files examined outside any workspace: which belong together, what they are, and a sheet for each."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.config import Config
from yt360_tools.errors import EnvironmentMissing, UsageError
from yt360_tools.examine.declared import Declared
from yt360_tools.examine.examination import Examination
from yt360_tools.examine.limits import examine_within_limits
from yt360_tools.explore.guarded_sheets import SheetTask, draw_sheets
from yt360_tools.report.examined_page import PageEntry, write_examined_page

_MEDIA = (
    "3g2", "3gp", "aac", "aif", "aiff", "avi", "caf", "flac", "m4a", "m4v", "mj2", "mka", "mkv", "mov", "mp3", "mp4",
    "mts", "nut", "oga", "ogg", "ogv", "opus", "rf64", "ts", "w64", "wav", "webm",
)  # fmt: skip
_SHEETS = "sheets"
_UNSAFE = re.compile(r"[^\w.-]", re.ASCII)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inspected:
    """A video's files, and what they are.

    Attributes:
        name: what to call it: the file, or what its two files have in common.
        sheet: its contact sheet; None without one.
    """

    name: str
    picture: Path
    sound: Path
    examination: Examination
    sheet: Path | None = None


def files_of(paths: Sequence[Path]) -> tuple[tuple[str, Path, Path], ...]:
    """(name, picture, sound) of each video among files and folders of files; the same path twice for a muxed one.

    ``NAME.video.EXT`` and ``NAME.audio.EXT`` beside each other are one video. Of several paths one that is not there
    is examined like an empty file.

    Raises:
        UsageError: the only path is not there, or a folder holds no media.
    """
    found: dict[str, tuple[str, Path, Path]] = {}
    for path in paths:
        if path.is_dir():
            beside = sorted(one for one in path.iterdir() if not one.name.startswith("."))
            inside = [one for one in beside if one.is_file() and _is_media(one)]
            left_out = [one.name for one in beside if one not in inside and not one.is_dir()]
            if inside and left_out:
                logger.info("%s: %d files are no media by their names (%s)", path, len(left_out), left_out[0])
            if not inside:
                raise UsageError(f"the folder {path} has no media files (such as .mp4, .mkv, .webm)")
        elif path.is_file() or len(paths) > 1:  # one that is not there: the others are examined all the same
            inside = [path]
        else:
            raise UsageError(f"{path} is {'no file' if path.exists() else 'not there'}")
        for one in inside:
            video = _video_of(one)
            found.setdefault(str(video[1].absolute()), video)
    return tuple(found.values())


def inspect(
    videos: Sequence[tuple[str, Path, Path]],
    config: Config,
    *,
    declared: Declared | None = None,
    channels: tuple[int, ...] | None = None,
    sheets: Path | None = None,
) -> Iterator[Inspected]:
    """Examine one video after another, as they are asked for.

    Args:
        videos: (name, picture, sound) of each, see `files_of`.
        sheets: a folder for contact sheets and a page that shows them all.

    Raises:
        EnvironmentMissing: ffmpeg is missing, or `sheets` cannot be written.
        Exception: behind the last video, the first one's that could not be examined.
    """
    entries: list[PageEntry] = []
    failures: list[Exception] = []
    for number, (name, picture, sound) in enumerate(videos):
        try:
            examination = examine_within_limits(picture, sound, config, declared, channels)
        except EnvironmentMissing:
            raise
        except Exception as error:  # killed from outside, or a bug: the others are examined first
            logger.error("%s: it could not be examined: %s", name, error)
            failures.append(error)
            continue
        sheet = None
        if sheets is not None:
            out = sheets / _SHEETS / f"{number:04}-{_UNSAFE.sub('_', name)[:60]}.png"
            sheet = _drawn(SheetTask(name, picture, sound, out, examination), config)
            shown = f"{_SHEETS}/{sheet.name}" if sheet else ""
            entries.append(PageEntry(name, examination.verdict, _reasons(examination), shown))
        yield Inspected(name, picture, sound, examination, sheet)
    if sheets is not None:
        write_examined_page(sheets / "index.html", "Examined files", entries)
    if failures:
        raise failures[0]


def _drawn(task: SheetTask, config: Config) -> Path | None:
    task.out.parent.mkdir(parents=True, exist_ok=True)
    ((_, why_not),) = draw_sheets([task], config.validate)
    if why_not:
        logger.warning("no sheet of %s: %s", task.name, why_not)
    return None if why_not else task.out


def _reasons(examination: Examination) -> tuple[tuple[str, str], ...]:
    return tuple((finding.code, finding.text) for finding in examination.findings)


def _is_media(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix[1:].lower() in _MEDIA


def _video_of(path: Path) -> tuple[str, Path, Path]:
    """The video that a file belongs to, with the file beside it that carries its other track."""
    stem, _, track = path.stem.rpartition(".")
    if track not in ("video", "audio") or not stem:
        return path.name, path, path
    other = {"video": "audio", "audio": "video"}[track]
    beside = sorted(one for one in path.absolute().parent.iterdir() if one.stem == f"{stem}.{other}" and _is_media(one))
    if len(beside) != 1:
        return path.name, path, path
    tracks = {track: path, other: beside[0]}
    return stem, tracks["video"], tracks["audio"]
