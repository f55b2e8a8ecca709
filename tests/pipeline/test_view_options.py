"""What a build's options make of views, beyond what `projection.view_sets` shows of the sets themselves."""

import numpy as np
import pytest

from yt360_tools.config import BuildConfig
from yt360_tools.errors import UsageError
from yt360_tools.pipeline.options import with_implied_layout
from yt360_tools.pipeline.views import clip_views
from yt360_tools.records import View

SILENCE = np.zeros((4, 100), np.float32)


def random_views(**options: str) -> tuple[View, ...]:
    config = BuildConfig(layout="viewport", views="random:6", size="64x48", min_separation_deg=20.0, **options)
    return clip_views(config, "a-1", SILENCE)


def test_ranges_of_openings_and_of_aspects_are_drawn_from() -> None:
    plain, opened, both = (
        random_views(),
        random_views(hfov_range="25,90"),
        random_views(hfov_range="25,90", aspect_range="0.5,0.75"),
    )
    assert [view.direction for view in plain] == [view.direction for view in opened] == [v.direction for v in both]
    assert {view.hfov_deg for view in plain} == {90.0}
    assert len({view.hfov_deg for view in opened}) == 6
    assert all(25 <= view.hfov_deg <= 90 for view in (*opened, *both))
    for view in both:
        across, down = np.tan(np.radians([view.hfov_deg, view.vfov_deg]) / 2)
        assert 0.5 - 1e-9 <= across / down <= 0.75 + 1e-9
    for view in opened:
        across, down = np.tan(np.radians([view.hfov_deg, view.vfov_deg]) / 2)
        assert across / down == pytest.approx(64 / 48)


@pytest.mark.parametrize(("key", "text"), [("hfov_range", "25"), ("hfov_range", "a,b"), ("aspect_range", "1,2,3")])
def test_a_range_is_two_numbers(key: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"build.{key} is LEAST,GREATEST .* got '{text}'"):
        random_views(**{key: text})


def test_a_set_of_views_and_single_ones_exclude_each_other() -> None:
    with pytest.raises(UsageError, match=r"either a set of views or single ones: got views 'ring:2' and view '-90,0'"):
        with_implied_layout({"build": {"views": "ring:2", "view": ("-90,0",)}})
