"""A smooth picture whose value is known on every ray, drawn without the package under test; and ffmpeg's own tables."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.media.ffmpeg import run_ffmpeg

Picture = NDArray[np.uint8]
Values = NDArray[np.float64]

LOOKS = ((37.0, -24.0, 0.0), (-141.0, 52.0, -35.0), (163.0, 13.0, 100.0))  # yaw, pitch, roll in degrees


@dataclass(frozen=True)
class Waves:
    """A smooth random picture on the sphere: waves in space, seen where they cross it."""

    vectors: Values
    phases: Values
    amplitudes: Values

    def at(self, rays: Values) -> Values:
        """Grey levels (..., 3) at rays (..., 3)."""
        unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        waves = np.sin((unit @ self.vectors.T)[..., None] + self.phases)
        return 127.5 + np.einsum("...kc,kc->...c", waves, self.amplitudes)

    def drawn_on(self, rays: Values) -> Picture:
        return np.rint(self.at(rays)).astype(np.uint8)


def some_waves() -> Waves:
    """The picture that these tests look at."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(8, 3))
    vectors *= rng.uniform(3, 9, (8, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
    amplitudes = rng.uniform(0.5, 1, (8, 3))
    return Waves(vectors, rng.uniform(0, 2 * np.pi, (8, 3)), 125 * amplitudes / amplitudes.sum(axis=0))


def panorama_rays(width: int) -> Values:
    """Rays through an equirectangular picture's pixel centres, after the convention page."""
    height = width // 2
    azimuth = np.radians(180 - (np.arange(width) + 0.5) * 360 / width)
    elevation = np.radians(90 - (np.arange(height) + 0.5) * 180 / height)[:, None]
    return np.stack(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation + 0 * azimuth)],
        axis=-1,
    )


def camera_rays(look: tuple[float, float, float], hfov_deg: float, width: int, height: int) -> Values:
    """Rays through a pinhole camera's pixel centres, from its front, left and up in the world."""
    yaw, pitch, roll = np.radians(look)
    front = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])
    level_left = np.array([-np.sin(yaw), np.cos(yaw), 0])
    level_up = np.cross(front, level_left)
    up = np.cos(roll) * level_up - np.sin(roll) * level_left  # clockwise: up falls to the right
    left = np.cos(roll) * level_left + np.sin(roll) * level_up
    pixel = 2 * np.tan(np.radians(hfov_deg) / 2) / width
    to_left = (width / 2 - np.arange(width) - 0.5) * pixel
    to_up = (height / 2 - np.arange(height) - 0.5) * pixel
    return front + to_left[None, :, None] * left + to_up[:, None, None] * up


def differ(a: Values | Picture, b: Values | Picture) -> float:
    """The mean absolute difference in grey levels."""
    return float(np.abs(np.asarray(a, float) - b).mean())


def v360(frame: Picture, options: str, width: int, height: int, folder: Path) -> Picture:
    """A frame through ffmpeg's own reprojection."""
    source, target = folder / "in.rgb", folder / "out.rgb"
    source.write_bytes(frame.tobytes())
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    size = f"{frame.shape[1]}x{frame.shape[0]}"
    chain = f"format=gbrp,v360={options}:interp=linear:w={width}:h={height},format=rgb24"
    done = run_ffmpeg(["-y", *raw, "-s", size, "-i", source, "-vf", chain, *raw, target])
    assert done.returncode == 0, done.stderr.decode()
    return np.fromfile(target, np.uint8).reshape(height, width, 3)
