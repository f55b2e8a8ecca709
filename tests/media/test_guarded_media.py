"""Hostile media in a guarded process: an answer or a reason, within limits."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.hostile_media import HOSTILE, look_and_listen

from yt360_tools.errors import MediaError
from yt360_tools.media.guarded import Guard

NO_MEDIA = {"picture": "unreadable_video", "sound": "unreadable_sound"}
ANSWERS = {
    "nothing": {"picture": "empty_file", "sound": "empty_file"},
    "a text": NO_MEDIA,
    "noise": NO_MEDIA,
    "boxes without a film": {"picture": "no_picture", "sound": "no_sound"},
    "a pixel": {"picture": "1x1, 10 packets", "sound": "no_sound"},
    "a frame": {"picture": "64x32, 1 packets", "sound": "no_sound"},
    "backwards": {"picture": "64x32, 30 packets", "sound": "no_sound"},
    "sixteen channels": {"picture": "no_picture", "sound": "16 at 48000"},
    "192 kHz": {"picture": "no_picture", "sound": "4 at 192000"},
    "8 kHz": {"picture": "no_picture", "sound": "1 at 8000"},
    "not numbers": {"picture": "no_picture", "sound": "4 at 48000, not finite"},
}


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard() as guard:
        yield guard


def made(folder: Path, case: str) -> Path:
    name, make = HOSTILE[case]
    make(folder / name)
    return folder / name


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer(guard: Guard, tmp_path: Path, case: str) -> None:
    path = made(tmp_path, case)
    assert guard.run(look_and_listen, path, timeout_s=60, memory_mib=300) == ANSWERS[case]


@pytest.mark.parametrize("case", sorted(set(HOSTILE) - set(ANSWERS)))
def test_a_giant_in_a_small_file_is_stopped(guard: Guard, tmp_path: Path, case: str) -> None:
    path = made(tmp_path, case)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(MediaError, match="took more than 300 MiB of memory") as seen:
        guard.run(look_and_listen, path, timeout_s=60, memory_mib=300)
    assert seen.value.reason == "too_long_to_examine"


def test_a_film_cut_anywhere(guard: Guard, tmp_path: Path) -> None:
    """An answer or a reason, never a crash: the guard would raise."""
    for number, case in itertools.product(range(1, 12), ("a frame", "backwards", "sixteen channels")):
        path = made(tmp_path, case)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * number // 12])
        assert set(guard.run(look_and_listen, path, timeout_s=60, memory_mib=300)) == {"picture", "sound"}
