"""The rule by which whole videos are cut, on levels that are drawn by hand."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from yt360_tools.config import SegmentConfig
from yt360_tools.errors import MediaError
from yt360_tools.pipeline.segment import windows_of
from yt360_tools.pipeline.windows import HOP_S, Material

PLAIN = SegmentConfig(clip_s=10.0, min_level_dbfs=-60.0, most_silent_s=0.0)
"""The level over a window alone."""


def levels(
    *sounding_s: tuple[float, float], seconds: float = 60.0, level: float = 0.1, quiet: float = 0.0
) -> np.ndarray:
    """`level` of full scale in the given spans, `quiet` elsewhere."""
    found = np.full(round(seconds / HOP_S), quiet)
    for begin, end in sounding_s:
        found[round(begin / HOP_S) : round(end / HOP_S)] = level
    return found


def find(
    drawn: np.ndarray,
    config: SegmentConfig = PLAIN,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    marked: tuple[tuple[float, float, str], ...] = (),
    cuts_s: tuple[float, ...] = (),
) -> list[float]:
    end_s = start_s + drawn.size * HOP_S if end_s is None else end_s
    found = windows_of(Material("v", start_s, end_s, start_s, drawn, marked, cuts_s), "train", config)
    for one in found:
        assert (one.clip_id, one.split) == (f"v-{one.start_s:g}", "train")
        assert one.end_s == one.start_s + config.clip_s
    return [one.start_s for one in found]


def refusal(*arguments: object, **options: object) -> MediaError:
    with pytest.raises(MediaError) as caught:
        find(*arguments, **options)  # type: ignore[arg-type]
    return caught.value


class TestLevel:
    def test_windows_follow_one_another_where_it_always_sounds(self) -> None:
        assert find(levels((0, 60))) == [0, 10, 20, 30, 40, 50]

    def test_silence_is_skipped_and_starts_are_whole_seconds(self) -> None:
        """The first that hears anything of the sound at 22.5 to 40 s is the one that ends at 23 s."""
        assert find(levels((22.5, 40))) == [13, 23, 33]

    def test_the_level_counts_on_average(self) -> None:
        """Half a second at 0.1 of 10 s is 0.1^2 / 20 on average: -33 dBFS."""
        drawn = levels((22.5, 23))
        assert find(drawn, replace(PLAIN, min_level_dbfs=-33.1)) == [13]
        error = refusal(drawn, replace(PLAIN, min_level_dbfs=-32.9))
        assert error.reason == "silent"
        assert "reaches -32.9 dBFS (the loudest has -33.0)" in str(error)

    def test_a_silent_video_has_none(self) -> None:
        for config in (PLAIN, SegmentConfig()):
            error = refusal(levels(), config)
            assert error.reason == "silent"
            assert "reaches -60 dBFS" in str(error)

    def test_levels_lie_on_the_sources_clock(self) -> None:
        """They count from 5.3 s: 0.7 s after that is second 6, so the sound of 16 to 26 s is one window's."""
        drawn = levels((16 - 5.3, 26 - 5.3), seconds=25)
        assert find(drawn, replace(PLAIN, min_level_dbfs=-20.3), start_s=5.3) == [16]
        assert find(levels((0, 25), seconds=25), start_s=5.3) == [6, 16]

    def test_a_threshold_relative_to_the_track(self) -> None:
        """Half of the track at -20 dBFS, half at -45: the loud level is -20, and 25 dB below is just within reach."""
        drawn = np.concatenate([levels((0, 30), seconds=30), levels((0, 30), seconds=30, level=10 ** (-45 / 20))])
        assert find(drawn, replace(PLAIN, most_below_track_db=25.5)) == [0, 10, 20, 30, 40, 50]
        assert find(drawn, replace(PLAIN, most_below_track_db=24.5)) == [0, 10, 20]

    def test_a_few_loud_events_do_not_make_a_track_loud(self) -> None:
        """1 s of 60 at full scale: what the others are held against is what W exceeds for 5 % of the time."""
        drawn = np.concatenate([levels((0, 1), seconds=1, level=1.0), levels((0, 59), seconds=59, level=0.01)])
        assert find(drawn, replace(PLAIN, most_below_track_db=3.0)) == [0, 10, 20, 30, 40, 50]

    def test_a_threshold_relative_to_the_track_may_leave_none(self) -> None:
        """Loud for 10 % of the time, never long enough: the mean of a window is 10 dB below."""
        drawn = np.tile(levels((0, 0.1), seconds=1, level=0.5), 30)
        error = refusal(drawn, replace(PLAIN, most_below_track_db=9.0))
        assert error.reason == "silent"
        assert "within 9 dB of the track's loud level, -6.0 dBFS (the loudest has -16.0)" in str(error)


class TestEnds:
    def test_windows_lie_within_the_video(self) -> None:
        assert find(levels((0, 19.9), seconds=19.9)) == [0]
        assert find(levels((0, 30), seconds=30), end_s=20.0) == [0, 10]

    def test_a_video_may_be_too_short(self) -> None:
        error = refusal(levels((0, 9.9), seconds=9.9))
        assert error.reason == "too_short"
        assert "a clip takes 10 s (--clip-s" in str(error)

    @pytest.mark.parametrize(("clip_s", "starts"), [(2.5, [0, 3, 6]), (0.3, list(range(10))), (7.0, [0])])
    def test_clips_may_have_any_length(self, clip_s: float, starts: list[int]) -> None:
        assert find(levels((0, 10), seconds=10), replace(PLAIN, clip_s=clip_s)) == starts

    def test_sound_that_is_missing_counts_as_silence(self) -> None:
        """The levels end at 12 s, the video at 30 s."""
        assert find(levels((0, 12), seconds=12), end_s=30.0) == [0, 10]


class TestSilence:
    CONFIG = SegmentConfig(clip_s=10.0)

    def test_of_a_second_is_in_no_window(self) -> None:
        assert find(levels((0, 14), (15.2, 60)), self.CONFIG) == [0, 15, 25, 35, 45]
        assert find(levels((0, 14), (15.2, 60)), replace(self.CONFIG, most_silent_s=0.0)) == [0, 10, 20, 30, 40, 50]
        assert find(levels((0, 14), (15.2, 60)), replace(self.CONFIG, most_silent_s=1.5)) == [0, 10, 20, 30, 40, 50]

    def test_that_is_shorter_does_no_harm(self) -> None:
        assert find(levels((0, 14), (14.9, 60)), self.CONFIG) == [0, 10, 20, 30, 40, 50]

    def test_counts_as_far_as_it_lies_in_the_window(self) -> None:
        """19.5 s of silence to 30.1 s: the window from 30 s on has 0.1 s of it, the one to 20 s half a second."""
        assert find(levels((0, 19.5), (30.1, 60)), self.CONFIG) == [0, 10, 30, 40, 50]

    def test_ends_where_it_sounds_for_a_moment(self) -> None:
        drawn = levels(*((k * 0.9, k * 0.9 + 0.05) for k in range(66)))
        assert find(drawn, self.CONFIG) == [0, 10, 20, 30, 40]

    def test_is_what_is_below_its_level(self) -> None:
        drawn = levels((0, 14), (16, 60), quiet=10 ** (-65 / 20))
        assert find(drawn, self.CONFIG) == [0, 16, 26, 36, 46]
        assert find(drawn, replace(self.CONFIG, silent_dbfs=-70.0)) == [0, 10, 20, 30, 40, 50]

    def test_has_begun_where_a_codec_only_rings_on(self) -> None:
        """A silence of 1 s of which a tenth is rung over, 30 dB down; a sound that fades so far is no silence alone."""
        drawn = levels((0, 14), (15, 60))
        ringing = drawn.copy()
        ringing[round(14 / HOP_S) : round(14.1 / HOP_S)] = 0.1 * 10 ** (-30 / 20)
        assert find(ringing, self.CONFIG) == find(drawn, self.CONFIG) == [0, 15, 25, 35, 45]
        fading = levels((0, 60))
        fading[round(14 / HOP_S) : round(15 / HOP_S)] = 0.1 * 10 ** (-30 / 20)
        assert find(fading, self.CONFIG) == [0, 10, 20, 30, 40, 50]

    def test_everywhere_leaves_none(self) -> None:
        error = refusal(np.tile(levels((0, 5), seconds=8), 5), self.CONFIG)
        assert error.reason == "silent"
        assert "31 hold 1 s of silence or more (below -60 dBFS)" in str(error)


class TestMarks:
    CONFIG = SegmentConfig(clip_s=10.0)
    LOUD = levels((0, 60))

    @pytest.mark.parametrize("word", ["black_spans", "frozen_spans", "black", "frozen"])
    def test_no_window_reaches_into_a_marked_span(self, word: str) -> None:
        assert find(self.LOUD, self.CONFIG, marked=((22.0, 23.5, word),)) == [0, 10, 24, 34, 44]
        assert find(self.LOUD, self.CONFIG, marked=((20.0, 24.0, word),)) == [0, 10, 24, 34, 44]
        assert find(self.LOUD, self.CONFIG, marked=((0.0, 0.2, word), (59.9, 60.0, word))) == [1, 11, 21, 31, 41]

    def test_no_window_reaches_over_a_cut(self) -> None:
        assert find(self.LOUD, self.CONFIG, cuts_s=(10.0, 13.4, 30.0)) == [0, 14, 30, 40, 50]

    def test_all_of_it_may_be_marked(self) -> None:
        error = refusal(self.LOUD, self.CONFIG, marked=((0.0, 60.0, "frozen"),), cuts_s=(30.5,))
        assert error.reason == "no_usable_window"
        assert "none of 51 windows of 10 s can be used: 51 reach into what validation marks" in str(error)


class TestCap:
    def test_the_first_windows_stay(self) -> None:
        assert find(levels((0, 60)), replace(PLAIN, max_clips_per_video=2)) == [0, 10]

    @pytest.mark.parametrize(
        ("cap", "starts"),
        [(1, [30]), (2, [10, 40]), (3, [10, 30, 50]), (5, [0, 10, 30, 40, 50]), (6, [0, 10, 20, 30, 40, 50])],
    )
    def test_or_they_are_spread(self, cap: int, starts: list[int]) -> None:
        config = replace(PLAIN, max_clips_per_video=cap, cap_takes="spread")
        assert find(levels((0, 60)), config) == starts


def test_no_other_choice_has_more_windows() -> None:
    """Against the best of all choices, counted from the end by what may follow each start."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        free = rng.random(80) < 0.8
        drawn = np.repeat(np.where(free, 0.1, 0.0), round(1 / HOP_S))
        allowed = [bool(free[k : k + 10].all()) for k in range(71)]
        best = [0] * 91
        for start in range(70, -1, -1):
            best[start] = max(best[start + 1], 1 + best[start + 10] if allowed[start] else 0)
        if not best[0]:
            continue
        found = find(drawn, SegmentConfig(clip_s=10.0))
        assert len(found) == best[0]
        assert all(allowed[int(start)] for start in found)
        assert all(b - a >= 10 for a, b in pairwise(found))
        assert not any(math.modf(start)[0] for start in found)
