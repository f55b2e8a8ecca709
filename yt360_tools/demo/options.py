"""What a world is a function of, and what follows from it for each of its videos."""

from dataclasses import dataclass
from fractions import Fraction

from yt360_tools.demo.scene import Scene, draw_scene
from yt360_tools.errors import UsageError

PROJECTIONS: tuple[str, ...] = ("mix", "er", "eac")


def require(holds: bool, option: str, value: object, allowed: str) -> None:
    """Refuse an option's value unless the condition holds."""
    if not holds:
        raise UsageError(f"--{option} {value}: must be {allowed}")


@dataclass(frozen=True)
class DemoOptions:
    """What a world is a function of.

    Attributes:
        videos: how many; a larger world of the same other options begins with the smaller one's videos.
        seconds: the length of each, rounded to whole frames.
        projection: ``er``, ``eac``, or ``mix``: both, and stereo.
        width: the picture's width in pixels; er is 2:1 (an eye), eac 16:9.
        fps: frames a second; 23.976, 29.97 and 59.94 mean the exact NTSC rates.
        test_share: how much of the videos is the split ``test``; the second video is, unless it is 0.
    """

    videos: int = 8
    seconds: float = 24.0
    seed: int = 0
    projection: str = "mix"
    width: int = 960
    fps: float = 24.0
    test_share: float = 0.25

    def __post_init__(self) -> None:
        require(1 <= self.videos <= 100_000, "videos", self.videos, "from 1 to 100000")
        require(1 <= self.seconds <= 600, "seconds", self.seconds, "from 1 to 600")
        require(0 <= self.seed < 2**63, "seed", self.seed, "a whole number, 0 or more")
        known = ", ".join(PROJECTIONS)
        require(self.projection in PROJECTIONS, "projection", self.projection, f"one of {known}")
        allowed = "a multiple of 8 from 64 to 8192, so that each half of the picture has even sides"
        require(64 <= self.width <= 8192 and self.width % 8 == 0, "width", self.width, allowed)
        require(5 <= self.fps <= 120, "fps", self.fps, "from 5 to 120")
        require(0 <= self.test_share <= 1, "test-share", self.test_share, "from 0 to 1")

    @property
    def frame_rate(self) -> Fraction:
        """The exact frame rate."""
        for ntsc in (24, 30, 48, 60, 120):
            if abs(self.fps - ntsc / 1.001) < 0.005:
                return Fraction(ntsc * 1000, 1001)
        return Fraction(str(self.fps)).limit_denominator(1001)


def split_of(index: int, test_share: float) -> str:
    """The split of the video number `index`: evenly spread, whatever else the world holds."""
    share = Fraction(str(test_share)).limit_denominator(10_000)
    if share <= 0:
        return "train"
    ahead = index + -(-share.denominator // share.numerator) - 1
    return "test" if ahead * share // 1 > (ahead - 1) * share // 1 else "train"


def scene_of(options: DemoOptions, index: int) -> Scene:
    """The decisions of the video number `index`."""
    return draw_scene(
        options.seed,
        index,
        seconds=options.seconds,
        frame_rate=options.frame_rate,
        projection=options.projection,
    )
