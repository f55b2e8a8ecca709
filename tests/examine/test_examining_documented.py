"""docs/examining.md says what the code does: every finding, every threshold with its default and its origin."""

import re
from pathlib import Path

import pytest

from yt360_tools.examine.codes import CODES
from yt360_tools.thresholds.listing import SECTIONS, markdown_table

DOCS = (Path(__file__).parents[2] / "docs" / "examining.md").read_text(encoding="utf-8")


def test_every_finding_is_explained() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", DOCS, flags=re.MULTILINE))
    assert {code: rows.get(code) for code in CODES} == CODES


@pytest.mark.parametrize("section", SECTIONS)
def test_every_threshold_is_listed(section: str) -> None:
    assert markdown_table(section) in DOCS, "python -m yt360_tools.thresholds.listing prints the tables"
