"""Which ids may name a file, how clips are called, and that what travels survives the journey."""

import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction
from yt360_tools.records import ClipRow, ClipWindow, Outcome, SourceLayout, VideoRecord, View, check_id, clip_id_for

LEGAL = ("-oytwMeyR74", "--help", "_x", "0", "a.b", "a..b", "CON", "dQw4w9WgXcQ-54.5", "a" * 128)
HOSTILE = (
    "", ".", "..", ".hidden", "../up", "a/b", "/etc/passwd", "a\\b", "a b", " a", "a ", "a\n", "\n", "a\x00", "a\tb",
    "a:b", "a*", "a?", "a%20", "$HOME", "`id`", "a;b", "a|b", "a&b", "a'b", 'a"b', "<a>", "~", "é", "ａ", "٣",
    "\u202eabc", "a\u200b", "a" * 129,
)  # fmt: skip


@pytest.mark.parametrize("text", LEGAL)
def test_legal_ids(text: str) -> None:
    assert check_id(text) == text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_ids_that_cannot_name_a_file(text: str) -> None:
    with pytest.raises(UsageError, match="video_id"):
        check_id(text, "video_id")


@given(st.text(st.sampled_from([*string.printable, "\x00", "é", "ａ", "٣"]), max_size=12))
def test_a_legal_id_is_one_plain_component_of_a_path(text: str) -> None:
    try:
        check_id(text)
    except UsageError:
        return
    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set('/\\ :*?"<>|%$')
    assert text not in ("", ".", "..")


@pytest.mark.parametrize(
    ("start_s", "clip_id"),
    [
        (54, "abc-54"),
        (54.0, "abc-54"),
        (54.5, "abc-54.5"),
        (0, "abc-0"),
        (100, "abc-100"),
        (0.25, "abc-0.25"),
        (12.345678, "abc-12.345678"),
        (0.1 + 0.2, "abc-0.3"),
        (1e-9, "abc-0"),
        (86400.0, "abc-86400"),
    ],
)
def test_clip_ids_write_the_start_without_trailing_zeros(start_s: float, clip_id: str) -> None:
    assert clip_id_for("abc", start_s) == clip_id
    assert check_id(clip_id) == clip_id


def test_a_row_without_times_is_a_whole_video() -> None:
    assert ClipRow("v", "v", None, None, "all").is_whole_video
    assert not ClipRow("v-0", "v", 0.0, 10.0, "all").is_whole_video


def test_a_window_is_as_long_as_its_ends_are_apart() -> None:
    assert ClipWindow("v-54", "v", 54.0, 64.0, "all").duration_s == 10


@pytest.mark.parametrize(
    "value",
    [
        ClipRow("v-1", "v", 1.0, 2.0, "train", {"note": "x"}, 3),
        ClipWindow("v-1", "v", 1.0, 2.0, "train"),
        View("viewport", Direction(1, 2, 3), 90, 60, 10, 8),
        Outcome("v-1", "build", "failed", "disk", "no room", {"k": [1]}),
        VideoRecord("v", "a", "b", 4, 2, 30.0, 0.0, 9.0, 48000, 4, (0, 1, 2, 3), SourceLayout("er"), "h264", "opus"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_records_are_frozen_and_cross_processes(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(AttributeError, match="cannot assign"):
        value.item = value.video_id = value.width = "another"  # type: ignore[attr-defined]
