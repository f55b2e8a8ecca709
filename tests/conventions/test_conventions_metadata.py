"""The table of signs in docs/conventions.md, the rows about a file's header: against the specifications' own words, and
against what the project reads out of files that `worlds.boxes` puts together.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from table_of_signs import here
from worlds import boxes
from worlds.layouts import Cube, Globe, Posed, camera_axes, ray_at

from yt360_tools.geometry import Direction
from yt360_tools.media.layout import decide_layout
from yt360_tools.projection import Source, source_pixels
from yt360_tools.records import SourceLayout

Values = NDArray[np.float64]

ANGLES = (37.0, -24.0, 11.0)
FRONT, LEFT, UP = np.eye(3)


def turned(vectors: Values, axis: Values, degrees: float) -> Values:
    """Vectors (n, 3) turned about a unit axis, counter-clockwise as seen by whom the axis points at."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    along = np.outer(vectors @ axis, axis)
    return along + cosine * (vectors - along) + sine * np.cross(axis, vectors)


def posed(yaw: float, pitch: float, roll: float) -> Values:
    """Front, left and up (3, 3) of a picture turned about its up, then its own right, then its own front.

    Counter-clockwise about up (to the left) and right (upwards); the front points away from the owner, who sees a turn
    about it as clockwise.
    """
    axes = turned(np.eye(3), UP, yaw)
    axes = turned(axes, -axes[1], pitch)
    return turned(axes, axes[0], roll)


def film(folder: Path, *entry_boxes: bytes, behind: bytes = b"") -> Path:
    """A file with one picture track, whose sample entry holds the boxes given."""
    path = folder / "a.mp4"
    path.write_bytes(boxes.mp4(boxes.trak(*entry_boxes, extra=behind)))
    return path


class TestPose:
    def test_by_the_specification(self, tmp_path: Path) -> None:
        yaw, pitch, roll = ANGLES
        ours = here("YouTube v2 (prhd), by the specification", yaw=yaw, pitch=pitch, roll=roll)
        assert camera_axes(_angles(ours)) == pytest.approx(posed(yaw, pitch, roll))
        path = film(tmp_path, boxes.equi(pose_deg=ANGLES))
        assert decide_layout(path).pose_deg == pytest.approx(_angles(ours))

    def test_by_ffmpegs_documentation(self, tmp_path: Path) -> None:
        """A positive yaw moves what is in front to the right: a turn clockwise about up."""
        yaw, pitch, roll = ANGLES
        ours = here("YouTube v2 (prhd), by ffmpeg's documentation", yaw=yaw, pitch=pitch, roll=roll)
        assert camera_axes(_angles(ours)) == pytest.approx(posed(-yaw, pitch, roll))
        assert camera_axes(_angles(ours))[0] @ LEFT < 0
        path = film(tmp_path, boxes.equi(pose_deg=ANGLES))
        assert decide_layout(path, pose_signs="-++").pose_deg == pytest.approx(_angles(ours))

    def test_of_webm_by_googles_specification(self, tmp_path: Path) -> None:
        """Its words about WebM are those about `prhd`; nothing need be said for a file to be read by them."""
        yaw, pitch, roll = ANGLES
        ours = here("WebM pose, by Google's specification", yaw=yaw, pitch=pitch, roll=roll)
        assert camera_axes(_angles(ours)) == pytest.approx(posed(yaw, pitch, roll))
        path = tmp_path / "a.webm"
        path.write_bytes(boxes.matroska(boxes.projection_elements(1, boxes.equi_payload(), ANGLES)))
        assert decide_layout(path).pose_deg == pytest.approx(_angles(ours))

    def test_of_matroska_by_the_rfc(self, tmp_path: Path) -> None:
        yaw, pitch, roll = ANGLES
        ours = here("Matroska pose, by RFC 9559's words", yaw=yaw, pitch=pitch, roll=roll)
        assert camera_axes(_angles(ours)) == pytest.approx(posed(-yaw, pitch, -roll))
        path = tmp_path / "a.mkv"
        path.write_bytes(boxes.matroska(boxes.projection_elements(1, boxes.equi_payload(), ANGLES, double=True)))
        assert decide_layout(path, pose_signs="-+-").pose_deg == pytest.approx(_angles(ours))

    def test_of_version_1(self, tmp_path: Path) -> None:
        heading, pitch, roll = ANGLES
        ours = here("YouTube v1 (XML) pose", heading=heading, pitch=pitch, roll=roll)
        said = {f"Pose{name}Degrees": angle for name, angle in zip(("Heading", "Pitch", "Roll"), ANGLES, strict=True)}
        path = film(tmp_path, behind=boxes.v1(**said))
        assert decide_layout(path).pose_deg == pytest.approx(_angles(ours))

    def test_the_pictures_middle_lies_there(self) -> None:
        """And it is upright there as a view of that direction would show it."""
        source = Source(SourceLayout("er", pose_deg=ANGLES), 360, 180)
        rays = ray_at(np.linspace(-170, 175, 40), np.linspace(-80, 85, 40))
        found = source_pixels(rays, source)
        drawn = Posed(Globe(360, 180), ANGLES)
        assert drawn.rays(found.columns, found.rows) == pytest.approx(rays, abs=1e-9)
        assert drawn.rays(np.array(179.5), np.array(89.5)) == pytest.approx(posed(*ANGLES)[0])

    def test_can_be_ignored(self, tmp_path: Path) -> None:
        assert decide_layout(film(tmp_path, boxes.equi(pose_deg=ANGLES)), pose="ignore").pose_deg == (0, 0, 0)


@pytest.mark.parametrize("stereo_mode", [0, 1, 2, 4])
def test_eyes(stereo_mode: int, tmp_path: Path) -> None:
    path = film(tmp_path, boxes.st3d(stereo_mode), boxes.equi())
    assert decide_layout(path).stereo == here("YouTube v2 (st3d)", stereo_mode=stereo_mode)


def test_eyes_whose_places_are_the_meshs(tmp_path: Path) -> None:
    path = film(tmp_path, boxes.st3d(3), boxes.mshp())
    layout = decide_layout(path)
    assert (layout.projection, layout.stereo) == ("eac", "left-right")


def test_bounds(tmp_path: Path) -> None:
    """An eighth is missing at the top and three sixteenths at the left: what is in front comes up and leftwards."""
    bounds = (1 << 29, 1 << 28, 3 << 28, 1 << 30)
    ours = here("YouTube v2 (equi)", bounds=bounds)
    assert ours == (0.125, 0.0625, 0.1875, 0.25)
    layout = decide_layout(film(tmp_path, boxes.equi([bound / 2**32 for bound in bounds])))
    assert layout.bounds == ours
    found = source_pixels(FRONT, Source(layout, 900, 650))
    assert (float(found.columns), float(found.rows)) == pytest.approx((500 - 0.5, 300 - 0.5))  # of 1600 x 800


def test_cubemap(tmp_path: Path) -> None:
    """Worked out from the words: which face lies where, and in which of its halves a ray near its middle is met."""
    faces = here("YouTube v2 (cbmp), layout 0")
    layout = decide_layout(film(tmp_path, boxes.cbmp()))
    assert (layout.projection, layout.faces) == ("cubemap", faces)
    places = {"right": -LEFT, "left": LEFT, "up": UP, "down": -UP, "front": FRONT, "back": -FRONT}
    tops = {"right": UP, "left": UP, "up": FRONT, "down": -FRONT, "front": UP, "back": UP}
    for number, (name, middle) in enumerate(places.items()):
        column, row = 50 + 100 * (number % 3) - 0.5, 50 + 100 * (number // 3) - 0.5
        found = source_pixels(np.stack([middle, middle + 0.2 * tops[name]]), Source(layout, 300, 200))
        assert found.columns == pytest.approx([column, column])
        assert found.rows == pytest.approx([row, row - 10])
    plain = Cube(300, 200, 3, "RLUDFB", "000000").pixels(ray_at(0.0, 80.0))
    assert plain[1] > 50  # upright as here, up's lower edge is towards the front


def _angles(direction: Direction) -> tuple[float, float, float]:
    return direction.yaw_deg, direction.pitch_deg, direction.roll_deg
