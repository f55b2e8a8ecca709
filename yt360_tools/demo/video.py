"""One video of a world: its two files, rendered and described."""

from pathlib import Path

from yt360_tools.demo.encode import encode_sound, encode_video
from yt360_tools.demo.options import DemoOptions, scene_of
from yt360_tools.demo.picture import frame_size, render_frames
from yt360_tools.demo.scene import Scene
from yt360_tools.demo.sound import render_sound
from yt360_tools.demo.spherical import with_spherical_metadata
from yt360_tools.errors import EnvironmentMissing, Yt360Error
from yt360_tools.files import complete_file, disk_errors
from yt360_tools.media.carriers import SOUND_CODECS, VIDEO_CODECS
from yt360_tools.records import Outcome


def picture_size(scene: Scene, width: int) -> tuple[int, int]:
    """Width and height of the whole frame, both eyes'."""
    width, height = frame_size(scene.delivery.projection, width)
    return width, height * 2 if scene.delivery.stereo == "top-bottom" else height


def file_names(scene: Scene) -> tuple[str, str]:
    """The names of its picture's and its sound's file."""
    video = VIDEO_CODECS[scene.delivery.video_codec].alone_in
    audio = SOUND_CODECS[scene.delivery.audio_codec].alone_in
    return f"{scene.video_id}.video.{video}", f"{scene.video_id}.audio.{audio}"


def _render(options: DemoOptions, scene: Scene, media: Path) -> None:
    video_name, audio_name = file_names(scene)
    width, height = picture_size(scene, options.width)
    with complete_file(media / audio_name) as partial:
        encode_sound(render_sound(scene), partial, codec=scene.delivery.audio_codec)
    with complete_file(media / video_name) as partial:
        encode_video(
            render_frames(scene, options.width),
            partial,
            codec=scene.delivery.video_codec,
            width=width,
            height=height,
            frame_rate=scene.frame_rate,
        )
        described = with_spherical_metadata(
            partial.read_bytes(),
            VIDEO_CODECS[scene.delivery.video_codec].alone_in,
            projection=scene.delivery.projection,
            stereo=scene.delivery.stereo,
        )
        partial.write_bytes(described)


def render_video(options: DemoOptions, index: int, media: Path) -> Outcome:
    """Write one video's two files, unless both are there; how it went, never an expected exception."""
    scene = scene_of(options, index)
    if all((media / name).exists() for name in file_names(scene)):
        return Outcome(scene.video_id, "demo", "skipped")
    try:
        with disk_errors(media):
            _render(options, scene, media)
    except Yt360Error as error:
        is_machine = isinstance(error, EnvironmentMissing)
        reason = "environment" if is_machine else getattr(error, "reason", "render")
        return Outcome(scene.video_id, "demo", "failed", reason, str(error))
    return Outcome(scene.video_id, "demo", "done")
