"""A small world on disk, read back with other tools: its files say what its truth says."""

import csv
import errno
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from yt360_tools.ambisonics import direction_of_arrival
from yt360_tools.cli.demo import demo
from yt360_tools.demo.options import DemoOptions, scene_of
from yt360_tools.demo.picture import render_frames
from yt360_tools.demo.sound import render_sound
from yt360_tools.demo.spherical import with_spherical_metadata
from yt360_tools.demo.video import render_video
from yt360_tools.demo.world import make_world
from yt360_tools.errors import EnvironmentMissing, MediaError, TransientError, UsageError
from yt360_tools.geometry import Array, angle_between, ray_from_angles
from yt360_tools.media.carriers import SOUND_CODECS, SoundCodec
from yt360_tools.media.ffmpeg import run_ffmpeg

OPTIONS = DemoOptions(videos=8, seconds=8.0, seed=21, width=192, fps=12.0)
RATE = 48_000


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "world"
    make_world(OPTIONS, folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def truth(out: Path) -> dict[str, Any]:
    return json.loads((out / "truth.json").read_text(encoding="utf-8"))


def _decoded_sound(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1)


def _decoded_frames(path: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield (
                float(frame.pts * frame.time_base),
                frame.to_ndarray(format="rgb24", src_colorspace="ITU709"),
            )


def _hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _ray_of(path: dict[str, list[float]], time_s: float) -> Array:
    """A great circle between keyframes, computed apart from the code that is tested."""
    keys = ray_from_angles(np.radians(path["azimuth_deg"]), np.radians(path["elevation_deg"]))
    for i, (start, end) in enumerate(pairwise(path["times_s"])):
        if start <= time_s <= end:
            share, arc = (time_s - start) / (end - start), np.arccos(np.clip(keys[i] @ keys[i + 1], -1, 1))
            if arc < 1e-6:
                return keys[i]
            return (np.sin((1 - share) * arc) * keys[i] + np.sin(share * arc) * keys[i + 1]) / np.sin(arc)
    raise AssertionError(f"{time_s} is outside the path")


def test_the_folder_holds_what_it_should_and_nothing_else(out: Path, truth: dict[str, Any]) -> None:
    assert {path.name for path in out.iterdir()} == {"demo.json", "truth.json", "manifest.csv", "media"}
    expected = {video[key] for video in truth["videos"] for key in ("video_file", "audio_file")}
    assert {path.name for path in (out / "media").iterdir()} == expected
    with (out / "manifest.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["clip_id", "video_id", "start_s", "end_s", "split"]
    assert rows[1:] == [[v["video_id"], v["video_id"], "", "", v["split"]] for v in truth["videos"]]
    assert [row[1] for row in rows[1:]] == sorted(row[1] for row in rows[1:])
    assert {row[4] for row in rows[1:]} == {"train", "test"}


def test_the_files_do_not_depend_on_the_workers(out: Path, tmp_path: Path) -> None:
    """Two processes, fewer videos, another day: the bytes of what is in both worlds are the same."""
    make_world(replace(OPTIONS, videos=4), tmp_path / "w", workers=2)
    ours, theirs = _hashes(out / "media"), _hashes(tmp_path / "w" / "media")
    assert len(theirs) == 8
    assert theirs.items() <= ours.items()
    by_id = {v["video_id"]: v for v in json.loads((out / "truth.json").read_text())["videos"]}
    for video in json.loads((tmp_path / "w" / "truth.json").read_text())["videos"]:
        assert by_id[video["video_id"]] == video


def test_the_sound_comes_from_where_the_truth_says(out: Path, truth: dict[str, Any]) -> None:
    """After Opus, AAC and Vorbis: channels in order and of the right sign, for single sources that move."""
    codecs = set()
    errors = []
    for video in truth["videos"]:
        foa = _decoded_sound(out / "media" / video["audio_file"])
        assert foa.shape[0] == 4
        for part in video["arrangements"]:
            sounding = [shown for shown in part["objects"] if shown["role"] == "sounding"]
            if len(sounding) != 1:
                continue
            for start_s in np.arange(part["start_s"] + 0.05, part["end_s"] - 0.3, 0.25):
                heard = direction_of_arrival(foa[:, round(start_s * RATE) : round((start_s + 0.25) * RATE)])
                expected = _ray_of(sounding[0]["path"], start_s + 0.125)
                errors.append(np.degrees(angle_between(heard, expected)))
                codecs.add(video["audio_codec"])
    assert codecs == {"opus", "aac", "vorbis"}
    assert np.median(errors) < 1.5
    assert max(errors) < 12


def test_the_sound_is_in_time_after_decoding(out: Path) -> None:
    for index in range(OPTIONS.videos):
        scene = scene_of(OPTIONS, index)
        rendered = render_sound(scene)
        name = next((out / "media").glob(f"{scene.video_id}.audio.*"))
        decoded = _decoded_sound(name)
        assert abs(decoded.shape[1] - rendered.shape[1]) <= 1024, name.name
        size = 1 << 17
        spectrum = np.fft.rfft(decoded[0][:size], size)
        lag = int(np.argmax(np.fft.irfft(spectrum * np.conj(np.fft.rfft(rendered[0][:size], size)))))
        assert min(lag, size - lag) <= 1, f"{name.name}: {lag} samples late"
        count = min(decoded.shape[1], rendered.shape[1])
        for channel in range(4):
            corr = np.corrcoef(decoded[channel, :count], rendered[channel, :count])[0, 1]
            assert corr > 0.8, (name.name, channel, corr)


def test_silent_spans_are_silent(out: Path, truth: dict[str, Any]) -> None:
    spans = 0
    for video in truth["videos"]:
        foa = _decoded_sound(out / "media" / video["audio_file"])
        for span in video["silent_spans"]:
            assert span["end_s"] - span["start_s"] >= 1.0
            inside = foa[:, round((span["start_s"] + 0.1) * RATE) : round((span["end_s"] - 0.1) * RATE)]
            assert np.sqrt(np.mean(inside**2)) < 2e-4  # a codec may leave some -75 dBFS
            spans += 1
    assert spans >= 4


def test_the_decoded_frames_are_the_scene(out: Path, truth: dict[str, Any]) -> None:
    """Frame by frame, at its exact time: near what was drawn, and far from its mirror image."""
    for index in range(OPTIONS.videos):
        scene = scene_of(OPTIONS, index)
        video = next(v for v in truth["videos"] if v["video_id"] == scene.video_id)
        drawn = list(render_frames(scene, OPTIONS.width))
        decoded = list(_decoded_frames(out / "media" / video["video_file"]))
        assert len(decoded) == len(drawn) == video["frames"]
        np.testing.assert_allclose([t for t, _ in decoded], np.arange(len(drawn)) / OPTIONS.fps, atol=6e-4)
        for number in range(0, len(drawn), 7):
            frame = decoded[number][1]
            assert frame.shape == (video["height"], video["width"], 3)
            difference = np.abs(frame.astype(int) - drawn[number]).mean()
            assert difference < 6, (scene.delivery, number)
            assert difference < 0.7 * np.abs(frame[:, ::-1].astype(int) - drawn[number]).mean()


def test_ffmpeg_reads_what_the_pictures_are(out: Path, truth: dict[str, Any]) -> None:
    seen = set()
    for video in truth["videos"]:
        path = out / "media" / video["video_file"]
        told = run_ffmpeg(["-v", "info", "-i", path, "-frames:v", "1", "-f", "null", "-"])
        text = told.stderr.decode()
        assert told.returncode == 0
        assert ("Spherical Mapping: equirectangular" in text) is (video["projection"] == "er"), text
        assert ("Stereo 3D: top and bottom" in text) is (video["stereo"] == "top-bottom"), text
        mesh = r"projection type: mshp|spherical metadata type 3"
        assert (re.search(mesh, text) is not None) is (video["projection"] == "eac"), text
        seen.add((video["projection"], video["stereo"], path.suffix))
    assert len(seen) == 6


def test_running_again_renders_what_is_missing_and_nothing_else(out: Path) -> None:
    before = _hashes(out)
    victim = sorted((out / "media").glob("*.video.*"))[2]
    victim.unlink()
    again = make_world(OPTIONS, out, workers=1)
    assert again.rendered == 1
    assert _hashes(out) == before
    assert make_world(OPTIONS, out, workers=1).rendered == 0


def test_other_options_in_the_same_folder_are_refused_by_name(out: Path) -> None:
    changes: list[dict[str, Any]] = [{"seed": 1}, {"width": 256}, {"test_share": 0.5}, {"videos": 2}]
    for change in changes:
        option = next(iter(change)).replace("_", "-")
        with pytest.raises(UsageError, match=f"--{option} "):
            make_world(replace(OPTIONS, **change), out, workers=1)


@pytest.mark.parametrize("record", ["", "[]", '{"generation": 0}'])
def test_a_damaged_or_foreign_record_is_refused(tmp_path: Path, record: str) -> None:
    (tmp_path / "demo.json").write_text(record)
    with pytest.raises(UsageError, match="choose another folder"):
        make_world(OPTIONS, tmp_path, workers=1)


def test_a_container_that_is_not_as_expected_is_refused() -> None:
    for container, data in (("mp4", b""), ("mp4", bytes(8)), ("webm", b""), ("webm", b"\x1a\x45\xdf\xa3\x80")):
        with pytest.raises(MediaError):
            with_spherical_metadata(data, container, projection="er", stereo="mono")


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        make_world(OPTIONS, tmp_path, workers=1)
    with pytest.raises(UsageError, match="is a file"):
        make_world(OPTIONS, tmp_path / "thesis.tex", workers=1)


def test_a_full_disk_is_told_and_leaves_no_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device", "media/x")

    monkeypatch.setattr("yt360_tools.demo.video.with_spherical_metadata", full)
    with pytest.raises(EnvironmentMissing, match="No space left"):
        make_world(DemoOptions(videos=1, seconds=1.0, width=64), tmp_path / "w", workers=1)
    assert not list((tmp_path / "w" / "media").glob(".partial-*"))
    assert not (tmp_path / "w" / "manifest.csv").exists()


def test_an_ffmpeg_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words, not a broken pipe; a missing encoder is the machine's fault."""
    options = DemoOptions(videos=1, seconds=1.0, width=64)
    monkeypatch.setitem(SOUND_CODECS, "opus", SoundCodec(("-c:a", "no_such_encoder"), alone_in="webm"))
    outcome = render_video(options, 0, tmp_path)
    assert (outcome.state, outcome.reason) == ("failed", "environment")
    assert "no_such_encoder" in outcome.detail
    broken = SoundCodec(("-c:a", "libopus", "-mapping_family", "99"), alone_in="webm")
    monkeypatch.setitem(SOUND_CODECS, "opus", broken)
    with pytest.raises(TransientError, match="ffmpeg could not write"):
        make_world(options, tmp_path / "w", workers=1)


def test_the_command_prints_where_things_are_and_what_to_do_next(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "w"), "--videos=1", "--seconds=1", "--width=64", "--workers=1"]
    told = CliRunner().invoke(demo, arguments, catch_exceptions=False)
    assert told.exit_code == 0
    assert "yt360 rebuild" in told.stdout
    told = CliRunner().invoke(demo, [*arguments, "--json"], catch_exceptions=False)
    summary = json.loads(told.stdout)
    assert (summary["videos"], summary["rendered"]) == (1, 0)
    assert Path(summary["manifest"]).exists()
    assert Path(summary["truth"]).exists()
