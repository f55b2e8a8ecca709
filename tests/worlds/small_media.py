"""Real media of a few kilobytes, each file another: what a download has to bring, and a check can decode."""

import functools
import random
import struct
import subprocess
from tempfile import NamedTemporaryFile

import imageio_ffmpeg

_PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x32:r=8:d={seconds}", "-c:v", "libx264", "-preset", "ultrafast")
_MP4 = ("-movflags", "+faststart", "-f", "mp4")
_SOUND = ("-f", "lavfi", "-i", "aevalsrc=0|0|0|0:s=8000:d={seconds}", "-c:a", "pcm_s16le", "-f", "wav")


def picture(tag: str, *, pad_bytes: int = 2000, seconds: float = 1.0) -> bytes:
    """An MP4 with a small moving picture; `pad_bytes` of noise that belong to `tag` lie in a box that nobody reads."""
    noise = random.Random(tag).randbytes(pad_bytes)
    return _base("picture", seconds) + struct.pack(">I4s", 8 + pad_bytes, b"free") + noise


def sound(tag: str, *, pad_bytes: int = 500, seconds: float = 0.25) -> bytes:
    """A WAV of four silent channels, with noise of `tag` in a chunk that nobody reads."""
    noise = random.Random(tag).randbytes(pad_bytes)
    body = _base("sound", seconds) + struct.pack("<4sI", b"junk", pad_bytes) + noise
    return body[:4] + struct.pack("<I", len(body) - 8) + body[8:]


@functools.cache
def _base(kind: str, seconds: float) -> bytes:
    words = (*_PICTURE, "-threads", "1", "-pix_fmt", "yuv420p", *_MP4) if kind == "picture" else _SOUND
    arguments = [word.format(seconds=seconds) for word in words]
    with NamedTemporaryFile(suffix=".mp4") as file:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments, "-y", file.name]
        subprocess.run(command, check=True, capture_output=True)
        return file.read()
