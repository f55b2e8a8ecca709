"""A video with the sound's energy drawn over its picture, and the sound itself beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import DIFFUSE, BandCovariances, CovarianceStream, Sound, arrivals_of, beam_channels
from yt360_tools.errors import MediaError, UsageError
from yt360_tools.explore.project_source import InputHints, source_of_video
from yt360_tools.explore.sound_input import OpenedSound, SoundInput, open_ambisonics
from yt360_tools.files import disk_errors
from yt360_tools.geometry import Array, er_rays, ray_from_angles
from yt360_tools.media.frames import FrameReader
from yt360_tools.media.probe import PictureProbe, probe_video
from yt360_tools.media.spherical_boxes import equirectangular_label
from yt360_tools.media.writing import Encoding, PictureTrack, SoundTrack, check_encoding, evenly, write_media
from yt360_tools.projection import Source, panorama, sampler

RANGE_DB = 15.0
"""What is drawn fades out this far below the loudest direction of all moments."""

WIDTH = 960
_COARSE = (96, 48)
_WINDOW_S, _HOP_S = 0.2, 0.1
_MOST_FPS = 30.0
_OPACITY = 0.75
_RING_COSINES = np.cos(np.radians([6.4, 7.6]))

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class OverlayFile:
    """A video to be written.

    Attributes:
        pattern: of the beams whose power is drawn.
        picture: the file with the picture, where the sound lies apart; None where they are in one file.
    """

    path: Path
    pattern: str
    picture: Path | None = None


def check_overlay(overlay: OverlayFile, source: SoundInput, channels: int) -> PictureProbe:
    """What is known of the picture; refuses before any sound is read what would fail later.

    Raises:
        UsageError: no name of a video, no such pattern, or sound that is turned away from its picture.
        MediaError: the file has no picture, or none that can be read.
    """
    if source.view is not None:
        raise UsageError("--view turns the sound away from its picture: leave it out with --overlay")
    check_encoding(overlay.path, Encoding(), channels)
    beam_channels(ray_from_angles(0.0, 0.0), overlay.pattern, 1)
    return probe_video(overlay.picture or source.path)


def overlay_stream(channels: int, sample_rate_hz: int) -> CovarianceStream:
    """What takes the sound that `write_overlay` draws."""
    return CovarianceStream(channels, sample_rate_hz=sample_rate_hz, window_s=_WINDOW_S, hop_s=_HOP_S)


def write_overlay(
    overlay: OverlayFile,
    source: SoundInput,
    opened: OpenedSound,
    heard: BandCovariances,
    *,
    on_progress: Callable[[float, float], object] = lambda done_s, expected_s: None,
) -> None:
    """Write the video: the whole sphere as an equirectangular picture, `WIDTH` pixels wide, with the sound as AmbiX.

    Colours show by how much a beam along each direction hears more than the mean over all directions, in decibels below
    the loudest direction of all moments: what is silent, or comes from everywhere, shows no colour. A ring is around
    the direction from which the moment's sound arrives, where its diffuseness is below `DIFFUSE`. The span is where
    there are both picture and sound; memory grows with the sound's covariances alone (5 MB an hour in first order,
    1.2 GB in the 7th).

    Raises:
        UsageError: picture and sound have no moment in common, or the layout cannot be read.
        MediaError, EnvironmentMissing, TransientError: as in reading and writing media.
    """
    path = overlay.picture or source.path
    picture = probe_video(path)
    start_s = max(opened.start_s, picture.start_s)
    end_s = min(opened.start_s + float(heard.spans_s[-1, 1]), picture.end_s)
    fps = Fraction(min(picture.fps, _MOST_FPS)).limit_denominator(1001)
    if round((end_s - start_s) * fps) < 1:
        raise UsageError(
            f"{path.name}: the picture, {picture.start_s:.3f} s to {picture.end_s:.3f} s, and the sound, "
            f"{opened.start_s:.3f} s to {opened.start_s + float(heard.spans_s[-1, 1]):.3f} s, share no moment"
        )
    layout = _layout(path, picture)
    cut = sampler(panorama(WIDTH), layout, antialias=True)
    painter = _Painter(heard, overlay.pattern)

    def drawn() -> Iterator[Frame]:
        with FrameReader(path, float(fps)) as reader:
            for number, frame in enumerate(reader.window(start_s, end_s)):
                time_s = start_s + float(number / fps)
                yield painter.draw(np.asarray(cut(frame), np.uint8), time_s - opened.start_s)
                on_progress(time_s - start_s, end_s - start_s)

    sound = open_ambisonics(replace(source, start_s=start_s, end_s=end_s))
    with disk_errors(overlay.path.parent):
        overlay.path.parent.mkdir(parents=True, exist_ok=True)
    write_media(
        overlay.path,
        PictureTrack(evenly(drawn(), fps), WIDTH, WIDTH // 2, fps, label=equirectangular_label()),
        SoundTrack(_float32(sound.pieces), sound.channels, sound.sample_rate_hz),
    )


def _layout(path: Path, picture: PictureProbe) -> Source:
    try:
        return source_of_video(path, InputHints(), picture.width, picture.height)
    except (MediaError, UsageError) as error:
        raise UsageError(
            f"{error}. Nothing declares it here: first make a panorama of it with 'yt360 project {path.name} -o er.mp4 "
            "--to er --from ...'"
        ) from error


def _float32(pieces: Iterator[Sound]) -> Iterator[NDArray[np.float32]]:
    for piece in pieces:
        yield np.asarray(piece, np.float32)


class _Painter:
    """Draws the energy at a time over equirectangular frames of `WIDTH` pixels."""

    def __init__(self, heard: BandCovariances, pattern: str) -> None:
        import cv2

        self._times, self._matrices = heard.times_s, heard.matrices[:, 0]
        rays = er_rays(*_COARSE)
        channels = self._matrices.shape[-1]
        order = int(np.sqrt(channels)) - 1
        self._weights = beam_channels(rays, pattern, order).reshape(-1, channels)
        self._area = (np.hypot(rays[..., 0], rays[..., 1]) / np.hypot(rays[..., 0], rays[..., 1]).sum()).ravel()
        self._peak = max((float(self._excess(matrix).max()) for matrix in self._matrices), default=0.0)
        found = arrivals_of(heard)
        self._from = ray_from_angles(np.radians(found.azimuth_deg[:, 0]), np.radians(found.elevation_deg[:, 0]))
        self._diffuseness = found.diffuseness[:, 0]
        self._pixels = er_rays(WIDTH, WIDTH // 2).astype(np.float32)
        ramp = np.arange(256, dtype=np.uint8)[:, None]
        self._colours = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1].astype(np.float32)

    def draw(self, frame: Frame, time_s: float) -> Frame:
        """The frame (height, width, 3) at `time_s`, counted from the sound's beginning, with what is heard then."""
        paint = self._paint(time_s)
        if paint is not None:
            frame = (frame * (1 - paint[..., 3:]) + paint[..., :3] + 0.5).astype(np.uint8)
        nearest = int(np.abs(self._times - time_s).argmin())
        if self._diffuseness[nearest] < DIFFUSE and np.isfinite(self._from[nearest]).all():
            cosines = self._pixels @ self._from[nearest].astype(np.float32)
            frame = frame.copy()
            frame[(cosines < _RING_COSINES[0]) & (cosines > _RING_COSINES[1])] = 255
        return frame

    def _excess(self, matrix: Array) -> Array:
        """By how much more each coarse ray's beam hears than the mean over the sphere (rays,)."""
        power = np.einsum("ri,ri->r", self._weights @ matrix, self._weights)
        return np.asarray(power - power @ self._area)

    def _paint(self, time_s: float) -> NDArray[np.float32] | None:
        """Colour times opacity, and opacity, (height, width, 4); None where there is nothing to be drawn."""
        import cv2

        if self._peak <= 0:
            return None
        after = int(np.clip(np.searchsorted(self._times, time_s), 1, max(1, len(self._times) - 1)))
        first, second = after - 1, min(after, len(self._times) - 1)
        gap = self._times[second] - self._times[first]
        part = float(np.clip((time_s - self._times[first]) / gap, 0, 1)) if gap > 0 else 0.0
        excess = self._excess((1 - part) * self._matrices[first] + part * self._matrices[second])
        share = np.clip(1 + 10 * np.log10(np.maximum(excess / self._peak, 1e-9)) / RANGE_DB, 0, 1)
        if share.max() <= 0:
            return None
        opacity = (_OPACITY * share**0.7)[:, None]
        coarse = np.concatenate([self._colours[(64 + 191 * share).astype(int)] * opacity, opacity], axis=1)
        width, height = _COARSE
        around = np.pad(coarse.reshape(height, width, 4), ((0, 0), (1, 1), (0, 0)), mode="wrap").astype(np.float32)
        factor = WIDTH // width
        fine = cv2.resize(around, ((width + 2) * factor, height * factor), interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine[:, factor:-factor])
