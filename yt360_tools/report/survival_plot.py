"""What is still there of a published list, as a figure: bars by split, and by year of upload, stacked by reason."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from yt360_tools.report.sheet_page import FAINT, GREY, INK, LARGE, NORMAL, SMALL, Page

Counts = Mapping[str, Mapping[str, int]]


class Answers(Protocol):
    """How many videos are there, how many an answer speaks of, and how many none speaks of."""

    @property
    def there(self) -> int: ...
    @property
    def answered(self) -> int: ...
    @property
    def unanswered(self) -> int: ...
    @property
    def share(self) -> float | None: ...


AnswersOf = Callable[[Mapping[str, int]], Answers]

_SHADES: dict[str, tuple[str, ...]] = {
    "there": ("#1f8a5b", "#6cc49a"),
    "not as wanted": ("#c98a00", "#e8b53b", "#f3d68b", "#8f6a1c"),
    "restricted": ("#6a4fb3", "#9a86d6", "#c8bdec"),
    "gone": ("#9e1c2c", "#cf4553", "#e58790", "#f2bfc4", "#6d0f1b"),
    "unclear": ("#3d6d94", "#7ba3c4", "#b3cbdf", "#5b7f9c", "#91a9bb"),
    "not asked": ("#e3e6ea",),
}
"""By group, the colours of its reasons, the most frequent first."""

_WIDTH, _BAR, _MARGIN, _TOP, _LEGEND, _YEARS = 980, 34, 150, 64, 190, 250
_YEARS_SAY = "by a bar: the share there of the videos that answered, and their number; '+ N ?': nobody knows of N"
_NAMED_SHARE = 0.055
"""Narrower pieces of a bar stand without their number."""


def draw_survival(
    splits: Counts,
    total: Mapping[str, int],
    years: Counts,
    *,
    group_of: Callable[[str], str],
    answers_of: AnswersOf,
    title: str,
) -> NDArray[np.uint8]:
    """The figure's pixels, RGB (height, width, 3).

    Args:
        splits: by split, how many videos there are of each reason; `years` the same by year, in the order drawn.
        group_of: the group that a reason belongs to, a key of the colours.
        answers_of: of counts by reason, what is known; the share that is given is of the videos that answered.
    """
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says
        bars = {**splits, "total": total} if len(splits) != 1 else dict(splits)
        reasons = _ordered(total, group_of)
        colours = _colours(reasons, group_of)
        groups = {group_of(reason) for reason in reasons}
        height = max(_TOP + _BAR * len(bars) + 70 + _YEARS + 50, _TOP + 16 * len(reasons) + 26 * len(groups))
        page = Page(_WIDTH, height)
        page.text(16, 14, title, size=LARGE, weight="bold")
        page.text(16, 36, _sentence(answers_of(total)), size=NORMAL, color=GREY)
        wide = _WIDTH - _MARGIN - _LEGEND - 90
        _draw_shares(page.axes(_MARGIN, _TOP, wide, _BAR * len(bars)), bars, reasons, colours, answers_of)
        top = _TOP + _BAR * len(bars) + 70
        page.text(16, top - 26, "by year of upload", size=NORMAL, weight="bold")
        page.text(_MARGIN, top - 26, _YEARS_SAY, size=NORMAL, color=GREY)
        _draw_years(page.axes(_MARGIN, top, wide, _YEARS), years, reasons, colours, answers_of)
        _draw_legend(page, reasons, colours, total, group_of)
        return page.pixels()


def _ordered(total: Mapping[str, int], group_of: Callable[[str], str]) -> list[str]:
    """The reasons that occur, group by group, the most frequent first."""
    groups = list(_SHADES)
    present = [reason for reason, count in total.items() if count]
    return sorted(present, key=lambda reason: (groups.index(group_of(reason)), -total[reason], reason))


def _colours(reasons: Sequence[str], group_of: Callable[[str], str]) -> dict[str, str]:
    used: dict[str, int] = {}
    found = {}
    for reason in reasons:
        group = group_of(reason)
        shades = _SHADES[group]
        found[reason] = shades[used.get(group, 0) % len(shades)]
        used[group] = used.get(group, 0) + 1
    return found


def _sentence(answers: Answers) -> str:
    share = "" if answers.share is None else f" ({answers.share:.1%})"
    rest = f"; of {answers.unanswered:,} nobody knows: not asked, or unclear" if answers.unanswered else ""
    return f"{answers.there:,} of {answers.answered:,} videos that answered are there{share}{rest}"


def _draw_shares(
    axes: Any, bars: Counts, reasons: Sequence[str], colours: Mapping[str, str], answers_of: AnswersOf
) -> None:
    names = list(bars)
    for row, name in enumerate(names):
        count, left = sum(bars[name].values()), 0.0
        for reason in reasons:
            share = bars[name].get(reason, 0) / count if count else 0.0
            axes.barh(row, share, left=left, height=0.72, color=colours[reason], edgecolor="white", linewidth=0.6)
            if share >= _NAMED_SHARE:
                ink = "white" if _is_dark(colours[reason]) else INK
                axes.text(left + share / 2, row, f"{share:.0%}", ha="center", va="center", size=SMALL, color=ink)
            left += share
        axes.text(1.012, row, _beside(answers_of(bars[name])), va="center", size=SMALL, color=GREY, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xticks=[0, 0.25, 0.5, 0.75, 1])
    axes.set_xticklabels(["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_yticks(range(len(names)), names, size=NORMAL, color=INK)
    _bare(axes)


def _beside(answers: Answers) -> str:
    """What stands beside a bar: the share of those that answered, and how many did not."""
    share = "?" if answers.share is None else f"{answers.share:.1%}"
    return f"{share} of {answers.answered:,}\n+ {answers.unanswered:,} ?"


def _above(answers: Answers) -> str:
    """What stands above a year: the share of those that answered, and how many did not where there are some."""
    share = "?" if answers.share is None else f"{answers.share:.0%}"
    unanswered = f"\n+ {answers.unanswered:,} ?" if answers.unanswered else ""
    return f"{share}\n{answers.answered:,}{unanswered}"


def _draw_years(
    axes: Any, years: Counts, reasons: Sequence[str], colours: Mapping[str, str], answers_of: AnswersOf
) -> None:
    names = list(years)
    below = np.zeros(len(names))
    for reason in reasons:
        counts = np.array([years[name].get(reason, 0) for name in names], float)
        axes.bar(range(len(names)), counts, bottom=below, width=0.78, color=colours[reason], edgecolor="white", lw=0.5)
        below += counts
    highest = below.max(initial=1.0)
    for column, name in enumerate(names):
        said = _above(answers_of(years[name]))
        axes.text(column, below[column] + 0.015 * highest, said, ha="center", va="bottom", size=SMALL, color=GREY)
    axes.set(xlim=(-0.6, max(len(names), 4) - 0.4), ylim=(0, 1.22 * highest))
    axes.set_xticks(range(len(names)), names, size=SMALL if len(names) > 14 else NORMAL)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel("videos", size=NORMAL, color=GREY)
    axes.grid(axis="y", color=FAINT, linewidth=0.4, alpha=0.6)
    axes.set_axisbelow(True)
    _bare(axes)


def _draw_legend(
    page: Page,
    reasons: Sequence[str],
    colours: Mapping[str, str],
    total: Mapping[str, int],
    group_of: Callable[[str], str],
) -> None:
    left, top, group = _WIDTH - _LEGEND, _TOP - 8, ""
    for reason in reasons:
        if group_of(reason) != group:
            group = group_of(reason)
            top += 8
            page.text(left, top, group, size=NORMAL, weight="bold", va="center")
            top += 18
        page.text(left, top, "\u25a0", size=LARGE, color=colours[reason], va="center")
        page.text(left + 18, top, f"{reason}  {total[reason]:,}", size=NORMAL, va="center")
        top += 16


def _bare(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _is_dark(colour: str) -> bool:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140
