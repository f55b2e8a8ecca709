"""What was heard, said: as text for a person, as JSON for a script, as a table with a row a window and band."""

import csv
import io
import math
from typing import Any

import numpy as np

from yt360_tools.ambisonics import DIFFUSE, Arrivals
from yt360_tools.explore.sound_analysis import SoundAnalysis
from yt360_tools.explore.sound_input import OpenedSound, SoundInput

COLUMNS = ("start_s", "end_s", "low_hz", "high_hz", "level_dbfs", "azimuth_deg", "elevation_deg", "diffuseness")
_ORDERS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh")


def rows_of(found: Arrivals, start_s: float) -> list[dict[str, float | None]]:
    """A row of `COLUMNS` for each window and band, times on the source's clock; None where there is no number."""
    rows = []
    for window, (begin, end) in enumerate(found.spans_s):
        for band, (low, high) in enumerate(found.bands_hz):
            values = (
                *(round(start_s + float(begin), 6), round(start_s + float(end), 6), float(low), float(high)),
                _rounded(found.level_dbfs[window, band], 2),
                _rounded(found.azimuth_deg[window, band], 2),
                _rounded(found.elevation_deg[window, band], 2),
                _rounded(found.diffuseness[window, band], 4),
            )
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def as_csv(found: Arrivals, start_s: float) -> str:
    """`rows_of` as a CSV with a header; what has no number is empty."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows_of(found, start_s))
    return table.getvalue()


def as_plain(source: SoundInput, opened: OpenedSound, heard: SoundAnalysis) -> dict[str, Any]:
    """Everything that was found out, as plain values for JSON; null where there is no number."""
    view = source.view
    return {
        "path": str(source.path),
        "order": opened.order,
        "channels": opened.channels,
        "format": source.source_format,
        "sample_rate_hz": opened.sample_rate_hz,
        "start_s": opened.start_s,
        "end_s": round(opened.start_s + _length(heard), 6),
        "view_deg": None if view is None else [view.yaw_deg, view.pitch_deg, view.roll_deg],
        "overall": rows_of(heard.overall, opened.start_s),
        "loudest": [
            {"azimuth_deg": one.azimuth_deg, "elevation_deg": one.elevation_deg, "share": round(one.share, 4)}
            for one in heard.loudest
        ],
        "windows": rows_of(heard.windows, opened.start_s),
    }


def as_text(source: SoundInput, opened: OpenedSound, heard: SoundAnalysis) -> str:
    """A few lines for a person."""
    turned = "" if source.view is None else f", turned to {_spelt_view(source)}"
    lines = [
        f"{source.path.name}: {_ORDERS[opened.order]} order ({opened.channels} channels, {source.source_format}) at "
        f"{opened.sample_rate_hz} Hz, {_length(heard):.2f} s from {opened.start_s:.2f} s on{turned}",
        "",
        f"{'band':<20} {'level':>11}  {'comes from':<26} diffuse",
    ]
    overall = heard.overall
    for band, (low, high) in enumerate(overall.bands_hz):
        if len(overall.bands_hz) == 2 and band:
            break  # the only band is everything, which stands above it
        name = "everything" if band == 0 else spelt_band(low, high)
        level, diffuse = overall.level_dbfs[0, band], overall.diffuseness[0, band]
        where = spelt_direction(overall.azimuth_deg[0, band], overall.elevation_deg[0, band])
        if not math.isfinite(diffuse):
            where = "silence"
        elif diffuse >= DIFFUSE:
            where = "everywhere"
        shown = f"{100 * diffuse:>5.0f} %" if math.isfinite(diffuse) else f"{'-':>7}"
        lines.append(f"{name:<20} {_spelt_level(level):>11}  {where:<26} {shown}")
    lines.append("")
    for number, one in enumerate(heard.loudest, 1):
        lines.append(
            f"{number}  {spelt_direction(one.azimuth_deg, one.elevation_deg):<24} "
            f"{100 * one.share:>3.0f} % of what has a direction"
        )
    if not heard.loudest:
        lines.append("no direction stands out: it is silent")
    return "\n".join(lines)


def spelt_direction(azimuth_deg: float, elevation_deg: float) -> str:
    """Such as ``30° left, 5° down``."""
    if not (math.isfinite(azimuth_deg) and math.isfinite(elevation_deg)):
        return "nowhere"
    azimuth, elevation = round(azimuth_deg), round(elevation_deg)
    if azimuth == 0 or abs(azimuth) == 180:
        across = "front" if azimuth == 0 else "back"
    else:
        across = f"{abs(azimuth)}° {'left' if azimuth > 0 else 'right'}"
    if elevation == 0:
        return across
    upright = f"{abs(elevation)}° {'up' if elevation > 0 else 'down'}"
    return upright if abs(elevation) == 90 else f"{across}, {upright}"


def spelt_band(low_hz: float, high_hz: float) -> str:
    """Such as ``250 Hz to 1 kHz``."""
    return f"{spelt_hz(low_hz)} to {spelt_hz(high_hz)}" if low_hz else f"up to {spelt_hz(high_hz)}"


def spelt_hz(frequency_hz: float) -> str:
    """Such as ``250 Hz`` or ``22.05 kHz``."""
    return f"{frequency_hz / 1000:.4g} kHz" if frequency_hz >= 1000 else f"{frequency_hz:.3g} Hz"


def _spelt_level(level_dbfs: float) -> str:
    return f"{level_dbfs:.1f} dBFS" if math.isfinite(level_dbfs) else "-"


def _spelt_view(source: SoundInput) -> str:
    assert source.view is not None
    return f"yaw {source.view.yaw_deg:g}°, pitch {source.view.pitch_deg:g}°, roll {source.view.roll_deg:g}°"


def _length(heard: SoundAnalysis) -> float:
    return float(heard.overall.spans_s[-1, 1]) if len(heard.overall.spans_s) else 0.0


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) + 0.0 if np.isfinite(value) else None
