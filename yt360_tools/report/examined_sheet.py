"""The contact sheet of an examined video: what one sees and hears, and what was made of it, on one picture.

name      verdict                                          what the file says it is
sphere    sphere    sphere    sphere                       sound's energy laid over
levels over time, clips below                              channels' levels
what the picture may be      what the sound may be         the findings in words
"""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.examination import Examination
from yt360_tools.examine.findings import Finding, Hypothesis
from yt360_tools.files import write_whole
from yt360_tools.media.probe_details import Clock
from yt360_tools.report.examined_video import MOMENTS, ExaminedVideo, SeenMoment
from yt360_tools.report.png import encode_png
from yt360_tools.report.sheet_map import SoundMap, draw_map, draw_scale, sound_maps
from yt360_tools.report.sheet_page import FAINT, GREY, INK, LARGE, NORMAL, SMALL, Page

VERDICT_COLOURS = {"accept": "#2e8b57", "fix": "#2a6fbb", "doubt": "#c77700", "reject": "#c0262d"}
VERDICT_WORDS = {"accept": "accepted", "fix": "accepted with a fix", "doubt": "doubtful", "reject": "rejected"}

_CHANNELS = ("#1c1f24", "#1f9e89", "#8e5bd0", "#e07b39", "#00a5e0", "#f0308a", "#6fae00", "#8c6239")
_SEVERITY_COLOURS = {"note": GREY, "fix": "#2a6fbb", "doubt": "#c77700", "reject": "#c0262d"}
_NO_FIELD = ("not_ambisonic", "mono_upmixed", "stereo_in_disguise", "unexpected_channels", "dead_w")
"""Rejected for one of these, channels are no W, Y, Z, X."""

_MARGIN, _GAP = 22, 12
_SPHERE = (330, 165)
_LEFT = _MARGIN + 34
_WIDTH = _LEFT + MOMENTS * (_SPHERE[0] + _GAP) + _MARGIN
_HEADER, _PLOT, _BELOW = 58, 150, 176
_TOP_PLOTS = _HEADER + _SPHERE[1] + 34
_TOP_WORDS = _TOP_PLOTS + _PLOT + 62
_HEIGHT = _TOP_WORDS + _BELOW
_MOST_HYPOTHESES = 6
_LOWEST_DBFS = -90.0
_BYTES = 420_000


def write_examined_sheet(video: ExaminedVideo, out: Path) -> None:
    """Draw a video's sheet as the PNG `out`.

    Raises:
        EnvironmentMissing: `out` cannot be written.
    """
    write_whole(out, encode_png(draw_examined(video), _BYTES))


def draw_examined(video: ExaminedVideo) -> NDArray[np.uint8]:
    """The sheet's pixels, RGB (height, width, 3)."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        page = Page(_WIDTH, _HEIGHT)
        _draw_header(page, video)
        maps = sound_maps([moment.votes for moment in video.moments])
        for number, (moment, sound) in enumerate(zip(video.moments, maps, strict=True)):
            left = _LEFT + number * (_SPHERE[0] + _GAP)
            _draw_moment(page.axes(left, _HEADER, *_SPHERE), moment, sound, is_first=number == 0)
        if not video.moments:
            page.text(_LEFT, _HEADER + 60, "no frame of its picture decodes", size=LARGE, color=GREY)
        wide = 3 * (_SPHERE[0] + _GAP) - _GAP
        _draw_levels(page.axes(_LEFT, _TOP_PLOTS, wide, _PLOT), video)
        _draw_channels(page.axes(_LEFT + wide + 60, _TOP_PLOTS, _SPHERE[0] - 50, _PLOT), video.examination)
        _draw_hypotheses(page, _LEFT, "the picture may be", video.examination.layouts)
        _draw_hypotheses(page, _LEFT + 300, "the sound may be", video.examination.formats)
        _draw_findings(page, _LEFT + 600, video.examination.findings)
        return page.pixels()


def _draw_header(page: Page, video: ExaminedVideo) -> None:
    verdict = video.examination.verdict
    title = page.text(_LEFT, 10, _shortened(video.name, 60), size=13, weight="bold")
    page.text_after(title, VERDICT_WORDS[verdict], size=13, weight="bold")
    page.text(_LEFT, 34, "   \u00b7   ".join(facts_of(video.examination)), size=NORMAL, color=GREY)
    left = page.width - _MARGIN - 150
    draw_scale(page.axes(left, 14, 150, 9))
    page.text(left - 10, 12, "energy by direction of arrival, dB", ha="right", size=NORMAL, color=GREY)
    page.axes(0, 0, 10, page.height).set(facecolor=VERDICT_COLOURS[verdict], xticks=[], yticks=[])


def facts_of(examination: Examination) -> list[str]:
    """What the files are, in words: codec, size, times, layout, channels."""
    facts = []
    picture, sound, layout = examination.picture, examination.sound, examination.layout
    if picture:
        facts.append(f"{picture.codec} {picture.width}\u00d7{picture.height}, {picture.fps:.4g} fps")
        facts.append(f"{picture.start_s:.4g}\u2013{picture.end_s:.5g} s")
    if layout:
        by = {"manifest": "as declared"}.get(layout.decided_by, f"by {layout.decided_by}")
        facts.append(f"{layout.projection} {layout.stereo} ({by})")
    if sound:
        facts.append(f"{sound.codec}, {sound.channels} channels, {sound.sample_rate_hz / 1000:g} kHz")
        facts.append(f"{sound.start_s:.4g}\u2013{sound.end_s:.5g} s")
    is_field = not any(one.code in _NO_FIELD and one.severity == "reject" for one in examination.findings)
    if (
        is_field
        and examination.channel_map
        and (examination.channel_map != (0, 1, 2, 3) or set(examination.channel_gains) != {1.0})
    ):
        gains = ", ".join(f"{gain:.3g}" for gain in examination.channel_gains)
        facts.append(f"W, Y, Z, X are channels {', '.join(map(str, examination.channel_map))} times {gains}")
    return facts


def details_of(examination: Examination) -> list[str]:
    """What else the files' headers and packets say, in words: frames, colours, clocks, ends."""
    details = []
    picture, sound = examination.picture_details, examination.sound_details
    if picture:
        colours = picture.colours
        said = (colours.space, colours.primaries, colours.transfer, colours.range and f"{colours.range} range")
        kind = " ".join((colours.pixel_format, *dict.fromkeys(word for word in said if word)))
        turned = f", to be turned by {picture.rotation_deg}\u00b0" if picture.rotation_deg else ""
        details.append(f"picture: {picture.frames} frames of {kind}{turned}, {_clock(picture.clock)}")
    if sound:
        details.append(f"sound: {sound.sample_format}, {_clock(sound.clock)}")
    return details


def _clock(clock: Clock) -> str:
    ends = {"its header": clock.announced_end_s, "its last packet": clock.last_packet_end_s}
    said = " and ".join(f"{end_s:.5g} s by {who}" for who, end_s in ends.items() if end_s is not None)
    return f"clock of {clock.tick} s, ends at {said}" if said else f"clock of {clock.tick} s"


def _draw_moment(axes: Any, moment: SeenMoment, sound: SoundMap, *, is_first: bool) -> None:
    axes.imshow(moment.picture, extent=(180, -180, -90, 90), aspect="auto", interpolation="antialiased")
    if moment.is_sphere:
        draw_map(axes, sound)
        axes.set_xticks([180, 90, 0, -90, -180], ["+180°", "+90°", "0°", "\u221290°", "\u2212180°"])
        for tick, side in ((0, "left"), (-1, "right")):
            axes.get_xticklabels()[tick].set_horizontalalignment(side)
        axes.set_yticks([45, 0, -45], ["+45°", "0°", "\u221245°"] if is_first else [""] * 3)
        axes.grid(color="white", alpha=0.25, linewidth=0.5)
    else:
        axes.set(xticks=[], yticks=[])
    axes.set(xlim=(180, -180), ylim=(-90, 90))
    box = {"boxstyle": "square,pad=0.25", "facecolor": "#000000a0", "edgecolor": "none"}
    as_it_is = "" if moment.is_sphere else "  (the frame as it is)"
    axes.text(175, 83, f"{moment.time_s:.2f} s{as_it_is}", size=SMALL, color="white", va="top", bbox=box)


def _draw_levels(axes: Any, video: ExaminedVideo) -> None:
    """Each channel's level over time, unusable spans behind it, the clips below."""
    levels = np.maximum(video.levels_dbfs, _LOWEST_DBFS)
    times_s = video.start_s + (np.arange(levels.shape[1]) + 0.5) * video.hop_s
    for number, (name, level) in enumerate(zip(_names(video.examination), levels, strict=True)):
        axes.plot(times_s, level, color=_CHANNELS[number % len(_CHANNELS)], linewidth=0.9, label=name)
    for first_s, last_s, code in _marked(video.examination):
        axes.axvspan(first_s, last_s, color="#c0262d", alpha=0.13, linewidth=0)
        axes.text((first_s + last_s) / 2, -4, code, size=SMALL, color="#c0262d", ha="center", va="top")
    for first_s, last_s in video.windows:
        axes.plot([first_s, last_s], [_LOWEST_DBFS + 2] * 2, color="#2e8b57", linewidth=5, solid_capstyle="butt")
        axes.plot([first_s] * 2, [_LOWEST_DBFS, _LOWEST_DBFS + 6], color=INK, linewidth=0.8)
    for moment in video.moments:
        axes.axvline(moment.time_s, color="#f7d27a", linewidth=1.5, zorder=0)
    axes.set_ylim(_LOWEST_DBFS, 0)
    picture, sound = video.examination.picture, video.examination.sound
    spans = [(track.start_s, track.end_s) for track in (picture, sound) if track]
    if spans:
        first_s, last_s = min(span[0] for span in spans), max(span[1] for span in spans)
        axes.set_xlim(first_s, max(last_s, first_s + 0.1))
    axes.set_xlabel("seconds" + ("; green: the clips" if video.windows else ""), size=SMALL, color=GREY, labelpad=1)
    axes.set_ylabel("dBFS", size=SMALL, color=GREY, labelpad=2)
    axes.grid(color=FAINT, alpha=0.5, linewidth=0.4)
    if levels.shape[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=16, frameon=False, fontsize=SMALL,
                    handlelength=1.2, columnspacing=1.2, borderaxespad=0.1, handletextpad=0.5)  # fmt: skip


def _marked(examination: Examination) -> list[tuple[float, float, str]]:
    """From, to and code of every finding that speaks of a part of the file."""
    return [(*span, finding.code) for finding in examination.findings for span in finding.spans]


def _names(examination: Examination) -> list[str]:
    """What to call the decoded channels."""
    count = examination.sound.channels if examination.sound else 0
    names = [f"channel {number}" for number in range(count)]
    for name, place in zip("WYZX", examination.channel_map, strict=False):
        if place < count:
            names[place] = name
    return names


def _draw_channels(axes: Any, examination: Examination) -> None:
    """The channels' levels as bars."""
    levels = np.maximum(np.asarray(examination.levels_dbfs, float), _LOWEST_DBFS)
    names = _names(examination)[: levels.size]
    colours = [_CHANNELS[number % len(_CHANNELS)] for number in range(levels.size)]
    axes.barh(np.arange(levels.size), levels - _LOWEST_DBFS, left=_LOWEST_DBFS, color=colours, height=0.6)
    axes.set_yticks(np.arange(levels.size), names)
    axes.invert_yaxis()
    axes.set_xlim(_LOWEST_DBFS, 0)
    axes.set_xlabel("level of the channels as decoded, dBFS", size=SMALL, color=GREY, labelpad=1)
    axes.grid(color=FAINT, alpha=0.5, linewidth=0.4, axis="x")


def _draw_hypotheses(page: Page, left: float, title: str, hypotheses: tuple[Hypothesis, ...]) -> None:
    """Scores as bars, with the first one's evidence below."""
    page.text(left, _TOP_WORDS - 18, title, size=NORMAL, weight="bold")
    if not hypotheses:
        page.text(left, _TOP_WORDS, "nothing was learnt of it", color=GREY)
        return
    shown = hypotheses[:_MOST_HYPOTHESES]
    for number, hypothesis in enumerate(shown):
        top = _TOP_WORDS + number * 14
        page.text(left, top, hypothesis.name)
        axes = page.axes(left + 110, top + 1, 120, 9)
        axes.barh([0], [hypothesis.score], color=INK if number == 0 else FAINT)
        axes.set(xlim=(0, 1), xticks=[], yticks=[])
        page.text(left + 236, top, f"{100 * hypothesis.score:.0f} %", color=GREY)
    lines = [line for words in shown[0].evidence for line in textwrap.wrap(words, 54)]
    for number, line in enumerate(lines[:7]):
        page.text(left, _TOP_WORDS + len(shown) * 14 + 6 + number * 12, line, color=GREY)


def _draw_findings(page: Page, left: float, findings: tuple[Finding, ...]) -> None:
    page.text(left, _TOP_WORDS - 18, "what was found", size=NORMAL, weight="bold")
    if not findings:
        page.text(left, _TOP_WORDS, "nothing that speaks against it", color=GREY)
    top, bottom = float(_TOP_WORDS), float(_HEIGHT - 14)
    for number, finding in enumerate(findings):
        lines = textwrap.wrap(f"{finding.code}: {finding.text}", 128)
        if top + 12 * len(lines) > bottom:
            page.text(left, top, f"... and {len(findings) - number} more", color=GREY)
            return
        for line in lines:
            page.text(left, top, line, color=_SEVERITY_COLOURS[finding.severity])
            top += 12
        top += 4


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}\u2026{text[-most // 2 :]}"
