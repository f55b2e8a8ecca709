"""`make manifests`, from a mirror on this machine, and what `make stats` and `make dataset` find afterwards."""

import functools
import http.server
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import command, small_lists
from worlds.hostile_server import HostileServer, Serve, serving

from yt360_tools.demo.options import split_of
from yt360_tools.manifest import read_manifest
from yt360_tools.manifest.descriptors import descriptor_of, known_datasets

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / ".." / "shared" / "lists"
NAMES = tuple(name for name in known_datasets() if descriptor_of(name).files)

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
needs_lists = pytest.mark.skipif(not LISTS.is_dir(), reason="the published lists are not beside the repository")


def make(*arguments: object) -> command.Ended:
    """The end of a `make` in the repository that takes this environment for one that is ready."""
    ready = ("-o", ".venv/.ready", f"BIN={Path(sys.executable).parent}")
    return command.run(["-C", ROOT, *ready, *arguments], command=("make",), changes={"NO_PROXY": "127.0.0.1"})


@pytest.fixture
def mirror() -> Iterator[str]:
    """The published lists behind an ordinary web server."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    handler = functools.partial(Quiet, directory=os.path.realpath(LISTS))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@needs_make
@needs_lists
def test_every_published_dataset_is_fetched_from_a_mirror(mirror: str, tmp_path: Path) -> None:
    ended = make("manifests", f"DATA={tmp_path}", f"MIRROR={mirror}")
    assert ended.code == 0, ended
    assert sorted(path.name for path in (tmp_path / "manifests").iterdir()) == sorted(
        ["lists", *(f"{name}.csv" for name in NAMES)]
    )
    assert f"91176 clips of 5723 videos in {tmp_path}/manifests/yt360.csv" in ended.stdout
    assert "error" not in ended.stderr
    for name in ("stats", "dataset"):
        found = make("-n", name, f"DATA={tmp_path}", "DATASET=sphere360")
        assert f"{tmp_path}/manifests/sphere360.csv" in found.stdout
    stats = make("stats", f"DATA={tmp_path}", "DATASET=rec-street")
    assert stats.code == 0, stats
    assert re.search(r"train\D+33\b", stats.stdout)


@needs_make
@needs_lists
def test_one_dataset_alone(mirror: str, tmp_path: Path) -> None:
    ended = make("manifests", f"DATA={tmp_path}", f"MIRROR={mirror}/", "DATASET=yt-music")
    assert ended.code == 0, ended
    assert len(read_manifest(tmp_path / "manifests" / "yt-music.csv").rows) == 397
    assert [path.name for path in (tmp_path / "manifests").glob("*.csv")] == ["yt-music.csv"]


@needs_make
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "manifest fetch --all --folder data/manifests"),
        (("DATASET=yt-all",), "manifest fetch yt-all --folder data/manifests"),
        (("MANIFEST=x.parquet",), "manifest fetch yt360 --out x.parquet"),
        (("MIRROR=http://h/",), "manifest fetch --all --folder data/manifests --mirror http://h/"),
    ],
)
def test_what_is_run(arguments: tuple[str, ...], words: str) -> None:
    found = make("-n", "manifests", *arguments).stdout
    assert f"yt360 {words}" in " ".join(found.split())


@needs_make
def test_the_demo_is_described_as_it_is_made() -> None:
    made = " ".join(make("-n", "demo").stdout.replace("\\\n", " ").split())
    (options,) = re.findall(r"yt360 tour demo-world ((?:--[a-z]+ \d+ ?)+)", made)
    dataset = descriptor_of("demo")
    (described,) = re.findall(r"yt360 demo demo-world ((?:--[a-z]+ \d+ ?)+)", dataset.made_by)
    assert described.split() == options.split()
    splits = [split_of(index, 0.25) for index in range(dataset.expect.videos or 0)]
    assert {name: splits.count(name) for name in ("train", "test")} == dataset.expect.splits


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as found:
        yield found


@pytest.fixture
def descriptors(server: HostileServer, tmp_path: Path) -> list[Path]:
    """Two datasets, the first of which the server has damaged."""
    for name, text in small_lists.YT360.items():
        server.add(f"/bad/{name}", Serve(text.replace("7", "8").encode()))
        server.add(f"/good/{name}", Serve(text.encode()))
    paths = []
    for name in ("bad", "good"):
        path = tmp_path / f"{name}.toml"
        path.write_text(small_lists.toml_of(small_lists.yt360("http://nobody.invalid/", name=name)), encoding="utf-8")
        paths.append(path)
    return paths


def fetch(*arguments: object, **changes: str) -> command.Ended:
    return command.run(["manifest", "fetch", *arguments], changes={"NO_PROXY": "127.0.0.1", **changes})


def test_a_dataset_that_fails_keeps_no_other_from_being_fetched(
    descriptors: list[Path], server: HostileServer, tmp_path: Path
) -> None:
    ended = fetch(*descriptors, "--folder", tmp_path / "made", "--mirror", server.address)
    assert ended.code == 3
    assert "segments.txt: what http://127.0.0.1" in ended.stderr
    assert "1 of 2 datasets were not fetched" in ended.stderr
    assert ended.stdout == f"7 clips of 4 videos in {tmp_path}/made/good.csv\n"
    assert [path.name for path in (tmp_path / "made").glob("*.csv")] == ["good.csv"]
    assert not list((tmp_path / "made").rglob("*tmp*"))


def test_the_mirror_may_be_told_by_the_environment(
    descriptors: list[Path], server: HostileServer, tmp_path: Path
) -> None:
    ended = fetch(descriptors[1], "--folder", tmp_path, YT360_MIRROR=server.address)
    assert ended.code == 0, ended
    assert len(read_manifest(tmp_path / "good.csv").rows) == 7


def test_base_url_is_of_one_dataset_and_goes_before_the_mirror(
    descriptors: list[Path], server: HostileServer, tmp_path: Path
) -> None:
    out = tmp_path / "good.csv.gz"
    arguments = (descriptors[1], "--out", out, "--lists", tmp_path / "kept", "--base-url", f"{server.address}/good")
    ended = fetch(*arguments, YT360_MIRROR="http://nobody.invalid/")
    assert ended.code == 0, ended
    assert len(read_manifest(out).rows) == 7
    assert sorted(path.name for path in (tmp_path / "kept" / "good").iterdir()) == sorted(small_lists.YT360)


def test_nothing_but_the_result_is_said_and_no_password(
    descriptors: list[Path], server: HostileServer, tmp_path: Path
) -> None:
    mirror = server.address.replace("//", "//me:secret@")
    ended = fetch(descriptors[1], "--folder", tmp_path, "--mirror", mirror)
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == f"7 clips of 4 videos in {tmp_path}/good.csv\n"
    ended = fetch(descriptors[1], "--folder", tmp_path / "other", "--base-url", f"{mirror}/nothing")
    assert ended.code == 3
    assert "answers 404" in ended.stderr
    assert "secret" not in ended.stderr + ended.stdout


def test_a_second_run_asks_for_nothing(descriptors: list[Path], server: HostileServer, tmp_path: Path) -> None:
    arguments = (descriptors[1], "--folder", tmp_path, "--mirror", server.address)
    first = fetch(*arguments)
    asked = len(server.asked)
    again = fetch(*arguments)
    assert (first.code, again.code, len(server.asked)) == (0, 0, asked)
    assert first.stdout == again.stdout
    (told,) = json.loads(fetch(*arguments, "--json").stdout)
    assert (told["fetched"], told["at_hand"]) == ([], list(small_lists.YT360))
    assert (told["dataset"], told["out"], told["clips"]) == ("good", str(tmp_path / "good.csv"), 7)
