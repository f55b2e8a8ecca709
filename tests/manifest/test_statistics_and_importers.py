"""What a manifest counts, and how published lists become one: parsed, counted, fetched and checked."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from yt360_tools.errors import TransientError, UsageError
from yt360_tools.manifest import Fault, Manifest, manifest_statistics
from yt360_tools.manifest.descriptors import Descriptor, fetch_lists, import_lists, read_descriptor
from yt360_tools.manifest.importers import import_yt360, importer_named
from yt360_tools.records import ClipRow

REPOSITORY = Path(__file__).resolve().parents[2]
PUBLISHED = REPOSITORY / ".." / "shared" / "lists" / "yt360"
LISTS = {
    "train.txt": "-one\nthree\nunsegmented\n",
    "test.txt": "_two\n",
    "segments.txt": "three 7\n_two 20,5\n-one 54,68,100\nextra 0",
}


def lists(folder: Path, **changes: str) -> Path:
    for name, text in LISTS.items():
        (folder / name).write_text(changes.get(name.removesuffix(".txt"), text), encoding="utf-8")
    return folder


def descriptor(base_url: str = "http://127.0.0.1/", **changes: Any) -> Descriptor:
    files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in LISTS.items()}
    expect = {"videos": 4, "clips": 7, "splits": {"train": 4, "test": 2, "none": 1}}
    values = {"name": "small", "title": "Small", "importer": "yt360", "files": files, "expect": expect}
    return Descriptor(**{**values, "base_url": base_url, **changes})


class TestStatistics:
    MANIFEST = Manifest(
        Path("clips.csv"),
        (
            ClipRow("a-0", "a", 0.0, 10.0, "train"),
            ClipRow("a-10", "a", 10.0, 20.0, "train"),
            ClipRow("a-20", "a", 20.0, 36.0, "test"),
            ClipRow("b-0", "b", 0.0, 36.0, "train"),
            ClipRow("c", "c", None, None, "test"),
        ),
        (Fault(7, "bad_id", "?"), Fault(8, "bad_id", "?"), Fault(9, "duplicate", "?")),
    )

    def test_of_all_rows(self) -> None:
        total = manifest_statistics(self.MANIFEST).total
        assert (total.rows, total.clips, total.whole_videos, total.videos) == (5, 4, 1, 3)
        assert total.hours == pytest.approx(72 / 3600)
        assert (total.clips_per_video_median, total.clips_per_video_max) == (2.0, 3)

    def test_of_each_split(self) -> None:
        counts = {part.split: (part.rows, part.videos) for part in manifest_statistics(self.MANIFEST).splits}
        assert counts == {"test": (2, 2), "train": (3, 2)}

    def test_name_videos_that_stand_in_two_splits(self) -> None:
        assert manifest_statistics(self.MANIFEST).videos_in_two_splits == ("a",)

    def test_count_faults_by_reason(self) -> None:
        assert manifest_statistics(self.MANIFEST).faults == {"bad_id": 2, "duplicate": 1}

    def test_of_whole_videos_alone(self) -> None:
        alone = Manifest(Path("m.csv"), self.MANIFEST.rows[-1:], ())
        total = manifest_statistics(alone).total
        assert (total.clips, total.hours, total.clips_per_video_median, total.clips_per_video_max) == (0, 0, 0, 0)


class TestImportingYt360:
    def test_sorts_by_video_and_time_and_marks_videos_of_no_split(self, tmp_path: Path) -> None:
        rows = import_yt360(lists(tmp_path))
        assert [(row.clip_id, row.start_s, row.end_s, row.split) for row in rows] == [
            ("-one-54", 54, 64, "train"),
            ("-one-68", 68, 78, "train"),
            ("-one-100", 100, 110, "train"),
            ("_two-5", 5, 15, "test"),
            ("_two-20", 20, 30, "test"),
            ("extra-0", 0, 10, "none"),
            ("three-7", 7, 17, "train"),
        ]

    @pytest.mark.parametrize("line", ["abc", "abc ", "abc 1,x", "abc 1.5", "../abc 1", "abc 1,,2"])
    def test_refuses_a_malformed_line_by_its_number(self, line: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"segments\.txt line 2"):
            import_yt360(lists(tmp_path, segments=f"-one 54\n{line}\n"))

    def test_refuses_a_missing_list(self, tmp_path: Path) -> None:
        (lists(tmp_path) / "test.txt").unlink()
        with pytest.raises(UsageError, match=r"test\.txt cannot be read"):
            import_yt360(tmp_path)

    def test_an_unknown_importer_names_the_nearest(self) -> None:
        with pytest.raises(UsageError, match="did you mean 'yt360'"):
            importer_named("yt-360")


class TestDescriptors:
    def test_the_one_of_yt360_counts_what_the_paper_s_lists_hold(self) -> None:
        found = read_descriptor(REPOSITORY / "manifests" / "yt360.toml")
        assert (found.expect["videos"], found.expect["clips"]) == (5723, 91176)
        assert found.expect["splits"] == {"train": 73635, "test": 15119, "none": 2422}
        assert set(found.files) == set(LISTS)

    @pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published lists are not beside the repository")
    def test_the_published_lists_are_imported_whole(self) -> None:
        rows = import_lists(read_descriptor(REPOSITORY / "manifests" / "yt360.toml"), PUBLISHED)
        per_split = {split: [row for row in rows if row.split == split] for split in ("train", "test", "none")}
        assert {split: len(found) for split, found in per_split.items()} == {
            "train": 73635,
            "test": 15119,
            "none": 2422,
        }
        videos = {split: {row.video_id for row in found} for split, found in per_split.items()}
        assert {split: len(found) for split, found in videos.items()} == {"train": 4506, "test": 1000, "none": 217}
        assert len({row.clip_id for row in rows}) == 91176
        assert all(row.end_s == row.start_s + 10 for row in rows)
        every = set.union(*videos.values())
        assert [sum(name[0] == mark for name in every) for mark in "-_"] == [94, 77]

    @pytest.mark.parametrize(
        ("expect", "message"),
        [
            ({"videos": 5}, "videos: 4 instead of 5"),
            ({"clips": 6}, "clips: 7 instead of 6"),
            ({"splits": {"train": 4, "test": 3}}, "splits: .* instead of"),
        ],
    )
    def test_a_wrong_count_is_refused(self, expect: dict[str, Any], message: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=message):
            import_lists(descriptor(expect=expect), lists(tmp_path))

    def test_right_counts_give_the_rows(self, tmp_path: Path) -> None:
        assert len(import_lists(descriptor(), lists(tmp_path))) == 7

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('name = "x"', "missing keys"),
            ('name = "x"\ntitel = "y"', r"unknown keys \['titel'\]"),
            ("name =", "is not TOML"),
        ],
    )
    def test_a_wrong_descriptor_is_refused(self, text: str, message: str, tmp_path: Path) -> None:
        (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=message):
            read_descriptor(tmp_path / "wrong.toml")
        with pytest.raises(UsageError, match="cannot be read"):
            read_descriptor(tmp_path / "none.toml")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The lists, served on this machine alone; nobody waits between two tries."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    folder = tmp_path / "served"
    folder.mkdir()
    lists(folder)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


class TestFetching:
    def test_puts_every_list_into_the_folder(self, server: str, tmp_path: Path) -> None:
        fetch_lists(descriptor(server), tmp_path / "lists")
        assert {path.name: path.read_text() for path in (tmp_path / "lists").iterdir()} == LISTS

    def test_what_is_there_already_is_not_fetched_again(self, tmp_path: Path) -> None:
        fetch_lists(descriptor("http://127.0.0.1:9/"), lists(tmp_path))
        assert len(list(tmp_path.iterdir())) == 3

    def test_a_list_that_was_changed_on_disk_is_fetched_anew(self, server: str, tmp_path: Path) -> None:
        folder = tmp_path / "lists"
        folder.mkdir()
        lists(folder, train="tampered\n")
        fetch_lists(descriptor(server), folder)
        assert (folder / "train.txt").read_text() == LISTS["train.txt"]

    def test_a_wrong_checksum_is_refused_and_leaves_no_file(self, server: str, tmp_path: Path) -> None:
        wrong = descriptor(server, files={"train.txt": "0" * 64})
        with pytest.raises(TransientError, match=r"train\.txt cannot be fetched"):
            fetch_lists(wrong, tmp_path / "lists")
        assert not list((tmp_path / "lists").glob("*"))

    def test_a_list_that_the_server_has_not_is_named(self, server: str, tmp_path: Path) -> None:
        with pytest.raises(TransientError, match=r"valid\.txt cannot be fetched.*404"):
            fetch_lists(descriptor(server, files={"valid.txt": "0" * 64}), tmp_path / "lists")
