"""Frames of films in every layout, by seed: of the demo world, and of photographs wrapped on a sphere."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from worlds.layouts import Cube, Pinhole, Posed
from worlds.wrapped_photos import KINDS, Frames, as_eac, as_er, moments, panorama, shown_as
from worlds.zoo.codecs import run

from yt360_tools.demo.picture import render_frames
from yt360_tools.demo.scene import Delivery, draw_scene
from yt360_tools.examine.picture_samples import sample_picture

Picture = NDArray[np.uint8]

WHOLE = ("er mono", "er top-bottom", "er left-right", "eac mono", "eac left-right", "cubemap mono")
OTHER = ("half mono", "half left-right", "flat", "flat_in_sphere")
CODED = {
    "h264": ("a.mp4", ("-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "1")),
    "vp9": ("a.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k", "-g", "2")),
}
_CUBES = (("RLUDFB", "000000", 3), ("RLUDFB", "002200", 3), ("LFRDBU", "000000", 3), ("FRBLUD", "000000", 6))


@dataclass(frozen=True)
class Shown:
    """Frames, and what they are."""

    layout: str
    what: str
    frames: list[Picture]


def demo_frames(seed: int, layouts: tuple[str, ...] = WHOLE) -> Iterator[Shown]:
    """Of the demo world: ER, EAC and top-bottom as it draws them itself."""
    scene = draw_scene(seed, 5000 + seed, seconds=2.0, frame_rate=Fraction(2), projection="er")

    def drawn(projection: str, stereo: str, width: int) -> list[Picture]:
        return list(
            render_frames(dataclasses.replace(scene, delivery=Delivery(projection, stereo, "h264", "opus")), width)
        )

    both = drawn("er", "top-bottom", 512)
    sphere = Frames(tuple(one[:256] for one in both), tuple(one[256:] for one in both))
    own = {"er mono": ("er", "mono"), "eac mono": ("eac", "mono"), "er top-bottom": ("er", "top-bottom")}
    for layout in layouts:
        frames = drawn(*own[layout], 448) if layout in own else laid_out(sphere, layout, seed)
        yield Shown(layout, f"demo {seed}", frames)


def photo_frames(seed: int, layouts: tuple[str, ...] = WHOLE, *, light: float = 1.0) -> Iterator[Shown]:
    """Of photographs on a sphere, from a camera that stands or turns."""
    kind = KINDS[seed % len(KINDS)]
    sphere = moments(panorama(seed, kind, 768), seed, turn_deg=(0.0, 0.0, 3.0, 15.0)[seed % 4], light=light)
    for layout in layouts:
        yield Shown(layout, f"photographs, {kind} {seed}", laid_out(sphere, layout, seed))


def laid_out(sphere: Frames, layout: str, seed: int, width: int = 480) -> list[Picture]:
    """A sphere's frames in a layout whose details follow from the seed."""
    rng = np.random.default_rng([seed, (*WHOLE, *OTHER).index(layout)])
    eyes = list(zip(sphere.left, sphere.right, strict=True))
    if layout in ("er top-bottom", "er left-right"):
        whole = [
            np.concatenate([as_er(eye, width) for eye in pair], axis=int(layout == "er left-right")) for pair in eyes
        ]
        return [_resized(one, width, width // 2) for one in whole] if rng.random() < 0.5 else whole
    if layout == "eac left-right":
        shape = rng.choice([1.5, 16 / 9])
        return [np.concatenate([np.rot90(as_eac(eye, width, shape)) for eye in pair], axis=1) for pair in eyes]
    if layout == "half left-right":
        return [
            np.concatenate([as_er(eye, width)[:, width // 4 : 3 * width // 4] for eye in pair], axis=1) for pair in eyes
        ]
    if layout == "cubemap mono":
        order, turns, across = _CUBES[rng.integers(len(_CUBES))]
        face = width // across
        return [shown_as(one, Cube(face * across, face * (6 // across), across, order, turns)) for one in sphere.left]
    if layout.startswith("flat"):
        return _flat(sphere.left, layout, rng, width)
    frames = [as_eac(one, width) if layout == "eac mono" else as_er(one, width).copy() for one in sphere.left]
    if layout == "half mono":
        for frame in frames:
            frame[:, : width // 4] = frame[:, -(width // 4) :] = 0
    return frames


def _flat(pictures: tuple[Picture, ...], layout: str, rng: np.random.Generator, width: int) -> list[Picture]:
    """What a plain camera sees; 2:1 or as it is, or with bars around it in 2:1."""
    shape = float(rng.choice([16 / 9, 4 / 3] if layout == "flat" else [16 / 9, 4 / 3, 2.35]))
    height = round(width / shape)
    across_deg = float(rng.uniform(50, 100))
    down_deg = float(np.degrees(2 * np.arctan(np.tan(np.radians(across_deg / 2)) / shape)))
    look = (float(rng.uniform(-180, 180)), float(rng.uniform(-25, 15)), 0.0)
    frames = [shown_as(one, Posed(Pinhole(width, height, across_deg, down_deg), look)) for one in pictures]
    if layout == "flat":
        return [_resized(one, width, width // 2) for one in frames] if rng.random() < 0.5 else frames
    across, down = min(width, round(width / 2 * shape)), min(width // 2, round(width / shape))
    beside, above = (width - across) // 2, (width // 2 - down) // 2
    bars = ((above, width // 2 - down - above), (beside, width - across - beside), (0, 0))
    return [np.pad(_resized(one, across, down), bars) for one in frames]


def _resized(picture: Picture, width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def through_codec(shown: Shown, codec: str, height: int, folder: Path) -> Shown:
    """The frames as the examiner samples them of a real file of that height."""
    frames = np.stack(shown.frames)
    rows, columns = frames.shape[1:3]
    width = round(columns * height / rows / 2) * 2
    name, options = CODED[codec]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{columns}x{rows}", "-r", "2", "-i", "pipe:0"]
    path = folder / name
    run(
        [*raw, "-vf", f"scale={width}:{height}", *options, "-pix_fmt", "yuv420p", "-threads", "1", path],
        frames.tobytes(),
    )
    return Shown(shown.layout, f"{shown.what}, {codec} {width} x {height}", list(sample_picture(path).frames))
