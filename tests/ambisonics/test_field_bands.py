"""The covariances that all maps and directions come from: nothing is lost between bands, windows and pieces."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from yt360_tools.ambisonics import CovarianceStream, band_covariances, bands_between, fractional_octaves
from yt360_tools.errors import UsageError

Values = NDArray[np.float64]

RATE_HZ = 8000
OCTAVES = bands_between(fractional_octaves(RATE_HZ))


def noise(channels: int, seconds: float, seed: int = 0) -> Values:
    return 0.1 * np.random.default_rng(seed).normal(size=(channels, round(seconds * RATE_HZ)))


@pytest.mark.parametrize("channels", [1, 4, 9, 64])
@pytest.mark.parametrize("bands", [None, OCTAVES, bands_between((0, 63, 1234.5, 4000))])
def test_over_all_windows_and_bands_it_is_the_covariance_of_the_samples(
    channels: int, bands: tuple[tuple[float, float], ...] | None
) -> None:
    sound = noise(channels, 1.737)
    found = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.25, bands_hz=bands)
    wanted = sound @ sound.T / sound.shape[1]
    whole = found.over_bands().over_time()
    assert whole.matrices.shape == (1, 1, channels, channels)
    assert whole.matrices[0, 0] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert found.samples.sum() == pytest.approx(sound.shape[1])


def test_bands_add_up_to_everything_in_every_window() -> None:
    sound = noise(4, 1.1)
    by_band = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.1, bands_hz=OCTAVES)
    everything = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.1)
    assert by_band.over_bands().matrices == pytest.approx(everything.matrices, rel=1e-12)
    assert by_band.over_bands().bands_hz == pytest.approx(everything.bands_hz)


@pytest.mark.parametrize("tone_hz", [50, 300, 1000, 3100])
def test_a_tone_is_in_the_band_in_which_its_frequency_lies(tone_hz: float) -> None:
    splits = (0, 100, 600, 2000, 4000)
    times = np.arange(2 * RATE_HZ) / RATE_HZ
    tone = np.stack([np.sin(2 * np.pi * tone_hz * times), np.cos(2 * np.pi * tone_hz * times)] * 2)
    found = band_covariances(tone, sample_rate_hz=RATE_HZ, window_s=0.5, bands_hz=bands_between(splits))
    power = found.matrices[:, :, 0, 0]
    (home,) = np.flatnonzero((np.array(splits[:-1]) <= tone_hz) & (tone_hz < np.array(splits[1:])))
    assert power[:, home] == pytest.approx(0.5, rel=0.01)
    assert np.delete(power, home, axis=1).max() < 0.003
    # Half a right angle apart, two tones have no power in common.
    assert np.abs(found.matrices[:, home, 0, 1]).max() < 0.01


def test_a_click_is_in_the_window_in_which_it_is() -> None:
    for at in (0, 1, 777, 1999, 2000, 2001, 6500, 7999):
        sound = np.zeros((4, RATE_HZ))
        sound[:, at] = 1.0
        found = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.25)
        energy = found.matrices[:, 0, 0, 0] * found.samples
        assert energy.sum() == pytest.approx(1)
        home = at // 2000
        within = min(at - 2000 * home, 2000 * (home + 1) - 1 - at) >= 240  # more than a frame's reach from the border
        assert energy[home] == pytest.approx(1) if within else energy[max(0, home - 1) : home + 2].sum() > 0.99


def test_the_middle_of_a_window_weighs_as_much_as_its_ends() -> None:
    """Steady sound has the same power in each window, the cut ones at both ends too."""
    sound = np.tile(0.3 * np.cos(np.pi * np.arange(10_123) / 4), (4, 1))
    found = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.1, hop_s=0.03)
    assert found.matrices[:, 0, 0, 0] == pytest.approx(0.045, rel=1e-3)


@pytest.mark.parametrize(
    ("samples", "window_s", "hop_s", "spans"),
    [
        (8000, 0.5, None, [(0, 0.5), (0.5, 1)]),
        (8001, 0.5, None, [(0, 0.5), (0.5, 1), (1, 8001 / 8000)]),
        (8000, 0.5, 0.25, [(0, 0.5), (0.25, 0.75), (0.5, 1)]),
        (8000, 0.6, 0.3, [(0, 0.6), (0.3, 0.9), (0.6, 1.0)]),
        (8000, 0.25, 0.5, [(0, 0.25), (0.5, 0.75)]),
        (800, 0.5, None, [(0, 0.1)]),
        (3, 0.5, None, [(0, 3 / 8000)]),
        (0, 0.5, None, []),
    ],
)
def test_windows_begin_at_each_hop_until_one_reaches_the_end(
    samples: int, window_s: float, hop_s: float | None, spans: list[tuple[float, float]]
) -> None:
    sound = noise(4, 2)[:, :samples]
    found = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=window_s, hop_s=hop_s)
    wanted = np.array(spans).reshape(-1, 2)
    assert found.spans_s == pytest.approx(wanted)
    assert found.times_s == pytest.approx(wanted.mean(axis=1))
    assert np.isfinite(found.matrices).all()


@pytest.mark.parametrize("sizes", [(1,), (7,), (113, 1), (4000,), (1, 2000, 3)])
def test_in_whatever_pieces_it_arrives_the_answer_is_the_same(sizes: tuple[int, ...]) -> None:
    sound = noise(4, 0.3 if sizes == (1,) else 1.3)
    options = {"sample_rate_hz": RATE_HZ, "window_s": 0.2, "hop_s": 0.07, "bands_hz": OCTAVES}
    wanted = band_covariances(sound, **options)
    stream = CovarianceStream(4, **options)
    first, turn = 0, 0
    while first < sound.shape[1]:
        stream.add(sound[:, first : first + sizes[turn % len(sizes)]])
        first += sizes[turn % len(sizes)]
        turn += 1
    found = stream.finish()
    assert found.spans_s == pytest.approx(wanted.spans_s)
    assert found.samples == pytest.approx(wanted.samples)
    assert found.matrices == pytest.approx(wanted.matrices, rel=1e-9, abs=1e-15)


def test_what_is_between_windows_counts_nowhere() -> None:
    sound = np.zeros((4, RATE_HZ))
    sound[:, 2400:3600] = sound[:, 6400:] = 1.0
    found = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.25, hop_s=0.5)
    assert found.matrices.max() == 0


def test_groups_of_windows_are_longer_windows() -> None:
    sound = noise(4, 2.3)
    brief = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.1, bands_hz=OCTAVES)
    long = band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=0.5, bands_hz=OCTAVES)
    grouped = brief.in_groups(5)
    assert grouped.spans_s == pytest.approx(long.spans_s)
    assert grouped.matrices == pytest.approx(long.matrices, rel=1e-9, abs=1e-15)
    assert brief.over_time().matrices == pytest.approx(brief.in_groups(999).matrices)


def test_ten_minutes_take_no_memory_to_speak_of() -> None:
    piece = noise(4, 5).astype(np.float32)
    stream = CovarianceStream(4, sample_rate_hz=RATE_HZ, window_s=1.0, bands_hz=OCTAVES)
    tracemalloc.start()
    for _ in range(40):
        stream.add(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(stream.finish().spans_s) == 200
    assert peak < 40e6


class TestBands:
    def test_octaves_and_thirds_are_everything(self) -> None:
        for rate in (8000, 16_000, 48_000):
            for per_octave in (1, 3):
                edges = fractional_octaves(rate, per_octave)
                assert (edges[0], edges[-1]) == (0, rate / 2)
                assert np.diff(edges).min() > 0
        octave = fractional_octaves(48_000)
        assert octave[3] == pytest.approx(1000 / 2**1.5)
        assert any(low < 1000 < high for low, high in bands_between(octave) if high == pytest.approx(2 * low))

    @pytest.mark.parametrize(
        ("bands", "says"),
        [
            ([(300, 300)], "300 to 300"),
            ([(-1, 300)], "-1 to 300"),
            ([(0, float("nan"))], "nan"),
            ([(4000, 5000)], "below 4000"),
            ([(101, 102)], r"no frequency.*101 to 102"),
            ([], None),
        ],
    )
    def test_what_is_no_band_is_refused(self, bands: list[tuple[float, float]], says: str | None) -> None:
        if says is None:
            assert len(band_covariances(noise(4, 1), sample_rate_hz=RATE_HZ, window_s=1, bands_hz=bands).bands_hz) == 1
            return
        with pytest.raises(UsageError, match=says):
            band_covariances(noise(4, 1), sample_rate_hz=RATE_HZ, window_s=1, bands_hz=bands)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"window_s": 0.0}, "window"),
        ({"window_s": float("nan")}, "window"),
        ({"hop_s": -1.0}, "hop"),
        ({"sample_rate_hz": 0}, "rate"),
        ({"window_s": 0.001}, "0.001 s has 8 samples; at least 16"),
    ],
)
def test_what_is_no_window_is_refused(changes: dict[str, float], says: str) -> None:
    options = {"sample_rate_hz": RATE_HZ, "window_s": 1.0, **changes}
    with pytest.raises(UsageError, match=says):
        band_covariances(noise(4, 1), **options)


@pytest.mark.parametrize(
    ("sound", "says"),
    [
        (np.zeros((2, 100)), "2 channels"),
        (np.zeros((5, 100)), "5 channels"),
        (np.zeros(100), r"\(100,\)"),
        (np.full((4, 100), np.nan), "not finite"),
        (np.where(np.arange(100) == 50, np.inf, 0.0) * np.ones((4, 1)), "inf"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_no_ambisonics_is_refused(sound: Values, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        band_covariances(sound, sample_rate_hz=RATE_HZ, window_s=1.0)
