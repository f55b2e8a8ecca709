"""What lies beside a run: parts that were not joined yet are not built anew, and no part is begun unlike the others."""

import shutil
from pathlib import Path

import pytest
from worlds import command
from worlds.command import Ended

VIDEOS = ("a", "b", "c", "d")
OTHER = tuple("1" if word == "2" else word for word in command.SMALL)
"""The options with clips of one second."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos, built by two jobs (``work/part-*``) that nobody has joined."""
    folder = tmp_path_factory.mktemp("world")
    for number, video_id in enumerate(VIDEOS):
        command.write_media(folder / "media", video_id, 2.5, seed=number)
    command.write_rows(folder / "manifest.csv", *(f"{one},{one},,,train" for one in VIDEOS))
    for part in ("1/2", "2/2"):
        ended = given(folder, folder / "work", "rebuild", *command.SMALL, "--part", part)
        assert ended.code == 0, ended
    return folder


@pytest.fixture
def work(world: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(world / "work", tmp_path / "work"))


def given(world: Path, work: Path, name: str, *more: str) -> Ended:
    local = ("--media", world / "media") if name in ("rebuild", "download") and "--list" not in more else ()
    return command.run((name, world / "manifest.csv", "-w", work, *local, *more))


def join(work: Path) -> None:
    ended = command.run(("ledger", "merge", work, *sorted(work.glob("part-*"))))
    assert ended.code == 0, ended


class TestTheWholeListBesideItsParts:
    @pytest.mark.parametrize(
        "words",
        [("rebuild",), ("download",), ("validate",), ("segment",), ("build",), ("rebuild", "--plan"),
         ("rebuild", "--discard-raw"), ("rebuild", "--plan", "--pilot", "1"), ("download", "--list")],
        ids=" ".join,
    )  # fmt: skip
    def test_is_refused_until_they_are_joined(self, words: tuple[str, ...], world: Path, work: Path) -> None:
        before = sorted(work.iterdir())
        ended = given(world, work, *words)
        assert ended.code == 2, ended
        status = command.run(("status", "-w", work))
        assert ended.complaints == status.complaints
        assert "it holds 2 parts of 2, such as part-0001-of-0002" in ended.complaints[0]
        assert f"yt360 ledger merge {work} {work}/part-*" in ended.complaints[0]
        assert sorted(work.iterdir()) == before

    def test_goes_on_when_they_are(self, world: Path, work: Path) -> None:
        join(work)
        ended = given(world, work, "rebuild")
        assert ended.code == 0, ended
        assert "build     4 done (0 in this run)" in ended.stdout

    def test_is_no_affair_of_a_part(self, world: Path, work: Path) -> None:
        ended = given(world, work, "rebuild", "--part", "1/2")
        assert ended.code == 0, ended
        assert "(0 in this run)" in ended.stdout


class TestANewPart:
    @pytest.mark.parametrize("is_joined", [True, False], ids=["of a joined workspace", "beside others"])
    @pytest.mark.parametrize("words", [("rebuild",), ("segment",), ("rebuild", "--plan")], ids=" ".join)
    def test_of_other_options_is_refused(
        self, words: tuple[str, ...], is_joined: bool, world: Path, work: Path
    ) -> None:
        if is_joined:
            join(work)
        before = sorted(work.iterdir())
        part = work / "part-0001-of-0004"
        ended = given(world, work, *words, "--part", "1/4", *(OTHER if words == ("rebuild",) else ()))
        assert ended.code == 2, ended
        (complaint,) = ended.complaints
        other = work if is_joined else work / "part-0001-of-0002"
        asked = 1.0 if words == ("rebuild",) else 10.0
        assert f"{other} was begun with segment.clip_s = 2.0, and {part} with {asked}" in complaint
        assert complaint.endswith("give the same options, or name a new workspace")
        assert sorted(work.iterdir()) == before

    @pytest.mark.parametrize("is_joined", [True, False], ids=["of a joined workspace", "beside others"])
    def test_of_the_same_options_is_built(self, is_joined: bool, world: Path, work: Path) -> None:
        if is_joined:
            join(work)
        ended = given(world, work, "rebuild", *command.SMALL, "--part", "1/4")
        assert ended.code == 0, ended

    def test_is_fetched_whatever_its_clips_will_be(self, world: Path, work: Path) -> None:
        """`download` and `validate` do not take the options of clips and pictures."""
        for name in ("download", "validate"):
            ended = given(world, work, name, "--part", "1/4")
            assert ended.code == 0, ended
        assert given(world, work, "segment", "--part", "1/4").code == 2

    def test_beside_one_that_fixed_nothing_yet_is_free(self, world: Path, tmp_path: Path) -> None:
        """Jobs of one array start together; a ledger that another one is just making says nothing."""
        assert given(world, tmp_path / "work", "download", "--part", "1/4").code == 0
        (tmp_path / "work" / "part-0002-of-0004").mkdir()
        (tmp_path / "work" / "part-0002-of-0004" / "ledger.sqlite").touch()
        ended = given(world, tmp_path / "work", "rebuild", *OTHER, "--part", "3/4")
        assert ended.code == 0, ended


def test_a_part_that_was_begun_goes_on_with_its_own_options(world: Path, work: Path, tmp_path: Path) -> None:
    assert given(world, tmp_path / "other", "rebuild", *OTHER, "--part", "1/4").code == 0
    shutil.copytree(tmp_path / "other" / "part-0001-of-0004", work / "part-0001-of-0004")
    ended = given(world, work, "rebuild", "--part", "1/4")
    assert ended.code == 0, ended
