"""Prices by a sample: which videos are drawn, what they tell of the others, and that nothing of them is wasted."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from worlds import command

from yt360_tools.manifest import Manifest
from yt360_tools.pipeline.pilot import Estimate, draw, extrapolated
from yt360_tools.records import ClipRow

SMALL = (*command.SMALL, "--shard-mb", "0.7")


def manifest_of(*video_ids: str) -> Manifest:
    rows = tuple(ClipRow(video_id, video_id, None, None, "train") for video_id in video_ids)
    return Manifest(Path("clips.csv"), rows, ())


def test_the_same_videos_are_drawn_whatever_their_order_and_more_begin_with_fewer() -> None:
    ids = [f"v{number:03d}" for number in range(100)]
    drawn = draw(manifest_of(*ids), 10)
    assert len(set(drawn)) == 10
    assert draw(manifest_of(*reversed(ids)), 10) == drawn
    assert draw(manifest_of(*ids), 20)[:10] == drawn
    assert drawn != sorted(drawn)[:10]
    assert draw(manifest_of("a", "b"), 5) in (["a", "b"], ["b", "a"])


def test_extrapolates_by_the_ratio() -> None:
    """3 GB in 6 rows: 0.5 GB a row. By hand: residuals -0.5, 0, 0.5; error sqrt(0.5 / 2 * 3) / 6; t(2) = 4.3027."""
    found = extrapolated([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], to=100)
    assert found is not None
    reach = 4.302653 * np.sqrt(0.25 * 3) / 6 * 100
    assert found.value == pytest.approx(50)
    assert (found.low, found.high) == (pytest.approx(max(0, 50 - reach), abs=1e-3), pytest.approx(50 + reach, abs=1e-3))


def test_knows_no_more_than_it_can() -> None:
    assert extrapolated([], []) is None
    assert extrapolated([1.0], [0.0]) is None
    assert extrapolated([6.0], [2.0], to=10) == Estimate(30.0, None, None)
    assert extrapolated([2.0, 2.0, 2.0], [1.0, 1.0, 1.0], to=5) == Estimate(10.0, 10.0, 10.0)


def test_a_sample_of_all_is_exact() -> None:
    found = extrapolated([1.0, 9.0], [1.0, 1.0], to=2, population=2)
    assert found == Estimate(10.0, 10.0, 10.0)


def test_its_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """1,000 samples of 20 of 400 videos whose bytes grow with their rows."""
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 30, 400).astype(float)
    amounts = rows * rng.gamma(8, 1 / 8, 400)
    hits = 0
    for _ in range(1000):
        some = rng.choice(400, 20, replace=False)
        found = extrapolated(list(amounts[some]), list(rows[some]), to=rows.sum(), population=400)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= amounts.sum() <= found.high
    assert 900 <= hits <= 975


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for number in range(6):
        command.write_media(folder / "media", f"v{number}", 4.5, seed=number)
    command.write_rows(folder / "manifest.csv", *(f"v{number},v{number},,,train" for number in range(6)))
    return folder


def rebuild(media: Path, work: Path, *more: object) -> "command.Ended":
    given = ("rebuild", media / "manifest.csv", "--media", media / "media", "-w", work)
    ended = command.run((*given, *SMALL, *more))
    assert ended.code == 0, ended
    return ended


def test_a_pilots_videos_are_kept(media: Path, tmp_path: Path) -> None:
    plan = json.loads(rebuild(media, tmp_path / "work", "--plan", "--pilot", 3, "--json").stdout)
    assert (plan["videos_to_fetch"], plan["clips_to_build"]) == (3, 6)
    assert any("a pilot of 3 videos, drawn at random" in line for line in plan["assumptions"])
    prices = plan["prices"]
    assert prices["clips"]["value"] == 6
    for name in ("fetch_bytes", "shard_bytes", "cpu_hours", "bytes_a_second", "shard_bytes_a_clip", "cpu_s_a_clip"):
        assert prices[name]["low"] <= prices[name]["value"] <= prices[name]["high"]
    report = json.loads(rebuild(media, tmp_path / "work", "--json").stdout)
    assert {stage["stage"]: stage["taken_up"] for stage in report["stages"]} == {
        "download": 3, "validate": 3, "segment": 3, "build": 6
    }  # fmt: skip
    rebuild(media, tmp_path / "plain")
    hashes = {json.loads(command.run(["shard", "info", tmp_path / name, "--json"]).stdout)["content_hash"]
              for name in ("work", "plain")}  # fmt: skip
    assert len(hashes) == 1
    stored = sum(path.stat().st_size for path in (tmp_path / "work" / "shards").glob("*.h5"))
    assert prices["shard_bytes"]["value"] == pytest.approx(stored / 2, rel=0.15)


def test_a_pilot_that_discards(media: Path, tmp_path: Path) -> None:
    plan = json.loads(rebuild(media, tmp_path / "work", "--discard-raw", "--plan", "--pilot", 2, "--json").stdout)
    assert plan["videos_to_fetch"] == 4
    assert not list((tmp_path / "work" / "raw").iterdir())
    whole = sum(path.stat().st_size for path in (media / "media").iterdir())
    assert 0 < plan["raw_bytes"] < whole
    (tmp_path / "work" / "budget.toml").write_text("[download]\nraw_budget_gb = 0.0000001\n", encoding="utf-8")
    config = ("--config", tmp_path / "work" / "budget.toml")
    again = json.loads(rebuild(media, tmp_path / "work", "--discard-raw", *config, "--plan", "--json").stdout)
    assert again["raw_bytes"] == 100
    assert any("a pilot of 2 videos" in line for line in again["assumptions"])


def test_without_a_pilot_what_is_built_tells(media: Path, tmp_path: Path) -> None:
    rebuild(media, tmp_path / "work", "--limit", 2)
    ended = rebuild(media, tmp_path / "work", "--plan", "--rate-mb-s", 5)
    assert "measured: 2 videos that were built before" in ended.stdout
    assert re.search(r"shard bytes a clip +\d", ended.stdout)


def test_options_of_plans_alone_are_refused(media: Path, tmp_path: Path) -> None:
    for option in (("--pilot", 2), ("--rate-mb-s", 3)):
        ended = command.run(("rebuild", media / "manifest.csv", "-w", tmp_path / "work", *option))
        assert ended.code == 2
        assert "go with --plan" in ended.stderr
