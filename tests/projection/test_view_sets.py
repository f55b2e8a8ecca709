"""Sets of views by their names."""

from dataclasses import replace

import numpy as np
import pytest

from yt360_tools.errors import UsageError
from yt360_tools.geometry import CUBE_FACES, Array, Direction, angle_between
from yt360_tools.projection import fibonacci_directions, viewport
from yt360_tools.projection.view_sets import ViewSettings, make_views, parse_view_set

SMALL = ViewSettings(24, 16, hfov_deg=75.0)
SQUARE = ViewSettings(16, 16, hfov_deg=75.0)
PAPER = replace(SQUARE, hfov_range_deg=(25.0, 90.0), aspect_range=(3 / 4, 4 / 3))


def silent(count: int, min_separation: float) -> Array:
    return np.zeros((0, 3))


class TestNames:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("cube", ("cube", 6)),
            ("ring:4", ("ring", 4)),
            ("fibonacci:64", ("fibonacci", 64)),
            ("sound:1", ("sound", 1)),
        ],
    )
    def test_are_a_kind_and_a_number(self, text: str, wanted: tuple[str, int]) -> None:
        assert parse_view_set(text) == wanted

    @pytest.mark.parametrize("text", ["cube:6", "cube:", "fibonacci", "fibonacci:0", "fibonacci:65", "", "sphere:3"])
    def test_that_are_none(self, text: str) -> None:
        with pytest.raises(UsageError, match=r"cube, fibonacci:N, ring:N, random:K or sound:K with 1 to 64"):
            parse_view_set(text)

    def test_that_are_nearly_one(self) -> None:
        with pytest.raises(UsageError, match="did you mean 'fibonacci'"):
            parse_view_set("fibonaci:3")


class TestSets:
    def test_a_cube_is_square_and_opens_90_degrees(self) -> None:
        assert make_views("cube", SQUARE) == tuple(viewport(face, 90, 16, 16) for _, face in CUBE_FACES)
        with pytest.raises(UsageError, match="square"):
            make_views("cube", SMALL)

    def test_a_ring_and_an_even_set_open_as_asked(self) -> None:
        ring = tuple(viewport(Direction(yaw), 75, 24, 16) for yaw in (0, 120, -120))
        assert [view.direction.yaw_deg for view in make_views("ring:3", SMALL)] == pytest.approx([0, 120, -120])
        assert {replace(view, direction=Direction(0)) for view in make_views("ring:3", SMALL)} == {ring[0]}
        assert make_views("fibonacci:9", SMALL) == tuple(viewport(look, 75, 24, 16) for look in fibonacci_directions(9))

    def test_the_loudest_come_first_and_the_rest_look_elsewhere(self) -> None:
        asked = []

        def loudest(count: int, min_separation: float) -> Array:
            asked.append((count, np.degrees(min_separation)))
            return np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

        views = make_views("sound:4", SMALL, loudest=loudest)
        assert asked == [(4, pytest.approx(30))]
        looks = [view.direction for view in views]
        assert looks[:2] == [Direction(90), Direction(0, 90)]
        assert all(abs(look.pitch_deg) <= 30.001 for look in looks[2:])
        gaps = [np.degrees(angle_between(a.ray, b.ray)) for i, a in enumerate(looks) for b in looks[i + 1 :]]
        assert min(gaps) > 50
        assert make_views("sound:1", SMALL, loudest=loudest) == (viewport(Direction(90), 75, 24, 16),)

    def test_silence_begins_in_front(self) -> None:
        looks = [view.direction for view in make_views("sound:3", SMALL, loudest=silent)]
        assert looks[0] == Direction(0, 0)
        assert len(set(looks)) == 3

    @pytest.mark.parametrize(("text", "apart"), [("sound:4", 120.0), ("sound:64", 30.0)])
    def test_what_fills_up_keeps_the_separation_or_is_refused(self, text: str, apart: float) -> None:
        with pytest.raises(UsageError, match=rf"{text}: .* do not fit {apart:g}° apart .*smaller min_separation_deg"):
            make_views(text, replace(SMALL, min_separation_deg=apart), loudest=silent)

    def test_without_sound_there_is_no_loudest(self) -> None:
        with pytest.raises(UsageError, match="no sound"):
            make_views("sound:3", SMALL)


class TestRandomSets:
    def test_directions_do_not_depend_on_what_else_is_drawn(self) -> None:
        plain = make_views("random:5", SQUARE, name="c")
        paper = make_views("random:5", PAPER, name="c")
        assert [view.direction for view in plain] == [view.direction for view in paper]
        assert {(view.hfov_deg, view.vfov_deg) for view in plain} == {(75.0, viewport(Direction(0), 75, 1, 1).vfov_deg)}

    def test_openings_and_aspects_fill_the_papers_ranges(self) -> None:
        views = [view for number in range(60) for view in make_views("random:6", PAPER, name=f"clip {number}")]
        openings = np.array([view.hfov_deg for view in views])
        widths, heights = (
            np.tan(np.radians([getattr(view, a) for view in views]) / 2) for a in ("hfov_deg", "vfov_deg")
        )
        assert 25 <= openings.min() < 27
        assert 88 < openings.max() <= 90
        assert openings.mean() == pytest.approx(57.5, abs=3)  # evenly: the mean's deviation is 1
        assert 0.75 <= (widths / heights).min() < 0.77
        assert 1.3 < (widths / heights).max() <= 4 / 3 + 1e-9
        assert np.log(widths / heights).mean() == pytest.approx(0, abs=0.03)
        assert all((view.width, view.height) == (16, 16) for view in views)

    def test_an_aspect_is_width_over_height(self) -> None:
        (view,) = make_views("random:1", replace(SQUARE, hfov_deg=90.0, aspect_range=(2.0, 2.0)))
        assert view.vfov_deg == pytest.approx(np.degrees(2 * np.arctan(0.5)))

    def test_are_what_they_always_were(self) -> None:
        """Clips that were built are built again alike."""
        looks = [view.direction for view in make_views("random:3", replace(SQUARE, seed=7), name="clip-12.5")]
        known = [(-45.5416845575661, -0.303226830885596), (54.9725812466666, -12.5856559454515)]
        known += [(-159.167807730999, -4.70910987423399)]
        assert np.array([(look.yaw_deg, look.pitch_deg) for look in looks]) == pytest.approx(np.array(known), abs=1e-9)

    def test_keep_apart_and_near_the_horizon(self) -> None:
        settings = replace(PAPER, min_separation_deg=40.0, max_pitch_deg=20.0)
        for name in "abcdef":
            looks = [view.direction for view in make_views("random:5", settings, name=name)]
            gaps = [np.degrees(angle_between(a.ray, b.ray)) for i, a in enumerate(looks) for b in looks[i + 1 :]]
            assert min(gaps) >= 40
            assert max(abs(look.pitch_deg) for look in looks) <= 20

    def test_follow_from_seed_and_name(self) -> None:
        first = make_views("random:4", PAPER, name="c")
        assert make_views("random:4", PAPER, name="c") == first
        assert make_views("random:4", PAPER, name="d") != first
        assert make_views("random:4", replace(PAPER, seed=1), name="c") != first

    def test_that_find_no_room_are_refused(self) -> None:
        with pytest.raises(UsageError, match=r"3 directions.*150.*min_separation_deg"):
            make_views("random:3", replace(SMALL, min_separation_deg=150.0))

    @pytest.mark.parametrize("wrong", [(90.0, 25.0), (0.0, 90.0), (25.0, 180.0), (float("nan"), 90.0)])
    def test_ranges_that_are_none(self, wrong: tuple[float, float]) -> None:
        with pytest.raises(UsageError, match="range of hfov"):
            make_views("random:3", replace(SMALL, hfov_range_deg=wrong))
        with pytest.raises(UsageError, match="range of aspects"):
            make_views("random:3", replace(SMALL, aspect_range=(wrong[0] - 25, 0.0)))

    @pytest.mark.parametrize("text", ["ring:4", "fibonacci:3", "sound:2", "cube"])
    def test_ranges_are_theirs_alone(self, text: str) -> None:
        with pytest.raises(UsageError, match="random:K"):
            make_views(text, PAPER, loudest=silent)


class TestSeveralSets:
    def test_they_stand_behind_each_other_each_as_alone(self) -> None:
        alone = [make_views(text, PAPER, name="c") for text in ("random:4", "random:2")]
        both = make_views("cube+random:4+ring:3", PAPER, name="c")
        assert len(both) == 13
        assert both[6:10] == alone[0]
        assert both[:6] == make_views("cube", SQUARE)
        assert both[10:] == make_views("ring:3", replace(SQUARE, hfov_deg=PAPER.hfov_deg))

    @pytest.mark.parametrize("wrong", ["cube+", "+ring:4", "cube+rong:4", "ring:60+cube", "cube,ring:4"])
    def test_what_is_none_is_refused(self, wrong: str) -> None:
        with pytest.raises(UsageError):
            make_views(wrong, SQUARE)

    def test_each_set_has_its_own_demands(self) -> None:
        with pytest.raises(UsageError, match="square"):
            make_views("ring:4+cube", SMALL)
        with pytest.raises(UsageError, match="draws from"):
            make_views("ring:4+cube", PAPER)
