"""A source's frame: where rays of the world meet it, whatever its layout, in one step.

The pose turns a ray into the picture's own directions, the projection gives its place in one eye's upright picture,
and where the eye lies in the frame (turned a quarter, in stereo EAC) gives the pixel.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array, Direction
from yt360_tools.projection.er import UNCROPPED, er_pixels, er_position_rays, whole_size
from yt360_tools.projection.faces import (
    ARRANGEMENTS,
    EAC_FACES,
    WRITTEN_FACES,
    Cells,
    FaceFrame,
    cell_of_positions,
    face_pixels,
    face_position_rays,
    parse_faces,
)
from yt360_tools.records import EYES, PROJECTIONS, STEREO_LAYOUTS, SourceLayout

EAC_BORDER_PX = 2.0
"""YouTube's EAC frames carry this border left and right, and above and below each row of faces."""

_RAY_ROUNDER = 1.5 * 2.0**12
"""Added and taken away again, it rounds rays to 2^-40 (a double has 52 bits behind its first, of 2^12 here): last bits
differ between processors, and must not decide to which face an edge belongs."""


@dataclass(frozen=True)
class Source:
    """A frame of a layout and a size, and the eye that looks.

    Attributes:
        width, height: pixels of the whole frame, both eyes.
        border_px: of EAC, along the frame's columns and rows as it lies on disk; others have no border. Uneven in a
            frame that was scaled unevenly.
        eye: one of `EYES`; of a mono picture either sees the same.

    Raises:
        UsageError: an unknown word, a side without pixels, or what the layout cannot have.
    """

    layout: SourceLayout
    width: int
    height: int
    border_px: tuple[float, float] = (EAC_BORDER_PX, EAC_BORDER_PX)
    eye: str = "left"

    def __post_init__(self) -> None:
        for what, word, known in (
            ("projection", self.layout.projection, PROJECTIONS),
            ("stereo layout", self.layout.stereo, STEREO_LAYOUTS),
            ("eye", self.eye, EYES),
        ):
            if word not in known:
                raise UsageError(f"unknown {what} {word!r}{nearest(word, known)}; known: {', '.join(known)}")
        if self.width < 1 or self.height < 1:
            raise UsageError(f"a frame needs at least 1 x 1 pixels; got {self.width} x {self.height}")
        _check_layout(self.layout)
        if self.layout.projection != "er" and min(_face_frame(self).cell_size) < 1:
            border = f" with a border of {self.border_px} pixels" if self.layout.projection == "eac" else ""
            raise UsageError(f"a frame of {self.width} x {self.height}{border} leaves no face a whole pixel")


def _check_layout(layout: SourceLayout) -> None:
    projection = layout.projection
    if projection == "cubemap":
        if not layout.faces:
            raise UsageError(
                "a cubemap needs its faces, ARRANGEMENT:ORDER[:TURNS] with an arrangement of "
                f"{', '.join(ARRANGEMENTS)}, such as {WRITTEN_FACES}"
            )
        parse_faces(layout.faces)
    elif layout.faces:
        raise UsageError(f"faces belong to a cubemap; {projection} has none, got {layout.faces!r}")
    if projection == "eac" and layout.stereo in ("top-bottom", "bottom-top"):
        raise UsageError(
            f"the eyes of an EAC picture lie side by side (left-right or right-left), each turned; got {layout.stereo}"
        )
    if projection != "er" and tuple(layout.bounds) != UNCROPPED:
        raise UsageError(f"bounds belong to an equirectangular picture; {projection} has none, got {layout.bounds}")
    whole_size(1, 1, layout.bounds)
    if len(layout.pose_deg) != 3 or not np.isfinite(layout.pose_deg).all():
        raise UsageError(f"a pose is yaw, pitch and roll in degrees; got {layout.pose_deg}")


@dataclass(frozen=True)
class SourcePixels:
    """Where rays (...) meet a frame.

    Attributes:
        columns, rows: positions (...) in the whole frame, pixel centres at whole numbers. They lie in their patch, at
            most half a pixel beyond the centres of its outermost pixels (of EAC, as far inside as its border is wide).
        inside: False (...) where a cropped picture has nothing; columns and rows then lie outside of the patch.
        patches: for each ray (...) its index in `patches(source)`.
    """

    columns: Array
    rows: Array
    inside: NDArray[np.bool_]
    patches: Cells


@dataclass(frozen=True)
class Patch:
    """A rectangle of whole pixels of a frame in which neighbours are neighbours on the sphere."""

    left: int
    top: int
    width: int
    height: int


def source_pixels(rays: Array, source: Source) -> SourcePixels:
    """Where world rays (..., 3), of any length but zero, meet a source's frame."""
    rays = _steady(np.asarray(rays, float))
    if any(source.layout.pose_deg):
        rays = _steady(rays @ _pose(source).T)
    eye = _eye(source)
    if source.layout.projection == "er":
        columns, rows, inside = er_pixels(rays, eye.width, eye.height, source.layout.bounds)
        index: Cells = np.zeros(columns.shape, np.intp)
    else:
        frame = _face_frame(source)
        columns, rows, cells = face_pixels(rays, frame)
        inside = np.ones(columns.shape, bool)
        index = cells if source.layout.projection == "cubemap" else cells // frame.grid.columns
    columns, rows = eye.in_frame(columns, rows)
    return SourcePixels(columns, rows, inside, index)


def _steady(rays: Array) -> Array:
    """Rays rounded, laid out in memory as they were (`np.round` would not), and without -0.0, which lies on the seam's
    other side."""
    steady = rays + _RAY_ROUNDER
    steady -= _RAY_ROUNDER
    return steady


@functools.lru_cache(maxsize=64)
def patches(source: Source) -> tuple[Patch, ...]:
    """The parts of a frame inside which pixels may be mixed: between two of them lies no neighbourhood.

    ER: the eye's picture (its left and right edge, and each pole, meet only on the sphere). EAC: its two rows of three
    faces, borders included. Cubemap: each face. Where a side divides into parts of no whole number of pixels,
    the pixels that two patches share belong to neither.

    A table's maker that interpolates continues each patch over its edges by `patch_rays`, and reads those rays with
    `source_pixels` of the same source: around the seam, over a pole, on to the neighbouring face.
    """
    eye = _eye(source)
    if source.layout.projection == "er":
        return (_whole_pixels(eye, 0, 0, eye.width, eye.height),)
    frame = _face_frame(source)
    grid = frame.grid
    down = frame.height / grid.rows
    if source.layout.projection == "eac":
        return tuple(_whole_pixels(eye, 0, row * down, frame.width, down) for row in range(grid.rows))
    across = frame.width / grid.columns
    return tuple(
        _whole_pixels(eye, column * across, row * down, across, down)
        for row in range(grid.rows)
        for column in range(grid.columns)
    )


def patch_rays(source: Source, patch: int, columns: Array, rows: Array) -> Array:
    """World rays (..., 3) of positions in the whole frame (pixel centres at whole numbers), as one patch goes on.

    Inside the patch these are its pixels' rays, the inverse of `source_pixels`. Beyond its edges the patch continues:
    ER around the sphere and over the poles, a plain face on its tangent plane, an EAC face with its angle; the rays
    there belong to other patches, or of ER to the same one. Rays are not normalised.
    """
    eye = _eye(source)
    columns, rows = eye.in_eye(np.asarray(columns, float), np.asarray(rows, float))
    if source.layout.projection == "er":
        rays = er_position_rays(columns, rows, eye.width, eye.height, source.layout.bounds)
    else:
        frame = _face_frame(source)
        cells: Cells | int = patch
        if source.layout.projection == "eac":
            cells = cell_of_positions(columns, patch, frame)
        rays = face_position_rays(columns, rows, cells, frame)
    return rays @ _pose(source) if any(source.layout.pose_deg) else rays


@dataclass(frozen=True)
class _Eye:
    """One eye's picture, upright, `width` x `height`, and where its rectangle begins in the frame.

    Attributes:
        turned: whether it lies turned a quarter counter-clockwise in the frame.
    """

    left: float
    top: float
    width: float
    height: float
    turned: bool

    def in_frame(self, columns: Array, rows: Array) -> tuple[Array, Array]:
        if self.turned:
            return self.left + rows, self.top + self.width - 1 - columns
        if not self.left and not self.top:
            return columns, rows
        return self.left + columns, self.top + rows

    def in_eye(self, columns: Array, rows: Array) -> tuple[Array, Array]:
        if self.turned:
            return self.top + self.width - 1 - rows, columns - self.left
        return columns - self.left, rows - self.top


def _eye(source: Source) -> _Eye:
    width, height = float(source.width), float(source.height)
    stereo = source.layout.stereo
    left = top = 0.0
    second = stereo != "mono" and stereo.split("-")[EYES.index(source.eye)] in ("right", "bottom")
    if stereo in ("left-right", "right-left"):
        width /= 2
        left = width if second else 0.0
    elif stereo in ("top-bottom", "bottom-top"):
        height /= 2
        top = height if second else 0.0
    if source.layout.projection == "eac" and stereo != "mono":
        return _Eye(left, top, height, width, turned=True)
    return _Eye(left, top, width, height, turned=False)


def _face_frame(source: Source) -> FaceFrame:
    eye = _eye(source)
    if source.layout.projection == "cubemap":
        return FaceFrame(parse_faces(source.layout.faces), eye.width, eye.height)
    border_x, border_y = source.border_px
    border_px = (border_y, border_x) if eye.turned else (border_x, border_y)
    return FaceFrame(parse_faces(EAC_FACES), eye.width, eye.height, equi_angular=True, border_px=border_px)


def _whole_pixels(eye: _Eye, left: float, top: float, width: float, height: float) -> Patch:
    """The pixels of the frame that lie wholly in a rectangle of an eye's picture."""
    corners = eye.in_frame(np.array([left, left + width]) - 0.5, np.array([top, top + height]) - 0.5)
    (x0, x1), (y0, y1) = (np.sort(at) + 0.5 for at in corners)
    x0, y0 = int(np.ceil(x0 - 1e-6)), int(np.ceil(y0 - 1e-6))
    return Patch(x0, y0, int(np.floor(x1 + 1e-6)) - x0, int(np.floor(y1 + 1e-6)) - y0)


def _pose(source: Source) -> Array:
    """What takes rays of the world to rays of the picture."""
    return Direction(*source.layout.pose_deg).view_from_world
