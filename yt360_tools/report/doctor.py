"""What this machine has and lacks."""

import importlib
from dataclasses import dataclass
from importlib import metadata

from yt360_tools.errors import EnvironmentMissing

_NEEDED = {
    "numpy": "numpy", "scipy": "scipy", "av": "av", "cv2": "opencv-python-headless", "h5py": "h5py",
    "simplejpeg": "simplejpeg", "soundfile": "soundfile", "yt_dlp": "yt-dlp", "matplotlib": "matplotlib",
    "requests": "requests",
}  # fmt: skip
_OPTIONAL = {
    "torch": ("torch", "pip install 'yt360-tools[models]'"),
    "dask": ("dask", "pip install 'yt360-tools[dask]'"),
    "scenedetect": ("scenedetect-headless", "pip install 'yt360-tools[scenes]'"),
}
_DEMO_ENCODERS = ("libx264", "libvpx-vp9", "libopus", "libvorbis", "aac")
_HOW_TO_ENCODE = (
    "this ffmpeg lacks it; only 'yt360 demo' encodes: for it, install a full build, or take imageio-ffmpeg's binary "
    "(python -c 'import imageio_ffmpeg as i; print(i.get_ffmpeg_exe())') by setting YT360_FFMPEG"
)


@dataclass(frozen=True)
class Finding:
    """A tool or package: whether it is there, and its version or how to get it."""

    name: str
    is_there: bool
    is_needed: bool
    detail: str


def examine_machine() -> tuple[Finding, ...]:
    """Every tool and package that the project uses, found or missing."""
    needed = [_package(module, name, f"pip install {name}", True) for module, name in _NEEDED.items()]
    optional = [_package(module, name, how, False) for module, (name, how) in _OPTIONAL.items()]
    return (*_ffmpeg(), *needed, *optional)


def _package(module: str, name: str, how: str, is_needed: bool) -> Finding:
    try:
        version = metadata.version(name)
        if is_needed:
            importlib.import_module(module)
    except metadata.PackageNotFoundError:
        return Finding(name, False, is_needed, how)
    except ImportError as error:
        return Finding(name, False, is_needed, f"installed, but does not load ({error}); try: {how}")
    return Finding(name, True, is_needed, version)


def _ffmpeg() -> tuple[Finding, ...]:
    from yt360_tools.media.ffmpeg import ffmpeg_encoders, ffmpeg_version, find_ffmpeg

    try:
        path = find_ffmpeg()
    except EnvironmentMissing as error:
        return (Finding("ffmpeg", False, True, str(error)),)
    found = [Finding("ffmpeg", True, True, f"{path} ({ffmpeg_version()})")]
    encoders = ffmpeg_encoders()
    for name in _DEMO_ENCODERS:
        how = "in this ffmpeg" if name in encoders else _HOW_TO_ENCODE
        found.append(Finding(f"encoder {name}", name in encoders, False, how))
    return tuple(found)
