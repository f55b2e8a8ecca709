"""What releases the brake and what does not; whose wish counts."""

import pytest

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.brake import BURST, NOTHING_ASKED, SILENCE, Brake, Ended

CONFIG = DownloadConfig(brake_s=60.0, brake_stops=9, pause_max_s=1000.0)
SILENT = Ended("network", was_answered=False)
FAILING = Ended("network")
INFINITY = float("inf")


class Driven:
    """A brake under a clock that stands where it is put."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.brake = Brake(CONFIG, lambda: self.seconds)

    def each(self, *ended: Ended) -> list[bool]:
        """Downloads of other videos, one after the other; for each, whether it pulled the brake."""
        pulled = []
        for one in ended:
            item, before = f"v{self.seconds}", self.brake.pulls
            while self.brake.begin(item):
                self.seconds += 1.0
            self.brake.end(item, one)
            self.seconds += 1.0
            pulled.append(self.brake.pulls > before)
        return pulled

    @property
    def lets_two_begin(self) -> bool:
        self.seconds += 1e6
        return [self.brake.begin(one) for one in "ab"] == [0, 0]


@pytest.fixture
def driven() -> Driven:
    return Driven()


@pytest.mark.parametrize("between", [[], [SILENT], [SILENT, FAILING], [FAILING, SILENT, FAILING]])
def test_a_network_that_fails_releases_no_walls_brake(between: list[Ended], driven: Driven) -> None:
    assert driven.each(Ended("bot_wall")) == [True]
    driven.each(*between, FAILING)
    assert not driven.lets_two_begin


@pytest.mark.parametrize("through", ["", "gone", "refused"])
def test_what_gets_through_releases_it_and_nothing_is_left_of_it(through: str, driven: Driven) -> None:
    driven.each(Ended("bot_wall"), SILENT, Ended(through))
    assert driven.each(*[SILENT] * (SILENCE - 1)) == [False] * (SILENCE - 1)
    assert driven.lets_two_begin


@pytest.mark.parametrize("reason", ["incomplete", "unchecked", "checksum", "network", "", "gone", "rate_limited"])
def test_whatever_a_server_sent_shows_that_there_is_one(reason: str, driven: Driven) -> None:
    before = [SILENT] * (SILENCE - 1)
    assert True not in driven.each(*before, Ended(reason), SILENT)


@pytest.mark.parametrize("reason", ["disk", "cookies", "unsupported", "unknown", "worker_died", NOTHING_ASKED])
def test_what_nobody_was_asked_for_does_not(reason: str, driven: Driven) -> None:
    before = [SILENT] * (SILENCE - 1)
    assert driven.each(*before, Ended(reason), SILENT)[-1]


def test_a_server_serves_when_what_has_begun_after_the_wall_gets_through() -> None:
    time = [0.0]
    brake = Brake(DownloadConfig(brake_s=10.0), lambda: time[0])
    assert [brake.begin(one) for one in "ab"] == [0, 0]
    brake.end("a", Ended("bot_wall", 10.0))
    assert not brake.is_served("b", Ended(""))  # it had begun before
    brake.end("b", Ended(""))
    time[0] = 10.0
    assert brake.begin("c") == 0
    ends = ("", "gone", "refused", "network", "rate_limited", NOTHING_ASKED)
    assert [brake.is_served("c", Ended(one)) for one in ends] == [True, True, True, False, False, False]


class TestAServersWish:
    def test_makes_a_burst_of_any_failure(self, driven: Driven) -> None:
        """A server in maintenance says 503, and when to come again."""
        wish = Ended("network", retry_after_s=100.0)
        assert driven.each(*[wish] * BURST) == [False] * (BURST - 1) + [True]
        assert driven.brake.wish_s == 100.0
        driven.each(FAILING)
        assert not driven.lets_two_begin

    def test_is_the_longest_of_the_burst(self, driven: Driven) -> None:
        driven.each(*(Ended("rate_limited", wish) for wish in (30.0, 900.0, None)))
        assert driven.brake.wish_s == 900.0
        assert driven.brake.begin("x") == pytest.approx(900.0, abs=2.0)
        driven.each(Ended("rate_limited", 20.0))
        assert driven.brake.wish_s == 20.0

    def test_is_forgotten_when_something_gets_through(self, driven: Driven) -> None:
        limited = Ended("rate_limited")
        driven.each(Ended("rate_limited", 900.0), Ended(""), *[limited] * BURST)
        assert driven.brake.pulls == 1
        assert driven.brake.wish_s is None

    def test_of_a_few_among_many_holds_nobody_up(self, driven: Driven) -> None:
        few = [Ended("network", retry_after_s=900.0), FAILING, Ended("rate_limited", 900.0), Ended("")]
        assert True not in driven.each(*few * 5)

    def test_of_an_earlier_run_lets_one_begin_alone_when_it_is_over(self, driven: Driven) -> None:
        driven.brake.hold(40.0)
        assert driven.brake.begin("a") == 40.0
        driven.seconds = 40.0
        assert [driven.brake.begin("a"), driven.brake.begin("b")] == [0.0, INFINITY]
        driven.brake.end("a", FAILING)
        assert [driven.brake.begin("a"), driven.brake.begin("b")] == [0.0, INFINITY]
        driven.brake.end("a", Ended(""))
        assert [driven.brake.begin("a"), driven.brake.begin("b")] == [0.0, 0.0]
