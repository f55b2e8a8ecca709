"""A stage's last line tells how long it took and how fast it went, where it took long enough to tell."""

import pytest

from yt360_tools.cli.line import _pace
from yt360_tools.pipeline.rebuild import StageReport


def report(items: int, took_s: float) -> StageReport:
    return StageReport("build", frozenset(str(number) for number in range(items)), (), took_s=took_s)


@pytest.mark.parametrize(
    ("items", "took_s", "said"),
    [
        (20, 40.0, ", 40 s: 2 s a clip"),
        (300, 40.0, ", 40 s: 7.5 clips a second"),
        (300, 0.4, ""),
        (0, 40.0, ""),
    ],
)
def test_pace(items: int, took_s: float, said: str) -> None:
    assert _pace(report(items, took_s), "clip") == said
