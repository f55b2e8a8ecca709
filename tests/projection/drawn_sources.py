"""Every kind of source beside the same frame as the tests' own layouts know it, and rays that look everywhere."""

from dataclasses import dataclass, replace

import numpy as np
from drawn_waves import Values
from worlds import layouts

from yt360_tools.projection import Source
from yt360_tools.records import SourceLayout

POSE = (37.0, -24.0, 15.0)


@dataclass(frozen=True)
class Eyes:
    """A frame (pixels) with a picture for each eye, the left one's and the right one's, at (column, row) offsets."""

    left: tuple[layouts.Picture, int, int]
    right: tuple[layouts.Picture, int, int]
    width: int
    height: int

    def pixels(self, rays: Values, eye: str = "left") -> tuple[Values, Values]:
        """Columns and rows at which an eye sees unit vectors (..., 3); nan where its picture has nothing."""
        picture, column, row = getattr(self, eye)
        columns, rows = picture.pixels(rays)
        return columns + column, rows + row

    def seen_at(self, columns: Values, rows: Values, eye: str = "left") -> Values:
        """The unit vectors (..., 3) that an eye sees at positions of its picture."""
        picture, column, row = getattr(self, eye)
        return picture.rays(columns - column, rows - row)


@dataclass(frozen=True)
class Case:
    """A source, and the same frame as the tests' own layouts know it."""

    source: Source
    frame: Eyes


def eyes(picture: layouts.Picture, stereo: str) -> Eyes:
    """A picture for both eyes, or one beside or above the other; the left eye's place is named first."""
    if stereo == "mono":
        return Eyes((picture, 0, 0), (picture, 0, 0), picture.width, picture.height)
    is_beside = stereo in ("left-right", "right-left")
    aside, below = (picture.width, 0) if is_beside else (0, picture.height)
    places = [(picture, 0, 0), (picture, aside, below)]
    if stereo in ("right-left", "bottom-top"):
        places.reverse()
    return Eyes(*places, picture.width + aside, picture.height + below)


def case(layout: SourceLayout, picture: layouts.Picture, border_px: tuple[float, float] = (2.0, 2.0)) -> Case:
    frame = eyes(layouts.Posed(picture, POSE), layout.stereo)
    return Case(Source(replace(layout, pose_deg=POSE), frame.width, frame.height, border_px), frame)


def all_cases() -> dict[str, Case]:
    found: dict[str, Case] = {}
    crop = (0.1, 0.05, 0.3, 0.2)
    cubes = {
        "3x2": ("3x2:RLUDFB:001230", layouts.Cube(240, 160, 3, "RLUDFB", "001230")),
        "6x1": ("6x1:FRBLUD:310213", layouts.Cube(480, 72, 6, "FRBLUD", "310213")),
        "1x6": ("1x6:UBDLRF", layouts.Cube(70, 480, 1, "UBDLRF")),
    }
    for stereo in ("mono", "top-bottom", "bottom-top", "left-right", "right-left"):
        found[f"er {stereo}"] = case(SourceLayout("er", stereo), layouts.Globe(320, 150))
        found[f"er cropped {stereo}"] = case(SourceLayout("er", stereo, bounds=crop), layouts.Globe(160, 136, crop))
        for name, (faces, cube) in cubes.items():
            found[f"cubemap {name} {stereo}"] = case(SourceLayout("cubemap", stereo, faces=faces), cube)
    eac = layouts.youtube_cube(384, 256, (3.0, 1.0))
    found["eac mono"] = case(SourceLayout("eac"), eac, (3.0, 1.0))
    for stereo in ("left-right", "right-left"):
        # Posed first, then laid on its side: the pose is the picture's, not the paper's it lies on.
        frame = eyes(layouts.OnItsSide(layouts.Posed(eac, POSE)), stereo)
        layout = SourceLayout("eac", stereo, pose_deg=POSE)
        found[f"eac {stereo}"] = Case(Source(layout, frame.width, frame.height, (1.0, 3.0)), frame)
    return found


CASES = all_cases()


def many_rays() -> Values:
    """1,000 rays of any length, and such as lie beside the poles, the seam, and a cube's edges and corners."""
    rng = np.random.default_rng(3)
    steps = np.array([-1.0, 0.0, 1.0])
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    beside = np.delete(grid, 13, axis=0) + 1e-3 * rng.normal(size=(26, 3))
    return np.concatenate([rng.normal(size=(1000, 3)), beside]) @ layouts.camera_axes(POSE)
