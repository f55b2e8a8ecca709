"""Frames that nobody sees are passed over, and those that are seen are the same as without."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yt360_tools.media.ffmpeg import run_ffmpeg
from yt360_tools.media.foreseen import Foreseen, Foresight
from yt360_tools.media.frame_decoder import FrameDecoder
from yt360_tools.media.frames import FrameReader

RATE, SECONDS = 30, 12
CLOSED = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "90"]
OPEN = [*CLOSED, "-bf", "3", "-x264-params", "open-gop=1:keyint=90:b-pyramid=normal"]
VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "30", "-g", "90"]
HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=90:bframes=4:log-level=none"]
MANY = {
    "closed.mp4": CLOSED,
    "open.mp4": OPEN,
    "open.mkv": OPEN,
    "open.ts": OPEN,
    "old.avi": CLOSED,
    "vp9.webm": VP9,
    "hevc.mp4": HEVC,
}
WINDOWS = [(0.0, 2.0), (2.0, 3.5), (3.4, 4.0), (4.9, 6.1), (11.0, 11.9), (1.0, 2.0)]
"""Side by side, one over another, apart, far apart, and back."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ffmpeg's own test picture, in which something moves everywhere."""
    folder = tmp_path_factory.mktemp("films")
    drawn = ["-f", "lavfi", "-i", f"testsrc2=size=320x160:rate={RATE}:duration={SECONDS}"]
    for name, codec in MANY.items():
        done = run_ffmpeg(["-y", *drawn, *codec, "-pix_fmt", "yuv420p", "-threads", "1", folder / name])
        assert not done.returncode, done.stderr.decode()
    return folder


def pictures(path: Path, windows: Sequence[tuple[float, float]], fps: float, threads: int = 1) -> list[bytes]:
    with FrameReader(path, fps, threads=threads) as reader:
        return [frame.tobytes() for window in windows for frame in reader.window(*window)]


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("fps", [1.3, 7, 16, 30])
def test_pictures_are_those_of_a_decoder_that_passes_nothing_over(films: Path, name: str, fps: float) -> None:
    later = 1.5 if name == "open.ts" else 0.0  # ffmpeg's transport streams do not begin at 0
    windows = [(start_s + later, end_s + later) for start_s, end_s in WINDOWS]
    assert pictures(films / name, windows, fps) == pictures(films / name, windows, fps, threads=2)


@pytest.fixture
def came_out(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The times of all frames that decoders give."""
    times: list[int] = []
    decoded = FrameDecoder._decoded

    def noted(self: FrameDecoder) -> Iterator[Any]:
        for frame in decoded(self):
            times.append(frame.pts)
            yield frame

    monkeypatch.setattr(FrameDecoder, "_decoded", noted)
    return times


@pytest.mark.parametrize("name", ["closed.mp4", "open.mp4", "hevc.mp4"])
def test_unseen_frames_do_not_come_out(films: Path, name: str, came_out: list[int]) -> None:
    """Of 30 frames 14 are not seen at 16 a second, and of all about half are referred to by none."""
    pictures(films / name, [(0, 10)], 16)
    assert 170 <= len(came_out) <= 260
    came_out.clear()
    pictures(films / name, [(0, 10)], 16, threads=2)
    assert len(came_out) >= 300


def test_what_a_film_shows_is_foreseen(films: Path) -> None:
    """At 7 frames a second of 30 the last frames not after each moment, by whole numbers."""
    foresight = Foresight(films / "open.mp4")
    limits = [1 + number / 7 + 0.0005 for number in range(14)]
    foreseen = foresight.foresee(limits)
    foresight.close()
    assert foreseen is not None
    tick = Fraction(foreseen.tick_s).limit_denominator(100_000)
    shown = [RATE * foreseen.at(limit) * tick for limit in limits]  # type: ignore[operator]
    assert shown == [(7 * RATE + RATE * number) // 7 for number in range(14)]
    spare = sorted(RATE * time * tick for time in foreseen.spare)
    assert spare == sorted({*range(int(shown[0]), int(shown[-1]) + 1)} - {*shown})


def test_a_wrong_foresight_costs_time_and_no_picture(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes over every frame that it can."""
    right = pictures(films / "open.mp4", WINDOWS, 16)
    foresee = Foresight.foresee

    def lying(self: Foresight, limits_s: Sequence[float]) -> Foreseen | None:
        found = foresee(self, limits_s)
        return None if found is None else Foreseen(found.times, frozenset(found.times), found.tick_s)

    monkeypatch.setattr(Foresight, "foresee", lying)
    assert pictures(films / "open.mp4", WINDOWS, 16) == right


def test_packets_that_tell_nothing_are_no_fault(films: Path, tmp_path: Path) -> None:
    """Of a window before the first frame, or of a file that cannot be read, nothing is foreseen."""
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(np.random.default_rng(1).bytes(5000))
    for path in (junk, tmp_path / "absent.mp4"):
        foresight = Foresight(path)
        assert foresight.foresee([1.0, 2.0]) is None
        foresight.close()
    foresight = Foresight(films / "vp9.webm")
    assert foresight.foresee([-1.0, 0.5]) is None
    foresight.close()


@pytest.mark.parametrize("start_s", [0.5, 1.2, 9.0])
@pytest.mark.parametrize("taken", range(1, 20))
def test_a_window_that_is_left_early_leaves_nothing_behind(films: Path, taken: int, start_s: float) -> None:
    """Wherever a reader is stopped, what it reads next elsewhere has all its frames."""
    path = films / "closed.mp4"
    with FrameReader(path, 16) as reader, FrameReader(path, 16, threads=2) as whole:
        for _ in zip(range(taken), reader.window(0, 4), strict=False):
            pass
        found, wanted = (list(one.source_frames(start_s, start_s + 1)) for one in (reader, whole))
    assert [time_s for time_s, _ in found] == [time_s for time_s, _ in wanted]
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(found, wanted, strict=True))
