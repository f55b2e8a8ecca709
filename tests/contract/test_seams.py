"""The seams: one contract for all who stand behind each of them.

Whoever adds an executor, a source, a codec or a stage adds it to the lists here.
"""

import functools
import http.server
import os
import pickle
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yt360_tools.config import BuildConfig, Config, DownloadConfig, SegmentConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.build import plan_build
from yt360_tools.pipeline.download import plan_downloads
from yt360_tools.pipeline.executors import process_pool, thread_pool
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.runner import run_tasks
from yt360_tools.pipeline.segment import plan_segments
from yt360_tools.pipeline.validate import plan_validation
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.records import ClipRow, ClipWindow, Outcome, SourceLayout, VideoRecord
from yt360_tools.shards import Track
from yt360_tools.shards.codecs import FrameCodec, encode_frames, reading_codec, writing_codec
from yt360_tools.sources import Source, open_source
from yt360_tools.sources.http import HttpSource
from yt360_tools.sources.local import LocalSource
from yt360_tools.sources.parts import clear_parts
from yt360_tools.sources.policy import read_policy
from yt360_tools.sources.remote import RemoteSource
from yt360_tools.sources.youtube import YoutubeSource, choose_formats

# --- Executor


@dataclass(frozen=True)
class Numbers:
    """A task of several items, each with an outcome of its own."""

    first: int

    @property
    def size(self) -> int:
        return 3

    def run(self) -> list[Outcome]:
        if self.first == 6:
            raise ValueError("a bug over six")
        states = ("done", "rejected", "failed")
        return [
            Outcome(f"{self.first + k}", "count", states[k], "" if k == 0 else f"reason{k}", data={"square": k * k})
            for k in range(3)
        ]

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(f"{self.first + k}", "count", "failed", reason, detail) for k in range(3)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", ""), None


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "process_pool": functools.partial(process_pool, 2),
    "thread_pool": functools.partial(thread_pool, 2),
}


@pytest.mark.parametrize("open_pool", EXECUTORS.values(), ids=EXECUTORS.keys())
def test_an_executor_gives_every_tasks_outcomes_once(open_pool: Callable[[], Executor], tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    tasks = [Numbers(first) for first in range(0, 15, 3)]
    outcomes = run_tasks(tasks, ledger, open_pool, in_flight=2, title="count", unit="number")
    expected = {}
    for first in (0, 3, 9, 12):
        expected |= {f"{first}": ("done", ""), f"{first + 1}": ("rejected", "reason1")}
        expected |= {f"{first + 2}": ("failed", "reason2")}
    expected |= {str(number): ("failed", "bug") for number in (6, 7, 8)}
    assert len(outcomes) == 15
    assert {outcome.item: (outcome.state, outcome.reason) for outcome in outcomes} == expected
    entries = ledger.entries("count")
    assert {item: (entry.state, entry.reason) for item, entry in entries.items()} == expected
    assert entries["9"].data == {"square": 0}
    assert "a bug over six" in entries["7"].detail
    ledger.close()


# --- Source

FILES = {
    "-two.video.mp4": os.urandom(3000),
    "-two.audio.m4a": os.urandom(2000),
    "_one.mkv": os.urandom(5000),
    "not.this.mp4": b"x",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; what is asked for under ``/busy/`` is refused for now."""

    def guess_type(self, path: str) -> str:  # type: ignore[override]
        kinds = {"mp4": "video/mp4", "m4a": "audio/mp4", "mkv": "video/x-matroska"}
        return kinds.get(path.rpartition(".")[2], "application/octet-stream")

    def do_GET(self) -> None:
        if self.path.startswith("/busy/"):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def server(media: Path) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=media)) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture(
    params=["a folder", "a server", "a server that is asked for each extension", "a file system that is asked for each"]
)
def sources(request: pytest.FixtureRequest, media: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Source]:
    """A source of the video with two tracks, and one of the muxed video."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if request.param == "a folder":
        return dict.fromkeys(("-two", "_one"), open_source(DownloadConfig(media=str(media))))
    of_fsspec = request.param.startswith("a file system")
    address = f"file://{media}" if of_fsspec else request.getfixturevalue("server")
    guess = request.param != "a server"
    apart = (f"{address}/{{video_id}}.video.mp4", f"{address}/{{video_id}}.audio.m4a")
    if guess:
        apart = (f"{address}/{{video_id}}.{{track}}.{{ext}}",)
    muxed = f"{address}/{{video_id}}.{'{ext}' if guess else 'mkv'}"
    return {
        "-two": open_source(DownloadConfig(source=apart, attempts=1)),
        "_one": open_source(DownloadConfig(source=(muxed,), attempts=1)),
    }


def test_a_source_puts_a_videos_files_into_a_folder_byte_by_byte(sources: dict[str, Source], tmp_path: Path) -> None:
    for video_id, source in sources.items():
        folder = tmp_path / video_id
        folder.mkdir()
        source.fetch(video_id, folder)
        wanted = {name: content for name, content in FILES.items() if name.startswith(f"{video_id}.")}
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert {name: content for name, content in found.items() if name[0] != "." or name in wanted} == wanted
        clear_parts(folder)
        assert {path.name for path in folder.iterdir()} == set(wanted)


def test_a_source_says_which_video_is_missing_and_leaves_nothing(sources: dict[str, Source], tmp_path: Path) -> None:
    """A file may appear in a folder later: tried again. What a server has not is gone for good."""
    for source in sources.values():
        with pytest.raises((MediaError, TransientError)) as caught:
            source.fetch("no-such", tmp_path)
        if isinstance(source, LocalSource):
            assert (type(caught.value), caught.value.reason) == (TransientError, "missing_media")
        else:
            assert (type(caught.value), caught.value.reason) == (MediaError, "gone")
        assert "no-such" in str(caught.value)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["busy", "closed"])
def test_a_server_that_fails_is_tried_again(
    place: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = f"{server}/busy" if place == "busy" else "http://127.0.0.1:9"
    with pytest.raises(TransientError) as caught:
        HttpSource(DownloadConfig(source=(f"{address}/{{video_id}}.mkv",), attempts=1)).fetch("_one", tmp_path)
    assert caught.value.reason == "network"


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (DownloadConfig(), YoutubeSource),
        (DownloadConfig(source=("youtube",)), YoutubeSource),
        (DownloadConfig(source=("https://a.example/{video_id}.mkv",)), HttpSource),
        (DownloadConfig(source=("memory://bucket/{video_id}.mkv",)), RemoteSource),
    ],
)
def test_a_configuration_names_its_source(config: DownloadConfig, kind: type) -> None:
    assert type(open_source(config)) is kind


@pytest.mark.parametrize(
    "config",
    [
        DownloadConfig(media="/no/such/folder"),
        DownloadConfig(media="/", source=("youtube",)),
        DownloadConfig(source=("gopher://a.example/{video_id}",)),
        DownloadConfig(source=("https://a.example/video.mkv",)),
        DownloadConfig(source=("https://a.example/{video_id}.{extension}",)),
        DownloadConfig(source=("https://a.example/{video_id}",) * 3),
    ],
)
def test_a_source_that_cannot_work_is_refused(config: DownloadConfig) -> None:
    with pytest.raises(UsageError):
        open_source(config)


def picture(format_id: str, note: str, height: int, **more: Any) -> dict[str, Any]:
    """A format in yt-dlp's words: picture alone, its projection in the note."""
    facts = {"format_id": format_id, "ext": "webm", "vcodec": "vp9", "acodec": "none", "height": height}
    return {**facts, "width": 2 * height, "fps": 30, "tbr": height / 100.0, "format_note": note, **more}


def sound(format_id: str, note: str, channels: int | None, **more: Any) -> dict[str, Any]:
    facts = {"format_id": format_id, "ext": "webm", "vcodec": "none", "acodec": "opus", "audio_channels": channels}
    return {**facts, "abr": 128.0, "asr": 48000, "height": None, "format_note": note, **more}


STEREO = sound("251", "medium, Default", 2)
FLAT = picture("248", "1080p", 1080)
OFFERED = [  # as a spatial video is listed: storyboards, sound, then pictures by height
    {"format_id": "sb0", "ext": "mhtml", "vcodec": "none", "acodec": "none", "format_note": "storyboard", "height": 45},
    sound("140", "medium", 2, ext="m4a", acodec="mp4a.40.2"),
    STEREO,
    sound("327", "AMBISONICS_5_1, high".lower(), 6, ext="m4a", acodec="mp4a.40.2", abr=512.0),
    sound("338", "ambisonics_quad, medium", 4, abr=480.0),
    sound("339", "ambisonics_quad, low", 4, acodec="vorbis", abr=320.0),
    FLAT,
    picture("271", "1440s, mesh", 1440),
    picture("313", "2160s, mesh", 2160),
    picture("272", "4320s, mesh", 4320),
]


class TestChoosingFormatsOfYoutube:
    def chosen(self, formats: list[dict[str, Any]], max_height: int = 2160) -> tuple[str, str]:
        found = choose_formats(formats, read_policy(DownloadConfig(max_height=max_height)))
        return found[0][1]["format_id"], found[1][1]["format_id"]

    def test_takes_the_tallest_picture_allowed_and_the_best_spatial_sound(self) -> None:
        assert self.chosen(OFFERED) == ("313", "338")
        assert self.chosen(OFFERED, 1440) == ("271", "338")
        assert self.chosen(OFFERED[::-1], 4320) == ("272", "338")

    def test_prefers_four_plain_channels_to_channels_packed_as_five_one(self) -> None:
        foa = sound("999", "foa_with_non_diegetic", 6)
        packed = sound("327", "ambisonics_5_1", 6, abr=512.0)
        assert self.chosen([packed, foa, FLAT, OFFERED[-1]], 4320)[1] == "999"
        assert self.chosen([packed, STEREO, OFFERED[-1]], 4320)[1] == "327"

    @pytest.mark.parametrize("format_id", ["338", "339", "327", "338-drc", "338-0"])
    def test_knows_spatial_formats_by_number_where_the_note_is_silent(self, format_id: str) -> None:
        assert self.chosen([STEREO, sound(format_id, "", 4), *OFFERED[-2:]])[1] == format_id

    def test_counts_on_the_note_where_the_number_of_channels_is_missing(self) -> None:
        assert self.chosen([sound("700", "ambisonics_quad", None), *OFFERED[-2:]])[1] == "700"

    @pytest.mark.parametrize("note", ["mesh", "equi", "equi_threed_top_bottom", "2160s, MESH"])
    def test_knows_a_spherical_picture_by_its_note(self, note: str) -> None:
        assert self.chosen([OFFERED[4], FLAT, picture("500", note, 720)])[0] == "500"

    def test_takes_the_higher_bit_rate_of_equal_heights(self) -> None:
        slim, rich = picture("500", "mesh", 720, tbr=900.0), picture("501", "mesh", 720, tbr=2000.0)
        assert self.chosen([OFFERED[4], rich, slim])[0] == "501"

    @pytest.mark.parametrize(
        ("formats", "reason"),
        [
            ([], "no_360_picture"),
            ([FLAT, *OFFERED[:6]], "no_360_picture"),
            ([OFFERED[-1], *OFFERED[:6]], "no_360_picture"),  # only taller than allowed
            ([STEREO, *OFFERED[-3:]], "no_spatial_sound"),
            ([sound("701", "ambisonics_quad", 2), *OFFERED[-3:]], "no_spatial_sound"),  # folded to stereo
            ([sound("256", "", 6), *OFFERED[-3:]], "no_spatial_sound"),  # six channels of a cinema
            ([{"format_id": "18"}, {"format_id": "22", "format_note": None}], "no_360_picture"),
        ],
    )
    def test_never_falls_back_to_stereo_or_to_a_flat_picture(self, formats: list[dict[str, Any]], reason: str) -> None:
        with pytest.raises(TransientError) as caught:
            self.chosen(formats)
        assert caught.value.reason == reason


# --- Codec

CODECS = {"raw": 0.0, "jpeg": 4.0, "h264": 4.0}
"""Each codec's name with the mean difference in grey levels that it may leave in a smooth picture."""


def smooth(count: int, height: int = 48, width: int = 64) -> np.ndarray:
    phases = np.linspace(0, 2, count)[:, None, None, None] + np.array([0, 0.4, 0.9])
    rows, columns = np.arange(height)[:, None, None] / height, np.arange(width)[:, None] / width
    return np.rint(127 + 60 * np.sin(2 * rows + 3 * columns + phases)).astype(np.uint8)


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> FrameCodec:
    return writing_codec(request.param)


def decoded(codec: FrameCodec, track: Track, first: int, last: int) -> np.ndarray:
    """The blocks `first` to `last` (exclusive) of a track, as the reader would have them."""
    data = track.values.reshape(-1).view(np.uint8)
    sizes = track.sizes or (data.nbytes // max(1, track.count),) * track.count
    ends = np.cumsum((0, *sizes))
    counts = [min(track.block, track.count - number * track.block) for number in range(first, last)]
    frames = np.empty((sum(counts), 48, 64, 3), np.uint8)
    blocks = [data[ends[number] : ends[number + 1]].tobytes() for number in range(first, last)]
    reading_codec(codec.name, "view.h5").decode(blocks, counts, frames)
    return frames


def test_a_codec_decodes_what_it_encoded(codec: FrameCodec) -> None:
    frames = smooth(21)
    track = encode_frames(codec, frames, 16.0)
    assert (track.codec, track.count) == (codec.name, 21)
    whole = decoded(codec, track, 0, -(-21 // track.block))
    assert np.abs(whole.astype(float) - frames).mean() <= CODECS[codec.name]


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 3), (2, 3), (2, 2)])
def test_a_codec_decodes_any_blocks_alone(codec: FrameCodec, first: int, last: int) -> None:
    track = encode_frames(codec, smooth(21), 16.0)
    whole = decoded(codec, track, 0, -(-21 // track.block))
    assert (decoded(codec, track, first, last) == whole[first * track.block : last * track.block]).all()


def test_a_codec_makes_the_same_bytes_of_the_same_frames(codec: FrameCodec) -> None:
    frames = smooth(9)
    first, again, mirrored = (
        encode_frames(codec, one, 16.0).values.tobytes() for one in (frames, frames.copy(), frames[:, :, ::-1])
    )
    assert first == again
    assert first != mirrored  # and takes views of arrays as they are


def test_a_codec_stores_no_frame_at_all(codec: FrameCodec) -> None:
    track = encode_frames(codec, smooth(1)[:0], 16.0)
    assert (track.count, track.nbytes) == (0, 0)


# --- Stage

WINDOWS = tuple(ClipWindow(f"v-{k}", "v", float(k), k + 1.0, "train") for k in range(4))
ROWS = (
    *(ClipRow(one.clip_id, "v", one.start_s, one.end_s, "train") for one in WINDOWS),
    ClipRow("new", "new", None, None, "train"),
    ClipRow("fetched-0", "fetched", 0.0, 1.0, "train", {"projection": "eac"}),
    ClipRow("whole", "whole", None, None, "test"),
    ClipRow("bad-0", "bad", 0.0, 1.0, "train"),
)
RECORD = VideoRecord(
    "v",
    "raw/v/v.mkv",
    "raw/v/v.mkv",
    64,
    32,
    30.0,
    0.0,
    60.0,
    48000,
    4,
    (0, 1, 2, 3),
    SourceLayout("er"),
    "vp9",
    "opus",
)
SMALL = BuildConfig(width=16, fps=2.0, sample_rate=100, codec="raw", sound_codec="float32", shard_mb=0.006)


@dataclass(frozen=True)
class House:
    """A workspace in the middle of its work: some videos fetched, fewer examined, one ready to be built."""

    manifest: Manifest
    ledger: Ledger
    workspace: Workspace
    source: Source

    def plan(self, stage: str) -> list[Any]:
        if stage == "download":
            return plan_downloads(self.manifest, self.ledger, self.workspace, self.source)
        if stage == "validate":
            return plan_validation(self.manifest, self.ledger, self.workspace, Config())
        if stage == "segment":
            return plan_segments(self.manifest, self.ledger, self.workspace, SegmentConfig())
        return plan_build(self.manifest, self.ledger, self.workspace, SMALL, {"numpy": "2"})

    def facts(self) -> tuple[list[str], list[str]]:
        """Everything in the ledger, and every file."""
        with sqlite3.connect(self.ledger.path) as db:
            dump = list(db.iterdump())
        return dump, sorted(str(path) for path in self.workspace.root.rglob("*"))


@pytest.fixture
def house(tmp_path: Path, media: Path) -> Iterator[House]:
    workspace = Workspace(tmp_path / "work")
    for folder in (workspace.raw, workspace.shards):
        folder.mkdir(parents=True)
    ledger = Ledger(workspace.ledger)
    videos = {row.video_id for row in ROWS}
    ledger.expect("download", videos)
    ledger.record([Outcome(video, "download", "done") for video in ("v", "fetched", "whole")])
    ledger.record([Outcome("bad", "download", "rejected", "gone")])
    examined = [RECORD, replace(RECORD, video_id="whole")]
    ledger.record([Outcome(one.video_id, "validate", "done", data=asdict(one)) for one in examined])
    ledger.record([Outcome(one.clip_id, "segment", "done", data={"windows": [asdict(one)]}) for one in WINDOWS])
    ledger.record([Outcome("v-3", "build", "rejected", "too_short")])
    yield House(Manifest(tmp_path / "m.csv", ROWS, ()), ledger, workspace, LocalSource(media))
    ledger.close()


STAGES = {
    "download": ["new"],
    "validate": ["fetched"],
    "segment": ["whole"],
    "build": ["train-00000.h5", "train-00001.h5"],
}
"""Each stage with what it must plan here, by video or shard."""


def name_of(task: Any) -> str:
    if hasattr(task, "shard"):
        return task.shard
    return task.video.video_id if hasattr(task, "video") else task.video_id


@pytest.mark.parametrize(("stage", "planned"), STAGES.items())
def test_a_stage_plans_what_is_still_to_do(stage: str, planned: list[str], house: House) -> None:
    assert [name_of(task) for task in house.plan(stage)] == planned


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_plans_the_same_twice_and_changes_nothing(stage: str, house: House) -> None:
    """Only the build's plan leaves a trace, and only once: which clip goes into which shard."""
    before = house.facts()
    first = house.plan(stage)
    after = house.facts()
    assert house.plan(stage) == first
    assert house.facts() == after
    if stage == "build":
        assert [line for line in after[0] if line not in before[0]] == [
            line for line in after[0] if 'INTO "shard_plan"' in line
        ]
        assert after[1] == before[1]
    else:
        assert after == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_tasks_travel_and_answer_for_each_item(stage: str, house: House) -> None:
    for task in house.plan(stage):
        if stage != "download":  # a source is compared by identity
            assert pickle.loads(pickle.dumps(task)) == task
        lost = pickle.loads(pickle.dumps(task)).failed("disk", "no room")
        assert len(lost) == task.size
        assert {(one.stage, one.state, one.reason, one.detail) for one in lost} == {
            (stage, "failed", "disk", "no room")
        }
        blamed, rest = task.after_death()
        assert rest is None
        assert [(one.item, one.reason) for one in blamed] == [(one.item, "worker_died") for one in lost]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("state", "again"), [("done", False), ("rejected", False), ("failed", True)])
def test_a_stage_takes_up_what_failed_and_nothing_that_is_final(
    stage: str, state: str, again: bool, house: House
) -> None:
    tasks = house.plan(stage)
    items = [one.item for task in tasks for one in task.failed("", "")]
    data = {"windows": []} if stage == "segment" else {}
    house.ledger.record([Outcome(item, stage, state, "some_reason", data=data) for item in items])
    assert [name_of(task) for task in house.plan(stage)] == ([name_of(task) for task in tasks] if again else [])


@pytest.mark.parametrize("stage", ["download", "validate", "segment", "build"])
def test_a_stages_tasks_give_outcomes_of_their_own_stage(stage: str, house: House) -> None:
    """There are no media here: every item ends as failed or rejected, none as an exception."""
    for task in house.plan(stage):
        outcomes = task.run()
        assert sorted(one.item for one in outcomes) == sorted(one.item for one in task.failed("", ""))
        assert {one.stage for one in outcomes} == {stage}
        assert {one.state for one in outcomes} <= {"failed", "rejected"}
        assert all(one.reason and one.detail for one in outcomes)
    assert [path for path in house.workspace.root.rglob("*") if path.is_file() and "ledger" not in path.name] == []


# --- Ledger


def test_the_ledger_keeps_a_row_an_item_and_stage(tmp_path: Path) -> None:
    """State, reason, attempts, the data with its checksums, the version, and when: readable with sqlite3 alone."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.record([Outcome("v-1", "build", "failed", "disk", "no room")])
    ledger.record([Outcome("v-1", "build", "done", data={"content_sha256": "ff"}), Outcome("v-1", "other", "done")])
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.row_factory = sqlite3.Row
        (row,) = map(dict, db.execute("SELECT * FROM outcomes WHERE stage = 'build'"))
    assert (row["item"], row["state"], row["reason"], row["attempts"]) == ("v-1", "done", "", 2)
    assert row["data"] == '{"content_sha256": "ff"}'
    assert row["version"]
    assert row["at"].startswith("20")
    ledger.close()


def test_the_ledger_forgets_nothing_that_was_recorded_before_a_kill(tmp_path: Path) -> None:
    """A coordinator that is killed never closes its ledger: what `record` returned from is on disk."""
    killed = Ledger(tmp_path / "ledger.sqlite")
    killed.record([Outcome("v-1", "build", "done")])
    as_left = tmp_path / "as left"
    shutil.copytree(tmp_path, as_left, ignore=shutil.ignore_patterns(as_left.name))
    again = Ledger(as_left / "ledger.sqlite")
    assert again.entries("build")["v-1"].state == "done"
    again.close()
    killed.close()
