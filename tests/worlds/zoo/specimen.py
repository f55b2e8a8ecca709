"""What lives in the zoo: short media, each one sound or wrong in one named way, and what should be said of it."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_SCENES = 6


def scene_seed(half: int, name: str) -> int:
    """Of a kind's scene: each kind has one of some scenes, and no scene is in both halves."""
    return half + 2 * (zlib.crc32(name.encode()) % _SCENES)


@dataclass(frozen=True)
class Files:
    """A specimen's picture and its sound; the same file twice where they are muxed."""

    picture: Path
    sound: Path


@dataclass(frozen=True)
class Making:
    """Where a specimen is made, and of what.

    Attributes:
        folder: its own.
        shared: where media lie that several specimens use.
        half: an even seed for the half on which thresholds are set, an odd one for the half that judges them.
        name: the kind's.
    """

    folder: Path
    shared: Path
    half: int
    name: str

    @property
    def is_odd(self) -> bool:
        return self.half % 2 == 1

    @property
    def seed(self) -> int:
        return scene_seed(self.half, self.name)

    def rng(self, salt: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.half, salt, zlib.crc32(self.name.encode())])

    def pick(self, first: str, second: str) -> str:
        """One of two, by the seed: so that both halves of the zoo have something of their own."""
        return second if self.is_odd else first


@dataclass(frozen=True)
class Truth:
    """What an examination should find beside its verdict, where that follows; None asks nothing.

    Attributes:
        layout: projection and stereo.
        channel_map: which decoded channels are W, Y, Z, X.
        gains: what makes them SN3D.
    """

    layout: tuple[str, str] | None = None
    channel_map: tuple[int, ...] | None = None
    gains: tuple[float, ...] | None = None


NO_TRUTH = Truth()
MISLABELLED, USELESS, REJECTED = ("fix", "doubt"), ("doubt", "reject"), ("reject",)
FIXED, DOUBTED, ACCEPTED = ("fix",), ("doubt",), ("accept",)


@dataclass(frozen=True)
class Kind:
    """One way to be.

    Attributes:
        part: ``picture``, ``sound``, ``times`` or ``file`` is wrong; ``nothing`` of sound files.
        drawn_by: ``demo`` for the synthetic world's own renderer, else the tools.
        verdicts: those that are right.
        codes: one of them has to be the reason; empty of sound files.
        truth: checked where the file is accepted, with a fix or without.
    """

    name: str
    part: str
    drawn_by: str
    verdicts: tuple[str, ...]
    codes: tuple[str, ...]
    make: Callable[[Making], Files] = field(compare=False)
    truth: Truth = NO_TRUTH

    @property
    def is_sound(self) -> bool:
        return self.part == "nothing"


@dataclass(frozen=True)
class Specimen:
    """A kind, drawn with a seed."""

    kind: Kind
    seed: int

    @property
    def name(self) -> str:
        return f"{self.kind.name}-{self.seed}"
