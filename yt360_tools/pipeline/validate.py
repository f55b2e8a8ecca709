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
from yt360_tools.records import Outcome, SourceLayout, VideoRecord

if TYPE_CHECKING:
    from yt360_tools.media.probe import SoundProbe

STAGE = "validate"


@dataclass(frozen=True)
class ValidateTask:
    """Probe and check one video; `declared` is its projection and stereo layout, where somebody says so."""

    video_id: str
    workspace: Workspace
    config: ValidateConfig
    declared: tuple[str | None, str | None]

    @property
    def size(self) -> int:
        return 1

    def run(self) -> list[Outcome]:
        try:
            record = examine(self.video_id, self.workspace, self.config, self.declared)
        except MediaError as error:
            return [Outcome(self.video_id, STAGE, "rejected", error.reason, str(error))]
        except TransientError as error:
            return self.failed(error.reason, str(error))
        return [Outcome(self.video_id, STAGE, "done", data=dataclasses.asdict(record))]

    def progress(self) -> int:
        return 0

    def failed(self, reason: str, detail: str) -> list[Outcome]:
        return [Outcome(self.video_id, STAGE, "failed", reason, detail)]

    def after_death(self) -> tuple[list[Outcome], None]:
        return self.failed("worker_died", f"{self.video_id}: the worker died while examining it"), None


def plan_validation(
    manifest: Manifest, ledger: Ledger, workspace: Workspace, config: ValidateConfig
) -> list[ValidateTask]:
    """The videos that are fetched and not examined yet.

    Raises:
        UsageError: the configuration's channel map is none.
    """
    parse_channel_map(config.channel_map)
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
        if entry.reason == "unsupported_projection" and any(declared.get(video_id, ())):
            ledger.forget(STAGE, [video_id])
    for video_id, record in validated_videos(ledger).items():
        projection, stereo = declared.get(video_id, (None, None))
        layout = record.layout
        if (projection or layout.projection, stereo or layout.stereo) == (layout.projection, layout.stereo):
            continue
        if video_id in built:
            raise UsageError(
                f"video {video_id!r} stands in the shards of {root} as {layout.projection} {layout.stereo} "
                f"(by {layout.decided_by}), and is declared {projection or ''} {stereo or ''} now: use a new workspace"
            )
        ledger.forget(STAGE, [video_id])


def _declared(manifest: Manifest, config: ValidateConfig) -> dict[str, tuple[str | None, str | None]]:
    """Each video's projection and stereo layout as its rows declare them, or the configuration for all."""
    declared: dict[str, tuple[str | None, str | None]] = {}
    for row in manifest.rows:
        before = declared.get(row.video_id, (None, None))
        said = (row.extra.get("projection") or before[0], row.extra.get("stereo") or before[1])
        for_all = (config.projection, config.stereo)
        declared[row.video_id] = (
            said[0] if for_all[0] == "auto" else for_all[0],
            said[1] if for_all[1] == "auto" else for_all[1],
        )
    return declared


def examine(
    video_id: str,
    workspace: Workspace,
    config: ValidateConfig,
    declared: tuple[str | None, str | None] = (None, None),
) -> VideoRecord:
    """What a fetched video is.

    Raises:
        MediaError: it cannot serve; the reason says why.
        TransientError: its media are gone.
    """
    from yt360_tools.media.layout import decide_layout
    from yt360_tools.media.probe import check_decodes, find_tracks, probe_sound, probe_video

    folder = workspace.raw_folder(video_id)
    if not folder.is_dir():
        raise TransientError("missing_media", f"{folder} is gone; 'yt360 download' fetches it again")
    picture_path, sound_path = find_tracks(folder, video_id)
    picture, sound = probe_video(picture_path), probe_sound(sound_path)
    channel_map = _channel_map(sound, sound_path, parse_channel_map(config.channel_map))
    for path, kind, track in ((picture_path, "v", picture), (sound_path, "a", sound)):
        check_decodes(path, kind, track.end_s - track.start_s, timeout_s=config.decode_timeout_s)
    return VideoRecord(
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
        layout=decide_layout(picture_path, declared=declared),
        video_codec=picture.codec,
        audio_codec=sound.codec,
    )


def parse_channel_map(text: str) -> tuple[int, ...] | None:
    """The places of W, Y, Z, X among the decoded channels; None for ``auto``.

    Raises:
        UsageError: it is not four different whole numbers.
    """
    if text == "auto":
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(set(parts)) != 4 or len(parts) != 4 or not all(part.isdecimal() for part in parts):
        raise UsageError(f"validate.channel_map is 'auto' or the places of W, Y, Z, X, such as '2,1,4,0'; got {text!r}")
    return tuple(int(part) for part in parts)


def _channel_map(sound: "SoundProbe", path: Path, declared: tuple[int, ...] | None) -> tuple[int, ...]:
    from yt360_tools.media.sound import channel_map_for

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
    """The record that `ValidateTask` laid down as plain values."""
    layout = SourceLayout(**data["layout"])
    return VideoRecord(**{**data, "layout": layout, "channel_map": tuple(data["channel_map"])})


def validated_videos(ledger: Ledger) -> dict[str, VideoRecord]:
    """The records of all videos that serve, by id."""
    return {
        video_id: video_record(entry.data) for video_id, entry in ledger.entries(STAGE).items() if entry.state == "done"
    }
