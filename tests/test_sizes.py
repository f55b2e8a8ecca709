"""Sizes in words: a unit of which there is one at least, whatever the size."""

import pytest

from yt360_tools.sizes import size_text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (0.4, "0 B"),
        (100.00000000000001, "100 B"),
        (999, "999 B"),
        (999.6, "1 kB"),
        (1500, "1.5 kB"),
        (999_400, "999 kB"),
        (999_600, "1 MB"),
        (67_231_000_000, "67.2 GB"),
        (1.6e12, "1.6 TB"),
        (4.2e15, "4,200 TB"),
    ],
)
def test_has_a_unit_that_fits(count: float, text: str) -> None:
    assert size_text(count) == text


def test_tells_sizes_that_are_near_each_other_apart_by_more_digits() -> None:
    assert [size_text(count, digits=5) for count in (50e9, 50.004e9)] == ["50 GB", "50.004 GB"]
    assert size_text(999_996, digits=5) == "1 MB"
