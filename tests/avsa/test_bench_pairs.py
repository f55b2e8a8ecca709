"""Pairs are the same for every model and number of workers; the false sound is false in the one way it should be."""

import multiprocessing
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_panoramas import write_shard
from small_benchmark import heard_from, light_of, pairs_of, small_config, sounding_light, write_world

from avsa_models.benchmarks.avc import partners
from avsa_models.benchmarks.frozen import embed_pairs
from avsa_models.benchmarks.pairs import PlannedPair, SoundPairs, spread_clips
from avsa_models.dataset import Moment
from avsa_models.features import mel_covariance, view_features
from avsa_models.nets.alignment import AlignmentModel
from yt360_tools.ambisonics import rotate
from yt360_tools.errors import UsageError
from yt360_tools.geometry import angle_between, angles_from_ray, rotation_z

BENCHMARKS = ("avc-bin", "avsa-bin")
both = pytest.mark.parametrize("benchmark_name", BENCHMARKS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"), train=4, test=6, clips_a_video=2)


def draws(plan: PlannedPair) -> tuple[object, ...]:
    """What a plan says, but for the crops' size."""
    looks = tuple((seen.view.direction, seen.view.hfov_deg, seen.view.vfov_deg) for seen in plan.viewpoints)
    return plan.clip_index, plan.moment, looks, plan.false


def plans(pairs: SoundPairs) -> list[PlannedPair]:
    return [pairs.plan(index) for index in range(len(pairs))]


def true_and_false_by_hand(pairs: SoundPairs, plan: PlannedPair) -> list[np.ndarray]:
    """The features of both sounds, the sound itself turned step by step and transformed anew for each view."""
    config, clips, false = small_config().features, pairs.clips, plan.false
    true = clips.sound(plan.clip_index, plan.moment.audio_start_s)
    other = rotate(clips.sound(false.clip_index, false.audio_start_s), rotation_z(np.radians(false.turn_deg)))
    return [
        np.concatenate(
            [
                view_features(
                    mel_covariance(
                        rotate(sound, seen.view.direction.view_from_world).astype(np.float32),
                        config,
                        clips.sample_rate_hz,
                    ),
                    [np.eye(4)],
                    config,
                )
                for seen in plan.viewpoints
            ]
        )
        for sound in (true, other)
    ]


class Failing(AlignmentModel):
    def video_features(self, video: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError


class TestTheSameForAll:
    @both
    def test_for_models_of_other_sizes_and_front_ends(self, world: Path, benchmark_name: str) -> None:
        one = pairs_of(benchmark_name, world, small_config())
        other_model = small_config(
            "views.size=24",
            "views.toward_sound=1",
            "views.hfov_evenly_by=area",
            "views.hfov_deg=[30, 40]",
            "net.embedding=8",
            "features.kind=logmel",
            "run.seed=5",
        )
        other = pairs_of(benchmark_name, world, other_model)
        assert [draws(plan) for plan in plans(one)] == [draws(plan) for plan in plans(other)]

    def test_no_worker_is_left_though_the_model_fails(self, world: Path) -> None:
        config = small_config()
        with pytest.raises(ZeroDivisionError) as caught:
            embed_pairs(Failing(config.net, 7), pairs_of("avsa-bin", world, config), workers=1)
        assert multiprocessing.active_children() == []
        assert caught.value is not None  # which holds all that the failed call held

    def test_for_any_number_of_workers(self, world: Path) -> None:
        config = small_config()
        model = AlignmentModel(config.net, config.features.channels)
        pairs = pairs_of("avc-bin", world, config, moments=2)
        alone, *others = (embed_pairs(model, pairs, workers=workers) for workers in (0, 1, 2))
        for embedded in others:
            for name in ("video", "audio", "predicted_video", "predicted_audio"):
                assert torch.equal(getattr(embedded, name), getattr(alone, name)), name

    @both
    def test_with_one_view_it_is_the_first_of_the_four(self, world: Path, benchmark_name: str) -> None:
        one, four = (pairs_of(benchmark_name, world, small_config(), views=views)[7] for views in (1, 4))
        assert (len(one.video), len(four.video)) == (1, 4)
        for name in ("video", "aligned", "misaligned"):
            np.testing.assert_array_equal(getattr(one, name), getattr(four, name)[:1])

    @both
    def test_another_seed_gives_others(self, world: Path, benchmark_name: str) -> None:
        one, other = (pairs_of(benchmark_name, world, small_config(f"benchmark.seed={seed}")) for seed in (0, 1))
        assert one.plan(0).moment != other.plan(0).moment
        assert one.plan(0).viewpoints[0].view != other.plan(0).viewpoints[0].view


class TestWhatIsSeen:
    @both
    def test_every_clip_is_asked_as_often(self, world: Path, benchmark_name: str) -> None:
        pairs = pairs_of(benchmark_name, world, small_config(), moments=3)
        assert len(pairs) == 12 * 3
        assert Counter(plan.clip_index for plan in plans(pairs)) == dict.fromkeys(range(12), 3)
        twins = 12 if benchmark_name == "avsa-bin" else 0
        assert len({plan.moment for plan in plans(pairs)}) == len(pairs) - twins
        assert Counter(pairs.video_of_pair) == dict.fromkeys(range(6), 12)
        for index, plan in enumerate(plans(pairs)):
            video = pairs.clips.video_of_clip[plan.clip_index]
            assert pairs.video_of_pair[2 * index : 2 * index + 2] == (video, video)

    @both
    def test_of_many_clips_some_are_asked_the_same_as_without_a_bound(self, world: Path, benchmark_name: str) -> None:
        everything = pairs_of(benchmark_name, world, small_config())
        assert [plan.clip_index for plan in plans(everything)[::3]] == list(range(12))
        at_bound, some = (
            pairs_of(benchmark_name, world, small_config(f"benchmark.test_clips={most}")) for most in (12, 5)
        )
        assert [draws(plan) for plan in plans(at_bound)] == [draws(plan) for plan in plans(everything)]
        assert len(some) == 5 * 3
        asked = Counter(plan.clip_index for plan in plans(some))
        assert set(asked.values()) == {3}
        assert len({everything.clips.video_of_clip[index] for index in asked}) == 5  # of 6 videos, each with 2 clips
        seen = {(plan.clip_index, plan.moment) for plan in plans(everything)}
        assert {(plan.clip_index, plan.moment) for plan in plans(some)} < seen
        for plan, videos in zip(
            plans(some), zip(some.video_of_pair[::2], some.video_of_pair[1::2], strict=True), strict=True
        ):
            assert videos == (some.clips.video_of_clip[plan.clip_index],) * 2
        other = pairs_of(benchmark_name, world, small_config("benchmark.test_clips=5", "benchmark.seed=3"))
        assert {plan.clip_index for plan in plans(other)} != set(asked)

    @both
    def test_as_the_benchmark_says_and_not_as_the_training(self, world: Path, benchmark_name: str) -> None:
        config = small_config("views.toward_sound=1", "views.min_separation_deg=40")
        views = config.benchmark.views(config.views.size)
        assert views.toward_sound == 0
        assert (views.mirror, views.brightness, views.contrast, views.saturation, views.hue_deg) == (0, 0, 0, 0, 0)
        for plan in plans(pairs_of(benchmark_name, world, config)):
            rays = np.array([seen.view.direction.ray for seen in plan.viewpoints])
            apart = angle_between(rays[:, None], rays[None])[~np.eye(4, dtype=bool)]
            assert np.degrees(apart.min()) >= 75
            for seen in plan.viewpoints:
                assert (seen.view.hfov_deg, seen.view.vfov_deg) == pytest.approx((90, 90))
                assert not seen.mirrored
                np.testing.assert_allclose(seen.colour, np.eye(3, 4), atol=1e-12)

    @pytest.mark.parametrize("audio_s", [0.25, 1.0])
    def test_what_is_seen_and_what_is_heard_have_one_middle(self, world: Path, audio_s: float) -> None:
        config = small_config(f"moment.audio_s={audio_s}")
        starts = []
        for plan in plans(pairs_of("avsa-bin", world, config, moments=20)):
            seen, heard = plan.moment.video_start_s, plan.moment.audio_start_s
            assert seen + 0.25 == pytest.approx(heard + audio_s / 2)
            assert min(seen, heard) >= 0
            assert max(seen + 0.5, heard + audio_s) <= 2
            starts.append(min(seen, heard))
        assert min(starts) < 0.1
        assert max(starts) > 1.9 - max(0.5, audio_s)


@both
def test_both_sounds_are_those_of_the_plan(world: Path, benchmark_name: str) -> None:
    pairs = pairs_of(benchmark_name, world, small_config())
    for index in (0, 5, 17):
        aligned, misaligned = true_and_false_by_hand(pairs, pairs.plan(index))
        np.testing.assert_allclose(pairs[index].aligned, aligned, atol=2e-3)
        np.testing.assert_allclose(pairs[index].misaligned, misaligned, atol=2e-3)


@both
def test_of_clips_as_long_as_a_sample(tmp_path: Path, benchmark_name: str) -> None:
    """Manifests have decimal times: 65.1 - 63.1 is less than 2 by a rounding."""
    contents = [
        replace(clip, window=replace(clip.window, start_s=tenths / 10, end_s=(tenths + 20) / 10))
        for tenths in range(630, 640)
        for clip in [sounding_light(f"v{tenths}-0", "test")]
    ]
    write_shard(tmp_path / "test-00000.h5", *contents)
    pairs = pairs_of(benchmark_name, tmp_path, small_config("moment.audio_s=2"))
    assert min(clip.duration_s for clip in pairs.clips.clips) < 2  # or the test would prove nothing
    assert {plan.moment for plan in plans(pairs)} == {Moment(0.75, 0.0)}
    assert all(pairs[index].aligned.shape == pairs[0].aligned.shape for index in range(0, len(pairs), 7))


class TestSpreadClips:
    VIDEOS = (0, 0, 0, 0, 0, 0, 1, 2, 2, 3)

    def test_are_all_where_there_are_no_more(self) -> None:
        for most in (10, 11):
            assert spread_clips(self.VIDEOS, most, np.random.default_rng(0)) == tuple(range(10))

    @pytest.mark.parametrize(
        ("most", "of_each"), [(2, [1, 1]), (4, [1] * 4), (6, [2, 2, 1, 1]), (7, [3, 2, 1, 1]), (9, [5, 2, 1, 1])]
    )
    def test_are_of_as_many_videos_as_can_be(self, most: int, of_each: list[int]) -> None:
        for seed in range(10):
            chosen = spread_clips(self.VIDEOS, most, np.random.default_rng(seed))
            assert list(chosen) == sorted(set(chosen))
            counts = Counter(self.VIDEOS[index] for index in chosen)
            assert [number for _, number in counts.most_common()] == of_each

    def test_are_any(self) -> None:
        chosen = Counter(
            clip for seed in range(600) for clip in spread_clips(self.VIDEOS, 4, np.random.default_rng(seed))
        )
        assert [chosen[clip] for clip in (6, 9)] == [600, 600]
        assert all(abs(chosen[clip] - 300) < 75 for clip in (7, 8))
        assert all(abs(chosen[clip] - 100) < 45 for clip in range(6))
        few = Counter(
            self.VIDEOS[clip]
            for seed in range(600)
            for clip in spread_clips(self.VIDEOS, 2, np.random.default_rng(seed))
        )
        assert all(abs(few[video] - 300) < 60 for video in range(4))  # however many clips it has


class TestTurnedSounds:
    def test_the_turn_is_large_enough_and_of_any_size_beyond(self, world: Path) -> None:
        turns = np.array(
            [plan.false.turn_deg for plan in plans(pairs_of("avsa-bin", world, small_config(), moments=40))]
        )
        assert turns.min() >= 30
        assert turns.max() <= 330
        shares = np.histogram(turns, bins=4, range=(30, 330))[0] / len(turns)
        assert np.all(np.abs(shares - 0.25) < 0.07)

    def test_twins_have_each_others_sounds(self, world: Path) -> None:
        pairs = pairs_of("avsa-bin", world, small_config(), moments=4)
        for index in range(0, len(pairs), 2):
            plan, twin = pairs.plan(index), pairs.plan(index + 1)
            assert (plan.clip_index, plan.moment) == (twin.clip_index, twin.moment)
            assert plan.false.turn_deg + twin.false.turn_deg == pytest.approx(360)
            one, other = pairs[index], pairs[index + 1]
            np.testing.assert_allclose(one.aligned, other.misaligned, atol=1e-4)
            np.testing.assert_allclose(one.misaligned, other.aligned, atol=1e-4)
            assert np.abs(one.aligned - one.misaligned).max() > 0.1
            assert not np.array_equal(one.video, other.video)

    def test_without_a_twin_the_last_is_as_any_first(self, world: Path) -> None:
        odd, even = (pairs_of("avsa-bin", world, small_config(), moments=moments) for moments in (3, 4))
        assert [draws(odd.plan(place)) for place in (0, 1, 2)] == [draws(even.plan(place)) for place in (0, 1, 2)]

    def test_the_source_is_moved_round_and_not_up_or_down(self, world: Path) -> None:
        pairs = pairs_of("avsa-bin", world, small_config())
        for index in range(0, len(pairs), 5):
            plan, pair = pairs.plan(index), pairs[index]
            azimuth, elevation = light_of(pairs.clips.clips[plan.clip_index].clip_id)
            for view, seen in enumerate(plan.viewpoints):
                world_from_view = seen.view.direction.view_from_world.T
                true, false = (
                    np.degrees(angles_from_ray(world_from_view @ heard_from(sound[view])))
                    for sound in (pair.aligned, pair.misaligned)
                )
                np.testing.assert_allclose(true, np.degrees([azimuth, elevation]), atol=0.1)
                assert false[1] == pytest.approx(true[1], abs=0.1)
                moved = (false[0] - true[0]) % 360
                assert 30 - 0.1 <= moved <= 330 + 0.1
                assert moved == pytest.approx(plan.false.turn_deg, abs=0.1)


class TestOtherVideos:
    @pytest.mark.parametrize("most", [12, 8])
    def test_each_sound_is_heard_once_true_and_once_false_alike(self, world: Path, most: int) -> None:
        pairs = pairs_of("avc-bin", world, small_config(f"benchmark.test_clips={most}"))
        heard: dict[tuple[int, float], list[int]] = {}
        for index, plan in enumerate(plans(pairs)):
            heard.setdefault((plan.clip_index, plan.moment.audio_start_s), []).append(index)
            heard.setdefault((plan.false.clip_index, plan.false.audio_start_s), []).append(index)
        for twice in heard.values():
            one, other = sorted(set(twice), key=twice.count)
            assert len(twice) == 2
            sounds = [[pairs[index].aligned, pairs[index].misaligned] for index in (one, other)]
            np.testing.assert_array_equal(sounds[0][0], sounds[1][1])
            np.testing.assert_array_equal(sounds[0][1], sounds[1][0])

    @pytest.mark.parametrize("most", [12, 9, 5])
    def test_no_false_sound_is_of_the_same_video_nor_turned(self, world: Path, most: int) -> None:
        pairs = pairs_of("avc-bin", world, small_config(f"benchmark.test_clips={most}"))
        video = pairs.clips.video_of_clip
        assert all(video[plan.clip_index] != video[plan.false.clip_index] for plan in plans(pairs))
        assert all(plan.false.turn_deg == 0 for plan in plans(pairs))
        false = Counter((plan.false.clip_index, plan.false.audio_start_s) for plan in plans(pairs))
        true = {(plan.clip_index, plan.moment.audio_start_s) for plan in plans(pairs)}
        assert set(false) <= true

    def test_a_clip_meets_more_than_one_other(self, world: Path) -> None:
        pairs = pairs_of("avc-bin", world, small_config(), moments=6)
        met = {plan.false.clip_index for plan in plans(pairs) if plan.clip_index == 0}
        assert len(met) > 2

    @pytest.mark.parametrize("seed", range(24))
    def test_any_clips_of_which_no_video_has_more_than_half(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        half = int(rng.integers(1, 7))
        videos = [*([0] * half), *rng.integers(1, 5, half + int(rng.integers(0, 5))).tolist()]
        most = Counter(videos).most_common(1)[0][1]
        clips = [videos[place] for place in rng.permutation(len(videos))]
        if 2 * most > len(clips):
            with pytest.raises(UsageError, match=f"of {len(clips)} clips {most} are of one"):
                partners(clips, rng)
            return
        other = partners(clips, rng)
        assert all(clips[clip] != clips[false] for clip, false in enumerate(other))
        assert sum(other[other[clip]] != clip for clip in range(len(clips))) == len(clips) % 2
