"""The second stage: what each video's picture and sound really are, and whether they serve."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yt360_tools.config import ValidateConfig
from yt360_tools.errors import MediaError, TransientError, UsageError
from yt360_tools.manifest import Manifest
from yt360_tools.pipeline import download
from yt360_tools.pipeline.ledger import Ledger
from yt360_tools.pipeline.workspace import Workspace
from yt360_tools.projection import check_er_shape, parse_faces
from yt360_tools.records import Outcome, SourceLayout, VideoRecord

if TYPE_CHECKING:
    from yt360_tools.media.probe import SoundProbe
    from yt360_tools.media.spherical_fields import SphericalMetadata

STAGE = "validate"

_HEADER_POSE = "header_pose_deg"
"""Beside a record in the ledger: the pose that its file states, whatever was made of it."""

_CURED_BY_DECLARING = ("unsupported_projection", "unknown_faces", "not_equirectangular")


@dataclass(frozen=True)
class Declared:
    """How a video's sphere lies, where somebody says so; None where nobody does."""

    projection: str | None = None
    stereo: str | None = None
    faces: str | None = None


@dataclass(frozen=True)
class ValidateTask:
    """Probe and check one video."""

    video_id: str
    workspace: Workspace
    config: ValidateConfig
    declared: Declared

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        try:
            record, header = examine(self.video_id, self.workspace, self.config, self.declared)
        except MediaError as error:
            return [Outcome(self.video_id, STAGE, "rejected", error.reason, str(error))]
        except TransientError as error:
            return self.failed(error.reason, str(error))
        data = dataclasses.asdict(record)
        if header is not None:
            data[_HEADER_POSE] = header.pose_deg
        return [Outcome(self.video_id, STAGE, "done", detail=_doubts(record, header), data=data)]

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.video_id, STAGE, "failed", reason, detail)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video_id}: the worker died while examining it"), None


def check_validate_options(config: ValidateConfig) -> None:
    """Refuse what is no channel map and no arrangement of faces.

    Raises:
        UsageError: it is none.
    """
    _declared_channels(config)
    if config.faces != "auto":
        parse_faces(config.faces)


def plan_validation(
    manifest: Manifest, ledger: Ledger, workspace: Workspace, config: ValidateConfig
) -> list[ValidateTask]:
    """The videos that are fetched and not examined yet.

    Raises:
        UsageError: the configuration's channel map or faces are none.
    """
    check_validate_options(config)
    known, fetched = ledger.entries(STAGE), ledger.entries(download.STAGE)
    declared = _declared(manifest, config)
    return [
        ValidateTask(video_id, workspace, config, declared[video_id])
        for video_id in manifest.video_ids
        if (entry := fetched.get(video_id)) is not None
        and entry.state == "done"
        and (video_id not in known or not known[video_id].is_final)
    ]


def take_up_redeclared(manifest: Manifest, ledger: Ledger, config: ValidateConfig, built: set[str], root: Path) -> None:
    """Examine again the videos whose projection or stereo layout is declared otherwise than it was decided.

    Args:
        built: the videos that stand in shards.

    Raises:
        UsageError: one of them stands in a shard already.
    """
    declared = _declared(manifest, config)
    for video_id, entry in ledger.entries(STAGE).items():
        if entry.reason in _CURED_BY_DECLARING and declared.get(video_id, Declared()) != Declared():
            ledger.forget(STAGE, [video_id])
        if entry.state != "done":
            continue
        decided = video_record(entry.data).layout
        wanted = _redecided(decided, declared.get(video_id, Declared()), entry.data.get(_HEADER_POSE), config)
        if wanted == decided:
            continue
        if video_id in built:
            raise UsageError(
                f"video {video_id!r} stands in the shards of {root} as {_words(decided)} "
                f"(by {decided.decided_by}), and is declared {_words(wanted)} now: use a new workspace"
            )
        ledger.forget(STAGE, [video_id])


def _redecided(
    decided: SourceLayout, declared: Declared, header_pose_deg: list[float] | None, config: ValidateConfig
) -> SourceLayout:
    """A layout with what is declared now put over it; the pose of an old ledger, which does not tell, stays."""
    from yt360_tools.media.layout import turned_pose

    faces = declared.faces if (declared.projection or decided.projection) == "cubemap" else None
    pose_deg = decided.pose_deg
    if header_pose_deg is not None:
        yaw, pitch, roll = header_pose_deg
        pose_deg = turned_pose((yaw, pitch, roll), config.pose, config.pose_signs)
    return dataclasses.replace(
        decided,
        projection=declared.projection or decided.projection,
        stereo=declared.stereo or decided.stereo,
        faces=faces or decided.faces,
        pose_deg=pose_deg,
    )


def _words(layout: SourceLayout) -> str:
    pose = "posed at {:g}, {:g}, {:g} degrees".format(*layout.pose_deg) if any(layout.pose_deg) else ""
    return " ".join(word for word in (layout.projection, layout.stereo, layout.faces, pose) if word)


def _declared(manifest: Manifest, config: ValidateConfig) -> dict[str, Declared]:
    """How each video lies as its rows declare it, or the configuration for all."""
    for_all = {name: getattr(config, name) for name in ("projection", "stereo", "faces")}
    declared: dict[str, Declared] = {}
    for row in manifest.rows:
        before = declared.get(row.video_id, Declared())
        said = {name: row.extra.get(name) or getattr(before, name) for name in for_all}
        declared[row.video_id] = Declared(
            **{name: said[name] if word == "auto" else word for name, word in for_all.items()}
        )
    return declared


def examine(
    video_id: str,
    workspace: Workspace,
    config: ValidateConfig,
    declared: Declared,
) -> "tuple[VideoRecord, SphericalMetadata | None]":
    """What a fetched video is, and what its picture's header says of the sphere.

    Raises:
        MediaError: it cannot serve; the reason says why.
        TransientError: its media are gone.
    """
    from yt360_tools.media.layout import decide_layout
    from yt360_tools.media.probe import check_decodes, find_tracks, probe_sound, probe_video
    from yt360_tools.media.spherical import read_spherical

    folder = workspace.raw_folder(video_id)
    if not folder.is_dir():
        raise TransientError("missing_media", f"{folder} is gone; 'yt360 download' fetches it again")
    picture_path, sound_path = find_tracks(folder, video_id)
    picture, sound = probe_video(picture_path), probe_sound(sound_path)
    channel_map = _channel_map(sound, sound_path, _declared_channels(config))
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
        video_path=str(picture_path.relative_to(workspace.root)),
        audio_path=str(sound_path.relative_to(workspace.root)),
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


def _declared_channels(config: ValidateConfig) -> tuple[int, ...] | None:
    """The places of W, Y, Z, X among the decoded channels, where the configuration says them."""
    from yt360_tools.media.ambisonic_channels import parse_channel_map

    return parse_channel_map(config.channel_map, "validate.channel_map", channels=4)


def _channel_map(sound: "SoundProbe", path: Path, declared: tuple[int, ...] | None) -> tuple[int, ...]:
    from yt360_tools.media.ambisonic_channels import channel_map_for

    if declared is not None:
        if max(declared) >= sound.channels:
            raise MediaError(
                "too_few_channels",
                f"{path.name}: the sound has {sound.channels} channels; channel_map {declared} asks for more",
            )
        return declared
    try:
        return channel_map_for(sound.channels, sound.layout_name)
    except MediaError as error:
        raise MediaError(error.reason, f"{path.name}: {error}") from error


def video_record(data: dict[str, Any]) -> VideoRecord:
    """The record that `ValidateTask` laid down as plain values; JSON has made lists of its tuples."""
    layout: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data["layout"].items()
    }
    plain = {key: value for key, value in data.items() if key != _HEADER_POSE}
    return VideoRecord(**{**plain, "layout": SourceLayout(**layout), "channel_map": tuple(data["channel_map"])})


def _doubts(record: VideoRecord, header: "SphericalMetadata | None") -> str:
    """What makes it doubtful that a picture lies as it was decided; empty where nothing does."""
    doubts = []
    if header is not None and header.doubts:
        doubts.append(f"its header says {' and '.join(header.doubts)}; taken as absent")
    if _is_a_guess_of_an_odd_shape(record):
        doubts.append(
            f"its picture of {record.width} x {record.height} is taken as equirectangular by its look alone, and is "
            "not twice as wide as high: a smooth flat film looks the same. Leave such a film out; if it is a sphere, "
            "declare how it lies: --projection, or the manifest's column projection"
        )
    return f"{record.video_path}: {'; '.join(doubts)}" if doubts else ""


def _is_a_guess_of_an_odd_shape(record: VideoRecord) -> bool:
    """Whether the look alone made a picture ER that has not the shape of a whole one."""
    layout = record.layout
    if (layout.projection, layout.stereo, layout.decided_by) != ("er", "mono", "content"):
        return False
    try:
        check_er_shape(record.width, record.height)
    except UsageError:
        return True
    return False


def layout_doubts(ledger: Ledger) -> list[str]:
    """Why it is doubtful how the spheres of videos that serve lie: a sentence or two a video."""
    return [entry.detail for entry in ledger.entries(STAGE).values() if entry.state == "done" and entry.detail]


def validated_videos(ledger: Ledger) -> dict[str, VideoRecord]:
    """The records of all videos that serve, by id."""
    return {
        video_id: video_record(entry.data) for video_id, entry in ledger.entries(STAGE).items() if entry.state == "done"
    }
