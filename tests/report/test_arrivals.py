"""Directions of arrival: they point to where the sound comes from, and sources that differ stay apart."""

import numpy as np
import pytest
from numpy.typing import NDArray

from yt360_tools.ambisonics import encode
from yt360_tools.geometry import Direction, angle_between
from yt360_tools.report.arrivals import arrival_votes, brightest

RATE_HZ, SECONDS = 16000, 2

Foa = NDArray[np.float32]


def noise(band_hz: tuple[float, float] = (100, 8000), seed: int = 0) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(RATE_HZ * SECONDS))
    frequency = np.fft.rfftfreq(RATE_HZ * SECONDS, 1 / RATE_HZ)
    spectrum[(frequency < band_hz[0]) | (frequency > band_hz[1])] = 0
    wave = np.fft.irfft(spectrum)
    return 0.1 * wave / wave.std()


def sound_from(direction: Direction) -> Foa:
    return encode(noise(), direction.ray).astype(np.float32)


def silence() -> Foa:
    return np.zeros((4, RATE_HZ * SECONDS), np.float32)


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0, 0), (71, 23), (-128, -41), (179, 62), (15, -88)])
def test_one_source_is_found_at_any_direction(yaw_deg: float, pitch_deg: float) -> None:
    truth = Direction(yaw_deg, pitch_deg)
    found = brightest(arrival_votes(sound_from(truth), RATE_HZ), 2)
    assert np.degrees(angle_between(found[0].ray, truth.ray)) < 3
    assert len(found) == 1


def test_two_sources_at_once_stay_apart_when_their_spectra_differ() -> None:
    low, high = Direction(60.0, 10.0), Direction(-50.0, -20.0)
    foa = encode(noise((150, 900), 1), low.ray) + encode(noise((1500, 6000), 2), high.ray)
    found = brightest(arrival_votes(foa, RATE_HZ), 2)
    for truth in (low, high):
        assert min(np.degrees(angle_between(truth.ray, other.ray)) for other in found) < 4


def test_silence_has_no_direction() -> None:
    votes = arrival_votes(silence(), RATE_HZ)
    assert votes.energy.size == 0
    assert brightest(votes, 2) == []


def test_votes_near_a_moment_are_those_around_it() -> None:
    foa = silence()
    foa[:, : RATE_HZ // 2] = sound_from(Direction(90.0))[:, : RATE_HZ // 2]
    votes = arrival_votes(foa, RATE_HZ)
    assert votes.near(0.25, 0.5).energy.size
    assert not votes.near(1.5, 0.5).energy.size
