"""What the channels of a sound have in common, by window of time and band of frequency.

Every question about where energy comes from (its level, the intensity, the power of any beam) is a sum over the
covariance of the channels. So sound is transformed once, into one covariance matrix a window and band, and whatever is
asked later costs no more sound. Sound may arrive in pieces; memory holds one of them and the matrices.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics.channels import Sound, check_finite, sound_order
from yt360_tools.errors import UsageError
from yt360_tools.geometry import Array

STEP_S = 0.02
"""How far the short-time transform goes from frame to frame, unless windows are shorter; a frame is twice as long."""

_BATCH = 1_000_000
"""Samples, of all channels together, that are transformed at once."""


@dataclass(frozen=True)
class BandCovariances:
    """The channels' mean cross-powers, by window and band.

    Attributes:
        spans_s: beginning and end of each window in seconds from the sound's beginning, (windows, 2).
        bands_hz: lower and upper edge of each band, (bands, 2).
        matrices: the real part of the mean over a window of channel i times channel j, (windows, bands, channels,
            channels), symmetric; its diagonal holds the channels' mean powers, full scale at 1.
        samples: how much sound each window's mean is over, in samples, (windows,).
    """

    spans_s: Array
    bands_hz: Array
    matrices: Array
    samples: Array

    @property
    def times_s(self) -> Array:
        """The windows' middles (windows,)."""
        return np.asarray(self.spans_s.mean(axis=1))

    def over_time(self) -> "BandCovariances":
        """The mean over all windows, as one window; without any, none."""
        if not len(self.spans_s):
            return self
        mean = np.einsum("w,wbij->bij", self.samples, self.matrices) / self.samples.sum()
        span = np.array([[self.spans_s[0, 0], self.spans_s[-1, 1]]])
        return BandCovariances(span, self.bands_hz, mean[None], self.samples.sum(keepdims=True))

    def in_groups(self, count: int) -> "BandCovariances":
        """The means over `count` windows at a time that follow each other; the last group may have fewer."""
        firsts = np.arange(0, len(self.spans_s), count)
        samples = np.add.reduceat(self.samples, firsts) if len(firsts) else self.samples
        sums = self.samples[:, None, None, None] * self.matrices
        means = np.add.reduceat(sums, firsts, axis=0) / samples[:, None, None, None] if len(firsts) else sums
        lasts = np.minimum(firsts + count, len(self.spans_s)) - 1
        spans = np.stack([self.spans_s[firsts, 0], self.spans_s[lasts, 1]], axis=1)
        return BandCovariances(spans, self.bands_hz, means, samples)

    def over_bands(self) -> "BandCovariances":
        """The sum over all bands, as one band from the lowest to the highest frequency of any."""
        bands = np.array([[self.bands_hz[:, 0].min(), self.bands_hz[:, 1].max()]])
        return BandCovariances(self.spans_s, bands, self.matrices.sum(axis=1, keepdims=True), self.samples)


def band_covariances(
    sound: Sound,
    *,
    sample_rate_hz: int,
    window_s: float,
    hop_s: float | None = None,
    bands_hz: Sequence[tuple[float, float]] | None = None,
) -> BandCovariances:
    """The covariances of sound ((N + 1)^2, samples) of any order N; the arguments are those of `CovarianceStream`.

    Raises:
        UsageError: the sound is not ambisonics or not finite, or what `CovarianceStream` refuses.
    """
    sound_order(sound)
    check_finite(sound)
    stream = CovarianceStream(
        sound.shape[0], sample_rate_hz=sample_rate_hz, window_s=window_s, hop_s=hop_s, bands_hz=bands_hz
    )
    stream.add(sound)
    return stream.finish()


class CovarianceStream:
    """Takes sound in pieces, and gives its `BandCovariances` at the end.

    Frames overlap by half and are tapered by a sine at both ends of the transform's one side, so that the squared
    tapers add up to 1 everywhere: with bands that cover all frequencies, the powers' total over bands and windows is
    that of the samples (Parseval). A frame belongs to the windows in which its middle lies, and the frames that reach
    over the sound's ends to the first and the last one:

        frames    .--|--.     .--|--.           middles at (i - 1/2) steps: always as many in a window
               .--|--.     .--|--.     .        of whole steps
        sound       [===================...
        windows     [         |         |       `window_s` long, one every `hop_s`

    Windows begin every `hop_s` (by default one where the other ends) until one reaches the sound's end, which may cut
    it short. A band holds the frequencies from its lower edge up to, not including, its upper one, half the rate
    included; bins are 25 Hz apart, or more with windows shorter than 0.08 s.

    Raises:
        UsageError: no such rate, window, hop or band; or a band in which no frequency of the transform lies.
    """

    def __init__(
        self,
        channels: int,
        *,
        sample_rate_hz: int,
        window_s: float,
        hop_s: float | None = None,
        bands_hz: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        hop_s = window_s if hop_s is None else hop_s
        for what, value in (("sample rate", sample_rate_hz), ("window", window_s), ("hop", hop_s)):
            if not (np.isfinite(value) and value > 0):
                raise UsageError(f"the {what} must be a finite number above 0; got {value}")
        self._rate = sample_rate_hz
        self._window, self._hop = window_s * sample_rate_hz, hop_s * sample_rate_hz  # samples, rarely whole numbers
        self._step = max(8, 2 * round(min(STEP_S * sample_rate_hz, self._hop / 2, self._window / 4) / 2))
        if self._window < 2 * self._step:
            raise UsageError(
                f"a window of {window_s:g} s has {self._window:.0f} samples; at least {2 * self._step} are needed, "
                f"which is {2 * self._step / sample_rate_hz:g} s"
            )
        size = 2 * self._step
        self._taper = np.sin(np.pi * (np.arange(size) + 0.5) / size)
        self._covered = np.concatenate([[0.0], np.cumsum(self._taper**2)])
        self.bands_hz = check_bands(bands_hz or [(0.0, sample_rate_hz / 2)], sample_rate_hz)
        self._bins = [_bins_of(band, size, sample_rate_hz) for band in self.bands_hz]
        self._rest: NDArray[np.float64] = np.zeros((channels, 3 * self._step // 2))
        self._samples, self._frames = 0, 0
        self._sums: list[Array] = []

    def add(self, sound: Sound) -> None:
        """The next samples (channels, any number of them)."""
        self._samples += sound.shape[1]
        most = max(2 * self._step, _BATCH // sound.shape[0])
        for first in range(0, sound.shape[1], most):
            self._rest = np.concatenate([self._rest, sound[:, first : first + most]], axis=1)
            self._transform(max(0, self._rest.shape[1] // self._step - 1), None)

    def finish(self) -> BandCovariances:
        """The covariances of everything that was added; without sound there are no windows."""
        count = 0
        if self._samples:
            count = max(1, ceil((self._samples - self._window) / self._hop - 1e-9) + 1)
            count = min(count, ceil(self._samples / self._hop))  # with hops longer than windows
            frames = ceil(self._samples / self._step + 1.5) - self._frames
            lacking = (frames + 1) * self._step - self._rest.shape[1]
            self._rest = np.pad(self._rest, ((0, 0), (0, max(0, lacking))))
            self._transform(frames, count - 1)
        samples = self._samples_of_windows(count)
        self._grow(count)
        sums = np.array(self._sums[:count]).reshape(count, len(self._bins), *[self._rest.shape[0]] * 2)
        starts = np.arange(count) * self._hop
        spans = np.stack([starts, np.minimum(starts + self._window, self._samples)], axis=1)
        return BandCovariances(
            spans / self._rate, self.bands_hz, sums / np.maximum(samples, 1e-9)[:, None, None, None], samples
        )

    def _transform(self, count: int, last_window: int | None) -> None:
        """Take the next `count` frames out of what is held, and add them to their windows' sums."""
        if count <= 0:
            return
        size = 2 * self._step
        views = np.lib.stride_tricks.sliding_window_view(self._rest, size, axis=1)[:, : count * self._step : self._step]
        spectra = np.fft.rfft(views * self._taper, axis=2)
        spectra *= np.sqrt(2 / size)
        spectra[:, :, [0, -1]] /= np.sqrt(2)  # these two stand for themselves alone, the others for two each
        for window, first, end in self._windows_of(self._frames, self._frames + count, last_window):
            self._grow(window + 1)
            for band, (low, high) in enumerate(self._bins):
                part = spectra[:, first - self._frames : end - self._frames, low:high].reshape(len(spectra), -1)
                self._sums[window][band] += part.real @ part.real.T + part.imag @ part.imag.T
        self._frames += count
        self._rest = self._rest[:, count * self._step :]

    def _windows_of(self, first: int, end: int, last_window: int | None) -> Iterator[tuple[int, int, int]]:
        """(window, its first frame, its end) for the windows that have frames among those from `first` to `end`."""
        low = 0 if first == 0 else floor((self._middle(first) - self._window) / self._hop) + 1
        high = max(0, floor(self._middle(end - 1) / self._hop))
        if last_window is not None:
            low, high = min(low, last_window), min(high, last_window)
        for window in range(max(0, low), high + 1):
            since = 0 if window == 0 else self._frame_after(window * self._hop)
            until = self._frame_after(window * self._hop + self._window)
            if window == last_window and window * self._hop + self._window >= self._samples:
                until = end
            since, until = max(since, first), min(until, end)
            if until > since:
                yield window, since, until

    def _middle(self, frame: int) -> float:
        return (frame - 0.5) * self._step

    def _frame_after(self, sample: float) -> int:
        """The first frame whose middle is not before `sample`."""
        return ceil(sample / self._step + 0.5 - 1e-9)

    def _samples_of_windows(self, count: int) -> Array:
        """How many samples' power the frames of each of `count` windows hold: a step each, less at the sound's ends."""
        starts = (np.arange(self._frames) - 1.5) * self._step
        inside = np.clip(np.stack([-starts, self._samples - starts]), 0, 2 * self._step).astype(int)
        covered = self._covered[inside[1]] - self._covered[inside[0]]
        samples = np.zeros(count)
        for window, first, end in self._windows_of(0, self._frames, count - 1) if count else ():
            samples[window] = covered[first:end].sum()
        return samples

    def _grow(self, count: int) -> None:
        channels = self._rest.shape[0]
        while len(self._sums) < count:
            self._sums.append(np.zeros((len(self._bins), channels, channels)))


def check_bands(bands_hz: Iterable[tuple[float, float]], sample_rate_hz: int) -> Array:
    """Bands (bands, 2) of lower and upper edges in Hz, refused where they cannot be.

    Raises:
        UsageError: no band, edges that do not rise from 0 or more, or a band beyond half the rate.
    """
    bands = np.array([tuple(band) for band in bands_hz], dtype=float).reshape(-1, 2)
    if not len(bands):
        raise UsageError("at least one band of frequencies is needed")
    for low, high in bands:
        if not (np.isfinite([low, high]).all() and 0 <= low < min(high, sample_rate_hz / 2)):
            raise UsageError(
                f"a band has a lower edge of 0 Hz or more, and an upper one above it; at {sample_rate_hz} Hz it begins "
                f"below {sample_rate_hz / 2:g} Hz; got {low:g} to {high:g} Hz"
            )
    return bands


def bands_between(edges_hz: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """The bands between neighbouring edges: (0, 250, 1000) gives 0 to 250 Hz and 250 to 1000 Hz."""
    return tuple(pairwise(edges_hz))


def fractional_octaves(sample_rate_hz: int, per_octave: int = 1, lowest_hz: float = 60.0) -> tuple[float, ...]:
    """Edges of octaves (or thirds of them, with 3) around 1000 Hz from about `lowest_hz` up to half the rate.

    The first band begins at 0 and the last one ends at half the rate, so that together they are everything.
    """
    steps = np.arange(-6 * per_octave, 6 * per_octave + 1)
    edges = 1000 * 2.0 ** ((steps + 0.5) / per_octave)
    inside = edges[(edges > lowest_hz) & (edges < sample_rate_hz / 2 * 0.95)]
    return (0.0, *(float(edge) for edge in inside), sample_rate_hz / 2)


def _bins_of(band: Array, size: int, sample_rate_hz: int) -> tuple[int, int]:
    """The bins of a transform of `size` whose frequencies lie in a band: the first, and the one after the last."""
    spacing = sample_rate_hz / size
    low, high = band
    first = ceil(low / spacing - 1e-9)
    end = size // 2 + 1 if high >= sample_rate_hz / 2 else ceil(high / spacing - 1e-9)
    if first >= end:
        raise UsageError(
            f"no frequency of the transform lies in the band from {low:g} to {high:g} Hz: they are {spacing:g} Hz "
            "apart; take a wider band, or longer windows"
        )
    return first, end
