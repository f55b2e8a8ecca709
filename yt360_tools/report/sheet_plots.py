"""The plots of a contact sheet: a clip's levels and its directions of arrival over time."""

from typing import Any

import numpy as np

from yt360_tools.geometry import angles_from_ray
from yt360_tools.report.levels import SILENT_DBFS, levels_dbfs
from yt360_tools.report.sheet_entry import WINDOW_S, Entry
from yt360_tools.report.sheet_map import share_of_peak
from yt360_tools.report.sheet_page import FAINT, GREY, INK, SMALL, VIEW_COLOURS

_CHANNEL_COLOURS = {"W": INK, "Y": "#1f9e89", "Z": "#8e5bd0", "X": "#e07b39"}


def draw_levels(axes: Any, entry: Entry) -> None:
    """W with the beams of the views; without views, W, Y, Z and X."""
    rate_hz = entry.clip.sample_rate_hz
    signals = [("W", entry.foa[0], INK, rate_hz)]
    if entry.beams:
        prefix = "view " if len(entry.beams) <= 4 else ""
        for k, (_, signal) in enumerate(entry.beams):
            signals.append((f"{prefix}{k}", signal, VIEW_COLOURS[k], entry.beam_rate_hz))
    else:
        signals += [(name, entry.foa[k], _CHANNEL_COLOURS[name], rate_hz) for k, name in enumerate("WYZX") if k]
    hop_s = max(0.05, entry.clip.window.duration_s / 200)
    lowest, highest = 0.0, SILENT_DBFS
    for name, signal, colour, rate_hz in signals[::-1]:
        levels = levels_dbfs(signal[None], max(1, round(hop_s * rate_hz)))[0]
        axes.plot((np.arange(levels.size) + 0.5) * hop_s, levels, color=colour, linewidth=0.9, label=name)
        audible = levels[levels > SILENT_DBFS]
        lowest = min(lowest, audible.min(initial=0.0))
        highest = max(highest, audible.max(initial=SILENT_DBFS))
    axes.set_ylim(max(SILENT_DBFS, lowest - 5), min(3.0, highest + 5) if highest > lowest else 0)
    _finish_plot(axes, entry, "dBFS", with_times=False)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], loc="lower left", bbox_to_anchor=(0, 1), ncols=9, frameon=False,
        fontsize=SMALL, handlelength=1.2, columnspacing=1.2, borderaxespad=0.1, handletextpad=0.5,
    )  # fmt: skip


def draw_azimuths(axes: Any, entry: Entry) -> None:
    """A dot a vote, the darker the more energy; the views' axes as lines."""
    votes = entry.votes
    if votes.energy.size:
        share = share_of_peak(votes.energy, float(np.quantile(votes.energy, 0.995)))
        loud = np.argsort(votes.energy)[-6000:]
        azimuth = np.degrees(angles_from_ray(votes.rays)[0])
        axes.scatter(
            votes.times_s[loud], azimuth[loud], s=3.5, c=[(0.75, 0.2, 0.4, a) for a in 0.6 * share[loud]], linewidths=0
        )
    for number, (view, _) in enumerate(entry.beams):
        axes.axhline(view.direction.yaw_deg, color=VIEW_COLOURS[number], linewidth=0.8, linestyle=(0, (5, 3)))
    axes.set_ylim(-180, 180)
    axes.set_yticks([180, 90, 0, -90, -180], ["+180°", "+90°", "0°", "\u221290°", "\u2212180°"])
    _finish_plot(axes, entry, "azimuth", with_times=True)


def _finish_plot(axes: Any, entry: Entry, label: str, *, with_times: bool) -> None:
    """The clip's time from left to right, with the moments' windows marked."""
    axes.set_xlim(0, entry.clip.window.duration_s)
    axes.set_ylabel(label, size=SMALL, color=GREY, labelpad=2)
    axes.grid(color=FAINT, alpha=0.5, linewidth=0.4)
    for moment in entry.moments:
        half = WINDOW_S / 2
        axes.axvspan(moment.time_s - half, moment.time_s + half, color="#f7d27a", alpha=0.45, linewidth=0, zorder=0)
    if with_times:
        axes.set_xlabel("seconds", size=SMALL, color=GREY, labelpad=1)
    else:
        axes.set_xticklabels([])
