"""A scene for two ears: ambisonics to headphones, by spaudiopy's decoder."""

import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics.channels import Sound, channel_degrees, channels_of, check_finite, order_of, sound_order
from yt360_tools.ambisonics.head import load_spaudiopy, sofa_head, sphere_head
from yt360_tools.ambisonics.rotation import rotation_matrix
from yt360_tools.geometry import Array, Direction, angles_from_ray


def binaural(
    sound: Sound, sample_rate_hz: int, *, rotation: Array | Direction | None = None, sofa: Path | None = None
) -> NDArray[np.float32]:
    """What the left and the right ear hear of sound ((N + 1)^2, samples) of any order N: float32 (2, samples).

    The listener looks to the front, after the scene was turned by `rotation` (3, 3), or to a `Direction`. The head is
    that of the `sofa` file, or a rigid sphere, with which everything is about 0.6 ms late; the last 5 ms of what it
    echoes are cut off. A plane wave from the front comes out about as loud as it went in.

    Raises:
        UsageError: the sound is not ambisonics or not finite, or the SOFA file can't be read.
    """
    sound_order(sound)
    check_finite(sound)
    return BinauralStream(sound.shape[0], sample_rate_hz, rotation=rotation, sofa=sofa).add(sound)


class BinauralStream:
    """`binaural` of sound that arrives in pieces: every piece gives as many samples as it has."""

    def __init__(
        self,
        channels: int,
        sample_rate_hz: int,
        *,
        rotation: Array | Direction | None = None,
        sofa: Path | None = None,
    ) -> None:
        order = order_of(channels)
        self._filters = ear_filters(order, sample_rate_hz, sofa)
        if rotation is not None:
            # Turning the scene, then filtering it, is filtering it with filters that were turned back.
            self._filters = np.einsum("eit,ij->ejt", self._filters, rotation_matrix(rotation, order))
        self._before = np.zeros((channels, self._filters.shape[2] - 1), np.float32)

    def add(self, sound: Sound) -> NDArray[np.float32]:
        """What the ears hear while the next samples (channels, any number) arrive: float32 (2, as many)."""
        from scipy.signal import oaconvolve

        if not sound.shape[1]:
            return np.zeros((2, 0), np.float32)
        held = np.concatenate([self._before, sound], axis=1)
        heard = [sum(oaconvolve(held[i], ear[i], mode="valid") for i in range(len(held))) for ear in self._filters]
        self._before = held[:, held.shape[1] - self._before.shape[1] :]
        return np.asarray(heard, np.float32)


@lru_cache(maxsize=4)
def ear_filters(order: int, sample_rate_hz: int, sofa: Path | None = None) -> Array:
    """What each ear makes of each channel in SN3D: impulse responses (2, channels, taps), read-only.

    Least squares below 600 Hz times the order, where the sound field is right around a head, and above it right in
    magnitude alone (Hold, Meyer-Kahlen & Pulkki, "Magnitude-Least-Squares Binaural Ambisonic Rendering with Phase
    Continuation", 2023, as spaudiopy has it).
    """
    spaudiopy = load_spaudiopy()
    head = sphere_head(sample_rate_hz) if sofa is None else sofa_head(sofa, sample_rate_hz)
    azimuth, elevation = angles_from_ray(head.rays)
    hrirs = spaudiopy.sig.HRIRs(*head.responses, azimuth, np.pi / 2 - elevation, sample_rate_hz)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # scipy's, about how it is used
        filters = spaudiopy.decoder.magls_bin(hrirs, max(1, order))[:, : channels_of(order)]
    # Its harmonics are orthonormal: SN3D times sqrt(2n + 1) over sqrt(4 pi).
    filters = filters * np.sqrt((2 * channel_degrees(order) + 1) / (4 * np.pi))[:, None]
    filters.flags.writeable = False
    return np.asarray(filters)
