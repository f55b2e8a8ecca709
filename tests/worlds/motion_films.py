"""Films in which much, little or nothing moves, drawn with numpy and coded by real codecs.

Nothing of the code under test is used. A film is frames (number, height, width, 3), uint8 RGB; all are drawn from a
seed, so that a test's film is the same on each machine.
"""

import functools
import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

Film = NDArray[np.uint8]
WIDTH, HEIGHT, FPS = 384, 192, 12

_YUV = ("-pix_fmt", "yuv420p")
CODERS: dict[str, tuple[str, ...]] = {
    "h264.mp4": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "24", *_YUV),
    "h264_long.mp4": ("-c:v", "libx264", "-preset", "fast", "-crf", "26", "-g", "250", "-bf", "3", *_YUV),
    "h264_open.mp4": (
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "28", "-x264-params", "open-gop=1:keyint=18:bframes=3", *_YUV,
    ),
    "h264_poor.mp4": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "37", "-g", "12", *_YUV),
    "h264_padded.mp4": (
        "-c:v", "libx264", "-preset", "veryfast", "-g", "24",
        "-b:v", "600k", "-minrate", "600k", "-maxrate", "600k", "-bufsize", "300k",
        "-x264-params", "nal-hrd=cbr", *_YUV,
    ),
    "h264_constant.mp4": ("-c:v", "libx264", "-preset", "veryfast", "-qp", "30", "-g", "12", "-bf", "0", *_YUV),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "34", "-deadline", "realtime", "-cpu-used", "8", *_YUV),
    "vp9_hidden.webm": (
        "-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "36", "-deadline", "good", "-cpu-used", "5",
        "-auto-alt-ref", "1", "-lag-in-frames", "16", "-g", "30", *_YUV,
    ),
    "mjpeg.mov": ("-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p"),
    "mjpeg_rate.mov": ("-c:v", "mjpeg", "-b:v", "2M", "-pix_fmt", "yuvj420p"),
    "prores.mov": ("-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le"),
    "png.mov": ("-c:v", "png", "-pix_fmt", "rgb24"),
    "mpeg4.mp4": ("-c:v", "mpeg4", "-q:v", "6", "-g", "24", "-bf", "2", *_YUV),
}  # fmt: skip
"""By name, which ends in the container's suffix, what ffmpeg is told."""


def write_film(folder: Path, film: Film, coder: str, *, fps: float = FPS, options: Sequence[str] = ()) -> Path:
    """A file of a film."""
    path = folder / f"film.{coder}"
    height, width = film.shape[1:3]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}", "-framerate", f"{fps}")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *raw, "-i", "pipe:0", "-threads", "1"]
    done = subprocess.run(
        [*command, *CODERS[coder], *options, str(path)], input=film.tobytes(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return path


@functools.cache
def photograph(seed: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float64]:
    """A picture with sky, ground and things, 0 to 255: some of it plain, some of it full of detail."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.empty((height, width, 3))
    picture[:] = np.linspace(rng.uniform(120, 220, 3), rng.uniform(30, 110, 3), height)[:, None]
    for octave in (4, 8, 16, 48, 96):
        coarse = rng.normal(0, 40 / octave**0.5, (height * octave // 96 + 2, width * octave // 96 + 2, 3))
        grown = coarse[(rows * octave // 96), (columns * octave // 96)]
        picture += grown * np.where(rows > height * 0.45, 1.0, 0.25)[..., None]
    for _ in range(14):
        y, x = rng.integers(height // 4, height - 8), rng.integers(0, width - 8)
        picture[y : y + rng.integers(6, 40), x : x + rng.integers(6, 60)] = rng.uniform(0, 255, 3)
    return np.clip(picture, 8, 245)


def held(picture: NDArray[np.float64], seconds: float, fps: float = FPS) -> Film:
    """The same picture all along."""
    return np.repeat(picture[None].astype(np.uint8), round(seconds * fps), axis=0)


def moving(seed: int, seconds: float, *, pixels_s: float = 36, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Film:
    """A picture that turns about the camera."""
    picture = photograph(seed, *size).astype(np.uint8)
    shifts = (np.arange(round(seconds * FPS)) * pixels_s / FPS).astype(int)
    return np.stack([np.roll(picture, -shift, axis=1) for shift in shifts])


def noisy(film: Film, sigma: float, seed: int = 9) -> Film:
    """With a sensor's noise."""
    rng = np.random.default_rng(seed)
    return np.clip(film + rng.normal(0, sigma, film.shape), 0, 255).astype(np.uint8)


def walked(film: Film, size_px: int, *, pixels_s: float = 20, level: int = 250, row: int = 120) -> Film:
    """With a small thing that walks along a row."""
    film = film.copy()
    for number, frame in enumerate(film):
        column = int(number * pixels_s / FPS) % (frame.shape[1] - size_px)
        frame[row : row + size_px, column : column + size_px] = level
    return film


def leaves(film: Film, side_px: int = 40, *, depth: float = 25, rate_hz: float = 0.8) -> Film:
    """With a tree in a corner, of which the leaves move."""
    film = film.copy()
    rows, columns = np.mgrid[0:side_px, 0:side_px]
    for number, frame in enumerate(film):
        swing = 2 * np.sin(2 * np.pi * rate_hz * number / FPS + rows / 9)
        patch = depth * np.sin((columns + swing) / 1.7) * np.sin(rows / 2.3)
        place = frame[60 : 60 + side_px, 200 : 200 + side_px]
        place[:] = np.clip(place + patch[..., None], 0, 255)
    return film


def slides(seeds: Sequence[int], seconds_each: float, fade_s: float = 0.0) -> Film:
    """One picture after the other, which fade into each other in the last seconds of each."""
    frames, each, fade = [], round(seconds_each * FPS), round(fade_s * FPS)
    for number, seed in enumerate(seeds):
        one, other = photograph(seed), photograph(seeds[min(number + 1, len(seeds) - 1)])
        for frame in range(each):
            share = max(0.0, (frame - (each - fade)) / fade) if fade else 0.0
            frames.append((1 - share) * one + share * other)
    return np.stack(frames).astype(np.uint8)


def stopped(film: Film, from_s: float, to_s: float, *, black: bool = False) -> Film:
    """Which stands, or is black, for a while, and goes on where it would be then."""
    film = film.copy()
    first, last = round(from_s * FPS), round(to_s * FPS)
    film[first:last] = 0 if black else film[first]
    return film
