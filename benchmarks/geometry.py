"""What cutting views and turning sound costs: ``python benchmarks/geometry.py``, or ``make bench``.

First, coarse views of fine panoramas. Shapes with edges of no width are drawn into a panorama, one sample a pixel, and
seen by a view that is 2, 4 and 8 times coarser in its middle. The naive remap is what anyone would write: one
`cv2.remap`, bilinear, out of the whole panorama, with a table made before; fixed-point tables are faster than those of
floats, so ours is held against the fixed ones, and the ratio to the other is printed beside it. There are two truths,
each 4 x 4 samples a pixel of the view: `of source` reads the same panorama, which is the best that resampling can do;
`of scene` draws the scene, so that what the panorama itself has lost is counted too.

Then what a crop costs beside `py360convert.e2p`, and turning sound beside `spaudiopy.sph.rotate_sh`.

One thread, CPU time. What is compared runs in turn, some times in a row, on the same frame again and again; medians.
Nothing is asserted: a person reads the table.
"""

import argparse
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import median

import cv2
import numpy as np
import py360convert
from numpy.typing import NDArray

from yt360_tools.ambisonics import rotate
from yt360_tools.geometry import Direction, er_pixels_from_rays, er_rays
from yt360_tools.projection import Sampler, Source, view_rays, viewport
from yt360_tools.records import SourceLayout, View

Values = NDArray[np.float64]
Picture = NDArray[np.uint8]

SIDE, HFOV_DEG, SAMPLES = 160, 60.0, 4
TIMES = (2, 4, 8)
LOOKS = (
    Direction(37.0, -24.0, 15.0),
    Direction(-121.0, 22.0, -35.0),
    Direction(170.0, 13.0, 100.0),
    Direction(37.0, -52.0, 15.0),
)
"""Generic angles: one more rolled, one over the panorama's seam, and one beside a pole, where a panorama has twice as
many columns as rows for the same angle, and more."""

WIDTH, HEIGHT, CROP = 448, 224, 112
RATE_HZ = 24000

ROUNDS, AT_A_TIME = 60, 20


@dataclass(frozen=True)
class Minified:
    """A view some times coarser than its panorama.

    Attributes:
        naive_db, ours_db: PSNR against the means of 4 x 4 readings of the source.
        naive_of_scene_db, ours_of_scene_db: against the means of 4 x 4 samples of the scene.
        naive_ms: one remap with a fixed-point table; naive_float_ms: with a table of floats.
    """

    times: int
    look: str
    source: str
    naive_db: float
    ours_db: float
    naive_of_scene_db: float
    ours_of_scene_db: float
    naive_ms: float
    naive_float_ms: float
    ours_ms: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.naive_ms

    @property
    def ratio_to_floats(self) -> float:
        return self.ours_ms / self.naive_float_ms


@dataclass(frozen=True)
class Faster:
    """A line of the second table, in CPU milliseconds; `wanted` is how many times as fast ours should be."""

    name: str
    ours_ms: float
    baseline: str
    baseline_ms: float
    wanted: float

    @property
    def times(self) -> float:
        return self.baseline_ms / self.ours_ms


def paired_ms(*works: Callable[[], object], rounds: int = ROUNDS, at_a_time: int = AT_A_TIME) -> list[float]:
    """The median CPU time of each, in milliseconds: each some times in a row, one after the other, over and over."""
    took: list[list[float]] = [[] for _ in works]
    for round_ in range(rounds + 1):
        for times, work in zip(took, works, strict=True):
            began = time.process_time()
            for _ in range(at_a_time):
                work()
            if round_:  # the first is a warm-up
                times.append((time.process_time() - began) / at_a_time)
    return [1000 * median(times) for times in took]


class Shapes:
    """Patches of two colours each in red, green and blue, about 16 of the view's pixels wide."""

    def __init__(self, seed: int = 5) -> None:
        rng = np.random.default_rng(seed)
        vectors = rng.normal(size=(3, 6, 3))
        wide = 16 * 2 * np.tan(np.radians(HFOV_DEG) / 2) / SIDE
        lengths = rng.uniform(0.6, 1.4, (3, 6, 1)) * np.pi / wide
        self.vectors = vectors * lengths / np.linalg.norm(vectors, axis=-1, keepdims=True)
        self.phases = rng.uniform(0, 2 * np.pi, (3, 6))

    def at(self, rays: Values) -> Picture:
        unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        seen = np.empty(rays.shape, np.uint8)
        for channel, (vectors, phases) in enumerate(zip(self.vectors, self.phases, strict=True)):
            waves = sum(np.sin(unit @ vector + phase) for vector, phase in zip(vectors, phases, strict=True))
            seen[..., channel] = np.where(waves > 0, 225, 32)
        return seen


def psnr(seen: Picture, truth: Values) -> float:
    return float(10 * np.log10(255**2 / np.mean((seen - truth) ** 2)))


def maps_of(view: View, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    columns, rows = er_pixels_from_rays(view_rays(view), width, width // 2)
    return columns.astype(np.float32), rows.astype(np.float32)


def means(fine: Picture) -> Values:
    return fine.reshape(SIDE, SAMPLES, SIDE, SAMPLES, 3).mean(axis=(1, 3))


def run_minified(times: int, look: Direction, shapes: Shapes) -> Minified:
    width = round(2 * np.pi * SIDE / 2 / np.tan(np.radians(HFOV_DEG) / 2) * times / 16) * 16
    height = width // 2
    view, fine = (viewport(look, HFOV_DEG, side, side) for side in (SIDE, SAMPLES * SIDE))
    maps = maps_of(view, width)
    first, last = max(0, int(maps[1].min()) - 60), min(height, int(maps[1].max()) + 60)
    frame = np.zeros((height, width, 3), np.uint8)
    for begin in range(first, last, 64):
        rows = slice(begin, min(begin + 64, last))
        frame[rows] = shapes.at(_rows_of(width, height, rows))
    of_source = means(cv2.remap(frame, *maps_of(fine, width), cv2.INTER_LINEAR))
    of_scene = means(shapes.at(view_rays(fine)))
    fixed = cv2.convertMaps(*maps, cv2.CV_16SC2)
    take = Sampler(view, Source(SourceLayout("er"), width, height), antialias=True)
    naive_ms, float_ms, ours_ms = paired_ms(
        lambda: cv2.remap(frame, *fixed, cv2.INTER_LINEAR),
        lambda: cv2.remap(frame, *maps, cv2.INTER_LINEAR),
        lambda: take(frame),
    )
    naive, ours = cv2.remap(frame, *fixed, cv2.INTER_LINEAR), take(frame)
    return Minified(
        times,
        f"{look.yaw_deg:g}, {look.pitch_deg:g}, {look.roll_deg:g}",
        f"{width} x {height}",
        psnr(naive, of_source),
        psnr(ours, of_source),
        psnr(naive, of_scene),
        psnr(ours, of_scene),
        naive_ms,
        float_ms,
        ours_ms,
    )


def _rows_of(width: int, height: int, rows: slice) -> Values:
    """The rays of some rows of a panorama, without those of all."""
    elevation = (0.5 - (np.arange(rows.start, rows.stop) + 0.5) / height)[:, None] * np.pi
    level = er_rays(width, 1)[0]
    return np.concatenate(
        [
            np.cos(elevation)[..., None] * level[:, :2],
            np.broadcast_to(np.sin(elevation)[..., None], (len(elevation), width, 1)),
        ],
        axis=-1,
    )


def run_crops() -> Iterable[Faster]:
    """Known tables, and angles that were never asked for before: yaw anywhere, pitch within 30 degrees."""
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    source = Source(SourceLayout("er"), WIDTH, HEIGHT)
    size = f"{WIDTH} x {HEIGHT} to {CROP} x {CROP}"
    take = Sampler(viewport(Direction(37.0, -24.0), 90, CROP, CROP), source)
    ours, theirs = paired_ms(lambda: take(frame), lambda: py360convert.e2p(frame, (90, 90), -37.0, -24.0, (CROP, CROP)))
    yield Faster(f"crop, known table, {size}", ours, "py360convert.e2p, same arguments", theirs, 10)

    def angles() -> Iterable[tuple[float, float]]:
        return itertools.cycle([(float(a), float(b)) for a, b in rng.uniform((-180, -30), (180, 30), (5000, 2))])

    for_us, for_them = iter(angles()), iter(angles())

    def cut_afresh() -> Picture:
        return Sampler(viewport(Direction(*next(for_us)), 90, CROP, CROP), source)(frame)

    def e2p_afresh() -> Picture:
        yaw, pitch = next(for_them)
        return py360convert.e2p(frame, (90, 90), -yaw, pitch, (CROP, CROP))

    ours, theirs = paired_ms(cut_afresh, e2p_afresh, rounds=30, at_a_time=100)
    yield Faster(f"crop, fresh angles, {size}", ours, "py360convert.e2p, fresh angles", theirs, 5)


def run_rotation() -> Iterable[Faster]:
    """One second of first order, the matrix made each time; theirs in its own order of axes, and in ours."""
    with contextlib.redirect_stdout(sys.stderr):  # where it misses a sound card
        import spaudiopy
    sound = np.random.default_rng(0).normal(size=(4, RATE_HZ)).astype(np.float32)
    samples_first = np.ascontiguousarray(sound.T)
    look = Direction(37.0, -24.0, 15.0)
    angles = np.radians([-look.yaw_deg, look.pitch_deg, -look.roll_deg])
    ours, theirs, turned = paired_ms(
        lambda: rotate(sound, look),
        lambda: spaudiopy.sph.rotate_sh(samples_first, *angles),
        lambda: spaudiopy.sph.rotate_sh(sound.T, *angles).T,
    )
    yield Faster("turning 1 s of 24 kHz, first order", ours, "spaudiopy's rotate_sh of (samples, channels)", theirs, 5)
    yield Faster(
        "turning 1 s of 24 kHz, first order", ours, "spaudiopy's rotate_sh of (channels, samples).T", turned, 5
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print as JSON")
    options = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":  # read by numpy's libraries when they are loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"OMP_NUM_THREADS": "1"})
    cv2.setNumThreads(1)
    shapes = Shapes()
    minified = [run_minified(times, look, shapes) for look in LOOKS for times in TIMES]
    faster = [*run_crops(), *run_rotation()]
    if options.json:
        coarse = [asdict(row) | {"ratio": row.ratio, "ratio_to_floats": row.ratio_to_floats} for row in minified]
        print(
            json.dumps({"minified": coarse, "faster": [asdict(row) | {"times": row.times} for row in faster]}, indent=2)
        )
        return
    print(f"one thread, OpenCV {cv2.__version__}; medians of CPU time")
    print(f"\n{SIDE} x {SIDE} out of {HFOV_DEG:g} degrees; PSNR in dB, naive -> ours")
    print(f"{'times':>5}  {'yaw, pitch, roll':<17}{'source':<13}{'of source':>14}{'of scene':>14}", end="")
    print(f"{'naive ms':>10}{'ours ms':>9}{'ratio':>8}{'to floats':>11}")
    for row in minified:
        print(f"{row.times:>5}  {row.look:<17}{row.source:<13}", end="")
        print(
            f"{row.naive_db:>6.1f} ->{row.ours_db:>5.1f}{row.naive_of_scene_db:>6.1f} ->{row.ours_of_scene_db:>5.1f}",
            end="",
        )
        print(f"{row.naive_ms:>10.3f}{row.ours_ms:>9.3f}{row.ratio:>7.2f}x{row.ratio_to_floats:>10.2f}x")
    print(f"\n{'':<43}{'ours ms':>8}{'baseline ms':>13}{'times as fast':>15}{'wanted':>8}")
    for line in faster:
        print(
            f"{line.name:<43}{line.ours_ms:>8.3f}{line.baseline_ms:>13.3f}{line.times:>14.1f}x{line.wanted:>7g}x",
            end="",
        )
        print(f"  {line.baseline}")


if __name__ == "__main__":
    main()
