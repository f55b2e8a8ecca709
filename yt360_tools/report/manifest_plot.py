"""A manifest at a glance: hours by split, clips a video, how long clips are."""

from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError
from yt360_tools.files import write_whole
from yt360_tools.manifest.statistics import Bin, ManifestStatistics

_INK, _GREY, _FAINT, _BLUE, _PALE = "#1d2733", "#66717f", "#dde2e8", "#2f6db5", "#b9c6d6"
_MOST_SPLITS = 8
_INCHES, _DPI = (12.0, 4.4), 130


def draw_manifest(found: ManifestStatistics, out: Path, *, title: str) -> None:
    """Draw a manifest's statistics into a PNG, whole or not at all.

    Raises:
        UsageError: the name does not end with .png.
        EnvironmentMissing: it cannot be written.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"a plot is a PNG: {out} should end with .png")
    import io

    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says
        matplotlib.rcParams.update({"font.size": 9.5, "text.color": _INK, "axes.labelcolor": _GREY})
        figure = Figure(figsize=_INCHES, dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        hours, clips, lengths = figure.subplots(1, 3, gridspec_kw={"width_ratios": (1.0, 1.25, 1.25)})
        _draw_hours(hours, found)
        _draw_histogram(clips, found.clips_per_video, "Clips a video", "clips", "videos")
        _draw_histogram(lengths, found.clip_lengths_s, "Length of clips", "seconds", "clips")
        total = found.total
        figure.suptitle(title, x=0.012, y=0.975, ha="left", fontsize=14, fontweight="bold")
        said = f"{total.videos:,} videos, {total.clips:,} clips, {total.hours:,.1f} h"
        if found.in_splits.rows != total.rows:
            said += f" ({found.in_splits.hours:,.1f} h in the splits)"
        figure.text(0.012, 0.875, f"{said}{_odd(found)}", ha="left", color=_GREY, fontsize=10)
        figure.tight_layout(rect=(0, 0, 1, 0.9), w_pad=2.5)
        written = io.BytesIO()
        figure.savefig(written, format="png", metadata={"Software": None})
    write_whole(out, written.getvalue())


def _odd(found: ManifestStatistics) -> str:
    """What a reader should not miss, for the line below the title."""
    faulty = sum(found.faults.values())
    said = [
        (found.overlaps.clips, "clips overlap earlier ones"),
        (found.videos_in_two_splits_count, "videos in two splits"),
        (found.videos_in_no_split_count, "videos in no split"),
        (faulty, "unusable rows"),
    ]
    return "".join(f"  ·  {count:,} {what}" for count, what in said if count)


def _draw_hours(axes: Any, found: ManifestStatistics) -> None:
    splits = sorted(found.splits, key=lambda line: line.hours, reverse=True)
    shown = [(line.split, line.hours, line.clips) for line in splits[:_MOST_SPLITS]]
    if rest := splits[_MOST_SPLITS:]:
        shown.append((f"{len(rest)} others", sum(line.hours for line in rest), sum(line.clips for line in rest)))
    names, hours, clips = zip(*shown, strict=True) if shown else ((), (), ())
    places = range(len(shown))
    axes.barh(places, hours, color=[_PALE if name == "none" else _BLUE for name in names], height=0.62)
    axes.set(yticks=places, xlabel="hours", xlim=(0, max(hours, default=0) * 1.5 or 1))
    axes.set_yticklabels([name if len(name) <= 16 else f"{name[:15]}…" for name in names])
    axes.set_ylim(max(len(shown), 3) - 0.5, -0.5)
    for place, hour, count in zip(places, hours, clips, strict=True):
        axes.annotate(
            f" {hour:,.1f} h\n {count:,} clips", (hour, place), va="center", fontsize=8.5, color=_INK, linespacing=1.15
        )
    axes.set_title("Hours by split", loc="left", fontsize=10.5)
    _tidy(axes, grid="x")


def _draw_histogram(axes: Any, bins: tuple[Bin, ...], title: str, across: str, up: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5)
    if not bins:
        axes.text(0.5, 0.5, "no clips with times", ha="center", va="center", color=_GREY, transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    lows, widths = [group.low for group in bins], [group.high - group.low for group in bins]
    axes.bar(lows, [group.count for group in bins], widths, align="edge", color=_BLUE, edgecolor="white", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = bins[0].low, bins[-1].high
    room = max(2.0, (4.0 * low / high) ** 0.5)  # as much as lets a single bin stand with air beside it
    most = max(group.count for group in bins)
    axes.set(xlim=(low / room, high * room), ylim=(0.7, max(1.8 * most, 11)), xlabel=across, ylabel=up)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.yaxis.set_minor_formatter("")
    _tidy(axes, grid="y")


def _tidy(axes: Any, *, grid: str) -> None:
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_FAINT)
    axes.tick_params(colors=_GREY, which="both", length=2)
    axes.grid(axis=grid, color=_FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
