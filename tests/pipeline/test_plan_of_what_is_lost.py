"""A plan prices what is still to come: nothing of videos that are given up, and by a sample that really ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import command

from yt360_tools.config import DownloadConfig
from yt360_tools.manifest import read_manifest
from yt360_tools.pipeline.fingerprints import source_digits
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.listed_gone import known_gone
from yt360_tools.pipeline.pilot import draw
from yt360_tools.pipeline.planning import RebuildPlan, plan_rebuild
from yt360_tools.pipeline.salt import Salt
from yt360_tools.pipeline.standing import standings
from yt360_tools.records import Outcome

HERE, THERE = ("https://one.invalid/{video_id}.mp4",), ("https://other.invalid/{video_id}.mp4",)
DIGITS = source_digits(DownloadConfig(source=HERE), Salt(Path("nowhere")))
VIDEOS = ("a", "b", "c", "d")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return command.write_rows(tmp_path / "m.csv", *(f"{one},{one},0,10,train" for one in VIDEOS))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    (tmp_path / "work").mkdir()
    found = Ledger(tmp_path / "work" / "ledger.sqlite")
    found.expect("download", VIDEOS)
    found.expect("segment", VIDEOS)
    yield found
    found.close()


def plan_of(manifest: Path, source: tuple[str, ...] = HERE) -> RebuildPlan:
    return plan_rebuild(manifest, manifest.parent / "work", {"download": {"source": source}})


def counts(plan: RebuildPlan) -> tuple[int, int, int, int]:
    return plan.videos_to_fetch, plan.videos_to_validate, plan.rows_to_segment, plan.clips_to_build


def gone(video_id: str, stage: str = "download") -> Outcome:
    return Outcome(video_id, stage, "rejected", "gone", "404", {"source": DIGITS})


def test_what_was_rejected_costs_nothing(manifest: Path, ledger: Ledger) -> None:
    assert counts(plan_of(manifest)) == (4, 4, 4, 4)
    ledger.record([gone("a"), Outcome("b", "download", "done", data={"files": {}})])
    ledger.record([Outcome("b", "validate", "rejected", "no_sound", "it is silent")])
    assert counts(plan_of(manifest)) == (2, 2, 2, 2)


def test_what_is_gone_in_one_source_is_fetched_from_another(manifest: Path, ledger: Ledger) -> None:
    ledger.record([gone("a"), Outcome("a", "segment", "rejected", "video_rejected", "", {"video_id": "a"})])
    assert counts(plan_of(manifest)) == (3, 3, 3, 3)
    assert counts(plan_of(manifest, THERE)) == (4, 4, 4, 4)


def test_what_a_listing_found_gone_costs_nothing(manifest: Path, ledger: Ledger) -> None:
    ledger.record([gone("a", "listing")])
    assert counts(plan_of(manifest)) == (3, 3, 3, 3)
    assert counts(plan_of(manifest, THERE)) == (4, 4, 4, 4)
    assert "a" not in draw(read_manifest(manifest), 4, without=["a"])


def test_a_download_that_came_later_counts_more_than_a_listing(manifest: Path, ledger: Ledger) -> None:
    config = DownloadConfig(source=HERE)
    ledger.record([gone("a", "listing"), gone("b", "listing"), gone("c", "listing")])
    ledger.take_in([("download", "a", "failed", "network", "", "{}", 1, "0", "9999-01-01T00:00:00+00:00")])
    ledger.take_in([("download", "b", "failed", "network", "", "{}", 1, "0", "1999-01-01T00:00:00+00:00")])
    ledger.record([Outcome("c", "download", "done", data={"files": {}})])
    known = standings(read_manifest(manifest), ledger, config, decode_timeout_s=120.0)
    assert {video_id for video_id, one in known.items() if one.is_listed} == {"b"}


def test_a_pilot_draws_what_a_listing_of_another_source_found_gone(ledger: Ledger, manifest: Path) -> None:
    ledger.record([gone("a", "listing")])
    known = {
        source: known_gone(read_manifest(manifest), ledger, DownloadConfig(source=source)) for source in (HERE, THERE)
    }
    assert known == {HERE: {"a"}, THERE: frozenset()}


def test_a_pilot_tells_by_what_has_ended(manifest: Path, ledger: Ledger) -> None:
    """One of 100 bytes, and one that is gone: 50 bytes for each of the rest."""
    ledger.record([Outcome("pilot", "pilot", "done", data={"videos": list(VIDEOS), "bytes": 100, "seconds": 1.0})])
    ledger.record(
        [Outcome("a", "download", "done", data={"files": {"a.mp4": {"bytes": 100, "sha256": "f"}}}), gone("b")]
    )
    ledger.record([Outcome("c", "download", "failed", "bot_wall", "are you a robot?")])
    window = {"clip_id": "a", "video_id": "a", "start_s": 0, "end_s": 10, "split": "train"}
    ledger.record([Outcome("a", "segment", "done", data={"windows": [window]})])
    ledger.record([Outcome("a", "build", "done", data={"video_id": "a", "bytes": 10, "cpu_s": 1.0})])
    ledger.record([Outcome("b", "segment", "rejected", "video_rejected", "", {"video_id": "b"})])
    plan = plan_of(manifest)
    assert plan.assumptions[0] == (
        "measured: a pilot of 4 videos, drawn at random, of which 1 were built and 1 give no clips; "
        "2 were not got to, or failed in a way that heals"
    )
    assert (plan.videos_to_fetch, plan.fetch_bytes) == (2, 100)
