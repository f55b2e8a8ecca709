"""Whether the channels of a sound are copies of one or two signals: mono or stereo dressed as a sound field.

A lone source at a fixed place makes copies as well, and two make two signals: what directions have such gains is legal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.examine.findings import Finding
from yt360_tools.examine.sound_field import FieldNumbers
from yt360_tools.examine.sound_formats import Format, Judged
from yt360_tools.thresholds.sound import SoundThresholds

Array = NDArray[np.float64]
_RATIOS_DB = (0.0, 3.01, 4.77)
_NAMES = "WYZX"


@dataclass(frozen=True)
class Likeness:
    """How alike four channels are, at all times and in all bands (each audible block counts the same).

    Attributes:
        live: which of the four (W, Y, Z, X) are neither empty nor faint beside the loudest.
        alike: (4, 4), correlation with its sign.
        gains_db: (4,), level relative to W.
        one_rest, two_rest: the share that one signal, or two, cannot explain (channels brought to one level).
    """

    live: tuple[int, ...]
    alike: Array
    gains_db: Array
    one_rest: float
    two_rest: float


def measure_likeness(
    numbers: FieldNumbers, places: Sequence[int], dead: frozenset[int], thresholds: SoundThresholds
) -> Likeness:
    """The likeness of the channels at `places`."""
    power = np.maximum(np.diag(numbers.total)[list(places)], 1e-20)
    is_faint = power < power.max() * 10 ** (-thresholds.faint_db / 10)
    live = tuple(index for index, place in enumerate(places) if place not in dead and not is_faint[index])
    blocks = numbers.blocks[:, list(places)][:, :, list(places)]
    energy = np.maximum(np.trace(blocks, axis1=1, axis2=2).real, 1e-30)
    mean = (blocks / energy[:, None, None]).mean(axis=0) if len(blocks) else np.eye(4, dtype=np.complex64)
    scale = np.sqrt(np.maximum(np.diag(mean).real, 1e-15))
    alike = mean / scale / scale[:, None]
    parts = np.linalg.eigvalsh(alike[np.ix_(live, live)])[::-1]
    one = 1 - float(parts[:1].sum()) / len(live)
    two = 1 - float(parts[:2].sum()) / len(live)
    return Likeness(live, np.asarray(alike.real, np.float64), 10 * np.log10(power / power[0]), one, two)


def copy_findings(likeness: Likeness, judged: Judged, total: Array, thresholds: SoundThresholds) -> tuple[Finding, ...]:
    """``mono_upmixed``, ``stereo_in_disguise``, ``opposite_copies`` and ``copied_channels``.

    Args:
        total: (n, n), the covariance of all channels.
    """
    if len(likeness.live) < 2 or likeness.live[0] != 0:
        return ()
    if likeness.one_rest < thresholds.one_signal_rest:
        return _one_signal(likeness, thresholds)
    same, opposite = _pairs(likeness, thresholds)
    if _ratio_db(likeness) < thresholds.lone_source_db:  # W and X are alike where all sounds come from the front
        same, opposite = ([pair for pair in pairs if pair[0]] for pairs in (same, opposite))
    if likeness.two_rest < thresholds.two_signals_rest:
        return _two_signals(likeness, judged, total, same + opposite, thresholds)
    return _copied(likeness, same, "copied_channels", "copies") + _copied(
        likeness, opposite, "opposite_copies", "each other's opposite"
    )


def _one_signal(likeness: Likeness, thresholds: SoundThresholds) -> tuple[Finding, ...]:
    """Nothing where a lone source could be; a doubt where it could be either; a rejection where no source can be."""
    gains = likeness.gains_db[list(likeness.live)]
    ratio_db = _ratio_db(likeness)
    off_db = min(abs(ratio_db - known) for known in _RATIOS_DB)
    if 2 not in likeness.live and -thresholds.empty_z_db < ratio_db < 0:  # a source above or below, its Z left out
        off_db = 0.0
    numbers = {"rest_share": likeness.one_rest, "ratio_db": ratio_db, "off_db": off_db}
    if np.ptp(gains) < thresholds.same_gain_db:
        if len(likeness.live) == 4:
            said = "its four channels are copies of one signal, all as loud: it is mono"
            return (Finding("mono_upmixed", "reject", said, numbers),)
        which = " and ".join(_NAMES[index] for index in likeness.live)
        said = f"its channels {which} are copies of one signal, all as loud: mono, or one source on an axis"
        return (Finding("mono_upmixed", "doubt", said, numbers),)
    if off_db < thresholds.lone_source_db:
        return ()
    certain = off_db > thresholds.no_source_db
    said = f"its channels are copies of one signal, with Y, Z and X together {ratio_db:+.1f} dB to W; " + (
        "no direction has such gains: it is mono" if certain else "is it mono, or one source at one place?"
    )
    return (Finding("mono_upmixed", "reject" if certain else "doubt", said, numbers),)


def _ratio_db(likeness: Likeness) -> float:
    """Of the energies of Y, Z and X together over W's."""
    first_order = likeness.gains_db[[index for index in likeness.live if index]]
    return 10 * float(np.log10((10 ** (first_order / 10)).sum()))


def _pairs(likeness: Likeness, thresholds: SoundThresholds) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Which channels are the same, and which each other's opposite, at the same level."""
    same, opposite = [], []
    for one in likeness.live:
        for other in likeness.live:
            if other <= one or abs(likeness.gains_db[one] - likeness.gains_db[other]) > thresholds.same_gain_db:
                continue
            if likeness.alike[one, other] > 1 - thresholds.copy_rest:
                same.append((one, other))
            elif likeness.alike[one, other] < thresholds.copy_rest - 1:
                opposite.append((one, other))
    return same, opposite


def _two_signals(
    likeness: Likeness,
    judged: Judged,
    total: Array,
    pairs: list[tuple[int, int]],
    thresholds: SoundThresholds,
) -> tuple[Finding, ...]:
    numbers = {"rest_share": likeness.two_rest, "pairs": float(len(pairs))}
    if len(likeness.live) == 4 and any(not set(one) & set(other) for one in pairs for other in pairs):
        said = "its channels are two signals, each of them twice: it is stereo"
        return (Finding("stereo_in_disguise", "reject", said, numbers),)
    if len(likeness.live) > 2 and any(
        _two_sources(one, judged.readings[name].ratio_db, total, 2 not in likeness.live, thresholds)
        for name, one in judged.formats.items()
        if judged.score(name) > 0.5
    ):
        return ()
    said = "its channels are made of two signals: stereo, or two sources at fixed places"
    return (Finding("stereo_in_disguise", "doubt", said, numbers),)


def _two_sources(one: Format, ratio_db: float, total: Array, empty_z: bool, thresholds: SoundThresholds) -> bool:
    """Whether two plane waves make such channels: two signals' plane cuts the cone W^2 = Y^2 + Z^2 + X^2 twice."""
    off_db = ratio_db - one.ratio_db
    least_db = -thresholds.lone_source_db - (thresholds.empty_z_db if empty_z else 0.0)
    if not least_db < off_db < thresholds.lone_source_db:
        return False
    places = list(one.places)
    gains = np.asarray(one.gains)
    field = total[np.ix_(places, places)] * gains * gains[:, None]
    plane = np.linalg.eigh(field)[1][:, -2:]
    form = plane.T @ (plane * np.array([1.0, -1.0, -1.0, -1.0])[:, None])
    return bool(np.linalg.det(form) < 0)


def _copied(likeness: Likeness, pairs: list[tuple[int, int]], code: str, what: str) -> tuple[Finding, ...]:
    if not pairs:
        return ()
    which = ", ".join(f"{_NAMES[one]} and {_NAMES[other]}" for one, other in pairs)
    numbers = {"least_likeness": min(abs(float(likeness.alike[pair])) for pair in pairs)}
    return (Finding(code, "doubt", f"its channels {which} are {what}: no several sources do that", numbers),)
