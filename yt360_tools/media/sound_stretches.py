"""Some stretches of a track, spread over it, and its levels all along: what an examination of sound begins with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.probe import SoundProbe
from yt360_tools.media.sound import GAP_S, MOST_VALUE, Samples
from yt360_tools.media.sound_decoding import decoded_blocks

HOP_S = 0.1
MOST_STRETCHES = 24
_LONGEST_STRETCH_S = 3.0
_KEPT_SAMPLES = 8_000_000
"""Of all stretches and channels together: 32 MB."""
_WHOLE_SAMPLES = 2_400_000_000
"""Of all channels together, 3.5 hours of four at 48 kHz: a track with more is read in stretches alone."""
_LONGEST_GAP_S = 3600.0
_PREROLL_S = 0.2

Block = tuple[float, Samples, int]


@dataclass(frozen=True)
class Stretch:
    """Samples (channels kept, samples) of one stretch; `start_s` is the time of the first, on the source's clock."""

    start_s: float
    samples: Samples


@dataclass(frozen=True)
class SoundStretches:
    """A track's levels all along, and some of its samples; nothing is resampled.

    Attributes:
        sample_rate_hz: the track's own.
        is_whole: whether every sample was read; else only the stretches, and no `times_s` lie between them.
        times_s: when each hop of `HOP_S` begins, in seconds on the source's clock.
        powers: (channels, hops), the mean square of each hop.
        means: (channels,), over all that was read; finite values alone.
        stretches: in the order of their times, with the channels that were asked for.
        bad_s: when the first value comes that is no finite number, or beyond `MOST_VALUE`; None where there is none.
        bad_share: of the parts of about a second that were read, how many hold such a value.
    """

    sample_rate_hz: int
    is_whole: bool
    times_s: NDArray[np.float64]
    powers: NDArray[np.float64]
    means: NDArray[np.float64]
    stretches: tuple[Stretch, ...]
    bad_s: float | None
    bad_share: float = 0.0


def read_stretches(path: Path, probe: SoundProbe, kept: Sequence[int]) -> SoundStretches:
    """The levels of all channels of a track, and the channels `kept` in up to `MOST_STRETCHES` stretches.

    Raises:
        MediaError: ``unreadable_sound``, ``unexpected_channels`` (they change), ``empty_file`` or ``no_sound``.
    """
    duration_s = max(0.0, probe.end_s - probe.start_s)
    length_s = min(_LONGEST_STRETCH_S, _KEPT_SAMPLES / (MOST_STRETCHES * max(1, len(kept)) * probe.sample_rate_hz))
    is_whole = duration_s * probe.sample_rate_hz * probe.channels <= _WHOLE_SAMPLES
    starts = _starts(probe.start_s, duration_s, length_s)
    everything = tuple(range(probe.channels))
    reader = _Reader(probe.channels, kept, starts, length_s)
    if is_whole:
        reader.read(decoded_blocks(path, None, everything))
    else:
        for start_s in starts:
            reader.read(_between(path, start_s, start_s + length_s, everything))
    if not reader.count:
        raise MediaError("unreadable_sound", f"{path.name}: nothing of its sound decodes")
    return reader.result(is_whole)


def _starts(start_s: float, duration_s: float, length_s: float) -> list[float]:
    count = int(min(MOST_STRETCHES, max(1, duration_s // length_s)))
    room_s = max(0.0, duration_s - count * length_s) / count
    return [start_s + (length_s + room_s) * index + room_s / 2 for index in range(count)]


def _between(path: Path, start_s: float, end_s: float, channels: tuple[int, ...]) -> Iterator[Block]:
    """The blocks from one moment to another; those before it, which let a lossy decoder settle, are left out."""
    for block in decoded_blocks(path, max(0.0, start_s - _PREROLL_S), channels):
        if block[0] >= end_s:
            return
        if block[0] >= start_s:
            yield block


@dataclass
class _Reader:
    """Takes blocks, gathers them to whole hops, and keeps the stretches."""

    channels: int
    kept: Sequence[int]
    starts: Sequence[float]
    length_s: float
    count: int = 0
    bad_s: float | None = None
    _parts: int = 0
    _bad_parts: int = 0
    _rate: int = 0
    _times: list[NDArray[np.float64]] = field(default_factory=list)
    _powers: list[NDArray[np.float64]] = field(default_factory=list)
    _held: list[Samples] = field(default_factory=list)
    _held_s: float = 0.0
    _held_count: int = 0
    _found: list[Stretch] = field(default_factory=list)
    _cut: list[Samples] = field(default_factory=list)
    _cut_s: float = 0.0

    def __post_init__(self) -> None:
        self._sums = np.zeros(self.channels)
        self._waiting = list(self.starts)

    def read(self, blocks: Iterator[Block]) -> None:
        for time_s, samples, rate in blocks:
            self._rate = rate
            end_s = self._held_s + self._held_count / rate
            if self._held and not -_LONGEST_GAP_S < time_s - end_s < GAP_S:
                self._take(whole=True)
            if not self._held:
                self._held_s = time_s
            self._held.append(samples)
            self._held_count += samples.shape[1]
            if self._held_count >= rate:
                self._take(whole=False)
        self._take(whole=True)
        self._end_cut()

    def _take(self, *, whole: bool) -> None:
        """Count what is held, up to its last full hop (`whole`: to its end), and hold the rest on."""
        if not self._held:
            return
        samples = self._held[0] if len(self._held) == 1 else np.concatenate(self._held, axis=1)
        hop = max(1, round(self._rate * HOP_S))
        full = samples.shape[1] // hop * hop
        used = samples.shape[1] if whole else full
        taken = self._finite(samples[:, :used])
        edges = np.arange(0, max(used - hop, 0) + 1, hop)  # what is left behind the last full hop goes into it
        if used:
            square = np.add.reduceat(np.square(taken), edges, axis=1).astype(np.float64)
            self._powers.append(square / np.diff(np.append(edges, used)))
            self._times.append(self._held_s + edges / self._rate)
            self._sums += taken.sum(axis=1, dtype=np.float64)
            self._keep(taken)
        self.count += used
        self._held_s += used / self._rate
        self._held = [] if whole else [samples[:, used:]]
        self._held_count = samples.shape[1] - used

    def _finite(self, samples: Samples) -> Samples:
        self._parts += bool(samples.size)
        if not samples.size or (samples.max() <= MOST_VALUE and samples.min() >= -MOST_VALUE):
            return samples
        is_bad = ~(np.abs(samples) <= MOST_VALUE)
        self._bad_parts += bool(is_bad.any())
        if self.bad_s is None and is_bad.any():
            self.bad_s = self._held_s + int(np.argmax(is_bad.any(axis=0))) / self._rate
        return np.where(is_bad, np.float32(0), samples)

    def _keep(self, samples: Samples) -> None:
        """The part of `samples` (they begin at `_held_s`) that lies in a wanted stretch."""
        first = 0
        while self._waiting and first < samples.shape[1]:
            wanted = round((self._waiting[0] - self._held_s) * self._rate)
            length = round(self.length_s * self._rate)
            if not self._cut:
                first = max(first, wanted)
                if first >= samples.shape[1]:
                    return
                self._cut_s = self._held_s + first / self._rate
            had = sum(part.shape[1] for part in self._cut)
            last = min(samples.shape[1], first + length - had)
            self._cut.append(np.ascontiguousarray(samples[list(self.kept), first:last]))
            first = last
            if had + self._cut[-1].shape[1] >= length:
                self._end_cut()

    def _end_cut(self) -> None:
        if self._cut:
            self._found.append(Stretch(self._cut_s, np.concatenate(self._cut, axis=1)))
            self._cut = []
            self._waiting = self._waiting[1:]

    def result(self, is_whole: bool) -> SoundStretches:
        return SoundStretches(
            self._rate,
            is_whole,
            np.concatenate(self._times),
            np.concatenate(self._powers, axis=1),
            self._sums / self.count,
            tuple(self._found),
            self.bad_s,
            self._bad_parts / max(1, self._parts),
        )
