"""The spans in which a picture stands, found by looking at suspicious spans alone."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yt360_tools.examine.findings import Span
from yt360_tools.examine.motion_frames import Glances, Small, are_alike, is_even, small_frame
from yt360_tools.examine.motion_quiet import merged, quiet_spans
from yt360_tools.examine.motion_steadiness import Steadiness, steadiness
from yt360_tools.examine.picture_samples import PictureSamples
from yt360_tools.thresholds import PictureThresholds

_MOST_DECODED, _MOST_CHECKED = 1500, 1000
_MOST_SPANS = 16
_STEP_S, _MOST_STEPS = 0.5, 40
_FINE_S = 0.06


@dataclass(frozen=True)
class Stand:
    """A span, in seconds on the source's clock, in which the picture stands, and what it shows.

    Attributes:
        is_sure: whether its frames repeat so exactly that no film can be behind them.
    """

    start_s: float
    end_s: float
    picture: Small
    is_black: bool
    is_sure: bool = False


def find_stands(path: Path, samples: PictureSamples, limits: PictureThresholds) -> tuple[Stand, ...]:
    """Look at the suspicious spans of a file, the longest first, as long as there is a frame left to decode.

    Raises:
        MediaError: the file does not open.
    """
    times_s = samples.packets.times_s
    end_s = float(times_s[-1] + np.median(np.diff(times_s)))
    quiet = quiet_spans(samples.packets, samples.width * samples.height, limits)
    suspicious = merged((*quiet, *_suspicious_samples(samples, end_s, limits)))
    longest = sorted(suspicious, key=lambda span: span[0] - span[1])[:_MOST_SPANS]
    found: list[Stand] = []
    keys_s = samples.packets.times_s[samples.packets.is_key]
    with Glances(path, keys_s, most_decoded=_MOST_DECODED) as glances:
        for span in longest:
            found += _Search(glances, samples, span, end_s, limits).stands()
        glances.left += _MOST_CHECKED
        return tuple(_checked(glances, samples, _without_overlap(found), limits))


def _checked(
    glances: Glances, samples: PictureSamples, stands: list[Stand], limits: PictureThresholds
) -> Iterator[Stand]:
    """The stands in which nothing at all moves, the longest looked at first; black ones are as they are."""
    by_length = sorted((one for one in stands if not one.is_black), key=lambda one: one.start_s - one.end_s)
    seen = {
        one.start_s: steadiness(glances, samples.packets, (one.start_s, one.end_s), limits)
        if glances.left > 0
        else Steadiness(moves=True, repeats=False)
        for one in by_length
    }
    for stand in stands:
        if stand.is_black:
            yield stand
        elif not seen[stand.start_s].moves:
            yield dataclasses.replace(stand, is_sure=seen[stand.start_s].repeats)


def _suspicious_samples(samples: PictureSamples, end_s: float, limits: PictureThresholds) -> list[Span]:
    """What surrounds neighbouring samples that show the same, and samples of one colour."""
    small = [small_frame(frame) for frame in samples.frames]
    times = [float(samples.packets.times_s[0]), *samples.times_s, end_s]
    alike = [
        (times[number], times[number + 3])
        for number in range(len(small) - 1)
        if are_alike(small[number], small[number + 1], limits.still_most_change)
    ]
    even = [
        (times[number], times[number + 2]) for number, one in enumerate(small) if is_even(one, limits.black_most_levels)
    ]
    return [*alike, *even]


def _without_overlap(stands: list[Stand]) -> list[Stand]:
    kept: list[Stand] = []
    for stand in sorted(stands, key=lambda one: one.start_s):
        if not kept or stand.start_s >= kept[-1].end_s - _FINE_S:
            kept.append(stand)
    return kept


@dataclass(frozen=True)
class _Search:
    """In one suspicious span: looks at moments, and between two that differ again and again."""

    glances: Glances
    samples: PictureSamples
    span: Span
    end_s: float
    limits: PictureThresholds

    def stands(self) -> list[Stand]:
        moments = self._moments()
        seen = [(moment, self.glances.at(moment)) for moment in moments]
        found: list[Stand] = []
        first = 0
        for number in range(1, len(seen) + 1):
            if number < len(seen) and self._are_alike(seen[first][1], seen[number][1]):
                continue
            found += self._stand(seen, first, number - 1)
            first = number
        return found

    def _moments(self) -> list[float]:
        """Evenly over the span, at key frames where these are near."""
        step_s = max(_STEP_S, (self.span[1] - self.span[0]) / _MOST_STEPS)
        keys = self.samples.packets.times_s[self.samples.packets.is_key]
        found = set()
        for moment in np.arange(self.span[0], self.span[1] - _FINE_S, step_s):
            nearest = float(keys[np.argmin(np.abs(keys - moment))]) if keys.size else float(moment)
            is_near = abs(nearest - moment) <= step_s / 2 and self.span[0] <= nearest <= self.span[1]
            found.add(nearest if is_near and step_s > 2 * _STEP_S else float(moment))
        return sorted(found | {self.span[1] - _FINE_S})

    def _are_alike(self, one: Small | None, other: Small | None) -> bool:
        return one is not None and other is not None and are_alike(one, other, self.limits.still_most_change)

    def _stand(self, seen: list[tuple[float, Small | None]], first: int, last: int) -> list[Stand]:
        picture = seen[first][1]
        if picture is None or first == last:
            return []
        before = seen[first - 1][0] if first else max(float(self.samples.packets.times_s[0]), seen[0][0] - _STEP_S)
        behind = seen[last + 1][0] if last + 1 < len(seen) else min(self.end_s, seen[last][0] + _STEP_S)
        start_s = self._edge(picture, seen[first][0], before)
        end_s = self._edge(picture, seen[last][0], behind)
        if end_s > self.end_s - 2 * _FINE_S:
            end_s = self.end_s
        if end_s - start_s < self.limits.frozen_least_s:
            return []
        return [Stand(start_s, end_s, picture, is_even(picture, self.limits.black_most_levels))]

    def _edge(self, picture: Small, inside_s: float, outside_s: float) -> float:
        """Up to where the picture is the same, between a moment where it is and one where it may not be."""
        if self._are_alike(picture, self.glances.at(outside_s)):
            return outside_s
        while abs(outside_s - inside_s) > _FINE_S and self.glances.left > 0:
            middle_s = (inside_s + outside_s) / 2
            if self._are_alike(picture, self.glances.at(middle_s)):
                inside_s = middle_s
            else:
                outside_s = middle_s
        return max(inside_s, outside_s) if outside_s > inside_s else inside_s
