"""Still pictures: read and written at their own depth, and turned into another projection."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import MediaError, UsageError, nearest
from yt360_tools.files import complete_file, disk_errors

Picture = NDArray[np.generic]

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
_DEPTHS = {".png": ("uint8", "uint16"), ".tif": ("uint8", "uint16", "float32"), ".jpg": ("uint8",), ".webp": ("uint8",)}
_CHANNELS = {".png": (1, 3, 4), ".tif": (1, 3, 4), ".jpg": (1, 3), ".webp": (3, 4)}
_SAME = {".jpeg": ".jpg", ".tiff": ".tif"}
_QUALITY = 95
_LONGEST_PX = {".jpg": 65500, ".webp": 16383}
"""The longest side that OpenCV writes."""
_DECODED = "sides of at most 1048576 and at most 1073741824 pixels"
"""What OpenCV decodes, unless variables of the environment say otherwise."""


def is_picture(path: Path) -> bool:
    """Whether a file's name says that it is a still picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def read_picture(path: Path) -> Picture:
    """A picture as it is: (height, width) or (height, width, channels) in the file's own order and depth.

    Raises:
        MediaError: it is not there, or not a picture.
    """
    import cv2

    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise MediaError("unreadable_picture", f"{path} cannot be read: {error.strerror or error}") from error
    try:
        picture = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if encoded.size else None
    except cv2.error as error:
        raise MediaError("unreadable_picture", f"{path} cannot be decoded; {_DECODED} can ({error.err})") from error
    if picture is None:
        raise MediaError("unreadable_picture", f"{path} is no picture that can be decoded; is it damaged?")
    return np.asarray(picture)


def check_picture_file(path: Path, dtype: np.dtype[np.generic], channels: int, quality: int | None = None) -> None:
    """Refuse a file's name whose format cannot hold the depth and channels of a picture.

    Raises:
        UsageError: it cannot, or the quality is none of it.
    """
    suffix = path.suffix.lower()
    suffix = _SAME.get(suffix, suffix)
    if suffix not in _DEPTHS:
        raise UsageError(
            f"a picture ends in {', '.join(PICTURE_SUFFIXES)}; got {path.name!r}{nearest(suffix, PICTURE_SUFFIXES)}"
        )
    if dtype.name not in _DEPTHS[suffix] or channels not in _CHANNELS[suffix]:
        fits = [name for name in _DEPTHS if dtype.name in _DEPTHS[name] and channels in _CHANNELS[name]]
        raise UsageError(
            f"{suffix} does not hold {channels} channels of {dtype.name}; "
            + (f"{' and '.join(fits)} do" if fits else "none of the formats does")
        )
    if quality is not None and (suffix not in (".jpg", ".webp") or not 1 <= quality <= 100):
        allowed = "from 1 to 100 (best)" if suffix in (".jpg", ".webp") else "not given: it is lossless"
        raise UsageError(f"the quality of {suffix} is {allowed}; got {quality}")


def check_picture_size(path: Path, width: int, height: int) -> None:
    """Refuse a file's name whose format cannot hold so many pixels.

    Raises:
        UsageError: a side is too long.
    """
    suffix = path.suffix.lower()
    most = _LONGEST_PX.get(_SAME.get(suffix, suffix))
    if most is not None and max(width, height) > most:
        raise UsageError(f"{suffix} has sides of at most {most} pixels; got {width} x {height}; write a PNG or a TIFF")


def write_picture(path: Path, picture: Picture, quality: int | None = None) -> None:
    """Write a picture (channels in OpenCV's order: blue first), whole or not at all.

    Raises:
        UsageError: as `check_picture_file` and `check_picture_size`, or OpenCV will not.
        EnvironmentMissing, TransientError: the disk fails.
    """
    import cv2

    check_picture_file(path, picture.dtype, 1 if picture.ndim == 2 else picture.shape[2], quality)
    height, width = picture.shape[:2]
    check_picture_size(path, width, height)
    suffix = path.suffix.lower()
    option = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}.get(_SAME.get(suffix, suffix))
    try:
        done, encoded = cv2.imencode(suffix, picture, [] if option is None else [option, quality or _QUALITY])
    except cv2.error:
        done = False
    if not done:
        raise UsageError(f"OpenCV does not write {width} x {height} pixels of {picture.dtype} as {suffix}")
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with disk_errors(path.parent), complete_file(path) as partial:
        encoded.tofile(partial)
