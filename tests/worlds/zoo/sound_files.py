"""Files without a fault, of every sort: no examination may reject one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from worlds.zoo.codecs import label, write
from worlds.zoo.fields import Sound, encoded, higher_order, rainfall, reverberant, rms, scene, speech
from worlds.zoo.materials import as_eac, demo_film, demo_sound, two_eyes
from worlds.zoo.specimen import Files, Kind, Making, Truth
from worlds.zoo.spheres import Film, film, with_logos

Draw = Callable[[Making], Film]
Play = Callable[[Making], Sound]
_PLAIN = (0, 1, 2, 3)


@dataclass(frozen=True)
class Row:
    """A kind of sound file; what is in pairs is for even and for odd seeds.

    Attributes:
        layout: projection and stereo.
        picture: codec and container; a ``+`` in front of a sound's codec puts it into the same file.
        said: the header's kind and eyes; None for no header.
        scale: ffmpeg's filters for the size.
    """

    name: str
    drawn_by: str
    draw: Draw
    play: Play
    layout: tuple[str, str] = ("er", "mono")
    picture: tuple[str, str] = ("h264.mp4", "vp9.webm")
    sound: tuple[str, str] = ("opus.webm", "aac.m4a")
    said: tuple[str, str] | None = ("equi", "mono")
    scale: str = ""
    key_s: float | None = 1.0
    options: tuple[str, ...] = ()
    kbps: int = 80


def _make(row: Row) -> Callable[[Making], Files]:
    def make(making: Making) -> Files:
        video, _, ending = making.pick(*row.picture).partition(".")
        audio, _, other = making.pick(*row.sound).partition(".")
        is_muxed = audio.startswith("+")
        path = making.folder / f"film.{ending}"
        heard = row.play(making)
        kept = heard if is_muxed else None
        write(
            path, row.draw(making), kept, video=video, audio=audio.lstrip("+"), key_s=row.key_s, kbps=row.kbps,
            filters=row.scale, options=row.options,
        )  # fmt: skip
        if row.said:
            label(path, row.said[1], kind=row.said[0])
        if is_muxed:
            return Files(path, path)
        own = making.folder / f"sound.{other}"
        return Files(path, write(own, sound=heard, audio=audio, kbps=row.kbps, options=row.options))

    return make


def _film(even: str, odd: str, **options: float) -> Draw:
    return lambda making: film(making.seed, making.pick(even, odd), **options)  # type: ignore[arg-type]


def _demo_film(**options: object) -> Draw:
    return lambda making: demo_film(making.seed, **options)  # type: ignore[arg-type]


def _demo(making: Making) -> Sound:
    return demo_sound(making.seed)


def _demo_at(dbfs: float) -> Play:
    return lambda making: demo_sound(making.seed).at(dbfs)


def _scene(dbfs: float = -20.0, **options: float) -> Play:
    return lambda making: scene(making.seed, **options).at(dbfs)  # type: ignore[arg-type]


def _loudest(making: Making) -> Sound:
    """As loud as it may be: its peak at full scale."""
    samples = scene(making.seed).samples
    return Sound(samples / np.abs(samples).max() * 0.98)


def _tripod(making: Making) -> Film:
    """A camera that stands; one small thing moves, and the sensor's noise is almost none."""
    return film(making.seed, making.pick("room", "forest"), moving=1, largest_deg=6, noise=0.6)


def _demo_tripod(making: Making) -> Film:
    """One arrangement of the demo world, of which nothing but its objects moves."""
    seeds = (seed for seed in range(making.seed, 400, 2))
    return next(_one_arrangement(seed) for seed in seeds if _moves(_one_arrangement(seed).frames))


def _one_arrangement(seed: int) -> Film:
    return Film(demo_film(seed, 2.8, fps=20).frames, 7.0)


def _moves(frames: np.ndarray) -> bool:
    changed = np.abs(np.diff(frames[:, ::4, ::4].astype(int), axis=0)).mean(axis=(1, 2, 3))
    return bool(changed.min() > 0 and changed.max() < 4)


def _logos(making: Making) -> Film:
    whole = film(making.seed, making.pick("street", "room"), turn_deg_s=12)
    return with_logos(whole, 40 if making.is_odd else 25)


def _eac(making: Making) -> Film:
    return as_eac(film(making.seed, making.pick("forest", "street"), width=512), 512)


def _eyes(even: str, odd: str, stereo: str, width: int = 320) -> Draw:
    return lambda making: two_eyes(making.seed, making.pick(even, odd), stereo, width=width)


def _one_source(azimuth_deg: float, dbfs: float) -> Play:
    """A dry voice from one place on the horizon, and the recorder's hiss."""

    def play(making: Making) -> Sound:
        rng = making.rng(51)
        voice = speech(rng, 6 * 48000)
        field = encoded(voice / rms(voice), azimuth_deg * (1 if making.is_odd else -1))
        return Sound(field + 0.002 * rng.standard_normal(field.shape)).at(dbfs)

    return play


def _empty_z(play: Play) -> Play:
    def without(making: Making) -> Sound:
        samples = play(making).samples.copy()
        samples[2] = 0
        return Sound(samples)

    return without


def _reverberant(making: Making) -> Sound:
    return reverberant(making.seed)


def _rain(making: Making) -> Sound:
    return rainfall(making.seed)


def _order(order: int) -> Play:
    return lambda making: higher_order(making.seed, order, 6.0)


def _half_silent(making: Making) -> Sound:
    """Quiet for most of the time, though never dead."""
    sound = scene(making.seed)
    gate = np.interp(np.linspace(0, 6, sound.samples.shape[1]), [0, 3.8, 4, 5, 5.2, 6], [0.01, 0.01, 1, 1, 0.01, 0.01])
    return Sound(sound.samples * gate)


_EAC, _STEREO_EAC, _TB, _LR = ("eac", "mono"), ("eac", "left-right"), ("er", "top-bottom"), ("er", "left-right")

ROWS = (
    Row("street", "numpy", _film("street", "room"), _scene()),
    Row("demo", "demo", _demo_film(), _demo),
    Row("without a header", "numpy", _film("forest", "street"), _scene(), said=None),
    Row("demo without a header", "demo", _demo_film(), _demo, said=None),
    Row("eac", "v360", _eac, _scene(), _EAC, said=("mesh", "mono")),
    Row("eac without a header", "v360", _eac, _demo, _EAC, said=None, picture=("vp9.webm", "h264.mp4")),
    Row("demo eac without a header", "demo", _demo_film(projection="eac", width=512), _demo, _EAC, said=None),
    Row("top-bottom", "numpy", _eyes("street", "forest", "top-bottom"), _scene(), _TB, said=("equi", "top-bottom")),
    Row("top-bottom without a header", "numpy", _eyes("room", "street", "top-bottom"), _scene(), _TB, said=None),
    Row("demo top-bottom", "demo", _demo_film(stereo="top-bottom", width=320), _demo, _TB, said=("equi", "top-bottom")),
    Row("left-right", "numpy", _eyes("forest", "room", "left-right"), _scene(), _LR, said=("equi", "left-right")),
    Row(
        "stereo eac",
        "v360",
        _eyes("forest", "street", "eac", 352),
        _scene(),
        _STEREO_EAC,
        said=("mesh", "left-right"),
    ),
    Row("left-right without a header", "numpy", _eyes("street", "forest", "left-right"), _scene(), _LR, said=None),
    Row("stereo eac without a header", "v360", _eyes("room", "street", "eac", 352), _scene(), _STEREO_EAC, said=None),
    Row(
        "av1",
        "numpy",
        _film("street", "room", turn_deg_s=15),
        _scene(),
        picture=("av1.mp4", "av1.webm"),
        sound=("opus2.webm", "+opus2"),
    ),
    Row(
        "mpeg-4, motion jpeg",
        "demo",
        _demo_film(),
        _demo,
        picture=("mpeg4.mp4", "mjpeg.mov"),
        sound=("aac.m4a", "+s16"),
    ),
    Row(
        "hevc, vp8",
        "numpy",
        _film("room", "street"),
        _scene(),
        picture=("hevc.mp4", "vp8.webm"),
        sound=("vorbis.ogg", "vorbis.ogg"),
    ),
    Row(
        "quicktime with floats",
        "numpy",
        _film("forest", "room", fps=12.0),
        _scene(-26),
        picture=("h264.mov", "mjpeg.mov"),
        sound=("+s16", "f32.wav"),
    ),
    Row(
        "matroska with flac",
        "demo",
        _demo_film(fps=12),
        _demo,
        picture=("h264.mkv", "h264.mkv"),
        sound=("+flac", "+f32"),
    ),
    Row("one key frame", "numpy", _film("street", "forest", turn_deg_s=20), _scene(), key_s=None),
    Row("small", "demo", _demo_film(width=256), _demo_at(-35), said=None, picture=("h264.mp4", "mpeg4.mp4")),
    Row(
        "large",
        "numpy",
        _film("room", "street", width=960, seconds=4.0, fps=6.0),
        _scene(seconds=4.0),
        scale="scale=1920:960",
        picture=("h264.mp4", "h264.mp4"),
    ),
    Row(
        "odd rate",
        "numpy",
        _film("street", "sea", fps=24000 / 1001, width=256),
        _scene(),
        picture=("h264.mp4", "vp9.webm"),
    ),
    Row(
        "begins at seven",
        "numpy",
        _film("room", "forest"),
        _scene(),
        picture=("h264.mkv", "h264.mp4"),
        sound=("+flac", "+aac"),
        options=("-output_ts_offset", "7"),
    ),
    Row(
        "transport stream",
        "demo",
        _demo_film(),
        _demo,
        picture=("h264.ts", "mpeg4.ts"),
        said=None,
        options=("-muxpreload", "0", "-muxdelay", "0"),
    ),
    Row("night", "numpy", _film("night", "night", noise=3.0), _scene(-40)),
    Row("night, hardly noisy", "numpy", _film("night", "night", noise=1.0, turn_deg_s=10), _scene(), said=None),
    Row("tripod", "numpy", _tripod, _scene()),
    Row("demo tripod", "demo", _demo_tripod, _demo),
    Row("logos at the poles", "numpy", _logos, _scene()),
    Row("one voice in front", "numpy", _film("room", "sea"), _one_source(9, -22)),
    Row("one voice aside", "numpy", _film("forest", "room"), _one_source(62, -22), sound=("flac.mkv", "opus.webm")),
    Row(
        "one voice at 45 degrees",
        "numpy",
        _film("street", "forest"),
        _one_source(45, -22),
        sound=("aac.m4a", "s16.wav"),
    ),
    Row("hall", "numpy", _film("room", "room"), _reverberant),
    Row("rain", "numpy", _film("forest", "street"), _rain, sound=("aac.m4a", "opus.webm")),
    Row("without z", "numpy", _film("street", "room"), _empty_z(_scene())),
    Row("demo without z", "demo", _demo_film(), _empty_z(_demo), sound=("vorbis.ogg", "flac.mkv")),
    Row("very quiet", "numpy", _film("forest", "sea"), _scene(-50), sound=("flac.mkv", "opus.webm")),
    Row("loud", "demo", _demo_film(), _loudest, sound=("s16.wav", "opus.webm")),
    Row("quiet for most of the time", "demo", _demo_film(), _half_silent),
    Row("third order", "demo", _demo_film(), _order(3), sound=("opus2.webm", "f32.wav")),
    Row("192 khz", "demo", _demo_film(), _scene(rate_hz=192000, seconds=4.0), sound=("f32.wav", "flac.mkv")),
)

KINDS = tuple(
    Kind(row.name, "nothing", row.drawn_by, ("accept",), (), _make(row), Truth(row.layout, _PLAIN, (1, 1, 1, 1)))
    for row in ROWS
)
