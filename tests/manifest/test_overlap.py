"""What two manifests share: counted by hand, against a slow and simple count, and on the published lists."""

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from worlds import command
from worlds.command import write_rows

from yt360_tools.errors import UsageError
from yt360_tools.manifest.overlap import ANY, SharedVideo, SplitOverlap, overlap

LISTS = Path(__file__).resolve().parents[3] / "shared" / "lists"
needs_lists = pytest.mark.skipif(not LISTS.is_dir(), reason="the published lists are not beside the repository")

Row = tuple[str, float | None, float | None, str]


def manifest(path: Path, rows: Iterable[Row]) -> Path:
    lines = []
    for place, (video_id, start_s, end_s, split) in enumerate(rows):
        times = ",".join("" if value is None else f"{value:g}" for value in (start_s, end_s))
        lines.append(f"{video_id}-row{place},{video_id},{times},{split}")
    return write_rows(path, *lines)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    a = manifest(
        tmp_path / "a.csv",
        [
            ("-one", 0, 10, "train"),
            ("-one", 5, 15, "train"),
            ("-one", 100, 110, "test"),
            ("two", 0, 10, "test"),
            ("three", None, None, "test"),
            ("alone", 0, 10, "test"),
        ],
    )
    b = manifest(
        tmp_path / "b.csv",
        [
            ("-one", 8, 12, "train"),
            ("-one", 14, 30, "train"),
            ("two", 10, 20, "train"),
            ("three", 3, 5, "valid"),
            ("three", None, None, "train"),
            ("other", 0, 10, "train"),
        ],
    )
    return a, b


def test_split_by_split(pair: tuple[Path, Path]) -> None:
    with overlap(*pair) as found:
        lines = {(line.split_a, line.split_b): line for line in found.splits()}
    assert list(lines) == [
        ("test", "train"), ("test", "valid"), ("test", ANY), ("train", "train"), ("train", ANY),
        (ANY, "train"), (ANY, "valid"), (ANY, ANY),
    ]  # fmt: skip
    # -one: 0 to 15 against 8 to 12 and 14 to 30, so 4 s and 1 s, in two clips of either side.
    assert lines["train", "train"] == SplitOverlap("train", "train", 1, 1, 4, 2, 2, 5.0, 0)
    # -one shares no time, two only touches, three stands whole in both.
    assert lines["test", "train"] == SplitOverlap("test", "train", 3, 4, 4, 1, 1, 0.0, 1)
    assert lines["test", "valid"] == SplitOverlap("test", "valid", 1, 4, 1, 1, 1, 2.0, 0)
    assert lines[ANY, ANY] == SplitOverlap(ANY, ANY, 3, 4, 4, 3, 4, 5.0, 1)


def test_video_by_video(pair: tuple[Path, Path]) -> None:
    with overlap(*pair, ["test:train"]) as found:
        assert list(found.video_ids()) == ["-one", "three", "two"]
        assert list(found.videos()) == [
            SharedVideo("-one", "test", "train", 0, 0, 0.0),
            SharedVideo("three", "test", "train", 1, 1, None),
            SharedVideo("two", "test", "train", 0, 0, 0.0),
        ]


def test_what_is_asked_for_is_answered_though_nothing_is_shared(pair: tuple[Path, Path]) -> None:
    with overlap(*pair, ["train:valid", "train:train"]) as found:
        assert [(line.split_b, line.videos) for line in found.splits()] == [("train", 1), ("valid", 0)]


def test_a_manifest_against_itself(pair: tuple[Path, Path]) -> None:
    a, _ = pair
    with overlap(a, a) as found:
        assert found.splits() == (SplitOverlap("test", "train", 1, 4, 1, 0, 0, 0.0, 0),)
    with overlap(a, a, ["train:test", "train:train"]) as found:
        assert [(line.split_b, line.videos, line.seconds) for line in found.splits()] == [
            ("test", 1, 0.0),
            ("train", 1, 15.0),
        ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tests:train", r"a\.csv has no split 'tests'; there are test, train, \*; did you mean 'test'"),
        ("test:none", r"b\.csv has no split 'none'"),
        ("test", "takes A_SPLIT:B_SPLIT"),
        (":train", "takes A_SPLIT:B_SPLIT"),
        ("a:b:c", "takes A_SPLIT:B_SPLIT"),
    ],
)
def test_pairs_that_are_none(text: str, says: str, pair: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match=says), overlap(*pair, [text]):
        pass


def counted_slowly(a: list[Row], b: list[Row], split_a: str, split_b: str) -> tuple[int, int, int, float, int]:
    """Videos, clips of A, clips of B, seconds and whole videos, by looking at every tenth of a second."""

    def of(rows: list[Row], split: str) -> list[tuple[str, float, float]]:
        wanted = [row for row in rows if split in (ANY, row[3])]
        return [(v, -1e9 if s is None else s, 1e9 if e is None else e) for v, s, e, _ in wanted]

    in_a, in_b = of(a, split_a), of(b, split_b)
    videos = {row[0] for row in in_a} & {row[0] for row in in_b}

    def meet(one: tuple[str, float, float], others: list[tuple[str, float, float]]) -> bool:
        return any(one[0] == v and one[1] < e and s < one[2] for v, s, e in others)

    def is_covered(rows: list[tuple[str, float, float]], video: str, at: float) -> bool:
        return any(v == video and s < at < e for v, s, e in rows)

    def is_whole(rows: list[tuple[str, float, float]], video: str) -> bool:
        return any(v == video and e == 1e9 for v, _, e in rows)

    whole = {video for video in videos if is_whole(in_a, video) and is_whole(in_b, video)}
    moments = [
        (video, tenth)
        for video in videos - whole
        for tenth in range(500)
        if is_covered(in_a, video, tenth / 10 + 0.05) and is_covered(in_b, video, tenth / 10 + 0.05)
    ]
    clips_a, clips_b = sum(meet(row, in_b) for row in in_a), sum(meet(row, in_a) for row in in_b)
    return len(videos), clips_a, clips_b, len(moments) / 10, len(whole)


@pytest.mark.parametrize("seed", range(12))
def test_against_a_slow_count(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)

    def drawn() -> list[Row]:
        rows: list[Row] = []
        for _ in range(draw.randrange(5, 40)):
            video, split = f"v{draw.randrange(5)}", draw.choice(["train", "test", "valid"])
            if draw.random() < 0.05:
                rows.append((video, None, None, split))
            else:
                start_s = draw.randrange(400) / 10
                rows.append((video, start_s, round(start_s + draw.randrange(1, 60) / 10, 1), split))
        whole = [row for row in rows if row[1] is None]
        return [row for row in rows if row[1] is not None or row is next(w for w in whole if w[0] == row[0])]

    a, b = drawn(), drawn()
    with overlap(manifest(tmp_path / "a.csv", a), manifest(tmp_path / "b.csv", b)) as found:
        lines = found.splits()
    pairs = {(one, other) for one in {row[3] for row in a} | {ANY} for other in {row[3] for row in b} | {ANY}}
    shared = {pair for pair in pairs if counted_slowly(a, b, *pair)[0]}
    assert {(line.split_a, line.split_b) for line in lines} == shared
    for line in lines:
        videos, clips_a, clips_b, seconds, whole = counted_slowly(a, b, line.split_a, line.split_b)
        assert (line.videos, line.clips_in_a, line.clips_in_b, line.whole_videos) == (videos, clips_a, clips_b, whole)
        assert line.seconds == pytest.approx(seconds)


class TestTheCommand:
    def test_prints_a_table(self, pair: tuple[Path, Path]) -> None:
        ended = command.run(["manifest", "overlap", *pair, "--split", "train:train"])
        assert ended.code == 0, ended
        header, line = ended.stdout.splitlines()
        assert header.split("  ")[0] == "split of A"
        assert line.split() == ["train", "train", "1", "100.0%", "25.0%", "2", "2", "0.001", "0"]

    def test_prints_json_and_writes_the_videos(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        out = tmp_path / "shared.csv"
        ended = command.run(["manifest", "overlap", *pair, "--split", "train:train", "--json", "--out", out])
        (line,) = json.loads(ended.stdout)["splits"]
        assert (line["videos"], line["seconds"]) == (1, 5.0)
        assert out.read_text() == ("video_id,split_a,split_b,clips_in_a,clips_in_b,seconds\n-one,train,train,2,2,5.0\n")

    def test_lists_ids(self, pair: tuple[Path, Path]) -> None:
        assert command.run(["manifest", "overlap", *pair, "--list"]).stdout == "-one\nthree\ntwo\n"

    def test_lists_ids_as_json(self, pair: tuple[Path, Path]) -> None:
        ended = command.run(["manifest", "overlap", *pair, "--list", "--json"])
        assert json.loads(ended.stdout) == ["-one", "three", "two"]

    def test_does_not_write_over_what_it_reads(self, pair: tuple[Path, Path]) -> None:
        before = pair[0].read_bytes()
        ended = command.run(["manifest", "overlap", *pair, "--out", pair[0]])
        assert (ended.code, pair[0].read_bytes()) == (2, before)

    def test_says_when_nothing_is_shared(self, tmp_path: Path) -> None:
        a = manifest(tmp_path / "a.csv", [("a", 0, 1, "train")])
        b = manifest(tmp_path / "b.csv", [("b", 0, 1, "train")])
        assert command.run(["manifest", "overlap", a, b]).stdout == "no video is shared\n"


def published(folder: Path) -> dict[str, Path]:
    """The four lists as manifests, by a few lines that know nothing of the importers."""

    def lines(path: str) -> list[str]:
        return (LISTS / path).read_text(encoding="utf-8").split()

    split_of = {video: split for split in ("train", "test") for video in lines(f"yt360/{split}.txt")}
    yt360: list[Row] = []
    words = iter(lines("yt360/segments.txt"))
    for video, starts in zip(words, words, strict=True):
        yt360 += [(video, int(s), int(s) + 10, split_of.get(video, "none")) for s in starts.split(",")]
    sphere360: list[Row] = []
    for split in ("train", "test"):
        for line in lines(f"sphere360/{split}.txt"):
            video, _, start = line.rpartition("_")
            sphere360.append((video, int(start), int(start) + 10, split))
    ambigen: list[Row] = []
    for split in ("train", "valid", "test"):
        for line in lines(f"yt-ambigen/{split}.csv")[1:]:
            video, _, start = line.split(",")[0].removesuffix(".npy").rpartition("_")
            ambigen.append((video, int(start), int(start) + 5, split))
    whole: list[Row] = [
        (video, None, None, "all") for video in sorted(set(lines("spatialaudiogen/spatialaudiogen_db.lst")))
    ]
    rows = {"yt360": yt360, "sphere360": sphere360, "ambigen": ambigen, "spatialaudiogen": whole}
    return {name: manifest(folder / f"{name}.csv", found) for name, found in rows.items()}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return published(tmp_path_factory.mktemp("lists"))


@needs_lists
class TestThePublishedLists:
    @pytest.mark.parametrize(
        ("a", "b", "pair", "videos"),
        [
            ("yt360", "sphere360", "test:train", 748),
            ("yt360", "ambigen", "test:*", 536),
            ("yt360", "ambigen", "test:train", 416),
            ("yt360", "spatialaudiogen", "test:all", 200),
            ("sphere360", "sphere360", "test:train", 63),
            ("yt360", "yt360", "test:train", 0),
        ],
    )
    def test_share_videos(self, a: str, b: str, pair: str, videos: int, lists: dict[str, Path]) -> None:
        with overlap(lists[a], lists[b], [pair]) as found:
            (line,) = found.splits()
            assert (line.videos, len(list(found.video_ids()))) == (videos, videos)
