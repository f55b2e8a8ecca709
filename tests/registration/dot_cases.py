"""Every layout that a source may have and every picture that may be made of it, each as this project names it beside
the same one as `worlds.layouts` draws it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from worlds.layouts import Cube, Frame, Globe, OnItsSide, Picture, Pinhole, one, posed, two, youtube_cube

from yt360_tools.geometry import CUBE_FACES, Direction
from yt360_tools.projection import Source, viewport, whole_sphere
from yt360_tools.records import SourceLayout, View

Values = NDArray[np.float64]
Look = tuple[float, float, float]

POSE: Look = (-73.0, 28.0, 51.0)
CROP = (0.1, 0.15, 0.05, 0.2)


@dataclass(frozen=True)
class Input:
    """A source's frame as drawn, and what the project is told of it."""

    name: str
    frame: Frame
    layout: SourceLayout
    border_px: tuple[float, float] = (2.0, 2.0)

    def source(self, eye: str) -> Source:
        return Source(self.layout, self.frame.width, self.frame.height, self.border_px, eye)

    @property
    def eyes(self) -> tuple[str, ...]:
        return ("left",) if self.layout.stereo == "mono" else ("left", "right")


def _posed(name: str, frame: Frame, layout: SourceLayout) -> Input:
    """The same input in a pose: its middle lies aside, and it is rolled."""
    turned = SourceLayout(layout.projection, layout.stereo, "metadata", layout.faces, layout.bounds, POSE)
    return Input(name, posed(frame, POSE), turned)


_ER, _EAC = Globe(512, 256), youtube_cube(390, 260)
_CUBE = Cube(384, 256, 3, "RLUDFB", "002200")
_STEREO_EAC = two(OnItsSide(youtube_cube(384, 260)), "left-right")
_STEREO_CUBE = Cube(384, 256, 3, "DBULRF", "312013")

INPUTS = (
    Input("er", one(_ER), SourceLayout("er")),
    Input("er cropped", one(Globe(480, 240, CROP)), SourceLayout("er", bounds=CROP)),
    _posed("er posed", one(_ER), SourceLayout("er")),
    _posed("er cropped and posed", one(Globe(480, 240, CROP)), SourceLayout("er", bounds=CROP)),
    Input("er top-bottom", two(_ER, "top-bottom"), SourceLayout("er", "top-bottom")),
    Input("er bottom-top", two(_ER, "bottom-top"), SourceLayout("er", "bottom-top")),
    Input("er left-right", two(Globe(300, 260), "left-right"), SourceLayout("er", "left-right")),
    Input("er right-left", two(Globe(300, 260), "right-left"), SourceLayout("er", "right-left")),
    _posed("er top-bottom posed", two(_ER, "top-bottom"), SourceLayout("er", "top-bottom")),
    Input("eac", one(_EAC), SourceLayout("eac")),
    Input("eac scaled unevenly", one(youtube_cube(390, 200, (2.0, 1.5))), SourceLayout("eac"), (2.0, 1.5)),
    _posed("eac posed", one(_EAC), SourceLayout("eac")),
    Input("eac left-right", _STEREO_EAC, SourceLayout("eac", "left-right")),
    Input("eac right-left", two(OnItsSide(youtube_cube(384, 260)), "right-left"), SourceLayout("eac", "right-left")),
    Input(
        "eac left-right scaled unevenly",
        two(OnItsSide(youtube_cube(384, 200, (2.0, 1.5))), "left-right"),
        SourceLayout("eac", "left-right"),
        (1.5, 2.0),  # as it lies on its side
    ),
    _posed("eac left-right posed", _STEREO_EAC, SourceLayout("eac", "left-right")),
    Input("cube 3x2", one(_CUBE), SourceLayout("cubemap", faces="3x2:RLUDFB:002200")),
    Input("cube 6x1", one(Cube(720, 120, 6, "UFLDBR", "312013")), SourceLayout("cubemap", faces="6x1:UFLDBR:312013")),
    Input("cube 1x6", one(Cube(120, 720, 1, "BDRLFU", "021331")), SourceLayout("cubemap", faces="1x6:BDRLFU:021331")),
    Input(
        "cube top-bottom",
        two(_STEREO_CUBE, "top-bottom"),
        SourceLayout("cubemap", "top-bottom", faces="3x2:DBULRF:312013"),
    ),
    _posed("cube posed", one(_CUBE), SourceLayout("cubemap", faces="3x2:RLUDFB:002200")),
)


@dataclass(frozen=True)
class Output:
    """A picture that is made: how the project is asked for it, and what it must be.

    Attributes:
        view: of the direction looked at.
        picture: the same picture as drawn, its middle in front.
        flips: whether flipping the picture left to right makes a picture of the same kind.
    """

    name: str
    view: Callable[[Direction], View]
    picture: Picture
    flips: bool


def _viewport(width: int, height: int, hfov_deg: float, vfov_deg: float | None = None) -> Output:
    """Square pixels unless told otherwise: then as many pixels a unit of the image plane both ways."""
    plane = np.tan(np.radians(hfov_deg / 2)) * height / width
    down_deg = float(2 * np.degrees(np.arctan(plane))) if vfov_deg is None else vfov_deg
    return Output(
        "viewport" if vfov_deg is None else "viewport with vfov",
        lambda look: viewport(look, hfov_deg, width, height, vfov_deg),
        Pinhole(width, height, hfov_deg, down_deg),
        True,
    )


OUTPUTS = (
    _viewport(47, 33, 71.3),
    _viewport(31, 45, 38.0, 104.0),
    Output("er", lambda look: whole_sphere("er", 96, 50, direction=look), Globe(96, 50), True),
    Output("eac", lambda look: whole_sphere("eac", 100, 68, direction=look), youtube_cube(100, 68), False),
    Output(
        "cubemap",
        lambda look: whole_sphere("cubemap", 186, 30, direction=look, faces="6x1:DRBLFU:120321"),
        Cube(186, 30, 6, "DRBLFU", "120321"),
        False,
    ),
)

LOOKS: tuple[Look, ...] = ((37.0, -24.0, 11.0), (-141.0, 52.0, -68.0), (163.0, 13.0, 124.0))
"""Generic yaw, pitch and roll."""

FACES: dict[str, Direction] = dict(CUBE_FACES)


def scattered(count: int, seed: int) -> Values:
    """Azimuths and elevations (count, 2) in degrees, even on the sphere, the hard places among them."""
    rng = np.random.default_rng(seed)
    azimuth = rng.uniform(-180, 180, count)
    elevation = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    hard = [
        (0, 0), (180, 0), (-180, 0), (179.9999, -31), (-179.9999, 44), (90, 0), (-90, 0), (0, 90), (0, -90),
        (67, 90), (-118, -90), (25, 89.999), (140, -89.999), (45, 0), (-45, 0), (135, 0), (-135, 0), (0, 45),
        (0, -45), (180, 45), (90, -45), (45, 35.264389682754654), (-135, -35.264389682754654),
    ]  # fmt: skip
    both = np.stack([azimuth, elevation], axis=-1)
    both[: len(hard)] = hard
    return both
