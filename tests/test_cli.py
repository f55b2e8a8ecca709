"""The command line's promises: help with examples, a quick start, JSON that other programs may rely on."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from worlds import command
from worlds.command import SMALL

from avsa_models.cli import avsa
from yt360_tools import __version__
from yt360_tools.cli import yt360

ROOT = Path(__file__).parents[1]
SECONDS = 4.5
HEAVY = ("numpy", "scipy", "cv2", "av", "h5py", "torch", "yt_dlp", "spaudiopy", "matplotlib", "duckdb")


def walk(group: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group with the words that call it; groups too."""
    yield words, group
    if isinstance(group, click.Group):
        for name, inner in group.commands.items():
            yield from walk(inner, (*words, name))


COMMANDS = dict(walk(yt360, ("yt360",))) | dict(walk(avsa, ("avsa",)))
LEAVES = {words: found for words, found in COMMANDS.items() if not isinstance(found, click.Group)}


def spelt(words: tuple[str, ...]) -> str:
    return " ".join(words)


def help_of(words: tuple[str, ...]) -> str:
    program, *rest = words
    done = CliRunner().invoke(COMMANDS[(program,)], [*rest, "--help"], prog_name=program)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("words", COMMANDS, ids=spelt)
def test_help_has_an_example(words: tuple[str, ...]) -> None:
    lines = [line.strip() for line in help_of(words).splitlines()]
    assert any(line.startswith("Example") for line in lines), lines
    examples = [line for line in lines if line.startswith(f"{words[0]} ")]
    assert any(line.startswith(spelt(words)) for line in examples), f"no example calls {spelt(words)!r}"


@pytest.mark.parametrize("words", COMMANDS, ids=spelt)
def test_examples_use_options_that_exist(words: tuple[str, ...]) -> None:
    for line in (line.strip() for line in help_of(words).splitlines()):
        parts = line.split()
        if not parts or (parts[0],) not in COMMANDS:
            continue
        called = max((known for known in COMMANDS if tuple(parts[: len(known)]) == known), key=len)
        options = {name for parameter in COMMANDS[called].params for name in parameter.opts}
        for part in parts:
            if part.startswith("-"):
                assert part.partition("=")[0] in options, f"{part} in {line!r}"


@pytest.mark.parametrize("words", LEAVES, ids=spelt)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    for parameter in LEAVES[words].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{spelt(words)} {parameter.opts[0]}"


@pytest.mark.parametrize("words", LEAVES, ids=spelt)
def test_the_readme_mentions_every_command(words: tuple[str, ...]) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    mentioned = [set(re.findall(r"[\w-]+", line)) for line in lines if f"{words[0]} " in line]
    assert any(set(words) <= line for line in mentioned), f"{spelt(words)!r} is nowhere in README.md"


@pytest.mark.parametrize("program", ["yt360_tools.cli", "avsa_models.cli"])
def test_nothing_heavy_is_imported_for_help(program: str) -> None:
    code = f"import sys, {program}; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_version() -> None:
    ended = command.run(["--version"])
    assert (ended.code, ended.stderr) == (0, "")
    assert __version__ in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rebiuld"], "No such command 'rebiuld'"),
        (["rebuild"], "Missing argument 'MANIFEST'"),
        (["rebuild", "clips.csv"], "Missing option '--workspace'"),
        (["rebuild", "clips.csv", "-w", "work", "--worker", "2"], "'--worker'.*--workers"),
        (["rebuild", "clips.csv", "-w", "work", "--workers", "0"], "'--workers': 0 is not in the range"),
        (["rebuild", "clips.csv", "-w", "work", "--width", "wide"], "'--width': 'wide' is not a valid integer"),
        (["shard", "extract", "work"], "Missing option '--clip'"),
    ],
)
def test_wrong_usage(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = subprocess.run([*command.YT360, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.search(says, done.stderr)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video to be cut, and rows with times and faults; not rebuilt yet."""
    folder = tmp_path_factory.mktemp("world")
    command.write_media(folder / "media", "video", SECONDS)
    rows = ("video,video,,,train", "given,video,1,3,test", "backwards,video,3,1,test", "gone,gone,,,train")
    command.write_rows(folder / "manifest.csv", *rows)
    return folder


def ask(*arguments: object, code: int = 0) -> Any:
    """The JSON that a command prints."""
    ended = command.run(arguments)
    assert ended.code == code, ended
    return json.loads(ended.stdout)


def rebuild(world: Path) -> tuple[object, ...]:
    return ("rebuild", world / "manifest.csv", "--media", world / "media", "-w", world / "work", *SMALL)


@pytest.fixture(scope="module")
def report(world: Path) -> dict[str, Any]:
    """What a rebuild prints with --json; one video's media are missing."""
    return ask(*rebuild(world), "--json", code=3)


STAGE_FIELDS = {
    "stage": str, "unit": str, "done": int, "rejected": int, "failed": int, "to_do": int,
    "rejected_reasons": dict, "failed_reasons": dict,
}  # fmt: skip


def check_fields(plain: dict[str, Any], fields: dict[str, type]) -> None:
    assert {name: type(value) for name, value in plain.items()} == fields


def test_rebuild_as_json(report: dict[str, Any], world: Path) -> None:
    check_fields(report, {"workspace": str, "stages": list, "manifest_faults": list})
    assert report["workspace"] == str(world / "work")
    assert [stage["stage"] for stage in report["stages"]] == ["download", "validate", "segment", "build"]
    for stage in report["stages"]:
        check_fields(stage, STAGE_FIELDS | {"taken_up": int, "took_s": float, "stopped": str, "notes": list})
    download, *_, build = report["stages"]
    assert (download["done"], download["failed"], download["taken_up"]) == (1, 1, 2)
    assert download["failed_reasons"] == {"missing_media": 1}
    assert (build["unit"], build["done"], build["taken_up"]) == ("clip", 3, 3)
    (fault,) = report["manifest_faults"]
    check_fields(fault, {"line": int, "reason": str, "message": str})
    assert (fault["line"], fault["reason"]) == (4, "bad_times")


def test_status_as_json(report: dict[str, Any], world: Path) -> None:
    found = ask("status", "-w", world / "work", "--json")
    check_fields(found, {"stages": list})
    assert [stage["stage"] for stage in found["stages"]] == ["manifest", "download", "validate", "segment", "build"]
    for stage in found["stages"]:
        check_fields(stage, STAGE_FIELDS)
    by_name = {stage["stage"]: stage for stage in found["stages"]}
    for stage in report["stages"]:
        of_the_run = {name: stage[name] for name in ("taken_up", "took_s", "stopped", "notes")}
        assert stage == by_name[stage["stage"]] | of_the_run
    assert by_name["manifest"]["rejected_reasons"] == {"bad_times": 1}


def test_shards_as_json(report: dict[str, Any], world: Path) -> None:
    info = ask("shard", "info", world / "work", "--json")
    assert (info["clips"], info["videos"], info["splits"]) == (3, 1, {"test": 1, "train": 2})
    assert len(info["content_hash"]) == 64
    assert {"path", "bytes", "clips", "split", "version", "config", "tools"} <= set(info["shards"][0])
    verified = ask("shard", "verify", world / "work", "--json")
    assert verified == {"clips": 3, "damage": [], "content_hash": info["content_hash"]}


def test_statistics_as_json(world: Path) -> None:
    found = ask("manifest", "stats", world / "manifest.csv", "--json")
    check_fields(
        found,
        {
            "splits": list, "in_splits": dict, "total": dict, "videos_in_two_splits": list,
            "videos_in_two_splits_count": int, "videos_in_no_split": list, "videos_in_no_split_count": int,
            "clips_per_video": list, "clip_lengths_s": list, "gaps": dict, "overlaps": dict,
            "faults": dict, "fault_examples": list,
        },
    )  # fmt: skip
    fields = {
        "split": str, "rows": int, "clips": int, "whole_videos": int, "videos": int, "hours": float,
        "clips_per_video_median": float, "clips_per_video_max": int,
    }  # fmt: skip
    for line in (*found["splits"], found["total"]):
        check_fields(line, fields)
    assert (found["total"]["rows"], found["total"]["clips"], found["total"]["videos"]) == (3, 1, 2)
    assert found["faults"] == {"bad_times": 1}
    assert found["videos_in_two_splits"] == ["video"]


def test_doctor_as_json() -> None:
    ended = command.run(["doctor", "--json"])
    findings = json.loads(ended.stdout)
    for finding in findings:
        check_fields(finding, {"name": str, "is_there": bool, "is_needed": bool, "detail": str})
    is_well = all(finding["is_there"] for finding in findings if finding["is_needed"])
    assert ended.code == (0 if is_well else 4)
    assert "ffmpeg" in {finding["name"] for finding in findings}


def test_a_plan_writes_nothing(world: Path) -> None:
    before = sorted(world.rglob("*"))
    fresh = world / "nowhere" / "work"
    arguments = [fresh if argument == world / "work" else argument for argument in rebuild(world)]
    plan = ask(*arguments, "--plan", "--json")
    assert sorted(world.rglob("*")) == before
    check_fields(
        plan,
        {
            "videos_to_fetch": int, "fetch_bytes": int, "media_are_linked": bool, "faults": list,
            "videos_to_validate": int, "rows_to_segment": int,
            "clips_to_build": int, "clip_hours": float, "shard_bytes": int, "raw_bytes": int, "free_bytes": int,
            "floor_bytes": int,
            "verdict": str, "prices": dict, "assumptions": list,
        },
    )  # fmt: skip
    assert (plan["videos_to_fetch"], plan["rows_to_segment"]) == (2, 3)
    assert plan["fetch_bytes"] == sum(path.stat().st_size for path in (world / "media").iterdir())
    assert plan["verdict"] == "enough room"


def test_a_plan_of_what_is_left(report: dict[str, Any], world: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (world / "work").rglob("*")}
    plan = ask(*rebuild(world), "--plan", "--json")
    assert (plan["videos_to_fetch"], plan["videos_to_validate"], plan["rows_to_segment"]) == (1, 1, 1)
    assert plan["fetch_bytes"] == 0
    assert {path: path.stat().st_mtime_ns for path in (world / "work").rglob("*")} == before


def test_a_plan_from_youtube_knows_no_sizes(world: Path) -> None:
    plan = ask("rebuild", world / "manifest.csv", "-w", world / "nowhere", "--plan", "--json")
    assert plan["fetch_bytes"] is None
    assert plan["verdict"] == "enough room for the shards; the media's size is unknown"


def test_a_reader_that_goes_away_is_no_error(world: Path, report: dict[str, Any]) -> None:
    """As in ``yt360 ... | head``."""
    process = subprocess.Popen(
        [*command.YT360, "shard", "info", str(world / "work"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command.environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["doctor"]])
def test_a_full_disk_behind_stdout_is_no_bug(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run([*command.YT360, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (4, "error: standard output: No space left on device\n")
