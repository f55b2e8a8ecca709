"""Pictures of the sphere in every layout, drawn without the package under test.

A picture of flat pieces knows three vectors of the world for each: where its middle looks, which way its right edge
lies, and which way its lower edge lies. Turning a face is swapping its vectors, posing a picture is turning them:
YouTube's cubemap has no formula of its own, nor has any turned or posed picture.

Positions are pixels with whole numbers at the centres; the frame reaches from -0.5 to width - 0.5. Directions are unit
vectors, x front, y left, z up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

SIDES = {  # where a face looks, which way its right edge lies, which way its lower edge lies
    "F": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "R": ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
    "B": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "L": ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    "U": ((0, 0, 1), (0, -1, 0), (1, 0, 0)),  # looking up, the lower edge is towards the front
    "D": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
}
YOUTUBE_ORDER, YOUTUBE_TURNS = "LFRDBU", "000313"
"""The equi-angular cubemap's faces row by row, and their quarter turns clockwise."""


class Picture(Protocol):
    """A picture of the whole sphere or of a part of it."""

    width: int
    height: int

    def rays(self, columns: Values, rows: Values) -> Values:
        """The unit vectors (..., 3) seen at positions (...)."""

    def pixels(self, rays: Values) -> tuple[Values, Values]:
        """The columns and rows (...) at which unit vectors (..., 3) are seen; nan where the picture has nothing."""


def unit(vectors: Values) -> Values:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def ray_at(azimuth_deg: Values | float, elevation_deg: Values | float) -> Values:
    """Unit vectors (..., 3) of directions, left and up positive."""
    to_left, to_top = np.radians(azimuth_deg), np.radians(elevation_deg)
    level = np.stack([np.cos(to_left), np.sin(to_left), np.zeros_like(to_left)], axis=-1)
    return level * np.cos(to_top)[..., None] + np.sin(to_top)[..., None] * np.array([0.0, 0.0, 1.0])


def camera_axes(look_deg: Sequence[float]) -> Values:
    """Front, left and up (3, 3) in the world of a camera's yaw, pitch and roll in degrees.

    Rolled clockwise, a camera's up falls over to its right.
    """
    yaw, pitch, roll = look_deg
    front = ray_at(yaw, pitch)
    level_left = ray_at(yaw + 90, 0.0)
    level_up = np.cross(front, level_left)
    cosine, sine = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    return np.stack([front, cosine * level_left + sine * level_up, cosine * level_up - sine * level_left])


def seen_by(axes: Values, rays: Values) -> Values:
    """Vectors (..., 3) of the world as a camera of front, left and up (3, 3) counts them."""
    return np.stack([np.asarray(rays) @ axis for axis in axes], axis=-1)


@dataclass(frozen=True)
class Globe:
    """An equirectangular picture, whole or without the shares `missing` at its top, bottom, left and right."""

    width: int
    height: int
    missing: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def rays(self, columns: Values, rows: Values) -> Values:
        top, bottom, left, right = self.missing
        across = left + (np.asarray(columns) + 0.5) / self.width * (1 - left - right)
        down = top + (np.asarray(rows) + 0.5) / self.height * (1 - top - bottom)
        return ray_at(180 - 360 * across, 90 - 180 * down)

    def pixels(self, rays: Values) -> tuple[Values, Values]:
        top, bottom, left, right = self.missing
        to_right = np.arctan2(-rays[..., 1], rays[..., 0]) / (2 * np.pi)  # in turns, from the front
        from_top = np.arctan2(np.hypot(rays[..., 0], rays[..., 1]), rays[..., 2]) / np.pi
        columns = (0.5 + to_right - left) / (1 - left - right) * self.width - 0.5
        rows = (from_top - top) / (1 - top - bottom) * self.height - 0.5
        return _inside(columns, rows, self.width, self.height)


@dataclass(frozen=True)
class Pinhole:
    """A flat picture that opens so far (degrees) across and down, its middle in front."""

    width: int
    height: int
    across_deg: float
    down_deg: float

    def _half(self) -> tuple[float, float]:
        return float(np.tan(np.radians(self.across_deg / 2))), float(np.tan(np.radians(self.down_deg / 2)))

    def rays(self, columns: Values, rows: Values) -> Values:
        half_width, half_height = self._half()
        to_right = (2 * (np.asarray(columns) + 0.5) / self.width - 1) * half_width
        to_bottom = (2 * (np.asarray(rows) + 0.5) / self.height - 1) * half_height
        return unit(np.stack(np.broadcast_arrays(1.0, -to_right, -to_bottom), axis=-1))

    def pixels(self, rays: Values) -> tuple[Values, Values]:
        half_width, half_height = self._half()
        depth = np.where(rays[..., 0] > 0, rays[..., 0], np.nan)
        columns = (1 - rays[..., 1] / depth / half_width) / 2 * self.width - 0.5
        rows = (1 - rays[..., 2] / depth / half_height) / 2 * self.height - 0.5
        return _inside(columns, rows, self.width, self.height)


@dataclass(frozen=True)
class Cube:
    """Six faces on a grid `across` columns wide, row by row, each with its quarter turns clockwise.

    Attributes:
        even_angles: whether positions grow with the angle inside a face (equi-angular), or with its tangent.
        border: pixels (left and right of the picture, above and below each row) in which the outer faces run on.
    """

    width: int
    height: int
    across: int = 3
    order: str = "FRBLUD"
    turns: str = "000000"
    even_angles: bool = False
    border: tuple[float, float] = (0.0, 0.0)

    def _axes(self) -> Values:
        """Where each face of the grid looks, its right and its bottom: (6, 3, 3)."""
        faces = []
        for name, turns in zip(self.order, self.turns, strict=True):
            front, right, down = np.array(SIDES[name], float)
            for _ in range(int(turns)):  # what was at the right comes to lie below, what was above at the right
                right, down = -down, right
            faces.append((front, right, down))
        return np.array(faces)

    def _face_size(self) -> tuple[float, float]:
        rows = 6 // self.across
        return (self.width - 2 * self.border[0]) / self.across, self.height / rows - 2 * self.border[1]

    def rays(self, columns: Values, rows: Values) -> Values:
        wide, high = self._face_size()
        x, y = np.asarray(columns) + 0.5 - self.border[0], np.asarray(rows) + 0.5
        column = np.clip(np.floor(x / wide), 0, self.across - 1).astype(int)
        row = np.clip(np.floor(y / (high + 2 * self.border[1])), 0, 6 // self.across - 1).astype(int)
        to_right = 2 * (x - column * wide) / wide - 1
        to_bottom = 2 * (y - row * (high + 2 * self.border[1]) - self.border[1]) / high - 1
        if self.even_angles:
            to_right, to_bottom = np.tan(to_right * np.pi / 4), np.tan(to_bottom * np.pi / 4)
        front, right, down = np.moveaxis(self._axes()[row * self.across + column], -2, 0)
        return unit(front + to_right[..., None] * right + to_bottom[..., None] * down)

    def pixels(self, rays: Values) -> tuple[Values, Values]:
        wide, high = self._face_size()
        along = np.einsum("fai,...i->...fa", self._axes(), rays)
        face = along[..., 0].argmax(axis=-1)
        front, right, down = np.moveaxis(np.take_along_axis(along, face[..., None, None], axis=-2)[..., 0, :], -1, 0)
        to_right, to_bottom = right / front, down / front
        if self.even_angles:
            to_right, to_bottom = np.arctan(to_right) / (np.pi / 4), np.arctan(to_bottom) / (np.pi / 4)
        columns = self.border[0] + (face % self.across + (1 + to_right) / 2) * wide
        rows = (face // self.across) * (high + 2 * self.border[1]) + self.border[1] + (1 + to_bottom) / 2 * high
        return columns - 0.5, rows - 0.5


def youtube_cube(width: int, height: int, border: tuple[float, float] = (2.0, 2.0)) -> Cube:
    """The equi-angular cubemap as YouTube serves it."""
    return Cube(width, height, 3, YOUTUBE_ORDER, YOUTUBE_TURNS, even_angles=True, border=border)


@dataclass(frozen=True)
class Posed:
    """A picture whose middle lies at `look_deg` (yaw, pitch, roll) in the world."""

    picture: Picture
    look_deg: tuple[float, float, float]

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    def rays(self, columns: Values, rows: Values) -> Values:
        return np.asarray(self.picture.rays(columns, rows) @ camera_axes(self.look_deg))

    def pixels(self, rays: Values) -> tuple[Values, Values]:
        return self.picture.pixels(seen_by(camera_axes(self.look_deg), rays))


@dataclass(frozen=True)
class OnItsSide:
    """A picture turned counter-clockwise by a quarter: its right edge is on top."""

    picture: Picture

    @property
    def width(self) -> int:
        return self.picture.height

    @property
    def height(self) -> int:
        return self.picture.width

    def rays(self, columns: Values, rows: Values) -> Values:
        return self.picture.rays(self.picture.width - 1 - np.asarray(rows), np.asarray(columns))

    def pixels(self, rays: Values) -> tuple[Values, Values]:
        columns, rows = self.picture.pixels(rays)
        return rows, self.picture.width - 1 - columns


@dataclass(frozen=True)
class Frame:
    """What a file's frame holds: one picture, or one for each eye, at (column, row) offsets in pixels."""

    eyes: dict[str, tuple[Picture, int, int]]
    width: int
    height: int

    def pixels(self, rays: Values, eye: str = "left") -> tuple[Values, Values]:
        """Where an eye sees unit vectors (..., 3)."""
        picture, column, row = self.eyes[eye]
        columns, rows = picture.pixels(rays)
        return columns + column, rows + row

    def seen_at(self, columns: Values, rows: Values, eye: str = "left") -> Values:
        """The unit vectors (..., 3) that an eye sees at positions; nan outside of its picture."""
        picture, column, row = self.eyes[eye]
        across, down = np.asarray(columns) - column, np.asarray(rows) - row
        edge = 1e-6
        outside = (across < -0.5 - edge) | (across > picture.width - 0.5 + edge)
        outside |= (down < -0.5 - edge) | (down > picture.height - 0.5 + edge)
        return np.where(outside[..., None], np.nan, picture.rays(across, down))

    def drawn(self, scenes: dict[str, "Dots"]) -> NDArray[np.uint8]:
        """The frame (height, width, 3) as each eye's scene looks in it."""
        whole = np.zeros((self.height, self.width, 3), np.uint8)
        for eye, (picture, column, row) in self.eyes.items():
            columns, rows = np.meshgrid(np.arange(picture.width), np.arange(picture.height))
            part = scenes[eye].seen(picture.rays(columns, rows))
            whole[row : row + picture.height, column : column + picture.width] = np.rint(part)
        return whole


def one(picture: Picture) -> Frame:
    """A frame with one picture for both eyes."""
    return Frame({"left": (picture, 0, 0), "right": (picture, 0, 0)}, picture.width, picture.height)


def two(picture: Picture, arrangement: str) -> Frame:
    """A frame with a picture for each eye: ``left-right``, ``right-left``, ``top-bottom`` or ``bottom-top``.

    The left eye's place is named first.
    """
    first, second = ("right", "left") if arrangement in ("right-left", "bottom-top") else ("left", "right")
    if arrangement in ("left-right", "right-left"):
        places = {first: (picture, 0, 0), second: (picture, picture.width, 0)}
        return Frame(places, 2 * picture.width, picture.height)
    places = {first: (picture, 0, 0), second: (picture, 0, picture.height)}
    return Frame(places, picture.width, 2 * picture.height)


def posed(frame: Frame, look_deg: tuple[float, float, float]) -> Frame:
    """The same frame with each eye's picture posed."""
    return replace(frame, eyes={eye: (Posed(p, look_deg), x, y) for eye, (p, x, y) in frame.eyes.items()})


@dataclass(frozen=True)
class Dots:
    """A black world with soft coloured dots.

    Attributes:
        directions: unit vectors (n, 3).
        colours: RGB (n, 3), 0 to 255.
        sizes_deg: the standard deviation (n,) of each dot's Gaussian.
    """

    directions: Values
    colours: Values
    sizes_deg: Values

    def seen(self, rays: Values) -> Values:
        """RGB (..., 3) at unit vectors (..., 3)."""
        seen = np.zeros(rays.shape)
        for direction, colour, size in zip(self.directions, self.colours, np.radians(self.sizes_deg), strict=True):
            near = rays @ direction > np.cos(min(4.5 * size, np.pi))
            chord = np.linalg.norm(rays[near] - direction, axis=-1)
            angle = 2 * np.arcsin(np.clip(chord / 2, 0, 1))
            seen[near] += np.exp(-0.5 * (angle / size) ** 2)[:, None] * colour
        return np.clip(seen, 0, 255)


def _inside(columns: Values, rows: Values, width: int, height: int) -> tuple[Values, Values]:
    """Positions, nan where they are outside of the picture (its edges count as inside)."""
    edge = 0.5 + 1e-9
    with np.errstate(invalid="ignore"):
        inside = (columns >= -edge) & (columns <= width - 1 + edge) & (rows >= -edge) & (rows <= height - 1 + edge)
    return np.where(inside, columns, np.nan), np.where(inside, rows, np.nan)
