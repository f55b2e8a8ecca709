"""What a video's files say of themselves, and whether they decode: all that `validate` asks where it does not examine.

`validate.examine` asks for more: what the content really is.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from yt360_tools.config import ValidateConfig
from yt360_tools.errors import MediaError
from yt360_tools.examine.declared import Declared
from yt360_tools.records import VideoRecord

if TYPE_CHECKING:
    from yt360_tools.media.probe import SoundProbe
    from yt360_tools.media.spherical_fields import SphericalMetadata


def probe_media(
    video_id: str, picture_path: Path, sound_path: Path, root: Path, config: ValidateConfig, declared: Declared
) -> "tuple[VideoRecord, SphericalMetadata | None]":
    """What a fetched video is, and what its picture's header says of the sphere.

    Args:
        root: the workspace, to which the record's paths are relative.

    Raises:
        MediaError: it cannot serve; the reason says why.
    """
    from yt360_tools.media.layout import decide_layout
    from yt360_tools.media.probe import check_decodes, probe_sound, probe_video
    from yt360_tools.media.spherical import read_spherical

    picture, sound = probe_video(picture_path), probe_sound(sound_path)
    channel_map = _channel_map(sound, sound_path, declared_channels(config))
    for path, kind, track in ((picture_path, "v", picture), (sound_path, "a", sound)):
        check_decodes(path, kind, track.end_s - track.start_s, timeout_s=config.decode_timeout_s)
    layout = decide_layout(
        picture_path,
        declared=(declared.projection, declared.stereo),
        faces=declared.faces,
        pose=config.pose,
        pose_signs=config.pose_signs,
    )
    record = VideoRecord(
        video_id=video_id,
        video_path=str(picture_path.relative_to(root)),
        audio_path=str(sound_path.relative_to(root)),
        width=picture.width,
        height=picture.height,
        fps=picture.fps,
        start_s=max(picture.start_s, sound.start_s),
        end_s=min(picture.end_s, sound.end_s),
        sample_rate_hz=sound.sample_rate_hz,
        channels=sound.channels,
        channel_map=channel_map,
        layout=layout,
        video_codec=picture.codec,
        audio_codec=sound.codec,
    )
    return record, read_spherical(picture_path)


def declared_channels(config: ValidateConfig) -> tuple[int, ...] | None:
    """The places of W, Y, Z, X among the decoded channels, where the configuration says them.

    Raises:
        UsageError: it says something that is no such places.
    """
    from yt360_tools.media.ambisonic_channels import parse_channel_map

    return parse_channel_map(config.channel_map, "validate.channel_map", channels=4)


def _channel_map(sound: "SoundProbe", path: Path, declared: tuple[int, ...] | None) -> tuple[int, ...]:
    from yt360_tools.media.ambisonic_channels import channel_map_for
    from yt360_tools.media.sa3d import header_channel_map

    if declared is not None:
        if max(declared) >= sound.channels:
            raise MediaError(
                "too_few_channels",
                f"{path.name}: the sound has {sound.channels} channels; channel_map {declared} asks for more",
            )
        return declared
    said = header_channel_map(path, sound.track, sound.channels)
    if said is not None:
        return said
    try:
        return channel_map_for(sound.channels, sound.layout_name)
    except MediaError as error:
        raise MediaError(error.reason, f"{path.name}: {error}") from error
