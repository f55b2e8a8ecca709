"""The tour trains, measures, says what came out and what to try; run again, it repeats nothing."""

import json
import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_benchmark import SIZE, write_world

from avsa_models.benchmarks import BENCHMARK_NAMES
from avsa_models.commands.bench import bench
from avsa_models.commands.pretrain import pretrain
from avsa_models.commands.tour import tour
from yt360_tools.errors import UsageError

SHORT = (
    *("avc.steps=3", "avc.batch=4", "avsa.steps=2", "avsa.batch=3", "run.workers=0", "run.save_every=2"),
    *("benchmark.train_moments=1", "benchmark.test_moments=1", "benchmark.head_epochs=2"),
)


def call(folder: Path, *settings: str) -> Result:
    told = [word for setting in (*SIZE, *SHORT, *settings) for word in ("--set", setting)]
    return CliRunner().invoke(tour, [str(folder), *told])


def changed(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): os.stat(path).st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A name that a shell would take for two."""
    folder = tmp_path_factory.mktemp("tour") / "demo world"
    (folder / "panorama").mkdir(parents=True)
    write_world(folder / "panorama", train=6, test=4)
    return folder


@pytest.fixture(scope="module")
def first(folder: Path) -> Result:
    return call(folder)


def test_it_ends_with_a_table_of_both_benchmarks(folder: Path, first: Result) -> None:
    assert first.exit_code == 0, first.output
    for name in BENCHMARK_NAMES:
        outcome = json.loads((folder / "run" / "bench" / f"{name}.json").read_text())
        assert (outcome["benchmark"], outcome["pairs"], outcome["videos"], outcome["views"]) == (name, 8, 4, 4)
        assert outcome["checkpoint"]["finished"]
        row = next(line for line in first.stdout.splitlines() if line.startswith(name) and "sound and picture" in line)
        assert f"{100 * outcome['accuracy']:.1f} %" in row
        assert "{:.1f} to {:.1f} %".format(*(100 * edge for edge in outcome["interval"])) in row
    for words in ("sound alone", "picture alone", "chance", "50.0 %", "only 4 test videos", str(folder / "run")):
        assert words in first.stdout


def test_what_it_tells_to_try_works(folder: Path, first: Result) -> None:
    commands = [shlex.split(line) for line in first.stdout.splitlines() if line.startswith("  ")]
    commands = [words for words in commands if words and words[0] in ("avsa", "tensorboard")]
    assert len(commands) >= 3
    for program, *arguments in commands:
        if program == "tensorboard":
            assert Path(arguments[-1]).is_dir()
        elif arguments[0] == "bench":
            done = CliRunner().invoke(bench, [*arguments[1:], "--workers", "0"])
            assert done.exit_code == 0, done.output
        else:
            context = pretrain.make_context("pretrain", arguments[1:])
            assert not context.params["run"].exists()


def test_run_again_it_says_the_same_and_does_nothing(folder: Path, first: Result) -> None:
    before = changed(folder / "run" / "bench"), changed(folder / "run")["checkpoint.pt"]
    again = call(folder)
    assert again.exit_code == 0, again.output
    assert again.stdout == first.stdout
    assert (changed(folder / "run" / "bench"), changed(folder / "run")["checkpoint.pt"]) == before
    assert "measuring" not in again.stderr


def test_a_result_that_is_damaged_or_of_another_model_is_measured_again(folder: Path, first: Result) -> None:
    avc, avsa = (folder / "run" / "bench" / f"{name}.json" for name in BENCHMARK_NAMES)
    expected = avc.read_text(), avsa.read_text()
    avc.write_text(expected[0][:100])
    avsa.write_text(expected[1].replace('"step": 2', '"step": 1'))
    again = call(folder)
    assert again.stdout == first.stdout
    assert (avc.read_text(), avsa.read_text()) == expected


def test_a_result_of_another_torch_is_measured_again(folder: Path, first: Result) -> None:
    path = folder / "run" / "bench" / "avsa-bin.json"
    expected = json.loads(path.read_text())
    path.write_text(json.dumps(expected | {"measured_with": expected["measured_with"] | {"torch": "1.0"}}))
    again = call(folder)
    assert "measuring avsa-bin" in again.stderr
    assert json.loads(path.read_text()) == expected


def test_without_panoramas_it_says_what_makes_them(tmp_path: Path) -> None:
    done = call(tmp_path / "nothing")
    assert isinstance(done.exception, UsageError)
    assert "'yt360 tour" in str(done.exception)
