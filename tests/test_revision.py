"""The revision is the commit that git says."""

import subprocess
from pathlib import Path

import pytest

from yt360_tools.revision import git_revision


def git(folder: Path, *arguments: str) -> str:
    whole = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(whole, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "second")
    return tmp_path


def test_of_a_branch(checkout: Path) -> None:
    assert git_revision(checkout) == git(checkout, "rev-parse", "HEAD")


def test_of_a_packed_branch(checkout: Path) -> None:
    git(checkout, "pack-refs", "--all")
    assert git_revision(checkout) == git(checkout, "rev-parse", "HEAD")


def test_of_a_commit(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach", "HEAD~1")
    assert git_revision(checkout) == git(checkout, "rev-parse", "HEAD")


def test_of_no_checkout(tmp_path: Path) -> None:
    assert git_revision(tmp_path) == ""
