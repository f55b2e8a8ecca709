"""A scene's decisions: a function of (seed, index), varied, and no sense gives the other away."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from yt360_tools.demo.classes import CLASS_NAMES
from yt360_tools.demo.looks import LOOKS
from yt360_tools.demo.options import DemoOptions, scene_of, split_of
from yt360_tools.demo.paths import Path
from yt360_tools.demo.scene import Arrangement, Scene, draw_scene
from yt360_tools.demo.timbres import TIMBRES
from yt360_tools.errors import UsageError
from yt360_tools.geometry import angle_between, angles_from_ray


def _scene(index: int, seed: int = 5, seconds: float = 24.0, projection: str = "mix") -> Scene:
    return draw_scene(seed, index, seconds=seconds, frame_rate=Fraction(24), projection=projection)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [_scene(index) for index in range(48)]


@pytest.fixture(scope="module")
def arrangements(scenes: list[Scene]) -> list[Arrangement]:
    return [arrangement for scene in scenes for arrangement in scene.arrangements]


def test_every_class_has_a_look_and_a_timbre() -> None:
    assert len(CLASS_NAMES) >= 8
    assert set(LOOKS) == set(TIMBRES) == set(CLASS_NAMES)


def test_a_scene_is_a_function_of_seed_and_index() -> None:
    assert _scene(3) == _scene(3)
    assert _scene(3).arrangements != _scene(4).arrangements
    assert _scene(3).arrangements != _scene(3, seed=6).arrangements


@pytest.mark.parametrize("seconds", [1.0, 1.5, 3.9, 4.0, 24.0])
def test_cuts_come_every_one_to_three_seconds_and_leave_no_gap(seconds: float) -> None:
    for index in range(12):
        scene = _scene(index, seconds=seconds)
        edges = [part.first_frame for part in scene.arrangements] + [scene.frames]
        assert edges[0] == 0
        assert [part.end_frame for part in scene.arrangements] == edges[1:]
        assert all(1.0 <= part.end_s - part.start_s <= 3.0 for part in scene.arrangements)


def test_ids_are_like_youtubes_unique_and_some_begin_like_an_option(scenes: list[Scene]) -> None:
    ids = [scene.video_id for scene in scenes]
    assert len(set(ids)) == len(ids)
    assert all(len(video_id) == 11 for video_id in ids)
    assert {"-", "_"} < {video_id[0] for video_id in ids}


def test_the_first_eight_videos_hold_every_kind_of_delivery(scenes: list[Scene]) -> None:
    first = [scene.delivery for scene in scenes[:8]]
    assert {(d.projection, d.stereo) for d in first} == {
        ("er", "mono"),
        ("eac", "mono"),
        ("er", "top-bottom"),
    }
    assert {d.audio_codec for d in first} == {"opus", "aac", "vorbis"}
    assert {(d.projection, d.video_codec) for d in first} == {
        (projection, codec) for projection in ("er", "eac") for codec in ("h264", "vp9")
    }
    assert {_scene(i, projection="eac").delivery.projection for i in range(16)} == {"eac"}


def test_one_or_two_objects_sound_and_the_others_are_of_other_classes(
    arrangements: list[Arrangement],
) -> None:
    for part in arrangements:
        sounding = [shown for shown in part.objects if shown.is_sounding]
        assert len(sounding) in ((0,) if part.is_silent else (1, 2))
        assert len(part.objects) > len(sounding)
        assert len({shown.class_name for shown in part.objects}) == len(part.objects)


def test_there_are_silent_spans_of_a_second_or_more(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert any(part.is_silent and part.end_s - part.start_s >= 1.0 for part in scene.arrangements)


def test_objects_never_overlap(arrangements: list[Arrangement]) -> None:
    for part in arrangements[:80]:
        times = np.linspace(part.start_s, part.end_s, 200)
        rays = [shown.path.rays_at(times) for shown in part.objects]
        for i in range(len(rays)):
            for j in range(i):
                apart = np.degrees(angle_between(rays[i], rays[j]).min())
                assert apart > part.objects[i].radius_deg + part.objects[j].radius_deg


def test_sounding_and_silent_objects_are_alike_in_all_but_sound(arrangements: list[Arrangement]) -> None:
    """Picture alone and sound alone must be at chance: roles are given after all else is drawn."""
    heard_and_seen = [part for part in arrangements if not part.is_silent]
    for wanted in (True, False):
        chosen = [o for part in heard_and_seen for o in part.objects if o.is_sounding is wanted]
        starts = np.concatenate([o.path.rays_at(np.array(o.path.times_s[:1])) for o in chosen])
        # An even spread over the sphere: mean 0, second moments 1/3, and 13 % of it within 30° of a pole.
        assert np.linalg.norm(starts.mean(axis=0)) < 0.12
        assert np.abs(np.mean(starts**2, axis=0) - 1 / 3).max() < 0.05
        near_poles = np.mean(np.abs(angles_from_ray(starts)[1]) > np.radians(60))
        assert near_poles == pytest.approx(1 - np.sin(np.radians(60)), abs=0.04)
        assert np.mean([o.radius_deg for o in chosen]) == pytest.approx(9.0, abs=0.3)
        assert np.mean([o.path.is_resting for o in chosen]) == pytest.approx(0.35, abs=0.07)
        counts = np.unique([o.class_name for o in chosen], return_counts=True)[1]
        assert counts.size == len(CLASS_NAMES)
        assert counts.min() > 0.6 * counts.mean()
    silent_counts: dict[int, list[int]] = {1: [], 2: []}
    for part in heard_and_seen:
        sounding = sum(o.is_sounding for o in part.objects)
        silent_counts[sounding].append(len(part.objects) - sounding)
    assert np.mean(silent_counts[1]) == pytest.approx(np.mean(silent_counts[2]), abs=0.35)


def test_a_path_moves_evenly_along_the_great_circle() -> None:
    path = Path((1.0, 2.0, 3.0), (0.0, 90.0, 90.0), (0.0, 0.0, 60.0))
    rays = path.rays_at(np.array([0.0, 1.5, 2.5, 9.0]))
    half = np.sqrt(0.5)
    expected = [[1, 0, 0], [half, half, 0], [0, np.cos(np.pi / 6), 0.5], [0, 0.5, np.cos(np.pi / 6)]]
    np.testing.assert_allclose(rays, expected, atol=1e-12)


def test_a_resting_path_stays_where_it_is() -> None:
    path = Path((0.0, 2.0), (-170.0, -170.0), (80.0, 80.0))
    rays = path.rays_at(np.linspace(0, 2, 5))
    assert path.is_resting
    np.testing.assert_allclose(rays, np.broadcast_to(rays[0], rays.shape), atol=1e-12)


def test_splits_are_spread_evenly_and_keep_when_the_world_grows() -> None:
    splits = [split_of(index, 0.25) for index in range(40)]
    assert splits.count("test") == 10
    assert splits[:2] == ["train", "test"]
    assert {split_of(index, 0.0) for index in range(9)} == {"train"}
    assert {split_of(index, 1e-9) for index in range(9)} == {"train"}
    assert {split_of(index, 1.0) for index in range(9)} == {"test"}
    assert [split_of(index, 0.1) for index in range(3)] == ["train", "test", "train"]


def test_a_larger_world_begins_with_the_smaller_one() -> None:
    small, large = DemoOptions(videos=2), DemoOptions(videos=9)
    assert [scene_of(small, i) for i in range(2)] == [scene_of(large, i) for i in range(2)]


def test_ntsc_rates_are_exact() -> None:
    assert DemoOptions(fps=29.97).frame_rate == Fraction(30000, 1001)
    assert DemoOptions(fps=23.976).frame_rate == Fraction(24000, 1001)
    assert DemoOptions(fps=12.5).frame_rate == Fraction(25, 2)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("videos", 0),
        ("videos", -3),
        ("seconds", 0.5),
        ("seconds", float("nan")),
        ("seed", -1),
        ("projection", "cube"),
        ("width", 961),
        ("width", 12),
        ("fps", 0.0),
        ("test_share", 1.5),
    ],
)
def test_a_bad_option_is_refused_by_its_name(option: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} "):
        DemoOptions(**{option: value})
