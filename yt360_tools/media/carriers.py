"""What a file's ending promises: its container, the codecs that it holds, and how many channels they carry."""

from dataclasses import dataclass
from math import isqrt
from pathlib import Path

from yt360_tools.errors import UsageError, nearest

_TO_BT709 = ("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p")
_BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")


@dataclass(frozen=True)
class SoundCodec:
    """How sound is coded.

    Attributes:
        options: the encoder, and what keeps its channels apart.
        channels: the numbers of channels that it carries unharmed (measured with a tone in each); None for any.
        is_whole: whether samples become whole numbers, and what is beyond full scale is cut.
        for_many: what is said besides when there are more than two channels.
        kbps: a channel's rate in files to keep, and in those made quickly; None where it follows from the samples.
        careful: further options for files to keep.
        quick: further options where speed counts more: a synthetic world's.
        alone_in: the suffix of a quick file that holds such sound alone; empty where none is made.
    """

    options: tuple[str, ...]
    channels: tuple[int, ...] | None = None
    is_whole: bool = False
    for_many: tuple[str, ...] = ()
    kbps: tuple[int, int] | None = None
    careful: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    alone_in: str = ""

    def arguments(self, channels: int, *, is_quick: bool = False) -> tuple[str, ...]:
        """What ffmpeg is told to code so many channels with."""
        rate = () if self.kbps is None else ("-b:a", f"{self.kbps[is_quick] * channels}k")
        many = self.for_many if channels > 2 else ()
        return (*self.options, *(self.quick if is_quick else self.careful), *rate, *many)


@dataclass(frozen=True)
class VideoCodec:
    """How pictures are coded.

    Attributes:
        options: the encoder, and how it works.
        colours: what is done to RGB before.
        quality: the CRF of files to keep where none is asked for; None of a lossless codec.
        worst: the largest CRF; 0 of a lossless codec.
        careful: further options for files to keep.
        quick: further options where speed counts more: a synthetic world's.
        quick_quality: the CRF then.
        alone_in: the suffix of a quick file that holds such pictures alone; empty where none is made.
    """

    options: tuple[str, ...]
    colours: tuple[str, ...]
    quality: int | None
    worst: int = 0
    careful: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    quick_quality: int | None = None
    alone_in: str = ""

    def arguments(self, quality: int | None = None, *, is_quick: bool = False) -> tuple[str, ...]:
        """What ffmpeg is told to code RGB pictures with, at a CRF or the usual one."""
        usual = self.quick_quality if is_quick else self.quality
        crf = usual if quality is None else quality
        more = self.quick if is_quick else self.careful
        return (*self.colours, *self.options, *more, *(("-crf", str(crf)) if self.worst else ()))


@dataclass(frozen=True)
class Container:
    """A container; of its codecs the first that serves is the default."""

    format: str
    video: tuple[str, ...]
    sound: tuple[str, ...]

    @property
    def is_matroska(self) -> bool:
        """Whether it is Matroska, of which WebM is a part."""
        return self.format in ("webm", "matroska")


_YUV = (*_TO_BT709, *_BT709)
VIDEO_CODECS: dict[str, VideoCodec] = {
    "h264": VideoCodec(
        ("-c:v", "libx264", "-preset", "veryfast"), _YUV, quality=18, worst=51, quick_quality=20, alone_in="mp4"
    ),
    "vp9": VideoCodec(
        ("-c:v", "libvpx-vp9", "-b:v", "0"),
        _YUV,
        quality=24,
        worst=63,
        careful=("-deadline", "good", "-cpu-used", "5", "-row-mt", "1"),
        quick=("-deadline", "realtime", "-cpu-used", "8"),
        quick_quality=28,
        alone_in="webm",
    ),
    "ffv1": VideoCodec(("-c:v", "ffv1", "-level", "3"), ("-vf", "format=bgr0"), quality=None),
}
# Never -ac and no filter that names channels: ffmpeg would mix W, Y, Z and X as if they were loudspeakers.
# Each channel is coded on its own, or as one of a pair without intensity stereo, which would join Y to W, and X to Z.
SOUND_CODECS: dict[str, SoundCodec] = {
    "aac": SoundCodec(
        ("-c:a", "aac", "-aac_is", "0"),
        (1, 2, 4),
        kbps=(96, 80),
        careful=("-aac_pns", "0"),
        quick=("-aac_coder", "fast"),
        alone_in="m4a",
    ),
    "opus": SoundCodec(
        ("-c:a", "libopus"),
        for_many=("-mapping_family", "2"),
        kbps=(96, 80),
        quick=("-compression_level", "0"),
        alone_in="webm",
    ),
    "vorbis": SoundCodec(("-c:a", "libvorbis"), (4,), kbps=(96, 80), alone_in="ogg"),
    "flac": SoundCodec(("-c:a", "flac", "-sample_fmt:a", "s32"), (1, 2, 4), is_whole=True),
    "pcm": SoundCodec(("-c:a", "pcm_f32le")),
}
"""Vorbis is in none of the containers that are written for others: YouTube has it, and so have synthetic worlds."""
CONTAINERS: dict[str, Container] = {
    ".mp4": Container("mp4", ("h264",), ("aac", "opus", "flac")),
    ".mov": Container("mov", ("h264",), ("pcm", "aac")),
    ".mkv": Container("matroska", ("h264", "vp9", "ffv1"), ("flac", "pcm", "opus", "aac")),
    ".webm": Container("webm", ("vp9",), ("opus",)),
}


@dataclass(frozen=True)
class Encoding:
    """Codecs by name, empty for the container's own; `quality` is the video codec's CRF (less is better)."""

    video_codec: str = ""
    sound_codec: str = ""
    quality: int | None = None


def check_encoding(path: Path, encoding: Encoding, channels: int = 0, is_ambisonic: bool = True) -> Container:
    """The container of `path`, if it holds the codecs and they the channels.

    Raises:
        UsageError: it does not.
    """
    suffix = path.suffix.lower()
    if suffix not in CONTAINERS:
        raise UsageError(f"a video ends in {', '.join(CONTAINERS)}; got {path.name!r}{nearest(suffix, CONTAINERS)}")
    container = CONTAINERS[suffix]
    for what, name, known in (
        ("video", encoding.video_codec, container.video),
        ("sound", encoding.sound_codec, container.sound),
    ):
        if name and name not in known:
            raise UsageError(f"{suffix} holds the {what} codecs {', '.join(known)}; got {name!r}{nearest(name, known)}")
    if encoding.quality is not None:
        name = encoding.video_codec or container.video[0]
        worst = VIDEO_CODECS[name].worst
        if not 0 <= encoding.quality <= worst:
            allowed = f"from 0 (best) to {worst}" if worst else "not given: it is lossless"
            raise UsageError(f"the quality of {name} is {allowed}; got {encoding.quality}")
    if channels and is_ambisonic and (isqrt(channels) ** 2 != channels or channels > 64):
        raise UsageError(f"ambisonic sound has 1, 4, 9, ... 64 channels; got {channels}")
    if channels and not is_ambisonic and channels > 2:
        raise UsageError(f"plain sound has 1 or 2 channels; got {channels}")
    if channels:
        chosen_sound_codec(container, encoding, channels)
    return container


def chosen_sound_codec(container: Container, encoding: Encoding, channels: int) -> str:
    """The name of the codec for so many channels: the one asked for, or the container's first that carries them.

    Raises:
        UsageError: it cannot carry them.
    """
    wanted = (encoding.sound_codec,) if encoding.sound_codec else container.sound
    for name in wanted:
        carried = SOUND_CODECS[name].channels
        if carried is None or channels in carried:
            return name
    others = [name for name in container.sound if SOUND_CODECS[name].channels is None]
    raise UsageError(
        f"{' and '.join(wanted)} cannot carry {channels} channels unharmed; "
        + (f"{', '.join(others)} can" if others else "write .mkv or .webm instead")
    )
