"""A file's sound, read once: what comes from where, and whatever else is to be made of it on the way."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from yt360_tools.ambisonics import Sound
from yt360_tools.ambisonics.maps import MAP_PATTERN
from yt360_tools.errors import UsageError
from yt360_tools.explore.overlay import OverlayFile, check_overlay, overlay_stream, write_overlay
from yt360_tools.explore.sound_analysis import Listener, SoundAnalysis, choose_bands
from yt360_tools.explore.sound_answers import as_csv
from yt360_tools.explore.sound_files import SoundFile, check_pattern, check_sound_file, writing_sound
from yt360_tools.explore.sound_input import OpenedSound, SoundInput, open_ambisonics
from yt360_tools.explore.sound_map import draw_sound_map
from yt360_tools.files import write_whole
from yt360_tools.geometry import Direction

Progress = Callable[[str, float, float], object]
"""Called with what is being done, how many seconds are done, and how many are expected."""


@dataclass(frozen=True)
class SoundOutputs:
    """What is to be written; each file appears whole or not at all, and replaces what had its name.

    Attributes:
        sounds: beams, both ears, other formats (WAV).
        table: a row a window and band (CSV).
        picture: the energy over the sphere (PNG).
        overlay: the energy over the file's own picture, as a video.
        map_pattern: of the beams whose power the picture shows.
    """

    sounds: tuple[SoundFile, ...] = ()
    table: Path | None = None
    picture: Path | None = None
    overlay: OverlayFile | None = None
    map_pattern: str = MAP_PATTERN

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that is asked for: sounds first, then table, picture and overlay."""
        named = (self.table, self.picture, self.overlay.path if self.overlay else None)
        return (*(file.path for file in self.sounds), *(path for path in named if path is not None))


@dataclass(frozen=True)
class HeardSound:
    """What `hear` was given, what it found to be there, and what it heard."""

    source: SoundInput
    opened: OpenedSound
    analysis: SoundAnalysis


def hear(
    source: SoundInput,
    outputs: SoundOutputs | None = None,
    *,
    bands: str | None = None,
    window_s: float = 1.0,
    on_progress: Progress = lambda doing, done_s, expected_s: None,
) -> HeardSound:
    """Listen to a file from end to end, and write `outputs` on the way; no more than a piece of the sound is held.

    Args:
        bands: as `choose_bands` has it.
        window_s: how long the windows of the answer are, in seconds.

    Raises:
        UsageError: what is no ambisonics, or cannot be made of it.
        MediaError: what cannot be decoded, or has samples that are no numbers.
        EnvironmentMissing, TransientError: a file cannot be written.
    """
    outputs = outputs or SoundOutputs()
    check_outputs(source.path, outputs)
    opened = open_ambisonics(source)
    rate = opened.sample_rate_hz
    for file in outputs.sounds:
        check_sound_file(file, opened.order, rate)
    overlay = outputs.overlay
    if overlay:
        check_overlay(overlay, source, opened.channels)
    drawn = overlay_stream(opened.channels, rate) if overlay else None
    listener = Listener(opened.channels, rate, bands_hz=choose_bands(bands, rate), window_s=window_s)
    with ExitStack() as stack:
        takers: list[Callable[[Sound], None]] = [listener.take, *([drawn.add] if drawn else [])]
        for file in outputs.sounds:
            takers.append(stack.enter_context(writing_sound(file, opened.channels, rate, opened.expected_s)))
        samples = 0
        for piece in opened.pieces:
            for take in takers:
                take(piece)
            samples += piece.shape[1]
            on_progress("listen", samples / rate, opened.expected_s)
        _check_heard(source, samples)
        heard = HeardSound(source, opened, listener.finish())
        if overlay and drawn:
            write_overlay(overlay, source, opened, drawn.finish(), on_progress=lambda *s: on_progress("draw", *s))
        _write_answers(heard, outputs)
    return heard


def _check_heard(source: SoundInput, samples: int) -> None:
    """Refuse a span in which there is no sample."""
    if samples:
        return
    ends = [f"{name} {at:g}" for name, at in (("--start", source.start_s), ("--end", source.end_s)) if at is not None]
    span = f"between {' and '.join(ends)}" if len(ends) == 2 else f"before {ends[0]}" if ends else "in it"
    raise UsageError(f"{source.path.name} has no sample {span}; choose a span in which it sounds, in seconds")


def check_outputs(source: Path, outputs: SoundOutputs) -> None:
    """Refuse names that do not say what is to be written, to write over the input, or two outputs into one file.

    Raises:
        UsageError: that was asked for.
    """
    for path, suffix, what in ((outputs.table, ".csv", "a table"), (outputs.picture, ".png", "a map")):
        if path is not None and path.suffix.lower() != suffix:
            raise UsageError(f"{what} is written to a name that ends in {suffix}, not to {path.name!r}")
    check_pattern(outputs.map_pattern)
    picture = outputs.overlay.picture if outputs.overlay else None
    known = {path.resolve(): "is the input itself" for path in (source, picture) if path is not None}
    for path in outputs.paths:
        if path.resolve() in known:
            raise UsageError(f"{path} {known[path.resolve()]}; give each output a name of its own")
        if path.is_dir():
            raise UsageError(f"{path} is a folder; a file's name is needed")
        known[path.resolve()] = "is named for two outputs"


def _turned(view: Direction | None) -> str:
    return f", seen from yaw {view.yaw_deg:g}, pitch {view.pitch_deg:g}, roll {view.roll_deg:g}" if view else ""


def _write_answers(heard: HeardSound, outputs: SoundOutputs) -> None:
    start_s = heard.opened.start_s
    if outputs.picture is not None:
        title = f"{heard.source.path.name}: from where its sound comes{_turned(heard.source.view)}"
        picture = draw_sound_map(heard.analysis, title, start_s=start_s, pattern=outputs.map_pattern)
        write_whole(outputs.picture, picture)
    if outputs.table is not None:
        write_whole(outputs.table, as_csv(heard.analysis.windows, start_s).encode())
