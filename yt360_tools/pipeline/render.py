"""One video's windows turned into clips: decoded once, each view cut from each frame, the sound beside it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yt360_tools.ambisonics import beam, rotate
from yt360_tools.config import BuildConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.geometry import Direction
from yt360_tools.media.frames import FrameReader, frame_count
from yt360_tools.media.sound import read_sound
from yt360_tools.pipeline.measured import measured_sound
from yt360_tools.pipeline.provenance import Provenance
from yt360_tools.pipeline.views import clip_views
from yt360_tools.projection import Source, parse_faces, sampler, sufficient_height, sufficient_width
from yt360_tools.projection.er import UNCROPPED
from yt360_tools.records import EYES, ClipWindow, SourceLayout, VideoRecord, View
from yt360_tools.shards import ClipContent, Track, ViewContent
from yt360_tools.shards.codecs import FrameEncoder, writing_codec
from yt360_tools.shards.sound_codecs import encode_sound


@dataclass(frozen=True)
class Intake:
    """How frames leave the decoder: an eye cut out (left, top, width, height), then scaled to a size.

    Attributes:
        source: what they are then, a quarter turn clockwise later if `is_turned`; None when they are the view itself.
        is_turned: whether an eye lies turned counter-clockwise in the frame, as in stereo EAC.
    """

    crop: tuple[int, int, int, int] | None
    width: int
    height: int
    source: Source | None
    is_turned: bool = False


def render_clips(
    video: VideoRecord,
    windows: Sequence[ClipWindow],
    config: BuildConfig,
    root: Path,
    provenance: Provenance | None = None,
) -> Iterator[ClipContent | Exception]:
    """For each window in turn its clip, or the error that keeps it from becoming one, a bug's too.

    Args:
        windows: of this video, in ascending order for speed.
        root: the workspace's folder, in which the video's paths lie.
        provenance: what is known of how the video was fetched and examined.
    """
    known = provenance or Provenance({})
    reader: FrameReader | None = None
    intake: Intake | None = None
    try:
        for window in windows:
            try:
                _check_media(video, root)
                foa = _read_sound(video, window, config, root)
                views = _views(config, window, foa)
                wanted = plan_intake(video, views, config)
                if reader is None or wanted != intake:
                    if reader is not None:
                        reader.close()
                    intake, reader = wanted, _open_reader(video, wanted, config, root)
                yield _clip(video, window, foa, views, reader, wanted, config, known)
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


def _read_sound(video: VideoRecord, window: ClipWindow, config: BuildConfig, root: Path) -> NDArray[np.float32]:
    """A clip's ambisonics (4, samples) in the frame of the world, in which the views look."""
    path = root / video.audio_path
    foa = read_sound(path, window.start_s, window.end_s, config.sample_rate, video.channel_map)
    if any(gain != 1 for gain in video.channel_gains):
        foa = foa * np.asarray(video.channel_gains, np.float32)[:, None]
    if not _turns_sound(video, config):
        return foa
    world_from_picture = Direction(*video.layout.pose_deg).view_from_world.T
    return rotate(foa, world_from_picture)


def _turns_sound(video: VideoRecord, config: BuildConfig) -> bool:
    return config.turn_sound_with_pose and any(video.layout.pose_deg)


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
    crop = _eye_crop(video, config.eye)
    width, height = crop[2:] if crop else (video.width, video.height)
    # Tables are kept by their source: who decided on it makes no difference.
    layout = replace(video.layout, stereo="mono", decided_by="")
    whole = layout.projection == "er" and layout.bounds == UNCROPPED and not any(layout.pose_deg)
    if whole and all(view.projection == "er" for view in views):
        return Intake(crop, views[0].width, views[0].height, None)
    is_turned = layout.projection == "eac" and crop is not None
    if is_turned:
        width, height = height, width
    to_width, to_height = _sufficient_size(layout, views, width, height)
    border_px = (config.eac_border_px * to_width / width, config.eac_border_px * to_height / height)
    try:
        source = Source(layout, to_width, to_height, border_px)
    except UsageError as error:
        raise MediaError("unusable_frame", f"{video.video_path}: {video.width} x {video.height}: {error}") from error
    if is_turned:
        to_width, to_height = to_height, to_width
    return Intake(crop, to_width, to_height, source, is_turned)


def _eye_crop(video: VideoRecord, eye: str) -> tuple[int, int, int, int] | None:
    """The rectangle (left, top, width, height) of an eye; None where both see the whole frame."""
    if video.layout.stereo == "mono":
        return None
    place = video.layout.stereo.split("-")[EYES.index(eye)]
    width, height = video.width, video.height
    if place in ("top", "bottom"):
        return 0, (height - height // 2 if place == "bottom" else 0), width, height // 2
    return (width - width // 2 if place == "right" else 0), 0, width // 2, height


def _sufficient_size(layout: SourceLayout, views: Sequence[View], width: int, height: int) -> tuple[int, int]:
    """Pixels, at most `width` x `height` of an upright eye, that serve all the views; a cubemap's faces stay whole."""
    if layout.projection == "eac":
        enough = max(sufficient_width(view, "eac") for view in views)
        return min(width, enough), min(height, sufficient_height(enough, "eac"))
    turn = max(sufficient_width(view, "er") for view in views)
    if layout.projection == "er":
        top, bottom, left, right = layout.bounds
        enough_height = math.ceil(sufficient_height(turn, "er") * (1 - top - bottom))
        return min(width, math.ceil(turn * (1 - left - right))), min(height, enough_height)
    # A plain face is coarsest in its middle: there it has half its width a radian.
    grid, face = parse_faces(layout.faces), math.ceil(turn / math.pi)
    columns, rows = grid.columns, grid.rows
    return min(width, columns * face) // columns * columns, min(height, rows * face) // rows * rows


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
    provenance: Provenance,
) -> ClipContent:
    encoders = _encoders(views, config)
    cut = [sampler(view, intake.source) if intake.source else None for view in views]
    before: NDArray[np.uint8] | None = None
    for frame in reader.window(window.start_s, window.end_s):
        upright = np.ascontiguousarray(np.rot90(frame, -1)) if intake.is_turned and frame is not before else frame
        for encoder, take in zip(encoders, cut, strict=True):
            if frame is before:
                encoder.repeat()
            else:
                encoder.add(take(upright) if take else upright)
        before = frame
    if not frame_count(window.start_s, window.end_s, config.fps):
        raise MediaError(
            "too_short", f"{window.clip_id}: {window.duration_s:g} s hold no frame at {config.fps:g} a second"
        )
    return ClipContent(
        window=window,
        fps=config.fps,
        sample_rate_hz=config.sample_rate,
        ambisonics=_packed(foa, config),
        views=tuple(
            ViewContent(view, encoder.finish(), _packed(beam(foa, view.direction.ray, config.beam)[None], config))
            for view, encoder in zip(views, encoders, strict=True)
        ),
        source={**_source_facts(video, config), "files": provenance.files},
        measured=measured_sound(foa, config.sample_rate),
        findings=provenance.findings,
    )


def _encoders(views: Sequence[View], config: BuildConfig) -> list[FrameEncoder]:
    codec = writing_codec(
        config.codec, quality=config.quality, chroma=config.chroma, crf=config.crf, group=config.group
    )
    return [codec.encoder(view.height, view.width, config.fps) for view in views]


def _packed(sound: NDArray[np.float32], config: BuildConfig) -> Track:
    try:
        return encode_sound(sound, config.sound_codec, config.sample_rate)
    except ValueError as error:
        raise MediaError("bad_samples", f"{error}; --sound-codec float32 stores them as they are") from error


def _source_facts(video: VideoRecord, config: BuildConfig) -> dict[str, Any]:
    """What a clip's picture and sound came from, as it stands in the shard."""
    layout = video.layout
    return {
        "projection": layout.projection,
        "stereo": layout.stereo,
        "eye": "" if layout.stereo == "mono" else config.eye,
        "decided_by": layout.decided_by,
        "faces": layout.faces,
        "bounds": layout.bounds,
        "pose_deg": layout.pose_deg,
        "sound_turned": _turns_sound(video, config),
        "video_codec": video.video_codec,
        "audio_codec": video.audio_codec,
        "width": video.width,
        "height": video.height,
        "fps": video.fps,
        "channels": video.channels,
        "beam": config.beam,
    }
