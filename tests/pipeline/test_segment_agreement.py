"""How found windows are held against listed ones, and the threshold that is found by it."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from yt360_tools.config import SegmentConfig
from yt360_tools.errors import UsageError
from yt360_tools.pipeline.compare_windows import Agreement, agreement_of, found_windows, total_of
from yt360_tools.pipeline.fit_windows import ABSOLUTE, RELATIVE, Fit, better_of, fit_threshold
from yt360_tools.pipeline.listed_videos import check_tolerance
from yt360_tools.pipeline.materials import Unread, _in_workers
from yt360_tools.pipeline.window_lists import read_window_list
from yt360_tools.pipeline.windows import HOP_S, Candidates, Material, candidates_of
from yt360_tools.report.agreement_plot import draw_fit

CONFIG = SegmentConfig()


def tens(*starts: float) -> list[tuple[float, float]]:
    return [(start, start + 10.0) for start in starts]


class TestAgreement:
    def test_starts_within_the_tolerance_match(self) -> None:
        seen = agreement_of(tens(0, 10, 20, 40), tens(1, 11.01, 30, 41), 1.0)
        assert (seen.listed, seen.found, seen.matched, seen.missed, seen.extra) == (4, 4, 2, 2, 2)
        assert (seen.missed_s, seen.extra_s) == ((10, 20), (11.01, 30))
        assert (seen.precision, seen.recall, seen.f1) == (0.5, 0.5, 0.5)

    def test_each_window_is_in_one_pair(self) -> None:
        seen = agreement_of(tens(0, 1, 2), tens(1), 1.0)
        assert (seen.matched, seen.missed, seen.extra) == (1, 2, 0)

    def test_seconds_that_both_cover(self) -> None:
        """0 to 10 and 5 to 15 are 15 s of the list; 12 to 22 is found: 3 s are common."""
        seen = agreement_of(tens(0, 5), tens(12), 1.0)
        assert (seen.listed_s, seen.found_s, seen.common_s) == (15, 10, 3)

    def test_nothing_found_and_nothing_listed(self) -> None:
        seen = agreement_of(tens(0), (), 1.0)
        assert (seen.precision, seen.recall, seen.f1) == (None, 0.0, 0.0)
        seen = agreement_of((), tens(0), 1.0)
        assert (seen.precision, seen.recall, seen.f1) == (0.0, None, 0.0)
        assert total_of({}).f1 == 1.0

    def test_the_total_adds_up(self) -> None:
        total = total_of({"a": agreement_of(tens(0, 10), tens(0), 1.0), "b": agreement_of(tens(5), tens(5, 30), 1.0)})
        assert (total.listed, total.found, total.matched, total.missed, total.extra) == (3, 3, 2, 1, 1)
        assert (total.listed_s, total.found_s, total.common_s) == (30, 30, 20)

    def test_as_many_pairs_as_there_can_be(self) -> None:
        """Against the longest matching that augmenting paths find."""
        rng = np.random.default_rng(3)
        for _ in range(200):
            listed, found = (np.sort(rng.uniform(0, 30, rng.integers(0, 12))) for _ in range(2))
            seen = agreement_of(tens(*listed), tens(*found), 2.0)
            assert seen.matched == longest_matching(listed, found, 2.0)

    @pytest.mark.parametrize("tolerance_s", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_tolerance_is_a_positive_number(self, tolerance_s: float) -> None:
        with pytest.raises(UsageError, match=r"--tolerance .*greater than 0"):
            check_tolerance(tolerance_s)


def longest_matching(listed: np.ndarray, found: np.ndarray, tolerance_s: float) -> int:
    partner: dict[int, int] = {}

    def finds_one(place: int, seen: set[int]) -> bool:
        for other in range(found.size):
            if abs(found[other] - listed[place]) <= tolerance_s and other not in seen:
                seen.add(other)
                if other not in partner or finds_one(partner[other], seen):
                    partner[other] = place
                    return True
        return False

    return sum(finds_one(place, set()) for place in range(listed.size))


def levelled(video_id: str, levels_dbfs: np.ndarray, seconds_each: float = 13.7) -> tuple[Material, np.ndarray]:
    hops = np.repeat(10 ** (levels_dbfs / 20), round(seconds_each / HOP_S))
    return Material(video_id, 0.0, hops.size * HOP_S, 0.0, hops), hops


def listed_by(hops: np.ndarray, threshold_dbfs: float) -> list[tuple[float, float]]:
    """The windows of a plain loop over seconds."""
    found, start = [], 0
    while (start + 10) / HOP_S <= hops.size:
        inside = hops[round(start / HOP_S) : round((start + 10) / HOP_S)]
        sounds = 10 * np.log10(np.mean(inside**2)) >= threshold_dbfs
        found += [(float(start), start + 10.0)] if sounds else []
        start += 10 if sounds else 1
    return found


Made = tuple[dict[str, Candidates | None], dict[str, list[tuple[float, float]]]]


def made_list(threshold: float, seed: int, *, is_relative: bool = False) -> Made:
    """Six videos of varied levels and a list made of them; the tracks' loud levels are from -35 to -10 dBFS."""
    rng = np.random.default_rng(seed)
    candidates: dict[str, Candidates | None] = {}
    listed: dict[str, list[tuple[float, float]]] = {}
    for number, loud in enumerate(rng.uniform(-35, -10, 6)):
        material, hops = levelled(f"v{number}", np.append(rng.uniform(-58, loud, 24), [loud, loud, loud]))
        candidates[material.video_id] = candidates_of(material, CONFIG)
        listed[material.video_id] = listed_by(hops, loud - threshold if is_relative else threshold)
    return candidates, listed


def fits(candidates: dict[str, Candidates | None], listed: dict[str, list[tuple[float, float]]]) -> tuple[Fit, Fit]:
    absolute, relative = (fit_threshold(option, candidates, listed, CONFIG, 1.0) for option in (ABSOLUTE, RELATIVE))
    return absolute, relative


class TestFit:
    @pytest.mark.parametrize(("threshold", "seed"), [(-50.3, 0), (-44.0, 1), (-38.7, 2), (-31.2, 3), (-25.9, 4)])
    def test_the_threshold_that_made_a_list_is_recovered(self, threshold: float, seed: int) -> None:
        absolute, relative = fits(*made_list(threshold, seed))
        assert abs(absolute.best - threshold) <= 1.0
        assert absolute.agreement.f1 > 0.9
        assert absolute.least <= absolute.best <= absolute.greatest
        assert better_of(absolute, relative) is absolute

    @pytest.mark.parametrize(("below", "seed"), [(8.3, 5), (15.0, 6)])
    def test_so_is_one_relative_to_the_track(self, below: float, seed: int) -> None:
        absolute, relative = fits(*made_list(below, seed, is_relative=True))
        assert abs(relative.best - below) <= 1.0
        assert better_of(absolute, relative) is relative
        assert relative.applied_to(CONFIG).most_below_track_db == relative.best

    def test_the_curve_is_what_each_threshold_gives(self) -> None:
        candidates, listed = made_list(-40.0, 7)
        absolute, _ = fits(candidates, listed)
        assert list(absolute.thresholds) == sorted(absolute.thresholds)
        for place in (0, 17, len(absolute.thresholds) // 2, len(absolute.thresholds) - 1):
            config = replace(CONFIG, min_level_dbfs=absolute.thresholds[place])
            total = total_of({v: agreement_of(listed[v], found_windows(c, config), 1.0) for v, c in candidates.items()})
            assert absolute.f1[place] == pytest.approx(total.f1)
            assert absolute.recall[place] == pytest.approx(total.recall)
            assert absolute.precision[place] == pytest.approx(total.precision or float("nan"), nan_ok=True)
        assert max(absolute.f1) == pytest.approx(absolute.agreement.f1)

    def test_a_list_of_everything_does_not_tell_how_mild_it_was(self) -> None:
        candidates, listed = made_list(-90.0, 8)
        absolute, _ = fits(candidates, listed)
        assert absolute.is_open
        assert absolute.agreement.f1 == 1.0
        quietest = min(float(one.levels_dbfs.min()) for one in candidates.values() if one)
        assert absolute.best <= quietest + 1.0

    def test_videos_without_a_candidate_are_missed(self) -> None:
        candidates, listed = made_list(-40.0, 9)
        whole, _ = fits(candidates, listed)
        candidates["short"], listed["short"] = None, tens(0)
        absolute, _ = fits(candidates, listed)
        assert absolute.best == whole.best
        assert absolute.agreement.listed == whole.agreement.listed + 1
        assert absolute.agreement.missed == whole.agreement.missed + 1

    def test_silent_videos_alone(self) -> None:
        material, _ = levelled("v", np.full(3, -300.0))
        absolute, relative = fits({"v": candidates_of(material, CONFIG)}, {"v": tens(0)})
        assert absolute.agreement == replace(relative.agreement)
        assert absolute.agreement == Agreement(1, 0, 0, 10.0, 0, 0)

    def test_it_can_be_drawn(self) -> None:
        curves = fits(*made_list(-40.0, 10))
        pixels = draw_fit(curves, title="list.csv")
        assert pixels.shape[1] == 980
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_a_worker_that_dies_takes_no_other_video_with_it() -> None:
    calls = {name: partial(Unread, name, "reason", "detail", True) for name in "abcd"}
    found = dict(_in_workers({**calls, "b": partial(os._exit, 3)}, 2))
    assert found.keys() == calls.keys()
    assert {name: one.reason for name, one in found.items()} == {
        "a": "reason", "b": "worker_died", "c": "reason", "d": "reason",
    }  # fmt: skip


class TestLists:
    def test_a_manifest(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_text("video_id,start_s,end_s\nb,20,30\nb,1.5,11.5\na,0,10\nb,x,11\nwhole,,\nb,20,30\n")
        found = read_window_list(path)
        assert found.windows == {"b": ((1.5, 11.5), (20.0, 30.0)), "a": ((0.0, 10.0),)}
        assert found.whole_videos == 1
        assert [fault.split(":")[0] for fault in found.faults] == ["list.csv line 5", "list.csv line 7"]

    def test_a_published_list_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "segments.txt"
        path.write_text("aaaaaaaaaaa 0,10,33\n-bbbbbbbbbb 5\nshort 5\nccccccccccc 1,x\n")
        found = read_window_list(path)
        assert found.windows == {
            "-bbbbbbbbbb": ((5.0, 15.0),),
            "aaaaaaaaaaa": ((0.0, 10.0), (10.0, 20.0), (33.0, 43.0)),
            "ccccccccccc": ((1.0, 11.0),),
        }
        assert ["line 3" in found.faults[0], "line 4" in found.faults[1], len(found.faults)] == [True, True, 2]

    def test_the_folder_of_published_lists(self, tmp_path: Path) -> None:
        (tmp_path / "segments.txt").write_text("aaaaaaaaaaa 0,10\n")
        (tmp_path / "train.txt").write_text("aaaaaaaaaaa\n")
        (tmp_path / "test.txt").write_text("bbbbbbbbbbb\n")
        assert read_window_list(tmp_path).windows == {"aaaaaaaaaaa": ((0.0, 10.0), (10.0, 20.0))}

    def test_lists_that_hold_no_window(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not there"):
            read_window_list(tmp_path / "nothing.csv")
        path = tmp_path / "whole.csv"
        path.write_text("video_id\na\nb\n")
        with pytest.raises(UsageError, match=r"no windows.*2 rows stand for whole videos"):
            read_window_list(path)
        path.write_text("video_id,start_s,end_s\na,3,2\n")
        with pytest.raises(UsageError, match=r"no windows.*whole.csv line 2: "):
            read_window_list(path)
        (tmp_path / "list.txt").write_text("a 1,2\n")
        with pytest.raises(UsageError, match=r"the name's end tells the format.*nor is it a published list"):
            read_window_list(tmp_path / "list.txt")
        with pytest.raises(UsageError, match=r"Is a directory; nor is it a published list"):
            read_window_list(tmp_path)
