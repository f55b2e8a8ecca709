"""Samples of a set of panoramas: which moments, which frames, which samples of sound, and what is refused."""

import gc
import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from drawn_panoramas import panorama_clip, write_shard
from numpy.typing import NDArray

from avsa_models.dataset import (
    Moment,
    MomentConfig,
    PanoramaClips,
    Sample,
    draw_moment,
    draw_sample,
    list_clips,
    open_panoramas,
)
from avsa_models.features import FeatureConfig, mel_covariance, view_features
from avsa_models.views import ViewConfig, cut_crops
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.geometry import Direction
from yt360_tools.projection import viewport
from yt360_tools.shards import ClipContent, ShardSet, StoredClip, Track, open_shards
from yt360_tools.shards.catalogue import Entry
from yt360_tools.shards.sound_codecs import encode_sound

RATE_HZ = 2400
MOMENT = MomentConfig(frames=4, fps=8.0, audio_s=0.75)
VIEWS = ViewConfig(size=8, min_separation_deg=90)
FEATURES = FeatureConfig(n_fft=128, hop=60, mels=8, high_hz=1200)


def numbered_clip(
    clip_id: str,
    *,
    seconds: float = 2.0,
    fps: float = 16.0,
    sample_rate_hz: int = RATE_HZ,
    first: int = 0,
    codec: str = "raw",
    split: str = "train",
    start_s: float = 0.0,
) -> ClipContent:
    """Frame n is grey of level `first` + n; sound sample n is n in W, -n in Y, and 1000 more in Z and X each."""
    frames = [np.full((16, 32, 3), first + n, np.uint8) for n in range(round(seconds * fps))]
    count = np.arange(round(seconds * sample_rate_hz))
    foa = np.stack([count, -count, count + 1000, count + 2000])
    return panorama_clip(
        clip_id, frames, foa, fps=fps, sample_rate_hz=sample_rate_hz, codec=codec, split=split, start_s=start_s
    )


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """Of the frames of a numbered clip."""
    assert (frames == frames[:, :1, :1, :1]).all()
    return [int(number) for number in frames[:, 0, 0, 0]]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Three clips of two videos to train on, in two shards, and one to test on."""
    folder = tmp_path / "workspace" / "shards"
    write_shard(folder / "train-00000.h5", numbered_clip("b-10", first=100), numbered_clip("a-2"))
    write_shard(folder / "train-00001.h5", numbered_clip("a-10", first=50))
    write_shard(folder / "test-00000.h5", numbered_clip("c-0", split="test"))
    return folder


@pytest.fixture
def clips(shards: Path) -> Iterator[PanoramaClips]:
    found = open_panoramas([shards], "train", MOMENT)
    yield found
    found.close()


def only(path: Path, clip: ClipContent, moment: MomentConfig) -> PanoramaClips:
    return open_panoramas([write_shard(path / "train-00000.h5", clip)], clip.window.split, moment)


def sample(clips: PanoramaClips, index: int, seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    return draw_sample(clips, index, rng, count=2, moment=MOMENT, views=VIEWS, features=FEATURES)


class TestListing:
    def test_clips_are_those_of_the_split_by_id(self, clips: PanoramaClips) -> None:
        assert [clip.clip_id for clip in clips.clips] == ["a-10", "a-2", "b-10"]
        assert len(clips) == 3
        assert clips.video_ids == ("a", "b")
        assert clips.video_of_clip == (0, 0, 1)
        assert (clips.split, clips.fps, clips.sample_rate_hz) == ("train", 16.0, RATE_HZ)
        assert {clip.duration_s for clip in clips.clips} == {2.0}

    def test_another_split_of_the_same_workspace(self, shards: Path) -> None:
        found = open_panoramas([shards.parent], "test", MOMENT)
        assert [clip.clip_id for clip in found.clips] == ["c-0"]

    def test_the_content_hash_is_that_of_all_clips(self, clips: PanoramaClips, shards: Path) -> None:
        assert clips.content_hash == open_panoramas([shards], "test", MOMENT).content_hash
        train = sorted(shards.glob("train*"))
        assert clips.content_hash != open_panoramas(train, "train", MOMENT).content_hash

    def test_both_splits_may_be_listed_in_one_pass(self, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[str] = []
        begin = StoredClip.__init__

        def counted(self: StoredClip, shards: ShardSet, path: Path, entry: Entry) -> None:
            read.append(entry.clip_id)
            begin(self, shards, path, entry)

        monkeypatch.setattr(StoredClip, "__init__", counted)
        with open_shards(shards) as opened:
            listing = list_clips(opened, ("train", "test"))
            train, test = (PanoramaClips(opened, listing, split, MOMENT) for split in ("train", "test"))
        assert sorted(read) == ["a-10", "a-2", "b-10", "c-0"]
        assert ([clip.clip_id for clip in train.clips], len(test)) == (["a-10", "a-2", "b-10"], 1)
        assert train.content_hash == test.content_hash == opened.content_hash

    def test_pictures_of_other_splits_are_not_looked_at(self, shards: Path) -> None:
        flip(shards / "test-00000.h5", "clips/c-0/views/0/direction")
        assert len(open_panoramas([shards], "train", MOMENT)) == 3
        with pytest.raises(ShardError, match="clip 'c-0' cannot be read"):
            open_panoramas([shards], "test", MOMENT)

    def test_each_index_reads_its_own_clip(self, clips: PanoramaClips) -> None:
        assert [numbers(clips.frames(index, 0.0))[0] for index in range(3)] == [50, 0, 100]


class TestMoments:
    @pytest.mark.parametrize(
        "config",
        [
            MomentConfig(),
            MomentConfig(frames=8, fps=4, audio_s=1.0),
            MomentConfig(frames=8, fps=8, audio_s=1.0),
            MomentConfig(frames=1, fps=16, audio_s=0.3),
        ],
        ids=["heard for longer", "seen for longer", "as long", "one frame"],
    )
    def test_lie_within_the_clip_and_the_shorter_within_the_longer(self, config: MomentConfig) -> None:
        rng = np.random.default_rng(0)
        moments = [draw_moment(rng, 10.0, config) for _ in range(2000)]
        seen = np.array([(moment.video_start_s, moment.video_start_s + config.video_s) for moment in moments])
        heard = np.array([(moment.audio_start_s, moment.audio_start_s + config.audio_s) for moment in moments])
        shorter, longer = (seen, heard) if config.video_s <= config.audio_s else (heard, seen)
        assert (shorter[:, 0] >= longer[:, 0] - 1e-9).all()
        assert (shorter[:, 1] <= longer[:, 1] + 1e-9).all()
        for windows in (seen, heard):
            assert windows[:, 0].min() >= 0
            assert windows[:, 1].max() <= 10.0 + 1e-9
        assert longer[:, 0].min() < 0.1  # and the whole clip is used
        assert longer[:, 1].max() > 9.9
        room = config.span_s - min(config.video_s, config.audio_s)
        lag = shorter[:, 0] - longer[:, 0]
        assert lag.min() == pytest.approx(0, abs=0.01)
        assert lag.max() == pytest.approx(room, abs=0.01)

    @pytest.mark.parametrize("duration_s", [1.0, 1.0 - 7e-15, 1.0 - 5e-7])
    def test_a_clip_as_long_as_a_sample_has_one(self, duration_s: float) -> None:
        """64.1 - 63.1 is less than 1 by a rounding."""
        moment = draw_moment(np.random.default_rng(0), duration_s, MomentConfig(frames=16, fps=16, audio_s=1.0))
        assert moment == Moment(0.0, 0.0)


class TestFrames:
    @pytest.mark.parametrize("codec", ["raw", "jpeg"])
    @pytest.mark.parametrize("fps", [4.0, 8.0, 16.0, 5.0, 12.0, 32.0, 7.5])
    def test_are_the_last_not_after_each_time(self, fps: float, codec: str, tmp_path: Path) -> None:
        """Of 16 a second: every fourth, every other, all of them; unevenly chosen; some of them twice."""
        moment = MomentConfig(frames=4, fps=fps, audio_s=0.1)
        clips = only(tmp_path, numbered_clip("a-0", codec=codec), moment)
        last_start_s = 2 - moment.video_s
        for start_s in [*np.random.default_rng(0).uniform(0, last_start_s, 20), 0.0, 0.1875, 0.25, 0.3, last_start_s]:
            times = [Fraction(float(start_s)) + Fraction(i) / Fraction(fps) for i in range(4)]
            # Within a microsecond of a frame's time it is that frame: starts are sums of rounded numbers.
            wanted = [min(floor(16 * time + Fraction(1, 10**6)), 31) for time in times]
            assert numbers(clips.frames(0, float(start_s))) == wanted

    def test_on_a_frames_own_time_it_is_that_frame(self, tmp_path: Path) -> None:
        """Tenths of a second have no exact number: 0.3 is less than 3 / 10, and 3 * 0.1 is more."""
        clips = only(tmp_path, numbered_clip("a-0", fps=10.0), MomentConfig(frames=3, fps=10.0, audio_s=0.1))
        for number in range(18):
            for start_s in (number / 10, number * 0.1, sum([0.1] * number)):
                assert numbers(clips.frames(0, start_s)) == [number, number + 1, number + 2]

    def test_beyond_the_last_it_is_the_last(self, tmp_path: Path) -> None:
        """A picture that ends before its sound stands still, as in a player."""
        clip = numbered_clip("a-0")
        view = clip.views[0]
        short = replace(view, frames=Track.plain("raw", 1, view.frames.values[:30]))
        clips = only(tmp_path, replace(clip, views=(short,)), MomentConfig(frames=4, fps=16.0, audio_s=0.1))
        assert numbers(clips.frames(0, 1.75)) == [28, 29, 29, 29]
        assert numbers(clips.frames(0, 1.60)) == [25, 26, 27, 28]

    def test_of_a_sample_are_cut_at_its_moment(self, clips: PanoramaClips) -> None:
        for seed in range(10):
            found = sample(clips, 2, seed)
            assert found.video.shape == (2, 4, 8, 8, 3)
            assert found.video.dtype == np.uint8
            assert (found.video == cut_crops(clips.frames(2, found.moment.video_start_s), found.viewpoints)).all()


class TestSound:
    @pytest.mark.parametrize("start_s", [0.0, 0.5, 0.12332, 1 / 3, 0.9, 1.25])
    def test_begins_at_the_sample_nearest_its_start(self, start_s: float, clips: PanoramaClips) -> None:
        first, count = round(start_s * RATE_HZ), round(0.75 * RATE_HZ)
        wanted = np.arange(first, first + count)
        found = clips.sound(0, start_s)
        assert found.dtype == np.float32
        assert (found == [wanted, -wanted, wanted + 1000, wanted + 2000]).all()

    def test_is_as_long_at_the_clips_end(self, clips: PanoramaClips) -> None:
        for start_s in (1.25, 1.25 + 1e-4, 1.25 + 1e-3):
            found = clips.sound(0, start_s)
            assert found.shape == (4, 1800)
            assert found[0, -1] == 4799

    def test_of_a_sample_is_heard_at_its_moment_by_each_view(self, clips: PanoramaClips) -> None:
        for seed in range(5):
            found = sample(clips, 1, seed)
            means = mel_covariance(clips.sound(1, found.moment.audio_start_s), FEATURES, RATE_HZ)
            mixings = [viewpoint.channel_matrix for viewpoint in found.viewpoints]
            assert found.audio.shape == (2, 7, 30, 8)
            assert (found.audio == view_features(means, mixings, FEATURES)).all()

    def test_runs_on_the_pictures_clock(self, clips: PanoramaClips) -> None:
        """From one start: the sample that sounds when a frame's time has come is the sample of that time."""
        for start_s in np.random.default_rng(1).uniform(0, 1.25, 50):
            frame_s = numbers(clips.frames(1, float(start_s)))[0] / 16
            sound_s = clips.sound(1, float(start_s))[0, 0] / RATE_HZ
            assert 0 <= sound_s - frame_s + 0.5 / RATE_HZ < 1 / 16 + 1 / RATE_HZ


class TestSamples:
    def test_hang_on_the_generators_state_alone(self, clips: PanoramaClips) -> None:
        first = sample(clips, 0, seed=3)
        sample(clips, 2, seed=4)
        clips.close()
        again = sample(clips, 0, seed=3)
        assert (first.video == again.video).all()
        assert (first.audio == again.audio).all()
        assert first.moment == again.moment
        assert [one.view for one in first.viewpoints] == [one.view for one in again.viewpoints]
        assert sample(clips, 0, seed=5).moment != first.moment

    def test_name_their_clip_and_video(self, clips: PanoramaClips) -> None:
        assert [(one.clip_index, one.video_index) for one in (sample(clips, k, 0) for k in range(3))] == [
            (0, 0),
            (1, 0),
            (2, 1),
        ]

    def test_of_clips_as_long_as_a_sample(self, tmp_path: Path) -> None:
        """Manifests have decimal times: 64.1 - 63.1 is less than 1 by a rounding, which must cost no frame."""
        moment = MomentConfig(frames=8, fps=8.0, audio_s=1.0)
        contents = [
            replace(clip, window=replace(clip.window, start_s=tenths / 10, end_s=(tenths + 10) / 10))
            for tenths in range(630, 640)
            for clip in [numbered_clip(f"v-{tenths}", seconds=1.0)]
        ]
        clips = open_panoramas([write_shard(tmp_path / "train-00000.h5", *contents)], "train", moment)
        assert min(clip.duration_s for clip in clips.clips) < 1  # or the test would prove nothing
        for index in range(len(clips)):
            found = draw_sample(
                clips, index, np.random.default_rng(index), count=2, moment=moment, views=VIEWS, features=FEATURES
            )
            assert found.video.shape == (2, 8, 8, 8, 3)
            assert found.audio.shape == (2, 7, 40, 8)
            assert found.moment == Moment(0.0, 0.0)


class TestOtherProcesses:
    def test_closed_it_holds_no_file_open(self, clips: PanoramaClips) -> None:
        clips.close()
        assert open_shards_of_this_process() == 0
        sample(clips, 0, seed=0)
        assert open_shards_of_this_process() == 1
        clips.close()
        assert open_shards_of_this_process() == 0

    def test_a_pickled_copy_gives_the_same(self, clips: PanoramaClips) -> None:
        before = sample(clips, 0, seed=0)  # opens its file
        copy = pickle.loads(pickle.dumps(clips))
        clips.close()
        assert (sample(copy, 0, seed=0).audio == before.audio).all()
        copy.close()

    @pytest.mark.parametrize("how", ["spawn", "fork"])
    def test_another_process_reads_it(self, how: str, clips: PanoramaClips) -> None:
        wanted = numbers(clips.frames(0, 0.5))
        clips.close()
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(how)) as pool:
            assert numbers(pool.submit(clips.frames, 0, 0.5).result(timeout=60)) == wanted
        assert numbers(clips.frames(0, 0.5)) == wanted


class TestRefusals:
    def test_an_empty_split_names_those_there_are(self, shards: Path) -> None:
        says = rf"the 3 shards in {shards} hold no clip of the split 'valid'; the splits there: test, train"
        with pytest.raises(UsageError, match=says):
            open_panoramas([shards], "valid", MOMENT)

    def test_crops_say_what_to_build(self, tmp_path: Path) -> None:
        clip = numbered_clip("a-0")
        crop = replace(clip.views[0], view=viewport(Direction(20.0), 80, 32, 16))
        one, four = replace(clip, views=(crop,)), replace(clip, views=(clip.views[0], crop))
        for number, content in enumerate((one, four)):
            with pytest.raises(UsageError, match=r"hold crops, not panoramas .*'a-0'.* --layout panorama' builds them"):
                only(tmp_path / str(number), content, MOMENT)

    @pytest.mark.parametrize(
        ("other", "says"),
        [
            ({"fps": 8.0}, r"'a-0' has 16 frames/s and 2400 Hz, 'b-0' has 8 frames/s and 2400 Hz"),
            ({"sample_rate_hz": 4800}, r"'b-0' has 16 frames/s and 4800 Hz; build them alike"),
        ],
    )
    def test_mixed_rates(self, other: dict[str, Any], says: str, tmp_path: Path) -> None:
        path = write_shard(tmp_path / "train-00000.h5", numbered_clip("a-0"), numbered_clip("b-0", **other))
        with pytest.raises(UsageError, match=says):
            open_panoramas([path], "train", MOMENT)

    def test_rates_and_lengths_of_other_splits_do_not_matter(self, tmp_path: Path) -> None:
        write_shard(tmp_path / "train-00000.h5", numbered_clip("a-0"))
        write_shard(tmp_path / "test-00000.h5", numbered_clip("b-0", split="test", fps=8.0, seconds=0.5))
        assert len(open_panoramas([tmp_path], "train", MOMENT)) == 1

    @pytest.mark.parametrize(
        "moment", [MomentConfig(frames=4, fps=8.0, audio_s=2.1), MomentConfig(frames=17, fps=8.0, audio_s=0.5)]
    )
    def test_clips_that_are_too_short(self, moment: MomentConfig, shards: Path) -> None:
        says = rf"3 clips are shorter than a sample of {moment.span_s:g} s, 'a-10' with 2 s the first; shorten moment"
        with pytest.raises(UsageError, match=says):
            open_panoramas([shards], "train", moment)

    def test_a_sound_that_ends_early_counts(self, tmp_path: Path) -> None:
        clip = numbered_clip("a-0")
        short = encode_sound(np.zeros((4, 1200), np.float32), "float32", RATE_HZ)
        with pytest.raises(UsageError, match=r"'a-0' with 0\.5 s the first"):
            only(tmp_path, replace(clip, ambisonics=short), MOMENT)


class TestDamage:
    @pytest.mark.parametrize("codec", ["raw", "jpeg"])
    def test_of_pictures_is_named_with_the_clip_when_it_is_sampled(self, codec: str, tmp_path: Path) -> None:
        contents = [numbered_clip(clip_id, codec=codec, first=100) for clip_id in ("a-0", "b-0")]
        path = write_shard(tmp_path / "train-00000.h5", *contents)
        flip(path, "clips/a-0/views/0/frames", everywhere=True)
        clips = open_panoramas([path], "train", MOMENT)
        with pytest.raises(ShardError, match=r"train-00000.h5: clip 'a-0' cannot be read"):
            sample(clips, 0, seed=0)
        assert sample(clips, 1, seed=0).video.any()

    def test_of_a_jpeg_is_named_with_the_clip(self, tmp_path: Path) -> None:
        path = write_shard(tmp_path / "train-00000.h5", numbered_clip("a-0", codec="jpeg"))
        with h5py.File(path, "r+") as file:
            frames = file["clips/a-0/views/0/frames"]
            frames[:] = np.zeros(frames.shape, np.uint8)
        with pytest.raises(ShardError, match="clip 'a-0' cannot be read"):
            sample(open_panoramas([path], "train", MOMENT), 0, seed=0)

    @pytest.mark.parametrize("part", ["record", "window", "views/0/direction"])
    def test_of_what_every_sample_needs_is_named_at_once(self, part: str, tmp_path: Path) -> None:
        path = write_shard(tmp_path / "train-00000.h5", numbered_clip("a-0"), numbered_clip("b-0"))
        flip(path, f"clips/b-0/{part}")
        with pytest.raises(ShardError, match=r"train-00000.h5: clip 'b-0' cannot be read"):
            open_panoramas([path], "train", MOMENT)


def open_shards_of_this_process() -> int:
    gc.collect()
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the descriptor that listed the others
            count += descriptor.resolve().suffix == ".h5"
    return count


def flip(path: Path, name: str, *, everywhere: bool = False) -> None:
    """Flip a bit in the middle of a dataset, or in each of its bytes."""
    with h5py.File(path) as file:
        begin, size = file[name].id.get_offset(), file[name].nbytes
    image = bytearray(path.read_bytes())
    for at in range(begin, begin + size) if everywhere else (begin + size // 2,):
        image[at] ^= 1
    path.write_bytes(image)
