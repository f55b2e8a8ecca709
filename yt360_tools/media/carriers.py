"""What a file's ending promises: its container, the codecs that it holds, and how many channels they carry."""

from dataclasses import dataclass
from math import isqrt
from pathlib import Path

from yt360_tools.errors import UsageError, nearest
from yt360_tools.media.encoding import BT709, TO_BT709


@dataclass(frozen=True)
class SoundCodec:
    """How sound is coded.

    Attributes:
        channels: the numbers of channels that it carries unharmed (measured with a tone in each); None for any.
        is_whole: whether samples become whole numbers, and what is beyond full scale is cut.
    """

    options: tuple[str, ...]
    channels: tuple[int, ...] | None = None
    is_whole: bool = False


@dataclass(frozen=True)
class VideoCodec:
    """How pictures are coded.

    Attributes:
        colours: what is done to RGB before.
        quality: the CRF where none is asked for; None of a lossless codec.
        worst: the largest CRF; 0 of a lossless codec.
    """

    options: tuple[str, ...]
    colours: tuple[str, ...]
    quality: int | None
    worst: int = 0


@dataclass(frozen=True)
class Container:
    """A container; of its codecs the first that serves is the default."""

    format: str
    video: tuple[str, ...]
    sound: tuple[str, ...]

    @property
    def is_matroska(self) -> bool:
        return self.format in ("webm", "matroska")


_YUV = (*TO_BT709, *BT709)
VIDEO_CODECS: dict[str, VideoCodec] = {
    "h264": VideoCodec(("-c:v", "libx264", "-preset", "veryfast"), _YUV, 18, 51),
    "vp9": VideoCodec(
        ("-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-row-mt", "1", "-b:v", "0"), _YUV, 24, 63
    ),
    "ffv1": VideoCodec(("-c:v", "ffv1", "-level", "3"), ("-vf", "format=bgr0"), None),
}
# Each channel is coded on its own, or as one of a pair without intensity stereo, which would join Y to W.
SOUND_CODECS: dict[str, SoundCodec] = {
    "aac": SoundCodec(("-c:a", "aac", "-aac_is", "0", "-aac_pns", "0"), (1, 2, 4)),
    "opus": SoundCodec(("-c:a", "libopus"), None),
    "flac": SoundCodec(("-c:a", "flac", "-sample_fmt:a", "s32"), (1, 2, 4), is_whole=True),
    "pcm": SoundCodec(("-c:a", "pcm_f32le"), None),
}
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
