"""What a person reads of items that failed: each is named once, with its reason and what was said of it."""

from pathlib import Path

from worlds import command

from yt360_tools.pipeline.status import words_of
from yt360_tools.records import Outcome


def test_an_item_is_named_once(tmp_path: Path) -> None:
    """By the run that failed, and by those who look afterwards."""
    (tmp_path / "media").mkdir()
    manifest = command.write_rows(tmp_path / "m.csv", "late,late,0,2,train")
    given = (manifest, "-w", tmp_path / "work", "--media", tmp_path / "media")
    said = f"late: missing_media: {tmp_path / 'media'} has neither late.video.* nor late.*"
    assert command.run(("download", *given)).stderr.splitlines()[0].startswith(f"failed    {said}")
    shown = command.run(("status", "-w", tmp_path / "work", "--problems")).stdout
    assert shown.startswith(f"download  failed    {said}")


def test_only_an_items_own_name_is_left_out() -> None:
    for detail, words in (("a: b: gone", "b: gone"), ("ab: gone", "ab: gone"), ("gone: a: b\n", "gone: a: b")):
        assert words_of(Outcome("a", "download", "failed", "gone", detail)) == words
