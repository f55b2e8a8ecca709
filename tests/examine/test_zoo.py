"""A zoo of files that are mislabelled or damaged, each in one way, and of files without a fault.

Every kind is drawn twice, with scenes, codecs and containers of its own: thresholds may be set on the one half, and are
judged on the other. With the environment's ``YT360_ZOO`` the files stay in that folder and are made once; ``pytest -s``
shows the confusion table.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.zoo.table import confusion_table, wrong_lines
from worlds.zoo.zoo import BY_NAME, JUDGED, KINDS, TRAINING, Seen, show_all

MOST_DOUBTED = 0.05
"""Of the sound files: a person looks at them in vain."""

HALVES = pytest.mark.parametrize("half", [TRAINING, JUDGED], ids=["training", "judged"])


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Seen]]:
    kept = os.environ.get("YT360_ZOO")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("zoo")
    found = show_all(folder, keep=bool(kept))
    print(f"\n{confusion_table(found)}")
    yield found
    if not kept:
        shutil.rmtree(folder)


def _chosen(seen: list[Seen], half: int, *, are_sound: bool) -> list[Seen]:
    specimens = {one.specimen: BY_NAME[one.specimen] for one in seen}
    return [
        one
        for one in seen
        if specimens[one.specimen].seed == half and specimens[one.specimen].kind.is_sound == are_sound
    ]


@HALVES
def test_every_fault_is_found_and_named(seen: list[Seen], half: int) -> None:
    wrong = wrong_lines(_chosen(seen, half, are_sound=False))
    assert not wrong, "\n".join(wrong)


@HALVES
def test_no_sound_file_is_rejected(seen: list[Seen], half: int) -> None:
    rejected = [one for one in _chosen(seen, half, are_sound=True) if one.verdict not in ("accept", "fix", "doubt")]
    assert not rejected, "\n".join(wrong_lines(rejected))


@HALVES
def test_few_sound_files_are_doubted(seen: list[Seen], half: int) -> None:
    sound = _chosen(seen, half, are_sound=True)
    wrong = wrong_lines(sound)
    assert sum(line.startswith("WRONG") for line in wrong) <= MOST_DOUBTED * len(sound), "\n".join(wrong)


def test_what_is_taken_for_sound_is_taken_for_what_it_is(seen: list[Seen]) -> None:
    accepted = [one for one in seen if BY_NAME[one.specimen].kind.is_sound and one.verdict in ("accept", "fix")]
    wrong = wrong_lines([one for one in accepted if one.verdict == "accept"])
    assert not wrong, "\n".join(wrong)


class TestTheZooItself:
    def test_it_is_large(self) -> None:
        assert sum(not kind.is_sound for kind in KINDS) >= 60
        assert sum(BY_NAME[name].kind.is_sound for name in BY_NAME) >= 60

    def test_each_kind_has_a_name_of_its_own(self) -> None:
        assert len({kind.name for kind in KINDS}) == len(KINDS)

    @pytest.mark.parametrize("part", ["picture", "sound", "times", "nothing"])
    def test_about_half_is_drawn_without_the_demo_world(self, part: str) -> None:
        drawn = [kind.drawn_by for kind in KINDS if kind.part == part]
        assert 0.3 <= drawn.count("demo") / len(drawn) <= 0.6
