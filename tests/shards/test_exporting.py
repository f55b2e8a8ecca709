"""Exported clips: what plays elsewhere is what the shard holds, four channels in their order."""

import io
import json
import tarfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from small_shards import HEADER, encoded, shard, smooth_frames

from yt360_tools.cli import yt360
from yt360_tools.geometry import Direction
from yt360_tools.projection import viewport
from yt360_tools.records import ClipWindow, View
from yt360_tools.shards import ClipContent, ViewContent, open_shards
from yt360_tools.shards.codecs import writing_codec
from yt360_tools.shards.sound_codecs import encode_sound

FPS, RATE_HZ, SECONDS = 16, 24000, 2
TONES_HZ = (300, 700, 1500, 3100)
"""Of W, Y, Z, X."""


def tones() -> np.ndarray:
    times_s = np.arange(RATE_HZ * SECONDS) / RATE_HZ
    return np.stack([0.5 * np.sin(2 * np.pi * tone * times_s) for tone in TONES_HZ]).astype(np.float32)


def sphere(clip_id: str, gain: float = 1.0) -> ClipContent:
    view = View("er", Direction(0.0), 360.0, 180.0, 128, 64)
    frames = encoded(writing_codec("jpeg"), smooth_frames(2, FPS * SECONDS, 64, 128))
    sound = encode_sound(tones() * np.float32(gain), "int16", RATE_HZ)
    video_id, _, start = clip_id.rpartition("-")
    window = ClipWindow(clip_id, video_id, float(start), float(start) + SECONDS, "train")
    content = ViewContent(view, frames, encode_sound(tones()[:1], "int16", RATE_HZ))
    return ClipContent(window, FPS, RATE_HZ, sound, (content,), {"projection": "er"})


def exported(path: Path, kind: str) -> tuple[Path, Result]:
    out = path.parent.parent / kind
    done = CliRunner().invoke(yt360, ["shard", "export", str(path.parent), "--to", kind, "--out", str(out)])
    assert done.exit_code == 0, done.exception
    return out, done


def decoded_frames(source: Path | io.BytesIO) -> tuple[np.ndarray, list[float]]:
    with av.open(source) as container:  # type: ignore[arg-type]
        found = [(frame.to_ndarray(format="rgb24"), frame.time) for frame in container.decode(video=0)]
    return np.stack([frame for frame, _ in found]), [float(time_s or 0) for _, time_s in found]


def decoded_sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def loudest_hz(channel: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(channel[: RATE_HZ * SECONDS]))
    return float(np.argmax(spectrum) / SECONDS)


def test_the_papers_layout_plays(path: Path) -> None:
    shard(path, sphere("-a-54"), sphere("b-0.5"))
    folder, _ = exported(path, "folder")
    names = sorted(str(found.relative_to(folder)) for found in folder.rglob("*") if found.is_file())
    assert names == ["audio/-a-54.m4a", "audio/b-0.5.m4a", "clips.jsonl", "video/-a-54.mp4", "video/b-0.5.mp4"]
    with open_shards(path) as shards:
        stored = np.asarray(shards.clip("-a-54").views[0].frames).astype(float)
    frames, times_s = decoded_frames(folder / "video" / "-a-54.mp4")
    assert frames.shape == stored.shape
    assert np.abs(frames - stored).mean() < 2
    assert np.abs(frames[::-1] - stored).mean() > 4
    assert times_s == pytest.approx([float(Fraction(number, FPS)) for number in range(FPS * SECONDS)])
    sound = decoded_sound(folder / "audio" / "-a-54.m4a")
    assert len(sound) == 4
    assert [loudest_hz(channel) for channel in sound] == pytest.approx(TONES_HZ, abs=1)
    for number, channel in enumerate(sound):
        spectrum = np.abs(np.fft.rfft(channel[: RATE_HZ * SECONDS]))
        others = [spectrum[tone * SECONDS] for other, tone in enumerate(TONES_HZ) if other != number]
        assert max(others) < 0.003 * spectrum.max(), "a channel has something of another"
    facts = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    assert [one["clip_id"] for one in facts] == ["-a-54", "b-0.5"]


def test_what_was_exported_is_not_written_again(path: Path) -> None:
    shard(path, sphere("-a-54"))
    folder, _ = exported(path, "folder")
    (folder / "audio" / "-a-54.m4a").unlink()
    before = (folder / "video" / "-a-54.mp4").stat().st_mtime_ns
    exported(path, "folder")
    assert (folder / "video" / "-a-54.mp4").stat().st_mtime_ns == before
    assert (folder / "audio" / "-a-54.m4a").exists()


def test_each_view_has_its_file(path: Path) -> None:
    one = sphere("a-1")
    views = []
    for look in (Direction(30.0), Direction(-60.0, 10.0)):
        frames = encoded(writing_codec("raw"), smooth_frames(3, FPS * SECONDS, 24, 32))
        views.append(replace(one.views[0], view=viewport(look, 80, 32, 24), frames=frames))
    shard(path, replace(one, views=tuple(views)))
    folder, _ = exported(path, "folder")
    assert sorted(found.name for found in (folder / "video").iterdir()) == ["a-1_0.mp4", "a-1_1.mp4"]
    tars, _ = exported(path, "webdataset")
    with tarfile.open(tars / "train-00000.tar") as archive:
        names = archive.getnames()
    assert names == ["000000.json", "000000.view0.mp4", "000000.view1.mp4", "000000.flac"]


@pytest.mark.parametrize("gain", [1.0, 5.0])
def test_webdataset_reads_its_tars(gain: float, path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    shard(path, sphere("-a-54", gain), sphere("b-0.5", gain))
    shard(path.with_name("train-00001.h5"), sphere("c-3", gain), header=HEADER)
    tars, _ = exported(path, "webdataset")
    assert sorted(found.name for found in tars.iterdir()) == ["train-00000.tar", "train-00001.tar"]
    urls = [str(found) for found in sorted(tars.iterdir())]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False))
    facts = [json.loads(sample["json"]) for sample in samples]
    assert [one["clip_id"] for one in facts] == ["-a-54", "b-0.5", "c-3"]
    sound, rate_hz = soundfile.read(io.BytesIO(samples[1]["flac"]))
    assert rate_hz == RATE_HZ
    heard = sound.T * 2.0 ** facts[1]["sound_exponent"]
    assert np.abs(heard - gain * tones()).max() < 2e-4 * gain
    frames, _ = decoded_frames(io.BytesIO(samples[1]["mp4"]))
    with open_shards(path) as shards:
        assert np.abs(frames - np.asarray(shards.clip("b-0.5").views[0].frames).astype(float)).mean() < 2
