"""How picture and sound lie in time."""

import numpy as np
import pytest

from yt360_tools.examine.timing import clock_findings, timing_findings
from yt360_tools.media.picture_packets import Packets
from yt360_tools.media.probe import PictureProbe, SoundProbe
from yt360_tools.thresholds import TimingThresholds

RULES = TimingThresholds()


def found(picture: tuple[float, float], sound: tuple[float, float]) -> list[tuple[str, str]]:
    seen = PictureProbe("h264", 64, 32, 30.0, *picture, False)
    heard = SoundProbe("opus", 4, 48000, *sound, "4.0")
    return [(one.code, one.severity) for one in timing_findings(seen, heard, RULES)]


@pytest.mark.parametrize(
    ("picture", "sound", "says"),
    [
        ((0.0, 10.0), (0.0, 10.0), []),
        ((0.0, 10.0), (-0.02, 9.9), []),
        ((3.0, 13.0), (3.1, 12.0), []),  # both begin late, together
        ((0.0, 10.0), (0.6, 10.0), [("offset", "doubt")]),
        ((0.7, 10.0), (0.0, 10.0), [("offset", "doubt")]),
        ((0.0, 10.0), (0.0, 4.0), [("ends_apart", "doubt")]),
        ((0.0, 10.0), (2.0, 20.0), [("offset", "doubt"), ("ends_apart", "doubt")]),
        ((0.0, 10.0), (9.5, 20.0), [("no_overlap", "reject")]),
        ((0.0, 10.0), (30.0, 40.0), [("no_overlap", "reject")]),
        ((0.0, 0.5), (0.0, 0.5), [("no_overlap", "reject")]),
    ],
)
def test_tracks(picture: tuple[float, float], sound: tuple[float, float], says: list[tuple[str, str]]) -> None:
    assert found(picture, sound) == says


def packets(times_s: list[float], went_back_s: float = 0.0) -> Packets:
    count = len(times_s)
    return Packets(np.array(times_s), np.full(count, 100), np.ones(count, bool), went_back_s)


def test_a_clock_that_runs_on() -> None:
    assert clock_findings(packets([0.0, 0.04, 0.08]), RULES) == ()
    assert clock_findings(packets([]), RULES) == ()


def test_a_clock_that_runs_back() -> None:
    (one,) = clock_findings(packets([0.0, 0.04, 0.08], went_back_s=4.0), RULES)
    assert (one.code, one.severity, one.numbers["went_back_s"]) == ("bad_timestamps", "doubt", 4.0)


def test_a_long_gap() -> None:
    (one,) = clock_findings(packets([0.0, 1.0, 12.5, 13.0]), RULES)
    assert (one.code, one.spans) == ("bad_timestamps", ((1.0, 12.5),))
