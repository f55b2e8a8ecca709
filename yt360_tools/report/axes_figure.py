"""The figure of the axes in docs/conventions.md: frame, angles, and where a view falls in the panorama.

Draw it anew with ``python -m yt360_tools.report.axes_figure docs/axes.png``. Every line comes out of `geometry`.
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError
from yt360_tools.files import write_whole
from yt360_tools.geometry import Array, Direction, er_pixels_from_rays, ray_from_angles, vertical_fov
from yt360_tools.report.png import encode_png
from yt360_tools.report.sheet_page import FAINT, GREY, INK, LARGE, NORMAL, Page

_LOOK = Direction(40.0, 30.0, 20.0)
_HFOV_DEG, _ASPECT = 40.0, 4 / 3
_ONLOOKER = Direction(66.0, -24.0)
"""From where the sphere is drawn: behind the listener, above and to the right."""

_MOST_BYTES = 150_000
_SPHERE, _PANORAMA, _CROP = (8, 50, 560, 620), (620, 62, 760, 380), (620, 512, 216, 162)
_PAGE = (1440, 700)
_EDGE_STEPS = 40
_YAW, _PITCH, _ROLL, _VIEW = "#00a5e0", "#f0308a", "#f78c00", "#7f5cf5"
_AXES = (("x", "front", (1, 0, 0), "#c2331f"), ("y", "left", (0, 1, 0), "#2c8a2c"), ("z", "up", (0, 0, 1), "#2456c7"))


def draw_axes() -> NDArray[np.uint8]:
    """The figure's pixels, RGB (height, width, 3)."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a user's matplotlibrc says
        page = Page(*_PAGE)
        page.text(_SPHERE[0] + 14, 20, "The frame: x front, y left, z up", size=LARGE, weight="bold")
        _draw_sphere(page.axes(*_SPHERE))
        page.text(_PANORAMA[0], 20, "The equirectangular picture", size=LARGE, weight="bold")
        _draw_panorama(page.axes(*_PANORAMA))
        page.text(_CROP[0], _CROP[1] - 26, "What the view shows", size=LARGE, weight="bold")
        _draw_crop(page.axes(*_CROP))
        _write_legend(page)
        return page.pixels()


@dataclass(frozen=True)
class _Sphere:
    """Matplotlib axes on which the unit sphere is drawn as an onlooker from far away sees it."""

    axes: Any

    def flat(self, points: Array) -> tuple[Array, Array, Array]:
        """Right, up, and the distance behind the sphere's middle (...) of points (..., 3)."""
        away, left, up = np.moveaxis(points @ _ONLOOKER.view_from_world.T, -1, 0)
        return -left, up, away

    def curve(self, points: Array, colour: str, width: float = 1.0, *, faint_behind: bool = False) -> None:
        """A line through points (n, 3); dashed where the sphere is in front of it, if asked."""
        right, up, away = self.flat(points)
        hidden = (away > 1e-9) & faint_behind
        self.axes.plot(np.where(hidden, np.nan, right), np.where(hidden, np.nan, up), color=colour, linewidth=width)
        if hidden.any():
            behind = np.where(hidden, right, np.nan), np.where(hidden, up, np.nan)
            self.axes.plot(*behind, color=colour, linewidth=0.7 * width, linestyle=(0, (3, 3)), alpha=0.7)

    def arrow(self, start: Array, end: Array, colour: str, width: float = 1.6) -> None:
        ends = [tuple(float(part) for part in self.flat(point)[:2]) for point in (start, end)]
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
        self.axes.annotate("", ends[1], ends[0], arrowprops={**style, "mutation_scale": 12})

    def text(self, point: Array, text: str, colour: str, dx: float = 0.0, dy: float = 0.0) -> None:
        right, up, _ = self.flat(point)
        style = {"ha": "center", "va": "center", "size": NORMAL + 1, "linespacing": 1.1, "zorder": 5}
        style["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}
        self.axes.text(float(right) + dx, float(up) + dy, text, color=colour, **style)


def _draw_sphere(axes: Any) -> None:
    sphere = _Sphere(axes)
    axes.set(xlim=(-1.2, 1.6), ylim=(-1.3, 1.8), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    turn = np.linspace(0, 2 * np.pi, 361)
    axes.fill(np.cos(turn), np.sin(turn), color="#f6f8fb", linewidth=0)
    axes.plot(np.cos(turn), np.sin(turn), color=FAINT, linewidth=0.8)
    sphere.curve(ray_from_angles(turn, 0.0), GREY, 0.9, faint_behind=True)
    for meridian in (ray_from_angles(0.0, turn), ray_from_angles(np.pi / 2, turn)):
        sphere.curve(meridian, FAINT, 0.8, faint_behind=True)
    for (name, word, end, colour), aside in zip(_AXES, ((0.14, 0.02), (-0.1, 0.11), (-0.1, 0.05)), strict=True):
        tip = 1.32 * np.array(end, float)
        sphere.arrow(np.zeros(3), tip, colour, 2.0)
        sphere.text(tip, f"{name}\n{word}", colour, *aside)
    _draw_angles(sphere)
    _draw_camera(sphere)


def _draw_angles(sphere: _Sphere) -> None:
    """The view's yaw as an arc along the horizon, its pitch as one up from there."""
    yaw, pitch = np.radians([_LOOK.yaw_deg, _LOOK.pitch_deg])
    to_yaw, to_pitch = np.linspace(0, yaw, 60), np.linspace(0, pitch, 40)
    foot = ray_from_angles(yaw, 0.0)
    sphere.curve(np.stack([np.zeros(3), foot]), GREY, 0.9)
    for arc, colour in ((ray_from_angles(to_yaw, 0.0), _YAW), (ray_from_angles(yaw, to_pitch), _PITCH)):
        sphere.curve(arc[:-4], colour, 2.4)
        sphere.arrow(arc[-5], arc[-1], colour, 2.4)
    sphere.text(ray_from_angles(0.45 * yaw, 0.0), "azimuth, yaw\n+ to the left", _YAW, 0.42, -0.3)
    sphere.text(ray_from_angles(yaw, 0.45 * pitch), "elevation, pitch\n+ up", _PITCH, 0.34, -0.03)


def _draw_camera(sphere: _Sphere) -> None:
    """The view's image plane with its corners, its upper edge heavier, and its roll."""
    distance = 1.28
    outline = distance * _outline()
    corners = distance * _camera_rays(np.array([1.0, -1, -1, 1]), np.array([1.0, 1, -1, -1]))
    for corner in corners:
        sphere.curve(np.stack([0.02 * corner, corner]), _VIEW, 0.6)
    right, up, _ = sphere.flat(outline)
    sphere.axes.fill(right, up, color=_VIEW, alpha=0.13, linewidth=0)
    sphere.curve(outline, _VIEW, 1.3)
    sphere.curve(corners[:2], _VIEW, 3.2)
    sphere.arrow(np.zeros(3), distance * _LOOK.ray, _VIEW, 1.6)
    level = Direction(_LOOK.yaw_deg, _LOOK.pitch_deg).view_from_world
    falls = np.radians(np.linspace(0, _LOOK.roll_deg, 20))
    reach = 0.62 * math.tan(math.radians(_HFOV_DEG / 2))
    rolled = distance * (np.stack([1 + 0 * falls, -reach * np.sin(falls), reach * np.cos(falls)], axis=-1) @ level)
    sphere.curve(np.stack([distance * _LOOK.ray, rolled[0]]), GREY, 0.8)
    sphere.curve(np.stack([distance * _LOOK.ray, rolled[-1]]), _ROLL, 1.0)
    sphere.curve(rolled[:-4], _ROLL, 2.4)
    sphere.arrow(rolled[-5], rolled[-1], _ROLL, 2.4)
    sphere.text(corners[:2].mean(axis=0), "roll + clockwise\nfor its owner", _ROLL, 0.2, 0.14)
    sphere.text(corners[2:].mean(axis=0), "a view", _VIEW, 0.36, 0.08)


def _camera_rays(to_left: Array, to_top: Array) -> Array:
    """World rays (..., 3) through the view's image plane; its edges lie at -1 and 1."""
    half_width = math.tan(math.radians(_HFOV_DEG / 2))
    camera = np.stack([np.ones_like(to_left), half_width * to_left, half_width / _ASPECT * to_top], axis=-1)
    return np.asarray(camera @ _LOOK.view_from_world)


def _outline() -> Array:
    """Rays (n, 3) once around the view's edge, clockwise from its upper left corner."""
    there, ones = np.linspace(1, -1, _EDGE_STEPS), np.ones(_EDGE_STEPS)
    to_left = np.concatenate([there, -ones, -there, ones])
    to_top = np.concatenate([ones, there, -ones, -there])
    return _camera_rays(to_left, to_top)


def _draw_panorama(axes: Any) -> None:
    axes.set(xlim=(0, 360), ylim=(180, 0))
    axes.set_xticks(np.arange(0, 361, 45), [_signed(180 - at) for at in range(0, 361, 45)])
    axes.set_yticks(np.arange(0, 181, 45), [_signed(90 - at) for at in range(0, 181, 45)])
    axes.set_xlabel("azimuth", size=NORMAL, color=GREY, labelpad=1)
    axes.set_ylabel("elevation", size=NORMAL, color=GREY, labelpad=1)
    axes.grid(color=FAINT, alpha=0.5, linewidth=0.5)
    for spine in axes.spines.values():
        spine.set(color=INK, linewidth=1.0)
    _name_directions(axes)
    yaw, pitch = np.radians([_LOOK.yaw_deg, _LOOK.pitch_deg])
    axes.plot(*_in_panorama(ray_from_angles(np.linspace(0, yaw, 20), 0.0)), color=_YAW, linewidth=2.4)
    axes.plot(*_in_panorama(ray_from_angles(yaw, np.linspace(0, pitch, 20))), color=_PITCH, linewidth=2.4)
    outline = _outline()
    axes.fill(*_in_panorama(outline), color=_VIEW, alpha=0.13, linewidth=0)
    axes.plot(*_in_panorama(outline), color=_VIEW, linewidth=1.3)
    axes.plot(*_in_panorama(outline[:_EDGE_STEPS]), color=_VIEW, linewidth=3.2)
    axes.plot(*_in_panorama(_LOOK.ray[None]), "o", color=_VIEW, markersize=5)


def _in_panorama(rays: Array) -> tuple[Array, Array]:
    """Where rays (n, 3) lie across and down an equirectangular picture, in degrees from its upper left corner."""
    column, row = er_pixels_from_rays(rays, 360, 180)
    return column + 0.5, row + 0.5


def _name_directions(axes: Any) -> None:
    style: dict[str, Any] = {"size": NORMAL + 1, "va": "top"}
    for _, word, end, colour in _AXES[:2]:
        across, down = _in_panorama(np.array([end], float))
        axes.plot(across, down, "o", color=colour, markersize=6)
        axes.text(float(across[0]), float(down[0]) + 4, word, color=colour, ha="center", **style)
    for at, word, align in ((270, "right", "center"), (5, "back", "left"), (355, "back", "right")):
        axes.text(at, 94, word, color=GREY, ha=align, **style)
    axes.text(180, 2, "the whole top edge looks up", color=_AXES[2][3], ha="center", **style)
    axes.text(180, 172, "the whole bottom edge looks down", color=GREY, ha="center", **style)


def _signed(degrees: int) -> str:
    return f"{degrees:+d}°".replace("-", "\u2212") if degrees else "0°"


def _draw_crop(axes: Any) -> None:
    """The lines of equal azimuth and elevation every 15 degrees as the view shows them."""
    half_width = math.tan(math.radians(_HFOV_DEG / 2))
    half_height = half_width / _ASPECT
    axes.set(xlim=(-half_width, half_width), ylim=(-half_height, half_height), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=_VIEW, linewidth=1.3)
    axes.spines["top"].set_linewidth(3.2)
    fine = np.radians(np.linspace(-180, 180, 721))

    def line(rays: Array, colour: str, line_width: float) -> None:
        depth, left, up = np.moveaxis(rays @ _LOOK.view_from_world.T, -1, 0)
        depth = np.where(depth > 0.1, depth, np.nan)
        axes.plot(-left / depth, up / depth, color=colour, linewidth=line_width)

    for degrees in range(-180, 180, 15):
        line(ray_from_angles(np.radians(degrees), fine / 2), FAINT, 0.6)
    for degrees in range(-75, 90, 15):
        line(ray_from_angles(fine, np.radians(degrees)), FAINT, 0.6)
    yaw, pitch = np.radians([_LOOK.yaw_deg, _LOOK.pitch_deg])
    line(ray_from_angles(fine, 0.0), GREY, 1.2)
    line(ray_from_angles(np.linspace(0, yaw, 60), 0.0), _YAW, 2.4)
    line(ray_from_angles(yaw, np.linspace(0, pitch, 40)), _PITCH, 2.4)
    axes.plot(0, 0, "o", color=_VIEW, markersize=5)


def _write_legend(page: Page) -> None:
    opening = math.degrees(vertical_fov(math.radians(_HFOV_DEG), 4, 3))
    lines = (
        (f"yaw {_LOOK.yaw_deg:.0f}°", _YAW, "azimuth of its axis: undone first when a view is faced"),
        (f"pitch {_LOOK.pitch_deg:.0f}°", _PITCH, "elevation of its axis: undone second"),
        (f"roll {_LOOK.roll_deg:.0f}°", _ROLL, "the camera turns clockwise, so the picture turns counter-clockwise"),
        (f"hfov {_HFOV_DEG:.0f}°", _VIEW, f"between its left and right edges; 4 : 3 opens {opening:.1f}° in height"),
        ("sound", INK, "what is in the middle comes from the front: X = W, Y = Z = 0;"),
        ("", INK, "what is left of the middle has Y > 0, what is above it Z > 0"),
    )
    left, top = _CROP[0] + _CROP[2] + 26, _CROP[1] + 4
    for number, (name, colour, text) in enumerate(lines):
        page.text(left, top + 27 * number, name, color=colour, size=NORMAL + 1, weight="bold")
        page.text(left + 78, top + 27 * number, text, size=NORMAL + 1)


def main(arguments: list[str]) -> None:
    """Write the figure to the one path given."""
    if len(arguments) != 1 or not arguments[0].endswith(".png"):
        raise UsageError(f"one path of a .png is needed, such as docs/axes.png; got {' '.join(arguments) or 'none'}")
    write_whole(Path(arguments[0]), encode_png(draw_axes(), _MOST_BYTES))


if __name__ == "__main__":
    main(sys.argv[1:])
