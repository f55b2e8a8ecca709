"""What happens in a video: pure decisions from (seed, index), before anything is drawn or heard.

Positions, motions, sizes and classes are drawn for all objects of an arrangement alike, and only then it is
decided which of them sound: neither the picture alone nor the sound alone tells anything of the other.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.random import Generator, SeedSequence

from yt360_tools.demo.classes import CLASS_NAMES
from yt360_tools.demo.paths import Path, draw_path
from yt360_tools.geometry import angle_between

SAMPLE_RATE_HZ = 48_000
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_CUT_S = (1.0, 3.0)
_RADIUS_DEG = (6.0, 12.0)
_GAP_DEG = 3.0
_LEVEL_ALONE_DBFS = (-20.0, -12.0)
_LEVEL_TOGETHER_DBFS = (-22.0, -17.0)
_NOISE_DBFS = (-55.0, -40.0)
_SHARE_TWO_SOUND = 0.4
_DISTRACTORS = (1, 4)
_SILENCE_EVERY_S = 24.0
_SILENCE_FROM_ARRANGEMENTS = 4


@dataclass(frozen=True)
class SceneObject:
    """An object of an arrangement.

    Attributes:
        path: its centre over time, on the video's clock.
        radius_deg: the angular radius of the cap it fits into.
        level_dbfs: the rms level of its sound in W; None when it is silent (a distractor).
        look_seed: varies its picture within its class.
        sound_seed: varies its sound within its class.
    """

    class_name: str
    path: Path
    radius_deg: float
    level_dbfs: float | None
    look_seed: int
    sound_seed: int

    @property
    def is_sounding(self) -> bool:
        return self.level_dbfs is not None


@dataclass(frozen=True)
class Arrangement:
    """The span between two cuts: ``first_frame`` inclusive, ``end_frame`` exclusive; seconds likewise.

    Attributes:
        noise_dbfs: the rms level in W of the diffuse noise; None where nothing at all is heard.
        noise_tilt_db: how much the noise falls an octave.
    """

    first_frame: int
    end_frame: int
    start_s: float
    end_s: float
    background_seed: int
    noise_dbfs: float | None
    noise_tilt_db: float
    noise_seed: int
    objects: tuple[SceneObject, ...]

    @property
    def is_silent(self) -> bool:
        return self.noise_dbfs is None


@dataclass(frozen=True)
class Delivery:
    """How a video is served: projection ``er`` or ``eac``, stereo ``mono`` or ``top-bottom``, and codecs."""

    projection: str
    stereo: str
    video_codec: str
    audio_codec: str


@dataclass(frozen=True)
class Scene:
    """A video, decided: what is in it and how it is delivered."""

    index: int
    video_id: str
    delivery: Delivery
    frame_rate: Fraction
    frames: int
    arrangements: tuple[Arrangement, ...]

    @property
    def duration_s(self) -> float:
        return float(self.frames / self.frame_rate)


_DELIVERIES: tuple[Delivery, ...] = (
    Delivery("er", "mono", "h264", "opus"),
    Delivery("eac", "mono", "vp9", "opus"),
    Delivery("eac", "mono", "h264", "aac"),
    Delivery("er", "top-bottom", "h264", "vorbis"),
    Delivery("er", "mono", "vp9", "aac"),
    Delivery("eac", "mono", "h264", "opus"),
    Delivery("er", "top-bottom", "vp9", "opus"),
    Delivery("eac", "mono", "vp9", "vorbis"),
)


def _delivery(seed: int, index: int, projection: str) -> Delivery:
    """The first eight videos follow the table, each further eight in an order of their own."""
    block, place = divmod(index, len(_DELIVERIES))
    if block:
        rng = np.random.default_rng(SeedSequence(seed, spawn_key=(1, block)))
        place = int(rng.permutation(len(_DELIVERIES))[place])
    chosen = _DELIVERIES[place]
    if projection in ("mix", chosen.projection):
        return chosen
    return Delivery(projection, "mono", chosen.video_codec, chosen.audio_codec)


def _video_id(rng: Generator, index: int) -> str:
    """Eleven characters as YouTube's ids have; of each eight one begins with '-' and one with '_'."""
    text = "".join(_ID_ALPHABET[i] for i in rng.integers(len(_ID_ALPHABET), size=11))
    first = {2: "-", 5: "_"}.get(index % 8)
    return text if first is None else first + text[1:]


def _cut_frames(rng: Generator, frames: int, rate: Fraction) -> list[int]:
    """Where arrangements begin, and the end: every piece lasts from one to three seconds."""
    shortest = -int(-_CUT_S[0] * rate // 1)
    longest = max(shortest, int(_CUT_S[1] * rate))
    cuts = [0]
    while (left := frames - cuts[-1]) > 0:
        most = min(longest, left - shortest)
        is_last = most < shortest or (left <= longest and rng.random() < 0.5)
        cuts.append(frames if is_last else cuts[-1] + int(rng.integers(shortest, most + 1)))
    return cuts


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**32))


def _keeps_away(path: Path, radius_deg: float, others: list[tuple[Path, float]]) -> bool:
    times = np.linspace(path.times_s[0], path.times_s[-1], 31)
    rays = path.rays_at(times)
    return all(
        angle_between(rays, other.rays_at(times)).min() > np.radians(radius_deg + other_radius + _GAP_DEG)
        for other, other_radius in others
    )


def _draw_objects(rng: Generator, start_s: float, end_s: float, *, silent: bool) -> tuple[SceneObject, ...]:
    sounding = 1 + int(rng.random() < _SHARE_TWO_SOUND)
    distractors = int(rng.integers(_DISTRACTORS[0], _DISTRACTORS[1] + 1))
    count = sounding + distractors
    placed: list[tuple[Path, float]] = []
    while len(placed) < count:
        path, radius = draw_path(rng, start_s, end_s), round(float(rng.uniform(*_RADIUS_DEG)), 3)
        if _keeps_away(path, radius, placed):
            placed.append((path, radius))
    classes = rng.permutation(len(CLASS_NAMES))[:count]
    roles = rng.permutation(count) < (0 if silent else sounding)
    levels = _LEVEL_ALONE_DBFS if sounding == 1 else _LEVEL_TOGETHER_DBFS
    objects = []
    for (path, radius), which, sounds in zip(placed, classes, roles, strict=True):
        level, look_seed, sound_seed = round(float(rng.uniform(*levels)), 2), _seed(rng), _seed(rng)
        name = CLASS_NAMES[int(which)]
        objects.append(SceneObject(name, path, radius, level if sounds else None, look_seed, sound_seed))
    return tuple(objects)


def draw_scene(seed: int, index: int, *, seconds: float, frame_rate: Fraction, projection: str) -> Scene:
    """The scene of the video number `index` of the world of `seed`, whatever else that world holds."""
    rng = np.random.default_rng(SeedSequence(seed, spawn_key=(0, index)))
    video_id = _video_id(rng, index)
    frames = max(1, round(seconds * frame_rate))
    cuts = _cut_frames(rng, frames, frame_rate)
    count = len(cuts) - 1
    silent: set[int] = set()
    if count >= _SILENCE_FROM_ARRANGEMENTS:
        wanted = max(1, round(frames / float(frame_rate) / _SILENCE_EVERY_S))
        silent = {int(i) for i in rng.permutation(count)[:wanted]}
    arrangements = []
    for number in range(count):
        first, end = cuts[number], cuts[number + 1]
        start_s, end_s = float(first / frame_rate), float(end / frame_rate)
        noise = round(float(rng.uniform(*_NOISE_DBFS)), 2)
        arrangements.append(
            Arrangement(
                first_frame=first,
                end_frame=end,
                start_s=start_s,
                end_s=end_s,
                background_seed=_seed(rng),
                noise_dbfs=None if number in silent else noise,
                noise_tilt_db=round(float(rng.uniform(0.0, 4.0)), 2),
                noise_seed=_seed(rng),
                objects=_draw_objects(rng, start_s, end_s, silent=number in silent),
            )
        )
    delivery = _delivery(seed, index, projection)
    return Scene(index, video_id, delivery, frame_rate, frames, tuple(arrangements))
