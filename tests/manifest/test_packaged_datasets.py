"""The package that users install carries the descriptors, and finds them by name."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from worlds import command

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a wheel, built from a copy of the sources, without a network."""
    pytest.importorskip("setuptools")
    copy = tmp_path_factory.mktemp("sources")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("yt360_tools", "avsa_models", "manifests"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import setuptools.build_meta as backend, sys; print(backend.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(copy / "dist")], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (found,) = (copy / "dist").glob("*.whl")
    return found


def test_a_wheel_holds_every_descriptor(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            Path(name).name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("yt360_tools/manifest/datasets/")
        }
        top = {name.split("/")[0] for name in archive.namelist()}
    assert packed == {path.name: path.read_bytes() for path in (ROOT / "manifests").iterdir()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"yt360_tools", "avsa_models"}


def test_what_is_installed_finds_them_by_name(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    (tmp_path / "elsewhere").mkdir()
    code = "import yt360_tools, yt360_tools.cli; print(yt360_tools.__file__); yt360_tools.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "manifest", "list", "--json"],
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        env=command.environment({"PYTHONPATH": os.fspath(tmp_path / "installed")}),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, _, text = done.stdout.partition("\n")
    assert where.startswith(os.fspath(tmp_path / "installed"))
    assert {dataset["name"] for dataset in json.loads(text)} >= {"yt360", "sphere360", "yt-ambigen", "demo"}
