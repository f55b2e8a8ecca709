"""The videos that `benchmarks.rebuild` works on, of kinds that YouTube serves.

``er``: ten seconds each, equirectangular, 1920 x 960, H.264. ``er-long``: ten of these joined, without a loss, to one
of a hundred seconds. ``eac``: the same spheres as equi-angular cubes, 3840 x 1920, VP9, turned by ffmpeg's own v360,
with fresh grain, ten seconds each. All with four-channel Opus, at 30 frames a second.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import encode
from yt360_tools.demo.encode import encode_sound, encode_video
from yt360_tools.demo.spherical import with_spherical_metadata
from yt360_tools.geometry import ray_from_angles
from yt360_tools.media.encoding import TITLE_PLACEHOLDER
from yt360_tools.media.ffmpeg import run_ffmpeg

WIDTH, HEIGHT, FPS, SECONDS = 1920, 960, 30, 10
EAC_WIDTH, EAC_HEIGHT = 3840, 1920
SOUND_RATE_HZ = 48000

CLIPS_A_VIDEO = {"er": 1, "er-long": 10, "eac": 1}
"""By kind. YT-360 has sixteen."""

_EAC_KBPS = 18_000
"""What YouTube gives VP9 of this size."""

_MEDIA_VERSION = 1
"""Goes up when the media are made differently, so that an old set is made anew."""


def video_id(index: int) -> str:
    return f"bench-{index:02d}"


def video_path(folder: Path, kind: str, index: int) -> Path:
    """Where a video of a kind lies."""
    return folder / kind / f"{video_id(index)}.video.{'webm' if kind == 'eac' else 'mp4'}"


def make_media(folder: Path, kind: str, clips: int) -> int:
    """Make the videos of a kind that hold the first `clips` into `folder`, unless they are there; how many they are."""
    videos = -(-clips // CLIPS_A_VIDEO[kind])
    if kind != "er":
        make_media(folder, "er", videos * CLIPS_A_VIDEO[kind])
    missing = [index for index in range(videos) if not video_path(folder, kind, index).exists()]
    if missing:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        print(f"making {len(missing)} videos in {folder / kind} (once)", file=sys.stderr)
        make = partial({"er": _make_er, "er-long": _make_long, "eac": _make_eac}[kind], folder)
        with ProcessPoolExecutor() as pool:
            for done, _ in enumerate(pool.map(make, missing), start=1):
                print(f"  {done} of {len(missing)}", file=sys.stderr)
    return videos


def _make_er(folder: Path, index: int) -> None:
    """Sound first, picture last: a picture that bears its name means that both are whole."""
    rng = np.random.default_rng([_MEDIA_VERSION, index])
    path = video_path(folder, "er", index)
    encode_sound(_sound(rng), _sound_beside(path), codec="opus")
    _written_whole(
        path,
        "er",
        lambda to: encode_video(_frames(rng), to, codec="h264", width=WIDTH, height=HEIGHT, frame_rate=Fraction(FPS)),
    )


def _make_long(folder: Path, index: int) -> None:
    each = CLIPS_A_VIDEO["er-long"]
    parts = [video_path(folder, "er", number) for number in range(index * each, (index + 1) * each)]
    path = video_path(folder, "er-long", index)
    _joined([_sound_beside(part) for part in parts], _sound_beside(path), "webm")
    _written_whole(path, "er", lambda to: _joined(parts, to, "mp4"))


def _joined(parts: Sequence[Path], path: Path, container: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as list_file:
        list_file.writelines(f"file '{part.resolve()}'\n" for part in parts)
        list_file.flush()
        _ffmpeg("-y", "-f", "concat", "-safe", "0", "-i", list_file.name, "-c", "copy", "-f", container, path)


def _ffmpeg(*arguments: str | Path) -> None:
    done = run_ffmpeg(arguments)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed: {done.stderr.decode()}")


def _make_eac(folder: Path, index: int) -> None:
    er, path = video_path(folder, "er", index), video_path(folder, "eac", index)
    sound = _sound_beside(path)
    if not sound.exists():
        os.link(_sound_beside(er), sound)
    turned = f"v360=e:eac:w={EAC_WIDTH}:h={EAC_HEIGHT}:interp=lanczos:fout_pad=2,noise=c0s=6:c0f=t,format=yuv420p"
    fast = ["-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", f"{_EAC_KBPS}k", "-g", str(5 * FPS)]
    titled = ["-metadata:s:v", f"title={TITLE_PLACEHOLDER}", "-f", "webm"]
    coded = ["-c:v", "libvpx-vp9", *fast, "-threads", "1", *titled]
    _written_whole(path, "eac", lambda to: _ffmpeg("-y", "-i", er, "-vf", turned, *coded, to))


def _sound_beside(picture: Path) -> Path:
    return picture.with_name(picture.name.replace(f".video{picture.suffix}", ".audio.webm"))


def _written_whole(path: Path, kind: str, encode_to: Callable[[Path], None]) -> None:
    partial_path = path.with_suffix(f".{os.getpid()}.tmp")
    encode_to(partial_path)
    container = path.suffix.removeprefix(".")
    described = with_spherical_metadata(partial_path.read_bytes(), container, projection=kind, stereo="mono")
    partial_path.write_bytes(described)
    os.replace(partial_path, path)


def _sound(rng: np.random.Generator) -> NDArray[np.float32]:
    """A murmur from everywhere, and a louder noise that walks around the listener."""
    samples = SECONDS * SOUND_RATE_HZ
    azimuth = np.linspace(0, 2 * np.pi, samples) + rng.uniform(0, 2 * np.pi)
    walker = encode(0.1 * rng.standard_normal(samples), ray_from_angles(azimuth, 0.2).T)
    murmur = 0.01 * rng.standard_normal((4, samples))
    return np.asarray(walker + murmur, np.float32)


def _frames(rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """A hand-held camera that pans over a textured world in which a dozen things move, with a film's grain."""
    world = _texture(rng, WIDTH, HEIGHT, 60)
    things = [
        (_texture(rng, 160, 160, 90), rng.uniform(0, [WIDTH, HEIGHT - 160]), rng.normal(0, 4, 2)) for _ in range(12)
    ]
    grain = rng.integers(-2, 3, (4, HEIGHT, WIDTH, 1), np.int16)
    pan = rng.normal(0, 3)
    shake = np.cumsum(rng.normal(0, 0.4, (FPS * SECONDS, 2)), axis=0)
    for number in range(FPS * SECONDS):
        picture = np.roll(world, np.rint([shake[number, 1], pan * number + shake[number, 0]]).astype(int), axis=(0, 1))
        for thing, start, speed in things:
            column, row = np.rint(start + speed * number).astype(int) % [WIDTH - 160, HEIGHT - 160]
            picture[row : row + 160, column : column + 160] = thing
        yield np.clip(picture + grain[number % 4], 0, 255).astype(np.uint8)


def _texture(rng: np.random.Generator, width: int, height: int, contrast: float) -> NDArray[np.int16]:
    """A picture (height, width, 3) whose detail falls with its fineness as in photographs; its edges meet."""
    across, down = np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    fall = 1 / np.maximum(np.hypot(across, down), 1 / max(width, height)) ** 1.4
    layers = []
    for _ in range(3):
        field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) * fall, (height, width))
        layers.append(field / field.std())
    mixed = np.stack(layers, axis=-1) @ np.array([[0.9, 0.8, 0.7], [0.3, -0.1, -0.3], [0.1, -0.3, 0.4]])
    return np.clip(rng.uniform(90, 150) + contrast * mixed, 0, 255).astype(np.int16)
