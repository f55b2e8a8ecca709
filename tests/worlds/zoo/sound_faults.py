"""Sounds that are no sound field, or count their channels in another way, or are damaged: before they are coded."""

from collections.abc import Callable

import numpy as np
from worlds.zoo.fields import Sound, diffuse, low_passed, music, picked, rms, scene, speech, traffic
from worlds.zoo.materials import demo_sound
from worlds.zoo.specimen import Making

Play = Callable[[Making], Sound]


def own(making: Making, seconds: float = 6.0) -> Sound:
    return scene(making.seed, seconds, sources=2 + making.seed % 3, ambience=0.2 + 0.1 * (making.seed % 4))


def demo(making: Making, seconds: float = 6.0) -> Sound:
    return demo_sound(making.seed, seconds)


def _stereo(making: Making, seconds: float = 6.0) -> tuple[np.ndarray, np.ndarray]:
    """Left and right of a mix, below full scale: a voice in the middle, instruments aside."""
    rng = making.rng(31)
    count = round(seconds * 48000)
    voice, one, other = speech(rng, count), music(rng, count), traffic(rng, count)
    voice, one, other = (part / rms(part) * 0.045 for part in (voice, one, other))
    return voice + one + 0.3 * other, voice + 0.35 * one + other


def mono(making: Making) -> Sound:
    return Sound(np.tile(demo(making).samples[:1], (4, 1)))


def scaled(making: Making) -> Sound:
    """Copies, each at a level of its own, such as no single wave would give: in AmbiX, N3D or FuMa."""
    gains = making.pick("0.8 -0.6 0.66", "1.4 -1.2 1.3").split()
    left, right = _stereo(making)
    return Sound(np.stack([1.0, *map(float, gains)])[:, None] * (left + right) / 2)


def left_right_twice(making: Making) -> Sound:
    left, right = _stereo(making)
    return Sound(np.stack([left, right, left, right]))


def middle_and_side(making: Making) -> Sound:
    left, right = _stereo(making)
    empty = np.zeros_like(left)
    return Sound(np.stack([left + right, left - right, empty, empty]) / 2)


def left_right_alone(making: Making) -> Sound:
    whole = demo(making).samples
    left, right = whole[0] + whole[1], whole[0] - whole[1]
    return Sound(np.stack([left, right, 0 * left, 0 * left]) / 2)


def _fuma(sound: Sound) -> Sound:
    return picked(sound, (0, 3, 1, 2), (0.5**0.5, 1, 1, 1))


def _n3d(sound: Sound) -> Sound:
    return picked(sound, (0, 1, 2, 3), (1, 3**0.5, 3**0.5, 3**0.5))


def packed(making: Making) -> Sound:
    """X, Y, W, -, Z, - as ffmpeg counts the channels of 5.1."""
    w, y, z, x = own(making).samples
    return Sound(np.stack([x, y, w, 0 * w, z, 0 * w]))


def cinema(making: Making) -> Sound:
    """A voice in the middle, music in front and, less, behind, something low."""
    left, right = _stereo(making)
    rng = making.rng(32)
    voice = speech(rng, left.size)
    ground = diffuse(rng, left.size)
    low = low_passed(Sound((left + right)[None]), 90).samples[0]
    behind = [0.4 * channel + 0.017 * noise for channel, noise in zip((left, right), ground[1:3], strict=True)]
    return Sound(np.stack([left, right, 0.055 * voice / rms(voice), low, *behind]))


def quad(making: Making) -> Sound:
    """Four loudspeakers around: what is panned lies between two neighbours, rooms differ."""
    rng = making.rng(33)
    count = 6 * 48000
    speakers = np.radians([45, -45, 135, -135])
    mixed = 0.02 * np.stack([diffuse(rng, count, waves=3)[0] for _ in speakers])
    for make in (speech, music, traffic):
        mono = make(rng, count)
        apart = np.abs(np.angle(np.exp(1j * (speakers - rng.uniform(-np.pi, np.pi)))))
        gains = np.where(apart < np.pi / 2, np.cos(apart), 0)
        mixed = mixed + 0.07 * gains[:, None] * mono / rms(mono)
    return Sound(mixed)


def unrelated(making: Making) -> Sound:
    rng = making.rng(34)
    tracks = [make(rng, 6 * 48000) for make in (speech, music, traffic, music)]
    return Sound(np.stack([0.06 * track / rms(track) for track in tracks]))


def _without(channels: tuple[int, ...], play: Play) -> Play:
    def make(making: Making) -> Sound:
        samples = play(making).samples.copy()
        samples[list(channels)] = 0
        return Sound(samples)

    return make


def silent(making: Making) -> Sound:
    """Nothing at all, or the last bit's noise."""
    return Sound(making.rng(35).normal(0, 2e-6 if making.is_odd else 0, (4, 6 * 48000)))


def silent_span(making: Making) -> Sound:
    samples = demo(making, 12.0).samples.copy()
    samples[:, 5 * 48000 : 8 * 48000] = 0
    return Sound(samples)


def clipped(making: Making) -> Sound:
    return Sound(np.clip(demo(making).at(2.0 + making.seed % 4).samples, -1, 1))


def offset(making: Making) -> Sound:
    return Sound(demo(making).at(-24).samples + making.rng(36).choice([-0.2, 0.2]))


def opposite(making: Making) -> Sound:
    samples = own(making).samples.copy()
    samples[3 if making.is_odd else 2] = -samples[1]
    return Sound(samples)


def head_locked(making: Making) -> Sound:
    left, right = _stereo(making)
    return Sound(np.concatenate([demo(making).samples[:, : left.size], [left[: 6 * 48000], right[: 6 * 48000]]]))


def laid_over(making: Making) -> Sound:
    """Music in W alone, 10 dB above the sound field."""
    field = own(making).at(-30).samples.copy()
    song = music(making.rng(37), field.shape[1])
    field[0] += 10 ** (-20 / 20) * song / rms(song)
    return Sound(field)


def slow(making: Making) -> Sound:
    return scene(making.seed, rate_hz=8000)


def _first(channels: int, play: Play) -> Play:
    return lambda making: Sound(play(making).samples[:channels])


def five(making: Making) -> Sound:
    return Sound(cinema(making).samples[[0, 1, 2, 4, 5]])


def eight(making: Making) -> Sound:
    samples = cinema(making).samples
    return Sound(np.concatenate([samples, 0.6 * samples[4:] + 0.2 * samples[:2]]))


def not_finite(making: Making) -> Sound:
    """A few values that are no numbers, or a second of them."""
    samples = own(making).samples.copy()
    if making.is_odd:
        samples[:, 100_000:148_000] = np.nan
    else:
        samples[1, 50_000:50_005], samples[3, 70_000] = np.nan, np.inf
    return Sound(samples)


def own_fuma(making: Making) -> Sound:
    return _fuma(own(making))


def demo_fuma(making: Making) -> Sound:
    return _fuma(demo(making))


def own_n3d(making: Making) -> Sound:
    return _n3d(own(making))


def demo_n3d(making: Making) -> Sound:
    return _n3d(demo(making))


flat_fuma = _without((3,), own_fuma)
without_w, without_y_and_x, without_y = _without((0,), demo), _without((1, 3), demo), _without((1,), own)
one_channel, two_channels, three_channels = _first(1, demo), _first(2, left_right_twice), _first(3, demo)
