"""The published lists, where they are beside the repository: their checksums are the descriptors', and they are
imported to exactly what they hold.
"""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from yt360_tools.manifest.descriptors import descriptor_of, known_datasets
from yt360_tools.manifest.importing import ImportReport, read_lists, sha256_of

LISTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "lists"
NAMES = tuple(name for name in known_datasets() if descriptor_of(name).files)

pytestmark = pytest.mark.skipif(not LISTS.is_dir(), reason="the published lists are not beside the repository")


@cache
def report(name: str) -> ImportReport:
    return read_lists(descriptor_of(name), LISTS)


def videos(name: str, split: str | None = None) -> set[str]:
    return {row.video_id for row in report(name).rows if split in (None, row.split)}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_them(name: str) -> None:
    assert report(name).differences == ()
    assert report(name).faults == ()
    clip_ids = [row.clip_id for row in report(name).rows]
    assert len(set(clip_ids)) == len(clip_ids)
    assert [(row.video_id, row.start_s) for row in report(name).rows] == sorted(
        (row.video_id, row.start_s) for row in report(name).rows
    )


@pytest.mark.parametrize(
    ("name", "found_videos", "rows", "splits"),
    [
        ("yt360", 5723, 91176, {"train": 73635, "test": 15119, "none": 2422}),
        ("sphere360", 6132, 103596, {"train": 100533, "test": 3063}),
        ("yt-ambigen", 3138, 102364, {"train": 81594, "valid": 9604, "test": 11166}),
        ("yt-all", 1146, 1146, {"train": 860, "test": 286}),
        ("yt-clean", 496, 496, {"train": 372, "test": 124}),
        ("yt-music", 397, 397, {"train": 298, "test": 99}),
        ("rec-street", 43, 43, {"train": 33, "test": 10}),
    ],
)
def test_they_hold_what_their_makers_say(name: str, found_videos: int, rows: int, splits: dict[str, int]) -> None:
    assert len(videos(name)) == found_videos
    assert len(report(name).rows) == rows
    assert Counter(row.split for row in report(name).rows) == splits


def test_the_checksums_are_those_of_the_lists_documentation() -> None:
    text = (LISTS / "README.md").read_text(encoding="utf-8")
    for name in ("yt360", "sphere360", "yt-ambigen"):
        for file in descriptor_of(name).files:
            assert file.sha256 in text
            assert sha256_of(LISTS / name / file.file_name) == file.sha256


def test_yt360() -> None:
    rows = report("yt360").rows
    assert {split: len(videos("yt360", split)) for split in ("train", "test", "none")} == {
        "train": 4506,
        "test": 1000,
        "none": 217,
    }
    assert all(row.end_s == (row.start_s or 0.0) + 10 for row in rows)
    assert sum(row.split != "none" for row in rows) * 10 / 3600 == pytest.approx(246.5, abs=0.05)
    assert [sum(name[0] == mark for name in videos("yt360")) for mark in "-_"] == [94, 77]
    per_video = sorted(Counter(row.video_id for row in rows).values())
    assert (per_video[-1], per_video[len(per_video) // 2]) == (2242, 9)


def test_sphere360() -> None:
    rows = report("sphere360").rows
    assert len(videos("sphere360", "train") & videos("sphere360", "test")) == 63
    odd = [row for row in rows if len(row.video_id) != 11]
    assert (len(odd), len({row.video_id for row in odd})) == (134, 14)
    assert all(row.video_id == f"{row.extra['probable_video_id']}l" for row in odd)
    assert all(not row.extra["probable_video_id"] for row in rows if len(row.video_id) == 11)


def test_yt_ambigen() -> None:
    assert all(row.end_s == (row.start_s or 0.0) + 5 for row in report("yt-ambigen").rows)
    splits = [videos("yt-ambigen", split) for split in ("train", "valid", "test")]
    assert sum(map(len, splits)) == len(set.union(*splits))


def test_the_lists_of_2018() -> None:
    every = set.union(*(videos(name) for name in ("yt-all", "yt-clean", "yt-music", "rec-street")))
    assert len(every) == 1189
    layouts = Counter(row.extra["audio_layout"] for row in report("yt-all").rows)
    assert layouts == {"WXYZ": 657, "WXY": 489}
    assert len(videos("yt-clean", "test") & videos("yt-all", "train")) == 92


def test_what_they_share() -> None:
    assert len(videos("yt360", "test") & videos("sphere360", "train")) == 748
