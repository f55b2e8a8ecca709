"""One video's windows turned into clips: decoded once, each view cut from each frame, the sound beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import beam
from yt360_tools.config import BuildConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.media.frames import FrameReader, frame_count
from yt360_tools.media.sound import read_sound
from yt360_tools.pipeline.views import clip_views
from yt360_tools.projection import sampler, sufficient_height, sufficient_width
from yt360_tools.records import ClipWindow, VideoRecord, View
from yt360_tools.shards import ClipContent, EncodedFrames, ViewContent
from yt360_tools.shards.codecs import writing_codec


@dataclass(frozen=True)
class Intake:
    """How frames leave the decoder: an eye cut out (left, top, width, height), then scaled to a size.

    Attributes:
        border_px: of an EAC frame after scaling: left and right, above and below.
    """

    crop: tuple[int, int, int, int] | None
    width: int
    height: int
    border_px: tuple[float, float]


def render_clips(
    video: VideoRecord, windows: Sequence[ClipWindow], config: BuildConfig, root: Path
) -> Iterator[ClipContent | Exception]:
    """For each window in turn its clip, or the error that keeps it from becoming one, a bug's too.

    Args:
        windows: of this video, in ascending order for speed.
        root: the workspace's folder, in which the video's paths lie.
    """
    reader: FrameReader | None = None
    intake: Intake | None = None
    try:
        for window in windows:
            try:
                _check_media(video, root)
                foa = read_sound(
                    root / video.audio_path,
                    window.start_s,
                    window.end_s,
                    config.sample_rate,
                    video.channel_map,
                )
                views = _views(config, window, foa)
                wanted = plan_intake(video, views, config)
                if reader is None or wanted != intake:
                    if reader is not None:
                        reader.close()
                    intake, reader = wanted, _open_reader(video, wanted, config, root)
                yield _clip(video, window, foa, views, reader, wanted, config)
            except OSError:
                raise  # the disk's failure is the whole shard's
            except Exception as error:
                yield error
    finally:
        if reader is not None:
            reader.close()


def _check_media(video: VideoRecord, root: Path) -> None:
    for path in (video.video_path, video.audio_path):
        if not (root / path).is_file():
            raise TransientError("missing_media", f"{root / path} is gone; 'yt360 download' fetches it again")


def _views(config: BuildConfig, window: ClipWindow, foa: NDArray[np.float32]) -> tuple[View, ...]:
    try:
        return clip_views(config, window.clip_id, foa)
    except UsageError as error:  # the luck of random:K differs from clip to clip
        raise MediaError("views_do_not_fit", f"{window.clip_id}: {error}") from error


def plan_intake(video: VideoRecord, views: Sequence[View], config: BuildConfig) -> Intake:
    """The eye to cut out of a source's frame, and the least size that serves all the views.

    Scaling down on the way in averages areas: what is cut from a frame that is not much finer than the
    view does not alias. Width and height are scaled each on its own, never up: an eye may be squashed into half
    a frame, and then has no height to lose.
    """
    crop = None
    width, height = video.width, video.height
    if video.layout.stereo == "top-bottom":
        crop, height = (0, 0, width, height // 2), height // 2
    elif video.layout.stereo == "left-right":
        crop, width = (0, 0, width // 2, height), width // 2
    if video.layout.projection == "er" and all(view.projection == "er" for view in views):
        return Intake(crop, views[0].width, views[0].height, (0.0, 0.0))
    enough = max(sufficient_width(view, video.layout.projection) for view in views)
    to_width = min(width, enough)
    to_height = min(height, sufficient_height(enough, video.layout.projection))
    border_px = (config.eac_border_px * to_width / width, config.eac_border_px * to_height / height)
    return Intake(crop, to_width, to_height, border_px)


def _open_reader(video: VideoRecord, intake: Intake, config: BuildConfig, root: Path) -> FrameReader:
    return FrameReader(root / video.video_path, config.fps, width=intake.width, height=intake.height, crop=intake.crop)


def _clip(
    video: VideoRecord,
    window: ClipWindow,
    foa: NDArray[np.float32],
    views: Sequence[View],
    reader: FrameReader,
    intake: Intake,
    config: BuildConfig,
) -> ClipContent:
    codec = writing_codec(config.codec, quality=config.quality)
    projection = video.layout.projection
    cut = [
        None
        if projection == view.projection == "er"
        else sampler(view, projection, intake.width, intake.height, intake.border_px)
        for view in views
    ]
    encoded: list[list[bytes]] = [[] for _ in views]
    before: NDArray[np.uint8] | None = None
    for frame in reader.window(window.start_s, window.end_s):
        for into, take in zip(encoded, cut, strict=True):
            into.append(into[-1] if frame is before else codec.encode(take(frame) if take else frame))
        before = frame
    if not frame_count(window.start_s, window.end_s, config.fps):
        raise MediaError(
            "too_short", f"{window.clip_id}: {window.duration_s:g} s hold no frame at {config.fps:g} a second"
        )
    return ClipContent(
        window=window,
        fps=config.fps,
        sample_rate_hz=config.sample_rate,
        ambisonics=foa,
        views=tuple(
            ViewContent(
                view,
                EncodedFrames(codec.name, tuple(frames)),
                beam(foa, view.direction.ray, config.beam),
            )
            for view, frames in zip(views, encoded, strict=True)
        ),
        source={
            "projection": video.layout.projection,
            "stereo": video.layout.stereo,
            "decided_by": video.layout.decided_by,
            "video_codec": video.video_codec,
            "audio_codec": video.audio_codec,
            "width": video.width,
            "height": video.height,
            "fps": video.fps,
            "channels": video.channels,
            "beam": config.beam,
        },
    )
