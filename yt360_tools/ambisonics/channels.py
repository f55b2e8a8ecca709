"""What the channels of ambisonics are: AmbiX (ACN, SN3D), arrays (channels, samples), orders 0 to 7.

Order N has (N + 1)^2 channels. The one of degree n and index m, ``-n <= m <= n``, is number ``n^2 + n + m`` (ACN):
W, Y, Z, X at first order (Nachbar, Zotter, Deleflie & Sontacchi, "ambiX - a suggested ambisonics format", 2011).
"""

from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError

Sound = NDArray[np.floating]

MAX_ORDER = 7

XYZ_CHANNELS = (3, 1, 2)
"""Where X, Y and Z stand among the channels W, Y, Z, X."""


def channels_of(order: int) -> int:
    """How many channels ambisonics of `order` (0 to 7) have."""
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or not 0 <= order <= MAX_ORDER:
        raise UsageError(f"the order of ambisonics is a whole number from 0 to {MAX_ORDER}; got {order!r}")
    return (int(order) + 1) ** 2


def order_of(channels: int) -> int:
    """The order (0 to 7) of ambisonics that have so many channels."""
    order = isqrt(max(channels, 1)) - 1
    if channels != (order + 1) ** 2 or order > MAX_ORDER:
        raise UsageError(f"{channels} channels are not ambisonics of any order: {_ALLOWED}")
    return order


_ALLOWED = (
    "order n has (n + 1)^2 channels, which is "
    + ", ".join(str((order + 1) ** 2) for order in range(MAX_ORDER))
    + f" or {(MAX_ORDER + 1) ** 2}, in the order W, Y, Z, X, ... (ACN); take away what is no ambisonics, such as a "
    "stereo pair beside them"
)


def sound_order(sound: Sound) -> int:
    """The order of ambisonics (channels, samples), which are refused when they cannot be that."""
    if sound.ndim != 2:
        raise UsageError(f"ambisonics are an array (channels, samples); got the shape {sound.shape}: {_ALLOWED}")
    if sound.dtype.kind != "f":
        raise UsageError(f"ambisonics are floating-point numbers, full scale at 1; got {sound.dtype}")
    try:
        return order_of(sound.shape[0])
    except UsageError as error:
        turned = " (is it (samples, channels)?)" if sound.shape[1] in _COUNTS else ""
        raise UsageError(f"{error}; got the shape {sound.shape}{turned}") from None


_COUNTS = frozenset((order + 1) ** 2 for order in range(1, MAX_ORDER + 1))


def check_foa(foa: Sound) -> None:
    """Refuse what is not first-order ambisonics."""
    if foa.ndim != 2 or foa.shape[0] != 4:
        raise UsageError(f"first-order ambisonics are (4, samples) in the order W, Y, Z, X; got {foa.shape}")


def check_finite(sound: Sound) -> None:
    """Refuse sound (channels, samples) with a sample that is not a finite number.

    For where sound comes in from outside: every function here is linear, and would spread one NaN over all.
    """
    if sound.size and not np.isfinite(np.abs(sound).max()):
        channel, sample = np.argwhere(~np.isfinite(sound))[0]
        bad = int(np.count_nonzero(~np.isfinite(sound)))
        raise UsageError(
            f"{bad} of {sound.size} samples of the sound are not finite numbers, the first {sound[channel, sample]} "
            f"in channel {channel} at sample {sample}"
        )


@lru_cache(maxsize=MAX_ORDER + 1)
def channel_degrees(order: int) -> NDArray[np.intp]:
    """The degree n of each channel of `order`: 0, 1, 1, 1, 2, ... (read-only)."""
    degrees = np.repeat(np.arange(order + 1), 2 * np.arange(order + 1) + 1)
    degrees.flags.writeable = False
    return degrees


@lru_cache(maxsize=MAX_ORDER + 1)
def left_right_channels(order: int) -> NDArray[np.intp]:
    """The channels with m < 0 of `order`, which change their sign in a mirror: 1, 4, 5, 9, ... (read-only)."""
    channels = np.concatenate([np.arange(n * n, n * n + n) for n in range(order + 1)])
    channels.flags.writeable = False
    return channels
