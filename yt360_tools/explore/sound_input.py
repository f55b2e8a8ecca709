"""A file's sound as ambisonics, whatever its order, channels and scaling: AmbiX in pieces, turned as asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from yt360_tools.ambisonics import FORMATS, Sound, convert, order_of, rotate
from yt360_tools.errors import MediaError, UsageError, nearest
from yt360_tools.explore.ambisonic_channels import choose_channels
from yt360_tools.geometry import Direction
from yt360_tools.media.probe import probe_sound
from yt360_tools.media.sound_pieces import open_sound


@dataclass(frozen=True)
class SoundInput:
    """What of a file is listened to, and how it is to be understood.

    Attributes:
        start_s: seconds on the source's clock, inclusive; None for where the sound begins.
        end_s: seconds on the source's clock, exclusive; None for where it ends.
        channel_map: which of the file's channels are ambisonics, counted from 0, in the format's order; None where the
            number of channels tells.
        source_format: one of `FORMATS`.
        view: what the sound is turned to, so that this direction is in front; None leaves it as it is.
    """

    path: Path
    start_s: float | None = None
    end_s: float | None = None
    channel_map: tuple[int, ...] | None = None
    source_format: str = "sn3d"
    view: Direction | None = None


@dataclass(frozen=True)
class OpenedSound:
    """A file's sound as AmbiX (ACN, SN3D).

    Attributes:
        start_s: when its first sample is, on the source's clock.
        expected_s: how long it is by the file's own word, in seconds.
        pieces: float32 (channels, samples), one after another; they can be taken once.
    """

    order: int
    channels: int
    sample_rate_hz: int
    start_s: float
    expected_s: float
    pieces: Iterator[Sound]


def open_ambisonics(source: SoundInput) -> OpenedSound:
    """The sound that `source` tells of.

    Raises:
        UsageError: channels that are no ambisonics, a format that is unknown or does not have that order, a span that
            cannot be.
        MediaError: no sound, or what cannot be decoded.
    """
    _check_span(source)
    if source.source_format not in FORMATS:
        raise UsageError(
            f"unknown format of ambisonics {source.source_format!r}{nearest(source.source_format, FORMATS)}; "
            f"known: {', '.join(FORMATS)}"
        )
    if source.path.is_dir():
        raise UsageError(f"{source.path} is a folder; a media file with ambisonic sound is needed")
    if not source.path.exists():
        raise UsageError(f"{source.path} is not there; a media file with ambisonic sound is needed")
    probe = probe_sound(source.path)
    found = choose_channels(source.path.name, probe.channels, probe.layout_name, source.channel_map)
    chosen = found.channel_map
    with _span_errors():
        opened = open_sound(source.path, channel_map=chosen, start_s=source.start_s, end_s=source.end_s)
    end_s = probe.end_s if source.end_s is None else source.end_s
    return OpenedSound(
        order_of(len(chosen)),
        len(chosen),
        opened.sample_rate_hz,
        opened.start_s,
        max(0.0, end_s - opened.start_s),
        _pieces(opened.pieces, source),
    )


def _pieces(pieces: Iterator[Sound], source: SoundInput) -> Iterator[Sound]:
    with _span_errors():
        for piece in pieces:
            yield as_ambix(piece, source)


@contextmanager
def _span_errors() -> Iterator[None]:
    """A span outside of the sound is no fault of the file's here: somebody asked for it."""
    try:
        yield
    except MediaError as error:
        if error.reason == "window_outside_sound":
            raise UsageError(f"{error}; choose --start and --end inside of it") from error
        raise


def parse_direction(option: str, text: str, *, with_roll: bool = False) -> Direction:
    """The direction that an option names as ``YAW,PITCH``, or with a third number for the roll, in degrees.

    Raises:
        UsageError: it is neither.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in ((2, 3) if with_roll else (2,)) or not all(map(isfinite, numbers)):
        what = "YAW,PITCH[,ROLL] in degrees, such as 30,-10 or 30,-10,5" if with_roll else "YAW,PITCH, such as 30,-10"
        raise UsageError(f"{option} is {what}: left and up are positive; got {text!r}")
    if not -90 <= numbers[1] <= 90:
        raise UsageError(f"{option}: a pitch lies between -90 and 90 degrees; got {numbers[1]:g}")
    return Direction(*numbers)


def as_ambix(sound: Sound, source: SoundInput) -> Sound:
    """Sound as its file has it in AmbiX, turned to the view."""
    if source.source_format != "sn3d":
        sound = convert(sound, source.source_format, "sn3d")
    return sound if source.view is None else rotate(sound, source.view)


def _check_span(source: SoundInput) -> None:
    for name, seconds in (("--start", source.start_s), ("--end", source.end_s)):
        if seconds is not None and not isfinite(seconds):
            raise UsageError(f"{name} is a number of seconds; got {seconds}")
    if source.start_s is not None and source.end_s is not None and source.end_s <= source.start_s:
        raise UsageError(f"the end must come after the start; got {source.start_s:g} s to {source.end_s:g} s")
