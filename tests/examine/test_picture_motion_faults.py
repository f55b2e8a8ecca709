"""Films that stand still, are black or show stills one after the other: found and named, through several codecs."""

from pathlib import Path

import numpy as np
import pytest
from worlds import motion_films as films

from yt360_tools.examine.findings import Finding
from yt360_tools.examine.picture_motion import motion_findings
from yt360_tools.examine.picture_samples import sample_picture
from yt360_tools.thresholds import PictureThresholds

LIMITS = PictureThresholds()
MOST_OFF_S = 0.3
"""What a span's ends may be off: a frame lasts a twelfth of a second, and a fade begins faintly."""

SEVERAL = pytest.mark.parametrize("coder", ["h264.mp4", "h264_open.mp4", "vp9_hidden.webm", "mjpeg.mov"])
TWO = pytest.mark.parametrize("coder", ["h264_long.mp4", "vp9.webm"])


def found_in(path: Path) -> tuple[Finding, ...]:
    return motion_findings(path, sample_picture(path), LIMITS)


def found(folder: Path, film: films.Film, coder: str, **options: float) -> tuple[Finding, ...]:
    return found_in(films.write_film(folder, film, coder, **options))


def spans_of(findings: tuple[Finding, ...], code: str) -> list[tuple[float, float]]:
    return [span for finding in findings if finding.code == code for span in finding.spans]


def words(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize("coder", films.CODERS)
def test_a_still_is_rejected_whatever_coded_it(tmp_path: Path, coder: str) -> None:
    """But where a coder is told to fill up its rate, no two frames are the same: that is doubted."""
    still = films.held(films.photograph(3), 12)
    findings = found(tmp_path, still, coder)
    assert [finding.code for finding in findings] == ["still"]
    assert findings[0].severity == "reject" or coder == "h264_padded.mp4"


@TWO
def test_a_still_of_one_second_is_no_less_one(tmp_path: Path, coder: str) -> None:
    findings = found(tmp_path, films.held(films.photograph(4), 1), coder)
    assert words(findings) in ([("still", "reject")], [("still", "doubt")])


def test_a_still_that_is_a_minute_long_with_few_frames(tmp_path: Path) -> None:
    still = films.held(films.photograph(5), 60, fps=2)
    assert words(found(tmp_path, still, "h264_long.mp4", fps=2)) == [("still", "reject")]


@SEVERAL
def test_stills_one_after_the_other_are_a_slideshow(tmp_path: Path, coder: str) -> None:
    findings = found(tmp_path, films.slides((1, 2, 3, 4), 3.0), coder)
    assert [finding.code for finding in findings] == ["slideshow"]
    assert findings[0].severity in ("reject", "doubt")
    assert sum(last - first for first, last in findings[0].spans) > 8.5


@SEVERAL
def test_so_are_stills_that_fade_into_each_other(tmp_path: Path, coder: str) -> None:
    findings = found(tmp_path, films.slides((1, 2, 3, 4), 3.0, fade_s=1.0), coder)
    assert [finding.code for finding in findings] == ["slideshow"]


def test_a_slideshow_is_rejected_where_its_frames_repeat(tmp_path: Path) -> None:
    assert words(found(tmp_path, films.slides((1, 2, 3, 4), 3.0), "h264_constant.mp4")) == [("slideshow", "reject")]


def test_a_slideshow_of_a_frame_every_four_seconds(tmp_path: Path) -> None:
    film = np.concatenate([films.held(films.photograph(seed), 1, fps=1) for seed in range(1, 7)])
    findings = found(tmp_path, film, "h264.mp4", fps=0.25)
    assert [finding.code for finding in findings] == ["slideshow"]


@SEVERAL
@pytest.mark.parametrize("colour", [(0, 0, 0), (18, 60, 140)])
def test_one_colour_is_black(tmp_path: Path, coder: str, colour: tuple[int, int, int]) -> None:
    film = np.broadcast_to(np.array(colour, np.uint8), (60, films.HEIGHT, films.WIDTH, 3))
    assert words(found(tmp_path, film, coder)) == [("black", "reject")]


@SEVERAL
def test_a_black_span_is_told_with_its_ends(tmp_path: Path, coder: str) -> None:
    findings = found(tmp_path, films.stopped(films.moving(1, 12), 4, 7, black=True), coder)
    assert words(findings) == [("black_spans", "note")]
    assert spans_of(findings, "black_spans") == [pytest.approx((4, 7), abs=MOST_OFF_S)]


@pytest.mark.parametrize("coder", ["h264.mp4", "h264_open.mp4", "h264_poor.mp4", "vp9.webm", "mjpeg.mov", "prores.mov"])
@pytest.mark.parametrize("span", [(4, 7), (9, 12), (0, 2)])
def test_a_frozen_span_is_told_with_its_ends(tmp_path: Path, coder: str, span: tuple[int, int]) -> None:
    findings = found(tmp_path, films.stopped(films.moving(1, 12), *span), coder)
    assert words(findings) == [("frozen_spans", "note")]
    assert spans_of(findings, "frozen_spans") == [pytest.approx(span, abs=MOST_OFF_S)]


@SEVERAL
def test_a_film_that_freezes_for_good_is_frozen(tmp_path: Path, coder: str) -> None:
    findings = found(tmp_path, films.stopped(films.moving(1, 12), 2, 12), coder)
    assert [finding.code for finding in findings] == ["frozen"]
    assert findings[0].severity in ("doubt", "reject")


@TWO
def test_black_and_frozen_spans_of_one_film(tmp_path: Path, coder: str) -> None:
    film = films.stopped(films.stopped(films.moving(2, 16), 2, 5), 10, 13, black=True)
    findings = found(tmp_path, film, coder)
    assert spans_of(findings, "frozen_spans") == [pytest.approx((2, 5), abs=MOST_OFF_S)]
    assert spans_of(findings, "black_spans") == [pytest.approx((10, 13), abs=MOST_OFF_S)]


@TWO
def test_a_film_of_one_frame(tmp_path: Path, coder: str) -> None:
    assert words(found(tmp_path, films.moving(1, 1)[:1], coder)) == [("one_frame", "reject")]


def test_a_picture_that_is_held_by_leaving_frames_out_is_frozen(tmp_path: Path) -> None:
    left_out = ("-vf", "select='not(between(t,4.01,6.99))'", "-fps_mode", "vfr")
    path = films.write_film(tmp_path, films.moving(1, 12), "h264.mp4", options=left_out)
    findings = found_in(path)
    assert spans_of(findings, "frozen_spans") == [pytest.approx((4, 7), abs=MOST_OFF_S)]


@pytest.mark.parametrize("coder", ["h264.mp4", "vp9.webm"])
def test_frames_at_uneven_distances_are_a_note(tmp_path: Path, coder: str) -> None:
    ticks = ("-vf", "settb=1/1200,setpts='100*N+30*mod(N,3)'", "-fps_mode", "passthrough", "-enc_time_base", "1:1200")
    path = films.write_film(tmp_path, films.moving(1, 6), coder, options=ticks)
    assert words(found_in(path)) == [("variable_rate", "note")]
