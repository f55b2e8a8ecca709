"""However a list is damaged, nothing is raised, every row that is taken stands in a manifest, and damage is told."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import small_lists
from worlds.small_lists import A, B, C, D

from yt360_tools.manifest import read_manifest, write_manifest
from yt360_tools.manifest.importers import Lists, PublishedList, importer_named

WHOLE: dict[str, dict[str, str]] = {
    "yt360": dict(small_lists.YT360),
    "sphere360": {"train.txt": f"{A}_5\n{A}l_15\n{B}_0\n", "test.txt": f"{C}_7"},
    "yt-ambigen": {"train.csv": f"file_path\r\n{A}_5.npy\r\n", "test.csv": f"file_path\r\n{B}_5.npy\r\n"},
    "spatialaudiogen": {
        "train.txt": f"{A}\n{B}\n",
        "test.txt": C,
        "audio_layouts.txt": f"{A} WXY\n{B} WXYZ\n{D} WXY\n",
    },
}
MARKS = st.sampled_from(
    [b"", b"\n", b"\r\n", b"\r", b" ", b"\t", b",", b"-", b"_", b".", b"#", b"0", b'"', b"\0", b"\xff"]
)
WORDS = st.sampled_from([b"1.5", b"9" * 30, b"nan", b"1e9", b"../", b"WXY", b"file_path", b".npy", A.encode()])
INVISIBLE = st.sampled_from([b"\xef\xbb\xbf", b"\xe2\x80\xa8"])
REPEATED = st.sampled_from([f"\n{A}_5\n".encode(), f"\n{A}_5.npy\n".encode(), b",54,68", f"\n{A}\n".encode()])
PIECES = st.one_of(MARKS, WORDS, INVISIBLE, REPEATED)
EDITS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 120), st.integers(0, 12), PIECES), min_size=1, max_size=4)


@pytest.mark.parametrize("importer", WHOLE)
@settings(max_examples=60, deadline=None)
@given(edits=EDITS)
def test_what_is_taken_of_a_damaged_list_is_a_manifest(importer: str, edits: list[tuple[int, int, int, bytes]]) -> None:
    lists = {name: text.encode() for name, text in WHOLE[importer].items()}
    for number, at, length, piece in edits:
        name = list(lists)[number % len(lists)]
        at %= len(lists[name]) + 1
        lists[name] = lists[name][:at] + piece + lists[name][at + length :]
    with tempfile.TemporaryDirectory() as temporary:
        folder = small_lists.write(Path(temporary), dict(lists))
        files = tuple(PublishedList(name, "0" * 64, None, small_lists.SPLITS.get(name, "")) for name in lists)
        found = importer_named(importer)(Lists(folder, files))
        assert all(fault.file in lists and fault.reason and fault.message for fault in found.faults)
        assert all(0 <= fault.line <= lists[fault.file].count(b"\n") + lists[fault.file].count(b"\r") + 1
                   for fault in found.faults)  # fmt: skip
        if not found.rows:
            return
        write_manifest(folder / "clips.csv", found.rows)
        again = read_manifest(folder / "clips.csv")
    assert again.faults == ()
    assert [(row.clip_id, row.start_s, row.end_s, row.split) for row in again.rows] == [
        (row.clip_id, row.start_s, row.end_s, row.split) for row in found.rows
    ]
