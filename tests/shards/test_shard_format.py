"""The shard format: what is written is read back, whole or not at all, and no damage goes unnoticed."""

import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_shards import HEADER, LOOKS, RATE_HZ, clip, encoded, flipped, noise, shard, smooth_frames

from yt360_tools.ambisonics import rotate
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.geometry import CUBE_FACES
from yt360_tools.projection import viewport
from yt360_tools.records import ClipWindow
from yt360_tools.shards import (
    ClipContent,
    Measured,
    ShardSet,
    ShardWriter,
    open_shards,
    verify_shards,
)
from yt360_tools.shards.codecs import writing_codec
from yt360_tools.shards.label_codec import encode_labels
from yt360_tools.shards.sound_codecs import encode_sound
from yt360_tools.shards.summary import summarise_shards


class TestReadingBack:
    def test_frames_of_codec_raw_are_exact(self, path: Path) -> None:
        with open_shards(shard(path, clip(codec="raw"))) as shards:
            views = shards.clip("-v-54.5").views
            for index, view in enumerate(views):
                assert view.frames[:].dtype == view.frames.dtype == np.uint8
                assert view.frames.shape == (3, 24, 32, 3)
                assert (view.frames[:] == smooth_frames(index)).all()

    def test_frames_of_codec_jpeg_are_close_and_rgb(self, path: Path) -> None:
        with open_shards(shard(path, clip(codec="jpeg"))) as shards:
            for index, view in enumerate(shards.clip("-v-54.5").views):
                wanted = smooth_frames(index).astype(float)
                assert np.abs(view.frames[:] - wanted).mean() < 2
                assert np.abs(view.frames[:][..., ::-1] - wanted).mean() > 10

    def test_frames_of_codec_h264_are_close_and_rgb(self, path: Path) -> None:
        with open_shards(shard(path, clip(codec="h264", frames=20))) as shards:
            for index, view in enumerate(shards.clip("-v-54.5").views):
                wanted = smooth_frames(index, 20).astype(float)
                assert np.abs(view.frames[:] - wanted).mean() < 3
                assert np.abs(view.frames[:][..., ::-1] - wanted).mean() > 10

    @pytest.mark.parametrize("codec", ["raw", "jpeg", "h264"])
    def test_a_few_frames_are_those_of_all(self, codec: str, path: Path) -> None:
        with open_shards(shard(path, clip(codec=codec, frames=20))) as shards:
            frames = shards.clip("-v-54.5").views[1].frames
            whole = np.asarray(frames)
            assert len(frames) == len(whole) == 20
            for part in (slice(1, 3), slice(7, 9), slice(None, None, 3), slice(17, 3, -4), slice(-2, 99), slice(5, 5)):
                assert frames[part].shape == whole[part].shape
                assert (frames[part] == whole[part]).all()
            assert (frames[11] == whole[11]).all()
            assert (frames[-1] == whole[-1]).all()
            assert (np.stack(list(frames)) == whole).all()
            for beyond in (20, -21):
                with pytest.raises(IndexError, match=f"frame {beyond} of 20"):
                    frames[beyond]

    @pytest.mark.parametrize(("first", "last"), [(0, RATE_HZ), (17, 130), (RATE_HZ - 1, RATE_HZ), (40, 40)])
    @pytest.mark.parametrize("sound", ["int16", "flac", "float32"])
    def test_some_sound_is_that_of_all(self, sound: str, first: int, last: int, path: Path) -> None:
        with open_shards(shard(path, clip(sound=sound))) as shards:
            found = shards.clip("-v-54.5")
            assert found.samples == RATE_HZ
            some = found.ambisonics_between(first, last)
            assert some.dtype == np.float32
            assert some.shape == (4, last - first)
            assert (some == found.ambisonics[:, first:last]).all()
            assert (found.sound(first / RATE_HZ, last / RATE_HZ) == some).all()

    def test_sound_of_codec_float32_is_exact(self, path: Path) -> None:
        with open_shards(shard(path, clip(sound="float32"))) as shards:
            assert (shards.clip("-v-54.5").ambisonics == noise(0)).all()

    @pytest.mark.parametrize("sound", ["int16", "flac"])
    @pytest.mark.parametrize("gain", [1e-3, 0.2, 1.0, 37.0])
    def test_sound_of_whole_numbers_is_off_by_half_of_their_last_bit(self, sound: str, gain: float, path: Path) -> None:
        loud = noise(0) * np.float32(gain)
        content = replace(clip(), ambisonics=encode_sound(loud, sound, RATE_HZ))
        peak = np.abs(loud).max()
        with open_shards(shard(path, content)) as shards:
            assert np.abs(shards.clip("-v-54.5").ambisonics - loud).max() <= 1.001 * peak / 2**15

    @pytest.mark.parametrize("sound", ["int16", "flac"])
    def test_sound_that_is_no_number_is_refused(self, sound: str) -> None:
        with pytest.raises(ValueError, match="no finite numbers"):
            encode_sound(np.float32([[0], [np.nan], [0], [0]]), sound, RATE_HZ)

    def test_times_outside_of_a_clip_are_refused(self, path: Path) -> None:
        with open_shards(shard(path, clip())) as shards:
            for times in ((-0.1, 0.5), (0.5, 0.4), (0.5, 1.1)):
                with pytest.raises(UsageError, match=r"do not lie within clip '-v-54\.5' of 1 s"):
                    shards.clip("-v-54.5").sound(*times)

    def test_label_maps_measurements_and_findings(self, path: Path) -> None:
        labels = np.random.default_rng(1).integers(0, 32, (3, 24, 32)).astype(np.uint8)
        measured = Measured(np.float32([-20, -31.5]), np.float32([[30, -10, 0.25], [np.nan, np.nan, np.nan]]))
        doubt = {"code": "clipping", "severity": "doubt", "text": "its sound is clipped"}
        plain = clip(looks=LOOKS[:1])
        view = replace(plain.views[0], labels=encode_labels(labels))
        content = replace(plain, views=(view,), measured=measured, findings=(doubt,))
        with open_shards(shard(path, content)) as shards:
            found = shards.clip("-v-54.5")
            assert found.views[0].labels is not None
            assert (found.views[0].labels[1:] == labels[1:]).all()
            assert found.measured is not None
            assert (found.measured.level_dbfs == measured.level_dbfs).all()
            assert np.array_equal(found.measured.arrival, measured.arrival, equal_nan=True)
            assert found.findings == [doubt]
        with open_shards(shard(path, plain)) as shards:
            assert shards.clip("-v-54.5").views[0].labels is None
            assert shards.clip("-v-54.5").measured is None

    def test_windows_rates_and_source(self, path: Path) -> None:
        with open_shards(shard(path, clip())) as shards:
            found = shards.clip("-v-54.5")
            assert found.window == ClipWindow("-v-54.5", "-v", 54.5, 55.5, "train")
            assert (found.fps, found.sample_rate_hz) == (3.0, RATE_HZ)
            assert found.source == {"projection": "eac", "fps": 29.97}

    def test_directions_and_opening_angles(self, path: Path) -> None:
        with open_shards(shard(path, clip())) as shards:
            for view, look in zip(shards.clip("-v-54.5").views, LOOKS, strict=True):
                assert view.direction == look
                assert view.view == viewport(look, 80, 32, 24)

    def test_sound_is_stored_unrotated_and_given_turned_to_each_view(self, path: Path) -> None:
        with open_shards(shard(path, clip())) as shards:
            found = shards.clip("-v-54.5")
            assert (found.ambisonics == noise(0)).all()
            for index, (view, look) in enumerate(zip(found.views, LOOKS, strict=True)):
                turned = rotate(noise(0), look.view_from_world)
                assert view.ambisonics == pytest.approx(turned)
                assert view.ambisonics.dtype == np.float32
                assert found.sound(0.25, 0.5, toward=view.direction) == pytest.approx(turned[:, 120:240])
                assert (view.beam == noise(100 + index, 1)[0]).all()

    def test_a_source_on_a_views_axis_sounds_in_its_front(self, path: Path) -> None:
        yaw, pitch = np.radians([30, -10])
        gains = [1, np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)]
        sound = encode_sound(np.outer(gains, np.ones(RATE_HZ)).astype(np.float32), "float32", RATE_HZ)
        with open_shards(shard(path, replace(clip(), ambisonics=sound))) as shards:
            heard = shards.clip("-v-54.5").views[0].ambisonics[:, 0]
        assert heard == pytest.approx([1, 0, 0, 1], abs=1e-6)

    def test_a_cubes_views_keep_their_order(self, path: Path) -> None:
        faces = [face for _, face in CUBE_FACES]
        with open_shards(shard(path, clip(looks=[*faces, *faces]))) as shards:  # 12: "10" sorts before "2"
            assert [view.direction for view in shards.clip("-v-54.5").views] == [*faces, *faces]

    def test_many_clips_by_id_and_one_after_the_other(self, path: Path, tmp_path: Path) -> None:
        first = shard(path, clip("a-1"), clip("b-0", seed=5))
        second = shard(path.with_name("train-00001.h5"), clip("c-2.5", seed=9))
        for where in ((first, second), (path.parent,), (tmp_path,), (first, second, first)):
            with open_shards(*where) as shards:
                assert len(shards) == 3
                assert [found.clip_id for found in shards] == ["a-1", "b-0", "c-2.5"]
                assert (shards.clip("c-2.5").ambisonics == noise(9)).all()

    def test_summary_counts(self, path: Path) -> None:
        with open_shards(shard(path, clip("a-1"), clip("a-9"), clip("b-0"))) as shards:
            found = summarise_shards(shards)
        assert (found["clips"], found["videos"], found["splits"]) == (3, 2, {"train": 3})
        assert found["hours"] == pytest.approx(3 / 3600)
        assert found["shards"][0]["config"] == HEADER.config
        assert found["bytes"] == path.stat().st_size


class TestSharing:
    def test_a_set_is_pickled_without_its_open_files(self, path: Path) -> None:
        shards = open_shards(shard(path, clip("a-1")))
        assert len(shards) == 1  # opens the file and makes the index
        copy: ShardSet = pickle.loads(pickle.dumps(shards))
        assert (copy.clip("a-1").views[0].frames[:] == shards.clip("a-1").views[0].frames[:]).all()
        shards.close()
        assert copy.clip("a-1").clip_id == "a-1"
        copy.close()

    def test_a_closed_set_opens_again(self, path: Path) -> None:
        shards = open_shards(shard(path, clip("a-1")))
        with shards:
            assert len(shards) == 1
        with shards:
            assert shards.clip("a-1").fps == 3


class TestRefusals:
    def test_two_shards_with_the_same_clip(self, path: Path) -> None:
        shard(path, clip("a-1"))
        shard(path.with_name("train-00001.h5"), clip("a-1"))
        with open_shards(path.parent) as shards, pytest.raises(ShardError, match=r"'a-1' .*00000.*00001"):
            len(shards)

    def test_a_clip_that_is_not_there_names_the_nearest(self, path: Path) -> None:
        shards = open_shards(shard(path, clip("abcdef-1")))
        with shards, pytest.raises(UsageError, match="did you mean 'abcdef-1'"):
            shards.clip("abcdef-2")

    def test_an_unknown_version(self, path: Path) -> None:
        with h5py.File(shard(path, clip()), "r+") as file:
            file.attrs["version"] = 3
        with pytest.raises(ShardError, match=r"format version 3; this version .* reads version 2: upgrade it"):
            len(open_shards(path))

    def test_another_hdf5_file(self, path: Path) -> None:
        with h5py.File(shard(path, clip()), "r+") as file:
            file.attrs["format"] = "another"
        with pytest.raises(ShardError, match="no yt360-shard"):
            len(open_shards(path))

    def test_an_unknown_codec_of_pictures(self, path: Path) -> None:
        one = clip()
        future = replace(one.views[0], frames=replace(one.views[0].frames, codec="av2"))
        with open_shards(shard(path, replace(one, views=(future,)))) as shards:
            view = shards.clip("-v-54.5").views[0]
            with pytest.raises(ShardError, match=r"frames are stored with codec 'av2'.*jpeg, h264, raw: upgrade"):
                _ = view.frames

    def test_an_unknown_codec_of_sound(self, path: Path) -> None:
        one = clip()
        with open_shards(shard(path, replace(one, ambisonics=replace(one.ambisonics, codec="int24")))) as shards:
            with pytest.raises(ShardError, match=r"sounds are stored with codec 'int24'.*upgrade"):
                _ = shards.clip("-v-54.5").ambisonics
            assert len(shards.clip("-v-54.5").views[0].frames[:]) == 3

    def test_a_shard_without_clips(self, path: Path) -> None:
        with open_shards(shard(path)) as shards:
            assert list(shards) == []
        assert verify_shards((path,)) == ({}, [])

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_shard_that_may_not_be_read(self, path: Path) -> None:
        shard(path, clip()).chmod(0)
        with pytest.raises(ShardError, match="no permission to read it"):
            len(open_shards(path))

    @pytest.mark.parametrize("name", ["clip_id", "record"])
    def test_a_catalogue_without_a_column(self, name: str, path: Path) -> None:
        with h5py.File(shard(path, clip()), "r+") as file:
            del file[f"catalogue/{name}"]
        with pytest.raises(ShardError, match="not a whole shard"):
            len(open_shards(path))

    def test_an_unknown_codec_is_not_written_either(self) -> None:
        with pytest.raises(UsageError, match="did you mean 'jpeg'"):
            writing_codec("jpg", quality=90)

    @pytest.mark.parametrize("size", [0, 100, 2000])
    def test_a_file_that_was_cut_short(self, size: int, path: Path) -> None:
        image = shard(path, clip()).read_bytes()
        path.write_bytes(image[: size or len(image) - 1])
        with pytest.raises(ShardError, match="not a whole shard"):
            len(open_shards(path))

    def test_paths_without_shards(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="does not exist"):
            open_shards(tmp_path / "none.h5")
        with pytest.raises(UsageError, match="holds no shard"):
            open_shards(tmp_path)


class TestWholeOrNotAtAll:
    def test_nothing_is_on_disk_before_publishing(self, path: Path) -> None:
        with ShardWriter(path, HEADER) as writer:
            writer.add(clip())
            assert not path.parent.exists()
        assert not path.parent.exists()

    def test_an_exception_leaves_nothing(self, path: Path) -> None:
        def broken() -> None:
            with ShardWriter(path, HEADER) as writer:
                writer.add(clip())
                raise RuntimeError("the decoder gave up")

        with pytest.raises(RuntimeError, match="gave up"):
            broken()
        assert not path.parent.exists()

    @pytest.mark.parametrize("step", ["replace", "fsync"])
    def test_a_disk_that_fails_leaves_nothing(self, step: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space left"):
            shard(path, clip())
        assert list(path.parent.iterdir()) == []

    def test_a_disk_that_fails_keeps_the_old_shard(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = shard(path, clip()).read_bytes()

        def fail(*_: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="Input/output"):
            shard(path, clip(seed=1))
        assert [found.name for found in path.parent.iterdir()] == [path.name]
        assert path.read_bytes() == before

    def test_only_the_shard_is_left_in_the_folder(self, path: Path) -> None:
        shard(path, clip())
        assert [found.name for found in path.parent.iterdir()] == ["train-00000.h5"]

    def test_the_same_clips_give_the_same_bytes(self, path: Path) -> None:
        other = path.with_name("other.h5")
        assert shard(path, clip(), clip("b-1")).read_bytes() == shard(other, clip(), clip("b-1")).read_bytes()


def with_frames(one: ClipContent, frames: np.ndarray) -> ClipContent:
    return replace(one, views=(replace(one.views[0], frames=encoded(writing_codec("raw"), frames)),))


CONTENT: dict[str, Callable[[ClipContent], ClipContent]] = {
    "window": lambda one: replace(one, window=replace(one.window, end_s=one.window.end_s + 1e-9)),
    "fps": lambda one: replace(one, fps=one.fps + 1e-9),
    "sample rate": lambda one: replace(one, sample_rate_hz=RATE_HZ + 1),
    "sound": lambda one: replace(
        one, ambisonics=encode_sound(noise(0) * np.float32([[1], [1], [1], [-1]]), "float32", 1)
    ),
    "sound codec": lambda one: replace(one, ambisonics=encode_sound(noise(0), "int16", 1)),
    "direction": lambda one: replace(one, views=(replace(one.views[0], view=viewport(LOOKS[1], 80, 32, 24)),)),
    "opening": lambda one: replace(one, views=(replace(one.views[0], view=viewport(LOOKS[0], 81, 32, 24)),)),
    "beam": lambda one: replace(one, views=(replace(one.views[0], beam=encode_sound(-noise(100, 1), "float32", 1)),)),
    "frames": lambda one: with_frames(one, smooth_frames(0)[::-1]),
    "shape of the frames": lambda one: with_frames(one, smooth_frames(0).transpose(0, 2, 1, 3)),
    "number of frames": lambda one: with_frames(one, smooth_frames(0)[:2]),
    "labels": lambda one: replace(
        one, views=(replace(one.views[0], labels=encode_labels(np.zeros((3, 24, 32), np.uint8))),)
    ),
    "measurements": lambda one: replace(one, measured=Measured(np.zeros(1, np.float32), np.zeros((1, 3), np.float32))),
    "number of views": lambda one: replace(one, views=one.views * 2),
}


class TestContentHash:
    def hash_of(self, *paths: Path) -> str:
        with open_shards(*paths) as shards:
            return shards.content_hash

    def test_is_read_once(self, tmp_path: Path) -> None:
        with open_shards(shard(tmp_path / "all.h5", clip("a-1"))) as shards:
            before = shards.content_hash
            (tmp_path / "all.h5").unlink()
            shards.close()
            assert shards.content_hash == before

    def test_does_not_depend_on_how_clips_lie_in_shards(self, tmp_path: Path) -> None:
        one, two, three = clip("a-1"), clip("b-0", "jpeg", 3), clip("c-2", seed=6)
        together = shard(tmp_path / "all.h5", one, two, three)
        split = shard(tmp_path / "x.h5", three), shard(tmp_path / "y.h5", two, one)
        assert self.hash_of(together) == self.hash_of(*split) == self.hash_of(*reversed(split))

    def test_does_not_depend_on_tools(self, tmp_path: Path) -> None:
        newer = replace(HEADER, tools={"numpy": "3"})
        assert self.hash_of(shard(tmp_path / "a.h5", clip())) == self.hash_of(
            shard(tmp_path / "b.h5", clip(), header=newer)
        )

    @pytest.mark.parametrize("change", CONTENT.values(), ids=CONTENT.keys())
    def test_depends_on_every_dataset(self, change: Callable[[ClipContent], ClipContent], tmp_path: Path) -> None:
        plain = clip(looks=LOOKS[:1])
        changed = self.hash_of(shard(tmp_path / "b.h5", change(plain)))
        assert self.hash_of(shard(tmp_path / "a.h5", plain)) != changed

    def test_depends_on_the_clips_ids_and_number(self, tmp_path: Path) -> None:
        one = self.hash_of(shard(tmp_path / "a.h5", clip("a-1")))
        assert one != self.hash_of(shard(tmp_path / "b.h5", clip("b-1")))
        assert one != self.hash_of(shard(tmp_path / "c.h5", clip("a-1"), clip("b-1")))

    def test_is_what_verifying_recomputes(self, path: Path) -> None:
        sound, damage = verify_shards((shard(path, clip("a-1"), clip("b-1", "jpeg")),))
        assert damage == []
        with open_shards(path) as shards:
            assert sound == {found.clip_id: found.content_sha256 for found in shards}


def unnoticed(path: Path, image: bytes, offsets: list[int], truth: dict[str, str]) -> list[int]:
    """The offsets whose flipped bit changes what is read without being found."""
    missed = []
    for offset in offsets:
        path.write_bytes(flipped(image, offset))
        sound, damage = verify_shards((path,))
        if not damage and sound != truth:
            missed.append(offset)
    return missed


class TestVerifying:
    @pytest.mark.parametrize("codec", ["raw", "jpeg"])
    def test_finds_one_flipped_bit_in_any_dataset(self, codec: str, path: Path) -> None:
        shard(path, clip(codec=codec))
        places: dict[str, tuple[int, int]] = {}
        with h5py.File(path) as file:
            file["clips"].visititems(
                lambda name, item: (
                    places.update({name: (item.id.get_offset(), item.id.get_storage_size())})
                    if isinstance(item, h5py.Dataset)
                    else None
                )
            )
        assert len(places) == 5 + 2 * (5 if codec == "raw" else 6)
        image = path.read_bytes()
        for name, (begin, size) in places.items():
            for offset in {begin + size // 3, begin + size - 1}:
                path.write_bytes(flipped(image, offset))
                sound, damage = verify_shards((path,))
                assert sound == {}, f"{name} byte {offset - begin}"
                assert [found.clip_id for found in damage] == ["-v-54.5"]

    @pytest.mark.parametrize("text", [b"-v", b"train", b'"eac"', b"29.97", b"viewport", b"raw"], ids=repr)
    def test_finds_one_flipped_bit_in_an_attribute_of_a_clip(self, text: bytes, path: Path) -> None:
        self.check_each_flip(text, path)

    @pytest.mark.parametrize("text", [b'"fps": 4.0', b'"numpy"', b"yt360-shard", b"another", b"+y left"], ids=repr)
    def test_finds_one_flipped_bit_in_an_attribute_of_the_file(self, text: bytes, path: Path) -> None:
        self.check_each_flip(text, path)

    def check_each_flip(self, text: bytes, path: Path) -> None:
        shard(path, clip(), header=replace(HEADER, split="another"))
        image = path.read_bytes()
        places = [place for place in range(len(image)) if image.startswith(text, place)]
        assert places
        for place in places:
            path.write_bytes(flipped(image, place + 1))
            assert verify_shards((path,))[1], f"byte {place + 1}"

    @pytest.mark.parametrize("name", ["width", "height", "projection"])
    def test_finds_a_changed_attribute_of_a_view(self, name: str, path: Path) -> None:
        with h5py.File(shard(path, clip()), "r+") as file:
            attributes = file["clips/-v-54.5/views/1"].attrs
            attributes[name] = np.bytes_("er") if name == "projection" else attributes[name] + 1
        assert verify_shards((path,))[1]

    @pytest.mark.parametrize("name", ["split", "config", "tools", "conventions"])
    def test_finds_a_changed_attribute_of_the_file(self, name: str, path: Path) -> None:
        with h5py.File(shard(path, clip()), "r+") as file:
            file.attrs[name] = np.bytes_("{}")
        assert verify_shards((path,))[1]

    def test_finds_a_dataset_too_many_and_too_few(self, path: Path) -> None:
        image = shard(path, clip()).read_bytes()
        with h5py.File(path, "r+") as file:
            file["clips/-v-54.5/extra"] = [1]
        assert verify_shards((path,))[1]
        path.write_bytes(image)
        with h5py.File(path, "r+") as file:
            del file["clips/-v-54.5/views/1/beam"]
        assert verify_shards((path,))[1]

    def test_finds_a_clip_under_another_name(self, path: Path) -> None:
        with h5py.File(shard(path, clip()), "r+") as file:
            file["clips"].move("-v-54.5", "w-54.5")
        assert "clip '-v-54.5' cannot be read" in verify_shards((path,))[1][0].message

    def test_goes_on_after_damage(self, path: Path) -> None:
        """One clip, a file that was cut short, and one whose table of clips is broken: the rest is sound."""
        with h5py.File(shard(path, clip("a-1"), clip("b-1")), "r+") as file:
            file["clips/a-1/ambisonics"][0, 0] += 1
        paths = [path, *(path.with_name(f"train-0000{k}.h5") for k in (1, 2, 3))]
        shard(paths[1], clip("c-1"))
        paths[1].write_bytes(paths[1].read_bytes()[:1000])
        image = shard(paths[2], clip("d-1")).read_bytes()
        with h5py.File(paths[2]) as file:
            table = h5py.h5o.get_info(file["clips"].id).addr + 4
        paths[2].write_bytes(image[:table] + b"\xff\xff" + image[table + 2 :])
        shard(paths[3], clip("e-1"))
        sound, damage = verify_shards(tuple(paths))
        assert sorted(sound) == ["b-1", "e-1"]
        assert list(dict.fromkeys(found.path for found in damage)) == paths[:3]

    def test_finds_a_clip_that_stands_in_two_shards(self, path: Path) -> None:
        other = shard(path.with_name("train-00001.h5"), clip("a-1"))
        assert "two shards" in verify_shards((shard(path, clip("a-1")), other))[1][0].message

    def test_survives_any_flipped_bit(self, path: Path) -> None:
        """What HDF5 keeps for itself is checked too: a file of unchecked parts can crash the library or keep it
        busy for ever. So this asks in a worker, which may die of it or be late.
        """
        names = [f"v-{number}" for number in range(10)]  # many: then HDF5 keeps a tree of them
        image = shard(path, *(clip(name, looks=LOOKS[:1]) for name in names)).read_bytes()
        truth = verify_shards((path,))[0]
        own = (b"TREE", b"SNOD", b"HEAP", b"OHDR", b"FRHP", b"FHDB", b"BTHD", b"BTLF")
        marks = [image.find(mark) for mark in own]
        offsets = [mark + k for mark in marks if mark >= 0 for k in range(0, 60, 3)]
        assert b"GCOL" not in image, "a heap for texts of any length has no checksums"
        for name in (b"codec", b"source"):
            offsets += [image.index(name) + len(name) + k for k in range(40)]
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            future = pool.submit(unnoticed, path, image, [*offsets, *range(0, len(image), len(image) // 60)], truth)
            if not wait([future], timeout=60).done:
                for process in multiprocessing.active_children():
                    process.kill()
                pytest.fail("verifying hangs on a flipped bit")
            assert future.result() == []
