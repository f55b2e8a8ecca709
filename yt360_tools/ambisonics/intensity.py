"""From where sound arrives, and how much of it from everywhere: the active intensity, by window and band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yt360_tools.ambisonics.bands import BandCovariances, band_covariances
from yt360_tools.ambisonics.channels import XYZ_CHANNELS, Sound
from yt360_tools.ambisonics.field import check_directional
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array, angles_from_ray

SILENCE_DBFS = -90.0
"""What is softer in a band has no direction: a recorder's last bit makes noise of about -96 dBFS."""

DIFFUSE = 0.8
"""From this diffuseness on sound counts as coming from everywhere: a fifth of its energy at most (-6 dB beside the
rest) has a direction, and means over fifths of a second of a purely diffuse bass go down to here."""


@dataclass(frozen=True)
class Arrivals:
    """Where sound comes from, by window and band.

    Attributes:
        spans_s: beginning and end of each window in seconds from the sound's beginning, (windows, 2).
        bands_hz: lower and upper edge of each band, (bands, 2).
        azimuth_deg: of the direction from which energy flows, left positive, in (-180, 180], (windows, bands).
        elevation_deg: of the same, up positive, (windows, bands).
        diffuseness: 0 for one plane wave, 1 where as much flows one way as the other, (windows, bands).
        level_dbfs: the mean power of W, in decibels of full scale, -inf for nothing at all, (windows, bands).

    Where it is silent the direction and the diffuseness are NaN; where no energy flows the direction is.
    """

    spans_s: Array
    bands_hz: Array
    azimuth_deg: Array
    elevation_deg: Array
    diffuseness: Array
    level_dbfs: Array

    @property
    def times_s(self) -> Array:
        """The windows' middles (windows,)."""
        return np.asarray(self.spans_s.mean(axis=1))


def arrivals(
    sound: Sound,
    *,
    sample_rate_hz: int,
    window_s: float,
    hop_s: float | None = None,
    bands_hz: Sequence[tuple[float, float]] | None = None,
    silence_dbfs: float = SILENCE_DBFS,
) -> Arrivals:
    """Where sound ((N + 1)^2, samples), N from 1 to 7, comes from in every window and band.

    Windows and bands are those of `CovarianceStream`; by default there is one band with everything. Of any order, W and
    the three channels of first order are what counts.

    Raises:
        UsageError: the sound is not ambisonics of first order or higher, or not finite; no such window or band.
    """
    found = band_covariances(
        check_directional(sound), sample_rate_hz=sample_rate_hz, window_s=window_s, hop_s=hop_s, bands_hz=bands_hz
    )
    return arrivals_of(found, silence_dbfs=silence_dbfs)


def arrivals_of(covariances: BandCovariances, *, silence_dbfs: float = SILENCE_DBFS) -> Arrivals:
    """`arrivals`, of sound that has been transformed.

    The direction is that of the mean active intensity ``Re(W* (X, Y, Z))``; the diffuseness is ``1 - |I| / E``, with
    the mean energy density E (Merimaa & Pulkki, "Spatial Impulse Response Rendering I", 2005; Pulkki, "Spatial Sound
    Reproduction with Directional Audio Coding", 2007). Both means are over a window and a band: too few frames and bins
    make diffuse sound look less so, by about ``1 / sqrt(their number)`` (Ahonen & Pulkki, 2009, on such averages).
    """
    power, energy, flow = intensity(covariances.matrices)
    level_dbfs = 10 * np.log10(power, out=np.full(power.shape, -np.inf), where=power > 0)
    length = np.linalg.norm(flow, axis=-1)
    sounds = level_dbfs >= silence_dbfs
    has_way = sounds & (length > 1e-9 * energy)
    azimuth, elevation = np.degrees(angles_from_ray(np.where(has_way[..., None], flow, 1.0)))
    diffuseness = 1 - length / np.where(sounds, energy, 1.0)
    return Arrivals(
        covariances.spans_s,
        covariances.bands_hz,
        np.where(has_way, azimuth, np.nan),
        np.where(has_way, elevation, np.nan),
        np.where(sounds, np.clip(diffuseness, 0, 1), np.nan),
        level_dbfs,
    )


def intensity(matrices: Array) -> tuple[Array, Array, Array]:
    """The mean power of W (...), the energy density (...) and the flow's origin (..., 3), of covariances (..., c, c).

    In units in which all three are 1 (the last one in length) for a plane wave of power 1.

    Raises:
        UsageError: there are fewer channels than W, Y, Z and X.
    """
    if matrices.shape[-1] < 4:
        raise UsageError(
            f"a direction needs W, Y, Z and X, the channels of first order; got {matrices.shape[-1]} channel(s)"
        )
    powers = np.diagonal(matrices[..., :4, :4], axis1=-2, axis2=-1)
    return powers[..., 0], 0.5 * powers.sum(axis=-1), matrices[..., 0, list(XYZ_CHANNELS)]
