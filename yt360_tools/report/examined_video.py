"""What the contact sheet of an examined video shows: some moments as spheres, levels over time, and the findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError, UsageError
from yt360_tools.examine.examination import Examination
from yt360_tools.examine.picture_samples import PictureSamples, sample_picture
from yt360_tools.geometry import Array
from yt360_tools.media.sound import read_sound
from yt360_tools.media.sound_pieces import open_sound
from yt360_tools.projection import EAC_BORDER_PX, Frame, Source, panorama, sampler
from yt360_tools.records import SourceLayout
from yt360_tools.report.arrivals import Votes, arrival_votes

MOMENTS = 4
WINDOW_S = 0.5
"""How much sound around a moment its map is made of."""

HOPS = 400
"""Levels over time are made of about so many blocks."""

_ER_WIDTH = 480


@dataclass(frozen=True)
class SeenMoment:
    """One instant: the picture, as a sphere where that is known, and the sound's directions of arrival."""

    time_s: float
    picture: Frame
    is_sphere: bool
    votes: Votes


@dataclass(frozen=True)
class ExaminedVideo:
    """All that the sheet says about a video.

    Attributes:
        name: the video's id, or its file.
        moments: none where no frame decodes.
        levels_dbfs: (channels, blocks) of the decoded channels; no columns where no sound decodes.
        start_s: when the first block begins, in seconds on the source's clock.
        hop_s: how long a block is.
        windows: the clips: from, to.
    """

    name: str
    examination: Examination
    moments: tuple[SeenMoment, ...]
    levels_dbfs: Array
    start_s: float
    hop_s: float
    windows: tuple[tuple[float, float], ...] = ()


def gather_examined(
    name: str,
    picture: Path,
    sound: Path,
    examination: Examination,
    *,
    windows: Sequence[tuple[float, float]] = (),
) -> ExaminedVideo:
    """What a sheet shows, read from a video's files; of what does not decode there is nothing."""
    start_s, hop_s, levels = _levels(sound, examination)
    return ExaminedVideo(
        name, examination, _moments(picture, sound, examination), levels, start_s, hop_s, tuple(windows)
    )


def _moments(picture: Path, sound: Path, examination: Examination) -> tuple[SeenMoment, ...]:
    if examination.picture is None:
        return ()
    try:
        samples = sample_picture(picture)
    except MediaError:
        return ()
    count = len(samples.frames)
    chosen = sorted({int((k + 0.5) * count / MOMENTS) for k in range(MOMENTS)}) if count else []
    to_sphere = _to_sphere(samples, examination.layout)
    found = []
    for index in chosen:
        frame, time_s = samples.frames[index], samples.times_s[index]
        shown = to_sphere(frame) if to_sphere else frame
        found.append(SeenMoment(time_s, shown, to_sphere is not None, _votes(sound, examination, time_s)))
    return tuple(found)


def _to_sphere(samples: PictureSamples, layout: SourceLayout | None) -> Callable[[Frame], Frame] | None:
    """What makes an equirectangular picture of the left eye of a frame; None where that is not known."""
    if layout is None or not samples.frames:
        return None
    height, width = samples.frames[0].shape[:2]
    border = (EAC_BORDER_PX * width / samples.width, EAC_BORDER_PX * height / samples.height)
    try:
        return sampler(panorama(_ER_WIDTH), Source(layout, width, height, border))
    except UsageError:
        return None


def _votes(sound: Path, examination: Examination, time_s: float) -> Votes:
    nothing = Votes(np.empty(0), np.empty((0, 3)), np.empty(0))
    heard = examination.sound
    if heard is None or len(examination.channel_map) != 4:
        return nothing
    first = max(heard.start_s, min(time_s - WINDOW_S / 2, heard.end_s - WINDOW_S))
    try:
        foa = read_sound(sound, first, first + WINDOW_S, 24000, examination.channel_map)
    except MediaError:
        return nothing
    found = arrival_votes(foa * np.asarray(examination.channel_gains, np.float32)[:, None], 24000)
    return Votes(found.times_s + first, found.rays, found.energy)


def _levels(sound: Path, examination: Examination) -> tuple[float, float, Array]:
    """When the sound begins, the length of a block in seconds, and the levels (channels, blocks) in dBFS."""
    heard = examination.sound
    if heard is None or heard.end_s <= heard.start_s:
        return 0.0, 1.0, np.empty((0, 0))
    hop_s = max(0.05, (heard.end_s - heard.start_s) / HOPS)
    powers: list[NDArray[np.float64]] = []
    rest = np.empty((heard.channels, 0), np.float32)
    start_s = heard.start_s
    try:
        opened = open_sound(sound, channel_map=range(heard.channels))
        start_s, hop = opened.start_s, max(1, round(hop_s * opened.sample_rate_hz))
        for piece in opened.pieces:
            rest = np.concatenate([rest, piece], axis=1)
            count = rest.shape[1] // hop
            blocks = rest[:, : count * hop].reshape(heard.channels, count, hop)
            powers.append(np.mean(np.square(blocks, dtype=np.float64), axis=2))
            rest = rest[:, count * hop :]
    except MediaError:
        pass  # what was read before is shown
    power = np.concatenate(powers, axis=1) if powers else np.empty((heard.channels, 0))
    return start_s, hop_s, np.asarray(10 * np.log10(power + 1e-12))
