"""The card beside shards: counts, rights, citation, recipe, and what was taken out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from yt360_tools.cli import yt360
from yt360_tools.geometry import Direction
from yt360_tools.manifest.descriptors import descriptor_of
from yt360_tools.pipeline.card import card_text
from yt360_tools.records import ClipWindow, View
from yt360_tools.shards import ClipContent, ShardHeader, ShardWriter, ViewContent, open_shards
from yt360_tools.shards.codecs import encode_frames, writing_codec
from yt360_tools.shards.remove import remove_videos
from yt360_tools.shards.sound_codecs import encode_sound

HEADER = ShardHeader("train", {"fps": 4.0, "seed": 7}, {"av": "18.1", "revision": "abc123"})


def content(clip_id: str) -> ClipContent:
    frames = encode_frames(writing_codec("jpeg"), np.zeros((4, 16, 32, 3), np.uint8), 4.0)
    foa, beam = (encode_sound(np.zeros((channels, 800), np.float32), "int16", 800) for channels in (4, 1))
    view = ViewContent(View("er", Direction(0.0), 360.0, 180.0, 32, 16), frames, beam)
    start_s = float(clip_id.rpartition("-")[2])
    window = ClipWindow(clip_id, clip_id.rpartition("-")[0], start_s, start_s + 9.0, "train")
    return ClipContent(window, 4.0, 800, foa, (view,), {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three clips of two videos to train on, and one to test on."""
    for split, ids in (("train", ("a-0", "a-9", "-b-3")), ("test", ("c-1",))):
        with ShardWriter(tmp_path / f"{split}-00000.h5", replace(HEADER, split=split)) as writer:
            for clip_id in ids:
                writer.add(content(clip_id))
            writer.publish()
    return tmp_path


def test_counts_kinds_and_recipe(folder: Path) -> None:
    with open_shards(folder) as shards:
        text = card_text(shards)
    sizes = {split: (folder / f"{split}-00000.h5").stat().st_size for split in ("train", "test")}
    assert f"| train | 2 | 3 | 0.007 | 1 | {sizes['train']} |" in text
    assert f"| test | 1 | 1 | 0.003 | 1 | {sizes['test']} |" in text
    assert "- 1 x er 32 x 16 at 4 fps (jpeg); AmbiX W, Y, Z, X at 800 Hz (int16): 2 shards" in text
    assert "2 shards. Tools: av 18.1, revision abc123." in text
    assert '"seed": 7' in text
    assert "under the terms of their uploaders" in text
    assert text.rstrip().splitlines()[-3:][0] == "Nothing."


def test_a_known_dataset_brings_citation_and_licence(folder: Path) -> None:
    known = descriptor_of("yt360")
    with open_shards(folder) as shards:
        text = card_text(shards, known)
    assert known.citation in text
    assert known.licence in text
    assert text.startswith(f"# {known.title}")


def test_what_was_taken_out_is_told(folder: Path) -> None:
    remove_videos(folder / "train-00000.h5", {"a"})
    with open_shards(folder) as shards:
        text = card_text(shards)
    assert "- train-00000.h5: remove, 20" in text
    assert '"videos": ["a"], "clips": 2' in text
    assert "| train | 1 | 1 |" in text


def test_the_command_prints_or_writes(folder: Path) -> None:
    printed = CliRunner().invoke(yt360, ["shard", "card", str(folder)])
    assert printed.exit_code == 0
    done = CliRunner().invoke(yt360, ["shard", "card", str(folder), "-o", str(folder / "CARD.md")])
    assert done.exit_code == 0
    assert (folder / "CARD.md").read_text() == printed.output
