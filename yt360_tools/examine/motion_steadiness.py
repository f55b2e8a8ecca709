"""Whether what looks still is still: frames one after the other, in full size.

Coders come to repeat a still: late in a group of frames they differ by a few levels at most, and one key frame is as
good as the next. What moves, be it a dot, stands out of that; a sensor's noise makes each key frame differ from the
last one, whatever a coder leaves of it in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Span
from yt360_tools.examine.motion_frames import Glances, Luma
from yt360_tools.media.picture_packets import Packets
from yt360_tools.thresholds import PictureThresholds

_BLOCK = 4
_SETTLING_S, _END_S, _EDGE_SHARE = 1.0, 0.3, 0.3
"""What lies so near a span's beginning a coder still refines; near both ends it may belong to a fade."""

_MOST_STRETCHES, _MOST_PAIRS, _LEAST_PAIRS = 5, 4, 3
_STRETCH_S, _MOST_IN_STRETCH = 2.0, 60
_KEY_STEP_S = 0.4
_SLACK_S = 0.05
_EVERYWHERE = 0.1
"""Frames that differ in more of their area were coded anew; what moves is local, or moves again and again."""


@dataclass(frozen=True)
class Steadiness:
    """What was seen in a span.

    Attributes:
        moves: whether something moves, or a sensor's noise was there.
        repeats: whether frames repeat so exactly that only a still can be behind them.
    """

    moves: bool
    repeats: bool


@dataclass(frozen=True)
class _Change:
    """The greatest change (levels) of a block of 4 x 4 pixels, and the share of pixels that changed by 2 or more."""

    peak: float
    share: float


def steadiness(glances: Glances, packets: Packets, span: Span, limits: PictureThresholds) -> Steadiness:
    """Look at some stretches of a span, those with the greatest packets among them, and at pairs of its key frames."""
    inner = _inner(span)
    if np.count_nonzero((packets.times_s > inner[0]) & (packets.times_s < inner[1])) == 0:
        return Steadiness(moves=False, repeats=True)  # one frame is shown all the time
    seen = [_change_in(glances, stretch) for stretch in _stretches(packets, inner)]
    changes = [change for change in seen if change is not None]
    stirred = [one for one in changes if one.peak > limits.still_most_stir]
    if len(stirred) > len(changes) / 2 or any(one.share <= _EVERYWHERE for one in stirred):
        return Steadiness(moves=True, repeats=False)
    keys = [_change(*pair) for pair in _key_pairs(glances, packets, (span[0] - _SLACK_S, inner[1]))]
    if not keys:
        usual = float(np.median([one.share for one in changes])) if changes else 1.0
        return Steadiness(moves=False, repeats=usual <= limits.still_most_flicker)
    if any(one.peak > 2 * limits.still_most_stir and one.share <= limits.still_most_unlike for one in keys):
        return Steadiness(moves=True, repeats=False)
    least = min(one.share for one in keys)
    is_noisy = least > limits.still_least_noise and len(keys) >= _LEAST_PAIRS
    return Steadiness(moves=is_noisy, repeats=least <= limits.still_most_unlike)


def _inner(span: Span) -> Span:
    edge_s = _EDGE_SHARE * (span[1] - span[0])
    return span[0] + min(_SETTLING_S, edge_s), span[1] - min(_END_S, edge_s)


def _change(one: Luma, other: Luma) -> _Change:
    import cv2

    if one.shape != other.shape:
        return _Change(255.0, 1.0)
    off = cv2.absdiff(one, other)
    rows, columns = max(1, off.shape[0] // _BLOCK), max(1, off.shape[1] // _BLOCK)
    blocks = cv2.resize(off, (columns, rows), interpolation=cv2.INTER_AREA)
    return _Change(float(blocks.max()), float(np.count_nonzero(off > 1)) / off.size)


@dataclass(frozen=True)
class _Stretch:
    """A part of a span, in seconds; behind a key frame only its second half counts."""

    start_s: float
    end_s: float
    has_key: bool = False


def _change_in(glances: Glances, stretch: _Stretch) -> _Change | None:
    """The greatest change from the first frame of a stretch that counts; None of less than two frames."""
    start_s = (stretch.start_s + stretch.end_s) / 2 if stretch.has_key else stretch.start_s
    first: Luma | None = None
    found: list[_Change] = []
    for luma in glances.between(start_s, stretch.end_s):
        if first is None:
            first = luma
        else:
            found.append(_change(first, luma))
    if not found:
        return None
    return _Change(max(one.peak for one in found), max(one.share for one in found))


def _stretches(packets: Packets, span: Span) -> list[_Stretch]:
    """Parts of a span that hold no key frame but at their beginning: the busiest two, and some spread over it."""
    inside = (packets.times_s >= span[0]) & (packets.times_s < span[1])
    times_s, sizes, keys = packets.times_s[inside], packets.sizes[inside], packets.is_key[inside]
    if times_s.size < 2:
        return []
    usual_s = float(np.median(np.diff(times_s)))
    longest_s = max(min(_STRETCH_S, _MOST_IN_STRETCH * usual_s), 4 * usual_s)
    places = _cuts(times_s, keys, longest_s)
    ends = np.append(places[1:], times_s.size)
    enough = ends - places >= 3
    if not enough.any():
        return [_Stretch(*span)]
    places, ends = places[enough], ends[enough]
    weights = np.where(keys, 0, sizes) if not keys.all() else sizes
    total = np.concatenate([[0], np.cumsum(weights)])
    busy = (total[ends] - total[places]) / (ends - places)
    chosen = _chosen(busy, 2 if span[1] - span[0] < 4 * _STRETCH_S else _MOST_STRETCHES)
    return [
        _Stretch(
            float(times_s[places[n]]),
            float(times_s[ends[n] - 1]) + usual_s / 2,
            has_key=bool(keys[places[n]]) and not keys.all(),
        )
        for n in chosen
    ]


def _cuts(times_s: NDArray[np.float64], keys: NDArray[np.bool_], longest_s: float) -> NDArray[np.int64]:
    """Indices at which stretches begin: at key frames (unless all are), and so far apart."""
    found = [0]
    is_intra = bool(keys.all())
    for number in range(1, times_s.size):
        is_key = bool(keys[number]) and not is_intra
        if is_key or times_s[number] - times_s[found[-1]] >= longest_s - 1e-6:
            found.append(number)
    return np.asarray(found, np.int64)


def _chosen(busy: NDArray[Any], most: int) -> list[int]:
    """Places in the order of time: two that are busiest, the others evenly spread."""
    busiest = np.argsort(-busy, kind="stable")[:2].tolist()
    spread = np.linspace(0, busy.size - 1, max(0, most - 2)).astype(int).tolist()
    return sorted({*busiest, *spread})


def _key_pairs(glances: Glances, packets: Packets, span: Span) -> list[tuple[Luma, Luma]]:
    """Some pairs of neighbouring key frames in a span, the last one among them."""
    keys_s = packets.times_s[packets.is_key & (packets.times_s >= span[0]) & (packets.times_s <= span[1])]
    apart_s = _apart(keys_s)
    if len(apart_s) < 2:
        return []
    places = sorted({int(place) for place in np.linspace(0, len(apart_s) - 2, _MOST_PAIRS).round()})
    found = []
    for place in places:
        one, other = glances.key_at(apart_s[place]), glances.key_at(apart_s[place + 1])
        if one is not None and other is not None:
            found.append((one, other))
    return found


def _apart(times_s: Sequence[float] | NDArray[np.float64]) -> list[float]:
    found: list[float] = []
    for time_s in times_s:
        if not found or time_s - found[-1] >= _KEY_STEP_S:
            found.append(float(time_s))
    return found
