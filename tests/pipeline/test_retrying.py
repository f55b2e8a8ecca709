"""When what was not fetched is asked for again: growing, jittered pauses, within a run and across runs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from worlds.download_runs import Runs, by_video

from yt360_tools.config import DownloadConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.pipeline.brake import SILENCE, Brake, Ended
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.retrying import Waiting, notes, pause_s
from yt360_tools.pipeline.told import told_videos
from yt360_tools.sources.watched import retry_after_s

CONFIG = DownloadConfig(attempts=3, pause_s=10.0, pause_max_s=1000.0, jitter=0.2, wait_s=100.0, brake_s=60.0)


@dataclass
class Told:
    """A source that ends as it is told, video by video: each try takes the next answer, the last one is repeated."""

    answers: dict[str, list[str]]
    asked: list[str] = field(default_factory=list)
    retry_after_s: float | None = None
    on_ask: Callable[[str], object] = lambda video_id: None
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_local: bool = False

    def fetch(self, video_id: str, destination: Path) -> None:
        with self.lock:
            number = self.asked.count(video_id)
            self.asked.append(video_id)
        self.on_ask(video_id)
        script = self.answers.get(video_id, [""])
        reason = script[min(number, len(script) - 1)]
        if reason.startswith("gone"):
            raise MediaError(reason, f"{video_id}: {reason}")
        if reason:
            error = TransientError(reason, f"{video_id}: {reason}")
            error.retry_after_s = self.retry_after_s
            raise error


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """These sources fetch nothing."""
    monkeypatch.setattr("yt360_tools.pipeline.download.check_fetched", lambda *arguments, **options: None)


class TestPauses:
    def test_double_up_to_the_longest(self) -> None:
        pauses = [pause_s(CONFIG, "network", tries, 0.5) for tries in range(1, 10)]
        assert pauses == [10, 20, 40, 80, 160, 320, 640, 1000, 1000]
        assert pause_s(CONFIG, "network", 10_000, 0.5) == 1000

    def test_are_spread_at_random(self) -> None:
        assert [pause_s(CONFIG, "network", 1, draw) for draw in (0.0, 0.25, 1.0)] == [8.0, 9.0, 12.0]

    def test_are_longer_behind_a_wall(self) -> None:
        assert pause_s(CONFIG, "bot_wall", 1, 0.5) == pause_s(CONFIG, "rate_limited", 1, 0.5) == 300

    def test_are_what_the_server_asks_for_where_that_is_longer(self) -> None:
        assert pause_s(CONFIG, "network", 1, 0.5, retry_after_s=5000) == 5000
        assert pause_s(CONFIG, "network", 3, 0.5, retry_after_s=7) == 40
        assert pause_s(replace(CONFIG, pause_s=0.0), "rate_limited", 3, 0.5, retry_after_s=7) == 7


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("999999999999", 2592000),
        ("9" * 5000, 2592000),
        ("", None),
        ("0" * 9, 0),
        ("Sat, 31 Dec 9999 23:59:59 GMT", 2592000),
        ("Sat, 31 Dec 99999 23:59:59 GMT", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_as_seconds(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text) == seconds


def test_retry_after_as_a_date() -> None:
    now = datetime.now(timezone.utc)
    assert retry_after_s(format_datetime(now + timedelta(hours=1), usegmt=True)) == pytest.approx(3600, abs=5)
    assert retry_after_s(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0


class TestOneRun:
    def test_tries_what_heals_again_after_its_pauses(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["network", "unknown", ""]}), Runs(tmp_path, ["a"])
        assert by_video(runs.run(CONFIG, source).outcomes) == {"a": ("done", "")}
        assert runs.time.slept == [10, 20]

    def test_counts_no_pause_as_time_of_fetching(self, tmp_path: Path) -> None:
        """The clock moves by 5 s with each try, and by what is slept."""
        runs = Runs(tmp_path, ["a", "b"])

        def moves(video_id: str) -> None:
            runs.time.seconds += 5

        source = Told({"a": ["network", "unknown", ""]}, on_ask=moves)
        assert runs.run(replace(CONFIG, jobs=1), source).seconds == 20
        assert sum(runs.time.slept) > 0

    def test_fetches_others_meanwhile(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["network", ""]}), Runs(tmp_path, ["a", "b", "c"])
        runs.run(replace(CONFIG, jobs=1), source)
        assert source.asked == ["a", "b", "c", "a"]

    def test_tries_no_more_than_it_may(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["network"], "b": ["incomplete"]}), Runs(tmp_path, ["a", "b"])
        assert by_video(runs.run(CONFIG, source).outcomes) == {
            "a": ("failed", "network"),
            "b": ("failed", "incomplete"),
        }
        assert sorted(source.asked) == ["a"] * 3 + ["b"] * 3

    @pytest.mark.parametrize("reason", ["gone", "gone_private", "no_spatial_sound", "refused", "cookies", "not_media"])
    def test_asks_once_for_what_does_not_heal(self, reason: str, tmp_path: Path) -> None:
        source, runs = Told({"a": [reason]}), Runs(tmp_path, ["a"])
        runs.run(CONFIG, source)
        runs.time.seconds += 1e6
        runs.run(CONFIG, source)
        assert source.asked == ["a"]

    def test_does_not_wait_longer_than_it_may(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["network"]}, retry_after_s=101.0), Runs(tmp_path, ["a"])
        runs.run(CONFIG, source)
        assert (source.asked, runs.time.slept) == (["a"], [])

    def test_stops_waiting_for_what_does_not_heal_after_all(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["incomplete"], "b": ["network"]}), Runs(tmp_path, ["a", "b"])
        for _ in range(15):
            runs.run(CONFIG, source)
            runs.time.seconds += 2e3
        assert source.asked.count("a") == 12 < source.asked.count("b")
        assert {one.video_id: one.until for one in runs.waiting}["a"] is None
        assert "a" in by_video(runs.run(CONFIG, source, retry=["incomplete"]).outcomes)


class TestTheNextRun:
    def test_leaves_alone_what_is_not_due_and_says_until_when(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["network"], "b": ["rate_limited"]}), Runs(tmp_path, ["a", "b"])
        runs.run(replace(CONFIG, attempts=1), source)
        assert runs.run(CONFIG, source).outcomes == ()
        assert {one.video_id: one.until for one in runs.waiting} == {
            "a": runs.time.now() + timedelta(seconds=10),
            "b": runs.time.now() + timedelta(seconds=300),
        }
        (said,) = notes(runs.waiting)
        assert "2 videos are not asked for yet (network 1, rate_limited 1)" in said
        assert f"the first until {(runs.time.now() + timedelta(seconds=10)).astimezone():%Y-%m-%d %H:%M:%S}" in said
        assert "--retry all" not in said  # not at a wall
        (said,) = notes(runs.waiting[:1])
        assert said.endswith("run again then, or now with --retry all")

    def test_asks_when_it_is_due_and_the_pauses_go_on_growing(self, tmp_path: Path) -> None:
        source, runs = Told({"a": ["network"]}), Runs(tmp_path, ["a"])
        pauses = []
        for _ in range(5):
            runs.run(replace(CONFIG, attempts=1), source)
            until = runs.waiting[0].until
            assert until
            pauses.append((until - runs.time.now()).total_seconds())
            runs.time.seconds += pauses[-1] - 1
            assert runs.run(CONFIG, source).outcomes == ()
            runs.time.seconds += 1
        assert pauses == [10, 20, 40, 80, 160]
        assert len(source.asked) == 5

    def test_asks_at_once_under_another_configuration(self, tmp_path: Path) -> None:
        answers = {"a": ["bot_wall", ""], "b": ["restricted_age", ""], "c": ["gone"]}
        source, runs = Told(answers), Runs(tmp_path, list(answers))
        runs.run(replace(CONFIG, attempts=1, brake_s=0.0), source)
        assert len(source.asked) == 3
        runs.run(replace(CONFIG, attempts=1, pause_s=99.0, jobs=1, sleep_s=9.0), source)
        assert len(source.asked) == 3
        found = runs.run(replace(CONFIG, extractor_args=("youtube:player_client=tv",)), source)
        assert by_video(found.outcomes) == {"a": ("done", ""), "b": ("done", "")}

    @pytest.mark.parametrize(
        ("told", "again"),
        [(["all"], ["a", "b", "c"]), (["gone"], ["c"]), (["network", "refused"], ["a", "b"]), (["disk"], [])],
    )
    def test_asks_now_when_told(self, told: list[str], again: list[str], tmp_path: Path) -> None:
        answers = {"a": ["network", ""], "b": ["refused", ""], "c": ["gone", ""], "d": [""]}
        source, runs = Told(answers), Runs(tmp_path, list(answers))
        runs.run(replace(CONFIG, attempts=1), source)
        before = runs.entries()
        assert sorted(by_video(runs.run(CONFIG, source, retry=told).outcomes)) == again
        after = runs.entries()
        assert {one for one in answers if after[one] != before[one]} == set(again)

    def test_is_told_a_reason_that_there_is(self, tmp_path: Path) -> None:
        runs = Runs(tmp_path, ["a"])
        runs.run(CONFIG, Told({}))
        ledger = Ledger(runs.workspace.ledger)
        with pytest.raises(UsageError, match="'netwrk' is no reason; did you mean 'network'"):
            told_videos(runs.standings(CONFIG, ledger), ledger, ["netwrk"])
        ledger.close()

    def test_asks_again_for_what_an_older_ledger_left(self, tmp_path: Path) -> None:
        """No pause and no configuration stand there."""
        from yt360_tools.records import Outcome

        source, runs = Told({}), Runs(tmp_path, ["a", "b"])
        with runs.workspace.opened():
            ledger = Ledger(runs.workspace.ledger)
            ledger.record([Outcome("a", "download", "failed", "network"), Outcome("b", "download", "failed", "bug")])
            ledger.close()
        assert sorted(by_video(runs.run(CONFIG, source).outcomes)) == ["a", "b"]


def test_what_needs_a_change_says_so() -> None:
    (said,) = notes([Waiting("a", "cookies", None)])
    assert "1 video is not asked for again before something is changed (cookies 1)" in said


class TestTheBrake:
    def brake(self) -> tuple[Brake, list[float]]:
        time = [0.0]
        return Brake(replace(CONFIG, brake_stops=2), lambda: time[0]), time

    def test_lets_all_begin_as_long_as_nothing_is_wrong(self) -> None:
        brake, _ = self.brake()
        for number in range(20):
            assert brake.begin(f"{number}") == 0
            assert brake.end(f"{number}", Ended(("", "gone", "network", "rate_limited")[number % 4])) == ""
        assert not brake.stopped

    def test_is_pulled_by_one_bot_wall_or_three_429s_in_a_row(self) -> None:
        for reason, needed in (("bot_wall", 1), ("rate_limited", 3)):
            brake, _ = self.brake()
            for number in range(needed):
                assert brake.begin(f"{number}") == 0
                assert bool(brake.end(f"{number}", Ended(reason))) == (number == needed - 1)
            assert brake.begin("x") == 60

    def test_counts_a_wall_once_that_several_run_into_at_once(self) -> None:
        brake, time = self.brake()
        assert [brake.begin(one) for one in "abcd"] == [0, 0, 0, 0]
        assert [bool(brake.end(one, Ended("bot_wall"))) for one in "abcd"] == [True, False, False, False]
        time[0] = 60.0
        assert brake.begin("e") == 0

    def test_then_lets_one_try_alone_and_releases_when_it_gets_through(self) -> None:
        brake, time = self.brake()
        assert [brake.begin(one) for one in "ab"] == [0, 0]
        brake.end("a", Ended("bot_wall"))
        time[0] = 60.0
        assert brake.begin("c") == float("inf")  # b is still under way
        brake.end("b", Ended(""))  # it had begun before: this says nothing
        assert brake.begin("c") == 0
        assert brake.begin("d") == float("inf")
        brake.end("c", Ended(""))
        assert [brake.begin(one) for one in "efg"] == [0, 0, 0]

    def test_pauses_twice_as_long_and_stops_in_the_end(self) -> None:
        brake, time = self.brake()
        waited = []
        while not brake.stopped:
            assert brake.begin("a") == 0
            brake.end("a", Ended("bot_wall"))
            waited.append(brake.begin("b"))
            time[0] += waited[-1]
        assert waited == [60, 120, float("inf")]
        assert "2 pauses" in brake.stopped

    def test_is_pulled_when_no_server_answers_any_more(self) -> None:
        brake, time = self.brake()
        silence = Ended("network", was_answered=False)
        for number in range(5 * SILENCE):
            assert brake.begin(f"{number}") == 0
            assert brake.end(f"{number}", Ended("network") if number % SILENCE == 6 else silence) == ""
        for number in range(SILENCE - 1):
            assert brake.begin(f"{number}") == 0
            said = brake.end(f"{number}", silence)
        assert "is this machine online?" in said
        time[0] = 60.0
        assert brake.begin("a") == 0
        assert brake.begin("b") == float("inf")
        brake.end("a", Ended("network"))  # a server that fails is a server
        assert [brake.begin(one) for one in "cd"] == [0, 0]

    def test_is_not_pulled_by_one_video_that_is_tried_again_and_again(self) -> None:
        brake, _ = self.brake()
        for _ in range(3 * SILENCE):
            assert brake.begin("a") == 0
            assert brake.end("a", Ended("network", was_answered=False)) == ""

    def test_is_not_released_by_what_says_nothing_of_the_server(self) -> None:
        for reason in ("network", "disk", "cookies", "unsupported", "bug"):
            brake, time = self.brake()
            assert brake.begin("a") == 0
            brake.end("a", Ended("bot_wall"))
            time[0] = 60.0
            assert brake.begin("b") == 0
            brake.end("b", Ended(reason))
            assert brake.begin("c") == 0
            assert brake.begin("d") == float("inf"), reason

    def test_keeps_to_a_servers_wish_and_stops_where_it_is_too_long(self) -> None:
        for wish, then in ((100.0, 100.0), (30.0, 60.0), (1001.0, float("inf"))):
            brake, _ = self.brake()
            assert brake.begin("a") == 0
            brake.end("a", Ended("bot_wall", wish))
            assert brake.begin("b") == then
            assert bool(brake.stopped) == (then == float("inf"))


class TestAWallInARun:
    def test_burns_a_few_videos_and_leaves_the_rest(self, tmp_path: Path) -> None:
        videos = [f"v{number:03}" for number in range(200)]
        source, runs = Told({video: ["bot_wall"] for video in videos}), Runs(tmp_path, videos)
        found = runs.run(CONFIG, source)
        assert len(source.asked) <= CONFIG.jobs + CONFIG.brake_stops
        assert sum(runs.time.slept) == 60 + 120 + 240 + 480
        assert "bot wall" in found.stopped
        assert "the rest stays to do" in found.stopped
        states = [entry.state for entry in runs.entries().values()]
        assert states.count("to_do") >= 190

    def test_that_passes_costs_a_pause(self, tmp_path: Path) -> None:
        videos = [f"v{number:03}" for number in range(20)]
        wall = {video: ["rate_limited", ""] for video in videos[:4]}
        source, runs = Told(wall), Runs(tmp_path, videos)
        found = runs.run(replace(CONFIG, jobs=1, wait_s=1000.0), source)
        assert set(by_video(found.outcomes).values()) == {("done", "")}
        assert found.stopped == ""
        assert len(source.asked) == 24
        assert runs.time.slept[0] == 60

    def test_lets_what_is_under_way_finish(self, tmp_path: Path) -> None:
        at_once = threading.Barrier(2)
        answers = {"a": ["bot_wall"], "b": [""]}
        source = Told(answers, on_ask=lambda video_id: at_once.wait(5) if video_id in answers else None)
        runs = Runs(tmp_path, ["a", "b", "c"])
        found = runs.run(replace(CONFIG, jobs=2, attempts=1, brake_stops=1), source)
        assert by_video(found.outcomes)["b"] == ("done", "")


class TestRoom:
    def test_a_floor_stops_the_run_before_anything_is_asked(self, tmp_path: Path) -> None:
        source, runs = Told({}), Runs(tmp_path, ["a", "b"])
        found = runs.run(replace(CONFIG, min_free_gb=1e9), source)
        assert (source.asked, found.outcomes) == ([], ())
        assert "download.min_free_gb" in found.stopped
        assert {entry.state for entry in runs.entries().values()} == {"to_do"}

    def test_a_full_disk_stops_the_run_and_leaves_the_rest(self, tmp_path: Path) -> None:
        videos = [f"v{number:03}" for number in range(50)]
        source, runs = Told({"v003": ["disk_full"]}), Runs(tmp_path, videos)
        found = runs.run(replace(CONFIG, jobs=1), source)
        assert source.asked == videos[:4]
        assert found.stopped
        assert runs.run(CONFIG, Told({})).stopped == ""  # and does not wait when there is room again
