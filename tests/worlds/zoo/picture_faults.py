"""Films that are not what a header says of them, or that show nothing: what is drawn, before it is coded."""

import numpy as np
from worlds.zoo.codecs import through
from worlds.zoo.materials import as_eac, as_flat, demo_film, two_eyes
from worlds.zoo.specimen import Making
from worlds.zoo.spheres import Film, film, turned


def eac(making: Making) -> Film:
    return as_eac(film(making.seed, making.pick("street", "room")))


def top_bottom(making: Making) -> Film:
    return two_eyes(making.seed, making.pick("forest", "street"), "top-bottom", width=320)


def left_right(making: Making) -> Film:
    """4:1, or squeezed into 2:1."""
    wide = two_eyes(making.seed, making.pick("room", "forest"), "left-right", width=320)
    return through(wide, "scale=320:160") if making.is_odd else wide


def cubemap(making: Making) -> Film:
    return through(film(making.seed, making.pick("room", "forest")), "v360=e:c3x2:w=384:h=256")


def demo_cubemap(making: Making) -> Film:
    return through(demo_film(making.seed), "v360=e:c3x2:w=384:h=256")


def panned(making: Making) -> Film:
    return film(making.seed, making.pick("street", "room"), width=640, turn_deg_s=25, noise=1)


def pillars(making: Making) -> Film:
    """4:3, or 16:9."""
    width = 256 if making.is_odd else 340
    return through(as_flat(panned(making), width, 192), "pad=384:192:(ow-iw)/2:0")


def letters(making: Making) -> Film:
    height = 160 if making.is_odd else 120
    whole = turned(demo_film(making.seed, width=640), 20)
    return through(as_flat(whole, 384, height, 115), "pad=384:192:0:(oh-ih)/2")


def stretched(making: Making) -> Film:
    return through(as_flat(panned(making), 320, 240 if making.is_odd else 180), "scale=384:192")


def flat(making: Making) -> Film:
    return as_flat(turned(demo_film(making.seed, width=640), 20), 320, 180, 110)


def vr180(making: Making) -> Film:
    """The front half of each eye, side by side."""
    eyes = two_eyes(making.seed, making.pick("room", "street"), "left-right").frames
    quarter = eyes.shape[2] // 8
    return Film(np.concatenate([eyes[:, :, quarter : 3 * quarter], eyes[:, :, 5 * quarter : 7 * quarter]], axis=2), 8)


def half_black(making: Making) -> Film:
    frames = demo_film(making.seed).frames.copy()
    quarter = frames.shape[2] // 4
    frames[:, :, :quarter] = frames[:, :, -quarter:] = 0
    return Film(frames, 8)


def still(making: Making) -> Film:
    return Film(np.repeat(demo_film(making.seed).frames[:1], 48, axis=0), 8)


def hard_cuts(making: Making) -> Film:
    styles = ("street", "room", "sea", "forest", "street", "room")
    stills = [film(making.seed + 10 * n, style, seconds=0.2).frames[0] for n, style in enumerate(styles)]
    return Film(np.repeat(np.stack(stills), 16, axis=0), 8)


def cross_fades(making: Making) -> Film:
    """Four stills, three seconds each; each fades into the next for a second."""
    stills = [demo_film(making.seed + 10 * n, 1.0).frames[0].astype(float) for n in range(4)]
    frames = []
    for number in range(96):
        which, rest = divmod(number, 24)
        share = max(0.0, (rest - 16) / 8) if which < 3 else 0.0
        frames.append((1 - share) * stills[which] + share * stills[min(which + 1, 3)])
    return Film(np.stack(frames).astype(np.uint8), 8)


def black(making: Making) -> Film:
    """Black, or one colour."""
    colour = np.array([18, 60, 140] if making.is_odd else [0, 0, 0], np.uint8)
    return Film(np.broadcast_to(colour, (48, 192, 384, 3)), 8)


def black_span(making: Making) -> Film:
    frames = demo_film(making.seed, 12.0).frames.copy()
    frames[40:64] = 0
    return Film(frames, 8)


def frozen(making: Making) -> Film:
    """It moves for two seconds of twelve."""
    frames = film(making.seed, making.pick("forest", "room"), seconds=2).frames
    return Film(np.concatenate([frames, np.repeat(frames[-1:], 80, axis=0)]), 8)


def frozen_span(making: Making) -> Film:
    frames = film(making.seed, making.pick("street", "sea"), seconds=12).frames.copy()
    frames[40:64] = frames[40]
    return Film(frames, 8)


def one_frame(making: Making) -> Film:
    return Film(demo_film(making.seed, 1.0).frames[:1], 8)


def tiny(making: Making) -> Film:
    return through(turned(demo_film(making.seed), 30), "scale=64:32:flags=area")


def eac_of_demo(making: Making) -> Film:
    return demo_film(making.seed, projection="eac")


def plain_demo(making: Making) -> Film:
    return demo_film(making.seed)


def eyes_of_demo(making: Making) -> Film:
    return demo_film(making.seed, stereo="top-bottom", width=320)


def plain(making: Making) -> Film:
    return film(making.seed, making.pick("forest", "street"))


def wide(making: Making) -> Film:
    """Halves that are much alike, or somewhat."""
    return film(making.seed, making.pick("sea", "forest"))


def eac_in_stereo(making: Making) -> Film:
    return two_eyes(making.seed, making.pick("street", "forest"), "eac", width=352)
