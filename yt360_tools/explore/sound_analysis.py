"""What was heard in a sound: how loud it is, from where it comes and how diffuse it is, over time and by band."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, radians

import numpy as np

from yt360_tools.ambisonics import (
    Arrivals,
    BandCovariances,
    CovarianceStream,
    Sound,
    arrivals_of,
    bands_between,
    fractional_octaves,
    peaks_of_votes,
)
from yt360_tools.ambisonics.intensity import SILENCE_DBFS, intensity
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, angles_from_ray

DEFAULT_SPLITS_HZ = (250.0, 1000.0, 4000.0)
BAND_WORDS = ("octaves", "thirds", "one")
_VOTE_S = 0.1
"""How long a window is at most that votes for one direction: sources that take turns stay apart."""
_MOST_VOTES = 8192
_CELL = radians(2.5)
"""More votes than so many are added up in cells of this size, of which the sphere has fewer."""
_MOST_DIRECTIONS = 4
_SEPARATION = radians(25)
_REACH = radians(30)
_LEAST_SHARE = 0.03
_SILENT_POWER = 10 ** (SILENCE_DBFS / 10)


@dataclass(frozen=True)
class LoudDirection:
    """A direction from which much sound comes.

    Attributes:
        share: of all the energy that has a direction, how much comes from within 30° of this one and from no nearer
            other one, 0 to 1.
    """

    azimuth_deg: float
    elevation_deg: float
    share: float


@dataclass(frozen=True)
class SoundAnalysis:
    """A sound, heard from its beginning to its end.

    Attributes:
        overall: one window with the whole span; its first band is everything. The directions are those of the mean
            intensity, the diffuseness is the mean of the windows', each weighted with its energy.
        windows: over time and by band.
        loudest: the loudest first.
        votes: the directions of short windows, unit rays (votes, 3); of long sounds, of all such windows in a cell.
        votes_power: the power of their directional part (votes,).
        field: the covariances of all channels by window and band, for maps of any kind.
    """

    overall: Arrivals
    windows: Arrivals
    loudest: tuple[LoudDirection, ...]
    votes: Array
    votes_power: Array
    field: BandCovariances


class Listener:
    """Takes sound in pieces, and says at the end what was heard.

    Args:
        bands_hz: bands that together are everything, from `choose_bands`.
        window_s: how long the windows of the answer are.
    """

    def __init__(self, channels: int, sample_rate_hz: int, *, bands_hz: Array, window_s: float) -> None:
        bands = [(float(low), float(high)) for low, high in bands_hz]
        if not (np.isfinite(window_s) and window_s > 0):
            raise UsageError(f"--window is a number of seconds above 0; got {window_s}")
        self._group = max(1, ceil(window_s / _VOTE_S - 1e-9))
        self._brief = CovarianceStream(
            4, sample_rate_hz=sample_rate_hz, window_s=window_s / self._group, bands_hz=bands
        )
        self._full = None
        if channels > 4:
            self._full = CovarianceStream(channels, sample_rate_hz=sample_rate_hz, window_s=window_s, bands_hz=bands)

    def take(self, sound: Sound) -> None:
        """The next samples (channels, any number)."""
        self._brief.add(sound[:4])
        if self._full is not None:
            self._full.add(sound)

    def finish(self) -> SoundAnalysis:
        """What was heard in everything that was taken; without sound there are no windows."""
        brief = self._brief.finish()
        grouped = brief.in_groups(self._group)
        windows = arrivals_of(grouped)
        rays, power = _votes(brief)
        return SoundAnalysis(
            overall=_overall(grouped),
            windows=windows,
            loudest=_loudest(rays, power),
            votes=rays,
            votes_power=power,
            field=grouped if self._full is None else self._full.finish(),
        )


def choose_bands(text: str | None, sample_rate_hz: int) -> Array:
    """Bands (bands, 2) in Hz that together are everything: `text` names where one ends and the next begins.

    ``octaves`` and ``thirds`` of them around 1 kHz, ``one`` for no bands at all, or frequencies such as
    ``250,1000,4000``, which is the default as far as there are such frequencies.

    Raises:
        UsageError: neither a word nor rising frequencies below half the rate.
    """
    half = sample_rate_hz / 2
    if text is None:
        return np.array(bands_between((0.0, *(split for split in DEFAULT_SPLITS_HZ if split < half), half)))
    if text == "octaves":
        return np.array(bands_between(fractional_octaves(sample_rate_hz)))
    if text == "thirds":
        return np.array(bands_between(fractional_octaves(sample_rate_hz, 3, lowest_hz=140.0)))
    if text == "one":
        return np.array([(0.0, half)])
    return np.array(bands_between((0.0, *_splits(text, half), half)))


def _splits(text: str, half: float) -> Sequence[float]:
    try:
        splits = [float(part) for part in text.split(",")]
    except ValueError:
        splits = []
    rising = all(low < high for low, high in bands_between((0.0, *splits, half)))
    if not splits or not np.isfinite(splits).all() or not rising:
        raise UsageError(
            f"--bands is {', '.join(BAND_WORDS)}, or the frequencies in Hz between bands, rising and below "
            f"{half:g} Hz (half the rate), such as 250,1000,4000; got {text!r}"
        )
    return splits


def _overall(grouped: BandCovariances) -> Arrivals:
    """Everything first, then the bands, over the whole span."""
    both = [arrivals_of(part.over_time()) for part in (grouped.over_bands(), grouped)]
    diffuse = np.concatenate([_mean_diffuseness(part) for part in (grouped.over_bands(), grouped)])
    names = ("azimuth_deg", "elevation_deg", "level_dbfs")
    joined = {name: np.concatenate([getattr(part, name) for part in both], axis=1) for name in names}
    bands = np.concatenate([part.bands_hz for part in both])
    return Arrivals(both[0].spans_s, bands, diffuseness=diffuse[None], **joined)


def _mean_diffuseness(covariances: BandCovariances) -> Array:
    """By band, the windows' diffuseness, weighted with their energy; NaN where all are silent (bands,)."""
    found = arrivals_of(covariances).diffuseness
    _, energy, _ = intensity(covariances.matrices)
    weights = np.where(np.isfinite(found), energy * covariances.samples[:, None], 0.0)
    total = weights.sum(axis=0)
    weighed = (weights * np.where(np.isfinite(found), found, 0.0)).sum(axis=0)
    return np.divide(weighed, total, out=np.full(total.shape, np.nan), where=total > 0)


def _votes(brief: BandCovariances) -> tuple[Array, Array]:
    """The direction (n, 3) and the directional power (n,) of the windows and bands that have one."""
    power, _, flow = intensity(brief.matrices)
    length = np.linalg.norm(flow, axis=-1)
    loud = (length > 1e-3 * length.max(initial=0.0)) & (power > _SILENT_POWER)
    rays, strength = flow[loud] / length[loud][:, None], length[loud]
    return _in_cells(rays, strength) if strength.size > _MOST_VOTES else (rays, strength)


def _in_cells(rays: Array, power: Array) -> tuple[Array, Array]:
    """Votes added up in cells of about `_CELL` each way: their mean directions (cells, 3) and summed power (cells,)."""
    azimuth, elevation = angles_from_ray(rays)
    row = np.rint(elevation / _CELL).astype(np.int64)
    column = np.rint(azimuth * np.cos(row * _CELL) / _CELL).astype(np.int64)
    cells, cell = np.unique(row * 1000 + column, return_inverse=True)
    summed = np.stack([np.bincount(cell, power * along, len(cells)) for along in rays.T], axis=1)
    means = summed / np.linalg.norm(summed, axis=1, keepdims=True)
    return means, np.bincount(cell, power, len(cells)).astype(np.float64)


def _loudest(rays: Array, power: Array) -> tuple[LoudDirection, ...]:
    peaks = peaks_of_votes(rays, power, _MOST_DIRECTIONS, min_separation=_SEPARATION)
    if not len(peaks):
        return ()
    cosines = rays @ peaks.T
    nearest_peak = np.where(cosines.max(axis=1) > np.cos(_REACH), cosines.argmax(axis=1), -1)
    azimuth, elevation = np.degrees(angles_from_ray(peaks))
    shares = [float(power[nearest_peak == index].sum() / power.sum()) for index in range(len(peaks))]
    found = [
        LoudDirection(round(float(azimuth[i]), 3), round(float(elevation[i]), 3), shares[i])
        for i in range(len(peaks))
        if shares[i] >= _LEAST_SHARE
    ]
    return tuple(sorted(found, key=lambda one: -one.share))
