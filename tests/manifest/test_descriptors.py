"""Descriptors: found by name wherever a command runs, and refused where they are wrong."""

import os
from pathlib import Path

import pytest
from worlds import small_lists

from yt360_tools.errors import UsageError
from yt360_tools.manifest.descriptors import FOLDER, descriptor_of, known_datasets, read_descriptor

REPOSITORY = Path(__file__).resolve().parents[2]
PUBLISHED = (
    "rec-street", "sphere360", "yt-all", "yt-ambigen", "yt-clean", "yt-music", "yt360",
)  # fmt: skip
GOOD = small_lists.toml_of(small_lists.yt360())


def test_the_known_datasets_are_those_in_manifests() -> None:
    assert os.path.realpath(FOLDER) == str(REPOSITORY / "manifests")
    assert known_datasets() == tuple(sorted((*PUBLISHED, "demo", "starss23")))


@pytest.mark.parametrize("name", known_datasets())
def test_a_known_dataset_says_what_it_is(name: str) -> None:
    dataset = descriptor_of(name)
    assert dataset.name == name
    assert all((dataset.title, dataset.description, dataset.citation, dataset.licence))
    if dataset.files:
        assert dataset.base_url.startswith("https://raw.githubusercontent.com/")
        assert dataset.citation_key
        assert dataset.home.startswith("https://")
        assert sum(file.entries or 0 for file in dataset.files) > 0
        counts = dataset.expect
        assert sum((counts.splits or {}).values()) == (counts.clips or 0) + (counts.whole_videos or 0)
    else:
        assert "yt360 " in dataset.made_by


def test_the_documentation_tells_the_size_of_each() -> None:
    rows = (REPOSITORY / "docs" / "datasets.md").read_text(encoding="utf-8").splitlines()
    for dataset in map(descriptor_of, known_datasets()):
        (row,) = [row for row in rows if row.startswith((f"| `{dataset.name}`", f"| [`{dataset.name}`]"))]
        counts = dataset.expect
        for number in (counts.clips, counts.videos, *(counts.splits or {}).values()):
            assert not number or f"{number:,}" in row, (row, number)
        if dataset.hours:
            assert f"{dataset.hours:.1f}" in row


def test_a_name_is_found_wherever_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert descriptor_of("yt360").expect.clips == 91176
    assert descriptor_of(str(REPOSITORY / "manifests" / "yt360.toml")) == descriptor_of("yt360")


def test_a_descriptor_is_read_from_a_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD, encoding="utf-8")
    dataset = descriptor_of(str(tmp_path / "mine.toml"))
    assert (dataset.name, dataset.clip_length_s, dataset.expect.videos) == ("small", 10.0, 4)
    assert [(file.name, file.split) for file in dataset.files] == [
        ("train.txt", "train"),
        ("test.txt", "test"),
        ("segments.txt", ""),
    ]
    assert dataset.hours == pytest.approx(70 / 3600)


def test_an_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'yt-360'; did you mean 'yt360'\?; known: demo, .*descriptor \(\.toml\)"):
        descriptor_of("yt-360")


SHA = "0" * 64


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "x"', "missing keys"),
        (GOOD.replace("title", "titel", 1), r"unknown keys \['titel'\].*did you mean 'title'"),
        ("name =", "is not TOML"),
        (GOOD.replace('"Small"', "7"), "title is 7; a text is allowed"),
        (GOOD.replace('"small"', '"../small"'), r"name '\.\./small' cannot name a file"),
        (GOOD.replace('importer = "yt360"', 'importer = "yt630"'), "no importer 'yt630'; did you mean 'yt360'"),
        (GOOD.replace("http://127.0.0.1:9/", "ftp://host/"), "base_url 'ftp://host/'"),
        (GOOD.replace("clip_length_s = 10", "clip_length_s = -1"), "clip_length_s is -1"),
        (GOOD.replace("clips = 7", "clips = 7.5"), "clips is 7.5; a whole number"),
        (GOOD.replace("clips = 7", "clip = 7"), r"expect has the unknown keys \['clip'\]"),
        (GOOD.replace("[files]", f'[files]\n"../x" = {{ sha256 = "{SHA}" }}'), r"list '\.\./x' must be a path below"),
        (GOOD.replace("[files]", f'[files]\n"/x" = {{ sha256 = "{SHA}" }}'), "list '/x' must be a path below"),
        (GOOD.replace("[files]", f'[files]\n"x" = "{SHA}"'), r"list 'x' is .*; \{ sha256 = "),
        (GOOD.replace("[files]", '[files]\n"x" = { sha256 = "abc" }'), "sha256 is 'abc'; 64 small hexadecimal"),
        (GOOD.replace("[files]", f'[files]\n"x" = {{ sha256 = "{SHA}", split = ".." }}'), "the split of list 'x'"),
    ],
)
def test_a_wrong_descriptor_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says) as caught:
        read_descriptor(path)
    assert str(path) in str(caught.value)


def test_a_missing_descriptor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        descriptor_of(str(tmp_path / "none.toml"))
