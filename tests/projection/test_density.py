"""How large a source must be for a view."""

import numpy as np
import pytest

from yt360_tools.geometry import Direction
from yt360_tools.projection import panorama, sufficient_height, sufficient_width, viewport


class TestSufficientWidth:
    def test_grows_with_the_views_width_and_shrinks_with_its_opening(self) -> None:
        by_width = [sufficient_width(viewport(Direction(0), 90, width, 64), "er") for width in (32, 64, 128, 256)]
        by_hfov = [sufficient_width(viewport(Direction(0), hfov, 128, 64), "er") for hfov in (30, 60, 90, 120)]
        assert by_width == sorted(set(by_width))
        assert by_hfov == sorted(set(by_hfov), reverse=True)

    def test_keeps_half_as_many_pixels_again_as_the_views_centre_takes(self) -> None:
        """224 pixels over 2 tan 45 = 2 are 112 a radian: 703.7 a turn; half as many again is 1055.6."""
        view = viewport(Direction(0), 90, 224, 224)
        assert sufficient_width(view, "er") == 1056
        assert sufficient_width(panorama(448), "er") == 672

    @pytest.mark.parametrize("hfov_deg", [30, 60, 90, 100, 120, 150, 170])
    def test_edge_and_centre_of_a_view_are_balanced(self, hfov_deg: float) -> None:
        """A wide view's edge is finer than the source by no more than its centre is coarser."""
        view = viewport(Direction(0), hfov_deg, 224, 128)
        source = sufficient_width(view, "er") / 360
        pixel = 2 * np.tan(np.radians(hfov_deg) / 2) / 224
        centre, edge = (
            1 / np.degrees(np.arctan((at + 1) * pixel) - np.arctan(at * pixel)) for at in (-0.5, 224 / 2 - 1)
        )
        assert source >= 1.5 * centre
        assert edge / source < 1.02 * max(1.34, source / centre)
        assert source >= 224 / hfov_deg

    def test_wide_views(self) -> None:
        """224 pixels over 2 tan 60 are 64.7 a radian; twice as many are 812.6 a turn. At 170 degrees it was 96."""
        assert sufficient_width(viewport(Direction(0), 120, 224, 224), "er") == 816
        assert sufficient_width(viewport(Direction(0), 170, 224, 224), "er") == 708

    def test_a_tall_view_asks_for_what_its_height_needs(self) -> None:
        """100 x 400 pixels open 40 degrees by 111: as a view of 400 x 100 that opens 111 by 40."""
        tall = viewport(Direction(0), 40, 100, 400)
        assert tall.vfov_deg == pytest.approx(111.04, abs=0.01)
        wide = viewport(Direction(0), tall.vfov_deg, 400, 100)
        assert sufficient_width(tall, "er") == sufficient_width(wide, "er")
        assert sufficient_width(tall, "er") > sufficient_width(viewport(Direction(0), 40, 100, 100), "er")

    def test_heights_follow_from_how_the_sphere_lies_in_the_frame(self) -> None:
        assert sufficient_height(1056, "er") == 528
        assert sufficient_height(792, "eac") == 528

    def test_an_eac_frame_holds_three_quarters_of_a_turn_in_its_width(self) -> None:
        assert sufficient_width(panorama(448), "eac") == 504

    @pytest.mark.parametrize("projection", ["er", "eac"])
    def test_is_a_multiple_of_twelve(self, projection: str) -> None:
        widths = [sufficient_width(viewport(Direction(0), hfov, 100, 64), projection) for hfov in range(20, 170, 7)]
        assert all(width % 12 == 0 for width in widths)
