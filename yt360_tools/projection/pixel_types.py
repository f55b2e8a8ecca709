"""Which types of pixels OpenCV reads, and how any other real type is brought into one of them and back."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from yt360_tools.errors import UsageError

Image = NDArray[Any]

_MIXED = frozenset(np.dtype(one) for one in ("uint8", "uint16", "int16", "float32", "float64"))
"""What OpenCV interpolates between."""

_COPIED = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}
"""For each size of a pixel in bytes a type that OpenCV copies unchanged; 64-bit integers would be cut to 32."""


def check_pixel_type(dtype: np.dtype[Any]) -> None:
    """Refuse what is no real number."""
    if dtype.kind not in "buif":
        raise UsageError(f"a frame's pixels must be real numbers or labels (bool, integers, floats); got {dtype}")


def readable(image: Image, *, mixed: bool) -> Image:
    """An image in a type that OpenCV reads; itself where it can.

    Args:
        mixed: whether pixels will be interpolated between or averaged, not only copied.
    """
    dtype = image.dtype
    if dtype in _MIXED:
        return image
    if not mixed and dtype.isnative and dtype.itemsize in _COPIED:
        return np.ascontiguousarray(image).view(_COPIED[dtype.itemsize])
    small = dtype.kind == "b" or dtype == np.float16
    return image.astype(np.float32 if small else np.float64)


def restored(image: Image, dtype: DTypeLike, *, mixed: bool) -> Image:
    """What was read from a `readable` image, in the original's type: integers rounded and held within their range."""
    if image.dtype is dtype:
        return image
    wanted = np.dtype(dtype)
    if image.dtype == wanted:
        return image
    if not mixed and wanted.isnative and wanted.itemsize == image.dtype.itemsize:
        return image.view(wanted)
    if wanted.kind == "b":
        return image >= 0.5
    if wanted.kind in "ui":
        limits = np.iinfo(wanted)
        low, high = float(limits.min), float(limits.max)
        if high > limits.max:  # 2**63 - 1 and its like are no 64-bit floats
            high = np.nextafter(high, 0)
        image = np.clip(np.rint(image), low, high)
    return image.astype(wanted)
