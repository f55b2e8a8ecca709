"""A direction that changes over time: keyframes from a CSV file, great circles between them."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.errors import UsageError, nearest
from yt360_tools.geometry import Array, Direction, angle_between, angles_from_ray, ray_from_angles

_NEEDED = ("time_s", "yaw_deg", "pitch_deg")
_OPTIONAL = ("roll_deg", "hfov_deg")
_COLUMNS = (*_NEEDED, *_OPTIONAL)
_NO_ARC = math.radians(179.9)
_POLE_DEG = 90 - 1e-6


@dataclass(frozen=True)
class Look:
    """Where a view looks at a time, and how wide it opens (degrees)."""

    direction: Direction
    hfov_deg: float


@dataclass(frozen=True)
class DirectionPath:
    """Keyframes (n,) in ascending order; two of the same time are a cut.

    Between two of them the axis moves evenly along the great circle, roll turns evenly by the shorter way, hfov changes
    evenly. Before the first and after the last one nothing moves. A path over a pole, with no keyframe there, turns the
    picture there by half a turn, since up stays up on both sides; roll can take it back.

    Straight up or down, yaw and roll turn about one axis. Beside such a keyframe the axis moves along the neighbour's
    meridian, and what its yaw differs from the neighbour's is taken as roll, so the picture turns evenly and nothing
    jumps. Between two keyframes at one pole yaw turns evenly by the shorter way.

    Attributes:
        times_s: on the source's clock.
    """

    times_s: Array
    yaw_deg: Array
    pitch_deg: Array
    roll_deg: Array
    hfov_deg: Array

    def angles_at(self, times_s: Array) -> NDArray[np.float64]:
        """Yaw, pitch, roll and hfov (n, 4) in degrees at `times_s` (n,)."""
        times = np.clip(np.asarray(times_s, float), self.times_s[0], self.times_s[-1])
        last = len(self.times_s) - 1
        start = np.clip(np.searchsorted(self.times_s, times, side="right") - 1, 0, last)
        end = np.minimum(start + 1, last)
        span = self.times_s[end] - self.times_s[start]
        share = np.divide(times - self.times_s[start], span, out=np.zeros(times.shape), where=span > 0)
        keys = ray_from_angles(np.radians(self.yaw_deg), np.radians(self.pitch_deg))
        arc = angle_between(keys[start], keys[end])
        safe = np.where(arc > 1e-9, arc, 1.0)
        weights = (np.where(arc > 1e-9, np.sin(part * safe) / np.sin(safe), part) for part in (1 - share, share))
        rays = sum(weight[:, None] * keys[at] for weight, at in zip(weights, (start, end), strict=True))
        yaw, pitch = (np.degrees(angle) for angle in angles_from_ray(np.asarray(rays)))
        yaw, roll = self._beside_poles(start, end, share, yaw)
        # At a keyframe its own words count: a ray straight up has no yaw, and 540 degrees are meant as written.
        at_key = share == 0
        yaw = np.where(at_key, self.yaw_deg[start], yaw)
        pitch = np.where(at_key, self.pitch_deg[start], pitch)
        roll = np.where(at_key, self.roll_deg[start], roll)
        hfov = self.hfov_deg[start] + share * (self.hfov_deg[end] - self.hfov_deg[start])
        return np.stack([yaw, pitch, roll, hfov], axis=1)

    def _beside_poles(
        self, start: NDArray[np.intp], end: NDArray[np.intp], share: Array, yaw: Array
    ) -> tuple[Array, Array]:
        """Yaw (n,) of the axis, better where it begins or ends at a pole, and roll (n,)."""
        pole = np.where(np.abs(self.pitch_deg) > _POLE_DEG, np.sign(self.pitch_deg), 0)
        up, other_up = pole[start], pole[end]
        is_still = (up != 0) & (other_up != 0)
        apart = _shorter(self.yaw_deg[end] - self.yaw_deg[start])
        yaw = np.where(up != 0, self.yaw_deg[end], np.where(other_up != 0, self.yaw_deg[start], yaw))
        yaw = np.where(is_still, self.yaw_deg[start] + share * apart, yaw)
        # At the upper pole a yaw of `apart` more with a roll of as much less is the same look; at the lower one, more.
        first = self.roll_deg[start] + np.where(is_still, 0, -up * apart)
        last = self.roll_deg[end] + np.where(is_still, 0, other_up * apart)
        return yaw, first + share * _shorter(last - first)

    def look_at(self, time_s: float) -> Look:
        """Where it looks at one time."""
        yaw, pitch, roll, hfov = (float(angle) for angle in self.angles_at(np.array([time_s]))[0])
        return Look(Direction(yaw, pitch, roll), hfov)

    def view_from_world_at(self, times_s: Array) -> NDArray[np.float64]:
        """The rotations (n, 3, 3) that take its directions to the front, at `times_s` (n,)."""
        return np.stack(
            [Direction(yaw, pitch, roll).view_from_world for yaw, pitch, roll, _ in self.angles_at(times_s).tolist()]
        )


def _shorter(turn_deg: Array) -> Array:
    """The same turn by the shorter way, from -180 to 180 degrees."""
    return np.asarray((turn_deg + 180) % 360 - 180)


def read_path(path: Path, *, roll_deg: float = 0.0, hfov_deg: float = 90.0) -> DirectionPath:
    """The path of a CSV file with the columns time_s, yaw_deg, pitch_deg and, if wanted, roll_deg and hfov_deg.

    Args:
        roll_deg, hfov_deg: what counts where the file has no such column.

    Raises:
        UsageError: the file cannot be read, or a row that cannot be, by its line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            _check_columns(path, rows.fieldnames)
            keys = [_numbers(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV: {getattr(error, 'strerror', None) or error}") from error
    if not keys:
        raise UsageError(f"{path} has no row; a path needs one keyframe or more")
    table = {name: np.array([key.get(name, math.nan) for key in keys]) for name in _COLUMNS}
    for name, default in (("roll_deg", roll_deg), ("hfov_deg", hfov_deg)):
        if name not in keys[0]:
            table[name] = np.full(len(keys), default)
    found = DirectionPath(*(table[name] for name in _COLUMNS))
    _check_order(path, found)
    return found


def _check_columns(path: Path, found: Sequence[str] | None) -> None:
    names = list(found or ())
    missing = [name for name in _NEEDED if name not in names]
    unknown = [name for name in names if name not in _COLUMNS]
    if missing:
        raise UsageError(
            f"{path}: its first line names the columns, and {', '.join(missing)} must be among them; "
            f"got {', '.join(map(str, names)) or 'nothing'}"
        )
    if unknown:
        raise UsageError(f"{path}: unknown column {unknown[0]!r}{nearest(str(unknown[0]), _COLUMNS)}")


def _numbers(path: Path, line: int, row: dict[str, str]) -> dict[str, float]:
    try:
        numbers = {name: float(text) for name, text in row.items()}
    except (TypeError, ValueError):
        numbers = {}
    if len(numbers) != len(row) or not all(math.isfinite(number) for number in numbers.values()):
        raise UsageError(f"{path}, line {line}: a finite number in each column is wanted; got {list(row.values())}")
    if not -90 <= numbers["pitch_deg"] <= 90:
        raise UsageError(f"{path}, line {line}: pitch_deg lies between -90 and 90; got {numbers['pitch_deg']:g}")
    if not 0 < numbers.get("hfov_deg", 90.0) < 180:
        raise UsageError(
            f"{path}, line {line}: hfov_deg lies between 0 and 180, both excluded; got {numbers['hfov_deg']:g}"
        )
    return numbers


def _check_order(path: Path, found: DirectionPath) -> None:
    """Times that go back, and neighbours between which there is no one shortest way."""
    steps = np.diff(found.times_s)
    if (steps < 0).any():
        late = int(np.argmax(steps < 0)) + 1
        raise UsageError(
            f"{path}: times ascend (two equal ones are a cut); got {found.times_s[late]:g} s after "
            f"{found.times_s[late - 1]:g} s"
        )
    keys = ray_from_angles(np.radians(found.yaw_deg), np.radians(found.pitch_deg))
    opposite = (angle_between(keys[:-1], keys[1:]) > _NO_ARC) & (steps > 0)
    if opposite.any():
        at = int(np.argmax(opposite))
        raise UsageError(
            f"{path}: from {found.times_s[at]:g} s to {found.times_s[at + 1]:g} s the direction goes to the opposite "
            "one, and any way would do; put a keyframe between them, or give both the same time for a cut"
        )
