"""Two ears: what is on the left is louder and earlier on the left, also after turning, also piece by piece."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from worlds.heard_scenes import difference, ray
from worlds.plane_waves import encoded

from yt360_tools.ambisonics import BinauralStream, binaural
from yt360_tools.ambisonics.head import EAR_AZIMUTH_DEG, RADIUS_M, sphere_head
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction

Values = NDArray[np.float64]

RATE_HZ = 24_000


def wave(where: tuple[float, float], order: int = 1, *, rate_hz: int = RATE_HZ, highest_hz: float = 1e9) -> Values:
    """A second of noise from one direction, as loud at all frequencies up to `highest_hz`, rms 0.1."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=rate_hz))
    spectrum[np.fft.rfftfreq(rate_hz, 1 / rate_hz) > highest_hz] = 0
    signal = np.fft.irfft(spectrum, rate_hz)
    return encoded(ray(*where), order)[:, None] * (0.1 * signal / np.sqrt(np.mean(signal**2)))


def levels_db(heard: Values) -> tuple[float, float]:
    """Left, right, against the wave itself."""
    left, right = 20 * np.log10(np.sqrt(np.mean(np.square(heard, dtype=float), axis=1)) / 0.1)
    return float(left), float(right)


def left_leads_ms(heard: Values, rate_hz: int = RATE_HZ) -> float:
    """By how many milliseconds the left ear hears it before the right one, where the two agree best.

    Of what is below 500 Hz: there four channels give the sound field around a head, and listeners go by time.
    """
    spectra = np.fft.rfft(heard, 8 * heard.shape[1])
    spectra[:, np.fft.rfftfreq(8 * heard.shape[1], 1 / rate_hz) > 500] = 0
    agreement = np.fft.irfft(spectra[1] * np.conj(spectra[0]), 64 * heard.shape[1])
    reach = int(0.002 * 8 * rate_hz)
    shifts = np.arange(-reach, reach + 1)
    return float(shifts[agreement[shifts].argmax()] / 8 / rate_hz * 1000)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("azimuth", "least_db"), [(90, 8), (50, 6), (130, 5)])
def test_a_source_on_the_left_is_louder_and_earlier_on_the_left(order: int, azimuth: float, least_db: float) -> None:
    heard = binaural(wave((azimuth, 12), order), RATE_HZ)
    assert heard.shape == (2, RATE_HZ)
    assert heard.dtype == np.float32
    left, right = levels_db(heard)
    assert left - right > least_db
    assert 0.3 < left_leads_ms(heard) < 0.85
    mirrored = binaural(wave((-azimuth, 12), order), RATE_HZ)
    assert difference(mirrored, heard[::-1]) < 1e-5


@pytest.mark.parametrize("where", [(0, 0), (0, 35), (180, 0), (0, 90), (180, -40)])
def test_in_the_middle_both_ears_hear_the_same(where: tuple[float, float]) -> None:
    heard = binaural(wave(where, 2), RATE_HZ)
    assert difference(heard[0], heard[1]) < 1e-5
    assert -3 < levels_db(heard)[0] < 5


@pytest.mark.parametrize("look", [Direction(37.0, -24.0, 11.0), Direction(-141.0, 52.0, -68.0)])
def test_it_is_turned_to_the_view(look: Direction) -> None:
    """What lies on its axis is in front, and what lies on its left is on the left, by geometry of the test's own."""
    forward = ray(look.yaw_deg, look.pitch_deg)
    level_left = np.cross([0, 0, 1], forward) / np.linalg.norm(np.cross([0, 0, 1], forward))
    upright = np.cross(forward, level_left)
    roll = np.radians(look.roll_deg)
    left = np.cos(roll) * level_left + np.sin(roll) * upright  # clockwise: the left side goes up

    def heard_from(direction: Values) -> Values:
        azimuth, elevation = np.degrees([np.arctan2(direction[1], direction[0]), np.arcsin(direction[2])])
        return binaural(wave((azimuth, elevation)), RATE_HZ, rotation=look)

    in_front = heard_from(forward)
    assert difference(in_front[0], in_front[1]) < 1e-5
    on_the_left = heard_from(left)
    assert levels_db(on_the_left)[0] - levels_db(on_the_left)[1] > 8
    assert left_leads_ms(on_the_left) > 0.3
    assert difference(on_the_left, binaural(wave((90, 0)), RATE_HZ)) < 1e-5
    faced = binaural(wave((90, 0)), RATE_HZ, rotation=Direction(90.0))
    assert difference(faced, binaural(wave((0, 0)), RATE_HZ)) < 1e-5


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 44_100, 48_000, 96_000])
def test_at_any_rate(rate_hz: int) -> None:
    heard = binaural(wave((90, 0), rate_hz=rate_hz, highest_hz=3500), rate_hz)
    left, right = levels_db(heard)
    assert left == pytest.approx(4.5, abs=1.5)
    assert right == pytest.approx(-2.5, abs=2)
    assert left_leads_ms(heard, rate_hz) == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize("sizes", [(1000,), (1, 77, 5000), (100,)])
def test_piece_by_piece_it_is_the_same(sizes: tuple[int, ...]) -> None:
    sound = wave((70, 5), 2)[:, :9000].astype(np.float32)
    stream = BinauralStream(9, RATE_HZ, rotation=Direction(20.0, 10.0))
    pieces, first = [], 0
    while first < sound.shape[1]:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(stream.add(sound[:, first : first + size]))
        first += size
    whole = binaural(sound, RATE_HZ, rotation=Direction(20.0, 10.0))
    assert difference(np.concatenate(pieces, axis=1), whole) < 1e-6
    assert stream.add(sound[:, :0]).shape == (2, 0)


def test_the_sphere_is_what_acoustics_say() -> None:
    """Nothing at low frequencies but the wave itself, twice its pressure where it meets the sphere head on, and a time
    between the ears of 3 a / c sin t at low frequencies (Kuhn, JASA 62, 1977), t from the front."""
    head = sphere_head(48_000)
    spectra = np.fft.rfft(head.responses)
    frequency = np.fft.rfftfreq(head.responses.shape[2], 1 / 48_000)
    assert np.abs(spectra[..., 0]) == pytest.approx(1)
    nearest = int((head.rays @ ray(EAR_AZIMUTH_DEG, 0)).argmax())
    assert np.abs(spectra[0, nearest, frequency > 5000]).mean() == pytest.approx(2, abs=0.15)
    side = int((head.rays @ ray(90, 0)).argmax())
    low = int(np.abs(frequency - 400).argmin())
    late = np.angle(spectra[0, side, low] / spectra[1, side, low]) / (2 * np.pi * frequency[low])
    across = head.rays[side] @ [0, 1, 0] * np.sin(np.radians(EAR_AZIMUTH_DEG))
    assert late == pytest.approx(3 * RADIUS_M / 343 * across, rel=0.05)
    onset = np.abs(head.responses[0, nearest]).argmax() / 48_000
    assert onset == pytest.approx(0.0006 - RADIUS_M / 343, abs=0.0001)


def write_sofa(path: Path, rate_hz: int) -> Path:
    """A head that does not know of acoustics: 6 dB and half a millisecond between its ears, on either side."""
    azimuths, elevations = np.meshgrid(np.arange(0, 360, 15.0), np.arange(-75, 90, 15.0))
    grid = np.stack([azimuths.ravel(), elevations.ravel(), np.full(azimuths.size, 1.2)], axis=1)
    responses = np.zeros((len(grid), 2, 256))
    for number, (azimuth, elevation, _) in enumerate(grid):
        leftness = ray(azimuth, elevation)[1]
        for ear, near in enumerate((leftness, -leftness)):
            responses[number, ear, round((0.001 - 0.00025 * near) * rate_hz)] = 10 ** (3 * near / 20)
    with h5py.File(path, "w") as file:
        file["Data.IR"], file["Data.SamplingRate"], file["SourcePosition"] = responses, [float(rate_hz)], grid
    return path


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 48_000])
def test_a_measured_head(rate_hz: int, tmp_path: Path) -> None:
    """At the sound's rate, and at another."""
    sofa = write_sofa(tmp_path / "head.sofa", rate_hz)
    heard = binaural(wave((90, 0), 3, highest_hz=1000), RATE_HZ, sofa=sofa)
    assert levels_db(heard) == pytest.approx((3, -3), abs=0.3)
    assert left_leads_ms(heard) == pytest.approx(0.5, abs=0.05)


def test_what_is_no_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"SOFA.*is not there"):
        binaural(wave((0, 0)), RATE_HZ, sofa=tmp_path / "nobody.sofa")
    text = tmp_path / "text.sofa"
    text.write_text("no head")
    with pytest.raises(UsageError, match="SOFA"):
        binaural(wave((0, 0)), RATE_HZ, sofa=text)
    with h5py.File(tmp_path / "empty.sofa", "w") as file:
        file["Data.IR"] = np.zeros((3, 2, 8))
    with pytest.raises(UsageError, match="SOFA"):
        binaural(wave((0, 0)), RATE_HZ, sofa=tmp_path / "empty.sofa")


@pytest.mark.parametrize(("sound", "says"), [(np.zeros((2, 10)), "2 channels"), (np.full((4, 10), np.nan), "finite")])
def test_what_is_no_ambisonics_is_refused(sound: Values, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        binaural(sound, RATE_HZ)


def test_nothing_is_said_on_stdout() -> None:
    """spaudiopy tells of missing sound cards, and stdout may be somebody's JSON."""
    code = "from yt360_tools.ambisonics.head import load_spaudiopy; load_spaudiopy()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
