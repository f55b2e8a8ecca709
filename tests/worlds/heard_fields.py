"""Sound fields of every kind, drawn with plain numpy, and the files that real codecs make of them.

Nothing here imports what examines them. Fields are (4, samples): W, Y, Z, X in SN3D.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.ffmpeg import run_ffmpeg

Values = NDArray[np.float64]

CODECS = {
    "s16": ("wav", "-c:a", "pcm_s16le"),
    "f32": ("wav", "-c:a", "pcm_f32le"),
    "s24": ("wav", "-c:a", "pcm_s24le"),
    "flac": ("flac", "-c:a", "flac"),
    "opus": ("ogg", "-c:a", "libopus", "-mapping_family", "255", "-b:a", "256k"),
    "opus_low": ("webm", "-c:a", "libopus", "-mapping_family", "255", "-b:a", "128k"),
    "vorbis": ("ogg", "-c:a", "libvorbis", "-q:a", "5"),
    "aac": ("mp4", "-c:a", "aac", "-b:a", "384k"),
    "aac_5_1": ("mp4", "-channel_layout", "5.1", "-c:a", "aac", "-b:a", "512k"),
}
"""What ffmpeg writes: the file's kind, and its options."""


def write_sound(path: Path, samples: Values, rate_hz: int, codec: str) -> Path:
    """The file that a real codec makes of (channels, samples) at -1 to 1; its name's ending is the codec's."""
    kind, *options = CODECS[codec]
    raw = path.with_suffix(".f32")
    samples.T.astype("<f4").tofile(raw)
    layout = ()
    if options[0] == "-channel_layout":
        layout, options = tuple(options[:2]), options[2:]
    elif len(samples) == 4 and codec in ("aac", "flac"):
        layout = ("-channel_layout", "quad")
    written = path.with_suffix(f".{kind}")
    come_in = ("-f", "f32le", "-ar", str(rate_hz), "-ac", str(len(samples)), *layout, "-i", raw)
    done = run_ffmpeg(["-y", *come_in, *options, written])
    assert done.returncode == 0, done.stderr.decode()
    raw.unlink()
    return written


def at(signal: Values, azimuth: float | Values, elevation: float | Values) -> Values:
    """A plane wave from azimuth (left is positive) and elevation, in degrees; they may vary along the signal."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.stack([signal, signal * np.sin(a) * np.cos(e), signal * np.sin(e), signal * np.cos(a) * np.cos(e)])


def at_level(field: Values, dbfs: float) -> Values:
    """Brought to a level of W, or lower where its peak would pass full scale."""
    gain = 10 ** (dbfs / 20) / max(float(np.sqrt(np.mean(field[0] ** 2))), 1e-9)
    return field * min(gain, 0.98 / float(np.abs(field).max()))


def shaped(rng: np.random.Generator, count: int, rate_hz: int, low_hz: float, high_hz: float, slope: float) -> Values:
    """Noise between two frequencies that falls by `slope` times 6 dB an octave above 500 Hz."""
    spectrum = np.fft.rfft(rng.normal(size=count))
    freqs = np.fft.rfftfreq(count, 1 / rate_hz)
    spectrum *= ((freqs > low_hz) & (freqs < high_hz)) / np.maximum(freqs / 500, 1) ** slope
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / noise.std())


def voice(rng: np.random.Generator, count: int, rate_hz: int) -> Values:
    """Noise as loud and soft as somebody who talks: syllables, and pauses between words."""
    noise = shaped(rng, count, rate_hz, 90, 9000, 1.0)
    syllable = max(1, rate_hz // 5)
    loud = rng.random(count // syllable + 2) ** 2 * (rng.random(count // syllable + 2) > 0.25)
    envelope = np.repeat(loud, syllable)[:count]
    smooth = np.hanning(max(3, rate_hz // 20))
    said = noise * np.convolve(envelope, smooth / smooth.sum(), "same")
    return np.asarray(said / said.std())


def notes(rng: np.random.Generator, count: int, rate_hz: int) -> Values:
    """Somebody who plucks strings: decaying notes of eight harmonics, with a little noise."""
    played = 0.003 * rng.normal(size=count)
    length = int(0.35 * rate_hz)
    for first in range(0, count, length):
        t = np.arange(min(3 * length, count - first)) / rate_hz
        tone_hz = 110 * 2 ** (rng.integers(0, 30) / 12)
        for k in range(1, 9):
            if tone_hz * k < 0.45 * rate_hz:
                wave = np.sin(2 * np.pi * tone_hz * k * t + rng.uniform(0, 6)) / k * np.exp(-4 * t)
                played[first : first + t.size] += wave
    return np.asarray(played / played.std())


def engine(rng: np.random.Generator, count: int, rate_hz: int) -> Values:
    """A steady hum of many harmonics that wavers, with noise."""
    phase = np.cumsum(2 * np.pi * (60 + 5 * np.sin(np.arange(count) / rate_hz)) / rate_hz)
    hum = sum((np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 30)), np.zeros(count))
    return np.asarray(hum / hum.std() + 0.2 * shaped(rng, count, rate_hz, 50, 8000, 0.5))


def around(rng: np.random.Generator, count: int, rate_hz: int, waves: int = 60, highest: float = 90) -> Values:
    """Rain, surf or a crowd: as many waves from anywhere, up to an elevation in degrees."""
    field = np.zeros((4, count))
    top = np.sin(np.radians(highest))
    for _ in range(waves):
        elevation = np.degrees(np.arcsin(rng.uniform(-top, top)))
        field += at(shaped(rng, count, rate_hz, 50, 12000, 0.5), rng.uniform(-180, 180), elevation)
    return np.asarray(field / field[0].std())


def in_room(
    rng: np.random.Generator, signal: Values, rate_hz: int, azimuth: float, distance_m: float, wall: float = 0.8
) -> Values:
    """One source in a box of 9 x 7 x 3.5 m, by image sources up to the fourth order; walls reflect `wall`."""
    box = np.array([9.0, 7.0, 3.5])
    ear = np.array([4.1, 3.3, 1.5])
    ray = np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth)), 0.03])
    source = np.clip(ear + distance_m * ray, 0.2, box - 0.2)
    size = 1 << int(np.ceil(np.log2(signal.size + rate_hz)))
    freqs = np.fft.rfftfreq(size, 1 / rate_hz)
    answer = np.zeros((4, freqs.size), complex)
    for cell in np.ndindex(7, 7, 7):
        step = np.array(cell) - 3
        order = int(np.abs(step).sum())
        if order > 4:
            continue
        image = np.where(step % 2 == 0, source, box - source) + step * box + rng.uniform(-0.03, 0.03, 3)
        off = image - ear
        far = float(np.linalg.norm(off))
        gains = np.array([1, *(off[[1, 2, 0]] / far)]) * wall**order / far
        answer += gains[:, None] * np.exp(-2j * np.pi * freqs * far / 343)
    field = np.fft.irfft(np.fft.rfft(signal, size) * answer, size)[:, : signal.size]
    return np.asarray(field / field[0].std())


def as_fuma(field: Values) -> Values:
    """W, X, Y, Z with W 3 dB down."""
    return np.asarray(field[[0, 3, 1, 2]] * np.array([np.sqrt(0.5), 1, 1, 1])[:, None])


def as_n3d(field: Values) -> Values:
    return np.asarray(field * np.array([1, np.sqrt(3), np.sqrt(3), np.sqrt(3)])[:, None])


def as_packed(field: Values) -> Values:
    """Six channels: X, Y, W, nothing, Z, nothing."""
    none = np.zeros_like(field[0])
    return np.stack([field[3], field[1], field[0], none, field[2], none])


def later(signal: Values, rate_hz: int, ms: float) -> Values:
    """The same some milliseconds later."""
    shift = round(ms / 1000 * rate_hz)
    return np.concatenate([np.zeros(shift), signal[: signal.size - shift]])


def stereo(rng: np.random.Generator, count: int, rate_hz: int) -> Values:
    """Left and right of a mix: an instrument on each side, a voice in the middle."""
    middle = 0.7 * voice(rng, count, rate_hz)
    return np.stack([notes(rng, count, rate_hz) + middle, notes(rng, count, rate_hz) + middle])


def with_noise(rng: np.random.Generator, field: Values, dbfs: float, which: Sequence[int] = (0, 1, 2, 3)) -> Values:
    """With a microphone's own noise in some channels."""
    noisy = field.copy()
    noisy[list(which)] += 10 ** (dbfs / 20) * rng.normal(size=(len(which), field.shape[1]))
    return noisy
