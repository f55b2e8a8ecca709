"""Pictures that are not what they seem, or show nothing."""

from collections.abc import Callable

import numpy as np
from worlds.zoo import picture_faults as drawn
from worlds.zoo.codecs import label, run, write
from worlds.zoo.materials import demo_film, good_sound
from worlds.zoo.specimen import ACCEPTED, MISLABELLED, NO_TRUTH, REJECTED, USELESS, Files, Kind, Making, Truth
from worlds.zoo.spheres import Film, film

Draw = Callable[[Making], Film]


def _made(draw: Draw, said: tuple[str, str] | None, seconds: float = 6.0) -> Callable[[Making], Files]:
    """A film in a file, by the seed H.264 in MP4 or VP9 in WebM, whose header says a kind and eyes."""

    def make(making: Making) -> Files:
        path = making.folder / making.pick("picture.mp4", "picture.webm")
        write(path, draw(making), video=making.pick("h264", "vp9"))
        if said:
            label(path, said[1], kind=said[0])
        return Files(path, good_sound(making, seconds))

    return make


def _one_pixel(making: Making) -> Files:
    path = making.folder / making.pick("picture.webm", "picture.mkv")
    write(path, Film(making.rng().integers(0, 256, (48, 1, 1, 3), np.uint8), 8), video=making.pick("vp9", "ffv1"))
    return Files(path, good_sound(making))


def _rotation_flag(making: Making) -> Files:
    path = making.folder / making.pick("picture.mp4", "picture.mov")
    whole = write(making.folder / "plain.mp4", film(making.seed, making.pick("street", "forest")))
    run(["-display_rotation", making.pick("90", "180"), "-i", whole, "-c", "copy", path])
    return Files(path, good_sound(making))


def _variable_rate(making: Making) -> Files:
    path = making.folder / making.pick("picture.mp4", "picture.mkv")
    kept = making.pick("select='not(between(mod(n,16),3,9))'", "select='lt(random(1),0.4)+eq(n,0)'")
    write(path, demo_film(making.seed, fps=16), filters=kept, options=["-fps_mode", "passthrough"])
    return Files(label(path), good_sound(making))


def _kind(
    name: str,
    drawn_by: str,
    right: tuple[tuple[str, ...], str],
    make: Callable[[Making], Files],
    truth: Truth = NO_TRUTH,
) -> Kind:
    verdicts, codes = right
    return Kind(name, "picture", drawn_by, verdicts, tuple(codes.split()), make, truth)


_ER_SAID, _MESH_SAID, _CUBE_SAID = ("equi", "mono"), ("mesh", "mono"), ("cube", "mono")
_TB_SAID, _LR_SAID = ("equi", "top-bottom"), ("equi", "left-right")
_WRONG_LABEL = (MISLABELLED, "layout_disagrees")
_ER, _EAC, _TB, _LR = (Truth((one, eyes)) for one, eyes in (
    ("er", "mono"), ("eac", "mono"), ("er", "top-bottom"), ("er", "left-right"),
))  # fmt: skip
_UNKNOWN_CUBE = (USELESS, "unknown_faces layout_unsure unsupported_projection not_equirectangular")
_CALLED_CUBE = (USELESS, "unknown_faces layout_disagrees not_equirectangular")
_NO_SPHERE = (USELESS, "flat flat_in_sphere not_equirectangular")

KINDS = (
    _kind("eac called er", "v360", _WRONG_LABEL, _made(drawn.eac, _ER_SAID), _EAC),
    _kind("demo eac called er", "demo", _WRONG_LABEL, _made(drawn.eac_of_demo, _ER_SAID), _EAC),
    _kind("er called mesh", "numpy", _WRONG_LABEL, _made(drawn.plain, _MESH_SAID), _ER),
    _kind("demo er called mesh", "demo", _WRONG_LABEL, _made(drawn.plain_demo, _MESH_SAID), _ER),
    _kind("er called cubemap", "demo", _WRONG_LABEL, _made(drawn.plain_demo, _CUBE_SAID), _ER),
    _kind("cubemap unlabelled", "v360", _UNKNOWN_CUBE, _made(drawn.cubemap, None)),
    _kind("cubemap called er", "demo", _CALLED_CUBE, _made(drawn.demo_cubemap, _ER_SAID)),
    _kind("top-bottom called mono", "numpy", _WRONG_LABEL, _made(drawn.top_bottom, _ER_SAID), _TB),
    _kind("demo top-bottom called mono", "demo", _WRONG_LABEL, _made(drawn.eyes_of_demo, _ER_SAID), _TB),
    _kind("top-bottom called left-right", "demo", _WRONG_LABEL, _made(drawn.eyes_of_demo, _LR_SAID), _TB),
    _kind("left-right called top-bottom", "numpy", _WRONG_LABEL, _made(drawn.left_right, _TB_SAID), _LR),
    _kind("mono called top-bottom", "demo", _WRONG_LABEL, _made(drawn.plain_demo, _TB_SAID), _ER),
    _kind("mono called left-right", "numpy", _WRONG_LABEL, _made(drawn.wide, _LR_SAID), _ER),
    _kind(
        "stereo eac called er", "v360", _WRONG_LABEL, _made(drawn.eac_in_stereo, _ER_SAID), Truth(("eac", "left-right"))
    ),
    _kind("pillar-boxed", "v360", (USELESS, "flat_in_sphere"), _made(drawn.pillars, _ER_SAID)),
    _kind("letter-boxed", "demo", (USELESS, "flat_in_sphere"), _made(drawn.letters, _ER_SAID)),
    _kind("stretched flat", "v360", (USELESS, "flat"), _made(drawn.stretched, _ER_SAID)),
    _kind("flat", "demo", _NO_SPHERE, _made(drawn.flat, None)),
    _kind("half, two eyes", "numpy", (USELESS, "half_sphere"), _made(drawn.vr180, None)),
    _kind("half, black back", "demo", (USELESS, "half_sphere"), _made(drawn.half_black, _ER_SAID)),
    _kind("still", "demo", (REJECTED, "still"), _made(drawn.still, _ER_SAID)),
    _kind("slideshow, hard cuts", "numpy", (USELESS, "slideshow"), _made(drawn.hard_cuts, _ER_SAID, 12)),
    _kind("slideshow, cross-fades", "demo", (USELESS, "slideshow"), _made(drawn.cross_fades, _ER_SAID, 12)),
    _kind("black", "numpy", (REJECTED, "black"), _made(drawn.black, _ER_SAID)),
    _kind("black span", "demo", (ACCEPTED, "black_spans"), _made(drawn.black_span, _ER_SAID, 12), _ER),
    _kind("frozen", "numpy", (USELESS, "frozen"), _made(drawn.frozen, _ER_SAID, 12)),
    _kind("frozen span", "numpy", (ACCEPTED, "frozen_spans"), _made(drawn.frozen_span, _ER_SAID, 12), _ER),
    _kind("one frame", "demo", (REJECTED, "one_frame"), _made(drawn.one_frame, _ER_SAID)),
    _kind("one pixel", "numpy", (REJECTED, "too_small"), _one_pixel),
    _kind("tiny", "demo", (USELESS, "too_small"), _made(drawn.tiny, _ER_SAID)),
    _kind("rotation flag", "numpy", (("accept", "fix", "doubt"), "rotation_flag"), _rotation_flag),
    _kind("variable rate", "demo", (ACCEPTED, "variable_rate"), _variable_rate, _ER),
)
