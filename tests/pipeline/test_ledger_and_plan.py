"""The coordinator's memory and its decisions: the ledger, the windows, the views, the shards, the runner."""

import dataclasses
import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from yt360_tools.config import BuildConfig, SegmentConfig, as_plain, resolve
from yt360_tools.errors import EnvironmentMissing, MediaError, UsageError, Yt360Error
from yt360_tools.geometry import CUBE_FACES, Direction, angle_between
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import render
from yt360_tools.pipeline.build import BuildTask, assign_shards, estimated_bytes, plan_build, reconcile, write_index
from yt360_tools.pipeline.executors import process_pool, thread_pool
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.rebuild import agreed_config
from yt360_tools.pipeline.runner import run_tasks
from yt360_tools.pipeline.segment import given_window
from yt360_tools.pipeline.status import workspace_status
from yt360_tools.pipeline.views import check_view_options, clip_views, parse_size, parse_view, parse_view_set
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.projection import panorama, viewport
from yt360_tools.records import ClipRow, ClipWindow, Outcome, SourceLayout, VideoRecord
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, ViewContent, open_shards
from yt360_tools.shards.codecs import encode_frames, writing_codec
from yt360_tools.shards.sound_codecs import encode_sound

VIDEO = VideoRecord(
    video_id="v",
    video_path="raw/v/v.mkv",
    audio_path="raw/v/v.mkv",
    width=64,
    height=32,
    fps=30.0,
    start_s=0.0,
    end_s=60.0,
    sample_rate_hz=48000,
    channels=4,
    channel_map=(0, 1, 2, 3),
    layout=SourceLayout("er"),
    video_codec="h264",
    audio_codec="opus",
)
SMALL = BuildConfig(width=16, fps=2.0, sample_rate=100, codec="raw", sound_codec="float32", shard_mb=0.01)


def window(start_s: float, split: str = "train", video_id: str = "v", length_s: float = 1.0) -> ClipWindow:
    return ClipWindow(f"{video_id}-{start_s:g}", video_id, start_s, start_s + length_s, split)


def done(stage: str, item: str, **data: object) -> Outcome:
    return Outcome(item, stage, "done", data=data)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path / "work")
    for folder in (found.raw, found.shards):
        folder.mkdir(parents=True)
    return found


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    opened = Ledger(workspace.ledger)
    yield opened
    opened.close()


def attempts(ledger: Ledger, stage: str, item: str) -> int:
    with sqlite3.connect(ledger.path) as db:
        ((number,),) = db.execute("SELECT attempts FROM outcomes WHERE stage = ? AND item = ?", (stage, item))
    return number


class TestLedger:
    def test_keeps_the_latest_outcome_of_an_item_in_a_stage(self, ledger: Ledger) -> None:
        ledger.record([Outcome("v", "download", "failed", "network", "no route")])
        ledger.record([done("download", "v", files={"v.mkv": 3}), Outcome("v", "validate", "rejected", "no_sound")])
        entry = ledger.entries("download")["v"]
        assert (entry.state, entry.reason, entry.data) == ("done", "", {"files": {"v.mkv": 3}})
        assert ledger.entries("validate")["v"].reason == "no_sound"
        assert ledger.entries("build") == {}

    def test_counts_attempts(self, ledger: Ledger) -> None:
        for _ in range(3):
            ledger.record([Outcome("v", "download", "failed", "network")])
        assert attempts(ledger, "download", "v") == 3

    @pytest.mark.parametrize(("state", "final"), [("done", True), ("rejected", True), ("failed", False)])
    def test_knows_which_states_are_final(self, state: str, final: bool, ledger: Ledger) -> None:
        ledger.record([Outcome("v", "download", state)])
        assert ledger.entries("download")["v"].is_final is final

    def test_records_all_or_none(self, ledger: Ledger) -> None:
        with pytest.raises(TypeError):
            ledger.record([done("download", "a"), done("download", "b", files={1, 2})])
        assert ledger.entries("download") == {}

    def test_expects_what_it_does_not_know_yet(self, ledger: Ledger) -> None:
        ledger.record([done("download", "a")])
        ledger.expect("download", ["a", "b"])
        assert {item: entry.state for item, entry in ledger.entries("download").items()} == {"a": "done", "b": "to_do"}
        assert not ledger.entries("download")["b"].is_final
        ledger.record([Outcome("b", "download", "failed", "network")])
        assert attempts(ledger, "download", "b") == 1

    def test_forgets(self, ledger: Ledger) -> None:
        ledger.record([done("build", "a"), done("build", "b"), done("download", "a")])
        ledger.forget("build", ["a", "unknown"])
        assert set(ledger.entries("build")) == {"b"}
        assert set(ledger.entries("download")) == {"a"}

    def test_counts_by_state_and_reason(self, ledger: Ledger) -> None:
        ledger.record([done("build", "a"), done("build", "b"), Outcome("c", "build", "rejected", "too_short")])
        ledger.record([Outcome("d", "build", "failed", "disk"), Outcome("e", "build", "failed", "disk")])
        assert ledger.counts("build") == {"done": {"": 2}, "rejected": {"too_short": 1}, "failed": {"disk": 2}}

    def test_keeps_the_order_of_the_shard_plan(self, ledger: Ledger) -> None:
        ledger.plan_shards([("z", "s-0"), ("a", "s-0"), ("m", "s-1")])
        ledger.plan_shards([("b", "s-2"), ("a", "s-2")])
        assert list(ledger.shard_plan().items()) == [("z", "s-0"), ("m", "s-1"), ("b", "s-2"), ("a", "s-2")]

    def test_remembers_options(self, ledger: Ledger) -> None:
        ledger.remember_options({"build": as_plain(SMALL)})
        assert ledger.options()["build"] == as_plain(SMALL)

    def test_is_the_same_after_it_is_opened_again(self, ledger: Ledger) -> None:
        ledger.record([done("build", "ünï", shard="s", note='"\n')])
        ledger.plan_shards([("a", "s-0")])
        ledger.remember_options({"build": {"fps": 2.0}})
        ledger.close()
        again = Ledger(ledger.path)
        assert again.entries("build")["ünï"].data == {"shard": "s", "note": '"\n'}
        assert (again.shard_plan(), again.options()) == ({"a": "s-0"}, {"build": {"fps": 2.0}})
        again.close()

    def test_may_be_read_while_it_is_written(self, ledger: Ledger) -> None:
        ledger.record([done("build", "a")])
        reader = Ledger(ledger.path)
        ledger.record([done("build", "b")])
        assert set(reader.entries("build")) == {"a", "b"}
        reader.close()

    def test_refuses_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "ledger.sqlite").write_bytes(b"not a database, and long enough to be one" * 100)
        with pytest.raises(EnvironmentMissing, match=r"ledger\.sqlite cannot be used"):
            Ledger(tmp_path / "ledger.sqlite")

    def test_refuses_a_damaged_one(self, ledger: Ledger) -> None:
        ledger.record([done("build", f"clip-{number}") for number in range(500)])
        ledger.close()
        image = bytearray(ledger.path.read_bytes())
        image[4096:] = b"\x5a" * (len(image) - 4096)
        ledger.path.write_bytes(image)
        with pytest.raises(Yt360Error, match=r"ledger\.sqlite"):
            Ledger(ledger.path).entries("build")

    def test_refuses_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentMissing, match="name another workspace"):
            Ledger(tmp_path / "missing" / "ledger.sqlite")

    def test_refuses_to_write_what_is_read_only(self, ledger: Ledger) -> None:
        ledger._db.execute("PRAGMA query_only = 1")  # a file's mode does not bind the superuser
        with pytest.raises(EnvironmentMissing, match="permissions"):
            ledger.record([done("build", "a")])


class TestShardsOfClips:
    def test_fill_up_in_the_order_given(self) -> None:
        size = estimated_bytes(window(0), SMALL, 1)
        config = replace(SMALL, shard_mb=2.5 * size / 1e6)
        assigned = assign_shards([window(k) for k in (4, 2, 9, 1, 7)], set(), config)
        assert assigned == [
            ("v-4", "train-00000.h5"),
            ("v-2", "train-00000.h5"),
            ("v-9", "train-00001.h5"),
            ("v-1", "train-00001.h5"),
            ("v-7", "train-00002.h5"),
        ]

    def test_hold_at_least_one_clip(self) -> None:
        config = replace(SMALL, shard_mb=1e-6)
        assert [shard for _, shard in assign_shards([window(0), window(1)], set(), config)] == [
            "train-00000.h5",
            "train-00001.h5",
        ]

    def test_never_mix_splits(self) -> None:
        windows = [window(0, "train"), window(1, "test"), window(2, "train"), window(3, "a-b")]
        assert assign_shards(windows, set(), SMALL) == [
            ("v-0", "train-00000.h5"),
            ("v-1", "test-00000.h5"),
            ("v-2", "train-00000.h5"),
            ("v-3", "a-b-00000.h5"),
        ]

    def test_get_numbers_that_are_not_taken(self) -> None:
        taken = {"train-00000.h5", "train-00007.h5", "test-00002.h5", "a-b-00000.h5"}
        windows = [window(0), window(1, "test"), window(2, "a-b"), window(3, "new")]
        assert [shard for _, shard in assign_shards(windows, taken, SMALL)] == [
            "train-00008.h5",
            "test-00003.h5",
            "a-b-00001.h5",
            "new-00000.h5",
        ]

    def test_bytes_grow_with_time_views_and_pixels(self) -> None:
        """One second at 2 frames of 16 x 8 raw pixels: 768 bytes; 100 samples of a beam and four channels: 2000."""
        assert estimated_bytes(window(0), SMALL, 1) == 2 * 16 * 8 * 3 + 100 * 4 + 4 * 100 * 4
        assert estimated_bytes(window(0, length_s=3), SMALL, 1) == 3 * estimated_bytes(window(0), SMALL, 1)
        cube = replace(SMALL, layout="cube", size="8")
        assert estimated_bytes(window(0), cube, 6) == 6 * (2 * 8 * 8 * 3 + 400) + 1600
        assert estimated_bytes(window(0), replace(SMALL, codec="jpeg"), 1) < estimated_bytes(window(0), SMALL, 1)


class TestOptionsOfAWorkspace:
    REMEMBERED: ClassVar = {
        "segment": as_plain(SegmentConfig(clip_s=5.0)),
        "build": as_plain(replace(SMALL, layout="viewport", view=("1,2",))),
    }

    def test_are_kept_where_nothing_is_asked_for(self, workspace: Workspace) -> None:
        config = agreed_config(self.REMEMBERED, {}, workspace.root)
        assert config.segment == SegmentConfig(clip_s=5.0)
        assert config.build == replace(SMALL, layout="viewport", view=("1,2",))

    def test_may_be_repeated(self, workspace: Workspace) -> None:
        asked = {"build": {"fps": 2.0, "view": ("1,2",)}, "segment": {"clip_s": 5.0}}
        assert agreed_config(self.REMEMBERED, asked, workspace.root) == agreed_config(
            self.REMEMBERED, {}, workspace.root
        )

    @pytest.mark.parametrize(
        ("section", "key", "value"),
        [("build", "fps", 4.0), ("build", "view", ("3,4",)), ("build", "seed", 1), ("segment", "clip_s", 10.0)],
    )
    def test_may_not_change_and_are_named(self, section: str, key: str, value: object, workspace: Workspace) -> None:
        with pytest.raises(UsageError, match=rf"{section}\.{key} = .*asked"):
            agreed_config(self.REMEMBERED, {section: {key: value}}, workspace.root)

    def test_of_downloading_may_change(self, workspace: Workspace) -> None:
        asked = {"download": {"jobs": 9}, "validate": {"projection": "eac"}}
        config = agreed_config(self.REMEMBERED, asked, workspace.root)
        assert (config.download.jobs, config.validate.projection) == (9, "eac")

    def test_of_a_new_one_are_those_asked_for(self, workspace: Workspace) -> None:
        asked = {"build": {"fps": 4.0}}
        assert agreed_config({}, asked, workspace.root) == resolve(asked)


def content(of: ClipWindow, config: BuildConfig = SMALL) -> ClipContent:
    view = panorama(config.width)
    frames = encode_frames(writing_codec("raw"), np.zeros((2, view.height, view.width, 3), np.uint8), config.fps)
    sound = np.full((4, 100), of.start_s, np.float32)
    foa, beam = (encode_sound(one, "float32", config.sample_rate) for one in (sound, sound[:1]))
    return ClipContent(of, config.fps, config.sample_rate, foa, (ViewContent(view, frames, beam),), {})


def publish(workspace: Workspace, shard: str, *windows: ClipWindow) -> None:
    with ShardWriter(workspace.shards / shard, ShardHeader(windows[0].split, {})) as writer:
        for one in windows:
            writer.add(content(one))
        writer.publish()


def segmented(ledger: Ledger, *windows: ClipWindow) -> Manifest:
    """A manifest of clips whose video is examined and whose windows are known."""
    ledger.record([done("validate", "v", **dataclasses.asdict(VIDEO))])
    ledger.record([done("segment", one.clip_id, windows=[dataclasses.asdict(one)]) for one in windows])
    rows = tuple(ClipRow(one.clip_id, one.video_id, one.start_s, one.end_s, one.split) for one in windows)
    return Manifest(Path("clips.csv"), rows, ())


class TestPlanOfABuild:
    WINDOWS = tuple(window(k) for k in range(5))
    TWO_A_SHARD = replace(SMALL, shard_mb=2.5 * estimated_bytes(window(0), SMALL, 1) / 1e6)

    def plan(self, manifest: Manifest, ledger: Ledger, workspace: Workspace) -> dict[str, list[str]]:
        tasks = plan_build(manifest, ledger, workspace, self.TWO_A_SHARD, {})
        return {task.shard: [one.clip_id for one, _ in task.clips] for task in tasks}

    def test_is_a_task_a_shard_in_the_manifests_order(self, ledger: Ledger, workspace: Workspace) -> None:
        manifest = segmented(ledger, *self.WINDOWS)
        assert self.plan(manifest, ledger, workspace) == {
            "train-00000.h5": ["v-0", "v-1"],
            "train-00001.h5": ["v-2", "v-3"],
            "train-00002.h5": ["v-4"],
        }

    def test_leaves_out_what_is_done_and_what_is_rejected(self, ledger: Ledger, workspace: Workspace) -> None:
        manifest = segmented(ledger, *self.WINDOWS)
        self.plan(manifest, ledger, workspace)
        publish(workspace, "train-00000.h5", *self.WINDOWS[:2])
        ledger.record([done("build", f"v-{k}", shard="train-00000.h5") for k in (0, 1)])
        ledger.record([Outcome("v-2", "build", "rejected", "too_short"), Outcome("v-3", "build", "failed", "disk")])
        assert self.plan(manifest, ledger, workspace) == {"train-00001.h5": ["v-3"], "train-00002.h5": ["v-4"]}

    def test_never_touches_a_published_shard(self, ledger: Ledger, workspace: Workspace) -> None:
        """A clip that is recovered later goes into a new shard, and stays planned for it."""
        manifest = segmented(ledger, *self.WINDOWS)
        self.plan(manifest, ledger, workspace)
        publish(workspace, "train-00000.h5", self.WINDOWS[0])
        ledger.record([done("build", "v-0", shard="train-00000.h5")])
        for _ in range(2):
            found = self.plan(manifest, ledger, workspace)
            assert found["train-00003.h5"] == ["v-1"]
            assert "train-00000.h5" not in found

    def test_new_clips_do_not_move_old_ones(self, ledger: Ledger, workspace: Workspace) -> None:
        before = self.plan(segmented(ledger, *self.WINDOWS[:3]), ledger, workspace)
        manifest = segmented(ledger, *reversed(self.WINDOWS))
        found = self.plan(manifest, ledger, workspace)
        assert {shard: found[shard] for shard in before} == before
        assert found["train-00002.h5"] == ["v-4", "v-3"]


class TestReconciling:
    def test_takes_in_a_shard_that_was_published_but_not_recorded(self, ledger: Ledger, workspace: Workspace) -> None:
        windows = (window(0), window(1))
        publish(workspace, "train-00000.h5", *windows)
        ledger.plan_shards([("v-0", "train-00000.h5"), ("v-1", "train-00000.h5")])
        reconcile(ledger, workspace)
        with open_shards(workspace.shards) as shards:
            known = {
                one.clip_id: {"shard": "train-00000.h5", "content_sha256": one.content_sha256, "video_id": "v"}
                for one in shards
            }
        assert {item: entry.data for item, entry in ledger.entries("build").items()} == known

    def test_forgets_the_clips_of_a_shard_that_is_gone(self, ledger: Ledger, workspace: Workspace) -> None:
        publish(workspace, "train-00001.h5", window(2))
        ledger.plan_shards([("v-0", "train-00000.h5"), ("v-1", "train-00000.h5"), ("v-2", "train-00001.h5")])
        ledger.record([done("build", "v-0", shard="train-00000.h5"), done("build", "v-2", shard="train-00001.h5")])
        ledger.record([Outcome("v-1", "build", "rejected", "too_short")])
        reconcile(ledger, workspace)
        assert {item: entry.state for item, entry in ledger.entries("build").items()} == {
            "v-1": "rejected",
            "v-2": "done",
        }

    def test_twice_changes_nothing(self, ledger: Ledger, workspace: Workspace) -> None:
        publish(workspace, "train-00000.h5", window(0))
        ledger.plan_shards([("v-0", "train-00000.h5")])
        reconcile(ledger, workspace)
        before = ledger.entries("build")
        reconcile(ledger, workspace)
        assert ledger.entries("build") == before
        assert attempts(ledger, "build", "v-0") == 1

    def test_index_lists_what_is_done(self, ledger: Ledger, workspace: Workspace) -> None:
        ledger.record([done("build", clip, shard="train-00000.h5", content_sha256="f") for clip in ("v-2", "v-10")])
        ledger.record([Outcome("v-3", "build", "failed", "disk")])
        write_index(ledger, workspace)
        assert (workspace.shards / "index.csv").read_text() == (
            "clip_id,shard,content_sha256\nv-10,train-00000.h5,f\nv-2,train-00000.h5,f\n"
        )


class TestGivenWindows:
    def row(self, start_s: float, end_s: float) -> ClipRow:
        return ClipRow("v-x", "v", start_s, end_s, "train")

    def test_are_taken_as_they_are(self) -> None:
        assert given_window(self.row(10.25, 20.25), VIDEO) == ClipWindow("v-x", "v", 10.25, 20.25, "train")

    def test_may_reach_over_an_end_by_what_containers_round(self) -> None:
        assert given_window(self.row(50, 60.1), VIDEO).end_s == 60.1
        given_window(self.row(0.95, 5), replace(VIDEO, start_s=1.0))

    @pytest.mark.parametrize(("start_s", "end_s"), [(50, 60.2), (70, 80), (0.8, 5)])
    def test_outside_of_the_video_are_rejected(self, start_s: float, end_s: float) -> None:
        with pytest.raises(MediaError, match="1 to 60 s") as caught:
            given_window(self.row(start_s, end_s), replace(VIDEO, start_s=1.0))
        assert caught.value.reason == "window_outside_video"


class TestViewOptions:
    FOA = np.zeros((4, 2400), np.float32)

    @pytest.mark.parametrize(("text", "size"), [("224", (224, 224)), ("320x240", (320, 240)), ("1", (1, 1))])
    def test_sizes(self, text: str, size: tuple[int, int]) -> None:
        assert parse_size(text) == size

    @pytest.mark.parametrize("text", ["", "0", "320x0", "0x3", "-5", "1.5", "320X240", "320x", "x240", "1e3", "999999"])
    def test_sizes_that_are_none(self, text: str) -> None:
        with pytest.raises(UsageError, match=re.escape(repr(text))):
            parse_size(text)

    @pytest.mark.parametrize(
        ("text", "look", "hfov"),
        [
            ("30,-10", Direction(30, -10), 90.0),
            (" 30 , -10 , 5 ", Direction(30, -10, 5), 90.0),
            ("30,-10,0,75.5", Direction(30, -10, 0), 75.5),
            ("-180,90", Direction(-180, 90), 90.0),
        ],
    )
    def test_explicit_views(self, text: str, look: Direction, hfov: float) -> None:
        assert parse_view(text, 90.0) == (look, hfov)

    @pytest.mark.parametrize("text", ["", "30", "30,91", "30,-90.5", "a,b", "1,2,3,4,5", "nan,0", "0,0,inf", "1,,2"])
    def test_explicit_views_that_are_none(self, text: str) -> None:
        with pytest.raises(UsageError, match=r"YAW,PITCH|pitch lies"):
            parse_view(text, 90.0)

    @pytest.mark.parametrize("text", ["ring:1", "random:64", "sound:3"])
    def test_sets_of_views(self, text: str) -> None:
        kind, _, number = text.partition(":")
        assert parse_view_set(text) == (kind, int(number))

    @pytest.mark.parametrize("text", ["", "ring", "ring:", "ring:0", "ring:65", "ring:-1", "ring:²", "rings:4"])
    def test_sets_of_views_that_are_none(self, text: str) -> None:
        with pytest.raises(UsageError, match="ring:N, random:K or sound:K"):
            parse_view_set(text)

    def test_a_panorama_is_one_view(self) -> None:
        assert clip_views(BuildConfig(width=64), "c", self.FOA) == (panorama(64),)

    def test_a_cube_is_six(self) -> None:
        found = clip_views(BuildConfig(layout="cube", size="32", hfov=20), "c", self.FOA)
        assert found == tuple(viewport(face, 90, 32, 32) for _, face in CUBE_FACES)
        with pytest.raises(UsageError, match="square"):
            clip_views(BuildConfig(layout="cube", size="32x16"), "c", self.FOA)

    def test_a_ring(self) -> None:
        found = clip_views(BuildConfig(layout="viewport", views="ring:4", size="32x24", hfov=75), "c", self.FOA)
        assert found == tuple(viewport(Direction(yaw), 75, 32, 24) for yaw in (0, 90, -180, -90))

    def test_explicit_ones_come_before_sets(self) -> None:
        config = BuildConfig(layout="viewport", view=("30,-10", "5,5,5,50"), views="ring:4", size="8", hfov=75)
        assert clip_views(config, "c", self.FOA) == (
            viewport(Direction(30, -10), 75, 8, 8),
            viewport(Direction(5, 5, 5), 50, 8, 8),
        )

    def test_random_ones_follow_from_seed_and_clip(self) -> None:
        config = BuildConfig(layout="viewport", views="random:4", size="8")
        first = clip_views(config, "c", self.FOA)
        assert clip_views(config, "c", self.FOA + 1) == first
        assert clip_views(config, "d", self.FOA) != first
        assert clip_views(replace(config, seed=1), "c", self.FOA) != first

    def test_those_of_the_sound_begin_with_the_loudest_and_fill_up(self) -> None:
        config = BuildConfig(layout="viewport", views="sound:4", size="8", sample_rate=8000)
        azimuth, elevation = np.radians([70, 15])
        ray = [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
        signal = np.random.default_rng(0).normal(size=16000)
        foa = np.outer([1, ray[1], ray[2], ray[0]], signal).astype(np.float32)
        looks = [view.direction for view in clip_views(config, "c", foa)]
        assert len(looks) == 4
        assert np.degrees(angle_between(looks[0].ray, np.array(ray))) < 5
        gaps = [np.degrees(angle_between(a.ray, b.ray)) for i, a in enumerate(looks) for b in looks[i + 1 :]]
        assert min(gaps) > 60
        assert all(abs(look.pitch_deg) <= 30.001 for look in looks[1:])

    def test_those_of_silence_begin_in_front(self) -> None:
        config = BuildConfig(layout="viewport", views="sound:3", size="8")
        looks = [view.direction for view in clip_views(config, "c", self.FOA)]
        assert looks[0] == Direction(0, 0)
        assert len(set(looks)) == 3

    def test_are_checked_before_any_work(self) -> None:
        assert check_view_options(BuildConfig()) == 1
        assert check_view_options(BuildConfig(layout="viewport", views="sound:5")) == 5
        for wrong in (
            BuildConfig(beam="cardiod"),
            BuildConfig(width=450),
            BuildConfig(layout="viewport", hfov=180),
            BuildConfig(layout="viewport", views="random:3", min_separation_deg=150),
            BuildConfig(layout="viewport", view=("0,100",)),
        ):
            with pytest.raises(UsageError):
                check_view_options(wrong)


class TestStatus:
    def test_counts_a_line_a_stage(self, ledger: Ledger, workspace: Workspace) -> None:
        ledger.record([Outcome("line 4", "manifest", "rejected", "bad_id")])
        ledger.expect("download", ["a", "b", "c"])
        ledger.record([done("download", "a"), done("download", "b")])
        ledger.record([done("validate", "a"), Outcome("b", "validate", "rejected", "no_sound")])
        ledger.expect("segment", ["a", "b-0", "c-0"])
        windows = [dataclasses.asdict(window(k, video_id="a")) for k in (0, 1, 2)]
        ledger.record([done("segment", "a", windows=windows), Outcome("b-0", "segment", "rejected", "video_rejected")])
        ledger.record([done("build", "a-0"), Outcome("a-1", "build", "failed", "disk")])
        lines = {line.stage: line for line in workspace_status(workspace.root)}
        assert {stage: (line.done, line.rejected, line.failed, line.to_do) for stage, line in lines.items()} == {
            "manifest": (3, 1, 0, 0),
            "download": (2, 0, 0, 1),
            "validate": (1, 1, 0, 0),
            "segment": (1, 1, 0, 1),
            "build": (1, 0, 1, 1),
        }
        assert lines["manifest"].rejected_reasons == {"bad_id": 1}
        assert lines["validate"].rejected_reasons == {"no_sound": 1}
        assert lines["build"].failed_reasons == {"disk": 1}

    def test_of_no_workspace(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is no workspace"):
            workspace_status(tmp_path)


@dataclass(frozen=True)
class Job:
    """A task that ends as its name says: well, by an exception, or with its worker."""

    name: str
    does: str = "work"

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        if self.does == "die":
            os._exit(1)
        if self.does == "raise":
            raise ZeroDivisionError("nobody thought of this")
        return [done("build", self.name, pid=os.getpid())]

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.name, "build", "failed", reason, detail)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", "the worker died"), None


class DeadlyBuild(BuildTask):
    """A shard whose second video, ``b``, kills the worker in the middle; what is left finds no media."""

    def run(self) -> list[Outcome]:
        render.render_clips = render_or_die
        return super().run()


def render_or_die(video: VideoRecord, windows: list[ClipWindow], *_: object) -> Iterator[ClipContent]:
    for number, one in enumerate(windows):
        if video.video_id == "b" and number == 1:
            os._exit(1)
        yield content(one)


class TestRunner:
    def run(self, ledger: Ledger, *jobs: Job, processes: bool = False) -> dict[str, tuple[str, str]]:
        pool = partial(process_pool if processes else thread_pool, 2)
        outcomes = run_tasks(jobs, ledger, pool, in_flight=3, title="test", unit="job")
        found = {outcome.item: (outcome.state, outcome.reason) for outcome in outcomes}
        assert len(outcomes) == len(found)
        assert found == {item: (entry.state, entry.reason) for item, entry in ledger.entries("build").items()}
        return found

    def test_records_every_outcome(self, ledger: Ledger) -> None:
        assert self.run(ledger, *(Job(f"j{k}") for k in range(10))) == {f"j{k}": ("done", "") for k in range(10)}

    def test_opens_no_pool_for_nothing(self, ledger: Ledger) -> None:
        assert run_tasks([], ledger, lambda: pytest.fail("opened"), in_flight=1, title="", unit="") == []

    def test_an_exception_is_that_tasks_bug(self, ledger: Ledger) -> None:
        found = self.run(ledger, Job("good"), Job("bad", "raise"), Job("fine"))
        assert found == {"good": ("done", ""), "bad": ("failed", "bug"), "fine": ("done", "")}
        assert "ZeroDivisionError: nobody thought of this" in ledger.entries("build")["bad"].detail

    def test_a_worker_that_dies_takes_no_other_task_with_it(self, ledger: Ledger) -> None:
        jobs = [Job("a"), Job("b", "die"), Job("c"), Job("d"), Job("e")]
        assert self.run(ledger, *jobs, processes=True) == {
            "a": ("done", ""),
            "b": ("failed", "worker_died"),
            "c": ("done", ""),
            "d": ("done", ""),
            "e": ("done", ""),
        }
        assert all(attempts(ledger, "build", job.name) == 1 for job in jobs)

    def test_the_video_at_hand_is_blamed_and_the_shards_others_are_tried_again(
        self, ledger: Ledger, workspace: Workspace
    ) -> None:
        videos = {video_id: replace(VIDEO, video_id=video_id) for video_id in "abc"}
        clips = tuple((window(start, video_id=name), video) for name, video in videos.items() for start in (0, 1))
        task = DeadlyBuild("train-00000.h5", clips, workspace, SMALL, ShardHeader("train", {}))
        outcomes = run_tasks([task], ledger, partial(process_pool, 1), in_flight=1, title="test", unit="clip")
        blamed = {outcome.item: outcome.reason == "worker_died" for outcome in outcomes}
        assert len(outcomes) == len(blamed)
        assert blamed == {"a-0": False, "a-1": False, "b-0": True, "b-1": True, "c-0": False, "c-1": False}
        assert list(workspace.shards.iterdir()) == []

    def test_an_interruption_stops_the_run_and_keeps_what_is_recorded(self, ledger: Ledger) -> None:
        class Interrupted(Ledger):
            def record(self, outcomes: object) -> None:
                super().record(outcomes)  # type: ignore[arg-type]
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_tasks(
                [Job(f"j{k}") for k in range(5)],
                Interrupted(ledger.path),
                partial(thread_pool, 1),
                in_flight=1,
                title="test",
                unit="job",
            )
        assert len(ledger.entries("build")) == 1
