"""``make dataset SPLIT=... LIMIT=...``: what the README says, tried with few videos, and gone on with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from worlds import command

ROOT = Path(__file__).parents[1]
ARGS = " ".join(command.SMALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile beside an environment that is ready, and a manifest of three videos."""
    if not shutil.which("make"):
        pytest.skip("there is no make")
    folder = tmp_path / "project"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "yt360").symlink_to(Path(sys.executable).parent / "yt360")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv" / ".ready").touch()
    for number, video_id in enumerate(("one", "two", "three")):
        command.write_media(folder / "media", video_id, 2.5, seed=number)
    rows = ("one,one,,,train", "two,two,,,test", "three,three,,,train")
    command.write_rows(folder / "data" / "manifests" / "mine.csv", *rows)
    return folder


def make(project: Path, *words: str) -> str:
    media = f"ARGS=--media {project / 'media'} {ARGS}"
    done = subprocess.run(
        ["make", "dataset", "DATASET=mine", media, *words],
        cwd=project, capture_output=True, text=True, env=command.environment(dict(os.environ)), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def built(project: Path) -> set[str]:
    index = project / "data" / "mine" / "shards" / "index.csv"
    return {line.split(",")[0] for line in index.read_text(encoding="utf-8").splitlines()[1:]}


def test_a_split_and_a_limit_and_then_the_rest(project: Path) -> None:
    make(project, "SPLIT=train", "LIMIT=1")
    assert built(project) == {"one-0"}
    listed = (project / "data" / "mine" / "clips.csv").read_text(encoding="utf-8").splitlines()
    assert len(listed) == 2
    make(project, "SPLIT=test train", "LIMIT=2")
    assert built(project) == {"one-0", "two-0"}
    make(project)
    assert built(project) == {"one-0", "two-0", "three-0"}
    make(project, "LIMIT=1")
    assert len((project / "data" / "mine" / "clips.csv").read_text(encoding="utf-8").splitlines()) == 4
