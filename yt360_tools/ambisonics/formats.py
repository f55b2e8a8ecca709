"""The orders and scalings that ambisonics come in, and the way from each to each.

A format is its channels' places among ACN's, and what each is multiplied by when it comes from SN3D.
"""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics.channels import Sound, channel_degrees, sound_order
from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array

FORMATS: dict[str, str] = {
    "sn3d": "AmbiX: channels in the order of ACN (W, Y, Z, X, ...), SN3D; YouTube's, and this project's throughout",
    "n3d": "ACN with N3D: SN3D times sqrt(2n + 1) for degree n",
    "orthonormal": "ACN with orthonormal harmonics: N3D over sqrt(4 pi); what spaudiopy, and others, call N3D",
    "fuma": "Furse-Malham: W, X, Y, Z, R, S, ..., maxN with W at -3 dB; up to order 3",
}
"""What `convert` knows: a name, and what it is."""

_MAX_FUMA_ORDER = 3

# Letter, ACN, and factor from SN3D: each harmonic's greatest value is 1, but W's 1 / sqrt(2) (Malham, "Higher order
# Ambisonic systems", 2003). In SN3D the greatest are 1 for m = 0, sqrt(3) / 2 for V, T, S, U, and so on.
_FUMA = (
    ("W", 0, sqrt(1 / 2)),
    ("X", 3, 1.0), ("Y", 1, 1.0), ("Z", 2, 1.0),
    ("R", 6, 1.0), ("S", 7, sqrt(4 / 3)), ("T", 5, sqrt(4 / 3)), ("U", 8, sqrt(4 / 3)), ("V", 4, sqrt(4 / 3)),
    ("K", 12, 1.0), ("L", 13, sqrt(45 / 32)), ("M", 11, sqrt(45 / 32)), ("N", 14, sqrt(9 / 5)),
    ("O", 10, sqrt(9 / 5)), ("P", 15, sqrt(8 / 5)), ("Q", 9, sqrt(8 / 5)),
)  # fmt: skip


def convert(sound: Sound, source: str = "sn3d", target: str = "n3d") -> Sound:
    """`sound` (channels, samples) of the format `source`, as a new array in the format `target`, both of `FORMATS`.

    Orders 0 to 7; FuMa to order 3. The precision stays as it is.
    """
    order = sound_order(sound)
    places, factors = _layout(source, order)
    wanted_places, wanted_factors = _layout(target, order)
    where = np.argsort(places)[wanted_places]
    gains = wanted_factors / factors[where]
    return np.asarray(sound[where] * gains[:, None].astype(sound.dtype))


def _layout(name: str, order: int) -> tuple[NDArray[np.intp], Array]:
    """For each channel of the format: its ACN, and its factor from SN3D."""
    if name not in FORMATS:
        known = "; ".join(f"{known} ({what})" for known, what in FORMATS.items())
        raise UsageError(f"unknown format of ambisonics {name!r}{nearest(name.lower(), FORMATS)}; known: {known}")
    degrees = channel_degrees(order)
    if name == "fuma":
        if order > _MAX_FUMA_ORDER:
            raise UsageError(
                f"FuMa is defined up to order {_MAX_FUMA_ORDER} (16 channels); got order {order} ({degrees.size})"
            )
        known_channels = _FUMA[: degrees.size]
        return np.array([acn for _, acn, _ in known_channels]), np.array([factor for *_, factor in known_channels])
    n3d = np.sqrt(2 * degrees + 1)
    factors = {"sn3d": np.ones(degrees.size), "n3d": n3d, "orthonormal": n3d / sqrt(4 * pi)}[name]
    return np.arange(degrees.size), factors
