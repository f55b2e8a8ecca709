"""Whatever is wrong with what a user gives ends in one clear line and the right exit code; the rest finishes.

A line says what is wrong, where, what is allowed, what to do. No bad item keeps the good ones from their shards,
and nothing half-written bears a final name.
"""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from worlds import command, dot
from worlds.command import RATE_HZ, SMALL, Ended, sound_of, write_media, write_rows

from yt360_tools import cli
from yt360_tools.shards import ShardWriter, open_shards, verify_shards
from yt360_tools.shards.copying import copied

SECONDS = 4.5
GOOD_CLIPS = {"good-0", "good-2"}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """The end of a command that runs in this process: for what is refused before any work."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["yt360", *map(str, arguments)])
        capfd.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
        assert isinstance(code, int)
        return Ended(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the media of one good video."""
    folder = tmp_path_factory.mktemp("good") / "media"
    write_media(folder, "good", SECONDS)
    return folder


@pytest.fixture(scope="module")
def good_manifest(media: Path) -> Path:
    """One row, in a file as a spreadsheet program saves it: with a byte order mark and CRLF."""
    path = media.parent / "manifest.csv"
    path.write_bytes(b"\xef\xbb\xbfclip_id,video_id,start_s,end_s,split\r\ngood,good,,,train\r\n")
    return path


@pytest.fixture(scope="module")
def finished(media: Path, good_manifest: Path) -> Path:
    """A workspace with the good video's clips."""
    workspace = media.parent / "finished"
    ended = command.run(["rebuild", good_manifest, "--media", media, "-w", workspace, *SMALL])
    assert ended.code == 0, ended
    assert stored_clips(workspace) == GOOD_CLIPS
    return workspace


def stored_clips(workspace: Path) -> set[str]:
    """The ids of the clips in a workspace's shards, all of them whole."""
    paths = tuple(path for path in (workspace / "shards").glob("*.h5") if path.name[0] != ".")
    sound, damage = verify_shards(paths)
    assert not damage
    return set(sound)


def check_one_line(ended: Ended, code: int, says: str) -> None:
    """The command ended with `code` and a single line of complaint that matches `says`."""
    assert ended.code == code, ended
    assert len(ended.complaints) == 1, ended
    assert re.search(says, ended.complaints[0]), ended
    assert len(ended.complaints[0]) < 1000, ended
    assert not ended.stdout, ended


# --- options and configuration ---------------------------------------------------------------------------------

REFUSED_OPTIONS = {
    "layout": (["--layout", "panorma"], "build.layout.*panorama, viewport, cube.*'panorma'.*mean 'panorama'"),
    "codec": (["--codec", "jpg"], "build.codec.*jpeg, h264, raw.*'jpg'.*mean 'jpeg'"),
    "no view": (["--views", "ring:0"], "ring:N, random:K or sound:K.*'ring:0'"),
    "unknown views": (["--views", "foo:3"], "ring:N, random:K or sound:K.*'foo:3'"),
    "misspelt views": (["--views", "rnig:3"], "'rnig:3'.*mean 'ring'"),
    "views without number": (["--views", "sound:"], "ring:N, random:K or sound:K.*'sound:'"),
    "too many views": (["--views", "ring:65"], "1 to 64.*'ring:65'"),
    "hfov 0": (["--layout", "viewport", "--hfov", "0"], "0.*180"),
    "hfov 180": (["--layout", "viewport", "--hfov", "180"], "180"),
    "hfov 200": (["--layout", "viewport", "--hfov", "200"], "200"),
    "hfov nan": (["--layout", "viewport", "--hfov", "nan"], "build.hfov.*finite.*nan"),
    "view of one number": (["--view", "30"], "YAW,PITCH.*'30'"),
    "view of five numbers": (["--view", "1,2,3,4,5"], "YAW,PITCH.*'1,2,3,4,5'"),
    "view of words": (["--view", "left,up"], "YAW,PITCH.*'left,up'"),
    "empty view": (["--view", ""], "YAW,PITCH.*''"),
    "infinite view": (["--view", "inf,0"], "YAW,PITCH.*'inf,0'"),
    "view beyond the pole": (["--view", "0,91"], "-90 and 90.*'0,91'"),
    "view too wide": (["--view", "0,0,0,180"], "180"),
    "second view": (["--view", "0,0", "--view", "1"], "YAW,PITCH.*'1'"),
    "size 0": (["--layout", "viewport", "--size", "0"], "WIDTHxHEIGHT.*'0'"),
    "size of one side": (["--layout", "viewport", "--size", "12x"], "WIDTHxHEIGHT.*'12x'"),
    "oblong cube": (["--layout", "cube", "--size", "32x16"], "square.*32x16"),
    "odd panorama": (["--width", "1"], "width|1"),
    "no frames": (["--fps", "0"], "build.fps.*greater than 0.*0"),
    "quality": (["--quality", "101"], "build.quality.*1 to 100.*101"),
    "beam": (["--beam", "cardiod"], "'cardiod'.*mean 'cardioid'"),
    "clip length": (["--clip-s", "-1"], "segment.clip_s.*greater than 0.*-1"),
    "projection": (["--projection", "ear"], "auto, er, eac.*'ear'"),
    "stereo": (["--stereo", "top"], "top-bottom.*'top'"),
    "missing folder": (["--media", "nowhere"], "nowhere does not exist"),
    "two origins": (["--media", ".", "--source", "youtube"], "--media.*--source.*not both"),
    "template whose password has a slash": (
        ["--source", "http://me:secret/words@host/{video_id}.mp4"],
        r"'http://host/\{video_id\}.mp4' has no host and port.*a password.*%2F",
    ),
    "template without id": (["--source", "https://host/video.mp4"], "host/video.mp4.*lacks {video_id}"),
    "template of gopher": (["--source", "gopher://host/{video_id}"], "'gopher://host/{video_id}'.*http:// or https://"),
    "unknown placeholder": (["--source", "https://host/{video_id}.{format}"], "{format}.*{video_id}, {track}, {ext}"),
    "three templates": (["--source", "https://host/{video_id}"] * 3, "got 3"),
    "missing configuration": (["--config", "nowhere.toml"], "nowhere.toml.*cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED_OPTIONS)
def test_refused_options(case: str, call: Callable[..., Ended], good_manifest: Path, tmp_path: Path) -> None:
    options, says = REFUSED_OPTIONS[case]
    ended = call("rebuild", good_manifest, "-w", tmp_path / "work", *options)
    check_one_line(ended, 2, f"^error: .*({says})")
    assert not list(tmp_path.rglob("*.h5"))


REFUSED_CONFIGURATIONS = {
    "unknown section": ("[bild]\nfps = 8", r"unknown section \[bild\].*mean 'build'"),
    "a key without section": ("fps = 8", r"unknown section \[fps\].*download, validate, segment, build"),
    "unknown key": ("[build]\nframe_rate = 8\nfp = 8", "unknown key build.frame_rate.*fps"),
    "misspelt key": ("[segment]\nclips_s = 8", "unknown key segment.clips_s.*mean 'clip_s'"),
    "a word for a number": ("[build]\nfps = 'fast'", "build.fps.*float.*'fast'"),
    "a truth for a number": ("[build]\nwidth = true", "build.width.*int.*True"),
    "a fraction for a count": ("[build]\nwidth = 64.5", "build.width.*int.*64.5"),
    "a number for a list": ("[build]\nview = 3", "build.view.*3"),
    "not finite": ("[build]\nshard_mb = inf", "build.shard_mb.*finite.*inf"),
    "negative": ("[download]\njobs = -1", "download.jobs.*1 to 64.*-1"),
    "not TOML": ("[build]\nfps = = 8", "not TOML.*line 2"),
}


@pytest.mark.parametrize("case", REFUSED_CONFIGURATIONS)
def test_refused_configurations(case: str, call: Callable[..., Ended], good_manifest: Path, tmp_path: Path) -> None:
    text, says = REFUSED_CONFIGURATIONS[case]
    config = tmp_path / "options.toml"
    config.write_text(text, encoding="utf-8")
    ended = call("rebuild", good_manifest, "-w", tmp_path / "work", "--config", config)
    check_one_line(ended, 2, f"^error: .*options.toml.*{says}")
    assert not (tmp_path / "work").exists()


def test_a_configuration_that_is_no_text(call: Callable[..., Ended], good_manifest: Path, tmp_path: Path) -> None:
    config = tmp_path / "options.toml"
    config.write_bytes(b"\xff\xfe\x00")
    ended = call("rebuild", good_manifest, "-w", tmp_path / "work", "--config", config)
    check_one_line(ended, 2, "^error: .*options.toml is not TOML")


def test_views_that_do_not_fit(call: Callable[..., Ended], good_manifest: Path, tmp_path: Path) -> None:
    config = tmp_path / "options.toml"
    config.write_text("[build]\nviews = 'random:3'\nlayout = 'viewport'\nmin_separation_deg = 150", encoding="utf-8")
    ended = call("rebuild", good_manifest, "-w", tmp_path / "work", "--config", config)
    check_one_line(ended, 2, "^error: 3 directions within 30° .*do not fit 150° apart; ask for fewer")


def test_views_that_fit_some_clips_only(media: Path, good_manifest: Path, tmp_path: Path) -> None:
    """Two random directions just about opposite each other: luck that one clip has and another has not."""
    config = tmp_path / "options.toml"
    text = "[build]\nviews = 'random:2'\nlayout = 'viewport'\nsize = '16'\nmin_separation_deg = 179.5"
    config.write_text(text, encoding="utf-8")
    work = tmp_path / "work"
    ended = command.run(["rebuild", good_manifest, "--media", media, "-w", work, "--config", config, *SMALL])
    assert stored_clips(work) == {"good-2"}, ended
    assert ended.code != 1, ended
    (line,) = ended.complaints
    assert re.search("good-0: .*2 directions.*do not fit 179.5° apart", line)


# --- manifests -------------------------------------------------------------------------------------------------

REFUSED_MANIFESTS = {
    "empty": (b"", "is empty.*clip_id,video_id,start_s,end_s,split"),
    "only blank lines": (b"\n \n,,\n", "is empty.*clip_id,video_id,start_s,end_s,split"),
    "without header": (b"good,good,0,2,train\n", "no column 'video_id'.*clip_id,video_id,start_s,end_s,split"),
    "misspelt header": (b"clip_id,vidoe_id\na,b\n", "no column 'video_id'.*'vidoe_id' in place of"),
    "a column twice": (b"video_id,video_id\na,b\n", "column 'video_id' twice"),
    "without rows": (b"clip_id,video_id\n", "no rows"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xfe", "not a CSV file in UTF-8"),
    "nothing but zeros": (bytes(4096), "(no column 'video_id'|not a CSV file)"),
    "another encoding": ("video_id,ort\na,Köln\n".encode("latin-1"), "not a CSV file in UTF-8"),
    "an endless cell": (b"video_id\n" + b"x" * 200_000, "not a CSV file"),
}


@pytest.mark.parametrize("case", REFUSED_MANIFESTS)
@pytest.mark.parametrize("which", ["rebuild", "stats"])
def test_refused_manifests(case: str, which: str, call: Callable[..., Ended], tmp_path: Path) -> None:
    content, says = REFUSED_MANIFESTS[case]
    path = tmp_path / "manifest.csv"
    path.write_bytes(content)
    arguments = ("rebuild", path, "-w", tmp_path / "work") if which == "rebuild" else ("manifest", "stats", path)
    check_one_line(call(*arguments), 2, f"^error: manifest .*manifest.csv.*{says}")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_manifest_that_is_not_there(name: str, call: Callable[..., Ended], tmp_path: Path) -> None:
    ended = call("rebuild", tmp_path / name, "-w", tmp_path / "work")
    check_one_line(ended, 2, "^error: manifest .* cannot be read: (No such file|Is a directory)")


# --- workspaces ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["file", "file/work", "file/a/b"])
def test_a_workspace_that_is_a_file(
    inside: str, call: Callable[..., Ended], media: Path, good_manifest: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = call("rebuild", good_manifest, "--media", media, "-w", tmp_path / inside)
    check_one_line(ended, 2, "^error: workspace .*file.* is not a folder; name another with --workspace")
    assert (tmp_path / "file").read_text() == "not a folder"


@pytest.mark.parametrize("flag", [[], ["--plan"]])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_workspace_where_nothing_can_be_written(
    flag: list[str], call: Callable[..., Ended], media: Path, good_manifest: Path
) -> None:
    ended = call("rebuild", good_manifest, "--media", media, "-w", "/proc/nowhere/work", *flag)
    if flag:
        assert ended.code == 0, ended  # a plan writes nothing
    else:
        check_one_line(ended, 4, "^error: workspace /proc/nowhere/work cannot be written.*--workspace")


def test_a_workspace_keeps_its_options(
    call: Callable[..., Ended], media: Path, good_manifest: Path, finished: Path
) -> None:
    arguments = ("rebuild", good_manifest, "--media", media, "-w", finished)
    for option, name, kept, asked in (
        ("--width", "build.width", "64", "128"),
        ("--fps", "build.fps", "4.0", "5.0"),
        ("--clip-s", "segment.clip_s", "2.0", "3.0"),
        ("--layout", "build.layout", "'panorama'", "'cube'"),
    ):
        for flags in ((), ("--plan",)):
            ended = call(*arguments, option, asked.strip("'"), *flags)
            check_one_line(ended, 2, f"^error: workspace .*{name} = {kept}[,;].* {asked} is asked.*new workspace")
    assert stored_clips(finished) == GOOD_CLIPS


def test_a_clip_whose_times_change_is_refused(call: Callable[..., Ended], media: Path, tmp_path: Path) -> None:
    before = write_rows(tmp_path / "before.csv", "mine,good,0,2,train")
    after = write_rows(tmp_path / "after.csv", "mine,good,1,3,train")
    where = ("--media", media, "-w", tmp_path / "work", *SMALL)
    assert command.run(["rebuild", before, *where]).code == 0
    ended = command.run(["rebuild", after, *where])
    assert ended.code == 2, ended
    (complaint,) = ended.complaints
    assert re.search("'mine' is 0 to 2 s.*1 to 3 s.*another id, or use a new workspace", complaint)


def test_status_of_no_workspace(call: Callable[..., Ended], tmp_path: Path) -> None:
    check_one_line(call("status", "-w", tmp_path), 2, "^error: .* is no workspace .*'yt360 rebuild' makes one")
    assert not list(tmp_path.iterdir())


# --- videos and rows -------------------------------------------------------------------------------------------

REJECTED_VIDEOS = {
    "text": {"unreadable_video"},
    "empty-video": {"empty_file"},
    "empty-sound": {"empty_file"},
    "cut-video": {"unreadable_video", "truncated"},
    "cut-streaming-video": {"truncated"},
    "cut-sound": {"truncated"},
    "cut-opus": {"truncated"},
    "mute-muxed": {"no_sound"},
    "mute": {"no_sound"},
    "channels2": {"too_few_channels"},
    "channels5": {"unexpected_channels"},
    "never-a-number": {"bad_samples"},
}
REJECTED_CLIPS = {
    "not-a-number-0": "bad_samples",  # 0 to 2 s, where the NaN are
    "beyond": "window_outside_video",
}
REJECTED_ROWS = {
    "good,good,0,2,train": ("duplicate", "'good'.*line 2"),
    "x1,../../x,0,2,train": ("bad_id", r"'\.\./\.\./x'.*letters, digits"),
    "x2,/etc/passwd,0,2,train": ("bad_id", "'/etc/passwd'.*letters, digits"),
    "x3,.hidden,0,2,train": ("bad_id", r"'\.hidden'.*letters, digits"),
    "x4,,0,2,train": ("bad_id", "video_id ''.*letters, digits"),
    "../../x,good,0,2,train": ("bad_id", r"clip_id '\.\./\.\./x'"),
    "x5,good,0,2,../x": ("bad_id", r"split '\.\./x'"),
    "t1,good,2,1,train": ("bad_times", "2.*1.*0 <= start_s < end_s"),
    "t2,good,2,2,train": ("bad_times", "2.*2.*0 <= start_s < end_s"),
    "t3,good,nan,2,train": ("bad_times", "start_s 'nan'"),
    "t4,good,0,inf,train": ("bad_times", "end_s 'inf'"),
    "t5,good,-1,2,train": ("bad_times", "-1.*0 <= start_s < end_s"),
    "t6,good,1,,train": ("bad_times", "one of start_s and end_s"),
    "t7,good,,1,train": ("bad_times", "one of start_s and end_s"),
    "t8,good,one,2,train": ("bad_times", "start_s 'one'"),
    "t9,good": ("bad_row", "2 cells.*5"),
}
GOOD_ROWS = (
    "good,good,,,train",
    "-rf-0,-rf,0,2,train",
    "--help-0,--help,0,2,train",
    "not-a-number-2,not-a-number,2.25,4.25,train",
)
BUILT = GOOD_CLIPS | {"-rf-0", "--help-0", "not-a-number-2"}


def write_bad_media(folder: Path) -> None:
    """The media of REJECTED_VIDEOS and of the good rows; one stray file; those of ``late`` come later."""
    write_media(folder, "good", SECONDS)
    picture = (folder / "good.video.mp4").read_bytes()
    sound = (folder / "good.audio.wav").read_bytes()

    def put(video_id: str, video: bytes = picture, audio: bytes = sound) -> None:
        (folder / f"{video_id}.video.mp4").write_bytes(video)
        (folder / f"{video_id}.audio.wav").write_bytes(audio)

    def put_sound(video_id: str, samples: np.ndarray) -> None:
        put(video_id)
        soundfile.write(folder / f"{video_id}.audio.wav", samples, RATE_HZ, subtype="FLOAT")

    put("text", video=b"Not a video at all.\n" * 300)
    put("empty-video", video=b"")
    put("empty-sound", audio=b"")
    put("cut-video", video=picture[: len(picture) * 6 // 10])
    streaming = folder / "streaming.mp4"
    dot.run_ffmpeg(["-i", folder / "good.video.mp4", "-c", "copy", "-movflags", "+faststart", streaming])
    put("cut-streaming-video", video=streaming.read_bytes()[: streaming.stat().st_size * 6 // 10])
    streaming.unlink()
    put("cut-sound", audio=sound[: len(sound) * 6 // 10])
    opus = folder / "cut-opus.audio.webm"
    dot.write_sound(opus, sound_of(SECONDS * 48_000 / RATE_HZ), 48_000, "opus")
    opus.write_bytes(opus.read_bytes()[: opus.stat().st_size * 6 // 10])
    (folder / "cut-opus.video.mp4").write_bytes(picture)
    (folder / "mute-muxed.mp4").write_bytes(picture)
    (folder / "mute.video.mp4").write_bytes(picture)
    for channels in (2, 5):
        put_sound(f"channels{channels}", sound_of(SECONDS, channels=channels))
    samples = sound_of(SECONDS)
    samples[RATE_HZ : RATE_HZ + 10] = np.nan
    put_sound("not-a-number", samples)
    put_sound("never-a-number", np.full_like(samples, np.nan))
    for video_id in ("-rf", "--help", "stray"):
        put(video_id)


def write_bad_manifest(path: Path) -> Path:
    videos = [f"{video_id}-clip,{video_id},,,train" for video_id in REJECTED_VIDEOS]
    clips = [
        "not-a-number-0,not-a-number,0,2,train",
        f"beyond,good,3,{SECONDS + 1},train",
    ]
    return write_rows(path, *GOOD_ROWS, *videos, *clips, "late,late,,,train", *REJECTED_ROWS)


def fingerprint(folder: Path, *, without: Path) -> dict[str, str]:
    """The checksums of all files below a folder, but for those below another."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
        if without != path and without not in path.parents
    }


@dataclass(frozen=True)
class BadWorld:
    """How two rebuilds of all the bad items together ended: without the media of ``late``, and with them."""

    folder: Path
    first: Ended
    clips_of_first: frozenset[str]
    second: Ended
    outside_is_untouched: bool

    @property
    def workspace(self) -> Path:
        return self.folder / "deep" / "er" / "work"

    @property
    def arguments(self) -> tuple[object, ...]:
        media = self.folder / "media"
        return ("rebuild", self.folder / "manifest.csv", "--media", media, "-w", self.workspace, *SMALL)


@pytest.fixture(scope="module")
def bad_world(tmp_path_factory: pytest.TempPathFactory) -> BadWorld:
    folder = tmp_path_factory.mktemp("bad")
    media, workspace = folder / "media", folder / "deep" / "er" / "work"
    write_bad_media(media)
    for decoy in (folder / "x.video.mp4", folder / "deep" / "x", folder / "x"):
        decoy.parent.mkdir(exist_ok=True)
        shutil.copy(media / "good.video.mp4", decoy)
    manifest = write_bad_manifest(folder / "manifest.csv")
    arguments = ("rebuild", manifest, "--media", media, "-w", workspace, *SMALL)
    workspace.parent.mkdir(parents=True)
    before = fingerprint(folder, without=workspace)
    first = command.run(arguments)
    untouched = fingerprint(folder, without=workspace) == before
    clips = frozenset(stored_clips(workspace))
    write_media(media, "late", SECONDS)
    return BadWorld(folder, first, clips, command.run(arguments), untouched)


def test_what_is_missing_fails_and_heals(bad_world: BadWorld) -> None:
    assert bad_world.first.code == 3, bad_world.first
    (line,) = [line for line in bad_world.first.complaints if " late: " in line]
    assert re.search(r"^failed +late: missing_media: .*media has neither late\.video\.\* nor late\.\*", line)
    assert bad_world.second.code == 0, bad_world.second
    assert stored_clips(bad_world.workspace) == BUILT | {"late-0", "late-2"}


def test_good_items_finish_beside_bad_ones(bad_world: BadWorld) -> None:
    assert bad_world.clips_of_first == BUILT
    assert "Traceback" not in bad_world.first.stderr, bad_world.first
    assert "Traceback" not in bad_world.second.stderr, bad_world.second


@pytest.mark.parametrize("video_id", REJECTED_VIDEOS)
def test_rejected_videos(video_id: str, bad_world: BadWorld) -> None:
    (line,) = [line for line in bad_world.first.complaints if line.startswith(f"rejected  {video_id}: ")]
    reason, _, message = line.removeprefix(f"rejected  {video_id}: ").partition(": ")
    assert reason in REJECTED_VIDEOS[video_id]
    assert len(message) > 20
    assert not [line for line in bad_world.first.complaints if line.startswith(f"rejected  {video_id}-clip: ")]
    ended = command.run(["status", "--workspace", bad_world.workspace, "--problems", "--json"])
    (lost,) = [problem for problem in json.loads(ended.stdout) if problem["item"] == f"{video_id}-clip"]
    assert (lost["reason"], lost["detail"]) == ("video_rejected", f"video {video_id}: {reason}")
    assert not [clip_id for clip_id in stored_clips(bad_world.workspace) if clip_id.startswith(video_id)]


@pytest.mark.parametrize("clip_id", REJECTED_CLIPS)
def test_rejected_clips(clip_id: str, bad_world: BadWorld) -> None:
    (line,) = [line for line in bad_world.first.complaints if line.startswith(f"rejected  {clip_id}: ")]
    assert line.startswith(f"rejected  {clip_id}: {REJECTED_CLIPS[clip_id]}: ")


@pytest.mark.parametrize("row", REJECTED_ROWS)
def test_rejected_rows(row: str, bad_world: BadWorld) -> None:
    reason, says = REJECTED_ROWS[row]
    lines = (bad_world.folder / "manifest.csv").read_text(encoding="utf-8").splitlines()
    number = len(lines) - lines[::-1].index(row)
    shown = [line for line in bad_world.first.complaints if f"manifest.csv line {number}: " in line]
    assert len(shown) == 1
    assert re.search(f"^rejected .*{says}", shown[0])
    ended = command.run(["manifest", "stats", bad_world.folder / "manifest.csv", "--json"])
    assert reason in json.loads(ended.stdout)["faults"]


def test_nothing_outside_the_workspace_is_touched(bad_world: BadWorld) -> None:
    assert bad_world.outside_is_untouched
    names = {path.name for path in bad_world.workspace.rglob("*")}
    assert not names & {"x", "passwd", ".hidden", "..x"}
    assert {path.name for path in bad_world.workspace.iterdir()} == {
        ".lock", "clips.csv", "clips.toml", "ledger.sqlite", "raw", "shards",
    }  # fmt: skip


def test_files_that_no_row_names_are_noted(bad_world: BadWorld) -> None:
    (note,) = [line for line in bad_world.first.stderr.splitlines() if line.startswith("note: 2 files")]
    assert re.search("2 files in .*media belong to no video of the manifest.*stray.audio.wav", note)
    assert not (bad_world.workspace / "raw" / "stray").exists()


def test_what_was_rejected_is_counted(bad_world: BadWorld) -> None:
    ended = command.run([*bad_world.arguments, "--json"])
    assert ended.code == 0, ended
    report = json.loads(ended.stdout)
    stages = {stage["stage"]: stage for stage in report["stages"]}
    assert {name: stage["taken_up"] for name, stage in stages.items()} == dict.fromkeys(stages, 0)
    assert stages["validate"]["rejected"] == len(REJECTED_VIDEOS)
    assert sum(stages["validate"]["rejected_reasons"].values()) == len(REJECTED_VIDEOS)
    reasons = [fault["reason"] for fault in report["manifest_faults"]]
    assert sorted(reasons) == sorted(reason for reason, _ in REJECTED_ROWS.values())


def test_strict_makes_rejections_count(bad_world: BadWorld) -> None:
    assert command.run([*bad_world.arguments, "--strict"]).code == 3


def test_what_a_user_reads_of_rejections(bad_world: BadWorld) -> None:
    assert re.search(rf"validate +\d+ done, {len(REJECTED_VIDEOS)} rejected", bad_world.second.stdout)
    assert f"{len(REJECTED_ROWS)} rows rejected" in bad_world.second.stdout


@pytest.mark.parametrize("clip_id", ["-rf-0", "--help-0"])
def test_ids_that_look_like_options(clip_id: str, bad_world: BadWorld, tmp_path: Path) -> None:
    ended = command.run(["shard", "extract", f"--clip={clip_id}", "--out", tmp_path / "clip", bad_world.workspace])
    assert ended.code == 0, ended
    assert json.loads((tmp_path / "clip" / "clip.json").read_text())["clip_id"] == clip_id
    assert len(list((tmp_path / "clip" / "view0").glob("frame*.png"))) == 8


# --- the machine -----------------------------------------------------------------------------------------------


def test_a_missing_ffmpeg(media: Path, good_manifest: Path, tmp_path: Path) -> None:
    """It is the machine's fault: no video is to blame, and the same command finishes when ffmpeg is there."""
    arguments = ["rebuild", good_manifest, "--media", media, "-w", tmp_path / "work", *SMALL]
    ended = command.run(arguments, changes={"YT360_FFMPEG": str(tmp_path / "no-ffmpeg")})
    assert ended.code == 4, ended
    assert "Traceback" not in ended.stderr, ended
    (line,) = ended.complaints
    assert re.search("YT360_FFMPEG.*no-ffmpeg", line)
    assert command.run(arguments).code == 0
    assert stored_clips(tmp_path / "work") == GOOD_CLIPS


def test_doctor_without_ffmpeg(tmp_path: Path) -> None:
    ended = command.run(["doctor"], changes={"YT360_FFMPEG": str(tmp_path / "no-ffmpeg")})
    assert ended.code == 4, ended
    assert re.search("MISSING +ffmpeg +YT360_FFMPEG.*no-ffmpeg", ended.stdout)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few hundred kilobytes; it needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def check_full(ended: Ended) -> None:
    """The disk's fault, said once a cause: the messages differ in more than the item that they name."""
    assert "Traceback" not in ended.stderr, ended
    assert ended.code == 3, ended
    messages = [re.sub(r"^failed +\S+: ", "", line) for line in ended.complaints]
    assert messages, ended
    assert len(set(messages)) == len(messages), ended


@pytest.mark.parametrize("size_kb", [64, 128, 256, 320, 800, 1100])
def test_a_full_disk(size_kb: int, small_disk: Path, media: Path, good_manifest: Path) -> None:
    """At any moment: before the ledger is, while media are copied, in the ledger, in a shard."""
    workspace = small_disk / "work"
    arguments = ["rebuild", good_manifest, "--media", media, "-w", workspace, *SMALL]
    subprocess.run(["mount", "-o", f"remount,size={size_kb}k", small_disk], check=True)
    ended = command.run(arguments)
    whole = stored_clips(workspace) if (workspace / "shards").exists() else set()
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    check_full(ended)
    assert not whole
    healed = command.run(arguments)
    assert healed.code == 0, healed
    assert stored_clips(workspace) == GOOD_CLIPS
    assert [path.name for path in workspace.rglob(".*")] == [".lock"]


def allow_files_up_to(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return limit


def test_files_that_may_not_grow(media: Path, good_manifest: Path, tmp_path: Path) -> None:
    """A quota of 256 KiB a file: the ledger fits, the shard does not."""
    workspace = tmp_path / "work"
    arguments = ["rebuild", good_manifest, "--media", media, "-w", workspace, *SMALL]
    ended = command.run(arguments, preexec_fn=allow_files_up_to(256 << 10))
    assert not stored_clips(workspace)
    check_full(ended)
    assert command.run(arguments).code == 0
    assert stored_clips(workspace) == GOOD_CLIPS


# --- shards ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shard(finished: Path, tmp_path: Path) -> Path:
    """A copy of the good video's only shard, to be damaged."""
    (path,) = (finished / "shards").glob("*.h5")
    return Path(shutil.copy(path, tmp_path / "shard.h5"))


def flip(path: Path, dataset: str, at: int = 0) -> None:
    """Invert a byte of a dataset, in the file; `at` counts from its middle."""
    with h5py.File(path) as file:
        found = file[dataset]
        offset = found.id.get_offset() + found.nbytes // 2 + at
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def of_version_99(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 99


def text(path: Path) -> None:
    path.write_text("a text that is called a shard")


def another_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["clips"] = 1


UNREADABLE_SHARDS = {
    cut_short: "shard.h5: not a whole shard",
    of_version_99: "shard.h5: format version 99; this version of yt360-tools reads version 2",
    text: "shard.h5: not a whole shard",
    another_hdf5: "shard.h5: an HDF5 file, but no yt360-shard",
}


@pytest.mark.parametrize("damage", UNREADABLE_SHARDS, ids=lambda damage: damage.__name__)
def test_shards_that_cannot_be_read(
    damage: Callable[[Path], None], call: Callable[..., Ended], shard: Path, tmp_path: Path
) -> None:
    damage(shard)
    says = UNREADABLE_SHARDS[damage]
    check_one_line(call("shard", "info", shard), 3, f"^error: .*{says}")
    check_one_line(call("shard", "extract", shard, "--clip=good-0", "--out", tmp_path / "out"), 3, says)
    assert not (tmp_path / "out").exists()
    verified = call("shard", "verify", shard)
    assert verified.code == 3, verified
    (line,) = verified.complaints
    assert re.search(f"^damaged +.*{says}", line)


@pytest.mark.parametrize("dataset", ["views/0/frames", "views/0/beam", "ambisonics", "window"])
def test_a_flipped_byte(dataset: str, call: Callable[..., Ended], shard: Path, tmp_path: Path) -> None:
    """Every clip carries its checksum: what is not as it was written is known, and not handed out."""
    flip(shard, f"clips/good-2/{dataset}")
    ended = call("shard", "verify", shard)
    assert ended.code == 3, ended
    (line,) = ended.complaints
    assert re.search("^damaged +.*shard.h5: clip 'good-2' .*checksum", line)
    report = json.loads(call("shard", "verify", shard, "--json").stdout)
    assert report["clips"] == 1
    assert [item["clip_id"] for item in report["damage"]] == ["good-2"]
    assert call("shard", "extract", shard, "--clip=good-0", "--out", tmp_path / "sound").code == 0
    check_one_line(call("shard", "extract", shard, "--clip=good-2", "--out", tmp_path / "out"), 3, "good-2")
    assert not (tmp_path / "out" / "clip.json").exists()


def overwrite(path: Path, dataset: str, at: int, value: int) -> None:
    with h5py.File(path, "r+") as file:
        file[dataset][at] = value


@pytest.mark.parametrize(
    ("dataset", "at", "value"),
    [
        ("frames", 0, 0),  # no JPEG begins so
        ("frames_offsets", 1, 2**62),
        ("frames_offsets", 1, -7),
        ("frames_offsets", 8, 3),
        ("frames_crc32", 0, 0),
    ],
)
def test_a_jpeg_that_does_not_decode(
    dataset: str, at: int, value: int, call: Callable[..., Ended], shard: Path, tmp_path: Path
) -> None:
    overwrite(shard, f"clips/good-0/views/0/{dataset}", at, value)
    ended = call("shard", "extract", shard, "--clip=good-0", "--out", tmp_path / "out")
    check_one_line(ended, 3, "^error: .*shard.h5.*good-0")
    assert not (tmp_path / "out" / "clip.json").exists()


def test_a_clip_of_an_unknown_codec(call: Callable[..., Ended], shard: Path, tmp_path: Path) -> None:
    """As a later version would write it, checksums and all."""
    with open_shards(shard) as shards:
        contents = shards.contents(shard)
        datasets, attributes = copied(shards.clip("good-0").record, shards.file(shard))
    attributes["views/0/frames"]["codec"] = "av1"
    with ShardWriter(shard, contents.header) as writer:
        writer.add_laid_out(datasets, attributes)
        writer.publish()
    ended = call("shard", "extract", shard, "--clip=good-0", "--out", tmp_path / "out")
    check_one_line(ended, 3, "^error: .*shard.h5.*'av1'.*jpeg, h264, raw.*(upgrade|rebuild)")


def test_a_folder_without_shards(call: Callable[..., Ended], tmp_path: Path) -> None:
    for what in (["info"], ["verify"], ["extract", "--clip=a", "--out", tmp_path / "out"]):
        ended = call("shard", what[0], tmp_path, *what[1:])
        check_one_line(ended, 2, r"^error: .* holds no shard \(\*\.h5\); 'yt360 rebuild' makes them")


def test_shards_that_are_not_there(call: Callable[..., Ended], tmp_path: Path) -> None:
    check_one_line(call("shard", "info", tmp_path / "nowhere"), 2, "^error: .*nowhere does not exist")


def test_an_unknown_clip(call: Callable[..., Ended], shard: Path, tmp_path: Path) -> None:
    ended = call("shard", "extract", shard, "--clip=godd-0", "--out", tmp_path / "out")
    check_one_line(ended, 2, "^error: no clip 'godd-0' in 1 shards with 2 clips; did you mean 'good-0'?")
    assert not (tmp_path / "out").exists()


def test_a_clip_that_cannot_be_written(call: Callable[..., Ended], shard: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = call("shard", "extract", shard, "--clip=good-0", "--out", tmp_path / "file" / "out")
    check_one_line(ended, 4, "^error: .*file/out cannot be written: Not a directory")


def test_a_clip_in_two_shards(call: Callable[..., Ended], shard: Path) -> None:
    shutil.copy(shard, shard.with_name("twin.h5"))
    says = "^error: clip 'good-0' stands in .*shard.h5 and in .*twin.h5"
    check_one_line(call("shard", "info", shard.parent), 3, says)
    ended = call("shard", "verify", shard.parent)
    assert ended.code == 3, ended
    assert all("stands in two shards" in line for line in ended.complaints)


def test_a_shard_that_is_gone_is_built_again(media: Path, good_manifest: Path, finished: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(finished, tmp_path / "work"))
    with open_shards(workspace) as shards:
        (path,), content = shards.paths, shards.content_hash
    path.unlink()
    ended = command.run(["rebuild", good_manifest, "--media", media, "-w", workspace])
    assert ended.code == 0, ended
    with open_shards(workspace) as shards:
        assert shards.content_hash == content
