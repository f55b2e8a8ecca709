"""What a manifest counts: by split and in all, along its videos, and what a reader should know of it."""

import random
from pathlib import Path

import cv2
import pytest

from yt360_tools.errors import UsageError
from yt360_tools.manifest import ManifestStatistics, manifest_statistics
from yt360_tools.report.manifest_plot import draw_manifest

HEADER = "video_id,start_s,end_s,split\n"


def statistics(folder: Path, rows: str) -> ManifestStatistics:
    path = folder / "clips.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return manifest_statistics(path)


@pytest.fixture
def found(tmp_path: Path) -> ManifestStatistics:
    rows = "a,0,10,train\na,10,20,train\na,20,36,test\nb,0,36,train\nc,,,test\nd,0,3,none\n/,0,1,test\na,0,9,train\n"
    return statistics(tmp_path, rows + "a,5,1,train\n")


class TestCounts:
    def test_of_all_rows(self, found: ManifestStatistics) -> None:
        total = found.total
        assert (total.rows, total.clips, total.whole_videos, total.videos) == (6, 5, 1, 4)
        assert total.hours == pytest.approx(75 / 3600)
        assert (total.clips_per_video_median, total.clips_per_video_max) == (1.0, 3)

    def test_of_each_split(self, found: ManifestStatistics) -> None:
        counts = {part.split: (part.rows, part.videos) for part in found.splits}
        assert counts == {"none": (1, 1), "test": (2, 2), "train": (3, 2)}

    def test_of_what_is_in_the_splits(self, found: ManifestStatistics) -> None:
        assert (found.in_splits.rows, found.in_splits.videos) == (5, 3)
        assert found.in_splits.hours == pytest.approx(72 / 3600)

    def test_of_a_manifest_without_splits_are_in_the_one_it_gets(self, tmp_path: Path) -> None:
        found = statistics(tmp_path, "a,0,1,\nb,0,1,\n")
        assert [part.split for part in found.splits] == ["all"]
        assert (found.in_splits.rows, found.videos_in_no_split) == (2, ())

    def test_of_rows_that_name_no_split_beside_others_that_do(self, tmp_path: Path) -> None:
        found = statistics(tmp_path, "a,0,1,train\nb,0,1,\nc,0,1,none\n")
        assert (found.in_splits.rows, found.videos_in_no_split) == (1, ("b", "c"))

    def test_name_videos_in_two_splits_and_in_none(self, found: ManifestStatistics) -> None:
        assert (found.videos_in_two_splits, found.videos_in_two_splits_count) == (("a",), 1)
        assert (found.videos_in_no_split, found.videos_in_no_split_count) == (("d",), 1)

    def test_of_faults_by_reason(self, found: ManifestStatistics) -> None:
        assert found.faults == {"bad_id": 1, "duplicate": 1, "bad_times": 1}

    def test_of_clips_a_video_and_their_lengths(self, found: ManifestStatistics) -> None:
        assert [(group.low, group.high, group.count) for group in found.clips_per_video] == [(1, 2, 2), (2, 4, 1)]
        lengths = (3, 10, 10, 16, 36)
        assert sum(group.count for group in found.clip_lengths_s) == len(lengths)
        for group in found.clip_lengths_s:
            assert sum(group.low <= length < group.high for length in lengths) == group.count

    def test_of_whole_videos_alone(self, tmp_path: Path) -> None:
        found = statistics(tmp_path, "a,,,x\nb,,,x\n")
        total = found.total
        assert (total.clips, total.hours, total.clips_per_video_median, total.clips_per_video_max) == (0, 0, 0, 0)
        assert (found.gaps.count, found.overlaps.clips, found.clip_lengths_s) == (0, 0, ())


class TestAlongAVideo:
    def test_gaps_lie_between_clips(self, tmp_path: Path) -> None:
        """0--10  12--14  14--15      25--30, and another video that has none."""
        gaps = statistics(tmp_path, "a,0,10,x\na,14,15,x\na,12,14,x\na,25,30,x\nb,0,1,x\nb,1,2,x\n").gaps
        assert (gaps.count, gaps.videos, gaps.longest_s, gaps.median_s) == (2, 1, 10.0, 6.0)
        assert gaps.hours == pytest.approx(12 / 3600)

    def test_what_overlaps_is_covered_once(self, tmp_path: Path) -> None:
        """0------10, 2--4 and 5--6 within it, 9---12 over its end, and 13-14 behind a gap."""
        found = statistics(tmp_path, "a,2,4,x\na,0,10,x\na,9,12,x\na,5,6,x\na,13,14,x\nb,9,10,x\n")
        overlaps = found.overlaps
        assert (overlaps.clips, overlaps.videos) == (3, 1)
        assert overlaps.covered_hours == pytest.approx((12 + 1 + 1) / 3600)
        assert overlaps.hours == pytest.approx((2 + 1 + 1) / 3600)
        assert (found.gaps.count, found.gaps.longest_s) == (1, 1.0)

    def test_sums_that_floats_cannot_hold_make_neither(self, tmp_path: Path) -> None:
        found = statistics(tmp_path, "a,0,0.30000000000000004,x\na,0.3,0.6,x\na,0.6000000000000001,1,x\n")
        assert (found.gaps.count, found.overlaps.clips) == (0, 0)

    @pytest.mark.parametrize("seed", range(5))
    def test_as_counted_second_by_second(self, seed: int, tmp_path: Path) -> None:
        draw = random.Random(seed)
        spans = list({(start := draw.randrange(60), start + draw.randrange(1, 9)): None for _ in range(14)})
        starts = {start: (start, end) for start, end in spans}  # a clip's id has only its start
        found = statistics(tmp_path, "".join(f"a,{start},{end},x\n" for start, end in starts.values()))
        covered = {second for start, end in starts.values() for second in range(start, end)}
        assert found.overlaps.covered_hours * 3600 == pytest.approx(len(covered))
        assert found.gaps.hours * 3600 == pytest.approx(max(covered) + 1 - min(covered) - len(covered))
        begun = [any(other < start < end for other, end in starts.values()) for start in starts]
        assert found.overlaps.clips == sum(begun)


class TestPlot:
    def test_is_a_png_of_any_manifest(self, found: ManifestStatistics, tmp_path: Path) -> None:
        many = statistics(
            tmp_path, "".join(f"v{i},{i},{2 * i + 1},split-with-a-long-name-{i % 12}\n" for i in range(99))
        )
        whole = statistics(tmp_path, "a,,,x\n")
        for statistics_ in (found, many, whole):
            draw_manifest(statistics_, tmp_path / "plot.png", title="clips.csv")
            picture = cv2.imread(str(tmp_path / "plot.png"))
            assert picture is not None
            assert picture.shape[1] > 2 * picture.shape[0]
            assert picture.std() > 5

    def test_has_another_name_refused(self, found: ManifestStatistics, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"should end with \.png"):
            draw_manifest(found, tmp_path / "plot.svg", title="")
