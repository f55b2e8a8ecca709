"""The sound of a file from one moment to another, however long, in pieces that fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from pathlib import Path

import numpy as np

from yt360_tools.errors import MediaError
from yt360_tools.media.sound import EDGE_S, GAP_S, PREROLL_S, Samples
from yt360_tools.media.sound_decoding import decoded_blocks

PIECE_SAMPLES = 1 << 18
"""Of all channels together; a piece has at most about so many."""
_MARGIN_S = 0.05
_LONGEST_GAP_S = 3600.0
_POSITION_STEPS = 2.0**20

Block = tuple[float, Samples, int]


@dataclass(frozen=True)
class SoundPieces:
    """The sound of a span of a file.

    Attributes:
        sample_rate_hz: the file's own; nothing is resampled.
        start_s: when the first sample is, on the source's clock.
        pieces: float32 (channels, samples), one after another without a gap; they can be taken once, and raise
            MediaError (``bad_samples``, ``unreadable_sound``, ``unexpected_channels``, ``window_outside_sound``,
            ``bad_timestamps``) where they come to it.
    """

    sample_rate_hz: int
    start_s: float
    pieces: Iterator[Samples]


def open_sound(
    path: Path, *, channel_map: Sequence[int], start_s: float | None = None, end_s: float | None = None
) -> SoundPieces:
    """The channels `channel_map` of a file's sound from `start_s` to `end_s`, by default all there is.

    With both given, the pieces together are what `read_sound` gives at the file's own rate: pauses are silence, and
    up to `EDGE_S` may be missing at the ends. Memory holds a piece, and no more.

    Raises:
        MediaError: ``no_sound``, ``empty_file``, ``unreadable_sound``, ``too_few_channels``, ``window_outside_sound``.
    """
    blocks = _blocks_from(path, start_s, channel_map)
    first = next(blocks, None)
    if first is None:
        raise MediaError("unreadable_sound", f"{path.name}: nothing of its sound decodes")
    origin_s, _, rate = first
    start_s = origin_s if start_s is None else start_s
    cutter = _Cutter(path, rate, start_s, end_s, origin_s)
    return SoundPieces(rate, start_s, _gathered(cutter.cut(chain([first], blocks)), len(channel_map)))


def _blocks_from(path: Path, start_s: float | None, channel_map: Sequence[int]) -> Iterator[Block]:
    """Decoded blocks from some time before `start_s` on, so that lossy decoders have settled; all of them for None."""
    for back_s in (PREROLL_S, 10 * PREROLL_S):
        if start_s is None:
            break
        seek_s = start_s - _MARGIN_S - back_s
        if seek_s <= 0:
            break
        blocks = decoded_blocks(path, seek_s, channel_map)
        first = next(blocks, None)
        if first is not None and first[0] <= start_s - _MARGIN_S:
            return chain([first], blocks)
    return decoded_blocks(path, None, channel_map)


class _Cutter:
    """Lays blocks onto one grid of samples, and cuts the wanted span out of it.

        decoded   |------|------|      |------|        from `origin_s` on, by the blocks' own times
        laid out  |------|------|000000|------|        `_filled` samples so far
        wanted         [----------------)              from sample `_first` on, `_count` samples

    Raises:
        MediaError: ``window_outside_sound`` when the span begins before the sound does.
    """

    def __init__(self, path: Path, rate: int, start_s: float, end_s: float | None, origin_s: float) -> None:
        self._path, self._rate, self._start_s, self._end_s, self._origin_s = path, rate, start_s, end_s, origin_s
        position = round((start_s - origin_s) * rate * _POSITION_STEPS) / _POSITION_STEPS
        self._first = ceil(position - 0.5)  # of two samples equally near the earlier one, as in `read_sound`
        self._count = None if end_s is None else round((end_s - start_s) * rate)
        self._filled = 0
        self._given = 0
        if self._first < -EDGE_S * rate:
            self._refuse(f"it begins at {origin_s:.3f} s")

    def cut(self, blocks: Iterator[Block]) -> Iterator[Samples]:
        channels = 0
        for time_s, samples, _ in blocks:
            channels = samples.shape[0]
            if not self._given and self._first < 0:
                yield self._given_now(np.zeros((channels, -self._first), np.float32))
                self._first = 0
            ahead = round((time_s - self._origin_s) * self._rate) - self._filled
            if abs(ahead) > _LONGEST_GAP_S * self._rate:
                raise MediaError(
                    "bad_timestamps",
                    f"{self._path.name}: the sound's clock jumps by {ahead / self._rate:.0f} s to {time_s:.3f} s; "
                    f"at most {_LONGEST_GAP_S:.0f} s can be a pause",
                )
            for first in range(0, ahead if ahead > GAP_S * self._rate else 0, PIECE_SAMPLES // channels):
                yield self._wanted_of(np.zeros((channels, min(ahead - first, PIECE_SAMPLES // channels)), np.float32))
            if ahead < -GAP_S * self._rate:
                samples = samples[:, -ahead:]
            yield self._wanted_of(samples)
            if self._count is not None and self._given >= self._count:
                return
        missing = 0 if self._count is None else self._count - self._given
        if missing > EDGE_S * self._rate or (self._count is None and not self._given):
            self._refuse(f"it ends at {self._origin_s + self._filled / self._rate:.3f} s")
        yield np.zeros((channels, missing), np.float32)

    def _wanted_of(self, samples: Samples) -> Samples:
        """What of the next samples on the grid lies in the span."""
        skip = max(0, self._first - self._filled)
        self._filled += samples.shape[1]
        return self._given_now(samples[:, skip:])

    def _given_now(self, samples: Samples) -> Samples:
        if self._count is not None:
            samples = samples[:, : max(0, self._count - self._given)]
        if samples.size and not np.isfinite(np.abs(samples).max()):
            at = int(np.argwhere(~np.isfinite(samples).all(axis=0))[0, 0])
            time_s = self._start_s + (self._given + at) / self._rate
            raise MediaError(
                "bad_samples", f"{self._path.name}: the sound has values that are not finite numbers, at {time_s:.3f} s"
            )
        self._given += samples.shape[1]
        return samples

    def _refuse(self, what: str) -> None:
        end = "its end" if self._end_s is None else f"{self._end_s:.3f} s"
        raise MediaError(
            "window_outside_sound",
            f"{self._path.name}: sound from {self._start_s:.3f} s to {end} is wanted, and {what}",
        )


def _gathered(parts: Iterator[Samples], channels: int) -> Iterator[Samples]:
    """The same samples in pieces of about `PIECE_SAMPLES`."""
    held: list[Samples] = []
    count = 0
    for part in parts:
        if part.shape[1]:
            held.append(part)
            count += part.shape[1]
        if count * channels >= PIECE_SAMPLES:
            yield np.concatenate(held, axis=1)
            held, count = [], 0
    if held:
        yield np.concatenate(held, axis=1)
