"""What specimens are made of: films and sounds of the demo world and of our own, and good media to go with bad ones."""

import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from worlds.zoo.codecs import label, through, write
from worlds.zoo.fields import Sound, scene
from worlds.zoo.specimen import Making
from worlds.zoo.spheres import Film, film

from yt360_tools.demo.picture import render_frames
from yt360_tools.demo.scene import Delivery, Scene, draw_scene
from yt360_tools.demo.sound import render_sound

WIDTH = 384
_GOOD_WIDTH = 256
"""Of a good picture, which is looked at again with every bad sound: small, so that this takes no time."""


def demo_scene(seed: int, seconds: float = 6.0, fps: int = 8, projection: str = "er", stereo: str = "mono") -> Scene:
    drawn = draw_scene(seed, 1000 + seed, seconds=seconds, frame_rate=Fraction(fps), projection="er")
    return replace(drawn, delivery=Delivery(projection, stereo, "h264", "opus"))


@lru_cache(maxsize=6)
def demo_film(
    seed: int, seconds: float = 6.0, fps: int = 8, projection: str = "er", stereo: str = "mono", width: int = WIDTH
) -> Film:
    frames = render_frames(demo_scene(seed, seconds, fps, projection, stereo), width)
    return Film(np.stack(list(frames)), fps)


@lru_cache(maxsize=4)
def demo_sound(seed: int, seconds: float = 6.0) -> Sound:
    """Without silent spans: the arrangement that is silent is left out."""
    samples = render_sound(demo_scene(seed, seconds + 3.5)).astype(float)
    heard = np.repeat(np.abs(samples[0][: samples.shape[1] // 480 * 480]).reshape(-1, 480).max(axis=1) > 0, 480)
    return Sound(samples[:, : heard.size][:, heard][:, : round(seconds * 48000)])


def shared(making: Making, name: str, make: Callable[[Path], object]) -> Path:
    """A file that is made once; who comes second while it is made makes it again, and both are the same."""
    path = making.shared / name
    if not path.exists():
        partial = making.shared / f"{os.getpid()}-{name}"
        make(partial)
        os.replace(partial, path)
    return path


def good_picture(making: Making, seconds: float = 6.0) -> Path:
    """An equirectangular film with a true header."""
    style = making.pick("street", "forest")
    if making.is_odd:
        return shared(
            making,
            f"good-{making.half}-{seconds:g}.webm",
            lambda path: label(write(path, film(making.half, style, width=_GOOD_WIDTH, seconds=seconds), video="vp9")),
        )
    return shared(
        making,
        f"good-{making.half}-{seconds:g}.mp4",
        lambda path: label(write(path, film(making.half, style, width=_GOOD_WIDTH, seconds=seconds))),
    )


def good_sound(making: Making, seconds: float = 6.0) -> Path:
    """AmbiX of the first order."""
    name = making.pick("opus", "aac")
    ending = making.pick("webm", "m4a")
    return shared(
        making,
        f"good-{making.half}-{seconds:g}-sound.{ending}",
        lambda path: write(path, sound=scene(making.half, seconds), audio=name),
    )


def two_eyes(seed: int, style: str, stereo: str, *, width: int = WIDTH, seconds: float = 6.0, fps: float = 8.0) -> Film:
    """A stereo film, the eyes ``top-bottom`` or ``left-right``, or ``eac``: side by side, each turned by a quarter."""
    eyes = [film(seed, style, width=width, seconds=seconds, fps=fps, eye=eye).frames for eye in (-1, 1)]
    if stereo == "eac":
        cubes = [as_eac(Film(eye, fps), width).frames for eye in eyes]
        eyes = [np.rot90(cube, 1, axes=(1, 2)) for cube in cubes]
    return Film(np.concatenate(eyes, axis=1 if stereo == "top-bottom" else 2), fps)


def as_eac(whole: Film, width: int = WIDTH) -> Film:
    """An equirectangular film as an equi-angular cubemap, by ffmpeg."""
    return through(whole, f"v360=e:eac:w={width}:h={width * 9 // 16 // 4 * 4}")


def as_flat(whole: Film, width: int, height: int, hfov_deg: float = 80.0) -> Film:
    """What a plain camera would see of it, by ffmpeg."""
    vfov_deg = np.degrees(2 * np.arctan(np.tan(np.radians(hfov_deg / 2)) * height / width))
    return through(whole, f"v360=e:flat:h_fov={hfov_deg}:v_fov={vfov_deg:.3f}:w={width}:h={height}")
