"""The tour: panoramas of every video of its world, viewports of the first few, and nothing made twice."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from yt360_tools.cli.tour import tour
from yt360_tools.demo.options import DemoOptions, scene_of
from yt360_tools.shards import open_shards

VIDEOS, CROPPED = 3, 2
ARGUMENTS = (f"--videos={VIDEOS}", "--seconds=11", "--width=64", "--fps=8", "--seed=4", "--workers=1")


@pytest.fixture(autouse=True)
def few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yt360_tools.tour._CROPPED_VIDEOS", CROPPED)


def videos_in(workspace: Path) -> set[str]:
    with open_shards(workspace) as shards:
        return {clip.window.video_id for clip in shards}


def test_a_tour_says_what_it_made_and_goes_on_where_it_was(tmp_path: Path) -> None:
    out = tmp_path / "tour"
    told = CliRunner().invoke(tour, [str(out), *ARGUMENTS], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert len(told.stdout.strip().splitlines()) <= 10
    for where in ("world", "panorama/shards", "viewport/shards", "contact-sheet.png"):
        assert re.search(f"{re.escape(str(out / where))}$", told.stdout, re.MULTILINE), where
    ids = [scene_of(DemoOptions(seconds=11, seed=4, fps=8), index).video_id for index in range(VIDEOS)]
    assert videos_in(out / "panorama") == set(ids)
    assert videos_in(out / "viewport") == set(ids[:CROPPED])
    assert (out / "contact-sheet.png").stat().st_size > 0
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix in (".h5", ".mp4", ".webm")}
    (out / "world" / "manifest.csv").unlink()
    again = CliRunner().invoke(tour, [str(out), *ARGUMENTS], catch_exceptions=False)
    assert again.exit_code == 0, again.output
    assert {path: path.stat().st_mtime_ns for path in made} == made
