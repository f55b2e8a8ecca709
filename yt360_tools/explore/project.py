"""A 360° picture, or a video with its sound, turned into another projection: what `yt360 project` does."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.explore.project_asked import (
    Note,
    Progress,
    Projected,
    Settings,
    Span,
    check_interpolation,
    taken,
)
from yt360_tools.explore.project_pictures import (
    PICTURE_SUFFIXES,
    check_picture_file,
    check_picture_size,
    is_picture,
    read_picture,
    write_picture,
)
from yt360_tools.explore.project_source import (
    InputHints,
    check_hints,
    described,
    source_of_picture,
    source_of_video,
)
from yt360_tools.explore.project_track import SoundWish
from yt360_tools.explore.project_video import project_video
from yt360_tools.explore.project_views import Request, plan_looking
from yt360_tools.media.frames import FrameReader
from yt360_tools.media.probe import PictureProbe, probe_video
from yt360_tools.media.writing import CONTAINERS
from yt360_tools.projection import Sampler, Source

_UNREAD_PICTURES = (".bmp", ".gif", ".avif", ".heic", ".heif", ".exr", ".hdr", ".jp2", ".jxl", ".svg")


def project(
    path: Path,
    output: Path,
    request: Request,
    *,
    hints: InputHints | None = None,
    sound: SoundWish | None = None,
    span: Span | None = None,
    settings: Settings | None = None,
    note: Note = lambda text: None,
    progress: Progress = lambda items, total: items,
) -> Projected:
    """Turn the picture or video `path` into another projection, a video with its sound; `output` appears whole.

    What stands at the middle of the new picture sounds from the front. A video's frames keep their times, whatever the
    rate, counted from the start of what is taken; a still picture of a video is its frame at ``span.start_s``.

    Args:
        note: is told how the input was taken, and what is worth knowing.
        progress: wraps the frames as they are written, with how many there will be about.

    Raises:
        UsageError: wishes that do not serve, or do not fit the input.
        MediaError: the input cannot be read, or not be understood.
        EnvironmentMissing, TransientError: it cannot be written.
    """
    hints = check_hints(hints or InputHints())
    span, settings, sound = span or Span(), settings or Settings(), sound or SoundWish()
    _check_files(path, output)
    check_interpolation(settings.interpolation)
    if is_picture(path):
        _check_still(span, sound)
        picture = read_picture(path)
        return _project_still(picture, source_of_picture(picture, hints), output, request, settings, note)
    probe = probe_video(path)
    source = source_of_video(path, hints, probe.width, probe.height)
    if is_picture(output):
        _check_silent(sound)
        frame = _one_frame(path, probe, span)
        return _project_still(frame[..., ::-1], source, output, request, settings, note)
    return project_video(path, probe, source, output, request, sound, span, settings, note, progress)


def _check_files(path: Path, output: Path) -> None:
    if not path.is_file():
        raise UsageError(f"{path} is {'a folder' if path.is_dir() else 'not there'}; a picture or a video is wanted")
    if path.suffix.lower() in _UNREAD_PICTURES:
        raise UsageError(f"{path.suffix} pictures are not read; make a {' or '.join(PICTURE_SUFFIXES[:2])} of it first")
    if output.is_dir():
        raise UsageError(f"{output} is a folder; give the name of a file")
    above = next(folder for folder in output.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{output} cannot be: {above} is a file")
    if os.path.realpath(path) == os.path.realpath(output) or (output.exists() and os.path.samefile(path, output)):
        raise UsageError(f"{output} is the input itself; give another name")
    allowed = PICTURE_SUFFIXES if is_picture(path) else (*CONTAINERS, *PICTURE_SUFFIXES)
    if output.suffix.lower() not in allowed:
        what = "a still picture becomes" if is_picture(path) else "a video becomes"
        raise UsageError(f"{what} a file that ends in {', '.join(allowed)}; got {output.name!r}")


def _check_still(span: Span, sound: SoundWish) -> None:
    if span != Span():
        raise UsageError("a still picture has no time; leave out --start, --end and --fps")
    _check_silent(sound)


def _check_silent(sound: SoundWish) -> None:
    if replace(sound, is_wanted=True) != SoundWish():
        raise UsageError("a still picture has no sound; leave out what says something of sound")


def _project_still(
    picture: NDArray[Any], source: Source, output: Path, request: Request, settings: Settings, note: Note
) -> Projected:
    note(f"input: {described(source)}")
    view = plan_looking(request, source, is_video=False).view_at(0.0)
    quality = settings.encoding.quality
    check_picture_file(output, picture.dtype, 1 if picture.ndim == 2 else picture.shape[2], quality)
    check_picture_size(output, view.width, view.height)
    if settings.encoding.video_codec or settings.encoding.sound_codec:
        raise UsageError("a still picture has no codecs; leave out --codec and --sound-codec")
    cut = Sampler(view, source, interpolation=settings.interpolation, antialias=True)(np.ascontiguousarray(picture))
    write_picture(output, cut, quality)
    return Projected(output, request.to, view.width, view.height, source.layout)


def _one_frame(path: Path, probe: PictureProbe, span: Span) -> NDArray[np.uint8]:
    if span.end_s is not None or span.fps is not None:
        raise UsageError("one picture of a video is the one at --start; leave out --end and --fps")
    start_s, _ = taken(probe, span)
    with FrameReader(path, probe.fps) as reader:
        return next(iter(reader.source_frames(start_s, probe.end_s)))[1]
