"""The words in which items end, as the docs tell them: each is one of the code, and no download's word is left out."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from yt360_tools.config import DownloadConfig
from yt360_tools.pipeline.runner import BUG
from yt360_tools.pipeline.survival import GROUPS, group_of
from yt360_tools.sources.reasons import KINDS, REASONS

ROOT = Path(__file__).parents[2]
KIND_WORDS = {"final": "final", "needs a change": "needs_change", "heals": "heals"}


def section(page: str, title: str) -> str:
    """The text below a heading, to the next one."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {title!r}"
    return found[1]


REASONS_TOLD = section("downloads.md", "Reasons, and who is asked again")
SURVIVAL_TOLD = section("downloads-youtube.md", "What is left of a list: `survival`")


def words(text: str) -> list[str]:
    return re.findall(r"`([a-z][a-z0-9_]*\*?)`", text)


def spelt_out(word: str) -> set[str]:
    """The reasons that a word with a star stands for."""
    return {name for name in REASONS if re.fullmatch(word.replace("*", ".*"), name)}


@pytest.mark.parametrize(("told", "kind"), KIND_WORDS.items())
def test_each_kind_has_all_of_its_reasons_and_no_others(told: str, kind: str) -> None:
    (row,) = re.findall(rf"^\| {told}: (.*?) \|", REASONS_TOLD, re.MULTILINE)
    assert set().union(*map(spelt_out, words(row))) == {name for name, one in REASONS.items() if one.kind == kind}
    assert set(KIND_WORDS.values()) == set(KINDS)


@pytest.mark.parametrize("told", [REASONS_TOLD, SURVIVAL_TOLD], ids=["reasons", "survival"])
def test_every_word_that_is_told_is_one_of_the_code(told: str) -> None:
    rooms = [ROOT / "yt360_tools" / room for room in ("pipeline", "sources", "media")]
    code = "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    options = {field.name for field in fields(DownloadConfig)}
    for word in words(told):
        assert spelt_out(word) or word in options or f'"{word}"' in code, word


def test_words_of_other_ends_are_told() -> None:
    for word in ("missing_media", "ambiguous_media", "unsafe_path", "worker_died", BUG):
        assert f"`{word}`" in REASONS_TOLD


def test_every_group_of_survival_is_told_with_its_own_reasons() -> None:
    text = " ".join(SURVIVAL_TOLD.split())
    told = dict(re.findall(r"\*([a-z ]+)\*(?: \((.*?)\))?(?=[,. ])", text))
    assert set(told) == set(GROUPS)
    for group, inside in told.items():
        assert [group_of(name) for word in words(inside) for name in spelt_out(word)] == [
            group for word in words(inside) for _ in spelt_out(word)
        ]
