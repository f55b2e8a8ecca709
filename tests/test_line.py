"""The line through its commands: stages one by one, options that last, losses that heal, media of odd kinds.

The commands run in this process, their workers as threads: what is tested is what they decide.
"""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from worlds import dot
from worlds.command import RATE_HZ, SMALL, Ended, sound_of, write_media, write_rows

from yt360_tools import cli
from yt360_tools.media.ffmpeg import find_ffmpeg
from yt360_tools.pipeline import rebuild, render
from yt360_tools.pipeline.executors import thread_pool
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.status import workspace_problems, workspace_status
from yt360_tools.pipeline.validate import validated_videos
from yt360_tools.records import Outcome, SourceLayout
from yt360_tools.shards import open_shards

SECONDS = 4.5
PICTURES = tuple(option for option in SMALL if option not in ("--clip-s", "2"))
"""SMALL without the option of segmenting."""
TONES_HZ = (440.0, 880.0, 1320.0, 1760.0)

Call = Callable[..., Ended]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """The end of a command that runs in this process."""
    monkeypatch.setattr(rebuild, "process_pool", thread_pool)

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["yt360", *map(str, arguments)])
        capfd.readouterr()
        find_ffmpeg.cache_clear()
        code: object = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
        assert isinstance(code, int)
        return Ended(code, *capfd.readouterr())

    yield run
    find_ffmpeg.cache_clear()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the media of one video, ``good``."""
    folder = tmp_path_factory.mktemp("good") / "media"
    write_media(folder, "good", SECONDS)
    return folder


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The whole of ``good``: two clips."""
    return write_rows(tmp_path / "manifest.csv", "good,good,,,train")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def stored(workspace: Path) -> dict[str, Any]:
    """How each clip in a workspace's shards came to be, by id."""
    if not list((workspace / "shards").glob("*.h5")):
        return {}
    with open_shards(workspace) as shards:
        return {clip.clip_id: clip.source for clip in shards}


def layouts(workspace: Path) -> dict[str, SourceLayout]:
    ledger = Ledger(workspace / "ledger.sqlite")
    try:
        return {video_id: record.layout for video_id, record in validated_videos(ledger).items()}
    finally:
        ledger.close()


def problems(workspace: Path) -> dict[str, tuple[str, str, str]]:
    """Stage, state and reason of each item that is not done."""
    return {one.item: (one.stage, one.state, one.reason) for one in workspace_problems(workspace)}


def one_line(ended: Ended, code: int, says: str) -> None:
    assert ended.code == code, ended
    (line,) = ended.complaints
    assert re.search(says, line), ended


def good(ended: Ended) -> Ended:
    assert ended.code == 0, ended
    return ended


# --- options ---------------------------------------------------------------------------------------------------


def test_stages_one_by_one_each_with_its_own_options(call: Call, media: Path, manifest: Path, work: Path) -> None:
    """A stage fixes what it uses, and no stage fixes what a later one will be asked for."""
    where = (manifest, "-w", work, "--workers", 1)
    cube = ("--layout", "cube", "--size", 16, "--fps", 4, "--sample-rate", 8000)
    for stage, options in (
        ("download", ("--media", media)),
        ("validate", ()),
        ("segment", ("--clip-s", 2)),
        ("build", cube),
    ):
        good(call(stage, *where, *options))
    with open_shards(work) as shards:
        assert {clip.clip_id: len(clip.views) for clip in shards} == {"good-0": 6, "good-2": 6}
        assert {clip.views[0].view.width for clip in shards} == {16}
    good(call("rebuild", *where, "--media", media))
    for options, says in (
        (("--clip-s", 3), r"segment\.clip_s = 2\.0, and 3\.0 is asked"),
        (("--layout", "panorama"), r"build\.layout = 'cube', and 'panorama' is asked"),
        (("--size", 32), r"build\.size = '16', and '32' is asked"),
    ):
        one_line(call("rebuild", *where, "--media", media, *options), 2, says)
    one_line(call("segment", *where, "--clip-s", 3), 2, r"segment\.clip_s = 2\.0")
    one_line(call("build", *where, "--layout", "panorama"), 2, r"build\.layout = 'cube'")


@pytest.mark.parametrize("wrong", [("--media", "nowhere"), ("--source", "https://host/a.mp4"), ("--views", "rong:3")])
def test_a_usage_error_fixes_no_options(
    wrong: tuple[str, str], call: Call, media: Path, manifest: Path, work: Path
) -> None:
    given = ("rebuild", manifest, "-w", work, "--workers", 1, "--fps", 4)
    assert call(*given, "--clip-s", 3, *wrong).code == 2
    good(call(*given, "--clip-s", 2, "--media", media, "--layout", "cube", "--size", 16))
    assert set(stored(work)) == {"good-0", "good-2"}


# --- a projection that is declared later -----------------------------------------------------------------------


def test_a_projection_declared_later_is_taken_up(call: Call, media: Path, manifest: Path, work: Path) -> None:
    good(call("download", manifest, "-w", work, "--media", media))
    good(call("validate", manifest, "-w", work))
    assert layouts(work)["good"].projection == "er"
    good(call("rebuild", manifest, "-w", work, "--media", media, *SMALL, "--projection", "eac"))
    assert {clip["projection"] for clip in stored(work).values()} == {"eac"}
    assert layouts(work) == {"good": SourceLayout("eac", "mono", "manifest")}


def test_a_projection_that_stands_in_a_shard_stays(call: Call, media: Path, manifest: Path, work: Path) -> None:
    given = ("rebuild", manifest, "-w", work, "--media", media, *SMALL)
    good(call(*given))
    says = "'good' stands in the shards of .*work as er mono .*declared eac.*new workspace"
    one_line(call(*given, "--projection", "eac"), 2, says)
    good(call(*given, "--projection", "er"))
    write_rows(manifest, "good,good,,,train,eac", header="clip_id,video_id,start_s,end_s,split,projection")
    one_line(call(*given), 2, says)
    assert {clip["projection"] for clip in stored(work).values()} == {"er"}


def test_an_edited_column_is_taken_up(call: Call, media: Path, manifest: Path, work: Path) -> None:
    good(call("download", manifest, "-w", work, "--media", media))
    good(call("validate", manifest, "-w", work))
    write_rows(manifest, "good,good,,,train,eac", header="clip_id,video_id,start_s,end_s,split,projection")
    good(call("validate", manifest, "-w", work))
    assert layouts(work)["good"].projection == "eac"


# --- the machine -----------------------------------------------------------------------------------------------

BROKEN = {
    "ends with 1": "exit 1",
    "too old": 'case "$*" in *fps_mode*) echo "Unrecognized option \'fps_mode\'." >&2; exit 1;; esac',
    "does nothing": "exit 0",
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A program that is called ffmpeg and is none."""
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{BROKEN[request.param]}\n")
    program.chmod(0o755)
    return program


def test_a_program_that_is_no_ffmpeg(
    broken: Path, call: Call, media: Path, manifest: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set by name it is refused, and no video is to blame; on PATH it is passed over."""
    given = ("rebuild", manifest, "-w", work, "--media", media, *SMALL)
    monkeypatch.setenv("YT360_FFMPEG", str(broken))
    one_line(call(*given), 4, f"YT360_FFMPEG is set to {broken}, which does not do what is needed .*unset it")
    assert problems(work) == {}
    monkeypatch.delenv("YT360_FFMPEG")
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")
    good(call(*given))
    assert set(stored(work)) == {"good-0", "good-2"}


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Copies a folder onto a disk that cannot be written; it needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def copy(folder: Path) -> Path:
        found = Path(shutil.copytree(folder, disk / folder.name))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        return found

    if not shutil.which("mount"):
        pytest.skip("there is no mount")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a disk")
    try:
        yield copy
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_workspace_on_a_disk_that_cannot_be_written(
    call: Call, media: Path, manifest: Path, work: Path, read_only: Callable[[Path], Path]
) -> None:
    good(call("rebuild", manifest, "-w", work, "--media", media, *SMALL))
    frozen = read_only(work)
    report = json.loads(good(call("status", "-w", frozen, "--json")).stdout)
    assert {stage["stage"]: stage["done"] for stage in report["stages"]}["build"] == 2
    assert good(call("status", "-w", frozen, "--problems")).stdout == ""
    plan = json.loads(good(call("rebuild", manifest, "-w", frozen, "--media", media, "--plan", "--json")).stdout)
    assert plan["clips_to_build"] == 0
    one_line(call("rebuild", manifest, "-w", frozen, "--media", media), 4, "cannot be written|cannot be used")


# --- what is lost, and what breaks -----------------------------------------------------------------------------


def test_media_that_are_lost_are_fetched_again(call: Call, media: Path, manifest: Path, work: Path) -> None:
    for stage, options in (("download", ("--media", media)), ("validate", ()), ("segment", ("--clip-s", 2))):
        good(call(stage, manifest, "-w", work, *options))
        shutil.rmtree(work / "raw" / "good")
        if stage != "segment":
            good(call("download", manifest, "-w", work, "--media", media))
    ended = call("build", manifest, "-w", work, *PICTURES)
    one_line(ended, 3, "^failed +good-0 and 1 more: missing_media: .*good.* is gone; 'yt360 download' fetches it again")
    assert problems(work) == dict.fromkeys(("good-0", "good-2"), ("build", "failed", "missing_media"))
    good(call("rebuild", manifest, "-w", work, "--media", media))
    assert set(stored(work)) == {"good-0", "good-2"}
    assert problems(work) == {}


def test_media_that_are_lost_before_they_are_examined(call: Call, media: Path, manifest: Path, work: Path) -> None:
    good(call("download", manifest, "-w", work, "--media", media))
    shutil.rmtree(work / "raw" / "good")
    one_line(call("validate", manifest, "-w", work), 3, "^failed +good: missing_media: .*is gone")
    good(call("rebuild", manifest, "-w", work, "--media", media, *SMALL))
    assert set(stored(work)) == {"good-0", "good-2"}


def test_media_of_finished_clips_may_be_removed(call: Call, media: Path, manifest: Path, work: Path) -> None:
    given = ("rebuild", manifest, "-w", work, "--media", media, *SMALL)
    good(call(*given))
    shutil.rmtree(work / "raw" / "good")
    good(call(*given))
    assert not (work / "raw" / "good").exists()


@pytest.mark.parametrize("where", ["clip_views", "read_sound"])
def test_a_bug_over_one_clip_stays_that_clips(where: str, call: Call, media: Path, manifest: Path, work: Path) -> None:
    """The others of its shard are built; when the bug is mended, the same command finishes."""
    given = ("rebuild", manifest, "-w", work, "--media", media, *SMALL)
    real = getattr(render, where)

    def with_a_bug(*arguments: Any) -> Any:
        if arguments[1] in ("good-0", 0.0):  # the clip's id, or its start
            raise TypeError("nobody thought of this")
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, where, with_a_bug)
        ended = call(*given)
    assert ended.code == 1, ended
    assert re.search("^failed +good-0: bug: ", ended.stderr, re.MULTILINE)
    assert "TypeError: nobody thought of this" in ended.stderr
    assert set(stored(work)) == {"good-2"}
    assert problems(work) == {"good-0": ("build", "failed", "bug")}
    good(call(*given))
    assert set(stored(work)) == {"good-0", "good-2"}


@pytest.mark.parametrize(("deaths", "built"), [(2, {"good-0", "good-2"}), (3, {"good-2"})])
def test_a_clip_that_kills_its_workers_is_given_up(
    deaths: int, built: set[str], call: Call, media: Path, manifest: Path, work: Path
) -> None:
    good(call("download", manifest, "-w", work, "--media", media))
    good(call("validate", manifest, "-w", work))
    good(call("segment", manifest, "-w", work, "--clip-s", 2))
    ledger = Ledger(work / "ledger.sqlite")
    for _ in range(deaths):
        ledger.record([Outcome("good-0", "build", "failed", "worker_died", "the worker died while decoding good")])
    ledger.close()
    ended = good(call("build", manifest, "-w", work, *PICTURES))
    assert set(stored(work)) == built
    if deaths == 3:
        one_line(ended, 0, "^rejected +good-0: kills_decoder: the worker died while decoding good; attempt 3 in vain")
        assert problems(work) == {"good-0": ("build", "rejected", "kills_decoder")}
        assert not good(call("build", manifest, "-w", work)).complaints


# --- manifests -------------------------------------------------------------------------------------------------


def test_a_whole_video_counts_once(call: Call, media: Path, tmp_path: Path, work: Path) -> None:
    manifest = write_rows(tmp_path / "manifest.csv", "good,good,,,train", "again,good,,,test")
    ended = good(call("rebuild", manifest, "-w", work, "--media", media, *SMALL, "--json"))
    (fault,) = json.loads(ended.stdout)["manifest_faults"]
    assert (fault["line"], fault["reason"]) == (3, "duplicate")
    assert re.search("whole of 'good' stands in line 2 already", fault["message"])
    assert set(stored(work)) == {"good-0", "good-2"}


@pytest.mark.parametrize(
    "rows",
    [
        ("good-0,good,0,2,train", "good,good,,,train"),
        ("good,good,,,train", "good-0,good,0,2,train"),
        ("good,good,,,train", "good-0,good,0,1,train", "good-2,good,2,4,train"),
    ],
)
def test_a_clip_that_is_given_is_not_found_again(
    rows: tuple[str, ...], call: Call, media: Path, tmp_path: Path, work: Path
) -> None:
    manifest = write_rows(tmp_path / "manifest.csv", *rows)
    good(call("rebuild", manifest, "-w", work, "--media", media, *SMALL))
    given = dict(re.findall(r"(good-\d),good,\d,(\d)", "\n".join(rows)))
    with open_shards(work) as shards:
        assert {clip.clip_id: clip.window.end_s for clip in shards} == {
            "good-0": float(given.get("good-0", 2)),
            "good-2": 4.0,
        }
    assert {stage.stage: stage.to_do for stage in workspace_status(work)} == dict.fromkeys(
        ("manifest", "download", "validate", "segment", "build"), 0
    )
    windows = [window["clip_id"] for window in _windows(work)]
    assert sorted(windows) == ["good-0", "good-2"]


def test_a_clip_that_is_given_later_is_not_built_again(call: Call, media: Path, manifest: Path, work: Path) -> None:
    given = ("rebuild", manifest, "-w", work, "--media", media, *SMALL)
    good(call(*given))
    write_rows(manifest, "good-0,good,0,2,train", "good,good,,,train", "good-1,good,1,2.5,train")
    good(call(*given))
    assert set(stored(work)) == {"good-0", "good-1", "good-2"}
    assert [stage.to_do for stage in workspace_status(work)] == [0] * 5


def _windows(workspace: Path) -> list[dict[str, Any]]:
    ledger = Ledger(workspace / "ledger.sqlite")
    try:
        return [window for entry in ledger.entries("segment").values() for window in entry.data["windows"]]
    finally:
        ledger.close()


@pytest.mark.parametrize("header", ["video_id,start,end", "video_id,Start_Time,stop", "video_id,begin,end_sec"])
def test_times_under_another_name_are_refused(header: str, call: Call, tmp_path: Path, work: Path) -> None:
    """The rows would else be whole videos, and other clips would be built than those that were meant."""
    manifest = write_rows(tmp_path / "manifest.csv", "good,0,2", header=header)
    one_line(call("rebuild", manifest, "-w", work), 2, rf"column '{header.split(',')[1]}' and no 'start_s'.*rename it")
    assert not work.exists()


def test_the_list_of_clips_keeps_the_other_columns(call: Call, media: Path, tmp_path: Path, work: Path) -> None:
    header = "clip_id,video_id,start_s,end_s,split,projection,place"
    manifest = write_rows(tmp_path / "manifest.csv", "good,good,,,train,eac,a hall", header=header)
    given = ("--media", media, *SMALL)
    good(call("rebuild", manifest, "-w", work, *given))
    with (work / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["clip_id"], row["projection"], row["place"]) for row in rows] == [
        ("good-0", "eac", "a hall"),
        ("good-2", "eac", "a hall"),
    ]
    good(call("rebuild", work / "clips.csv", "-w", tmp_path / "again", *given))
    assert {clip["projection"] for clip in stored(tmp_path / "again").values()} == {"eac"}


def test_problems_are_listed(call: Call, media: Path, tmp_path: Path, work: Path) -> None:
    manifest = write_rows(tmp_path / "manifest.csv", "good,good,,,train", "late,late,0,2,train", "beyond,good,9,99,all")
    assert call("rebuild", manifest, "-w", work, "--media", media, *SMALL).code == 3
    status = ("status", "-w", work, "--problems")
    lines = good(call(*status)).stdout.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["download", "failed", "late:", "missing_media:"],
        ["segment", "rejected", "beyond:", "window_outside_video:"],
    ]
    assert "has neither late.video.* nor late.*" in lines[0]
    found = json.loads(good(call(*status, "--json")).stdout)
    assert [set(one) for one in found] == [{"stage", "item", "state", "reason", "detail"}] * 2
    assert [(one["stage"], one["item"], one["state"], one["reason"]) for one in found] == [
        ("download", "late", "failed", "missing_media"),
        ("segment", "beyond", "rejected", "window_outside_video"),
    ]


def test_a_plan_tells_of_faults_and_links(call: Call, media: Path, tmp_path: Path, work: Path) -> None:
    manifest = write_rows(tmp_path / "manifest.csv", "good,good,,,train", "bad,../good,0,2,train")
    given = ("rebuild", manifest, "-w", work, "--media", media, *SMALL, "--plan")
    ended = good(call(*given))
    one_line(ended, 0, "^rejected +manifest.csv line 3: .*'../good'")
    assert re.search(r"videos to fetch +1 +\(.*, linked: no room taken\)", ended.stdout)
    plan = json.loads(good(call(*given, "--json")).stdout)
    assert plan["media_are_linked"] is True
    assert len(plan["faults"]) == 1
    assert not work.exists()


# --- media of odd kinds ----------------------------------------------------------------------------------------


def write_tones(path: Path, seconds: float) -> None:
    """A WAV with one tone each in its four channels."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    samples = 0.2 * np.sin(2 * np.pi * np.outer(time_s, TONES_HZ))
    soundfile.write(path, samples, RATE_HZ, subtype="PCM_16")


@pytest.mark.parametrize(("container", "codec"), [("mkv", "flac"), ("mp4", "aac"), ("mov", "pcm_s16le")])
def test_a_mono_track_before_the_spatial_one(
    container: str, codec: str, call: Call, media: Path, tmp_path: Path, work: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    write_tones(tmp_path / "tones.wav", SECONDS)
    soundfile.write(tmp_path / "mono.wav", sound_of(1, channels=1), RATE_HZ)  # too short, if it counted
    inputs = ("-i", media / "good.video.mp4", "-i", tmp_path / "mono.wav", "-channel_layout", "quad")
    maps = ("-i", tmp_path / "tones.wav", "-map", "0:v", "-map", "1:a", "-map", "2:a")
    dot.run_ffmpeg([*inputs, *maps, "-c:v", "copy", "-c:a", codec, folder / f"cam.{container}"])
    manifest = write_rows(tmp_path / "manifest.csv", "cam,cam,,,train")
    good(
        call("rebuild", manifest, "-w", work, "--media", folder, *SMALL, "--no-examine")
    )  # four tones are no sound field
    with open_shards(work) as shards:
        assert [clip.clip_id for clip in shards] == ["cam-0", "cam-2"]
        foa = next(iter(shards)).ambisonics
    loudest = np.abs(np.fft.rfft(foa, axis=1)).argmax(axis=1) * 8000 / foa.shape[1]
    assert loudest == pytest.approx(TONES_HZ, abs=1)


def write_transport_stream(folder: Path) -> None:
    """``cam.ts`` of 8 s, with one key frame at its beginning and its sound in AAC of four channels."""
    folder.mkdir()
    write_tones(folder.parent / "tones.wav", 8)
    picture = ("-f", "lavfi", "-i", "testsrc2=s=128x64:r=30:d=8", "-channel_layout", "quad")
    codecs = ("-c:v", "libx264", "-threads", "1", "-pix_fmt", "yuv420p", "-c:a", "aac")
    dot.run_ffmpeg([*picture, "-i", folder.parent / "tones.wav", *codecs, folder / "cam.ts"])


def test_an_mpeg_transport_stream(call: Call, tmp_path: Path, work: Path) -> None:
    """It has no index, and its clock begins above 0: searching for its end lands behind the last key frame."""
    write_transport_stream(tmp_path / "media")
    manifest = write_rows(tmp_path / "manifest.csv", "cam,cam,,,train")
    good(call("download", manifest, "-w", work, "--media", tmp_path / "media"))
    good(call("validate", manifest, "-w", work, "--no-examine"))  # it is flat, and its sound is no sound field
    assert problems(work) == {}
    assert set(layouts(work)) == {"cam"}


def test_clips_of_an_mpeg_transport_stream(call: Call, tmp_path: Path, work: Path) -> None:
    write_transport_stream(tmp_path / "media")
    manifest = write_rows(tmp_path / "manifest.csv", "cam,cam,,,train")
    good(call("rebuild", manifest, "-w", work, "--media", tmp_path / "media", *SMALL, "--no-examine"))
    assert set(stored(work)) == {"cam-2", "cam-4", "cam-6"}


def test_a_hard_horizon_and_a_stitch_are_no_eac(call: Call, media: Path, tmp_path: Path, work: Path) -> None:
    """Both of the edges by which EAC is known, in a picture that is twice as wide as high: no service's EAC is."""
    folder = tmp_path / "media"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:256, :512]
    gray = np.where(rows < 128, 190, 60) + 12 * np.sin(rows / 9) * np.cos(columns / 11 + rng.uniform(0, 6))
    gray[:, :5] = 0
    frame = np.repeat(np.clip(gray, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    dot.write_video(folder / "cam.video.mp4", [frame] * 24, (512, 256), 8, "libx264")
    shutil.copy(media / "good.audio.wav", folder / "cam.audio.wav")
    manifest = write_rows(tmp_path / "manifest.csv", "cam,cam,0,2,train")
    good(call("download", manifest, "-w", work, "--media", folder))
    good(call("validate", manifest, "-w", work, "--no-examine"))
    assert (layouts(work)["cam"].projection, layouts(work)["cam"].stereo) == ("er", "mono")
