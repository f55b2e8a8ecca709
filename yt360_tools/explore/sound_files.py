"""Sound written while it is read: a beam, both ears, another format; each file appears whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yt360_tools.ambisonics import BinauralStream, Sound, beam, beam_weights, convert
from yt360_tools.errors import UsageError
from yt360_tools.files import complete_file, disk_errors
from yt360_tools.geometry import Direction

_WAV_BYTES = 2**31
"""From this size on the file is RF64, a WAV whose sizes have room for it."""


@dataclass(frozen=True)
class BeamFile:
    """A virtual microphone along a direction, to be written to `path`."""

    direction: Direction
    path: Path
    pattern: str = "cardioid"


@dataclass(frozen=True)
class BinauralFile:
    """What a listener's two ears hear, to be written to `path`; `sofa` is the listener's head, None for a sphere."""

    path: Path
    sofa: Path | None = None


@dataclass(frozen=True)
class ConvertedFile:
    """All channels in another format, to be written to `path`."""

    target_format: str
    path: Path


SoundFile = BeamFile | BinauralFile | ConvertedFile


def check_sound_file(file: SoundFile, order: int, sample_rate_hz: int) -> None:
    """Refuse before any sound is read what would fail with the first of it.

    Raises:
        UsageError: no name of a WAV, or no such pattern, format or head.
    """
    if file.path.suffix.lower() != ".wav":
        raise UsageError(f"sound is written as WAV: give it a name that ends in .wav, not {file.path.name!r}")
    _maker(file, (order + 1) ** 2, sample_rate_hz)


@contextmanager
def writing_sound(
    file: SoundFile, channels: int, sample_rate_hz: int, expected_s: float
) -> Iterator[Callable[[Sound], None]]:
    """A function that takes AmbiX (channels, samples) piece by piece and writes `file`, float32 WAV at the same rate.

    The file appears when the block ends well; else nothing stays.

    Raises:
        EnvironmentMissing, TransientError: the disk failed.
    """
    import soundfile

    make, written_channels = _maker(file, channels, sample_rate_hz)
    kind = "RF64" if expected_s * sample_rate_hz * written_channels * 4 > _WAV_BYTES else "WAV"
    with disk_errors(file.path.parent):
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with complete_file(file.path) as partial:
            try:
                with (
                    partial.open("wb+") as raw,
                    soundfile.SoundFile(raw, "w", sample_rate_hz, written_channels, "FLOAT", format=kind) as wav,
                ):
                    yield lambda sound: wav.write(make(sound).T)
            except soundfile.LibsndfileError as error:
                raise OSError(None, str(error), str(file.path)) from error


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that there is none of.

    Raises:
        UsageError: it is unknown.
    """
    beam_weights(pattern, 1)


def _maker(file: SoundFile, channels: int, sample_rate_hz: int) -> tuple[Callable[[Sound], Sound], int]:
    """What makes the file's samples (its channels, samples) of AmbiX, and how many channels it has."""
    if isinstance(file, BeamFile):
        check_pattern(file.pattern)
        ray, pattern = file.direction.ray, file.pattern
        return lambda sound: beam(sound, ray, pattern)[None], 1
    if isinstance(file, BinauralFile):
        return BinauralStream(channels, sample_rate_hz, sofa=file.sofa).add, 2
    target = file.target_format
    convert(np.zeros((channels, 0)), "sn3d", target)  # refuses what it does not know
    return lambda sound: convert(sound, "sn3d", target), channels
