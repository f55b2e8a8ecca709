"""Films in which something moves, be it little: none is doubted, and no span of it is left out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from worlds import motion_films as films

from yt360_tools.examine.findings import verdict_of
from yt360_tools.examine.picture_motion import motion_findings
from yt360_tools.examine.picture_samples import sample_picture
from yt360_tools.thresholds import PictureThresholds


def _tripod(seconds: float = 8) -> films.Film:
    return films.held(films.photograph(3), seconds)


def _by_night(film: films.Film, light: float = 0.15) -> films.Film:
    return (film * light).astype(np.uint8)


FILMS: dict[str, Callable[[], films.Film]] = {
    "turns": lambda: films.moving(1, 8),
    "turns slowly": lambda: films.moving(2, 8, pixels_s=3),
    "at night": lambda: _by_night(films.moving(3, 8)),
    "something of 4 px walks": lambda: films.walked(_tripod(), 4),
    "something walks, with noise": lambda: films.noisy(films.walked(_tripod(), 4), 1.5),
    "leaves move": lambda: films.leaves(_tripod()),
    "few leaves move a little": lambda: films.leaves(_tripod(), 24, depth=12),
    "something of 4 px walks in a large picture": lambda: films.walked(
        films.held(films.photograph(5, 480, 960), 3), 4, row=300
    ),
    "one second": lambda: films.moving(4, 1),
    "a third of a second": lambda: films.moving(4, 0.34),
    "many cuts": lambda: np.concatenate([films.moving(seed, 1.5) for seed in range(1, 7)]),
}
"""By name, how each is drawn."""

CODERS = ["h264.mp4", "h264_open.mp4", "h264_padded.mp4", "vp9_hidden.webm", "mjpeg.mov", "mpeg4.mp4"]


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("name", FILMS)
def test_nothing_is_found_where_something_moves(tmp_path: Path, name: str, coder: str) -> None:
    path = films.write_film(tmp_path, FILMS[name](), coder)
    assert motion_findings(path, sample_picture(path), PictureThresholds()) == ()


@pytest.mark.parametrize("coder", ["h264.mp4", "h264_poor.mp4", "h264_constant.mp4", *CODERS[2:]])
@pytest.mark.parametrize("light", [1.0, 0.15])
def test_a_tripod_in_an_empty_room_has_its_sensors_noise(tmp_path: Path, light: float, coder: str) -> None:
    film = films.noisy(_by_night(_tripod(), light), 2.0)
    path = films.write_film(tmp_path, film, coder)
    assert motion_findings(path, sample_picture(path), PictureThresholds()) == ()


@pytest.mark.parametrize("coder", ["h264_long.mp4", "vp9.webm"])
def test_where_coding_left_no_noise_it_is_doubted_at_most(tmp_path: Path, coder: str) -> None:
    path = films.write_film(tmp_path, films.noisy(_tripod(), 2.0), coder)
    found = motion_findings(path, sample_picture(path), PictureThresholds())
    assert verdict_of(found) in ("accept", "doubt")


@pytest.mark.parametrize("coder", ["h264_long.mp4", "h264_constant.mp4", "vp9.webm", *CODERS])
def test_what_creeps_is_never_doubted(tmp_path: Path, coder: str) -> None:
    """4 pixels a second, and little contrast: a second of it may seem to stand, and is left out then."""
    path = films.write_film(tmp_path, films.walked(_tripod(12), 6, pixels_s=4, level=140), coder)
    found = motion_findings(path, sample_picture(path), PictureThresholds())
    assert verdict_of(found) == "accept"
    assert sum(last - first for one in found for first, last in one.spans) < 3


def test_two_films_with_a_title_each_are_no_slideshow(tmp_path: Path) -> None:
    film = np.concatenate([films.held(films.photograph(1), 2), films.moving(2, 8), films.held(films.photograph(3), 2)])
    path = films.write_film(tmp_path, film, "h264.mp4")
    assert verdict_of(motion_findings(path, sample_picture(path), PictureThresholds())) == "accept"


def test_an_hour_with_a_frame_a_second(tmp_path: Path) -> None:
    film = films.moving(6, 300, pixels_s=60, size=(64, 128))
    path = films.write_film(tmp_path, film, "h264_long.mp4", fps=1)
    assert verdict_of(motion_findings(path, sample_picture(path), PictureThresholds())) == "accept"
