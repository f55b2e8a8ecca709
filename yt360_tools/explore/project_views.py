"""What is to be seen: from the words of a request to the view at any time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError, nearest
from yt360_tools.explore.project_path import DirectionPath, read_path
from yt360_tools.geometry import Array, Direction
from yt360_tools.projection import EAC_BORDER_PX, WRITTEN_FACES, Source, parse_faces, viewport, whole_sphere
from yt360_tools.projection.view_sets import parse_size
from yt360_tools.records import View

TARGETS = ("viewport", "cube", "er", "eac")
_PROJECTION = {"cube": "cubemap", "er": "er", "eac": "eac"}
HFOV_DEG = 90.0
_ASPECT = 16 / 9
_MOST_PX, _LEAST_PX = 3840, 16
_MOST_PIXELS = 2**27
"""Of a whole picture: the rays of its pixels take 24 bytes each."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        to: one of `TARGETS`.
        direction: where the middle of the picture looks; of a whole sphere, where its front lies.
        hfov_deg, vfov_deg: of a viewport; without hfov it is `HFOV_DEG`, without vfov its pixels are square.
        size: pixels, ``S`` or ``WIDTHxHEIGHT``; empty: as fine as the source. S is a viewport's side, ER's width,
            a face's side.
        faces: of a cube, how its faces are laid; empty for the default.
        path: a CSV file of a viewport's direction over time, instead of `direction`.
    """

    to: str
    direction: Direction
    hfov_deg: float | None = None
    vfov_deg: float | None = None
    size: str = ""
    faces: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class Looking:
    """Views of one size and projection over time.

    Attributes:
        view_at: the view at a time in seconds, on the source's clock.
        rotations_at: what takes the view's axis to the front at times (n,): (n, 3, 3).
        is_moving: whether it changes.
    """

    view_at: Callable[[float], View]
    rotations_at: Callable[[Array], NDArray[np.float64]]
    is_moving: bool


def plan_looking(request: Request, source: Source, *, is_video: bool, default_faces: str = WRITTEN_FACES) -> Looking:
    """The views that a request asks for from a source.

    Raises:
        UsageError: an unknown target, angles or sizes that do not serve, or options of another target.
    """
    _check(request, is_video)
    if request.to != "viewport":
        whole = _whole_view(request, source, default_faces)
        return _still(whole)
    if request.path is None:
        width, height = _viewport_size(request, source, is_video)
        return _still(viewport(request.direction, request.hfov_deg or HFOV_DEG, width, height, request.vfov_deg))
    path = read_path(request.path, roll_deg=request.direction.roll_deg, hfov_deg=request.hfov_deg or HFOV_DEG)
    width, height = _viewport_size(request, source, is_video, hfov_deg=float(path.hfov_deg[0]))
    return _moving(path, request, width, height)


def _still(view: View) -> Looking:
    turn = view.direction.view_from_world
    return Looking(lambda _: view, lambda times: np.broadcast_to(turn, (len(times), 3, 3)), False)


def _moving(path: DirectionPath, request: Request, width: int, height: int) -> Looking:
    def view_at(time_s: float) -> View:
        look = path.look_at(time_s)
        return viewport(look.direction, look.hfov_deg, width, height, request.vfov_deg)

    view_at(float(path.times_s[0]))
    return Looking(view_at, path.view_from_world_at, True)


def _check(request: Request, is_video: bool) -> None:
    if request.to not in TARGETS:
        raise UsageError(f"--to is {', '.join(TARGETS)}; got {request.to!r}{nearest(request.to, TARGETS)}")
    look = request.direction
    if not np.isfinite([look.yaw_deg, look.pitch_deg, look.roll_deg]).all():
        got = f"{look.yaw_deg:g}, {look.pitch_deg:g} and {look.roll_deg:g}"
        raise UsageError(f"yaw, pitch and roll are finite numbers of degrees; got {got}")
    if not -90 <= look.pitch_deg <= 90:
        raise UsageError(f"a pitch lies between -90 and 90 degrees; got {look.pitch_deg:g}")
    if request.faces and request.to != "cube":
        raise UsageError(f"--to-faces says how a cube's faces are laid; with --to {request.to} leave it out")
    if request.path is not None and (request.to != "viewport" or not is_video):
        seen = f"--to {request.to}" if is_video else "a still picture"
        raise UsageError(f"--path moves the viewport of a video; with {seen} leave it out")
    if request.path is not None and (look.yaw_deg or look.pitch_deg):
        raise UsageError("--path says where the viewport looks; leave out --yaw and --pitch")
    for name, angle in (("hfov", request.hfov_deg), ("vfov", request.vfov_deg)):
        if angle is not None and not 0 < angle < 180:
            raise UsageError(
                f"a viewport's {name} lies between 0 and 180 degrees, both excluded; got {angle:g}"
                + ("; the whole sphere fits into --to er, eac or cube" if angle >= 180 else "")
            )
        if angle is not None and request.to != "viewport":
            raise UsageError(f"--{name} belongs to a viewport; with --to {request.to} leave it out")


def _check_pixels(width: int, height: int) -> tuple[int, int]:
    if width * height > _MOST_PIXELS:
        raise UsageError(
            f"a picture has at most {_MOST_PIXELS} pixels (such as 16384x8192); it would be {width}x{height}; "
            "--size makes it smaller"
        )
    return width, height


def _pixels_a_turn(source: Source) -> float:
    """How many pixels the source has for 360 degrees, where it is coarsest."""
    layout = source.layout
    across = 2 if layout.stereo in ("left-right", "right-left") else 1
    if layout.projection == "er":
        return source.width / across / (1 - layout.bounds[2] - layout.bounds[3])
    if layout.projection == "eac":
        side = source.width if layout.stereo == "mono" else source.height  # a stereo eye lies turned by a quarter
        return (side - 2 * source.border_px[0 if layout.stereo == "mono" else 1]) / 3 * 4
    return math.pi * source.width / across / parse_faces(layout.faces).columns


def _even(pixels: float) -> int:
    return max(_LEAST_PX, 2 * round(pixels / 2))


def _viewport_size(request: Request, source: Source, is_video: bool, hfov_deg: float | None = None) -> tuple[int, int]:
    if request.size:
        width, height = parse_size(request.size.lower())
        _check_even(is_video, width, height)
        return _check_pixels(width, height)
    half = math.tan(math.radians(hfov_deg or request.hfov_deg or HFOV_DEG) / 2)
    wide = min(_pixels_a_turn(source) / math.pi * half, _MOST_PX)
    aspect = _ASPECT if request.vfov_deg is None else half / math.tan(math.radians(request.vfov_deg) / 2)
    return _even(wide), min(_even(wide / aspect), 2 * _MOST_PX)


def _whole_view(request: Request, source: Source, default_faces: str) -> View:
    projection = _PROJECTION[request.to]
    faces = (request.faces or default_faces) if request.to == "cube" else ""
    size = request.size.lower()
    side, height = parse_size(size) if size else (None, None)
    if "x" not in size:
        height = None
    turn = _pixels_a_turn(source)
    if side is not None and height is not None:
        width = side
    elif request.to == "er":
        width = side if side is not None else 4 * max(4, round(turn / 4))
        if width % 2:
            raise UsageError(f"an equirectangular picture of {width} pixels has no whole height; give an even width")
        height = width // 2
    elif request.to == "eac":
        face = side or _even(turn / 4)
        width, height = 3 * face + 2 * int(EAC_BORDER_PX), 2 * face + 4 * int(EAC_BORDER_PX)
    else:
        grid, face = parse_faces(faces), side or _even(turn / math.pi)
        width, height = grid.columns * face, grid.rows * face
    _check_pixels(width, height)
    return whole_sphere(projection, width, height, direction=request.direction, faces=faces)


def _check_even(is_video: bool, width: int, height: int) -> None:
    if is_video and (width % 2 or height % 2):
        raise UsageError(f"a video's width and height are even numbers of pixels; got {width}x{height}")
