"""Where rays meet a source's frame: by hand, and against layouts that the tests draw by themselves."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_sources import CASES, many_rays
from drawn_waves import Values
from worlds.layouts import ray_at, unit

from yt360_tools.errors import UsageError
from yt360_tools.projection import Source, source_pixels
from yt360_tools.records import SourceLayout


def position(layout: SourceLayout, size: tuple[int, int], azimuth: float, elevation: float, **more: object) -> Values:
    """Column and row at which a direction (degrees, left and up positive) is seen."""
    found = source_pixels(ray_at(np.float64(azimuth), np.float64(elevation)), Source(layout, *size, **more))
    return np.array([found.columns, found.rows])


class TestByHand:
    """The centre of the first pixel is 0: a frame begins at -0.5."""

    @pytest.mark.parametrize(
        ("azimuth", "elevation", "column", "row"),
        [
            (0, 0, 179.5, 89.5),
            (90, 0, 89.5, 89.5),  # left is left
            (0, 45, 179.5, 44.5),  # up is up
            (179.5, 89.5, 0, 0),
            (-179.5, -89.5, 359, 179),
            (180, 0, -0.5, 89.5),  # the seam is the left edge
            (-37, -24, 216.5, 113.5),
        ],
    )
    def test_equirectangular(self, azimuth: float, elevation: float, column: float, row: float) -> None:
        assert position(SourceLayout("er"), (360, 180), azimuth, elevation) == pytest.approx((column, row), abs=1e-6)

    def test_cropped(self) -> None:
        """Of 360 x 180 pixels 36 are missing on top, 18 below, 90 at the left and 54 at the right."""
        layout = SourceLayout("er", bounds=(0.2, 0.1, 0.25, 0.15))
        assert position(layout, (216, 126), -37, -24) == pytest.approx((126.5, 77.5))

    @pytest.mark.parametrize(
        ("azimuth", "elevation", "column", "row"),
        [
            (0, 0, 299.5, 99.5),  # front: the middle of the upper row
            (90, 0, 99.5, 99.5),
            (-90, 0, 499.5, 99.5),
            (22.5, 0, 249.5, 99.5),  # a quarter of a face, by the angle
            (0, 22.5, 299.5, 49.5),
            (180, 0, 299.5, 299.5),
            (157.5, 0, 299.5, 349.5),  # what is behind to our left was at back's right, which was turned down
            (0, 90, 499.5, 299.5),
            (0, 67.5, 549.5, 299.5),  # towards the front was below in up, which was turned to the right
            (0, -90, 99.5, 299.5),
            (0, -67.5, 49.5, 299.5),  # towards the front was above in down, which was turned to the left
        ],
    )
    def test_equi_angular_cubemap(self, azimuth: float, elevation: float, column: float, row: float) -> None:
        seen = position(SourceLayout("eac"), (600, 400), azimuth, elevation, border_px=(0.0, 0.0))
        assert seen == pytest.approx((column, row), abs=1e-6)

    def test_the_border_of_an_equi_angular_cubemap(self) -> None:
        """Two pixels at the sides, one above and below each row: faces of 200 x 198 pixels."""
        layout = SourceLayout("eac")
        assert position(layout, (604, 400), 22.5, 0, border_px=(2.0, 1.0)) == pytest.approx((251.5, 99.5))
        assert position(layout, (604, 400), 0, 22.5, border_px=(2.0, 1.0)) == pytest.approx((301.5, 50.0))
        assert position(layout, (604, 404), 0, 22.5) == pytest.approx((301.5, 51.0))  # two pixels if nothing is said

    @pytest.mark.parametrize(
        ("stereo", "eye", "column", "row"),
        [
            # 22.5 degrees to the left is seen at (249.5, 99.5) of 600 x 400; on its side, column and row are exchanged,
            # and the rows count from the right edge, which lies on top.
            ("left-right", "left", 99.5, 349.5),
            ("left-right", "right", 499.5, 349.5),
            ("right-left", "left", 499.5, 349.5),
            ("right-left", "right", 99.5, 349.5),
        ],
    )
    def test_two_equi_angular_cubemaps_lie_on_their_side(
        self, stereo: str, eye: str, column: float, row: float
    ) -> None:
        seen = position(SourceLayout("eac", stereo), (800, 600), 22.5, 0, border_px=(0.0, 0.0), eye=eye)
        assert seen == pytest.approx((column, row), abs=1e-6)

    def test_the_border_of_two_lies_along_the_frame(self) -> None:
        """Faces of 198 x 200 pixels; what is 1 pixel along the frame's columns is above and below each eye's rows."""
        layout = SourceLayout("eac", "left-right")
        assert position(layout, (800, 604), 22.5, 0, border_px=(1.0, 2.0)) == pytest.approx((99.5, 351.5))
        assert position(layout, (800, 604), 0, 22.5, border_px=(1.0, 2.0)) == pytest.approx((50.0, 301.5))

    @pytest.mark.parametrize(
        ("faces", "column", "row"),
        [
            ("3x2:FRBLUD", 24.5, 49.5),
            ("3x2:RLUDFB", 124.5, 149.5),
            ("3x2:RLUDFB:000010", 149.5, 124.5),  # what was at the left is above
            ("3x2:RLUDFB:000020", 174.5, 149.5),
            ("3x2:RLUDFB:000030", 149.5, 174.5),
        ],
    )
    def test_cubemap(self, faces: str, column: float, row: float) -> None:
        """A direction a quarter of a face to the left of the front's middle, by the tangent."""
        seen = position(SourceLayout("cubemap", faces=faces), (300, 200), float(np.degrees(np.arctan(0.5))), 0)
        assert seen == pytest.approx((column, row), abs=1e-6)

    @pytest.mark.parametrize(
        ("stereo", "eye", "column", "row"),
        [
            ("top-bottom", "left", 89.5, 44.5),
            ("top-bottom", "right", 89.5, 134.5),
            ("bottom-top", "left", 89.5, 134.5),
            ("left-right", "left", 44.5, 89.5),
            ("left-right", "right", 224.5, 89.5),
            ("right-left", "left", 224.5, 89.5),
            ("mono", "right", 89.5, 89.5),
        ],
    )
    def test_two_eyes(self, stereo: str, eye: str, column: float, row: float) -> None:
        seen = position(SourceLayout("er", stereo), (360, 180), 90, 0, eye=eye)
        assert seen == pytest.approx((column, row), abs=1e-6)

    def test_a_pose_is_where_the_middle_lies(self) -> None:
        """Upside down with its middle at 120 degrees, what a picture shows at its left, 90 aside, lies at 120 - 90."""
        assert position(SourceLayout("er", pose_deg=(120, 0, 0)), (360, 180), 120, 0) == pytest.approx((179.5, 89.5))
        assert position(SourceLayout("er", pose_deg=(120, 0, 180)), (360, 180), 30, 0) == pytest.approx((89.5, 89.5))
        assert position(SourceLayout("er", pose_deg=(0, 30, 0)), (360, 180), 0, 30) == pytest.approx((179.5, 89.5))


class TestAgainstTheTestsOwnLayouts:
    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("eye", ["left", "right"])
    def test_rays_meet_the_same_place(self, name: str, eye: str) -> None:
        rays = many_rays()
        found = source_pixels(rays, replace(CASES[name].source, eye=eye))
        columns, rows = CASES[name].frame.pixels(unit(rays), eye)
        there = np.isfinite(columns) & np.isfinite(rows)
        assert (found.inside == there).all()
        assert there.mean() > (0.3 if "cropped" in name else 0.99)
        assert np.abs(found.columns - columns)[there].max() < 1e-6
        assert np.abs(found.rows - rows)[there].max() < 1e-6


class TestWhatALayoutCannotBe:
    @pytest.mark.parametrize(
        ("layout", "said"),
        [
            (SourceLayout("mesh"), r"'mesh'.*er, eac, cubemap"),
            (SourceLayout("cubmap"), "did you mean 'cubemap'"),
            (SourceLayout("er", "top-botom"), "did you mean 'top-bottom'"),
            (SourceLayout("cubemap"), "needs its faces.*3x2, 6x1, 1x6"),
            (SourceLayout("cubemap", faces="3x2:FRBLUU"), "once each.*'3x2:FRBLUU'"),
            (SourceLayout("cubemap", faces="2x3:FRBLUD"), "3x2, 6x1, 1x6"),
            (SourceLayout("cubemap", faces="3x2:frblud"), "FRBLUD"),
            (SourceLayout("cubemap", faces="3x2:FRBLUD:00000"), "six digits"),
            (SourceLayout("cubemap", faces="3x2:FRBLUD:000004"), "0 to 3"),
            (SourceLayout("er", faces="3x2:FRBLUD"), "faces belong to a cubemap"),
            (SourceLayout("eac", "top-bottom"), "side by side"),
            (SourceLayout("eac", bounds=(0.1, 0, 0, 0)), "bounds belong to an equirectangular"),
            (SourceLayout("er", bounds=(0.5, 0.5, 0, 0)), "less than 1"),
            (SourceLayout("er", bounds=(-0.1, 0, 0, 0)), "at least 0"),
            (SourceLayout("er", bounds=(float("nan"), 0, 0, 0)), "at least 0"),
            (SourceLayout("er", pose_deg=(0, float("inf"), 0)), "pose"),
        ],
    )
    def test_is_refused(self, layout: SourceLayout, said: str) -> None:
        with pytest.raises(UsageError, match=said):
            Source(layout, 320, 160)

    def test_no_pixels_no_eye_and_no_face(self) -> None:
        with pytest.raises(UsageError, match="got 0 x 160"):
            Source(SourceLayout("er"), 0, 160)
        with pytest.raises(UsageError, match=r"'middle'.*left, right"):
            Source(SourceLayout("er"), 320, 160, eye="middle")
        with pytest.raises(UsageError, match="leaves no face a whole pixel"):
            Source(SourceLayout("eac"), 320, 160, (2.0, 40.0))
