"""What of a manifest a run works on: splits, the first videos, the share of one job among many."""

import random
from collections import Counter
from pathlib import Path

import pytest

from yt360_tools.errors import UsageError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.parts import Part, Selection, parse_part
from yt360_tools.records import ClipRow


def manifest_of(*rows: tuple[str, str], **extra: str) -> Manifest:
    """A manifest of (video_id, split) rows."""
    made = [
        ClipRow(f"{video_id}-{k}", video_id, k, k + 1, split, dict(extra)) for k, (video_id, split) in enumerate(rows)
    ]
    return Manifest(Path("clips.csv"), tuple(made), ())


MANIFEST = manifest_of(("c", "test"), ("a", "train"), ("c", "train"), ("b", "train"), ("d", "test"), ("a", "test"))


def chosen(selection: Selection, manifest: Manifest = MANIFEST) -> list[str]:
    return [row.clip_id for row in selection.of(manifest).rows]


def test_all_of_it_by_default() -> None:
    assert Selection().of(MANIFEST) == MANIFEST


def test_a_split() -> None:
    assert chosen(Selection(splits=("test",))) == ["c-0", "d-4", "a-5"]
    assert chosen(Selection(splits=("test", "train"))) == chosen(Selection())


def test_the_first_videos_in_the_manifests_order() -> None:
    assert chosen(Selection(limit=2)) == ["c-0", "a-1", "c-2", "a-5"]
    assert chosen(Selection(splits=("train",), limit=2)) == ["a-1", "c-2"]
    assert chosen(Selection(limit=99)) == chosen(Selection())


def test_an_unknown_split_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="no split 'trian'; its splits: test, train"):
        Selection(splits=("trian",)).of(MANIFEST)


def test_what_another_split_says_of_a_video_holds() -> None:
    rows = (
        ClipRow("a-0", "a", 0, 1, "train", {"projection": "eac", "place": "a hall"}),
        ClipRow("a-1", "a", 1, 2, "test", {"projection": "", "place": "a church"}),
    )
    (row,) = Selection(splits=("test",)).of(Manifest(Path("clips.csv"), rows, ())).rows
    assert row.extra == {"projection": "eac", "place": "a church"}


@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_each_video_is_in_exactly_one_part_with_all_its_clips(count: int) -> None:
    rows = [(f"video{number // 3}", "train") for number in range(300)]
    manifest = manifest_of(*rows)
    parts = [chosen(Selection(part=Part(index, count)), manifest) for index in range(1, count + 1)]
    assert sorted(clip_id for part in parts for clip_id in part) == sorted(row.clip_id for row in manifest.rows)
    owners = [{clip_id.rpartition("-")[0] for clip_id in part} for part in parts]
    assert sum(len(owner) for owner in owners) == 100


def test_a_part_does_not_depend_on_what_else_the_manifest_holds() -> None:
    """A list that grows, or is sorted otherwise, moves no video to another job."""
    rows = [(f"video{number}", "train") for number in range(60)]
    before = {video_id: Part(2, 5).has(video_id) for video_id, _ in rows}
    random.Random(1).shuffle(rows)
    shuffled = manifest_of(*rows, ("new", "train"), ("another", "test"))
    kept = set(Selection(part=Part(2, 5)).of(shuffled).video_ids) - {"new", "another"}
    assert kept == {video_id for video_id, is_mine in before.items() if is_mine}


def test_parts_are_balanced() -> None:
    """5,000 videos in 16 parts: 312 on average, with a deviation of 17."""
    counts = Counter(index for k in range(5000) for index in range(1, 17) if Part(index, 16).has(f"{k:011d}"))
    assert len(counts) == 16
    assert max(abs(count - 312.5) for count in counts.values()) < 4 * 17.1


@pytest.mark.parametrize(("text", "part"), [("1/1", Part(1, 1)), (" 3/16 ", Part(3, 16)), ("007/010", Part(7, 10))])
def test_parts_as_they_are_given(text: str, part: Part) -> None:
    assert parse_part(text) == part


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "1/0", "1/", "/2", "a/b", "1/2/3", "1.5/4", "٣/٤"])
def test_parts_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"I/N, job I of N counted from 1"):
        parse_part(text)


def test_a_part_works_in_a_folder_of_its_own() -> None:
    assert Selection(part=Part(3, 16)).folder(Path("work")) == Path("work/part-0003-of-0016")
    assert Selection().folder(Path("work")) == Path("work")
