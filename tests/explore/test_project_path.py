"""A direction over time: keyframes, what lies between them, and rows that make no sense."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp
from worlds.dot import angle_deg, unit_vector
from worlds.layouts import camera_axes

from yt360_tools.errors import UsageError
from yt360_tools.explore.project_path import DirectionPath, read_path


def written(file: Path, *rows: str, header: str = "time_s,yaw_deg,pitch_deg") -> Path:
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def axes_at(path: DirectionPath, time_s: float) -> np.ndarray:
    look = path.look_at(time_s).direction
    return unit_vector(look.yaw_deg, look.pitch_deg)


def test_between_keyframes_it_follows_the_great_circle_evenly(tmp_path: Path) -> None:
    """Against scipy's interpolation of rotations about the axis between the two directions; over the seam at 180."""
    path = read_path(written(tmp_path / "a.csv", "1,170,-35", "3,-120,50"))
    here, there = unit_vector(170, -35), unit_vector(-120, 50)
    axis = np.cross(here, there)
    arc = np.arctan2(np.linalg.norm(axis), here @ there)
    turn = Slerp([1, 3], Rotation.from_rotvec([0 * axis, arc * axis / np.linalg.norm(axis)]))
    for time_s in np.linspace(1, 3, 17):
        assert angle_deg(axes_at(path, time_s), turn(time_s).apply(here)) < 1e-6
    for before, behind in ((0.0, 1.0), (99.0, 3.0)):
        assert angle_deg(axes_at(path, before), axes_at(path, behind)) < 1e-9


def test_at_a_keyframe_its_own_words_count(tmp_path: Path) -> None:
    path = read_path(written(tmp_path / "a.csv", "0,75,90", "1,75,0", "2,400,-10"))
    assert path.look_at(0.0).direction.yaw_deg == 75
    assert path.look_at(2.0).direction.yaw_deg == 400
    assert path.look_at(0.5).direction.yaw_deg == pytest.approx(75)


def test_roll_turns_the_shorter_way_and_hfov_changes_evenly(tmp_path: Path) -> None:
    header = "time_s,yaw_deg,pitch_deg,roll_deg,hfov_deg"
    path = read_path(written(tmp_path / "a.csv", "0,0,0,170,60", "2,10,0,-170,100", header=header))
    look = path.look_at(0.5)
    assert look.direction.roll_deg == pytest.approx(175)
    assert look.hfov_deg == pytest.approx(70)
    given = read_path(written(tmp_path / "b.csv", "0,0,0"), roll_deg=-20, hfov_deg=75)
    assert (given.look_at(3).direction.roll_deg, given.look_at(3).hfov_deg) == (-20, 75)


POLES = ["0,20,90,7", "1,75,-10,-40", "2,-60,90,15", "2.5,-95,90,15", "4,130,35,80", "5,-150,-90,-20", "6,10,5,0"]
"""Straight up at the beginning, in the middle and twice, straight down; yaw and roll differ everywhere."""


def test_at_a_pole_nothing_jumps(tmp_path: Path) -> None:
    """Each keyframe is met as written, from both sides, and in between the camera never turns faster than it must."""
    path = read_path(written(tmp_path / "a.csv", *POLES, header="time_s,yaw_deg,pitch_deg,roll_deg"))
    for time_s, *angles in ([float(word) for word in row.split(",")] for row in POLES):
        for around in path.view_from_world_at(np.array([time_s - 1e-7, time_s, time_s + 1e-7])):
            np.testing.assert_allclose(around, camera_axes(tuple(angles)), atol=1e-5)
    axes = path.view_from_world_at(np.linspace(0, 6, 6001))
    turns = Rotation.from_matrix(axes[1:] @ axes[:-1].transpose(0, 2, 1)).magnitude()
    assert np.degrees(turns).max() < 0.4


def test_beside_a_pole_the_axis_goes_down_one_meridian(tmp_path: Path) -> None:
    path = read_path(written(tmp_path / "a.csv", "0,0,90", "1,90,0"))
    for time_s in (1e-12, 0.001, 0.5, 1.0):
        look = path.look_at(time_s).direction
        assert (look.yaw_deg, look.pitch_deg) == pytest.approx((90, 90 * (1 - time_s)))
    assert path.look_at(0.5).direction.roll_deg == pytest.approx(-45), "half of what differs in yaw at the pole"


def test_two_rows_of_one_time_are_a_cut(tmp_path: Path) -> None:
    path = read_path(written(tmp_path / "a.csv", "0,0,0", "1,40,0", "1,180,0", "2,180,30"))
    assert path.look_at(0.999).direction.yaw_deg == pytest.approx(39.96)
    assert path.look_at(1.0).direction.yaw_deg == 180
    assert path.look_at(1.5).direction.pitch_deg == pytest.approx(15)


def test_the_rotations_take_its_directions_to_the_front(tmp_path: Path) -> None:
    """The camera's own axes (front, left, up) as rows, for three generic angles."""
    header = "time_s,yaw_deg,pitch_deg,roll_deg"
    path = read_path(written(tmp_path / "a.csv", "0,52,-14,33", "1,-80,41,-120", header=header))
    times = np.array([0.0, 0.3, 1.0])
    for time_s, rotation in zip(times, path.view_from_world_at(times), strict=True):
        look = path.look_at(time_s).direction
        np.testing.assert_allclose(rotation, camera_axes((look.yaw_deg, look.pitch_deg, look.roll_deg)), atol=1e-12)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["time_s,yaw_deg", "0,1"], "pitch_deg must be among them; got time_s, yaw_deg"),
        (["time_s,yaw_deg,pitch_deg,rol_deg", "0,1,2,3"], "unknown column 'rol_deg'; did you mean 'roll_deg'"),
        (["time_s,yaw_deg,pitch_deg"], "has no row"),
        ([], "got nothing"),
        (["time_s,yaw_deg,pitch_deg", "0,1,2", "1,here,2"], "line 3: a finite number in each column"),
        (["time_s,yaw_deg,pitch_deg", "0,1,nan"], "line 2: a finite number"),
        (["time_s,yaw_deg,pitch_deg", "0,1"], "line 2: a finite number"),
        (["time_s,yaw_deg,pitch_deg", "0,1,2,3"], "line 2: a finite number"),
        (["time_s,yaw_deg,pitch_deg", "0,1,91"], "line 2: pitch_deg lies between -90 and 90; got 91"),
        (["time_s,yaw_deg,pitch_deg,hfov_deg", "0,1,2,180"], "line 2: hfov_deg lies between 0 and 180"),
        (["time_s,yaw_deg,pitch_deg", "2,1,2", "1,1,2"], "times ascend .* got 1 s after 2 s"),
        (["time_s,yaw_deg,pitch_deg", "0,10,20", "1,-170,-20"], "from 0 s to 1 s the direction goes to the opposite"),
    ],
)
def test_rows_that_make_no_sense(lines: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with pytest.raises(UsageError, match=says):
        read_path(tmp_path / "a.csv")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read as CSV"):
        read_path(tmp_path / "nowhere.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UsageError, match="cannot be read as CSV"):
        read_path(tmp_path / "a.csv")
