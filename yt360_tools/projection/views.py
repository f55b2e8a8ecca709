"""Views of the sphere, and the world rays through their pixel centres."""

import numpy as np

from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import CUBE_FACES, FRONT, Array, Direction, er_rays, vertical_fov, viewport_rays
from yt360_tools.projection.faces import WRITTEN_FACES, FaceGrid, parse_faces
from yt360_tools.projection.source import Patch, Source, patch_rays, patches
from yt360_tools.records import PROJECTIONS, SourceLayout, View


def viewport(direction: Direction, hfov_deg: float, width: int, height: int, vfov_deg: float | None = None) -> View:
    """A pinhole view, with square pixels unless its vertical opening is given too.

    Raises:
        UsageError: an opening angle is not inside (0, 180) degrees, a side has no pixel, or an angle is not finite.
    """
    _check_angle("hfov", hfov_deg)
    _check_sides("a viewport", width, height)
    _check_direction(direction)
    if vfov_deg is None:
        vfov_deg = float(np.degrees(vertical_fov(np.radians(hfov_deg), width, height)))
    _check_angle("vfov", vfov_deg)
    return View("viewport", direction, float(hfov_deg), float(vfov_deg), width, height)


def cube_views(size: int) -> tuple[View, ...]:
    """The six faces of a cube, each a viewport of 90 degrees and `size` x `size` pixels, in the project's order."""
    return tuple(viewport(direction, 90.0, size, size) for _, direction in CUBE_FACES)


def panorama(width: int) -> View:
    """A whole, unrotated equirectangular view, twice as wide as high."""
    if width < 4 or width % 4:
        raise UsageError(f"a panorama's width must be a positive multiple of 4; got {width}")
    return View("er", FRONT, 360.0, 180.0, width, width // 2)


def whole_sphere(projection: str, width: int, height: int, *, direction: Direction = FRONT, faces: str = "") -> View:
    """The whole sphere in one picture: ``er`` of any size, ``eac`` as YouTube lays it, or ``cubemap``.

    Args:
        direction: where the picture's front lies in the world; its roll turns the picture's horizon too.
        faces: of a cubemap, ``ARRANGEMENT:ORDER[:TURNS]``; empty is ``3x2:FRBLUD``.

    Raises:
        UsageError: an unknown projection or faces text, a side without pixels or that its faces do not divide.
    """
    if projection not in PROJECTIONS:
        raise UsageError(
            f"unknown projection {projection!r}{nearest(projection, PROJECTIONS)}; known: {', '.join(PROJECTIONS)}"
        )
    _check_sides("a picture", width, height)
    _check_direction(direction)
    if projection == "cubemap":
        faces = faces or WRITTEN_FACES
        _check_divides("a cubemap", width, height, parse_faces(faces))
    elif faces:
        raise UsageError(f"faces belong to a cubemap; {projection} has none, got {faces!r}")
    view = View(projection, direction, 360.0, 180.0, width, height, faces)
    if projection == "eac":
        if height % 2:
            raise UsageError(f"an EAC picture has two rows of faces: an even height; got {width} x {height}")
        as_source(view)
    return view


def view_rays(view: View) -> Array:
    """World rays (height, width, 3) through a view's pixel centres, of any length.

    An EAC picture's border of 2 pixels shows what lies beyond: its outer faces continue with their angle.
    """
    if view.projection == "viewport":
        yaw, pitch, roll, hfov = np.radians(
            [view.direction.yaw_deg, view.direction.pitch_deg, view.direction.roll_deg, view.hfov_deg]
        )
        return viewport_rays(yaw, pitch, roll, hfov, view.width, view.height, np.radians(view.vfov_deg))
    if view.projection == "er":
        rays = er_rays(view.width, view.height)
        return rays if view.direction == FRONT else rays @ view.direction.view_from_world
    source = as_source(view)
    rays = np.empty((view.height, view.width, 3))
    for index, patch in enumerate(patches(source)):
        rows, columns = _pixels_of(patch)
        rays[rows, columns] = patch_rays(source, index, columns.astype(float), rows.astype(float))
    return rays


def as_source(view: View) -> Source:
    """The frame that a whole sphere's view draws, to be read again.

    Raises:
        UsageError: the view is a viewport, or the frame is too small for its faces.
    """
    look = view.direction
    layout = SourceLayout(view.projection, faces=view.faces, pose_deg=(look.yaw_deg, look.pitch_deg, look.roll_deg))
    return Source(layout, view.width, view.height)


def _pixels_of(patch: Patch) -> tuple[Array, Array]:
    rows, columns = np.mgrid[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
    return rows, columns


def _check_angle(name: str, degrees: float) -> None:
    if not 0 < degrees < 180:
        raise UsageError(f"a viewport's {name} must lie between 0 and 180 degrees, both excluded; got {degrees:g}")


def _check_sides(what: str, width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UsageError(f"{what} needs at least 1 x 1 pixels; got {width} x {height}")


def _check_direction(direction: Direction) -> None:
    if not np.isfinite([direction.yaw_deg, direction.pitch_deg, direction.roll_deg]).all():
        raise UsageError(f"a direction's angles must be finite numbers of degrees; got {direction}")


def _check_divides(what: str, width: int, height: int, grid: FaceGrid) -> None:
    if width % grid.columns or height % grid.rows:
        raise UsageError(
            f"{what} of {grid.columns} x {grid.rows} faces needs a width that {grid.columns} divides and a height that "
            f"{grid.rows} divides; got {width} x {height}"
        )
