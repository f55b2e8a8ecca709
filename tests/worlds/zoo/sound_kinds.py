"""Sounds that are no sound field, or count their channels in another way, or are damaged."""

from collections.abc import Callable

from worlds.zoo import sound_faults as heard
from worlds.zoo.codecs import write
from worlds.zoo.fields import Sound
from worlds.zoo.materials import good_picture
from worlds.zoo.specimen import (
    ACCEPTED,
    DOUBTED,
    FIXED,
    NO_TRUTH,
    REJECTED,
    USELESS,
    Files,
    Kind,
    Making,
    Truth,
)

Play = Callable[[Making], Sound]
_DEFAULT = ("opus.webm", "aac.m4a")
_WHOLE = ("flac.mkv", "s16.wav")
_FLOATS = ("f32.wav", "f32.mkv")


def _made(play: Play, coded: tuple[str, str] = _DEFAULT, seconds: float = 6.0) -> Callable[[Making], Files]:
    """A sound in a file of its own, by the seed in one codec and container or another, beside a good picture."""

    def make(making: Making) -> Files:
        audio, _, ending = making.pick(*coded).partition(".")
        path = write(making.folder / f"sound.{ending}", sound=play(making), audio=audio)
        return Files(good_picture(making, seconds), path)

    return make


def _kind(
    name: str,
    drawn_by: str,
    right: tuple[tuple[str, ...], str],
    make: Callable[[Making], Files],
    truth: Truth = NO_TRUTH,
) -> Kind:
    verdicts, codes = right
    return Kind(name, "sound", drawn_by, verdicts, tuple(codes.split()), make, truth)


_FUMA = Truth(channel_map=(0, 2, 3, 1), gains=(2**0.5, 1, 1, 1))
_N3D = Truth(channel_map=(0, 1, 2, 3), gains=(1, 3**-0.5, 3**-0.5, 3**-0.5))
_PLAIN = Truth(channel_map=(0, 1, 2, 3), gains=(1, 1, 1, 1))
_PACKED = Truth(channel_map=(2, 1, 4, 0), gains=(1, 1, 1, 1))
_STEREO = (USELESS, "stereo_in_disguise")
_HALF_STEREO = (USELESS, "stereo_in_disguise dead_channels not_ambisonic")
_NO_FIELD, _OTHER_CHANNELS = (USELESS, "not_ambisonic"), (USELESS, "unexpected_channels not_ambisonic")
_TOO_FEW = (REJECTED, "too_few_channels")

KINDS = (
    _kind("mono in four channels", "demo", (USELESS, "mono_upmixed"), _made(heard.mono)),
    _kind("scaled copies", "numpy", (USELESS, "mono_upmixed"), _made(heard.scaled)),
    _kind("stereo, left right left right", "numpy", _STEREO, _made(heard.left_right_twice)),
    _kind("stereo, middle and side", "numpy", _HALF_STEREO, _made(heard.middle_and_side, ("opus2.webm", "vorbis.ogg"))),
    _kind("stereo, left and right alone", "demo", _HALF_STEREO, _made(heard.left_right_alone)),
    _kind("fuma", "numpy", (FIXED, "fuma"), _made(heard.own_fuma), _FUMA),
    _kind("demo fuma", "demo", (FIXED, "fuma"), _made(heard.demo_fuma, _WHOLE), _FUMA),
    _kind(
        "fuma without z", "numpy", (("fix", "doubt"), "fuma format_unsure dead_channels"), _made(heard.flat_fuma), _FUMA
    ),
    _kind("n3d", "numpy", (FIXED, "n3d"), _made(heard.own_n3d), _N3D),
    _kind("demo n3d", "demo", (FIXED, "n3d"), _made(heard.demo_n3d, ("vorbis.ogg", "f32.wav")), _N3D),
    _kind("packed as 5.1", "numpy", (FIXED, "packed_5_1"), _made(heard.packed, ("aac.m4a", "aac_apart.m4a")), _PACKED),
    _kind("cinema 5.1", "numpy", _OTHER_CHANNELS, _made(heard.cinema, ("aac.m4a", "vorbis.ogg"))),
    _kind("quad surround", "numpy", _NO_FIELD, _made(heard.quad)),
    _kind("four unrelated tracks", "numpy", _NO_FIELD, _made(heard.unrelated)),
    _kind("dead w", "demo", (USELESS, "dead_w"), _made(heard.without_w)),
    _kind("dead y and x", "demo", (USELESS, "dead_channels"), _made(heard.without_y_and_x)),
    _kind("dead y", "numpy", (USELESS, "dead_channels"), _made(heard.without_y)),
    _kind("silent", "numpy", (REJECTED, "silent"), _made(heard.silent, ("opus.webm", "f32.wav"))),
    _kind("silent span", "demo", (ACCEPTED, "silent_spans"), _made(heard.silent_span, seconds=12), _PLAIN),
    _kind("clipped", "demo", (DOUBTED, "clipping"), _made(heard.clipped, ("flac.mkv", "aac.m4a"))),
    _kind("constant offset", "demo", (("accept", "fix", "doubt"), "dc_offset"), _made(heard.offset, _WHOLE)),
    _kind("opposite copies", "numpy", (USELESS, "opposite_copies"), _made(heard.opposite)),
    _kind(
        "head-locked pair", "demo", (FIXED, "head_locked"), _made(heard.head_locked, ("opus.webm", "s16.mov")), _PLAIN
    ),
    _kind("music laid over w", "numpy", (DOUBTED, "laid_over"), _made(heard.laid_over)),
    _kind("8 khz", "numpy", (DOUBTED, "low_rate"), _made(heard.slow, _WHOLE)),
    _kind("one channel", "demo", _TOO_FEW, _made(heard.one_channel)),
    _kind("two channels", "numpy", _TOO_FEW, _made(heard.two_channels)),
    _kind("three channels", "demo", _TOO_FEW, _made(heard.three_channels, ("flac.mkv", "aac.m4a"))),
    _kind("five channels", "numpy", _OTHER_CHANNELS, _made(heard.five, ("aac.m4a", "flac.mkv"))),
    _kind("eight channels", "numpy", _OTHER_CHANNELS, _made(heard.eight, ("aac.m4a", "flac.mkv"))),
    _kind("not finite", "numpy", (USELESS, "bad_samples"), _made(heard.not_finite, _FLOATS)),
)
