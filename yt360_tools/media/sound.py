"""The sound of a file as ambisonics at exact times, and its loudness over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError
from yt360_tools.media.containers import foreign_errors, opened, start_of

Samples = NDArray[np.float32]
PREROLL_S = 0.5
"""How long before a window decoding begins, so that lossy decoders have settled (Opus asks for 80 ms)."""
EDGE_S = 0.1
"""How much sound may be missing at a window's ends, to be silence: codecs end on their own block sizes."""
GAP_S = 0.05
"""Timestamps that jump by more than this are a real gap or overlap; less is a container's rounding."""
_ZERO_CROSSINGS = 16


def channel_map_for(codec: str, channels: int) -> tuple[int, int, int, int]:
    """Which decoded channels are W, Y, Z, X.

    Six channels in AAC are YouTube's packing of first order as 5.1, which decodes to (X, Y, W, -, Z, -); six
    in another codec are W, Y, Z, X and a head-locked stereo pair.

    Raises:
        MediaError: ``too_few_channels`` below four, ``unexpected_channels`` for other numbers than 4 and 6.
    """
    if channels < 4:
        raise MediaError("too_few_channels", f"the sound has {channels} channels; first-order ambisonics need 4")
    if channels == 4:
        return (0, 1, 2, 3)
    if channels == 6:
        return (2, 1, 4, 0) if codec == "aac" else (0, 1, 2, 3)
    raise MediaError(
        "unexpected_channels",
        f"the sound has {channels} channels; 4 (W, Y, Z, X) or 6 (with head-locked stereo, or packed as 5.1) are known",
    )


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
    if not np.isfinite(piece.samples).all():
        raise MediaError("bad_samples", f"{path.name}: the sound has values that are not numbers")
    position = (start_s - piece.start_s) * piece.rate_hz
    if piece.rate_hz == sample_rate_hz:
        return _cut(piece.samples, round(position), count)
    return _resample(piece.samples, position, count, piece.rate_hz, sample_rate_hz)


def read_envelope(path: Path, hop_s: float = 0.1, *, channel: int = 0) -> tuple[float, NDArray[np.float64]]:
    """Where the sound begins (seconds), and the RMS of one channel (W) over each `hop_s` from there on.

    Raises:
        MediaError: ``unreadable_sound``, ``no_sound``, ``empty_file`` or ``too_few_channels``.
    """
    start_s: float | None = None
    levels: list[NDArray[np.float64]] = []
    rest = np.empty(0, np.float32)
    done = 0
    rate = 1
    for time_s, samples, rate in _blocks(path, None, (channel,)):
        if start_s is None:
            start_s = time_s
        expected = done + rest.size
        ahead = round((time_s - start_s) * rate) - expected
        if ahead > GAP_S * rate:
            samples = np.pad(samples, ((0, 0), (ahead, 0)))
        elif ahead < -GAP_S * rate:
            samples = samples[:, -ahead:]
        rest = np.concatenate([rest, samples[0]])
        hops = int((done + rest.size) / (rate * hop_s)) - len(levels)
        if hops > 0:
            edges = ((len(levels) + np.arange(hops + 1)) * hop_s * rate).astype(int) - done
            power = np.square(rest[: edges[-1]], dtype=np.float64)
            levels += list(np.sqrt(np.add.reduceat(power, edges[:-1]) / np.diff(edges)))
            done += int(edges[-1])
            rest = rest[edges[-1] :]
    if start_s is None:
        raise MediaError("unreadable_sound", f"{path.name}: nothing of its sound decodes")
    if not np.isfinite(levels).all():
        raise MediaError("bad_samples", f"{path.name}: the sound has values that are not numbers")
    return start_s, np.array(levels)


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
    """The sound around a window with margins; incomplete when the search landed after its beginning."""
    margin_s = 0.05
    seek_s = None if back_s is None or start_s <= margin_s + back_s else start_s - margin_s - back_s
    parts: list[Samples] = []
    origin_s, rate, filled = 0.0, 0, 0
    for time_s, samples, rate in _blocks(path, seek_s, channel_map):
        if not parts:
            origin_s = time_s
        ahead = round((time_s - origin_s) * rate) - filled
        if ahead > GAP_S * rate:
            ahead = min(ahead, ceil((end_s + margin_s - origin_s) * rate) - filled)
            parts.append(np.zeros((len(channel_map), max(0, ahead)), np.float32))
            filled += max(0, ahead)
        elif ahead < -GAP_S * rate:
            samples = samples[:, -ahead:]
        parts.append(samples)
        filled += samples.shape[1]
        if origin_s + filled / rate > end_s + margin_s:
            break
    if not parts:
        if seek_s is not None:
            return _Piece(np.zeros((len(channel_map), 0), np.float32), 0.0, 1, False)
        raise MediaError("unreadable_sound", f"{path.name}: nothing of its sound decodes")
    return _Piece(np.concatenate(parts, axis=1), origin_s, rate, seek_s is None or origin_s <= start_s - margin_s)


def _blocks(path: Path, seek_s: float | None, channel_map: Sequence[int]) -> Iterator[tuple[float, Samples, int]]:
    """(time of the first sample, float32 samples of the mapped channels, rate) of each decoded frame."""
    import av

    with (
        opened(path, "audio") as (container, stream),
        foreign_errors(path, "unreadable_sound", "decoding its sound"),
    ):
        stream.codec_context.thread_count = 1
        if seek_s is not None and seek_s > start_of(stream):
            try:
                container.seek(int(seek_s / stream.time_base), stream=stream, backward=True)
            except av.error.FFmpegError:
                return
        first: tuple[int, int] | None = None
        end_s: float | None = None
        for frame in container.decode(stream):
            seen = (len(frame.layout.channels), frame.sample_rate)
            first = first or seen
            _check_channels(path, seen, first, channel_map)
            time_s = end_s if frame.pts is None else float(frame.pts * frame.time_base)
            if time_s is None:
                continue
            end_s = time_s + frame.samples / frame.sample_rate
            yield time_s, _mapped(frame, channel_map), frame.sample_rate


def _check_channels(path: Path, seen: tuple[int, int], first: tuple[int, int], channel_map: Sequence[int]) -> None:
    if seen != first:
        raise MediaError(
            "unexpected_channels",
            f"{path.name}: its sound changes from {first[0]} channels at {first[1]} Hz to {seen[0]} at {seen[1]} Hz",
        )
    if seen[0] <= max(channel_map):
        raise MediaError(
            "too_few_channels",
            f"{path.name}: its sound has {seen[0]} channels; "
            f"first-order ambisonics need {max(4, max(channel_map) + 1)}",
        )


def _mapped(frame: Any, channel_map: Sequence[int]) -> Samples:
    """The channels of a frame as decoded: no resampler comes near, since it would mix layouts by name."""
    data = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(-1, len(frame.layout.channels)).T
    data = data[list(channel_map)]
    if data.dtype == np.uint8:
        return ((data.astype(np.float32) - 128) / 128).astype(np.float32)
    if np.issubdtype(data.dtype, np.integer):
        return (data / float(2 ** (8 * data.dtype.itemsize - 1))).astype(np.float32)
    return np.ascontiguousarray(data, dtype=np.float32)


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
