"""A clip taken out of its shard: files that any program opens, and no stale ones among them."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import pytest
import soundfile
from small_shards import LOOKS, RATE_HZ, clip, encoded, shard, smooth_frames

from yt360_tools.errors import ShardError
from yt360_tools.shards import ClipContent, extract_clip, open_shards
from yt360_tools.shards.codecs import writing_codec


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_an_extracted_clip_opens_in_any_program(codec: str, path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "clip"
    with open_shards(shard(path, clip(codec=codec))) as shards:
        stored = shards.clip("-v-54.5")
        extract_clip(stored, folder)
        sounds = {"ambisonics": stored.ambisonics}
        for index, view in enumerate(stored.views):
            sounds |= {f"view{index}": view.ambisonics, f"view{index}.beam": view.beam[None]}
            for number, frame in enumerate(view.frames):
                picture = cv2.imread(str(folder / f"view{index}" / f"frame{number:04d}.png"))
                assert (picture[..., ::-1] == frame).all()
    for name, channels in sounds.items():
        samples, rate_hz = soundfile.read(folder / f"{name}.wav", dtype="float32", always_2d=True)
        assert rate_hz == RATE_HZ
        assert (channels == samples.T).all()
    facts = json.loads((folder / "clip.json").read_text())
    assert (facts["clip_id"], facts["video_id"], facts["start_s"], facts["end_s"]) == ("-v-54.5", "-v", 54.5, 55.5)
    assert [view["yaw_deg"] for view in facts["views"]] == [30, -100.25]
    assert [view["frames"] for view in facts["views"]] == [3, 3]
    expected = {"clip.json", *(f"{name}.wav" for name in sounds), "view0", "view1"}
    assert {found.name for found in folder.iterdir()} == expected


def extract(content: ClipContent, folder: Path, path: Path) -> None:
    with open_shards(shard(path, content)) as shards:
        extract_clip(shards.clip(content.window.clip_id), folder)


def shortened(content: ClipContent, count: int) -> ClipContent:
    """The clip with the first frames of its views alone."""
    frames = encoded(writing_codec("raw"), smooth_frames(7, count))
    return replace(content, views=tuple(replace(view, frames=frames) for view in content.views))


def test_nothing_is_left_of_an_earlier_longer_clip(path: Path, tmp_path: Path) -> None:
    used, fresh = tmp_path / "used", tmp_path / "fresh"
    short = shortened(clip("b-1", seed=7, looks=LOOKS[:1]), 2)
    extract(clip("a-1", looks=[*LOOKS, *LOOKS]), used, path)
    for folder in (used, fresh):
        extract(short, folder, path)
    names = {str(found.relative_to(fresh)) for found in fresh.rglob("*")}
    assert {str(found.relative_to(used)) for found in used.rglob("*")} == names
    assert json.loads((used / "clip.json").read_text())["clip_id"] == "b-1"


KEPT = (
    "notes.txt",
    "view0.txt",
    "view01.wav",
    "view0.beam.wav.bak",
    "view1/frame0000.jpg",
    "view1/frame00001.png",
    "view1/frame1.png",
    "view1/my.frame0000.png",
    "view1/frame0009.png/in a folder",
    "view01/frame0000.png",
    "views/frame0000.png",
    "others/view0/frame0000.png",
)


def test_what_others_put_into_the_folder_stays(path: Path, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    for name in KEPT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    elsewhere.mkdir()
    (elsewhere / "frame0000.png").write_text("mine")
    (folder / "view7").symlink_to(elsewhere)
    (folder / "view8.wav").symlink_to(elsewhere / "frame0000.png")
    extract(clip(looks=LOOKS[:1]), folder, path)
    assert [name for name in KEPT if not (folder / name).is_file()] == []
    assert (elsewhere / "frame0000.png").read_text() == "mine"


def test_a_damaged_clip_leaves_the_folder_as_it_was(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    extract(clip(), folder, path)
    before = {found: found.read_bytes() for found in folder.rglob("*") if found.is_file()}
    with h5py.File(shard(path, clip(seed=3)), "r+") as file:
        file["clips/-v-54.5/ambisonics"][0, 0] += 1
    with open_shards(path) as shards, pytest.raises(ShardError, match="checksum"):
        extract_clip(shards.clip("-v-54.5"), folder)
    assert {found: found.read_bytes() for found in folder.rglob("*") if found.is_file()} == before
