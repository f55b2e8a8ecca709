"""docs/downloads-youtube.md says what the code does: the reasons, the words of a rung, the default, the examples."""

import re
import sys
from pathlib import Path

import pytest

from yt360_tools.config import DownloadConfig, check_overrides, resolve
from yt360_tools.sources.ladders import KINDS
from yt360_tools.sources.offers import CODECS, PICTURES, SPATIAL_IDS
from yt360_tools.sources.policy import read_policy
from yt360_tools.sources.reasons import KINDS as REASON_KINDS
from yt360_tools.sources.reasons import REASONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = (Path(__file__).parents[2] / "docs" / "downloads-youtube.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def reasons_table() -> str:
    """The table that the page must hold, from the code."""
    lines = ["| reason | state | what happened | what to do |", "|---|---|---|---|"]
    for kind, (state, when) in REASON_KINDS.items():
        lines.append(f"| **{kind.replace('_', ' ')}** | `{state}` | *{when}* | |")
        lines += [
            f"| `{reason.name}` | | {reason.meaning} | {reason.advice} |"
            for reason in REASONS.values()
            if reason.kind == kind
        ]
    return "\n".join(lines)


def test_the_reasons_are_those_of_the_code() -> None:
    table = re.search(r"<!-- reasons:.*?-->\n(.*?)\n<!-- end of reasons -->", PAGE, re.DOTALL)
    assert table is not None
    assert table[1] == reasons_table()


def test_the_first_example_is_the_default() -> None:
    default = DownloadConfig()
    given = tomllib.loads(EXAMPLES[0])["download"]
    assert given == {"picture": [*default.picture], "sound": [*default.sound], "max_height": default.max_height}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_taken(example: str) -> None:
    read_policy(resolve(check_overrides(tomllib.loads(example), where="the page")).download)


@pytest.mark.parametrize(
    "word",
    [*KINDS["picture"], *KINDS["sound"], *CODECS["picture"], *CODECS["sound"], *PICTURES, "sdr", "hdr", "smallest"],
)
def test_every_word_of_a_rung_is_told(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_the_numbers_that_are_known_to_be_spatial_are_told() -> None:
    assert not [itag for itag in SPATIAL_IDS if itag not in PAGE]
