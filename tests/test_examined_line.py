"""Along the whole line: what was examined is mended when clips are built, rejected with a reason, and can be asked."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from worlds import command

from yt360_tools.shards import open_shards

CLIPS = {"good": "train", "classic": "train", "mono": "test"}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of one sound video, the same one as classic B-format, and one with mono in four channels."""
    folder = tmp_path_factory.mktemp("examined")
    for video_id in CLIPS:
        command.write_media(folder / "media", video_id, seed=3)
    ambix, rate_hz = soundfile.read(folder / "media" / "good.audio.wav", dtype="float32")
    w, y, z, x = ambix.T
    written = {"classic": np.stack([w / np.sqrt(2), x, y, z], axis=1), "mono": np.stack([w] * 4, axis=1)}
    for video_id, samples in written.items():
        soundfile.write(folder / "media" / f"{video_id}.audio.wav", samples, rate_hz, subtype="FLOAT")
    rows = [f"{video_id}-1,{video_id},1,4,{split}" for video_id, split in CLIPS.items()]
    manifest = command.write_rows(folder / "m.csv", *rows)
    ended = command.run(
        ["rebuild", manifest, "-w", folder / "work", "--media", folder / "media", *command.SMALL, "--examine"]
    )
    assert ended.code == 0, ended
    assert "mono: mono_upmixed" in ended.stderr
    return folder / "work"


def test_classic_b_format_is_built_as_ambix(work: Path) -> None:
    with open_shards(work / "shards") as shards:
        good, classic = shards.clip("good-1").ambisonics, shards.clip("classic-1").ambisonics
        assert "mono-1" not in shards.index
    # A second of noise has no two channels alike: another order or weight would be far off.
    assert np.abs(good - classic).max() < 2e-3 * np.abs(good).max()
    assert np.abs(good[[0, 3, 1, 2]] - classic).max() > 0.1 * np.abs(good).max()


def asked(work: Path, sql: str) -> list[dict[str, str]]:
    ended = command.run(["manifest", "query", work.parent / "m.csv", sql, "--workspace", work, "--format", "csv"])
    assert ended.code == 0, ended
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def test_verdicts_can_be_asked(work: Path) -> None:
    rows = asked(work, "SELECT video_id, verdict, format, channel_gains FROM examined ORDER BY video_id")
    assert [(row["video_id"], row["verdict"]) for row in rows] == [
        ("classic", "fix"), ("good", "accept"), ("mono", "reject"),
    ]  # fmt: skip
    assert (rows[0]["format"], rows[0]["channel_gains"]) == ("fuma", "1.41421,1,1,1")


def test_findings_can_be_asked(work: Path) -> None:
    rows = asked(work, "SELECT video_id, code, severity FROM findings WHERE severity <> 'note' ORDER BY video_id")
    assert {(row["video_id"], row["code"], row["severity"]) for row in rows} == {
        ("classic", "fuma", "fix"), ("mono", "mono_upmixed", "reject"),
    }  # fmt: skip


def test_sheets_of_a_workspace(work: Path) -> None:
    ended = command.run(["sheets", "-w", work])
    assert ended.code == 0, ended
    page = (work / "reports" / "index.html").read_text(encoding="utf-8")
    for video_id in CLIPS:
        assert (work / "reports" / "sheets" / f"{video_id}.png").stat().st_size > 20_000
        assert f'src="sheets/{video_id}.png"' in page
    assert command.run(["sheets", "-w", work, "--verdict", "doubt"]).stdout.startswith("0 sheets drawn")
    unknown = command.run(["sheets", "-w", work, "--video=nobody"])
    assert (unknown.code, "'nobody' was not examined" in unknown.stderr) == (2, True), unknown


def test_a_finding_that_is_tolerated_is_examined_anew_in_another_workspace(work: Path, tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('[validate]\ntolerate = ["mono_upmixed"]\nrefuse = ["fuma"]\n', encoding="utf-8")
    manifest, media = work.parent / "m.csv", work.parent / "media"
    words = [
        "rebuild",
        manifest,
        "-w",
        tmp_path / "w",
        "--media",
        media,
        "--config",
        config,
        "--json",
        "--examine",
        *command.SMALL,
    ]
    stages = {stage["stage"]: stage for stage in json.loads(command.run(words).stdout)["stages"]}
    assert stages["validate"]["rejected_reasons"] == {"fuma": 1}
    assert stages["build"]["done"] == 2


def test_words_that_are_no_findings_are_refused(work: Path, tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text('[validate]\ntolerate = ["stil"]\n', encoding="utf-8")
    words = [
        "rebuild",
        work.parent / "m.csv",
        "-w",
        tmp_path / "w",
        "--media",
        work.parent / "media",
        "--config",
        config,
    ]
    ended = command.run(words)
    assert (ended.code, "'stil' is nothing" in ended.stderr) == (2, True), ended
