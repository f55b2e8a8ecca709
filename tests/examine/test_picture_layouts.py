"""How a sphere lies in frames, told from the frames alone: demo worlds, photographs, codecs, what is easily mistaken.

Thresholds were set on even seeds; odd seeds judge. ``YT360_LAYOUT_SEEDS=20`` judges 200 sets of frames of demo worlds
and 200 of photographs; ``pytest -s`` shows the confusion tables.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from worlds.layout_frames import OTHER, WHOLE, Picture, Shown, demo_frames, photo_frames, through_codec
from worlds.wrapped_photos import moments, panorama, photo

from yt360_tools.examine.findings import Hypothesis
from yt360_tools.examine.layout_evidence import find_bars, gather_evidence
from yt360_tools.examine.layout_faces import best_cube
from yt360_tools.examine.layout_seams import wrap_odds
from yt360_tools.examine.picture_layouts import layout_hypotheses
from yt360_tools.thresholds import PictureThresholds

LIMITS = PictureThresholds()
SEEDS = range(1, 2 * int(os.environ.get("YT360_LAYOUT_SEEDS", "2")), 2)
LAYOUTS = (*WHOLE, *OTHER)
CERTAIN = LIMITS.layout_certain_from


def looks(frames: list[Picture]) -> tuple[Hypothesis, ...]:
    return layout_hypotheses(frames, LIMITS)


@dataclass
class Judged:
    """What sets of frames were seen as; those that were mistaken, in words."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    mistaken: list[str] = field(default_factory=list)
    mistaken_for_certain: list[str] = field(default_factory=list)

    def add(self, one: Shown) -> None:
        best = looks(one.frames)[0]
        self.seen[one.layout, best.name] += 1
        if best.name == one.layout:
            return
        told = f"{one.layout} ({one.what}) seems {best.name}, {best.score:.2f}: {'; '.join(best.evidence)}"
        (self.mistaken_for_certain if best.score >= CERTAIN else self.mistaken).append(told)

    @property
    def right_share(self) -> float:
        return sum(count for (truth, seen), count in self.seen.items() if truth == seen) / self.seen.total()

    def table(self) -> str:
        truths = [name for name in LAYOUTS if any(truth == name for truth, _ in self.seen)]
        rows = [f"{'truth, seen as':16s} " + " ".join(f"{name[:10]:>10s}" for name in LAYOUTS)]
        for truth in truths:
            rows.append(f"{truth:16s} " + " ".join(f"{self.seen[truth, name] or '.':>10}" for name in LAYOUTS))
        return "\n".join(
            [
                *rows,
                f"{100 * self.right_share:.1f} % of {self.seen.total()} are right",
                *self.mistaken,
                *self.mistaken_for_certain,
            ]
        )


def judged(shown: Iterable[Shown]) -> Judged:
    found = Judged()
    for one in shown:
        found.add(one)
    print("\n" + found.table())
    return found


@pytest.mark.parametrize("draw", [demo_frames, photo_frames], ids=["demo", "photographs"])
def test_frames_alone_tell_the_layout(draw: Callable[[int, tuple[str, ...]], Iterable[Shown]]) -> None:
    found = judged(one for seed in SEEDS for one in draw(seed, LAYOUTS))
    assert found.right_share >= 0.98, found.table()
    assert not found.mistaken_for_certain


@pytest.mark.parametrize(
    ("seed", "codec", "height"), [(31, "h264", 240), (33, "vp9", 480), (35, "vp9", 720), (37, "h264", 2160)]
)
def test_codecs_and_sizes_do_not_matter(seed: int, codec: str, height: int, tmp_path: Path) -> None:
    shown = [through_codec(one, codec, height, tmp_path) for one in photo_frames(seed, WHOLE[:4])]
    assert judged(shown).right_share == 1


GROUND = 41


def sphere(light: float = 1.0, noise: float = 2.0) -> list[Picture]:
    return list(moments(panorama(GROUND, "belt", 768), GROUND, light=light, noise=noise).left)


def logo(frame: Picture) -> Picture:
    """A disc around each pole, with rays in it."""
    rows = len(frame) // 7
    rays = np.sin(np.arange(frame.shape[1]) / frame.shape[1] * 16 * np.pi) > 0.4
    covered = frame.copy()
    covered[-rows:] = covered[: rows // 2] = 20
    covered[-2 * rows // 3 : -rows // 3] = np.where(rays[None, :, None], 235, 20)
    return covered


def pasted(frame: Picture) -> Picture:
    """Flat pictures laid over both ends."""
    rows, patch = len(frame) // 8, photo("coffee.png")
    covered = frame.copy()
    covered[-rows:] = cv2.resize(patch, (frame.shape[1], rows))
    covered[:rows] = cv2.resize(patch[::-1], (frame.shape[1], rows))
    return covered


def stitched(frame: Picture) -> Picture:
    """Brighter and lower where it meets its other end."""
    height, width = frame.shape[:2]
    off = np.clip(1 - np.linspace(0, 6, width), 0, 1).astype(np.float32)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(frame, columns, rows + height / 60 * off, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(moved * (1 + 0.3 * off[None, :, None]), 0, 255).astype(np.uint8)


def capped(frame: Picture, share: float = 0.12) -> Picture:
    """Black above and below, as of a camera that does not see its poles."""
    rows = round(share * len(frame))
    covered = frame.copy()
    covered[:rows] = covered[-rows:] = 0
    return covered


def horizon() -> list[Picture]:
    rng = np.random.default_rng(0)
    bands = np.repeat([[150, 180, 220], [40, 60, 70]], 192, axis=0)[:, None] * np.ones((1, 768, 1))
    return [np.clip(bands + rng.normal(0, 2, bands.shape), 0, 255).astype(np.uint8) for _ in range(4)]


def fog() -> list[Picture]:
    rng = np.random.default_rng(1)
    return [
        np.clip(128 + (one - 128.0) * 0.05 + rng.normal(0, 2, one.shape), 0, 255).astype(np.uint8) for one in sphere()
    ]


def black_sky() -> list[Picture]:
    frames = [one.copy() for one in sphere()]
    for one in frames:
        one[: 2 * len(one) // 5] //= 50
    return frames


EASILY_MISTAKEN: dict[str, Callable[[], list[Picture]]] = {
    "logos at both poles": lambda: [logo(one) for one in sphere()],
    "pictures over both poles": lambda: [pasted(one) for one in sphere()],
    "a bad stitch": lambda: [stitched(one) for one in sphere()],
    "a bad stitch, pictures over both poles": lambda: [pasted(stitched(one)) for one in sphere()],
    "black caps": lambda: [capped(one) for one in sphere()],
    "night": lambda: sphere(0.06),
    "a noisy night": lambda: sphere(0.1, 6.0),
    "fog": fog,
    "a horizon": horizon,
    "a black sky": black_sky,
    "fades": lambda: [one * 0 if number % 2 else one for number, one in enumerate(sphere())],
}


@pytest.mark.parametrize("what", EASILY_MISTAKEN)
def test_a_sphere_is_never_taken_for_something_else_with_certainty(what: str) -> None:
    best = looks(EASILY_MISTAKEN[what]())[0]
    assert best.name == "er mono" or best.score < CERTAIN, best


@pytest.mark.parametrize(
    "what", ["logos at both poles", "pictures over both poles", "black caps", "a horizon", "fades"]
)
def test_most_of_them_are_seen_as_what_they_are(what: str) -> None:
    assert looks(EASILY_MISTAKEN[what]())[0].name == "er mono"


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png"])
@pytest.mark.parametrize("size", [(640, 360), (640, 320)], ids=["16:9", "stretched to 2:1"])
def test_a_photograph_is_no_sphere(name: str, size: tuple[int, int]) -> None:
    best = looks([cv2.resize(photo(name), size, interpolation=cv2.INTER_AREA)])[0]
    assert best.name == "flat", best


def test_frames_that_show_nothing_leave_it_open() -> None:
    for grey in (0, 128, 255):
        found = looks([np.full((256, 512, 3), grey, np.uint8)] * 3)
        assert max(one.score for one in found) < LIMITS.layout_clear_from, found[0]


def test_scores_sum_to_one_and_come_with_words() -> None:
    found = looks(sphere())
    assert sum(one.score for one in found) == pytest.approx(1)
    assert all(one.evidence for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize("size", [(1, 1), (16, 32), (31, 62), (40, 40), (64, 1024), (1024, 64)])
def test_no_size_is_too_odd(size: tuple[int, int]) -> None:
    frames = [np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)] * 2
    assert sum(one.score for one in looks(frames)) == pytest.approx(1) if min(size) >= 32 else not looks(frames)


@pytest.mark.parametrize("order", ["RLUDFB:002200", "LFRDBU:000000", "FRBLUD:000000"])
def test_the_arrangement_of_a_cubemap_is_named(order: str) -> None:
    from worlds.layouts import Cube
    from worlds.wrapped_photos import shown_as

    faces, _, turns = order.partition(":")
    frames = [shown_as(one, Cube(480, 320, 3, faces, turns)) for one in sphere()[:2]]
    assert best_cube(np.stack(frames).astype(np.float32)).faces == f"3x2:{order}"


def test_a_seam_is_measured_at_the_very_edge() -> None:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(4, 128, 256, 3)), (0, 3, 1.3, 0), mode="wrap")
    texture = (128 + 40 * noise / noise.std()).astype(np.float32)
    assert wrap_odds(texture) > 3
    assert wrap_odds(texture[:, :, 1:]) < 0, "without its first column a texture so fine does not meet itself"


def test_bars_do_not_make_the_edges_between_them_alike() -> None:
    grey = np.random.default_rng(0).integers(116, 125, (4, 304, 504, 3), np.uint8)
    film = np.pad(grey, ((0, 0), (24, 24), (0, 0), (0, 0)))
    seen = gather_evidence([cv2.blur(one, (1, 5)) for one in film])  # as codecs mix a bar's end with the picture
    assert seen.likeness > 0.8
    assert seen.likeness_inside < 0.4


def test_bars_end_sharply_and_skies_do_not() -> None:
    framed = [np.pad(one[:, 96:-96], ((0, 0), (96, 96), (0, 0))) for one in sphere()]
    bars = find_bars(np.stack(framed).astype(np.float32))
    assert (bars.left, bars.right) == pytest.approx((0.125, 0.125), abs=0.01)
    assert bars.beside_end > 0.8
    assert find_bars(np.stack(sphere(0.06)).astype(np.float32)).above_end < 0.1
