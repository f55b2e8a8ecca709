"""The sound of a file as ambisonics at exact times, and its loudness over time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.sound_decoding import decoded_blocks as _blocks

Samples = NDArray[np.float32]
PREROLL_S = 0.5
"""How long before a window decoding begins, so that lossy decoders have settled (Opus asks for 80 ms)."""
EDGE_S = 0.1
"""How much sound may be missing at a window's ends, to be silence: codecs end on their own block sizes."""
GAP_S = 0.05
"""Timestamps that jump by more than this are a real gap or overlap; less is a container's rounding."""
_LONGEST_GAP_S = 3600.0
"""A longer jump of the timestamps is no pause but a broken clock."""
_MARGIN_S = 0.05
"""What is kept on either side of a window, for the resampler's kernel to reach over its ends."""
_POSITION_STEPS = 2.0**20
"""To what part of a sample positions are rounded: seconds as floats are no more exact, and a position that is just
not whole would be resampled with another kernel."""
_ZERO_CROSSINGS = 16
MOST_VALUE = 1000.0
"""Times full scale, 60 dB above it: no recording has such samples; files that are damaged do."""
_BAD = "the sound has values that are no numbers, or absurd ones"


def read_sound(
    path: Path,
    start_s: float,
    end_s: float,
    sample_rate_hz: int,
    channel_map: Sequence[int] = (0, 1, 2, 3),
) -> Samples:
    """The channels `channel_map` of a window, float32 (4, ``round((end_s - start_s) * sample_rate_hz)``).

    Sample n is the sound at ``start_s + n / sample_rate_hz`` on the source's clock, resampled without delay;
    with the source's own rate nothing is resampled, and the nearest samples are taken. The result does not
    depend on what was read before.

    Raises:
        MediaError: ``window_outside_sound``, ``too_few_channels``, ``unexpected_channels``, ``bad_samples``,
            ``unreadable_sound``, ``no_sound`` or ``empty_file``.
    """
    count = round((end_s - start_s) * sample_rate_hz)
    for back_s in (PREROLL_S, 10 * PREROLL_S, None):
        piece = _decode(path, start_s, end_s, channel_map, back_s)
        if piece.is_complete or back_s is None:
            break
    _check_inside(path, piece, start_s, end_s)
    if not (np.abs(piece.samples) <= MOST_VALUE).all():
        raise MediaError("bad_samples", f"{path.name}: {_BAD}")
    position = round((start_s - piece.start_s) * piece.rate_hz * _POSITION_STEPS) / _POSITION_STEPS
    if piece.rate_hz == sample_rate_hz:
        # Of two samples equally near the earlier one; a bare round() would ask how many lie before them.
        return _cut(piece.samples, ceil(position - 0.5), count)
    return _resample(piece.samples, position, count, piece.rate_hz, sample_rate_hz)


def read_envelope(path: Path, hop_s: float = 0.1, *, channel: int = 0) -> tuple[float, NDArray[np.float64]]:
    """Where the sound begins (seconds), and the RMS of one channel (W) over each `hop_s` from there on.

    NaN stands for a hop that holds a value which is no number, or beyond `MOST_VALUE`.

    Raises:
        MediaError: ``unreadable_sound``, ``no_sound``, ``empty_file``, ``too_few_channels``, ``unexpected_channels``,
            ``bad_samples``, or ``bad_timestamps`` when they jump by more than an hour.
    """
    start_s = 0.0
    envelope: _Envelope | None = None
    for time_s, samples, rate in _blocks(path, None, (channel,)):
        if envelope is None:
            start_s, envelope = time_s, _Envelope(rate * hop_s)
        ahead = round((time_s - start_s) * rate) - envelope.samples
        if abs(ahead) > _LONGEST_GAP_S * rate:
            raise MediaError(
                "bad_timestamps",
                f"{path.name}: the sound's clock jumps by {ahead / rate:.0f} s to {time_s:.3f} s; "
                f"at most {_LONGEST_GAP_S:.0f} s can be a pause",
            )
        if ahead > GAP_S * rate:
            envelope.add_silence(ahead)
        elif ahead < -GAP_S * rate:
            samples = samples[:, -ahead:]
        envelope.add(samples[0])
    if envelope is None:
        raise MediaError("unreadable_sound", f"{path.name}: nothing of its sound decodes")
    levels = envelope.levels
    if levels.size and np.isnan(levels).all():
        raise MediaError("bad_samples", f"{path.name}: all along, {_BAD}")
    return start_s, levels


class _Envelope:
    """The RMS over hops of samples that arrive in pieces; holds the unfinished hop's samples and no others."""

    def __init__(self, hop: float) -> None:
        self._hop = hop  # samples, not always a whole number
        self._levels: list[NDArray[np.float64]] = []
        self._hops = 0
        self._rest = np.empty(0, np.float32)
        self.samples = 0

    @property
    def levels(self) -> NDArray[np.float64]:
        """Those of all hops that are full."""
        return np.concatenate([np.empty(0), *self._levels])

    def add(self, samples: NDArray[np.float32]) -> None:
        first = self.samples - self._rest.size
        samples = np.where(np.abs(samples) <= MOST_VALUE, samples, np.float32(np.nan))
        self._rest = np.concatenate([self._rest, samples])
        self.samples += samples.size
        edges = self._edges_to(self.samples) - first
        if edges.size > 1:
            power = np.square(self._rest[: edges[-1]], dtype=np.float64)
            self._full(np.sqrt(np.add.reduceat(power, edges[:-1]) / np.diff(edges)))
            self._rest = self._rest[edges[-1] :]

    def add_silence(self, count: int) -> None:
        """As `add` of so many zeros, made for the hops at both ends alone."""
        end = self.samples + count
        self.add(np.zeros(min(count, ceil(self._hop)), np.float32))
        edges = self._edges_to(end)
        if edges.size > 1:
            self._full(np.zeros(edges.size - 1))
            self.samples, self._rest = int(edges[-1]), np.empty(0, np.float32)
        self.add(np.zeros(end - self.samples, np.float32))

    def _edges_to(self, end: int) -> NDArray[np.int64]:
        """Where the unfinished hop begins, and where it and those after it end that are full at `end`."""
        hops = max(0, int(end / self._hop) - self._hops)
        return ((self._hops + np.arange(hops + 1)) * self._hop).astype(np.int64)

    def _full(self, levels: NDArray[np.float64]) -> None:
        self._levels.append(levels)
        self._hops += levels.size


@dataclass(frozen=True)
class _Piece:
    """Decoded sound (channels, samples) on one grid; `start_s` is the time of its first sample."""

    samples: Samples
    start_s: float
    rate_hz: int
    is_complete: bool

    @property
    def end_s(self) -> float:
        return self.start_s + self.samples.shape[1] / self.rate_hz


def _decode(path: Path, start_s: float, end_s: float, channel_map: Sequence[int], back_s: float | None) -> _Piece:
    """The sound around a window with margins; incomplete when the search landed after its beginning.

    What ends before the margin is dropped as soon as it is decoded: memory holds little more than the window.
    Samples are counted from `origin_s`, when decoding began:

        decoded   |------|------|------|------|------|------|
        kept                    |-------------|              first to filled, so far
        window                     |<-margin->|-----------|
    """
    seek_s = None if back_s is None or start_s <= _MARGIN_S + back_s else start_s - _MARGIN_S - back_s
    parts: deque[Samples] = deque()
    origin_s: float | None = None
    rate, first, filled = 0, 0, 0
    for time_s, samples, rate in _blocks(path, seek_s, channel_map):
        if origin_s is None:
            origin_s = time_s
        wanted = floor((start_s - _MARGIN_S - origin_s) * rate)
        ahead = round((time_s - origin_s) * rate) - filled
        if ahead > GAP_S * rate:
            until = max(filled, min(filled + ahead, ceil((end_s + _MARGIN_S - origin_s) * rate)))
            since = max(filled, min(until, wanted))
            if since > filled:  # all that was kept ends before the window
                parts.clear()
                first = since
            parts.append(np.zeros((len(channel_map), until - since), np.float32))
            filled = until
        elif ahead < -GAP_S * rate:
            samples = samples[:, -ahead:]
        parts.append(samples)
        filled += samples.shape[1]
        while len(parts) > 1 and first + parts[0].shape[1] <= wanted:
            first += parts.popleft().shape[1]
        if origin_s + filled / rate > end_s + _MARGIN_S:
            break
    if origin_s is None:
        if seek_s is not None:
            return _Piece(np.zeros((len(channel_map), 0), np.float32), 0.0, 1, False)
        raise MediaError("unreadable_sound", f"{path.name}: nothing of its sound decodes")
    reaches_back = seek_s is None or origin_s <= start_s - _MARGIN_S
    return _Piece(np.concatenate(parts, axis=1), origin_s + first / rate, rate, reaches_back)


def _check_inside(path: Path, piece: _Piece, start_s: float, end_s: float) -> None:
    late_s = piece.start_s - start_s
    missing_s = end_s - piece.end_s
    if late_s > EDGE_S or missing_s > EDGE_S:
        raise MediaError(
            "window_outside_sound",
            f"{path.name}: sound from {start_s:.3f} s to {end_s:.3f} s is wanted, and it is there "
            f"from {piece.start_s:.3f} s to {piece.end_s:.3f} s (seen around the window)",
        )


def _cut(samples: Samples, first: int, count: int) -> Samples:
    """`count` samples from index `first` on, silence where there are none."""
    before = max(0, -first)
    inside = samples[:, max(0, first) : max(0, first + count)]
    return np.pad(inside, ((0, 0), (before, count - before - inside.shape[1])))


def _resample(samples: Samples, position: float, count: int, rate_hz: int, target_hz: int) -> Samples:
    """`count` samples at `target_hz`, the first one at the fractional index `position` of `samples`.

    A polyphase windowed sinc as in `scipy.signal.resample_poly`, its kernel shifted by what `position` is off
    the input's grid: no window's sound is early or late, however odd its start.
    """
    from scipy.signal import upfirdn

    common = gcd(rate_hz, target_hz)
    up, down = target_hz // common, rate_hz // common
    wider = max(up, down)
    reach = _ZERO_CROSSINGS * wider
    whole = int(np.floor(position))
    shift = (position - whole) * up
    margin = ceil(reach / up) + 1
    # The kernel lies on the grid of `up` points a sample, centred at `reach - shift`.
    t = (np.arange(2 * reach + 1 + up) - reach - up + shift) / wider
    window = np.i0(8.0 * np.sqrt(np.clip(1 - (t / _ZERO_CROSSINGS) ** 2, 0, None))) / np.i0(8.0)
    kernel = np.where(np.abs(t) < _ZERO_CROSSINGS, np.sinc(0.95 * t) * 0.95 * window, 0.0) * (up / wider)
    # Lead with so much that the wanted sample falls on an output point: (lead * up - reach - up) % down == 0.
    lead = margin
    while (lead * up + reach + up) % down:
        lead += 1
    needed = ceil(count * down / up) + margin
    cut = _cut(samples, whole - lead, lead + needed)
    out = upfirdn(kernel.astype(np.float32), cut, up, down, axis=1)
    first = (lead * up + reach + up) // down
    return np.ascontiguousarray(out[:, first : first + count], dtype=np.float32)
