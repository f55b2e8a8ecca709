"""Shards written anew: other codecs, sizes, splits, parts and orders; videos taken out; one table of all clips."""

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from click.testing import CliRunner, Result
from small_shards import LOOKS, clip, noise, shard, smooth_frames

from yt360_tools.cli import yt360
from yt360_tools.errors import ShardError, UsageError
from yt360_tools.shards import Measured, ShardSet, open_shards, verify_shards

IDS = ("a-1", "a-2", "-b-0", "c-3.5", "d-7")


@pytest.fixture
def folder(path: Path) -> Path:
    """Two shards of five clips of four videos, with jpeg and int16."""
    shard(path, *(clip(one, "jpeg", 10 * number, LOOKS[:1], "int16", 9) for number, one in enumerate(IDS[:3])))
    rest = [clip(one, "jpeg", 10 * (3 + number), LOOKS[:1], "int16", 9) for number, one in enumerate(IDS[3:])]
    shard(path.with_name("train-00001.h5"), *rest)
    return path.parent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(yt360, ["shard", *map(str, arguments)])


def repacked(folder: Path, *options: object) -> ShardSet:
    out = folder.parent / "out"
    done = run("repack", folder, "--out", out, "--workers", 1, *options)
    assert done.exit_code == 0, (done.output, done.exception)
    assert verify_shards(open_shards(out).paths)[1] == []
    return open_shards(out)


def names_and_ids(shards: ShardSet) -> dict[str, list[str]]:
    return {path.name: [entry.clip_id for entry in shards.contents(path).entries] for path in shards.paths}


class TestRepacking:
    def test_as_it_is_nothing_changes_but_the_number_of_shards(self, folder: Path) -> None:
        with repacked(folder) as shards, open_shards(folder) as before:
            assert names_and_ids(shards) == {"train-00000.h5": list(IDS)}
            assert shards.content_hash == before.content_hash
            (note,) = shards.contents(shards.paths[0]).header.history
            assert (note["what"], note["sources"]) == ("repack", ["train-00000.h5", "train-00001.h5"])

    def test_smaller_shards(self, folder: Path) -> None:
        with open_shards(folder) as before:
            each = max(sum(at.nbytes for at in one.record.datasets.values()) for one in before)
        shards = repacked(folder, "--shard-mb", 2.2 * each / 1e6)
        assert [len(ids) for ids in names_and_ids(shards).values()] == [2, 2, 1]

    @pytest.mark.parametrize(
        ("options", "off"),
        [(["--codec", "h264", "--crf", 12], 4), (["--codec", "raw"], 2), (["--codec", "jpeg", "--quality", 60], 6)],
        ids=str,
    )
    def test_other_pictures(self, options: list[object], off: float, folder: Path) -> None:
        shards = repacked(folder, *options)
        for number, one in enumerate(IDS):
            found = shards.clip(one)
            assert found.record.attributes["views/0/frames"]["codec"] == options[1]
            wanted = smooth_frames(10 * number, 9).astype(float)
            assert np.abs(found.views[0].frames[:] - wanted).mean() < off
            assert found.window.clip_id == one

    @pytest.mark.parametrize("codec", ["flac", "float32"])
    def test_other_sound(self, codec: str, folder: Path) -> None:
        shards = repacked(folder, "--sound-codec", codec)
        with open_shards(folder) as before:
            for one in IDS:
                assert (shards.clip(one).ambisonics == before.clip(one).ambisonics).all()
                assert (shards.clip(one).views[0].beam == before.clip(one).views[0].beam).all()
                assert shards.clip(one).record.attributes["ambisonics"]["codec"] == codec

    def test_some_videos_and_clips(self, folder: Path) -> None:
        ids = folder.parent / "ids.txt"
        ids.write_text("a  # a video\n")
        shards = repacked(folder, "--id=-b-0", "--ids", ids)
        assert names_and_ids(shards) == {"train-00000.h5": ["a-1", "a-2", "-b-0"]}

    def test_other_splits(self, folder: Path) -> None:
        table = folder.parent / "splits.csv"
        table.write_text("video_id,split,why\na,test,one\nd,test,two\n")
        shards = repacked(folder, "--splits", table)
        assert names_and_ids(shards) == {"test-00000.h5": ["a-1", "a-2", "d-7"], "train-00000.h5": ["-b-0", "c-3.5"]}
        assert {one.window.split for one in shards if one.window.video_id in "ad"} == {"test"}
        only = run("repack", folder.parent / "out", "--out", folder.parent / "two", "--split", "test")
        assert only.exit_code == 0
        assert names_and_ids(open_shards(folder.parent / "two")) == {"test-00000.h5": ["a-1", "a-2", "d-7"]}

    def test_another_order_is_the_same_each_time(self, folder: Path) -> None:
        drawn = {}
        for seed in (1, 1, 2):
            out = folder.parent / f"out{len(drawn)}{seed}"
            assert run("repack", folder, "--out", out, "--shuffle", seed).exit_code == 0
            drawn[out.name] = names_and_ids(open_shards(out))["train-00000.h5"]
        first, again, other = list(drawn.values()) if len(drawn) == 3 else (None, None, None)
        assert first == again
        assert first not in (other, list(IDS))
        assert sorted(first or ()) == sorted(IDS)

    def test_workers_do_not_matter_and_what_is_there_is_not_written_again(self, folder: Path) -> None:
        one = repacked(folder, "--codec", "h264", "--shard-mb", 0.02)
        before = {path: path.stat().st_mtime_ns for path in one.paths}
        assert len(before) > 2
        again = ["repack", folder, "--codec", "h264", "--shard-mb", 0.02]
        assert run(*again, "--out", folder.parent / "two", "--workers", 2).exit_code == 0
        with open_shards(folder.parent / "two") as two:
            assert two.content_hash == one.content_hash
            assert names_and_ids(two) == names_and_ids(one)
        one.paths[1].unlink()
        done = run(*again, "--out", folder.parent / "out", "--json")
        assert json.loads(done.output)["written"] == 1
        left = {path: path.stat().st_mtime_ns for path in one.paths if path != one.paths[1]}
        assert left.items() <= before.items()

    def test_another_shard_in_the_way_is_refused(self, folder: Path) -> None:
        repacked(folder)
        done = run("repack", folder, "--out", folder.parent / "out", "--codec", "raw")
        assert isinstance(done.exception, ShardError)
        assert "is there already, and is another shard; name another folder" in str(done.exception)

    def test_an_id_that_is_not_there_and_nothing_left(self, folder: Path) -> None:
        for options, says in (
            (["--id", "zzz"], "1 ids are of no clip .* 'zzz'"),
            (["--split", "val"], "no clip is left"),
        ):
            done = run("repack", folder, "--out", folder.parent / "out", *options)
            assert isinstance(done.exception, UsageError)
            with pytest.raises(UsageError, match=says):
                raise done.exception
        assert not (folder.parent / "out").exists()

    def test_a_damaged_clip_stops_it_and_is_named(self, folder: Path) -> None:
        target = folder / "train-00001.h5"
        image = bytearray(target.read_bytes())
        with open_shards(target) as shards:
            image[shards.clip("d-7").record.datasets["views/0/frames"].address + 50] ^= 1
        target.write_bytes(image)
        done = run("repack", folder, "--out", folder.parent / "out")
        assert isinstance(done.exception, ShardError)
        assert "clip 'd-7'" in str(done.exception)


class TestRemoving:
    def test_the_videos_clips_go_and_the_others_stay_as_they_are(self, folder: Path) -> None:
        before = verify_shards(open_shards(folder).paths)[0]
        untouched = (folder / "train-00001.h5").read_bytes()
        done = run("remove", folder, "--video", "a")
        assert (done.exit_code, done.output) == (0, "2 clips of 1 videos removed\n")
        after, damage = verify_shards(open_shards(folder).paths)
        assert damage == []
        assert after == {one: content for one, content in before.items() if not one.startswith("a-")}
        assert (folder / "train-00001.h5").read_bytes() == untouched
        with open_shards(folder) as shards:
            (note,) = shards.contents(folder / "train-00000.h5").header.history
            assert (note["what"], note["videos"], note["clips"]) == ("remove", ["a"], 2)
        assert b"a-1" not in (folder / "train-00000.h5").read_bytes()

    def test_a_shard_of_nothing_else_is_deleted(self, folder: Path) -> None:
        assert run("remove", folder, "--video=c", "--video=d").exit_code == 0
        assert [path.name for path in folder.iterdir()] == ["train-00000.h5"]

    def test_without_a_video_it_is_refused(self, folder: Path) -> None:
        assert isinstance(run("remove", folder).exception, UsageError)


class TestIndex:
    def rows(self, folder: Path) -> dict[str, dict[str, Any]]:
        target = folder.parent / "clips.parquet"
        done = run("index", folder, "--out", target)
        assert done.exit_code == 0, done.exception
        found = duckdb.sql(f"SELECT * FROM '{target}'")
        return {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.fetchall()}

    def test_has_a_row_a_clip(self, folder: Path) -> None:
        found = self.rows(folder)
        assert list(found) == list(IDS)
        row = found["c-3.5"]
        assert (row["video_id"], row["start_s"], row["end_s"], row["split"]) == ("c", 3.5, 4.5, "train")
        assert (row["shard"], row["codec"], row["sound_codec"], row["frames"]) == ("train-00001.h5", "jpeg", "int16", 9)
        assert (row["projection"], row["width"], row["height"]) == ("viewport", 32, 24)
        assert row["level_dbfs"] is None

    def test_tells_what_was_measured_and_found(self, folder: Path) -> None:
        from dataclasses import replace

        measured = Measured(np.float32([-20, -20]), np.float32([[1, 2, 0.25], [np.nan, np.nan, np.nan]]))
        found = ({"code": "clipping", "severity": "doubt", "text": ""}, {"code": "fuma", "severity": "fix", "text": ""})
        shard(folder / "test-00000.h5", replace(clip("e-1"), measured=measured, findings=found))
        row = self.rows(folder)["e-1"]
        assert (row["level_dbfs"], row["diffuseness"]) == (pytest.approx(-20), pytest.approx(0.25))
        assert row["findings"] == "clipping fuma"

    def test_can_be_queried_like_a_manifest(self, folder: Path) -> None:
        self.rows(folder)
        asked = "SELECT shard, count(*) AS clips FROM clips GROUP BY shard ORDER BY shard"
        done = CliRunner().invoke(
            yt360, ["manifest", "query", str(folder.parent / "clips.parquet"), asked, "--format", "json"]
        )
        assert done.exit_code == 0, done.exception
        assert json.loads(done.output) == [
            {"shard": "train-00000.h5", "clips": 3},
            {"shard": "train-00001.h5", "clips": 2},
        ]


def test_noise_is_what_these_clips_hold(folder: Path) -> None:
    with open_shards(folder) as shards:
        assert np.abs(shards.clip("c-3.5").ambisonics - noise(30)).max() < 1e-4
