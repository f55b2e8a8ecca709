"""The fields of spherical metadata, from their bytes and words; nonsense counts as absent, and is said."""

import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from yt360_tools.media.mesh_counts import NoMesh, count_meshes

Pose = tuple[float, float, float]
Bounds = tuple[float, float, float, float]

_MOST_DEG = 360.0
_PROJECTION_BYTES = {"equirectangular": 20, "cubemap": 12}
_ROUNDING_PX = 2
_V1_STEREO = ("mono", "top-bottom", "left-right")
_V1_CROP = ("FullPano{}Pixels", "CroppedAreaImage{}Pixels", "CroppedArea{}Pixels")


@dataclass(frozen=True)
class SphericalMetadata:
    """What a picture's header says.

    Attributes:
        projection: ``equirectangular``, ``cubemap``, ``mesh`` (YouTube's word for EAC), ``fisheye``, or None when
            silent.
        stereo: ``mono``, ``top-bottom``, ``left-right``, ``bottom-top``, ``right-left`` (the left eye's place first),
            ``custom`` (two eyes, their places in the mesh), or None when silent.
        source: where it stood: ``sv3d`` (v2 boxes), ``uuid`` (v1 XML) or ``matroska``.
        pose_deg: yaw, pitch and roll as the v2 specification counts them: yaw counter-clockwise about the up vector,
            pitch counter-clockwise about the right vector, roll clockwise about the forward vector.
        bounds: of an equirectangular picture, the shares missing at its top, bottom, left and right.
        cube_layout: the number of a cubemap's arrangement of faces; None when silent.
        cube_padding_px: pixels around each face of a cubemap that are none of its 90 degrees.
        doubts: what stood there and made no sense, in words; it counts as absent.
    """

    projection: str | None
    stereo: str | None
    source: str
    pose_deg: Pose = (0.0, 0.0, 0.0)
    bounds: Bounds = (0.0, 0.0, 0.0, 0.0)
    cube_layout: int | None = None
    cube_padding_px: int = 0
    doubts: tuple[str, ...] = ()


def with_pose(found: SphericalMetadata, pose_deg: Sequence[float]) -> SphericalMetadata:
    """`found` with yaw, pitch and roll in degrees; whole turns are taken off."""
    if all(math.isfinite(angle) and abs(angle) <= _MOST_DEG for angle in pose_deg):
        yaw, pitch, roll = (math.remainder(angle, 360.0) + 0.0 for angle in pose_deg)
        return replace(found, pose_deg=(yaw, pitch, roll))
    seen = ", ".join(f"{angle:g}" for angle in pose_deg)
    return _doubting(found, f"a pose of {seen} degrees (yaw, pitch, roll)")


def read_pose(found: SphericalMetadata, data: bytes) -> SphericalMetadata:
    """`found` with the pose of a ``prhd`` box's contents: version and flags, then three 16.16 fixed-point numbers."""
    if len(data) < 16:
        return _doubting(found, f"a pose of {len(data)} bytes")
    return with_pose(found, [angle / 65536 for angle in struct.unpack(">3i", data[4:16])])


def read_projection_data(found: SphericalMetadata, data: bytes) -> SphericalMetadata:
    """`found` with the contents of its projection's box (``equi``, ``cbmp``, ``mshp``; version and flags first)."""
    if found.projection == "mesh":
        return _with_mesh(found, data)
    wanted = _PROJECTION_BYTES.get(found.projection or "", 0)
    if len(data) < wanted:
        return _doubting(found, f"a projection's box of {len(data)} bytes")
    if found.projection == "equirectangular":
        top, bottom, left, right = (word / 2**32 for word in struct.unpack(">4I", data[4:20]))  # 0.32 fixed point
        return with_bounds(found, (top, bottom, left, right))
    if found.projection == "cubemap":
        layout, padding = struct.unpack(">2I", data[4:12])
        return replace(found, cube_layout=layout, cube_padding_px=padding)
    return found


def _with_mesh(found: SphericalMetadata, data: bytes) -> SphericalMetadata:
    """A mesh is not drawn with; one that makes no sense is said, and stays a mesh by its name."""
    try:
        count_meshes(data)
    except NoMesh as error:
        return _doubting(found, f"a mesh {error}")
    return found


def with_bounds(found: SphericalMetadata, bounds: Bounds) -> SphericalMetadata:
    """`found` with the shares missing at top, bottom, left and right, if something is left of the picture."""
    top, bottom, left, right = bounds
    # A pixel of the largest picture is more than a millionth of its side.
    if all(0 <= share < 1 for share in bounds) and max(top + bottom, left + right) < 1 - 1e-6:
        return replace(found, bounds=bounds)
    seen = ", ".join(f"{share:g}" for share in bounds)
    return _doubting(found, f"bounds of {seen} (missing at top, bottom, left, right)")


def read_float(data: bytes) -> float:
    """An EBML float of 0, 4 or 8 bytes; NaN when it is none."""
    if not data:
        return 0.0
    return float(struct.unpack({4: ">f", 8: ">d"}[len(data)], data)[0]) if len(data) in (4, 8) else math.nan


def read_v1_xml(text: str) -> SphericalMetadata | None:
    """The v1 XML, read value by value by pattern: no parser whose entities could be turned against us.

    The area that was kept of a cropped picture, and the pose, are those of GPano's XML for photos: a heading counts
    clockwise, as a compass does.
    """
    projection = _v1_word(text, "ProjectionType")
    stereo = _v1_word(text, "StereoMode")
    if projection is not None and "fisheye" in projection:
        projection = "fisheye"
    elif projection not in ("equirectangular", "cubemap", "mesh"):
        projection = None
    found = SphericalMetadata(projection, stereo if stereo in _V1_STEREO else None, "uuid")
    if not (found.projection or found.stereo):
        return None
    if projection == "equirectangular":
        left, right = _v1_missing(text, "Width", "Left")
        top, bottom = _v1_missing(text, "Height", "Top")
        found = with_bounds(found, (top, bottom, left, right))
    heading, pitch, roll = (_v1_number(text, f"Pose{angle}Degrees", 0.0) for angle in ("Heading", "Pitch", "Roll"))
    return with_pose(found, (-heading, pitch, roll))


def _v1_missing(text: str, side: str, edge: str) -> tuple[float, float]:
    """The shares of the whole picture's width or height that are missing before and behind what was kept."""
    whole, kept, before = (
        _v1_number(text, name.format(part), default)
        for name, part, default in zip(_V1_CROP, (side, side, edge), (math.nan, math.nan, 0.0), strict=True)
    )
    if _v1_text(text, _V1_CROP[0].format(side)) is None or _v1_text(text, _V1_CROP[1].format(side)) is None:
        return 0.0, 0.0
    if not (whole > 0 and kept > 0):
        return math.nan, math.nan
    behind = whole - before - kept
    return before / whole, (0.0 if -_ROUNDING_PX <= behind < 0 else behind / whole)


def _v1_text(text: str, name: str) -> str | None:
    match = re.search(rf"GSpherical:{name}\s*>\s*([^<>\s]{{1,40}})\s*<", text)
    return match.group(1) if match else None


def _v1_word(text: str, name: str) -> str | None:
    found = _v1_text(text, name)
    return found.lower() if found is not None and re.fullmatch("[A-Za-z-]+", found) else None


def _v1_number(text: str, name: str, default: float) -> float:
    found = _v1_text(text, name)
    if found is None:
        return default
    try:
        return float(found)
    except ValueError:
        return math.nan


def _doubting(found: SphericalMetadata, doubt: str) -> SphericalMetadata:
    return replace(found, doubts=(*found.doubts, doubt))
