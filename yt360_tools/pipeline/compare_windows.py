"""How well the windows that are found agree with a list of windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yt360_tools.config import SegmentConfig
from yt360_tools.pipeline.window_lists import Window
from yt360_tools.pipeline.windows import Candidates, chosen_starts

_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class Agreement:
    """Found windows against listed ones, of one video or of several.

    Attributes:
        matched: pairs of a listed and a found window whose starts are no farther apart than the tolerance; each window
            is in one pair at most.
        missed_s: where the listed windows begin that no found one matches; of several videos, empty.
        extra_s: where the found windows begin that match no listed one; of several videos, empty.
        listed_s, found_s, common_s: the seconds that the list, what was found, and both cover.
    """

    listed: int
    found: int
    matched: int
    listed_s: float
    found_s: float
    common_s: float
    missed_s: tuple[float, ...] = ()
    extra_s: tuple[float, ...] = ()

    @property
    def missed(self) -> int:
        return self.listed - self.matched

    @property
    def extra(self) -> int:
        return self.found - self.matched

    @property
    def precision(self) -> float | None:
        """The share of the found windows that are listed; None where none was found."""
        return self.matched / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """The share of the listed windows that are found; None where none is listed."""
        return self.matched / self.listed if self.listed else None

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 0 to 1."""
        both = self.listed + self.found
        return 2 * self.matched / both if both else 1.0


def found_windows(candidates: Candidates, config: SegmentConfig) -> tuple[Window, ...]:
    """The windows that the rule takes of a video; none where it is silent."""
    return tuple((float(start_s), float(start_s) + config.clip_s) for start_s in chosen_starts(candidates, config))


def agreement_of(listed: Sequence[Window], found: Sequence[Window], tolerance_s: float) -> Agreement:
    """How one video's found windows agree with its listed ones; both sorted by start."""
    missed, extra = _unmatched([start for start, _ in listed], [start for start, _ in found], tolerance_s)
    return Agreement(
        listed=len(listed),
        found=len(found),
        matched=len(listed) - len(missed),
        listed_s=_length_s(_joined(listed)),
        found_s=_length_s(_joined(found)),
        common_s=_common_s(_joined(listed), _joined(found)),
        missed_s=tuple(missed),
        extra_s=tuple(extra),
    )


def total_of(agreements: Mapping[str, Agreement]) -> Agreement:
    """The agreement over all videos: windows and seconds are added up."""
    every = agreements.values()
    return Agreement(
        listed=sum(one.listed for one in every),
        found=sum(one.found for one in every),
        matched=sum(one.matched for one in every),
        listed_s=sum(one.listed_s for one in every),
        found_s=sum(one.found_s for one in every),
        common_s=sum(one.common_s for one in every),
    )


def _unmatched(listed: Sequence[float], found: Sequence[float], tolerance_s: float) -> tuple[list[float], list[float]]:
    """The starts on either side that are in no pair, when as many pairs are made as can be.

    On a line the earliest two that can be a pair may always be one: whatever else either could be paired with
    comes later, and the rest loses nothing by it.
    """
    missed: list[float] = []
    extra: list[float] = []
    place, other = 0, 0
    while place < len(listed) and other < len(found):
        apart_s = found[other] - listed[place]
        if abs(apart_s) <= tolerance_s + _ROUNDING_S:
            place, other = place + 1, other + 1
        elif apart_s > 0:
            missed.append(listed[place])
            place += 1
        else:
            extra.append(found[other])
            other += 1
    return [*missed, *listed[place:]], [*extra, *found[other:]]


def _joined(windows: Sequence[Window]) -> list[Window]:
    """The same seconds as spans that do not overlap."""
    spans: list[Window] = []
    for start_s, end_s in windows:
        if spans and start_s <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end_s))
        else:
            spans.append((start_s, end_s))
    return spans


def _length_s(spans: Sequence[Window]) -> float:
    return sum(end_s - start_s for start_s, end_s in spans)


def _common_s(one: Sequence[Window], other: Sequence[Window]) -> float:
    """The seconds that lie in spans of both; the spans of each do not overlap and are sorted."""
    total_s, place, opposite = 0.0, 0, 0
    while place < len(one) and opposite < len(other):
        start_s, end_s = max(one[place][0], other[opposite][0]), min(one[place][1], other[opposite][1])
        total_s += max(0.0, end_s - start_s)
        if one[place][1] < other[opposite][1]:
            place += 1
        else:
            opposite += 1
    return total_s
