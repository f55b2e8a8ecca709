"""Pictures with sound to one file: exact times, channels as they are, spherical metadata, whole or not at all.

What ffmpeg is fed is one NUT stream of raw pictures and samples, both with their times: nothing waits on the disk, and
no rate has to be constant.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.files import complete_file, disk_errors
from yt360_tools.media.carriers import (
    CONTAINERS,
    SOUND_CODECS,
    VIDEO_CODECS,
    Container,
    Encoding,
    check_encoding,
    chosen_sound_codec,
)
from yt360_tools.media.encoding import BARE, TITLE_PLACEHOLDER, fed_ffmpeg
from yt360_tools.media.labelling import label_file
from yt360_tools.media.spherical_boxes import PictureLabel

__all__ = ["CONTAINERS", "Encoding", "PictureTrack", "SoundTrack", "check_encoding", "evenly", "write_media"]

Frame = NDArray[np.uint8]
Samples = NDArray[np.float32]
_log = logging.getLogger(__name__)

_KEY_FRAME_EVERY_S = 2
_BLOCK = 4096  # samples a packet
_NO_WAITING = {"max_interleave_delta": "200000"}
"""Microseconds of raw pictures that wait in memory for sound, where that ends first."""
_LAYOUTS = {1: "mono", 2: "stereo", 4: "quad"}
"""What ffmpeg is told that channels are. It guesses 4.0 for four, and mixes on the way from there to quad."""


@dataclass(frozen=True)
class PictureTrack:
    """Pictures, made while they are written.

    Attributes:
        frames: (time in seconds, RGB (height, width, 3)), times ascending from 0 or later; `evenly` gives such.
        width, height: of every frame, even numbers.
        frame_rate: the exact rate, or about how many a second there are.
        tick_s: times are whole numbers of it; None: of ``1 / frame_rate``.
        label: what the file says of its sphere; None for a picture of another kind.
    """

    frames: Iterable[tuple[float, Frame]]
    width: int
    height: int
    frame_rate: Fraction
    tick_s: Fraction | None = None
    label: PictureLabel | None = None


@dataclass(frozen=True)
class SoundTrack:
    """Sound from time 0 on, made while it is written.

    Attributes:
        blocks: float32 (channels, samples), of any lengths, one after another.
        is_ambisonic: whether the channels are ACN/SN3D, a square number of them; else they are 1 or 2 plain ones.
    """

    blocks: Iterable[Samples]
    channels: int
    sample_rate_hz: int
    is_ambisonic: bool = True


def evenly(frames: Iterable[Frame], frame_rate: Fraction) -> Iterator[tuple[float, Frame]]:
    """Frames with their times at an exact rate, from 0 on."""
    for number, frame in enumerate(frames):
        yield float(number / frame_rate), frame


def write_media(
    path: Path, picture: PictureTrack, sound: SoundTrack | None = None, encoding: Encoding | None = None
) -> None:
    """Write a file of pictures and sound; its suffix is one of `CONTAINERS`.

    The sound's channels are never mixed nor converted. AAC, Opus, FLAC and PCM carry first order; Opus and PCM carry
    any order. Memory does not grow with the length.

    Raises:
        UsageError: a suffix, codec, quality, size or number of channels that does not serve.
        EnvironmentMissing: no space, no permission, or an ffmpeg without that encoder.
        TransientError: ffmpeg or the disk failed otherwise.
    """
    encoding = encoding or Encoding()
    container = check_encoding(path, encoding, sound.channels if sound else 0, sound is None or sound.is_ambisonic)
    if picture.width % 2 or picture.height % 2 or min(picture.width, picture.height) < 2:
        raise UsageError(f"a video's width and height are even numbers of pixels; got {picture.width}x{picture.height}")
    with disk_errors(path.parent), complete_file(path) as partial:
        arguments, loudest = _arguments(container, picture, sound, encoding), 0.0
        with fed_ffmpeg([*arguments, str(partial.absolute())], path) as pipe:
            loudest = _Funnel(pipe, picture, sound).run()
        is_ambisonic = sound is not None and sound.is_ambisonic
        label_file(
            partial,
            "matroska" if container.is_matroska else "mp4",
            picture.label,
            sound.channels if sound and is_ambisonic else 0,
        )
    if sound and loudest > 1 and SOUND_CODECS[chosen_sound_codec(container, encoding, sound.channels)].is_whole:
        _log.warning("%s: the sound reaches %.2f times full scale, and its peaks are cut off", path.name, loudest)


def _arguments(container: Container, picture: PictureTrack, sound: SoundTrack | None, encoding: Encoding) -> list[str]:
    video = VIDEO_CODECS[encoding.video_codec or container.video[0]]
    tick = picture.tick_s or 1 / picture.frame_rate
    arguments = ["-y", *(("-ch_layout:a", _layout(sound.channels)) if sound else ()), "-f", "nut", "-i", "pipe:0"]
    arguments += ["-map", "0:v", *video.arguments(encoding.quality)]
    arguments += ["-g", str(max(1, round(_KEY_FRAME_EVERY_S * picture.frame_rate))), "-fps_mode", "passthrough"]
    arguments += ["-enc_time_base:v", f"{tick.numerator}/{tick.denominator}"]
    if sound:
        name = chosen_sound_codec(container, encoding, sound.channels)
        arguments += ["-map", "0:a", *SOUND_CODECS[name].arguments(sound.channels)]
    if container.is_matroska and picture.label:
        room = TITLE_PLACEHOLDER + "x" * len(picture.label.contents)
        arguments += ["-metadata:s:v", f"title={room}"]
    return [*arguments, *BARE, "-f", container.format]


def _layout(channels: int) -> str:
    return _LAYOUTS.get(channels, f"{channels} channels")


class _Funnel:
    """Raw pictures and samples, in the order of their times, as one NUT stream into a pipe."""

    def __init__(self, pipe: IO[bytes], picture: PictureTrack, sound: SoundTrack | None) -> None:
        import av

        self._pipe, self._picture, self._sound = pipe, picture, sound
        self._tick = picture.tick_s or 1 / picture.frame_rate
        self._written = _Written()
        self._container: Any = av.open(self._written, "w", format="nut", options=_NO_WAITING)
        self._video: Any = self._container.add_stream("rawvideo", rate=picture.frame_rate)
        self._video.width, self._video.height, self._video.pix_fmt = picture.width, picture.height, "rgb24"
        self._video.time_base = self._video.codec_context.time_base = self._tick
        self._audio: Any = None
        if sound:
            self._audio = self._container.add_stream("pcm_f32le", rate=sound.sample_rate_hz)
            self._audio.codec_context.layout = _layout(sound.channels)
        self._blocks = _packets(sound) if sound else iter(())
        self._samples = 0
        self._loudest = 0.0

    def run(self) -> float:
        """Everything to the end; the largest absolute sample."""
        for time_s, frame in self._picture.frames:
            assert frame.shape == (self._picture.height, self._picture.width, 3), frame.shape
            self._sound_until(time_s)
            self._mux(self._video, np.ascontiguousarray(frame), round(time_s / self._tick), self._tick)
        self._sound_until(float("inf"))
        self._container.close()
        self._drain()
        return self._loudest

    def _sound_until(self, time_s: float) -> None:
        while self._sound and self._samples <= time_s * self._sound.sample_rate_hz:
            block = next(self._blocks, None)
            if block is None:
                return
            self._loudest = max(self._loudest, float(np.abs(block).max()))
            rate = self._sound.sample_rate_hz
            self._mux(self._audio, np.ascontiguousarray(block.T, "<f4"), self._samples, Fraction(1, rate))
            self._samples += block.shape[1]

    def _mux(self, stream: Any, data: NDArray[Any], time: int, tick: Fraction) -> None:
        import av

        packet = av.Packet(data.tobytes())
        packet.stream, packet.time_base = stream, tick
        packet.pts = packet.dts = time
        packet.is_keyframe = True
        self._container.mux(packet)
        self._drain()

    def _drain(self) -> None:
        self._pipe.write(b"".join(self._written.parts))
        self._written.parts.clear()


class _Written:
    """Where PyAV writes to: no exception may cross its C code, so the pipe is fed outside of it."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)


def _packets(sound: SoundTrack) -> Iterator[Samples]:
    """The sound in blocks of `_BLOCK` samples, the last one shorter: FLAC takes the first one's length for all."""
    held: list[Samples] = []
    count = 0
    for block in sound.blocks:
        assert block.shape == (sound.channels, block.shape[-1]), block.shape
        held.append(block)
        count += block.shape[1]
        if count >= _BLOCK:
            joined = np.concatenate(held, axis=1)
            whole = count // _BLOCK * _BLOCK
            yield from (joined[:, first : first + _BLOCK] for first in range(0, whole, _BLOCK))
            held, count = [joined[:, whole:]], count - whole
    if count:
        yield np.concatenate(held, axis=1)
