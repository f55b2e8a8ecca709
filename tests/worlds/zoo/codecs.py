"""From frames and samples to files: real codecs, real containers, and the headers that say what they hold."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from worlds.zoo.fields import Sound
from worlds.zoo.spheres import Film

from yt360_tools.demo.spherical import with_spherical_metadata
from yt360_tools.media.labelling import label_file
from yt360_tools.media.spherical_boxes import PictureLabel, equirectangular_label

VIDEO = {
    "h264": ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "22", "-pix_fmt", "yuv420p"),
    "hevc": (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-crf",
        "26",
        "-pix_fmt",
        "yuv420p",
        "-x265-params",
        "log-level=0:pools=none:frame-threads=1",
    ),
    "vp9": (
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-b:v",
        "0",
        "-crf",
        "32",
        "-pix_fmt",
        "yuv420p",
    ),
    "vp8": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "16", "-b:v", "600k", "-pix_fmt", "yuv420p"),
    "av1": ("-c:v", "libsvtav1", "-preset", "12", "-crf", "40", "-pix_fmt", "yuv420p", "-svtav1-params", "lp=1"),
    "mpeg4": ("-c:v", "mpeg4", "-q:v", "4"),
    "ffv1": ("-c:v", "ffv1"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p"),
}
AUDIO = {
    "opus": ("-c:a", "libopus", "-compression_level", "0", "-mapping_family", "255"),
    "opus2": ("-c:a", "libopus", "-compression_level", "0", "-mapping_family", "2"),
    "aac": ("-c:a", "aac", "-aac_coder", "fast"),
    "aac_apart": ("-c:a", "aac", "-aac_coder", "fast", "-aac_is", "0"),
    "vorbis": ("-c:a", "libvorbis"),
    "flac": ("-c:a", "flac"),
    "s16": ("-c:a", "pcm_s16le"),
    "f32": ("-c:a", "pcm_f32le"),
    "alac": ("-c:a", "alac"),
}
_LOSSLESS = ("flac", "s16", "f32", "alac")
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_BARE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-threads", "1", "-filter_threads", "1")
_LABEL_ROOM = "x" * 240


def run(arguments: Sequence[str | Path], given: bytes = b"") -> None:
    """ffmpeg, to its end.

    Raises:
        RuntimeError: it failed; what it said.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-2000:]}")


def write(
    path: Path,
    film: Film | None = None,
    sound: Sound | None = None,
    *,
    video: str = "h264",
    audio: str = "aac",
    key_s: float | None = 1.0,
    kbps: int = 80,
    filters: str = "",
    layout: str = "",
    options: Sequence[str] = (),
    sound_later_s: float = 0.0,
) -> Path:
    """Picture, sound or both into a file whose container follows from its name.

    Args:
        key_s: seconds between key frames; None leaves that to the encoder.
        kbps: of each sound channel.
        filters: what ffmpeg does to the frames first.
        layout: what the sound's channels are called; by their number where empty.
    """
    inputs: list[str | Path] = []
    outputs: list[str] = []
    given = b""
    with tempfile.TemporaryDirectory() as folder:
        if film is not None:
            height, width = film.frames.shape[1:3]
            inputs += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}"]
            inputs += ["-framerate", f"{film.fps:.6f}", "-i", "pipe:0"]
            given = np.ascontiguousarray(film.frames).tobytes()
            outputs += [*VIDEO[video], *(["-vf", filters] if filters else [])]
            outputs += ["-g", str(max(1, round(key_s * film.fps)))] if key_s else []
            if path.suffix in (".webm", ".mkv"):
                outputs += ["-metadata:s:v:0", f"title={_LABEL_ROOM}"]
        if sound is not None:
            raw = Path(folder, "sound.f32")
            raw.write_bytes(sound.samples.T.astype("<f4").tobytes())
            inputs += [*_raw_format(sound, layout), "-i", raw]
            outputs += AUDIO[audio]
            outputs += ["-af", f"asetpts=PTS+{sound_later_s}/TB"] if sound_later_s else []
            outputs += [] if audio in _LOSSLESS else ["-b:a", f"{kbps * len(sound.samples)}k"]
        run([*inputs, *outputs, *_BARE, *options, path], given)
    return path


def _raw_format(sound: Sound, layout: str) -> list[str]:
    channels = len(sound.samples)
    name = layout or _LAYOUTS.get(channels, f"{channels} channels")
    return ["-f", "f32le", "-ar", str(sound.rate_hz), "-ch_layout", name]


def label(path: Path, stereo: str = "mono", *, kind: str = "equi") -> Path:
    """Make a file say what it shows, rightly or wrongly: ``equi``, ``mesh`` or ``cube``, and its eyes."""
    container = "matroska" if path.suffix in (".webm", ".mkv") else "mp4"
    if kind == "mesh":
        said = with_spherical_metadata(
            path.read_bytes(), "webm" if container == "matroska" else "mp4", projection="eac", stereo=stereo
        )
        path.write_bytes(said)
    elif kind == "cube":
        label_file(path, container, PictureLabel(b"cbmp", bytes(12), stereo))
    else:
        label_file(path, container, equirectangular_label(stereo))
    return path


def through(film: Film, filters: str) -> Film:
    """A film as ffmpeg's filters make it."""
    height, width = film.frames.shape[1:3]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "frames.nut")
        shape = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}"]
        coded = ["-vf", filters, "-c:v", "rawvideo", "-pix_fmt", "rgb24", "-threads", "1", "-filter_threads", "1"]
        run([*shape, "-framerate", f"{film.fps:.6f}", "-i", "pipe:0", *coded, raw], film.frames.tobytes())
        with av.open(str(raw)) as container:
            return Film(np.stack([one.to_ndarray(format="rgb24") for one in container.decode(video=0)]), film.fps)
