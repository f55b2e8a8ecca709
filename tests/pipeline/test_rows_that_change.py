"""A row keeps its times for a workspace's life: one that was a whole video, or was a part of it, does not change."""

from pathlib import Path

import pytest
from worlds import command
from worlds.command import Ended

WHOLE, TIMED = "one,one,,,train", "one,one,1,3,train"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    command.write_media(folder, "one", 4.5)
    return folder


def rebuilt(folder: Path, media: Path, *rows: str, more: tuple[str, ...] = ()) -> Ended:
    manifest = command.write_rows(folder / "manifest.csv", *rows)
    given = ("rebuild", manifest, "-w", folder / "work", "--media", media, *command.SMALL, *more)
    return command.run(given)


@pytest.mark.parametrize("more", [(), ("--discard-raw",)], ids=["at once", "video by video"])
@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (WHOLE, TIMED, "row 'one' was a whole video in {work}, cut into 2 clips, and is 1 to 3 s in the manifest"),
        (WHOLE, "one,one,0,2,train", "row 'one' was a whole video in {work}, cut into 2 clips, and is 0 to 2 s"),
        (TIMED, WHOLE, "row 'one' was 1 to 3 s in {work}, and is a whole video in the manifest"),
        (TIMED, "one,one,0,2,train", "clip 'one' is 1 to 3 s of split 'train' in {work}, and 0 to 2 s"),
    ],
    ids=["whole to timed", "whole to its first clip", "timed to whole", "other times"],
)
def test_other_times_are_refused(
    before: str, now: str, says: str, more: tuple[str, ...], tmp_path: Path, media: Path
) -> None:
    assert rebuilt(tmp_path, media, before, more=more).code == 0
    clips = (tmp_path / "work" / "clips.csv").read_bytes()
    refused = rebuilt(tmp_path, media, now, more=more)
    assert refused.code == 2, refused
    assert says.format(work=tmp_path / "work") in refused.stderr
    assert "another id, or use a new workspace" in refused.stderr
    assert (tmp_path / "work" / "clips.csv").read_bytes() == clips


@pytest.mark.parametrize("row", [WHOLE, TIMED, ",one,1,3,train", "one-0,one,,,train", "one-0,one,0,2,train"])
def test_the_same_row_again_is_what_it_was(row: str, tmp_path: Path, media: Path) -> None:
    """Also where a row bears the name of the clip that it gives."""
    for _ in range(2):
        ended = rebuilt(tmp_path, media, row)
        assert (ended.code, ended.complaints) == (0, []), ended


def test_another_row_of_the_same_video_is_built(tmp_path: Path, media: Path) -> None:
    assert rebuilt(tmp_path, media, WHOLE).code == 0
    ended = rebuilt(tmp_path, media, WHOLE, "other,one,1,3,train")
    assert ended.code == 0, ended
    index = (tmp_path / "work" / "shards" / "index.csv").read_text(encoding="utf-8")
    assert [line.split(",")[0] for line in index.splitlines()[1:]] == ["one-0", "one-2", "other"]
