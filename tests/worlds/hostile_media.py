"""Media files that decoders and their users trip over, by what is wrong with them."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from worlds.boxes import box
from worlds.dot import run_ffmpeg

from yt360_tools.errors import ItemError
from yt360_tools.examine.picture_samples import sample_picture
from yt360_tools.media.probe import probe_sound, probe_video
from yt360_tools.media.sa3d import read_sa3d
from yt360_tools.media.sound_decoding import decoded_blocks
from yt360_tools.media.spherical import read_spherical


def look_and_listen(path: Path) -> dict[str, str]:
    """What an examination does with a file: each part's answer in a word."""
    answers = {}
    for part, function in (("picture", _look), ("sound", _listen)):
        try:
            answers[part] = function(path)
        except ItemError as error:
            answers[part] = error.reason
    assert read_spherical(path) is None
    assert read_sa3d(path) is None
    return answers


def _look(path: Path) -> str:
    probe, samples = probe_video(path), sample_picture(path)
    return f"{probe.width}x{probe.height}, {len(samples.packets.times_s)} packets"


def _listen(path: Path) -> str:
    probe = probe_sound(path)
    finite = all(bool(np.isfinite(block).all()) for _, block, _ in decoded_blocks(path, None, range(probe.channels)))
    return f"{probe.channels} at {probe.sample_rate_hz}{'' if finite else ', not finite'}"


def _drawn(path: Path, *options: str, size: str = "64x32", seconds: float = 1) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", f"testsrc2=s={size}:r=10:d={seconds}", *options, path])


def _tone(path: Path, channels: int, rate_hz: int) -> None:
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, (rate_hz // 10, channels)), rate_hz, subtype="FLOAT")


def _not_numbers(path: Path) -> None:
    sound = np.zeros((4800, 4), np.float32)
    sound[100:200] = np.nan
    sound[300] = np.inf
    soundfile.write(path, sound, 48000, subtype="FLOAT")


def _backwards(path: Path) -> None:
    _drawn(path, "-c:v", "libx264", "-f", "mpegts")
    path.write_bytes(path.read_bytes() * 3)


def png(width: int, height: int, depth: int = 8) -> bytes:
    """A black picture of one channel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    row = bytes(1 + (width * depth + 7) // 8)
    rows = b"".join(packer.compress(row * 64) for _ in range(height // 64)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _bomb(path: Path, codec: str) -> None:
    """A frame of 16000 x 16000 pixels, in a file of some hundred kilobytes: ffmpeg itself refuses larger ones."""
    if codec == "png":
        path.with_suffix(".png").write_bytes(png(16000, 16000))
        run_ffmpeg(["-f", "image2", "-i", path.with_suffix(".png"), "-c", "copy", path])
    else:
        run_ffmpeg(
            ["-f", "lavfi", "-i", "color=black:s=16000x16000:r=1:d=1", "-c:v", codec, "-preset", "ultrafast", path]
        )


HOSTILE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "nothing": ("a.mp4", lambda path: path.write_bytes(b"") and None),
    "a text": ("a.mp4", lambda path: path.write_text("no film at all\n" * 500) and None),
    "noise": ("a.mp4", lambda path: path.write_bytes(np.random.default_rng(2).bytes(100_000)) and None),
    "boxes without a film": ("a.mp4", lambda path: path.write_bytes(box("ftyp", bytes(8)) + box("moov")) and None),
    "a pixel": ("a.mkv", lambda path: _drawn(path, "-vf", "scale=1:1", "-c:v", "ffv1")),
    "a frame": ("a.mp4", lambda path: _drawn(path, "-c:v", "libx264", "-frames:v", "1")),
    "backwards": ("a.ts", _backwards),
    "sixteen channels": ("a.wav", lambda path: _tone(path, 16, 48000)),
    "192 kHz": ("a.wav", lambda path: _tone(path, 4, 192000)),
    "8 kHz": ("a.wav", lambda path: _tone(path, 1, 8000)),
    "not numbers": ("a.wav", _not_numbers),
    "a giant frame": ("a.mov", lambda path: _bomb(path, "png")),
    "a giant frame of H.264": ("a.mp4", lambda path: _bomb(path, "libx264")),
}  # fmt: skip
