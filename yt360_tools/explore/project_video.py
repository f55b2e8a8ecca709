"""A video turned into another projection, frame by frame, its sound beside it."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.explore.project_asked import Note, Progress, Projected, Settings, Span, about_rate, exact_rate, taken
from yt360_tools.explore.project_source import described
from yt360_tools.explore.project_track import SoundWish, planned_sound
from yt360_tools.explore.project_views import Looking, Request, plan_looking
from yt360_tools.files import disk_errors
from yt360_tools.media.completeness import check_complete
from yt360_tools.media.frames import FrameReader, frame_count
from yt360_tools.media.probe import PictureProbe
from yt360_tools.media.spherical_boxes import SPECIFIED_FACES, PictureLabel, cubemap_label, equirectangular_label
from yt360_tools.media.spherical_mesh import eac_label
from yt360_tools.media.writing import PictureTrack, check_encoding, write_media
from yt360_tools.projection import Source, sampler
from yt360_tools.records import View

_FINEST_TICK = Fraction(1, 1_000_000)
_DECODING_THREADS = 2
_MOST_THREADS = 8

TimedFrame = tuple[float, NDArray[np.uint8]]


def project_video(
    path: Path,
    probe: PictureProbe,
    source: Source,
    output: Path,
    request: Request,
    wish: SoundWish,
    span: Span,
    settings: Settings,
    note: Note,
    progress: Progress,
) -> Projected:
    """Write the video `path`, a frame of which is `source`, as `request` wants it; see `project`.

    Raises:
        UsageError, MediaError, EnvironmentMissing, TransientError: as `project`.
    """
    check_encoding(output, settings.encoding)
    note(f"input: {described(source)}")
    _note_if_cut_short(path, note)
    start_s, end_s = taken(probe, span)
    looking = plan_looking(request, source, is_video=True, default_faces=SPECIFIED_FACES)
    first = looking.view_at(start_s)
    sound = planned_sound(path, probe.has_sound, wish, looking, source, start_s, end_s, note)
    if sound:
        check_encoding(output, settings.encoding, sound.channels, sound.is_ambisonic)
    rate = about_rate(probe.fps) if span.fps is None else exact_rate(span.fps)
    if span.fps is not None and not frame_count(start_s, end_s, float(rate)):
        raise UsageError(f"{end_s - start_s:g} s hold no frame at {span.fps:g} a second; a higher --fps does")
    with FrameReader(path, float(rate), threads=_DECODING_THREADS) as reader:
        tick_s = 1 / rate if span.fps is not None else max(reader.tick_s, _FINEST_TICK)
        counter = _Counter()
        frames = _source_frames(reader, start_s, end_s, None if span.fps is None else rate)
        cut = _cut(frames, looking, source, settings.interpolation, start_s)
        about = max(1, round((end_s - start_s) * float(rate)))
        track = PictureTrack(
            counter.counted(progress(cut, about)), first.width, first.height, rate, tick_s, _label(first, note)
        )
        with disk_errors(output.parent):
            output.parent.mkdir(parents=True, exist_ok=True)
        write_media(output, track, sound, settings.encoding)
    return Projected(
        output,
        request.to,
        first.width,
        first.height,
        source.layout,
        counter.count,
        round(end_s - start_s, 6),
        sound.channels if sound else 0,
        sound.sample_rate_hz if sound else 0,
    )


def _note_if_cut_short(path: Path, note: Note) -> None:
    """What is there is turned all the same; that more was meant to be is worth knowing."""
    try:
        check_complete(path)
    except MediaError as error:
        note(f"note: {error}")


class _Counter:
    """How many items have passed."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.count += 1
            yield item


def _source_frames(reader: FrameReader, start_s: float, end_s: float, rate: Fraction | None) -> Iterator[TimedFrame]:
    """(time on the source's clock, frame): each frame of the source, or those at an exact rate."""
    if rate is None:
        yield from reader.source_frames(start_s, end_s)
        return
    for number, frame in enumerate(reader.window(start_s, end_s)):
        yield start_s + float(number / rate), frame


def _cut(
    frames: Iterable[TimedFrame], looking: Looking, source: Source, interpolation: str, start_s: float
) -> Iterator[TimedFrame]:
    """(time from the start on, the view of the frame), in order.

    For a view that moves, each frame has a table of its own, which costs more than reading it: several are made at a
    time, and no more frames wait than threads work.
    """

    def cut(time_s: float, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return sampler(looking.view_at(time_s), source, interpolation=interpolation, antialias=True)(frame)

    if not looking.is_moving:
        yield from ((time_s - start_s, cut(time_s, frame)) for time_s, frame in frames)
        return
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    pending: deque[tuple[float, Future[NDArray[np.uint8]]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for time_s, frame in frames:
            pending.append((time_s - start_s, pool.submit(cut, time_s, frame)))
            if len(pending) > threads:
                first_s, done = pending.popleft()
                yield first_s, done.result()
        for first_s, done in pending:
            yield first_s, done.result()


def _label(view: View, note: Note) -> PictureLabel | None:
    """What the output says of its sphere: only whole ones have words."""
    if view.projection == "er":
        return equirectangular_label()
    if view.projection == "eac":
        return eac_label(view.width, view.height)
    if view.projection == "cubemap":
        if view.faces == SPECIFIED_FACES:
            return cubemap_label()
        note(
            f"note: a header cannot say where the faces of {view.faces} lie; who reads the file again must be told: "
            f"--from cubemap --faces {view.faces}"
        )
    return None
