"""Scenes whose truth is known: a coloured dot and a sound that come from the same direction.

Nothing here imports the package under test: geometry never proves itself. The equirectangular (ER) picture is
plain numpy, the equi-angular cubemap (EAC) is ffmpeg's v360 filter, the sound is encoded by spaudiopy.

A scene is cut sharply into segments, each with a direction of its own, so that one video makes many clips::

    time      0        1        2        3
    picture   |dot at A|dot at B|dot at C|dot at C ...   <- the tail: half a second of the last segment
    sound     |from A  |from B  |from C  |from C ...
    clips     [id-0   )[id-1   )[id-2   )

The tail belongs to no clip: it spares the tests the last millisecond of every container.
"""

import subprocess
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryFile

import imageio_ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray

TOLERATED = ("--tolerate=still", "--tolerate=frozen", "--tolerate=slideshow", "--tolerate=black")
"""A user's words for scenes of one colour that stand still between their cuts, which an examination rejects."""

DOT_RADIUS_DEG = 3.0
DOT_RGB = (235, 20, 235)
TAIL_S = 0.5
SOURCE_RMS = 0.1
DIFFUSE_RMS = 0.004
NOISE_BAND_HZ = (200.0, 6000.0)
TONE_PEAK = 0.1
# v360 reads the ER picture half a pixel off (0.06 degrees at this width), so it gets a large one.
EAC_SOURCE_WIDTH = 1920

AUDIO_EXTENSION = {"flac": "flac", "opus": "webm", "aac": "m4a", "vorbis": "ogg", "wav": "wav"}
AUDIO_ENCODER = {
    "flac": ("-c:a", "flac"),
    "opus": ("-c:a", "libopus", "-mapping_family", "2", "-b:a", "384k"),
    "aac": ("-c:a", "aac", "-b:a", "384k"),
    "vorbis": ("-c:a", "libvorbis", "-q:a", "8"),
    "wav": ("-c:a", "pcm_s16le"),
}
VIDEO_ENCODER = {
    "libx264": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-threads", "1"),
    "libvpx-vp9": (
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-crf",
        "18",
        "-b:v",
        "0",
    ),
}


@dataclass(frozen=True)
class Segment:
    """A span of a scene, in seconds, and where its dot and sound are; the sound of tones is nowhere."""

    clip_id: str
    start_s: float
    end_s: float
    azimuth_deg: float
    elevation_deg: float
    tones_hz: tuple[float, ...] | None = None

    @property
    def direction(self) -> NDArray[np.float64]:
        """The unit vector (x front, y left, z up) of the dot and the sound."""
        return unit_vector(self.azimuth_deg, self.elevation_deg)


@dataclass(frozen=True)
class SceneTruth:
    """What was drawn into a scene's files.

    Attributes:
        projection: ``er`` or ``eac``; the files themselves do not tell.
        paths: the video's file and the audio's file; one file when muxed.
        segments: one clip each, in the order of time.
    """

    video_id: str
    projection: str
    container: str
    sound: str
    muxed: bool
    paths: tuple[Path, ...]
    segments: tuple[Segment, ...]


def unit_vector(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    """The direction as (x front, y left, z up)."""
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])


@lru_cache(maxsize=4)
def er_rays(width: int, height: int) -> NDArray[np.float64]:
    """The unit vector of every pixel's centre of an ER picture, (height, width, 3)."""
    azimuth = (0.5 - (np.arange(width) + 0.5) / width) * 2 * np.pi
    elevation = ((0.5 - (np.arange(height) + 0.5) / height) * np.pi)[:, None]
    x = np.cos(elevation) * np.cos(azimuth)
    y = np.cos(elevation) * np.sin(azimuth)
    return np.stack([x, y, np.broadcast_to(np.sin(elevation), x.shape)], axis=-1)


def angle_deg(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angle between unit vectors (their last axis), exact for small ones too."""
    chord = np.linalg.norm(np.asarray(a) - np.asarray(b), axis=-1)
    return np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1)))


def draw_background(width: int, height: int, seed: int) -> NDArray[np.float32]:
    """A greenish texture without a seam anywhere on the sphere, RGB (height, width, 3) in 0 to 255.

    It is a sum of plane waves through the sphere, so a projection's own seams (the bottom row of an EAC
    picture) are the only edges in it, and none of its colours is near the dot's.
    """
    rng = np.random.default_rng(seed)
    frequencies = np.repeat([2.0, 3.0, 5.0, 8.0, 12.0, 18.0, 25.0], 2)
    wave_vectors = rng.normal(size=(3, frequencies.size))
    wave_vectors *= frequencies / np.linalg.norm(wave_vectors, axis=0)
    phases = rng.uniform(0, 2 * np.pi, frequencies.size)
    brightness = rng.uniform(-9, 9, (frequencies.size, 1)) * np.array([0.6, 1.0, 0.6])
    colours = brightness + rng.uniform(-4, 4, (frequencies.size, 3))
    rays = er_rays(width, height).reshape(-1, 3).astype(np.float32)
    waves = np.sin(rays @ wave_vectors.astype(np.float32) + phases.astype(np.float32))
    picture = waves @ colours.astype(np.float32) + np.array([70, 135, 80], np.float32)
    return np.clip(picture, 0, 255).reshape(height, width, 3)


def draw_er(
    width: int, height: int, direction: NDArray[np.float64], background: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The background with the dot at a direction, its edge smooth over a pixel; RGB (height, width, 3)."""
    picture = np.rint(background).astype(np.uint8)
    rays = er_rays(width, height)
    near = rays @ direction > np.cos(np.radians(2 * DOT_RADIUS_DEG))
    distance = angle_deg(rays[near], direction)
    cover = np.clip((DOT_RADIUS_DEG - distance) / (360 / width) + 0.5, 0, 1)[:, None]
    picture[near] = np.rint(cover * np.array(DOT_RGB) + (1 - cover) * background[near])
    return picture


def run_ffmpeg(arguments: Sequence[str | Path], stdin: Iterable[bytes] = ()) -> bytes:
    """ffmpeg's standard output, or an error that shows what it complained about."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-y", *map(str, arguments)]
    with TemporaryFile() as output, TemporaryFile() as complaints:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=complaints)
        with suppress(BrokenPipeError), process.stdin as pipe:  # its complaint says why it stopped to read
            for part in stdin:
                pipe.write(part)
        failed = process.wait()
        output.seek(0)
        complaints.seek(0)
        if failed:
            raise RuntimeError(f"{' '.join(command)}\n{complaints.read().decode(errors='replace')}")
        return output.read()


def reproject(pictures: NDArray[np.uint8], options: str, width: int, height: int) -> NDArray[np.uint8]:
    """Pictures (n, rows, columns, 3) through ffmpeg's ``v360=<options>`` to (n, height, width, 3)."""
    rows, columns = pictures.shape[1:3]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
    out = run_ffmpeg(
        [
            *raw,
            "-s",
            f"{columns}x{rows}",
            "-i",
            "-",
            "-vf",
            f"v360={options}:w={width}:h={height}",
            *raw,
            "-",
        ],
        map(np.ndarray.tobytes, pictures),
    )
    return np.frombuffer(out, np.uint8).reshape(-1, height, width, 3)


def draw_pictures(
    directions: Sequence[NDArray[np.float64]], *, projection: str, width: int, height: int, seed: int
) -> NDArray[np.uint8]:
    """One RGB picture a direction, (n, height, width, 3), in the projection asked for."""
    if projection == "er":
        background = draw_background(width, height, seed)
        return np.stack([draw_er(width, height, direction, background) for direction in directions])
    if projection != "eac":
        raise ValueError(f"projection {projection!r}; 'er' or 'eac'")
    source = (EAC_SOURCE_WIDTH, EAC_SOURCE_WIDTH // 2)
    background = draw_background(*source, seed)
    pictures = np.stack([draw_er(*source, direction, background) for direction in directions])
    return reproject(pictures, "input=e:output=eac", width, height)


@cache
def sn3d_gains() -> tuple[float, ...]:
    """What turns spaudiopy's first-order channels into SN3D, measured on the axes.

    In SN3D each of W, Y, Z, X is the source itself when the source is on the channel's own axis.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = _spaudiopy().sph.sh_matrix(1, np.radians([0, 90, 0, 0]), np.radians([90, 90, 0, 90]))
    return tuple(float(gain) for gain in 1 / np.diag(matrix))


@cache
def _spaudiopy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no sound card, and scipy's old spherical harmonics
        import spaudiopy
    return spaudiopy


def encode_source(signal: NDArray[np.float64], azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    """A plane wave as AmbiX W, Y, Z, X, (4, samples)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        azimuth, zenith = np.radians([azimuth_deg, 90 - elevation_deg])
        channels = _spaudiopy().sph.src_to_sh(signal, azimuth, zenith, 1)
    return np.real(channels) * np.array(sn3d_gains())[:, None]


def band_noise(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of unit RMS between the two frequencies of NOISE_BAND_HZ."""
    spectrum = np.fft.rfft(rng.normal(size=samples))
    frequency = np.fft.rfftfreq(samples, 1 / sample_rate_hz)
    spectrum[(frequency < NOISE_BAND_HZ[0]) | (frequency > NOISE_BAND_HZ[1])] = 0
    noise = np.fft.irfft(spectrum, samples)
    return noise / np.sqrt(np.mean(noise**2))


def render_segment(segment: Segment, samples: int, sample_rate_hz: int, rng) -> NDArray[np.float64]:
    """The sound of a segment, AmbiX (4, samples): noise from its direction, or a tone in each channel."""
    if segment.tones_hz is not None:
        time_s = np.arange(samples) / sample_rate_hz
        return TONE_PEAK * np.sin(2 * np.pi * np.array(segment.tones_hz)[:, None] * time_s)
    signal = SOURCE_RMS * band_noise(samples, sample_rate_hz, rng)
    diffuse = np.stack([band_noise(samples, sample_rate_hz, rng) for _ in range(4)])
    diffuse *= DIFFUSE_RMS * np.array([1, 3**-0.5, 3**-0.5, 3**-0.5])[:, None]
    return encode_source(signal, segment.azimuth_deg, segment.elevation_deg) + diffuse


def write_dot_scene(
    folder: Path,
    video_id: str,
    *,
    azimuth_deg: float | Sequence[float],
    elevation_deg: float | Sequence[float],
    seconds: float,
    fps: int,
    width: int,
    height: int | None = None,
    projection: str = "er",
    container: str = "mp4",
    video_codec: str = "libx264",
    sound: str = "flac",
    muxed: bool = False,
    seed: int = 0,
    sample_rate_hz: int = 48_000,
    audio_extension: str | None = None,
    tones_hz: tuple[float, ...] | None = None,
) -> SceneTruth:
    """Write a scene's media files and say what is in them.

    The files are ``<video_id>.video.<ext>`` and ``<video_id>.audio.<ext>``, or one ``<video_id>.<ext>`` when
    muxed; none of them carries spherical metadata.

    Args:
        azimuth_deg: one direction, or one a segment; so is `elevation_deg`.
        seconds: what the segments share equally; the files are TAIL_S longer.
        height: of the picture; by default half the width for ER and 9/16 of it for EAC.
        audio_extension: another ending for a sound file of its own, such as ``opus`` for Opus in Ogg.
        tones_hz: turns the last segment's sound into four tones, one each in W, Y, Z and X.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    segments = _plan_segments(video_id, azimuth_deg, elevation_deg, seconds, tones_hz)
    height = height or (width // 2 if projection == "er" else width * 9 // 16)
    pictures = draw_pictures(
        [segment.direction for segment in segments],
        projection=projection,
        width=width,
        height=height,
        seed=seed,
    )
    frames = _hold(pictures, segments, fps)
    sound_track = _render_sound(segments, sample_rate_hz, np.random.default_rng(seed))
    if muxed:
        paths = (folder / f"{video_id}.{container}",)
        _write_muxed(paths[0], frames, (width, height), fps, video_codec, sound_track, sample_rate_hz, sound)
    else:
        paths = (
            folder / f"{video_id}.video.{container}",
            folder / f"{video_id}.audio.{audio_extension or AUDIO_EXTENSION[sound]}",
        )
        write_video(paths[0], frames, (width, height), fps, video_codec)
        write_sound(paths[1], sound_track, sample_rate_hz, sound)
    return SceneTruth(video_id, projection, container, sound, muxed, paths, segments)


def _plan_segments(video_id, azimuth_deg, elevation_deg, seconds, tones_hz) -> tuple[Segment, ...]:
    directions = list(zip(np.atleast_1d(azimuth_deg), np.atleast_1d(elevation_deg), strict=True))
    length_s = seconds / len(directions)
    segments = []
    for index, (azimuth, elevation) in enumerate(directions):
        start_s, end_s = index * length_s, (index + 1) * length_s
        tones = tones_hz if index == len(directions) - 1 else None
        segments.append(Segment(f"{video_id}-{start_s:g}", start_s, end_s, float(azimuth), float(elevation), tones))
    return tuple(segments)


def _hold(pictures: NDArray[np.uint8], segments: Sequence[Segment], fps: int) -> Iterator[NDArray[np.uint8]]:
    """The frames of the video: each picture for as long as its segment, the last one for the tail too."""
    for number in range(round((segments[-1].end_s + TAIL_S) * fps)):
        # A frame shows the segment that its own time lies in; the small number guards a boundary's rounding.
        segment = int(number / fps / segments[0].end_s + 1e-9)
        yield pictures[min(segment, len(pictures) - 1)]


def _render_sound(segments: Sequence[Segment], sample_rate_hz: int, rng) -> NDArray[np.float32]:
    """The whole track, (samples, 4) float32."""
    parts = []
    for segment in segments:
        last = segment is segments[-1]
        end_s = segment.end_s + (TAIL_S if last else 0)
        samples = round(end_s * sample_rate_hz) - round(segment.start_s * sample_rate_hz)
        parts.append(render_segment(segment, samples, sample_rate_hz, rng))
    return np.concatenate(parts, axis=1).T.astype(np.float32)


def _frames_input(size: tuple[int, int], fps: int) -> tuple[str, ...]:
    columns, rows = size
    return ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{columns}x{rows}", "-framerate", f"{fps}", "-i", "-")


def write_video(
    path: Path, frames: Iterable[NDArray[np.uint8]], size: tuple[int, int], fps: int, video_codec: str
) -> None:
    """A video file from RGB frames (rows, columns, 3); `size` is (columns, rows)."""
    encoder = (*VIDEO_ENCODER[video_codec], "-pix_fmt", "yuv420p")
    run_ffmpeg([*_frames_input(size, fps), *encoder, path], map(np.ndarray.tobytes, frames))


def write_sound(path: Path, sound_track: NDArray[np.float32], sample_rate_hz: int, sound: str) -> None:
    """A sound file from (samples, 4) float32; the channels go in as they are, never by a layout's name."""
    if sound in ("flac", "wav"):
        soundfile.write(path, sound_track, sample_rate_hz, subtype="PCM_24" if sound == "flac" else "PCM_16")
        return
    raw = ("-f", "f32le", "-ar", f"{sample_rate_hz}", "-channel_layout", "quad", "-i", "-")
    run_ffmpeg([*raw, *AUDIO_ENCODER[sound], path], [sound_track.astype("<f4").tobytes()])


def _write_muxed(path, frames, size, fps, video_codec, sound_track, sample_rate_hz, sound) -> None:
    """Both tracks in one file; the sound is encoded on the way, from a WAV that does not stay."""
    wav = path.with_name(f"{path.name}.sound.wav")
    soundfile.write(wav, sound_track, sample_rate_hz, subtype="FLOAT")
    try:
        run_ffmpeg(
            [
                *_frames_input(size, fps),
                *("-channel_layout", "quad", "-i", wav, "-map", "0:v", "-map", "1:a"),
                *VIDEO_ENCODER[video_codec],
                *("-pix_fmt", "yuv420p"),
                *AUDIO_ENCODER[sound],
                path,
            ],
            map(np.ndarray.tobytes, frames),
        )
    finally:
        wav.unlink()
