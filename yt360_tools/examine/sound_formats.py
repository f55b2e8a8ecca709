"""What a sound's channels may be: AmbiX, FuMa, N3D, packed as 5.1, with head-locked ones behind, or no sound field.

Each format is a reading of the channels with gains. Its score is Bayes' rule on three kinds of evidence: the ratio of
energies that plane waves have in it, whether the channels can be one sound field's at all, and where sounds come from
when it is true (from the front rather than from behind, along the horizon rather than up and down).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10, sqrt

import numpy as np

from yt360_tools.examine.findings import Hypothesis
from yt360_tools.examine.sound_field import FieldNumbers
from yt360_tools.examine.sound_reading import Reading, read_channels
from yt360_tools.thresholds.sound import SoundThresholds

Places = tuple[int, int, int, int]
Gains = tuple[float, float, float, float]

PLAIN: Gains = (1.0, 1.0, 1.0, 1.0)
FUMA: Gains = (sqrt(2), 1.0, 1.0, 1.0)
N3D: Gains = (1.0, 1 / sqrt(3), 1 / sqrt(3), 1 / sqrt(3))
_FIRST_FOUR: Places = (0, 1, 2, 3)
_FUMA_ORDER: Places = (0, 2, 3, 1)
_PACKED: Places = (2, 1, 4, 0)
_PACKED_EMPTY = (3, 5)
_EQUAL_DB = 4.77
"""Three channels over one, all equally loud."""
_HEAD_LOCKED = 2
"""What may stand behind a sound field: a pair, says every format that has one."""


@dataclass(frozen=True)
class Format:
    """A way to read channels: which are W, Y, Z, X, and what makes them SN3D; `prior` is relative."""

    name: str
    places: Places
    gains: Gains
    prior: float

    @property
    def ratio_db(self) -> float:
        """The energies of Y, Z and X over W's that plane waves have in it."""
        return 20 * log10(self.gains[0] / self.gains[1])


@dataclass(frozen=True)
class Judged:
    """The formats with their scores (the best first), and the reading of each but ``not_ambisonic``."""

    hypotheses: tuple[Hypothesis, ...]
    formats: dict[str, Format]
    readings: dict[str, Reading]
    impossible_share: float
    lag: float

    @property
    def best(self) -> Format | None:
        """The best that is a sound field; None where there is none."""
        return next((self.formats[one.name] for one in self.hypotheses if one.name in self.formats), None)

    def score(self, name: str) -> float:
        """0 where nobody thought of it."""
        return next((one.score for one in self.hypotheses if one.name == name), 0.0)


def candidate_formats(
    channels: int, ambisonic: int | None, declared: Places | None, thresholds: SoundThresholds
) -> tuple[Format, ...]:
    """What the channels may be.

    Args:
        channels: how many there are.
        ambisonic: how many of them are ambisonics for sure.
        declared: which are W, Y, Z, X, where somebody said so.
    """
    scales = (
        ("ambix", PLAIN, thresholds.ambix_prior),
        ("fuma", FUMA, thresholds.fuma_prior),
        ("n3d", N3D, thresholds.n3d_prior),
    )
    if declared is not None:
        return tuple(Format(name, declared, gains, prior) for name, gains, prior in scales)
    if ambisonic is None and channels > 4:
        behind = "ambix_head_locked" if channels == 4 + _HEAD_LOCKED else "ambix_and_others"
        packed = (Format("packed_5_1", _PACKED, PLAIN, thresholds.packed_prior),) if channels == 6 else ()
        return (Format(behind, _FIRST_FOUR, PLAIN, thresholds.head_locked_prior), *packed)
    places = {"fuma": _FUMA_ORDER}
    return tuple(Format(name, places.get(name, _FIRST_FOUR), gains, prior) for name, gains, prior in scales)


def judge_formats(
    formats: Sequence[Format], numbers: FieldNumbers, dead: frozenset[int], thresholds: SoundThresholds
) -> Judged:
    """Scores for each format and for none.

    Args:
        dead: the empty channels.
    """
    readings = {one.name: read_channels(numbers, one.places, thresholds) for one in formats}
    known = list(readings.values())
    impossible = min(impossible_share(one, thresholds) for one in known)
    lag = min(_lag(numbers, one.places) for one in formats)
    scores: list[float] = []
    told: list[tuple[str, ...]] = []
    for one in formats:
        score, evidence = _judge(one, readings[one.name], numbers, dead, thresholds)
        scores.append(score)
        told.append(evidence)
    score, evidence = _judge_none(known, numbers, formats, impossible, lag, thresholds)
    scores.append(score)
    told.append(evidence)
    odds = np.exp(np.asarray(scores) - max(scores))
    shares = odds / odds.sum()
    names = [*(one.name for one in formats), "not_ambisonic"]
    found = [Hypothesis(name, float(share), words) for name, share, words in zip(names, shares, told, strict=True)]
    found.sort(key=lambda one: -one.score)
    return Judged(tuple(found), {one.name: one for one in formats}, readings, impossible, lag)


def _judge_none(
    readings: Sequence[Reading],
    numbers: FieldNumbers,
    formats: Sequence[Format],
    impossible: float,
    lag: float,
    thresholds: SoundThresholds,
) -> tuple[float, tuple[str, ...]]:
    """As `_judge`, for channels that have nothing to do with each other: their ratio is that of four equal ones."""
    ratio_db = readings[0].ratio_db
    away = (ratio_db - _EQUAL_DB) / thresholds.unrelated_ratio_db
    score = float(np.log(thresholds.unrelated_prior) - 0.5 * away**2)
    score -= float(np.log(thresholds.unrelated_ratio_db * sqrt(2 * np.pi)))
    alike = _most_alike(numbers, formats[0].places)
    panned = min(panned_share(one, each.ratio_db, thresholds) for one, each in zip(readings, formats, strict=True))
    if alike < thresholds.unrelated_likeness:
        score += thresholds.unrelated_evidence
    elif (
        impossible < thresholds.impossible_share / 4
        and panned < thresholds.panned_share / 4
        and readings[0].directed_share > thresholds.related_directed
    ):
        score -= thresholds.related_evidence
        score += float(np.log(_disagreement(readings[0], thresholds)))
    words = (
        f"W is missing in {100 * impossible:.1f} % of the moments",
        f"the most alike are {alike:.2f} alike at once, and {lag:+.2f} more at another time",
    )
    return score, words


def _disagreement(reading: Reading, thresholds: SoundThresholds) -> float:
    """1 where bands differ in their ratio as those of unrelated channels do, or of bad microphones; less where not."""
    return float(np.clip(reading.spread_db / thresholds.unrelated_spread_db, thresholds.least_agreement, 1.0))


def _most_alike(numbers: FieldNumbers, places: Places) -> float:
    """The greatest correlation of two of four channels, without sign."""
    inside = numbers.bands.real.sum(axis=0)[np.ix_(places, places)]
    scale = np.sqrt(np.diag(inside)) + 1e-15
    return float(np.abs(inside / scale / scale[:, None])[np.triu_indices(4, 1)].max())


def _judge(
    one: Format, reading: Reading, numbers: FieldNumbers, dead: frozenset[int], thresholds: SoundThresholds
) -> tuple[float, tuple[str, ...]]:
    """The logarithm of prior and likelihoods, and the evidence in words."""
    empty_z = one.places[2] in dead or reading.axes_db[1] < max(reading.axes_db) - thresholds.faint_db
    scale = _scale(reading, one.ratio_db, empty_z, thresholds)
    field = -min(
        thresholds.most_evidence,
        thresholds.impossible_evidence * impossible_share(reading, thresholds) / thresholds.impossible_share,
    )
    panned = panned_share(reading, one.ratio_db, thresholds)
    field -= min(thresholds.most_evidence, thresholds.panned_evidence * panned / thresholds.panned_share)
    late = max(0.0, _lag(numbers, one.places) - thresholds.most_lag)
    field -= min(thresholds.most_evidence, thresholds.lag_evidence * late)
    order, words = _order(one, reading, dead, thresholds)
    evidence = [
        f"Y, Z, X over W: {reading.ratio_db:+.1f} dB, bands differ by {reading.spread_db:.1f} dB; "
        f"{one.ratio_db:+.1f} dB expected",
        f"{100 * panned:.1f} % of the moments are panned as no plane wave is",
        *words,
    ]
    if one.name == "packed_5_1":
        is_packed = all(place in dead for place in _PACKED_EMPTY)
        order += thresholds.packed_evidence if is_packed else -thresholds.most_evidence
        evidence.append("its channels 3 and 5 are empty" if is_packed else "its channels 3 and 5 are not empty")
    return float(np.log(one.prior)) + scale + field + order, tuple(evidence)


def _scale(reading: Reading, expected_db: float, empty_z: bool, thresholds: SoundThresholds) -> float:
    """Log density of the ratio: narrow where all bands agree, as wide as microphones deviate where they don't."""
    if not reading.is_told:
        return 0.0
    least = thresholds.exact_ratio_db
    if empty_z:  # what came from above or below is missing: up to 1.8 dB in a diffuse field
        expected_db, least = expected_db - thresholds.empty_z_shift_db, max(least, thresholds.empty_z_width_db)
    width = float(np.clip(thresholds.spread_widening * reading.spread_db, least, max(least, thresholds.real_ratio_db)))
    away = reading.ratio_db - expected_db
    wide = 2 * thresholds.real_ratio_db
    likely = np.exp(-0.5 * (away / width) ** 2) / (width * sqrt(2 * np.pi))
    odd = np.exp(-0.5 * (away / wide) ** 2) / (wide * sqrt(2 * np.pi))
    laid = 1 / 20 if -20 < away < 0 else 0.0  # anything in W alone lowers the ratio
    usual = 1 - thresholds.odd_ratio - thresholds.laid_ratio
    odd *= thresholds.odd_ratio * _disagreement(reading, thresholds)
    return float(np.log(usual * likely + odd + thresholds.laid_ratio * laid + 1e-12))


def _order(
    one: Format, reading: Reading, dead: frozenset[int], thresholds: SoundThresholds
) -> tuple[float, tuple[str, ...]]:
    """How well the axes fit: log likelihood relative to what is usual, and words."""
    y, z, x = one.places[1:]
    if z not in dead and (x in dead or y in dead):
        return -thresholds.odd_axis_evidence, ("its empty channel is not Z",)
    above = reading.axes_db[1] - max(reading.axes_db[0], reading.axes_db[2])
    score = -float(np.log1p(np.exp(np.clip(above, -20, 3) / 2)))
    if not reading.directions.shape[0]:
        return score, ()
    middle = reading.directions.mean(axis=0)
    length = float(np.linalg.norm(middle))
    azimuth = float(np.arctan2(middle[1], middle[0]))
    elevation = float(np.arcsin(np.clip(middle[2] / max(length, 1e-9), -1, 1)))
    towards = length  # sources all around have no middle
    score += towards * (_log_azimuth(azimuth, thresholds) - np.log1p((elevation / thresholds.usual_elevation_rad) ** 2))
    upright, words = _upright(reading, middle / max(length, 1e-9), thresholds)
    at = f"sounds come from azimuth {np.degrees(azimuth):.0f}, elevation {np.degrees(elevation):.0f} degrees"
    return score + upright, (at, words)


def _log_azimuth(azimuth: float, thresholds: SoundThresholds) -> float:
    """Sounds come from the front more often than not; relative to anywhere."""
    narrow = np.exp(20 * (np.cos(azimuth) - 1)) / (2 * np.pi * np.i0(20.0) * np.exp(-20))
    broad = np.exp(2 * (np.cos(azimuth) - 1)) / (2 * np.pi * np.i0(2.0) * np.exp(-2))
    near, far = thresholds.front_narrow, thresholds.front_broad
    return float(np.log((near * narrow + far * broad) * 2 * np.pi + max(1e-3, 1 - near - far)))


def _upright(reading: Reading, middle: np.ndarray, thresholds: SoundThresholds) -> tuple[float, str]:
    """Log likelihood of where sounds of different pitch come from: side by side rather than one above the other.

    A low room's echoes come from above and below in all third octaves alike; high and low instruments don't. Of the
    variance between third octaves across the middle's axis, `share` is vertical: a density of 5 (1 - share)^4, flat
    where they hardly differ.
    """
    up = np.array([0.0, 0.0, 1.0]) - middle[2] * middle
    if np.linalg.norm(up) < 0.3:  # all from above or below
        return 0.0, "sounds come from above or below"
    up /= np.linalg.norm(up)
    side = np.cross(up, middle)
    if reading.band_directions.shape[0] < thresholds.least_bands:
        return 0.0, "too few bands have a direction"
    off = reading.band_directions - reading.band_directions.mean(axis=0)
    vertical, lateral = float(np.var(off @ up)), float(np.var(off @ side))
    spread = vertical + lateral
    share = vertical / max(spread, 1e-12)
    weight = float(np.clip((spread - thresholds.upright_spread) / 0.01, 0, 1))
    words = f"bands differ by {sqrt(vertical):.2f} up and down, by {sqrt(lateral):.2f} sideways"
    return weight * float(np.log(5 * (1 - share) ** 4 + 0.05)), words


def impossible_share(reading: Reading, thresholds: SoundThresholds) -> float:
    """The share of moments and bands where W hears hardly anything of what Y, Z, X hear: no sound does that."""
    return float((reading.block_ratios_db > thresholds.impossible_db).mean()) if reading.is_told else 0.0


def panned_share(reading: Reading, expected_db: float, thresholds: SoundThresholds) -> float:
    """The share of the moments in which all channels are one wave in phase, with gains that no plane wave has.

    Only too weak a W counts: too strong a one may be music laid over. Moments count by their amplitudes: low bit rates
    leave single channels out of what is soft.
    """
    off = reading.is_one_wave & (reading.block_ratios_db > expected_db + thresholds.panned_db)
    return float(reading.loudness[off].sum() / reading.loudness.sum()) if reading.is_told else 0.0


def _lag(numbers: FieldNumbers, places: Places) -> float:
    inside = numbers.lags[np.ix_(places, places)]
    return float(inside[np.triu_indices(4, 1)].max())
