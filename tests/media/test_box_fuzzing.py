"""Headers that want to harm: nothing is raised, little is read, and what is answered is what was promised."""

import functools
import io
import os
import random
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import hostile_boxes
from worlds.boxes import box, equi, mp4, trak, v1
from worlds.hostile_boxes import KINDS, MISSING, POSE, TELLING, check_answers
from worlds.sound_boxes import sa3d, sound_trak

from yt360_tools.media.mesh_counts import NoMesh, count_meshes
from yt360_tools.media.sa3d import read_sa3d
from yt360_tools.media.spherical import read_spherical
from yt360_tools.media.spherical_fields import SphericalMetadata
from yt360_tools.media.walker import Box, Walker

SIZE = 10_000_000
_SLACK = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
GIANTS = hostile_boxes.giants(SIZE)


@functools.cache
def seeds() -> list[bytes]:
    return [*hostile_boxes.drawn_headers(), *hostile_boxes.real_files()]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each read of a walker brought: what it costs, whatever the machine."""
    counts: list[int] = []
    plain = Walker._read

    def counting(walker: Walker, start: int, count: int) -> bytes:
        data = plain(walker, start, count)
        counts.append(len(data))
        return data

    monkeypatch.setattr(Walker, "_read", counting)
    return counts


class TestGiants:
    """Ten megabytes of boxes that make work: two readers need at most a fraction of a second and some megabytes."""

    @pytest.mark.parametrize("case", GIANTS)
    def test_little_is_read_and_held(self, tmp_path: Path, reads: list[int], case: str) -> None:
        path = tmp_path / "giant.mp4"
        path.write_bytes(GIANTS[case]())
        tracemalloc.start()
        try:
            check_answers(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            path.unlink()
        assert len(reads) < 2 * 60_100, "of each reader: 20,000 boxes, and a few reads in each"
        assert sum(reads) < 2 * (4 * 2**20 + 20_100 * 16)
        assert peak < 40e6

    def test_boxes_behind_the_index_do_not_keep_it_from_being_read(self, tmp_path: Path) -> None:
        """A film of hours in fragments has more of them than a walker takes."""
        path = tmp_path / "long.mp4"
        fragments = (box("moof", bytes(8)) + box("mdat", bytes(8))) * 30_000
        path.write_bytes(mp4(trak(equi(MISSING, POSE)), sound_trak(sa3d())) + fragments)
        assert check_answers(path) == (
            SphericalMetadata("equirectangular", None, "sv3d", POSE, MISSING),
            read_sa3d(path),
        )
        assert read_sa3d(path) is not None

    @pytest.mark.parametrize("wide", [False, True])
    def test_an_index_behind_four_gigabytes(self, tmp_path: Path, reads: list[int], wide: bool) -> None:
        path = tmp_path / "large.mp4"
        length = 5 * 2**30 if wide else 2**32 - 16
        head = struct.pack(">I4sQ", 1, b"mdat", length) if wide else struct.pack(">I4s", length, b"mdat")
        ftyp = box("ftyp", b"isom", bytes(4))
        with path.open("wb") as file:
            file.write(ftyp + head)
            file.seek(len(ftyp) + length)
            file.write(mp4(trak(equi(MISSING, POSE)), sound_trak(sa3d()))[len(ftyp) :])
        sphere, sound = check_answers(path)
        assert sphere is not None
        assert sphere.bounds == MISSING
        assert sound is not None
        assert sum(reads) < 10_000

    def test_a_pipe_is_no_file(self, tmp_path: Path) -> None:
        """Opening it would wait for somebody who writes."""
        os.mkfifo(tmp_path / "pipe.mp4")
        assert check_answers(tmp_path / "pipe.mp4") == (None, None)


SIZES = {
    "more than there is": struct.pack(">I4s", 2**32 - 1, b"moov"),
    "less than its head": struct.pack(">I4s", 7, b"moov"),
    "wide, all ones": struct.pack(">I4sQ", 1, b"moov", 2**64 - 1),
    "wide, beyond signed numbers": struct.pack(">I4sQ", 1, b"moov", 2**63),
    "wide, that wraps around to the beginning": struct.pack(">I4sQ", 1, b"free", 2**64 - 16),
    "wide, less than its head": struct.pack(">I4sQ", 1, b"moov", 15),
    "wide, none": struct.pack(">I4sQ", 1, b"moov", 0),
    "wide, and cut": struct.pack(">I4s", 1, b"moov"),
}


@pytest.mark.parametrize("case", SIZES)
def test_absurd_sizes(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.mp4"
    inside = mp4(trak(equi()), sound_trak(sa3d()))
    path.write_bytes(SIZES[case] + (b"" if case.endswith("cut") else inside))
    assert check_answers(path) == (None, None)


def walked(data: bytes, end: int | None = None) -> list[tuple[bytes | int, int, int]]:
    walker = Walker(io.BytesIO(data), len(data))
    return [(found.kind, found.start, found.end) for found in walker.boxes(0, len(data) if end is None else end)]


class TestWalking:
    def test_boxes_after_each_other(self) -> None:
        data = box("free", bytes(5)) + box("wide", bytes(3), large=True) + struct.pack(">I4s", 0, b"last") + bytes(2)
        assert walked(data) == [(b"free", 8, 13), (b"wide", 29, 32), (b"last", 40, 42)]

    def test_it_ends_where_a_box_does_not_fit(self) -> None:
        good = box("free", bytes(20))
        for bad in (2, 7, 29):
            assert walked(good + struct.pack(">I4s", bad, b"moov") + bytes(20)) == [(b"free", 8, 28)], bad
        for bad in (0, 15, 45, 2**63):
            assert walked(good + struct.pack(">I4sQ", 1, b"moov", bad) + bytes(28)) == [(b"free", 8, 28)], bad
        assert walked(good, end=27) == [], "a parent that is shorter"

    def test_what_is_read_of_a_box_ends_with_it(self) -> None:
        walker = Walker(io.BytesIO(bytes(range(40))), 40)
        assert walker.payload(Box(b"", 10, 14)) == bytes([10, 11, 12, 13])
        assert walker.payload(Box(b"", 10, 14), 9, skip=3) == bytes([13])
        assert walker.payload(Box(b"", 10, 14), skip=5) == b""
        assert walker.payload(Box(b"", 14, 10)) == b""


@pytest.mark.parametrize(
    "data",
    [
        mp4(trak(), v1()),
        mp4(trak(), box("udta", v1())),
        mp4(trak(extra=box("udta", box("name", b"x"), v1()))),
        mp4(trak(extra=v1())),
    ],
)
def test_version_1_in_odd_places(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert read_spherical(path) == SphericalMetadata("equirectangular", None, "uuid")


def test_a_track_that_says_something_wins_over_a_box_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(mp4(v1("fisheye"), trak(), trak(equi(MISSING)), trak(equi())))
    assert read_spherical(path) == SphericalMetadata("equirectangular", None, "sv3d", bounds=MISSING)


@pytest.mark.parametrize("number", range(len(hostile_boxes.drawn_headers())))
def test_every_cut(tmp_path: Path, number: int) -> None:
    path = tmp_path / "cut.mp4"
    whole = hostile_boxes.drawn_headers()[number]
    for length in range(min(len(whole), 1400)):
        path.write_bytes(whole[:length])
        check_answers(path)


@settings(max_examples=600, deadline=None, suppress_health_check=_SLACK)
@given(number=st.integers(0, 11), seed=st.integers(0, 2**32))
def test_headers_changed_in_a_few_places(tmp_path: Path, number: int, seed: int) -> None:
    path = tmp_path / "changed.mp4"
    path.write_bytes(hostile_boxes.mutated(seeds()[number], random.Random(seed), seeds()))
    check_answers(path)


def _box(kind: bytes, payload: bytes, size: int | None) -> bytes:
    if size is None:
        return struct.pack(">I4s", 8 + len(payload), kind) + payload
    if size >= 2**32:
        return struct.pack(">I4sQ", 1, kind, size) + payload
    return struct.pack(">I4s", size, kind) + payload


_LEAF = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([sa3d(), equi(MISSING, POSE), v1(), bytes(28), bytes(78), bytes(8) + b"vide", bytes(8) + b"soun"]),
)
_WRONG_SIZE = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(TELLING), st.integers(0, 300))
_TREE = st.recursive(
    st.builds(_box, st.sampled_from(KINDS), _LEAF, _WRONG_SIZE),
    lambda inside: st.builds(
        _box, st.sampled_from(KINDS), st.lists(st.one_of(inside, _LEAF), max_size=5).map(b"".join), _WRONG_SIZE
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None, suppress_health_check=_SLACK)
@given(trees=st.lists(_TREE, max_size=6), way=st.integers(0, 5))
def test_any_tree_of_boxes(tmp_path: Path, trees: list[bytes], way: int) -> None:
    """Somewhere on the way that is walked, or at the file's outset."""
    inside = b"".join(trees)
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov")[5 - way :]:
        extra = box("hdlr", bytes(8), b"vide", bytes(13)) if kind == b"mdia" else b""
        inside = _box(kind, extra + inside, None)
    path = tmp_path / "tree.mp4"
    path.write_bytes(inside)
    check_answers(path)


@settings(max_examples=300, deadline=None, suppress_health_check=_SLACK)
@given(data=st.binary(max_size=300), coding=st.sampled_from([b"raw ", b"dfl8", b"none"]), is_named=st.booleans())
def test_any_mesh(data: bytes, coding: bytes, is_named: bool) -> None:
    contents = hostile_boxes.boxes.mshp_payload(box("mesh", data) if is_named else data, coding)
    try:
        (counts, *_) = count_meshes(contents)
    except NoMesh:
        return
    assert counts.coordinates * 4 <= len(data)
    assert counts.lists * 6 <= len(data)
