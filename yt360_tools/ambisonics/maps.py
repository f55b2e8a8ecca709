"""Maps of the energy on any grid of rays, over time and by band: what a beam receives that looks along each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yt360_tools.ambisonics.bands import BandCovariances, band_covariances
from yt360_tools.ambisonics.beams import beam_channels
from yt360_tools.ambisonics.channels import Sound, order_of
from yt360_tools.geometry import Array

MAP_PATTERN = "hypercardioid"
"""The sharpest beam of any order, which tells directions apart best; its small lobe behind is 6 dB down at first."""

_BATCH = 2_000_000
"""Numbers of a map's intermediate result that are held at once."""


@dataclass(frozen=True)
class EnergyMaps:
    """The power that beams receive, by window, band and ray.

    Attributes:
        spans_s: beginning and end of each window in seconds from the sound's beginning, (windows, 2).
        bands_hz: lower and upper edge of each band, (bands, 2).
        rays: where the beams look, unit rays (..., 3).
        power: mean power, 1 for a plane wave of power 1 from that very ray, (windows, bands, ...).
        pattern: the beams' pattern.
    """

    spans_s: Array
    bands_hz: Array
    rays: Array
    power: Array
    pattern: str

    @property
    def times_s(self) -> Array:
        """The windows' middles (windows,)."""
        return np.asarray(self.spans_s.mean(axis=1))


def energy_maps(
    sound: Sound,
    rays: Array,
    *,
    sample_rate_hz: int,
    window_s: float,
    hop_s: float | None = None,
    bands_hz: Sequence[tuple[float, float]] | None = None,
    pattern: str = MAP_PATTERN,
) -> EnergyMaps:
    """The power that beams along the unit `rays` (..., 3) receive of sound ((N + 1)^2, samples) of any order N.

    Windows and bands are those of `CovarianceStream`; by default there is one band with everything. The maps of bands
    that together are everything add up to the map of everything.

    Raises:
        UsageError: the sound is not ambisonics or not finite; no such window, band or pattern.
    """
    found = band_covariances(sound, sample_rate_hz=sample_rate_hz, window_s=window_s, hop_s=hop_s, bands_hz=bands_hz)
    return energy_maps_of(found, rays, pattern=pattern)


def energy_maps_of(covariances: BandCovariances, rays: Array, *, pattern: str = MAP_PATTERN) -> EnergyMaps:
    """`energy_maps`, of sound that has been transformed."""
    power = beam_power(covariances.matrices, rays, pattern)
    return EnergyMaps(covariances.spans_s, covariances.bands_hz, rays, power, pattern)


def beam_power(matrices: Array, rays: Array, pattern: str = MAP_PATTERN) -> Array:
    """The power (..., *rays.shape[:-1]) along unit `rays` that beams make of covariances (..., channels, channels).

    A beam weights the channels; its power is ``w^T C w``.

    Raises:
        UsageError: no such pattern, or no such number of channels.
    """
    weights = beam_channels(rays, pattern, order_of(matrices.shape[-1])).reshape(-1, matrices.shape[-1])
    flat = matrices.reshape(-1, *matrices.shape[-2:])
    power = np.empty((len(flat), len(weights)))
    at_once = max(1, _BATCH // max(1, weights.size))
    for first in range(0, len(flat), at_once):
        part = flat[first : first + at_once]
        power[first : first + at_once] = np.einsum("wri,ri->wr", weights @ part, weights)
    return power.reshape(*matrices.shape[:-2], *rays.shape[:-1])
